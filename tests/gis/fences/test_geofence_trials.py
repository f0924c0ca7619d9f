"""The trials of geofences at a small size, as CI runs them; in full by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tests.endurance.geofence_trials import run, trials

SEED = 4


def test_wrong_reports_ring_for_no_moored_boat() -> None:
    """Pairs of them fall among a boat's first reports, too, and on what a receiver at rest says."""
    word = "moored at the edge 300 s,  5 m, says accuracy and speed, outliers"
    [trial] = trials(SEED, 1, 160.0, word)
    assert run(trial, np.random.default_rng([SEED, 7, 0])).false == 0


@pytest.mark.parametrize(
    ("word", "least"),
    [
        ("straight through 60 m  10 s, 15 m, says neither", 0.97),
        ("straight through 60 m  60 s, 15 m, says neither", 0.97),
        ("moored 30 m inside  60 s, 15 m, says neither", 0.97),
    ],
)
def test_a_boat_that_passes_through_or_lies_inside_is_reported(word: str, least: float) -> None:
    """Of so few boats one may be missed where a thousand keep to 0.99."""
    [trial] = trials(SEED, 80, 1.0, word)
    row = run(trial, np.random.default_rng([SEED, 7, 0]))
    assert row.passages > 20
    assert row.told >= least * row.passages
