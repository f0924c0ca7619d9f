"""A gateway's own part: from its inbox into its spool."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from radio_gateway.channels.channel_settings import load_channels
from radio_gateway.gateway.gateway import Gateway
from radio_gateway.gateway.gateway_settings import GatewaySettings
from radio_gateway.links.link_url import parse_link
from radio_gateway.messages.transmission import Delivery, Transmission
from radio_gateway.uplink.spool.rows import SpoolRow
from radio_gateway.uplink.spool.spool import open_spool
from radio_gateway.uplink.spool.sqlite_file import SpoolError
from radio_gateway.uplink.wire.signing import Signer, Verifier
from radio_gateway.uplink.wire.uplink_settings import UplinkSettings
from tests.radio_gateway.running.running import until

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def fix(number: int) -> Transmission:
    return Transmission(
        protocol="ais",
        kind="position",
        device="574000001",
        heard_at=AT,
        device_time=AT,
        channel="pier",
        raw=b"!AIVDM,%d" % number,
        reception_id=f"gw-1/b/{number}",
    )


def gateway(folder: Path) -> Gateway:
    """Return a gateway with one channel that nobody opens."""
    signer = Signer(os.urandom(32))
    channel = {"name": "pier", "url": "udp://127.0.0.1:9", "protocols": ["nmea0183"]}
    return Gateway(
        GatewaySettings(
            id="gw-1",
            spool=folder / "spool.db",
            spool_max_bytes=1_000_000,
            spool_max_age=timedelta(days=1),
            journal=None,
            metrics_port=None,
            uplink=UplinkSettings(
                link=parse_link("mqtt://127.0.0.1"), signer=signer, node=Verifier(signer.public)
            ),
            channels=load_channels([channel], "test.toml: channels"),
        )
    )


class TightSpool:
    """Takes a few at once, as a file on a disk that is nearly full."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.kept: list[Transmission] = []

    async def put(self, said: Sequence[Transmission]) -> list[SpoolRow]:
        """Keep what fits."""
        if len(said) > self.room:
            raise SpoolError(Path("spool.db"), "database or disk is full")
        self.kept += said
        return [SpoolRow(number, 0, None, 0, 0) for number in range(len(said))]


async def test_what_is_too_much_at_once_for_a_full_disk_is_kept_little_by_little(
    tmp_path: Path,
) -> None:
    running = gateway(tmp_path)
    said = [fix(number) for number in range(11)]
    spool: Any = TightSpool(room=3)
    async with asyncio.timeout(5):
        assert len(await running._put_all(spool, said)) == 11
    assert spool.kept == said
    assert running._spool_fault is None
    spool.room = 0
    waiting = asyncio.create_task(running._put_all(spool, said))
    await until(lambda: running._spool_fault is not None)
    spool.room = 2
    async with asyncio.timeout(5):
        await waiting
    assert spool.kept == said * 2
    assert running._spool_fault is None


async def test_one_that_cannot_be_kept_costs_no_other_and_is_shown(tmp_path: Path) -> None:
    running = gateway(tmp_path)
    answered: list[str] = []
    said = [fix(1), fix(2), fix(3)]
    said[1] = replace(said[1], heard_at=datetime(2026, 11, 25, 3))  # noqa: DTZ001 - no moment
    deliveries = [Delivery(each, partial(answered.append, each.reception_id)) for each in said]
    async with await open_spool(tmp_path / "spool.db") as spool:
        puts = await running._put(spool, deliveries)
        assert len(puts) == 2
        assert answered == ["gw-1/b/1", "gw-1/b/3"]
        assert (await spool.state()).waiting == 2
    (frame,) = running.channels["pier"].rejected()
    assert (frame.reason, frame.payload) == ("not_kept", b"!AIVDM,2")
    assert "TypeError" in frame.detail
