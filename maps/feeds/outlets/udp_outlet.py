"""`udp://host:port?ttl=1&interface=address`: one message a datagram, to one, all or a group.

A broadcast address (`udp://192.168.1.255:10110`) reaches all of a network, a multicast address all
who joined the group; `ttl` and `interface` say how far and by which of our addresses it goes.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from maps.feeds.settings import FeedSettings, multicast
from radio_gateway.errors.errors import LinkError, fault_of
from radio_gateway.links.link_url import LinkOptions


class UdpOutlet:
    """A socket that datagrams leave by.

    Args:
        settings: The feed.
        on_lost: Called with the reason when the network cannot be reached any more.
    """

    clients = None
    cut_off = 0

    def __init__(self, settings: FeedSettings, *, on_lost: Callable[[str], None]) -> None:
        self._link, self._on_lost = settings.link, on_lost
        self._hops, self._interface = multicast(LinkOptions(self._link))
        self._socket: socket.socket | None = None
        self._address: Any = None

    async def __aenter__(self) -> Self:
        """Open the socket. Raises LinkError when the host has no address or we have no socket."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                self._link.host, self._link.port, type=socket.SOCK_DGRAM
            )
            family, _, _, _, self._address = found[0]
            # not connected: a host where nobody listens yet must not stop us with its refusal
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._prepare(self._socket, family)
        except OSError as error:
            self._close()
            raise LinkError(self._link.public_url, fault_of(error)) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the socket."""
        self._close()

    def send(self, message: bytes) -> None:
        """Send one datagram; what the system does not take at once is lost, as datagrams may be."""
        if self._socket is None:
            return
        try:
            self._socket.sendto(message, self._address)
        except BlockingIOError:
            pass
        except OSError as error:
            self._on_lost(fault_of(error))

    async def room(self) -> None:
        """Let others work."""
        await asyncio.sleep(0)

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _prepare(self, sock: socket.socket, family: int) -> None:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, self._hops)
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if not ipaddress.ip_address(self._address[0]).is_multicast:
            return
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self._hops)
        if self._interface is not None:
            sock.setsockopt(
                socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self._interface)
            )
