"""A report that nobody thought of, and what fails over it, silences no other boat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

import patrol.picture.picture
from gis.fences.geofences import Geofences
from patrol.alarms.rules import ALERT_RULES
from patrol.alarms.scene import Condition, Scene
from patrol.alarms.wrong_country import StrayDetector
from patrol.picture.contact import Contact
from patrol.picture.liveness import liveness
from patrol.picture.step import Effect
from tests.fixtures.patience import until
from tests.patrol.nodes.alerting import (
    GOES_IN,
    IN,
    OUT,
    alerts,
    hear,
    only,
    put,
    sector,
    tick,
    unit,
    way,
)
from tests.patrol.nodes.running import AGENCY, Node, at, said

POISON_LON = 100.4096


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fences fail over one place."""
    see = Geofences.see

    def fails(watch: Geofences, fixes: Any) -> Any:
        given = list(fixes)
        outcome = see(watch, given[:1])  # it fails half-way
        if any(position.lon == POISON_LON for _, position in given):
            raise ArithmeticError("poison")
        more = see(watch, given[1:])
        return type(outcome)(
            added=(*outcome.added, *more.added), withdrawn=(*outcome.withdrawn, *more.withdrawn)
        )

    monkeypatch.setattr(Geofences, "see", fails)


def runs(node: Node) -> bool:
    return node.task is not None and not node.task.done()


@pytest.mark.usefixtures("poisoned")
async def test_fences_that_fail_over_one_boat_ring_for_the_others(node: Node) -> None:
    bad, good = await unit(node, "a"), await unit(node, "b")
    await put(node, sector(at=at(-1)))
    with capture_logs() as logs:
        for second, lon in GOES_IN:
            await hear(
                node,
                said("a", second, lon=POISON_LON),
                *way((second, lon), device="b"),
                *way((second, OUT), device="c"),
            )
            await tick(node, second + 1)
    assert len([each for each in logs if each["log_level"] == "error"]) == 2  # once, not each time
    assert runs(node)
    assert (only(node, "no_go").unit, only(node, "no_go").rings) == (good, True)
    await hear(node, said("a", 40, lon=POISON_LON, distress=True))
    assert only(node, "sos").unit == bad
    node = await node.again()  # what its window holds is poison, too
    await tick(node, 60)
    assert {each.rule for each in alerts(node) if each.rings} == {"no_go", "sos"}
    assert (
        node.watch.alarms.geofence_tracker.unheard([bad]) == []
    )  # it is not looked at each second
    for second in range(60, 400, 20):
        await hear(node, said("a", second, lon=OUT if second < 300 else IN))
    assert {each.unit for each in alerts(node, "no_go")} == {bad, good}


@pytest.mark.usefixtures("poisoned")
async def test_a_sector_drawn_meanwhile_is_watched_for_the_others(node: Node) -> None:
    await unit(node, "a")
    good = await unit(node, "b")
    await hear(node, said("a", 0, lon=POISON_LON), *way((0, IN), (10, IN), (20, IN), device="b"))
    await put(node, sector(at=at(-1)))
    assert only(node, "no_go").unit == good
    assert runs(node)


async def test_a_call_for_help_rings_though_the_rest_of_its_batch_fails(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ArithmeticError("poison")

    monkeypatch.setattr(StrayDetector, "note", fails)
    boat = await unit(node)
    await node.hear(said("a", 1, distress=True))
    await until(lambda: bool(alerts(node)))
    assert (only(node).unit, only(node).rings) == (boat, True)
    await until(lambda: not runs(node))  # and whoever runs the watch hears of it


async def test_an_alert_that_cannot_be_filed_keeps_no_other_back(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def odd(scene: Scene) -> Iterator[Condition]:
        for id in scene.batteries:  # half a character, which no file takes
            yield Condition(
                rule="low_battery",
                subject=id,
                agency=AGENCY,
                severity="low",
                since=at(0),
                facts={"call_sign": "\ud800"},
            )

    rules = tuple(
        rule._replace(find=odd, at_once=True) if rule.name == "low_battery" else rule
        for rule in ALERT_RULES
    )
    monkeypatch.setattr("patrol.alarms.engine.RULES", {each.name: each for each in rules})
    boat = await unit(node)
    await hear(node, said("a", 1, distress=True, facts={"battery_pct": 5}))
    assert (only(node).rule, only(node).unit, only(node).rings) == ("sos", boat, True)
    await tick(node, 70)
    assert only(node).state == "escalated"
    assert runs(node)


async def test_a_clock_rule_that_fails_for_one_boat_still_runs_for_all_others(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    boats = {each: await unit(node, each, expected_interval_s=10) for each in "abc"}

    def fails(contact: Contact, now: datetime) -> Effect | None:
        if contact.id == boats["a"]:
            raise ArithmeticError("poison")
        return liveness(contact, now)

    monkeypatch.setattr(patrol.picture.picture, "CLOCK_RULES", (fails,))
    for each in "abc":
        await hear(node, said(each, 0), said(each, 10), said(each, 20))
    node.time = at(500)
    await until(lambda: not runs(node))
    assert [node.state(boats[each]).liveness for each in "abc"] == ["live", "lost", "lost"]
    node = await node.again()
    assert [node.state(boats[each]).liveness for each in "bc"] == ["lost", "lost"]
