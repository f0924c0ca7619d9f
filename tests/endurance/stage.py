"""The stage: `joint-patrol serve`, Mosquitto and `radio-gateway run`, each a process of its own.

They are started as people start them, with the configuration that ships in `deploy/mosquitto`. All
units, users and phones are there before the node starts; nothing but reports comes in later.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import Connection

from maps.accounts.account_services import open_account_services
from maps.settings.settings import read_settings
from patrol.store.records import registry
from patrol.store.store import open_store
from patrol.units.units import Assignment, Unit
from tests.endurance.fleet import WAYS, Fleet
from tests.endurance.networks import GatewayNetwork
from tests.endurance.node import ROLES, Node
from tests.endurance.senders import Endpoints
from tests.fixtures.broker import Mosquitto
from tests.fixtures.ports import free_port
from tests.fixtures.server import PASSWORD
from tests.radio_gateway.uplink.gateways import key_file

GATEWAY: Final = "gw-1"
FORWARDER: Final = "fleet"
JUNK_KEY: Final = "junk"
"""A phone that has a good key and says nothing but nonsense."""

_MAY_WRITE: Final = f"\nuser {FORWARDER}\ntopic write joint-patrol/v1/position/+\n"


class GatewayProcess:
    """`radio-gateway run` in a folder of its own.

    Attributes:
        folder: Its folder.
        spool: The file of its spool.
    """

    def __init__(self, folder: Path, network: GatewayNetwork | None) -> None:
        self.folder, self._network = folder, network
        self.folder.mkdir()
        self.public = key_file(folder / "key")
        self.spool = folder / "spool.db"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = ""

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / "log"

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        return self._process.pid

    def configure(self, settings: str) -> None:
        """Write its settings; `{spool}` stands for the spool's path."""
        self._settings = settings

    def start(self, *, environment: dict[str, str] | None = None) -> None:
        """Start it; it listens soon."""
        text = self._settings.replace("{spool}", str(self.spool))
        (self.folder / "gateway.toml").write_text(text, encoding="utf-8")
        inside = [] if self._network is None else self._network.inside
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*inside, sys.executable, "-m", "radio_gateway", "run"],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env=os.environ
                | {"PYTHONPATH": str(Path(__file__).parents[2])}
                | (environment or {}),
            )

    def kill(self) -> None:
        """Kill -9, as a power cut would; no effect if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        """Stop it as a service manager would; no effect if it does not run."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
            self._process = None


class Stage:
    """All processes of one run.

    Args:
        folder: Where everything goes; should be empty.
        fleet: Who reports.
        lines: Device of each serial way.
        network: Where the gateway is, if it is behind a network of its own; None: on loopback.
        store: SQLAlchemy URL of the store; None: a file in `folder`.
        apart: The node's parts are processes of their own, with a standby.

    Attributes:
        broker: The broker.
        node: The node.
        gateway: The gateway.
        network: As given.
    """

    def __init__(
        self,
        folder: Path,
        fleet: Fleet,
        lines: dict[str, str],
        *,
        network: GatewayNetwork | None = None,
        store: str | None = None,
        apart: bool = False,
    ) -> None:
        self.folder, self.fleet, self.network = folder, fleet, network
        self._ports = {way.name: _free_port(way.name) for way in WAYS}
        self.broker = Mosquitto(
            folder / "mosquitto", users=("node", GATEWAY, FORWARDER), acl=_MAY_WRITE
        )
        host = "127.0.0.1" if network is None else network.gateway
        uplink = self.broker.port
        if network is not None:
            uplink = network.broker_port
            (folder / "mosquitto" / "etc" / "conf.d" / "link.conf").write_text(
                f"listener {uplink} {network.node}\nmax_connections 100\n", encoding="utf-8"
            )
        node_key = key_file(folder / "node.key")
        self.gateway = GatewayProcess(folder / GATEWAY, network)
        self.node = Node(
            folder,
            channels=self._node_channels(lines, self.gateway.public),
            store=store,
            broker=(self.broker.port, self.broker.passwords["node"]) if apart else None,
        )
        self.gateway.configure(
            self._gateway_settings(lines, host, node_key, uplink, network is not None)
        )
        self._host = host
        self._keys: dict[int, str] = {}
        self._junk_key = ""

    def open(self) -> Endpoints:
        """Make units and phones, start everything; return where reports go."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, self._register()).result()
        self.broker.start()
        self.node.start()
        self.gateway.start()
        return Endpoints(
            node="127.0.0.1",
            gateway=self._host,
            ports=self._ports | {"http": self.node.port},
            keys=self._keys,
            broker_port=self.broker.port,
            broker_user=FORWARDER,
            broker_password=self.broker.passwords[FORWARDER],
        )

    @property
    def junk_key(self) -> str:
        """Device key of the phone that says nonsense."""
        return self._junk_key

    def sessions(self) -> dict[str, str]:
        """Sign in once as each role; return the sessions."""
        found = {}
        for role in ROLES:
            with self.node.client(role) as client:
                found[role] = client.cookies["jp_session"]
        return found

    def close(self) -> None:
        """Stop everything."""
        self.gateway.stop()
        self.node.stop()
        self.broker.stop()

    def client(self) -> httpx.Client:
        """Return a client that may read the metrics and nothing else."""
        return httpx.Client(
            base_url=self.node.url,
            headers={"Authorization": f"Bearer {self.node.token}"},
            timeout=5,
        )

    async def _register(self) -> None:
        since = datetime.now(UTC) - timedelta(hours=3)
        fleet = self.fleet

        def units(connection: Connection) -> None:
            for boat in range(fleet.boats):
                unit = Unit(
                    id=fleet.unit(boat), call_sign=f"Boat {boat}", kind="boat", agency="joint",
                    country="LA", expected_interval_s=60.0, origin="test-node",
                )  # fmt: skip
                registry.put_unit(connection, unit)
                assignment = Assignment(
                    id=f"a{boat:031x}", address=fleet.address(boat), unit=unit.id, start=since,
                    agency="joint", origin="test-node",
                )  # fmt: skip
                registry.put_assignment(connection, assignment)

        store = open_store(self.node.store_url)
        try:
            await store.write(units)
        finally:
            await store.close()
        async with open_account_services(read_settings(self.node.config)) as accounts:
            for boat in fleet.boats_of("http"):
                key = await accounts.people.add_device(fleet.name(boat), "joint")
                self._keys[boat] = key
            self._junk_key = await accounts.people.add_device(JUNK_KEY, "joint")

    def _node_channels(self, lines: dict[str, str], gateway_key: str) -> str:
        broker, ports = self.broker, self._ports
        login = f'username = "node"\npassword = "{broker.passwords["node"]}"'
        return f"""
[uplink]
url = "mqtt://127.0.0.1:{broker.port}"
{login}
key_file = "node.key"

[[gateways]]
id = "{GATEWAY}"
key = "{gateway_key}"

[[channels]]
name = "tcp"
url = "tcp-listen://127.0.0.1:{ports["tcp"]}"
protocols = ["nmea0183"]

[[channels]]
name = "udp"
url = "udp://127.0.0.1:{ports["udp"]}"
protocols = ["cot"]

[[channels]]
name = "serial"
url = "serial://{lines["serial"]}?baud=115200"
protocols = ["nmea0183"]

[[channels]]
name = "mqtt"
url = "mqtt://127.0.0.1:{broker.port}?topic=joint-patrol/v1/position/%2B&client_id=node-fleet"
protocols = ["position_json"]
{login}
"""

    def _gateway_settings(
        self, lines: dict[str, str], host: str, node_key: str, uplink: int, far: bool
    ) -> str:
        broker_host = "127.0.0.1" if not far or self.network is None else self.network.node
        channels = "\n".join(
            f'[[channels]]\nname = "{way.name}"\nurl = "{self._url(way.name, host, lines)}"\n'
            f'protocols = ["{way.protocol}"]\n'
            for way in WAYS
            if way.by_gateway
        )
        return f"""
[gateway]
id = "{GATEWAY}"
spool = "{{spool}}"

[uplink]
url = "mqtt://{broker_host}:{uplink}"
username = "{GATEWAY}"
password = "{self.broker.passwords[GATEWAY]}"
key_file = "key"
node_key = "{node_key}"

{channels}
"""

    def _url(self, name: str, host: str, lines: dict[str, str]) -> str:
        if name in lines:
            return f"serial://{lines[name]}?baud=115200"
        scheme, options = {
            "gw-http": ("http-listen", "?open=1"),
            "gw-osmand": ("http-listen", "?open=1"),
            "gw-tcp": ("tcp-listen", ""),
            "gw-udp": ("udp", ""),
        }[name]
        return f"{scheme}://{host}:{self._ports[name]}{options}"


def sign_in(node: Node, role: str) -> httpx.Client:
    """Return a client signed in as `role`, to be closed by the caller."""
    client = httpx.Client(base_url=node.url, headers={"Origin": node.url}, timeout=5)
    answer = client.post("/api/session", json={"name": role, "password": PASSWORD})
    answer.raise_for_status()
    return client


def _free_port(name: str) -> int:
    return free_port(socket.SOCK_DGRAM if name.endswith("udp") else socket.SOCK_STREAM)
