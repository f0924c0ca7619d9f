"""The journal: written with what it tells of, and found again by whom and when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from patrol.documents.transaction import Note
from patrol.filing.journal_writer import JournalWriter
from patrol.messages.phrases import Phrase
from patrol.store.journal import journal
from patrol.store.records import documents
from patrol.store.store import Store, open_store
from tests.fixtures.databases import empty_store
from tests.patrol.nodes.running import AGENCY, NODE, OTHER, at


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(empty_store(tmp_path / "s.db"))
    yield opened
    await opened.close()


async def test_the_journal_writer_notes_the_outcome_in_the_same_transaction(store: Store) -> None:
    journal_writer = JournalWriter(store=store, node=NODE, now=lambda: at(0))
    document = Phrase(id="p", agency=AGENCY, at=at(0), language="lo", text="x")
    note = Note(act="a", actor="kham", agency=AGENCY)
    await journal_writer.write(note, documents.put, document)
    assert await journal_writer.write(lambda there: note if there else (), journal.end) is not None
    assert await journal_writer.write(lambda _: (), journal.head) is not None
    entries = await store.read(journal.page)
    assert len(entries) == 2
    with pytest.raises(Exception, match="already"):
        await journal_writer.write(note, documents.put, document)

    def bad(_done: object) -> Note:
        raise RuntimeError("no note can be made")

    other = msgspec.structs.replace(document, id="q")
    with pytest.raises(RuntimeError):
        await journal_writer.write(bad, documents.put, other)
    assert await store.read(documents.newest, "phrase", "q") is None
    assert await store.read(journal.page) == entries


# -- an agency's own lines


async def test_lines_are_found_by_agency_time_act_and_subject(store: Store) -> None:
    for number in range(30):
        note = Note(
            act="even" if number % 2 == 0 else "odd",
            actor=f"user{number % 3}",
            agency=AGENCY if number % 5 else OTHER,
            subject=f"unit:u{number % 4}" if number % 4 else "radio:x",
        )
        await store.write(journal.append, [note], at(number * 10), origin=NODE)

    async def seqs(**asked: Any) -> list[int]:
        found = await store.read(journal.of_agency, AGENCY, **asked)
        assert all(entry.agency == AGENCY for entry in found)
        return [entry.seq for entry in found]

    own = [number + 1 for number in range(29, -1, -1) if number % 5]
    assert await seqs() == own
    assert await seqs(limit=3) == own[:3]
    assert await seqs(before=own[2]) == own[3:]
    assert await seqs(since=at(100), until=at(200)) == [n for n in own if 11 <= n <= 20]
    assert await seqs(since=at(-5)) == own
    assert await seqs(since=at(9999)) == []
    assert await seqs(act="odd") == [n for n in own if n % 2 == 0]
    assert await seqs(actor="user0") == [n for n in own if (n - 1) % 3 == 0]
    assert await seqs(subject="unit:u1") == [n for n in own if (n - 1) % 4 == 1]
    assert await seqs(subject="unit:") == [n for n in own if (n - 1) % 4]
    assert await seqs(subject="unit:u") == []
