"""The outage: boats that report through two gateways and by phone while everything is killed.

`python -m tests.end_to_end.outage` runs it at full size and prints what came of it:

- 20 boats with a fix every 10 s for 6 hours: 43,200 fixes. 14 boats report to two gateways
  (`radio-gateway run`) over HTTP, 6 by phone to the node (`joint-patrol serve`) over HTTP; each
  in posts of up to ten, a little out of order, and each again until it was answered. Of what
  goes to a gateway, the other one hears a third too.
- 50 times one of gateway, gateway, broker (Mosquitto), node is killed with kill -9 and started
  again; for a quarter of the time the gateways are cut off from the broker.
- Time is compressed; the boats' own clocks run from six hours ago to now.
- A seventh phone publishes straight to the broker, QoS 1, and is told that its messages arrived:
  what of that is lost is counted apart, since no spool held it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.databases import reading
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server
from tests.fixtures.tcp_link import TcpLink
from tests.radio_gateway.uplink.gateways import key_file

BOATS, BY_GATEWAY = 20, 7
EVERY_S = 10.0
A_POST = 10
HEARD_TWICE = 0.3
GATEWAYS = ("gw-1", "gw-2")


class Outcome(NamedTuple):
    """What came of it.

    Attributes:
        sent: Fixes that were answered.
        stored: Fixes in the node's store.
        distinct: Of these, different ones.
        kills: How often what was killed.
        straight: Messages that the broker said it has from the phone that publishes to it.
        straight_lost: Of these, not in the store.
        backlog: Fixes that still waited in the gateways when the way was mended.
        right_after_s: How long after the gateways' reconnection every boat was where it last said.
        mended_after_s: The same, after the way was mended.
        took_s: How long everything took.
    """

    sent: int
    stored: int
    distinct: int
    kills: dict[str, int]
    straight: int
    straight_lost: int
    backlog: int
    right_after_s: float
    mended_after_s: float
    took_s: float


class GatewayProcess:
    """One `radio-gateway run`."""

    def __init__(
        self, folder: Path, name: str, broker: Mosquitto, cut: TcpLink, node_key: str
    ) -> None:
        self.folder, self.name = folder / name, name
        self.folder.mkdir()
        self.port = free_port()
        self.public = key_file(self.folder / "key")
        self._process: subprocess.Popen[bytes] | None = None
        (self.folder / "gateway.toml").write_text(
            f"""
[gateway]
id = "{name}"

[uplink]
url = "mqtt://127.0.0.1:{cut.port}"
username = "{name}"
password = "{broker.passwords[name]}"
key_file = "key"
node_key = "{node_key}"

[[channels]]
name = "boats"
url = "http-listen://127.0.0.1:{self.port}?open=1"
protocols = ["position_json"]
"""
        )

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / "log"

    def start(self) -> None:
        """Start it; it listens soon."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "radio_gateway", "run", "--config", "gateway.toml"],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            )

    def kill(self) -> None:
        """Kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def opened(self) -> int:
        """Return how often it has reached the broker."""
        return self.log.read_bytes().count(b"uplink_open")

    def waiting(self) -> int:
        """Return how many fixes wait in its spool; it must not run."""
        with sqlite3.connect(self.folder / "spool.db") as database:
            count: int = database.execute("SELECT count(*) FROM waiting").fetchone()[0]
        database.close()
        return count


class Boat:
    """One boat's reports: what it has said, and what was answered."""

    def __init__(self, name: str, fixes: int, start: datetime, lat: float) -> None:
        self.name, self.fixes = name, fixes
        self._start, self._lat = start, lat
        self.newest = -1
        self.answered = 0

    def report(self, number: int) -> dict[str, Any]:
        """Return fix `number` as our JSON."""
        at = self._start + timedelta(seconds=EVERY_S * number)
        return {
            "id": f"{self.name}-{number}",
            "device": self.name,
            "lon": round(100.40 + number * 1e-5, 6),
            "lat": self._lat,
            "time": at.isoformat(),
        }

    async def sail(
        self, post: Callable[[bytes], Any], took_s: float, chance: random.Random
    ) -> None:
        """Say everything over `took_s` seconds; what is not answered is said again."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        waiting: list[int] = []
        number = 0
        while number < self.fixes or waiting:
            due = min(int((loop.time() - began_s) / took_s * self.fixes), self.fixes)
            waiting += range(number, due)
            number = max(number, due)
            if not waiting:
                await asyncio.sleep(0.02)
                continue
            # a little out of order, as a radio that tries again does
            head = waiting[: 3 * A_POST]
            chosen = chance.sample(head, min(A_POST, len(head)))
            body = json.dumps([self.report(each) for each in chosen]).encode()
            if await post(body):
                self.answered += len(chosen)
                self.newest = max(self.newest, *chosen)
                waiting = [each for each in waiting if each not in chosen]
            else:
                await asyncio.sleep(0.2)


def run(
    folder: Path,
    *,
    fixes: int,
    kills: int,
    took_s: float,
    seed: int,
    say: Callable[[str], None] = print,
) -> Outcome:
    """Run it.

    Args:
        folder: Where everything goes; should be empty.
        fixes: Fixes of each boat.
        kills: How often to kill something.
        took_s: How long the boats sail.
        seed: Of the chance that chooses.
        say: Told what happens.
    """
    chance = random.Random(seed)
    began_s = time.monotonic()
    start = datetime.now(UTC) - timedelta(seconds=EVERY_S * fixes)
    boats = [
        Boat(f"boat-{each}", fixes, start, round(20.25 + each * 1e-3, 4)) for each in range(BOATS)
    ]
    with ExitStack() as stack:
        broker = stack.enter_context(mosquitto(folder, users=("node", *GATEWAYS, "phone-20")))
        cut = stack.enter_context(TcpLink(broker.port))
        node_key = key_file(folder / "node.key")
        gateways = [GatewayProcess(folder, name, broker, cut, node_key) for name in GATEWAYS]
        server = _server(folder, broker, gateways)
        keys = server.add_devices(boat.name for boat in boats[2 * BY_GATEWAY :])
        server.start()
        stack.callback(server.stop)
        for gateway in gateways:
            gateway.start()
            stack.callback(gateway.kill)
        straight = _Straight(broker, fixes, took_s, start)
        straight.start()
        sailing = _Sailing(boats, gateways, server, keys, took_s, chance)
        sailing.start()
        killed = _kill_and_cut(
            broker, cut, gateways, server, kills=kills, took_s=took_s, chance=chance, say=say
        )
        backlog, right_s, mended_s = _watch_the_return(
            server, cut, gateways, boats[: 2 * BY_GATEWAY]
        )
        say(f"mended: {backlog} waiting, all boats right {right_s:.1f} s after reconnection")
        sailing.join(took_s + 300)
        assert not sailing.is_alive(), "the boats are not done"
        straight.join(60)
        sent = sum(boat.answered for boat in boats)
        _until_stored(server, sent)
        stored, distinct = _counts(server, "boat-%")
        straight_stored = _counts(server, "phone-20")[1]
    return Outcome(
        sent=sent,
        stored=stored,
        distinct=distinct,
        kills=killed,
        straight=straight.confirmed,
        straight_lost=straight.confirmed - straight_stored,
        backlog=backlog,
        right_after_s=right_s,
        mended_after_s=mended_s,
        took_s=time.monotonic() - began_s,
    )


def _server(folder: Path, broker: Mosquitto, gateways: list[GatewayProcess]) -> Server:
    text = "\n".join(
        f'[[gateways]]\nid = "{each.name}"\nkey = "{each.public}"' for each in gateways
    )
    return Server(
        folder,
        channels=f"""
[uplink]
url = "mqtt://127.0.0.1:{broker.port}"
username = "node"
password = "{broker.passwords["node"]}"
key_file = "node.key"

{text}

[[channels]]
name = "straight"
url = "mqtt://127.0.0.1:{broker.port}?topic=joint-patrol/v1/position/%2B&client_id=node-straight"
protocols = ["position_json"]
username = "node"
password = "{broker.passwords["node"]}"
""",
    )


class _Straight(threading.Thread):
    """A phone that publishes straight to the broker and believes its PUBACK."""

    def __init__(self, broker: Mosquitto, fixes: int, took_s: float, start: datetime) -> None:
        super().__init__(name="straight", daemon=True)
        self._broker, self._took_s = broker, took_s
        self._boat = Boat("phone-20", fixes, start, 20.5)
        self.confirmed = 0

    def run(self) -> None:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="phone-20", clean_session=False)
        client.username_pw_set("phone-20", self._broker.passwords["phone-20"])
        client.reconnect_delay_set(1, 1)
        client.max_queued_messages_set(0)
        client.connect("127.0.0.1", self._broker.port)
        client.on_publish = self._confirm
        client.loop_start()
        for number in range(self._boat.fixes):
            payload = json.dumps(self._boat.report(number))
            client.publish("joint-patrol/v1/position/phone-20", payload, qos=1)
            time.sleep(self._took_s / self._boat.fixes)
        end_s = time.monotonic() + 60
        while self.confirmed < self._boat.fixes and time.monotonic() < end_s:
            time.sleep(0.1)
        client.disconnect()
        client.loop_stop()

    def _confirm(self, *_said: object) -> None:
        self.confirmed += 1


class _Sailing(threading.Thread):
    """All boats, on an event loop of their own."""

    def __init__(
        self,
        boats: list[Boat],
        gateways: list[GatewayProcess],
        server: Server,
        keys: dict[str, str],
        took_s: float,
        chance: random.Random,
    ) -> None:
        super().__init__(name="boats", daemon=True)
        self._boats, self._gateways, self._server = boats, gateways, server
        self._keys, self._took_s, self._chance = keys, took_s, chance
        self.posting = threading.Event()

    def run(self) -> None:
        asyncio.run(self._sail())

    async def _sail(self) -> None:
        async with httpx.AsyncClient(timeout=15) as client:
            await asyncio.gather(
                *(
                    boat.sail(self._post(client, number), self._took_s, self._chance)
                    for number, boat in enumerate(self._boats)
                )
            )

    def _post(self, client: httpx.AsyncClient, number: int) -> Callable[[bytes], Any]:
        boat = self._boats[number]
        other: str | None
        if number < 2 * BY_GATEWAY:
            ours = number // BY_GATEWAY
            url = f"http://127.0.0.1:{self._gateways[ours].port}/"
            other = f"http://127.0.0.1:{self._gateways[1 - ours].port}/"
            headers = {}
        else:
            url, other = f"{self._server.url}/api/positions", None
            headers = {"Authorization": f"Bearer {self._keys[boat.name]}"}
        headers["Content-Type"] = "application/json"

        async def post(body: bytes) -> bool:
            try:
                answer = await client.post(url, content=body, headers=headers)
            except httpx.TransportError:
                return False
            if answer.status_code != 200:
                return False
            assert "x-rejected" not in answer.headers, answer.headers
            if other is not None and self._chance.random() < HEARD_TWICE:
                # the other gateway hears the same words; nobody waits for it
                with suppress(httpx.TransportError):
                    await client.post(other, content=body, headers=headers)
            return True

        return post


def _kill_and_cut(
    broker: Mosquitto,
    cut: TcpLink,
    gateways: list[GatewayProcess],
    server: Server,
    *,
    kills: int,
    took_s: float,
    chance: random.Random,
    say: Callable[[str], None],
) -> dict[str, int]:
    """Kill one after the other; from the middle on, the gateways are cut off for a quarter."""
    ends_s = time.monotonic() + 0.75 * took_s
    cuts_s = ends_s - 0.25 * took_s
    counts = {"gw-1": 0, "gw-2": 0, "broker": 0, "node": 0}
    is_cut = False
    for number in range(kills):
        if not is_cut and time.monotonic() >= cuts_s:
            cut.cut()
            is_cut = True
            say("cut")
        victim = chance.choice(list(counts))
        counts[victim] += 1
        say(f"kill -9 {victim}")
        target: Any = {"broker": broker, "node": server}.get(victim)
        if target is None:
            target = gateways[GATEWAYS.index(victim)]
        target.kill()
        time.sleep(chance.uniform(0.0, 1.0))
        target.start()
        left_s = ends_s - time.monotonic()
        time.sleep(max(left_s / (kills - number), 0.0) * chance.uniform(0.2, 1.0))
    if not is_cut:
        cut.cut()
        time.sleep(5)
    return counts


def _watch_the_return(
    server: Server, cut: TcpLink, gateways: list[GatewayProcess], boats: list[Boat]
) -> tuple[int, float, float]:
    """Mend the way; return what waited, and how long until every boat was where it last said."""
    time.sleep(3)  # for the last that was killed
    opened = [gateway.opened() for gateway in gateways]
    with server.client() as client:
        said = {boat.name: boat.newest for boat in boats}
        answered = sum(boat.answered for boat in boats)
        stored = sum(_counts(server, boat.name)[1] for boat in boats)
        cut.mend()
        mended_s = time.monotonic()
        reconnected_s = 0.0
        while True:
            if not reconnected_s and all(
                gateway.opened() > before for gateway, before in zip(gateways, opened, strict=True)
            ):
                reconnected_s = time.monotonic()
            answers = {
                radio["address"].partition(":")[2]: round(
                    (radio["state"]["last"]["lon"] - 100.40) * 1e5
                )
                for radio in client.get("/api/radios/unknown").raise_for_status().json()
                if "last" in radio["state"]
            }
            if reconnected_s and all(answers.get(name, -1) >= new for name, new in said.items()):
                now_s = time.monotonic()
                return answered - stored, now_s - reconnected_s, now_s - mended_s
            assert time.monotonic() - mended_s < 60, (said, answers)
            time.sleep(0.05)


def _until_stored(server: Server, count: int) -> None:
    end_s = time.monotonic() + 180
    while _counts(server, "boat-%")[1] < count:
        assert time.monotonic() < end_s, f"{_counts(server, 'boat-%')} stored of {count}"
        time.sleep(0.5)


def _counts(server: Server, device: str) -> tuple[int, int]:
    """Return how many reports of `device` are stored, and how many different ones."""
    with reading(server.database) as database:
        database.execute("PRAGMA busy_timeout = 30000")
        stored, distinct = database.execute(
            "SELECT count(*), count(DISTINCT address || '/' || lon) FROM transmissions "
            "WHERE address LIKE ?",
            (f"position_json:{device}",),
        ).fetchone()
    return stored, distinct


def main() -> None:
    """Run it and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixes", type=int, default=2160, help="of each boat")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=240.0, help="how long the boats sail")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcome = run(
            Path(folder),
            fixes=given.fixes,
            kills=given.kills,
            took_s=given.seconds,
            seed=given.seed,
        )
    for name, value in outcome._asdict().items():
        print(f"{name:16} {value}")


if __name__ == "__main__":
    main()
