"""SectorDesk: how a user draws, changes and retires sectors, and looks at their versions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

import msgspec

from gis.errors.errors import GisError
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of, new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import Conflict
from patrol.patrols.patrol import Patrol
from patrol.picture.contact import Contact
from patrol.sector_checks.detection import reporters
from patrol.sector_checks.drawing import BadShape, DrawingCheck, SectorShape, check, geojson, judge
from patrol.sectors.overlaps import no_go_areas
from patrol.sectors.river_extent import RiverExtent
from patrol.sectors.sector import KEPT_OUT_OF, Sector, SectorLimits, SectorUse
from patrol.sectors.site_geography import DeepestPoint, Ground
from patrol.store.journal import journal
from patrol.store.records import documents
from radio_gateway.parsing.msgspec_decoders import json_decoder

MOST_VERSIONS: Final = 1000
"""Of one sector, whose reasons are looked up."""


class SectorGeography(msgspec.Struct, frozen=True, kw_only=True):
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
    countries: dict[str, DeepestPoint]
    along: tuple[RiverExtent, ...] = ()


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


class SectorDesk:
    """What one user may do with sectors.

    Args:
        access: What the user may read, see and file.
        contacts: What is known of units and radios now, by id.
        ground: Rivers and borders of this site.
    """

    def __init__(
        self, access: DocumentAccess, *, contacts: Mapping[str, Contact], ground: Ground
    ) -> None:
        self._access = access
        self._contacts = contacts
        self._ground = ground

    def all(self, *, use: SectorUse | None = None) -> list[Sector]:
        """Return the sectors in use that the user may see, by name.

        Args:
            use: Only those for this.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see sectors")
        found = [each for each in self._access.open(Sector) if use is None or each.use == use]
        return sorted(found, key=lambda each: (each.name.casefold(), each.id))

    async def one(self, id: str) -> Sector:
        """Return one sector, in use or not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._access.may("see sectors")
        return await self._access.any_document(Sector, id)

    async def versions(self, id: str) -> list[Sector]:
        """Return every version of a sector of the user's agency, oldest first; of another's, the
        newest alone.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        newest = await self.one(id)
        if newest.agency != self._access.user.agency:
            return [newest]
        return cast(list[Sector], await self._access.read(documents.versions, kind_of(Sector), id))

    async def check(
        self,
        shape: SectorShape,
        *,
        use: SectorUse = "patrol",
        limits: SectorLimits | None = None,
        id: str | None = None,
    ) -> DrawingCheck:
        """Return the faults of a drawn shape, and how it would lie.

        Args:
            shape: What is drawn.
            use: What it is for; what is to be kept out of is in no other's way.
            limits: What boats may do in it before somebody is told.
            id: The sector that is drawn anew, which is not in its own way; None for a new one.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("draw sectors")
        found = no_go_areas(
            () if use in KEPT_OUT_OF else self._access.open_documents.all(Sector),
            shows=lambda sector: self._access.policy.document(sector) is not None,
            but=id,
        )
        own = [each for each in self._contacts.values() if each.agency == self._access.user.agency]
        boats = reporters(own, limits) if use in KEPT_OUT_OF or limits else ()
        return await asyncio.to_thread(
            check,
            shape,
            self._ground,
            no_goes=tuple(found),
            use=use,
            limits=limits,
            boats=boats,
        )

    async def history(self, id: str) -> list[PastVersion]:
        """Return the versions that `versions` returns, each with how it lay and why it was made.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        versions = await self.versions(id)
        reasons = await self._reasons(id)

        def past_version(sector: Sector) -> PastVersion:
            geography = self.geography_of(sector)
            return PastVersion(
                sector=sector,
                reason=reasons.get(sector.version, ""),
                outline=geography.outline,
                area_km2=geography.area_km2,
            )

        return await asyncio.to_thread(lambda: [past_version(each) for each in versions])

    def geography_of(self, sector: Sector) -> SectorGeography:
        """Return how a sector that the user was given lies on the ground."""
        try:
            area, countries, along = self._ground.lie(sector)
        except GisError:
            return SectorGeography(outline=sector.geometry, area_km2=None, countries={})
        outline = sector.geometry or geojson(area.geometry)
        return SectorGeography(
            outline=outline,
            area_km2=round(area.shape.area / 1e6, 4),
            countries=countries,
            along=along,
        )

    async def draw(
        self,
        *,
        name: str,
        shape: SectorShape,
        use: SectorUse = "patrol",
        limits: SectorLimits | None = None,
        note: str = "",
    ) -> Sector:
        """Draw a sector of the user's agency.

        Raises:
            Forbidden: If the role may not.
            BadShape: If it cannot be one; says why, and how it could be mended.
            Conflict: If a sector in use of the agency has that name.
        """
        self._access.may("draw sectors")
        placed = await self._placed(shape)
        agency, id = self._access.user.agency, new_id()

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Sector, ...]:
            _check_name(open_documents, agency, name)
            drawn = Sector(
                id=id,
                agency=agency,
                at=now,
                origin=self._access.node,
                by=self._access.user.name,
                name=name,
                use=use,
                limits=limits,
                note=note,
                **placed,
            )
            return (drawn,)

        return await self._access.file_one(Sector, "draw sector", decide)

    async def change(
        self,
        id: str,
        *,
        version: int | None = None,
        shape: SectorShape | None = None,
        reason: str = "",
        **changes: Any,
    ) -> Sector:
        """Change a sector of the user's agency; its earlier versions are kept.

        Args:
            id: The sector's id.
            version: That the user looked at; None: whichever is there.
            shape: Where it lies from now on; None: where it did.
            reason: Why, for the journal.
            **changes: New values of `name`, `use`, `limits`, `note`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that agency in use.
            BadShape: If the new shape cannot be one.
            Conflict: If another version is there, or a sector has that name.
        """
        self._access.may("draw sectors")
        assert changes.keys() <= {"name", "use", "limits", "note"}
        values = changes | ({} if shape is None else await self._placed(shape))

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Sector, ...]:
            sector = self._access.own(open_documents, Sector, id)
            _check_version(sector, version)
            if values.get("name", sector.name) != sector.name:
                _check_name(open_documents, sector.agency, values["name"], except_id=id)
            if all(getattr(sector, name) == value for name, value in values.items()):
                return ()
            return (revise(sector, at=now, by=self._access.user.name, **values),)

        await self._access.file("change sector", decide, reason=reason)
        return self._access.open_document(Sector, id)

    async def retire(self, id: str, *, version: int | None = None, reason: str = "") -> Sector:
        """Take a sector of the user's agency out of use for good; it stays readable.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that agency in use.
            Conflict: If another version is there, or a patrol that is not over covers it.
        """
        self._access.may("draw sectors")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Sector, ...]:
            sector = self._access.own(open_documents, Sector, id)
            _check_version(sector, version)
            for patrol in open_documents.all(Patrol):
                # Of another's plans nothing is told, not even that there is one.
                if id in patrol.all_sectors and self._access.user.agency in patrol.parties:
                    raise Conflict(
                        f"sector {sector.name} is covered by patrol {patrol.name}",
                        code="sector_covered",
                        name=sector.name,
                        patrol=patrol.name,
                    )
            return (revise(sector, at=now, by=self._access.user.name, retired_at=now),)

        await self._access.file("retire sector", decide, reason=reason)
        return await self.one(id)

    # -- inside

    async def _reasons(self, id: str) -> dict[int, str]:
        """Return why each version was made, from the lines of the user's own agency."""
        lines = await self._access.read(
            journal.of_agency,
            self._access.user.agency,
            subject=f"{kind_of(Sector)}:{id}",
            limit=MOST_VERSIONS,
        )
        found: dict[int, str] = {}
        for line in lines:
            try:
                why = json_decoder(_ChangeReason).decode(line.detail)
            except msgspec.MsgspecError:  # somebody altered it; `audit verify` names it
                continue
            found[why.version] = why.reason
        return found

    async def _placed(self, shape: SectorShape) -> dict[str, Any]:
        # A wild drawing may take seconds, which nobody else should wait for.
        judged, placed = await asyncio.to_thread(judge, shape, self._ground)
        if not judged.usable or placed is None:
            raise BadShape(judged)
        return placed


class _ChangeReason(msgspec.Struct, frozen=True):
    version: int = 0
    reason: str = ""


def _check_name(
    open_documents: OpenDocuments, agency: str, name: str, *, except_id: str | None = None
) -> None:
    """Refuse a name that another sector of the agency than `but` has; large and small are one."""
    for sector in open_documents.all(Sector):
        same = sector.agency == agency and sector.name.casefold() == name.casefold()
        if same and sector.id != except_id:
            raise Conflict(
                f"there is a sector {sector.name} already", code="sector_taken", name=sector.name
            )


def _check_version(sector: Sector, version: int | None) -> None:
    if version is not None and version != sector.version:
        raise Conflict(
            f"sector {sector.name} is at version {sector.version}: look at it again",
            code="changed_meanwhile",
        )
