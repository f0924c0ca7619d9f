"""A gateway's own part: from its inbox into its spool."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from radio_gateway.gateway import Gateway
from radio_gateway.gateway_settings import GatewaySettings
from radio_gateway.link import parse_link
from radio_gateway.settings import load_channels
from radio_gateway.transmission import Delivery, Transmission
from radio_gateway.uplink.settings import UplinkSettings
from radio_gateway.uplink.signing import Signer, Verifier
from radio_gateway.uplink.spool import open_spool

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
