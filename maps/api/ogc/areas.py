"""Areas that people drew as a collection: sectors in use, as far as the caller may see them."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec
import shapely

from maps.api.ogc.collection_query import Box, CollectionQuery
from maps.api.ogc.documents import Extent, extent
from maps.api.ogc.filters import Kinds
from maps.api.ogc.source import FeaturePage, paged
from maps.api.ogc.unit_collections import halves
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound
from patrol.sectors.sector import Sector

_encode: Final = msgspec.json.Encoder().encode


class Sectors:
    """Every sector in use."""

    title = "Sectors"
    description = (
        "The sectors of your agency that are in use, and those that an agreement shares with you: a"
        " polygon each, of a river stretch its corridor. `time` is when the version was made, UTC."
    )
    properties: Kinds = {
        "name": "string",
        "use": "string",
        "agency": "string",
        "version": "integer",
        "time": "date-time",
        "river": "string",
        "km_from": "number",
        "km_to": "number",
        "width_m": "number",
        "note": "string",
    }

    async def extent(self, desk: Desk) -> Extent:
        """Return the box of all sectors, and when the first and the last were made."""
        placed = await _placed(desk)
        shapes = [shape for _, _, shape in placed if shape is not None]
        times = [sector.at for sector, _, _ in placed]
        box: Box | None = None
        if shapes:
            west, south, east, north = shapely.total_bounds(shapes).tolist()
            box = (west, south, east, north)
        return extent(box, (min(times), max(times)) if times else None)

    async def items(self, desk: Desk, query: CollectionQuery) -> FeaturePage:
        """Return sectors by id."""
        found = [
            (sector.id, _feature(sector, outline))
            for sector, outline, shape in await _placed(desk)
            if _matches(sector, shape, query)
        ]
        return await paged(found, query)

    async def item(self, desk: Desk, id: str) -> bytes:
        """Return one sector."""
        for sector, outline, _ in await _placed(desk):
            if sector.id == id:
                return _feature(sector, outline)
        raise NotFound("sector", id)


async def _placed(
    desk: Desk,
) -> list[tuple[Sector, dict[str, Any] | None, shapely.Geometry | None]]:
    """Return the sectors by id, each with its outline as GeoJSON and as a shape."""
    sectors = sorted(desk.sectors.all(), key=lambda each: each.id)

    def work() -> list[tuple[Sector, dict[str, Any] | None, shapely.Geometry | None]]:
        outlines = [desk.sectors.geography_of(each).outline for each in sectors]
        return [
            (sector, outline, None if outline is None else shapely.geometry.shape(outline))
            for sector, outline in zip(sectors, outlines, strict=True)
        ]

    return await asyncio.to_thread(work)


def _matches(sector: Sector, shape: shapely.Geometry | None, query: CollectionQuery) -> bool:
    if not query.start <= sector.at < query.end:
        return False
    if query.box is None:
        return True
    return shape is not None and any(
        bool(shapely.intersects(shapely.box(*half), shape)) for half in halves(query.box)
    )


def _feature(sector: Sector, outline: dict[str, Any] | None) -> bytes:
    about = {
        "name": sector.name,
        "use": sector.use,
        "agency": sector.agency,
        "version": sector.version,
        "time": sector.at,
        "river": sector.river,
        "km_from": sector.km_from,
        "km_to": sector.km_to,
        "width_m": sector.width_m,
        "note": sector.note or None,
    }
    properties = {name: value for name, value in about.items() if value is not None}
    return _encode(
        {"type": "Feature", "id": sector.id, "geometry": outline, "properties": properties}
    )
