"""Remote orders: messages to radios of a gateway on another computer.

An order is passed on again and again until the gateway tells how it ended; the gateway takes each
only once. What is shown of it meanwhile is what is known here: while the gateway is not heard that
is said, and an order that was passed on and never spoken of again is not called unsent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol

import msgspec
import structlog
from msgspec.structs import replace

from patrol.store.records.messages import NO_WORD
from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError
from radio_gateway.health.health import ChannelHealth
from radio_gateway.orders.order import Order, OrderKind
from radio_gateway.orders.order_result import OrderResult, OrderState, Refusal
from radio_gateway.orders.priority import CROWDED_OUT, DISTRESS_BEYOND, RANK, gives_way

AGAIN_S: Final = 10.0
AGAIN_ONCE_HEARD_S: Final = 30.0
"""When the gateway has said that it has the order, but not yet how it ended."""

LAST_WORD_WITHIN_S: Final = 45.0
"""After an order has expired: an answer may still be awaited, or on its way."""

GATEWAY_LOST: Final = "gateway_lost"
"""Why it is not known how far an order has come that was passed on."""

LOOK_EVERY_S: Final = 1.0
WAITING: Final = 200
_log = structlog.get_logger(__name__)


class OrderRoute(Protocol):
    """The node's end of the way to its gateways; `Receiver` is one."""

    async def send_order(
        self, gateway: str, order: Order, *, life_left_s: float, cancelled: bool = False
    ) -> None:
        """Pass an order on, or that it is not to be carried out. Raises LinkError."""

    def unreached(self, gateway: str) -> str | None:
        """Return why a gateway is not reached now; None when it is."""

    def health(self) -> list[ChannelHealth]:
        """Return how the gateways and their channels fare."""


class _OpenOrder(msgspec.Struct):
    """An order whose end is not known.

    Attributes:
        order: What is to be said.
        ends_s: When it is worth nothing any more, steady clock.
        last: The last that was told of it.
        again_s: Not to be passed on before, steady clock.
        passed_on: A broker has taken it at least once, so that the gateway may have it.
        acknowledged: The gateway has told of it.
        cancelled: It is not to be carried out; the gateway says whether that came in time.
    """

    order: Order
    ends_s: float
    last: OrderResult
    again_s: float = 0.0
    passed_on: bool = False
    acknowledged: bool = False
    cancelled: bool = False


class RemoteCarrier:
    """Takes orders to the channels of one gateway.

    Args:
        way: The node's end of the way to it.
        gateway: Its id.
        report: Called with what is known here of an order.
        now_s: A clock that is never set, seconds.
    """

    def __init__(
        self,
        way: OrderRoute,
        gateway: str,
        report: Callable[[OrderResult], None],
        *,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._way, self._gateway, self._report, self._now_s = way, gateway, report, now_s
        self._open: dict[str, _OpenOrder] = {}  # the oldest first
        self._changed = asyncio.Event()
        self._fault: str | None = None
        self._logged: str | None = None

    def send(self, order: Order) -> None:
        """Take an order; one whose id is known is passed on again.

        When too many wait, a less urgent one that was not passed on yet gives way.
        """
        known = self._open.get(order.id)
        if known is not None:
            known.again_s = 0.0
        else:
            now = utc_now()
            given = _OpenOrder(
                order=order,
                ends_s=self._now_s() + (order.expires_at - now).total_seconds(),
                last=OrderResult(id=order.id, state="queued", at=now),
            )
            if not self._has_room(order.kind):
                yielding = self._yielding(order.kind)
                if yielding is None:
                    self._close(given, "refused", "queue_full", self._full)
                    return
                detail = (
                    f"never passed on: too many orders waited and one of kind {order.kind} came"
                )
                self._close(self._open.pop(yielding.id), "failed", CROWDED_OUT, detail)
            self._open[order.id] = given
        self._changed.set()

    def resume(self, order: Order, state: OrderState) -> None:
        """Take an order that had come so far when this node was restarted.

        The gateway may have it already; if so it tells, once it is given it again.
        """
        self.send(order)
        given = self._open.get(order.id)
        if given is not None:
            given.passed_on, given.last = True, replace(given.last, state=state)

    def note_result(self, result: OrderResult) -> None:
        """Note what the gateway tells of an order: once it has ended, it is not passed on."""
        given = self._open.get(result.id)
        if given is None:
            return
        if result.final:
            del self._open[result.id]
        else:
            given.acknowledged, given.last = True, result
            if not given.cancelled:
                given.again_s = self._now_s() + AGAIN_ONCE_HEARD_S

    def cancel(self, id: str) -> bool:
        """Cancel an order at once if it was not passed on; else the gateway is told, and tells.

        Returns:
            Whether it may still come to be cancelled: False when its end is known.
        """
        given = self._open.get(id)
        if given is None:
            return False
        if given.passed_on:
            given.cancelled, given.again_s = True, 0.0
            self._changed.set()
        else:
            del self._open[id]
            self._close(given, "cancelled", "", "before it was passed on")
        return True

    def refusal(self, order: Order) -> Refusal | None:
        """Return why `order` would not be taken now; None if it would, or that is not known."""
        refusal = self.refusal_of(order.kind, order.protocol, order.channel)
        if refusal is None and not self._has_room(order.kind) and not self._yielding(order.kind):
            return Refusal("queue_full", self._full)
        return refusal

    def refusal_of(self, kind: OrderKind, _protocol: str, channel: str) -> Refusal | None:
        """Return why `channel` takes no order of `kind`; None if it would or is not known."""
        channels = self._channels()
        if not channels:
            return None  # it has not told of itself yet
        found = channels.get(channel)
        if found is None:
            return Refusal("no_channel", f"nothing can be sent over {channel}")
        if found.refuses is not None:
            return self._in_its_words(channel, found.refuses)
        if kind not in found.orders:
            return Refusal("not_spoken", f"{channel} has no words for an order of kind {kind}")
        return None

    async def run(self) -> None:
        """Pass on what waits, until cancelled."""
        while True:
            self._changed.clear()
            await self.look()
            try:
                async with asyncio.timeout(LOOK_EVERY_S if self._open else None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def look(self) -> None:
        """Pass on what is due, say what is in the way, and end what has ended."""
        fault = self._way.unreached(self._gateway)
        if fault is None and self._fault is not None:
            for given in self._open.values():  # what was passed on before may have reached nobody
                given.again_s = 0.0
        for given in sorted(self._open.values(), key=lambda each: RANK[each.order.kind]):
            id, now_s = given.order.id, self._now_s()
            if self._open.get(id) is not given:  # it ended while another was passed on
                continue
            if given.ends_s <= now_s:
                self._after_its_time(given, now_s, fault)
                continue
            if fault is None and given.again_s <= now_s:
                try:
                    await self._pass_on(given, now_s)
                except LinkError as error:
                    fault = error.fault
            if fault is not None:
                self._delay(given, fault)
        self._fault = fault
        # that nothing waits is no news; that it goes on is, once it was told that it does not
        if fault != self._logged and (self._open or fault is None):
            self._logged = fault
            event = "orders_go_on" if fault is None else "orders_wait_for_gateway"
            _log.info(event, gateway=self._gateway, orders=len(self._open), fault=fault)

    async def _pass_on(self, given: _OpenOrder, now_s: float) -> None:
        own = replace(given.order, channel=given.order.channel.partition("/")[2])
        # before it goes: from now on the gateway may have it, whatever the broker says
        first, given.passed_on = not given.passed_on, True
        try:
            await self._way.send_order(
                self._gateway,
                own,
                life_left_s=given.ends_s - now_s,
                cancelled=given.cancelled,
            )
        except LinkError:
            given.again_s = now_s + LOOK_EVERY_S
            raise
        patient = given.acknowledged and not given.cancelled
        given.again_s = now_s + (AGAIN_ONCE_HEARD_S if patient else AGAIN_S)
        if first and given.last.reason:
            self._show(given, "", f"passed on to gateway {self._gateway}")

    def _delay(self, given: _OpenOrder, fault: str) -> None:
        reason, detail = "link_down", f"{fault}: it waits here"
        if given.passed_on:
            reason, detail = GATEWAY_LOST, f"{fault}: what became of it since is not known"
        if given.last.detail != detail:
            self._show(given, reason, detail)

    def _show(self, given: _OpenOrder, reason: str, detail: str) -> None:
        given.last = replace(given.last, at=utc_now(), reason=reason, detail=detail)
        self._report(given.last)

    def _after_its_time(self, given: _OpenOrder, now_s: float, fault: str | None) -> None:
        if not given.passed_on:
            del self._open[given.order.id]
            held = fault or given.last.detail or "its turn did not come"
            self._close(given, "expired", "expired", f"never passed on: {held}")
        elif now_s >= given.ends_s + LAST_WORD_WITHIN_S:
            del self._open[given.order.id]
            detail = f"passed on, and gateway {self._gateway} did not say how it ended: "
            was_sent = given.last.state == "sent"
            detail += (
                "it was sent, no answer is known" if was_sent else "it may or may not have gone"
            )
            self._close(given, "failed", NO_WORD, detail)  # what is told later still counts

    def _close(self, given: _OpenOrder, state: OrderState, reason: str, detail: str) -> None:
        result = replace(given.last, state=state, at=utc_now(), final=True)
        self._report(replace(result, reason=reason, detail=detail))

    def _has_room(self, kind: OrderKind) -> bool:
        if len(self._open) < WAITING:
            return True
        beyond = len(self._open) < WAITING + DISTRESS_BEYOND
        return kind == "distress" and beyond and self._yielding(kind) is None

    def _yielding(self, kind: OrderKind) -> Order | None:
        held = [each.order for each in self._open.values() if not each.passed_on]
        return gives_way(kind, held)

    @property
    def _full(self) -> str:
        return f"{len(self._open)} orders to gateway {self._gateway} are not done with already"

    def _in_its_words(self, channel: str, refusal: Refusal) -> Refusal:
        if refusal.reason == "listen_only":
            whose = f"the settings of gateway {self._gateway} do not let it speak"
            return Refusal("listen_only", f"channel {channel} is listen-only: {whose}")
        return Refusal(refusal.reason, f"gateway {self._gateway}: {refusal.detail}")

    def _channels(self) -> dict[str, ChannelHealth]:
        prefix = f"{self._gateway}/"
        return {each.name: each for each in self._way.health() if each.name.startswith(prefix)}
