"""Many rows at once: every column comes back as it was given, whichever the others leave empty."""

from __future__ import annotations

import sqlite3
from functools import partial
from pathlib import Path
from typing import Any, Self

import psutil
import pytest
from alembic import command

from patrol.errors.errors import StoreError
from patrol.reception.record import record_of
from patrol.store.engine import migrate as schema
from patrol.store.engine.engine import open_engine
from patrol.store.receptions import insert as bulk
from patrol.store.records import registry
from patrol.store.schema.rows import TRANSMISSION_COLUMNS, Row, transmission_row
from patrol.store.store import open_store
from radio_gateway.messages.transmission import Signal
from tests.fixtures.databases import empty_store, reading, sqlite_only
from tests.patrol.nodes.running import said


def row_of(**own: Any) -> Row:
    message = said(**{"second": 1.0} | own)
    return transmission_row(record_of(message, lambda said, _: said.address), origin="node-hx")


def recorded_statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list of the statements that SQLite is given from now on, by new connections."""
    statements: list[str] = []

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *parameters: Any) -> Self:
            statements.append(sql)
            return super().execute(sql, *parameters)

        def executemany(self, sql: str, *parameters: Any) -> Self:
            statements.append(sql)
            return super().executemany(sql, *parameters)

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", partial(connect, factory=Connection))
    return statements


def rows_of(statement: str) -> int:
    """Return how many rows a statement inserts."""
    return statement.partition("VALUES")[2].count("(")


PLAIN = row_of()
BARE = row_of(lon=None, device_time=None)
FULL = row_of(
    text="in need of help",
    status="moored",
    facts={"talker": "GP"},
    signal=Signal(snr_db=9.5),
    duplicate_key="one",
    distress=True,
)


async def put(file: Path, rows: list[Row]) -> list[Row]:
    """Store the rows in one batch, and return what is kept, in its order."""
    store = open_store(empty_store(file))
    try:
        await store.commit(rows, [], [])
    finally:
        await store.close()
    with reading(file) as database:
        columns = ", ".join(TRANSMISSION_COLUMNS)
        found = database.execute(f"SELECT {columns} FROM transmissions ORDER BY id").fetchall()
    return [tuple(row) for row in found]


@pytest.mark.parametrize(
    "rows",
    [[PLAIN], [BARE], [FULL], [PLAIN, BARE], [BARE, FULL, PLAIN], [FULL, PLAIN, BARE]],
    ids=lambda rows: f"{len(rows)} rows",
)
async def test_fields_that_only_some_of_a_batch_have_are_stored_and_empty_for_the_others(
    rows: list[Row], tmp_path: Path
) -> None:
    assert await put(tmp_path / "patrol.db", rows) == rows


async def test_a_message_twice_in_one_batch_is_kept_once(tmp_path: Path) -> None:
    assert await put(tmp_path / "patrol.db", [FULL, PLAIN, FULL]) == [FULL, PLAIN]


def numbered(number: int) -> Row:
    return row_of(second=float(number), duplicate_key=f"key {number}", text="hm" * (number % 2))


async def test_of_hundreds_each_is_kept_once_and_in_order(tmp_path: Path) -> None:
    rows = [numbered(number) for number in range(230)]
    assert await put(tmp_path / "patrol.db", [*rows[:150], *rows]) == rows


@pytest.mark.parametrize("at", [0, 150, 229])
async def test_of_hundreds_one_that_differs_in_what_the_others_share_is_kept_as_it_is(
    at: int, tmp_path: Path
) -> None:
    rows = [row_of(second=float(number), facts={"talker": "GP"}) for number in range(230)]
    rows[at] = row_of(second=float(at), facts={"talker": "II"}, lon=100.5, status="moored")
    assert await put(tmp_path / "patrol.db", rows) == rows


@sqlite_only
async def test_odd_ones_among_hundreds_make_few_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement is kept compiled; with one for each mixture they took 9 MiB."""
    odd = {"usable": 0, "kind": "text", "fix": 0, "distress": 1, "flags": "late"}
    statements = recorded_statements(monkeypatch)
    store = open_store(empty_store(tmp_path / "patrol.db"))
    try:
        for mixture in range(2 ** len(odd)):
            rows = [row_of(second=float(number), text=f"{mixture}") for number in range(100)]
            for bit, (name, value) in enumerate(odd.items()):
                if mixture >> bit & 1:
                    place = TRANSMISSION_COLUMNS.index(name)
                    rows[bit] = (*rows[bit][:place], value, *rows[bit][place + 1 :])
            await store.commit(rows, [], [])
    finally:
        await store.close()
    inserts = {each for each in statements if each.startswith("INSERT") and "transmissions" in each}
    assert {rows_of(each) for each in inserts} == {1, 100}
    assert len(inserts) <= 2 * 2


def test_a_large_statement_keeps_to_what_sqlite_takes_where_nobody_raised_it() -> None:
    """At most 32,766 variables since 3.32."""
    assert max(bulk.ROWS_AT_ONCE) * len(TRANSMISSION_COLUMNS) <= 32_766


async def test_of_thousands_each_is_kept_once_and_in_order(tmp_path: Path) -> None:
    rows = [numbered(number) for number in range(2345)]
    assert await put(tmp_path / "patrol.db", [*rows[:1500], *rows]) == rows


@pytest.mark.parametrize("at", [0, 1500, 2200, 2330, 2344])
async def test_of_thousands_nothing_is_kept_if_one_is_refused(at: int, tmp_path: Path) -> None:
    rows = [numbered(number) for number in range(2345)]
    place = TRANSMISSION_COLUMNS.index("kind")
    rows[at] = (*rows[at][:place], None, *rows[at][place + 1 :])
    with pytest.raises(StoreError):
        await put(tmp_path / "patrol.db", rows)
    assert await put(tmp_path / "patrol.db", []) == []


@sqlite_only
async def test_few_mixtures_of_columns_have_the_largest_statements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes 2 MiB for as long as the store is open."""
    monkeypatch.setattr(bulk, "largest_statements", set())
    statements = recorded_statements(monkeypatch)
    some: tuple[dict[str, Any], ...] = (
        {},
        {"text": "hm"},
        {"status": "moored"},
        {"facts": {"talker": "GP"}},
    )
    mixtures: list[dict[str, Any]] = [
        *some,
        {"text": "hm", "status": "moored"},
        {"lon": None},
        *some,
    ]
    store = open_store(empty_store(tmp_path / "patrol.db"))
    try:
        for n, own in enumerate(mixtures):
            keys = [f"{n} {number}" for number in range(1000)]
            await store.commit([row_of(duplicate_key=key, **own) for key in keys], [], [])
    finally:
        await store.close()
    rows = [rows_of(each) for each in statements if each.startswith("INSERT OR FAIL")]
    assert rows.count(1000) == 8
    assert rows.count(100) == 20


async def test_of_hundreds_that_are_all_the_same_one_is_stored(tmp_path: Path) -> None:
    assert await put(tmp_path / "patrol.db", [FULL] * 230) == [FULL]


@pytest.mark.parametrize("at", [0, 150, 229])
async def test_of_hundreds_nothing_is_kept_if_one_is_refused(at: int, tmp_path: Path) -> None:
    rows = [numbered(number) for number in range(230)]
    place = TRANSMISSION_COLUMNS.index("kind")
    rows[at] = (*rows[at][:place], None, *rows[at][place + 1 :])
    with pytest.raises(StoreError) as refused:
        await put(tmp_path / "patrol.db", rows)
    assert not refused.value.transient
    assert await put(tmp_path / "patrol.db", []) == []


@pytest.mark.parametrize("wrong", [None, 1 << 63, "\ud800"])
async def test_a_row_that_cannot_be_written_is_reported_as_the_batchs_own_fault(
    wrong: object, tmp_path: Path
) -> None:
    place = TRANSMISSION_COLUMNS.index("kind")
    bad = (*PLAIN[:place], wrong, *PLAIN[place + 1 :])
    with pytest.raises(StoreError) as refused:
        await put(tmp_path / "patrol.db", [FULL, bad])
    assert not refused.value.transient
    assert await put(tmp_path / "patrol.db", []) == []


@sqlite_only
async def test_it_is_written_by_a_connection_that_has_made_no_tables(tmp_path: Path) -> None:
    """One that has would write a tenth slower for as long as it is open."""
    file = tmp_path / "patrol.db"
    url = empty_store(file)
    engine = open_engine(url)
    with engine.begin() as connection:
        command.downgrade(schema.alembic_config(connection), "0015")
    engine.dispose()
    store = open_store(url)
    try:
        assert str(file) not in {each.path for each in psutil.Process().open_files()}
        await store.write(registry.all_units)
        assert str(file) in {each.path for each in psutil.Process().open_files()}
    finally:
        await store.close()


def count(database: Any) -> int:
    """Return how many messages are stored."""
    [(found,)] = database.execute("SELECT count(*) FROM transmissions").fetchall()
    return int(found)


async def test_a_batch_of_messages_alone_that_is_refused_leaves_nothing_open(
    tmp_path: Path,
) -> None:
    file = tmp_path / "patrol.db"
    store = open_store(empty_store(file))
    try:
        broken = list(PLAIN)
        broken[TRANSMISSION_COLUMNS.index("raw")] = object()  # nothing that a database can hold
        with pytest.raises(StoreError):
            await store.commit([FULL, tuple(broken)], [], [])
        with reading(file) as other:
            other.execute("PRAGMA busy_timeout = 100")
            other.execute("BEGIN IMMEDIATE")  # nobody else writes
            assert count(other) == 0
            other.execute("ROLLBACK")
        await store.commit([BARE], [], [])
        await store.write(lambda c: c.exec_driver_sql("CREATE TABLE later (a integer)"))
    finally:
        await store.close()
    with reading(file) as database:
        assert count(database) == 1
