"""Write limit: how many changes one caller may make, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from maps.errors.errors import TooManyWrites


class WriteLimit:
    """A bucket for each key, that refills: bursts are free, a flood is told to wait.

    Args:
        per_s: How many a second go on for ever.
        burst: How many at once.
        remembered: Keys kept; the one longest untouched is forgotten first.
        now: A clock that only goes forward, seconds.
    """

    def __init__(
        self,
        *,
        per_s: float = 50.0,
        burst: float = 500.0,
        remembered: int = 10_000,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._per_s, self._burst, self._remembered, self._now = per_s, burst, remembered, now
        self._allowances: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Take one from a key's bucket.

        Raises:
            TooManyWrites: If it is empty.
        """
        now = self._now()
        left, last = self._allowances.pop(key, (self._burst, now))
        left = min(self._burst, left + (now - last) * self._per_s)
        empty = left < 1
        self._allowances[key] = (left if empty else left - 1, now)
        if len(self._allowances) > self._remembered:
            self._allowances.popitem(last=False)
        if empty:
            raise TooManyWrites((1 - left) / self._per_s)
