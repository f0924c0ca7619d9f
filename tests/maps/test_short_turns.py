"""Threads of a server take short turns: a commit does not wait for whoever reckons for long."""

from __future__ import annotations

import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from maps.serving import take_short_turns

ROWS = 100


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


def _seconds() -> float:
    """Return how long rows take to be written while another thread never stops reckoning."""
    done = threading.Event()

    def reckon() -> None:
        while not done.is_set():
            sum(range(1000))

    beside = threading.Thread(target=reckon)
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE rows (n INTEGER)")
        beside.start()
        began = time.perf_counter()
        database.executemany("INSERT INTO rows VALUES (?)", [(n,) for n in range(ROWS)])
        took_s = time.perf_counter() - began
    done.set()
    beside.join()
    return took_s


def test_rows_wait_less_for_a_thread_that_reckons() -> None:
    sys.setswitchinterval(0.02)  # a turn as long as beside several such threads
    long_s = min(_seconds() for _ in range(2))
    take_short_turns()
    assert min(_seconds() for _ in range(2)) < long_s / 2
