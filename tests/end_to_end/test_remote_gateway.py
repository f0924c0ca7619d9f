"""A border post's gateway and its office: two computers' programs, TLS between, a radio at a port.

The radio is a Kenwood base radio at a pseudo-terminal: it prints what its boats send, and answers
what is written to it.
"""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
import threading
import time
import tty
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from gis.position.position import Position
from radio_gateway.messages.transmission import Transmission
from radio_gateway.uplink.wire.envelope import Envelope, EnvelopeItem, item_bytes, pack, topic_of
from radio_gateway.uplink.wire.signing import Signer
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, wait_for
from tests.radio_gateway.uplink.gateways import key_file
from tests.radio_gateway.uplink.test_uplink import Client

pytestmark = [pytest.mark.broker]

MEMORY_MB = 80


class BaseRadio:
    """A Kenwood base radio at a serial port.

    Attributes:
        path: The port's device.
        written: What was written to it.
    """

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.path = os.ttyname(theirs)
        self._theirs = theirs
        self.written = b""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def print_fix(self, *, minute: int, lat: str) -> None:
        """Print what boat 100:1001 sends."""
        body = (
            f"PKLDS,08{minute:02}00,A,{lat},N,10024.6000,E,005.0,090.0,"
            f"{time.strftime('%d%m%y', time.gmtime())},0.00,W00,100,1001,80,00,"
        )
        checksum = 0
        for byte in body.encode():
            checksum ^= byte
        self.print(f"${body}*{checksum:02X}\r\n")

    def print(self, text: str) -> None:
        """Print something else."""
        os.write(self._ours, text.encode())

    def close(self) -> None:
        """Unplug it."""
        os.close(self._theirs)
        os.close(self._ours)

    def _listen(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 1000)
            except OSError:
                return
            self.written += data
            if data.endswith(b"\x03"):
                os.write(self._ours, b"\x020\x03")  # the text was sent and the set has it


@contextmanager
def border_post(
    folder: Path, broker: Mosquitto, node_key: str, channels: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `radio-gateway run` as gw-1, which reaches the broker over TLS."""
    (folder / "gateway.toml").write_text(
        f"""
[gateway]
id = "gw-1"

[journal]
folder = "journal"

[uplink]
url = "mqtts://localhost:{broker.tls_port}"
username = "gw-1"
password = "{broker.passwords["gw-1"]}"
ca_file = "{broker.ca_file}"
key_file = "key"
node_key = "{node_key}"

{channels}
"""
    )
    command = [sys.executable, "-m", "radio_gateway"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    checked = subprocess.run(
        [*command, "check"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "run"], cwd=folder, env=environment, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.terminate()
        assert process.wait(20) == 0, (folder / "log").read_text()


@pytest.fixture
def radio() -> Iterator[BaseRadio]:
    radio = BaseRadio()
    yield radio
    radio.close()


def office(folder: Path, broker: Mosquitto, gateway_key: str) -> Server:
    return Server(
        folder,
        channels=f"""
[uplink]
url = "mqtt://127.0.0.1:{broker.port}"
username = "node"
password = "{broker.passwords["node"]}"
key_file = "node.key"

[[gateways]]
id = "gw-1"
key = "{gateway_key}"
""",
    )


@pytest.mark.timeout(180)
def test_a_radio_at_a_border_post_is_on_the_offices_map_and_is_spoken_to(
    tmp_path: Path, radio: BaseRadio
) -> None:
    post = tmp_path / "post"
    post.mkdir()
    node_key = key_file(tmp_path / "node.key")
    with mosquitto(tmp_path, tls=True) as broker:
        server = office(tmp_path, broker, key_file(post / "key"))
        server.start()
        channels = f"""
[[channels]]
name = "base"
url = "serial://{radio.path}?baud=9600"
protocols = ["kenwood"]
listen_only = false
"""
        try:
            with border_post(post, broker, node_key, channels), server.client() as client:
                _hears_and_speaks(server, client, radio)
                _plots_for_nobody(server, client, broker, post / "key")
        finally:
            server.stop()
    assert list((post / "journal").glob("*base*"))


def _hears_and_speaks(server: Server, client: httpx.Client, radio: BaseRadio) -> None:
    def states() -> dict[str, dict[str, object]]:
        return {each["name"]: each for each in client.get("/api/channels").json()}

    wait_for("the gateway", lambda: states().get("gw-1/base", {}).get("state") == "open")
    radio.print_fix(minute=1, lat="2016.1000")
    radios = wait_for(
        "the boat",
        lambda: client.get("/api/radios/unknown").json(),
    )
    assert radios[0]["address"] == "kenwood:100:1001"
    assert radios[0]["channels"] == ["gw-1/base"]
    assert radios[0]["state"]["last"]["lat"] == pytest.approx(20 + 16.1 / 60, abs=1e-6)
    wait_for("its counters", lambda: states()["gw-1/base"]["transmissions"] == 1)
    radio.print("$PKLDS,080200,A,2016.1,N*00\r\n")
    with server.client("admin") as technician:
        url = "/api/channels/gw-1/base/rejected"
        (rejected,) = wait_for("the frame", lambda: technician.get(url).json(), seconds=30)
    assert rejected["reason"] == "bad_checksum"
    assert rejected["text"] == "$PKLDS,080200,A,2016.1,N*00"
    order = client.post(
        "/api/orders",
        json={"kind": "text", "address": "kenwood:100:1001", "text": "Return to the pier"},
    )
    assert order.status_code == 201, order.text

    def state() -> str:
        return str(client.get("/api/orders").json()[0]["state"])

    wait_for("the radio's answer", lambda: state() in ("acknowledged", "delivered"))
    assert radio.written == b"\x02F1001001Return to the pier\x03"


def _plots_for_nobody(server: Server, client: httpx.Client, broker: Mosquitto, key: Path) -> None:
    """Whoever breaks into a border post has its key, and moves and calls for no unit by it."""
    with server.client("admin") as admin:
        made = admin.post("/api/units", json={"call_sign": "Naga 1", "kind": "boat"})
        assert made.status_code == 201, made.text
    now = datetime.now(UTC)
    plotted = Transmission(
        protocol="voice",
        kind="position",
        device=made.json()["id"],
        heard_at=now,
        position=Position(lon=101.0, lat=20.0),
        fix=True,
        distress=True,
        channel="base",
        reception_id="gw-1/b/1",
    )
    items = [EnvelopeItem(1, item_bytes(plotted))]
    body = pack(Envelope(gateway="gw-1", spool="s", nonce=b"n", sent_at=now, items=items))
    intruder = Client(broker, "gw-1")
    try:
        signed = Signer(b64decode(key.read_bytes())).sign("reports", body)
        intruder.say(topic_of("gw-1", "reports"), signed)

        def told() -> list[dict[str, object]]:
            alerts: list[dict[str, object]] = client.get("/api/alerts").json()
            return [each for each in alerts if each["rule"] == "gateway_overreach"]

        (alert,) = wait_for("the alert", told)
    finally:
        intruder.close()
    assert alert["subject"] == "gw-1"
    (unit,) = client.get("/api/units").json()
    assert (unit["call_sign"], unit.get("last"), unit.get("distress")) == ("Naga 1", None, None)
    assert not [each for each in client.get("/api/alerts").json() if each["rule"] == "sos"]


@pytest.mark.timeout(120)
def test_ten_channels_take_less_than_80_mb_and_no_maps(tmp_path: Path) -> None:
    """On a Raspberry Pi 3 class machine; what counts is memory of its own and shared."""
    post = tmp_path / "post"
    post.mkdir()
    node_key = key_file(tmp_path / "node.key")
    key_file(post / "key")
    ports = [free_port(socket.SOCK_DGRAM) for _ in range(10)]
    spoken = ("nmea0183", "ais", "aprs", "owntracks", "cot", "lrrp", "taip", "dsc", "hytera")
    channels = "\n".join(
        f'[[channels]]\nname = "c{n}"\nurl = "udp://127.0.0.1:{port}"\n'
        f'protocols = ["{spoken[n % len(spoken)]}"]\n'
        for n, port in enumerate(ports)
    )
    sentence = b"$GPRMC,080100.00,A,2016.0100,N,10024.6000,E,5.0,90.0,100624,,,A*6C\r\n"
    with (
        mosquitto(tmp_path, tls=True) as broker,
        border_post(post, broker, node_key, channels) as process,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        log = post / "log"
        wait_for("the gateway", lambda: b"uplink_open" in log.read_bytes())
        for number in range(5000):
            sender.sendto(sentence, ("127.0.0.1", ports[number % 10]))
            if number % 50 == 0:
                time.sleep(0.01)
        time.sleep(1)
        memory = psutil.Process(process.pid)
        megabytes = memory.memory_info().rss / 1e6
        loaded = {Path(each.path).name for each in memory.memory_maps()}
        print(f"{megabytes:.1f} MB")
        assert megabytes < MEMORY_MB, f"{megabytes:.0f} MB"
        assert not [name for name in loaded if "gdal" in name or "geos" in name or "numpy" in name]
