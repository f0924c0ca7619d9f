"""What was heard, in the chain: moved, deleted, added messages are named; the retention is not."""

from __future__ import annotations

import hashlib
import math
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import Connection

from patrol.documents.transaction import Note
from patrol.store.journal import journal, reception_digests
from patrol.store.proof.verify_journal import JournalProof, ProofMark, prove
from patrol.store.schema.rows import TRANSMISSION_COLUMNS
from radio_gateway.messages.transmission import Transmission
from tests.fixtures.databases import reading
from tests.patrol.maintenance.test_retention import DAY_S, retention
from tests.patrol.nodes.running import Node, at, said


def named(number: int, second: float, heard: float, channel: str = "test") -> Transmission:
    """Return a message that names itself, so that each channel that hears it is known to."""
    key = f"k{number}"
    return said(
        "a", second, heard=heard, channel=channel, duplicate_key=key, duplicate_window_s=None
    )


@pytest.fixture
async def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    """A node that heard 40 messages in ten spans of four, one of them late."""
    monkeypatch.setattr(reception_digests, "MOST", 4)
    opened = Node(tmp_path / "a.db")
    await opened.start()
    try:
        for number in range(40):
            second = 3 if number == 30 else number * 10
            await opened.hear(named(number, second, number * 10))
        yield opened
    finally:
        await opened.stop()


async def proved(node: Node) -> JournalProof:
    return await node.store.read(prove)


def sql(tmp_path: Path, statement: str) -> None:
    with reading(tmp_path / "a.db") as connection:
        connection.execute(statement)


async def test_receptions_are_proved(node: Node) -> None:
    proof = await proved(node)
    assert (proof.faults, proof.receptions, proof.receptions_since) == ((), 40, 0)


async def test_numbers_are_reported_as_the_store_gives_them_back(node: Node) -> None:
    for second, (lon, course) in enumerate([(100, -0.0), (100.4, math.nan), (-0.0, 7)], 400):
        message = said("a", second, heard=second)
        assert message.position is not None
        odd = replace(message.position, lon=lon, course_deg=course, altitude_m=-0.0, speed_mps=1)
        await node.hear(replace(message, position=odd))
    await node.hear(said("a", 410, heard=410))
    proof = await proved(node)
    assert (proof.faults, proof.receptions, proof.receptions_since) == ((), 44, 0)


def test_a_batch_is_reported_row_by_row() -> None:
    assert reception_digests.COLUMNS[reception_digests.VERSION] == TRANSMISSION_COLUMNS
    for count in (1, 15, 16, 65_535, 65_536):
        rows = [(number, None, b"raw") for number in range(count)]
        alone = b"".join(map(msgspec.msgpack.encode, rows))
        assert reception_digests.packed(rows) == alone


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE transmissions SET lon = lon + 0.01 WHERE id = 18", "altered"),
        ("UPDATE transmissions SET time_us = time_us + 1 WHERE id = 18", "altered"),
        ("UPDATE transmissions SET address = 'test:b' WHERE id = 18", "altered"),
        ("UPDATE transmissions SET speed_mps = 9, course_deg = 180 WHERE id = 18", "altered"),
        ("DELETE FROM transmissions WHERE id = 18", "missing"),
    ],
)
async def test_a_message_that_was_moved_or_deleted_is_named(
    node: Node, tmp_path: Path, statement: str, what: str
) -> None:
    sql(tmp_path, statement)
    [fault] = (await proved(node)).faults
    assert (fault.what, fault.document) == (what, "messages 17 to 20 of what was heard")


async def thinned(node: Node) -> int:
    node.time = at(41 * DAY_S)
    return await retention(node).catch_up()


async def test_what_the_retention_takes_out_is_no_fault(node: Node) -> None:
    gone = await thinned(node)
    assert gone > 20
    proof = await proved(node)
    assert (proof.faults, proof.receptions) == ((), 40 - gone)


async def test_the_retention_washes_nothing_clean(node: Node, tmp_path: Path) -> None:
    sql(tmp_path, "UPDATE transmissions SET lon = lon + 0.01 WHERE id = 18")
    await thinned(node)
    faults = (await proved(node)).faults
    assert len(faults) == 1, faults
    [fault] = faults
    assert "messages 17 to 20 were others before the retention came" in fault.reason


async def test_messages_of_before_a_restart_are_sent_after_it(node: Node, tmp_path: Path) -> None:
    for number in (40, 41):
        await node.hear(said("a", number * 10, heard=number * 10))
    assert (await proved(node)).receptions_since == 2
    await node.stop()
    again = Node(tmp_path / "a.db")
    await again.start()
    try:
        for number in range(42, 46):
            await again.hear(said("a", number * 10, heard=number * 10))
        proof = await proved(again)
        assert (proof.faults, proof.receptions, proof.receptions_since) == ((), 46, 0)
    finally:
        await again.stop()


@pytest.mark.parametrize("number", [17, 40])
async def test_a_reception_that_takes_the_place_of_another_is_no_fault(
    node: Node, number: int
) -> None:
    for each in (40, 41):
        await node.hear(named(each, each * 10, each * 10))
    await node.hear(named(number, number * 10, number * 10 - 5, "hill"))
    (row,) = node.rows("SELECT id FROM transmissions WHERE channel = 'hill'")
    assert row["id"] == number + 1
    for each in (42, 43):
        await node.hear(named(each, each * 10, each * 10))
    proof = await proved(node)
    assert (proof.faults, proof.receptions, proof.receptions_since) == ((), 44, 0)


async def test_a_record_of_an_older_version_is_proved_as_written(
    node: Node, tmp_path: Path
) -> None:
    columns = (
        "gid address time_us usable lon lat kind distress text status heard_us channel"
        " reception_id raw agency"
    )
    rows = node.rows(f"SELECT {columns.replace(' ', ', ')} FROM transmissions ORDER BY id")
    sha256 = hashlib.sha256(b"".join(msgspec.msgpack.encode(tuple(row)) for row in rows))
    span = {"after": 0, "last": 40, "count": 40, "sha256": sha256.hexdigest()}
    sql(tmp_path, "DELETE FROM journal")
    note = Note(
        act="digest receptions",
        actor="",
        agency="",
        subject="journal:receptions",
        detail={"receptions": span},
    )
    await node.store.write(journal.append, [note], at(500), origin="node")
    proof = await proved(node)
    assert (proof.faults, proof.receptions) == ((), 40)
    gone = await thinned(node)
    proof = await proved(node)
    assert (proof.faults, proof.receptions) == ((), 40 - gone)


async def test_an_interrupted_verification_goes_on_and_finds_what_it_would_have_found(
    node: Node, tmp_path: Path
) -> None:
    marks: list[ProofMark] = []

    def proving(connection: Connection, after: ProofMark | None = None) -> JournalProof:
        return prove(connection, after=after, mark=lambda made: marks.append(kept(made())))

    whole = await node.store.read(proving)
    assert [mark.last_reception for mark in marks] == [0, *range(4, 41, 4)]
    for mark in tuple(marks):
        assert await node.store.read(proving, mark) == whole
    sql(tmp_path, "UPDATE transmissions SET lon = lon + 0.01 WHERE id = 30")
    named = [(await node.store.read(proving, mark)).faults for mark in (marks[0], marks[5])]
    assert [fault.document for (fault,) in named] == 2 * ["messages 29 to 32 of what was heard"]
    # and a row that took the place of the one until which all was proved
    sql(tmp_path, "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)")
    faults = (await node.store.read(proving, marks[0])).faults
    assert "before the verification was interrupted" in faults[-1].reason


def kept(mark: ProofMark) -> ProofMark:
    """Return it as it is read from where it was kept."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(mark), type=ProofMark)
