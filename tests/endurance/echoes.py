"""Echoes: feeds and channels of one node on the same hubs, a real taky and a real Signal K server.

The channel reaches taky through a relay at another port, so that addresses give nothing away; what
Signal K brings back comes as sentences and as deltas.

Boats report by AIS and by TAK, then most of them stop; one calls for help. What the hubs bring back
must keep none of them alive, ring nothing and make no radio, and what says the same again itself
must stay alive.

    python -m tests.endurance.echoes --minutes 10
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from tests.benchmarks.environments import cache_folder, node_package
from tests.benchmarks.targets.taky import Taky
from tests.benchmarks.targets.target import end_process, launch, wait_for_port
from tests.browser.radio import UdpRadio
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, serving, wait_for

SIGNALK: Final = "signalk-server@2"

MOORED, STOPPED = 574000001, (574000002, 574000003)
"""MMSI of a boat that says the same again and again, and of those that stop after a while."""

CLIENT: Final = "ANDROID-echo"
EVERY_S: Final = 5.0
"""From one report of a boat to its next."""

SLACK: Final = timedelta(seconds=3)

_CHANNELS = """
[[channels]]
name = "taky"
url = "tcp://127.0.0.1:{relay}"
protocols = ["cot", "tak"]

[[feeds]]
name = "to-taky"
url = "tcp://127.0.0.1:{taky}"
speaks = "cot"
agency = "joint"
role = "commander"
"""
_SIGNALK = """
[[channels]]
name = "hub"
url = "tcp://127.0.0.1:{out}"
protocols = ["nmea0183"]

[[channels]]
name = "deltas"
url = "ws://127.0.0.1:{web}/signalk/v1/stream?subscribe=all&sendCachedValues=false"
protocols = ["signalk"]

[[feeds]]
name = "to-the-hub"
url = "udp://127.0.0.1:{into}"
speaks = "ais"
agency = "joint"
role = "commander"
"""


@dataclass
class Result:
    """What came of a run.

    Attributes:
        heard_back: Messages of each feed that its hub brought back.
        false_life_s: Seconds by which a boat that stopped seemed to live on, by call sign.
        calls: Call for help alerts that were raised.
        strangers: Radios that nobody has registered and that none of the boats is.
        names: Names that grew.
        moored_age_s: Greatest age of the boat that says the same again and again.
        renamed: Events under the TAK client's uid that the server passed on and it did not write.
    """

    heard_back: dict[str, int] = field(default_factory=dict)
    false_life_s: dict[str, float] = field(default_factory=dict)
    calls: int = 0
    strangers: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    moored_age_s: float = 0.0
    renamed: int = 0

    @property
    def passed(self) -> bool:
        """Whether everything came back and nothing of it was believed."""
        life = max(self.false_life_s.values(), default=0.0)
        wrong = self.strangers or self.names or self.renamed
        alive = self.moored_age_s <= 4 * EVERY_S
        believed = life > 0 or self.calls != 1 or not alive or wrong
        return all(self.heard_back.values()) and not believed


class TakClient:
    """Another client of the TAK server: it speaks by a socket, and reads what it is sent."""

    def __init__(self, port: int, uid: str) -> None:
        self._uid, self._socket = uid, socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setblocking(False)
        self.read = b""

    def says(self, lon: float, lat: float) -> None:
        """Tell where it is."""
        now = datetime.now(UTC)
        at, stale = f"{now:%FT%T}.000Z", f"{now + timedelta(minutes=5):%FT%T}.000Z"
        self._socket.sendall(
            (
                f'<event version="2.0" uid="{self._uid}" type="a-f-G-U-C" time="{at}" start="{at}"'
                f' stale="{stale}" how="m-g"><point lat="{lat}" lon="{lon}" hae="140.0" ce="8.0"'
                ' le="9999999.0"/><detail><contact callsign="TAK BOAT" endpoint="*:-1:stcp"/>'
                '<__group role="Team Member" name="Cyan"/></detail></event>'
            ).encode()
        )

    def listen(self) -> None:
        """Read what has come."""
        try:
            while data := self._socket.recv(65536):
                self.read += data
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Go."""
        self._socket.close()


@contextmanager
def taky() -> Iterator[int]:
    """Yield the port of a running taky."""
    server = Taky()
    server.prepare(cache_folder(os.environ.get("JOINT_PATROL_BENCH_CACHE")), viewers=0)
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield server.start(Path(folder)).feed_port
        finally:
            server.stop()


@contextmanager
def relay(port: int) -> Iterator[int]:
    """Yield a port of this machine at which another one is reached, too."""

    def pass_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, _ = door.accept()
                far = stack.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                far.settimeout(None)
                stack.enter_context(near)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=pass_on, args=ends, daemon=True).start()

    with ExitStack() as stack:
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            thread.join(10)


@contextmanager
def signalk() -> Iterator[tuple[int, int, int]]:
    """Yield the ports of a running Signal K server: into which datagrams go, where sentences of
    NMEA 0183 come out, and of the web.
    """
    cache = cache_folder(os.environ.get("JOINT_PATROL_BENCH_CACHE"))
    package = node_package(cache / "signalk", "signalk-server", SIGNALK)
    web, out, into = free_port(), free_port(), free_port(socket.SOCK_DGRAM)
    options = {"type": "udp", "port": str(into), "sentenceEvent": "nmea0183"}
    provider = {
        "id": "patrol",
        "enabled": True,
        "pipeElements": [
            {
                "type": "providers/simple",
                "options": {"type": "NMEA0183", "logging": False, "subOptions": options},
            }
        ],
    }
    with tempfile.TemporaryDirectory() as folder:
        settings = {"interfaces": {"nmea-tcp": True, "mdns": False}, "pipedProviders": [provider]}
        Path(folder, "settings.json").write_text(json.dumps(settings), encoding="utf-8")
        env = dict(os.environ, PORT=str(web), NMEA0183PORT=str(out), TCPSTREAMPORT=str(free_port()))
        words = [str(package / "bin" / "signalk-server"), "-c", folder]
        process = launch(words, folder=Path(folder), env=env)
        try:
            wait_for_port(out, process, Path(folder, "output.log"), 120.0)
            yield into, out, web
        finally:
            end_process(process)


def run(
    folder: Path,
    *,
    minutes: float,
    tak_port: int,
    signalk_ports: tuple[int, int, int] | None = None,
) -> Result:
    """Have boats report, stop and call for help beside real hubs, and see what is believed.

    Args:
        folder: Where the node keeps its things.
        minutes: How long; boats stop after a fifth of it.
        tak_port: Of a running taky.
        signalk_ports: Of a running Signal K server, in, out and web; None: none runs.
    """
    result = Result()
    with ExitStack() as stack:
        radio = stack.enter_context(UdpRadio())
        other_way = stack.enter_context(relay(tak_port))
        tables = radio.table + _CHANNELS.format(taky=tak_port, relay=other_way)
        if signalk_ports is not None:
            into, out, web = signalk_ports
            tables += _SIGNALK.format(into=into, out=out, web=web)
        server = stack.enter_context(serving(folder, channels=tables, roles=("commander",)))
        client = stack.enter_context(server.client("commander"))
        other = TakClient(tak_port, CLIENT)
        stack.callback(other.close)
        watcher = TakClient(tak_port, "WATCHER")
        stack.callback(watcher.close)
        _go(result, server, client, radio, other, watcher, minutes)
    return result


def _go(
    result: Result,
    server: Server,
    client: httpx.Client,
    radio: UdpRadio,
    other: TakClient,
    watcher: TakClient,
    minutes: float,
) -> None:
    watcher.says(102.0, 18.0)
    units = {
        f"Boat {mmsi}": _unit(client, f"Boat {mmsi}", f"ais:{mmsi}") for mmsi in (MOORED, *STOPPED)
    }
    units["Tak"] = _unit(client, "Tak", f"cot:{CLIENT}")
    units["Phone"] = _unit(client, "Phone", "position_json:phone-1")
    wait_for("open feeds", lambda: all(each["state"] == "open" for each in _feeds(client)))
    began = time.monotonic()
    stop_s, end_s = minutes * 12, minutes * 60
    stopped_at: datetime | None = None
    called = False
    while (now_s := time.monotonic() - began) < end_s:
        radio.says(MOORED, lon=100.41, lat=20.27, knots=0.0)
        if now_s < stop_s:
            for n, mmsi in enumerate(STOPPED):
                radio.says(mmsi, lon=100.40 + n / 100 + now_s / 1e5, lat=20.28)
            other.says(100.42 + now_s / 1e5, 20.26)
            _post(client, "/api/positions", {"device": "phone-1", "lon": 100.43, "lat": 20.25})
            stopped_at = datetime.now(UTC)
        elif not called:
            called = True
            body = {"device": "phone-1", "lon": 100.43, "lat": 20.25, "distress": True}
            _post(client, "/api/positions", body)
        time.sleep(EVERY_S)
        other.listen()
        watcher.listen()
        if now_s > stop_s:
            _look(result, client, units, stopped_at)
    result.heard_back = {each["name"]: each.get("heard_back", 0) for each in _feeds(client)}
    alerts = client.get("/api/alerts").json()
    result.calls = sum(each["severity"] == "sos" for each in alerts)
    # What the server passes on of the client's own: never under the name that we gave it.
    result.renamed = (other.read + watcher.read).count(b'callsign="Tak"')


def _look(
    result: Result, client: httpx.Client, units: dict[str, str], stopped_at: datetime | None
) -> None:
    assert stopped_at is not None
    now = datetime.now(UTC)
    for state in client.get("/api/units").json():
        name = state["call_sign"]
        if "-Alert" in name:
            result.names.append(name)
        if state["id"] not in units.values():
            if state["id"] not in result.strangers and state["id"] != "cot:WATCHER":
                result.strangers.append(state["id"])
            continue
        last = datetime.fromisoformat(state["last"]["time"])
        if name == f"Boat {MOORED}":
            result.moored_age_s = max(result.moored_age_s, (now - last).total_seconds())
        elif name != "Phone":  # it called for help since
            late = (last - stopped_at - SLACK).total_seconds()
            result.false_life_s[name] = max(result.false_life_s.get(name, late), late)


def _unit(client: httpx.Client, call_sign: str, address: str) -> str:
    made = _post(
        client, "/api/units", {"call_sign": call_sign, "kind": "boat", "expected_interval_s": 30}
    )
    _post(client, "/api/assignments", {"address": address, "unit": made["id"]})
    return str(made["id"])


def _feeds(client: httpx.Client) -> list[dict[str, Any]]:
    answer = client.get("/api/feeds")
    assert answer.is_success, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def _post(client: httpx.Client, path: str, body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def main() -> None:
    """Run it and say what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance.echoes", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="how long")
    parser.add_argument("--without-signalk", action="store_true", help="taky alone")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tak_port = stack.enter_context(taky())
        ports = None if options.without_signalk else stack.enter_context(signalk())
        result = run(folder, minutes=options.minutes, tak_port=tak_port, signalk_ports=ports)
    sys.stdout.write(f"{result}\n{'passed' if result.passed else 'FAILED'}\n")
    sys.exit(0 if result.passed else 1)


if __name__ == "__main__":
    main()
