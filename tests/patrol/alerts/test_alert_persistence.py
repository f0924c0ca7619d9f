"""Alerts of a running node: calls for help, what people do, restarts and kills."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from patrol.alarms.rules import ALERT_RULES
from patrol.alarms.scene import Condition, Scene
from patrol.errors.errors import Conflict, Forbidden, IllegalStep, NotFound, StoreError
from patrol.store.records import documents
from tests.fixtures.databases import empty_store
from tests.patrol.nodes.alerting import (
    GOES_IN,
    IN,
    alerts,
    hear,
    hear_in_turn,
    only,
    put,
    sector,
    tick,
    unit,
    way,
)
from tests.patrol.nodes.running import AGENCY, OTHER, Node, Viewer, address, at, running, said

# -- calls for help


async def test_a_call_for_help_is_one_alert_however_often_it_is_made(node: Node) -> None:
    boat = await unit(node)
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    for second in range(1, 6):
        await hear(node, said("a", second, distress=True))
    await tick(node, 10)
    alert = only(node)
    assert (alert.rule, alert.subject, alert.unit, alert.version) == ("sos", boat, boat, 1)
    assert (alert.severity, alert.raised_at, alert.rings) == ("sos", at(1), True)
    answers = [document for news in await viewer.look() for document in news.documents]
    assert answers == [alert]
    # it is on disk before the next message is answered
    [row] = node.rows("SELECT kind, version, closed FROM papers WHERE kind = 'alert'")
    assert tuple(row) == ("alert", 1, 0)


async def test_a_call_with_the_words_of_one_that_is_over_is_another(node: Node) -> None:
    """A set on VHF says the same each time, and for ten minutes that counts as one message."""
    boat = await unit(node)
    words: dict[str, Any] = {"distress": True, "duplicate_key": "fire", "duplicate_window_s": 600.0}
    await hear(node, said("a", 1, **words), said("a", 1.2, channel="hill", **words))
    first = only(node)
    node.time = at(60)
    await node.desk().registry.clear_distress(boat)
    await hear(node, said("a", 0.9, channel="pier", heard=59, **words))  # heard before that
    assert alerts(node) == []
    await hear(node, said("a", 240, **words), said("a", 240.2, channel="hill", **words))
    again = only(node)
    assert (again.rings, again.raised_at) == (True, at(240))
    assert again.id != first.id
    assert len(node.rows("SELECT * FROM transmissions")) == 2  # what else heard it is no third
    await hear(node, said("a", 241, channel="pier", **words))
    assert len(node.rows("SELECT * FROM transmissions")) == 2
    node = await node.again()
    assert only(node) == again


async def test_to_clear_the_distress_resolves_its_alert(node: Node) -> None:
    boat = await unit(node)
    await hear(node, said("a", 1, distress=True))
    alert = only(node)
    await node.desk().registry.clear_distress(boat)
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


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"status": "man_down"}, {"distress": True}),
        ({"distress": True}, {"status": "man_down"}),
        ({"distress": True, "status": "man_down"}, {"distress": True, "status": "sos"}),
    ],
)
async def test_who_lies_still_and_then_presses_sos_rings_anew_and_the_reverse(
    node: Node, known: bool, first: dict[str, Any], then: dict[str, Any]
) -> None:
    boat = await unit(node) if known else address()
    await hear(node, said("a", 1, **first))
    await node.desk().alerts.acknowledge(only(node).id)
    for second in (60, 70, 80):
        await hear(node, said("a", second, **first))
        await tick(node, second)
    assert not only(node).rings
    for second in (90, 100):
        await hear(node, said("a", second, **then))
        await tick(node, second)
    before, news = sorted(alerts(node), key=lambda each: each.raised_at)
    assert {before.rule, news.rule} == {"sos", "man_down"}
    assert (before.rings, before.raised_at) == (False, at(1))
    assert (news.rings, news.raised_at, news.version) == (True, at(90), 1)
    node = await node.again()
    await hear(node, said("a", 110, **first), said("a", 111, **then))
    await tick(node, 112)
    assert sorted(alerts(node), key=lambda each: each.raised_at) == [before, news]
    node.time = at(120)
    await node.desk().alerts.resolve(news.id, note="both are well")  # one latch for both
    assert alerts(node) == []
    assert not node.state(boat).distress


async def test_the_call_of_a_radio_that_becomes_a_units_is_the_units_call(node: Node) -> None:
    await hear(node, said("a", 1, status="man_down"))
    alert = only(node)
    assert (alert.subject, alert.viewing_act) == (address(), "see unknown radios")
    assert node.desk("crew").alerts.open() == []
    boat = await unit(node)
    await tick(node, 5)
    moved = only(node)
    assert (moved.id, moved.rule, moved.version) == (alert.id, "man_down", 2)
    assert (moved.subject, moved.unit, moved.state) == (boat, boat, "raised")
    assert node.desk("crew").alerts.open() == [moved]
    await node.desk().alerts.resolve(moved.id, note="found")
    assert not node.state(boat).distress


async def test_who_lies_still_just_as_a_radio_that_called_becomes_the_units_rings(
    node: Node,
) -> None:
    await hear(node, said("a", 1, distress=True))
    boat = await unit(node)
    await hear(node, said("a", 2, status="man_down"))  # before a second has passed
    await tick(node, 5)
    told = sorted(alerts(node), key=lambda each: each.raised_at)
    assert [(each.rule, each.subject, each.raised_at) for each in told] == [
        ("sos", boat, at(1)),
        ("man_down", boat, at(2)),
    ]


async def test_a_call_for_help_rings_after_a_kill_right_behind_its_commit(tmp_path: Path) -> None:
    file = tmp_path / "patrol.db"
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.patrol.nodes.killed_before_alert", str(file), empty_store(file)
    )
    async with asyncio.timeout(30):
        assert await killed.wait() != 0
    async with running(file, now=5) as node:
        alert = only(node)
        assert (alert.rule, alert.subject, alert.rings) == ("sos", address(), True)
        assert node.rows("SELECT count(*) n FROM papers")[0]["n"] == 1
    async with running(file, now=9) as node:
        assert only(node) == alert  # neither forgotten nor repeated


async def test_who_lies_still_rings_though_only_the_latch_of_the_call_before_is_left(
    tmp_path: Path,
) -> None:
    file = tmp_path / "patrol.db"
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.patrol.nodes.killed_before_alert", str(file), empty_store(file)
    )
    async with asyncio.timeout(30):
        assert await killed.wait() != 0
    async with running(file, now=5) as node:
        assert only(node).rule == "sos"
        await hear(node, said("a", 10, status="man_down"))
        assert {each.rule for each in alerts(node)} == {"sos", "man_down"}


async def test_a_latch_cleared_before_a_kill_resolves_the_alert_at_the_start(node: Node) -> None:
    await hear(node, said("a", 1, distress=True))
    node.watch.registrar.on_cleared = None  # as if the process had died there
    await node.desk().registry.clear_distress(address())
    node = await node.again()
    assert alerts(node) == []
    [over] = await node.desk().alerts.history()
    assert over.state == "resolved"


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
    assert "liaison" in only(node).notified_roles
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


async def test_a_clock_that_is_set_back_keeps_no_notification_from_being_sent(node: Node) -> None:
    """By a clock that was an hour ahead the next stage would come an hour late."""
    await unit(node)
    await put(node, sector())
    await hear_in_turn(node, *way((3580, IN), (3590, IN)), said("a", 3600, lon=IN, distress=True))
    sos, no_go = only(node, "sos"), only(node, "no_go")
    await tick(node, 3661)
    assert only(node, "sos").level == 1
    desk = node.desk().alerts
    await desk.shelve(no_go.id, until=at(3661 + 86_400))
    node.time = at(0)
    node = await node.again()
    await tick(node, 1)
    assert (only(node, "sos").level, only(node, "sos").escalates_at) == (1, at(121))
    assert only(node, "no_go").rings
    node.time = at(100)
    node = await node.again()
    assert only(node, "sos").escalates_at == at(121)
    await tick(node, 121)
    assert (only(node, "sos").id, only(node, "sos").level) == (sos.id, 2)
    assert "admin" in only(node, "sos").notified_roles


async def test_whoever_cannot_do_it_alone_tells_the_next_at_once(node: Node) -> None:
    await unit(node)
    await hear(node, said("a", 1, distress=True))
    desk = node.desk().alerts
    alert = await desk.escalate(only(node).id)
    assert (alert.state, alert.level, alert.by) == ("escalated", 1, "kham")
    assert {"planner", "technician"} <= set(alert.notified_roles)
    with pytest.raises(Forbidden):
        await node.desk("observer").alerts.escalate(alert.id)
    last = node.rows("SELECT act, actor FROM journal ORDER BY seq DESC LIMIT 1")[0]
    assert (last["act"], last["actor"]) == ("escalate alert", "kham")


async def test_many_are_acknowledged_in_one_step_and_the_others_named(node: Node) -> None:
    for device in "abc":
        await unit(node, device)
        await hear(node, said(device, 1, distress=True))
    ids = [each.id for each in alerts(node)]
    desk = node.desk("crew").alerts
    await desk.acknowledge(ids[0])
    done = await desk.acknowledge_all([*ids, ids[1], "none"], where="boat 2")
    assert {each.id for each in done.acknowledged} == set(ids[1:])
    assert [each.id for each in done.unchanged] == [ids[0], "none"]
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
    assert (done.acknowledged, len(done.unchanged)) == ((), 1)
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
    kept = await node.watch.store.read(documents.versions, "alert", alert.id)
    assert [each.version for each in kept] == [1, 2, 3]


async def test_a_rule_that_fails_leaves_the_others_and_the_picture_at_work(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_scene: Scene) -> list[Condition]:
        raise ZeroDivisionError

    broken = [
        rule._replace(find=fails) if rule.name in ("no_go", "man_down") else rule
        for rule in ALERT_RULES
    ]
    monkeypatch.setattr("patrol.alarms.engine.RULES", {each.name: each for each in broken})
    boat = await unit(node)
    await hear(node, said("a", 1, distress=True))
    await tick(node, 2)
    assert only(node).rule == "sos"
    assert node.state(boat).last is not None


async def test_a_call_for_help_that_the_store_refuses_at_first_is_filed_with_the_next_tick(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = node.store.write
    refused: list[str] = []

    async def refuse(query: Any, *args: Any, **more: Any) -> Any:
        if len(refused) < 2 and query.__name__ == "_store":
            refused.append(query.__name__)
            raise StoreError("disk full")
        return await write(query, *args, **more)

    monkeypatch.setattr(node.store, "write", refuse)
    await hear(node, said("a", 1, distress=True))
    for second in range(2, 6):
        await tick(node, second)
    assert refused == ["_store", "_store"]
    assert (only(node).rule, only(node).version) == ("sos", 1)
