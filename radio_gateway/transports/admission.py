"""Admission: who may be connected to a listener, and which connection is closed for a new one.

A connection holds a place from the moment it is accepted, before anything was said or encrypted.
It is a stranger until something it said was understood, or until it showed a good key; then it is
known. When a newcomer finds no place, the stranger that has been there longest makes way; a known
one never does for a stranger, so that a flood of connections cannot push out the radios.

`most` known ones have a place. An eighth as many, at least one, may wait for admission besides, so
that a radio can get in while known ones hold every place. When it becomes known then, the known
one that has been idle longest makes way for it.

One address gets a quarter of the places and never fewer than eight: behind the one address of a
mobile network stand many phones. The addresses of one IPv6 network (/64) count as one. The
machine's own addresses are not bounded: a web server in front of us has only those.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Self

from radio_gateway.links.link_url import LinkOptions

LEAST_PER_ADDRESS = 8
MOST = 10_000


class AdmittedConnection:
    """One connection and its place.

    Args:
        address: The peer's address, without port.

    Attributes:
        leave: Closes the connection; never raises.
        known: Whether something it said was understood, or it showed a good key.
        idle_since_s: Returns since when it would lose nothing by being closed, loop time; None
            while it would.
    """

    __slots__ = ("address", "idle_since_s", "known", "leave")

    def __init__(self, address: str) -> None:
        self.address = counted_as(address)
        self.leave: Callable[[], object] = bool
        self.known = False
        self.idle_since_s: Callable[[], float | None] = _never_idle


class ConnectionSlots:
    """The places of one listener.

    Args:
        most: Known connections at once.
        per_address: Connections of one address; None: a quarter of `most`, at least eight, and
            the machine's own addresses are not bounded.
    """

    def __init__(self, most: int, per_address: int | None = None) -> None:
        self._most = most
        self._all = most + max(1, most // 8)
        self._spares_own = per_address is None
        self._per_address = per_address or max(LEAST_PER_ADDRESS, most // 4)
        # dicts keep their order: the oldest comes first
        self._strangers: dict[AdmittedConnection, None] = {}
        self._known: dict[AdmittedConnection, None] = {}
        self._by_address: dict[str, dict[AdmittedConnection, None]] = {}

    @classmethod
    def of(cls, options: LinkOptions, most: int) -> Self:
        """Return the places that a link's options `max` and `per_address` give.

        Args:
            options: The link's options.
            most: What `max` is where it is not given.

        Raises:
            SettingsError: If one of them is no whole number or too small or large.
        """
        most = options.whole("max", most, low=1, high=MOST)
        per_address = options.whole("per_address", 0, low=0, high=MOST)
        return cls(most, per_address or None)

    def __len__(self) -> int:
        """Return how many places are taken."""
        return len(self._strangers) + len(self._known)

    def enter(self, guest: AdmittedConnection) -> bool:
        """Give `guest` a place, whoever must leave for it; return whether there is one."""
        neighbours = self._by_address.get(guest.address, {})
        if len(neighbours) >= self._per_address and not (
            self._spares_own and _is_own(guest.address)
        ):
            oldest = next((each for each in neighbours if not each.known), None)
            if oldest is None:
                return False
            self._dismiss(oldest)
        elif len(self) >= self._all and not self.dismiss_stranger():
            return False
        self._strangers[guest] = None
        self._by_address.setdefault(guest.address, {})[guest] = None
        return True

    def know(self, guest: AdmittedConnection) -> None:
        """Note that `guest` was understood or showed a good key."""
        if guest not in self._strangers:
            return
        if len(self._known) >= self._most:
            idle = [(each.idle_since_s(), each) for each in self._known]
            waiting = [(since_s, each) for since_s, each in idle if since_s is not None]
            if not waiting:
                return  # it waits for admission, a stranger
            self._dismiss(min(waiting, key=lambda each: each[0])[1])
        del self._strangers[guest]
        guest.known = True
        self._known[guest] = None

    def exit(self, guest: AdmittedConnection) -> None:
        """Free the place of `guest`, if it still has one."""
        if guest in self._strangers:
            del self._strangers[guest]
        elif guest in self._known:
            del self._known[guest]
        else:
            return
        neighbours = self._by_address[guest.address]
        del neighbours[guest]
        if not neighbours:
            del self._by_address[guest.address]

    def dismiss_stranger(self) -> bool:
        """Have the stranger leave that has been here longest; return whether there was one."""
        oldest = next(iter(self._strangers), None)
        if oldest is not None:
            self._dismiss(oldest)
        return oldest is not None

    def _dismiss(self, guest: AdmittedConnection) -> None:
        self.exit(guest)
        guest.leave()


def counted_as(address: str) -> str:
    """Return what stands for `address` where connections of one address are counted.

    >>> counted_as("192.0.2.7"), counted_as("2001:db8:1:2:3::4"), counted_as("::ffff:192.0.2.7")
    ('192.0.2.7', '2001:db8:1:2::/64', '192.0.2.7')
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    if ip.is_loopback:
        return str(ip)
    return str(ipaddress.ip_network((ip, 64), strict=False))


def _is_own(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


def _never_idle() -> float | None:
    return None
