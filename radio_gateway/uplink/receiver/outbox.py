"""Outbox: signed messages to gateways that wait to be sent: hellos, receipts and orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from radio_gateway.errors.errors import RefusedError
from radio_gateway.transports.mqtt import MqttTransport
from radio_gateway.uplink.wire.envelope import topic_of
from radio_gateway.uplink.wire.signing import Purpose, Signer

AT_ONCE: Final = 16


class GatewayOutbox:
    """What a node has to say to its gateways.

    Args:
        signer: Signs each word.
        refused: Called with gateway and fault when the broker does not take a word for it.
    """

    def __init__(self, signer: Signer, refused: Callable[[str, str], None]) -> None:
        self._signer, self._refused = signer, refused
        self._waiting: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    def queue(self, gateway: str, purpose: Purpose, body: bytes) -> None:
        """Have a gateway told, once that is possible."""
        self._waiting.put_nowait((gateway, self._word(purpose, body)))

    def forget(self) -> None:
        """Forget what waits."""
        while not self._waiting.empty():
            self._waiting.get_nowait()

    async def send_now(
        self, transport: MqttTransport, gateway: str, purpose: Purpose, body: bytes
    ) -> None:
        """Tell a gateway before all that waits. Raises LinkError if the broker does not take it."""
        await transport.send(self._word(purpose, body), topic=topic_of(gateway, "node"))

    async def speak(self, transport: MqttTransport) -> None:
        """Say what waits, and what comes to wait, until cancelled.

        Some at a time: on a far broker each waits for its answer.

        Raises:
            LinkError: If the broker is not reached any more.
        """
        places = asyncio.Semaphore(AT_ONCE)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await places.acquire()
                    gateway, word = await self._waiting.get()
                    tasks.create_task(self._send(transport, gateway, word, places))
        except ExceptionGroup as faults:
            raise faults.exceptions[0] from None

    async def _send(
        self, transport: MqttTransport, gateway: str, word: bytes, places: asyncio.Semaphore
    ) -> None:
        try:
            await transport.send(word, topic=topic_of(gateway, "node"))
        except RefusedError as error:  # this gateway's topic is; the others' may well be open
            self._refused(gateway, error.fault)
        finally:
            places.release()

    def _word(self, purpose: Purpose, body: bytes) -> bytes:
        return purpose.encode() + b"\n" + self._signer.sign(purpose, body)
