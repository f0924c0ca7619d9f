"""How fast positions are committed, against bare sqlite3 on the same disk in the same run.

    python -m tests.benchmarks.commit_rate [--reps 3] [--no-postgres] [--json FILE]

Bare sqlite3 writes what a plain tracker would keep of a position: eleven columns and one index, in
batches of 1,000, WAL. Our store writes the whole record, with its unique global id and its index,
`synchronous=FULL`. Compared in CPU time, which other work on the machine hardly changes; rows a
second of wall time stand beside it. `watch_rate` measures the watch in front of the store.

On PostgreSQL the bare limit is a binary COPY by psycopg of as few columns into one plain table with
a PostGIS point, its GiST index and one of unit and time; CPU time is that of both, this process and
the server's. Our store writes the whole record with its indexes there too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import struct
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psutil
from msgspec.structs import replace

from patrol.reception.record import record_of
from patrol.store.schema.rows import Row, transmission_row
from patrol.store.store import create_store, open_store
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS
from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, told
from tests.benchmarks.machine import describe
from tests.benchmarks.traffic import MEKONG, Traffic
from tests.fixtures import databases

GOAL = 0.4
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
_BARE_POSTGRES = """
CREATE TABLE positions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, unit text NOT NULL, at timestamptz NOT NULL,
    place geometry(Point, 4326), speed real, course real, sector int, source text, raw bytea
);
CREATE INDEX ON positions (unit, at);
CREATE INDEX ON positions USING gist (place)
"""
_BARE_COPY = "bare psycopg binary COPY"
_ON_POSTGRES = "store on PostgreSQL"
_BARE_INSERT = (
    "INSERT INTO positions (unit, time_us, heard_us, lon, lat, speed, course, altitude, sector, "
    "source, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


class _Rate(NamedTuple):
    wall: float  # rows a second
    cpu: float  # rows a second of CPU time, all threads


class _Clock:
    """Counts from when it is made.

    Args:
        server: Count the CPU time of the PostgreSQL server too.
    """

    def __init__(self, *, server: bool = False) -> None:
        self._server = psutil.Process(databases.server().pid) if server else None
        self._began_s = self._cpu_s()
        self._wall = time.perf_counter()

    def rate(self, rows: int) -> _Rate:
        """Return the rates of `rows` written since this was made."""
        wall, cpu = time.perf_counter() - self._wall, self._cpu_s() - self._began_s
        return _Rate(rows / wall, rows / cpu)

    def _cpu_s(self) -> float:
        others = [] if self._server is None else [self._server, *self._server.children()]
        times = [each.cpu_times() for each in others]
        return time.process_time() + sum(each.user + each.system for each in times)


def main() -> None:
    """Measure in turn and print rows a second and ratios."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.commit_rate")
    parser.add_argument("--reps", type=int, default=3, help="measurements behind each median")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--no-postgres", action="store_true", help="SQLite alone")
    options = parser.parse_args()

    transmissions = _heard()
    contests: dict[str, Callable[[Path], _Rate]] = {
        "bare sqlite3, NORMAL": lambda folder: _bare(folder, transmissions, "NORMAL"),
        "bare sqlite3, FULL": lambda folder: _bare(folder, transmissions, "FULL"),
        "store": lambda folder: asyncio.run(
            _store(f"sqlite:///{folder / 'store.db'}", transmissions)
        ),
    }
    if not options.no_postgres:
        contests |= {
            _BARE_COPY: lambda _: _copy(_plain(transmissions)),
            _ON_POSTGRES: lambda _: asyncio.run(_store(_fresh(), transmissions)),
        }
    rates: dict[str, list[_Rate]] = {name: [] for name in contests}
    try:
        for _ in range(options.reps):
            for name, contest in contests.items():
                with tempfile.TemporaryDirectory(prefix="joint-patrol-commit-") as folder:
                    rates[name].append(contest(Path(folder)))
    finally:
        databases.stop()

    limits = {"store": "bare sqlite3, NORMAL", _ON_POSTGRES: _BARE_COPY}
    rows = [["goal", "what", "rows/s", "rows/CPU s", "spread", "ratio", "to reach", "reached"]]
    for name, measured in rates.items():
        cpu, middle = [rate.cpu for rate in measured], _middle(measured)
        judged = name in limits
        against = limits.get(name, _BARE_COPY if name == _BARE_COPY else limits["store"])
        limit = _middle(rates[against])
        rows.append(
            [
                "6" if judged else "",
                name,
                f"{median(rate.wall for rate in measured):,.0f}",
                f"{middle:,.0f}",
                f"{(max(cpu) - min(cpu)) / middle:.0%}",
                f"{middle / limit:.2f} x",
                f">= {GOAL:g} x" if judged else "",
                ("yes" if middle >= GOAL * limit else "no") if judged else "",
            ]
        )
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(rows)}")
    if options.json is not None:
        verdicts = [
            Verdict(
                goal=6,
                what=f"commit, rows/CPU s: {name} against {limit_name}",
                value=_middle(rates[name]) / _middle(rates[limit_name]) if name in rates else None,
                bound=GOAL,
            )
            for name, limit_name in limits.items()
        ]
        options.json.write_text(
            json.dumps(
                {
                    "machine": machine,
                    "goals": told(verdicts),
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
    transmissions: list[Transmission] = []
    decoders = [PROTOCOLS["nmea0183"].decoder(DecoderSettings()) for _ in range(500)]
    for number in range(_COUNT):
        at = start + number // 500 * 0.01
        line = traffic.rmc(number, at).rstrip()
        frame = Frame(line, datetime.fromtimestamp(at, UTC))
        transmissions += decoders[number % 500].decode(frame)
    for decoder in decoders:
        transmissions += decoder.flush(None)
    return [
        _on_channel(transmission, number)
        for number, transmission in enumerate(transmissions)
        if transmission.kind == "position"
    ]


def _on_channel(transmission: Transmission, number: int) -> Transmission:
    return replace(transmission, channel="boats", reception_id=f"bench/boot/{number}")


def _bare(folder: Path, transmissions: list[Transmission], synchronous: str) -> _Rate:
    rows = [
        (
            transmission.address,
            int(transmission.heard_at.timestamp() * 1e6),
            int(transmission.heard_at.timestamp() * 1e6),
            transmission.position.lon,
            transmission.position.lat,
            transmission.position.speed_mps,
            transmission.position.course_deg,
            transmission.position.altitude_m,
            number % 1000,
            transmission.channel,
            transmission.raw,
        )
        for number, transmission in enumerate(transmissions)
        if transmission.position is not None
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


def _fresh() -> str:
    """Return the URL of an empty store on the server of this run."""
    server = databases.server()
    return server.url(server.create(template=server.migrated()))


def _plain(transmissions: list[Transmission]) -> list[tuple[Any, ...]]:
    point = struct.Struct("<BIIdd")
    return [
        (
            transmission.address,
            transmission.heard_at,
            point.pack(1, 0x20000001, 4326, transmission.position.lon, transmission.position.lat),
            transmission.position.speed_mps,
            transmission.position.course_deg,
            number % 1000,
            transmission.channel,
            transmission.raw,
        )
        for number, transmission in enumerate(transmissions)
        if transmission.position is not None
    ]


def _copy(rows: list[tuple[Any, ...]]) -> _Rate:
    server = databases.server()
    types = ("text", "timestamptz", "bytea", "float4", "float4", "int4", "text", "bytea")
    text = "COPY positions (unit, at, place, speed, course, sector, source, raw) FROM STDIN"
    with server.connect(server.create(template=server.migrated())) as database:
        database.execute(_BARE_POSTGRES)
        database.autocommit = False
        clock = _Clock(server=True)
        for at in range(0, len(rows), _BATCH):
            with database.cursor().copy(f"{text} (FORMAT BINARY)") as copy:
                copy.set_types(types)
                for row in rows[at : at + _BATCH]:
                    copy.write_row(row)
            database.commit()
        return clock.rate(len(rows))


async def _store(url: str, transmissions: list[Transmission]) -> _Rate:
    rows: list[Row] = [
        transmission_row(record_of(transmission, lambda said, _: said.address), origin="bench")
        for transmission in transmissions
    ]
    if url.startswith("sqlite"):
        create_store(url)
    store = open_store(url)
    try:
        clock = _Clock(server=not url.startswith("sqlite"))
        for at in range(0, len(rows), _BATCH):
            await store.commit(rows[at : at + _BATCH], [], [])
        return clock.rate(len(rows))
    finally:
        await store.close()


if __name__ == "__main__":
    main()
