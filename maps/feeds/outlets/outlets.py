"""Outlets: how what a feed says leaves, by the scheme of its URL."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self

from maps.feeds.outlets.peer import Peer
from maps.feeds.outlets.tcp_listen_outlet import TcpListenOutlet
from maps.feeds.outlets.tcp_outlet import TcpOutlet
from maps.feeds.outlets.udp_outlet import UdpOutlet
from maps.feeds.settings import FeedSettings


class Outlet(Protocol):
    """One way out. Entered, it is open."""

    @property
    def clients(self) -> int | None:
        """Who is connected now; None where nobody can know."""
        ...

    @property
    def cut_off(self) -> int:
        """Clients cut off since it was made."""
        ...

    async def __aenter__(self) -> Self:
        """Open. Raises LinkError when that cannot be."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        ...

    def send(self, message: bytes) -> None:
        """Send to all who are connected; waits for nobody."""
        ...

    async def room(self) -> None:
        """Return once more may be sent; at once where one client must not hold up others."""
        ...


OUTLETS: Final[
    dict[str, Callable[[FeedSettings, Callable[[Peer], None], Callable[[str], None]], Outlet]]
] = {
    "tcp-listen": lambda settings, on_peer, _on_lost: TcpListenOutlet(settings, on_peer=on_peer),
    "tcp": lambda settings, _on_peer, on_lost: TcpOutlet(settings, on_lost=on_lost),
    "udp": lambda settings, _on_peer, on_lost: UdpOutlet(settings, on_lost=on_lost),
}
"""Makes an outlet from the settings; what to call with a client that came and has heard nothing
yet; and what to call with the reason when the way out is lost."""
