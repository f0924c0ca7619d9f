"""Whatever comes together in a batch: the events are those of one fix after the other."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.fences.area import Area, around, line, polygon
from gis.fences.events import FenceEvent
from gis.fences.index import FenceSet
from gis.fences.newest import FEW
from gis.fences.rules import Cross, Dwell, Enter, Leave, Rule, Speed
from gis.fences.settings import FenceSettings
from gis.fences.watch import FenceWatch
from gis.position import Position
from tests.gis.fences.plain import plain
from tests.gis.fences.tracks import NOON, fix, square

PLACES = [(100.0, 20.0), (179.9995, 0.0), (25.0, 79.998), (0.0, -89.99), (-60.0, -45.0)]
SETTINGS = FenceSettings(most_fixes=100_000)


def beside(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float]:
    """Return a place so many metres from another, -180 to below 180."""
    there = min(90.0, max(-90.0, lat + north_m / 111_195.0))
    wide = max(1e-4, math.cos(math.radians(there))) * 111_195.0
    return (lon + east_m / wide + 180.0) % 360.0 - 180.0, there


def sectors(rng: np.random.Generator, lon: float, lat: float, count: int) -> list[Area]:
    """Return stars, circles and lines about a place, over each other."""
    areas: list[Area] = []
    for n in range(count):
        x, y = rng.uniform(-1500.0, 1500.0, 2)
        size = rng.uniform(60.0, 900.0)
        if abs(lat) > 75.0 or rng.random() < 0.3:
            there = beside(lon, lat, x, y)
            areas.append(around(f"a{n}", lon=there[0], lat=there[1], radius_m=size))
        elif rng.random() < 0.2:
            ends = [beside(lon, lat, x - size, y), beside(lon, lat, x + size, y + 0.3 * size)]
            areas.append(line(f"a{n}", ends))
        else:
            turns = np.sort(rng.uniform(0.0, 2.0 * np.pi, 12))
            reach = size * rng.uniform(0.4, 1.0, 12)
            ring = [
                (lon + (x + r * math.cos(turn)) / 111_195.0 / math.cos(math.radians(lat)),
                 lat + (y + r * math.sin(turn)) / 111_195.0)
                for turn, r in zip(turns, reach, strict=True)
            ]  # fmt: skip
            shape = shapely.make_valid(shapely.Polygon(ring))
            if shape.geom_type == "Polygon" and abs(lon) < 179.0:
                areas.append(polygon(f"a{n}", shape))
            else:
                areas.append(around(f"a{n}", lon=ring[0][0], lat=ring[0][1], radius_m=size))
    return areas


def rules_for(areas: list[Area], *, lasting: bool) -> list[Rule]:
    """Return rules for coming and going, and for what lasts where that is asked."""
    rules: list[Rule] = []
    for area in areas:
        if area.kind == "line":
            rules.append(Cross(id=f"over {area.id}", area=area.id))
            continue
        rules += [
            Enter(id=f"in {area.id}", area=area.id),
            Leave(id=f"out {area.id}", area=area.id),
        ]
        if lasting:
            rules += [
                Dwell(id=f"long {area.id}", area=area.id, longer_s=30.0),
                Speed(id=f"fast {area.id}", area=area.id, above_mps=9.0, for_s=15.0),
            ]
    return rules


def traffic(
    rng: np.random.Generator, lon: float, lat: float, boats: int, turns: int
) -> list[tuple[str, Position]]:
    """Return fixes of boats in order of time: some drift, some race, some are wild or vague."""
    east, north = rng.uniform(-1800.0, 1800.0, (2, boats))
    course, speed = rng.uniform(0.0, 2.0 * np.pi, boats), rng.choice([0.0, 2.0, 9.0, 25.0], boats)
    accuracy = rng.choice([1.0, 5.0, 5.0, 20.0, 60.0], boats)
    tells, every = rng.random(boats) < 0.7, rng.choice([1.0, 2.5, 7.0], boats)
    clock = np.zeros(boats)
    fixes = []
    for _ in range(turns):
        course += rng.normal(0.0, 0.3, boats)
        step = every * np.where(rng.random(boats) < 0.02, 60.0, 1.0)
        clock += step
        east += speed * step * np.sin(course)
        north += speed * step * np.cos(course)
        for n in rng.permutation(boats).tolist():
            off_m = accuracy[n] * (40.0 if rng.random() < 0.03 else 1.0)
            x, y = east[n] + rng.normal(0.0, off_m), north[n] + rng.normal(0.0, off_m)
            told = None if rng.random() < 0.05 else float(accuracy[n])
            there = beside(lon, lat, float(x), float(y))
            fixes.append((f"u{n}", Position(
                lon=there[0],
                lat=there[1],
                time=NOON + timedelta(seconds=float(clock[n])),
                accuracy_m=3000.0 if rng.random() < 0.01 else told,
                speed_mps=float(speed[n]) if tells[n] and rng.random() < 0.95 else None,
            )))  # fmt: skip
    return fixes


def disturbed(
    rng: np.random.Generator, fixes: list[tuple[str, Position]], share: float
) -> list[tuple[str, Position]]:
    """Return fixes of which some come late and some twice."""
    late = np.where(rng.random(len(fixes)) < share, rng.integers(0, 200, len(fixes)), 0)
    order = np.argsort(np.arange(len(fixes)) + late, kind="stable")
    return [fixes[n] for n in order.tolist() for _ in range(2 if rng.random() < share / 3.0 else 1)]


@pytest.fixture(autouse=True, params=[FEW, 8], ids=["as it is", "by arrays"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small batches go the way of large ones, too."""
    monkeypatch.setattr("gis.fences.watch.FEW", request.param)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    place=st.sampled_from(PLACES),
    boats=st.integers(1, 60),
    count=st.integers(0, 8),
    share=st.sampled_from([0.0, 0.0, 0.02, 0.2]),
    sizes=st.lists(st.sampled_from([1, 3, 20, 60, 150, 400]), min_size=1, max_size=4),
    lasting=st.booleans(),
)
def test_batches_tell_what_one_fix_after_the_other_tells(
    seed: int,
    place: tuple[float, float],
    boats: int,
    count: int,
    share: float,
    sizes: list[int],
    lasting: bool,
) -> None:
    rng = np.random.default_rng(seed)
    areas = sectors(rng, *place, count)
    rules = rules_for(areas, lasting=lasting)
    fixes = disturbed(rng, traffic(rng, *place, boats, 400 // boats), share)
    watch = FenceWatch(FenceSet(areas), rules, settings=SETTINGS)
    known: Counter[FenceEvent] = Counter()
    at = batches = 0
    while at < len(fixes):
        size = sizes[batches % len(sizes)]
        outcome = watch.see(fixes[at : at + size])
        known.update(outcome.added)
        known.subtract(outcome.withdrawn)
        assert min(known.values(), default=0) >= 0
        at, batches = at + size, batches + 1
        if batches == 5:
            expected, inside = plain(areas, rules, fixes[:at], SETTINGS)
            assert +known == expected
            assert {area.id: set(watch.inside(area.id)) for area in areas} == inside
    expected, inside = plain(areas, rules, fixes, SETTINGS)
    assert +known == expected
    assert {area.id: set(watch.inside(area.id)) for area in areas} == inside


@pytest.mark.parametrize("seed", range(2))
def test_long_and_busy_traffic_tells_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    areas = sectors(rng, *PLACES[0], 25)
    rules = rules_for(areas, lasting=False)
    fixes = disturbed(rng, traffic(rng, *PLACES[0], 60, 40), 0.01)
    watch = FenceWatch(FenceSet(areas), rules, settings=SETTINGS)
    known: Counter[FenceEvent] = Counter()
    for at in range(0, len(fixes), 100):
        outcome = watch.see(fixes[at : at + 100])
        known.update(outcome.added)
        known.subtract(outcome.withdrawn)
    expected, _ = plain(areas, rules, fixes, SETTINGS)
    assert +known == expected
    assert {event.kind for event in expected} == {"enter", "leave", "cross"}
    assert {event.how for event in expected} >= {"between", "appeared"}


def test_what_a_quiet_unit_did_near_an_edge_counts_once_a_late_fix_shows_that_it_was_inside() -> (
    None
):
    areas = [square("a"), square("b", west_m=-5000.0)]
    rules = rules_for(areas, lasting=False)
    units = [f"u{n}" for n in range(20)]

    def track(points: list[tuple[float, float]]) -> list[tuple[str, Position]]:
        return [fix(t, east, unit=unit) for t, east in points for unit in units]

    steps = [-60.0, -45.0, -30.0, *[-5.0, -9.0] * 40, -25.0, -40.0, -25.0, -40.0]
    heard = track([(60.0 * n, east) for n, east in enumerate(steps)])
    # Between the third and the fourth it was inside, and clear of the edge.
    late = track([(121.0 + 9.0 * n, east) for n, east in enumerate((-15.0, 5.0, 25.0, 10.0))])
    watch = FenceWatch(FenceSet(areas), rules, settings=SETTINGS)
    known: Counter[FenceEvent] = Counter()
    for at in range(0, len(heard), len(units)):
        known.update(watch.see(heard[at : at + len(units)]).added)
    assert not known
    for at in range(0, len(late), 10):
        outcome = watch.see(late[at : at + 10])
        known.update(outcome.added)
        known.subtract(outcome.withdrawn)
    expected, inside = plain(areas, rules, heard + late, SETTINGS)
    assert {event.rule for event in expected} == {"in a", "out a"}
    assert +known == expected
    assert {area.id: set(watch.inside(area.id)) for area in areas} == inside


@pytest.mark.parametrize("seed", range(6))
def test_on_edges_and_corners_all_ways_tell_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    areas = [square("a"), square("b", west_m=1000.0), square("c", west_m=500.0, size_m=200.0)]
    rules = rules_for(areas, lasting=False)
    boats = 30
    x = rng.integers(-20, 20, boats) * 5.0 + rng.choice([0.0, 1000.0, 500.0, 700.0], boats)
    y = rng.integers(-10, 10, boats) * 5.0 + rng.choice([0.0, 500.0, 100.0, -100.0], boats)
    fixes = []
    for turn in range(60):
        x += rng.choice([0.0, 0.0, 5.0, -5.0, 10.0, -10.0, 40.0, -40.0], boats)
        y += rng.choice([0.0, 0.0, 5.0, -5.0, 40.0, -40.0], boats)
        accuracy_m = rng.choice([1.0, 5.0, 20.0], boats).tolist()
        fixes += [
            fix(10.0 * turn, east, north, unit=f"u{n}", accuracy_m=accuracy_m[n],
                speed_mps=6.0 if n % 2 else None)
            for n, (east, north) in enumerate(zip(x.tolist(), y.tolist(), strict=True))
        ]  # fmt: skip
    fixes = disturbed(rng, fixes, 0.05 if seed % 2 else 0.0)
    watch = FenceWatch(FenceSet(areas), rules, settings=SETTINGS)
    known: Counter[FenceEvent] = Counter()
    for at in range(0, len(fixes), boats):
        outcome = watch.see(fixes[at : at + boats])
        known.update(outcome.added)
        known.subtract(outcome.withdrawn)
    expected, inside = plain(areas, rules, fixes, SETTINGS)
    assert +known == expected
    assert {area.id: set(watch.inside(area.id)) for area in areas} == inside
    assert {event.rule for event in expected} >= {"in c", "out c"}
