"""Coverage blocks: what was seen, as bands along the river, as tables and as a map.

Shades are by visits, of which each report has its own steps, or by hours since the last visit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import shapely

from gis.tracks.river_bins import RiverBin
from maps.language.wording import Wording
from maps.reports.document import format as formats
from maps.reports.document.document import (
    Block,
    Cell,
    Column,
    Key,
    Place,
    Plate,
    Shape,
    Strip,
    StripCell,
    Table,
    Words,
)
from maps.reports.document.request import ReportRequest
from maps.reports.sections import areas
from maps.reports.sections import map_background as reference
from maps.reports.sections.areas import SectorOutline
from maps.surveys.heat_map import HeatReport, SectorHeat

LEVELS_H: Final = (24.0, 72.0, 168.0)
"""Hours since the last visit that divide the shades: a day, three days, a week."""


def river_blocks(request: ReportRequest, heat: HeatReport, end: datetime) -> tuple[Block, ...]:
    """Return the bands along the river: how often, and how long ago."""
    words = request.words
    marks = tuple(_office_marks(request, heat))
    most = max((each.visits for each in heat.bins), default=0)
    bounds = visit_bounds(most)
    visits = [
        StripCell(each.km_from, each.km_to, _visit_level(each.visits, bounds)) for each in heat.bins
    ]
    ages = [StripCell(each.km_from, each.km_to, _age_level(each.last, end)) for each in heat.bins]
    return (
        Strip(
            title=words.text("report.strip_visits"),
            unit=words.text("report.river_kilometre"),
            cells=tuple(visits),
            legend=_visit_legend(words, bounds),
            marks=marks,
            sheet=words.text("report.sheet.visits"),
        ),
        Strip(
            title=words.text("report.strip_age"),
            unit=words.text("report.river_kilometre"),
            cells=tuple(ages),
            legend=(
                words.text("report.never"),
                words.text("report.over_week"),
                words.text("report.within_week"),
                words.text("report.within_3_days"),
                words.text("report.within_day"),
            ),
            marks=marks,
            sheet=words.text("report.sheet.last_visits"),
        ),
    )


def sector_blocks(request: ReportRequest, heat: HeatReport, end: datetime) -> tuple[Block, ...]:
    """Return the table of sectors."""
    words = request.words
    rows: list[tuple[Cell, ...]] = [
        (
            each.name,
            formats.agency(request.site, each.agency),
            each.seen.whole,
            each.seen.share * 100.0,
            each.visits,
            each.seen.seen_hours,
            formats.moment(words, each.seen.last),
            _hours_since(each.seen.last, end),
        )
        for each in heat.sectors
    ]
    found: list[Block] = [
        Table(
            columns=(
                Column(words.text("report.sector")),
                Column(words.text("report.agency")),
                Column(words.text("report.km2"), 1),
                Column(words.text("report.seen_percent"), 0),
                Column(words.text("report.most_visits"), 0),
                Column(words.text("report.seen_hours"), 1),
                Column(words.text("report.last_seen")),
                Column(words.text("report.hours_since"), 1),
            ),
            rows=tuple(rows),
            empty=words.text("report.no_sectors"),
            sheet=words.text("report.sectors"),
        )
    ]
    if heat.unread:
        found.append(Words(text=words.text("report.sectors_unread", n=heat.unread), kind="note"))
    return tuple(found)


def km_table(request: ReportRequest, heat: HeatReport, end: datetime) -> Table:
    """Return the table of river kilometres, from the lower end up."""
    words = request.words
    return Table(
        columns=(
            Column(words.text("report.from_km"), 0),
            Column(words.text("report.to_km"), 0),
            Column(words.text("report.seen_percent"), 0),
            Column(words.text("report.visits"), 0),
            Column(words.text("report.seen_hours"), 1),
            Column(words.text("report.last_seen")),
            Column(words.text("report.hours_since"), 1),
        ),
        rows=tuple(
            (
                each.km_from,
                each.km_to,
                each.share * 100.0,
                each.visits,
                each.hours,
                formats.moment(words, each.last),
                _hours_since(each.last, end),
            )
            for each in heat.bins
        ),
        empty=words.text("report.none"),
    )


def plate_of(request: ReportRequest, heat: HeatReport, known: Sequence[SectorOutline]) -> Plate:
    """Return the map of visits."""
    words, land = request.words, request.site.land
    places: list[Place] = areas.places_of([each for each in known if not each.is_no_go])
    if not places:
        kms = [each.km_from for each in heat.bins] + [each.km_to for each in heat.bins[-1:]]
        lons, lats = land.river.at_kms(kms)
        places = [(float(lon), float(lat)) for lon, lat in zip(lons, lats, strict=True)]
    box = reference.box_round(places)
    shapes = reference.below(land, box)
    most = max((each.visits for each in heat.sectors), default=0)
    bounds = visit_bounds(most)
    for each in heat.sectors:
        shapes += cell_shapes(each, bounds)
    shapes += areas.shapes_of(known, words)
    shapes += reference.above(land, box, words)
    legend = _visit_legend(words, bounds)
    keys = [
        Key(form="area", style=f"cell_{level}", words=legend[level])
        for level in range(1, 5)
        if most and legend[level]
    ]
    return Plate(
        title=words.text("report.map_visits"),
        box=box,
        shapes=tuple(shapes),
        keys=(*keys, *areas.keys(known, words), *reference.keys(words)),
        attribution=reference.attribution(land, words),
        north=words.text("report.north"),
    )


def cell_shapes(heat: SectorHeat, bounds: tuple[int, int, int]) -> list[Shape]:
    """Return the cells of a sector, those of one shade joined."""
    by_level: dict[int, list[Any]] = {}
    for feature in (heat.cells or {}).get("features", []):
        level = _visit_level(feature["properties"]["visits"], bounds)
        if level:
            by_level.setdefault(level, []).append(bytes(feature["geometry"]).decode())
    found = []
    for level, texts in sorted(by_level.items()):
        joined = shapely.union_all(shapely.from_geojson(texts), grid_size=1e-6)
        for part in shapely.get_parts(joined).tolist():
            lines = reference.lines_of(part)
            if lines:
                found.append(Shape(form="area", style=f"cell_{level}", lines=lines))
    return found


def _office_marks(request: ReportRequest, heat: HeatReport) -> list[tuple[float, str]]:
    """Return the offices beside the river, by kilometre."""
    if not heat.bins:
        return []
    river = request.site.land.river
    lons, lats = river.at_kms([heat.bins[0].km_from, heat.bins[-1].km_to])
    west, east = min(lons) - 1.0, max(lons) + 1.0
    south, north = min(lats) - 1.0, max(lats) + 1.0
    found: dict[int, str] = {}
    for row in request.site.land.features("blos").within(west, south, east, north).rows():
        at = river.locate(lon=row["geometry"].x, lat=row["geometry"].y)
        if at is not None:
            name = reference.name_of(row, request.words.language)
            found[round(at.km)] = (
                f"{found[round(at.km)]} · {name}" if round(at.km) in found else name
            )
    return [(float(km), name) for km, name in found.items()]


def visit_bounds(most: int) -> tuple[int, int, int]:
    """Return the most visits of each of the three lighter shades.

    >>> visit_bounds(3), visit_bounds(40)
    ((1, 2, 3), (10, 20, 30))
    """
    if most <= 4:
        return 1, 2, 3
    return max(most // 4, 1), max(most // 2, 2), max(most * 3 // 4, 3)


def _visit_level(visits: int, bounds: tuple[int, int, int]) -> int:
    if visits <= 0:
        return 0
    return 1 + sum(visits > bound for bound in bounds)


def _visit_legend(words: Wording, bounds: tuple[int, int, int]) -> tuple[str, ...]:
    one, two, three = bounds

    def between(low: int, high: int) -> str:
        if low == high:
            return words.text("report.visits_n", n=low)
        return words.text("report.visits_between", low=low, high=high)

    return (
        words.text("report.never"),
        between(1, one),
        between(one + 1, two),
        between(two + 1, three),
        words.text("report.visits_more", n=three),
    )


def _age_level(last: datetime | None, end: datetime) -> int:
    hours = _hours_since(last, end)
    if hours is None:
        return 0
    return 4 - sum(hours > bound for bound in LEVELS_H)


def _hours_since(last: datetime | None, end: datetime) -> float | None:
    """Return how long before the end of the time something was last seen, hours."""
    return None if last is None else max((end - last).total_seconds(), 0.0) / 3600.0


def worst_kilometres(bins: Sequence[RiverBin], end: datetime, count: int) -> list[RiverBin]:
    """Return the kilometres that nobody visited for longest, never visited ones first."""
    return sorted(
        bins,
        key=lambda each: (
            -1e9 if each.last is None else -(_hours_since(each.last, end) or 0.0), each.km_from
        ),
    )[:count]  # fmt: skip
