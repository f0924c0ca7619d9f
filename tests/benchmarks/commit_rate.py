"""How fast positions are committed, against bare sqlite3 on the same disk in the same run.

    python -m tests.benchmarks.commit_rate [--reps 3] [--json FILE]

Bare sqlite3 writes what a plain tracker would keep of a position: eleven columns and one index, in
batches of 1,000, WAL. Our store writes the whole record, with its unique global id and its index,
`synchronous=FULL`. Compared in CPU time, which other work on the machine hardly changes; rows a
second of wall time stand beside it. `watch_rate` measures the watch in front of the store.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

from msgspec.structs import replace

from patrol.records import record_of
from patrol.store.rows import Row, transmission_row
from patrol.store.store import open_store
from radio_gateway.decoder import DecoderSettings
from radio_gateway.framing import Frame
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.transmission import Transmission
from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, told
from tests.benchmarks.machine import describe
from tests.benchmarks.traffic import MEKONG, Traffic

_BATCH = 1_000
_COUNT = 40_000
_BARE = """
CREATE TABLE positions (
    id INTEGER PRIMARY KEY, unit TEXT NOT NULL, time_us INTEGER NOT NULL, heard_us INTEGER NOT NULL,
    lon REAL, lat REAL, speed REAL, course REAL, altitude REAL, sector INTEGER, source TEXT,
    raw BLOB
);
CREATE INDEX positions_by_unit ON positions (unit, time_us);
"""
_BARE_INSERT = (
    "INSERT INTO positions (unit, time_us, heard_us, lon, lat, speed, course, altitude, sector, "
    "source, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class _Rate(NamedTuple):
    wall: float  # rows a second
    cpu: float  # rows a second of CPU time, all threads


class _Clock:
    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def rate(self, rows: int) -> _Rate:
        """Return the rates of `rows` written since this was made."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return _Rate(rows / wall, rows / cpu)


def main() -> None:
    """Measure in turn and print rows a second and ratios."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.commit_rate")
    parser.add_argument("--reps", type=int, default=3, help="measurements behind each median")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()

    heard = _heard()
    contests: dict[str, Callable[[Path], _Rate]] = {
        "bare sqlite3, NORMAL": lambda folder: _bare(folder, heard, "NORMAL"),
        "bare sqlite3, FULL": lambda folder: _bare(folder, heard, "FULL"),
        "store": lambda folder: asyncio.run(_store(folder, heard)),
    }
    rates: dict[str, list[_Rate]] = {name: [] for name in contests}
    for _ in range(options.reps):
        for name, contest in contests.items():
            with tempfile.TemporaryDirectory(prefix="joint-patrol-commit-") as folder:
                rates[name].append(contest(Path(folder)))

    limit = _middle(rates["bare sqlite3, NORMAL"])
    rows = [["goal", "what", "rows/s", "rows/CPU s", "spread", "ratio", "to reach", "reached"]]
    for name, measured in rates.items():
        cpu, middle = [rate.cpu for rate in measured], _middle(measured)
        judged = name == "store"
        rows.append(
            [
                "6" if judged else "",
                name,
                f"{median(rate.wall for rate in measured):,.0f}",
                f"{middle:,.0f}",
                f"{(max(cpu) - min(cpu)) / middle:.0%}",
                f"{middle / limit:.2f} x",
                ">= 0.5 x" if judged else "",
                ("yes" if middle >= 0.5 * limit else "no") if judged else "",
            ]
        )
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(rows)}")
    if options.json is not None:
        judged = Verdict(
            goal=6,
            what="commit, rows/CPU s: against bare SQLite, NORMAL",
            value=_middle(rates["store"]) / limit,
            bound=0.5,
        )
        options.json.write_text(
            json.dumps(
                {
                    "machine": machine,
                    "goals": told([judged]),
                    "rates": {
                        name: [rate._asdict() for rate in measured]
                        for name, measured in rates.items()
                    },
                },
                indent=1,
            )
        )


def _middle(rates: list[_Rate]) -> float:
    return median(rate.cpu for rate in rates)


def _heard() -> list[Transmission]:
    """Return the traffic as a channel would have heard it just now."""
    traffic = Traffic(MEKONG, _COUNT)
    start = time.time() - _COUNT / 500 * 0.01
    heard: list[Transmission] = []
    decoders = [PROTOCOLS["nmea0183"].decoder(DecoderSettings()) for _ in range(500)]
    for number in range(_COUNT):
        at = start + number // 500 * 0.01
        line = traffic.rmc(number, at).rstrip()
        frame = Frame(line, datetime.fromtimestamp(at, UTC))
        heard += decoders[number % 500].decode(frame)
    for decoder in decoders:
        heard += decoder.flush(None)
    return [
        _on_channel(transmission, number)
        for number, transmission in enumerate(heard)
        if transmission.kind == "position"
    ]


def _on_channel(transmission: Transmission, number: int) -> Transmission:
    return replace(transmission, channel="boats", reception_id=f"bench/boot/{number}")


def _bare(folder: Path, heard: list[Transmission], synchronous: str) -> _Rate:
    rows = [
        (
            said.address,
            int(said.heard_at.timestamp() * 1e6),
            int(said.heard_at.timestamp() * 1e6),
            said.position.lon,
            said.position.lat,
            said.position.speed_mps,
            said.position.course_deg,
            said.position.altitude_m,
            number % 1000,
            said.channel,
            said.raw,
        )
        for number, said in enumerate(heard)
        if said.position is not None
    ]
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(f"PRAGMA synchronous={synchronous}")
        database.executescript(_BARE)
        clock = _Clock()
        for at in range(0, len(rows), _BATCH):
            database.execute("BEGIN IMMEDIATE")
            database.executemany(_BARE_INSERT, rows[at : at + _BATCH])
            database.execute("COMMIT")
        return clock.rate(len(rows))


async def _store(folder: Path, heard: list[Transmission]) -> _Rate:
    rows: list[Row] = [
        transmission_row(record_of(transmission, lambda said, _: said.address), origin="bench")
        for transmission in heard
    ]
    store = open_store(f"sqlite:///{folder / 'store.db'}")
    try:
        clock = _Clock()
        for at in range(0, len(rows), _BATCH):
            await store.commit(rows[at : at + _BATCH], [], [])
        return clock.rate(len(rows))
    finally:
        await store.close()


if __name__ == "__main__":
    main()
