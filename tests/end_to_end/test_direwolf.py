"""Our KISS client beside a real TNC: Dire Wolf decodes audio that gen_packets made, we hear it.

Dire Wolf's own decoder is a second opinion on every position: its log of what it heard is held
against ours. Sources: the man pages direwolf(1), gen_packets(1); direwolf.conf.
"""

from __future__ import annotations

import asyncio
import csv
import re
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order
from radio_gateway.protocols.aprs import aprs_kiss
from tests.fixtures import needs
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.radio_gateway.protocols.aprs.aprs_words import compressed, mic_e, near, written_out
from tests.radio_gateway.protocols.sentences import NOW
from tests.radio_gateway.running.running import hear, make, running

pytestmark = pytest.mark.system

RATE = 44_100
KNOT_MPS = 1852 / 3600
WAV_HEADER = 44
HELP = mic_e(lon=100.4105, lat=20.2741, bits="000", speed_kn=7, course_deg=183)
OLD = mic_e(lon=145.186, lat=-38.256, bits="110")
WEST = mic_e(lon=-112.129, lat=33.4273, bits="100", speed_kn=120, course_deg=251)

PACKETS: list[tuple[str, str, str, bytes]] = [
    (
        "HS0ABC-9",
        "APZJPR",
        ",HS1XYZ-1*,WIDE2-1",
        b"!" + written_out(lon=100.412, lat=20.273, symbol="/s") + b"036/010/A=001115 on patrol",
    ),
    ("XW1BOT", "APZJPR", "", b"=" + written_out(lon=-72.0292, lat=-49.0583)),
    ("HS0DEF-7", "APZJPR", "", b"!" + compressed(lon=100.4, lat=20.3, tail=b"7P[") + b"small"),
    ("HS0DEF-8", "APZJPR", "", b"!" + compressed(lon=100.5, lat=-20.3, tail=b"S]S")),
    ("XW1HLP-7", HELP[0], ",WIDE1-1", HELP[1] + b'"4T}engine on fire'),
    ("OH7LZB-13", OLD[0], "", b"'" + OLD[1][1:] + b"]"),
    ("HS0GHI", WEST[0], "", WEST[1]),
    (
        "HS0OBS",
        "APZJPR",
        "",
        b";WRECK    *092345z" + written_out(lon=100.43, lat=20.28, symbol="\\N") + b"buoy",
    ),
    ("HS0FIN", "APZJPR", "", b"!" + written_out(lon=100.4, lat=20.3) + b"fine!w5a!"),
]
OBJECTS = {"HS0OBS": "WRECK"}  # a place that the sender marked


def _audio(folder: Path) -> bytes:
    """Return PCM of all packets, spoken by gen_packets."""
    text = "".join(
        f"{source}>{destination}{path}:{_in_print(info)}\n"
        for source, destination, path, info in PACKETS
    )
    script, wave = folder / "packets.txt", folder / "packets.wav"
    script.write_text(text)
    program = needs.program("gen_packets", hint="direwolf")
    subprocess.run(
        [program, "-r", str(RATE), "-o", str(wave), str(script)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return wave.read_bytes()[WAV_HEADER:]


def _in_print(info: bytes) -> str:
    """Return bytes as gen_packets takes them: what is not printable as <0x1c>."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"<0x{byte:02x}>" for byte in info)


class _Tnc:
    """A running Dire Wolf whose radio is our standard input."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder, self._process = folder, process

    def on_the_air(self, audio: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(audio + bytes(RATE))
        self._process.stdin.flush()

    def printed(self) -> str:
        return (self._folder / "printed").read_text(errors="replace")

    def log(self) -> list[dict[str, str]]:
        with (self._folder / "heard.csv").open(newline="") as rows:
            return list(csv.DictReader(rows))


@contextmanager
def direwolf(folder: Path, link: str) -> Iterator[_Tnc]:
    """Run Dire Wolf with `link`, a line of its configuration, until it is ready."""
    config = folder / "direwolf.conf"
    config.write_text(
        f"ADEVICE stdin null\nARATE {RATE}\nCHANNEL 0\nMYCALL N0CALL\nMODEM 1200\n"
        f"AGWPORT 0\nKISSPORT 0\n{link}\n"
    )
    command = [needs.program("direwolf"), "-c", str(config), "-t", "0"]
    command += ["-L", "heard.csv", "-"]  # a longer path than 80 characters it cuts off
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=printed, stderr=printed, cwd=folder
        )
    tnc = _Tnc(folder, process)
    try:
        deadline_s = time.monotonic() + 20
        while not re.search(r"KISS TCP client|Opened .* for serial port KISS", tnc.printed()):
            assert process.poll() is None, tnc.printed()
            assert time.monotonic() < deadline_s, tnc.printed()
            time.sleep(0.05)
        yield tnc
    finally:
        assert process.stdin is not None
        process.kill()
        process.wait(10)
        process.stdin.close()


def _agrees(transmission: Transmission, row: dict[str, str]) -> None:
    """Hold what we heard against Dire Wolf's own line about the same packet."""
    assert transmission.facts["symbol"] == row["symbol"]
    if transmission.mark is not None:
        at = Position(lon=transmission.mark.lon or 0.0, lat=transmission.mark.lat or 0.0)
        assert at == near(float(row["longitude"]), float(row["latitude"]), within_deg=1e-6)
        return
    position = transmission.position
    assert position == near(float(row["longitude"]), float(row["latitude"]), within_deg=1e-6)
    assert position is not None
    if row["speed"] and position.speed_mps is not None:
        assert position.speed_mps == pytest.approx(float(row["speed"]) * KNOT_MPS, abs=0.03)
    assert position.course_deg == (float(row["course"]) if row["course"] else None)
    if row["altitude"]:
        assert position.altitude_m == pytest.approx(float(row["altitude"]), abs=0.06)
    assert (transmission.distress, transmission.status == "emergency") == (
        (row["status"] == "Emergency"),
    ) * 2


def _check(transmissions: list[Transmission], tnc: _Tnc) -> None:
    by_device = {transmission.device: transmission for transmission in transmissions}
    assert set(by_device) == {source for source, *_ in PACKETS}
    assert [transmission.device for transmission in transmissions if transmission.distress] == [
        "XW1HLP-7"
    ]
    assert by_device["XW1HLP-7"].position == near(100.4105, 20.2741, within_deg=1 / 6000)
    assert by_device["XW1HLP-7"].text == "engine on fire"
    relayed = by_device["HS0ABC-9"]
    assert relayed.facts["path"] == "HS1XYZ-1*,WIDE2-1"
    assert relayed.signal is not None
    assert relayed.signal.hops == 1
    rows = {row["name"]: row for row in tnc.log()}
    for device, transmission in by_device.items():
        assert device is not None
        _agrees(transmission, rows[OBJECTS.get(device, device)])


async def test_positions_heard_over_kiss_tcp_are_those_that_direwolf_decodes(
    tmp_path: Path,
) -> None:
    audio, port = _audio(tmp_path), free_port()
    with direwolf(tmp_path, f"KISSPORT {port}") as tnc:
        channel = make(f"tcp://127.0.0.1:{port}", "aprs_kiss")
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            await until(lambda: "Attached to KISS TCP client" in tnc.printed())
            tnc.on_the_air(audio)
            deliveries = await hear(channel.inbox, len(PACKETS), within_s=30)
            assert channel.health().errors == {}
        _check([delivery.transmission for delivery in deliveries], tnc)


@asynccontextmanager
async def wire(folder: Path) -> AsyncIterator[tuple[Path, Path]]:
    """Two serial ports that are one wire."""
    ends = folder / "tnc", folder / "gateway"
    socat = await asyncio.create_subprocess_exec(
        needs.program("socat"), *(f"pty,raw,echo=0,link={end}" for end in ends)
    )
    try:
        await until(lambda: all(end.exists() for end in ends))
        yield ends
    finally:
        socat.terminate()
        await socat.wait()


async def test_positions_heard_over_kiss_serial_are_the_same(tmp_path: Path) -> None:
    audio = _audio(tmp_path)
    async with wire(tmp_path) as (theirs, ours):
        with direwolf(tmp_path, f"SERIALKISS {theirs.resolve()} 9600") as tnc:
            channel = make(f"serial://{ours}?baud=9600", "aprs_kiss")
            async with running(channel):
                await until(lambda: channel.health().state == "open")
                tnc.on_the_air(audio)
                deliveries = await hear(channel.inbox, len(PACKETS), within_s=30)
                assert channel.health().errors == {}
            _check([delivery.transmission for delivery in deliveries], tnc)


async def test_direwolf_sends_our_message_as_we_mean_it(tmp_path: Path) -> None:
    order = Order(
        id="1",
        kind="text",
        channel="tnc",
        device="HS0ABC-9",
        text="river rises, come home",
        operator="jane",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
    )
    out = aprs_kiss.encode(order, DecoderSettings(station="XW1PAT-7"), number=5)
    port = free_port()
    with direwolf(tmp_path, f"KISSPORT {port}") as tnc:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(out.data)
            await writer.drain()
            sent = "XW1PAT-7>APZJPR,WIDE1-1,WIDE2-1::HS0ABC-9 :river rises, come home{5"
            await until(lambda: sent in tnc.printed(), within_s=20)
        finally:
            writer.close()
            await writer.wait_closed()
