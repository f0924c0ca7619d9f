"""Outbound: what one channel says to radios: checks orders, queues them, sends, hears the answers.

Nothing goes out on a channel that is listen-only, which every channel is unless its settings say
otherwise. While the link is down orders wait for it, or expire; the log has that once and not for
each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from time import monotonic
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from radio_gateway.channels.channel_settings import ChannelSettings
from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import GatewayError, GoneError, LinkError
from radio_gateway.health.health import ChannelHealth
from radio_gateway.links.transport import Transport
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind, OutboundModule
from radio_gateway.orders.order_queue import OrderQueue
from radio_gateway.orders.order_result import OrderResult, OrderState, Refusal
from radio_gateway.orders.queued_order import QueuedOrder
from radio_gateway.protocols import OUTBOUND

TAKEN_WITHIN_S: Final = 30.0
"""How long a link may take to accept one order before others have their turn."""

LOOK_EVERY_S: Final = 1.0  # at a link that is down
NOT_CONNECTED: Final = "not_connected"
"""Why an order waits: the link stands, and its radio is not connected to it."""

_log = structlog.get_logger(__name__)


class OutboundChannel(Protocol):
    """What is needed of a channel; `radio_gateway.channels.channel.Channel` is one."""

    settings: ChannelSettings
    transport: Transport

    async def send(self, outgoing: EncodedOrder) -> None:
        """Send, or raise LinkError."""

    def listen(self, listener: Callable[[list[Transmission]], None]) -> None:
        """Have `listener` called with what is heard."""

    def connection_of(self, device: str) -> str | None:
        """Return the connection that `device` was last heard on."""

    def health(self) -> ChannelHealth:
        """Return how the channel fares."""


class OrderRecord(Protocol):
    """What is known, after a crash, of what was begun; `OrderLog` is one."""

    async def begin(self, result: OrderResult, *, life_left_s: float) -> None:
        """Note durably that an order is handed to the link. Raises GatewayError."""

    async def note_unsent(self, id: str) -> None:
        """Note that the link did not take it, and it was never sent. Raises GatewayError."""


class Outbound:
    """The one way out of a channel.

    Args:
        channel: The channel; it is listened to from now on if it may speak.
        on_result: Called, on the event loop, with every step of every order.
        first_number: What `encode` is given as the number of the first order. Another one at each
            start keeps a radio from taking a new order for one of the last run.
        outbound: The protocols that can be written, by name.
        record: Where it is written down that an order is sent, before it is; None: nowhere.
        now: The calendar, aware UTC.
        now_s: A clock that is never set, seconds.
    """

    def __init__(
        self,
        channel: OutboundChannel,
        on_result: Callable[[OrderResult], None],
        *,
        first_number: int = 1,
        outbound: Mapping[str, OutboundModule] = OUTBOUND,
        record: OrderRecord | None = None,
        now: Callable[[], datetime] = utc_now,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._channel = channel
        self._on_result, self._record = on_result, record
        self._now, self._now_s = now, now_s
        self._number = first_number
        self._modules = {
            name: outbound[name] for name in channel.settings.protocols if name in outbound
        }
        self._mute = frozenset(channel.settings.protocols) - frozenset(self._modules)
        self._queue = OrderQueue(
            messages_per_minute=channel.settings.messages_per_minute,
            report=self._report,
            now=now,
            now_s=now_s,
        )
        self._changed = asyncio.Event()
        self._was_open, self._quiet = True, False
        self._down = f"the link of channel {channel.settings.name} is down"
        settings = channel.settings
        if self._modules and not settings.listen_only and channel.transport.can_send:
            channel.listen(self._observe)  # what is never asked needs no ear for answers

    @property
    def kinds(self) -> frozenset[OrderKind]:
        """The kinds of order that the channel's protocols have words for."""
        return frozenset(kind for module in self._modules.values() for kind in module.ORDERS)

    def refusal(self, order: Order) -> Refusal | None:
        """Return why `order` would not be taken now; None if it would."""
        taken = self._encoded(order)
        return taken if isinstance(taken, Refusal) else None

    def refusal_of(self, kind: OrderKind, protocol: str = "", _channel: str = "") -> Refusal | None:
        """Return why no order of `kind` to a radio of `protocol` would be taken."""
        found = self._modules_for(kind, protocol)
        return found if isinstance(found, Refusal) else None

    def send(self, order: Order, *, life_left_s: float | None = None) -> None:
        """Take an order; what becomes of it is told step by step.

        An order whose id is known is not taken again: its last step is told again.

        Args:
            order: What is to be said.
            life_left_s: For how long it is worth something from now on, seconds; None: until
                `order.expires_at`, which is then taken to be by this computer's clock.
        """
        known = self._queue.result(order.id)
        if known is not None:
            self._on_result(known)
            return
        if life_left_s is None:
            life_left_s = (order.expires_at - self._now()).total_seconds()
        if life_left_s <= 0:
            self._queue.close(order, "expired", "expired", "it came too late to be sent")
            return
        encoded = self._encoded(order)
        if isinstance(encoded, Refusal):
            self._queue.close(order, "refused", encoded.reason, encoded.detail)
            return
        self._number += 1
        held = None if self._link_works() else self._down
        self._queue.add(order, encoded, ends_s=self._now_s() + life_left_s, hold_reason=held)
        self._changed.set()

    def cancel(self, id: str) -> bool:
        """Call off an order; return whether that came in time, before it was begun."""
        return self._queue.cancel(id)

    def forbid(self, order: Order) -> None:
        """Call off an order that may not have come here yet; how far it is, is told again."""
        known = self._queue.result(order.id)
        if known is None:
            self._queue.close(order, "cancelled", "", "")
        elif not self._queue.cancel(order.id):
            self._on_result(known)

    def resume(self, order: Order, _state: OrderState) -> None:
        """Take an order that waited when the last run ended; it had not been sent."""
        self.send(order)

    def knows(self, id: str) -> bool:
        """Return whether an order was given to this channel in this run, not too long ago."""
        return self._queue.result(id) is not None

    async def run(self) -> None:
        """Send what is queued until cancelled."""
        while True:
            self._changed.clear()
            is_open = self._is_open()
            if not is_open:
                self._queue.look()
                self._hold()
            elif (order := self._queue.begin()) is not None:
                await self._attempt(order)
                continue
            wait_s = self._queue.wake_in_s()
            if wait_s is not None:
                wait_s = LOOK_EVERY_S if not is_open else min(max(wait_s, 0.01), LOOK_EVERY_S)
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                if is_open:  # what could go has gone
                    self._release()

    # -- inside

    async def _attempt(self, queued: QueuedOrder) -> None:
        order, outgoing = queued.order, queued.outgoing
        if outgoing.connection is None and order.device is not None:
            connection = self._channel.connection_of(order.device)
            if connection is not None:
                outgoing = replace(outgoing, connection=connection)
        if not await self._recorded(queued):
            return
        # A link that holds an order until its receiver asks must not hold it beyond its time.
        left_s = queued.ends_s - self._now_s()
        try:
            if left_s <= 0:  # the disk took long
                raise TimeoutError
            async with asyncio.timeout(min(TAKEN_WITHIN_S, left_s)):
                await self._channel.send(outgoing)
        except GoneError:
            who = f"{order.protocol}:{order.device}" if order.device else "the radio"
            name = self._channel.settings.name
            fault = f"{who} is not connected to channel {name} now"
            self._queue.not_sent(fault, reason=NOT_CONNECTED)
        except LinkError as error:
            self._queue.not_sent(error.fault)
        except TimeoutError:
            self._queue.not_sent("not taken yet; it is offered again", in_time=False)
        except Exception as error:  # noqa: BLE001 - logged here
            # a fault of a transport must not end the way out for all that comes after
            _log.exception("order_not_sent", order=order.id, channel=order.channel)
            self._queue.not_sent(f"{type(error).__name__}: {error}")
        else:
            self._queue.mark_sent()
            return
        if self._record is not None and not queued.attempts:
            try:
                await self._record.note_unsent(order.id)
            except GatewayError as error:  # after a crash it is told as one that may have gone
                _log.warning("order_not_recorded", order=order.id, fault=str(error))

    async def _recorded(self, queued: QueuedOrder) -> bool:
        """Write down that an order is sent; return whether it may be."""
        order = queued.order
        known = self._queue.result(order.id)
        if self._record is None or known is None:
            return True
        try:
            await self._record.begin(known, life_left_s=queued.ends_s - self._now_s())
        except GatewayError as error:
            _log.error("order_not_recorded", order=order.id, fault=str(error))
            if order.kind != "distress":  # heard twice is better than not at all
                self._queue.not_sent(str(error))
                return False
        return True

    def _link_works(self) -> bool:
        return self._channel.health().state in ("open", "silent")

    def _hold(self) -> None:
        self._quiet = True  # the log has it once, as `orders_wait_for_link`
        self._queue.hold(self._down)
        self._quiet = False

    def _release(self) -> None:
        self._quiet = True
        self._queue.release(self._down)
        self._quiet = False

    def _is_open(self) -> bool:
        is_open = self._link_works()
        if is_open != self._was_open and (is_open or self._queue.someone_waits):
            self._was_open = is_open
            event = "orders_go_on" if is_open else "orders_wait_for_link"
            name = self._channel.settings.name
            _log.info(event, channel=name, orders=len(self._queue))
        return is_open

    def _modules_for(self, kind: OrderKind, protocol: str) -> list[OutboundModule] | Refusal:
        settings = self._channel.settings
        modules = self._modules
        if protocol in modules:
            modules = {protocol: modules[protocol]}
        elif protocol in self._mute:
            modules = {}
        if not modules:
            spoken = protocol or " and ".join(settings.protocols)
            return Refusal("not_spoken", f"{spoken} has no way to tell a radio anything")
        able = [module for module in modules.values() if kind in module.ORDERS]
        if not able:
            return Refusal("not_spoken", f"{' and '.join(modules)} has no words for a {kind}")
        if not self._channel.transport.can_send:
            return Refusal("cannot_send", f"nothing can be sent over {settings.public_url}")
        if settings.listen_only:  # told last: only here can the settings help
            detail = f"channel {settings.name} is listen-only: its settings do not let it speak"
            return Refusal("listen_only", detail)
        return able

    def _encoded(self, order: Order) -> EncodedOrder | Refusal:
        modules = self._modules_for(order.kind, order.protocol)
        if isinstance(modules, Refusal):
            return modules
        if self._queue.is_full_for(order.kind):
            return Refusal("queue_full", f"{len(self._queue)} orders wait on this channel already")
        refusals: list[Refusal] = []
        for module in modules:
            try:
                return module.encode(order, self._channel.settings.decoder, number=self._number)
            except OrderError as error:
                refusals.append(Refusal(error.reason, error.detail))
        return refusals[0]

    def _observe(self, transmissions: list[Transmission]) -> None:
        for transmission in transmissions:
            self._queue.observe(transmission)
        if len(self._queue):
            self._changed.set()

    def _report(self, order: Order, result: OrderResult) -> None:
        if not self._quiet:
            _log.info(
                "order",
                id=order.id,
                state=result.state,
                kind=order.kind,
                channel=order.channel,
                device=order.device,
                operator=order.operator,
                why=order.reason,
                reason=result.reason,
                detail=result.detail,
                attempts=result.attempts,
            )
        self._on_result(result)
