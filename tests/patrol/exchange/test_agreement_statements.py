"""An agreement between two nodes: each says its own words, hears the other's, can forge none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from patrol.agreements import lifecycle as acts
from patrol.agreements.agreement import Agreement
from patrol.agreements.agreement_text import text_of
from patrol.agreements.agreement_word import AgreementWord
from patrol.agreements.lifecycle import Party
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, StatementDraft
from patrol.documents_registry.document_kinds import decode
from patrol.exchange.agreement_statements import AGREEMENT_WORD, AgreementStatements, SpokenWord
from tests.fixtures.databases import reading
from tests.patrol.nodes.agreements import terms
from tests.patrol.nodes.two_logs import AGENCIES, CK, HX, OTHER, Link, OfficeLog

LAO, THAI = (Party(agency=AGENCIES[each], name=f"officer of {each}") for each in (HX, CK))


class Offices:
    """Two offices that exchange words about an agreement."""

    def __init__(self, link: Link) -> None:
        self.link = link
        for office in link:
            self.attach(office)

    def attach(self, office: OfficeLog) -> None:
        AgreementStatements(
            office.log,
            office.document_service,
            office.store,
            agencies=[AGENCIES[office.node]],
            agencies_of=lambda: {office.other: [AGENCIES[office.other]]},
            key_fault=lambda _word: "no key is good here",
        )

    async def do(self, node: str, act: Callable[[Agreement, datetime], Agreement]) -> Agreement:
        """Do something at a node with the one agreement that it knows."""
        self.link.pass_time()

        def filing(open_documents: OpenDocuments, now: datetime) -> Filing:
            [known] = open_documents.all(Agreement)
            return Filing(documents=(act(known, now),), act="test", agency=AGENCIES[node])

        await self.link.offices[node].document_service.file(filing)
        return self.of(node)

    async def propose(self, node: str = HX, who: Party = LAO, **changes: Any) -> None:
        office = self.link.offices[node]

        def filing(_open_documents: OpenDocuments, now: datetime) -> Filing:
            agencies = [LAO.agency, THAI.agency]
            draft = acts.draft(terms(**changes), agencies, at=now, who=who, origin=node)
            return Filing(documents=(draft,), act="draft", agency=who.agency)

        await office.document_service.file(filing)
        await self.do(node, lambda it, now: acts.propose(it, at=now, who=who))

    async def sign(self, node: str, who: Party) -> Agreement:
        return await self.do(node, lambda it, now: acts.sign(it, at=now, who=who, office="BLO"))

    async def suspend(self, node: str, who: Party) -> Agreement:
        return await self.do(
            node, lambda it, now: acts.suspend(it, at=now, who=who, reason="by order")
        )

    async def end(self, node: str, who: Party) -> Agreement:
        return await self.do(node, lambda it, now: acts.end(it, at=now, who=who))

    async def change(self, node: str, who: Party, **changes: Any) -> Agreement:
        return await self.do(
            node, lambda it, now: acts.change(it, terms(**changes), at=now, who=who)
        )

    def of(self, node: str) -> Agreement:
        """Return the agreement as it stands at a node, over or not."""
        with reading(self.link.offices[node].file) as file:
            [row] = file.execute(
                "SELECT body FROM papers WHERE kind = 'agreement' AND newest = 1"
            ).fetchall()
        found = decode("agreement", bytes(row["body"]))
        assert isinstance(found, Agreement)
        return found

    async def tell(self, node: str, said: SpokenWord, **changes: Any) -> None:
        """Have a node state something that its own rules would not."""
        draft = StatementDraft(
            to_node=OTHER[node], kind=AGREEMENT_WORD, id="a", version=1, body=said,
            agency=AGENCIES[node],
        )  # fmt: skip
        await self.link.offices[node].document_service.file(
            lambda _open_documents, _now: Filing(statements=(draft,))
        )

    def refusals(self, node: str) -> list[str]:
        """Return why a node refused statements, in order."""
        with reading(self.link.offices[node].file) as file:
            rows = file.execute(
                "SELECT reason FROM statements_in WHERE state = 'refused' ORDER BY number"
            ).fetchall()
        return [str(row["reason"]) for row in rows]


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    link = Link(tmp_path)
    found = Offices(link)
    link.begin()
    yield found
    await link.close()


def same(one: Agreement, other: Agreement) -> bool:
    return (one.state, one.windows, [(each.agency, each.at) for each in one.signatures]) == (
        other.state, other.windows, [(each.agency, each.at) for each in other.signatures]
    )  # fmt: skip


async def in_force(offices: Offices) -> None:
    await offices.propose()
    await offices.link.settle()
    for node, who in ((HX, LAO), (CK, THAI)):
        await offices.sign(node, who)
    await offices.link.settle()


async def test_an_agreement_is_made_suspended_and_ended_across_two_nodes(offices: Offices) -> None:
    await in_force(offices)
    lao, thai = offices.of(HX), offices.of(CK)
    assert (lao.state, thai.state) == ("active", "active")
    assert same(lao, thai)
    assert "officer" not in str(lao.part_for(LAO.agency)).replace("officer of node-hx", "")
    assert "officer of node-hx" not in str(thai), "the names of officers stay at home"
    await offices.suspend(CK, THAI)
    assert offices.of(HX).state == "active", "it has not heard of it yet"
    await offices.link.settle()
    assert offices.of(HX).state == "suspended"
    assert same(offices.of(HX), offices.of(CK))
    for node, who in ((HX, LAO), (CK, THAI)):  # both at once
        await offices.end(node, who)
    await offices.link.settle()
    assert offices.of(HX).ended_by == offices.of(CK).ended_by == LAO.agency
    assert offices.refusals(HX) == offices.refusals(CK) == []


async def test_a_draft_is_told_to_nobody(offices: Offices) -> None:
    def filing(_open_documents: OpenDocuments, now: datetime) -> Filing:
        agencies = [LAO.agency, THAI.agency]
        draft = acts.draft(terms(), agencies, at=now, who=LAO, origin=HX)
        return Filing(documents=(draft,), act="draft", agency=LAO.agency)

    await offices.link.offices[HX].document_service.file(filing)
    await offices.do(HX, lambda it, now: acts.end(it, at=now, who=LAO))
    await offices.link.settle()
    assert offices.link.offices[CK].ids("statements_in") == []


async def test_a_word_is_told_in_the_transaction_of_what_it_says(offices: Offices) -> None:
    await in_force(offices)
    office = offices.link.offices[CK]
    office.refuse(0)
    with pytest.raises(Exception, match="the disk is full"):
        await offices.suspend(CK, THAI)
    office.refuse(None)
    before = len(office.ids("statements_out"))
    await offices.suspend(CK, THAI)
    assert len(office.ids("statements_out")) == before + 1


async def test_whoever_owns_a_node_can_sign_for_nobody_on_the_other(offices: Offices) -> None:
    """The forged signature: a user of the other's agency is made, and signs in its name."""
    await offices.propose()
    await offices.link.settle()
    await offices.sign(HX, LAO)
    forged = await offices.sign(HX, THAI)  # on the own machine everything can be written
    assert forged.state == "active"
    await offices.link.settle()
    thai = offices.of(CK)
    assert (thai.state, thai.unsigned) == ("proposed", (THAI.agency,)), (
        "their own word was not sent"
    )
    await offices.tell(HX, SpokenWord(word=forged.words[-1].part_for("")))
    await offices.link.settle()
    assert offices.of(CK) == thai
    [reason] = offices.refusals(CK)
    assert reason == "`word.content.agency`: 'th-ck' is no agency of node-hx"
    signed = await offices.sign(CK, THAI)
    assert signed.state == "active", "its own officer's word, and no other"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"at": timedelta(hours=-3)}, "`word.at` is not when its statement was made"),
        ({"content": {"agencies": ("la-hx", "th-ck", "mm-tl")}}, "'mm-tl' is a party"),
        ({"content": {"agencies": ("la-hx", "la-vt")}}, "is a party"),
        ({"content": {"agreement": "b"}}, "is not known here"),
        ({"by": "kham"}, "names an officer"),
    ],
)
async def test_what_cannot_be_is_refused_and_loses_nothing_else(
    offices: Offices, changes: dict[str, Any], reason: str
) -> None:
    await in_force(offices)
    suspended = acts.suspend(offices.of(HX), at=offices.link.now, who=LAO, reason="x")
    word: AgreementWord = suspended.words[-1].part_for("")
    values = dict(changes)
    if "at" in values:
        values["at"] = word.at + values["at"]
    if "content" in values:
        values["content"] = replace(word.content, **values["content"])
    before = offices.of(CK)
    await offices.tell(HX, SpokenWord(word=replace(word, **values)))
    await offices.link.settle()
    assert offices.of(CK) == before
    assert reason in offices.refusals(CK)[-1]
    await offices.suspend(HX, LAO)
    await offices.link.settle()
    assert offices.of(CK).state == "suspended"


async def test_a_key_that_is_not_good_is_refused(offices: Offices) -> None:
    from tests.patrol.agreements.test_agreement_status import stored

    await in_force(offices)
    signature = stored()[3].signatures[0]
    suspended = acts.suspend(offices.of(HX), at=offices.link.now, who=LAO, reason="x")
    word = replace(suspended.words[-1], by="", key=signature.key)
    await offices.tell(HX, SpokenWord(word=word))
    await offices.link.settle()
    assert offices.refusals(CK) == ["`word.key`: no key is good here"]


async def test_changes_of_both_at_once_come_to_one_text(offices: Offices) -> None:
    await in_force(offices)
    await offices.change(HX, LAO, precision_m=100.0)
    await offices.change(CK, THAI, precision_m=900.0)
    await offices.link.settle()
    assert text_of(offices.of(HX)) == text_of(offices.of(CK))
    assert offices.of(CK).terms.precision_m == 100.0
    assert offices.of(CK).state == "proposed"
    for node, who in ((HX, LAO), (CK, THAI)):
        await offices.sign(node, who)
    await offices.link.settle()
    assert same(offices.of(HX), offices.of(CK))
    assert offices.of(HX).state == "active"
