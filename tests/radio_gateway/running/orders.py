"""Orders for tests."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from radio_gateway.orders.order import Order, OrderKind


def order(id: str = "o1", kind: OrderKind = "text", *, for_s: float = 60.0, **more: Any) -> Order:
    now = datetime.now(UTC)
    return Order(
        **{
            "id": id,
            "kind": kind,
            "channel": "link",
            "operator": "somchai",
            "reason": "curfew",
            "created_at": now,
            "expires_at": now + timedelta(seconds=for_s),
            "device": "101",
            "text": "come home",
            **more,
        }
    )


async def ending(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
