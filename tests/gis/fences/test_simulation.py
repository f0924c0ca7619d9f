"""The labelled set, small: what is found, what is raised falsely, whether order matters.

At full size: `python -m tests.gis.fences.simulation`.
"""

from __future__ import annotations

import pytest

from gis.fences.settings import FenceSettings
from tests.gis.fences.simulation import simulate


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_must_be_found_is_and_what_is_no_crossing_is_not_told() -> None:
    figures, same = simulate(count=60, hours=6.0, shuffles=2)
    assert figures.boat_hours > 350.0
    assert figures.clear > 1000
    assert figures.recall >= 0.99
    assert figures.false_per_1000_h <= 1.0
    assert figures.appeared_wrong == 0
    assert figures.error_median_s < 1.0
    assert all(same)


@pytest.mark.slow
def test_the_set_is_hard_without_hysteresis() -> None:
    bare = FenceSettings(margin_accuracies=0.01)
    figures, _ = simulate(count=16, hours=3.0, shuffles=0, settings=bare)
    assert figures.false_per_1000_h > 1000.0
