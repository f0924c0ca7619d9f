"""Distress knows no suspension where both signed so: a call rings, the contact on duty stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from patrol.agreements import lifecycle as acts
from patrol.agreements.agreement import Agreement
from patrol.alerts.alert import Alert
from patrol.duty.roster import DutyContact
from patrol.errors.errors import Conflict
from patrol.units.data_classes import DATA_CLASSES, DataClass
from patrol.units.units import Unit
from tests.patrol.nodes.agreements import CK, HX, active, file, share
from tests.patrol.nodes.running import AGENCY, OTHER, Node, address, at, running, said

PLAIN: tuple[DataClass, ...] = ("positions", "tracks", "alerts", "texts")
LINES: tuple[DataClass, ...] = ("distress", "duty_contact")


async def thai_boat(node: Node) -> Unit:
    """Register a boat of the other agency; return it."""
    desk = node.desk("commander", OTHER, "malee")
    state = await desk.registry.add_unit(call_sign="Khong 1", kind="boat")
    await desk.registry.assign(address=address("k"), unit=state.id, start=at(-60))
    (found,) = (each for each in node.watch.picture.units.values() if each.id == state.id)
    return found


def rung(node: Node) -> list[Alert]:
    """Return the alerts about calls from across that the first agency has, and that are open."""
    return [
        each
        for each in node.watch.document_service.open_documents.all(Alert)
        if each.rule == "distress_across" and each.agency == AGENCY
    ]


async def call(node: Node, second: float, **more: Any) -> None:
    node.time = at(second)
    await node.hear(said("k", second, distress=True, **more))
    await tick(node)


async def tick(node: Node) -> None:
    async with node.watch.turn as turn:
        await node.watch.tick(turn)


async def test_a_call_in_a_suspension_rings_across_with_place_time_and_people_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "p.db") as node:
        boat = await thai_boat(node)
        agreement = await share(node, classes=(*PLAIN, *LINES), only_joint_patrols=True)
        other = node.desk("liaison", OTHER, "malee")
        await other.agreements.suspend(agreement.id, reason="by order")
        await call(node, 10, facts={"persons_on_board": 3})
        (alert,) = rung(node)
        assert (alert.severity, alert.state, alert.rings) == ("sos", "raised", True)
        assert (alert.lon, alert.lat, alert.raised_at) == (100.4, 20.27, at(10))
        assert alert.facts == {"other": OTHER, "people": 3}
        assert alert.unit is None
        for words in (boat.id, boat.call_sign, address("k")):
            assert words not in repr(alert)
        own = [
            each
            for each in node.watch.document_service.open_documents.all(Alert)
            if each.agency == OTHER
        ]
        desk = node.desk("commander", AGENCY, "somchai")
        assert [each.id for each in desk.alerts.open()] == [alert.id]
        assert not node.watch.live.cross_agency_units.visible_units(
            AGENCY, node.time
        )  # the boat itself is not seen
        assert [each.rule for each in own] == ["sos"]
        known = await desk.alerts.acknowledge(alert.id)
        assert not known.rings
        await node.desk("commander", OTHER, "malee").registry.clear_distress(boat.id)
        await tick(node)
        assert [each.state for each in rung(node)] == ["returned_acknowledged"]


async def test_a_suspension_that_names_it_keeps_it_and_it_rings_at_once_when_sharing_is_resumed(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "p.db") as node:
        await thai_boat(node)
        agreement = await share(node, classes=(*PLAIN, *LINES))
        other = node.desk("liaison", OTHER, "malee")
        held = await other.agreements.suspend(agreement.id, reason="by order", also=("distress",))
        assert held.withheld[0].withheld_lifelines == ("distress",)
        await call(node, 10)
        assert rung(node) == []
        why = {(each.data_class, each.viewer): each for each in other.agreements.open()}
        assert not why["distress", AGENCY].open
        assert why["duty_contact", AGENCY].open
        node.time = at(60)
        await other.agreements.resume(agreement.id)
        await tick(node)
        (alert,) = rung(node)
        assert alert.rings


@pytest.mark.parametrize("classes", [PLAIN, (*PLAIN, *LINES)])
async def test_what_is_still_a_distress_when_sharing_resumes_rings_under_older_terms_too(
    tmp_path: Path, classes: tuple[DataClass, ...]
) -> None:
    async with running(tmp_path / "p.db") as node:
        await thai_boat(node)
        agreement = await share(node, classes=classes)
        other = node.desk("liaison", OTHER, "malee")
        await other.agreements.suspend(agreement.id, reason="by order", also=())
        await call(node, 10)
        assert len(rung(node)) == (1 if classes is not PLAIN else 0)  # who signed neither has none
        node.time = at(60)
        await other.agreements.resume(agreement.id)
        await node.hear(said("k", 60))
        await tick(node)
        assert [each.rings for each in rung(node)] == [True]


async def test_while_sharing_is_in_force_older_terms_bring_no_second_alert(tmp_path: Path) -> None:
    async with running(tmp_path / "p.db") as node:
        await thai_boat(node)
        await share(node, classes=PLAIN)
        await call(node, 10)
        await tick(node)
        assert rung(node) == []
        desk = node.desk("commander", AGENCY, "somchai")
        assert [each.rule for each in desk.alerts.open()] == ["sos"]


def test_terms_that_gain_lifelines_have_none_until_both_have_signed_them() -> None:
    signed = active(classes=PLAIN)
    wider = acts.change(signed, other_terms(signed, classes=(*PLAIN, *LINES)), at=at(60), who=HX)
    assert wider.windows == ()
    wider = acts.sign(acts.sign(wider, at=at(61), who=HX), at=at(62), who=CK)
    assert {each.data_class for each in wider.windows} == {*PLAIN, *LINES}
    held = acts.suspend(wider, at=at(70), who=CK, reason="by order")
    assert {each.data_class for each in held.windows if each.end is None} == set(LINES)
    with pytest.raises(Conflict, match="distress and duty_contact anyhow"):
        acts.suspend(wider, at=at(70), who=CK, reason="by order", also=("tracks",))
    both = acts.suspend(held, at=at(71), who=HX, reason="so do we", also=LINES)
    assert all(each.end is not None for each in both.windows)
    again = acts.resume(both, at=at(80), who=HX)  # the other had named none of them
    assert {each.data_class for each in again.windows if each.end is None} == set(LINES)
    whole = acts.resume(again, at=at(90), who=CK)
    open_ = [(each.agency, each.data_class) for each in whole.windows if each.end is None]
    assert len(open_) == len(set(open_)) == 2 * len((*PLAIN, *LINES))


def other_terms(agreement: Agreement, **changes: Any) -> Any:
    """Return the terms of an agreement, changed."""
    return msgspec.structs.replace(agreement.terms, **changes)


@pytest.mark.parametrize("also", [(), ("duty_contact",)])
async def test_the_contact_on_duty_stands_in_a_suspension_that_does_not_name_it(
    tmp_path: Path, also: tuple[DataClass, ...]
) -> None:
    async with running(tmp_path / "p.db") as node:
        agreement = await share(node, classes=DATA_CLASSES)
        contact = DutyContact(
            id="c1", agency=OTHER, at=node.time, office="Chiang Khong", phone="+66 53 555 0101"
        )
        await file(node, contact)
        desk = node.desk("commander", AGENCY, "somchai")
        assert [each.phone for each in desk.roster.contacts()] == ["+66 53 555 0101"]
        other = node.desk("liaison", OTHER, "malee")
        node.time = at(60)
        await other.agreements.suspend(agreement.id, reason="by order", also=also)
        phones = [each.phone for each in desk.roster.contacts()]
        assert phones == ([] if also else ["+66 53 555 0101"])


async def test_a_call_from_nobody_knows_where_rings_across(tmp_path: Path) -> None:
    async with running(tmp_path / "p.db") as node:
        await thai_boat(node)
        await share(node, classes=LINES)
        await call(node, 10, lon=None)
        (alert,) = rung(node)
        assert (alert.lon, alert.lat, alert.rings) == (None, None, True)


async def test_what_rang_across_is_not_passed_on(tmp_path: Path) -> None:
    async with running(tmp_path / "p.db") as node:
        await thai_boat(node)
        await share(node, classes=(*PLAIN, *LINES))
        await call(node, 10)
        assert len(rung(node)) == 1
        answer = node.desk("commander", OTHER, "malee").alerts.open()
        assert [each.rule for each in answer] == ["sos"]
