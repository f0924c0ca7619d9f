"""Connections: the senders that a channel keeps apart, within a bound.

A sender is known once a frame of it was understood, and a stranger until then. Each kind has a
bound of its own, and the one unheard for longest makes room for the next of its kind: datagrams
from ever new, perhaps invented, addresses push out neither a known sender nor each other's memory
bound. An understood datagram may be invented too, so the known ones are bounded as well.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator

from radio_gateway.channels.connection import Connection

KEPT = 4096  # of each kind, where senders come one by one: connections, topics, names
KNOWN_DATAGRAM_SENDERS = 1024
STRANGE_DATAGRAM_SENDERS = 256


class Connections:
    """The connections of one channel, by key.

    Args:
        make: Makes a connection.
        known: How many known ones are kept.
        strangers: How many strangers are kept.
    """

    def __init__(
        self, make: Callable[[], Connection], *, known: int = KEPT, strangers: int = KEPT
    ) -> None:
        self._make = make
        self._most_known, self._most_strangers = known, strangers
        self._known: OrderedDict[str, Connection] = OrderedDict()
        self._strangers: OrderedDict[str, Connection] = OrderedDict()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._known) + len(self._strangers)

    def __iter__(self) -> Iterator[Connection]:
        """Return all of them."""
        yield from self._known.values()
        yield from self._strangers.values()

    def keys(self) -> list[str]:
        """Return the keys of all of them."""
        return [*self._known, *self._strangers]

    def get(self, key: str) -> Connection | None:
        """Return the connection that is just being heard; None when there is none yet."""
        connection = self._known.get(key)
        if connection is not None:
            self._known.move_to_end(key)
            return connection
        connection = self._strangers.get(key)
        if connection is not None:
            self._strangers.move_to_end(key)
        return connection

    def crowded_out(self) -> str | None:
        """Return the key of the stranger that must end before another is met; None when none."""
        if len(self._strangers) < self._most_strangers:
            return None
        return next(iter(self._strangers))

    def meet(self, key: str) -> Connection:
        """Make a connection for a sender that is not there yet."""
        connection = self._strangers[key] = self._make()
        return connection

    def know(self, key: str) -> str | None:
        """Note that a frame of `key` was understood.

        Returns:
            The key of the known one that must end for that; None when none.
        """
        connection = self._strangers.pop(key, None)
        if connection is None:
            return None
        connection.known = True
        self._known[key] = connection
        return next(iter(self._known)) if len(self._known) > self._most_known else None

    def pop(self, key: str) -> Connection:
        """Remove and return the connection `key`."""
        if key in self._known:
            return self._known.pop(key)
        return self._strangers.pop(key)
