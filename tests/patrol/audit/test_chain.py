"""The journal's chain: whatever somebody does to the file past our code is found and named."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.audit.chain import FIRST, Chain, Entry, hash_of, time_text
from patrol.documents.transaction import Note
from patrol.filing.journal_writer import JournalWriter
from patrol.incidents.photo import Original, Photo
from patrol.store.journal import journal
from patrol.store.proof import verify_journal as proving
from patrol.store.records import originals, photos
from patrol.store.store import open_store
from tests.fixtures.databases import copied, empty_store, sqlite_only
from tests.fixtures.examples import examples
from tests.patrol.nodes.chains import ROWS, chain_of, fill, first_fault, notes, proved, read, texts
from tests.patrol.nodes.running import AGENCY, NODE, Node, at, reading

TEXTS = ("act", "actor", "agency", "subject", "detail", "origin")

# -- the rule


def by_the_book(entry: Entry) -> str:
    """Return the hash by the rule of docs/reference/audit.md, with the standard library alone."""
    fields = [
        entry.seq,
        time_text(entry.at),
        entry.act,
        entry.actor,
        entry.agency,
        entry.subject,
        entry.detail,
        entry.origin,
        entry.previous.hex(),
    ]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@given(st.lists(notes, max_size=6))
def test_the_rule_can_be_followed_without_our_code(given: list[Note]) -> None:
    for entry in chain_of(given):
        assert entry.hash.hex() == by_the_book(entry) == hash_of(entry).hex()


@given(st.lists(notes, min_size=1, max_size=8), st.data())
def test_any_change_of_any_field_breaks_the_chain_there(given: list[Note], data: Any) -> None:
    entries = chain_of(given)
    assert first_fault(entries) is None
    where = data.draw(st.integers(0, len(entries) - 1))
    field = data.draw(st.sampled_from((*TEXTS, "at", "previous", "hash")))
    old = getattr(entries[where], field)
    if field == "at":
        new = old + timedelta(microseconds=data.draw(st.integers(1, 10**9)))
    elif field in ("previous", "hash"):
        new = data.draw(st.binary(min_size=32, max_size=32).filter(lambda each: each != old))
    else:
        new = data.draw(texts.filter(lambda each: each != old))
    entries[where] = msgspec.structs.replace(entries[where], **{field: new})
    fault = first_fault(entries)
    assert fault is not None
    assert (fault.seq, fault.what) == (where + 1, "altered")


@given(st.lists(notes, min_size=2, max_size=8), st.data())
def test_what_is_taken_out_put_in_or_changes_places_is_named(given: list[Note], data: Any) -> None:
    entries = chain_of(given)
    where = data.draw(st.integers(0, len(entries) - 2))
    without = entries[:where] + entries[where + 1 :]
    fault = first_fault(without)
    assert fault is not None
    assert (fault.seq, fault.what) == (where + 1, "missing")
    moved = list(entries)
    moved[where] = msgspec.structs.replace(entries[where + 1], seq=where + 1)
    moved[where + 1] = msgspec.structs.replace(entries[where], seq=where + 2)
    fault = first_fault(moved)
    assert fault is not None
    assert (fault.seq, fault.what) == (where + 1, "altered")


def test_an_empty_journal_is_whole() -> None:
    assert first_fault([]) is None
    assert Chain().hash == bytes(32)


# -- what somebody does to the file


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with documents in several versions and notes in between."""
    file = tmp_path_factory.mktemp("audit") / "patrol.db"
    asyncio.run(fill(file))
    return file


@pytest.fixture
def file(filled: Path, tmp_path: Path) -> Path:
    """Return a copy to do something to."""
    return copied(filled, tmp_path / "patrol.db")


def do(file: Path, *statements: tuple[str, tuple[Any, ...]] | str) -> None:
    with reading(file) as connection:
        for each in statements:
            if isinstance(each, str):
                connection.execute(each)
            else:
                connection.execute(*each)


def one(file: Path, query: str, *given: Any) -> Any:
    with reading(file) as connection:
        return connection.execute(query, given).fetchone()


def test_what_was_written_is_proved(file: Path) -> None:
    proof = proved(file)
    assert proof.faults == ()
    assert proof.entries == ROWS
    assert proof.documents == one(file, "SELECT count(*) FROM papers")[0] > 5
    assert proof.origin == NODE


@sqlite_only  # a server keeps texts that are none, and other types, out by itself
@settings(max_examples=examples(120), deadline=None)
@given(data=st.data())
def test_one_altered_byte_anywhere_in_the_journal_is_named(filled: Path, data: Any) -> None:
    seq = data.draw(st.integers(1, ROWS))
    column = data.draw(st.sampled_from((*TEXTS, "previous", "hash", "at_us")))
    where, bit = data.draw(st.integers(0, 10**6)), data.draw(st.integers(0, 7))
    file = copied(filled, filled.with_name("altered.db"))
    old = one(file, f"SELECT {column} FROM journal WHERE seq = ?", seq)[0]
    if column == "at_us":
        new: Any = old ^ (1 << (where % 50))
    else:
        raw = bytearray(old if isinstance(old, bytes) else old.encode())
        if raw:
            raw[where % len(raw)] ^= 1 << bit
        else:
            raw = bytearray(b"x")
        new = bytes(raw)
    kind = "BLOB" if isinstance(old, bytes) else "TEXT" if isinstance(old, str) else "INTEGER"
    do(file, (f"UPDATE journal SET {column} = CAST(? AS {kind}) WHERE seq = ?", (new, seq)))
    proof = proved(file)
    first = min(proof.faults, key=lambda fault: fault.seq)
    # A detail that tells another sum of a document is an altered row, and nothing but that.
    assert (first.seq, first.what, first.document) == (seq, "altered", "")
    assert proof.entries == seq - 1
    assert f"journal row {seq} is altered" in str(first)


@settings(max_examples=examples(25), deadline=None)
@given(seq=st.integers(1, ROWS - 1))
def test_a_row_that_was_taken_out_is_named(filled: Path, seq: int) -> None:
    file = copied(filled, filled.with_name("taken.db"))
    do(file, ("DELETE FROM journal WHERE seq = ?", (seq,)))
    fault = (proved(file)).faults[0]
    assert (fault.seq, fault.what) == (seq, "missing")
    # Nor does it help to close the gap.
    for later in range(seq + 1, ROWS + 1):
        do(file, ("UPDATE journal SET seq = ? WHERE seq = ?", (later - 1, later)))
    fault = (proved(file)).faults[0]
    assert (fault.seq, fault.what) == (seq, "altered")


@settings(max_examples=examples(25), deadline=None)
@given(pair=st.lists(st.integers(1, ROWS), min_size=2, max_size=2, unique=True))
def test_rows_that_changed_places_are_named(filled: Path, pair: list[int]) -> None:
    file = copied(filled, filled.with_name("moved.db"))
    one_, two = pair
    do(
        file,
        ("UPDATE journal SET seq = -1 WHERE seq = ?", (one_,)),
        ("UPDATE journal SET seq = ? WHERE seq = ?", (one_, two)),
        ("UPDATE journal SET seq = ? WHERE seq = -1", (two,)),
    )
    fault = (proved(file)).faults[0]
    assert (fault.seq, fault.what) == (min(pair), "altered")


@settings(max_examples=examples(25), deadline=None)
@given(seq=st.integers(1, ROWS + 1))
def test_a_row_that_was_put_in_is_named(filled: Path, seq: int) -> None:
    file = copied(filled, filled.with_name("put.db"))
    for later in range(ROWS, seq - 1, -1):
        do(file, ("UPDATE journal SET seq = ? WHERE seq = ?", (later + 1, later)))
    made = os.urandom(32)
    do(
        file,
        (
            """INSERT INTO journal SELECT ?, at_us, 'forged', actor, subject, detail, previous, ?,
                agency, origin FROM journal WHERE seq = 1 OR seq = 2 LIMIT 1""",
            (seq, made),
        ),
    )
    fault = (proved(file)).faults[0]
    assert (fault.seq, fault.what) == (seq, "altered")


def test_a_forged_row_with_a_right_hash_breaks_the_next_one(file: Path) -> None:
    forge(file, 20)
    fault = (proved(file)).faults[0]
    assert (fault.seq, fault.what) == (21, "altered")


def forge(file: Path, seq: int, *, onward: bool = False) -> None:
    """Alter a row and its hash; with `onward` all hashes after it, as somebody who knows would."""
    entries = read(file, journal.page)
    last = entries[seq - 2].hash if seq > 1 else FIRST
    for entry in entries[seq - 1 : None if onward else seq]:
        act = "forged" if entry.seq == seq else entry.act
        forged = msgspec.structs.replace(entry, act=act, previous=last)
        last = hash_of(forged)
        statement = "UPDATE journal SET act = ?, previous = ?, hash = ? WHERE seq = ?"
        do(file, (statement, (act, forged.previous, last, entry.seq)))


@pytest.mark.parametrize("cut", [1, 7, ROWS])
def test_a_tail_that_was_cut_off_is_found_against_a_head(file: Path, cut: int) -> None:
    end = one(file, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")
    head = (end["seq"], end["hash"])
    assert (proved(file, head)).faults == ()
    do(
        file,
        ("DELETE FROM journal WHERE seq > ?", (ROWS - cut,)),
        "DELETE FROM papers",  # with the documents that it told of, and those before
    )
    faults = (proved(file, head)).faults
    tail = next(fault for fault in faults if not fault.document)
    assert (tail.seq, tail.what) == (ROWS - cut + 1, "missing")
    assert "the tail was cut off" in str(tail)


def test_a_journal_that_was_written_anew_is_found_against_a_head(file: Path) -> None:
    end = one(file, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1")
    head = (end["seq"], end["hash"])
    forge(file, 15, onward=True)
    assert (proved(file)).faults == ()  # in itself it is whole
    [fault] = (proved(file, head)).faults
    assert (fault.seq, fault.what) == (ROWS, "altered")
    assert "written anew" in str(fault)


def test_rows_after_a_head_are_no_fault(file: Path) -> None:
    row = one(file, "SELECT seq, hash FROM journal WHERE seq = 17")
    assert (proved(file, (row["seq"], row["hash"]))).faults == ()


@sqlite_only
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE journal SET at_us = 'yesterday' WHERE seq = 9",
        "UPDATE journal SET at_us = 9223372036854775807 WHERE seq = 9",
        "UPDATE journal SET hash = 'text' WHERE seq = 9",
        "UPDATE journal SET previous = 7 WHERE seq = 9",
        "UPDATE journal SET act = CAST(x'ff00' AS TEXT) WHERE seq = 9",
    ],
)
def test_a_row_that_cannot_be_read_is_named_all_the_same(file: Path, change: str) -> None:
    do(file, change)
    fault = (proved(file)).faults[0]
    assert (fault.seq, fault.what) == (9, "altered")


# -- documents


def some_document(file: Path) -> Any:
    return one(file, "SELECT * FROM papers WHERE version = 2 ORDER BY id LIMIT 1")


def told_in(file: Path, row: Any) -> int:
    found = one(
        file,
        "SELECT seq FROM journal WHERE subject = ? AND detail LIKE ?",
        f"phrase:{row['id']}",
        f'%"version":{row["version"]}%',
    )
    return int(found[0])


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param(
            "UPDATE papers SET body = replace(body, 'v2', 'v9')", "altered", marks=sqlite_only
        ),
        ("UPDATE papers SET body = CAST('0' AS BLOB)", "altered"),
        ("UPDATE papers SET kind = 'shift'", "altered"),
        ("UPDATE papers SET agency = 'th-ck'", "altered"),
        ("UPDATE papers SET at_us = at_us + 1", "altered"),
        ("UPDATE papers SET closed = 1", "altered"),
        ("DELETE FROM papers", "missing"),
        ("UPDATE papers SET version = 77", "missing"),
    ],
)
def test_a_document_that_was_altered_or_taken_out_is_named(
    file: Path, change: str, what: str
) -> None:
    row = some_document(file)
    seq = told_in(file, row)
    do(file, (f"{change} WHERE id = ? AND version = 2", (row["id"],)))
    fault = (proved(file)).faults[0]
    assert (fault.seq, fault.what) == (seq, what)
    assert fault.document == f"phrase {row['id']} version 2"
    assert f"phrase {row['id']} version 2 is {what}" in str(fault)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE photos SET body = CAST('another picture' AS BLOB)", "photo {} is altered"),
        ("DELETE FROM photos", "photo {} is missing"),
        ("UPDATE originals SET body = CAST('another file' AS BLOB)", "original {} is altered"),
        ("DELETE FROM originals", "original {} is missing"),
    ],
)
async def test_a_photo_or_original_that_was_altered_or_taken_out_is_named(
    tmp_path: Path, change: str, what: str
) -> None:
    picture = b"what the camera saw"
    photo = Photo(body=picture, sha256=hashlib.sha256(picture).hexdigest(), width_px=1, height_px=1)
    store = open_store(empty_store(tmp_path / "p.db"))
    subject = f"photo:{photo.sha256}"
    await JournalWriter(store=store, node=NODE, now=lambda: at(0)).write(
        Note(act="keep photo", actor="kham", agency=AGENCY, subject=subject),
        photos.put, photo, agency=AGENCY, by="kham", at=at(0), origin=NODE,
    )  # fmt: skip
    sealed = Original(
        photo=photo.sha256, sha256=photo.sha256, size=len(picture), stored_at=at(0), by="kham"
    )
    await JournalWriter(store=store, node=NODE, now=lambda: at(0)).write(
        Note(act="keep original", actor="kham", agency=AGENCY, subject=subject,
             detail={"original": photo.sha256}),
        originals.put, sealed, picture, agency=AGENCY, origin=NODE,
    )  # fmt: skip
    await store.close()
    assert proved(tmp_path / "p.db").faults == ()
    do(tmp_path / "p.db", change)
    [fault] = proved(tmp_path / "p.db").faults
    assert what.format(photo.sha256) in f"{fault.document} is {fault.what}"
    assert fault.seq == (1 if what.startswith("photo") else 2)


def test_a_document_without_a_line_is_named(file: Path) -> None:
    row = some_document(file)
    do(
        file,
        "INSERT INTO papers SELECT 'zz', 1, newest, closed, kind, at_us, body, agency, origin"
        " FROM papers WHERE version = 1 LIMIT 1",
    )
    do(file, "UPDATE papers SET newest = 1 WHERE id = 'zz'")
    [fault] = (proved(file)).faults
    assert (fault.what, fault.document) == ("unwritten", "phrase zz version 1")
    assert "is in no row of the journal" in str(fault)
    assert row["id"] != "zz"


def test_an_older_version_that_is_shown_as_the_newest_is_named(file: Path) -> None:
    row = some_document(file)
    do(
        file,
        ("UPDATE papers SET newest = 0 WHERE id = ?", (row["id"],)),
        ("UPDATE papers SET newest = 1 WHERE id = ? AND version = 1", (row["id"],)),
    )
    [fault] = (proved(file)).faults
    assert fault.what == "altered"
    assert "as the newest" in str(fault)


async def test_it_is_proved_while_the_watch_writes(tmp_path: Path) -> None:
    file = tmp_path / "patrol.db"
    node = Node(file)
    await node.start()
    try:
        note = Note(act="x", actor="kham", agency=AGENCY)
        for _ in range(20):
            await node.watch.document_service.note(note)
        other = open_store(empty_store(file))
        try:
            for _ in range(5):
                before = (await node.store.read(journal.end))[0]
                proof = await other.read(proving.prove)
                await node.watch.document_service.note(note)
                assert proof.faults == ()
                assert proof.entries >= before
        finally:
            await other.close()
    finally:
        await node.stop()


async def test_a_long_journal_is_read_in_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "patrol.db"
    await fill(file)
    monkeypatch.setattr(proving, "PAGE", 7)
    monkeypatch.setattr(proving, "_AT_ONCE", 3)
    seen: list[proving.Progress] = []
    store = open_store(empty_store(file))
    try:
        proof = await store.read(proving.prove, progress=seen.append)
    finally:
        await store.close()
    assert proof.faults == ()
    counted = [each.done for each in seen if each.subject == "rows"]
    assert counted == [*range(7, ROWS, 7), ROWS]
