"""Channels on which device keys sign in: no agency's key moves a boat of another's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.maps.mqtt_broker.test_broker import client
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices
from tests.maps.servers.running import wait_until

CHANNELS = [
    {"name": "phones", "url": "http:", "protocols": ["owntracks"]},
    {"name": "reports", "url": "http:", "protocols": ["position_json"]},
    {
        "name": "radios",
        "url": "mqtt://embedded?topic=joint-patrol/v1/position/%2B",
        "protocols": ["position_json"],
    },
]
SIDES = ((LAO, "somchai", THAI), (THAI, "malee", LAO))
"""Whose boat, its commander, and whose key speaks under its address."""


def call(lon: float) -> dict[str, Any]:
    """Return a call for help in our own format."""
    return {"lon": lon, "lat": 20.27, "distress": True}


async def boat(offices: Offices, commander: str, address: str) -> str:
    """Register a boat whose radio is believed from any channel."""
    desk = offices.desk(commander)
    added = await desk.registry.add_unit(call_sign="Boat 3", kind="boat")
    await desk.registry.assign(address=address, unit=added.id, channel="*")
    return added.id


@pytest.mark.parametrize(("agency", "commander", "other"), SIDES)
async def test_over_http(tmp_path: Path, agency: str, commander: str, other: str) -> None:
    async with two_offices(tmp_path, channels=CHANNELS) as offices:
        people = offices.server.office.people
        theirs = await people.add_device("boat-3", other)
        jane = await people.add_device("jane", other)
        one = await boat(offices, commander, "position_json:boat-3")
        tablet = await offices.desk(commander).registry.add_unit(call_sign="Boat 4", kind="boat")
        await offices.desk(commander).registry.assign(
            address="owntracks:jane/tablet", unit=tablet.id, channel="*"
        )
        now = int(datetime.now(UTC).timestamp())
        located = {"_type": "location", "lat": 20.27, "lon": 100.4, "tst": now}
        async with offices.server.stranger() as sender:
            for path, body, auth in (
                ("/in/reports", call(100.4), ("boat-3", theirs)),
                ("/in/phones", located, ("jane", jane)),
            ):
                answer = await sender.post(
                    path, json=body, auth=auth, headers={"x-limit-d": "tablet"}
                )
                assert answer.status_code == 200
        states = {each.id: each for each in offices.desk(commander).visible.units()}
        assert (states[one].last, states[one].distress) == (None, False)
        assert states[tablet.id].last is None


async def test_over_the_embedded_broker(tmp_path: Path) -> None:
    async with two_offices(
        tmp_path, channels=CHANNELS, broker={"enabled": True, "port": 0}
    ) as offices:
        office = offices.server.office
        key = await office.people.add_device("boat-3", LAO)
        one = await boat(offices, "malee", "position_json:boat-3")
        assert office.broker is not None
        async for _ in wait_until("our own channel to listen"):
            if office.channels["radios"].health().state == "open":
                break
        async with client(office.broker, "boat-3", key) as (radio, _, _h):
            text = json.dumps(call(100.4))
            radio.publish("joint-patrol/v1/position/boat-3", text, qos=1)
            async for _ in wait_until("it to be heard"):
                if "position_json:boat-3@radios" in office.watch.picture.contacts:
                    break
        states = {each.id: each for each in offices.desk("malee").visible.units()}
        assert (states[one].last, states[one].distress) == (None, False)
