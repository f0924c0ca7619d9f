"""Statements between two real stores: in order, one effect each, receipts, refusals, forks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from patrol.counterparts.statement import FIRST_HASH, LogEnd, Statement, hash_of, read_statement
from patrol.documents.transaction import Filing, StatementDraft
from patrol.errors.errors import Conflict, StoreError
from patrol.exchange.statement_batch import (
    RefusedStatement,
    StatementBatch,
    StatementReceipt,
    decode_body,
    encode_body,
)
from patrol.filing.file_documents import Act
from patrol.store.proof.verify_journal import prove
from patrol.store.records.statement_logs import restart_logs
from tests.fixtures.databases import reading, sqlite_only
from tests.patrol.nodes.two_logs import AGENCIES, CK, HX, Link, back_up, restore


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[Link]:
    made = Link(tmp_path)
    made.begin()
    yield made
    await made.close()


async def test_what_is_stated_is_stored_there_has_its_effect_and_is_receipted(link: Link) -> None:
    hx, ck = link
    for id in ("a", "b", "c"):
        await hx.state(id)
    await ck.state("x")
    waits = await hx.health()
    assert (waits.sent, waits.waiting, waits.receipted_at) == (3, 3, None)
    await link.settle()
    assert ck.effects() == ["a", "b", "c"]
    assert hx.effects() == ["x"]
    for here, there in ((hx, ck), (ck, hx)):
        assert here.raws("statements_out") == there.raws("statements_in")
        health = await here.health()
        assert (health.waiting, health.waiting_since) == (0, None)
        assert health.receipted == health.sent
        assert health.receipted_at is not None
        assert health.announced == health.held == (await there.health()).sent
    assert link.refusals == []


async def test_numbers_have_no_gaps_and_each_statement_names_the_one_before(link: Link) -> None:
    hx, _ = link
    for id in ("a", "b", "c"):
        await hx.state(id)
    before = LogEnd(0, FIRST_HASH)
    for number, raw in enumerate(hx.raws("statements_out"), 1):
        statement = read_statement(raw)
        assert (statement.number, statement.previous_hash) == (number, before.hash)
        before = LogEnd(number, hash_of(raw))


async def test_an_act_that_is_not_stored_states_nothing(link: Link) -> None:
    hx, _ = link
    await hx.state("a")
    hx.refuse(0)
    with pytest.raises(StoreError):
        await hx.state("b")
    hx.refuse(None)
    with pytest.raises(Conflict):
        await hx.state("a")  # the document is there already
    await hx.state("c")
    assert hx.ids("statements_out") == ["a", "c"]


async def test_what_is_too_long_to_be_told_is_not_filed_either(link: Link) -> None:
    hx, _ = link
    with pytest.raises(Conflict, match=r"about note a has \d+ bytes: 65536 is the most"):
        await hx.state("a", text="x" * 70_000)
    assert hx.ids("statements_out") == []
    assert link.offices[HX].effects() == []


async def test_one_that_is_refused_is_told_with_its_reason_and_keeps_no_other_back(
    link: Link,
) -> None:
    hx, ck = link
    await hx.state("a")
    await hx.state("b", text="bad")
    await hx.state("c")
    await link.settle()
    assert ck.effects() == ["a", "c"]
    health = await hx.health()
    assert health.waiting == 0
    assert [(each.number, each.about, each.reason) for each in health.refused_there] == [
        (2, "b", "`text` is bad")
    ]
    there = await ck.health()
    assert [(each.number, each.reason) for each in there.refused_here] == [(2, "`text` is bad")]


async def test_one_that_ends_its_own_effect_keeps_no_other_back(link: Link) -> None:
    hx, ck = link

    async def compares_what_cannot_be_compared(_statement: Statement) -> Act:
        return lambda _open_documents, now: Filing(act=str(now > datetime(2026, 1, 1)))  # noqa: DTZ001

    ck.log.intake.effects["odd"] = compares_what_cannot_be_compared
    await hx.state("a", kind="odd")
    await hx.state("b")
    await link.settle()
    assert ck.effects() == ["b"]
    (refused,) = (await hx.health()).refused_there
    assert (refused.number, refused.reason) == (1, "it cannot be used: TypeError")


async def test_bytes_that_are_no_statement_are_refused_by_number_and_lose_nothing_else(
    link: Link,
) -> None:
    hx, ck = link
    await hx.state("a")
    await link.settle()
    bad = b'{"from_node": 3'
    kinds = ck.kinds
    batch = StatementBatch(epoch=1, first=2, statements=(bad,))
    await ck.log.take(HX, decode_body(encode_body(batch), StatementBatch))
    (receipt,) = ck.log.receipts_due(HX)
    assert receipt.held == LogEnd(2, hash_of(bad))
    assert [each.number for each in receipt.refused] == [2]
    assert "cannot be read" in receipt.refused[0].reason
    assert kinds.find("statements") is not None


async def test_words_that_no_database_takes_are_told_without(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    await hx.state("b")
    raw = hx.raws("statements_out")[0].replace(b'"kind":"note"', b'"kind":"so\\u0000ng"')
    await ck.log.take(HX, StatementBatch(epoch=1, first=1, statements=(raw,)))
    assert (await ck.health()).unread_here == 1
    receipt = StatementReceipt(
        epoch=1,
        held=LogEnd(2, hash_of(hx.raws("statements_out")[1])),
        refused=(RefusedStatement(1, "no\0\ud800words"),),
    )
    await hx.log.take_receipt(CK, receipt, b"")
    (refused,) = (await hx.health()).refused_there
    assert refused.reason.isprintable()


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("to_node", "node-other", "`from_node` or `to_node` is another"),
        ("number", 7, "`epoch` or `number` is another than its place"),
    ],
)
async def test_one_that_is_not_what_its_place_says_is_refused(
    link: Link, field: str, value: object, reason: str
) -> None:
    hx, ck = link
    await hx.state("a")
    raw = hx.raws("statements_out")[0]
    old = b'"number":1' if field == "number" else b'"to_node":"node-ck"'
    new = f'"{field}":{value if isinstance(value, int) else chr(34) + str(value) + chr(34)}'
    assert old in raw
    await ck.log.take(
        HX, StatementBatch(epoch=1, first=1, statements=(raw.replace(old, new.encode()),))
    )
    (receipt,) = ck.log.receipts_due(HX)
    assert reason in receipt.refused[0].reason
    assert ck.effects() == []


async def test_a_kind_nobody_knows_is_kept_and_read_by_a_version_that_does(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    await hx.state("b", kind="song")
    await hx.state("c")
    await link.settle()
    assert ck.effects() == ["a", "c"]
    assert (await ck.health()).unread_here == 1
    told = await hx.health()
    assert (told.waiting, told.unread_there) == (0, 1)
    ck.understands.add("song")
    await ck.again()
    assert ck.effects() == ["a", "b", "c"]
    assert (await ck.health()).unread_here == 0
    link.begin()
    await link.settle()
    assert (await hx.health()).unread_there == 0


async def test_what_comes_twice_has_one_effect_and_a_receipt_each_time(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    raw = hx.raws("statements_out")[0]
    for _ in range(3):
        await ck.log.take(HX, StatementBatch(epoch=1, first=1, statements=(raw,)))
        (receipt,) = ck.log.receipts_due(HX)
        assert receipt.held.number == 1
        assert not receipt.gap
    assert ck.effects() == ["a"]


async def test_a_gap_is_not_taken_and_what_is_missing_is_asked_for(link: Link) -> None:
    hx, ck = link
    for id in ("a", "b", "c"):
        await hx.state(id)
    raws = hx.raws("statements_out")
    await ck.log.take(HX, StatementBatch(epoch=1, first=3, statements=(raws[2],)))
    (receipt,) = ck.log.receipts_due(HX)
    assert (receipt.held.number, receipt.gap) == (0, True)
    assert ck.effects() == []
    await link.settle()
    assert ck.effects() == ["a", "b", "c"]


async def test_nothing_is_receipted_that_the_store_refused(link: Link) -> None:
    hx, ck = link
    await link.settle()
    await hx.state("a")
    await hx.state("b")
    ck.refuse(1)  # the first is stored, the second is not
    await hx.log.look([CK])
    await link.send(HX)
    await link.deliver(CK)
    assert link.refusals == ["the disk is full"]
    assert ck.log.receipts_due(HX) == []
    ck.refuse(None)
    await link.settle()
    assert ck.effects() == ["a", "b"]


async def test_a_receipt_is_filed_with_the_signature_under_it(link: Link) -> None:
    hx, _ = link
    await hx.state("a")
    await link.settle()
    with reading(hx.file) as connection:
        rows = connection.execute("SELECT number, signed FROM statement_receipts").fetchall()
    assert [row["number"] for row in rows] == [1]
    signed = bytes(rows[0]["signed"])
    receipt = decode_body(signed.removeprefix(b"signed "), StatementReceipt)
    assert receipt.held.number == 1


async def test_a_receipt_for_what_was_never_stated_is_a_fork(link: Link) -> None:
    hx, _ = link
    await hx.state("a")
    receipt = StatementReceipt(epoch=1, held=LogEnd(4, "ab" * 32))
    with pytest.raises(Conflict, match="hold statement 4, and the log here ends at 1"):
        await hx.log.take_receipt(CK, receipt, b"")
    assert "hold statement 4" in (await hx.health()).fork


async def test_a_number_used_twice_is_a_fork_that_both_learn_of_and_nothing_more_is_taken(
    link: Link,
) -> None:
    hx, ck = link
    await hx.state("a")
    await link.settle()
    other = hx.raws("statements_out")[0].replace(b"two boats", b"six boats")
    with pytest.raises(Conflict, match="statement 1 was another when it came first"):
        await ck.log.take(HX, StatementBatch(epoch=1, first=1, statements=(other,)))
    await link.settle()
    for office in link:
        assert "was another" in (await office.health()).fork
        await office.log.look([office.other])
        assert [(each.node, each.kind) for each in office.log.faults] == [(office.other, "fork")]
    await hx.state("b")
    await link.settle()
    assert ck.effects() == ["a"]
    assert (await hx.health()).waiting == 1


@sqlite_only  # it copies the file
async def test_a_back_up_of_yesterday_is_found_by_both_and_people_begin_anew(
    link: Link, tmp_path: Path
) -> None:
    hx, ck = link
    await hx.state("a")
    await link.settle()
    await hx.store.close()
    backup = back_up(hx, tmp_path)
    hx.open()
    await hx.state("b")
    link.begin()
    await link.settle()
    assert ck.effects() == ["a", "b"]
    await hx.store.close()
    restore(hx, backup)
    hx.open()
    link.begin()
    await link.settle()
    assert "they hold statement 2, and the log here ends at 1" in (await hx.health()).fork
    assert (await ck.health()).fork
    for office in link:
        epoch = await office.store.write(
            restart_logs,
            office.other,
            link.now,
            actor="kham",
            agency=AGENCIES[office.node],
            origin=office.node,
        )
        assert epoch == 2
        if office is hx:  # as long as only one side has decided, nothing is taken
            await hx.state("c")
            await link.settle()
            assert ck.effects() == ["a", "b"]
            assert (await ck.health()).their_epoch == 2
    await link.settle()
    assert ck.effects() == ["a", "b", "c"]
    assert (await hx.health()).fork == (await ck.health()).fork == ""


async def test_a_source_states_what_follows_from_a_filing_in_its_transaction(link: Link) -> None:
    hx, ck = link

    def source(filing: Filing, _open_documents: object) -> list[StatementDraft]:
        return [
            StatementDraft(
                to_node=CK, kind="note", id=each.id, version=1, body={"text": "t"}, agency="la-hx"
            )
            for each in filing.documents
        ]

    hx.document_service.statement_sources.append(source)
    await hx.state("a")
    assert hx.ids("statements_out") == ["a", "own-a"]
    await link.settle()
    assert ck.effects() == ["a", "own-a"]


async def test_the_journal_tells_of_each_statement_and_proves(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    await hx.state("b", text="bad")
    await link.settle()
    with reading(ck.file) as connection:
        rows = connection.execute(
            "SELECT act FROM journal WHERE subject LIKE 'statement:%' ORDER BY seq"
        ).fetchall()
    assert [row["act"] for row in rows] == ["receive statement", "refuse statement"]
    for office in link:
        assert (await office.store.read(prove)).faults == ()


@pytest.mark.parametrize("table", ["statements_out", "statements_in"])
async def test_a_statement_that_somebody_changed_or_took_away_is_found(
    link: Link, table: str
) -> None:
    hx, ck = link
    await hx.state("a")
    await hx.state("b")
    await link.settle()
    office = hx if table == "statements_out" else ck
    raw = office.raws(table)[0].replace(b"two boats", b"one boats")
    with reading(office.file) as connection:
        connection.execute(f"UPDATE {table} SET body = ? WHERE number = 1", (raw,))
    (fault,) = (await office.store.read(prove)).faults
    assert (fault.what, fault.document) == ("altered", f"statement {office.other}/1/1")
    with reading(office.file) as connection:
        connection.execute(f"DELETE FROM {table} WHERE number = 1")
    (fault,) = (await office.store.read(prove)).faults
    assert (fault.what, fault.document) == ("missing", f"statement {office.other}/1/1")


async def test_a_refusal_told_in_ever_other_words_is_filed_once(link: Link) -> None:
    hx, _ = link
    await hx.state("a", text="bad")
    await link.settle()
    (raw,) = hx.raws("statements_out")
    for n in range(3):
        refused = (RefusedStatement(1, f"reason {n}"),)
        receipt = StatementReceipt(epoch=1, held=LogEnd(1, hash_of(raw)), refused=refused)
        await hx.log.take_receipt(CK, receipt, b"signed")
    (found,) = (await hx.health()).refused_there
    assert found.reason == "`text` is bad"
    with reading(hx.file) as connection:
        rows = connection.execute("SELECT id FROM statement_receipts").fetchall()
    assert len(rows) == 1
