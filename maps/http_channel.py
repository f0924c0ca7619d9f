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
        """Hand in one body and wait until all of it is stored or rejected.

        Args:
            body: What was posted.
            topic: As what the protocol reads who is speaking.
            source: What stands for the sender.
            device: Whose key was shown.
            agency: Whose device that is.

        Returns:
            What is to be said to the sender, often nothing.

        Raises:
            LinkError: If the channel is down; the sender should try again later.
        """
        self._speaks(device, agency)
        outcome = await self._transport.submit(body, topic=topic, source=source)
        return outcome.answer
