"""What each of our decoders is measured beside: another decoder, or the least there is to do."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import xor
from pathlib import Path
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

import pynmea2
from pyais import IterMessages, encode_dict
from pyais.exceptions import AISBaseException

from radio_gateway.decoding.framing import MessageFramer
from radio_gateway.protocols import PROTOCOLS
from tests.benchmarks import peer_decoders
from tests.benchmarks.environments import cache_folder, environment
from tests.benchmarks.traffic import MEKONG, Traffic
from tests.fuzz.exercise import Input, exercise
from tests.fuzz.samples import samples
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh

_READ = 4096  # bytes a read brings, about what a socket gives
_START = 1_764_000_000.0  # seconds since the epoch
_LEAST_S = 0.5
_MESSAGES = 1000
# What cannot follow in one stream what the others say: datagrams beside a stream's messages.
_OF_ONE_STREAM = {"tak": 2, "hytera": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Our decoder and another on the same messages.

    Attributes:
        protocol: Name in `PROTOCOLS`.
        what: What is decoded.
        peer: Name of the other.
        pieces: The stream, as it is read.
        count: Number of messages in it.
        theirs: Measures the other once; returns messages a second of CPU time.
        goal: Ratio to reach, ours to theirs; None where there is none.
    """

    protocol: str
    what: str
    peer: str
    pieces: list[bytes]
    count: int
    theirs: Callable[[], float]
    goal: float | None = None


def contests(only: list[str] | None) -> Iterator[Contest]:
    """Make the contests, one after the other.

    Args:
        only: Names of protocols; None makes all.
    """
    for protocol in PROTOCOLS:
        if only is None or protocol in only:
            yield from _SPECIAL.get(protocol, _of_samples)(protocol)


def rate_of(decode: Callable[[], object], count: int) -> float:
    """Return messages a second of CPU time, from at least half a second of turns of `count`."""
    turns, start = 0, time.process_time()
    while (used := time.process_time() - start) < _LEAST_S:
        decode()
        turns += 1
    return turns * count / used


def _rmc(protocol: str) -> Iterator[Contest]:
    traffic = Traffic(MEKONG, 2000)
    # Without the device prefix, which the others do not know; a new second with each sentence.
    stream = b"".join(
        traffic.rmc(number, _START + number).partition(b",")[2] for number in range(2000)
    )
    lines = stream.splitlines()
    texts = [line.decode() for line in lines]

    def pynmea2_rmc() -> None:
        for text in texts:
            message = pynmea2.parse(text, check=True)
            _ = (message.latitude, message.longitude, message.datetime, message.status)
            _ = (message.spd_over_grnd, message.true_course)

    for peer, goal, theirs in (
        ("pynmea2, the same fields", 1.5, lambda: rate_of(pynmea2_rmc, len(lines))),
        ("pynmeagps", None, lambda: _elsewhere("pynmeagps", lines)),
    ):
        yield Contest(
            protocol=protocol,
            what="2,000 RMC, all fields",
            peer=peer,
            pieces=_reads(stream),
            count=len(lines),
            theirs=theirs,
            goal=goal,
        )


def _ais(protocol: str) -> Iterator[Contest]:
    what, lines = _ais_lines()

    def pyais_all() -> None:
        for message in IterMessages(lines):
            try:
                message.decode()
            except AISBaseException:
                continue

    stream = b"\r\n".join(lines) + b"\r\n"
    peers: list[tuple[str, float | None, Callable[[], float]]] = [
        ("pyais", 0.8, lambda: rate_of(pyais_all, len(lines)))
    ]
    if shutil.which("gpsdecode") is not None:
        peers.append(("gpsdecode, C, JSON out", None, lambda: _gpsdecode(stream, len(lines))))
    for peer, goal, theirs in peers:
        yield Contest(
            protocol=protocol,
            what=what,
            peer=peer,
            pieces=_reads(stream),
            count=len(lines),
            theirs=theirs,
            goal=goal,
        )


def _ais_lines() -> tuple[str, list[bytes]]:
    shared = os.environ.get("JOINT_PATROL_SHARED")
    if shared is not None and (real := Path(shared, "bench", "data", "ais.nmea")).is_file():
        lines = [line for line in real.read_bytes().splitlines() if line.startswith(b"!")]
        return f"{len(lines)} real lines", lines
    made = []
    for boat in range(900):
        words: dict[str, str | int | float | bytes | bool] = {"mmsi": 574_000_000 + boat}
        if boat % 9 == 8:
            words |= {"type": 5, "shipname": f"MEKONG {boat}", "callsign": "XVAB", "ship_type": 55}
        else:
            words |= {"type": (1, 3, 18)[boat % 3], "lon": 100.4 + boat * 1e-4, "lat": 20.27}
            words |= {"speed": 12.4, "course": 271.5, "heading": 271, "second": boat % 60}
        made += [line.encode() for line in encode_dict(words)]
    return f"{len(made)} made lines", made


def _of_samples(protocol: str) -> Iterator[Contest]:
    """Our samples that tell a position, again and again, beside a baseline or a peer."""
    good = [
        each
        for each in samples(protocol)
        if any(
            transmission.position is not None
            for transmission in exercise(protocol, Input(data=each))
        )
    ][: _OF_ONE_STREAM.get(protocol)]
    turns = -(-_MESSAGES // len(good))
    framing = PROTOCOLS[protocol].FRAMING
    whole = framing is MessageFramer
    framer = framing()
    payloads = [payload for each in good for payload in framer.feed(each)] * turns
    peer, theirs = _beside(protocol, payloads)
    yield Contest(
        protocol=protocol,
        what=f"{len(payloads):,}, of {len(good)} kinds",
        peer=peer,
        pieces=good * turns if whole else _reads(b"".join(good) * turns),
        count=len(payloads),
        theirs=theirs,
    )


def _beside(protocol: str, payloads: list[bytes]) -> tuple[str, Callable[[], float]]:
    """Return the name of what is measured beside, and the measuring."""
    if protocol in _PEERS:
        return _PEERS[protocol], lambda: _elsewhere(_PEERS[protocol], payloads)
    name, one = _BASELINES.get(protocol, ("every byte once", _every_byte))

    def all_() -> None:
        for payload in payloads:
            one(payload)

    return name, lambda: rate_of(all_, len(payloads))


def _every_byte(payload: bytes) -> object:
    return reduce(xor, payload, 0)


def _fields(payload: bytes) -> object:
    return payload.decode("latin-1").split(",")


def _sum_and_fields(payload: bytes) -> object:
    return reduce(xor, payload, 0), payload.decode("latin-1").split(",")


def _query_or_json(payload: bytes) -> object:
    return json.loads(payload) if payload[:1] == b"{" else parse_qsl(payload.decode())


def _xml(payload: bytes) -> object:
    return ET.fromstring(payload)


def _protobuf(name: str) -> Callable[[bytes], object]:
    """Read a packet and the position in it with Google's protobuf, as far as it is not secret."""
    read, read_position = type(mesh.message(name)).FromString, type(mesh.message("Position"))

    def one(payload: bytes) -> object:
        packet = read(payload).packet
        sender = getattr(packet, "from")
        if packet.decoded.portnum != 3:
            return sender, packet.id
        place = read_position.FromString(packet.decoded.payload)
        return sender, packet.id, place.latitude_i, place.longitude_i, place.altitude, place.time

    return one


_SENTENCE = ("checksum and split", _sum_and_fields)
_TEXT = ("str.split", _fields)
_JSON = ("json.loads", json.loads)
_BASELINES: dict[str, tuple[str, Callable[[bytes], object]]] = {
    **dict.fromkeys(("dsc", "raveon", "gpsgate", "kenwood", "dprs", "taip"), _SENTENCE),
    **dict.fromkeys(("gps103", "tk103", "h02", "tetra"), _TEXT),
    **dict.fromkeys(("owntracks", "position_json", "meshtastic_json", "garmin_ipc"), _JSON),
    **dict.fromkeys(("cot", "spot"), ("ElementTree", _xml)),
    "osmand": ("parse_qsl, json.loads", _query_or_json),
    "meshtastic_mqtt": ("google.protobuf, C, six fields", _protobuf("ServiceEnvelope")),
    "meshtastic_serial": ("google.protobuf, C, six fields", _protobuf("FromRadio")),
}
_PEERS = {"aprs": "aprspy", "tak": "takproto"}
_SPECIAL: dict[str, Callable[[str], Iterator[Contest]]] = {"nmea0183": _rmc, "ais": _ais}


def _reads(stream: bytes) -> list[bytes]:
    return [stream[at : at + _READ] for at in range(0, len(stream), _READ)]


def _elsewhere(peer: str, messages: list[bytes]) -> float:
    """Measure a peer in its own environment."""
    folder = cache_folder(os.environ.get("JOINT_PATROL_BENCH_CACHE")) / "decoders"
    python = environment(folder, *peer_decoders.PEERS)
    result = subprocess.run(
        [python, peer_decoders.__file__, peer],
        input="\n".join(each.hex() for each in messages),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(result.stdout)
    if answer["decoded"] < len(messages) / 2:
        raise AssertionError(f"{peer} decoded {answer['decoded']} of {len(messages)}")
    return float(answer["rate"])


def _gpsdecode(stream: bytes, count: int) -> float:
    """Measure gpsdecode, the whole process, over a file of at least 100,000 lines."""
    turns = -(-100_000 // count)
    with tempfile.TemporaryFile() as file:
        file.write(stream * turns)
        file.seek(0)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            ["gpsdecode"],
            stdin=file,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return turns * count / used
