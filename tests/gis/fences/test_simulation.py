"""The judge at a small size, as CI runs it; at full size: `python -m tests.endurance.fences`."""

from __future__ import annotations

import pytest

from tests.gis.fences.simulation import (
    Radio,
    moored_inside,
    moored_outside,
    moving,
    passes,
)


@pytest.mark.parametrize("radio", [Radio(10.0, 5.0), Radio(60.0, tells_accuracy=False)])
def test_boats_that_pass_through_sixty_metres_are_reported(radio: Radio) -> None:
    score = passes(7, 60, 60.0, radio)
    assert score.recall == 1.0
    assert score.false == 0


def test_boats_moored_inside_are_reported_within_ten_minutes() -> None:
    count, ever, soon = moored_inside(7, 12, Radio(30.0, tells_accuracy=False))
    assert (ever, soon) == (count, count)


def test_wrong_reports_ring_for_no_boat_moored_outside_or_going_about() -> None:
    radio = Radio(60.0, tells_accuracy=False, tells_speed=True, outliers=0.02)
    assert moored_outside(7, 24.0, radio).false == 0
    assert moving(7, 12.0, radio).false == 0
