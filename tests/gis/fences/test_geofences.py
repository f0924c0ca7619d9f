"""Geofences: what is told of a boat, and that the order in which reports come changes nothing."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors.errors import AreaError, PositionError
from gis.fences.area import around, corridor, polygon
from gis.fences.events import FenceEvent
from gis.fences.geofences import Geofences
from gis.fences.settings import FenceSettings
from gis.position.position import Position
from gis.river.rivers import load_rivers
from tests.fixtures.examples import examples
from tests.gis.fences.tracks import (
    LAT_M,
    LON_M,
    NOON,
    bend,
    eastward,
    fix,
    kinds,
    run_of,
    seconds,
    square,
    told,
)


def test_nothing_is_reported_of_no_fixes_or_of_two() -> None:
    assert told([square("a")], []) == []
    assert told([], run_of((0, 0), (10, 0), (20, 0))) == []
    assert told([square("a")], run_of((500, 0), (500, 0))) == []  # wrong ones come in pairs


@pytest.mark.parametrize("size_m", [60.0, 100.0, 400.0])
@pytest.mark.parametrize("every_s", [10.0, 60.0])
def test_a_boat_that_tells_no_accuracy_is_seen_to_pass_through_a_small_area(
    size_m: float, every_s: float
) -> None:
    way = eastward(-900, 900, speed_mps=5.0, every_s=every_s)
    events = told([square("a", size_m=size_m)], run_of(*way, every_s=every_s, accuracy_m=None))
    assert kinds(events) == ["enter", "leave"]
    assert abs(seconds(events[0]) - 180.0) < 12.0
    assert abs(seconds(events[1]) - 180.0 - size_m / 5.0) < 20.0
    assert abs(events[0].lon - 100.0) * LON_M < 40.0


@pytest.mark.parametrize(
    ("radius_m", "speed_mps", "every_s", "size_m"),
    [(1000, 10, 60, 600), (800, 8, 60, 800), (500, 5, 60, 400), (1500, 10, 60, 1200)],
)
@pytest.mark.parametrize("says_speed", [True, False])
@pytest.mark.parametrize("phase_s", [0.0, 20.0, 40.0])
def test_a_boat_is_seen_in_an_area_at_the_bend_of_a_river(
    radius_m: float,
    speed_mps: float,
    every_s: float,
    size_m: float,
    says_speed: bool,
    phase_s: float,
) -> None:
    area = polygon(
        "a",
        shapely.box(
            100.0 - size_m / 2 / LON_M,
            20.0 + (radius_m - size_m / 2) / LAT_M,
            100.0 + size_m / 2 / LON_M,
            20.0 + (radius_m + size_m / 2) / LAT_M,
        ),
    )
    points = bend(radius_m, start_m=phase_s * speed_mps, step_m=every_s * speed_mps)
    fixes = run_of(
        *points,
        every_s=every_s,
        accuracy_m=15.0,
        speed_mps=speed_mps if says_speed else None,
    )
    assert "enter" in kinds(told([area], fixes))


def test_a_boat_that_passes_by_at_two_accuracies_is_not_reported() -> None:
    way = eastward(-900, 900, speed_mps=5.0, north_m=30.0 + 31.0)
    assert told([square("a", size_m=60.0)], run_of(*way, accuracy_m=None)) == []


def test_a_boat_that_was_inside_when_first_heard_says_so() -> None:
    events = told([square("a")], run_of((500, 0), (500, 0), (500, 0)))
    assert [(event.kind, event.appeared) for event in events] == [("enter", True)]


def test_a_boat_first_reported_on_the_edge_is_neither_in_nor_out() -> None:
    engine = Geofences([square("a")])
    engine.see(run_of((-20, 0), (-20, 0), (-20, 0), accuracy_m=15.0))
    assert engine.stand("boat", "a") is None
    assert engine.within("boat") == []
    engine.see([fix(second, 60, accuracy_m=15.0) for second in (30, 40, 50, 60)])
    assert engine.stand("boat", "a") is True


def test_a_boat_on_the_edge_does_not_come_and_go() -> None:
    rng = np.random.default_rng(4)
    way = eastward(-600, 300, speed_mps=5.0)
    way += [(float(x), float(y)) for x, y in rng.normal(0.0, 12.0, (360, 2))]
    assert kinds(told([square("a")], run_of(*way, accuracy_m=15.0)))[1:] in ([], ["leave"])


def test_a_boat_moored_thirty_metres_inside_is_reported_with_no_accuracy() -> None:
    way = eastward(-300, 30, speed_mps=3.0) + [(30.0, 0.0)] * 60
    events = told([square("a")], run_of(*way, accuracy_m=None))
    assert kinds(events) == ["enter"]


@pytest.mark.parametrize("wrong", [1, 2])
@pytest.mark.parametrize("moves", [False, True])
def test_one_or_two_wrong_reports_are_no_visit(wrong: int, moves: bool) -> None:
    way = eastward(-3000, -1200, speed_mps=5.0 if moves else 0.5)
    for n in range(20, 20 + wrong):
        way[n] = (500.0, 0.0)
    assert told([square("a")], run_of(*way, accuracy_m=None)) == []


@pytest.mark.parametrize("every_s", [10.0, 60.0, 300.0])
@pytest.mark.parametrize("speed_mps", [None, 0.4])
@pytest.mark.parametrize("at", [0, 1, 2, 10])
def test_wrong_reports_in_pairs_are_no_visit_wherever_they_fall(
    at: int, speed_mps: float | None, every_s: float
) -> None:
    """Among the first reports of a boat too, and where one pair follows on another."""
    way = [(-100.0, 0.0)] * 25
    way[at : at + 2] = [(60.0, 0.0)] * 2
    way[15:19] = [(90.0, 0.0), (90.0, 0.0), (90.0, 160.0), (90.0, 160.0)]
    fixes = run_of(*way, every_s=every_s, accuracy_m=None, speed_mps=speed_mps)
    assert told([square("a")], fixes) == []


def test_a_boat_that_only_goes_in_circles_is_believed_after_a_while() -> None:
    """Reports as far apart as its turns never lie on one way."""
    angles = np.arange(12) * 1.9
    way = [(500.0 + 400.0 * float(np.cos(a)), 400.0 * float(np.sin(a))) for a in angles]
    assert "enter" in kinds(told([square("a")], run_of(*way, every_s=120.0)))


@pytest.mark.parametrize("at", range(12, 20))
def test_wrong_reports_just_before_an_area_do_not_hide_that_a_boat_goes_through(at: int) -> None:
    """What it goes on with is its course, so the line between is its way."""
    way = eastward(-1000, 1000, speed_mps=8.0)
    way[at : at + 2] = [(-400.0, 900.0), (300.0, -1500.0)]
    area = square("a", size_m=60.0)
    assert kinds(told([area], run_of(*way))) == ["enter", "leave"]


def test_a_slow_boat_has_a_course_that_a_wrong_report_is_off() -> None:
    way = eastward(-300, 300, speed_mps=1.5, north_m=105.0)
    way[22] = (30.0, 25.0)
    fixes = run_of(*way, accuracy_m=15.0, speed_mps=1.5)
    assert told([square("a", size_m=100.0)], fixes) == []


@pytest.mark.parametrize("at", range(3, 9))
@pytest.mark.parametrize("aside_m", [90.0, 130.0, 200.0])
def test_a_pair_beside_the_line_that_a_boat_keeps_is_at_most_a_maybe(
    at: int, aside_m: float
) -> None:
    """It is back on its line as if it had never left; no boat goes so."""
    way = [(-1800.0 + 420.0 * n, 130.0) for n in range(12)]
    for n in (at, at + 1):
        way[n] = (way[n][0], way[n][1] - aside_m)
    events = told([square("a", size_m=150.0)], run_of(*way, every_s=60.0, accuracy_m=15.0))
    assert set(kinds(events)) <= {"may_have_passed"}


def test_a_boat_that_turns_aside_into_an_area_and_goes_on_is_reported_two_reports_later() -> None:
    way = [(-1800.0 + 420.0 * n, 300.0) for n in range(5)]
    way += [(100.0 + 200.0 * n, 60.0 - 360.0 * n) for n in range(5)]
    events = told([square("a", size_m=300.0)], run_of(*way, every_s=60.0, accuracy_m=15.0))
    assert kinds(events) == ["enter", "leave"]


@pytest.mark.parametrize("end", [[(260.0, 110.0)], [(100.0, 0.0)], [(100.0, 60.0), (110.0, 40.0)]])
def test_a_boat_that_turns_into_an_area_and_is_silent_then_is_reported_when_a_report_is_late(
    end: list[tuple[float, float]],
) -> None:
    way = [(-1800.0 + 420.0 * n, 300.0) for n in range(5)] + end
    engine = Geofences([square("a", size_m=300.0)])
    fixes = run_of(*way, every_s=60.0, accuracy_m=15.0)
    assert engine.see(fixes).added == ()
    newest = max(position.time for _, position in fixes if position.time is not None)
    assert engine.overdue(newest + timedelta(seconds=80)).added == ()
    (event,) = engine.overdue(newest + timedelta(seconds=100)).added
    assert event.kind == "enter"
    assert engine.overdue(newest + timedelta(seconds=200)).added == ()


def test_one_wrong_report_far_off_and_silence_after_it_is_no_visit() -> None:
    way = [(-1800.0 + 420.0 * n, 3000.0) for n in range(5)] + [(0.0, 0.0)]
    engine = Geofences([square("a", size_m=300.0)])
    engine.see(run_of(*way, every_s=60.0, accuracy_m=15.0))
    newest = max(engine.tracks["boat"].fixes(), key=lambda fix: fix.t)
    assert engine.overdue(datetime.fromtimestamp(newest.t + 600.0, UTC)).added == ()


@pytest.mark.parametrize("aside", [(100.0, 40.0), (90.0, -250.0)])
def test_two_wrong_reports_of_a_boat_that_lies_beside_an_area_are_no_visit(
    aside: tuple[float, float],
) -> None:
    place = (-60.0, 0.0)
    way = [(-60.0, -1200.0 + 240.0 * n) for n in range(5)] + [place] * 6 + [aside] * 2
    events = told([square("a")], run_of(*way, *[place] * 6, every_s=300.0, accuracy_m=15.0))
    assert {event.kind for event in events} <= {"may_have_passed"}


@pytest.mark.parametrize(
    ("xs", "wrong"),
    [
        ((-1275, -1023, 876, 1360, -353, -1498, 768, -1115, -1200), [(-6, 60), (1633, 63)]),
        ((168, 1242, -1331, 17, 1312, -1263, -1169, -297, 1429), [(19, 10), (1547, 5)]),
    ],
)
def test_two_wrong_reports_of_a_boat_that_goes_to_and_fro_beside_an_area_are_no_visit(
    xs: tuple[float, ...], wrong: list[tuple[float, float]]
) -> None:
    line = [(x, 125.0) for x in xs]
    way = run_of(*line[:6], *wrong, *line[6:], every_s=300.0, accuracy_m=15.0)
    events = told([square("a", west_m=-75.0, size_m=150.0)], way)
    assert {event.kind for event in events} <= {"may_have_passed"}


def test_three_that_agree_are_a_move_and_the_time_is_that_of_the_first() -> None:
    way = [(-1200.0, 0.0)] * 20 + [(500.0, 0.0)] * 3
    events = told([square("a")], run_of(*way, every_s=60.0, accuracy_m=None))
    assert kinds(events) == ["enter"]
    assert 1140 <= seconds(events[0]) <= 1200


def test_a_spike_of_a_moored_boat_is_nothing_even_where_reports_are_far_apart() -> None:
    way = [(-300.0, 0.0)] * 20
    way[10] = (100.0, 0.0)
    for every_s in (10.0, 60.0, 300.0):
        assert told([square("a")], run_of(*way, every_s=every_s, accuracy_m=None)) == []
        fixes = run_of(*way, every_s=every_s, accuracy_m=5.0, speed_mps=0.05)
        assert told([square("a")], fixes) == []


def test_a_hole_is_outside() -> None:
    high = 1000.0 / LAT_M
    wide = 1000.0 / LON_M
    area = polygon(
        "ring",
        shapely.box(100 - wide, 20 - high, 100 + wide, 20 + high).difference(
            shapely.box(100 - wide / 2, 20 - high / 2, 100 + wide / 2, 20 + high / 2)
        ),
    )
    events = told([area], run_of(*eastward(-2000, 0, speed_mps=10.0)))
    assert kinds(events) == ["enter", "leave"]
    assert told([area], run_of(*[(0.0, 0.0)] * 30)) == []


def test_a_boat_comes_into_an_area_on_the_antimeridian() -> None:
    area = around("line", lon=180.0, lat=0.0, radius_m=500.0)
    metre = 1.0 / 111_320.0
    fixes = [
        (
            "boat",
            Position(
                lon=(179.98 + 10.0 * n * 8.0 * metre + 180.0) % 360.0 - 180.0,
                lat=0.0,
                time=NOON + timedelta(seconds=10 * n),
                accuracy_m=5.0,
            ),
        )
        for n in range(60)
    ]
    events = told([area], fixes)
    assert kinds(events) == ["enter", "leave"]
    assert events[0].lon > 179.9
    assert events[1].lon < -179.9


def test_a_coarse_fix_must_be_deeper_and_a_useless_one_says_nothing() -> None:
    engine = Geofences([square("a")])
    engine.see([fix(n * 60, 60, accuracy_m=200.0) for n in range(3)])
    assert engine.within("boat") == []
    engine.see([fix(200, 60, accuracy_m=5000.0)])
    assert engine.refused["vague"] == 1


def test_reports_of_one_unit_say_nothing_of_another() -> None:
    fixes = [*run_of(*[(500, 0)] * 3), *[fix(n, -5000, unit="b") for n in (0, 10, 20)]]
    assert {event.unit for event in told([square("a")], fixes)} == {"boat"}


def on_river(km: float, second: float, offset_m: float = 0.0) -> tuple[str, Position]:
    lon, lat = load_rivers().main.at_km(km)
    time = NOON + timedelta(seconds=second)
    return "boat", Position(lon=lon + offset_m / LON_M, lat=lat, time=time)


def upward(every_s: float, *, speed_mps: float = 5.0) -> list[tuple[str, Position]]:
    step = speed_mps * every_s / 1000.0
    return [on_river(2345.0 + n * step, n * every_s) for n in range(int(10.0 / step))]


@pytest.mark.parametrize("every_s", [120.0, 240.0, 300.0])
def test_what_a_boat_on_a_river_must_have_crossed_it_has_passed(every_s: float) -> None:
    river = load_rivers().main
    across = corridor("across", river, km_from=2349.2, km_to=2349.5, width_m=1600.0)
    beside = around(
        "beside",
        lon=river.at_km(2350.0)[0] + 900.0 / LON_M,
        lat=river.at_km(2350)[1],
        radius_m=150.0,
    )
    fixes = upward(every_s)
    events = told([across, beside], fixes, rivers=load_rivers())
    assert {event.area for event in events if event.kind != "may_have_passed"} == {"across"}
    event = next(event for event in events if event.kind in ("passed", "enter"))
    truly = (2349.2 - 2345.0) / 5.0 * 1000.0
    assert event.earliest <= NOON + timedelta(seconds=truly + 60.0)
    assert event.latest >= NOON + timedelta(seconds=truly)
    known = [position.time for _, position in fixes]
    assert event.latest == min(t for t in known if t is not None and t >= event.latest)


def test_an_area_beside_the_line_that_it_may_have_gone_round_may_have_been_passed() -> None:
    river = load_rivers().main
    lon, lat = river.at_km(2349.35)
    half = around("half", lon=lon, lat=lat, radius_m=120.0)
    events = told([half], upward(300.0), rivers=load_rivers())
    assert kinds(events) == ["may_have_passed"]


def test_a_late_fix_shows_where_it_truly_was() -> None:
    river = load_rivers().main
    across = corridor("across", river, km_from=2349.0, km_to=2349.3, width_m=1600.0)
    engine = Geofences([across], rivers=load_rivers())
    added = [event for each in upward(300.0) for event in engine.see([each]).added]
    assert kinds(added) == ["passed"]
    late = engine.see([on_river(2349.15, 830.0)])
    assert kinds(late.withdrawn) == ["passed"]
    assert kinds(late.added) == ["enter", "leave"]


AREAS = [
    square("a", size_m=400.0),
    around("b", lon=100.0 - 300.0 / LON_M, lat=20.0, radius_m=100.0),
    square("c", west_m=350.0, size_m=60.0),
]


def boat(rng: np.random.Generator) -> list[tuple[str, Position]]:
    """Return what a boat with a bad radio tells: noise, wrong reports, silences."""
    count = int(rng.integers(0, 70))
    x = np.cumsum(np.repeat(rng.choice([0.0, 0.0, 40.0, -40.0, 90.0], count // 10 + 1), 10)[:count])
    at = np.cumsum(rng.choice([10.0, 10.0, 10.0, 60.0, 200.0], count))
    east, north = rng.normal(0.0, 8.0, (2, count))
    east += np.where(rng.random(count) < 0.05, rng.uniform(-3000.0, 3000.0, count), 0.0)
    speed = float(rng.choice([0.0, 5.0]))
    return [
        fix(
            float(at[n]),
            float(x[n] + east[n]) - 400.0,
            float(north[n]),
            accuracy_m=float(rng.choice([5.0, 15.0])),
            speed_mps=speed if rng.random() < 0.5 else None,
        )
        for n in range(count)
    ]


@settings(max_examples=examples(20), deadline=None)
@given(seed=st.integers(0, 2**32 - 1), batch=st.sampled_from([1, 3, 1000]))
def test_shuffled_and_doubled_reports_give_the_same_end(seed: int, batch: int) -> None:
    fixes = boat(np.random.default_rng(seed))
    shuffled = fixes + fixes[::3]
    random.Random(seed).shuffle(shuffled)
    assert told(AREAS, shuffled, batch=batch) == told(AREAS, fixes)


@settings(max_examples=examples(15), deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_far_from_edges_is_passed_over_and_changes_nothing(seed: int) -> None:
    """With a far area that forbids it to pass over anything, the events are the same."""

    class Thorough(Geofences):
        def _is_free(self, *args: object) -> bool:
            return False

    fixes = boat(np.random.default_rng(seed))
    quick, thorough = Geofences(AREAS), Thorough(AREAS)
    for each in fixes:
        assert quick.see([each]) == thorough.see([each])


def test_a_fix_older_than_what_is_kept_is_refused_and_memory_stays_bounded() -> None:
    few = FenceSettings(most_fixes=100)
    engine = Geofences([square("a")], settings=few)
    for n in range(1000):
        engine.see([fix(n * 10.0, -5000.0)])
    assert len(engine.tracks["boat"]) <= 100 + 2 * few.checkpoint
    engine.see([fix(5.0, 500.0)])
    assert engine.refused["late"] == 1
    engine.see([fix(9985.0, -5000.0)])
    assert engine.refused["late"] == 1


def test_of_two_fixes_of_one_moment_the_better_counts_whichever_comes_first() -> None:
    way = run_of((-300, 0), (-300, 0), (-300, 0))
    good, bad = fix(30, -300, accuracy_m=5.0), fix(30, 500, accuracy_m=50.0)
    for pair in ((good, bad), (bad, good)):
        assert told([square("a")], [*way, *pair, fix(40, -300)]) == []


def test_forgotten_units_begin_anew() -> None:
    engine = Geofences([square("a")])
    engine.see(run_of((500, 0), (500, 0), (500, 0)))
    engine.forget(["boat", "nobody"])
    assert engine.tracks == {}
    assert kinds(engine.see(run_of((500, 0), (500, 0), (500, 0))).added) == ["enter"]


def test_what_is_no_position_is_refused_with_the_whole_batch() -> None:
    engine = Geofences([square("a")])
    with pytest.raises(PositionError, match="no time"):
        engine.see([fix(0, 0), ("b", Position(lon=1.0, lat=1.0))])
    with pytest.raises(PositionError, match="latitude"):
        engine.see([("b", Position(lon=1.0, lat=91.0, time=NOON))])
    assert engine.tracks == {}


def test_two_areas_of_one_id_are_refused() -> None:
    with pytest.raises(AreaError, match="twice"):
        Geofences([square("a"), square("a")])


def test_an_outcome_holds_each_event_once() -> None:
    outcome = Geofences([square("a")]).see(run_of(*eastward(-500, 1500, speed_mps=10.0)))
    assert max(Counter[FenceEvent](outcome.added).values()) == 1
    assert kinds(outcome.added) == ["enter", "leave"]
