"""Areas: the sectors of a report, as far as the reader may see them, as shapes and as rows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import shapely

from gis.errors.errors import GisError
from maps.language.wording import Wording
from maps.reports.document import format as formats
from maps.reports.document.document import Column, Key, Place, Shape, Table
from maps.reports.document.request import ReportRequest
from maps.reports.sections.map_background import lines_of
from patrol.errors.errors import Forbidden, NotFound
from patrol.sectors.sector import KEPT_OUT_OF, Sector


class SectorOutline(msgspec.Struct, frozen=True, kw_only=True):
    """A sector and where it lies.

    Attributes:
        sector: The sector.
        outline: Its polygons; None where this site cannot tell.
        area_km2: How large it is.
        km: The kilometres of the Mekong in it, lower and upper end; None for none.
    """

    sector: Sector
    outline: Any
    area_km2: float | None
    km: tuple[float, float] | None

    @property
    def is_no_go(self) -> bool:
        """Whether it is one that patrols keep out of."""
        return self.sector.use in KEPT_OUT_OF


async def areas_of(request: ReportRequest, ids: Sequence[str]) -> tuple[list[SectorOutline], int]:
    """Return sectors by their ids, and how many of them the reader may not see."""
    found: list[SectorOutline] = []
    for id in ids:
        try:
            sector = await request.desk.sectors.one(id)
        except NotFound:
            continue
        found.append(await asyncio.to_thread(_area, request, sector))
    return found, len(ids) - len(found)


async def areas_in_use(request: ReportRequest) -> list[SectorOutline]:
    """Return all sectors in use that the reader may see; none if the role sees none."""
    try:
        known = request.desk.sectors.all()
    except Forbidden:
        return []
    return await asyncio.to_thread(lambda: [_area(request, sector) for sector in known])


def shapes_of(areas: Sequence[SectorOutline], words: Wording) -> list[Shape]:
    """Return the sectors as shapes, those that are kept out of on top."""
    drawn = sorted((each for each in areas if each.outline is not None), key=lambda a: a.is_no_go)
    return [
        Shape(
            form="area",
            style="kept_out" if each.is_no_go else "sector",
            lines=lines_of(each.outline),
            label=each.sector.name,
            tooltip=f"{each.sector.name}: {words.text(f'report.use.{each.sector.use}')}",
        )
        for each in drawn
    ]


def places_of(areas: Sequence[SectorOutline]) -> list[Place]:
    """Return the corners of sectors, for the box of a map."""
    return [
        place
        for each in areas
        if each.outline is not None
        for line in lines_of(each.outline)
        for place in line
    ]


def keys(areas: Sequence[SectorOutline], words: Wording) -> list[Key]:
    """Return the legend of sectors."""
    found = []
    if any(not each.is_no_go for each in areas):
        found.append(Key(form="area", style="sector", words=words.text("report.key.sector")))
    if any(each.is_no_go for each in areas):
        found.append(Key(form="area", style="kept_out", words=words.text("report.key.kept_out")))
    return found


def table(areas: Sequence[SectorOutline], words: Wording) -> Table:
    """Return the sectors as a table."""
    columns = (
        Column(words.text("report.sector")),
        Column(words.text("report.use")),
        Column(words.text("report.river_stretch")),
        Column(words.text("report.km2"), 1),
        Column(words.text("report.note")),
    )
    rows = tuple(
        (
            each.sector.name,
            words.text(f"report.use.{each.sector.use}"),
            "" if each.km is None else formats.km_span(words, *each.km),
            each.area_km2,
            each.sector.note,
        )
        for each in areas
    )
    return Table(columns=columns, rows=rows, empty=words.text("report.no_sectors"))


def _area(request: ReportRequest, sector: Sector) -> SectorOutline:
    try:
        geography = request.desk.sectors.geography_of(sector)
    except GisError:
        return SectorOutline(sector=sector, outline=None, area_km2=None, km=None)
    outline = None if geography.outline is None else shapely.geometry.shape(geography.outline)
    main = request.site.land.river.name
    along = [each for each in geography.along if each.river == main]
    km = None
    if along:
        km = min(each.km_from for each in along), max(each.km_to for each in along)
    return SectorOutline(sector=sector, outline=outline, area_km2=geography.area_km2, km=km)
