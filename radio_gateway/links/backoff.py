"""Backoff: how long to wait before a link is tried again."""

from __future__ import annotations

import random

STABLE_S = 30.0  # a link that stood so long starts from the shortest wait again


class Backoff:
    """Doubles the wait each time, with a quarter of chance so that links do not all try at once.

    A device of this machine is tried every 0.5 to 2 s, so that a radio plugged in again is heard
    within 5 s; a peer on the network every 1 to 60 s.

    Args:
        local: The link is a device of this machine.
        most_s: The longest wait, where it is not the usual one.
    """

    def __init__(self, *, local: bool, most_s: float | None = None) -> None:
        self._first_s, self._most_s = (0.5, 2.0) if local else (1.0, 60.0)
        if most_s is not None:
            self._first_s, self._most_s = min(self._first_s, most_s), most_s
        self._wait_s = self._first_s

    def next_s(self, *, lasted_s: float) -> float:
        """Return how long to wait now.

        Args:
            lasted_s: How long the last try lasted, seconds.
        """
        if lasted_s >= STABLE_S:
            self._wait_s = self._first_s
        wait_s, self._wait_s = self._wait_s, min(2 * self._wait_s, self._most_s)
        return wait_s * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
