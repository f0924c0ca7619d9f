"""100,000 places against the nearest of dense samples of the line file, read without `gis.river`.

The reference reads the GeoJSON itself, puts a sample every ten metres along the geodesics between
its points, and takes the nearest by straight distance through the Earth. A sample is at most 5 m of
chainage from the foot it stands for; where two parts of the line are as far away to 5 cm, the
reference cannot tell which is nearer, and either is right.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import Geod, Transformer

from gis.layers.reference_layers import FOLDER
from gis.river.river import load_mekong

pytestmark = pytest.mark.system

Floats = NDArray[np.float64]

GEOD = Geod(ellps="WGS84")
EARTH_CENTRED = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
COUNT = 100_000
SPACING_M = 10.0
CELL_DEG = 0.05
AROUND_DEG = 0.065  # at least 6.7 km
EQUAL_M = 0.05


@pytest.fixture(scope="module")
def samples() -> tuple[Floats, Floats, Floats]:
    """Return lon, lat and kilometre of samples along the shipped file, downstream."""
    features = json.loads(Path(FOLDER / "mekong.geojson").read_bytes())["features"]
    lons, lats, kms = [], [], []
    for feature in features:
        points = np.array(feature["geometry"]["coordinates"])
        azimuth, _, length = GEOD.inv(*points[:-1].T, *points[1:].T)
        start_m = np.append(0.0, np.cumsum(length))
        low, high = feature["properties"]["km_end"], feature["properties"]["km_start"]
        for n, metres in enumerate(length):
            steps = max(1, round(metres / SPACING_M))
            along = np.arange(steps) * metres / steps
            lon, lat, _ = GEOD.fwd(
                np.full(steps, points[n, 0]),
                np.full(steps, points[n, 1]),
                np.full(steps, azimuth[n]),
                along,
            )
            lons.append(lon)
            lats.append(lat)
            kms.append(high - (start_m[n] + along) / start_m[-1] * (high - low))
    end = features[-1]["geometry"]["coordinates"][-1]
    lons, lats, kms = [*lons, end[:1]], [*lats, end[1:]], [*kms, [low]]
    return np.concatenate(lons), np.concatenate(lats), np.concatenate(kms)


@pytest.fixture(scope="module")
def places(samples: tuple[Floats, Floats, Floats]) -> tuple[Floats, Floats]:
    """Return 100,000 random places, up to 5.5 km from the line."""
    rng = np.random.default_rng(20030610)
    chosen = rng.integers(0, len(samples[0]), COUNT)
    away = rng.uniform(0.0, 5500.0, COUNT)
    lon, lat, _ = GEOD.fwd(
        samples[0][chosen], samples[1][chosen], rng.uniform(0.0, 360.0, COUNT), away
    )
    return lon, lat


def nearest(
    samples: tuple[Floats, Floats, Floats], lons: Floats, lats: Floats
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the nearest sample of each place, and where another part is as near."""
    ground = np.zeros_like(samples[0])
    line = np.column_stack(EARTH_CENTRED.transform(samples[0], samples[1], ground))
    here = np.column_stack(EARTH_CENTRED.transform(lons, lats, np.zeros_like(lons)))
    best = np.full(len(lons), -1, dtype=np.intp)
    equal = np.zeros(len(lons), dtype=np.bool_)
    cells = np.column_stack([np.floor(lons / CELL_DEG), np.floor(lats / CELL_DEG)])
    for cell in np.unique(cells, axis=0):
        members = np.flatnonzero((cells == cell).all(axis=1))
        west, south = cell * CELL_DEG
        inside = (samples[0] > west - AROUND_DEG) & (samples[0] < west + CELL_DEG + AROUND_DEG)
        inside &= (samples[1] > south - AROUND_DEG) & (samples[1] < south + CELL_DEG + AROUND_DEG)
        around = np.flatnonzero(inside)
        away = np.sqrt(
            np.maximum(((here[members, None, :] - line[None, around, :]) ** 2).sum(axis=2), 0.0)
        )
        chosen = away.argmin(axis=1)
        best[members] = around[chosen]
        least = away[np.arange(len(members)), chosen]
        close = away <= least[:, None] + EQUAL_M
        other = np.abs(around[None, :] - around[chosen][:, None]) > 1
        # A flat minimum is close for a long way on both sides; another part is parted from it.
        for row in np.flatnonzero((close & other).any(axis=1)):
            runs = np.flatnonzero(np.diff(np.flatnonzero(close[row])) > 1)
            equal[members[row]] = runs.size > 0
    return best, equal


@pytest.fixture(scope="module")
def reference(
    samples: tuple[Floats, Floats, Floats], places: tuple[Floats, Floats]
) -> tuple[NDArray[np.intp], NDArray[np.bool_], Floats]:
    """Return nearest sample, whether another is as near, and its geodesic distance."""
    best, equal = nearest(samples, *places)
    _, _, away = GEOD.inv(*places, samples[0][best], samples[1][best])
    return best, equal, away


def test_the_kilometre_is_that_of_the_nearest_point(
    samples: tuple[Floats, Floats, Floats],
    places: tuple[Floats, Floats],
    reference: tuple[NDArray[np.intp], NDArray[np.bool_], Floats],
) -> None:
    best, equal, away = reference
    found = load_mekong().locate_many(*places)
    inside, outside = away < 4999.0, away > 5001.0
    assert not np.isnan(found.km[inside]).any()
    assert np.isnan(found.km[outside]).all()
    assert inside.sum() > 85_000
    assert outside.sum() > 1000
    off_m = np.abs(found.km - samples[2][best]) * 1000.0
    wrong = inside & (off_m > 10.0)
    assert not (wrong & ~equal).any()
    # And where two parts are as near, ours is as near as theirs.
    assert (equal & inside).mean() < 0.001
    # On the line itself a sample may be 5 m away.
    assert np.abs(np.abs(found.offset_m[inside]) - away[inside]).max() < 5.1


def test_the_bank_is_right_or_unsure_within_the_stated_error(
    samples: tuple[Floats, Floats, Floats],
    places: tuple[Floats, Floats],
    reference: tuple[NDArray[np.intp], NDArray[np.bool_], Floats],
) -> None:
    best, equal, away = reference
    found = load_mekong().locate_many(*places)
    inside = (away < 4999.0) & ~equal
    last = len(samples[0]) - 1
    before, after = np.maximum(best - 3, 0), np.minimum(best + 3, last)
    flow, _, _ = GEOD.inv(
        samples[0][before], samples[1][before], samples[0][after], samples[1][after]
    )
    bearing, _, _ = GEOD.inv(samples[0][best], samples[1][best], *places)
    left = np.where((bearing - flow) % 360.0 > 180.0, 1, -1)
    answer = inside & (found.side != 0)
    ends = (best < 3) | (best > last - 3)  # beyond an end of the line there is no bank to be on
    assert answer.sum() > 60_000
    assert (found.side == left)[answer & ~ends].all()
    unsure = inside & (found.side == 0)
    assert (np.abs(found.offset_m) <= found.error_m)[unsure].all()
    assert (away <= found.error_m + 2.6)[unsure].all()
    assert (away[answer] > found.error_m[answer] - 2.6).all()


def test_kilometre_to_place_and_back_is_within_a_metre() -> None:
    mekong = load_mekong()
    kms = np.random.default_rng(7).uniform(*mekong.km_range, COUNT)
    found = mekong.locate_many(*mekong.at_kms(kms))
    assert np.abs(found.km - kms).max() <= 0.001
    assert np.abs(found.offset_m).max() < 0.1
