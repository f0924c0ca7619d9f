"""Policy epoch guard: holds back an answer that was made under an agreement no longer in force.

A request may take seconds (an export, a survey). If meanwhile an agreement is suspended, or its
hours end, what was read for it may not pass any more: the caller is told to ask again.
"""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from patrol.desks.desk import Desk

DESK: Final = "patrol.desks.desk"
"""Where a request's desk stands in its scope."""

_BODY: Final = msgspec.json.encode(
    {"error": "sharing_changed", "message": "what is shared has just changed: ask again"}
)


class CrossingGuard:
    """ASGI middleware.

    Args:
        app: What it guards.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back unless that may not pass any more."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refused = False

        async def guarded(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start":
                desk = scope.get(DESK)
                refused = isinstance(desk, Desk) and desk.visible.is_stale
                if refused:
                    await send(_START)
                    await send({"type": "http.response.body", "body": _BODY})
                    return
            if not refused:
                await send(message)

        await self._app(scope, receive, guarded)


_START: Final[Message] = {
    "type": "http.response.start",
    "status": 503,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"1"),
    ],
}
