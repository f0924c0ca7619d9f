"""A map of visits shows every cell that was visited, however many there are."""

from __future__ import annotations

from typing import Any

import msgspec
import shapely

from gis.tracks.coverage import Coverage
from maps.reports.sections.coverage_blocks import cell_shapes, visit_bounds
from maps.surveys.heat_map import MOST_CELLS, SectorHeat


def cell(number: int, visits: int) -> dict[str, Any]:
    column, row = number % 50, number // 50
    west, south = 100.0 + column * 0.002, 20.0 + row * 0.002
    shape = shapely.to_geojson(shapely.box(west, south, west + 0.002, south + 0.002))
    return {"geometry": msgspec.Raw(shape.encode()), "properties": {"visits": visits}}


def test_of_a_large_sector_the_end_that_was_visited_is_drawn() -> None:
    # From the south up, and only the northernmost were visited.
    cells = [cell(number, int(number >= MOST_CELLS - 50)) for number in range(MOST_CELLS)]
    heat = SectorHeat(
        sector="s",
        name="Long reach",
        agency="la-hx",
        seen=Coverage(
            whole=1.0, seen=0.1, share=0.1, first=None, last=None, seen_hours=1.0, unit_hours=1.0
        ),
        visits=1,
        cells={"type": "FeatureCollection", "features": cells},
    )
    (shape,) = cell_shapes(heat, visit_bounds(1))
    assert shape.style == "cell_1"
    west, south, east, north = shapely.MultiPoint(shape.lines[0]).bounds
    assert (round(west, 3), round(east, 3)) == (100.0, 100.1)
    assert (round(south, 3), round(north, 3)) == (20.158, 20.16)
