"""Orders to the radios of a gateway on another computer, as the node keeps and shows them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from maps.node.remote_orders import (
    AGAIN_ONCE_HEARD_S,
    AGAIN_S,
    LAST_WORD_WITHIN_S,
    WAITING,
    RemoteCarrier,
)
from radio_gateway.errors.errors import LinkError
from radio_gateway.health.health import ChannelHealth
from radio_gateway.orders.order import Order
from radio_gateway.orders.order_result import OrderResult, OrderState, Refusal
from tests.fixtures.patience import loop_turns
from tests.maps.servers.running import wait_until
from tests.radio_gateway.running.orders import order


class Way:
    """The way to a gateway, and a clock in the hand.

    Attributes:
        fault: Why the gateway is not reached; None: it is.
        breaks: Whether the broker breaks off while an order is handed to it.
        passed_on: What was: id, channel and life left, in order.
        cancelled: Of these, what was not to be carried out.
    """

    def __init__(self) -> None:
        self.fault: str | None = None
        self.breaks = False
        self.cancelled: list[str] = []
        self.passed_on: list[tuple[str, str, float]] = []
        self.channels: list[ChannelHealth] = []
        self.now_s = 1000.0
        self.told: list[OrderResult] = []
        self.carrier = RemoteCarrier(self, "pier", self.told.append, now_s=lambda: self.now_s)

    async def send_order(
        self, gateway: str, order: Order, *, life_left_s: float, cancelled: bool = False
    ) -> None:
        assert gateway == "pier"
        if self.breaks:
            raise LinkError("mqtt://x", "the broker did not take it")
        self.passed_on.append((order.id, order.channel, round(life_left_s, 1)))
        if cancelled:
            self.cancelled.append(order.id)

    def unreached(self, gateway: str) -> str | None:
        return self.fault

    def health(self) -> list[ChannelHealth]:
        return self.channels

    async def wait(self, seconds: float) -> list[str]:
        """Let time pass, a second at a time; return what was passed on meanwhile."""
        count = len(self.passed_on)
        for _ in range(int(seconds)):
            self.now_s += 1
            await self.carrier.look()
        return [id for id, *_ in self.passed_on[count:]]

    def tell(self, id: str, state: OrderState, *, final: bool = False) -> None:
        self.carrier.note_result(OrderResult(id=id, state=state, at=datetime.now(UTC), final=final))

    def last(self, id: str) -> OrderResult:
        return [each for each in self.told if each.id == id][-1]


def given(id: str = "o1", *, for_s: float = 300.0, **more: Any) -> Order:
    return order(id, for_s=for_s, channel="pier/base", **more)


async def test_an_order_is_passed_on_until_the_gateway_says_how_it_ended() -> None:
    way = Way()
    way.carrier.send(given())
    assert await way.wait(2 * AGAIN_S + 1) == ["o1"] * 3
    assert way.passed_on[0] == ("o1", "base", 299.0)
    assert way.passed_on[2] == ("o1", "base", 279.0)
    way.tell("o1", "queued")
    way.tell("o1", "sent")
    assert await way.wait(AGAIN_ONCE_HEARD_S) == ["o1"]  # it may have been restarted
    way.tell("o1", "acknowledged", final=True)
    assert await way.wait(400) == []
    assert way.told == []  # all else was for the gateway to tell


async def test_while_the_gateway_is_lost_what_is_shown_is_what_is_known() -> None:
    way = Way()
    way.fault = "gateway pier is not heard"
    way.carrier.send(given())
    await way.wait(20)
    assert way.passed_on == []
    [waits] = way.told  # told once
    assert (waits.state, waits.final, waits.reason) == ("queued", False, "link_down")
    assert waits.detail == "gateway pier is not heard: it waits here"
    way.fault = None
    assert await way.wait(1) == ["o1"]
    assert (way.last("o1").reason, way.last("o1").detail) == ("", "passed on to gateway pier")
    way.tell("o1", "sent")
    way.fault = "gateway pier is not heard"
    await way.wait(5)
    assert (way.last("o1").state, way.last("o1").final) == ("sent", False)
    assert way.last("o1").reason == "gateway_lost"
    assert "not known" in way.last("o1").detail
    way.fault = None
    assert "o1" in await way.wait(AGAIN_ONCE_HEARD_S)


async def test_a_broker_that_breaks_off_costs_no_order() -> None:
    way = Way()
    way.breaks = True
    way.carrier.send(given())
    await way.wait(3)
    assert "the broker did not take it" in way.last("o1").detail
    way.breaks = False
    assert await way.wait(2) == ["o1"]


async def test_what_was_never_passed_on_has_expired_and_what_was_is_not_called_unsent() -> None:
    way = Way()
    way.carrier.send(given("passed", for_s=30))
    await way.wait(1)
    way.fault = "gateway pier is not heard"
    way.carrier.send(given("held", for_s=30))
    await way.wait(30)
    held = way.last("held")
    assert (held.state, held.final) == ("expired", True)
    assert held.detail == "never passed on: gateway pier is not heard"
    assert not way.last("passed").final
    await way.wait(LAST_WORD_WITHIN_S)
    passed = way.last("passed")
    assert (passed.state, passed.final, passed.reason) == ("failed", True, "no_word")
    assert "may or may not have gone" in passed.detail
    assert await way.wait(100) == []


async def test_what_had_been_passed_on_before_a_restart_is_not_called_unsent_either() -> None:
    way = Way()
    way.fault = "gateway pier is not heard"
    way.carrier.resume(given(for_s=30), "sent")
    await way.wait(5)
    assert way.last("o1").state == "sent"
    await way.wait(30 + LAST_WORD_WITHIN_S)
    assert (way.last("o1").state, way.last("o1").reason) == ("failed", "no_word")
    assert "it was sent" in way.last("o1").detail


async def test_a_node_clock_that_is_set_neither_ends_an_order_nor_lengthens_its_life(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way = Way()
    way.carrier.send(given(for_s=30))

    monkeypatch.setattr("maps.node.remote_orders.utc_now", lambda: datetime(2036, 1, 1, tzinfo=UTC))
    assert await way.wait(1) == ["o1"]
    assert way.passed_on == [("o1", "base", 29.0)]
    await way.wait(29)
    assert len(way.passed_on) == 3  # and then it is over


async def test_of_too_many_a_text_gives_way_then_a_poll_and_never_a_distress() -> None:
    way = Way()
    way.fault = "gateway pier is not heard"
    for number in range(WAITING - 3):
        way.carrier.send(given(f"d{number}", kind="distress"))
    for id, kind in (("t1", "text"), ("p1", "poll"), ("t2", "text")):
        way.carrier.send(given(id, kind=kind))
    assert way.carrier.refusal(given(kind="text")) is not None
    for id in ("x1", "x2", "x3", "x4"):
        way.carrier.send(given(id, kind="distress"))
    dropped = [each for each in way.told if each.reason == "crowded_out"]
    assert [each.id for each in dropped] == ["t2", "t1", "p1"]
    assert all(each.final and each.state == "failed" for each in dropped)
    way.carrier.send(given("late"))
    assert (way.last("late").state, way.last("late").reason) == ("refused", "queue_full")
    way.fault = None
    sent = await way.wait(1)
    assert {"x1", "x2", "x3", "x4", "d0"} <= set(sent)
    assert len(sent) == WAITING + 1


async def test_what_was_not_passed_on_is_cancelled_at_once_and_what_was_by_the_gateway() -> None:
    way = Way()
    way.carrier.send(given("o1"))
    assert way.carrier.cancel("o1")
    assert (way.last("o1").state, way.last("o1").final) == ("cancelled", True)
    assert await way.wait(20) == []
    way.carrier.send(given("o2"))
    await way.wait(1)
    way.tell("o2", "queued")
    assert way.carrier.cancel("o2")
    assert way.told[-1].id == "o1"  # the gateway is to say whether it was in time
    await way.wait(AGAIN_S + 1)
    assert way.cancelled == ["o2", "o2"]
    way.tell("o2", "cancelled", final=True)
    assert not way.carrier.cancel("o2")
    assert await way.wait(100) == []


async def test_the_most_urgent_is_passed_on_first() -> None:
    way = Way()
    for id, kind in (("t", "text"), ("d", "distress"), ("p", "poll"), ("a", "alert")):
        way.carrier.send(given(id, kind=kind))
    assert await way.wait(1) == ["d", "a", "p", "t"]


def channel(name: str, *orders: str, refuses: Refusal | None = None) -> ChannelHealth:
    return ChannelHealth(
        name=name,
        url="",
        protocols=("kenwood",),
        state="open",
        since=datetime.now(UTC),
        orders=orders,
        refuses=refuses,
    )


def test_a_channel_that_only_listens_refuses_as_that_and_its_neighbour_does_not() -> None:
    way = Way()
    assert way.carrier.refusal(given()) is None  # the gateway has not told of itself yet
    ours = Refusal("listen_only", "channel base is listen-only: its settings do not let it speak")
    way.channels = [
        channel("pier"),
        channel("pier/base", refuses=ours),
        channel("pier/vhf", "text"),
        channel("pier/ais", refuses=Refusal("not_spoken", "ais has no way to tell a radio")),
    ]
    refusal = way.carrier.refusal(given())
    assert refusal is not None
    assert refusal.reason == "listen_only"
    assert "pier/base is listen-only" in refusal.detail
    assert "gateway pier" in refusal.detail
    assert way.carrier.refusal_of("text", "kenwood", "pier/vhf") is None
    for name, reason in (
        ("pier/vhf", "not_spoken"),
        ("pier/ais", "not_spoken"),
        ("pier/x", "no_channel"),
    ):
        found = way.carrier.refusal_of("alert", "kenwood", name)
        assert found is not None
        assert found.reason == reason


@asynccontextmanager
async def running(carrier: RemoteCarrier) -> AsyncIterator[None]:
    task = asyncio.create_task(carrier.run())
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_order_is_passed_on_at_once() -> None:
    way = Way()
    async with running(way.carrier):
        await loop_turns()
        way.carrier.send(given())
        async for _ in wait_until("the order"):
            if way.passed_on:
                break
        assert [id for id, *_ in way.passed_on] == ["o1"]
