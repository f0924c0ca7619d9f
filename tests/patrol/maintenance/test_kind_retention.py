"""Retention of kinds: what is old goes with a line of the journal, what is held or in use stays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from patrol.errors.errors import Conflict, Forbidden, NotFound
from patrol.incidents.incident import Incident
from patrol.legal_holds.legal_hold import LegalHold
from patrol.maintenance.kind_policy import KindPolicy
from patrol.maintenance.kind_retention import KindRetention
from patrol.store.journal import journal
from patrol.store.proof import verify_journal as proving
from tests.patrol.desks.incidents.test_photos import picture
from tests.patrol.nodes.running import AGENCY, NODE, OTHER, START, Node, at

YEAR = timedelta(days=365)
LATER = 366 * 86400.0
ORDER = "order of a court, 14/2026"


async def clean(
    node: Node, documents: Mapping[str, timedelta] = {"incident": YEAR}, **more: Any
) -> int:
    """Do what is due a year and a day after the tests begin; return how many lines that made."""
    policy = KindPolicy(documents=documents, **more)
    store = node.watch.store
    await store.write(journal.cover, node.time, origin=NODE)
    gone = await KindRetention(store, policy, node=NODE).catch_up(at(LATER))
    proof = await store.read(proving.prove)
    assert proof.faults == (), "what went by the policy is no fault of the journal"
    return gone


async def withdrawn(node: Node, agency: str = AGENCY, **more: Any) -> Incident:
    """Return an incident that is over."""
    incidents = node.desk(agency=agency).incidents
    made = await incidents.log(category="drugs", happened_at=START, precision="day", **more)
    return await incidents.withdraw(made.id, version=made.version, reason="a mistake")


def ids(node: Node, table: str = "papers") -> set[str]:
    return {row["id"] for row in node.rows(f"SELECT id FROM {table}")}


async def test_a_document_that_is_over_goes_with_its_versions_and_its_photos(node: Node) -> None:
    photo = await node.desk("crew").photos.add(picture())
    old = await withdrawn(node, photos=(photo.sha256,), informants="the ferryman")
    assert len(ids(node, "protected_fields")) == 1
    open_ = await node.desk().incidents.log(
        category="drugs", happened_at=START, precision="day", photos=()
    )
    assert await clean(node, documents={"target": YEAR}) == 0
    assert await clean(node) == 3
    assert ids(node) == {open_.id}
    assert ids(node, "photos") == ids(node, "originals") == set()
    assert ids(node, "protected_fields") == set()
    rows = node.rows("SELECT * FROM journal WHERE act = 'remove by retention'")
    assert {row["subject"].partition(":")[0] for row in rows} == {"incident", "photo", "original"}
    (row,) = [row for row in rows if row["subject"] == f"incident:{old.id}"]
    assert (row["agency"], row["actor"]) == (AGENCY, "")
    assert '"versions":2' in row["detail"]
    assert await clean(node) == 0


async def test_a_photo_that_another_document_names_stays(node: Node) -> None:
    photo = await node.desk("crew").photos.add(picture())
    await withdrawn(node, photos=(photo.sha256,))
    await node.desk().incidents.log(
        category="drugs", happened_at=START, precision="day", photos=(photo.sha256,)
    )
    await clean(node, photos=YEAR, originals=YEAR)
    assert len(ids(node, "photos")) == len(ids(node, "originals")) == 1


async def test_originals_go_before_their_photos_where_the_policy_says_so(node: Node) -> None:
    photo = await node.desk("crew").photos.add(picture())
    await withdrawn(node, photos=(photo.sha256,))
    assert await clean(node, documents={}, originals=YEAR, photos=YEAR) == 1
    assert (len(ids(node, "photos")), ids(node, "originals")) == (1, set())


async def test_what_is_stolen_is_still_named(node: Node) -> None:
    await withdrawn(node)
    other = await withdrawn(node)
    await clean(node, documents={})
    await node.watch.store.write(
        lambda connection: connection.exec_driver_sql(f"DELETE FROM papers WHERE id = '{other.id}'")
    )
    (fault,) = (await node.watch.store.read(proving.prove)).faults
    assert (fault.what, other.id in fault.document) == ("missing", True)


@pytest.mark.parametrize("kind", ["incident", "unit", "agency"])
async def test_a_legal_hold_wins_until_it_is_released(node: Node, kind: str) -> None:
    boat = await node.boat()
    photo = await node.desk("crew").photos.add(picture())
    old = await withdrawn(node, photos=(photo.sha256,), narrative=f"told by {boat}")
    free = await withdrawn(node, agency=OTHER)
    of = {"incident": old.id, "unit": boat, "agency": AGENCY}[kind]
    holds = node.desk("admin").legal_holds
    hold = await holds.place(kind, of, reason=ORDER)  # type: ignore[arg-type]
    assert (hold.set_by, hold.reason) == ("kham", ORDER)
    assert await clean(node, originals=YEAR, photos=YEAR) == 1
    assert old.id in ids(node)
    assert free.id not in ids(node)
    assert len(ids(node, "photos")) == len(ids(node, "originals")) == 1

    await holds.release(hold.id, reason="the case is closed")
    assert await holds.all() == []
    (legal_hold,) = await holds.all(released=True)
    assert (legal_hold.release_reason, legal_hold.by) == ("the case is closed", "kham")
    await clean(node)
    assert ids(node) == {hold.id}
    acts = [row["act"] for row in node.rows("SELECT act FROM journal ORDER BY seq")]
    assert [act for act in acts if "hold" in act] == ["set legal hold", "release legal hold"]


async def test_texts_to_radios_go_and_those_to_a_held_unit_stay(node: Node) -> None:
    boat = await node.boat()
    rows = [("a", "NULL", 1), ("b", f"'{boat}'", 1), ("c", "NULL", 0)]
    us = int(START.timestamp() * 1e6)
    text = ", ".join(
        f"('{id}', {unit}, 'pier', 'text', 'come', 'kham', '', {us}, 0, 'sent', {final}, '',"
        f" '{AGENCY}', '{NODE}')"
        for id, unit, final in rows
    )
    insert = (
        "INSERT INTO messages (id, unit, channel, kind, text, operator, reason, created_us,"
        f" expires_us, state, final, history, agency, origin) VALUES {text}"
    )
    await node.watch.store.write(lambda connection: connection.exec_driver_sql(insert))
    await node.desk("admin").legal_holds.place("unit", boat, reason=ORDER)
    assert await clean(node, documents={}, texts=YEAR) == 1
    assert ids(node, "messages") == {"b", "c"}
    (row,) = node.rows("SELECT * FROM journal WHERE act = 'remove by retention'")
    assert (row["subject"], '"count":1' in row["detail"]) == ("messages:", True)


async def test_a_hold_is_listed_however_many_were_released_after_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patrol.desks.legal_holds.MOST_HOLDS", 2)
    holds = node.desk("admin").legal_holds
    holding = await holds.place("agency", AGENCY, reason=ORDER)
    for _ in range(2):
        short = await holds.place("agency", AGENCY, reason=ORDER)
        await holds.release(short.id, reason="the case is closed")
    assert await holds.all() == [holding]
    assert holding in await holds.all(released=True)


async def test_who_may_hold_what(node: Node) -> None:
    incident = await withdrawn(node)
    for role in ("planner", "crew", "liaison", "technician", "observer"):
        with pytest.raises(Forbidden):
            await node.desk(role).legal_holds.place("incident", incident.id, reason=ORDER)
    others = node.desk("admin", agency=OTHER).legal_holds
    with pytest.raises(NotFound):
        await others.place("incident", incident.id, reason=ORDER)
    with pytest.raises(NotFound):
        await others.place("agency", AGENCY, reason=ORDER)
    with pytest.raises(Conflict):
        await node.desk("admin").legal_holds.place("incident", incident.id, reason=" ")
    hold = await node.desk("commander").legal_holds.place("incident", incident.id, reason=ORDER)
    assert isinstance(hold, LegalHold)
    assert await others.all(released=True) == []
    with pytest.raises(NotFound):
        await others.release(hold.id, reason=ORDER)


@pytest.mark.parametrize("kind", ["incident", "patrol", "agency"])
async def test_nothing_that_a_hold_covers_is_redacted_until_the_hold_is_released(
    node: Node, kind: Any
) -> None:
    patrol = await node.desk("planner").patrols.draft(
        name="Night 7", starts_at=START, ends_at=at(3600)
    )
    made = await node.desk("crew").incidents.log(
        category="drugs",
        happened_at=at(-60),
        precision="minute",
        informants="the ferryman",
        patrol=patrol.id,
    )
    desk = node.desk("commander", name="boun")
    (entry,) = await desk.protected_fields.read("incident", made.id, purpose="asked by a court")
    held = {"incident": made.id, "patrol": patrol.id, "agency": AGENCY}[kind]
    hold = await node.desk("admin").legal_holds.place(kind, held, reason=ORDER)
    with pytest.raises(Conflict, match="a legal hold covers it") as refused:
        await desk.protected_fields.redact("incident", made.id, entry.id, reason="he asked for it")
    assert refused.value.code == "legal_hold"
    (again,) = await desk.protected_fields.read("incident", made.id, purpose="asked by a court")
    assert again.words == "the ferryman"
    assert not node.rows("SELECT 1 FROM journal WHERE act = 'redact protected field'")
    await node.desk("admin").legal_holds.release(hold.id, reason="the case is closed")
    left = await desk.protected_fields.redact("incident", made.id, entry.id, reason="he asked")
    assert (left.words, left.redacted_by) == ("", "boun")
