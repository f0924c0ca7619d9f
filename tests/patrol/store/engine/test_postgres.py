"""PostgreSQL by itself: what is asked of a server, who writes, what is the store's fault, months.

That everything else works on it as it does on SQLite, the suite shows when it is run with
JOINT_PATROL_TEST_STORE=postgres.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import DBAPIError

from maps.errors.errors import ServerRunning
from maps.node.lock import store_lock
from maps.node.node import open_office
from maps.settings.settings import settings_of
from patrol.errors.errors import LeaseLost, StoreError
from patrol.reception.record import record_of
from patrol.store.engine import faults, partitions, postgres
from patrol.store.engine import sql_functions as conditions
from patrol.store.engine.engine import connect_to_read, open_engine
from patrol.store.engine.migrate import look
from patrol.store.receptions import insert as bulk
from patrol.store.receptions import receptions, stored_duplicates, thinning
from patrol.store.schema.rows import TRANSMISSION_COLUMNS, Row, transmission_row
from patrol.store.schema.tables import metadata, to_us, transmissions
from patrol.store.store import Store, create_store, open_store
from patrol.store.tracks import history, tracks
from patrol.store.tracks.tracks import AddressSpan
from patrol.units.effective_time import effective_time
from radio_gateway.messages.transmission import Transmission
from tests.fixtures import databases
from tests.fixtures.patience import until
from tests.patrol.nodes.running import AGENCY, NODE, said

pytestmark = pytest.mark.system

OURS = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
"""Months are made about the present, so these tests are heard now."""


def heard(second: float, device: str = "a", **more: Any) -> Transmission:
    moment = OURS + timedelta(seconds=second)
    return said(device, 0, **({"device_time": moment, "heard_at": moment} | more))


def row(message: Transmission) -> Row:
    record = record_of(message, lambda each, _: each.address)
    record.agency = AGENCY
    return transmission_row(record, origin=NODE)


@pytest.fixture
def url() -> str:
    server = databases.server()
    return server.url(server.create(template=server.migrated()))


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = open_store(url)
    yield opened
    await opened.close()


def asked(url: str, query: str) -> list[tuple[Any, ...]]:
    """Ask past our own code."""
    database = url.partition("@/")[2].partition("?")[0]
    with databases.server().connect(database) as connection:
        return connection.execute(query.encode()).fetchall()


_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
"""Cuts the connections of all others to the database."""


def count(url: str) -> int:
    return int(asked(url, "SELECT count(*) FROM transmissions")[0][0])


# -- what is asked of a server


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
def test_the_migrations_make_the_same_tables_there(url: str) -> None:
    engine = open_engine(url)
    inspector = inspect(engine)
    for table in metadata.tables.values():
        found = {each["name"]: each["nullable"] for each in inspector.get_columns(table.name)}
        assert {each.name: each.nullable for each in table.columns}.items() <= found.items(), table
        expected = {str(each.name) for each in table.indexes}
        assert expected <= {str(each["name"]) for each in inspector.get_indexes(table.name)}
    engine.dispose()


def test_a_database_in_another_order_of_letters_is_refused() -> None:
    server = databases.server()
    name = server.create(locale="en_US.UTF-8" if _has("en_US.utf8") else "C.UTF-8")
    if _has("en_US.utf8"):
        with pytest.raises(StoreError, match=r"createdb .*--locale=C"):
            create_store(server.url(name))
    else:
        create_store(server.url(name))


def test_a_server_that_could_lose_what_it_answered_is_refused(url: str) -> None:
    engine = open_engine(f"{url}&options=-c%20synchronous_commit=off")
    with connect_to_read(engine) as connection, pytest.raises(StoreError) as found:
        postgres.require(connection)
    engine.dispose()
    assert "synchronous_commit is off" in str(found.value)
    assert "power cut" in str(found.value)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("postgresql+psycopg2://h/db", "use postgresql\\+psycopg"),
        ("postgresql+psycopg://user@host", "name the database"),
        ("postgresql+psycopg://u:secret@127.0.0.1:1/db", r"u:\*\*\*@127.0.0.1:1/db: .*refused"),
        ("no url", "no URL of a database"),
    ],
)
def test_a_url_that_is_no_good_is_refused_with_its_fault(url: str, fault: str) -> None:
    with pytest.raises(StoreError, match=fault):
        open_store(url)


@pytest.mark.parametrize(("query", "waits_ms"), [("", 20_000), ("?tcp_user_timeout=5000", "5000")])
def test_a_server_whose_machine_is_gone_is_not_waited_for_by_the_quarter_of_an_hour(
    query: str, waits_ms: int | str
) -> None:
    engine = postgres.open_postgres(make_url(f"postgresql+psycopg://u@127.0.0.1:1/db{query}"))
    given: list[Any] = []
    event.listen(engine, "do_connect", lambda *of: given.append(of[3]))
    with pytest.raises(DBAPIError):
        engine.connect()
    assert given[0]["tcp_user_timeout"] == waits_ms


def test_a_look_changes_nothing(url: str) -> None:
    server = databases.server()
    empty = server.url(server.create())
    with pytest.raises(StoreError, match="holds no store"):
        look(empty)
    assert asked(empty, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    assert look(url) == []


# -- who writes


async def test_one_transaction_writes_at_a_time_and_the_other_waits(store: Store, url: str) -> None:
    second = open_store(url)
    order: list[str] = []
    event = Event()

    def slow(connection: Connection) -> None:
        order.append("slow")
        event.set()
        connection.exec_driver_sql("SELECT pg_sleep(0.3)")
        order.append("slow done")

    async def later() -> None:
        assert await asyncio.to_thread(event.wait, 20)
        await second.write(lambda _: order.append("quick"))

    await asyncio.gather(store.write(slow), later())
    await second.close()
    assert order == ["slow", "slow done", "quick"]


async def test_a_reader_sees_one_state_and_cannot_write(store: Store) -> None:
    def twice(connection: Connection) -> list[int]:
        query = "SELECT count(*) FROM transmissions"
        first = connection.exec_driver_sql(query).scalar_one()
        started.set()
        assert written.wait(5)
        return [first, connection.exec_driver_sql(query).scalar_one()]

    started, written = Event(), Event()
    reading = asyncio.create_task(store.read(twice))
    await asyncio.to_thread(started.wait, 5)
    await store.commit([row(heard(1))], [], [])
    written.set()
    assert await reading == [0, 0]
    with pytest.raises(StoreError, match="read-only"):
        await store.read(bulk.put_transmissions, [row(heard(2))])


async def test_two_watches_do_not_work_on_one_database(url: str) -> None:
    refused = pytest.raises(ServerRunning, match="in use by a running server")
    with store_lock(url), refused, store_lock(url):
        pass
    with store_lock(url):
        pass


async def test_a_server_alone_whose_lock_is_cut_still_keeps_others_out_by_its_lease(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    given = {
        "node": {"id": "test", "name": "Test", "time_zone": "Asia/Vientiane"},
        "agencies": [{"id": "joint", "name": "Joint patrol"}],
        "store": {"url": url},
        "internal": {"lease_s": 2.0},
    }
    settings = settings_of(given, source="patrol.toml", folder=tmp_path)
    async with open_office(settings) as first:
        asked(url, _CUT)
        with store_lock(url):
            pass  # nobody holds it any more
        with pytest.raises(ServerRunning, match="test is kept by"):
            async with open_office(settings):
                pass
        for task in asyncio.all_tasks():  # as if it were stopped: nothing renews it
            if task.get_name() == "lease":
                task.cancel()
        async with open_office(settings):
            assert ended == []
            with pytest.raises(LeaseLost):
                await first.store.write(lambda _: None)
            assert ended == [75]


# -- many at once


async def test_what_is_known_is_left_alone_and_the_rest_of_the_batch_is_stored(
    store: Store, url: str
) -> None:
    first = [row(heard(second)) for second in range(5)]
    await store.commit(first, [], [])
    fresh = row(heard(9))
    await store.commit([*first, fresh, fresh], [], [])
    assert count(url) == 6
    assert asked(url, "SELECT count(*) FROM transmission_ids") == [(6,)]


async def test_a_name_is_stored_once_whatever_month_it_is_received_in(
    store: Store, url: str
) -> None:
    body: dict[str, Any] = {"duplicate_key": "id-1", "duplicate_window_s": None}
    await store.commit([row(heard(0, **body))], [], [])
    await store.commit([row(heard(-40 * 86_400, **body))], [], [])
    assert count(url) == 1


async def test_every_column_comes_back_as_it_was_written(store: Store) -> None:
    message = heard(
        3,
        text="ສະບາຍດີ ?%s",
        status="ok",
        facts={"n": 1.5, "z": "\0"},
        distress=True,
        raw=b"\x00\xff",
        duplicate_key="k",
        duplicate_window_s=5.0,
    )
    written = row(message)
    await store.commit([written], [], [])

    def all_of(connection: Connection) -> list[Any]:
        return [*connection.execute(transmissions.select()).all()]

    (found,) = await store.read(all_of)
    assert tuple(found)[1:] == written


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_what_no_text_can_hold_is_the_records_fault(
    store: Store, url: str, text: str
) -> None:
    bad = list(row(heard(1)))
    bad[TRANSMISSION_COLUMNS.index("text")] = text
    with pytest.raises(StoreError) as found:
        await store.commit([row(heard(2)), tuple(bad)], [], [])
    assert not found.value.transient
    assert count(url) == 0
    await store.commit([row(heard(3))], [], [])  # the connection is still good
    assert count(url) == 1


async def test_a_text_with_a_null_byte_loses_no_call_for_help(store: Store) -> None:
    record = record_of(heard(1, text="sink\0ing", distress=True), lambda each, _: each.address)
    assert record.transmission.text == "sink\\0ing"
    assert "bad_text" in record.flags
    record.agency = AGENCY
    await store.commit([transmission_row(record, origin=NODE)], [], [])


# -- months


async def test_messages_lie_in_the_month_they_were_received_in(store: Store, url: str) -> None:
    month = partitions.month_of(to_us(OURS))
    before = partitions.month_of(month.start_us - 1)
    long_ago = datetime(1999, 5, 1, tzinfo=UTC)
    late: dict[str, Any] = {"heard_at": long_ago, "device_time": None}
    days = (OURS - datetime.fromtimestamp(before.start_us / 1e6, UTC)).total_seconds()
    await store.commit([row(heard(0)), row(heard(-days)), row(heard(0, **late))], [], [])
    found = asked(
        url, "SELECT tableoid::regclass::text, count(*) FROM transmissions GROUP BY 1 ORDER BY 1"
    )
    assert found == [(before.name, 1), (month.name, 1), ("transmissions_stray", 1)]
    assert await store.read(partitions.count_strays) == 1
    assert "years ago" in look(url)[0]


async def test_a_new_month_takes_its_own_from_among_the_strays(store: Store, url: str) -> None:
    later = OURS + timedelta(days=100)
    more: dict[str, Any] = {"heard_at": later, "device_time": None}
    await store.commit([row(heard(0, **more))], [], [])
    assert await store.read(partitions.count_strays) == 1
    await store.write(partitions.make_ahead, later)
    assert await store.read(partitions.count_strays) == 0
    name = partitions.month_of(to_us(later)).name
    assert asked(url, "SELECT tableoid::regclass::text FROM transmissions") == [(name,)]
    await store.write(partitions.make_ahead, later)  # again, and nothing happens


async def test_a_month_that_is_over_and_empty_goes_and_comes_again_when_it_is_needed(
    store: Store, url: str
) -> None:
    old = row(heard(-80 * 86_400))
    await store.commit([old], [], [])
    names = {each.name for each in await store.read(partitions.existing)}
    await store.write(partitions.drop_empty, to_us(OURS))
    assert {each.name for each in await store.read(partitions.existing)} == names
    await store.write(
        lambda c: thinning.take_out(c, thinning.messages(c, "test:a", 0, to_us(OURS)))
    )
    await store.write(partitions.drop_empty, to_us(OURS))
    assert len(await store.read(partitions.existing)) == len(names) - 1
    assert asked(url, "SELECT count(*) FROM transmission_ids") == [(0,)]
    await store.commit([old], [], [])
    assert {each.name for each in await store.read(partitions.existing)} == names


async def test_no_month_is_searched_in_which_nothing_of_that_time_was_received(
    store: Store,
) -> None:
    for month in range(12):
        await store.commit([row(heard(-month * 30 * 86_400.0 - month))], [], [])

    def plan(connection: Connection) -> str:
        end = OURS + timedelta(hours=1)
        span = AddressSpan(address="test:a", start=OURS, end=end, box=(99, 19, 102, 21))
        conditions = tracks.inside(span, [AGENCY])
        s_q_l_compiler = (
            transmissions.select()
            .where(*conditions)
            .compile(connection, compile_kwargs={"literal_binds": True})
        )
        lines = connection.exec_driver_sql(
            "EXPLAIN " + str(s_q_l_compiler).replace("%", "%%")
        ).scalars()
        return "\n".join(lines)

    found = await store.read(plan)
    texts = {name for name in found.split() if name.startswith("transmissions_2")}
    assert 1 <= len({name[:21] for name in texts}) <= 3, found


@pytest.mark.parametrize("device_s", [None, -31 * 86_400, -29 * 86_400, -5, 0, 119, 121, 1e9])
@pytest.mark.parametrize("passed_s", [None, -86_401, -86_000, 0, 119, 121])
def test_no_time_is_believed_that_lies_further_from_its_month_than_is_searched(
    device_s: float | None, passed_s: float | None
) -> None:
    def then(seconds: float | None) -> datetime | None:
        return None if seconds is None else OURS + timedelta(seconds=seconds)

    time_, _, _ = effective_time(
        device_time=then(device_s), passed_on_at=then(passed_s), heard_at=OURS
    )
    heard_us, told_us = to_us(OURS), to_us(time_)
    assert told_us - conditions.AHEAD_US <= heard_us <= told_us + conditions.BEHIND_US


async def test_positions_in_a_box_are_found_by_their_place(store: Store) -> None:
    inside, outside = heard(1, lon=100.4, lat=20.27), heard(2, lon=101.4, lat=20.27)
    await store.commit([row(inside), row(outside)], [], [])
    span = AddressSpan(address="test:a", start=OURS, end=OURS + timedelta(hours=1))
    page = await store.read(
        history.page, "a", [span], [AGENCY], limit=9, box=(100.0, 20.0, 100.4, 20.27)
    )
    assert [fix.lon for fix in page.fixes] == [100.4]  # the edge belongs to it

    def plan(connection: Connection) -> str:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        lines = connection.exec_driver_sql(
            "EXPLAIN SELECT 1 FROM transmissions"
            " WHERE place && ST_MakeEnvelope(100, 20, 100.1, 20.1, 4326)"
        ).scalars()
        return "\n".join(lines)

    assert "place" in await store.read(plan)


async def test_an_earlier_reception_moves_a_message_to_its_month(store: Store, url: str) -> None:
    first = row(heard(0))
    await store.commit([first], [], [])
    earlier = dict(zip(TRANSMISSION_COLUMNS, row(heard(-40 * 86_400)), strict=True))
    earlier["gid"] = first[0]
    await store.write(receptions.put_first, tuple(earlier.values()))
    assert count(url) == 1
    assert asked(url, "SELECT heard_us FROM transmissions") == [(earlier["heard_us"],)]
    assert asked(url, "SELECT count(*) FROM also_heard") == [(1,)]


# -- faults


async def test_a_connection_that_is_cut_is_made_anew_and_nothing_is_lost(
    store: Store, url: str
) -> None:
    await store.commit([row(heard(1))], [], [])
    asked(url, _CUT)
    with pytest.raises(StoreError) as found:
        await store.commit([row(heard(2))], [], [])
    assert found.value.transient
    await store.commit([row(heard(2))], [], [])
    asked(url, _CUT)
    assert (
        await store.read(stored_duplicates.last_heard_at) is not None
    )  # readers do not even notice
    assert count(url) == 2


async def test_while_another_writes_for_long_it_is_the_stores_fault(store: Store, url: str) -> None:
    await store.write(lambda connection: connection.exec_driver_sql("SET lock_timeout = 50"))
    database = url.partition("@/")[2].partition("?")[0]
    with databases.server().connect(database) as other:
        other.execute("BEGIN")
        other.execute(f"SELECT pg_advisory_xact_lock({postgres.WRITERS_LOCK})")
        with pytest.raises(StoreError, match="lock timeout") as found:
            await store.commit([row(heard(1))], [], [])
        assert found.value.transient
        other.execute("ROLLBACK")
    await store.commit([row(heard(1))], [], [])
    assert count(url) == 1


@pytest.mark.parametrize("kept", [True, False])
async def test_of_a_commit_that_was_never_answered_it_is_found_out_what_became(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    await store.commit([row(heard(1))], [], [])
    commit: Any = DefaultDialect.do_commit

    def cut(dialect: DefaultDialect, connection: Any) -> None:
        """Lose the server just before, or just after, it has written the commit."""
        if kept:
            commit(dialect, connection)
        pid = connection.driver_connection.info.backend_pid
        asked(url, f"SELECT pg_terminate_backend({pid}, 2000)")
        if not kept:
            commit(dialect, connection)
        connection.driver_connection.execute("SELECT 1")  # as an answer that never comes

    monkeypatch.setattr(DefaultDialect, "do_commit", cut)
    if kept:
        await store.commit([row(heard(2))], [], [])
    else:
        with pytest.raises(StoreError) as found:
            await store.commit([row(heard(2))], [], [])
        assert found.value.transient
    assert count(url) == (2 if kept else 1)


async def test_a_server_that_is_killed_comes_back_with_all_that_was_answered() -> None:
    server = databases.Server()
    try:
        url = server.url(server.create())
        create_store(url)
        store = open_store(url)
        for second in range(20):
            await store.commit([row(heard(second))], [], [])
        server.kill()
        with pytest.raises(StoreError) as found:
            await store.commit([row(heard(30))], [], [])
        assert found.value.transient
        starting = Thread(target=server.start)
        starting.start()

        async def is_taken() -> bool:
            with suppress(StoreError):
                await store.commit([row(heard(30))], [], [])
                return True
            return False

        await until(is_taken, within_s=20, every_s=0.1)
        await asyncio.to_thread(starting.join)  # it looks once more than we do
        assert await store.read(lambda c: receptions.last_time(c, "test:a"))
        engine = open_engine(url)
        with connect_to_read(engine) as connection:
            asked_ = "SELECT count(*) FROM transmissions"
            assert connection.exec_driver_sql(asked_).scalar_one() == 21
        engine.dispose()
        await store.close()
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("kind", "is_stores"),
    [
        (psycopg.errors.DiskFull, True),
        (psycopg.errors.AdminShutdown, True),
        (psycopg.errors.ReadOnlySqlTransaction, True),
        (psycopg.errors.DeadlockDetected, True),
        (psycopg.errors.InsufficientPrivilege, True),
        (psycopg.errors.DataCorrupted, True),
        (psycopg.OperationalError, True),
        (psycopg.errors.CheckViolation, False),
        (psycopg.errors.NumericValueOutOfRange, False),
        (psycopg.errors.ProgramLimitExceeded, False),
        (psycopg.errors.UndefinedColumn, False),
        (psycopg.DataError, False),
    ],
)
def test_the_class_of_an_error_says_whose_fault_it_is(
    kind: type[psycopg.Error], is_stores: bool
) -> None:
    assert faults.is_of_store(DBAPIError("", None, kind("x"))) is is_stores


def _has(locale: str) -> bool:
    text = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
    return locale in text.split()
