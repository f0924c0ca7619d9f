"""Legs, their pieces, and how far they went."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from gis.geometry.geodesy import destinations, distance_m, distances_m
from gis.position.position import Position
from gis.tracks.chords import cartesian, chords_m, ground, places
from gis.tracks.legs import UNKNOWN_M, legs_of, pieces, ways_of
from gis.tracks.track import Track, sorted_track, track_of
from tests.fixtures.examples import examples
from tests.gis.tracks.journeys import at, path, positions, positions_of, straight


def counted_m(track: Track, *, max_gap_s: float = 600.0) -> float:
    """The way from each position that counts to the next, said plainly."""
    total = 0.0
    anchor: Position | None = None
    before: Position | None = None
    for here in positions_of(track):
        assert here.time is not None
        if anchor is None or before is None or before.time is None:
            anchor = here
        elif (here.time - before.time).total_seconds() > max_gap_s:
            anchor = here
        else:
            off = sum(
                2 * (UNKNOWN_M if p.accuracy_m is None else p.accuracy_m) for p in (anchor, here)
            )
            chord = float(
                chords_m(cartesian([anchor.lon], [anchor.lat]), cartesian([here.lon], [here.lat]))[
                    0
                ]
            )
            if chord > off:
                total += distance_m(lon1=anchor.lon, lat1=anchor.lat, lon2=here.lon, lat2=here.lat)
                anchor = here
        before = here
    return total


@settings(deadline=None, max_examples=examples(300))
@given(positions())
def test_the_way_is_that_between_positions_that_count(given: list[Position]) -> None:
    track = track_of(given)
    for max_gap_s in (600.0, 60.0):
        legs = legs_of(track, max_gap_s=max_gap_s)
        moved = ways_of(track, legs).length_m
        assert moved.shape == legs.shape
        assert moved.sum() == pytest.approx(
            counted_m(track, max_gap_s=max_gap_s), rel=1e-9, abs=1e-6
        )


def test_noise_and_gaps_mixed_are_measured_alike() -> None:
    rng = np.random.default_rng(4)
    for _ in range(10):
        seconds = np.cumsum(rng.choice([1.0, 10.0, 10.0, 700.0], 300, p=[0.3, 0.3, 0.3, 0.1]))
        speed = np.repeat(rng.choice([0.0, 1.0, 12.0], 10), 30)
        east = np.cumsum(speed * np.diff(seconds, prepend=0.0)) + rng.normal(0, 8, 300)
        track = path(seconds, east, rng.normal(0, 8, 300))
        assert ways_of(track, legs_of(track)).length_m.sum() == pytest.approx(
            counted_m(track), rel=1e-9
        )


def test_a_short_leg_behind_a_long_one_is_not_lost() -> None:
    places_ = {
        "lon": np.array([0.0, 9.0, 9.0]),
        "lat": np.array([0.0, 0.0, 1e-18]),
        "accuracy_m": np.zeros(3),
    }
    track = sorted_track(np.array([0, 60, 120]) * 1_000_000, places_)
    moved = ways_of(track, legs_of(track)).length_m
    assert moved[0] == pytest.approx(1_001_875.0, abs=1.0)
    assert 0.0 <= moved[1] < 1e-9


def test_a_straight_run_is_as_long_as_its_geodesic() -> None:
    for bearing in (0.0, 37.0, 90.0, 251.0):
        track = straight(speed_mps=15.0, seconds=7200, bearing_deg=bearing)
        moved = ways_of(track, legs_of(track)).length_m
        assert moved.sum() == pytest.approx(108_000.0, abs=0.01)
        assert moved == pytest.approx(150.0, abs=1e-4)


def test_a_moored_boat_goes_nowhere_and_a_slow_one_no_further_than_it_goes() -> None:
    rng = np.random.default_rng(8)
    seconds = np.arange(2880) * 10.0
    noise = rng.normal(0.0, 10.0 / 1.51, (2, 2880))  # 68 % within 10 m
    moored = path(seconds, noise[0], noise[1])
    raw = distances_m(
        lon1=moored.lon[:-1], lat1=moored.lat[:-1], lon2=moored.lon[1:], lat2=moored.lat[1:]
    )
    assert raw.sum() > 30_000.0
    assert ways_of(moored, legs_of(moored)).length_m.sum() < 200.0
    walking = path(seconds, seconds * 1.0 + noise[0], noise[1])
    assert ways_of(walking, legs_of(walking)).length_m.sum() == pytest.approx(28_800.0, rel=0.05)


def test_pieces_make_up_their_legs() -> None:
    track = track_of([at(0, 179.99, 10.0), at(60, -179.98, 10.0), at(90, -179.98, 10.0), at(9000)])
    cut = pieces(track, piece_m=250.0)
    assert (chords_m(cut.start, cut.end) <= 250.0).all()
    assert cut.duration_s.sum() == pytest.approx(90.0)
    assert cut.leg.tolist() == [0] * (len(cut.leg) - 1) + [1]
    assert cut.start_s + cut.duration_s == pytest.approx([*cut.start_s[1:], 90.0])
    assert cut.start[1:] == pytest.approx(cut.end[:-1], abs=1e-6)
    lon, lat = places(cut.start)
    share = cut.start_s[:-1] / 60.0
    way = distance_m(lon1=179.99, lat1=10.0, lon2=-179.98, lat2=10.0)
    bearing = 89.9974
    on_lon, on_lat = destinations(lon=179.99, lat=10.0, bearing_deg=bearing, distance_m=way * share)
    off = distances_m(lon1=lon[:-1], lat1=lat[:-1], lon2=on_lon, lat2=on_lat)
    assert off.max() < 0.2


@given(positions())
def test_any_track_has_as_many_legs_as_close_pairs(given: list[Position]) -> None:
    track = track_of(given)
    close = [
        n
        for n in range(len(track) - 1)
        if (track.time(n + 1) - track.time(n)).total_seconds() <= 60.0
    ]
    assert legs_of(track, max_gap_s=60.0).tolist() == close
    cut = pieces(track, piece_m=1e6, max_gap_s=60.0)
    assert sorted(set(cut.leg.tolist())) == close
    assert np.isfinite(cut.start).all()


def test_pieces_of_a_long_leg_lie_on_the_ground() -> None:
    cut = pieces(track_of([at(0, 100.0), at(600, 101.0)]), piece_m=1000.0)
    for side in (cut.start, cut.end):
        assert chords_m(side, ground(side)).max() < 1e-3
    # The chord itself would pass 215 m below it.
    assert len(cut.leg) == 105
