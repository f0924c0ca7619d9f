"""Allowed addresses: to which addresses settings or users may make this server connect.

An URL from a browser or a settings file must not make the server talk to itself, its neighbours or
a cloud's metadata service. So a name is resolved once, every address that comes is checked, and it
is that very address that is connected to: a name that resolves otherwise a moment later changes
nothing. Deny by default: only what is globally reachable, unless a network is listed.

Source: OWASP Server-Side Request Forgery Prevention cheat sheet; IANA special-purpose address
registries, as `ipaddress` has them; RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo).
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeAlias

from maps.notifications.errors.errors import TemporaryFailure, Undeliverable

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64: Final = (
    ipaddress.IPv6Network("64:ff9b::/96"),
    ipaddress.IPv6Network("64:ff9b:1::/96"),
)
_IPV4_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")

# A pool of its own: names that nobody answers for must not take the threads that sign people in.
_resolvers = ThreadPoolExecutor(4, thread_name_prefix="resolve")


def is_permitted(address: Address, listed: Iterable[Network] = ()) -> bool:
    """Return whether this server may be sent to `address`.

    Args:
        address: Where.
        listed: Networks that are permitted though they are private.

    >>> is_permitted(ipaddress.ip_address("1.1.1.1"))
    True
    >>> [is_permitted(ipaddress.ip_address(each)) for each in (
    ...     "127.0.0.1", "10.0.0.1", "169.254.169.254", "224.0.0.1", "::1", "fe80::1", "fc00::1",
    ...     "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "0.0.0.0")]
    [False, False, False, False, False, False, False, False, False, False, False]
    >>> is_permitted(ipaddress.ip_address("::ffff:10.1.2.3"), [ipaddress.ip_network("10.1.0.0/16")])
    True
    """
    for effective in _effective_addresses(address):
        is_listed = any(effective.version == each.version and effective in each for each in listed)
        if not is_listed and not _is_public(effective):
            return False
    return True


def _effective_addresses(address: Address) -> Sequence[Address]:
    """Return the address that a packet ends at, and the ones hidden in it."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in each for each in _NAT64):
        return (low,)
    if address in _IPV4_COMPATIBLE and int(address) > 1:
        return (address, low)
    if address.sixtofour is not None:
        return (address, address.sixtofour)
    if address.teredo is not None:
        return (address, *address.teredo)
    return (address,)


def _is_public(address: Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
        and not address.is_loopback
        and not address.is_link_local
        and not (isinstance(address, ipaddress.IPv6Address) and address.is_site_local)
    )


async def resolve(host: str, port: int, listed: Iterable[Network] = ()) -> Address:
    """Return the address to connect to for `host`, which is checked.

    A name is refused if any of its addresses is: one that points inside and outside at once is
    no honest one.

    Raises:
        Undeliverable: If this server may not be sent there.
        TemporaryFailure: If the name cannot be resolved now.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(
            _resolvers, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError) as error:
        raise TemporaryFailure(f"the name {host} is not known: {error}") from None
    listed = tuple(listed)
    addresses = [ipaddress.ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]
    for address in addresses:
        if not is_permitted(address, listed):
            raise Undeliverable(f"{host} is at {address}, where this server may not be sent")
    if not addresses:
        raise TemporaryFailure(f"the name {host} has no address")
    return addresses[0]


def literal(host: str) -> Address | None:
    """Return the address that `host` writes out, in any form a resolver takes; None for a name.

    >>> literal("2130706433"), literal("0x7f.1"), literal("[::1]"), literal("push.example")
    (IPv4Address('127.0.0.1'), IPv4Address('127.0.0.1'), IPv6Address('::1'), None)
    """
    bare = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(bare))
    except (OSError, UnicodeError, ValueError):
        return None
