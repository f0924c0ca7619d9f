"""Coverage tells of the stretch of river that was asked for, in whole kilometres."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from maps.reports.kinds.coverage import reported_kilometres

WHOLE = (0.0, 2754.5)
SURVEYED = (2340.6, 2380.2)  # a centreline of the site's own


@pytest.mark.parametrize(
    ("river", "asked", "told"),
    [
        (WHOLE, (2350.0, 2360.0), (2350.0, 2360.0)),
        (WHOLE, (2360.0, 2350.0), (2350.0, 2360.0)),
        (WHOLE, (2350.4, 2359.6), (2350.0, 2360.0)),
        (WHOLE, (2700.0, 2760.0), (2700.0, 2754.5)),
        (SURVEYED, (2340.0, 2350.0), (2340.6, 2350.0)),
    ],
)
def test_a_stretch_is_what_was_asked_for_as_far_as_the_river_runs(
    river: tuple[float, float], asked: tuple[float, float], told: tuple[float, float]
) -> None:
    land = SimpleNamespace(river=SimpleNamespace(km_range=river))
    report: Any = SimpleNamespace(site=SimpleNamespace(land=land), km_from=asked[0], km_to=asked[1])
    assert reported_kilometres(report, []) == told
