"""The Mekong centreline: one line from Jinghong to the sea, smoothed where it must, cut in reaches.

Kilometres are those of the line as drawn, spikes apart. Where it is smoothed the nearest point no
longer leaps, and each reach keeps its kilometres: what is drawn is a little too short already
against published lengths, and smoothing would add to that.
"""

from __future__ import annotations

import math
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely

from gis.geometry.geodesy import WGS84, Floats
from gis.reference.build.waters import OSM, WDBII
from gis.river.centreline_repair import chainage_jumps, cut_at, eased, without_spikes
from gis.river.river import River

# Segment of the source → the stretch, licence, error of the kilometre figure as a share.
SEGMENTS: Final = {
    "A": ("Lancang: Jinghong to the tripoint of China, Lao PDR and Myanmar", WDBII, 0.04),
    "B": ("Lao PDR and Myanmar: tripoint to the Golden Triangle", OSM, 0.015),
    "C": ("Lao PDR and Thailand: Golden Triangle to Kaeng Pha Dai", OSM, 0.015),
    "D": ("Lao PDR: Kaeng Pha Dai to the Nam Heuang mouth", WDBII, 0.04),
    "E": ("Lao PDR and Thailand: Nam Heuang mouth to Woen Buek", OSM, 0.015),
    "F": ("Lao PDR: Woen Buek to the Cambodian border", OSM, 0.04),
    "G": ("Cambodia and Viet Nam: Lao border to the sea at Cua Tieu", OSM, 0.04),
}
ROUNDS: Final = 12
MARGIN_M: Final = 300.0  # on both sides of a jump, smoothed with it
APART_M: Final = 600.0
ONCE_M: Final = 100.0  # no smoothing of a round moves the line by more


def mekong(rivers: Path) -> gpd.GeoDataFrame:
    """Return the centreline, one feature a reach, in order, each running down to the next.

    `km_start` and `km_end` are kilometres from the sea of a reach's upper and lower end, measured
    as geodesics of the drawn line on WGS 84.
    """
    source = gpd.read_file(rivers, layer="mekong").sort_values("seg").set_index("seg")
    points, of_point = _one_line(source)
    drawn = _river(points)
    plane = np.column_stack(drawn.course.to_plane(points[:, 0], points[:, 1]))
    soft = _smoothed(drawn, plane)
    table: list[dict[str, Any]] = tomllib.loads(
        (Path(__file__).parent / "reaches.toml").read_text(encoding="utf-8")
    )["reach"]
    ends_km = _ends_km(drawn, points, of_point, table)
    pieces = _cut(drawn, soft, ends_km[1:-1])
    rows = [
        _row(each, source, start, end, piece)
        for each, (start, end), piece in zip(table, pairwise(ends_km), pieces, strict=True)
    ]
    return gpd.GeoDataFrame(rows, geometry=pieces, crs="EPSG:4326")


def _one_line(source: gpd.GeoDataFrame) -> tuple[Floats, list[str]]:
    """Return the points of all segments, without spikes, and the segment of each."""
    parts = [np.round(shapely.get_coordinates(line), 5) for line in source.geometry]
    points = np.vstack(parts)
    segment = np.repeat(source.index.to_numpy(), [len(part) for part in parts])
    new = np.append(True, (np.diff(points, axis=0) != 0.0).any(axis=1))
    points, segment = points[new], segment[new]
    smooth = without_spikes(points)
    rows = {tuple(point): name for point, name in zip(points, segment, strict=True)}
    return smooth, [rows[tuple(point)] for point in smooth]


def _river(points: Floats) -> River:
    line = shapely.linestrings(points)
    return River(
        gpd.GeoDataFrame({"reach": ["all"], "error_m": [400.0]}, geometry=[line], crs="EPSG:4326")
    )


def _smoothed(drawn: River, plane: Floats) -> Floats:
    """Return the line, metres in the plane, smoothed where chainage jumps and nowhere else."""
    for _ in range(ROUNDS):
        river = _river(np.column_stack(drawn.course.from_plane(plane[:, 0], plane[:, 1])))
        along = np.append(0.0, np.hypot(*np.diff(plane, axis=0).T).cumsum())
        jumps = chainage_jumps(river)
        # Chainage of the jumps as metres along the plane's line: its scale differs by 0.1 %.
        scale = along[-1] / 1000.0 / river.km_range[1]
        spans = sorted(
            (
                along[-1] - jump.km_to * 1000.0 * scale - MARGIN_M,
                along[-1] - jump.km_from * 1000.0 * scale + MARGIN_M,
            )
            for jump in jumps
        )
        merged: list[tuple[float, float]] = []
        for start, end in spans:
            if merged and start < merged[-1][1] + APART_M:
                start, end = merged[-1][0], max(end, merged.pop()[1])
            merged.append((start, end))
        plane = eased(plane, merged, most_m=ONCE_M)
    return plane


def _ends_km(
    drawn: River, points: Floats, of_point: list[str], table: list[dict[str, Any]]
) -> list[float]:
    """Return the kilometres, falling, at which reaches begin and the last one ends."""
    found = drawn.locate_many(points[:, 0], points[:, 1]).km
    lowest = {name: float(km) for name, km in zip(of_point, found, strict=True)}
    places = drawn.locate_many([each["lon"] for each in table], [each["lat"] for each in table]).km
    ends = [drawn.km_range[1]]
    for (each, at), (after, at_after) in pairwise(zip(table, places.tolist(), strict=True)):
        within = each["segment"] == after["segment"]
        ends.append((at + at_after) / 2.0 if within else lowest[each["segment"]])
    return [*ends, 0.0]


def _cut(drawn: River, soft: Floats, inner_km: list[float]) -> list[shapely.LineString]:
    """Cut the smoothed line where the drawn one has these kilometres."""
    lons, lats = drawn.at_kms(inner_km)
    line = shapely.linestrings(soft)
    at = shapely.line_locate_point(line, shapely.points(*drawn.course.to_plane(lons, lats)))
    pieces = []
    for piece in cut_at(soft, at.tolist()):
        degrees = np.round(np.column_stack(drawn.course.from_plane(piece[:, 0], piece[:, 1])), 5)
        moved = np.append(True, (np.diff(degrees, axis=0) != 0.0).any(axis=1))
        pieces.append(shapely.LineString(degrees[moved]))
    return pieces


def _row(
    each: dict[str, Any],
    source: gpd.GeoDataFrame,
    start: float,
    end: float,
    piece: shapely.LineString,
) -> dict[str, object]:
    segment = each["segment"]
    # A reach keeps the kilometres of its drawn line; along the smoothed one a ruler finds fewer.
    ruler_km = float(WGS84.line_length(*shapely.get_coordinates(piece).T)) / 1000.0
    off = abs((start - end) / ruler_km - 1.0)
    stretch, licence, share = SEGMENTS[segment]
    of = source.loc[segment]
    islands = "error_m" in each
    return {
        "segment": segment,
        "reach": each["name"],
        "stretch": stretch,
        "km_start": round(start, 3),
        "km_end": round(end, 3),
        "error_m": each.get("error_m", of["xtrack_median_m"]),
        "error_p95_m": max(each.get("error_m", 0), of["xtrack_p95_m"]),
        "error_basis": "islands part the river here" if islands else of["err_basis"],
        "km_error_share": math.ceil((share + off) * 1000.0 - 0.5) / 1000.0,
        "source": of["source"],
        "licence": licence,
    }
