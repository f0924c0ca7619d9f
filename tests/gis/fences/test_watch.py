"""Rules about single units: hysteresis, passages between fixes, silences, outliers, late fixes."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from gis.errors import AreaError, PositionError, RuleError
from gis.fences.area import around, line, polygon
from gis.fences.index import FenceSet
from gis.fences.moves import Moves
from gis.fences.rules import Cross, Dwell, Enter, Leave, Meet, Near, Rule, Speed
from gis.fences.settings import FenceSettings
from gis.fences.sight import Sight
from gis.fences.watch import FenceWatch
from gis.geodesy import Floats
from gis.position import Position
from tests.gis.fences.tracks import LAT_M, LON_M, NOON, fix, run_of, seconds, square, told

IN_OUT: list[Rule] = [Enter(id="in", area="a"), Leave(id="out", area="a")]


def test_a_boat_that_goes_in_and_out_is_told_with_the_times_of_its_crossings() -> None:
    fixes = run_of(*[(-250.0 + 100.0 * n, 0.0) for n in range(16)])
    events = told([square("a")], IN_OUT, fixes)
    assert [(event.rule, round(seconds(event), 1)) for event in events] == [
        ("in", 25.0),
        ("out", 125.0),
    ]
    assert [event.bearing_deg for event in events] == [90.0, 90.0]
    assert events[0].lon == pytest.approx(100.0, abs=1e-6)
    assert events[0].earliest == NOON + timedelta(seconds=20)
    assert events[0].latest == NOON + timedelta(seconds=30)


def test_a_fast_boat_that_passes_between_two_fixes_went_in_and_out() -> None:
    # 120 m wide, fixes 300 m apart: none inside (traccar#3779 misses one pass in five).
    fixes = run_of(*[(-690.0 + 300.0 * n, 0.0) for n in range(6)], every_s=15.0, speed_mps=20.0)
    events = told([square("a", size_m=120.0)], IN_OUT, fixes)
    assert [(event.rule, round(seconds(event), 1)) for event in events] == [
        ("in", 34.5),
        ("out", 40.5),
    ]


def test_a_move_that_only_grazes_a_corner_says_nothing() -> None:
    # Ten metres beside the corner at (0, 500): less than the errors.
    fixes = run_of(*[(-250.0 + 100.0 * n, 240.0 + 100.0 * n) for n in range(6)])
    assert told([square("a")], IN_OUT, fixes) == []
    deep = run_of(*[(-250.0 + 100.0 * n, 140.0 + 100.0 * n) for n in range(6)])
    assert [event.rule for event in told([square("a")], IN_OUT, deep)] == ["in", "out"]


@pytest.mark.parametrize("seed", range(5))
def test_a_moored_boat_that_drifts_on_the_edge_says_nothing(seed: int) -> None:
    rng = random.Random(seed)
    fixes = [fix(10.0 * n, rng.gauss(0.0, 3.3), rng.gauss(0.0, 3.3)) for n in range(2000)]
    bare = shapely.box(100.0, 19.9, 100.1, 20.1)
    crossed = sum(
        bare.contains(shapely.Point(a.lon, a.lat)) != bare.contains(shapely.Point(b.lon, b.lat))
        for (_, a), (_, b) in itertools.pairwise(fixes)
    )
    assert crossed > 500  # what a fence without hysteresis would tell
    assert told([square("a")], IN_OUT, fixes, batch=100) == []


@pytest.mark.parametrize("more", [(), (Meet(id="met", within_m=20.0, for_s=20.0),)])
def test_a_unit_that_is_forgotten_is_as_one_that_was_never_heard_and_no_other_is(
    more: tuple[Rule, ...],
) -> None:
    rng = random.Random(5)
    watch, plain = (FenceWatch(FenceSet([square("a")]), [*IN_OUT, *more]) for _ in range(2))
    gone = {f"boat-{number}" for number in range(0, 100, 7)}
    later = 0
    for n in range(40):
        batch = [
            fix(10.0 * n, 12.0 * n - 200.0 - 3.0 * boat, 5.0 * boat + rng.gauss(0, 3))
            for boat in range(100)
        ]
        batch = [(f"boat-{boat}", each) for boat, (_, each) in enumerate(batch)]
        if n == 20:
            watch.forget(gone)
            assert gone.isdisjoint(watch.tracks)
        seen = watch.see(batch)
        expected = plain.see(each for each in batch if n >= 20 or each[0] not in gone)
        if n >= 20:
            assert seen == expected
            later += sum(not gone.isdisjoint(each.units) for each in seen.added)
    assert later > 10


def test_a_boat_that_waited_on_the_edge_is_told_when_it_went_not_when_it_was_proved() -> None:
    rng = random.Random(7)
    fixes = [fix(10.0 * n, -300.0 + 30.0 * n) for n in range(10)]
    fixes += [fix(100.0 + 10.0 * n, rng.uniform(-8.0, -1.0)) for n in range(100)]
    fixes += [fix(1100.0 + 10.0 * n, 5.0 + 10.0 * n) for n in range(10)]
    (event,) = told([square("a")], IN_OUT[:1], fixes)
    assert 1090.0 <= seconds(event) <= 1100.0


def test_who_is_first_heard_inside_has_appeared_and_not_entered() -> None:
    (event,) = told([square("a")], IN_OUT, run_of((500.0, 0.0), (510.0, 0.0)))
    assert (event.rule, event.how, seconds(event)) == ("in", "appeared", 0.0)


def test_who_is_first_heard_on_the_edge_is_on_neither_side_until_it_is_clear() -> None:
    fixes = run_of(*[(-5.0 + 10.0 * n, 0.0) for n in range(10)])
    (event,) = told([square("a")], IN_OUT, fixes)
    assert event.how == "appeared"
    assert told([square("a")], IN_OUT, run_of(*[(5.0 - 10.0 * n, 0.0) for n in range(10)])) == []


def test_an_outlier_raises_nothing() -> None:
    for far_m in (300.0, 5_000.0, 1e6):
        fixes = run_of(*[(-200.0, 3.0 * n) for n in range(20)])
        fixes[10] = fix(100.0, -200.0 + far_m)
        assert told([square("a", size_m=1e4)], IN_OUT, fixes) == [], far_m


def test_an_outlier_is_not_borne_out_by_the_good_fix_or_the_other_outlier_after_it() -> None:
    gate = line("gate", [(100.0, 19.99), (100.0, 20.01)])
    going = [fix(15.0 * n, -2000.0 + 240.0 * n, speed_mps=16.0) for n in range(12)]
    going[6] = fix(90.0, 40.0, speed_mps=16.0)  # 600 m ahead, nearer to what comes than the last
    (event,) = told([gate], [Cross(id="x", area="gate")], going)
    assert seconds(event) == pytest.approx(125.0)
    lying = [fix(30.0 * n, -540.0, speed_mps=0.2) for n in range(12)]
    lying[5], lying[6] = fix(150.0, 500.0, speed_mps=0.1), fix(180.0, 130.0, speed_mps=0.1)
    assert told([square("a")], IN_OUT, lying) == []
    # Sideways, no faster than it goes.
    along = [fix(15.0 * n, -60.0, 135.0 * n - 800.0, speed_mps=9.0) for n in range(12)]
    along[6] = fix(90.0, 140.0, 10.0, speed_mps=9.0)
    assert told([square("a", size_m=4000.0)], IN_OUT, along) == []


def test_a_boat_that_truly_is_elsewhere_is_believed_after_three_fixes() -> None:
    fixes = run_of((-9e4, 0.0), (-9e4, 5.0), *[(500.0, 5.0 * n) for n in range(3)])
    assert told([square("a")], IN_OUT, fixes[:4]) == []
    (event,) = told([square("a")], IN_OUT, fixes)
    assert event.how == "gap"  # it went in somewhere between; no boat could have


def test_after_a_silence_it_is_said_that_the_time_is_not_known() -> None:
    fixes = run_of(*[(-400.0 + 100.0 * n, 0.0) for n in range(3)])
    fixes += [fix(2000.0 + 10.0 * n, 400.0) for n in range(3)]
    (event,) = told([square("a")], IN_OUT, fixes)
    assert (event.rule, event.how) == ("in", "gap")
    assert event.earliest == NOON + timedelta(seconds=20)
    assert event.latest == NOON + timedelta(seconds=2000)


def test_what_may_have_been_passed_in_a_silence_is_said_to_be_possible() -> None:
    fixes = run_of((-400.0, 0.0), (-390.0, 0.0))
    fixes += [fix(2000.0 + 10.0 * n, 1400.0) for n in range(3)]
    events = told([square("a")], IN_OUT, fixes)
    assert [(event.rule, event.how) for event in events] == [
        ("in", "possible"),
        ("out", "possible"),
    ]


def test_a_line_is_crossed_in_its_direction() -> None:
    gate = line("gate", [(100.0, 19.99), (100.0, 20.01)])  # northward: east is on its right
    rules = [
        Cross(id="east", area="gate", direction="left_to_right"),
        Cross(id="west", area="gate", direction="right_to_left"),
        Cross(id="any", area="gate"),
    ]
    there = [(-250.0 + 100.0 * n, 0.0) for n in range(6)]
    events = told([gate], rules, run_of(*there, *reversed(there[:-1])))
    assert [(event.rule, round(seconds(event))) for event in events] == [
        ("any", 25),
        ("east", 25),
        ("any", 75),
        ("west", 75),
    ]
    assert events[1].side == "left_to_right"


def test_a_boat_moored_at_a_line_crosses_it_once_when_it_goes() -> None:
    rng = random.Random(3)
    gate = line("gate", [(100.0, 19.99), (100.0, 20.01)])
    fixes = [fix(10.0 * n, -300.0 + 30.0 * n) for n in range(10)]
    fixes += [fix(100.0 + 10.0 * n, rng.gauss(0.0, 4.0)) for n in range(300)]
    back = [*fixes, *(fix(3100.0 + 10.0 * n, -30.0 * n) for n in range(9))]
    on = [*fixes, *(fix(3100.0 + 10.0 * n, 30.0 * n) for n in range(9))]
    assert told([gate], [Cross(id="x", area="gate")], back, batch=7) == []
    (event,) = told([gate], [Cross(id="x", area="gate")], on, batch=7)
    assert event.side == "left_to_right"


def test_to_go_round_the_end_of_a_line_is_not_to_cross_it() -> None:
    gate = line("gate", [(100.0, 19.999), (100.0, 20.001)])
    round_it = [(-300.0, 0.0), (-200.0, 200.0), (0.0, 300.0), (200.0, 200.0), (300.0, 0.0)]
    assert told([gate], [Cross(id="x", area="gate")], run_of(*round_it)) == []


def test_dwelling_is_told_once_a_visit_and_not_before_it_is_sure() -> None:
    rule = [Dwell(id="long", area="a", longer_s=60.0)]
    fixes = run_of(*[(-150.0 + 100.0 * min(n, 4), 0.0) for n in range(30)])
    (event,) = told([square("a")], rule, fixes)
    assert seconds(event) == pytest.approx(75.0)
    assert told([square("a")], rule, fixes[:8]) == []
    assert told([square("a")], [Dwell(id="long", area="a", longer_s=900.0)], fixes) == []


def test_dwelling_counts_up_to_when_it_left_not_to_when_that_was_proved() -> None:
    rule = [Dwell(id="long", area="a", longer_s=100.0)]
    inside = [(-50.0, 0.0), *[(50.0, 0.0)] * 9, (-5.0, 0.0), (-6.0, 0.0), (-5.0, 0.0), (-50.0, 0.0)]
    # In at 5 s, out between 90 and 100 s; the next fixes are on the edge, the last one is clear.
    assert told([square("a")], rule, run_of(*inside, (-60.0, 0.0))) == []


def test_speeding_is_told_after_its_time_and_only_inside() -> None:
    rule = [Speed(id="fast", area="a", above_mps=8.0, for_s=30.0)]
    fast = run_of(*[(-250.0 + 100.0 * n, 0.0) for n in range(12)])
    (event,) = told([square("a")], rule, fast)
    assert seconds(event) == pytest.approx(55.0)  # in at 25 s
    slow = run_of(*[(-250.0 + 40.0 * n, 0.0) for n in range(40)])
    assert told([square("a")], rule, slow) == []
    creeping = [Speed(id="slow", area="a", below_mps=2.0, for_s=60.0)]
    lying = run_of((-100.0, 0.0), (0.0, 0.0), (100.0, 0.0), *[(200.0, 0.0)] * 20)
    (event,) = told([square("a")], creeping, lying)
    assert seconds(event) == pytest.approx(90.0)


def test_the_speed_a_radio_tells_is_preferred() -> None:
    rule = [Speed(id="fast", area="a", above_mps=8.0, for_s=30.0)]
    fixes = run_of(*[(100.0 + 5.0 * n, 0.0) for n in range(12)], speed_mps=12.0)
    assert [event.rule for event in told([square("a")], rule, fixes)] == ["fast"]


def test_near_a_crossing() -> None:
    crossing = around("x", lon=100.0, lat=20.0, radius_m=200.0)
    fixes = run_of(*[(-550.0 + 100.0 * n, 0.0) for n in range(12)])
    (event,) = told([crossing], [Near(id="near", area="x")], fixes)
    assert event.kind == "near"
    assert seconds(event) == pytest.approx(35.0, abs=0.2)


def test_a_rule_of_some_units_is_silent_about_others() -> None:
    rules = [Enter(id="in", area="a", units=frozenset({"boat"}))]
    other = [("other", each) for _, each in run_of(*[(-250.0 + 100.0 * n, 0.0) for n in range(6)])]
    assert told([square("a")], rules, other) == []


def test_across_the_antimeridian() -> None:
    area = polygon("a", shapely.box(179.99, -0.01, 180.01, 0.01))
    fixes = [
        ("boat", Position(lon=lon, lat=0.0, time=NOON + timedelta(seconds=60 * n), accuracy_m=5.0))
        for n, lon in enumerate([179.98, 179.985, 179.995, -179.995, -179.985, -179.98])
    ]
    events = told([area], IN_OUT, fixes)
    assert [event.rule for event in events] == ["in", "out"]
    assert events[0].lon == pytest.approx(179.99, abs=1e-4)
    assert events[1].lon == pytest.approx(-179.99, abs=1e-4)


@pytest.mark.parametrize("pole", [90.0, -90.0])
def test_over_a_pole(pole: float) -> None:
    area = around("a", lon=0.0, lat=pole, radius_m=3000.0)
    way = [(10.0, 0.05), (10.0, 0.04), (10.0, 0.01), (-170.0, 0.01), (-170.0, 0.04), (-170.0, 0.05)]
    fixes = [
        (
            "boat",
            Position(
                lon=lon,
                lat=pole - away if pole > 0.0 else pole + away,
                time=NOON + timedelta(seconds=150 * n),
                accuracy_m=5.0,
            ),
        )
        for n, (lon, away) in enumerate(way)
    ]
    events = told([area], IN_OUT, fixes)
    assert [event.rule for event in events] == ["in", "out"]
    assert abs(events[0].lat or 0.0) == pytest.approx(90.0 - 3000.0 / 111_694.0, abs=1e-4)


def test_a_late_fix_withdraws_what_it_disproves_and_adds_what_it_proves() -> None:
    watch = FenceWatch(FenceSet([square("a")]), IN_OUT)
    fixes = run_of(*[(-250.0 + 100.0 * n, 0.0) for n in range(5)])
    first = watch.see([*fixes[:2], *fixes[4:]])
    late = watch.see([fix(28.0, -30.0)])
    (before,) = first.added
    assert late.withdrawn == (before,)
    (after,) = late.added
    assert after.time > before.time
    assert watch.see([fix(28.0, -30.0)]) == watch.see([])
    assert watch.refused["twice"] == 1


class Counted(FenceSet):
    """Areas that count the moves they are asked about."""

    asked = 0

    def sights_and_room(
        self, given: Moves, *, room_m: float, brief: NDArray[np.bool_] | None = None
    ) -> tuple[list[tuple[Sight, ...]], Floats]:
        """Count, and answer."""
        self.asked += len(given)
        return super().sights_and_room(given, room_m=room_m, brief=brief)


def test_a_late_fix_is_worked_in_where_it_belongs_and_nowhere_else() -> None:
    fences = Counted([square("a")])
    watch = FenceWatch(fences, IN_OUT)
    watch.see(fix(10.0 * n, -500.0 + n) for n in range(3000))
    asked = fences.asked
    assert asked == 2999
    watch.see([fix(10_005.0, 500.0)])
    watch.see([fix(3_005.0, 9e4), fix(25_005.0, 1.0)])  # and two more, one of them wild
    assert fences.asked - asked <= 12


def test_a_boat_that_comes_to_no_edge_is_asked_about_once_and_one_that_is_on_it_always() -> None:
    fences = Counted([square("a")])
    watch = FenceWatch(fences, IN_OUT)
    for n in range(100):
        watch.see([fix(10.0 * n, -300.0 + n % 7)])
    assert fences.asked <= 3
    for n in range(100, 200):
        watch.see([fix(10.0 * n, -20.0 + n % 7)])  # not clear of it, and never over it
    assert fences.asked <= 8
    watch.see([fix(2000.0, 3.0), fix(2010.0, 2.0)])  # over it, and not clear of it
    asked = fences.asked
    for n in range(202, 302):
        watch.see([fix(10.0 * n, 3.0 - n % 7)])
    assert fences.asked - asked == 100


def test_memory_is_bounded_and_what_is_too_late_is_refused_and_counted() -> None:
    settings = FenceSettings(most_fixes=500, late_s=3600.0)
    watch = FenceWatch(FenceSet([square("a")]), IN_OUT, settings=settings)
    watch.see(fix(float(n), -200.0) for n in range(3000))
    for n in range(3000, 6000):
        watch.see([fix(float(n), -200.0)])
    track = watch.tracks["boat"]
    assert len(track.fixes) < 600
    chain, each = 0, track.fixes[0]
    while each.before is not None:
        each, chain = each.before, chain + 1
    assert chain <= 2  # what was let go of is not held by what is left
    assert not watch.see([fix(100.5, 500.0)]).added
    assert watch.refused["late"] == 1


def test_inside_says_who_is_there() -> None:
    watch = FenceWatch(FenceSet([square("a")]), [])
    watch.see(run_of(*[(-250.0 + 100.0 * n, 0.0) for n in range(6)]))
    assert watch.inside("a") == {"boat"}


def test_what_cannot_be_used_is_refused_with_words() -> None:
    with pytest.raises(RuleError, match="there is no area b"):
        FenceWatch(FenceSet([square("a")]), [Enter(id="in", area="b")])
    with pytest.raises(RuleError, match="is a polygon"):
        FenceWatch(FenceSet([square("a")]), [Cross(id="x", area="a")])
    with pytest.raises(RuleError, match="twice"):
        FenceWatch(FenceSet([square("a")]), [Enter(id="x", area="a"), Leave(id="x", area="a")])
    with pytest.raises(AreaError, match="twice"):
        FenceSet([square("a"), square("a")])
    with pytest.raises(RuleError, match="one of above_mps and below_mps"):
        Speed(id="s", area="a")
    watch = FenceWatch(FenceSet([]), [])
    with pytest.raises(PositionError, match="no time"):
        watch.see([("boat", Position(lon=100.0, lat=20.0))])
    with pytest.raises(PositionError, match="latitude"):
        watch.see([("boat", Position(lon=20.0, lat=100.0, time=NOON))])
    watch.see([("boat", Position(lon=20.0, lat=10.0, time=NOON, accuracy_m=5000.0))])
    assert watch.refused["vague"] == 1


def test_edges_in_metres_are_where_they_were_drawn() -> None:
    shape = square("a").geometry
    assert shape.bounds[0] == pytest.approx(100.0, abs=1e-12)
    assert (shape.bounds[2] - 100.0) * LON_M == pytest.approx(1000.0)
    assert (shape.bounds[3] - 20.0) * LAT_M == pytest.approx(500.0)
