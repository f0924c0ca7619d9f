"""Tracks to frames and back: nothing lost, times aware, lines cut at the antimeridian."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import PositionError, TrackError
from gis.position import Position
from gis.tracks.lines import from_lines, from_points, line_of, to_lines, to_points
from gis.tracks.track import EPOCH, VALUES, track_of
from tests.gis.tracks.journeys import START, at, moment, positions, same, straight

ROUND_TRIPS = st.dictionaries(st.sampled_from("abc"), positions(), max_size=3)


@settings(deadline=None)
@given(ROUND_TRIPS)
def test_points_and_back_lose_nothing(given: dict[str, list[Position]]) -> None:
    tracks = {of: track_of(each) for of, each in given.items()}
    frame = to_points(tracks)
    assert frame.crs.to_epsg() == 4326
    assert len(frame) == sum(map(len, given.values()))
    back = from_points(frame.sample(frac=1.0, random_state=7))
    assert set(back) == {of for of, each in given.items() if each}
    for of, track in back.items():
        assert same(track, tracks[of])
        assert sorted(map(repr, track.positions())) == sorted(map(repr, given[of]))


@settings(deadline=None)
@given(ROUND_TRIPS)
def test_lines_and_back_lose_no_place_and_no_time(given: dict[str, list[Position]]) -> None:
    tracks = {of: track_of(each) for of, each in given.items()}
    frame = to_lines(tracks)
    back = from_lines(frame)
    for of, track in tracks.items():
        if len(track) < 2:
            assert len(back[of]) == 0
            continue
        # Of two places at one time a line keeps both, in the track's own order.
        assert np.array_equal(back[of].time_us, track.time_us)
        assert {(p.time, p.lon, p.lat) for p in back[of].positions()} == {
            (p.time, p.lon, p.lat) for p in track.positions()
        }
    for shape in frame.geometry:
        for part in shapely.get_parts(shape) if shape is not None else []:
            lons = shapely.get_coordinates(part)[:, 0]
            assert (np.abs(np.diff(lons)) <= 180.0).all()


def test_a_line_is_cut_at_the_antimeridian_each_time_it_crosses() -> None:
    track = track_of(
        [at(0, 179.9, 0.0), at(10, -179.8, 3.0), at(20, 179.8, 3.0), at(30, 179.7, 3.0)]
    )
    frame = to_lines({"a": track})
    row = frame.iloc[0]
    assert [shapely.get_coordinates(part).tolist() for part in row["geometry"].geoms] == [
        [[179.9, 0.0], [180.0, pytest.approx(1.0)]],
        [[-180.0, pytest.approx(1.0)], [-179.8, 3.0], [-180.0, 3.0]],
        [[180.0, 3.0], [179.8, 3.0], [179.7, 3.0]],
    ]
    assert row["made"] == [1, 2, 4, 5]
    assert row["times"][1] == row["times"][2]
    assert abs(row["times"][1] - moment(10 / 3)) <= timedelta(microseconds=1)
    assert row["positions"] == 4
    assert row["geometry"].is_valid


def test_times_are_aware_utc_whatever_zone_they_came_in() -> None:
    bangkok = START.astimezone(timezone(timedelta(hours=7))) + timedelta(microseconds=1)
    track = track_of([Position(lon=100.4, lat=20.0, time=bangkok), at(10)])
    assert track.time(0) == bangkok
    assert track.time(0).tzinfo is UTC
    for frame, column in ((to_points({"a": track}), "time"), (to_lines({"a": track}), "start")):
        assert str(frame[column].dtype) == "datetime64[us, UTC]"
        assert frame[column].iloc[0].to_pydatetime() == bangkok


def test_a_length_is_that_of_the_geodesics() -> None:
    frame = to_lines({"a": straight(speed_mps=12.5, seconds=3600)})
    assert frame["length_m"].iloc[0] == pytest.approx(45_000.0, abs=0.001)


def test_few_positions_have_no_line() -> None:
    assert line_of(track_of([])) is None
    assert line_of(track_of([at(0)])) is None
    frame = to_lines({"none": track_of([]), "one": track_of([at(0)])})
    assert frame.geometry.isna().all()
    assert frame["positions"].tolist() == [0, 1]
    assert frame["start"].isna().tolist() == [True, False]
    assert to_points({}).empty
    assert from_points(to_points({})) == {}


def test_a_frame_that_goes_through_a_file_comes_back(tmp_path: object) -> None:
    track = straight(speed_mps=9.0, seconds=100)
    file = f"{tmp_path}/track.gpkg"
    to_points({"a": track}).to_file(file)
    read = gpd.read_file(file)
    assert np.abs(from_points(read)["a"].time_us - track.time_us).max() <= 1000  # GDAL keeps ms
    assert np.array_equal(from_points(read)["a"].lon, track.lon)


def test_what_is_no_track_is_refused_by_name() -> None:
    good = to_points({"a": straight(speed_mps=9.0, seconds=20)})
    naive = good.assign(time=good["time"].dt.tz_localize(None))
    nowhere = good.set_geometry([None, *good.geometry[1:]], crs=4326)
    for frame, fault in (
        (good.drop(columns="time"), "no column time"),
        (good.to_crs(32647), "not EPSG:4326"),
        (naive, "no zone"),
        (nowhere, "no point"),
        (good.assign(time=good["time"].where(good.index > 0)), "no time"),
    ):
        with pytest.raises(TrackError, match=fault):
            from_points(frame)
    lines = to_lines({"a": straight(speed_mps=9.0, seconds=20)})
    short = lines.assign(times=[lines["times"].iloc[0][:2]])
    with pytest.raises(TrackError, match="3 vertices, 2 times"):
        from_lines(short)
    with pytest.raises(TrackError, match="no zone"):
        from_lines(lines.assign(times=[[pd.Timestamp(2026, 1, 1)] * 3]))


def test_positions_without_time_or_place_make_no_track() -> None:
    with pytest.raises(TrackError, match="position 1 has no time"):
        track_of([at(0), Position(lon=1.0, lat=1.0)])
    with pytest.raises(PositionError, match=r"latitude 100\.4"):
        track_of([at(0, 20.0, 100.4)])


def test_a_part_of_a_track_takes_the_first_moment_in_and_the_last_out() -> None:
    track = track_of([at(second) for second in range(5)])
    assert [p.time for p in track.between(moment(1), moment(3)).positions()] == [
        moment(1),
        moment(2),
    ]
    assert len(track.between(moment(9), moment(10))) == 0
    assert all(len(getattr(track, name)) == 5 for name in VALUES)
    assert track.time(0) - EPOCH == timedelta(microseconds=int(track.time_us[0]))
