"""Over HTTP: who heard a message, who else uses an address, and why a radio is not on the map."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from radio_gateway.messages.address_family import FAMILIES
from radio_gateway.protocols import PROTOCOLS
from tests.maps.servers.running import Running, running, wait_until

# Type 1, MMSI 366053209, from the notes to gpsd's AIVDM description.
AIS = b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C\r\n"


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[Running]:
    channels = [
        {"name": name, "url": "udp://127.0.0.1:0", "protocols": ["ais"]}
        for name in ("hill", "udp-2")
    ]
    async with running(tmp_path, channels=channels) as started:
        yield started


async def _send(office: Running, channel: str, *datagrams: bytes) -> None:
    transport = office.office.channels[channel].transport
    async for _ in wait_until("the channel to open"):
        port = getattr(transport, "port", None)
        if port is not None:
            break
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for datagram in datagrams:
            out.sendto(datagram, ("127.0.0.1", port))


async def test_a_message_names_all_its_receivers(office: Running) -> None:
    await _send(office, "hill", AIS)
    await _send(office, "udp-2", AIS)
    async with office.signed_in("technician") as client:
        async for _ in wait_until("both receptions"):
            body = (await client.get("/api/radios/ais:366053209/transmissions")).json()
            if body and len(body[0]["heard_by"]) == 2:
                break
        assert len(body) == 1
        assert {each["channel"] for each in body[0]["heard_by"]} == {"hill", "udp-2"}
        assert all(each["gateway"] for each in body[0]["heard_by"])
        assert "best" not in body[0]


async def test_why_follows_an_mmsi_through_every_hop(office: Running) -> None:
    await _send(office, "hill", AIS, AIS.replace(b"*5C", b"*5D"))
    async with office.signed_in("technician") as client:
        async for _ in wait_until("the radio"):
            body = (await client.get("/api/radios/366053209/why")).json()
            if body["verdict"] == "unassigned":
                break
        assert (body["address"], body["verdict"]) == ("ais:366053209", "unassigned")
        assert body["next"] == "Assign it to its unit."
        assert [hop["name"] for hop in body["hops"]] == [
            "channels",
            "heard",
            "rejected",
            "position",
            "assigned",
            "shown",
        ]
        assert body["last"]["raw"].startswith("!AIVDM")
        mistyped = (await client.get("/api/radios/ais:366053200/why")).json()
        assert mistyped["close"] == [{"address": "ais:366053209"}]
        slashed = (await client.get("/api/radios/owntracks:jane/phone/why")).json()
        assert (slashed["asked"], slashed["verdict"]) == ("owntracks:jane/phone", "no_channel")
    async with office.signed_in("crew") as client:
        assert (await client.get("/api/radios/366053209/why")).status_code == 403


async def test_a_second_sender_under_one_address_is_listed(office: Running) -> None:
    await _send(office, "hill", AIS)
    async with office.signed_in("admin") as client:
        async for _ in wait_until("the radio"):
            if (await client.get("/api/radios/unknown")).json():
                break
        unit = (
            await client.post("/api/units", json={"call_sign": "Naga 1", "kind": "boat"})
        ).json()
        assigned = {"address": "ais:366053209", "unit": unit["id"], "channel": "hill"}
        assert (await client.post("/api/assignments", json=assigned)).status_code == 201
        assert (await client.get("/api/radios/claims")).json() == []
        await _send(office, "udp-2", AIS)
        async for _ in wait_until("the claim"):
            claims = (await client.get("/api/radios/claims")).json()
            if claims:
                break
        (claim,) = claims
        assert (claim["address"], claim["channel"]) == ("ais:366053209", "udp-2")
        assert (claim["unit"], claim["bound"], claim["distance_m"]) == (unit["id"], "hill", 0.0)


def test_families_are_of_protocols_there_are() -> None:
    assert set(FAMILIES) <= set(PROTOCOLS)
