"""Meetings of two units, and hours in which nobody was there."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from gis.errors import RuleError
from gis.fences.events import FenceEvent
from gis.fences.index import FenceSet
from gis.fences.rules import Meet, Void
from gis.fences.settings import FenceSettings
from gis.fences.void import watches
from gis.fences.watch import FenceWatch
from gis.position import Position
from tests.gis.fences.tracks import NOON, fix, seconds, square, told

MEET = [Meet(id="meet", within_m=100.0, for_s=60.0)]


def boats(gap_m: float, *, count: int = 60) -> list[tuple[str, Position]]:
    """A boat that passes one that lies still, ten metres a second, on a course `gap_m` beside."""
    out = []
    for n in range(count):
        out += [fix(10.0 * n, -2000.0 + 100.0 * n, gap_m, unit="a"),
                fix(10.0 * n + 5.0, 0.0, 0.0, unit="b")]  # fmt: skip
    return out


def test_two_who_lie_together_met_and_two_who_pass_did_not() -> None:
    assert told([], MEET, boats(50.0)) == []
    stays = [each for each in boats(50.0) if seconds_of(each) <= 200.0 or each[0] == "b"]
    stays += [fix(210.0 + 10.0 * n, 0.0, 50.0, unit="a") for n in range(20)]
    (event,) = told([], MEET, stays)
    assert event.units == ("a", "b")
    # Nearer than 100 m from 86.6 m before on.
    assert seconds(event) == pytest.approx(200.0 - 8.66 + 60.0, abs=1.0)
    assert told([], MEET, stays[::-1]) == [event]


def test_they_part_only_when_farther_than_both_may_be_off() -> None:
    close = [fix(10.0 * n, 0.0, 0.0, unit="a") for n in range(60)]
    # 95 and 110 m in turn: with fixes of 5 m that is one meeting.
    close += [fix(10.0 * n, 95.0 if n % 6 else 110.0, 0.0, unit="b") for n in range(60)]
    assert len(told([], MEET, close)) == 1
    apart = [fix(10.0 * n, 0.0, 0.0, unit="a") for n in range(60)]
    apart += [fix(10.0 * n, 50.0 if n % 30 < 20 else 400.0, 0.0, unit="b") for n in range(60)]
    assert len(told([], MEET, apart)) == 2


def test_who_was_silent_did_not_meet() -> None:
    lying = [fix(10.0 * n, 0.0, 0.0, unit="a") for n in range(100)]
    silent = [fix(t, 20.0, 0.0, unit="b") for t in (0.0, 10.0, 800.0, 810.0)]
    assert told([], MEET, lying + silent) == []


def test_who_is_heard_of_late_met_from_its_first_fix_on() -> None:
    # The other was last heard of at the very time of that fix, and was alone until it came.
    came = [fix(t, 0.0, 0.0, unit="a") for t in (-10.0, 0.0)]
    came += [fix(t, 50.0, 0.0, unit="b") for t in (10.0, 20.0, 0.0, 60.0)]
    came += [fix(t, 0.0, 0.0, unit="a") for t in (30.0, 60.0)]
    (event,) = told([], MEET, came)
    assert (event.units, seconds(event)) == (("a", "b"), 60.0)
    assert told([], MEET, sorted(came, key=seconds_of)) == [event]


def test_a_meeting_of_yesterday_is_not_told_again_when_a_fix_comes_late() -> None:
    lying = [
        fix(day + t, 50.0 * (unit == "b"), 0.0, unit=unit)
        for day, times in ((0.0, range(0, 100, 10)), (93_600.0, (0, 10, 20, 30, 15)))
        for t in times
        for unit in ("a", "b")
    ]
    (event,) = told([], MEET, lying)
    assert seconds(event) == 60.0


def passing(t: float) -> float:
    """How far a boat is from one that lies still: it comes, stays some minutes, and leaves."""
    return 30.0 + max(0.0, 5.0 * abs(t - 450.0) - 800.0)


def test_a_meeting_stands_when_a_fix_is_older_than_what_is_held_of_the_other() -> None:
    # Of "busy" all before 1,088 s is let go of; who was where at 305 s is not known any more.
    came = [fix(2.0 * n, 0.0, 0.0, unit="busy") for n in range(5600)]
    came += [fix(20.0 * n, passing(20.0 * n), 0.0, unit="quiet") for n in range(560)]
    came.sort(key=seconds_of)
    (event,) = told([], MEET, came, batch=50)
    assert seconds(event) == pytest.approx(336.0, abs=0.1)
    late = fix(305.0, passing(305.0), 0.0, unit="quiet")
    assert told([], MEET, [*came, late], batch=50) == [event]


def test_hours_together_are_one_meeting_when_fixes_come_as_late_as_may_be() -> None:
    limits = FenceSettings(most_fixes=200)
    watch = FenceWatch(FenceSet([]), MEET, settings=limits)
    events: list[FenceEvent] = []
    for n in range(600):
        fixes = [fix(10.0 * n, 0.0, 0.0, unit="a"), fix(10.0 * n, 30.0, 0.0, unit="b")]
        if n > 250 and n % 20 == 0:
            fixes.append(fix(oldest(watch, "a", limits) + 5.0, 0.0, 0.0, unit="a"))
        outcome = watch.see(fixes)
        assert outcome.withdrawn == ()
        events += outcome.added
    assert [seconds(event) for event in events] == [60.0]
    assert watch.refused["late"] == 0


def test_one_heard_each_second_and_one_each_three_minutes_meet_once() -> None:
    limits = FenceSettings(late_s=600.0)
    watch = FenceWatch(FenceSet([]), MEET, settings=limits)
    events: list[FenceEvent] = []
    for n in range(30):
        fixes = [fix(170.0 * n + t, 0.0, 0.0, unit="busy") for t in range(-169, 1) if n or not t]
        fixes.append(fix(170.0 * n, 30.0, 0.0, unit="quiet"))
        events += watch.see(fixes).added
        if n > 11:
            late = fix(oldest(watch, "quiet", limits) + 1.0, 30.0, 0.0, unit="quiet")
            outcome = watch.see([late])
            assert outcome.withdrawn == ()
            events += outcome.added
    assert [seconds(event) for event in events] == [60.0]


@pytest.mark.parametrize("n", [8, 11, 13, 16])
def test_the_way_to_a_late_fix_began_before_what_may_come_late(n: int) -> None:
    # They came near each other two minutes before the late fixes, which tell of it.
    came = [fix(float(t), 0.0, 0.0, unit="busy") for t in range(3600)]
    came += [fix(170.0 * n, 110.0, 0.0, unit="quiet") for n in range(21)]
    late = [fix(170.0 * n + t, 30.0, 0.0, unit="quiet") for t in (150.0, 165.0)]
    limits = FenceSettings(late_s=600.0)
    (event,) = told([], MEET, sorted(came + late, key=seconds_of), settings=limits)
    came.sort(key=seconds_of)
    after = sum(seconds_of(each) <= 170.0 * n + 745.0 for each in came)
    assert told([], MEET, came[:after] + late + came[after:], settings=limits) == [event]


def test_only_the_named_meet() -> None:
    rule = [Meet(id="meet", within_m=100.0, for_s=60.0, units=frozenset({"a", "c"}))]
    lying = [fix(10.0 * n, 0.0, 0.0, unit=unit) for n in range(30) for unit in ("a", "b", "c")]
    (event,) = told([], rule, lying)
    assert event.units == ("a", "c")
    with pytest.raises(RuleError, match="within_m"):
        Meet(id="far", within_m=1e6, for_s=60.0)


def void(**given: object) -> Void:
    values = {
        "id": "nobody", "area": "a", "units": frozenset({"boat"}), "start": time(20),
        "end": time(4), "zone": "Asia/Vientiane",
    } | given  # fmt: skip
    return Void(**values)  # type: ignore[arg-type]


def night(rule: Void, fixes: list[tuple[str, Position]]) -> FenceWatch:
    watch = FenceWatch(FenceSet([square("a")]), [rule], since=NOON)
    watch.see(fixes)
    return watch


def test_a_night_with_nobody_is_told_when_it_is_over_and_not_before() -> None:
    watch = night(void(), [])
    # 20:00 to 04:00 in Vientiane is 13:00 to 21:00 UTC.
    assert watch.clock(NOON + timedelta(hours=8, minutes=59)).added == ()
    (event,) = watch.clock(NOON + timedelta(hours=9)).added
    assert event.earliest == NOON + timedelta(hours=1)
    assert event.time == event.latest == NOON + timedelta(hours=9)
    assert watch.clock(NOON + timedelta(hours=9, minutes=1)).added == ()


def test_a_late_fix_that_shows_somebody_withdraws_it() -> None:
    watch = night(void(), [])
    (event,) = watch.clock(NOON + timedelta(hours=9)).added
    there = [fix(7200.0 + 10.0 * n, 500.0) for n in range(3)]
    outcome = watch.see(there)
    assert outcome.withdrawn == (event,)
    stranger = night(void(), [fix(7200.0 + 10.0 * n, 500.0, unit="x") for n in range(3)])
    assert len(stranger.clock(NOON + timedelta(hours=9)).added) == 1


def test_empty_for_an_hour_is_told_for_each_such_time() -> None:
    there = [fix(3.5 * 3600.0 + 30.0 * n, 500.0) for n in range(240)]  # 15:30 to 17:30 UTC
    watch = night(void(longer_s=3600.0), there)
    events = watch.clock(NOON + timedelta(hours=9)).added
    hours = [(event.time - NOON).total_seconds() / 3600.0 for event in events]
    assert hours == pytest.approx([2.0, 6.5], abs=0.06)  # three minutes' grace after a last fix


def test_the_hours_are_those_of_the_zone_on_days_when_clocks_change() -> None:
    begin = datetime(2026, 3, 28, tzinfo=UTC).timestamp()
    spans = list(watches(void(zone="Europe/Berlin"), since=begin, until=begin + 3 * 86400.0))
    assert [(b - a) / 3600.0 for a, b in spans] == [7.0, 8.0]
    with pytest.raises(RuleError, match="no time zone is called 'Mars'"):
        void(zone="Mars")


def seconds_of(each: tuple[str, Position]) -> float:
    when = each[1].time
    assert when is not None
    return (when - NOON).total_seconds()


def oldest(watch: FenceWatch, unit: str, limits: FenceSettings) -> float:
    """After how many seconds a fix of a unit is still taken."""
    return watch.tracks[unit].horizon(limits) - NOON.timestamp()
