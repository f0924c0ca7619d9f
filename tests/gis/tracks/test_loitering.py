"""Meetings and loitering, against closed forms and dense sampling."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from gis.geodesy import Floats, distance_m, distances_m
from gis.position import Position
from gis.tracks.loitering import loiterings, meetings
from gis.tracks.track import Track, track_of
from tests.gis.tracks.journeys import at, moment, path, positions, straight


@pytest.mark.parametrize("place", [(100.4, 20.27), (180.0, 0.0), (-180.0, -71.0), (50.0, 89.99)])
def test_two_that_pass_meet_as_long_as_the_chord_says(place: tuple[float, float]) -> None:
    lon, lat = place
    seconds = np.arange(0.0, 1001.0, 10.0)
    east = -5000.0 + 10.0 * seconds
    one = path(seconds, east, np.zeros(101), lon=lon, lat=lat)
    # Reports at other moments, the other way, 30 m aside: they close at 18 m/s.
    other_s = np.arange(3.0, 1001.0, 7.0)
    other = path(other_s, 4000.0 - 8.0 * other_s, np.full(len(other_s), 30.0), lon=lon, lat=lat)
    [met] = meetings({"one": one, "other": other}, within_m=100.0, least_s=0.0)
    middle = 9000.0 / 18.0
    half = np.sqrt(100.0**2 - 30.0**2) / 18.0
    assert (met.start - moment(middle - half)).total_seconds() == pytest.approx(0.0, abs=0.05)
    assert (met.end - moment(middle + half)).total_seconds() == pytest.approx(0.0, abs=0.05)
    assert met.together_s == pytest.approx(2 * half, abs=0.1)
    assert met.least_m == pytest.approx(30.0, abs=0.1)
    assert distance_m(lon1=met.lon, lat1=met.lat, lon2=lon, lat2=lat) < 16.0
    assert meetings({"one": one, "other": other}, within_m=100.0, least_s=30.0) == []


def at_times(track: Track, seconds: Floats, gap_s: float) -> tuple[Floats, Floats]:
    """Where a track was at moments, linear in degrees; NaN where it is not known."""
    own = (track.time_us - track.time_us[0]) / 1e6 + (track.time(0) - moment(0)).total_seconds()
    lon, lat = np.interp(seconds, own, track.lon), np.interp(seconds, own, track.lat)
    before = np.clip(np.searchsorted(own, seconds, side="right") - 1, 0, len(own) - 2)
    lost = (own[before + 1] - own[before] > gap_s) | (seconds < own[0]) | (seconds > own[-1])
    return np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)


def wanderer(seed: int) -> Track:
    rng = np.random.default_rng(seed)
    seconds = np.cumsum(rng.choice([5.0, 10.0, 30.0, 700.0], 200, p=[0.3, 0.5, 0.18, 0.02]))
    speed = np.repeat(rng.choice([0.0, 2.0, 6.0], 20), 10)
    course = np.cumsum(rng.normal(0, 0.4, 200))
    step = speed * np.diff(seconds, prepend=0.0)
    return path(seconds, np.cumsum(step * np.sin(course)), np.cumsum(step * np.cos(course)))


def test_meetings_are_those_of_dense_sampling() -> None:
    total = 0
    for seed in range(0, 16, 2):
        one, other = wanderer(seed), wanderer(seed + 1)
        fine = np.arange(0.0, 8000.0, 0.5)
        a, b = at_times(one, fine, 600.0), at_times(other, fine, 600.0)
        known = ~(np.isnan(a[0]) | np.isnan(b[0]))
        apart = np.full(len(fine), np.inf)
        apart[known] = distances_m(
            lon1=a[0][known], lat1=a[1][known], lon2=b[0][known], lat2=b[1][known]
        )
        near = apart <= 300.0
        found = meetings({"one": one, "other": other}, within_m=300.0, least_s=0.0, apart_s=0.0)
        assert sum(m.together_s for m in found) == pytest.approx(near.sum() * 0.5, abs=2.0)
        for met in found:
            start, end = ((t - moment(0)).total_seconds() for t in (met.start, met.end))
            inside = (fine > start + 0.6) & (fine < end - 0.6)
            assert near[inside].all()
            span = (fine >= start - 0.5) & (fine <= end + 0.5)
            assert met.least_m == pytest.approx(apart[span].min(), abs=6.0)
        assert all(x.end <= y.start for x, y in pairwise(found))
        total += len(found)
    assert total >= 8


def test_a_short_parting_is_bridged_and_a_gap_is_not() -> None:
    still = track_of([at(n * 10) for n in range(200)])
    away = [at(n * 10, 100.4 if not 50 <= n < 54 else 100.403) for n in range(200)]
    [met] = meetings({"a": still, "b": track_of(away)}, apart_s=60.0)
    assert (met.start, met.end) == (moment(0), moment(1990))
    assert met.together_s == pytest.approx(1990 - 50 + 2 * 10 * 100 / 313.6, abs=1.0)
    assert len(meetings({"a": still, "b": track_of(away)}, apart_s=10.0)) == 2
    silent = [at(n * 10) for n in range(200) if not 50 <= n < 120]
    first, second = meetings({"a": still, "b": track_of(silent)}, apart_s=1e6)
    assert (first.end, second.start) == (moment(490), moment(1200))


def test_who_meets_whom_is_named_and_sorted_by_time() -> None:
    base = [at(n * 10) for n in range(100)]
    tracks = {
        "c": track_of(base),
        "a": track_of(base[50:]),
        "far": track_of([at(n * 10, 120.0) for n in range(100)]),
        "later": track_of([at(5000 + n * 10) for n in range(100)]),
        "none": track_of([]),
        "one": track_of([at(10)]),
    }
    [met] = meetings(tracks)
    assert met.units == ("c", "a")
    assert (met.start, met.end) == (moment(500), moment(990))


@settings(deadline=None, max_examples=100)
@given(positions(), positions())
def test_any_tracks_meet_the_same_way_in_any_order(
    one: list[Position], other: list[Position]
) -> None:
    found = meetings({"a": track_of(one), "b": track_of(other)}, within_m=5000.0, least_s=0.0)
    again = meetings(
        {"b": track_of(other[::-1]), "a": track_of(one[::-1])}, within_m=5000.0, least_s=0.0
    )
    assert [(m.start, m.end) for m in found] == [(m.start, m.end) for m in again]
    for met in found:
        assert met.least_m <= 5000.01
        assert met.together_s <= (met.end - met.start).total_seconds() + 1e-6


def test_going_up_and_down_one_place_is_loitering_lying_there_is_not() -> None:
    seconds = np.arange(0.0, 7200.0, 10.0)
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 6, (2, len(seconds)))
    about = path(seconds, 300.0 * np.sin(seconds / 60.0) + noise[0], noise[1])
    [found] = loiterings(about, radius_m=500.0, least_s=1800.0)
    assert (found.end - found.start).total_seconds() > 7000.0
    way = 4 * 300.0 * 7200.0 / (2 * np.pi * 60.0)
    assert found.moved_m == pytest.approx(way, rel=0.05)
    assert distance_m(lon1=found.lon, lat1=found.lat, lon2=100.4, lat2=20.27) < 250.0
    moored = path(seconds, noise[0], noise[1])
    assert loiterings(moored, radius_m=500.0, least_s=1800.0) == []
    assert loiterings(straight(speed_mps=5.0, seconds=7200)) == []
    assert len(loiterings(moored, radius_m=500.0, least_s=1800.0, least_moved_m=0.0)) == 1


@given(positions())
def test_any_track_may_loiter(given: list[Position]) -> None:
    for each in loiterings(track_of(given), radius_m=5000.0, least_s=30.0, least_moved_m=100.0):
        assert each.moved_m >= 100.0
        assert (each.end - each.start).total_seconds() >= 30.0
