"""Frames of tracks: one line for each, or one point for each position; EPSG:4326."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import shapely

from gis.files.export_content import ExportTrack, time_of

DEGREES = "EPSG:4326"


def track_points(tracks: Sequence[ExportTrack]) -> gpd.GeoDataFrame:
    """Return every position of every track, in order.

    Returns:
        Points with `unit`, `name`, `kind`, `country`, `patrol`, `time` (UTC), `altitude_m`,
        `accuracy_m`, `speed_mps`, `course_deg`, `heading_deg`; a point has a third coordinate
        where every altitude of its track is known. Empty without tracks.

    >>> len(track_points([]))
    0
    """
    columns: dict[str, list[Any]] = {name: [] for name in _POINT_COLUMNS}
    shapes: list[shapely.Point] = []
    for track in tracks:
        high = has_altitude(track)
        for each in track.positions:
            columns["unit"].append(track.id)
            columns["name"].append(track.name)
            columns["kind"].append(track.kind)
            columns["country"].append(track.side)
            columns["patrol"].append(track.patrol)
            columns["time"].append(time_of(each))
            for name in _OF_POSITION:
                columns[name].append(getattr(each, name))
            place = (each.lon, each.lat, each.altitude_m) if high else (each.lon, each.lat)
            shapes.append(shapely.Point(place))
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=DEGREES)
    frame[list(_OF_POSITION)] = frame[list(_OF_POSITION)].astype(float)
    if not shapes:
        return frame
    frame["time"] = frame["time"].astype("datetime64[ms, UTC]")
    return frame


def track_lines(tracks: Sequence[ExportTrack]) -> gpd.GeoDataFrame:
    """Return one feature for each track of two positions or more.

    Returns:
        LineStrings, MultiLineStrings where silences break them, with `unit`, `name`, `kind`,
        `country`, `patrol`, `start`, `end` (UTC) and `positions` (how many).

    >>> len(track_lines([]))
    0
    """
    columns: dict[str, list[Any]] = {name: [] for name in _LINE_COLUMNS}
    shapes: list[shapely.Geometry] = []
    for track in tracks:
        high = has_altitude(track)
        parts = [
            shapely.LineString(
                [(p.lon, p.lat, p.altitude_m) if high else (p.lon, p.lat) for p in part]
            )
            for part in track.parts()
            if len(part) > 1
        ]
        if not parts:
            continue
        labels = (track.id, track.name, track.kind, track.side, track.patrol)
        ends = (time_of(track.positions[0]), time_of(track.positions[-1]), len(track.positions))
        for name, value in zip(_LINE_COLUMNS, labels + ends, strict=True):
            columns[name].append(value)
        shapes.append(parts[0] if len(parts) == 1 else shapely.MultiLineString(parts))
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=DEGREES)
    for name in ("start", "end") if shapes else ():
        frame[name] = frame[name].astype("datetime64[ms, UTC]")
    return frame


def has_altitude(track: ExportTrack) -> bool:
    """Return whether every altitude is known: a third coordinate of 0 would be a made-up one.

    >>> has_altitude(ExportTrack(id="a", name="a", positions=()))
    False
    """
    return bool(track.positions) and all(each.altitude_m is not None for each in track.positions)


_OF_POSITION = ("altitude_m", "accuracy_m", "speed_mps", "course_deg", "heading_deg")
_POINT_COLUMNS = ("unit", "name", "kind", "country", "patrol", "time", *_OF_POSITION)
_LINE_COLUMNS = ("unit", "name", "kind", "country", "patrol", "start", "end", "positions")
