"""Older fixes are packed as numbers; nobody can tell, whatever comes late."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple

from gis.fences.cut import Cut
from gis.fences.events import Outcome
from gis.fences.fix import Fix
from gis.fences.index import FenceSet
from gis.fences.packed import LEAD, Packed
from gis.fences.rules import Enter, Rule
from gis.fences.settings import FenceSettings
from gis.fences.standing import Inside
from gis.fences.track import FenceTrack
from gis.fences.watch import FenceWatch
from gis.position import Position
from tests.gis.fences.test_plain import PLACES, rules_for, sectors, traffic
from tests.gis.fences.tracks import fix, square

Batches = list[list[tuple[str, Position]]]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pack, let go and note down early, and let small batches go the way of large ones."""
    monkeypatch.setattr("gis.fences.held.SLICE", 8)
    monkeypatch.setattr("gis.fences.held.SLICES", 10**9)
    monkeypatch.setattr("gis.fences.held.MANY", LEAD + 3)
    monkeypatch.setattr("gis.fences.unread.MOST", 9)
    monkeypatch.setattr("gis.fences.watch.FEW", 8)


def run(
    fences: FenceSet, rules: list[Rule], batches: Batches, given: FenceSettings, *, packing: bool
) -> tuple[FenceWatch, list[Outcome]]:
    """Return a watch, and what it said to each batch; if asked, it keeps all fixes whole."""
    with pytest.MonkeyPatch.context() as patch:
        if not packing:
            patch.setattr(FenceTrack, "pack", FenceTrack.catch_up)
        watch = FenceWatch(fences, rules, settings=given)
        return watch, [watch.see(batch) for batch in batches]


def delayed(
    rng: np.random.Generator, fixes: list[tuple[str, Position]], share: float, size: int
) -> Batches:
    """Return fixes in batches; some of them come late, a little or by very much, some twice."""
    count = len(fixes)
    by = rng.choice([3, 40, count], count) * (rng.random(count) < share)
    order = np.argsort(np.arange(count) + rng.random(count) * by, kind="stable").tolist()
    again = rng.random(count) < share / 5.0
    come = [fixes[n] for n in order for _ in range(2 if again[n] else 1)]
    return [come[at : at + size] for at in range(0, len(come), size)]


def as_numbers(value: Any) -> Any:
    """Return a state with times in place of fixes, which are told apart by what they are."""
    if isinstance(value, Fix):
        return value.t
    if isinstance(value, tuple):
        return tuple(as_numbers(each) for each in value)
    if isinstance(value, Inside | Cut):
        return as_numbers(astuple(value))
    return value


def told_of(fix: Fix) -> tuple[Any, ...]:
    """Return all of a fix that may matter to a later one.

    Not which areas it is clear of: who has no edge near may not have been asked, and asked again it
    comes to the same.
    """
    return (
        *fix.rank(), fix.t, fix.margin_m, fix.good, fix.jump, as_numbers(fix.judged),
        as_numbers(fix.before) if fix.good else None, fix.events, fix.passages,
        {key: as_numbers(each) for key, each in fix.state.items()},
    )  # fmt: skip


def check_links(fixes: list[Fix]) -> None:
    """Check that fixes name those that are held, not others like them."""
    places = {each.t: each for each in fixes}
    for each in fixes[LEAD:]:
        before, last, waiting = each.judged or (each.before, each, ())
        named = [before, last, *waiting, each.before if each.good else None]
        for one in named:
            assert one is None or one.t < fixes[LEAD].t or places[one.t] is one


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 2**32 - 1),
    place=st.sampled_from(PLACES[:3]),
    boats=st.integers(1, 12),
    count=st.integers(0, 8),
    share=st.sampled_from([0.0, 0.02, 0.2, 0.6]),
    size=st.sampled_from([1, 12, 60]),
    late_s=st.sampled_from([86_400.0, 300.0]),
    calm=st.booleans(),
)
def test_what_is_packed_is_as_if_it_were_not(
    seed: int,
    place: tuple[float, float],
    boats: int,
    count: int,
    share: float,
    size: int,
    late_s: float,
    calm: bool,
) -> None:
    rng = np.random.default_rng(seed)
    areas = sectors(rng, *place, count)
    fences, rules = FenceSet(areas), rules_for(areas, lasting=False)
    fixes = traffic(rng, *place, boats, 600 // boats)
    if calm:  # most of it plain
        fixes = [each for each in fixes if (each[1].accuracy_m or 99.0) <= 20.0]
    batches = delayed(rng, fixes, share, size)
    given = FenceSettings(most_fixes=100_000, late_s=late_s)
    watch, outcomes = run(fences, rules, batches, given, packing=True)
    whole, expected = run(fences, rules, batches, given, packing=False)
    assert outcomes == expected
    assert watch.refused == whole.refused
    for unit, track in watch.tracks.items():
        other = whole.tracks[unit]
        assert track.known_until() == other.known_until()
        assert track.horizon(given) == other.horizon(given)
        ours, theirs = track.fixes, other.fixes
        held = min(len(ours), len(theirs))
        if late_s > 3600.0:
            assert held == len(ours) == len(theirs)
        assert [told_of(each) for each in ours[-held:]] == [
            told_of(each) for each in theirs[-held:]
        ]
        check_links(ours)


def test_a_calm_boat_is_held_as_numbers_and_a_late_fix_is_worked_in() -> None:
    fences = FenceSet([square("a")])
    rules = rules_for([square("a")], lasting=False)
    heard = [fix(10.0 * n, -200.0, float(n % 5)) for n in range(400) if not 150 < n < 190]
    east_m = (-160.0, -80.0, 0.0, 80.0, 160.0, 80.0, 0.0, -80.0, -160.0)
    late = [fix(1510.0 + 20.0 * n, east, speed_mps=4.0) for n, east in enumerate(east_m)]
    late += [fix(35.0, -201.0), fix(2005.0, 9e5)]
    for size in (1, 50):
        batches = [heard[at : at + size] for at in range(0, len(heard), size)]
        batches += [[each] for each in late]
        watch, outcomes = run(fences, rules, batches[: -len(late)], FenceSettings(), packing=True)
        track = watch.tracks["boat"]
        assert len(track._fixes) <= 8 + LEAD
        assert track.held() == len(heard)
        assert track._packed._whole.keys() <= {0.0 + each.t for each in track.fixes[:4]}
        _, outcomes = run(fences, rules, batches, FenceSettings(), packing=True)
        _, expected = run(fences, rules, batches, FenceSettings(), packing=False)
        assert outcomes == expected
        known = Counter(event for each in outcomes for event in each.added)
        known.subtract(event for each in outcomes for event in each.withdrawn)
        assert sorted(event.kind for event in known.elements()) == ["enter", "leave"]


@pytest.mark.parametrize("size", [1, 60])
def test_what_is_packed_is_let_go_of_and_holds_nothing_that_is(size: int) -> None:
    rng = np.random.default_rng(3)
    areas = sectors(rng, *PLACES[0], 6)
    fixes = traffic(rng, *PLACES[0], 4, 700)
    batches = [fixes[at : at + size] for at in range(0, len(fixes), size)]
    fences, rules = FenceSet(areas), rules_for(areas, lasting=False)
    watch, outcomes = run(fences, rules, batches, FenceSettings(most_fixes=60), packing=True)
    _, expected = run(fences, rules, batches, FenceSettings(), packing=False)
    assert outcomes == expected
    for track in watch.tracks.values():
        assert track.held() <= 60 + 60 + 8
        assert len(track._packed) > 20
        before: Fix | None = track.fixes[0]
        for _ in range(5):
            before = None if before is None else before.before
        assert before is None


def test_what_a_late_fix_unpacked_is_packed_again_also_where_fixes_are_noted_down() -> None:
    fences = FenceSet([square("a")])
    units = [f"boat{number}" for number in range(12)]

    def all_at(t: float) -> list[tuple[str, Position]]:
        return [fix(t, -5000.0, unit=unit) for unit in units]

    watch = FenceWatch(fences, [Enter(id="in", area="a")], settings=FenceSettings(most_fixes=100))
    for n in range(150):
        watch.see(all_at(10.0 * n))
    watch.see(all_at(805.0)[:1])
    track = watch.tracks[units[0]]
    assert len(track._fixes) > 60, "made fixes again of all that came after it"
    for n in range(150, 450):
        watch.see(all_at(10.0 * n))
    assert len(track._fixes) <= 8 + LEAD
    assert 100 <= track.held() <= 120


def test_fixes_that_tell_no_speed_tell_none_afterwards() -> None:
    packed = Packed()
    first = Fix(1.0, 100.0, 20.0, 30.0, None)
    packed.add([first, Fix(2.0, 100.0, 20.0, 30.0, None)], [False, True, True, True], [False, True])
    made = packed.made(0, 2, (None, None, ()), {})
    assert made[0] is first
    assert made[1].before is first
    assert [each.speed_mps for each in made] == [None, None]
    assert packed.joint(1) == 1
    packed.keep(0, 1)
    assert len(packed) == 1
