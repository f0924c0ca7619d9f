"""A queue of orders with its clocks in the hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from gis.position.position import Position
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderKind
from radio_gateway.orders.order_queue import OrderQueue
from radio_gateway.orders.order_result import OrderResult

START = datetime(2026, 6, 10, 8, tzinfo=UTC)


class Bench:
    """A queue with clocks in the hand."""

    def __init__(self, per_minute: int = 600) -> None:
        self.now, self.now_s = START, 1000.0
        self.steps: list[OrderResult] = []
        self.queue = OrderQueue(
            messages_per_minute=per_minute,
            report=lambda _order, result: self.steps.append(result),
            now=lambda: self.now,
            now_s=lambda: self.now_s,
        )

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.now_s += seconds

    def give(self, id: str, kind: OrderKind = "text", *, for_s: float = 300.0, **more: Any) -> None:
        answer = more.pop("answer", id)
        order = Order(
            id=id,
            kind=kind,
            channel="link",
            operator="somchai",
            created_at=self.now,
            expires_at=self.now + timedelta(seconds=for_s),
            device=more.pop("device", "101"),
        )
        self.queue.add(
            order,
            EncodedOrder(data=id.encode(), answer=answer, **more),
            ends_s=self.now_s + for_s,
        )

    def send(self) -> str | None:
        queued_order = self.queue.begin()
        if queued_order is None:
            return None
        self.queue.mark_sent()
        return queued_order.order.id

    def hear(self, answers: str, status: str = "acknowledged", text: str | None = None) -> None:
        self.queue.observe(
            Transmission(
                protocol="plain",
                kind="answer",
                heard_at=self.now,
                status=status,
                text=text,
                facts={"answers": answers},
            )
        )

    def see(self, device: str, *, fix: bool = True, at: datetime | None = None) -> None:
        self.queue.observe(
            Transmission(
                protocol="plain",
                kind="position",
                heard_at=self.now,
                device_time=at,
                device=device,
                position=Position(lon=100.4, lat=20.2),
                fix=fix,
            )
        )

    def states(self, id: str) -> list[str]:
        return [step.state for step in self.steps if step.id == id]

    def last(self, id: str) -> OrderResult:
        return [step for step in self.steps if step.id == id][-1]
