"""Heads of journals between two nodes: signed by the other, refused where they do not follow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from patrol.audit.signed_head import SignedHead, signed_head
from patrol.counterparts.statement import Statement
from patrol.errors.errors import Conflict, SigningKeyError
from patrol.exchange.journal_heads import HeadSignature, JournalHeads, state_head
from patrol.signatures.signing_key import SigningKey
from patrol.store.journal import journal
from radio_gateway.parsing.msgspec_decoders import json_decoder
from tests.fixtures.databases import reading, sqlite_only
from tests.patrol.nodes.two_logs import AGENCIES, CK, HX, Link, OfficeLog

KEYS = {HX: SigningKey(b"h" * 32), CK: SigningKey(b"c" * 32)}
AUDIT_KEYS = {HX: SigningKey(b"H" * 32), CK: SigningKey(b"C" * 32)}


async def current(office: OfficeLog) -> SignedHead:
    seq, last = await office.store.read(journal.end)
    return signed_head(
        AUDIT_KEYS[office.node], node=office.node, seq=seq, last=last, at=office.link.now
    )


def heads_of(office: OfficeLog) -> JournalHeads:
    return JournalHeads(
        office.log,
        office.document_service,
        office.store,
        node=office.node,
        agency=AGENCIES[office.node],
        sign=lambda: current(office),
        own_key=lambda: KEYS[office.node],
        key_of=lambda node: KEYS[node].public,
    )


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[Link]:
    made = Link(tmp_path)
    for office in made:
        heads_of(office)
        await office.state("a")  # its journal has a line
    made.begin()
    await made.settle()
    yield made
    await made.close()


async def tell(office: OfficeLog, head: SignedHead | None = None) -> int:
    """State a head as the command does, and return its statement's number."""
    told = head or await current(office)
    return await office.store.write(
        state_head, office.other, told, office.link.now, agency=AGENCIES[office.node]
    )


async def test_a_head_is_signed_by_the_other_and_the_signature_is_in_our_file(link: Link) -> None:
    hx, ck = link
    head = await current(hx)
    await tell(hx)
    await link.settle()
    health = await hx.health()
    assert (health.head_number, health.refused_there) == (head.seq, ())
    assert health.head_at is not None
    with reading(hx.file) as connection:
        rows = connection.execute(
            "SELECT body FROM statements_in WHERE kind = 'head_signature'"
        ).fetchall()
    statement = json_decoder(Statement).decode(bytes(rows[0]["body"]))
    signed = json_decoder(HeadSignature).decode(statement.body)
    assert (signed.number, signed.hash) == (head.seq, head.hash)
    assert (await ck.health()).refused_here == ()


async def test_heads_that_only_grow_are_signed_one_after_the_other(link: Link) -> None:
    hx, _ = link
    for id in ("b", "c", "d"):
        await tell(hx)
        await hx.state(id)
        await link.settle()
    await tell(hx)
    await link.settle()
    health = await hx.health()
    assert health.refused_there == ()
    assert health.head_number == max(
        json_decoder(Statement).decode(raw).version
        for raw in hx.raws("statements_out")
        if b'"kind":"head"' in raw
    )


async def test_each_counterpart_is_told_once_a_day(link: Link) -> None:
    hx, _ = link
    heads = heads_of(hx)
    began = link.now - timedelta(hours=1)
    await heads.state_daily([CK], began)
    await heads.state_daily([CK], began)
    assert hx.ids("statements_out", "kind = 'head'") == [HX]
    await heads.state_daily([CK], link.now + timedelta(hours=1))
    assert hx.ids("statements_out", "kind = 'head'") == [HX, HX]


async def faults(office: OfficeLog) -> list[str]:
    await office.log.look([office.other])
    return [each.fault for each in office.log.faults if each.kind == "head"]


async def test_a_head_that_shrank_is_refused_and_both_are_alerted(link: Link) -> None:
    hx, ck = link
    short = await current(hx)
    await hx.state("b")
    await tell(hx)
    await link.settle()
    await tell(hx, short)
    await link.settle()
    told = await faults(ck)
    assert told == await faults(hx)
    assert told[0].startswith(f"the journal ends at line {short.seq}, and line ")


@sqlite_only  # it writes past our own code
async def test_a_journal_that_was_written_anew_is_found_by_the_next_head(link: Link) -> None:
    hx, ck = link
    await tell(hx)
    await link.settle()
    told = (await hx.health()).head_number
    with reading(hx.file) as connection:
        connection.execute("UPDATE journal SET hash = x'00' WHERE seq = ?", (told,))
    await hx.state("b")
    await tell(hx)
    await link.settle()
    assert await faults(ck) == await faults(hx)
    assert f"line {told} of the journal is another than was told before" in await faults(ck)


async def test_a_head_by_another_key_is_refused(link: Link) -> None:
    hx, ck = link
    await tell(hx)
    await link.settle()
    other = signed_head(KEYS[HX], node=HX, seq=99, last=b"x" * 32, at=link.now)
    await tell(hx, other)
    await link.settle()
    assert "signed by another key" in (await faults(ck))[0]


async def test_a_signature_that_is_not_the_counterparts_is_refused(link: Link) -> None:
    hx, _ = link
    seq, last = await hx.store.read(journal.end)
    signed = HeadSignature(
        number=seq, hash=last.hex(), signature=KEYS[CK].sign(b"?"), head_signature=""
    )
    statement = Statement(
        from_node=CK,
        to_node=HX,
        epoch=1,
        number=1,
        previous_hash="",
        made_at=link.now,
        kind="head_signature",
        id=HX,
        version=seq,
        body=msgspec.Raw(msgspec.json.encode(signed)),
    )
    with pytest.raises(Conflict, match="`signature` is not that"):
        await hx.log.intake.effects["head_signature"](statement)


async def test_a_head_that_is_refused_is_not_told_again_that_day(link: Link) -> None:
    hx, _ = link
    heads = heads_of(hx)
    await tell(hx)
    await link.settle()
    link.pass_time(86_400)
    wrong = signed_head(SigningKey(b"w" * 32), node=HX, seq=9, last=bytes(32), at=link.now)
    await tell(hx, wrong)
    await link.settle()
    assert len((await hx.health()).refused_there) == 1
    told = len(hx.ids("statements_out"))
    for _ in range(3):
        await heads.state_daily([CK], link.now - timedelta(hours=1))
        await link.settle()
    assert len(hx.ids("statements_out")) == told


async def test_a_key_of_ours_that_cannot_be_read_is_no_fault_of_their_head(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    hx, ck = link
    heads = heads_of(ck)

    def unreadable() -> SigningKey:
        raise SigningKeyError("/secret/place/ck.node-key: others may read this key")

    monkeypatch.setattr(heads, "_own_key", unreadable)
    await tell(hx)
    await hx.state("b")
    await link.settle()
    assert ((await hx.health()).refused_there, ck.effects()) == ((), ["a", "b"])
