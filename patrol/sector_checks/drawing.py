"""Drawing check: a drawn sector, as a polygon or part of a river, and its faults.

Pure: `judge` tells whether a shape can be a sector and what would mend it, `check` also how it
would lie. Who may draw, and what is kept of it: sector_desk.py. The geometry of a polygon's faults:
gis/drawing/drawing.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

import msgspec
import shapely

from gis.drawing.drawing import Drawing
from gis.drawing.drawing_rings import DrawingFault
from gis.errors.errors import GisError
from gis.fences.area import Area
from patrol.errors.errors import PatrolError
from patrol.sector_checks.detection import Reporter, Transit, transit
from patrol.sectors.overlaps import Overlap, overlaps
from patrol.sectors.river_extent import RiverExtent
from patrol.sectors.sector import KEPT_OUT_OF, Rings, Sector, SectorLimits, SectorUse
from patrol.sectors.site_geography import DeepestPoint, Ground

MOST_POSITIONS: Final = 1000
"""Of a drawing; more is not judged."""

LEAST_WIDTH_M: Final = 30.0
MOST_WIDTH_M: Final = 50_000.0
DECIMALS: Final = 7
"""Of a degree in what we suggest and outline: a centimetre."""

_NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


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


class SectorShape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a sector lies, as people say it: one of the two.

    Attributes:
        polygon: A GeoJSON Polygon.
        stretch: A stretch of a river.
    """

    polygon: dict[str, Any] | None = None
    stretch: RiverStretch | None = None


class ShapeVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was found of a shape.

    Attributes:
        faults: What is wrong with it, warnings too.
        usable: Whether it can be a sector as it is.
        suggestion: It mended; absent where nothing needs it, or where that would be a guess. A
            polygon may have become a MultiPolygon, of which a person takes one.
    """

    faults: tuple[DrawingFault, ...]
    usable: bool
    suggestion: SectorShape | None = None


class BadShape(PatrolError):
    """A shape that cannot be a sector.

    Args:
        judged: What is wrong with it, and how it could be mended.
    """

    def __init__(self, judged: ShapeVerdict) -> None:
        self.judged = judged
        wrong = [fault.message for fault in judged.faults if not fault.only_warns]
        super().__init__("; ".join(wrong) or "is no area")


class DrawingCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Result of the check of a drawn shape.

    Attributes:
        faults: What is wrong with it, warnings too.
        usable: Whether it can be a sector as it is.
        suggestion: It mended, as in `ShapeVerdict`.
        outline: Its area as GeoJSON, the corridor of a river stretch too; absent while it is not
            usable, or where this site cannot tell.
        area_km2: How large it is.
        along: Which kilometres of which rivers lie in it.
        countries: Countries that it surely reaches into, and where it does so deepest.
        overlaps: No-go and restricted sectors in its way, as far as the user may see them: nobody
            patrols there, but it can be kept.
        transit: How boats pass through it and what is told of that, by how they report; absent
            where nobody is told of anything in it.
    """

    faults: tuple[DrawingFault, ...]
    usable: bool
    suggestion: SectorShape | None = None
    outline: dict[str, Any] | None = None
    area_km2: float | None = None
    along: tuple[RiverExtent, ...] = ()
    countries: dict[str, DeepestPoint] = {}
    overlaps: tuple[Overlap, ...] = ()
    transit: Transit | None = None


def check(
    shape: SectorShape,
    ground: Ground,
    *,
    no_goes: Iterable[Sector] = (),
    use: SectorUse = "patrol",
    limits: SectorLimits | None = None,
    boats: Sequence[Reporter] = (),
) -> DrawingCheck:
    """Return the faults of a shape, and how it would lie if it can be a sector.

    Args:
        shape: What is drawn.
        ground: Where it lies.
        no_goes: Sectors that it had better not overlap.
        use: What it is to be for.
        limits: What boats may do in it before somebody is told.
        boats: How those report that somebody may be told of.
    """
    judged, placed = judge(shape, ground)
    result = DrawingCheck(faults=judged.faults, usable=judged.usable, suggestion=judged.suggestion)
    if placed is None:
        return result
    sector = Sector(id="draft", agency="", at=_NO_TIME, name="draft", **placed)
    try:
        area, countries, along = ground.drafted(sector)
    except GisError:
        return result
    return msgspec.structs.replace(
        result,
        outline=sector.geometry or geojson(area.geometry),
        area_km2=round(area.shape.area / 1e6, 4),
        along=along,
        countries=countries,
        overlaps=tuple(overlaps(area, no_goes, ground)),
        transit=_transit(area, along, ground, use=use, limits=limits, boats=boats),
    )


def _transit(
    area: Area,
    along: Iterable[RiverExtent],
    ground: Ground,
    *,
    use: SectorUse,
    limits: SectorLimits | None,
    boats: Sequence[Reporter],
) -> Transit | None:
    is_kept_out = use in KEPT_OUT_OF
    if not is_kept_out and not limits:
        return None
    rivers = [ground.river(each.river) for each in along]
    lon, lat = (float(each) for each in area.geometry.representative_point().coords[0])
    on_river = bool(rivers) or ground.chainage(lon=lon, lat=lat) is not None
    return transit(area, rivers, boats, on_river=on_river, is_kept_out=is_kept_out, limits=limits)


def judge(shape: SectorShape, ground: Ground) -> tuple[ShapeVerdict, dict[str, Any] | None]:
    """Return the faults of a shape, and the fields of a sector with it; None if it can be none."""
    if (shape.polygon is None) == (shape.stretch is None):
        return _refused("empty", "give a polygon or a stretch of a river, one of them"), None
    if shape.stretch is not None:
        return _judge_stretch(shape.stretch, ground)
    assert shape.polygon is not None
    return _judge_polygon(shape.polygon, ground)


def _judge_polygon(
    geometry: Mapping[str, Any], ground: Ground
) -> tuple[ShapeVerdict, dict[str, Any] | None]:
    if _size(geometry.get("coordinates")) > MOST_POSITIONS:
        return _refused("too_many_vertices", f"more than {MOST_POSITIONS} positions"), None
    if not isinstance(geometry.get("type"), str) or len(geometry["type"]) > 30:
        return _refused("not_a_polygon", "the drawing has no type of GeoJSON"), None
    if geometry["type"] == "MultiPolygon":
        return _refused("several_parts", "draw one polygon a sector, not several"), None
    drawing: Drawing = ground.judge(geometry)
    mended = drawing.suggestion
    judged = ShapeVerdict(
        faults=drawing.faults,
        usable=drawing.usable,
        suggestion=None if mended is None else SectorShape(polygon=geojson(mended)),
    )
    if not judged.usable:
        return judged, None
    rings = tuple(
        tuple((float(point[0]), float(point[1])) for point in ring)
        for ring in geometry["coordinates"]
    )
    return judged, _fields(polygon=rings)


def _judge_stretch(
    stretch: RiverStretch, ground: Ground
) -> tuple[ShapeVerdict, dict[str, Any] | None]:
    try:
        low, high = ground.river(stretch.river).km_range
    except GisError as fault:
        return _refused("unknown_river", str(fault)), None
    faults: list[DrawingFault] = []
    start, end = sorted((stretch.km_from, stretch.km_to))
    for km in (start, end):
        if not low <= km <= high:
            text = f"km {km:g} is not on the {stretch.river} (km {low:.1f} to {high:.1f})"
            faults.append(DrawingFault(code="off_river", message=text))
    if not end - start >= LEAST_WIDTH_M / 1000.0:
        text = f"a stretch is at least {LEAST_WIDTH_M:g} m long"
        faults.append(DrawingFault(code="too_small", message=text))
    if not LEAST_WIDTH_M <= stretch.width_m <= MOST_WIDTH_M:
        text = f"a stretch is {LEAST_WIDTH_M:g} to {MOST_WIDTH_M:g} m wide"
        faults.append(DrawingFault(code="sliver", message=text))
    if not faults:
        placed = _fields(river=stretch.river, km_from=start, km_to=end, width_m=stretch.width_m)
        return ShapeVerdict(faults=(), usable=True), placed
    near = RiverStretch(
        river=stretch.river,
        km_from=max(start, low),
        km_to=min(end, high),
        width_m=min(max(stretch.width_m, LEAST_WIDTH_M), MOST_WIDTH_M),
    )
    good = near.km_to - near.km_from >= LEAST_WIDTH_M / 1000.0
    suggestion = SectorShape(stretch=near) if good else None
    return ShapeVerdict(faults=tuple(faults), usable=False, suggestion=suggestion), None


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


def _refused(code: str, message: str) -> ShapeVerdict:
    return ShapeVerdict(faults=(DrawingFault(code=code, message=message),), usable=False)


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


def geojson(shape: shapely.Geometry) -> dict[str, Any]:
    """Return an area as GeoJSON, its outer rings anticlockwise, to `DECIMALS` of a degree."""
    rounded = shapely.transform(
        shapely.orient_polygons(shape), lambda points: points.round(DECIMALS)
    )
    return cast(dict[str, Any], msgspec.json.decode(shapely.to_geojson(rounded)))
