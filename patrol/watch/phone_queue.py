"""PhoneQueue: texts to enrolled phones. A phone is not sent to: it asks for what waits for it.

It is the carrier of one channel, `phone`. A text is `delivered` once the phone has fetched it and
`read` once its crew says so; one that no phone fetched in time expires.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from radio_gateway.orders.order import Order, OrderKind
from radio_gateway.orders.order_result import OrderResult, OrderState, Refusal

PHONE: Final = "phone"
"""The channel's name."""

MOST_WAITING: Final = 100
"""Texts that wait for one phone."""

_PREFIX: Final = "position_json:"


def address_of(device: str) -> str:
    """Return the radio address under which a device reports."""
    return f"{_PREFIX}{device}"


def phone_of(address: str) -> str | None:
    """Return the device of an address that may be a phone's; None for other radios.

    >>> phone_of("position_json:naga-1-phone"), phone_of("ais:574123456")
    ('naga-1-phone', None)
    """
    return address.removeprefix(_PREFIX) if address.startswith(_PREFIX) else None


class PhoneQueue:
    """Keeps what waits for phones; a `patrol.messages.message.Carrier`.

    Args:
        on_result: Called with what becomes of a text.
        now: Clock, aware UTC.
    """

    def __init__(
        self, on_result: Callable[[OrderResult], None], *, now: Callable[[], datetime]
    ) -> None:
        self._on_result, self._now = on_result, now
        self._waiting: dict[str, Order] = {}

    def send(self, order: Order) -> None:
        """Keep a text until its phone asks, or its time is over."""
        self._waiting[order.id] = order

    def resume(self, order: Order, _state: OrderState) -> None:
        """Keep a text that waited when this node was restarted."""
        self.send(order)

    def cancel(self, id: str) -> bool:
        """Call off a text that no phone has fetched."""
        if self._waiting.pop(id, None) is None:
            return False
        self._on_result(OrderResult(id=id, state="cancelled", at=self._now(), final=True))
        return True

    def refusal(self, order: Order) -> Refusal | None:
        """Return why a text would not be taken now."""
        if order.device is None:
            return Refusal("not_spoken", "a text goes to one phone")
        waiting = sum(each.device == order.device for each in self._waiting.values())
        if waiting >= MOST_WAITING:
            return Refusal("queue_full", f"{waiting} texts wait for {order.device} already")
        return self.refusal_of(order.kind, order.protocol, order.channel)

    def refusal_of(self, kind: OrderKind, protocol: str, _channel: str) -> Refusal | None:
        """Return why no such message is taken: phones take texts, and tell where they are."""
        if kind != "text":
            return Refusal("not_spoken", f"a phone takes texts and no order of kind {kind}")
        if protocol != "position_json":
            return Refusal("not_spoken", f"no phone is a radio of {protocol}")
        return None

    def note_fetched(self, id: str) -> None:
        """Note that its phone has a text."""
        self._waiting.pop(id, None)

    def tick(self) -> None:
        """End what nobody fetched in time."""
        now = self._now()
        for order in [each for each in self._waiting.values() if each.expires_at <= now]:
            del self._waiting[order.id]
            self._on_result(
                OrderResult(
                    id=order.id,
                    state="expired",
                    at=now,
                    final=True,
                    reason="expired",
                    detail="the phone did not ask for it in time",
                )
            )
