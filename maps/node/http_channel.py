"""HttpChannel: a channel `http:`, as the router for `/in` sees it."""

from __future__ import annotations

from collections.abc import Callable

from radio_gateway.transports.http import HttpTransport


class HttpChannel:
    """A channel `http:`, as the router for `/in` sees it.

    Args:
        protocols: What it speaks.
        transport: Takes the bodies.
        speaks: Told whose device signed in.
    """

    def __init__(
        self,
        protocols: tuple[str, ...],
        transport: HttpTransport,
        speaks: Callable[[str, str], None],
    ) -> None:
        self.protocols = protocols
        self._transport, self._speaks = transport, speaks

    async def submit(
        self, body: bytes, *, topic: str, source: str, device: str, agency: str
    ) -> bytes:
        """Hand in one body, as `InboundChannel` there says; tell first whose key it was."""
        self._speaks(device, agency)
        outcome = await self._transport.submit(body, topic=topic, source=source)
        return outcome.answer
