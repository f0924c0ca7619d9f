"""What Garmin's, SPOT's and RockBLOCK's servers post, through a channel of ours, to what was heard.

Garmin sends the key that its portal was told in `X-Outbound-Auth-Token`. For SPOT, name and key
come as HTTP Basic, as a URL with both in it makes them; whether SPOT's own server takes such a URL
is not known here. A service speaks for all devices whose names begin as its line in `secrets_file`
says.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from radio_gateway.channels.channel import Channel
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.transmission import Transmission
from tests.radio_gateway.protocols.satellite import test_rockblock as rockblock
from tests.radio_gateway.protocols.satellite import test_spot as spot
from tests.radio_gateway.protocols.trackers import test_garmin_ipc as garmin
from tests.radio_gateway.running.running import make
from tests.radio_gateway.transports.http_listening import stored, storing

GARMIN_KEY, SPOT_KEY = "k3y-of-garmin-xx", "k3y-of-spot-xxxx"
TOKEN = {"x-outbound-auth-token": GARMIN_KEY, "content-type": "application/json; charset=utf-8"}
XML = {"content-type": "text/xml; charset=UTF-8"}


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    (tmp_path / "keys.toml").write_text(f'"3004*" = "{GARMIN_KEY}"\n"0-31*" = "{SPOT_KEY}"\n')
    return make(
        "http-listen://127.0.0.1:0",
        "garmin_ipc",
        "spot",
        inbox=Inbox(),
        secrets_file=str(tmp_path / "keys.toml"),
    )


async def posted(channel: Channel, *posts: dict[str, Any]) -> list[httpx.Response]:
    """Post each to the channel; return the answers."""
    async with storing(channel) as client:
        return [await client.post("/inreach", **each) for each in posts]


def places(transmissions: list[Transmission]) -> list[tuple[str | None, float, float]]:
    return [
        (t.device, t.position.lat, t.position.lon) for t in transmissions if t.position is not None
    ]


async def test_a_post_of_garmin_is_received(channel: Channel) -> None:
    call = garmin.event(4, freeText="engine failed", timeStamp=1_767_225_660_000)
    body = garmin.posted(garmin.event(), call)
    (answer,) = await posted(channel, {"content": body, "headers": TOKEN})
    assert (answer.status_code, answer.headers.get("x-rejected")) == (200, None)
    track, sos = stored(channel)
    assert places([track, sos]) == [("300434030000001", 17.9, 102.6)] * 2
    assert track.device_time == datetime(2026, 1, 1, tzinfo=UTC)
    assert (sos.distress, sos.text) == (True, "engine failed")
    assert {(t.protocol, t.channel) for t in (track, sos)} == {("garmin_ipc", "link")}


async def test_a_post_of_spot_is_received(channel: Channel) -> None:
    help_ = spot.message(id="2", messageType="HELP", latitude="20.3")
    body = spot.posted(spot.message(), help_)
    post = {"content": body, "headers": XML, "auth": ("0-31*", SPOT_KEY)}
    (answer,) = await posted(channel, post)
    assert (answer.status_code, answer.headers.get("x-rejected")) == (200, None)
    track, call = stored(channel)
    assert places([track, call]) == [("0-3112123", 20.27, 100.41), ("0-3112123", 20.3, 100.41)]
    assert (track.distress, call.distress) == (False, True)
    assert {t.protocol for t in (track, call)} == {"spot"}


async def test_a_post_of_rockblock_is_answered_once_it_is_stored(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(rockblock.PUBLIC)
    key = {"secret_file": str(tmp_path / "key.pem"), "payload": "text"}
    url = "http-listen://127.0.0.1:0?open=1"
    channel = make(url, "rockblock", inbox=Inbox(), **key)
    words = {"data": b"SOS 20.27000,100.41000".hex()}
    post = rockblock.form(**words, JWT=rockblock.signed(rockblock.FIELDS | words))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    good, forged = await posted(
        channel,
        {"content": post, "headers": headers},
        {"content": rockblock.form(**words), "headers": headers},
    )
    assert (good.status_code, good.content) == (200, b"OK")
    assert forged.headers["x-rejected"].startswith("no_signature")
    message, call = stored(channel)
    assert (message.device, message.text) == (rockblock.IMEI, "SOS 20.27000,100.41000")
    assert (call.distress, places([call])) == (True, [(rockblock.IMEI, 20.27, 100.41)])


async def test_a_service_does_not_speak_for_the_devices_of_another(channel: Channel) -> None:
    garmins = {"content": garmin.posted(garmin.event()), "headers": XML}
    spots = {"content": spot.posted(spot.message()), "headers": TOKEN}
    answers = await posted(
        channel,
        garmins | {"auth": ("0-31*", SPOT_KEY)},
        spots,
        garmins | {"headers": TOKEN | {"x-outbound-auth-token": "k3y-of-nobody-xx"}},
    )
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    assert [answer.headers.get("x-rejected", "")[:15] for answer in answers] == [
        "device_mismatch",
        "device_mismatch",
        "",
    ]
    assert stored(channel) == []


async def test_a_post_with_a_bad_event_brings_the_good_one(channel: Channel) -> None:
    events = json.loads(garmin.posted(garmin.event(), garmin.event(imei=None)))
    (answer,) = await posted(channel, {"json": events, "headers": TOKEN})
    assert answer.headers["x-rejected"].startswith("no_device")
    assert len(stored(channel)) == 1
