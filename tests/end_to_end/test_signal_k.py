"""A real Signal K server: what it hears as NMEA 0183 and 2000 comes to us as deltas.

`JOINT_PATROL_SIGNAL_K` names the folder of signalk-server (`npm install --ignore-scripts
signalk-server@2` makes `node_modules/signalk-server`); without it these tests skip.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyais import encode_dict

from radio_gateway.inbox.inbox import Inbox
from tests.fixtures.ports import free_port
from tests.radio_gateway.protocols.sentences import sentence
from tests.radio_gateway.running.running import hear, make, running

OWN, BOAT = "574000001", "574123456"
pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]


@contextmanager
def signal_k(folder: Path, source: dict[str, Any]) -> Iterator[str]:
    """Run a server that hears `source`; yield the URL of its stream for a channel."""
    installed, node = os.environ.get("JOINT_PATROL_SIGNAL_K"), shutil.which("node")
    if installed is None or node is None:
        pytest.skip("JOINT_PATROL_SIGNAL_K names no folder of signalk-server, or there is no node")
    port = free_port()
    options = {"logging": False} | source
    elements = [{"type": "providers/simple", "options": options}]
    pipe = {"id": "in", "enabled": True, "pipeElements": elements}
    settings = {
        "interfaces": {"nmea-tcp": False, "tcp": False, "mdns": False},
        "mdns": False,
        "ssl": False,
        "port": port,
        "pipedProviders": [pipe],
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "package.json").write_text('{"name":"boat","version":"1.0.0","dependencies":{}}')
    own = {"vessels": {"self": {"name": "Naga 1", "mmsi": OWN}}}
    (folder / "defaults.json").write_text(json.dumps(own))
    environment = os.environ | {"HOME": str(folder), "SIGNALK_NODE_CONFIG_DIR": str(folder)}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [node, str(Path(installed) / "bin" / "signalk-server"), "-c", str(folder)],
            cwd=folder,
            env=environment | {"PORT": str(port), "NODE_ENV": "production"},
            stdout=log,
            stderr=log,
        )
        try:
            query = "subscribe=all&sendCachedValues=false"
            yield f"ws://127.0.0.1:{port}/signalk/v1/stream?{query}"
        finally:
            server.terminate()
            server.wait(20)


def sentences() -> bytes:
    """Return where our boat and another are now."""
    now = datetime.now(UTC)
    rmc = f"GPRMC,{now:%H%M%S}.00,A,2016.3800,N,10024.7200,E,9.7,162.6,{now:%d%m%y},,,A"
    place: dict[str, str | int | float | bytes | bool] = {"type": 1, "mmsi": BOAT, "speed": 5.1}
    place |= {"lon": 100.43, "lat": 20.28, "course": 90.0}
    lines = [sentence(rmc), *(line.encode() for line in encode_dict(place, sentence_type="VDM"))]
    return b"\r\n".join(lines) + b"\r\n"


async def test_sentences_that_it_hears_are_positions_here(tmp_path: Path) -> None:
    async def feed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            writer.write(sentences())
            await asyncio.sleep(1)

    async with await asyncio.start_server(feed, "127.0.0.1", 0) as feeder:
        port = feeder.sockets[0].getsockname()[1]
        tcp = {"type": "tcp", "host": "127.0.0.1", "port": port, "validateChecksum": True}
        with signal_k(tmp_path, {"type": "NMEA0183", "subOptions": tcp}) as url:
            inbox = Inbox()
            async with running(make(url, "signalk", inbox=inbox)):
                transmissions = [each.transmission for each in await hear(inbox, 8, within_s=120)]
    places = {each.address: each for each in transmissions if each.position is not None}
    own, boat = places[f"ais:{OWN}"], places[f"ais:{BOAT}"]
    assert own.position is not None
    assert boat.position is not None
    assert own.position.lat == pytest.approx(20.273)
    assert own.position.speed_mps == pytest.approx(9.7 * 1852 / 3600)
    assert own.device_time is not None
    assert (boat.position.lat, boat.position.lon) == (20.28, 100.43)
    assert (boat.device_time, own.facts["own_ship"]) == (None, True)


def packet(pgn: int, data: bytes) -> str:
    """Return a line as Yacht Devices' gateway writes a packet of NMEA 2000."""
    now = f"{datetime.now(UTC):%H:%M:%S.%f}"[:12]
    return f"{now} R {2 << 26 | pgn << 8 | 3:08X} {data.hex(' ').upper()}\r\n"


async def test_packets_of_nmea_2000_are_positions_here(tmp_path: Path) -> None:
    port = free_port()
    place = struct.pack("<ii", 202_800_000, 1_004_150_000)
    motion = struct.pack("<BBHHH", 1, 0xFC, round(math.radians(45) * 1e4), 510, 0xFFFF)
    udp = {"type": "ydwg02-udp-canboatjs", "port": port}

    async def feed() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
            while True:
                text = packet(129026, motion) + packet(129025, place)
                gateway.sendto(text.encode(), ("127.0.0.1", port))
                await asyncio.sleep(0.1)

    feeding = asyncio.create_task(feed())
    try:
        with signal_k(tmp_path, {"type": "NMEA2000", "subOptions": udp}) as url:
            inbox = Inbox()
            async with running(make(url, "signalk", inbox=inbox)):
                transmissions = [each.transmission for each in await hear(inbox, 3, within_s=120)]
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    last = transmissions[-1]
    assert last.position is not None
    assert (last.address, last.position.lat) == (f"ais:{OWN}", 20.28)
    assert last.position.speed_mps == pytest.approx(5.1)
    assert last.position.course_deg == pytest.approx(45.0, abs=0.01)
    assert last.facts["pgn"] == "129025"
