"""Remote orders: what is to be said by the radios of a gateway on another computer.

An order is passed on again and again until the gateway tells what became of it, or it expires; the
gateway takes each only once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final

import structlog
from msgspec.structs import replace

from radio_gateway.errors import LinkError
from radio_gateway.health import ChannelHealth
from radio_gateway.order import Order, OrderKind
from radio_gateway.order_result import OrderResult, Refusal
from radio_gateway.uplink.receiver import Receiver

AGAIN_S: Final = 10.0
WAITING: Final = 200
REMEMBERED: Final = 2000
_log = structlog.get_logger(__name__)


class RemoteCarrier:
    """Takes orders to the channels of one gateway.

    Args:
        receiver: The node's end of the way to it.
        gateway: Its id.
    """

    def __init__(self, receiver: Receiver, gateway: str) -> None:
        self._receiver, self._gateway = receiver, gateway
        self._waiting: dict[str, Order] = {}
        self._given: OrderedDict[str, None] = OrderedDict()
        self._changed = asyncio.Event()

    def send(self, order: Order) -> None:
        """Take an order; one whose id is known is passed on again."""
        self._given[order.id] = None
        if len(self._given) > REMEMBERED:
            self._given.popitem(last=False)
        self._waiting[order.id] = order
        if len(self._waiting) > WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._changed.set()

    def told(self, result: OrderResult) -> bool:
        """Note that the gateway has an order: it need not be passed on any more.

        Returns:
            Whether it was given that order: what it tells of another's counts for nothing.
        """
        self._waiting.pop(result.id, None)
        return result.id in self._given

    def refusal(self, order: Order) -> Refusal | None:
        """Return why `order` would not be taken now; None if it would, or that is not known."""
        channel = self._channels().get(order.channel)
        if channel is None:
            if not self._channels():
                return None  # it has not told of itself yet
            return Refusal("no_channel", f"nothing can be sent over {order.channel}")
        return self._refusal(order.kind, [channel])

    def refusal_of(self, kind: OrderKind, protocol: str) -> Refusal | None:
        """Return why no order of `kind` to a radio of `protocol` would be taken; None as above."""
        speak = [each for each in self._channels().values() if protocol in _families(each)]
        return self._refusal(kind, speak)

    async def run(self) -> None:
        """Pass on what waits, until cancelled."""
        while True:
            self._changed.clear()
            now = datetime.now(UTC)
            for order in list(self._waiting.values()):
                if order.expires_at <= now:
                    del self._waiting[order.id]
                    continue
                try:
                    own = replace(order, channel=order.channel.partition("/")[2])
                    await self._receiver.send_order(self._gateway, own)
                except LinkError as error:
                    _log.info("order_waits", order=order.id, fault=error.fault)
                    break
            try:
                async with asyncio.timeout(AGAIN_S if self._waiting else None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _refusal(self, kind: OrderKind, channels: list[ChannelHealth]) -> Refusal | None:
        if not channels or any(kind in each.orders for each in channels):
            return None
        if all(not each.orders for each in channels):
            name = channels[0].name
            return Refusal(
                "listen_only", f"{name} only listens, or its protocols cannot be written"
            )
        return Refusal("not_spoken", f"has no words for an order of kind {kind}")

    def _channels(self) -> dict[str, ChannelHealth]:
        prefix = f"{self._gateway}/"
        return {each.name: each for each in self._receiver.health() if each.name.startswith(prefix)}


def _families(channel: ChannelHealth) -> set[str]:
    """Return what an address of the channel's radios may begin with (`aprs_kiss` hears `aprs:`)."""
    return {part for name in channel.protocols for part in (name, name.partition("_")[0])}
