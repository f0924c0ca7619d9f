"""One day of the journal, proved alone from the signed head before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from patrol.documents.transaction import Note
from patrol.store.journal import journal
from patrol.store.journal.reception_digests import SpanBounds, stored_span
from patrol.store.proof.day_proof import DayProof, prove_day
from tests.fixtures.databases import reading
from tests.patrol.nodes.running import AGENCY, Node, at, said

DAY_S = 86_400.0
ACTS = 4


def tell(connection: Connection, after: int, last: int, day: int) -> None:
    """Tell the journal of messages and of acts, on a day of the test."""
    there = stored_span(connection, SpanBounds(after, last, 2))
    span = {"after": after, "last": last, "count": there.rows, "sha256": there.sha256, "version": 2}
    note = Note(
        act="digest receptions",
        actor="",
        agency="",
        subject="journal:receptions",
        detail={"receptions": span},
    )
    acts = [Note(act="an act", actor="keo", agency=AGENCY) for _ in range(ACTS)]
    journal.append(connection, [note, *acts], at(day * DAY_S), origin="node")


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    """A node that heard two messages and did `ACTS` acts on each of four days."""
    opened = Node(tmp_path / "a.db")
    await opened.start()
    try:
        for day in range(4):
            for second in (day * DAY_S, day * DAY_S + 60):
                await opened.hear(said("a", second, heard=second))
            await opened.store.write(tell, day * 2, day * 2 + 2, day)
        yield opened
    finally:
        await opened.stop()


async def of_day(node: Node, day: int, *signed: int) -> DayProof:
    """Prove a day by the heads of some rows."""
    heads = [(row, bytes(head_of(node, row))) for row in signed]
    begin, end = at((day - 0.5) * DAY_S), at((day + 0.5) * DAY_S)
    return await node.store.read(prove_day, begin, end, heads=heads)


def head_of(node: Node, seq: int) -> bytes:
    (row,) = node.rows("SELECT hash FROM journal WHERE seq = ?", seq)
    return bytes(row["hash"])


def sql(node: Node, statement: str) -> None:
    with reading(node.file) as connection:
        connection.execute(statement)


async def test_a_day_is_proved_from_the_head_before_it_to_the_one_after_it(node: Node) -> None:
    proof = await of_day(node, 2, 5, 10, 17, 20)
    assert proof.faults == ()
    # and the messages that the next day's first line tells of: midnight lies among them
    assert (proof.first, proof.rows, proof.receptions) == (11, ACTS + 1, 4)
    assert (proof.after, proof.until) == (10, 17)


async def test_receptions_of_later_days_are_not_compared_however_late_the_next_head_is(
    node: Node,
) -> None:
    proof = await of_day(node, 1, 5, 20)
    assert (proof.faults, proof.receptions, proof.until) == ((), 4, 20)


async def test_without_heads_it_says_so_and_follows_the_chain_from_the_first_row(
    node: Node,
) -> None:
    proof = await of_day(node, 1)
    assert (proof.faults, proof.rows, proof.after, proof.until) == ((), ACTS + 1, 0, None)


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE journal SET actor = 'mallory' WHERE seq = 13", 13),
        ("DELETE FROM journal WHERE seq = 13", 13),
        ("UPDATE transmissions SET speed_mps = 30 WHERE id = 5", 11),
        ("DELETE FROM transmissions WHERE id = 6", 11),
        ("DELETE FROM journal WHERE seq > 14", 15),
    ],
)
async def test_what_somebody_changed_of_that_day_is_named(
    node: Node, statement: str, seq: int
) -> None:
    heads = [(row, head_of(node, row)) for row in (10, 17)]
    sql(node, statement)
    begin, end = at(1.5 * DAY_S), at(2.5 * DAY_S)
    proof = await node.store.read(prove_day, begin, end, heads=heads)
    assert [fault.seq for fault in proof.faults] == [seq]


async def test_what_somebody_changed_of_another_day_is_not_looked_for(node: Node) -> None:
    sql(node, "UPDATE transmissions SET lon = 0 WHERE id = 1")
    assert (await of_day(node, 2, 10)).faults == ()
    [fault] = (await of_day(node, 0)).faults
    assert fault.document == "messages 1 to 2 of what was heard"
