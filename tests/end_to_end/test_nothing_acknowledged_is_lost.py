"""Kill -9 of the server among 10,000 QoS 1 messages: after restart all are stored, none twice.

The broker is a real Mosquitto with the configuration that ships in `deploy/`.
"""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.fixtures import needs
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.databases import POSTGRES, reading
from tests.fixtures.server import Server, serving, wait_for

pytestmark = [pytest.mark.broker]

MESSAGES = 10_000
TOPIC = "joint-patrol/v1/position/"


def _channel(broker: Mosquitto, version: str) -> str:
    return f"""
[[channels]]
name = "boats"
url = "mqtt://127.0.0.1:{broker.port}?topic={TOPIC}%2B&client_id=test-node&version={version}"
protocols = ["position_json"]
username = "node"
password = "{broker.passwords["node"]}"
"""


def _publish(broker: Mosquitto, count: int, done: threading.Event, *, first: int = 0) -> None:
    """Publish `count` positions with QoS 1, each at its own longitude, and wait for the broker."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="gw-1", clean_session=False)
    client.username_pw_set("gw-1", broker.passwords["gw-1"])
    client.max_inflight_messages_set(500)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    begin = time.time()
    sent = [
        client.publish(
            f"{TOPIC}boat-{n % 50}",
            json.dumps(
                {
                    "id": f"m-{n}",
                    "device": f"boat-{n % 50}",
                    "lon": round(100.4 + n * 1e-6, 6),
                    "lat": 20.27,
                    "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin - 3600 + n / 10)),
                }
            ),
            qos=1,
        )
        for n in range(first, first + count)
    ]
    for message in sent:
        message.wait_for_publish(120)
    client.disconnect()
    client.loop_stop()
    done.set()


def _stored(server: Server) -> list[int]:
    """Return the number of every stored message, read beside the server."""
    with reading(server.database) as database:
        rows = database.execute("SELECT lon FROM transmissions WHERE channel = 'boats'").fetchall()
    return sorted(round((lon - 100.4) * 1e6) for (lon,) in rows)


def _count(server: Server) -> int:
    """Return how many messages are stored: what is asked all the time while they come."""
    with reading(server.database) as database:
        rows = database.execute("SELECT count(*) FROM transmissions WHERE channel = 'boats'")
        return int(rows.fetchone()[0])


@pytest.mark.parametrize("version", ["5" if POSTGRES else "3.1.1"])
@pytest.mark.timeout(240)
def test_kill_nine_among_ten_thousand_messages_loses_and_repeats_none(
    tmp_path: Path, version: str
) -> None:
    with (
        mosquitto(tmp_path) as broker,
        serving(tmp_path, channels=_channel(broker, version)) as server,
    ):
        _open(server)
        done = threading.Event()
        publisher = threading.Thread(target=_publish, args=(broker, MESSAGES, done))
        publisher.start()
        kills = 0
        for share in (0.15, 0.4, 0.7):
            wait_for(
                f"{share:.0%} stored",
                lambda share=share: _count(server) >= share * MESSAGES,
                seconds=60,
                every=0.02,
            )
            if _count(server) < MESSAGES:
                server.kill()
                kills += 1
                server.start()
        publisher.join(120)
        assert done.is_set()
        wait_for("all messages", lambda: _count(server) >= MESSAGES, seconds=60)
        time.sleep(1)  # what would come twice would come now
        assert kills >= 1
        assert _stored(server) == list(range(MESSAGES))


def test_the_commit_is_on_disk_before_the_broker_is_acknowledged(tmp_path: Path) -> None:
    needs.program("strace")
    with mosquitto(tmp_path) as broker:
        server = Server(tmp_path, channels=_channel(broker, "3.1.1"))
        trace = tmp_path / "strace.txt"
        calls = "trace=fsync,fdatasync,sendto,sendmsg,write,recvfrom"
        server.start(
            wrapper=(
                "strace",
                "-D",
                "-f",
                "-tt",
                "-yy",
                "-x",
                "-s",
                "64",
                "-e",
                calls,
                "-o",
                str(trace),
            )
        )
        try:
            _open(server)
            for number in range(5):  # one at a time, so that each has a sync of its own
                _publish(broker, 1, threading.Event(), first=number)
                wait_for(
                    f"acknowledgement {number + 1}",
                    lambda number=number: (
                        len(_acknowledgements(trace.read_text(), broker.port)) > number
                    ),
                    seconds=30,
                )
            assert _stored(server) == list(range(5))
        finally:
            server.stop()
        lines = trace.read_text().splitlines()
        brought = [n for n, line in enumerate(lines) if _brings(line, broker.port)]
        acknowledged = [n for n, line in enumerate(lines) if _acknowledgements(line, broker.port)]
        synced = [n for n, line in enumerate(lines) if _is_on_disk(line)]
        assert len(brought) == len(acknowledged) == 5
        for came, answered in zip(brought, acknowledged, strict=True):
            assert any(came < sync < answered for sync in synced), lines[came : answered + 1]


def _open(server: Server) -> None:
    with server.client() as client:
        wait_for(
            "the broker",
            lambda: any(
                channel["name"] == "boats" and channel["state"] in ("open", "silent")
                for channel in client.get("/api/channels").json()
            ),
            seconds=30,
        )


def _brings(line: str, port: int) -> bool:
    """Whether this line of strace reads from the broker what a PUBLISH holds: topic and payload."""
    topic = "".join(rf"\x{byte:02x}" for byte in TOPIC.encode())
    return f":{port}" in line and "recvfrom" in line and topic in line


def _is_on_disk(line: str) -> bool:
    """Whether this line of strace says that a commit is on disk: a sync of SQLite's file is done,
    or PostgreSQL answers COMMIT, which a server that we take says after its own sync.
    """
    if POSTGRES:
        return r"\x43\x00\x00\x00\x0b\x43\x4f\x4d\x4d\x49\x54\x00" in line
    return re.search(r"f(data)?sync\(.*patrol\.db-wal", line) is not None or (
        "sync resumed" in line and "= 0" in line
    )


def _acknowledgements(text: str, port: int) -> list[str]:
    """Return the PUBACKs (0x40 0x02) that strace saw written to the broker."""
    return [
        line
        for line in text.splitlines()
        if f":{port}" in line
        and re.search(r"(sendto|sendmsg|write)\(", line)
        and "\\x40\\x02" in line
    ]
