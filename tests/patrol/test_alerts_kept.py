"""Alerts of a running node: raised once, ended once, kept over a restart and a kill."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patrol.alerts import Alert
from patrol.errors import Conflict, Forbidden, IllegalStep, NotFound
from patrol.filing import Filing
from patrol.papers import Paper, new_id, revised
from patrol.patrols import Member, Patrol, Rendezvous
from patrol.sectors import Sector
from patrol.store import papers
from radio_gateway.transmission import Transmission
from tests.patrol.running import AGENCY, OTHER, Node, Viewer, address, at, running, said
from tests.patrol.scenes import channel

WEST, EAST, SOUTH, NORTH = 100.41, 100.42, 20.26, 20.28
METRE_DEG = 1 / 104_400  # of longitude, at this latitude


def sector(use: Any = "no_go", **more: Any) -> Sector:
    ring = ((WEST, SOUTH), (EAST, SOUTH), (EAST, NORTH), (WEST, NORTH), (WEST, SOUTH))
    values: dict[str, Any] = {"id": new_id(), "agency": AGENCY, "at": at(0), "name": "Don Xao"}
    return Sector(**(values | {"use": use, "polygon": (ring,)} | more))


async def put(node: Node, *filed: Paper) -> None:
    """File papers, and let the watch take them up."""
    await node.watch.clerk.file(lambda _book, _now: Filing(papers=filed, act="test"))
    await tick(node)


async def tick(node: Node, second: float | None = None) -> None:
    """Let a second of the watch's clock pass."""
    if second is not None:
        node.time = at(second)
    async with node.watch.turn:
        node.watch.picture.tick(node.time)
        await node.watch.clerk.tick()
        await node.watch.alarms.tick()


def alerts(node: Node, rule: str | None = None) -> list[Alert]:
    return [each for each in node.watch.clerk.book.all(Alert) if rule is None or each.rule == rule]


def only(node: Node, rule: str | None = None) -> Alert:
    [alert] = alerts(node, rule)
    return alert


async def unit(node: Node, device: str = "a", **more: Any) -> str:
    id = await node.boat(f"Boat {device}", **more)
    await node.desk("admin").assign(address=address(device), unit=id, start=at(-100_000))
    return id


def way(
    *places: tuple[float, float], device: str = "a", heard: float | None = None
) -> list[Transmission]:
    """Return what a boat says that is at these (second, longitude)."""
    return [said(device, second, lon=lon, heard=heard) for second, lon in places]


async def hear(node: Node, *messages: Transmission) -> None:
    """Hand in messages and wait until the watch is through with them, not only answered."""
    node.time = max(node.time, *(message.heard_at for message in messages))
    await node.hear(*messages)
    async with node.watch.turn:
        pass


async def hear_in_turn(node: Node, *messages: Transmission) -> None:
    for message in messages:
        await hear(node, message)


OUT, IN = 100.409, 100.411
GOES_IN = ((0, OUT), (10, OUT), (20, IN), (30, IN))


# -- calls for help


async def test_a_call_for_help_is_one_alert_however_often_it_is_made(node: Node) -> None:
    boat = await unit(node)
    viewer = Viewer(node.desk().subscribe())
    await viewer.look()
    for second in range(1, 6):
        await hear(node, said("a", second, distress=True))
    await tick(node, 10)
    alert = only(node)
    assert (alert.rule, alert.subject, alert.unit, alert.version) == ("sos", boat, boat, 1)
    assert (alert.severity, alert.raised_at, alert.rings) == ("sos", at(1), True)
    shown = [paper for news in await viewer.look() for paper in news.papers]
    assert shown == [alert]
    # it is on disk before the next message is answered
    [row] = node.rows("SELECT kind, version, closed FROM papers WHERE kind = 'alert'")
    assert tuple(row) == ("alert", 1, 0)


async def test_to_clear_the_distress_resolves_its_alert(node: Node) -> None:
    boat = await unit(node)
    await hear(node, said("a", 1, distress=True))
    alert = only(node)
    await node.desk().clear_distress(boat)
    assert alerts(node) == []
    over = await node.desk().alerts.alert(alert.id)
    assert (over.state, over.resolved_by, over.version) == ("resolved", "kham", 2)
    await tick(node, 5)
    assert alerts(node) == []
    node.time = at(6)
    await hear(node, said("a", 7, distress=True))
    assert only(node).id != alert.id  # a new call is a new alert


async def test_to_resolve_a_call_for_help_clears_the_distress(node: Node) -> None:
    boat = await unit(node)
    await hear(node, said("a", 1, distress=True))
    desk = node.desk().alerts
    over = await desk.resolve(only(node).id, note="engine stalled, towed home")
    assert (over.state, over.note, over.resolved_by) == (
        "resolved",
        "engine stalled, towed home",
        "kham",
    )
    assert not node.state(boat).distress
    assert node.rows("SELECT count(*) n FROM latches WHERE cleared_us IS NULL")[0]["n"] == 0
    versions = await desk.versions(over.id)
    assert [each.state for each in versions] == ["raised", "resolved"]
    with pytest.raises(NotFound):
        await desk.resolve(over.id, note="again")


async def test_only_who_may_clear_distress_may_resolve_a_call_for_help(node: Node) -> None:
    await unit(node)
    await hear(node, said("a", 1, distress=True))
    with pytest.raises(Forbidden):
        await node.desk("liaison").alerts.resolve(only(node).id, note="fine")
    with pytest.raises(Conflict, match="put aside"):
        await node.desk().alerts.shelve(only(node).id, for_s=60)


async def test_a_man_down_is_latched_though_its_protocol_does_not_call_it_distress(
    node: Node,
) -> None:
    boat = await unit(node)
    await hear(node, said("a", 1, facts={"alarm": "fallDown"}))
    assert node.state(boat).distress
    assert only(node).rule == "man_down"
    await hear(node, said("a", 2))
    await tick(node, 30)
    assert (only(node).rule, only(node).version) == ("man_down", 1)
    node = await node.again()
    await tick(node, 31)
    assert (only(node).rule, only(node).version) == ("man_down", 1)


async def test_the_call_of_a_radio_that_becomes_a_units_is_the_units_call(node: Node) -> None:
    await hear(node, said("a", 1, status="man_down"))
    alert = only(node)
    assert (alert.subject, alert.seen_by) == (address(), "see unknown radios")
    assert node.desk("crew").alerts.open() == []
    boat = await unit(node)
    await tick(node, 5)
    moved = only(node)
    assert (moved.id, moved.rule, moved.version) == (alert.id, "man_down", 2)
    assert (moved.subject, moved.unit, moved.state) == (boat, boat, "raised")
    assert node.desk("crew").alerts.open() == [moved]
    await node.desk().alerts.resolve(moved.id, note="found")
    assert not node.state(boat).distress


async def test_a_call_for_help_rings_after_a_kill_right_behind_its_commit(tmp_path: Path) -> None:
    file = tmp_path / "patrol.db"
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.patrol.killed_before_alert", str(file)
    )
    async with asyncio.timeout(30):
        assert await killed.wait() != 0
    async with running(file, now=5) as node:
        alert = only(node)
        assert (alert.rule, alert.subject, alert.rings) == ("sos", address(), True)
        assert node.rows("SELECT count(*) n FROM papers")[0]["n"] == 1
    async with running(file, now=9) as node:
        assert only(node) == alert  # neither forgotten nor repeated


async def test_a_latch_cleared_before_a_kill_resolves_the_alert_at_the_start(node: Node) -> None:
    await hear(node, said("a", 1, distress=True))
    node.watch.registrar.when_cleared = None  # as if the process had died there
    await node.desk().clear_distress(address())
    node = await node.again()
    assert alerts(node) == []
    [over] = await node.desk().alerts.history()
    assert over.state == "resolved"


# -- fences


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
    await hear_in_turn(node, *way((40, IN), (50, OUT), (60, OUT)))
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
    await hear_in_turn(node, *way(*GOES_IN, (40, OUT), (50, OUT)))
    first = only(node)
    assert first.state == "returned_unacknowledged"
    await hear_in_turn(node, *way((60, IN), (70, IN)))
    again = only(node)
    assert (again.id, again.state, again.count) == (first.id, "raised", 2)
    assert again.raised_at > first.raised_at


async def test_what_began_and_ended_in_one_batch_is_raised_and_returned(node: Node) -> None:
    await unit(node)
    await put(node, sector())
    node.time = at(60)
    await hear(node, *way(*GOES_IN, (40, OUT), (50, OUT)))
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
    await hear(node, *way(*GOES_IN, (40, OUT), (50, OUT), heard=3600))
    alert = only(node)
    assert (alert.historical, alert.state, alert.rings) == (True, "returned_unacknowledged", False)
    versions = await node.desk().alerts.versions(alert.id)
    assert not any(each.rings or each.told for each in versions)
    await tick(node, 3700)
    assert only(node) == alert


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
    await hear_in_turn(node, *way((50, OUT), (60, OUT)))
    assert only(node).state == "returned_unacknowledged"


async def test_what_is_inside_when_a_sector_is_drawn_is_told_and_ends_with_the_sector(
    node: Node,
) -> None:
    await unit(node)
    await hear_in_turn(node, *way(*GOES_IN))
    assert alerts(node) == []
    area = sector()
    await put(node, area)
    assert only(node).state == "raised"
    await put(node, revised(area, at=at(50), by="kham", retired_at=at(50)))
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
    await hear_in_turn(node, *way((40, OUT), (50, OUT)))
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
            told: set[str] = set()
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
                told |= {each.id for each in alerts(node, "no_go") if each.unit == boat}
            await tick(node)
            assert len(told) <= 1
            for id in told:
                assert len(await node.desk().alerts.versions(id)) <= 3

        @settings(
            max_examples=25,
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
    places = [(0, OUT), (10, OUT), (20, IN), (30, IN), (40, OUT), (50, OUT), (60, IN), (70, IN)]
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

        @settings(max_examples=25, deadline=None)
        @given(st.permutations(range(8)), st.lists(st.integers(1, 4), max_size=6))
        def shuffled(order: list[int], sizes: list[int]) -> None:
            assert runner.run(outcome(order, sizes)) == expected

        try:
            shuffled()
        finally:
            runner.run(node.stop())


# -- patrols, silence, links


def night(boat: str, **more: Any) -> Patrol:
    values: dict[str, Any] = {
        "id": new_id(),
        "agency": AGENCY,
        "at": at(0),
        "name": "Night",
        "agencies": (AGENCY,),
        "lead": AGENCY,
        "starts_at": at(0),
        "ends_at": at(36_000),
        "state": "under way",
        "started_at": at(0),
        "members": (Member(unit=boat, agency=AGENCY),),
    }
    return Patrol(**(values | more))


async def test_outside_its_sector_is_told_while_the_patrol_is_under_way(node: Node) -> None:
    boat = await unit(node)
    area = sector(use="patrol")
    patrol = night(boat, sectors=(area.id,))
    await put(node, area, patrol)
    await hear_in_turn(node, *way(*GOES_IN, (40, OUT), (50, OUT)))
    alert = only(node)
    assert (alert.rule, alert.subject) == ("outside_sector", boat)
    assert at(30) < alert.raised_at < at(40)
    await hear_in_turn(node, *way((60, IN), (70, IN)))
    back = only(node)
    assert back.state == "returned_unacknowledged"
    assert back.returned_at is not None
    assert at(50) < back.returned_at < at(60)
    await hear_in_turn(node, *way((80, OUT), (90, OUT)))
    assert only(node).state == "raised"
    await put(node, revised(patrol, at=at(99), by="kham", state="ended", ended_at=at(99)))
    assert only(node).state == "returned_unacknowledged"


async def test_a_meeting_that_took_place_is_not_missed_after_a_restart(node: Node) -> None:
    boat = await unit(node)
    pier = Rendezvous(name="Pier", lon=IN, lat=20.27, at=at(60), grace_s=120.0, radius_m=100.0)
    far = Rendezvous(name="Bend", lon=100.5, lat=20.27, at=at(60), grace_s=120.0)
    await put(node, night(boat, rendezvous=(pier, far)))
    ways = [(second, IN) for second in range(0, 60, 10)]
    ways += [(second, OUT - second * 1e-5) for second in range(100, 400, 10)]
    await hear_in_turn(node, *way(*ways))
    node.time = at(401)
    await tick(node)
    assert [each.facts["rendezvous"] for each in alerts(node, "rendezvous_missed")] == ["Bend"]
    alert = only(node, "rendezvous_missed")
    node = await node.again()
    await tick(node, 402)
    assert only(node, "rendezvous_missed") == alert


async def test_a_unit_of_a_patrol_that_falls_silent_and_is_heard_again(node: Node) -> None:
    boat = await unit(node, expected_interval_s=10)
    await put(node, night(boat))
    await hear(node, *way((0, OUT)))
    await tick(node, 50)
    assert alerts(node) == []
    await tick(node, 51)
    alert = only(node)
    assert (alert.rule, alert.raised_at, alert.severity) == ("silent_unit", at(50), "high")
    node = await node.again()  # it was not heard by the new run: nothing new about it
    await tick(node, 52)
    assert only(node) == alert
    await tick(node, 200)
    assert only(node).state == "raised" or only(node).state == "escalated"
    await hear(node, *way((201, OUT)))
    await tick(node, 201)
    assert only(node).state == "returned_unacknowledged"


async def test_a_dead_link_is_one_alert_and_its_units_are_not_blamed(node: Node) -> None:
    boats = [await unit(node, name, expected_interval_s=10) for name in "abc"]
    patrol = night(boats[0], members=tuple(Member(unit=id, agency=AGENCY) for id in boats))
    await put(node, patrol)
    for name in "abc":
        await hear(node, *way((0, OUT), device=name))
    node.time = at(1)
    node.watch.channel_health([channel("serial", state="down", since=1)])
    await tick(node, 1)
    await tick(node, 20)
    assert alerts(node) == []
    await tick(node, 100)
    alert = only(node)
    assert (alert.rule, alert.subject) == ("silent_channel", "serial")
    assert "technician" in alert.told
    for second in range(101, 140):  # it is opened again and again
        state: Any = "open" if second % 2 else "down"
        node.watch.channel_health([channel("serial", state=state, since=second)])
        await tick(node, second)
    assert (only(node, "silent_channel").id, only(node).version) == (alert.id, 1)
    node.watch.channel_health([channel("serial", since=145)])
    for second in range(145, 185, 10):
        for name in "abc":
            await hear(node, *way((second, OUT), device=name))
        await tick(node, second)
    assert only(node, "silent_channel").state == "returned_unacknowledged"


async def test_a_low_battery_is_known_over_a_restart(node: Node) -> None:
    await unit(node)
    await hear(node, said("a", 1, facts={"battery_pct": 9}))
    await tick(node, 2)
    alert = only(node)
    assert (alert.rule, alert.facts["battery_pct"]) == ("low_battery", 9)
    node = await node.again()
    await tick(node, 3)
    assert only(node) == alert
    await hear(node, said("a", 4, facts={"battery_pct": 20}))
    await tick(node, 5)
    assert only(node) == alert
    await hear(node, said("a", 6, facts={"battery_pct": 90}))
    await tick(node, 7)
    assert only(node).state == "returned_unacknowledged"


# -- people and time


async def test_what_nobody_acknowledges_is_escalated_and_what_is_put_aside_comes_back(
    node: Node,
) -> None:
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way(*GOES_IN))
    since = only(node).rings_since
    assert since in (at(20), at(30))
    rang = (since - at(0)).total_seconds()
    await hear(node, *way((290, IN)))
    await tick(node, rang + 299)
    assert only(node).state == "raised"
    await tick(node, rang + 300)
    assert (only(node).state, only(node).level) == ("escalated", 1)
    assert "liaison" in only(node).told
    desk = node.desk().alerts
    aside = await desk.shelve(only(node).id, for_s=60, reason="fetches a doctor")
    assert (aside.state, aside.shelved_until, aside.shelved_by) == (
        "shelved",
        at(rang + 360),
        "kham",
    )
    node = await node.again()
    await hear(node, *way((340, IN)))
    await tick(node, rang + 359)
    assert only(node).state == "shelved"
    await tick(node, rang + 360)
    assert (only(node).state, only(node).rings) == ("raised", True)
    with pytest.raises(IllegalStep):
        await node.desk().alerts.unshelve(only(node).id)


async def test_many_are_acknowledged_in_one_step_and_the_others_named(node: Node) -> None:
    for device in "abc":
        await unit(node, device)
        await hear(node, said(device, 1, distress=True))
    ids = [each.id for each in alerts(node)]
    desk = node.desk("crew").alerts
    await desk.acknowledge(ids[0])
    done = await desk.acknowledge_all([*ids, ids[1], "none"], where="boat 2")
    assert {each.id for each in done.acknowledged} == set(ids[1:])
    assert [each.id for each in done.left] == [ids[0], "none"]
    assert {each.acknowledged_where for each in done.acknowledged} == {"boat 2"}


async def test_another_agency_sees_and_changes_nothing(node: Node) -> None:
    await unit(node)
    await hear(node, said("a", 1, distress=True))
    alert = only(node)
    desk = node.desk("commander", OTHER).alerts
    assert desk.open() == []
    assert await desk.history() == []
    for act in (
        desk.alert(alert.id),
        desk.versions(alert.id),
        desk.acknowledge(alert.id),
        desk.shelve(alert.id, for_s=60),
        desk.resolve(alert.id, note="x"),
    ):
        with pytest.raises(NotFound):
            await act
    done = await desk.acknowledge_all([alert.id])
    assert (done.acknowledged, len(done.left)) == ((), 1)
    assert only(node) == alert


async def test_roles_that_may_not_are_refused(node: Node) -> None:
    await unit(node)
    await hear(node, said("a", 1, distress=True))
    id = only(node).id
    watching = node.desk("observer").alerts
    assert [each.id for each in watching.open()] == [id]
    with pytest.raises(Forbidden):
        await watching.acknowledge(id)
    with pytest.raises(Forbidden):
        await node.desk("crew").alerts.shelve(id, for_s=60)
    with pytest.raises(Forbidden):
        await node.desk("planner").alerts.resolve(id, note="x")
    with pytest.raises(Conflict, match="note"):
        await node.desk().alerts.resolve(id, note="  ")


async def test_each_act_is_in_the_journal_and_every_version_is_kept(node: Node) -> None:
    await unit(node)
    await hear(node, said("a", 1, distress=True))
    alert = only(node)
    await node.desk(name="malee").alerts.acknowledge(alert.id, where="desk 2")
    await node.desk().alerts.resolve(alert.id, note="found")
    rows = node.rows(
        "SELECT act, actor, agency FROM journal WHERE subject = ? ORDER BY seq",
        f"alert:{alert.id}",
    )
    assert [tuple(row) for row in rows] == [
        ("raise alert", "", AGENCY),
        ("acknowledge alert", "malee", AGENCY),
        ("resolve alert", "kham", AGENCY),
    ]
    kept = await node.watch.store.read(papers.versions, "alert", alert.id)
    assert [each.version for each in kept] == [1, 2, 3]
