"""Channels over HTTP: their health, what they rejected, and bodies handed in."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio

from tests.maps.servers.running import Running, running, wait_until

GOOD = b"$GPRMC,023000.00,A,2016.20000,N,10024.60000,E,10.0,141.0,241126,,,A*6E\r\n"


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[Running]:
    channels = [
        {"name": "phones", "url": "http:", "protocols": ["owntracks"]},
        {"name": "reports", "url": "http:", "protocols": ["position_json"]},
        {"name": "feed", "url": "udp://127.0.0.1:0", "protocols": ["nmea0183"]},
    ]
    async with running(tmp_path, channels=channels) as started:
        yield started


async def _send(office: Running, *datagrams: bytes) -> None:
    transport = office.office.channels["feed"].transport
    async for _ in wait_until("the channel to open"):
        port = getattr(transport, "port", None)
        if port is not None:
            break
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for datagram in datagrams:
            out.sendto(datagram, ("127.0.0.1", port))


async def test_channels_tell_how_they_fare(office: Running) -> None:
    await _send(office, GOOD)
    async with office.signed_in("technician") as client:
        async for _ in wait_until("the counters"):
            answers = {each["name"]: each for each in (await client.get("/api/channels")).json()}
            if answers.get("feed", {}).get("frames") == 1:
                break
        assert answers["feed"]["state"] == "open"
        assert answers["feed"]["last_heard_at"].endswith("Z")
        assert {"phones", "reports"} <= set(answers)


async def test_rejected_frames_are_shown_as_bytes_and_text(office: Running) -> None:
    await _send(office, GOOD.replace(b"10.0", b"11.0"), b"$GPRMC,\xff\x00*00\r\n")
    async with office.signed_in("technician") as client:
        async for _ in wait_until("the rejected frames"):
            body = (await client.get("/api/channels/feed/rejected")).json()
            if len(body) == 2:
                break
        assert body[1]["text"].startswith("$GPRMC,023000.00,A")
        assert body[1]["reason"]
        assert "ff00" in body[0]["hex"]
        assert (await client.get("/api/channels/none/rejected")).status_code == 404
    async with office.signed_in("crew") as client:
        assert (await client.get("/api/channels/feed/rejected")).status_code == 403


async def test_owntracks_over_http_signs_in_with_its_key(office: Running) -> None:
    key = await office.device("jane/phone")
    now = int(datetime.now(UTC).timestamp())
    body = {"_type": "location", "lat": 20.27, "lon": 100.41, "tst": now, "tid": "jp"}
    async with office.stranger() as client:
        stranger = await client.post("/in/phones", json=body)
        assert stranger.status_code == 401
        assert stranger.headers["www-authenticate"].startswith("Basic")
        wrong = await client.post("/in/phones", json=body, auth=("other/phone", key))
        assert wrong.status_code == 401
        answer = await client.post("/in/phones", json=body, auth=("jane/phone", key))
        assert (answer.status_code, answer.json()) == (200, [])
        assert (
            await client.post("/in/none", json=body, auth=("jane/phone", key))
        ).status_code == 404
        bad = await client.post("/in/phones", content=b"{}", auth=("jane/phone", key))
        assert (bad.status_code, bad.json()) == (200, [])
    async with office.signed_in() as client:
        [radio] = (await client.get("/api/radios/unknown")).json()
        assert radio["address"] == "owntracks:jane/phone"
        assert radio["channels"] == ["phones"]
        for path in ("owntracks:jane%2Fphone", "owntracks:jane/phone"):
            found = await client.get(f"/api/units/{path}")
            assert found.json()["id"] == "owntracks:jane/phone"
            track = await client.get(f"/api/units/{path}/track")
            assert track.json()["properties"]["id"] == "owntracks:jane/phone"
            cleared = await client.post(f"/api/units/{path}/clear-distress")
            assert cleared.status_code == 200, cleared.text
        assert (await client.post("/in/phones", json={})).status_code == 403


async def test_an_http_channel_takes_our_own_format_too(office: Running) -> None:
    key = await office.device("boat-3")
    async with office.stranger() as client:
        answer = await client.post(
            "/in/reports", json={"id": "1", "lon": 100.4, "lat": 20.2}, auth=("boat-3", key)
        )
        assert answer.status_code == 200
    async with office.signed_in() as client:
        [radio] = (await client.get("/api/radios/unknown")).json()
        assert radio["address"] == "position_json:boat-3"


async def test_a_phone_named_by_its_user_names_its_device_itself(office: Running) -> None:
    key = await office.device("jane")
    now = int(datetime.now(UTC).timestamp())
    said = {"_type": "location", "lat": 20.27, "lon": 100.41, "tst": now}
    async with office.stranger() as client:
        for limit in ("tablet", "../x"):
            answer = await client.post(
                "/in/phones", json=said, auth=("jane", key), headers={"x-limit-d": limit}
            )
            assert answer.status_code == 200
    await asyncio.sleep(0)
    async with office.signed_in() as client:
        body = (await client.get("/api/radios/unknown")).json()
    assert {radio["address"] for radio in body} == {
        "owntracks:jane/tablet",
        "owntracks:jane/phone",
    }


async def test_a_phone_named_by_its_user_speaks_for_no_device_with_a_key(office: Running) -> None:
    key = await office.device("jane")
    await office.device("jane/tablet")
    now = int(datetime.now(UTC).timestamp())
    body = {"_type": "location", "lat": 20.27, "lon": 100.41, "tst": now}
    async with office.stranger() as client:
        answer = await client.post(
            "/in/phones", json=body, auth=("jane", key), headers={"x-limit-d": "tablet"}
        )
        assert answer.status_code == 403
    async with office.signed_in() as client:
        assert (await client.get("/api/radios/unknown")).json() == []


async def test_a_body_that_names_another_device_is_refused_whole(office: Running) -> None:
    key = await office.device("boat-9")
    own = {"id": "1", "lon": 100.4, "lat": 20.2}
    other = {"id": "2", "device": "boat-3", "lon": 100.4, "lat": 20.2}
    async with office.stranger() as client:
        for body in (other, [own, other]):
            answer = await client.post("/in/reports", json=body, auth=("boat-9", key))
            assert answer.status_code == 403
    async with office.signed_in() as client:
        assert (await client.get("/api/radios/unknown")).json() == []
