"""A target handed to the other bank between two whole nodes: one custodian, by both journals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from maps.node.node import RunningNode
from patrol.agreements.agreement import Terms
from patrol.documents.transaction import Filing, StatementDraft
from patrol.exchange.hand_off_statements import HAND_OFF
from patrol.exchange.messages import HandOffMessage
from patrol.store.journal import journal
from patrol.store.records import statement_health, statement_logs
from patrol.targets.custody import Ledger, contradictions, standing
from patrol.targets.hand_off import HandOff
from patrol.targets.sightings import Sighting
from tests.fixtures import patience
from tests.maps.node.paired_nodes import desk, paired_nodes

HOMES = {"hx": frozenset({"la-hx"}), "ck": frozenset({"th-ck"})}


class Offices:
    """Both offices, with an agreement in force that lets targets cross."""

    def __init__(self, hx: RunningNode, ck: RunningNode) -> None:
        self.hx, self.ck = hx, ck
        self.lao, self.thai = desk(hx, "kham"), desk(ck, "chai")
        self.agreement = ""

    async def agree(self) -> None:
        now = datetime.now(UTC)
        terms = Terms(
            name="Hand-over of suspects",
            purposes=("hand-over of suspects",),
            classes=("targets", "positions"),
            valid_from=now - timedelta(hours=1),
            valid_until=now + timedelta(days=30),
        )
        drafted = await self.lao.agreements.draft(terms, ("la-hx", "th-ck"))
        sent = await self.lao.agreements.propose(drafted.id)
        await self.lao.agreements.sign(drafted.id, version=sent.version, office="BLO Houay Xai")
        self.agreement = drafted.id

        async def is_there() -> bool:
            return any(each.signatures for each in await self.thai.agreements.all())

        await patience.until(is_there)
        read = await self.thai.agreements.one(drafted.id)
        await self.thai.agreements.sign(drafted.id, version=read.version, office="BLO Chiang Khong")

        async def is_active() -> bool:
            return (await self.lao.agreements.one(drafted.id)).state == "active"

        await patience.until(is_active)

    async def offer(self) -> HandOff:
        """Have the Lao side see a boat and offer it; return the offer as the Thai side has it."""
        return await self.has(await self.made())

    async def made(self) -> str:
        """Have the Lao side see a boat and offer it; return the offer's id."""
        seen = Sighting(at=datetime.now(UTC), lon=100.41, lat=20.27, accuracy_m=30.0)
        target = await self.lao.targets.open(what="vessel", name="grey boat", sighting=seen)
        made = await self.lao.hand_offs.offer(target.id, to="th-ck", note="to the old pier")
        return made.id

    async def has(self, id: str) -> HandOff:
        """Wait until the Thai side has an offer; return it."""
        await patience.until(lambda: any(each.id == id for each in self.thai.hand_offs.all()))
        return await self.thai.hand_offs.one(id)

    async def begin_logs_anew(self, *nodes: str) -> None:
        """Begin the logs with the other anew at some nodes, as people do after a fork."""
        for name in nodes:
            node, other = (self.hx, "ck") if name == "hx" else (self.ck, "hx")
            await node.watch.store.write(
                statement_logs.restart_logs,
                other,
                datetime.now(UTC),
                actor="command line",
                agency=node.watch.agency,
                origin=name,
            )

    async def ends(self, id: str, state: str) -> None:
        """Wait until a hand-off is over on both sides, in a state, with nothing owed."""

        async def is_so() -> bool:
            both = [await office.hand_offs.one(id) for office in (self.lao, self.thai)]
            return all((each.state, each.is_closed) == (state, True) for each in both)

        await patience.until(is_so)

    async def ledgers(self) -> dict[str, Ledger]:
        found = {}
        for name, node in (("hx", self.hx), ("ck", self.ck)):
            entries = await node.watch.store.read(journal.page)
            found[name] = Ledger(entries)
        return found

    async def custodian(self, case: str) -> str:
        """Return who has a target by both journals, which contradict each other in nothing."""
        ledgers = await self.ledgers()
        state = standing(case, ledgers, HOMES)
        assert state.is_sound
        assert contradictions(line for each in ledgers.values() for line in each.lines) == []
        return state.custodian

    async def refused_at_ck(self) -> list[str]:
        [health] = await self.ck.watch.store.read(statement_health.health, ["hx"])
        return [each.reason for each in health.refused_here]


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with paired_nodes(tmp_path) as (hx, ck):
        made = Offices(hx.office, ck.office)
        await made.agree()
        yield made


async def test_who_accepts_has_it_and_both_journals_say_so(offices: Offices) -> None:
    there = await offices.offer()
    assert (there.name, there.note, len(there.fixes)) == ("grey boat", "to the old pier", 1)
    assert await offices.custodian(there.case) == "la-hx"
    await offices.thai.hand_offs.accept(there.id, term=there.term)
    await offices.ends(there.id, "taken")
    assert await offices.custodian(there.case) == "th-ck"
    [taken] = [each for each in offices.thai.targets.all() if each.case == there.case]
    assert (taken.agency, taken.state) == ("th-ck", "followed")


async def test_who_declines_leaves_it_where_it_is(offices: Offices) -> None:
    there = await offices.offer()
    await offices.thai.hand_offs.decline(there.id, term=there.term, reason="no boat free")
    await offices.ends(there.id, "declined")
    assert (await offices.lao.hand_offs.one(there.id)).reason == "no boat free"
    assert await offices.custodian(there.case) == "la-hx"


async def test_what_is_taken_back_is_gone_there_with_all_that_was_told(offices: Offices) -> None:
    there = await offices.offer()
    await offices.lao.hand_offs.withdraw(there.id, reason="it turned back")
    await offices.ends(there.id, "withdrawn")
    gone = await offices.thai.hand_offs.one(there.id)
    assert (gone.name, gone.fixes) == ("", ())
    assert await offices.custodian(there.case) == "la-hx"


async def test_a_suspension_cuts_an_open_offer(offices: Offices) -> None:
    there = await offices.offer()
    await offices.thai.agreements.suspend(offices.agreement, reason="by order")

    async def is_cut() -> bool:
        made = await offices.lao.hand_offs.one(there.id)
        return (made.state, made.is_closed) == ("cut", True)

    await patience.until(is_cut)
    assert offices.thai.hand_offs.all() == []
    assert await offices.custodian(there.case) == "la-hx"


async def test_a_newer_sighting_reaches_who_is_asked(offices: Offices) -> None:
    there = await offices.offer()
    made = await offices.lao.hand_offs.one(there.id)
    seen = Sighting(at=datetime.now(UTC), lon=100.405, lat=20.265, accuracy_m=30.0)
    await offices.lao.targets.add_sighting(made.target, seen)

    async def is_there() -> bool:
        return len((await offices.thai.hand_offs.one(there.id)).fixes) == 2

    await patience.until(is_there)


async def test_what_was_told_in_logs_that_began_anew_is_told_again(offices: Offices) -> None:
    await offices.begin_logs_anew("hx")  # nothing is sent until both have begun the same
    offered = await offices.made()
    await offices.begin_logs_anew("hx", "ck", "ck")
    there = await offices.has(offered)
    await offices.thai.hand_offs.accept(there.id, term=there.term)
    await offices.ends(there.id, "taken")
    assert await offices.custodian(there.case) == "th-ck"


def message(there: HandOff, **changes: Any) -> HandOffMessage:
    values: dict[str, Any] = {
        "id": f"{there.id}/grant/2", "node": "hx", "to_node": "ck", "agency": "la-hx",
        "to_agency": "th-ck", "what": "grant", "hand_off": there.id, "case": there.case,
        "term": 9, "at": datetime.now(UTC),
    }  # fmt: skip
    return HandOffMessage(**values | changes)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, "never accepted"),
        ({"agency": "th-ck"}, "no agency of hx"),
        ({"node": "ck"}, "no agency of hx"),
        ({"to": "mm-tl"}, "is for mm-tl"),
        ({"hand_off": "another"}, "never offered"),
        ({"what": "sell"}, "Invalid enum value"),
    ],
)
async def test_what_may_not_be_told_is_refused_with_its_reason_and_loses_nothing_else(
    offices: Offices, changes: dict[str, Any], why: str
) -> None:
    there = await offices.offer()
    body = msgspec.to_builtins(message(there)) | changes
    draft = StatementDraft(
        to_node="ck", kind=HAND_OFF, id=there.id, version=9, body=body, agency="la-hx"
    )
    await offices.hx.watch.document_service.file(
        lambda _open_documents, _now: Filing(statements=(draft,))
    )

    async def is_refused() -> bool:
        return any(why in reason for reason in await offices.refused_at_ck())

    await patience.until(is_refused)
    await offices.thai.hand_offs.accept(there.id, term=there.term)
    await offices.ends(there.id, "taken")
    assert await offices.custodian(there.case) == "th-ck"
