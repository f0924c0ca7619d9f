"""Statements between two nodes with real stores, over real sockets and TLS."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from patrol.exchange.statement_bodies import add_statements
from tests.fixtures import patience
from tests.maps.carriers.offices import Office, until
from tests.patrol.nodes.two_logs import CK, HX, Link, OfficeLog


class _Pair:
    """Two logs, each behind the links of an office; HX dials."""

    def __init__(self, folder: Path) -> None:
        self.logs = Link(folder)
        self.hx = Office(folder, HX, listens=False)
        self.ck = Office(folder, CK)
        for office in (self.hx, self.ck):
            add_statements(office.links.kinds, self.log(office).log)

    def log(self, office: Office) -> OfficeLog:
        return self.logs.offices[office.node]


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[_Pair]:
    made = _Pair(tmp_path)
    yield made
    await made.logs.close()


async def test_statements_go_both_ways_with_receipts(pair: _Pair) -> None:
    async with pair.ck.running(), pair.hx.running():
        pair.ck.knows(pair.hx.card())
        pair.hx.knows(pair.ck.card())
        hx, ck = pair.log(pair.hx), pair.log(pair.ck)
        for n in range(20):
            await hx.state(f"a{n}")
            await ck.state(f"b{n}")
        await until(lambda: len(ck.effects()) == len(hx.effects()) == 20)
        for here in (hx, ck):
            await patience.until(partial(_is_receipted, here))


async def test_whatever_is_killed_meanwhile_nothing_is_lost_or_has_two_effects(
    pair: _Pair,
) -> None:
    """A store and its log are closed and opened anew while statements are on their way."""
    chance = random.Random(1)
    hx, ck = pair.log(pair.hx), pair.log(pair.ck)
    async with pair.ck.running(), pair.hx.running():
        pair.ck.knows(pair.hx.card())
        pair.hx.knows(pair.ck.card())
        for n in range(30):
            await hx.state(f"a{n}")
            await ck.state(f"b{n}")
            await asyncio.sleep(chance.random() / 20)
            if n % 3 == 0:
                office = chance.choice((pair.hx, pair.ck))
                await pair.log(office).again()
                add_statements(office.links.kinds, pair.log(office).log)
                pair.logs.pass_time(11)
        for _ in range(200):
            if len(ck.effects()) == len(hx.effects()) == 30:
                break
            pair.logs.pass_time(1)  # what had no receipt is sent again
            for log in (hx, ck):
                await log.log.look([log.other])
            await asyncio.sleep(0.05)
        assert len(ck.effects()) == len(hx.effects()) == 30
        for here, there in ((hx, ck), (ck, hx)):
            assert there.raws("statements_in") == here.raws("statements_out")
            assert (await here.health()).fork == ""


async def _is_receipted(log: OfficeLog) -> bool:
    return (await log.health()).waiting == 0
