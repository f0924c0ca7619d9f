"""The demo: a patrol that moves over serial, UDP and MQTT, on loopback only, and cleans up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psutil
import pytest

from maps.demo import fleet
from maps.demo.fleet import CAST
from maps.demo.story import patrol_name
from tests.fixtures.server import wait_for
from tests.maps.demo.demo_process import Demo, demo

pytestmark = pytest.mark.system

ROLES = {"commander", "planner", "crew", "liaison", "technician", "admin", "observer"}
ACROSS = {"ck-commander", "ck-liaison", "ck-crew"}


def places(client: httpx.Client) -> dict[str, tuple[float, float]]:
    """Return where each unit is, by call sign."""
    return {
        unit["call_sign"]: (unit["last"]["lon"], unit["last"]["lat"])
        for unit in client.get("/api/units").json()
        if unit.get("last")
    }


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all who only look; at the end it says nothing and leaves nothing."""
    folder = tmp_path_factory.mktemp("demo")
    with demo(folder) as running:
        yield running
        assert running.stop() == (0, "")
        assert list(folder.iterdir()) == []


def test_units_move_by_serial_udp_and_mqtt_through_real_ports(shown: Demo) -> None:
    assert set(shown.links) == ROLES | ACROSS
    with shown.client("commander") as client:
        names = {actor.call_sign for actor in CAST if actor.call_sign is not None}
        wait_for("every unit", lambda: places(client).keys() == names)
        first = places(client)
        moving = {"Naga 1", "Naga 2", "Khong 1", "Khong 2"}

        def moved() -> bool:
            now = places(client)
            return all(now[name] != first[name] for name in moving)

        wait_for("boats to move by every radio", moved)
        history = client.get("/api/tracks", params={"hours": 1}).json()["features"]
        times = [time for each in history for time in each["properties"]["times"]]
        assert min(times) < (datetime.now(UTC) - timedelta(minutes=25)).isoformat()
        unknown = client.get("/api/radios/unknown").json()
        assert {radio["state"]["call_sign"] for radio in unknown} == {
            "MEKONG TRADER",
            "PAKBENG SLOWBOAT",
            "HONG DA 6",
        }

        def states() -> set[str]:
            return {each["state"] for each in client.get("/api/channels").json()}

        wait_for("every channel to be open", lambda: states() == {"open"})
        urls = [each["url"] for each in client.get("/api/channels").json()]
        assert {url.partition(":")[0] for url in urls} - {""} == {"serial", "udp", "mqtt"}
    addresses = {
        connection.laddr.ip
        for connection in psutil.Process(shown.process.pid).net_connections("inet")
    }
    assert addresses == {"127.0.0.1"}


def test_each_link_signs_in_once_in_its_role(shown: Demo) -> None:
    for role in ROLES:
        with shown.client(role) as client:
            assert client.get("/api/session").json()["role"] == role
    again = httpx.post(f"{shown.url}/api/session/link", json={"token": shown.links["crew"]})
    assert again.status_code == 401
    foreign = httpx.get(f"{shown.url}/sign-in", headers={"host": "evil.example"})
    assert foreign.status_code == 421


def test_a_crews_phone_of_each_side_is_on_its_boat(shown: Demo) -> None:
    assert shown.phones.keys() == {"Naga 2", "Khong 1"}
    for boat, code in shown.phones.items():
        enrolled = httpx.post(f"{shown.url}/api/enrolment", json={"code": code})
        assert enrolled.is_success, enrolled.text
        key = {"authorization": f"Bearer {enrolled.json()['key']}"}
        body = httpx.get(f"{shown.url}/api/crew", headers=key).json()
        assert body["unit"]["call_sign"] == boat


def test_a_given_folder_keeps_the_records_and_is_taken_up_again(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    for _ in range(2):
        with demo(tmp_path, "--folder", str(folder)) as running:
            with running.client("commander") as client:
                wait_for("the boats", lambda: len(places(client)) == 9)
                units = client.get("/api/units").json()
            assert len({unit["call_sign"] for unit in units}) == len(units) == 9
            assert running.stop() == (0, "")
    assert (folder / "joint-patrol.db").is_file()


def test_the_replay_is_shown_to_both_offices(tmp_path: Path) -> None:
    with demo(tmp_path, "--speed", "5") as running:
        with running.client("commander") as here, running.client("ck-commander") as across:

            def under_way() -> list[dict[str, Any]]:
                body = here.get("/api/patrols").json()
                return [each for each in body if each.get("state") == "under way"]

            [patrol] = wait_for("the patrol", under_way)
            begun = datetime.fromisoformat(patrol["starts_at"]) + timedelta(minutes=5)
            assert patrol["name"] == patrol_name(begun.astimezone(ZoneInfo(fleet.TIME_ZONE)))

            def planned() -> list[dict[str, Any]]:
                body = here.get("/api/patrols").json()
                return [each for each in body if each["id"] != patrol["id"]]

            [next_one] = wait_for("the next one", planned)
            morning = datetime.fromisoformat(next_one["starts_at"])
            assert next_one["name"] == "Morning patrol"
            assert morning.astimezone(ZoneInfo(fleet.TIME_ZONE)).hour == 6
            texts = {
                name: _writes(client, name)
                for client, name in ((here, "Naga 2"), (across, "Khong 1"))
            }
            assert len(here.get("/api/sectors").json()) == 3
            [offer] = wait_for("the offer", lambda: across.get("/api/hand-offs").json())
            assert offer["to"] == fleet.CHIANG_KHONG
            assert "Naga 1" in places(across)
            for client, name in ((here, "Naga 2"), (across, "Khong 1")):
                path = f"/api/orders/{texts[name]}"

                def state(client: httpx.Client = client, path: str = path) -> str:
                    return str(client.get(path).json()["state"])

                wait_for(f"{name} to have it", lambda state=state: state() == "acknowledged")
        proof = subprocess.run(
            [sys.executable, "-m", "maps", *running.proves], capture_output=True, text=True
        )
        assert proof.returncode == 0, proof.stderr
        assert "rows of the journal, the last at" in proof.stdout
        code, err = running.stop()
        assert code == 0
        assert {json.loads(line)["event"] for line in err.splitlines()} == {"order"}, "the texts"


def _writes(client: httpx.Client, call_sign: str) -> str:
    """Have a text sent to a boat, once its radio has been heard; return the order's id."""

    def sent() -> str | None:
        units = {each["call_sign"]: each["id"] for each in client.get("/api/units").json()}
        order = {"kind": "text", "unit": units[call_sign], "text": "Return to the pier"}
        answer = client.post("/api/orders", json=order)
        return str(answer.json()["id"]) if answer.status_code == 201 else None

    return str(wait_for(f"a radio of {call_sign} that takes texts", sent))
