"""Two offices with no link: files alone bring all across, in any order, twice and late."""

from __future__ import annotations

import asyncio
import random
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from patrol.errors.errors import BadCounterpartFile, Conflict, StoreError
from patrol.exchange.envelope import MAX_INFLATED_BYTES, NodeEnvelope, seal, unseal
from patrol.exchange.file_carrier import FILE_SESSION, FileCarrier
from patrol.exchange.file_report import WrittenFile
from patrol.exchange.sealed_file import LARGEST_FILE, FileHead, open_file, read_head, write_file
from patrol.exchange.statement_batch import (
    RefusedStatement,
    StatementBatch,
    encode_body,
)
from patrol.store.records.statement_logs import restart_logs
from tests.fixtures.examples import examples
from tests.patrol.nodes.counterparts import key_of, node_card
from tests.patrol.nodes.two_logs import AGENCIES, CK, HX, Link, OfficeLog, back_up, restore


def carrier(office: OfficeLog, *, key: str = "", theirs: str = "") -> FileCarrier:
    """Return what writes and reads the files of an office."""
    return FileCarrier(
        office.log,
        office.store,
        node=office.node,
        own_key=lambda: key_of(key or office.node),
        cards=lambda: [node_card(office.other, key=theirs)],
        now=lambda: office.link.now,
    )


async def bring(sender: OfficeLog, receiver: OfficeLog, after: int | None = None) -> WrittenFile:
    """Have a file of one read by the other; return it."""
    sender.link.pass_time()
    made = await carrier(sender).write(receiver.node, after=after)
    report = await carrier(receiver).read(made.content, name=made.name)
    assert report.faults == ()
    return made


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[Link]:
    made = Link(tmp_path)
    yield made
    await made.close()


async def test_files_alone_bring_statements_and_receipts_both_ways(link: Link) -> None:
    hx, ck = link
    for id in ("a", "b", "c"):
        await hx.state(id)
    await ck.state("x")
    made = await bring(hx, ck)
    assert (made.statements, made.first, made.last, made.next) == (3, 1, 3, None)
    assert made.name == "node-hx-to-node-ck-20261124-120000-statements-1-3.jointpatrol"
    assert ck.effects() == ["a", "b", "c"]
    assert (await hx.health()).waiting == 3
    await bring(ck, hx)
    assert hx.effects() == ["x"]
    found = await hx.health()
    assert (found.waiting, found.receipted, found.held) == (0, 3, 1)
    made = await bring(hx, ck)
    assert (made.statements, made.name.split("-")[-1]) == (0, "receipt.jointpatrol")
    assert (await ck.health()).waiting == 0
    for office in link:
        health = await office.health()
        assert (health.fork, health.their_epoch) == ("", 1)


async def test_a_file_opens_no_session_and_a_link_takes_no_envelope_of_it(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    await ck.state("x")
    await bring(hx, ck)
    assert await ck.log.batch_due(HX, 1 << 20) is None
    assert not ck.log._peer(HX).heard  # noqa: SLF001 - nothing else shows it
    link.begin()
    await link.settle()
    assert hx.effects() == ["x"]


async def test_a_file_may_be_read_twice_late_and_out_of_order(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    link.pass_time()
    first = await carrier(hx).write(CK)
    await hx.state("b")
    await hx.state("c")
    second = await carrier(hx).write(CK, after=1)
    report = await carrier(ck).read(second.content, name="second")
    assert (report.statements, report.new, report.held) == (2, 0, 0)
    assert (report.missing_from, report.missing_to) == (1, 3)
    report = await carrier(ck).read(first.content, name="first")
    assert (report.new, report.missing_from) == (1, 0)
    for new in (2, 0):
        report = await carrier(ck).read(second.content, name="second")
        assert (report.new, report.held, report.missing_from) == (new, 3, 0)
    link.pass_time(86_400)
    await hx.state("d")
    await bring(hx, ck)
    report = await carrier(ck).read(first.content, name="first")
    assert (report.new, report.held, report.faults) == (0, 4, ())
    assert ck.effects() == ["a", "b", "c", "d"]
    found = await ck.health()
    assert (found.fork, found.announced) == ("", 4)


async def test_an_old_receipt_takes_nothing_back(link: Link) -> None:
    hx, ck = link
    ck.log.intake.effects.clear()
    await hx.state("a")
    await bring(hx, ck)
    old = await carrier(ck).write(HX)
    await carrier(hx).read(old.content, name="old")
    assert (await hx.health()).unread_there == 1
    ck.understands = {"note"}
    await ck.again()
    await hx.state("b")
    await bring(hx, ck)
    await bring(ck, hx)
    for _ in range(2):
        await carrier(hx).read(old.content, name="old")
        found = await hx.health()
        assert (found.unread_there, found.receipted, found.waiting) == (0, 2, 0)


async def test_what_is_refused_is_told_with_number_and_reason_and_costs_no_other(
    link: Link,
) -> None:
    hx, ck = link
    await hx.state("a")
    await hx.state("b", text="bad")
    await hx.state("c")
    made = await carrier(hx).write(CK)
    report = await carrier(ck).read(made.content, name="f")
    assert report.refused == (RefusedStatement(2, "`text` is bad"),)
    assert (report.new, report.held) == (3, 3)
    assert ck.effects() == ["a", "c"]
    await bring(ck, hx)
    (refused,) = (await hx.health()).refused_there
    assert (refused.number, refused.reason) == (2, "`text` is bad")


async def test_much_is_split_over_files_of_bounded_size(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patrol.exchange.file_carrier.MOST_FILE_STATEMENTS", 30)
    monkeypatch.setattr("patrol.exchange.statement_log.MOST_STATEMENTS", 20)
    hx, ck = link
    for number in range(70):
        await hx.state(f"n{number:02}")
    after, parts = None, []
    while True:
        made = await carrier(hx).write(CK, after=after)
        assert len(made.content) <= LARGEST_FILE
        parts.append((made.first, made.last))
        await carrier(ck).read(made.content, name=made.name)
        after = made.next
        if after is None:
            break
    assert parts == [(1, 40), (41, 70)]
    assert len(ck.effects()) == 70


async def test_a_file_has_no_more_bytes_than_a_mail_takes(link: Link) -> None:
    hx, ck = link
    noise = random.Random(7)
    for number in range(60):
        text = "".join(chr(noise.randrange(0x3000, 0x9000)) for _ in range(18_000))
        await hx.state(f"n{number:02}", text=text)
    after, sizes = None, []
    while True:
        made = await carrier(hx).write(CK, after=after)
        sizes.append(len(made.content))
        report = await carrier(ck).read(made.content, name=made.name)
        assert report.faults == ()
        after = made.next
        if after is None:
            break
    assert max(sizes) <= LARGEST_FILE
    assert len(sizes) >= 2
    assert len(ck.effects()) == 60


async def test_a_file_for_another_from_a_stranger_or_of_other_keys_is_told_as_that(
    link: Link,
) -> None:
    hx, ck = link
    await hx.state("a")
    made = await carrier(hx).write(CK)

    async def fault(reader: FileCarrier) -> tuple[str, str]:
        with pytest.raises(BadCounterpartFile) as raised:
            await reader.read(made.content, name="f")
        return raised.value.code, str(raised.value)

    assert await fault(carrier(hx)) == (
        "for_another",
        "f: its first line: it is for node-ck, and this node is node-hx",
    )
    nobody = FileCarrier(
        ck.log, ck.store, node=CK, own_key=lambda: key_of(CK), cards=list, now=lambda: link.now
    )
    assert await fault(nobody) == (
        "stranger",
        "f: its first line: it is from node-hx, which is no confirmed counterpart of this node",
    )
    assert (await fault(carrier(ck, theirs="new")))[0] == "old_card_here"
    assert (await fault(carrier(ck, key="new")))[0] == "old_card"
    with pytest.raises(Conflict, match="node-hx is not confirmed"):
        await nobody.write(HX)
    with pytest.raises(Conflict, match="`after` is 9, and the log ends at 1"):
        await carrier(hx).write(CK, after=9)
    assert ck.effects() == []


def envelopes(link: Link, *bodies: tuple[str, bytes], **changes: object) -> list[bytes]:
    """Return envelopes as Houay Xai would put them into a file."""
    made: list[bytes] = []
    for place, (kind, body) in enumerate(bodies, 1):
        envelope = NodeEnvelope(
            from_node=HX,
            to_node=CK,
            session=FILE_SESSION,
            to_session=FILE_SESSION,
            sequence=place,
            sent_at=link.now,
            kind=kind,
            body=body,
        )
        made.append(seal(replace(envelope, **changes), key_of(HX)))
    return made


def file_of(link: Link, messages: list[bytes]) -> bytes:
    """Return a file of these envelopes, sealed for Chiang Khong."""
    head = FileHead(
        from_node=HX,
        to_node=CK,
        made_at=link.now,
        from_key=key_of(HX).public,
        to_key=key_of(CK).public,
        bytes=0,
    )
    return write_file(head, messages)


async def test_one_bad_envelope_costs_no_other_and_is_named_by_its_place(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    made = await carrier(hx).write(CK)
    good = open_file(made.content, key_of(CK), name="f")
    by_stranger = seal(unseal(good[1], public=key_of(HX).public, node=HX), key_of("third"))
    bomb = zlib.compress(bytes(MAX_INFLATED_BYTES + 1))
    bomb = b64decode(key_of(HX).sign(b"joint-patrol counterpart envelope v1\0" + bomb)) + bomb
    recorded = envelopes(link, ("statements", b""), session="a link's", to_session="another")[0]
    other = envelopes(link, ("statements", b""), to_node="vientiane")[0]
    later = envelopes(link, ("later kind", b""), sequence=8)[0]
    broken = envelopes(link, ("receipt", b"?"), sequence=9)[0]
    messages = [*good, by_stranger, bomb, recorded, other, good[1], later, broken, b"noise"]
    report = await carrier(ck).read(file_of(link, messages), name="f")
    assert [each.place for each in report.faults] == [3, 4, 5, 6, 7, 8, 9, 10]
    reasons = [each.reason for each in report.faults]
    assert reasons[0] == "an envelope is not signed by the key on the card of node-hx"
    assert "inflates to more than" in reasons[1]
    assert reasons[2].startswith("it was made for a link and recorded")
    assert "for vientiane" in reasons[3]
    assert reasons[4] == "it was made as number 2 of its file, and stands at 7"
    assert reasons[5] == "no body of kind 'later kind' is understood here"
    assert reasons[6].startswith("no StatementReceipt")
    assert reasons[7] == "an envelope is not signed by the key on the card of node-hx"
    assert ck.effects() == ["a"]
    assert (report.new, report.held) == (1, 1)


async def test_a_receipt_for_what_was_never_stated_is_a_fork_and_nothing_is_lost(
    link: Link,
) -> None:
    hx, ck = link
    await ck.state("x")
    await bring(ck, hx)
    receipt = await hx.log.whole_receipt(CK)
    assert receipt is not None
    lie = replace(receipt, held=replace(receipt.held, number=7))
    report = await carrier(ck).read(
        file_of(link, envelopes(link, ("receipt", encode_body(lie)))), name="f"
    )
    (fault,) = report.faults
    assert fault.reason == "they hold statement 7, and the log here ends at 1"
    assert (await ck.health()).fork == fault.reason


async def test_a_number_that_was_used_before_is_a_fork(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    await bring(hx, ck)
    (raw,) = hx.raws("statements_out")
    other = StatementBatch(epoch=1, first=1, statements=(raw.replace(b"two boats", b"no boats!"),))
    report = await carrier(ck).read(
        file_of(link, envelopes(link, ("statements", encode_body(other)))), name="f"
    )
    assert report.faults[0].reason == "statement 1 was another when it came first"
    assert report.new == 0


async def test_a_restored_back_up_is_a_fork_by_files_too_until_both_begin_anew(
    link: Link, tmp_path: Path
) -> None:
    hx, ck = link
    await hx.state("a")
    await bring(hx, ck)
    await bring(ck, hx)
    await hx.store.close()
    backup = back_up(hx, tmp_path)
    hx.open()
    link.pass_time(60)
    await hx.state("b")
    await bring(hx, ck)
    await hx.store.close()
    restore(hx, backup)
    hx.open()
    link.pass_time(3600)
    await hx.state("other b")
    link.pass_time()
    made = await carrier(hx).write(CK)
    report = await carrier(ck).read(made.content, name="f")
    assert "their statement 2 is not the one that is held here" in report.faults[0].reason
    assert (await ck.health()).fork
    link.pass_time()
    made = await carrier(ck).write(HX)
    assert made.statements == 0
    await carrier(hx).read(made.content, name="f")
    assert (await hx.health()).fork
    for office in link:
        await office.store.write(
            restart_logs,
            office.other,
            link.now,
            actor="kham",
            agency=AGENCIES[office.node],
            origin=office.node,
        )
    await hx.state("c")
    await bring(hx, ck)
    await bring(ck, hx)
    assert "c" in ck.effects()
    assert (await hx.health()).waiting == 0


async def test_an_old_file_of_an_earlier_epoch_is_refused_and_harmless(link: Link) -> None:
    hx, ck = link
    await hx.state("a")
    old = await carrier(hx).write(CK)
    for office in link:
        await office.store.write(
            restart_logs,
            office.other,
            link.now,
            actor="kham",
            agency=AGENCIES[office.node],
            origin=office.node,
        )
    link.pass_time()
    await hx.state("b")
    await bring(hx, ck)
    report = await carrier(ck).read(old.content, name="old")
    assert [each.reason for each in report.faults] == ["`epoch` is 1, and 2 here"] * 2
    found = await ck.health()
    assert (found.their_epoch, found.held, found.fork) == (2, 1, "")


async def test_a_store_that_refuses_halfway_takes_the_rest_when_the_file_is_read_again(
    link: Link,
) -> None:
    hx, ck = link
    for id in ("a", "b", "c"):
        await hx.state(id)
    made = await carrier(hx).write(CK)
    ck.refuse(after=3)
    with pytest.raises(StoreError):
        await carrier(ck).read(made.content, name="f")
    ck.refuse(None)
    report = await carrier(ck).read(made.content, name="f")
    assert report.held == 3
    assert ck.effects() == ["a", "b", "c"]


async def test_heads_of_files_say_from_whom_and_when(link: Link) -> None:
    hx, _ = link
    head = read_head((await carrier(hx).write(CK)).content, name="f")
    assert (head.from_node, head.to_node, head.made_at) == (HX, CK, link.now)


@settings(max_examples=examples(15), deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["state", "write", "read"]), st.booleans(), st.integers(0, 9)),
        max_size=25,
    )
)
def test_whatever_is_written_and_read_when_each_statement_has_one_effect(
    steps: list[tuple[str, bool, int]],
) -> None:
    async def play(folder: Path) -> None:
        link = Link(folder)
        hx, ck = link
        files: dict[str, list[WrittenFile]] = {HX: [], CK: []}
        told: dict[str, list[str]] = {HX: [], CK: []}
        for act, is_hx, which in steps:
            here, there = (hx, ck) if is_hx else (ck, hx)
            link.pass_time(which)
            if act == "state":
                told[here.node].append(f"s{len(told[here.node])}")
                await here.state(told[here.node][-1])
            elif act == "write":
                files[here.node].append(await carrier(here).write(there.node))
            elif files[there.node]:
                made = files[there.node][which % len(files[there.node])]
                report = await carrier(here).read(made.content, name=made.name)
                assert report.faults == ()
        link.pass_time(timedelta(minutes=2).total_seconds())
        for _ in range(2):
            await bring(hx, ck)
            await bring(ck, hx)
        assert ck.effects() == sorted(told[HX])
        assert hx.effects() == sorted(told[CK])
        for office in link:
            found = await office.health()
            assert (found.fork, found.waiting) == ("", 0)
        await link.close()

    with TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))
