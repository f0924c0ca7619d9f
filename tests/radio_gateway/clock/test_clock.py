"""The time of a process goes on when the machine's clock is set, and says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from radio_gateway.clock.clock import Clock, words
from radio_gateway.messages.transmission import Transmission

START = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
HOUR_S = 3600.0


class Machine:
    """A calendar that can be set, and seconds that only pass."""

    def __init__(self) -> None:
        self.passed_s = 1000.0
        self.set_by_s = 0.0

    def wall_ns(self) -> int:
        return round((START.timestamp() + self.passed_s - 1000.0 + self.set_by_s) * 1e9)

    def steady_ns(self) -> int:
        return round(self.passed_s * 1e9)

    @property
    def true(self) -> datetime:
        return START + timedelta(seconds=self.passed_s - 1000.0)

    @property
    def wall(self) -> datetime:
        return self.true + timedelta(seconds=self.set_by_s)


class Run:
    """A clock on a machine, looked at each second while radios talk."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.clock = Clock(wall_ns=self.machine.wall_ns, steady_ns=self.machine.steady_ns)

    def go(
        self,
        seconds: int,
        *,
        radios: int = 0,
        told: Callable[[Machine], datetime] = lambda machine: machine.true,
        heard: Callable[[Clock], datetime] = lambda clock: clock.now(),
    ) -> None:
        for _ in range(seconds):
            self.machine.passed_s += 1.0
            self.clock.look()
            at = heard(self.clock)
            self.clock.observe(said(f"ais:{n}", told(self.machine), at) for n in range(radios))

    def off_s(self) -> float:
        return (self.clock.now() - self.machine.true).total_seconds()


def said(address: str, device_time: datetime | None, heard_at: datetime) -> Transmission:
    protocol, _, device = address.partition(":")
    return Transmission(
        protocol=protocol,
        device=device,
        kind="position",
        channel="ais",
        heard_at=heard_at,
        device_time=device_time,
    )


def test_it_is_the_machines_clock_while_nothing_is_wrong() -> None:
    run = Run()
    run.go(30, radios=3)
    assert run.off_s() == 0.0
    assert run.clock.doubt is None
    assert run.clock.health().state == "open"


def test_what_a_time_server_slews_or_steps_a_little_is_followed() -> None:
    run = Run()
    for by_s in (0.4, -1.2, 2.5):
        run.machine.set_by_s += by_s
        run.go(1)
        assert run.clock.doubt is None
        assert run.off_s() == pytest.approx(run.machine.set_by_s)


@pytest.mark.parametrize("radios", [0, 1, 5])
def test_set_back_it_goes_on_and_says_so_at_once(radios: int) -> None:
    run = Run()
    run.go(30, radios=radios)
    run.machine.set_by_s = -HOUR_S
    assert run.off_s() == pytest.approx(0.0)  # the very next question, not the next tick
    run.go(1, radios=radios)
    doubt = run.clock.doubt
    assert doubt is not None
    assert (doubt.kind, doubt.by_s, doubt.followed) == ("set", -HOUR_S, False)
    assert abs(doubt.at - run.machine.true) < timedelta(seconds=3)
    run.go(300, radios=radios)
    assert run.off_s() == pytest.approx(0.0)
    assert "set back by 1:00:00 at 2026-11-24 02:30:3" in words(doubt)
    assert run.clock.health().fault == words(doubt)
    assert run.clock.health().state == "down"


def test_set_ahead_it_goes_on_when_radios_bore_the_time_out() -> None:
    run = Run()
    run.go(30, radios=2)
    run.machine.set_by_s = HOUR_S
    run.go(300, radios=2)
    assert run.off_s() == pytest.approx(0.0)
    assert run.clock.doubt is not None
    assert not run.clock.doubt.followed


@pytest.mark.parametrize("radios", [0, 2])
def test_a_computer_without_a_battery_clock_is_set_right_after_its_start(radios: int) -> None:
    run = Run()
    run.machine.set_by_s = -400 * 86_400.0
    run.clock = Clock(wall_ns=run.machine.wall_ns, steady_ns=run.machine.steady_ns)
    run.go(120, radios=radios)
    run.machine.set_by_s = 0.0
    run.go(2, radios=radios)
    assert run.off_s() == 0.0
    if radios:
        assert run.clock.doubt is None, "radios tell that it is right now"
    else:
        assert run.clock.doubt is not None
        assert run.clock.doubt.followed


def test_a_clock_nobody_bears_out_is_doubted_for_a_day() -> None:
    run = Run()
    run.machine.set_by_s = HOUR_S
    run.go(1)
    run.machine.passed_s += 86_300
    run.go(1)
    assert run.clock.doubt is not None
    run.machine.passed_s += 200
    run.go(1)
    assert run.clock.doubt is None


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
@pytest.mark.parametrize("radios", [0, 3])
def test_back_where_it_was_the_doubt_is_over(by_s: float, radios: int) -> None:
    run = Run()
    run.go(20, radios=radios)
    run.machine.set_by_s = by_s
    run.go(60, radios=radios)
    assert run.clock.doubt is not None
    run.machine.set_by_s = 0.4
    run.go(1, radios=radios)
    assert run.clock.doubt is None
    assert run.off_s() == pytest.approx(0.4)
    assert run.clock.health().fault is None


def test_a_wrong_clock_that_is_set_right_is_followed_once_radios_say_so() -> None:
    run = Run()
    run.machine.set_by_s = HOUR_S
    run.clock = Clock(wall_ns=run.machine.wall_ns, steady_ns=run.machine.steady_ns)
    run.go(5, radios=1)
    run.machine.set_by_s = 0.0  # back: might be either; so it is held
    run.go(1)
    assert run.off_s() == pytest.approx(HOUR_S)
    run.go(5, radios=1)
    assert run.off_s() == pytest.approx(HOUR_S), "one radio may be wrong"
    run.go(2, radios=3)
    assert run.off_s() == pytest.approx(0.0)
    assert run.clock.doubt is None


def test_radios_set_to_local_time_decide_nothing() -> None:
    run = Run()
    local = timedelta(hours=7)
    run.go(30, radios=5, told=lambda machine: machine.true + local)
    assert run.off_s() == 0.0
    assert run.clock.doubt is not None
    assert run.clock.doubt.kind == "differs"
    assert run.clock.doubt.by_s == pytest.approx(local.total_seconds(), abs=2)
    assert run.clock.doubt.radios == 5
    assert "the clocks of 5 radios are all 7:00:00 ahead" in words(run.clock.doubt)


def test_a_clock_wrong_from_the_start_is_reported_and_cleared() -> None:
    run = Run()
    run.machine.set_by_s = -HOUR_S
    run.clock = Clock(wall_ns=run.machine.wall_ns, steady_ns=run.machine.steady_ns)
    run.go(5, radios=4)
    assert run.clock.doubt is None, "not before it has lasted"
    run.go(20, radios=4)
    doubt = run.clock.doubt
    assert doubt is not None
    assert doubt.by_s == pytest.approx(HOUR_S, abs=2)
    run.machine.set_by_s = 0.0
    run.go(3, radios=4)
    assert run.clock.doubt is None
    assert run.off_s() == 0.0


def test_radios_that_each_tell_another_time_decide_nothing() -> None:
    run = Run()
    for second in range(60):
        run.machine.passed_s += 1
        run.clock.look()
        run.clock.observe(
            said(f"x:{n}", run.machine.true - timedelta(minutes=10 * n + second), run.clock.now())
            for n in range(1, 6)
        )
    assert run.clock.doubt is None


def test_a_backlog_of_a_border_post_says_nothing_of_the_clock_now() -> None:
    run = Run()
    late = timedelta(minutes=30)
    run.go(
        60,
        radios=5,
        told=lambda machine: machine.true - late,
        heard=lambda clock: clock.now() - late,
    )
    assert run.clock.doubt is None


def test_a_recording_says_nothing_of_the_clock_now() -> None:
    run = Run()
    run.clock.recordings.add("ais")
    run.go(60, radios=5, told=lambda machine: machine.true - timedelta(days=2))
    assert run.clock.doubt is None


def test_a_process_that_stood_still_between_two_looks_doubts_nothing() -> None:
    run = Run()
    steps = iter([0.0, 500.0])  # the steady clock is read, then all stands still for a while

    def wall_ns() -> int:
        run.machine.passed_s += next(steps, 0.0)
        return run.machine.wall_ns()

    clock = Clock(wall_ns=wall_ns, steady_ns=run.machine.steady_ns)
    clock.now()
    clock.look()
    assert clock.doubt is None


def test_receptions_meanwhile_are_flagged() -> None:
    run = Run()
    one = said("ais:1", None, run.clock.now())
    assert run.clock.mark(one) is one
    run.machine.set_by_s = -HOUR_S
    run.go(1)
    marked = run.clock.mark(one)
    assert marked.flags == ("doubtful_clock",)
    assert run.clock.mark(marked) is marked


@pytest.mark.parametrize(("radios", "after_s"), [(1, 700), (0, 86_500)])
def test_a_time_that_nothing_tells_any_more_is_not_held_for_ever(radios: int, after_s: int) -> None:
    run = Run()
    run.go(30, radios=radios)
    run.machine.set_by_s = -HOUR_S
    run.go(60, radios=radios, told=lambda machine: machine.wall)
    assert run.off_s() == pytest.approx(0.0)
    run.go(after_s, radios=radios, told=lambda machine: machine.wall)
    assert run.clock.doubt is None
    assert run.off_s() == pytest.approx(-HOUR_S)
