"""From a gateway's inbox into its spool."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from radio_gateway.gateway.spooler import Spooler
from radio_gateway.messages.transmission import Delivery, Transmission
from radio_gateway.uplink.spool.rows import SpoolRow
from radio_gateway.uplink.spool.spool import open_spool
from radio_gateway.uplink.spool.sqlite_file import SpoolError
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import make

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


class TightSpool:
    """Takes a few at once, as a file on a disk that is nearly full."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.kept: list[Transmission] = []

    async def put(self, transmissions: Sequence[Transmission]) -> list[SpoolRow]:
        """Keep what fits."""
        if len(transmissions) > self.room:
            raise SpoolError(Path("spool.db"), "database or disk is full")
        self.kept += transmissions
        return [SpoolRow(number, 0, None, 0, 0) for number in range(len(transmissions))]


async def test_what_is_too_much_at_once_for_a_full_disk_is_kept_little_by_little() -> None:
    transmissions = [fix(number) for number in range(11)]
    deliveries = [Delivery(each, None) for each in transmissions]
    spool: Any = TightSpool(room=3)
    spooler = Spooler(spool, lambda *_: pytest.fail("not kept"))
    async with asyncio.timeout(5):
        assert len(await spooler.keep(deliveries)) == 11
    assert spool.kept == transmissions
    assert spooler.fault is None
    spool.room = 0
    waiting = asyncio.create_task(spooler.keep(deliveries))
    await until(lambda: spooler.fault is not None)
    spool.room = 2
    async with asyncio.timeout(5):
        await waiting
    assert spool.kept == transmissions * 2
    assert spooler.fault is None


async def test_one_that_cannot_be_kept_costs_no_other_and_is_shown(tmp_path: Path) -> None:
    channel = make("udp://127.0.0.1:9", name="pier")
    answered: list[str] = []
    transmissions = [fix(1), fix(2), fix(3)]
    transmissions[1] = replace(transmissions[1], heard_at=datetime(2026, 11, 25, 3))  # noqa: DTZ001 - no moment
    deliveries = [
        Delivery(each, partial(answered.append, each.reception_id)) for each in transmissions
    ]
    async with await open_spool(tmp_path / "spool.db") as spool:
        puts = await Spooler(spool, channel.note_unstored).keep(deliveries)
        assert len(puts) == 2
        assert answered == ["gw-1/b/1", "gw-1/b/3"]
        assert (await spool.state()).waiting == 2
    (frame,) = channel.rejected()
    assert (frame.reason, frame.payload) == ("not_kept", b"!AIVDM,2")
    assert "TypeError" in frame.detail
