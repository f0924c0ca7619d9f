"""InactivityTimer: for how long a channel understood nothing, by a clock that nobody sets."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

from radio_gateway.clock.clock import utc_now

_COUNT = re.compile(r"^received \d+ bytes")
SILENT_TIMES = 3.0  # a link silent for so many expected intervals is opened again


class InactivityTimer:
    """Measures the silence of one channel.

    A border post's clock may be set by hours when it gets a signal. What is normal silence and
    what is not must not change with it, so time is taken from the monotonic clock and only shown
    in the clock of the moment.

    Args:
        normal_s: Longest normal silence, seconds; None: not watched.
    """

    def __init__(self, normal_s: float | None) -> None:
        self._normal_s = normal_s
        self._since_s: float | None = None
        self._received = 0

    @property
    def patience_s(self) -> float | None:
        """After which silence a link is better opened again, seconds; None: after none."""
        return None if self._normal_s is None else SILENT_TIMES * self._normal_s

    def watch(self) -> None:
        """Begin to measure, if that was not begun."""
        if self._since_s is None:
            self._since_s = time.monotonic()

    def note(self, *, understood: bool, unknown_bytes: int = 0) -> None:
        """Note what came: whether anything was understood, and so many bytes since then not yet."""
        if understood:
            self._since_s = time.monotonic()
            self._received = 0
        self._received += unknown_bytes

    def too_long(self) -> tuple[datetime, str] | None:
        """Return since when the silence is longer than normal, aware UTC, and that in words.

        Returns:
            None while it is not, and where it is not watched.
        """
        if self._normal_s is None or self._since_s is None:
            return None
        lasts_s = time.monotonic() - self._since_s
        if lasts_s < self._normal_s:
            return None
        began = utc_now() - timedelta(seconds=lasts_s)
        words = f"{silence_words(self._received)} since {began:%Y-%m-%d %H:%M:%S} UTC"
        return began + timedelta(seconds=self._normal_s), words


def silence_words(received: int) -> str:
    """Return what a silence is, by how many bytes came in it: a cable, or a wrong speed.

    >>> silence_words(0), silence_words(812)
    ('nothing received', 'received 812 bytes, understood nothing')
    """
    return f"received {received} bytes, understood nothing" if received else "nothing received"


def alike(fault: str, other: str) -> bool:
    """Return whether two faults say the same; how many bytes came each time is no news.

    >>> alike("received 12 bytes, understood nothing", "received 7 bytes, understood nothing")
    True
    """
    return _COUNT.sub("", fault) == _COUNT.sub("", other)
