"""Kill -9 of the server while crews' phones report: what they send until it is taken acts once.

Each phone sends its batch again and again, over whatever the server is doing, until every report of
it is named as taken; then once more. Nothing is lost, and nothing is there twice.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.databases import reading
from tests.fixtures.server import Server, serving

pytestmark = [pytest.mark.system]

PHONES = 6
KILLED_AFTER_S = (0.1, 0.4)


def report(kind: str, **said: Any) -> dict[str, Any]:
    return {"id": uuid4().hex, "kind": kind, "at": datetime.now(UTC).isoformat(), **said}


class Phone:
    """A phone that sends until all of it is taken."""

    def __init__(self, server: Server, client: httpx.Client, number: int) -> None:
        now = datetime.now(UTC)
        unit = _made(client, "/api/units", {"call_sign": f"Naga {number}", "kind": "boat"})["id"]
        patrol = {
            "name": f"Watch {number}",
            "starts_at": (now - timedelta(minutes=1)).isoformat(),
            "ends_at": (now + timedelta(hours=4)).isoformat(),
            "members": [{"unit": unit, "agency": "joint"}],
        }
        id = _made(client, "/api/patrols", patrol)["id"]
        for step, body in (("propose", None), ("sign", {"revision": 1}), ("ready", None)):
            assert client.post(f"/api/patrols/{id}/{step}", json=body).status_code == 200
        device = {"device": f"phone-{number}", "unit": unit}
        code = _made(client, "/api/devices/enrolments", device)["code"]
        with httpx.Client(base_url=server.url) as stranger:
            self.key = stranger.post("/api/enrolment", json={"code": code}).json()["key"]
        self.unit, self.patrol, self._url = unit, id, server.url
        place = {"lon": 100.41 + number / 1000, "lat": 20.27}
        self.batches = [
            [report("sos", **place, text="engine on fire")],
            [
                report("patrol_start", patrol=id),
                *(report("position", lon=100.4 + n / 1e4, lat=20.27) for n in range(20)),
                report("check_in", patrol=id),
                report("sighting", what="vessel", name=f"grey boat {number}", sighting={**place}),
                report("incident", category="drugs", when=now.isoformat(), **place),
                report("text", text="all well"),
                report("patrol_end", patrol=id, note="dark"),
            ],
        ]
        self.taken: set[str] = set()
        self.refused: list[Any] = []

    def send(self) -> None:
        """Send every batch until all of it is taken, and then once more."""
        with httpx.Client(
            base_url=self._url, headers={"authorization": f"Bearer {self.key}"}, timeout=5
        ) as client:
            for batch in self.batches:
                expected, last = {each["id"] for each in batch}, False
                while not last:
                    last = expected <= self.taken
                    try:
                        answer = client.post("/api/crew/reports", json={"reports": batch})
                    except httpx.TransportError:
                        last = False
                        time.sleep(0.05)
                        continue
                    if answer.status_code != 200:
                        last = False
                        time.sleep(0.2)
                        continue
                    took = answer.json()
                    self.refused += took["refused"]
                    if self.refused:
                        return
                    self.taken |= set(took["taken"])


def _made(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.timeout(180)
def test_reports_have_one_effect_each_across_kills(tmp_path: Path) -> None:
    with serving(tmp_path, channels="", roles=("commander",)) as server:
        with server.client() as client:
            phones = [Phone(server, client, number) for number in range(PHONES)]
        threads = [threading.Thread(target=phone.send) for phone in phones]
        for thread in threads:
            thread.start()
        killed = 0
        for after_s in KILLED_AFTER_S:
            time.sleep(after_s)
            server.kill()
            killed += 1
            server.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert killed == len(KILLED_AFTER_S)
        for phone in phones:
            assert phone.refused == []
            assert phone.taken == {each["id"] for batch in phone.batches for each in batch}
        with server.client() as client:
            assert len(client.get("/api/incidents").json()) == PHONES
            targets = client.get("/api/targets").json()
            assert sorted(each["name"] for each in targets) == [
                f"grey boat {number}" for number in range(PHONES)
            ]
            assert {len(each["sightings"]) for each in targets} == {1}
            for phone in phones:
                patrol = client.get(f"/api/patrols/{phone.patrol}").json()
                assert patrol["state"] == "ended"
                assert len(patrol["check_ins"]) == 1
                assert client.get(f"/api/units/{phone.unit}").json()["distress"]
            rung = [each for each in client.get("/api/alerts").json() if each["rule"] == "sos"]
            assert len(rung) == PHONES
    with reading(server.database) as file:
        counts = dict(
            file.execute("SELECT kind, count(*) FROM transmissions GROUP BY kind").fetchall()
        )
        # Of each phone twenty positions, the place of its call for help, and one text.
        assert counts == {"position": PHONES * 21, "text": PHONES}
        acts = dict(
            file.execute(
                "SELECT act, count(*) FROM journal WHERE act IN "
                "('start patrol', 'check in', 'end patrol', 'open target', 'log incident') "
                "GROUP BY act"
            ).fetchall()
        )
        assert set(acts.values()) == {PHONES}, acts
        assert len(acts) == 5
