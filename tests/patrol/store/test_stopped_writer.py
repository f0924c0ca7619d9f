"""A writer that was stopped in its transaction: it keeps the lock, and is ended for it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection

from patrol.errors.errors import StoreError
from patrol.store.engine import postgres
from patrol.store.engine import stalled_writer as stopped
from patrol.store.store import Store, open_store
from tests.fixtures import databases

pytestmark = pytest.mark.system

STOPPED_S = 2.0
AS_SHIPPED_S = stopped.STOPPED_S
LOCK_MS = 200

_COPIES = """
import sys, time, psycopg
connection = psycopg.connect(sys.argv[1])
connection.execute("SELECT pg_advisory_xact_lock(%s)" % sys.argv[2])
with connection.cursor().copy("COPY transmission_ids (gid) FROM STDIN (FORMAT BINARY)") as copy:
    for number in range(10**9):
        copy.write_row((number.to_bytes(16, "big") * 500,))
        if not number % 10:
            print(number, flush=True)
            time.sleep(0.01)
"""


@pytest.fixture
def name() -> str:
    server = databases.server()
    return server.create(template=server.migrated())


@pytest.fixture
async def store(name: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store that waits 0.2 s for its turn, and two seconds for who stands still."""
    monkeypatch.setattr(stopped, "STOPPED_S", STOPPED_S)
    url = databases.server().url(name)
    opened = open_store(f"{url}&options=-c%20lock_timeout%3D{LOCK_MS}")
    yield opened
    await opened.close()


async def try_until(store: Store, is_enough: Callable[[float], bool]) -> tuple[float, list[str]]:
    """Write until it goes through or `is_enough`; return after how long, and what was said."""
    began, texts = time.monotonic(), list[str]()
    while True:
        waited = time.monotonic() - began
        if is_enough(waited):
            return waited, texts
        try:
            await store.write(lambda of: of.exec_driver_sql("SELECT 1").scalar_one())
            return time.monotonic() - began, texts
        except StoreError as error:
            texts.append(str(error))


@contextmanager
def holder(name: str) -> Iterator[psycopg.Connection[Any]]:
    """Another writer, in its transaction."""
    with databases.server().connect(name) as connection:
        connection.autocommit = False
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (databases.WRITING,))
        yield connection


@contextmanager
def copier(name: str) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of a COPY."""
    server = f"host={databases.server().folder} user=patrol dbname={name}"
    command = [sys.executable, "-c", _COPIES, server, str(databases.WRITING)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        yield process
    finally:
        process.kill()
        process.communicate()


async def test_a_process_that_was_stopped_in_a_copy_is_ended_and_the_others_write(
    store: Store, name: str
) -> None:
    with copier(name) as process:
        os.kill(process.pid, signal.SIGSTOP)
        waited, texts = await try_until(store, lambda waited: waited > 30)
        assert STOPPED_S <= waited < 25
        assert texts
        assert all("lock timeout" in each for each in texts)
        os.kill(process.pid, signal.SIGCONT)
        _, complaint = process.communicate(timeout=10)
        assert "the connection is lost" in complaint  # and nothing of what it wrote is kept
    with databases.server().connect(name) as connection:
        assert connection.execute("SELECT count(*) FROM transmission_ids").fetchone() == (0,)


async def test_one_that_stands_still_between_two_statements_is_ended_and_the_others_write(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "IDLE_S", 0.5)
    holds, goes_on = Event(), Event()

    def stand_still(connection: Connection) -> None:
        holds.set()
        assert goes_on.wait(60)
        connection.exec_driver_sql("SELECT 1")

    other = open_store(databases.server().url(name))
    standing = asyncio.create_task(other.write(stand_still))
    try:
        assert await asyncio.to_thread(holds.wait, 60)
        _, texts = await try_until(store, lambda waited: waited > 10)
        assert texts
        assert all("lock timeout" in each for each in texts)
        goes_on.set()
        with pytest.raises(StoreError):
            await standing
    finally:
        goes_on.set()
        await other.close()


async def test_a_copy_that_goes_on_however_slowly_is_waited_for(store: Store, name: str) -> None:
    holds = Event()

    def copy() -> None:
        query = "COPY transmission_ids (gid) FROM STDIN (FORMAT BINARY)"
        with holder(name) as connection:
            holds.set()
            with connection.cursor().copy(query) as rows:
                for number in range(30):
                    rows.write_row((bytes([number]) * 40_000,))  # more than is kept to be sent
                    time.sleep(STOPPED_S / 10)
            connection.commit()

    copying = Thread(target=copy)
    copying.start()
    assert await asyncio.to_thread(holds.wait, 20)
    waited, texts = await try_until(store, lambda waited: waited > 30)
    copying.join(10)
    assert STOPPED_S * 2 < waited < 25
    assert texts
    with databases.server().connect(name) as connection:
        assert connection.execute("SELECT count(*) FROM transmission_ids").fetchone() == (30,)


async def test_a_statement_that_the_server_is_at_work_on_is_waited_for(
    store: Store, name: str
) -> None:
    with holder(name) as connection:
        working = Thread(target=connection.execute, args=("SELECT pg_sleep(4)",))
        working.start()
        waited, texts = await try_until(store, lambda waited: waited > 3)
        working.join(10)
        assert waited > 3
        assert texts
        assert connection.execute("SELECT 1").fetchone() == (1,)


async def test_that_both_were_stopped_together_does_not_count(
    store: Store, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks after an hour's pause has seen that for a moment, and looks again."""
    monkeypatch.setattr(stopped, "STOPPED_S", AS_SHIPPED_S)
    seconds = iter(range(0, 10**9, 3600))
    monkeypatch.setattr(stopped, "monotonic", lambda: float(next(seconds)))
    looks: list[float] = []
    with holder(name) as connection:
        query = "COPY transmission_ids (gid) FROM STDIN (FORMAT BINARY)"
        copying = connection.cursor().copy(query)
        copying.__enter__()
        for _ in range(10):
            try:
                await store.write(lambda _: None)
                break
            except StoreError:
                looks.append(next(seconds))
        with pytest.raises(psycopg.errors.AdminShutdown):
            copying.__exit__(None, None, None)
    assert len(looks) == 3  # of the two pauses of an hour neither is enough by itself
