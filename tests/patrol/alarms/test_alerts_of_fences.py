"""Alerts of fences on a running node: one a visit, whatever the noise and the order of fixes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gis.position.position import Position
from patrol.documents.document import revise
from patrol.errors.errors import IllegalStep, NotFound
from tests.fixtures.examples import examples
from tests.patrol.nodes.agreements import share
from tests.patrol.nodes.alerting import (
    COMES_BACK,
    GOES_IN,
    GOES_OUT,
    IN,
    METRE_DEG,
    OUT,
    WEST,
    alerts,
    hear,
    hear_in_turn,
    night,
    only,
    put,
    sector,
    tick,
    unit,
    way,
)
from tests.patrol.nodes.running import AGENCY, OTHER, Node, address, at, said


async def test_a_unit_that_enters_a_no_go_sector_and_leaves_is_one_alert(node: Node) -> None:
    boat = await unit(node)
    area = sector()
    await put(node, area)
    await hear_in_turn(node, *way(*GOES_IN))
    alert = only(node)
    assert (alert.rule, alert.subject, alert.facts["sector_name"]) == (
        "no_go",
        f"{boat}|{area.id}",
        "Don Xao",
    )
    assert at(10) < alert.raised_at < at(20)
    desk = node.desk().alerts
    await desk.acknowledge(alert.id, where="desk 1")
    await hear_in_turn(node, *way((40, IN), (50, OUT), (55, OUT), (60, OUT)))
    gone = only(node)
    assert gone.state == "returned_acknowledged"
    assert gone.returned_at is not None
    assert at(40) < gone.returned_at < at(50)
    over = await desk.resolve(gone.id, note="went round a barge")
    assert over.is_closed
    assert [each.state for each in await desk.versions(over.id)] == [
        "raised",
        "acknowledged",
        "returned_acknowledged",
        "resolved",
    ]


async def test_it_rings_again_and_is_the_same_alert_when_it_comes_back(node: Node) -> None:
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN, *GOES_OUT))
    first = only(node)
    assert first.state == "returned_unacknowledged"
    await hear_in_turn(node, *way(*COMES_BACK))
    again = only(node)
    assert (again.id, again.state, again.count) == (first.id, "raised", 2)
    assert again.raised_at > first.raised_at


async def test_what_began_and_ended_in_one_batch_is_raised_and_returned(node: Node) -> None:
    await unit(node)
    await put(node, sector())
    node.time = at(60)
    await hear(node, *way(*GOES_IN, *GOES_OUT))
    alert = only(node)
    assert (alert.state, alert.version, alert.historical) == ("returned_unacknowledged", 2, False)
    versions = await node.desk().alerts.versions(alert.id)
    assert [(each.state, each.rings) for each in versions] == [
        ("raised", True),
        ("returned_unacknowledged", False),
    ]


@pytest.mark.parametrize("known", [False, True])
async def test_what_late_fixes_undo_is_withdrawn_or_returned_if_somebody_knows(
    node: Node, known: bool
) -> None:
    await unit(node)
    await put(node, sector())
    node.time = at(120)
    await hear_in_turn(node, *way((0, 100.40), (10, 100.40), (100, IN), (110, IN)))
    alert = only(node)
    if known:
        await node.desk().alerts.acknowledge(alert.id)
    # all the time it was a kilometre away: the two inside were a receiver's error
    await hear(node, *way((95, 100.40), (105, 100.40), (115, 100.40), heard=120))
    await tick(node)
    after = await node.desk().alerts.alert(alert.id)
    assert after.state == ("returned_acknowledged" if known else "withdrawn")
    assert len(await node.desk().alerts.history()) == 1


async def test_a_late_fix_that_tells_the_time_better_corrects_it(node: Node) -> None:
    await unit(node)
    await put(node, sector())
    node.time = at(60)
    await hear_in_turn(node, *way((0, OUT), (10, OUT), (40, IN), (50, IN)))
    alert = only(node)
    await hear(node, *way((35, OUT), heard=55))
    better = only(node)
    assert (better.id, better.state) == (alert.id, "raised")
    assert at(35) < better.raised_at < at(40)


async def test_late_fixes_raise_a_historical_alert_that_does_not_ring(node: Node) -> None:
    await unit(node)
    await put(node, sector())
    node.time = at(3600)
    await hear(node, *way(*GOES_IN, *GOES_OUT, heard=3600))
    alert = only(node, "no_go")
    assert (alert.historical, alert.state, alert.rings) == (True, "returned_unacknowledged", False)
    versions = await node.desk().alerts.versions(alert.id)
    assert not any(each.rings or each.notified_roles for each in versions)
    await tick(node, 3700)
    assert only(node, "no_go") == alert


async def test_what_was_historical_rings_once_it_is_so_now(node: Node) -> None:
    boat = await unit(node)
    area = sector()
    await put(node, area)
    node.time = at(3600)
    await hear(node, *way(*GOES_IN, heard=3600))
    alert = only(node)
    assert (alert.historical, alert.state, alert.rings) == (True, "raised", False)
    await hear(node, *way((3600, IN)))
    await tick(node)
    now = only(node)
    assert (now.id, now.historical, now.rings) == (alert.id, False, True)
    assert now.subject == f"{boat}|{area.id}"


async def test_a_boat_that_turns_into_a_sector_and_is_silent_then_is_reported(node: Node) -> None:
    await unit(node)
    await put(node, sector())
    # north past the sector, and at once to the east into it
    places = [(lat, OUT) for lat in (20.25, 20.255, 20.26, 20.265)] + [(20.27, IN)]
    for n, (lat, lon) in enumerate(places):
        position = Position(lon=lon, lat=lat, speed_mps=10.0)
        await node.hear(said("a", 60.0 * n, position=position, fix=True))
    await tick(node)
    assert alerts(node, "no_go") == []
    await tick(node, 240 + 100)
    alert = only(node, "no_go")
    assert at(180) < alert.raised_at <= at(240)


async def test_a_boat_that_says_nothing_more_is_still_in_the_sector(node: Node) -> None:
    """What was told in time does not become late because the boat is silent, or seldom reports."""
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))
    alert = only(node, "no_go")
    await tick(node, 331)  # it would ring no more, and be told as gone when it came
    assert only(node, "no_go").rings
    await node.desk().alerts.acknowledge(alert.id)
    known = only(node, "no_go")
    node = await node.again()
    for second in (700, 1000):
        await tick(node, second)
        assert only(node, "no_go") == known
        await hear(node, *way((second + 1, IN)))
        assert only(node, "no_go") == known  # nobody is called again by the next report
    await hear_in_turn(node, *way((1100, OUT), (1110, OUT)))
    assert only(node, "no_go").state == "returned_acknowledged"


async def test_a_boat_that_came_back_between_two_looks_keeps_no_call_for_help_from_ringing(
    node: Node,
) -> None:
    """Two versions of one alert in one look are filed in their order, whatever else began."""
    boat, caller = await unit(node), await unit(node, "b")
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))
    node.time = at(80)
    came_back = way(*GOES_OUT, *COMES_BACK)
    await hear(node, *came_back, said("b", 75, distress=True))
    found = {each.rule: each for each in alerts(node)}
    assert (found["sos"].unit, found["sos"].rings) == (caller, True)
    assert (found["no_go"].unit, found["no_go"].count, found["no_go"].version) == (boat, 2, 3)
    versions = await node.desk().alerts.versions(found["no_go"].id)
    assert [each.state for each in versions] == ["raised", "returned_unacknowledged", "raised"]


async def test_visits_that_began_and_ended_between_two_looks_are_filed_in_order(
    node: Node,
) -> None:
    boats = [await unit(node, name) for name in "abc"]
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))  # holds, and is over with the next look
    await hear_in_turn(node, *way(*GOES_IN, *GOES_OUT, device="b"))  # was there once
    node.time = at(100)
    leaves = way((85, OUT), (90, OUT), (95, OUT))
    again = way(*COMES_BACK, (80, OUT), (85, OUT), (90, OUT), device="b")
    once = way(*GOES_IN, *GOES_OUT, device="c")
    await hear(node, *leaves, *again, *once)
    await tick(node)
    found = {each.unit: each for each in alerts(node)}
    assert [found[id].state for id in boats] == ["returned_unacknowledged"] * 3
    assert [found[id].count for id in boats] == [1, 2, 1]
    for alert in found.values():
        kept = await node.desk().alerts.versions(alert.id)
        assert [each.version for each in kept] == list(range(1, alert.version + 1))


async def test_a_visit_known_only_from_late_fixes_is_none_that_was_reported_before(
    node: Node,
) -> None:
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))
    alert = only(node)
    node.time = at(3600)
    late = way(*GOES_OUT, *COMES_BACK, heard=3600)
    await hear(node, *late)
    assert {each.id: (each.state, each.historical) for each in alerts(node)}[alert.id] == (
        "returned_unacknowledged",
        False,
    )
    [other] = [each for each in alerts(node) if each.id != alert.id]
    assert (other.state, other.historical, other.rings) == ("raised", True, False)


async def test_a_condition_reported_as_historical_rings_once_it_holds_now(node: Node) -> None:
    await unit(node)
    other = await unit(node, "b")
    await put(node, sector())
    node.time = at(3600)
    await hear(node, *way(*GOES_IN, heard=3600))
    alert = only(node)
    assert (await node.desk().alerts.escalate(alert.id)).state == "escalated"
    await hear(node, *way((3600, IN)))
    await tick(node)
    now = only(node)
    assert (now.id, now.state, now.historical, now.rings) == (alert.id, "raised", False, True)
    later = [(3600 + second, place) for second, place in GOES_IN]
    await hear_in_turn(node, *way(*later, device="b"))
    assert [each.rings for each in alerts(node) if each.unit == other] == [True]


@pytest.mark.parametrize("known", [False, True])
async def test_a_radio_that_was_on_another_boat_tells_of_that_one(node: Node, known: bool) -> None:
    """What it said is that boat's; the one that was thought to be there never was."""
    wrong, right = await node.boat("Boat wrong"), await unit(node, "b")
    desk = node.desk("admin")
    taken = await desk.registry.assign(address=address("a"), unit=wrong, start=at(-1000))
    await put(node, sector())
    await hear_in_turn(node, *way((0, OUT), (10, OUT), device="b"))
    await hear_in_turn(node, *way(*GOES_IN))
    alert = only(node)
    assert alert.unit == wrong
    if known:
        await node.desk().alerts.acknowledge(alert.id)
    node.time = at(40)
    await desk.registry.end_assignment(taken.id, end=at(-900))
    await desk.registry.assign(address=address("a"), unit=right, start=at(-800))
    await tick(node, 41)
    after = await node.desk().alerts.alert(alert.id)
    assert after.state == ("returned_acknowledged" if known else "withdrawn")
    [there] = [each for each in alerts(node) if each.id != alert.id]
    assert (there.unit, there.rings) == (right, True)
    node = await node.again()
    await tick(node, 42)
    assert {each.id for each in alerts(node) if each.state == "raised"} == {there.id}


async def test_a_radio_that_was_on_the_first_boat_after_all_tells_of_that_one(node: Node) -> None:
    """That its visit was taken back meanwhile does not make it one that never was."""
    first, other = await node.boat("Boat first"), await unit(node, "b")
    desk = node.desk("admin")
    taken = await desk.registry.assign(address=address("a"), unit=first, start=at(-1000))
    await put(node, sector())
    await hear_in_turn(node, *way((0, OUT), (10, OUT), device="b"))
    await hear_in_turn(node, *way(*GOES_IN))
    for second, unit_now in ((40, other), (42, first)):
        node.time = at(second)
        await desk.registry.end_assignment(taken.id, end=at(second - 950))
        taken = await desk.registry.assign(
            address=address("a"), unit=unit_now, start=at(second - 949)
        )
        await tick(node, second + 1)
    alert = only(node)
    assert (alert.unit, alert.rings) == (first, True)
    await hear_in_turn(node, *way((50, OUT), (55, OUT), (60, OUT)))
    assert only(node).state == "returned_unacknowledged"


async def test_a_second_radio_changes_nothing_of_where_its_boat_is(node: Node) -> None:
    boat = await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))
    await hear_in_turn(node, *way(*((second, IN) for second in range(40, 140, 10))))
    alert = only(node)
    await node.desk("admin").registry.assign(address=address("z"), unit=boat, start=at(135))
    await tick(node, 140)
    assert only(node) == alert
    await hear_in_turn(node, *way((150, OUT), (160, OUT)))
    assert only(node).state == "returned_unacknowledged"


async def test_a_second_radio_does_not_undo_a_visit_of_a_boat_that_lies_on_the_edge(
    node: Node,
) -> None:
    """What is looked at anew says nothing of when it came."""
    boat = await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))
    await hear_in_turn(
        node, *way(*((second, WEST + 5 * METRE_DEG) for second in range(40, 240, 10)))
    )
    alert = only(node)
    assert alert.rings
    await node.desk("admin").registry.assign(address=address("z"), unit=boat, start=at(235))
    await tick(node, 240)
    assert only(node) == alert


async def test_a_boat_that_may_be_there_now_did_not_leave_when_it_came(node: Node) -> None:
    boat, area = await unit(node), sector()
    await put(node, area)
    await hear_in_turn(node, *way(*GOES_IN))
    node.time = at(50)
    await put(node, night(boat, sectors=(area.id,)))
    [over] = alerts(node, "no_go")
    assert (over.state, over.returned_at) == ("returned_unacknowledged", at(50))


@pytest.mark.parametrize("done", ["acknowledge", "shelve", "resolve", "nothing"])
async def test_a_sector_that_becomes_forbidden_rings_anew_for_who_is_in_it(
    node: Node, done: str
) -> None:
    await unit(node)
    area = sector("restricted")
    await put(node, area)
    await hear_in_turn(node, *way(*GOES_IN))
    alert, desk = only(node), node.desk().alerts
    assert alert.severity == "medium"
    if done == "acknowledge":
        await desk.acknowledge(alert.id)
    elif done == "shelve":
        await desk.shelve(alert.id, for_s=3600)
    elif done == "resolve":
        await desk.resolve(alert.id, note="on my order")
    await put(node, revise(area, at=at(40), by="kham", use="no_go"))
    worse = only(node)
    assert (worse.id, worse.severity, worse.state, worse.rings) == (
        alert.id,
        "high",
        "raised",
        True,
    )
    assert worse.escalates_at is not None
    await tick(node, 41)
    assert only(node) == worse
    again = revise(revise(area, at=at(42), by="kham"), at=at(42), by="kham")
    await put(node, again)
    assert only(node) == worse  # what rings is not made less


async def test_alerts_of_fences_are_neither_forgotten_nor_repeated_over_a_restart(
    node: Node,
) -> None:
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))
    alert = only(node)
    node.time = at(40)
    node = await node.again()
    assert only(node) == alert
    await tick(node, 41)
    assert only(node) == alert
    await hear_in_turn(node, *way((50, OUT), (55, OUT), (60, OUT)))
    assert only(node).state == "returned_unacknowledged"


async def test_a_boat_inside_when_a_sector_is_drawn_is_reported_and_ends_with_the_sector(
    node: Node,
) -> None:
    await unit(node)
    await hear_in_turn(node, *way(*GOES_IN))
    assert alerts(node) == []
    area = sector()
    await put(node, area)
    assert only(node).state == "raised"
    await put(node, revise(area, at=at(50), by="kham", retired_at=at(50)))
    assert only(node).state == "returned_unacknowledged"


async def test_a_resolved_alert_is_quiet_until_its_condition_has_gone(node: Node) -> None:
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))
    desk = node.desk().alerts
    settled = await desk.resolve(only(node).id, note="on my order")
    assert settled.state == "settled"
    for second in range(31, 35):
        await tick(node, second)
    assert only(node) == settled
    with pytest.raises(IllegalStep):
        await desk.acknowledge(settled.id)
    await hear_in_turn(node, *way(*GOES_OUT))
    assert alerts(node) == []


def test_noise_around_an_edge_raises_at_most_one_alert(tmp_path: Path) -> None:
    """A boat that lies near an edge, with the error its receiver tells: never more than one."""
    with asyncio.Runner() as runner:
        node = Node(tmp_path / "patrol.db")
        runner.run(node.start())
        runner.run(put(node, sector()))
        numbers = iter(range(10_000))

        async def lie(offset_m: float, accuracy_m: float, seed: int) -> None:
            noise, device = random.Random(seed), f"noisy{next(numbers)}"
            boat = await unit(node, device)
            node.time = at(3000)
            sigma_deg = accuracy_m / 1.51 * METRE_DEG  # 68 % lie within the accuracy
            texts: set[str] = set()
            for start in range(0, 3000, 300):
                await hear(
                    node,
                    *(
                        said(
                            device,
                            second,
                            lon=WEST + offset_m * METRE_DEG + noise.gauss(0, sigma_deg),
                            lat=20.27 + noise.gauss(0, sigma_deg),
                            heard=3000,
                        )
                        for second in range(start, start + 300, 10)
                    ),
                )
                texts |= {each.id for each in alerts(node, "no_go") if each.unit == boat}
            await tick(node)
            assert len(texts) <= 1
            for id in texts:
                assert len(await node.desk().alerts.versions(id)) <= 3

        @settings(
            max_examples=examples(25),
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture],
        )
        @given(st.floats(-100, 100), st.sampled_from([15.0]), st.integers(0, 10**6))
        def near(offset_m: float, accuracy_m: float, seed: int) -> None:
            runner.run(lie(offset_m, accuracy_m, seed))

        try:
            near()
        finally:
            runner.run(node.stop())


def test_the_final_alerts_do_not_depend_on_the_order_of_arrival(tmp_path: Path) -> None:
    places = [(0, OUT), (10, OUT), (20, IN), (30, IN), *GOES_OUT, *COMES_BACK]
    with asyncio.Runner() as runner:
        node = Node(tmp_path / "patrol.db")
        runner.run(node.start())
        runner.run(put(node, sector()))
        numbers = iter(range(10_000))

        async def outcome(order: Iterable[int], sizes: Iterable[int]) -> tuple[Any, ...]:
            device = f"late{next(numbers)}"
            boat = await unit(node, device)
            node.time = at(80)
            messages = [way(places[n], device=device, heard=80)[0] for n in order]
            for size in sizes:
                batch, messages = messages[:size], messages[size:]
                if batch:
                    await hear(node, *batch)
            if messages:
                await hear(node, *messages)
            await tick(node)
            [alert] = [each for each in alerts(node, "no_go") if each.unit == boat]
            return alert.state, alert.raised_at, alert.historical

        expected = runner.run(outcome(range(8), [8]))

        @settings(max_examples=examples(25), deadline=None)
        @given(st.permutations(range(8)), st.lists(st.integers(1, 4), max_size=6))
        @example([0, 7, 2, 3, 4, 5, 6, 1], [2])  # it goes out when it was thought to come in
        def shuffled(order: list[int], sizes: list[int]) -> None:
            assert runner.run(outcome(order, sizes)) == expected

        try:
            shuffled()
        finally:
            runner.run(node.stop())


async def test_the_counterparts_no_go_is_reported_while_an_agreement_shows_it(node: Node) -> None:
    boat = await unit(node)
    theirs = sector(agency=OTHER)
    await put(node, theirs)
    await hear_in_turn(node, *way(*GOES_IN, *GOES_OUT))
    await tick(node, 51)
    assert alerts(node) == []
    agreement = await share(node)
    await hear_in_turn(node, *way((60, OUT), (70, IN), (75, IN), (80, IN)))
    alert = only(node)
    assert (alert.agency, alert.subject) == (AGENCY, f"{boat}|{theirs.id}")
    [seen] = node.desk("commander", OTHER).alerts.open()  # as a shared alert
    assert (seen.id, seen.facts, seen.notified_roles) == (alert.id, {}, ())
    with pytest.raises(NotFound):
        await node.desk("commander", OTHER).alerts.acknowledge(alert.id)
    await node.desk("liaison").agreements.suspend(agreement.id, reason="a row in the capitals")
    await tick(node, 83)
    assert only(node).state == "returned_unacknowledged"
    assert node.desk("commander", OTHER).alerts.open() == []
    assert await node.desk("commander", OTHER).alerts.history() == []


async def test_a_visit_whose_alert_a_crash_swallowed_is_reported_at_the_start_once(
    node: Node,
) -> None:
    boat = await unit(node)
    area = sector(at=at(-1))
    await put(node, area)
    node.watch.alarms.after = _die  # type: ignore[method-assign]
    node.time = at(60)
    await hear(node, *way(*GOES_IN, *GOES_OUT))
    node = await node.again()
    alert = only(node)
    assert (alert.subject, alert.state) == (f"{boat}|{area.id}", "returned_unacknowledged")
    assert at(10) < alert.raised_at < at(20)
    node = await node.again()
    assert only(node) == alert
    await node.desk().alerts.resolve(alert.id, note="seen")
    node = await node.again()
    assert alerts(node) == []
    assert len(await node.desk().alerts.history()) == 1


async def test_a_long_visit_that_was_reported_is_not_reported_again_after_a_restart(
    node: Node,
) -> None:
    """When it began is further back than what is known of a boat at a start."""
    await unit(node)
    await put(node, sector(at=at(-1)))
    await hear_in_turn(node, *way(*GOES_IN, *((second, IN) for second in range(40, 140, 10))))
    alert = only(node)
    await node.desk().alerts.acknowledge(alert.id)
    await hear_in_turn(node, *way((140, OUT), (150, OUT)))
    over = only(node)
    assert over.state == "returned_acknowledged"
    node = await node.again()
    await tick(node, 151)
    assert only(node) == over
    assert len(await node.desk().alerts.history()) == 1


@pytest.mark.parametrize("last", [60, 70])
async def test_a_wild_fix_among_the_first_that_are_known_at_a_start_is_no_visit(
    node: Node, last: int
) -> None:
    await unit(node)
    await put(node, sector(at=at(-1)))
    places = [(second, OUT) for second in range(-100, 0, 10)]
    places += [(0, IN), *((second, OUT) for second in range(10, last + 1, 10))]
    await hear_in_turn(node, *way(*places, speed_mps=None))
    assert alerts(node) == []
    node = await node.again()  # of a boat eight fixes are known then
    await tick(node, last + 1)
    assert alerts(node) == []


async def test_a_wild_fix_outside_long_ago_does_not_ring_again_after_a_restart(node: Node) -> None:
    await unit(node)
    await put(node, sector(at=at(-1)))
    await hear_in_turn(node, *way(*GOES_IN, *((second, IN) for second in range(40, 140, 10))))
    await node.desk().alerts.acknowledge(only(node).id)
    known = only(node)
    await hear_in_turn(node, *way((140, OUT), *((second, IN) for second in range(150, 210, 10))))
    assert only(node) == known
    node = await node.again()
    await tick(node, 211)
    assert only(node) == known


async def test_a_visit_of_which_late_fixes_tell_more_is_not_reported_again_after_a_restart(
    node: Node,
) -> None:
    await unit(node)
    await put(node, sector(at=at(-1)))
    visit = ((-10, OUT), (0, OUT), (10, OUT), (40, IN), (50, IN), (60, OUT), (65, OUT), (70, OUT))
    await hear_in_turn(node, *way(*visit))
    alert = only(node)
    await hear(node, *way((35, OUT), heard=75))  # it came later than was told
    node = await node.again()
    await tick(node, 76)
    assert only(node) == alert
    assert len(await node.desk().alerts.history()) == 1


async def test_moves_before_a_sector_was_drawn_are_not_reported_at_a_start(node: Node) -> None:
    await unit(node)
    await hear_in_turn(node, *way(*GOES_IN, *GOES_OUT))
    await put(node, sector(at=at(55)))
    assert alerts(node) == []
    node = await node.again()
    await tick(node, 56)
    assert alerts(node) == []


async def _die(*_: object, **__: object) -> None:
    """Do nothing, as a process does that was killed there."""


PAST = ((-480, 100.40), (-240, 100.402), (0, 100.404), (240, 100.43))
"""Three kilometres in four minutes, through the sector."""


async def test_a_sector_that_a_boat_must_have_crossed_between_two_reports_rings_until_known(
    node: Node,
) -> None:
    boat = await unit(node)
    area = sector()
    await put(node, area)
    await hear_in_turn(node, *way(*PAST, speed_mps=12.0))
    alert = only(node, "no_go_passed")
    assert (alert.severity, alert.subject, alert.raised_at) == ("high", f"{boat}|{area.id}", at(0))
    assert (alert.facts["sector_name"], alert.facts["until"]) == ("Don Xao", f"{at(240):%FT%TZ}")
    await tick(node, 241)
    await tick(node, 250)
    assert only(node, "no_go_passed").rings
    await node.desk().alerts.acknowledge(alert.id)
    await tick(node, 251)
    over = only(node, "no_go_passed")
    assert (over.state, over.returned_at) == ("returned_acknowledged", at(240))
    assert alerts(node, "no_go") == []


async def test_a_late_report_that_shows_it_inside_withdraws_that_it_passed_unseen(
    node: Node,
) -> None:
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*PAST, speed_mps=12.0))
    assert only(node, "no_go_passed").rings
    await hear(node, *way((120, 100.415), speed_mps=12.0, heard=250))
    await tick(node, 251)
    assert [each.state for each in alerts(node)] == ["returned_unacknowledged"]
    assert only(node).rule == "no_go"


async def test_a_sector_that_it_may_have_gone_round_is_reported_with_low_severity(
    node: Node,
) -> None:
    await unit(node)
    low = ((100.41, 20.268), (100.42, 20.268), (100.42, 20.272), (100.41, 20.272), (100.41, 20.268))
    await put(node, sector(polygon=(low,)))
    await hear_in_turn(node, *way(*PAST, speed_mps=12.0))
    assert only(node).severity == "low"
    assert only(node).rule == "no_go_maybe"


async def test_a_second_passage_rings_again(node: Node) -> None:
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*PAST, speed_mps=12.0))
    first = only(node, "no_go_passed")
    await hear_in_turn(node, *way((480, 100.404), speed_mps=12.0))
    again = only(node, "no_go_passed")
    assert (again.id, again.count, again.raised_at) == (first.id, 2, at(240))
    assert again.rings
