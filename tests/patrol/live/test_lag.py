"""The lag from radio to viewer is counted by bucket, and never below nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from patrol.live.lag import BOUNDS_S, LagHistogram
from tests.patrol.nodes.running import at, running, said


def test_each_lag_is_in_the_bucket_of_the_least_bound_that_holds_it() -> None:
    lag = LagHistogram()
    lag.add([at(10 - each) for each in (0.01, 0.02, 7)], at(10))
    lag.add([at(-1000), at(30)], at(10))  # long ago; by a clock that is ahead
    counts = dict(zip((*BOUNDS_S, None), lag.counts, strict=True))
    assert {bound: count for bound, count in counts.items() if count} == {
        0.01: 2,
        0.025: 1,
        10.0: 1,
        None: 1,
    }
    assert lag.sum_s == pytest.approx(1017.03)


async def test_positions_count_once_they_are_shown_and_texts_do_not(tmp_path: Path) -> None:
    async with running(tmp_path / "p.db") as node:
        node.time = at(10)
        await node.hear(said("a", 8), said("b", 4), said("c", 1, lon=None, text="here"))
        assert sum(node.watch.lag.counts) == 2
        assert node.watch.lag.sum_s == pytest.approx(8)
