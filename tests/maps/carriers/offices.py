"""Offices: nodes reduced to their links, on loopback, with real sockets and real TLS."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from pathlib import Path

from maps.carriers.counterpart_links import CounterpartLinks
from maps.carriers.node_certificate import read_or_make_certificate
from maps.settings.counterpart_settings import CounterpartSettings
from patrol.counterparts.card import NodeCard
from patrol.errors.errors import Conflict, StoreError
from patrol.exchange.link_health import CounterpartLinkHealth
from patrol.signatures.signing_key import SigningKey, read_or_make_key

PATIENCE_S = 20.0


class Notes:
    """A kind of body: short texts, each due until `sent` is asked to keep it no longer.

    Attributes:
        name: What envelopes call it.
        lane: Where it leaves.
        taken: What came: from whom, and what.
        waiting: What is to leave, to whom.
        begun: With whom a session began, each time.
    """

    def __init__(self, name: str = "note", lane: int = 2) -> None:
        self.name, self.lane = name, lane
        self.taken: list[tuple[str, bytes]] = []
        self.waiting: list[tuple[str, bytes]] = []
        self.begun: list[str] = []

    async def take(self, node: str, body: bytes, message: bytes) -> None:
        """Take a text, unless it is a bad one."""
        if body == b"bad":
            raise Conflict("note is bad")
        if body == b"full":
            raise StoreError("10.0.0.4, user patrol: disk full")
        self.taken.append((node, body))

    async def due(self, node: str, room: int) -> Sequence[bytes]:
        """Return what is for a counterpart; it leaves once."""
        found = [body for to, body in self.waiting if to == node]
        self.waiting = [each for each in self.waiting if each[0] != node]
        return found

    def begin(self, node: str) -> None:
        """Note it."""
        self.begun.append(node)


class Office:
    """One node.

    Args:
        folder: Where its keys are.
        node: Its id.
        ahead_s: How far its clock is ahead, seconds.
        listens: Whether others can dial it.
        port: Where; 0 takes a free one.
        networks: Where it may dial.
    """

    def __init__(
        self,
        folder: Path,
        node: str,
        *,
        ahead_s: float = 0.0,
        listens: bool = True,
        port: int = 0,
        networks: tuple[IPv4Network, ...] = (IPv4Network("127.0.0.0/8"),),
    ) -> None:
        self.node, self.folder = node, folder
        self.cards: list[NodeCard] = []
        self.notes = Notes()
        self.key_file, self.tls_file = folder / f"{node}.node-key", folder / f"{node}.node-tls"
        self.links = CounterpartLinks(
            CounterpartSettings(
                listen=f"127.0.0.1:{port}" if listens else None,
                networks=networks,
            ),
            cards=lambda: self.cards,
            node=node,
            key_file=self.key_file,
            tls_file=self.tls_file,
            software="1.2.3",
            now=lambda: datetime.now(UTC) + timedelta(seconds=ahead_s),
        )
        self.links.kinds.add(self.notes)
        self._task: asyncio.Task[None] | None = None

    @property
    def key(self) -> SigningKey:
        """Its signing key."""
        return read_or_make_key(self.key_file)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self.links.listener is not None
        return self.links.listener.port

    def card(self, *, number: int = 1, port: int | None = None) -> NodeCard:
        """Return its card, with the port where it listens now."""
        if port is None and self.links.listener is not None:
            port = self.port
        return NodeCard(
            node=self.node,
            name=self.node.upper(),
            agencies=(),
            signing_key=self.key.public,
            tls_certificate=b64encode(
                read_or_make_certificate(self.tls_file, node=self.node)
            ).decode(),
            addresses=() if port is None else (f"https://127.0.0.1:{port}",),
            number=number,
            at=datetime(2026, 12, 1, tzinfo=UTC),
        )

    def knows(self, *cards: NodeCard) -> None:
        """Take these cards for those that count."""
        self.cards = list(cards)
        self.links.cards_changed()

    def say(self, node: str, text: bytes) -> None:
        """Have a text leave."""
        self.notes.waiting.append((node, text))
        self.links.kinds.wake(node)

    def health(self) -> CounterpartLinkHealth:
        """Return how its only link fares."""
        (found,) = self.links.health()
        return found

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Office]:
        """Listen and dial while inside."""
        self._task = task = asyncio.create_task(self.links.run())
        try:
            if self.links.listener is not None:
                await until(lambda: task.done() or self.port != 0)
            yield self
        finally:
            await self.stop()

    async def stop(self) -> None:
        """End it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


async def until(holds: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - anything that a test looks at
            await asyncio.sleep(0.01)
