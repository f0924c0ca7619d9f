"""Counterpart links: the links of this node to all its confirmed counterparts, as cards change.

A counterpart is listened to, and dialed if it has an address, from the moment its card counts. Once
it counts no longer, or another card has taken its place, the connections by it are closed.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from maps.carriers.counterpart_link import CounterpartLink
from maps.carriers.https_listener import HttpsListener
from maps.carriers.node_certificate import (
    dialing_context,
    listening_context,
    read_or_make_certificate,
)
from maps.errors.errors import MapsError
from maps.runtime.supervision import run_supervised
from maps.settings.counterpart_settings import CounterpartSettings, host_and_port
from patrol.counterparts.card import NodeCard
from patrol.errors.errors import PatrolError
from patrol.exchange.body_kinds import BodyKinds
from patrol.exchange.hello import ClockDifference
from patrol.exchange.link_health import CounterpartLinkHealth
from patrol.signatures.signing_key import read_or_make_key

_AGAIN_S: Final = 5.0
_log = structlog.get_logger(__name__)


class CounterpartLinks:
    """The links to counterparts.

    Args:
        settings: Where they are reached, and reach us.
        cards: Returns the cards that count now.
        node: This node.
        key_file: The key with which it signs.
        tls_file: Its key and certificate of TLS. Both are made when there is somebody to speak to.
        software: Version of our software.
        now: Clock, aware UTC.

    Attributes:
        kinds: What there is to say, besides who we are.
        listener: Takes their connections; None where the settings name no address.
    """

    def __init__(
        self,
        settings: CounterpartSettings,
        *,
        cards: Callable[[], Iterable[NodeCard]],
        node: str,
        key_file: Path,
        tls_file: Path,
        software: str,
        now: Callable[[], datetime],
    ) -> None:
        self.kinds: Final = BodyKinds()
        self.kinds.on_wake = self._wake
        self.listener = None if settings.listen is None else HttpsListener(self._link_of)
        self._settings, self._cards, self._node = settings, cards, node
        self._key_file, self._tls_file = key_file, tls_file
        self._software, self._now = software, now
        self._links: dict[str, CounterpartLink] = {}
        self._by_certificate: dict[bytes, CounterpartLink] = {}
        self._dialing: dict[str, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()

    def cards_changed(self) -> None:
        """Look at the cards again: one may count now, or no longer."""
        self._changed.set()

    def health(self) -> list[CounterpartLinkHealth]:
        """Return how each link fares, by counterpart."""
        return [self._links[node].health() for node in sorted(self._links)]

    def clock_of(self, node: str) -> ClockDifference | None:
        """Return how far a counterpart's clock is from ours; None: not measured yet."""
        link = self._links.get(node)
        return None if link is None else link.clock

    async def run(self) -> None:
        """Listen and dial until cancelled."""
        listening: asyncio.Task[None] | None = None
        try:
            while True:
                self._changed.clear()
                try:
                    cards = {card.node: card for card in self._cards()}
                    if cards or self._links or self.listener is not None:
                        self._take_up(cards)
                except (PatrolError, MapsError, OSError) as error:
                    _log.error("counterparts_not_reached", fault=str(error))
                    await asyncio.sleep(_AGAIN_S)
                    continue
                if listening is None and self.listener is not None:
                    listening = asyncio.create_task(
                        self._listen(self.listener), name="counterparts listen"
                    )
                await self._changed.wait()
        finally:
            for link in self._links.values():
                link.close()
            tasks = [*self._dialing.values(), *([] if listening is None else [listening])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _link_of(self, certificate: bytes) -> CounterpartLink | None:
        return self._by_certificate.get(certificate)

    def _wake(self, node: str | None) -> None:
        for link in self._links.values() if node is None else self._links_to(node):
            link.wake()

    def _links_to(self, node: str) -> Iterable[CounterpartLink]:
        return (self._links[node],) if node in self._links else ()

    def _take_up(self, cards: Mapping[str, NodeCard]) -> None:
        """Close the links whose card counts no longer, and make those of new cards."""
        for node, link in list(self._links.items()):
            if cards.get(node) != link.card:
                link.close()
                del self._links[node]
                if node in self._dialing:
                    self._dialing.pop(node).cancel()
        added = [card for node, card in cards.items() if node not in self._links]
        if added or self.listener is not None:
            read_or_make_certificate(self._tls_file, node=self._node)
            key = read_or_make_key(self._key_file)
            for card in added:
                self._links[card.node] = CounterpartLink(
                    card,
                    own=self._node,
                    key=key,
                    kinds=self.kinds,
                    software=self._software,
                    now=self._now,
                )
        self._by_certificate = {
            b64decode(link.card.tls_certificate): link for link in self._links.values()
        }
        if self.listener is not None:
            self.listener.trust(self._listening_context())
        for node, link in self._links.items():
            if link.card.addresses and node not in self._dialing:
                self._dial(link)

    def _listening_context(self) -> ssl.SSLContext:
        return listening_context(self._tls_file, self._by_certificate)

    def _dial(self, link: CounterpartLink) -> None:
        from maps.carriers.https_dialer import HttpsDialer  # with httpx, of twelve megabytes

        context = dialing_context(self._tls_file, b64decode(link.card.tls_certificate))
        dialer = HttpsDialer(
            link,
            context,
            own=self._node,
            networks=self._settings.networks,
            poll_s=self._settings.poll_s,
        )
        node = link.card.node
        self._dialing[node] = asyncio.create_task(
            run_supervised(f"counterpart {node}", dialer.run), name=f"dial {node}"
        )

    async def _listen(self, listener: HttpsListener) -> None:
        """Listen; where that cannot be, say so and try again: the node has other work."""
        assert self._settings.listen is not None
        host, port = host_and_port(self._settings.listen)
        while True:
            try:
                await listener.run(host, port)
            except OSError as error:
                _log.error("counterparts_not_listening", fault=str(error))
                await asyncio.sleep(_AGAIN_S)
