"""Back-off after failed sign-ins, by name and by address, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from maps.errors.errors import TooManyTries


class SignInBackoff:
    """Counts failures by key and says how long a key must wait.

    The first `free` failures cost nothing; from then on each one doubles the wait, up to
    `longest_s`. A key that has been quiet for twice its wait, at least ten minutes, is forgotten.

    Args:
        free: Failures that cost nothing.
        longest_s: Longest wait, seconds.
        remembered: Keys kept; the one longest untouched is forgotten first.
        now: A clock that only goes forward, seconds.
    """

    def __init__(
        self,
        *,
        free: int = 5,
        longest_s: float = 300.0,
        remembered: int = 10_000,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._free, self._longest_s, self._remembered, self._now = free, longest_s, remembered, now
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def check(self, *keys: str) -> None:
        """Raise while one of `keys` must wait.

        Raises:
            TooManyTries: With the longest wait left among them.
        """
        left = max((self._wait_left_s(key) for key in keys), default=0.0)
        if left > 0:
            raise TooManyTries(left)

    def note_failure(self, *keys: str) -> None:
        """Count a failure for each of `keys`."""
        now = self._now()
        for key in keys:
            count, last = self._failures.pop(key, (0, now))
            if now - last > max(600.0, 2 * self._wait(count)):
                count = 0
            self._failures[key] = (count + 1, now)
        while len(self._failures) > self._remembered:
            self._failures.popitem(last=False)

    def take_back(self, *keys: str) -> None:
        """Uncount one failure of each of `keys`: the try was not judged."""
        for key in keys:
            count, last = self._failures.get(key, (0, 0.0))
            if count > 1:
                self._failures[key] = (count - 1, last)
            else:
                self._failures.pop(key, None)

    def forget_failures(self, *keys: str) -> None:
        """Forget the failures of `keys`."""
        for key in keys:
            self._failures.pop(key, None)

    def _wait(self, count: int) -> float:
        over = count - self._free
        return 0.0 if over < 0 else min(self._longest_s, 2.0 ** min(over, 30))

    def _wait_left_s(self, key: str) -> float:
        count, last = self._failures.get(key, (0, 0.0))
        return last + self._wait(count) - self._now() if count else 0.0
