"""What short ways take for fine, the whole way does too."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gis.fences.fix import Fix, apart_m
from gis.fences.plausible import (
    NOISE_SHARE,
    SPEED_MORE_MPS,
    SPEED_SHARE,
    plainly_fine,
    surely_fine,
    verdict,
)
from gis.fences.settings import FenceSettings

SETTINGS = FenceSettings()


def surely(trios: list[list[Fix]]) -> list[bool]:
    """Return which of the third ones of trios are fine, all of them judged together."""
    rows = [[(f.t, f.lon, f.lat, f.error_m, f.speed_mps) for f in trio] for trio in trios]
    before, last, fix = np.array(rows, dtype=np.float64).transpose(1, 2, 0)
    places = np.stack([before, last, fix, fix], axis=1)[:3]
    noise_m, told_mps = last[3] + fix[3], np.maximum(last[4], fix[4])
    fine: list[bool] = surely_fine(places, noise_m, told_mps, SETTINGS)[0].tolist()
    return fine


@given(
    seed=st.integers(0, 2**32 - 1),
    lon=st.sampled_from([100.0, 179.999, -180.0]),
    lat=st.sampled_from([0.0, 20.0, -74.9, 74.98, 79.0, 89.9]),
    step_deg=st.sampled_from([1e-5, 1e-4, 1e-3, 0.02, 0.06]),
)
def test_what_is_fine_at_a_glance_is_fine_on_the_whole_way(
    seed: int, lon: float, lat: float, step_deg: float
) -> None:
    rng = np.random.default_rng(seed)
    trios: list[list[Fix]] = []
    for _ in range(50):
        seconds = rng.choice([1.0, 10.0, 120.0, 200.0], 2)
        way = rng.normal(0.0, step_deg, 2)
        places = np.array([lon, lat]) + np.outer([0.0, 1.0, 1.0 + seconds[1] / seconds[0]], way)
        places += rng.normal(0.0, rng.choice([0.0, 5e-5]), (3, 2))
        speeds = [None if rng.random() < 0.1 else float(v) for v in rng.uniform(0.0, 40.0, 3)]
        times = np.cumsum([0.0, *seconds]).tolist()
        first, second, third = (
            Fix(t, (x + 180.0) % 360.0 - 180.0, min(90.0, y), float(error_m), speed)
            for t, (x, y), error_m, speed in zip(
                times, places.tolist(), rng.choice([12.0, 20.0, 60.0], 3), speeds, strict=True
            )
        )
        if rng.random() < 0.5:
            # As fast as it tells, to one in 100 more or less.
            beyond_m = apart_m(second, third) - (second.error_m + third.error_m) * NOISE_SHARE
            fastest_mps = beyond_m / float(seconds[1]) * float(rng.uniform(0.99, 1.01))
            third.speed_mps = max(0.0, (fastest_mps - SPEED_MORE_MPS) / SPEED_SHARE)
            second.speed_mps = 0.0
        trios.append([first, second, third])
    for (first, second, third), sure in zip(trios, surely(trios), strict=True):
        said = verdict(first, second, third, SETTINGS)
        assert not sure or said == "fine"
        assert not plainly_fine(first, second, third, SETTINGS) or said == "fine"


def test_a_boat_that_goes_on_as_it_tells_is_known_at_a_glance() -> None:
    trio = [Fix(t, 100.0 + 1e-4 * t, 20.0, 20.0, 10.5) for t in (0.0, 10.0, 20.0)]
    assert surely([trio]) == [True]
    assert plainly_fine(trio[0], trio[1], trio[2], SETTINGS)
