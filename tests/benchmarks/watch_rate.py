"""How many positions a second one core takes from the inbox through the watch to the viewers.

    python -m tests.benchmarks.watch_rate [--reps 5] [--viewers 20] [--json FILE] [--profile]

Positions of 500 boats, decoded beforehand, wait in the inbox, as in a flood: batches are as large
as they come. Each is judged, moves the picture, is committed (SQLite, `synchronous=FULL`), answered
and sent to 20 viewers in four roles, who take every frame. Measured in CPU time of the whole
process, which other work on the machine hardly changes, and in wall time, which is the disk's too.

The limit beside it: bare sqlite3 writing the very same rows, all columns and indexes, with
`executemany` in batches of the same size, in the same run. `--profile` shows where the time goes
instead.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import sqlite3
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from patrol.live.feeds import Subscription
from patrol.sharing.view_policy import ViewPolicy
from patrol.store.store import create_store, open_store
from patrol.units.units import Role
from patrol.watch.watch import LONGEST_BATCH, Watch
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.transmission import Delivery, Transmission
from radio_gateway.protocols import PROTOCOLS
from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, told
from tests.benchmarks.machine import describe
from tests.benchmarks.traffic import BOATS, MEKONG, Traffic

COUNT = 60_000
ROLES: tuple[Role, ...] = ("commander", "planner", "technician", "crew")


class Rate(NamedTuple):
    """Positions a second, by CPU time and by the clock on the wall."""

    cpu: float
    wall: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.watch_rate")
    parser.add_argument("--reps", type=int, default=5, help="measurements behind each median")
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    options = parser.parse_args()

    transmissions = positions(COUNT)
    if options.profile:
        profile(transmissions, options.viewers)
        return
    ours: list[Rate] = []
    bare: list[Rate] = []
    for _ in range(options.reps):
        with tempfile.TemporaryDirectory(prefix="joint-patrol-watch-") as folder:
            file = Path(folder, "watch.db")
            ours.append(asyncio.run(through_the_watch(file, transmissions, options.viewers)))
            bare.append(by_sqlite_alone(file, Path(folder, "bare.db")))
    rows = [["what", "CPU /s", "wall /s", "ratio CPU", "ratio wall"]]
    mine = Rate(median(rate.cpu for rate in ours), median(rate.wall for rate in ours))
    limit = Rate(median(rate.cpu for rate in bare), median(rate.wall for rate in bare))
    rows.append(
        [
            f"inbox, watch, store, {options.viewers} viewers",
            f"{mine.cpu:,.0f}",
            f"{mine.wall:,.0f}",
            f"{mine.cpu / limit.cpu:.2f} x",
            f"{mine.wall / limit.wall:.2f} x",
        ]
    )
    rows.append(
        ["bare sqlite3, the same rows", f"{limit.cpu:,.0f}", f"{limit.wall:,.0f}", "1", "1"]
    )
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(rows)}")
    if options.json is not None:
        judged = [
            Verdict(goal=0, what="watch, positions/CPU s", value=mine.cpu, unit="/s"),
            Verdict(goal=0, what="watch: against SQLite alone", value=mine.cpu / limit.cpu),
        ]
        figures = {"machine": machine, "ours": ours, "bare": bare, "goals": told(judged)}
        options.json.write_text(json.dumps(figures))


def positions(number: int) -> list[Transmission]:
    """Return `number` positions as a channel would have heard them just now."""
    traffic = Traffic(MEKONG, number)
    start = time.time() - number / BOATS
    decoders = [PROTOCOLS["nmea0183"].decoder(DecoderSettings()) for _ in range(BOATS)]
    transmissions: list[Transmission] = []
    for each in range(number):
        at = start + each // BOATS
        line = traffic.rmc(each, at).rstrip()
        transmissions += decoders[each % BOATS].decode(Frame(line, datetime.fromtimestamp(at, UTC)))
    for decoder in decoders:
        transmissions += decoder.flush(None)
    numbers = count()
    return [
        replace(transmission, channel="boats", reception_id=f"bench/boot/{next(numbers)}")
        for transmission in transmissions
        if transmission.kind == "position"
    ]


async def through_the_watch(file: Path, transmissions: list[Transmission], viewers: int) -> Rate:
    """Return how fast `transmissions` goes from the inbox into `file` and to the viewers."""
    create_store(f"sqlite:///{file}")
    store = open_store(f"sqlite:///{file}")
    watch = Watch(store, node="bench", agency="joint")
    await watch.start()
    places = [
        watch.live.publisher.feed(
            ViewPolicy(agency="joint", role=ROLES[each % len(ROLES)])
        ).subscribe()
        for each in range(viewers)
    ]
    watching = [asyncio.create_task(_drain(place)) for place in places]
    inbox = Inbox(len(transmissions) + 1)
    answered = asyncio.Event()
    left = len(transmissions)

    def stored() -> None:
        nonlocal left
        left -= 1
        if not left:
            answered.set()

    inbox.offer([Delivery(transmission, stored) for transmission in transmissions], can_wait=True)
    wall, cpu = time.perf_counter(), time.process_time()
    working = asyncio.create_task(watch.run(inbox))
    await answered.wait()
    rate = Rate(
        len(transmissions) / (time.process_time() - cpu),
        len(transmissions) / (time.perf_counter() - wall),
    )
    for task in (working, *watching):
        task.cancel()
    await asyncio.gather(working, *watching, return_exceptions=True)
    await store.close()
    return rate


async def _drain(place: Subscription) -> None:
    while True:
        await place.take(2.0)


def by_sqlite_alone(full: Path, bare: Path) -> Rate:
    """Return how fast the rows in `full` are written into `bare`, with the same schema."""
    with closing(sqlite3.connect(full)) as database:
        schema = [
            row[0]
            for row in database.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name = 'transmissions' AND sql NOT NULL"
            )
        ]
        columns = [row[1] for row in database.execute("PRAGMA table_info(transmissions)")][1:]
        names = ", ".join(f'"{name}"' for name in columns)
        rows = database.execute(f"SELECT {names} FROM transmissions ORDER BY id").fetchall()
    insert = f"INSERT INTO transmissions ({names}) VALUES ({', '.join('?' * len(columns))})"
    with closing(sqlite3.connect(bare, isolation_level=None)) as database:
        for setting in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
            database.execute(f"PRAGMA {setting}")
        for statement in schema:
            database.execute(statement)
        wall, cpu = time.perf_counter(), time.process_time()
        for at in range(0, len(rows), LONGEST_BATCH):
            database.execute("BEGIN IMMEDIATE")
            database.executemany(insert, rows[at : at + LONGEST_BATCH])
            database.execute("COMMIT")
        return Rate(
            len(rows) / (time.process_time() - cpu), len(rows) / (time.perf_counter() - wall)
        )


def profile(transmissions: list[Transmission], viewers: int) -> None:
    """Print the functions that take most of the event loop's time; the writer is not in it."""
    profiler = cProfile.Profile()
    with tempfile.TemporaryDirectory(prefix="joint-patrol-watch-") as folder:
        profiler.enable()
        asyncio.run(through_the_watch(Path(folder, "watch.db"), transmissions, viewers))
        profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)


if __name__ == "__main__":
    main()
