"""Between sparse reports a boat goes as the river goes, and only where it is on it."""

from __future__ import annotations

import numpy as np
import pytest

from gis.geometry.geodesy import Floats, distances_m
from gis.river.river import load_mekong
from gis.river.rivers import load_rivers
from gis.tracks.effort import Effort, effort
from gis.tracks.track import sorted_track
from tests.endurance.ways import Scene, answer


def gone(lon: Floats, lat: Floats, every_s: float, **more: Floats) -> Effort:
    times = np.arange(len(lon)) * int(every_s * 1e6)
    track = sorted_track(times, {"lon": lon, "lat": lat, **more})
    return effort({"boat": track}, rivers=load_rivers())["boat"]


def straight_km(lon: Floats, lat: Floats) -> float:
    away = distances_m(lon1=lon[:-1], lat1=lat[:-1], lon2=lon[1:], lat2=lat[1:])
    return float(away.sum()) / 1000.0


@pytest.mark.parametrize(("every_s", "within"), [(60.0, 1.0), (300.0, 3.0)])
@pytest.mark.parametrize("says_speed", [True, False])
@pytest.mark.parametrize("motion", ["river", "drawn"])
def test_kilometres_of_sparse_reports_are_those_of_the_way(
    motion: str, says_speed: bool, every_s: float, within: float
) -> None:
    scene = Scene(motion=motion, every_s=every_s, says_speed=says_speed, tau_s=60.0, hours=4.0)  # type: ignore[arg-type]
    for seed in (900, 901):
        found = answer(scene, seed)
        assert found.told_km == pytest.approx(found.true_km, rel=within / 100.0)
        assert found.along_river_km > 0.5 * found.told_km


def test_a_boat_that_cannot_have_gone_round_a_bend_went_straight() -> None:
    lon, lat = load_mekong().at_kms([2240.0, 2225.0])
    assert gone(lon, lat, 300.0).along_river_km == 0.0  # 15 km in five minutes
    slow = gone(lon, lat, 590.0, speed_mps=np.array([3.0, 3.0]))
    assert slow.along_river_km == 0.0
    assert slow.km == pytest.approx(straight_km(lon, lat))


def test_off_the_river_and_between_close_reports_ways_are_straight() -> None:
    lon, lat = load_mekong().at_kms(np.arange(2240.0, 2225.0, -0.5))
    assert gone(lon, lat + 0.02, 60.0).along_river_km < 2.0
    close = gone(lon, lat, 20.0)
    assert close.along_river_km == 0.0
    assert close.km == pytest.approx(straight_km(lon, lat))
    river = gone(lon, lat, 60.0)
    assert river.along_river_km > 14.0


@pytest.mark.parametrize("every_s", [10.0, 60.0, 300.0])
@pytest.mark.parametrize("off_m", [5.0, 15.0])
def test_a_moored_boat_with_spikes_and_wandering_noise_goes_nowhere(
    off_m: float, every_s: float
) -> None:
    scene = Scene(
        motion="moored", every_s=every_s, off_m=off_m, tau_s=60.0, says_speed=True,
        outlier_m=400.0, spike_every_s=1200.0,
    )  # fmt: skip
    assert answer(scene, 900).told_km < 0.2


@pytest.mark.parametrize("run", [1, 2])
@pytest.mark.parametrize("outlier_m", [50.0, 400.0, 3000.0])
def test_outliers_of_a_moving_boat_are_no_kilometres(outlier_m: float, run: int) -> None:
    scene = Scene(motion="river", tau_s=60.0, outlier_m=outlier_m, share=0.01, run=run)
    found = answer(scene, 900)
    assert found.told_km == pytest.approx(found.true_km, rel=0.01)
