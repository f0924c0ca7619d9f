"""Two agencies in one server, one on each bank, and what they do over HTTP while a page is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.fixtures.server import PASSWORD, Server

LAO, THAI = "la-hx", "th-ck"
LAO_NAME, THAI_NAME = "Houay Xai border police", "Chiang Khong police"
OFFICERS = {
    "somchai": (LAO, "commander"),
    "kham": (LAO, "liaison"),
    "vanh": (LAO, "observer"),
    "somsak": (LAO, "crew"),
    "malee": (THAI, "commander"),
    "chai": (THAI, "liaison"),
}
"""Name, agency, role."""

_AGENCIES = f"""
[[agencies]]
id = "{LAO}"
name = "{LAO_NAME}"
country = "LA"
blos = ["LA-HXI"]

[[agencies]]
id = "{THAI}"
name = "{THAI_NAME}"
country = "TH"
blos = ["TH-CKG"]
"""
LAO_SIDE = {"lon": 100.41417, "lat": 20.27053, "accuracy_m": 20, "speed_mps": 8, "course_deg": 215}
THAI_SIDE = {
    "lon": 100.40284,
    "lat": 20.26874,
    "accuracy_m": 20,
    "speed_mps": 8,
    "course_deg": 215,
}


class Banks:
    """A running server of both agencies.

    Args:
        server: The server, its officers known to it.
        clients: Signed in, by the officer's name.
    """

    def __init__(self, server: Server, clients: dict[str, httpx.Client]) -> None:
        self.server, self._clients = server, clients

    def post(self, name: str, path: str, body: Any = None) -> Any:
        """Have an officer post to the server; it must agree."""
        client, said = self._clients[name], {} if body is None else body
        answer = client.post(path, json=said)
        if answer.status_code == 401:  # the tests before took longer than a proof is good for
            client.post("/api/session/proof", json={"password": PASSWORD}).raise_for_status()
            answer = client.post(path, json=said)
        assert answer.is_success, answer.text
        return answer.json()

    def patch(self, name: str, path: str, body: Any) -> Any:
        """Have an officer change something on the server; it must agree."""
        answer = self._clients[name].patch(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def put(self, name: str, path: str, body: Any) -> Any:
        """Have an officer replace something on the server; it must agree."""
        answer = self._clients[name].put(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, name: str, path: str) -> Any:
        """Return what the server tells an officer."""
        answer = self._clients[name].get(path)
        assert answer.is_success, answer.text
        return answer.json()

    def agree(self, *classes: str) -> str:
        """Bring an agreement on some classes of data into force and return its id."""
        now = datetime.now(UTC)
        terms = {
            "name": "Golden Triangle joint patrols",
            "purposes": ["safety of crews"],
            "classes": list(classes),
            "valid_from": (now - timedelta(hours=1)).isoformat(),
            "valid_until": (now + timedelta(days=30)).isoformat(),
        }
        drafted = self.post("kham", "/api/agreements", {"terms": terms, "agencies": [LAO, THAI]})
        path = f"/api/agreements/{drafted['id']}"
        version = self.post("kham", f"{path}/propose")["version"]
        for name in ("kham", "chai"):
            self.post(name, f"{path}/sign", {"version": version})
        return str(drafted["id"])

    def boat(self, name: str, call_sign: str, country: str, *, lon: float, lat: float) -> str:
        """Register a boat of an officer's agency, plot it, and return its id."""
        made = self.post(
            name, "/api/units", {"call_sign": call_sign, "kind": "boat", "country": country}
        )
        self.post(name, f"/api/units/{made['id']}/plot", {"lon": lon, "lat": lat})
        return str(made["id"])

    def calls_for_help(self, name: str, unit: str, *, lon: float, lat: float) -> None:
        """Have a phone of an officer's agency call for help, and stand for a unit."""
        device = f"phone-{unit[:6]}"
        report = {"device": device, "lon": lon, "lat": lat, "distress": True}
        address = f"position_json:{device}"
        self.post(name, "/api/assignments", {"address": address, "unit": unit})
        self.post(name, "/api/positions", report)

    def offered(self, name: str) -> dict[str, Any]:
        """Have the Lao commander follow a target across the river; return the offer of it."""
        body = {
            "what": "vessel",
            "name": name,
            "description": "8 m, one engine, no lights",
            "sighting": LAO_SIDE,
        }
        made = self.post("somchai", "/api/targets", body)
        answer = self.post("somchai", f"/api/targets/{made['id']}/sightings", THAI_SIDE)
        assert answer["state"] == "offered"
        [offer] = [
            each for each in self.get("malee", "/api/hand-offs") if each["target"] == made["id"]
        ]
        return dict(offer)


@contextmanager
def two_banks(folder: Path, *, channels: str = "") -> Iterator[Banks]:
    """Run the server, with every officer signed in to it."""
    server = Server(folder, channels=_AGENCIES + channels, roles=())
    server.add_users((name, role, agency) for name, (agency, role) in OFFICERS.items())
    server.start()
    clients: dict[str, httpx.Client] = {}
    try:
        for name in OFFICERS:
            client = httpx.Client(base_url=server.url, headers={"Origin": server.url}, timeout=30)
            clients[name] = client
            answer = client.post("/api/session", json={"name": name, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
        yield Banks(server, clients)
    finally:
        for client in clients.values():
            client.close()
        server.stop()
