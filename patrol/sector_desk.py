"""SectorDesk: how a user draws, changes and retires sectors, and what is wrong with a drawing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec
import shapely

from gis.drawing import Drawing
from gis.drawing_rings import Fault
from gis.errors import GisError
from patrol.along import Along
from patrol.book import Book
from patrol.errors import Conflict, PatrolError
from patrol.ground import Deep, Ground
from patrol.overlaps import Overlap, kept_out, overlaps
from patrol.paper_desk import PaperDesk
from patrol.papers import kind_of, new_id, revised
from patrol.patrols import Patrol
from patrol.sectors import KEPT_OUT_OF, Rings, Sector, SectorUse
from patrol.store import journal, papers
from radio_gateway.decoders import json_decoder

MOST_POSITIONS: Final = 1000
"""Of a drawing; more is not judged."""

LEAST_WIDTH_M: Final = 30.0
MOST_WIDTH_M: Final = 50_000.0
MOST_VERSIONS: Final = 1000
"""Of one sector, whose reasons are looked up."""

_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)

DECIMALS: Final = 7
"""Of a degree in what we suggest and outline: a centimetre."""


class RiverStretch(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a river.

    Attributes:
        river: The river's name.
        km_from: One end, kilometres from its mouth.
        km_to: The other end.
        width_m: Width in all, half of it on either side of the centreline, metres.
    """

    river: str
    km_from: float
    km_to: float
    width_m: float


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a sector lies, as people say it: one of the two.

    Attributes:
        polygon: A GeoJSON Polygon.
        stretch: A stretch of a river.
    """

    polygon: dict[str, Any] | None = None
    stretch: RiverStretch | None = None


class Judged(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found of a shape.

    Attributes:
        faults: What is wrong with it, warnings too.
        usable: Whether it can be a sector as it is.
        suggestion: It mended; absent where nothing needs it, or where that would be a guess. A
            polygon may have become a MultiPolygon, of which a person takes one.
    """

    faults: tuple[Fault, ...]
    usable: bool
    suggestion: Shape | None = None


class BadShape(PatrolError):
    """A shape that cannot be a sector.

    Args:
        judged: What is wrong with it, and how it could be mended.
    """

    def __init__(self, judged: Judged) -> None:
        self.judged = judged
        wrong = [fault.message for fault in judged.faults if not fault.only_warns]
        super().__init__("; ".join(wrong) or "is no area")


class Lie(msgspec.Struct, frozen=True, kw_only=True):
    """How a sector lies on the ground.

    Attributes:
        outline: Its area as GeoJSON, the corridor of a river stretch too; None where this site
            cannot tell.
        area_km2: How large it is.
        countries: Countries that it surely reaches into, and where it does so deepest.
        along: Which kilometres of which rivers lie in it.
    """

    outline: dict[str, Any] | None
    area_km2: float | None
    countries: dict[str, Deep]
    along: tuple[Along, ...] = ()


class Checked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found of a shape that somebody is drawing.

    Attributes:
        faults: What is wrong with it, warnings too.
        usable: Whether it can be a sector as it is.
        suggestion: It mended, as in `Judged`.
        outline: Its area as GeoJSON, the corridor of a river stretch too; absent while it is not
            usable, or where this site cannot tell.
        area_km2: How large it is.
        along: Which kilometres of which rivers lie in it.
        countries: Countries that it surely reaches into, and where it does so deepest.
        overlaps: No-go and restricted sectors in its way, as far as the user may see them: nobody
            patrols there, but it can be kept.
    """

    faults: tuple[Fault, ...]
    usable: bool
    suggestion: Shape | None = None
    outline: dict[str, Any] | None = None
    area_km2: float | None = None
    along: tuple[Along, ...] = ()
    countries: dict[str, Deep] = {}
    overlaps: tuple[Overlap, ...] = ()


class PastVersion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a sector, and why it was made.

    Attributes:
        sector: As it was.
        reason: What was said when it was made; absent where nothing was.
        outline: Its area as GeoJSON; absent where this site cannot tell.
        area_km2: How large it was.
    """

    sector: Sector
    reason: str = ""
    outline: dict[str, Any] | None = None
    area_km2: float | None = None


class SectorDesk(PaperDesk):
    """What one user may do with sectors."""

    def all(self, *, use: SectorUse | None = None) -> list[Sector]:
        """Return the sectors in use that the user may see, by name.

        Args:
            use: Only those for this.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see sectors")
        found = [each for each in self._open(Sector) if use is None or each.use == use]
        return sorted(found, key=lambda each: (each.name.casefold(), each.id))

    async def one(self, id: str) -> Sector:
        """Return one sector, in use or not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._may("see sectors")
        return await self._kept(Sector, id)

    async def versions(self, id: str) -> list[Sector]:
        """Return every version of a sector of the user's agency, oldest first; of another's, the
        newest alone.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        newest = await self.one(id)
        if newest.agency != self._user.agency:
            return [newest]
        return cast(
            list[Sector], await self._watch.store.read(papers.versions, kind_of(Sector), id)
        )

    async def check(
        self, shape: Shape, *, use: SectorUse = "patrol", id: str | None = None
    ) -> Checked:
        """Return what is wrong with a shape that somebody draws, and how it would lie.

        Args:
            shape: What is drawn.
            use: What it is for; what is to be kept out of is in no other's way.
            id: The sector that is drawn anew, which is not in its own way; None for a new one.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("draw sectors")
        found = kept_out(
            () if use in KEPT_OUT_OF else self._watch.clerk.book.all(Sector),
            shows=lambda sector: self._policy.paper(sector) is not None,
            but=id,
        )
        return await asyncio.to_thread(check, shape, self._ground, no_goes=tuple(found))

    async def history(self, id: str) -> list[PastVersion]:
        """Return the versions that `versions` returns, each with how it lay and why it was made.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        kept = await self.versions(id)
        reasons = await self._reasons(id)

        def told(sector: Sector) -> PastVersion:
            lie = self.lie(sector)
            return PastVersion(
                sector=sector,
                reason=reasons.get(sector.version, ""),
                outline=lie.outline,
                area_km2=lie.area_km2,
            )

        return await asyncio.to_thread(lambda: [told(each) for each in kept])

    def lie(self, sector: Sector) -> Lie:
        """Return how a sector that the user was given lies on the ground."""
        try:
            area = self._ground.area(sector)
            countries = dict(self._ground.countries(sector))
            along = self._ground.along(sector)
        except GisError:
            return Lie(outline=sector.geometry, area_km2=None, countries={})
        outline = sector.geometry or _geojson(area.geometry)
        return Lie(
            outline=outline,
            area_km2=round(area.shape.area / 1e6, 4),
            countries=countries,
            along=along,
        )

    async def draw(
        self, *, name: str, shape: Shape, use: SectorUse = "patrol", note: str = ""
    ) -> Sector:
        """Draw a sector of the user's agency.

        Raises:
            Forbidden: If the role may not.
            BadShape: If it cannot be one; says why, and how it could be mended.
            Conflict: If a sector in use of the agency has that name.
        """
        self._may("draw sectors")
        placed = await self._placed(shape)
        agency, id = self._user.agency, new_id()

        def decide(book: Book, now: datetime) -> tuple[Sector, ...]:
            _check_name(book, agency, name)
            drawn = Sector(
                id=id,
                agency=agency,
                at=now,
                origin=self._watch.node,
                by=self._user.name,
                name=name,
                use=use,
                note=note,
                **placed,
            )
            return (drawn,)

        await self._file("draw sector", decide)
        return self._seen(Sector, id)

    async def change(
        self,
        id: str,
        *,
        version: int | None = None,
        shape: Shape | None = None,
        reason: str = "",
        **changes: Any,
    ) -> Sector:
        """Change a sector of the user's agency; its earlier versions are kept.

        Args:
            id: The sector's id.
            version: That the user looked at; None: whichever is there.
            shape: Where it lies from now on; None: where it did.
            reason: Why, for the journal.
            **changes: New values of `name`, `use`, `note`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that agency in use.
            BadShape: If the new shape cannot be one.
            Conflict: If another version is there, or a sector has that name.
        """
        self._may("draw sectors")
        assert changes.keys() <= {"name", "use", "note"}
        values = changes | ({} if shape is None else await self._placed(shape))

        def decide(book: Book, now: datetime) -> tuple[Sector, ...]:
            sector = self._own(book, Sector, id)
            _check_version(sector, version)
            if values.get("name", sector.name) != sector.name:
                _check_name(book, sector.agency, values["name"])
            if all(getattr(sector, name) == value for name, value in values.items()):
                return ()
            return (revised(sector, at=now, by=self._user.name, **values),)

        await self._file("change sector", decide, reason=reason)
        return self._seen(Sector, id)

    async def retire(self, id: str, *, version: int | None = None, reason: str = "") -> Sector:
        """Take a sector of the user's agency out of use for good; it stays readable.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that agency in use.
            Conflict: If another version is there, or a patrol that is not over covers it.
        """
        self._may("draw sectors")

        def decide(book: Book, now: datetime) -> tuple[Sector, ...]:
            sector = self._own(book, Sector, id)
            _check_version(sector, version)
            for patrol in book.all(Patrol):
                # Of another's plans nothing is told, not even that there is one.
                if id in patrol.all_sectors and self._user.agency in patrol.parties:
                    raise Conflict(
                        f"sector {sector.name} is covered by patrol {patrol.name}",
                        code="sector_covered",
                        name=sector.name,
                        patrol=patrol.name,
                    )
            return (revised(sector, at=now, by=self._user.name, retired_at=now),)

        await self._file("retire sector", decide, reason=reason)
        return await self.one(id)

    # -- inside

    @property
    def _ground(self) -> Ground:
        return self._watch.ground or _NO_GROUND

    async def _reasons(self, id: str) -> dict[int, str]:
        """Return why each version was made, from the lines of the user's own agency."""
        lines = await self._watch.store.read(
            journal.of_agency,
            self._user.agency,
            subject=f"{kind_of(Sector)}:{id}",
            limit=MOST_VERSIONS,
        )
        found: dict[int, str] = {}
        for line in lines:
            try:
                why = json_decoder(_Why).decode(line.detail)
            except msgspec.MsgspecError:  # somebody altered it; `audit verify` names it
                continue
            found[why.version] = why.reason
        return found

    async def _placed(self, shape: Shape) -> dict[str, Any]:
        # A wild drawing may take seconds, which nobody else should wait for.
        judged, placed = await asyncio.to_thread(judge, shape, self._ground)
        if not judged.usable or placed is None:
            raise BadShape(judged)
        return placed


_NO_GROUND: Final = Ground()


class _Why(msgspec.Struct, frozen=True):
    version: int = 0
    reason: str = ""


def check(shape: Shape, ground: Ground, *, no_goes: Iterable[Sector] = ()) -> Checked:
    """Return what is wrong with a shape, and how it would lie if it can be a sector.

    Args:
        shape: What is drawn.
        ground: Where it lies.
        no_goes: Sectors that it had better not overlap.
    """
    judged, placed = judge(shape, ground)
    told = Checked(faults=judged.faults, usable=judged.usable, suggestion=judged.suggestion)
    if placed is None:
        return told
    sector = Sector(id="draft", agency="", at=_NO_TIME, name="draft", **placed)
    try:
        area, countries, along = ground.drafted(sector)
    except GisError:
        return told
    return msgspec.structs.replace(
        told,
        outline=sector.geometry or _geojson(area.geometry),
        area_km2=round(area.shape.area / 1e6, 4),
        along=along,
        countries=countries,
        overlaps=tuple(overlaps(area, no_goes, ground)),
    )


def judge(shape: Shape, ground: Ground) -> tuple[Judged, dict[str, Any] | None]:
    """Return what is wrong with a shape, and the fields of a sector that lies there; None if none
    can.
    """
    if (shape.polygon is None) == (shape.stretch is None):
        return _refused("empty", "give a polygon or a stretch of a river, one of them"), None
    if shape.stretch is not None:
        return _judge_stretch(shape.stretch, ground)
    assert shape.polygon is not None
    return _judge_polygon(shape.polygon, ground)


def _judge_polygon(
    geometry: Mapping[str, Any], ground: Ground
) -> tuple[Judged, dict[str, Any] | None]:
    if _size(geometry.get("coordinates")) > MOST_POSITIONS:
        return _refused("too_many_vertices", f"more than {MOST_POSITIONS} positions"), None
    if not isinstance(geometry.get("type"), str) or len(geometry["type"]) > 30:
        return _refused("not_a_polygon", "the drawing has no type of GeoJSON"), None
    if geometry["type"] == "MultiPolygon":
        return _refused("several_parts", "draw one polygon a sector, not several"), None
    drawing: Drawing = ground.judge(geometry)
    mended = drawing.suggestion
    judged = Judged(
        faults=drawing.faults,
        usable=drawing.usable,
        suggestion=None if mended is None else Shape(polygon=_geojson(mended)),
    )
    if not judged.usable:
        return judged, None
    rings = tuple(
        tuple((float(point[0]), float(point[1])) for point in ring)
        for ring in geometry["coordinates"]
    )
    return judged, _fields(polygon=rings)


def _judge_stretch(stretch: RiverStretch, ground: Ground) -> tuple[Judged, dict[str, Any] | None]:
    try:
        low, high = ground.river(stretch.river).km_range
    except GisError as fault:
        return _refused("unknown_river", str(fault)), None
    faults: list[Fault] = []
    start, end = sorted((stretch.km_from, stretch.km_to))
    for km in (start, end):
        if not low <= km <= high:
            text = f"km {km:g} is not on the {stretch.river} (km {low:.1f} to {high:.1f})"
            faults.append(Fault(code="off_river", message=text))
    if not end - start >= LEAST_WIDTH_M / 1000.0:
        text = f"a stretch is at least {LEAST_WIDTH_M:g} m long"
        faults.append(Fault(code="too_small", message=text))
    if not LEAST_WIDTH_M <= stretch.width_m <= MOST_WIDTH_M:
        text = f"a stretch is {LEAST_WIDTH_M:g} to {MOST_WIDTH_M:g} m wide"
        faults.append(Fault(code="sliver", message=text))
    if not faults:
        placed = _fields(river=stretch.river, km_from=start, km_to=end, width_m=stretch.width_m)
        return Judged(faults=(), usable=True), placed
    near = RiverStretch(
        river=stretch.river,
        km_from=max(start, low),
        km_to=min(end, high),
        width_m=min(max(stretch.width_m, LEAST_WIDTH_M), MOST_WIDTH_M),
    )
    good = near.km_to - near.km_from >= LEAST_WIDTH_M / 1000.0
    suggestion = Shape(stretch=near) if good else None
    return Judged(faults=tuple(faults), usable=False, suggestion=suggestion), None


def _fields(
    *,
    polygon: Rings | None = None,
    river: str | None = None,
    km_from: float | None = None,
    km_to: float | None = None,
    width_m: float | None = None,
) -> dict[str, Any]:
    return {
        "polygon": polygon,
        "river": river,
        "km_from": km_from,
        "km_to": km_to,
        "width_m": width_m,
    }


def _refused(code: str, message: str) -> Judged:
    return Judged(faults=(Fault(code=code, message=message),), usable=False)


def _size(raw: Any) -> int:
    """Return how many numbers a nested list holds at most, by its leaves; bounded in depth."""
    waiting, count = [(raw, 0)], 0
    while waiting and count <= 4 * MOST_POSITIONS:
        value, depth = waiting.pop()
        if isinstance(value, list | tuple) and depth < 6:
            if depth >= 2:
                count += 1
            waiting += [(each, depth + 1) for each in value]
    return count


def _geojson(shape: shapely.Geometry) -> dict[str, Any]:
    rounded = shapely.transform(
        shapely.orient_polygons(shape), lambda points: points.round(DECIMALS)
    )
    return cast(dict[str, Any], msgspec.json.decode(shapely.to_geojson(rounded)))


def _check_name(book: Book, agency: str, name: str) -> None:
    for sector in book.all(Sector):
        if sector.agency == agency and sector.name.casefold() == name.casefold():
            raise Conflict(
                f"there is a sector {sector.name} already", code="sector_taken", name=sector.name
            )


def _check_version(sector: Sector, version: int | None) -> None:
    if version is not None and version != sector.version:
        raise Conflict(
            f"sector {sector.name} is at version {sector.version}: look at it again",
            code="changed_meanwhile",
        )
