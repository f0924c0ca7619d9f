"""Under load alarms look at several batches together; calls for help and the last do not wait."""

from __future__ import annotations

from datetime import datetime
from time import monotonic

import pytest

from patrol.alarms.geofences import Fixes
from patrol.filing.writer_lock import WriterTurn
from patrol.intake.batch_interval import BatchInterval
from tests.fixtures.patience import until
from tests.patrol.nodes.alerting import GOES_IN, IN, OUT, alerts, only, put, sector, unit, way
from tests.patrol.nodes.running import Node, at, said

REST_S = 1.5


class Loaded(BatchInterval):
    """As under load: after a rest another batch follows, or a look at what was left."""

    def __init__(self) -> None:
        super().__init__()
        self.gather_s = 0.020

    def pause_s(self, cpu_s: float, began_s: float) -> float:
        return REST_S


async def hear(node: Node, *places: tuple[float, float]) -> None:
    """Hand in what a boat says, and wait until it is stored and shown."""
    node.time = at(places[-1][0])
    await node.hear(*way(*places))
    async with node.watch.turn:
        pass


@pytest.fixture
async def loaded(node: Node, monkeypatch: pytest.MonkeyPatch) -> Node:
    """A node under load with a boat before a no-go sector; no second of its clock passes."""

    async def stands(_turn: WriterTurn) -> None:
        pass

    await unit(node)
    await put(node, sector())
    await hear(node, *GOES_IN[:3])
    monkeypatch.setattr(node.watch.alarms, "tick", stands)
    monkeypatch.setattr(node.watch, "pace", Loaded())
    return node


async def test_who_comes_into_a_sector_with_the_last_batch_is_found_after_its_rest(
    loaded: Node,
) -> None:
    await hear(loaded, *GOES_IN[3:])
    assert alerts(loaded) == [], "the next batch is looked at together with this one"
    await until(lambda: alerts(loaded), within_s=10)
    assert at(10) < only(loaded).raised_at < at(20)


async def test_a_call_for_help_waits_for_nothing_and_takes_along_what_waits(loaded: Node) -> None:
    await hear(loaded, *GOES_IN[3:])
    await loaded.hear(said("a", 31, lon=IN, distress=True))
    async with loaded.watch.turn:
        assert {each.rule for each in alerts(loaded)} == {"no_go", "sos"}


async def test_what_waits_when_the_watch_ends_is_looked_at_before(loaded: Node) -> None:
    await hear(loaded, *GOES_IN[3:])
    assert alerts(loaded) == []
    await loaded.stop()
    assert at(10) < only(loaded).raised_at < at(20)


async def test_batches_are_looked_at_together_for_so_long_and_in_their_order(
    loaded: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    alarms, now_s = loaded.watch.alarms, monotonic()
    see = alarms.geofence_tracker.see
    monkeypatch.setattr("patrol.alarms.engine.monotonic", lambda: now_s)

    def noted(placed: Fixes, now: datetime) -> set[str]:
        fixes = list(placed)
        looks.append(len(fixes))
        return see(fixes, now)

    monkeypatch.setattr(alarms.geofence_tracker, "see", noted)
    for batch in ((20, IN), (30, IN), (40, OUT), (45, OUT)):
        await hear(loaded, batch)
        now_s += 0.0162
    await hear(loaded, (50, OUT))
    assert looks == [5], "with one more it would be older than 80 ms"
    alert = only(loaded)
    assert (alert.state, alert.version) == ("returned_unacknowledged", 2)
