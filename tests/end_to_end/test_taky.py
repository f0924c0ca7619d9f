"""A real TAK server: events go both ways between a channel of ours and another TAK client.

taky (MIT) runs from an environment of its own, made once and kept in the temporary folder. The
other client is a socket and Python's XML reader, so that nothing of ours judges what we write.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order
from radio_gateway.protocols.cot import cot
from radio_gateway.protocols.cot.writer import (
    CotUnit,
    Emergency,
    emergency_event,
    event_xml,
    unit_event,
)
from tests.benchmarks.environments import cache_folder
from tests.benchmarks.targets.taky import Taky
from tests.benchmarks.targets.target import TargetError
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, make, running

pytestmark = pytest.mark.system

WITHIN_S = 10.0


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Yield the port of a running taky."""
    server = Taky()
    try:
        server.prepare(cache_folder(os.environ.get("JOINT_PATROL_BENCH_CACHE")), viewers=0)
    except TargetError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"taky cannot be installed here: {error}")
    try:
        yield server.start(tmp_path_factory.mktemp("taky")).feed_port
    finally:
        server.stop()


class Client:
    """A TAK client that has said who it is."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        # the stream is one event after another: the parser is told of a root around them
        self._parser: ET.XMLPullParser[Any] = ET.XMLPullParser(["end"])
        self._parser.feed("<stream>")

    def say(self, event: str) -> None:
        """Send an event."""
        self._writer.write(event.encode())

    async def hears(self, type_: str, *, uid: str | None = None) -> ET.Element:
        """Return the next event of a type, of one uid if given."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                read: Iterator[Any] = self._parser.read_events()
                for _, element in read:
                    assert isinstance(element, ET.Element)
                    expected = element.tag == "event" and element.get("type") == type_
                    if expected and uid in (None, element.get("uid")):
                        return element
                data = await self._reader.read(4096)
                assert data, "taky closed the connection"
                self._parser.feed(data)


def theirs(uid: str, *, type_: str = "a-f-G-U-C", lat: float = 17.95, extra: str = "") -> str:
    """Return an event as ATAK writes it."""
    now = datetime.now(UTC)
    stale = now + timedelta(minutes=5)
    times = f'time="{now:%FT%TZ}" start="{now:%FT%TZ}" stale="{stale:%FT%TZ}"'
    return (
        f'<event version="2.0" uid="{uid}" type="{type_}" {times} how="m-g">'
        f'<point lat="{lat}" lon="102.6133" hae="140.0" ce="8.0" le="9999999.0"/>'
        f"<detail>{extra}</detail></event>"
    )


PRESENCE = (
    '<takv os="33" version="4.10" device="PIXEL" platform="ATAK-CIV"/>'
    '<contact callsign="PATROL 3" endpoint="*:-1:stcp"/>'
    '<__group role="Team Member" name="Cyan"/><track course="181.2" speed="6.0"/>'
)


@asynccontextmanager
async def client(port: int, uid: str) -> AsyncIterator[Client]:
    """Connect a client and make it known; it answers once taky has taken it in."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        them = Client(reader, writer)
        them.say(theirs(uid, extra=PRESENCE))
        them.say(theirs(f"{uid}-ping", type_="t-x-c-t"))
        await them.hears("t-x-c-t-r")
        yield them
    finally:
        writer.close()
        await writer.wait_closed()


async def test_what_another_client_says_reaches_our_channel(port: int) -> None:
    channel = make(f"tcp://127.0.0.1:{port}", "cot")
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        async with client(port, "ANDROID-1") as them:
            chat = (
                '<__chat parent="RootContactGroup" groupOwner="false" id="All Chat Rooms"'
                ' chatroom="All Chat Rooms" senderCallsign="PATROL 3" messageId="m-1">'
                '<chatgrp uid0="ANDROID-1" uid1="All Chat Rooms" id="All Chat Rooms"/></__chat>'
                '<link uid="ANDROID-1" type="a-f-G-U-C" relation="p-p"/>'
                '<remarks source="BAO.F.ATAK.ANDROID-1" time="2026-01-01T00:00:00Z">'
                "boat &lt;7&gt; here</remarks>"
            )
            them.say(theirs("GeoChat.ANDROID-1.All Chat Rooms.m-1", type_="b-t-f", extra=chat))
            alert = '<emergency type="911 Alert">PATROL 3</emergency>'
            them.say(theirs("ANDROID-1-9-1-1", type_="b-a-o-tbl", lat=17.96, extra=alert))
            transmissions: list[Transmission] = []
            while not any(each.distress for each in transmissions):
                transmissions += [each.transmission for each in await hear(channel.inbox, 1)]
        assert channel.health().errors == {}
    assert [each.device for each in transmissions] == ["ANDROID-1"] * 3
    unit, words, call = transmissions
    assert unit.position is not None
    assert (unit.position.lon, unit.position.lat) == (102.6133, 17.95)
    assert (unit.position.speed_mps, unit.position.course_deg) == (6.0, 181.2)
    assert unit.facts["callsign"] == "PATROL 3"
    assert (words.kind, words.text) == ("text", "boat <7> here")
    assert call.position is not None
    assert call.position.lat == 17.96


async def test_what_we_say_reaches_another_client(port: int) -> None:
    channel = make(f"tcp://127.0.0.1:{port}", "cot")
    now = datetime.now(UTC)
    async with running(channel), client(port, "ANDROID-2") as them:
        await until(lambda: channel.health().state == "open")
        boat = CotUnit(
            uid="ais:574123456",
            callsign='Boat "7" & co',
            type="a-f-S",
            lon=100.4102,
            lat=20.2741,
            time=now,
            speed=5.5,
            course=44.5,
            ce=12.0,
        )
        await channel.send(EncodedOrder(data=event_xml(unit_event(boat))))
        unit = await them.hears("a-f-S")
        await channel.send(
            EncodedOrder(
                data=event_xml(
                    emergency_event(
                        Emergency(
                            uid="ais:574123456", callsign="Boat", time=now, lon=100.4, lat=20.3
                        )
                    )
                )
            )
        )
        call = await them.hears("b-a-o-tbl")
        for device, text in (("ANDROID-2", "come <home>"), (None, "all boats in")):
            order = Order(
                id=f"order-{text}",
                kind="text",
                channel="link",
                operator="somchai",
                created_at=now,
                expires_at=now + timedelta(minutes=5),
                device=device,
                text=text,
            )
            await channel.send(cot.encode(order, DecoderSettings(station="HQ"), number=1))
        words = [await them.hears("b-t-f") for _ in range(2)]
    point, contact, track = unit.find("point"), unit.find("detail/contact"), unit.find(".//track")
    assert point is not None
    assert contact is not None
    assert track is not None
    # taky writes a point anew, and passes on the detail as it came
    place = [float(point.get(name, "nan")) for name in ("lon", "lat", "ce")]
    assert place == [100.4102, 20.2741, 12.0]
    assert contact.get("callsign") == 'Boat "7" & co'
    assert (track.get("speed"), track.get("course")) == ("5.5", "44.5")
    assert call.get("uid") == "ais:574123456-9-1-1"
    assert call.findtext("detail/emergency") == "Boat"
    assert [each.findtext("detail/remarks") for each in words] == ["come <home>", "all boats in"]


async def test_words_for_us_alone_arrive_once_the_server_knows_us(port: int) -> None:
    channel = make(f"tcp://127.0.0.1:{port}", "cot")
    us = CotUnit(
        uid="HQ", callsign="HQ", lon=100.4, lat=20.3, time=datetime.now(UTC), client="joint-patrol"
    )
    async with running(channel), client(port, "ANDROID-3") as them:
        await until(lambda: channel.health().state == "open")
        await channel.send(EncodedOrder(data=event_xml(unit_event(us))))
        await them.hears("a-f-G-U-C", uid="HQ")
        chat = (
            '<__chat parent="RootContactGroup" groupOwner="false" id="HQ" chatroom="HQ"'
            ' senderCallsign="PATROL 3" messageId="m-2"><chatgrp uid0="ANDROID-3" uid1="HQ"'
            ' id="HQ"/></__chat><link uid="ANDROID-3" type="a-f-G-U-C" relation="p-p"/>'
            '<remarks source="BAO.F.ATAK.ANDROID-3" to="HQ" time="2026-01-01T00:00:00Z">'
            "received</remarks>"
        )
        them.say(theirs("GeoChat.ANDROID-3.HQ.m-2", type_="b-t-f", extra=chat))
        transmissions: list[Transmission] = []
        while not transmissions:
            deliveries = await hear(channel.inbox, 1)
            transmissions = [each.transmission for each in deliveries if each.transmission.text]
    (transmission,) = transmissions
    assert (transmission.device, transmission.text, transmission.facts["to"]) == (
        "ANDROID-3",
        "received",
        "HQ",
    )
