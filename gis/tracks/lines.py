"""Lines: tracks to and from GeoDataFrames of points and of lines, always EPSG:4326.

Times stay aware UTC to the microsecond. A line that crosses the antimeridian is cut there, as RFC
7946 (3.1.9) asks, with a vertex on each side whose time is interpolated; `from_lines` takes those
out again. Lines run straight in longitude and latitude between positions, the shorter way round.
"""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis.errors import TrackError
from gis.geodesy import Floats, distances_m
from gis.tracks.track import VALUES, Track, from_us, sorted_track, to_us

CRS = "EPSG:4326"


def line_of(track: Track) -> shapely.LineString | shapely.MultiLineString | None:
    """Return the line of a track, cut at the antimeridian; None for fewer than two positions.

    >>> from gis.tracks.track import sorted_track
    >>> track = sorted_track(
    ...     np.array([0, 10]), {"lon": np.array([179.5, -179.5]), "lat": np.array([1.0, 2.0])}
    ... )
    >>> print(line_of(track))
    MULTILINESTRING ((179.5 1, 180 1.5), (-180 1.5, -179.5 2))
    >>> line_of(track.take(slice(1))) is None
    True
    """
    return _shape(_cut(track)[0]) if len(track) > 1 else None


def to_lines(tracks: Mapping[str, Track]) -> gpd.GeoDataFrame:
    """Return one row a track, its line and what goes with it.

    Columns: `of` (the key), `start` and `end` (aware UTC; NaT when empty), `positions` (how many),
    `length_m` (along geodesics), `times` (a list of aware UTC times, one a vertex) and `made`
    (numbers of the vertices that stand on the antimeridian and are no position). The geometry is
    None for fewer than two positions; then `times` and the rest still tell of them.

    >>> from datetime import UTC, datetime
    >>> from gis.position import Position
    >>> from gis.tracks.track import track_of
    >>> noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    >>> track = track_of([Position(lon=lon, lat=20.0, time=noon) for lon in (100.25, 100.5)])
    >>> row = to_lines({"naga-1": track}).iloc[0]
    >>> row["of"], row["start"].isoformat(), round(row["length_m"]), row["geometry"].wkt
    ('naga-1', '2026-11-24T12:00:00+00:00', 26162, 'LINESTRING (100.25 20, 100.5 20)')
    >>> len(to_lines({}))
    0
    """
    rows = []
    for of, track in tracks.items():
        parts, times, made = _cut(track)
        lengths = distances_m(
            lon1=track.lon[:-1], lat1=track.lat[:-1], lon2=track.lon[1:], lat2=track.lat[1:]
        )
        rows.append(
            {
                "of": of,
                "start": from_us(int(times[0])) if len(times) else None,
                "end": from_us(int(times[-1])) if len(times) else None,
                "positions": len(track),
                "length_m": float(lengths.sum()),
                "times": [from_us(time) for time in times.tolist()],
                "made": made,
                "geometry": _shape(parts) if len(track) > 1 else None,
            }
        )
    columns = ["of", "start", "end", "positions", "length_m", "times", "made", "geometry"]
    frame = gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=CRS)
    for name in ("start", "end"):
        frame[name] = pd.to_datetime(frame[name], utc=True).astype("datetime64[us, UTC]")
    return frame


def from_lines(frame: gpd.GeoDataFrame) -> dict[str, Track]:
    """Return the tracks of a frame as `to_lines` makes it; only places and times are in it.

    Needed are the columns `of` and `times`; a row without geometry is an empty track. The
    antimeridian's own vertices (`made`) are left out.

    Raises:
        TrackError: If a column is missing, a line has not one time for each vertex, a time has no
            zone, or the frame is not in EPSG:4326.

    >>> from gis.tracks.track import sorted_track
    >>> times = np.array([0, 10_000_000])
    >>> track = sorted_track(times, {"lon": np.array([179.5, -179.5]), "lat": np.zeros(2)})
    >>> from_lines(to_lines({"a": track}))["a"].lon
    array([ 179.5, -179.5])
    """
    _check(frame, ("of", "times"))
    made = frame["made"] if "made" in frame.columns else [()] * len(frame)
    found: dict[str, Track] = {}
    for of, shape, times, extra in zip(
        frame["of"], frame.geometry, frame["times"], made, strict=True
    ):
        empty = shape is None or shape.is_empty
        places = np.empty((0, 2)) if empty else shapely.get_coordinates(shape)
        if not empty and len(places) != len(times):
            raise TrackError(f"{of}: {len(places)} vertices, {len(times)} times")
        stamps = [pd.Timestamp(time) for time in ([] if empty else times)]
        if any(stamp.tz is None for stamp in stamps):
            raise TrackError(f"{of}: a time has no zone")
        time_us = np.array([to_us(stamp.to_pydatetime()) for stamp in stamps], dtype=np.int64)
        real = np.setdiff1d(np.arange(len(time_us)), np.array(list(extra), dtype=np.intp))
        found[str(of)] = sorted_track(
            time_us[real], {"lon": places[real, 0], "lat": places[real, 1]}
        )
    return found


def to_points(tracks: Mapping[str, Track]) -> gpd.GeoDataFrame:
    """Return one row a position: `of`, `time` (aware UTC), the values known of it, its point.

    >>> from datetime import UTC, datetime
    >>> from gis.position import Position
    >>> from gis.tracks.track import track_of
    >>> noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    >>> track = track_of([Position(lon=100.4, lat=20.0, time=noon, speed_mps=7.5)])
    >>> row = to_points({"naga-1": track}).iloc[0]
    >>> row["of"], row["time"].isoformat(), float(row["speed_mps"]), row["geometry"].wkt
    ('naga-1', '2026-11-24T12:00:00+00:00', 7.5, 'POINT (100.4 20)')
    """
    counts = [len(track) for track in tracks.values()]
    time_us = _joined([track.time_us for track in tracks.values()], np.int64)
    columns: dict[str, object] = {
        "of": np.repeat(np.array(list(tracks), dtype=object), counts),
        "time": pd.to_datetime(time_us.astype("datetime64[us]")).tz_localize("UTC"),
    }
    for name in VALUES:
        columns[name] = _joined([getattr(track, name) for track in tracks.values()], np.float64)
    lon = _joined([track.lon for track in tracks.values()], np.float64)
    lat = _joined([track.lat for track in tracks.values()], np.float64)
    return gpd.GeoDataFrame(columns, geometry=shapely.points(lon, lat), crs=CRS)


def from_points(frame: gpd.GeoDataFrame) -> dict[str, Track]:
    """Return the tracks of a frame as `to_points` makes it, in any order of rows.

    Needed are the columns `of` and `time` (aware); any of the values may be missing.

    Raises:
        TrackError: If a column is missing, a time or point is, times have no zone, or the frame is
            not in EPSG:4326.

    >>> from gis.tracks.track import sorted_track
    >>> track = sorted_track(np.array([1, 2]), {"lon": np.array([1.0, 2.0]), "lat": np.zeros(2)})
    >>> from_points(to_points({"a": track}))["a"].lon
    array([1., 2.])
    """
    _check(frame, ("of", "time"))
    time = pd.to_datetime(frame["time"])
    if len(frame) and getattr(time.dt, "tz", None) is None:
        raise TrackError("times have no zone")
    shapes = np.asarray(frame.geometry.values)
    if time.isna().any() or bool((shapely.get_type_id(shapes) != 0).any()):
        raise TrackError("a row has no time or no point")
    time_us = (
        time.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
        if len(frame)
        else np.empty(0, dtype=np.int64)
    )
    columns: dict[str, Floats] = {"lon": shapely.get_x(shapes), "lat": shapely.get_y(shapes)}
    for name in VALUES:
        if name in frame.columns:
            columns[name] = frame[name].to_numpy(np.float64, na_value=np.nan)
    rows = frame.reset_index(drop=True).groupby("of", sort=False).indices
    return {
        str(of): sorted_track(time_us[at], {name: each[at] for name, each in columns.items()})
        for of, at in rows.items()
    }


def _cut(track: Track) -> tuple[list[Floats], NDArray[np.int64], list[int]]:
    """Return the parts of a track's line, all vertices' times, and which vertices are made."""
    whole = np.column_stack([track.lon, track.lat])
    parts: list[Floats] = []
    times: list[NDArray[np.int64]] = []
    made: list[int] = []
    count = since = 0
    step = np.diff(track.lon)
    opening = np.empty((0, 2))
    opened = np.empty(0, dtype=np.int64)
    for n in np.flatnonzero(np.abs(step) > 180.0).tolist():
        edge = 180.0 if track.lon[n] > 0 else -180.0
        way = 360.0 - abs(step[n])
        share = abs(edge - track.lon[n]) / way if way > 0.0 else 0.0
        lat = track.lat[n] + share * (track.lat[n + 1] - track.lat[n])
        time = track.time_us[n] + round(share * int(track.time_us[n + 1] - track.time_us[n]))
        parts.append(np.vstack([opening, whole[since : n + 1], [[edge, lat]]]))
        times += [opened, track.time_us[since : n + 1], np.array([time])]
        count += len(parts[-1])
        made += [count - 1, count]
        opening, opened, since = np.array([[-edge, lat]]), np.array([time]), n + 1
    parts.append(np.vstack([opening, whole[since:]]))
    times += [opened, track.time_us[since:]]
    return parts, np.concatenate(times), made


def _shape(parts: list[Floats]) -> shapely.LineString | shapely.MultiLineString:
    lines = [shapely.LineString(part) for part in parts]
    return lines[0] if len(lines) == 1 else shapely.MultiLineString(lines)


def _joined(arrays: list[NDArray[np.generic]], kind: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate([np.empty(0, dtype=kind), *arrays])


def _check(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise TrackError(f"the frame has no column {missing[0]}")
    if frame.crs is not None and frame.crs.to_epsg() != 4326:
        raise TrackError(f"the frame is in {frame.crs.to_string()}, not EPSG:4326")
