"""Stream limit: how many live streams one account has open at once.

Each stream costs the server a write for every change: who opened thousands with one account slowed
all others down. An account that is shared has more than one browser or program, and one of them
that opens stream after stream shall take none of the others': where too many are open, the way in
(session, token, device) that has most gives up its oldest, which may be one that is dead and not
yet known to be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

MOST_OF_ACCOUNT: Final = 256


class StreamSlots:
    """Who has which streams open, in one process.

    Args:
        most: Streams of one account at once.
    """

    def __init__(self, most: int = MOST_OF_ACCOUNT) -> None:
        self._most = most
        # By account and way in; dicts keep their order: the oldest comes first.
        self._open: dict[str, dict[str, dict[object, Callable[[], None]]]] = {}

    @contextmanager
    def slot(self, account: str, way_in: str, leave: Callable[[], None]) -> Iterator[None]:
        """Hold a place for one more stream while inside.

        Args:
            account: Whose stream it is.
            way_in: By what it was opened.
            leave: Called when it is to end, since another one takes its place.
        """
        place = object()
        ways = self._open.setdefault(account, {})
        ways.setdefault(way_in, {})[place] = leave
        if sum(map(len, ways.values())) > self._most:
            busiest = max(ways.values(), key=len)
            oldest = next(iter(busiest))
            busiest.pop(oldest)()
        try:
            yield
        finally:
            streams = ways.get(way_in, {})
            streams.pop(place, None)
            if not streams:
                ways.pop(way_in, None)
            if not ways and self._open.get(account) is ways:  # not of who came after all had gone
                del self._open[account]
