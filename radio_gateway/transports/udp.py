"""UDP: `udp://127.0.0.1:port`; each datagram holds whole messages.

A multicast address is joined (`udp://239.2.3.1:6969`, TAK's): on the interface that the system
chooses, or on the one that has the address `interface`.

Reads its socket itself: asyncio's datagram transport takes one datagram a turn, this takes all
that wait, up to what the mailbox holds; the rest waits in the system, which drops what it cannot
keep. Only senders that were understood are remembered: an address costs a flood nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections import OrderedDict
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Self

import structlog

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, SettingsError, fault_of
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.receive_buffer import Mailbox
from radio_gateway.links.transport import Chunk

_log = structlog.get_logger(__name__)
_A_TURN = 512  # datagrams, so that a flood does not starve the rest of the loop
_PEERS_KEPT = 1024
_BUFFER_BYTES = 4 << 20  # asked for; the system may give less


class UdpTransport:
    """A bound UDP socket.

    Args:
        link: `udp://address:port`; port 0 lets the system choose one.

    Attributes:
        port: The port in use while open; None while closed.

    Raises:
        SettingsError: If address or port is missing or an option is wrong.
    """

    can_wait: ClassVar[bool] = False
    is_local: ClassVar[bool] = False
    is_stream: ClassVar[bool] = False
    is_live = True
    reopens_when_silent: ClassVar[bool] = False
    can_send: ClassVar[bool] = True
    fault: ClassVar[str | None] = None

    def __init__(self, link: Link) -> None:
        if not link.host or link.port is None:
            raise SettingsError(
                "url", f"{link.public_url} needs an address and a port: udp://127.0.0.1:port"
            )
        options = LinkOptions(link)
        self._interface = options.text("interface", "")
        options.finish()
        self._group = _multicast(link.host)
        try:
            ipaddress.ip_address(self._interface or "0.0.0.0")  # noqa: S104 - read, not bound
        except ValueError:
            fault = f"interface={self._interface} is no address of an interface"
            raise SettingsError("url", fault) from None
        if self._interface and self._group is None:
            raise SettingsError("url", "interface= goes with a multicast address")
        self._host, self._requested_port, self._public_url = link.host, link.port, link.public_url
        self._mailbox = Mailbox()
        self._socket: socket.socket | None = None
        self._senders: OrderedDict[str, Any] = OrderedDict()
        self.port: int | None = None

    async def __aenter__(self) -> Self:
        """Bind the socket. Raises LinkError when the address or port cannot be had."""
        loop = asyncio.get_running_loop()
        self._mailbox = Mailbox()
        try:
            found = await loop.getaddrinfo(
                self._host, self._requested_port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE
            )
            family, kind, protocol, _, address = found[0]
            sock = socket.socket(family, kind, protocol)
        except OSError as error:
            raise LinkError(self._public_url, fault_of(error)) from error
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            if self._group is not None:
                self._join(sock)
            sock.bind(address)
        except OSError as error:
            sock.close()
            raise LinkError(self._public_url, fault_of(error)) from error
        self._socket, self.port = sock, sock.getsockname()[1]
        loop.add_reader(sock, self._readable, sock)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the socket."""
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = self.port = None

    async def read(self) -> list[Chunk]:
        """Return the datagrams that came."""
        return await self._mailbox.take()

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Send `data` as one datagram to `connection`, an `address:port`, or else to the group.

        Raises:
            LinkError: If nobody is named and there is no group, or the system does not take it.
        """
        address: Any = self._senders.get(connection or "")
        if address is None and connection:
            host, _, port = connection.rpartition(":")
            address = (host.strip("[]"), int(port)) if port.isdecimal() else None
        if address is None and self._group is not None and self._socket is not None:
            address = (str(self._group), self.port)
        if self._socket is None or address is None:
            fault = f"{connection} was not heard here" if connection else "nobody is named"
            raise LinkError(self._public_url, fault)
        try:
            self._socket.sendto(data, address)
        except OSError as error:
            raise LinkError(self._public_url, fault_of(error)) from error

    def now(self) -> datetime:
        """Return the present."""
        return utc_now()

    def _join(self, sock: socket.socket) -> None:
        group = self._group
        assert group is not None
        # others of this machine may listen to the same group
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if group.version == 4:
            interface = socket.inet_aton(self._interface or "0.0.0.0")  # noqa: S104 - the system's
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group.packed + interface)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        else:
            membership = group.packed + bytes(4)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)

    def _readable(self, sock: socket.socket) -> None:
        heard_at = utc_now()
        for _ in range(_A_TURN):
            if self._mailbox.is_full:
                return
            try:
                data, address = sock.recvfrom(65_536)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._mailbox.fail(LinkError(self._public_url, fault_of(error)))
                return
            host = f"[{address[0]}]" if ":" in address[0] else address[0]
            peer = f"{host}:{address[1]}"
            self._mailbox.put(
                Chunk(
                    data,
                    heard_at,
                    connection=peer,
                    source=peer,
                    whole=True,
                    understood=partial(self._remember, peer, address),
                    reply=partial(self._reply, address),
                )
            )

    def _remember(self, peer: str, address: Any) -> None:
        self._senders[peer] = address
        self._senders.move_to_end(peer)
        if len(self._senders) > _PEERS_KEPT:
            self._senders.popitem(last=False)

    def _reply(self, address: Any, data: bytes) -> None:
        """Send an answer; like any datagram it may be lost."""
        if self._socket is not None:
            try:
                self._socket.sendto(data, address)
            except OSError as error:
                _log.debug("answer_not_sent", url=self._public_url, fault=fault_of(error))


def is_multicast(host: str) -> bool:
    """Return whether `host` is a multicast address, whose port several may listen to."""
    return _multicast(host) is not None


def _multicast(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the multicast group that `host` is; None when it is none."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return address if address.is_multicast else None
