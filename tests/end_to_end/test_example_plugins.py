"""The example package of plug-ins, installed from its folder, at work in a real `serve`."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import reduce
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from operator import xor
from typing import Any

import pytest

from tests.fixtures.plugin_environment import ROOT, fresh_environment, packages_of
from tests.fixtures.plugin_packages import on_the_path
from tests.fixtures.server import Server, wait_for

pytestmark = pytest.mark.system

EXAMPLE = ROOT / "docs" / "plugins" / "example-package"
TOKEN = "the token of the gateway"
TABLES = """
[plugins]
allowed = ["joint-patrol-example"]

[[channels]]
name = "receiver"
url = "pipe://{pipe}"
protocols = ["nmea0183"]

[[delivery]]
name = "duty telephone"
agency = "joint"
role = "commander"
way = "sms"
to = ["+8562055501234"]

[notifications.sms]
url = "http://127.0.0.1:{port}/v1"
secret_file = "token"
allow = ["127.0.0.0/8"]
"""


def sentence() -> bytes:
    """Return a position of now at 60 knots."""
    now = datetime.now(UTC)
    body = f"GPRMC,{now:%H%M%S},A,2016.60,N,10024.60,E,60.0,90.0,{now:%d%m%y},,"
    return f"${body}*{reduce(xor, body.encode()):02X}\r\n".encode()


class SmsGateway(ThreadingHTTPServer):
    """The gateway that the example knows.

    Attributes:
        sent: What it was asked to send.
        keys: With which keys.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent: list[dict[str, Any]] = []
        self.keys: list[str | None] = []


class _Handler(BaseHTTPRequestHandler):
    server: SmsGateway

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        self.server.sent.append(json.loads(self.rfile.read(length)))
        self.server.keys.append(self.headers["authorization"])
        answer = json.dumps({"status": "queued", "id": f"sms-{len(self.server.sent)}"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def gateway() -> Iterator[SmsGateway]:
    with SmsGateway() as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, gateway: SmsGateway) -> Iterator[Server]:
    environment = tmp_path_factory.mktemp("environment")
    python = fresh_environment(environment, EXAMPLE)
    folder = tmp_path_factory.mktemp("node")
    (folder / "token").write_text(TOKEN)
    os.mkfifo(folder / "receiver")
    tables = TABLES.format(pipe=folder / "receiver", port=gateway.server_port)
    with on_the_path(packages_of(environment)):  # its settings are read here, to add users
        server = Server(folder, channels=tables, roles=("commander", "technician"))
    server.python = str(python)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_all_kinds_are_listed_and_run(node: Server) -> None:
    with node.client("technician") as client:
        listed = client.get("/api/plugins").json()
    found = [each for each in listed if each["package"] == "joint-patrol-example"]
    assert {(each["kind"], each["name"], each["state"], each.get("fault")) for each in found} == {
        ("notifications", "sms", "running", None),
        ("reports", "roll-call", "running", None),
        ("rules", "too_fast", "running", None),
        ("transports", "pipe", "running", None),
    }


def test_what_comes_through_the_pipe_rings_by_the_rule_and_is_sent_by_sms(
    node: Server, gateway: SmsGateway
) -> None:
    with node.client("commander") as client:
        unit = client.post("/api/units", json={"call_sign": "Naga 1", "kind": "boat"})
        assert unit.status_code == 201, unit.text
        body = {"address": "nmea0183:@receiver", "unit": unit.json()["id"]}
        assert client.post("/api/assignments", json=body).status_code == 201
        with (node.folder / "receiver").open("wb", buffering=0) as pipe:

            def rings() -> Any:
                pipe.write(sentence())
                alerts = client.get("/api/alerts").json()
                return next((each for each in alerts if each["rule"] == "too_fast"), None)

            alert = wait_for("the alert", rings, every=0.5)
        assert alert["facts"]["call_sign"] == "Naga 1"
        wait_for("an SMS", lambda: gateway.sent)
        sent = next(each for each in gateway.sent if "too fast" in each["text"])
        assert sent["to"] == "+8562055501234"
        assert "Naga 1" in sent["text"]
        assert gateway.keys[0] == f"Bearer {TOKEN}"

        def settled() -> Any:
            found = client.get("/api/deliveries", params={"alert": alert["id"]}).json()
            return next((each for each in found if each.get("state") == "sent"), None)

        delivery = wait_for("the delivery", settled)
    assert (delivery["way"], delivery["message"][:4]) == ("sms", "sms-")
    assert TOKEN not in node.log.read_text()


def test_the_report_is_made(node: Server) -> None:
    with node.client("commander") as client:
        offered = {each["name"]: each for each in client.get("/api/reports").json()}
        assert offered["roll-call"]["formats"] == ["html", "xlsx"]
        now = datetime.now(UTC)
        span = {"start": (now - timedelta(hours=1)).isoformat(), "end": now.isoformat()}
        asked = client.post("/api/report-jobs", json={"report": "roll-call", **span})
        assert asked.status_code == 202, asked.text
        job = f"/api/report-jobs/{asked.json()['id']}"
        wait_for("the report", lambda: client.get(job).json()["state"] == "made")
        assert "Roll call" in client.get(f"{job}/file").text


def test_check_tries_its_receivers(node: Server) -> None:
    said = {}
    for to in ("+8562055501234", "duty officer"):
        file = node.folder / "other.toml"
        file.write_text(node.config.read_text().replace("+8562055501234", to))
        command = [node.python, "-m", "maps", "check", "--config", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        text = done.stdout + done.stderr
        said[to] = [each for each in text.splitlines() if "duty telephone" in each]
    assert said["+8562055501234"] == []
    (fault,) = said["duty officer"]
    assert "delivery.duty telephone.to: duty officer: is no telephone number" in fault
