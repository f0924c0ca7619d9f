"""How fast the journal is written and proved, against bare sqlite3 on the same disk.

    python -m tests.benchmarks.audit_rate [--reps 3] [--rows 200000]

Bare sqlite3 inserts the same columns without a chain, `synchronous=FULL`: one row a transaction,
as an order is filed, and 1,000 rows a transaction. The document service files one document an act,
with its version, its line, its turn and its book. Proving reads every row and hashes it.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from patrol.audit.chain import FIRST, chained
from patrol.documents.transaction import Filing, Note
from patrol.messages.phrases import Phrase
from patrol.store.engine.engine import open_engine
from patrol.store.journal import journal
from patrol.store.proof.verify_journal import prove
from patrol.store.schema.tables import to_us
from patrol.store.store import create_store, open_store
from patrol.watch.watch import Watch
from tests.benchmarks.machine import describe

_ONE_BY_ONE = 2_000
_BATCH = 1_000
_AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_NOTE = Note(
    act="change unit",
    actor="somchai",
    agency="la-hx",
    subject="unit:9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
    detail={"call_sign": "Naga 2", "note": "new engine"},
)
_BARE = """
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, act TEXT NOT NULL, actor TEXT NOT NULL,
    subject TEXT NOT NULL, detail TEXT NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL UNIQUE,
    agency TEXT NOT NULL, origin TEXT NOT NULL
);
CREATE INDEX journal_by_subject ON journal (subject);
"""
_INSERT = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def main() -> None:
    """Measure in turn and print rows a second."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.audit_rate")
    parser.add_argument("--reps", type=int, default=3, help="measurements behind each median")
    parser.add_argument("--rows", type=int, default=200_000, help="rows that are proved")
    options = parser.parse_args()
    print(describe())
    contests: dict[str, Callable[[Path], float]] = {
        "bare sqlite3, a row a commit": lambda folder: _bare(folder, _ONE_BY_ONE, 1),
        "journal alone, a row a commit": lambda folder: _append(folder, _ONE_BY_ONE, 1),
        "document service, a document a commit": lambda folder: asyncio.run(
            _document_service(folder, _ONE_BY_ONE)
        ),
        "bare sqlite3, 1,000 rows a commit": lambda folder: _bare(folder, options.rows, _BATCH),
        "journal alone, 1,000 rows a commit": lambda folder: _append(folder, options.rows, _BATCH),
        "proving": lambda folder: _prove(folder, options.rows),
    }
    for name, contest in contests.items():
        rates = []
        for _ in range(options.reps):
            with tempfile.TemporaryDirectory() as folder:
                rates.append(contest(Path(folder)))
        print(f"{name:<36}{median(rates):>10,.0f} rows/s")


def _rows(count: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    previous = FIRST
    for seq in range(1, count + 1):
        entry = chained(_NOTE, seq=seq, previous=previous, at=_AT, origin="hx")
        previous = entry.hash
        rows.append(
            (
                seq, to_us(entry.at), entry.act, entry.actor, entry.subject, entry.detail,
                entry.previous, entry.hash, entry.agency, entry.origin,
            )
        )  # fmt: skip
    return rows


def _bare(folder: Path, count: int, batch: int) -> float:
    rows = _rows(count)
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.executescript(_BARE)
        began = time.perf_counter()
        for start in range(0, count, batch):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_INSERT, rows[start : start + batch])
            connection.execute("COMMIT")
        return count / (time.perf_counter() - began)


def _append(folder: Path, count: int, batch: int) -> float:
    file = f"sqlite:///{folder / 'own.db'}"
    create_store(file)
    engine = open_engine(file)
    notes = [_NOTE] * batch
    with engine.connect() as connection:
        began = time.perf_counter()
        for _ in range(0, count, batch):
            with connection.begin():
                journal.append(connection, notes, _AT, origin="hx")
        passed = time.perf_counter() - began
    engine.dispose()
    return count / passed


async def _document_service(folder: Path, count: int) -> float:
    url = f"sqlite:///{folder / 'own.db'}"
    create_store(url)
    store = open_store(url)
    watch = Watch(store, node="hx", agency="la-hx")
    await watch.start()

    def phrase(number: int) -> Filing:
        document = Phrase(id=f"p{number}", agency="la-hx", at=_AT, language="lo", text="stop")
        return Filing(documents=(document,), act="add phrase", actor="somchai", agency="la-hx")

    filings = [phrase(number) for number in range(count)]
    began = time.perf_counter()
    for filing in filings:
        await watch.document_service.file(lambda _open_documents, _now, filing=filing: filing)  # type: ignore[misc]
    passed = time.perf_counter() - began
    await store.close()
    return count / passed


def _prove(folder: Path, count: int) -> float:
    _append(folder, count, _BATCH)
    engine = open_engine(f"sqlite:///{folder / 'own.db'}")
    with engine.connect().execution_options(reads=True) as connection:
        began = time.perf_counter()
        proof = prove(connection)
        passed = time.perf_counter() - began
    engine.dispose()
    assert proof.entries == count
    assert not proof.faults
    return count / passed


if __name__ == "__main__":
    main()
