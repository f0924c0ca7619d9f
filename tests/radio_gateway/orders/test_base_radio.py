"""A Kenwood base radio and a marine VHF at serial ports, played by pseudo-terminals."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

from radio_gateway.inbox.inbox import Inbox
from radio_gateway.orders.order import Order
from radio_gateway.protocols.kenwood import kenwood
from tests.fixtures.patience import until
from tests.radio_gateway.protocols.sentences import NOW, sentence
from tests.radio_gateway.running.running import hear, make, running
from tests.radio_gateway.transports.test_serial_port import Radio

POSITION = (
    sentence("PKLDS,115958,A,2016.38,N,10024.72,E,009.7,162.6,251126,,,100,1001,99,00,"),
    sentence("PKLSH,2016.38,N,10024.72,E,115958,A,100,1001,"),
    sentence("GPRMC,115958,A,2016.38,N,10024.72,E,009.7,162.6,251126,,"),
)


async def test_a_base_radio_is_polled_for_a_position_and_its_output_is_received(
    tmp_path: Path,
) -> None:
    radio = Radio(tmp_path / "base")
    radio.plug_in()
    inbox = Inbox()
    channel = make(
        f"serial://{radio.name}?baud=9600",
        "kenwood",
        inbox=inbox,
        distress_statuses=[99],
        listen_only=False,
    )
    poll = Order(
        id="1",
        kind="poll",
        channel="link",
        device="100:1001",
        operator="desk",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=1),
    )
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        await channel.send(kenwood.encode(poll, channel.settings.decoder, number=1))
        data = await asyncio.to_thread(os.read, radio.master, 100)
        radio.say(b"\x020\x03")
        for part in (b"\x02I110010011", b"001001\x03" + b"\r\n".join(POSITION)[:50]):
            radio.say(part)
            await asyncio.sleep(0.01)
        radio.say(b"\r\n".join(POSITION)[50:] + b"\r\n")
        transmissions = [delivery.transmission for delivery in await hear(inbox, 3)]
    assert data == b"\x02R31001001\x03"
    assert [(each.kind, each.address) for each in transmissions] == [
        ("answer", "kenwood:@link"),
        ("status", "kenwood:100:1001"),
        ("position", "kenwood:100:1001"),
    ]
    assert [each.distress for each in transmissions] == [False, False, True]
    assert channel.health().errors == {}
    radio.unplug()


async def test_a_marine_vhf_calls_for_help_among_the_sentences_of_its_gps(tmp_path: Path) -> None:
    radio = Radio(tmp_path / "vhf")
    radio.plug_in()
    inbox = Inbox()
    channel = make(f"serial://{radio.name}?baud=4800", "nmea0183", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        radio.say(POSITION[2] + b"\r\n")
        radio.say(b"$CDDSC,12,3380400790,12,05,00,1423108312,2019,,,S,E*69\r\n")
        transmissions = [delivery.transmission for delivery in await hear(inbox, 2)]
    assert sorted((each.address, each.distress) for each in transmissions) == [
        ("dsc:338040079", True),
        ("nmea0183:@link", False),
    ]
    radio.unplug()
