"""Positions over HTTP: one, many, again; unknown radios and their assignment to a unit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.maps.servers.running import Running


def report(number: int, **more: Any) -> dict[str, Any]:
    time = datetime.now(UTC) - timedelta(seconds=100 - number)
    return {
        "id": f"r-{number}",
        "lon": 100.40 + number * 1e-4,
        "lat": 20.27,
        "time": time.isoformat(),
        **more,
    }


async def test_one_report_is_stored_and_shown_as_an_unknown_radio(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        answer = await boat.post("/api/positions", json=report(1))
        assert answer.status_code == 200
        assert answer.json() == {"stored": ["r-1"], "rejected": []}
    async with server.signed_in() as client:
        [radio] = (await client.get("/api/radios/unknown")).json()
        assert radio["address"] == "position_json:boat-3"
        assert radio["channels"] == ["key:boat-3"]
        path = "/api/radios/position_json:boat-3/transmissions"
        [heard] = (await client.get(path)).json()
        assert heard["lon"] == pytest.approx(100.4001)
        assert bytes.fromhex(heard["hex"]).startswith(b'{"id"')


async def test_sending_a_batch_again_changes_nothing(server: Running) -> None:
    key = await server.device("boat-3")
    batch = [report(number) for number in range(10)]
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        for sent in (batch[:6], batch, batch):
            answer = (await boat.post("/api/positions", json=sent)).json()
            assert answer["stored"] == [each["id"] for each in sent]
    async with server.signed_in() as client:
        [radio] = (await client.get("/api/radios/unknown")).json()
        assert radio["count"] == 10


async def test_a_bad_report_does_not_hold_up_the_others(server: Running) -> None:
    key = await server.device("boat-3")
    batch = [report(1), report(2, lat=200), {"id": "r-3", "lon": "x"}, report(4)]
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        answer = (await boat.post("/api/positions", json=batch)).json()
    assert answer["stored"] == ["r-1", "r-4"]
    assert [(each["index"], each["id"]) for each in answer["rejected"]] == [(1, "r-2"), (2, "r-3")]
    assert all(each["reason"] and each["detail"] for each in answer["rejected"])


async def test_what_is_no_json_is_refused_as_a_whole(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        for body in (b"", b"{", b"[1,"):
            answer = await boat.post("/api/positions", content=body)
            assert answer.status_code in (200, 400), answer.text
            if answer.status_code == 200:
                assert answer.json()["stored"] == []
                assert len(answer.json()["rejected"]) == 1


async def test_a_person_speaks_as_themselves_unless_they_name_a_device(server: Running) -> None:
    async with server.signed_in("commander") as client:
        answer = await client.post("/api/positions", json=[report(1), report(2, device="boat-9")])
        assert answer.json()["stored"] == ["r-1", "r-2"]
        radios = {
            radio["address"]: radio for radio in (await client.get("/api/radios/unknown")).json()
        }
        assert set(radios) == {"position_json:commander", "position_json:boat-9"}
        assert radios["position_json:boat-9"]["channels"] == ["user:commander"]
    async with server.signed_in("planner") as planner:
        refused = await planner.post("/api/positions", json=report(3))
        assert refused.status_code == 403


async def test_a_crew_speaks_for_itself_only(server: Running) -> None:
    async with server.signed_in("crew") as crew:
        sent = [report(1), report(2, device="boat-9", distress=True), report(3, device="crew")]
        answer = (await crew.post("/api/positions", json=sent)).json()
        assert answer["stored"] == ["r-1", "r-3"]
        assert [(each["index"], each["reason"]) for each in answer["rejected"]] == [
            (1, "device_mismatch")
        ]
    async with server.signed_in() as client:
        [radio] = (await client.get("/api/radios/unknown")).json()
        assert radio["address"] == "position_json:crew"


async def test_assigning_an_unknown_radio_brings_its_track_along(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        await boat.post("/api/positions", json=[report(number) for number in range(5)])
    async with server.signed_in() as client:
        unit = {"call_sign": "Naga 1", "kind": "boat"}
        made = (await client.post("/api/units", json=unit)).json()["id"]
        bound = {"address": "position_json:boat-3", "unit": made}
        assignment = await client.post("/api/assignments", json=bound)
        assert assignment.status_code == 201, assignment.text
        assert (await client.get("/api/radios/unknown")).json() == []
        track = (await client.get(f"/api/units/{made}/track")).json()
        assert len(track["geometry"]["coordinates"]) == 5
        assert (await client.post("/api/assignments", json=bound)).status_code == 409
        ended = await client.patch(f"/api/assignments/{assignment.json()['id']}", json={})
        assert ended.json()["end"] is not None
        [listed] = (await client.get("/api/assignments")).json()
        assert listed["address"] == "position_json:boat-3"
        track = (await client.get(f"/api/units/{made}/track")).json()
        assert len(track["geometry"]["coordinates"]) == 5
