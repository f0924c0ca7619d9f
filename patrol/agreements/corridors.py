"""Corridors: the area that follows from the words of an agreement, drawn when it is drafted."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import shapely

from gis.border.border import Border
from gis.errors.errors import GisError
from gis.fences.area import Area, corridor
from patrol.agreements.agreement import Corridor
from patrol.errors.errors import Conflict
from patrol.sectors.site_geography import Ground

MOST_POINTS: Final = 20_000
"""Corners of a corridor."""

_DECIMALS: Final = 6  # of a degree: a tenth of a metre


def with_area(stretch: Corridor, ground: Ground | None) -> Corridor:
    """Return a corridor with the area that its words mean on this ground.

    Args:
        stretch: River, kilometres and distances; its `rings` do not count.
        ground: Rivers and borders of this site; None without any.

    Raises:
        Conflict: If there is no such river or stretch, no border near it, or nothing is left.
    """
    if ground is None:
        raise Conflict("no river is known here: a corridor cannot be drawn")
    try:
        area = corridor(
            "corridor",
            ground.river(stretch.river),
            km_from=stretch.km_from,
            km_to=stretch.km_to,
            width_m=2.0 * stretch.from_river_m,
        )
    except GisError as error:
        raise Conflict(f"the corridor cannot be drawn: {error}") from None
    if stretch.from_border_m is not None:
        area = _near_border(area, ground.border, stretch.from_border_m)
    rings = tuple(
        tuple(
            (round(float(lon), _DECIMALS), round(float(lat), _DECIMALS))
            for lon, lat in shapely.get_coordinates(shapely.get_exterior_ring(part))
        )
        for part in shapely.get_parts(area.geometry)
        if part.geom_type == "Polygon" and not part.is_empty
    )
    if not rings:
        raise Conflict("the corridor has no area: the border is nowhere so near the river")
    if sum(len(ring) for ring in rings) > MOST_POINTS:
        raise Conflict(f"the corridor has more than {MOST_POINTS} corners: make it shorter")
    return msgspec.structs.replace(stretch, rings=rings)


def _near_border(area: Area, border: Border | None, within_m: float) -> Area:
    """Return the part of an area that lies within some metres of the border."""
    if border is None:
        raise Conflict("no border is known here: a corridor along one cannot be drawn")
    west, south, east, north = area.geometry.bounds
    margin = 2.0 * within_m / area.plane.lat_m / max(area.plane.lon_m / area.plane.lat_m, 0.1)
    ends = border.segments(
        west=west - margin, south=south - margin, east=east + margin, north=north + margin
    )
    x, y = area.plane.metres(lon=ends[:, (0, 2)].ravel(), lat=ends[:, (1, 3)].ravel())
    lines = shapely.linestrings(np.stack([x, y], axis=1).reshape(-1, 2, 2))
    band = shapely.union_all(shapely.buffer(lines, within_m, quad_segs=4))
    shape = shapely.simplify(shapely.intersection(area.shape, band), within_m / 250.0)
    return msgspec.structs.replace(area, shape=shape)
