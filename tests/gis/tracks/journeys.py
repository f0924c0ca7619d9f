"""Journeys for the tests of tracks: by hand, simulated, and by Hypothesis."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from gis.geometry.geodesy import destinations
from gis.position.position import Position
from gis.tracks.track import VALUES, Track, from_us, sorted_track, to_us

START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def moment(second: float) -> datetime:
    """Return the time `second` seconds after the tests begin."""
    return START + timedelta(seconds=second)


def at(second: float, lon: float = 100.4, lat: float = 20.27, **more: float | None) -> Position:
    """Return where something was at `second`."""
    return Position(lon=lon, lat=lat, time=moment(second), **more)


def positions_of(track: Track) -> list[Position]:
    """Return the positions of a track, oldest first."""
    columns = [getattr(track, name).tolist() for name in ("lon", "lat", *VALUES)]
    return [
        Position(
            lon=lon,
            lat=lat,
            time=from_us(time),
            **{
                name: value
                for name, value in zip(VALUES, values, strict=True)
                if not math.isnan(value)
            },
        )
        for time, lon, lat, *values in zip(track.time_us.tolist(), *columns, strict=True)
    ]


def path(
    seconds: ArrayLike,
    east_m: ArrayLike,
    north_m: ArrayLike,
    *,
    lon: float = 100.4,
    lat: float = 20.27,
) -> Track:
    """Return a track by metres east and north of a place, laid out by geodesics from there."""
    bearing = np.degrees(np.arctan2(np.asarray(east_m), np.asarray(north_m)))
    away = np.hypot(np.asarray(east_m, dtype=float), np.asarray(north_m, dtype=float))
    lons, lats = destinations(lon=lon, lat=lat, bearing_deg=bearing, distance_m=away)
    times = to_us(START) + np.round(np.asarray(seconds) * 1e6).astype(np.int64)
    return sorted_track(times, {"lon": lons, "lat": lats})


def straight(
    *,
    speed_mps: float,
    seconds: float,
    step_s: float = 10.0,
    bearing_deg: float = 90.0,
    lon: float = 100.4,
    lat: float = 20.27,
    start_s: float = 0.0,
) -> Track:
    """Return a track that goes straight on along a geodesic at one speed."""
    times = np.arange(0.0, seconds + 1e-9, step_s)
    lons, lats = destinations(
        lon=lon, lat=lat, bearing_deg=bearing_deg, distance_m=times * speed_mps
    )
    stamps = to_us(START) + np.round((times + start_s) * 1e6).astype(np.int64)
    return sorted_track(stamps, {"lon": lons, "lat": lats})


def same(one: Track, other: Track) -> bool:
    """Return whether two tracks are equal in every value, unknown ones included."""
    return np.array_equal(one.time_us, other.time_us) and all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in ("lon", "lat", *VALUES)
    )


_NEAR = st.tuples(
    st.sampled_from(
        [(100.4, 20.27), (179.999, -0.5), (-179.999, 65.0), (0.0, 89.999), (12.0, -90.0)]
    ),
    st.floats(-0.05, 0.05),
    st.floats(-0.05, 0.05),
).map(lambda n: (((n[0][0] + n[1] + 180.0) % 360.0) - 180.0, max(-90.0, min(90.0, n[0][1] + n[2]))))

_ANYWHERE = st.tuples(st.floats(-180.0, 180.0), st.floats(-90.0, 90.0))


@st.composite
def positions(draw: st.DrawFn, most: int = 12) -> list[Position]:
    """Return positions in any order: close together or anywhere, on the antimeridian, at poles."""
    places = draw(st.lists(st.one_of(_NEAR, _ANYWHERE), max_size=most))
    return [
        at(
            draw(st.integers(0, 600)),
            lon,
            lat,
            accuracy_m=draw(st.one_of(st.none(), st.floats(0.0, 500.0))),
            speed_mps=draw(st.one_of(st.none(), st.floats(0.0, 30.0))),
        )
        for lon, lat in places
    ]
