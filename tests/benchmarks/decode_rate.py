"""How fast our decoders are against pynmea2 and pyais, in CPU time of the same run.

    python -m tests.benchmarks.decode_rate [--reps 5] [--json FILE]

Ours do the whole of what a channel does: cut the byte stream into frames, check, and make
Transmissions. pynmea2 gets lines that are cut already, and is asked for the same fields; pyais does
its own assembling of fragments. The lines are made here, or are the real ones of
`bench/data/ais.nmea` where `JOINT_PATROL_SHARED` names a folder that has them.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pynmea2
from pyais import IterMessages, encode_dict
from pyais.exceptions import AISBaseException

from radio_gateway.decoder import DecoderSettings
from radio_gateway.errors import FrameError
from radio_gateway.framing import Frame
from radio_gateway.protocols import PROTOCOLS
from tests.benchmarks.figures import as_text
from tests.benchmarks.machine import describe
from tests.benchmarks.traffic import MEKONG, Traffic

_READ = 4096  # bytes a read brings, about what a socket gives
_START = 1_764_000_000.0  # seconds since the epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Our decoder and another on the same lines.

    Attributes:
        goal: Ratio to reach, ours to theirs.
        what: What is decoded.
        peer: Name of the other decoder.
        lines: Number of lines.
        ours: Decodes all of them; returns how many transmissions came out.
        theirs: The same with the other decoder; returns how many messages came out.
    """

    goal: float
    what: str
    peer: str
    lines: int
    ours: Callable[[], int]
    theirs: Callable[[], int]


def main() -> None:
    """Measure and print both contests."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.decode_rate")
    parser.add_argument("--reps", type=int, default=5, help="measurements behind each median")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()

    rows = [
        ["goal", "what", "ours /s", "peer", "its /s", "ratio", "to reach", "reached", "messages"]
    ]
    results = []
    for contest in (_rmc(), _ais()):
        messages = contest.ours(), contest.theirs()  # the first call warms up
        rates = [
            (_rate(contest.ours, contest.lines), _rate(contest.theirs, contest.lines))
            for _ in range(options.reps)
        ]
        ours, theirs = median(mine for mine, _ in rates), median(other for _, other in rates)
        ratio = median(mine / other for mine, other in rates)
        rows.append(
            [
                "9",
                contest.what,
                f"{ours:,.0f}",
                contest.peer,
                f"{theirs:,.0f}",
                f"{ratio:.2f} x",
                f">= {contest.goal:g} x",
                "yes" if ratio >= contest.goal else "no",
                f"{messages[0]} / {messages[1]}",
            ]
        )
        results.append(
            {"what": contest.what, "peer": contest.peer, "rates": rates, "ratio": ratio}
            | {"goal": contest.goal, "reached": ratio >= contest.goal, "messages": messages}
        )
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(rows)}")
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": machine, "contests": results}, indent=1))


def _rmc() -> Contest:
    traffic = Traffic(MEKONG, 2000)
    # Without the device prefix, which pynmea2 does not know; a new second with each sentence.
    stream = b"".join(
        traffic.rmc(number, _START + number).partition(b",")[2] for number in range(2000)
    )
    lines = stream.decode().splitlines()

    def theirs() -> int:
        count = 0
        for line in lines:
            message = pynmea2.parse(line, check=True)
            fields = (
                message.latitude,
                message.longitude,
                message.datetime,
                message.spd_over_grnd,
                message.true_course,
                message.status,
            )
            count += fields[5] == "A"
        return count

    return Contest(
        goal=3.0,
        what="NMEA 0183 RMC, all fields",
        peer="pynmea2",
        lines=2000,
        ours=lambda: _decode("nmea0183", stream),
        theirs=theirs,
    )


def _ais() -> Contest:
    what, lines = _ais_lines()
    stream = b"\r\n".join(lines) + b"\r\n"

    def theirs() -> int:
        count = 0
        for message in IterMessages(lines):
            try:
                message.decode()
            except AISBaseException:
                continue
            count += 1
        return count

    return Contest(
        goal=0.8,
        what=what,
        peer="pyais",
        lines=len(lines),
        ours=lambda: _decode("ais", stream),
        theirs=theirs,
    )


def _ais_lines() -> tuple[str, list[bytes]]:
    shared = os.environ.get("JOINT_PATROL_SHARED")
    if shared is not None and (real := Path(shared, "bench", "data", "ais.nmea")).is_file():
        lines = [line for line in real.read_bytes().splitlines() if line.startswith(b"!")]
        return f"AIS, {len(lines)} real lines", lines
    made = []
    for boat in range(900):
        words: dict[str, str | int | float | bytes | bool] = {"mmsi": 574_000_000 + boat}
        if boat % 9 == 8:
            words |= {"type": 5, "shipname": f"MEKONG {boat}", "callsign": "XVAB", "ship_type": 55}
        else:
            words |= {"type": (1, 3, 18)[boat % 3], "lon": 100.4 + boat * 1e-4, "lat": 20.27}
            words |= {"speed": 12.4, "course": 271.5, "heading": 271, "second": boat % 60}
        made += [line.encode() for line in encode_dict(words)]
    return f"AIS, {len(made)} made lines", made


def _decode(protocol: str, stream: bytes) -> int:
    """Return how many transmissions a channel makes of `stream`."""
    module = PROTOCOLS[protocol]
    framer, decoder = module.FRAMING(), module.decoder(DecoderSettings())
    heard_at = datetime.fromtimestamp(_START + 2000.0, UTC)
    count = 0
    for at in range(0, len(stream), _READ):
        for payload in framer.feed(stream[at : at + _READ]):
            try:
                count += len(decoder.decode(Frame(payload, heard_at)))
            except FrameError:
                continue
    return count + len(decoder.flush(None))


def _rate(decode: Callable[[], int], lines: int) -> float:
    """Return lines a second of CPU time, from at least half a second."""
    turns, start = 0, time.process_time()
    while (used := time.process_time() - start) < 0.5:
        decode()
        turns += 1
    return turns * lines / used


if __name__ == "__main__":
    main()
