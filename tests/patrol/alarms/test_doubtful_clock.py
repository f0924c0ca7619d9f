"""A clock that was set: the map goes on, and nobody can miss that times are doubtful."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from patrol.alerts.alert import Alert
from patrol.watch.watch import Watch
from radio_gateway.clock.clock import Clock
from radio_gateway.messages.transmission import Transmission
from tests.fixtures.patience import until
from tests.patrol.nodes.running import AGENCY, NODE, START, Node, at, said
from tests.radio_gateway.clock.test_clock import HOUR_S, Machine


class OnMachine(Node):
    """A node whose clock is a machine's, that can be set."""

    def __init__(self, file: Path) -> None:
        self.machine = Machine()
        # what tests call second 0 is when the machine started
        ahead_ns = round((START - self.machine.true).total_seconds() * 1e9)
        self.wall_ns = lambda: self.machine.wall_ns() + ahead_ns
        self.clock = Clock(wall_ns=self.wall_ns, steady_ns=self.machine.steady_ns)
        super().__init__(file)

    def open(self) -> None:
        super().open()
        self.watch = Watch(self.store, node=NODE, agency=AGENCY, clock=self.clock)

    async def go(self, seconds: float, *boats: str, gps: bool = True) -> None:
        """Let time pass, and the boats report, each a little further north."""
        self.machine.passed_s += seconds
        second = self.machine.passed_s - 1000.0
        reports: list[Transmission] = []
        for boat in boats:
            heard_at = self.clock.now()
            more: dict[str, Any] = {} if gps else {"device_time": None}
            reports.append(said(boat, second, lat=20.27 + second * 1e-6, heard_at=heard_at, **more))
        await self.hear(*reports)

    def alerts(self) -> list[Alert]:
        return [
            each
            for each in self.watch.document_service.open_documents.all(Alert)
            if each.rule == "doubtful_clock"
        ]


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[OnMachine]:
    started = OnMachine(tmp_path / "patrol.db")
    await started.start()
    yield started
    await started.stop()


@pytest.mark.parametrize("by_s", [-HOUR_S, HOUR_S])
async def test_the_map_goes_on_and_everybody_is_notified_until_it_is_right_again(
    node: OnMachine, by_s: float
) -> None:
    await node.go(5, "a", "b")
    await node.go(5, "a", "b")
    node.machine.set_by_s = by_s
    await node.go(5, "a", "b")
    for boat in ("test:a", "test:b"):
        state = node.state(boat)
        assert state.last is not None
        assert state.last.time == at(15)
        assert state.last.lat == pytest.approx(20.270015)
        assert state.liveness == "live"
        assert "late" not in state.last.flags
    await until(lambda: bool(node.alerts()))
    alert = node.alerts()[0]
    assert (alert.severity, alert.agency) == ("high", AGENCY)
    assert alert.facts["computer"] == NODE
    assert alert.facts["by"] == ("+1:00:00" if by_s > 0 else "-1:00:00")
    channel_health = node.watch.picture.channels["clock"]
    assert channel_health.state == "down"
    assert channel_health.clock is not None
    assert (channel_health.clock.kind, channel_health.clock.by_s) == ("set", by_s)
    assert f"set {'ahead' if by_s > 0 else 'back'} by 1:00:00" in (channel_health.fault or "")

    await node.go(5, "a", "b")  # and is marked
    last = node.state("test:a").last
    assert last is not None
    assert last.time == at(20)
    assert "doubtful_clock" in last.flags
    assert len(node.alerts()) == 1

    node.machine.set_by_s = 0.0
    await until(lambda: node.watch.picture.channels["clock"].state == "open")
    assert node.watch.picture.channels["clock"].clock is None
    await until(lambda: all(each.state.startswith("returned") for each in node.alerts()))
    await node.go(5, "a", "b")
    last = node.state("test:a").last
    assert last is not None
    assert (last.time, last.flags) == (at(25), ())


async def test_commander_and_technician_are_notified(node: OnMachine) -> None:
    node.machine.set_by_s = -HOUR_S
    await until(lambda: bool(node.alerts()))
    assert {"commander", "technician"} <= set(node.alerts()[0].notified_roles)


@pytest.mark.parametrize("gps", [True, False])
async def test_with_radios_that_tell_no_time_a_clock_set_back_freezes_nothing(
    node: OnMachine, gps: bool
) -> None:
    await node.go(5, "a", gps=gps)
    node.machine.set_by_s = -HOUR_S
    for _ in range(3):
        await node.go(5, "a", gps=gps)
    last = node.state("test:a").last
    assert last is not None
    assert last.time == at(20)


async def test_a_gateway_whose_clock_is_ahead_counts_as_of_now_and_freezes_nothing_later(
    node: OnMachine,
) -> None:
    await node.go(5, "a")
    node.machine.passed_s += 5
    ahead = said("a", 10, lat=20.2701, heard=10 + HOUR_S, device_time=None)
    await node.hear(ahead)
    last = node.state("test:a").last
    assert last is not None
    assert (last.time, last.lat) == (at(10), 20.2701)
    node.machine.passed_s += 60  # its clock is right again
    await node.hear(said("a", 70, lat=20.2702, device_time=None))
    last = node.state("test:a").last
    assert last is not None
    assert (last.time, last.lat) == (at(70), 20.2702)


async def test_a_radio_that_says_no_place_by_a_gateway_whose_clock_is_ahead_ends_nothing(
    node: OnMachine,
) -> None:
    node.machine.passed_s += 5
    await node.hear(said("a", 5, lon=None, heard=5 + HOUR_S, device_time=None, distress=True))
    await until(lambda: node.state("test:a").heard_at == at(5))
    assert node.state("test:a").distress
    await node.again()  # what is stored of it is from the future still
    await until(lambda: node.state("test:a").heard_at == at(5))
    await node.go(5, "a")
    assert node.state("test:a").last is not None


async def test_what_is_known_from_the_future_counts_as_of_now_and_what_comes_moves_the_mark(
    node: OnMachine,
) -> None:
    """A restart under a clock that is an hour behind what was stored before it."""
    await node.go(5, "a")
    node.machine.passed_s -= HOUR_S
    node.machine.set_by_s = 0.0
    node.clock = Clock(wall_ns=node.wall_ns, steady_ns=node.machine.steady_ns)
    await node.again()

    def fits_the_clock() -> bool:
        last = node.state("test:a").last
        return last is not None and last.time is not None and last.time <= node.clock.now()

    await until(fits_the_clock)
    node.machine.passed_s += 10
    second = node.machine.passed_s - 1000.0
    await node.hear(said("a", second, lat=20.2705, heard_at=node.clock.now()))
    last = node.state("test:a").last
    assert last is not None
    assert (last.lat, last.time) == (20.2705, at(second))


async def test_a_call_for_help_under_a_doubtful_clock_is_never_taken_for_one_that_is_over(
    node: OnMachine,
) -> None:
    """This computer was an hour ahead, is set back and not believed; a gateway's clock is right."""
    await node.hear(said("a", 0, distress=True, heard_at=node.clock.now()))
    await node.go(5, "b")
    node.machine.set_by_s = -HOUR_S
    await node.go(5, "b")
    await node.desk().registry.clear_distress("test:a")
    await node.hear(said("a", 900 - HOUR_S, distress=True, heard=900 - HOUR_S))
    assert node.state("test:a").distress


async def test_words_and_clears_from_the_future_count_as_of_now(node: OnMachine) -> None:
    await node.hear(said("a", 5, text="old words", kind="text", distress=True))
    await node.desk().registry.clear_distress("test:a")
    node.machine.passed_s -= HOUR_S
    node.clock = Clock(wall_ns=node.wall_ns, steady_ns=node.machine.steady_ns)
    await node.again()
    contact = node.watch.picture.contacts["test:a"]
    await until(lambda: not contact.is_ahead(node.clock.now()))
    assert contact.heard_at is not None
    assert contact.heard_at <= node.clock.now()
    node.machine.passed_s += 10
    second = node.machine.passed_s - 1000.0
    now = node.clock.now()
    await node.hear(said("a", second, text="new words", kind="text", heard_at=now, distress=True))
    assert node.state("test:a").text == "new words"
    assert node.state("test:a").distress
