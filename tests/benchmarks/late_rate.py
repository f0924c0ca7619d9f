"""How long 1,000 late reports take, against a store that holds very many.

    python -m tests.benchmarks.late_rate [--stored 1000000] [--units 50] [--reps 5]

One gateway's reports of 50 boats are stored, one a second of all boats, and the node has been
started anew. Then the backlog of a second gateway that heard the same comes, 1,000 at a time: each
is to be found in the store and kept as one more who heard it. Measured from the inbox to the
answer, once told apart by content and heard time (AIS) and once by their own name (OwnTracks); and
beside it 1,000 reports that are heard now, of which the store is asked nothing or only their names.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import Connection

from gis.position.position import Position
from patrol.reception.record import record_of
from patrol.store.schema.rows import transmission_row
from patrol.store.store import Store, create_store, open_store
from patrol.watch.watch import Watch
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.transmission import Delivery, Transmission
from tests.benchmarks.figures import as_text
from tests.benchmarks.machine import describe

BATCH = 1_000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.late_rate")
    parser.add_argument("--stored", type=int, default=1_000_000, help="reports in the store")
    parser.add_argument("--units", type=int, default=50, help="boats they are of")
    parser.add_argument("--reps", type=int, default=5, help="batches behind each median")
    options = parser.parse_args()
    rows = [["1,000 reports", "named", "wall ms", "CPU ms", "stored anew"]]
    for named in (False, True):
        with tempfile.TemporaryDirectory(prefix="joint-patrol-late-") as folder:
            rows += asyncio.run(
                _measure(
                    Path(folder, "late.db"), options.stored, options.units, options.reps, named
                )
            )
    for key, value in describe().items():
        print(f"{key}: {value}")
    print(f"\n{options.stored:,} reports of {options.units} boats in the store\n\n{as_text(rows)}")


async def _measure(file: Path, stored: int, units: int, reps: int, named: bool) -> list[list[str]]:
    begin = datetime.now(UTC) - timedelta(seconds=stored // units + 3600)

    def report(gateway: str, number: int, late_s: float) -> Transmission:
        second, boat = divmod(number, units)
        at = begin + timedelta(seconds=second)
        return Transmission(
            protocol="owntracks" if named else "ais",
            kind="position",
            device=f"57412{boat:04}",
            position=Position(lon=100.4 + boat * 1e-3 + second * 1e-6, lat=20.27),
            fix=True,
            device_time=at,
            heard_at=at + timedelta(seconds=late_s),
            raw=b"!AIVDM,1,1,,A,18UG;P0012G?Uq4EdHa=c;7@051@,0*53",
            channel=f"{gateway}/ais",
            reception_id=f"{gateway}/3f2a/{number}",
            duplicate_key=f"18UG;P0012G?Uq4EdHa=c;7@{second:08}",
            duplicate_window_s=None if named else 3.0,
        )

    create_store(f"sqlite:///{file}")
    store = open_store(f"sqlite:///{file}")
    for start in range(0, stored, 20_000):
        records = (
            record_of(report("pier", number, 0.2), lambda said, _: said.address)
            for number in range(start, min(start + 20_000, stored))
        )
        await store.commit([transmission_row(record, origin="b") for record in records], [], [])
    watch = Watch(store, node="bench", agency="joint")
    await watch.start()
    inbox = Inbox()
    working = asyncio.create_task(watch.run(inbox))
    step = stored // reps
    late = [
        [report("hill", each * step + number, 0.9) for number in range(BATCH)]
        for each in range(reps)
    ]
    now = (datetime.now(UTC) - begin) // timedelta(seconds=1) * units + 10 * units
    live = [
        [report("pier", now + each * BATCH + number, 0.2) for number in range(BATCH)]
        for each in range(reps)
    ]
    rows = [
        await _rate(name, named, store, inbox, batches)
        for name, batches in (("late repeats", late), ("heard now", live))
    ]
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    await store.close()
    return rows


async def _rate(
    name: str, named: bool, store: Store, inbox: Inbox, batches: list[list[Transmission]]
) -> list[str]:
    before = await store.read(_count)
    walls: list[float] = []
    cpus: list[float] = []
    for batch in batches:
        wall, cpu = time.perf_counter(), time.process_time()
        await _answered(inbox, batch)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    anew = (await store.read(_count) - before) / len(batches)
    return [
        name,
        "yes" if named else "no",
        f"{median(walls) * 1e3:.1f}",
        f"{median(cpus) * 1e3:.1f}",
        f"{anew:.0f}",
    ]


async def _answered(inbox: Inbox, batch: list[Transmission]) -> None:
    done = asyncio.Event()
    left = len(batch)

    def stored() -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    inbox.offer([Delivery(transmission, stored) for transmission in batch], can_wait=True)
    await done.wait()


def _count(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT count(*) FROM transmissions").scalar_one())


if __name__ == "__main__":
    main()
