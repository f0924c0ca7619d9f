"""The main job on real input: what receivers really send, over every kind of link, to the page.

Each source is replayed through a serial pseudo-terminal, TCP, UDP and a real Mosquitto into a real
server; every valid position must be in the store once, at the right place, and on the page.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser
from pyais import decode as pyais_decode
from pyais.stream import IterMessages

from tests.browser.alone import browser as browser
from tests.browser.commander import DESKTOP, Commander, looking
from tests.fixtures import needs
from tests.fixtures.broker import mosquitto
from tests.fixtures.databases import reading
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, serving, wait_for

pytestmark = [pytest.mark.system]

Place = tuple[str, float, float]

_OF_A_SENDER = frozenset({1, 2, 3, 4, 9, 11, 18, 19, 21, 27})
"""AIS messages in which a station says where it is itself (ITU-R M.1371-5)."""


class Link(NamedTuple):
    """A way into the server: its `[[channels]]` table, and what writes to it."""

    table: str
    send: Callable[[bytes], None]


def _real_ais() -> list[bytes]:
    return needs.shared("bench", "data", "ais.nmea").read_bytes().splitlines()


def _places_by_pyais(lines: list[bytes]) -> list[Place]:
    """What pyais, a decoder that is not ours, finds: MMSI and place of each position report."""
    found: list[Place] = []
    for message in IterMessages(lines):
        if not message.is_valid or not message.payload or message.ais_id not in _OF_A_SENDER:
            continue
        said = message.decode()
        lon, lat = getattr(said, "lon", None), getattr(said, "lat", None)
        if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 90:
            continue
        found.append((f"{said.mmsi:09d}", round(float(lon), 4), round(float(lat), 4)))
    return found


def _table(url: str, *, name: str = "in") -> str:
    return f'[[channels]]\nname = "{name}"\nurl = "{url}"\nprotocols = ["nmea0183"]\n'


@contextmanager
def _serial(folder: Path) -> Iterator[Link]:
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    port = os.ttyname(theirs)

    def send(data: bytes) -> None:
        for start in range(0, len(data), 512):
            os.write(ours, data[start : start + 512])
            time.sleep(0.002)

    table = _table(f"serial://{port}?baud=38400")
    try:
        yield Link(table, send)
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def _tcp_client(folder: Path) -> Iterator[Link]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.settimeout(30)
        peers: list[socket.socket] = []

        def send(data: bytes) -> None:
            if not peers:
                peers.append(listener.accept()[0])
            peers[0].sendall(data)

        table = _table(f"tcp://127.0.0.1:{port}")
        try:
            yield Link(table, send)
        finally:
            for peer in peers:
                peer.close()


@contextmanager
def _udp(folder: Path) -> Iterator[Link]:
    port = free_port(socket.SOCK_DGRAM)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:

        def send(data: bytes) -> None:
            for line in data.splitlines(keepends=True):
                sender.sendto(line, ("127.0.0.1", port))
                time.sleep(0.001)

        table = _table(f"udp://127.0.0.1:{port}")
        yield Link(table, send)


@contextmanager
def _mqtt(folder: Path) -> Iterator[Link]:
    with mosquitto(folder) as broker:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gw-1")
        client.username_pw_set("gw-1", broker.passwords["gw-1"])
        client.connect("127.0.0.1", broker.port)
        client.loop_start()

        def send(data: bytes) -> None:
            for line in data.splitlines(keepends=True):
                client.publish("joint-patrol/v1/raw/gw-1/ais", line, qos=1).wait_for_publish(30)

        topic = "joint-patrol/v1/raw/%2B/ais"
        table = _table(f"mqtt://127.0.0.1:{broker.port}?topic={topic}&client_id=t") + (
            f'username = "node"\npassword = "{broker.passwords["node"]}"\n'
        )
        try:
            yield Link(table, send)
        finally:
            client.disconnect()
            client.loop_stop()


LINKS = {"serial": _serial, "tcp": _tcp_client, "udp": _udp, "mqtt": _mqtt}


def _stored(server: Server) -> list[Place]:
    with reading(server.database) as database:
        rows = database.execute(
            "SELECT address, lon, lat FROM transmissions WHERE lon IS NOT NULL"
        ).fetchall()
    return [(address.partition(":")[2], round(lon, 4), round(lat, 4)) for address, lon, lat in rows]


def _until_steady(server: Server) -> list[Place]:
    """Wait until nothing more comes, and return what is stored."""
    before, same = -1, 0
    end = time.monotonic() + 60
    while same < 6 and time.monotonic() < end:
        count = len(_stored(server))
        same = same + 1 if count == before and count else 0
        before = count
        time.sleep(0.25)
    return _stored(server)


@pytest.mark.parametrize("link", sorted(LINKS))
@pytest.mark.timeout(240)
def test_every_position_of_a_real_ais_log_is_stored_once_at_its_place(
    tmp_path: Path, link: str
) -> None:
    lines = _real_ais()
    expected = _places_by_pyais(lines)
    assert len(expected) > 700
    with LINKS[link](tmp_path) as way, serving(tmp_path, channels=way.table) as server:
        _wait_open(server)
        way.send(b"\r\n".join(lines) + b"\r\n")
        stored = _until_steady(server)
        # the same payload heard twice within three seconds is one message
        assert set(stored) == set(expected)
        assert len(stored) <= len(expected)
        with server.client() as client:
            answers = {
                radio["address"].partition(":")[2]: radio["state"].get("last")
                for radio in client.get("/api/radios/unknown").json()
            }
        for device in {place[0] for place in expected}:
            last = answers[device]
            assert last is not None
            assert (device, round(last["lon"], 4), round(last["lat"], 4)) in set(expected)


@pytest.mark.broker
@pytest.mark.timeout(120)
def test_what_mosquittos_own_client_publishes_is_stored_once(tmp_path: Path) -> None:
    publish = needs.program("mosquitto_pub", hint="mosquitto-clients")
    lines = _real_ais()
    expected = _places_by_pyais(lines)
    with mosquitto(tmp_path) as broker:
        topic = "joint-patrol/v1/raw/%2B/ais"
        table = _table(f"mqtt://127.0.0.1:{broker.port}?topic={topic}&client_id=t&version=5") + (
            f'username = "node"\npassword = "{broker.passwords["node"]}"\n'
        )
        with serving(tmp_path, channels=table) as server:
            _wait_open(server)
            words = ["-h", "127.0.0.1", "-p", str(broker.port), "-u", "gw-1", "-q", "1", "-l"]
            words += ["-P", broker.passwords["gw-1"], "-t", "joint-patrol/v1/raw/gw-1/ais"]
            subprocess.run(
                [publish, *words], input=b"\n".join(lines) + b"\n", check=True, timeout=60
            )
            stored = _until_steady(server)
    assert set(stored) == set(expected)
    assert len(stored) <= len(expected)


@pytest.mark.browser
@pytest.mark.timeout(240)
def test_the_page_shows_every_vessel_of_the_log_at_its_last_place(
    tmp_path: Path, browser: Browser
) -> None:
    lines = _real_ais()
    expected = _places_by_pyais(lines)
    with _udp(tmp_path) as way, serving(tmp_path, channels=way.table) as server:
        _wait_open(server)
        way.send(b"\r\n".join(lines) + b"\r\n")
        _until_steady(server)
        page = looking(browser, server, role="commander", size=DESKTOP, palette="day")
        try:
            held = wait_for("the vessels", lambda: _held(page), seconds=30)
        finally:
            page.close()
    last = {device: (lon, lat) for device, lon, lat in expected}
    assert {device: held.get(device) for device in last} == last
    assert not page.foreign


def _held(page: Commander) -> dict[str, tuple[float, float]]:
    """Return where the page holds each unknown radio, by what identifies it in AIS."""
    text = page.page.evaluate(
        """() => {
            const source = jointPatrol.map.getSource("units");
            return source.getData().then((data) => JSON.stringify(data.features.map(
                (each) => [each.properties.id ?? each.id, each.geometry.coordinates])));
        }"""
    )
    return {
        id.partition(":")[2]: (round(lon, 4), round(lat, 4)) for id, (lon, lat) in json.loads(text)
    }


@pytest.mark.gpsd
@pytest.mark.timeout(120)
def test_what_gpsd_passes_on_from_a_receiver_reaches_the_store(tmp_path: Path) -> None:
    """gpsfake feeds a receiver's sentences to a real gpsd; gpspipe hands us its raw NMEA."""
    needs.program("gpsd")
    needs.program("gpsfake", hint="gpsd-clients")
    needs.program("gpspipe", hint="gpsd-clients")
    log = tmp_path / "receiver.nmea"
    log.write_bytes(_receiver_log(40))
    port = free_port()
    gpsd_port = free_port()
    table = _table(f"tcp-listen://127.0.0.1:{port}", name="gps")
    with serving(tmp_path, channels=table) as server:
        _wait_open(server, "gps")
        fake = subprocess.Popen(
            ["gpsfake", "-q", "-n", "-c", "0.05", "-P", str(gpsd_port), str(log)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", gpsd_port), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            pipe = subprocess.Popen(
                ["gpspipe", "-r", f"127.0.0.1:{gpsd_port}"], stdout=subprocess.PIPE
            )
            try:
                assert pipe.stdout is not None
                with socket.create_connection(("127.0.0.1", port)) as out:

                    def copy() -> None:
                        assert pipe.stdout is not None
                        while data := pipe.stdout.readline():
                            if data.startswith(b"$"):
                                out.sendall(data)

                    worker = threading.Thread(target=copy, daemon=True)
                    worker.start()
                    wait_for("positions from gpsd", lambda: len(_stored(server)) >= 20, seconds=60)
                    pipe.terminate()
                    worker.join(10)
            finally:
                pipe.terminate()
                pipe.wait(10)
                if pipe.stdout is not None:
                    pipe.stdout.close()
        finally:
            fake.terminate()
            fake.wait(20)
        for _, lon, lat in _stored(server):
            assert abs(lon - 100.41) < 0.05
            assert abs(lat - 20.27) < 0.05


@pytest.mark.timeout(120)
def test_real_sentences_of_many_receivers_reach_the_store_over_a_serial_port(
    tmp_path: Path,
) -> None:
    lines = _vector_sentences()
    assert len(lines) >= 9
    with _serial(tmp_path) as way, serving(tmp_path, channels=way.table) as server:
        _wait_open(server)
        for line, _, _ in lines:
            way.send(line + b"\r\n")
            time.sleep(0.4)  # each is an epoch of its own
        stored = {(lon, lat) for _, lon, lat in _until_steady(server)}
        for line, lon, lat in lines:
            assert any(abs(lon - x) < 2e-4 and abs(lat - y) < 2e-4 for x, y in stored), line


def _vector_sentences() -> list[tuple[bytes, float, float]]:
    """Valid RMC sentences of real receivers among the test vectors, with the place they say."""
    found: list[tuple[bytes, float, float]] = []
    for text in needs.shared("vectors", "vectors.jsonl").read_text(encoding="utf-8").splitlines():
        vector = json.loads(text)
        answer = vector["expect"]
        if vector["protocol"] == "nmea0183.rmc" and "input" in vector and answer.get("fix"):
            found.append((vector["input"].encode("latin-1"), answer["lon"], answer["lat"]))
    return found


def _receiver_log(epochs: int) -> bytes:
    """RMC and GGA as a receiver drifting past Houay Xai sends them, with right checksums."""
    begin = time.time() - epochs
    lines: list[bytes] = []
    for second in range(epochs):
        at = time.gmtime(begin + second)
        clock, date = time.strftime("%H%M%S.00", at), time.strftime("%d%m%y", at)
        lat, lon = f"20{16.2 + second * 0.002:07.4f}", f"100{24.6 + second * 0.001:07.4f}"
        for body in (
            f"GPRMC,{clock},A,{lat},N,{lon},E,4.20,141.0,{date},,,A",
            f"GPGGA,{clock},{lat},N,{lon},E,1,09,0.9,352.0,M,-30.0,M,,",
        ):
            checksum = 0
            for character in body.encode():
                checksum ^= character
            lines.append(f"${body}*{checksum:02X}\r\n".encode())
    return b"".join(lines)


def _wait_open(server: Server, name: str = "in") -> None:
    with server.client() as client:
        wait_for(
            "the channel",
            lambda: any(
                channel["name"] == name and channel["state"] in ("open", "silent")
                for channel in client.get("/api/channels").json()
            ),
            seconds=30,
        )


def test_pyais_agrees_with_itself_on_single_sentences() -> None:
    """The reference decoder is the real one: a known report has its published place."""
    said = pyais_decode(b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C")
    assert (said.mmsi, round(said.lat, 4)) == (366053209, 37.8021)  # type: ignore[union-attr]
