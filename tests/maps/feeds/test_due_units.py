"""What a feed tells, and when: at once, not too often, not too old, and taken back."""

from __future__ import annotations

from datetime import timedelta

from maps.feeds.due_units import DueUnits
from patrol.units.wire import UnitState
from tests.maps.feeds.pictures import NOON, change, fix, later, snapshot, unit


def roll(max_age_s: float = 600.0) -> DueUnits:
    return DueUnits(wants=lambda state: state.known, max_age=timedelta(seconds=max_age_s))


def told(roll: DueUnits, after_s: float) -> list[tuple[str, str]]:
    """Return what is due so long after noon: what, and of whom."""
    return [(act, each.id) for act, each in roll.due(later(after_s), after_s)]


def test_a_picture_is_sent_whole_and_an_empty_one_not_at_all() -> None:
    it = roll()
    it.take(snapshot())
    assert told(it, 0) == []
    it.take(snapshot(unit("a"), unit("b", last=None)))
    assert told(it, 1) == [("whole", "a")]
    assert told(it, 2) == []


def test_a_move_is_sent_at_once_but_at_most_once_a_second_and_then_the_newest() -> None:
    it = roll()
    it.take(snapshot(unit("a")))
    told(it, 0)
    for tenth in range(1, 10):
        it.take(change(fixes=(fix("a", lat=20 + tenth, time=later(tenth / 10)),)))
        assert told(it, tenth / 10) == []
    assert it.wait_s(0.9) < 0.11
    (due,) = it.due(later(1.0), 1.0)
    assert due[0] == "move"
    assert due[1].last is not None
    assert due[1].last.lat == 29
    it.take(change(fixes=(fix("a", lat=21, time=later(5)),)))
    assert it.wait_s(5.0) == 0.0
    assert told(it, 5) == [("move", "a")]


def test_a_late_or_unlikely_position_is_not_sent() -> None:
    it = roll()
    it.take(snapshot(unit("a")))
    told(it, 0)
    it.take(change(fixes=(fix("a", lat=9, time=later(3), live=False),)))
    assert told(it, 5) == []


def test_a_position_too_old_is_not_sent_and_one_that_grows_too_old_is_sent_as_gone_once() -> None:
    it = roll(60)
    it.take(snapshot(unit("a"), unit("b", last=fix("b", time=later(-61)))))
    assert told(it, 0) == [("whole", "a")]
    assert told(it, 59) == []
    assert told(it, 62) == [("gone", "a")]
    assert told(it, 90) == []
    assert it.ids() == []
    it.take(change(fixes=(fix("a", time=later(100)),)))
    assert told(it, 100) == [("whole", "a")]


def test_static_data_is_sent_every_six_minutes_and_when_it_changes() -> None:
    it = roll(3600)
    it.take(snapshot(unit("a")))
    told(it, 0)
    assert told(it, 359) == []
    assert told(it, 362) == [("again", "a")]
    assert told(it, 600) == []
    it.take(change(units=(unit("a", "HX-9"),)))
    assert told(it, 601) == [("whole", "a")]


def test_a_call_for_help_is_sent_at_once_each_minute_and_when_it_is_over() -> None:
    it = roll(60)
    it.take(snapshot(unit("a", last=fix("a", time=later(-900)), distress=True)))
    assert told(it, 0) == [("call", "a")]
    assert told(it, 30) == []
    assert told(it, 62) == [("call", "a")]
    assert [act for act, _ in it.now_of("a")] == ["call"]
    it.take(change(units=(unit("a", last=None),)))
    assert told(it, 63) == [("call over", "a")]
    assert told(it, 200) == []


def test_a_call_without_any_position_is_reported_too() -> None:
    it = roll()
    it.take(snapshot(unit("a", last=None, distress=True)))
    assert told(it, 0) == [("call", "a")]


def test_what_may_not_be_seen_any_more_is_taken_back_first() -> None:
    it = roll()
    it.take(snapshot(unit("a", distress=True), unit("b"), unit("c")))
    told(it, 0)
    it.take(change(forget=("a",), fixes=(fix("b", lat=21, time=later(5)),)))
    due = it.due(later(5), 5)
    assert [(act, each.id, each.distress) for act, each in due] == [
        ("forgotten", "a", True),
        ("move", "b", False),
    ]
    it.take(snapshot(unit("b", last=fix("b", lat=21, time=later(5)))))
    assert told(it, 7) == [("forgotten", "c")]
    assert sorted(it.ids()) == ["b"]


def test_a_stale_marker_is_taken_back_too() -> None:
    it = roll(60)
    it.take(snapshot(unit("a")))
    assert told(it, 0) == [("whole", "a")]
    assert told(it, 90) == [("gone", "a")]
    it.take(change(forget=("a",)))
    assert told(it, 91) == [("forgotten", "a")]


def test_a_unit_that_is_not_wanted_any_more_is_taken_back() -> None:
    it = DueUnits(wants=lambda state: state.kind == "boat", max_age=timedelta(seconds=600))
    it.take(snapshot(unit("a"), unit("b", kind="vehicle")))
    assert told(it, 0) == [("whole", "a")]
    it.take(change(units=(unit("a", kind="vehicle"),)))
    assert told(it, 5) == [("forgotten", "a")]


def test_an_unknown_radio_never_gets_in_by_its_positions() -> None:
    it = roll()
    radio = UnitState(id="ais:574123456", call_sign="X", agency="joint", known=False)
    it.take(snapshot(radio))
    it.take(change(fixes=(fix("ais:574123456"), fix("of another view")), units=(radio,)))
    assert told(it, 0) == []


def test_after_a_lost_connection_everything_is_sent_again_and_hidden_items_are_deleted() -> None:
    it = roll()
    it.take(snapshot(unit("a"), unit("b")))
    told(it, 0)
    it.take(snapshot(unit("b")))
    it.start_over()
    assert told(it, 1) == [("forgotten", "a"), ("whole", "b")]


def test_it_waits_no_longer_than_for_what_may_grow_old() -> None:
    it = roll()
    it.take(snapshot(unit("a")))
    assert it.wait_s(0) == 0
    it.due(NOON, 0)
    assert 0 < it.wait_s(0.5) <= 2
