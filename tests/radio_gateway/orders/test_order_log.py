"""What is on disk of orders before they are transmitted, and what a restart makes of it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from radio_gateway.channels.outbound import Outbound
from radio_gateway.orders.order import OrderKind
from radio_gateway.orders.order_log import KEPT_BEYOND_S, OrderLog, OrderLogError, open_order_log
from radio_gateway.orders.order_result import OrderResult, OrderState
from tests.fixtures.patience import until
from tests.radio_gateway.orders.test_outbound import FakeChannel
from tests.radio_gateway.running.orders import ending, order
from tests.radio_gateway.running.plain_radio import Plain

AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def step(id: str, state: OrderState = "queued", *, final: bool = False) -> OrderResult:
    return OrderResult(id=id, state=state, at=AT, final=final)


@asynccontextmanager
async def log(path: Path, now_s: Callable[[], float] = monotonic) -> AsyncIterator[OrderLog]:
    async with await open_order_log(path, now_s=now_s) as opened:
        yield opened


async def test_what_was_under_way_has_failed_and_what_had_ended_keeps_its_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "spool.db.orders"
    async with log(path) as orders:
        for id in ("sending", "waiting", "again", "done", "refused by the link"):
            await orders.begin(step(id), life_left_s=60)
        for id in ("waiting", "again"):
            orders.note(step(id, "sent"))
        orders.note(step("done", "acknowledged", final=True))
        orders.note(step("never begun", "expired", final=True))
        await orders.begin(step("again", "sent"), life_left_s=60)
        await orders.note_unsent("refused by the link")
    async with log(path) as orders:
        ended = {each.id: each for each in await orders.end_of_last_run(AT, 100)}
        assert list(ended) == ["sending", "waiting", "again", "done"]
        assert {id: each.reason for id, each in ended.items()} == {
            "sending": "broken_off",
            "waiting": "broken_off",
            "again": "broken_off",
            "done": "",
        }
        assert all(each.final for each in ended.values())
        assert "may or may not" in ended["sending"].detail
        assert "waited for the answer" in ended["waiting"].detail
        assert "may or may not" in ended["again"].detail
        assert (await orders.last("done")) == step("done", "acknowledged", final=True)
        assert await orders.last("refused by the link") is None
        assert [each.id for each in await orders.end_of_last_run(AT, 2)] == ["again", "done"]


async def test_an_id_is_kept_as_long_as_its_order_lives_by_the_time_the_gateway_runs(
    tmp_path: Path,
) -> None:
    path = tmp_path / "orders"
    clock = [0.0]
    for run in range(3):
        async with log(path, lambda: clock[0]) as orders:
            if run == 0:
                await orders.begin(step("short"), life_left_s=1)
                await orders.begin(step("long"), life_left_s=KEPT_BEYOND_S)
            clock[0] += KEPT_BEYOND_S / 2 + 1
            await orders.begin(step(f"run {run}"), life_left_s=60)
            known = {id for id in ("short", "long") if await orders.last(id)}
            assert known == ({"short", "long"}, {"long"}, {"long"})[run]
    async with log(path, lambda: clock[0]) as orders:
        clock[0] += KEPT_BEYOND_S
        await orders.begin(step("last"), life_left_s=60)
        assert await orders.last("long") is None


async def test_a_damaged_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "orders"
    path.write_bytes(b"not a database, and long enough to be taken for one" * 100)
    async with log(path) as orders:
        await orders.begin(step("o1"), life_left_s=60)
        assert await orders.last("o1") is not None
    names = {name.partition("-")[0] for name in os.listdir(tmp_path)}  # noqa: PTH208
    assert "orders.damaged" in names


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Databases that were opened: each is locked, and no other connection can spoil it."""
    connect = sqlite3.connect
    opened: list[sqlite3.Connection] = []

    def noting(path: Path, **options: Any) -> sqlite3.Connection:
        opened.append(connect(path, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", noting)
    return opened


async def test_a_file_that_goes_bad_in_use_is_set_aside_and_orders_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "orders"
    async with log(path) as orders:
        for number in range(300):
            await orders.begin(step(f"{number:0>200}"), life_left_s=60)
    connect, room = sqlite3.connect, False

    def full(path: Path, **options: Any) -> Any:
        if room or path.exists():
            return connect(path, **options)
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(sqlite3, "connect", full)
    async with log(path) as orders:
        opened[-1].execute("PRAGMA shrink_memory")  # what it has read it would not miss
        with path.open("r+b") as file:  # as a worn memory card does
            file.seek(8192)
            file.write(os.urandom(path.stat().st_size - 12_288))
        for _ in range(2):
            with pytest.raises(OrderLogError, match="disk is full"):
                await orders.begin(step("o1"), life_left_s=60)
        room = True
        await orders.begin(step("o1"), life_left_s=60)
        orders.note(step("o1", "sent"))
        last = await orders.last("o1")
        assert last is not None
        assert last.state == "sent"


async def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OrderLogError, match="nowhere"):
        await open_order_log(tmp_path / "nowhere" / "orders")


class Looks(FakeChannel):
    """Notes what is on record when it is handed an order."""

    def __init__(self, orders: OrderLog) -> None:
        super().__init__()
        self._orders = orders
        self.known: list[OrderResult | None] = []

    async def send(self, outgoing: object) -> None:
        self.known.append(await self._orders.last("o1"))
        await super().send(outgoing)  # type: ignore[arg-type]


async def test_it_is_on_record_before_the_link_has_it_and_off_when_the_link_did_not_take_it(
    tmp_path: Path,
) -> None:
    async with log(tmp_path / "orders") as orders:
        channel = Looks(orders)
        results: list[OrderResult] = []
        plain = {"nmea0183": Plain(answers=False)}
        out = Outbound(channel, results.append, outbound=plain, record=orders)
        channel.fault = "nobody is connected"
        task = asyncio.create_task(out.run())
        out.send(order())
        await until(lambda: results[-1].reason == "link_down")
        await asyncio.sleep(0.1)
        assert await orders.last("o1") is None
        channel.fault = None
        await until(lambda: results[-1].state == "sent")
        assert [each is not None for each in channel.known] == [True, True]
        assert await orders.last("o1") is not None
        await ending(task)


@pytest.mark.parametrize(("kind", "goes"), [("text", False), ("distress", True)])
async def test_what_cannot_be_recorded_does_not_go_but_a_distress_does(
    tmp_path: Path, kind: OrderKind, goes: bool, opened: list[sqlite3.Connection]
) -> None:
    async with log(tmp_path / "orders") as orders:
        opened[-1].execute("DROP TABLE orders")
        channel = FakeChannel()
        results: list[OrderResult] = []
        plain = {"nmea0183": Plain(answers=False)}
        out = Outbound(channel, results.append, outbound=plain, record=orders)
        task = asyncio.create_task(out.run())
        out.send(order(kind=kind))
        await until(lambda: results[-1].state == "sent" or results[-1].reason == "link_down")
        assert bool(channel.sent) is goes
        if not goes:
            assert "the record of orders" in results[-1].detail
        await ending(task)
