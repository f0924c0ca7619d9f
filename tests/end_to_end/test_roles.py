"""A node that is several processes: a Watch, its standby and two web processes, on one machine.

Real processes of `joint-patrol serve`, a real Mosquitto, one store.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from paho.mqtt import publish
from websockets.exceptions import ConnectionClosedError

from maps.accounts.sessions.access import Caller
from maps.cluster import messages as words
from maps.cluster.envelope import Envelopes
from maps.http.session_cookie import COOKIE
from maps.node.lease_holder import LOST
from patrol.units.accounts import User
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.command_process import Forked
from tests.fixtures.databases import POSTGRES, reading
from tests.fixtures.ports import free_port
from tests.fixtures.server import PASSWORD, Server
from tests.maps.permissions.test_routes import PUBLIC, routes
from tests.maps.servers.running import Live

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

LEASE_S = 2.0
BOAT = "boat-1"


class Process:
    """One process of the node.

    Attributes:
        url: Where it answers.
        role: What it is.
    """

    def __init__(self, node: Node, role: str, name: str) -> None:
        self._node, self.role = node, role
        self._log = node.server.folder / f"{name}.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: Forked | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        table = "WEB" if self.role == "web" else "INTERNAL"
        self._process = Forked(
            ["serve", "--role", self.role, "--config", str(self._node.server.config)],
            self._log,
            os.environ | {f"JOINT_PATROL_{table}__PORT": str(self.port)},
        )

    def health(self) -> str:
        """Return what it says of itself; nothing while it says nothing."""
        path = "/api/health" if self.role == "web" else "/health"
        try:
            text: str = httpx.get(self.url + path, timeout=1).json()["status"]
        except httpx.TransportError:
            return ""
        return text

    async def until(self, *states: str, seconds: float = 150) -> None:
        end = time.monotonic() + seconds
        while (text := await asyncio.to_thread(self.health)) not in states:
            assert self._process is None or self._process.poll() is None, self.log()[-4000:]
            assert time.monotonic() < end, f"{text!r} is none of {states}: {self.log()[-4000:]}"
            await asyncio.sleep(0.1)

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    async def ended(self, seconds: float = 20) -> int:
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, seconds)

    def stop(self) -> None:
        if not self.is_running:
            return
        assert self._process is not None
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)


class Node:
    """Broker, settings and processes.

    Attributes:
        webs: The two web processes.
        watches: Two processes, one of which is the Watch.
    """

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self.broker = broker
        password = folder / "mqtt-node"
        password.write_text(broker.passwords["node"])
        self.server = Server(
            folder,
            channels=f"""
[internal]
url = "mqtt://127.0.0.1:{broker.port}"
username = "node"
password_file = "{password}"
key_file = "internal.key"
lease_s = {LEASE_S}

[journal]
folder = "journal"

[[feeds]]
name = "plotter"
url = "tcp-listen://127.0.0.1:{free_port()}"
speaks = "ais"
agency = "joint"
role = "observer"

[[channels]]
name = "phones"
url = "mqtt://127.0.0.1:{broker.port}?topic=joint-patrol/v1/position/%2B&client_id=test-phones"
protocols = ["position_json"]
username = "node"
password = "{broker.passwords["node"]}"
""",
        )
        self.watches = [Process(self, "watch", f"watch-{each}") for each in (1, 2)]
        self.webs = [Process(self, "web", f"web-{each}") for each in (1, 2)]
        self.said = 0

    @property
    def watch(self) -> Process:
        """The one that works."""
        return next(each for each in self.watches if each.health() == "ok")

    async def up(self) -> None:
        """Wait until everything runs, and start what does not."""
        for process in (*self.watches, *self.webs):
            if not process.is_running:
                process.start()
        for process in self.watches:
            await process.until("ok", "standby")
        for process in self.webs:
            await process.until("ok")

    @property
    def lon(self) -> float:
        """Where the boat last said that it is."""
        return round(100.4141 + self.said * 1e-5, 5)

    def say(self) -> str:
        """Let the boat's radio say where it is; return the id of what it said."""
        self.said += 1
        id = f"p-{self.said}"
        report = {
            "id": id,
            "device": BOAT,
            "lon": self.lon,
            "lat": 20.2705,
            "time": datetime.now(UTC).isoformat(),
        }
        self.publish(BOAT, f"joint-patrol/v1/position/{BOAT}", json.dumps(report))
        return id

    def stored(self) -> list[str]:
        """Return the raw messages of the boat that are stored, as text."""
        rows = self.rows("SELECT raw FROM transmissions")
        return [bytes(raw).decode() for (raw,) in rows]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with reading(self.server.database) as database:
            return [tuple(row) for row in database.execute(query, values).fetchall()]

    async def freeze(self, process: Process) -> None:
        """Stop a process between two commits: in one it would keep a file of SQLite locked."""
        while True:
            process.signal(signal.SIGSTOP)
            try:
                if not POSTGRES:
                    with reading(self.server.database) as database:
                        database.execute("PRAGMA busy_timeout = 200")
                        database.execute("BEGIN IMMEDIATE")
                        database.execute("ROLLBACK")
            except sqlite3.OperationalError:
                process.signal(signal.SIGCONT)
                await asyncio.sleep(0.05)
            else:
                return

    def forge(self) -> None:
        """Say things as the processes do, with their rights on the broker and without their key."""
        envelopes, topics = Envelopes(bytes(32)), words.Topics("test-node")
        order = words.Request(
            method="DELETE",
            path="/api/session",
            query=b"",
            scheme="http",
            headers=[],
            client=None,
            caller=Caller(user=User(name="commander", role="admin", agency="joint")),
            body=b"",
        )
        for topic, said in (
            (topics.beat, words.WatchHeartbeat(watch_id="forged", epoch=99, count=1, well=False)),
            (
                topics.requests_of("forged"),
                words.RpcRequest(web="forged", number=1, watch_id="", payload=order),
            ),
            (
                topics.view("joint", "commander"),
                words.ViewMessage(watch_id="", stream="", epoch=99),
            ),
        ):
            for message in envelopes.seal(msgspec.msgpack.encode(said), topic=topic):
                self.publish("node", topic, message)

    def publish(self, user: str, topic: str, said: bytes | str) -> None:
        publish.single(
            topic,
            said,
            qos=1,
            hostname="127.0.0.1",
            port=self.broker.port,
            auth={"username": user, "password": self.broker.passwords[user]},
        )

    @asynccontextmanager
    async def signed_in(self, web: Process) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(
            base_url=web.url, headers={"Origin": web.url}, timeout=30
        ) as client:
            body = {"name": "commander", "password": PASSWORD}
            answer = await client.post("/api/session", json=body)
            assert answer.status_code == 200, answer.text
            yield client

    def stop(self) -> None:
        for process in (*self.webs, *self.watches):
            process.stop()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("node")
    with mosquitto(folder, users=("node", BOAT)) as broker:
        made = Node(folder, broker)
        try:
            yield made
        finally:
            made.stop()


async def heard(live: Live, lon: float, seconds: float = 15) -> dict[str, Any]:
    """Return the change that brings the boat to `lon`."""
    async with asyncio.timeout(seconds):
        while True:
            frame = await live.frame(seconds)
            if any(abs(fix["lon"] - lon) < 1e-7 for fix in frame.get("fixes", ())):
                return frame


async def until_closed(live: Live) -> None:
    """Read what comes, until the stream is closed."""
    while True:
        await live.frame()


async def test_what_the_watch_hears_is_seen_at_both_webs_and_orders_are_answered_once_stored(
    node: Node,
) -> None:
    await node.up()
    first, second = node.webs
    async with node.signed_in(first) as client:
        cookie = client.cookies.get(COOKIE) or ""
        async with Live(first.url, cookie) as here, Live(second.url, cookie) as there:
            streams = {(await live.until("snapshot"))["stream"] for live in (here, there)}
            assert len(streams) == 1
            node.say()
            frames = [await heard(live, node.lon) for live in (here, there)]
            assert frames[0] == frames[1]
            node.forge()
            node.say()
            await asyncio.gather(*(heard(live, node.lon) for live in (here, there)))
            assert "not_sealed_by_us" in first.log()
            assert "not_sealed_by_us" in node.watch.log()

            unit = {"call_sign": "Naga 1", "kind": "boat", "country": "LA"}
            answer = await client.post("/api/units", json=unit)
            assert answer.status_code == 201, answer.text
            id = answer.json()["id"]
            assert node.rows("SELECT call_sign FROM units WHERE id = ?", id) == [("Naga 1",)]
            actors = node.rows("SELECT actor FROM journal WHERE subject = ?", f"unit:{id}")
            assert actors == [("commander",)]

        refused = await client.post("/api/units", json={"call_sign": "Naga 2", "kind": "ship"})
        assert (refused.status_code, refused.json()["error"]) == (422, "bad_field")
        assert (await client.get("/api/users")).status_code == 403
        assert refused.headers["content-security-policy"]
        async with httpx.AsyncClient(base_url=second.url) as stranger:
            for method, path in routes():
                if (method, path) not in PUBLIC:
                    kept_out = await stranger.request(method, re.sub(r"{[^}]+}", "x", path))
                    assert kept_out.status_code == 401, f"{method} {path}: {kept_out.text}"
            looked = await stranger.post("/api/enrolment/look", json={"code": "guess"})
            assert (looked.status_code, looked.json()["error"]) == (401, "sign_in_refused")
        async with httpx.AsyncClient(base_url=second.url, cookies={COOKIE: cookie}) as other:
            units = (await other.get("/api/units")).json()
            assert "Naga 1" in json.dumps(units)
            assert (await other.get("/api/agencies")).status_code == 200


async def test_a_viewer_whose_web_process_is_killed_goes_on_at_another_without_a_gap(
    node: Node,
) -> None:
    await node.up()
    first, second = node.webs
    async with node.signed_in(second) as client:
        cookie = client.cookies.get(COOKIE) or ""
        async with Live(first.url, cookie) as live:
            began = await live.until("snapshot")
            node.say()
            body = await heard(live, node.lon)
            first.signal(signal.SIGKILL)
            await first.ended()
        said = []
        for _ in range(3):
            node.say()
            said.append(node.lon)
        query = f"?stream={began['stream']}&since={body['seq']}"

        async def goes_on(web: Process) -> None:
            async with Live(web.url, cookie, query) as live:
                number, left = body["seq"], set(said)
                while left:
                    frame = await live.until("change")
                    number += 1
                    assert frame["seq"] == number  # no snapshot came between: `until` skips one
                    left -= {round(fix["lon"], 5) for fix in frame.get("fixes", ())}

        await goes_on(second)
        await node.up()
        await goes_on(first)


async def test_a_watch_that_was_stopped_past_its_lease_commits_nothing_when_it_goes_on(
    node: Node,
) -> None:
    await node.up()
    old = node.watch
    new = next(each for each in node.watches if each is not old)
    web = node.webs[0]
    (epoch,) = node.rows("SELECT epoch FROM leases")[0]
    async with node.signed_in(web) as client:
        cookie = client.cookies.get(COOKIE) or ""
        async with Live(web.url, cookie) as live:
            await live.until("snapshot")
            await node.freeze(old)
            stopped = time.monotonic()
            node.say()  # the broker hands this to the one that is stopped
            with pytest.raises(ConnectionClosedError, match="1013"):
                await until_closed(live)
            assert time.monotonic() - stopped < 5.0
        async with Live(web.url, cookie) as waiting:  # comes again, and is let in when there is one
            await waiting.until("snapshot")
        answer = await client.get("/api/units")
        assert answer.status_code in (200, 503), answer.text
        await new.until("ok")
        node.say()
        await web.until("ok")
        answer = await client.post("/api/units", json={"call_sign": "Naga 3", "kind": "boat"})
        assert answer.status_code == 201, answer.text
        lines = len(node.rows("SELECT seq FROM journal WHERE act <> 'digest receptions'"))
        assert "another process keeps its journal here" in new.log()  # told, and no hindrance
        old.signal(signal.SIGCONT)
        assert await old.ended() == LOST
        assert f"the lease of epoch {epoch} is lost" in old.log()
        assert node.rows("SELECT epoch FROM leases") == [(epoch + 1,)]
        end = time.monotonic() + 10
        while (stored := node.stored()) and time.monotonic() < end:
            if all(any(f'"p-{n}"' in each for each in stored) for n in range(1, node.said + 1)):
                break
            await asyncio.sleep(0.1)
        for number in range(1, node.said + 1):
            assert sum(f'"p-{number}"' in each for each in stored) == 1, (number, stored)
        assert len(node.rows("SELECT seq FROM journal WHERE act <> 'digest receptions'")) == lines
        assert (await client.get("/api/units")).status_code == 200
    await node.up()  # what the service manager does: it comes back, as the standby
    assert old.health() == "standby"
    end = time.monotonic() + 60
    while "journal_goes_on" not in new.log():  # the folder is free, and this one's from now on
        assert time.monotonic() < end, new.log()[-4000:]
        node.say()
        await asyncio.sleep(0.5)


async def test_without_a_broker_or_watch_users_are_reported_so_and_may_still_sign_in(
    node: Node,
) -> None:
    await node.up()
    web = node.webs[1]
    async with node.signed_in(web) as client:

        async def told_when(killed: Callable[[], None]) -> None:
            async with Live(web.url, client.cookies.get(COOKIE) or "") as live:
                await live.until("snapshot")
                killed()
                since = time.monotonic()
                with pytest.raises(ConnectionClosedError, match="1013"):
                    await until_closed(live)
                assert time.monotonic() - since < 5.0

        await told_when(node.broker.kill)
        assert (await client.get("/api/units")).json()["error"] == "watch_away"
        node.broker.start()
        await web.until("ok")
        assert (await client.get("/api/units")).status_code == 200

        def kill_watches() -> None:
            for process in node.watches:
                process.signal(signal.SIGKILL)

        await told_when(kill_watches)
        answer = await client.get("/api/units")
        assert (answer.status_code, answer.json()["error"]) == (503, "watch_away")
        assert answer.headers["retry-after"]
        assert (await client.get("/api/session")).json()["user"] == "commander"
        assert (await client.get("/sign-in")).status_code in (200, 503)  # 503: no client is built
        async with node.signed_in(web) as again:
            assert again.cookies.get(COOKIE)
            assert (await again.delete("/api/session")).status_code == 204
        assert web.health() == "degraded"
