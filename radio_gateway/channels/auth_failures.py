"""Turned away: a phone or tracker whose key is wrong, told where a technician looks for it.

It becomes a rejected frame of its channel, without what it sent: nothing is known of who sent it,
and a key may stand in it at the wrong place.
"""

from __future__ import annotations

import time

import structlog

from radio_gateway.decoding.framing import Frame
from radio_gateway.health.rejections import Rejections

LOG_EVERY_S = 60.0  # of one name
_NAMES_LOGGED = 20  # in that time; who makes names up does not fill the log
_log = structlog.get_logger(__name__)


class AuthFailures:
    """Notes who was turned away by one channel.

    Args:
        channel: The channel's name.
        rejections: Where it is kept and counted.
    """

    def __init__(self, channel: str, rejections: Rejections) -> None:
        self._channel, self._rejections = channel, rejections
        self._logged: set[str] = set()
        self._logged_since_s = 0.0

    def note(self, frame: Frame, reason: str, names: tuple[str, ...]) -> None:
        """Note one request.

        Args:
            frame: Where it came from; without its bytes.
            reason: `wrong_key` or `no_key`.
            names: What it calls itself: user, device; empty when it does not say.
        """
        claim = f"calls itself {' and '.join(names)}" if names else "gives no name"
        why = "; no key was sent" if reason == "no_key" else " and shows a wrong key"
        self._rejections.turn_away(frame, reason, claim + why)
        self._log(reason, names, frame)

    def _log(self, reason: str, names: tuple[str, ...], frame: Frame) -> None:
        now_s = time.monotonic()
        if now_s - self._logged_since_s >= LOG_EVERY_S:
            self._logged_since_s = now_s
            self._logged.clear()
        user = " ".join(names)
        if user in self._logged or len(self._logged) >= _NAMES_LOGGED:
            return
        self._logged.add(user)
        _log.warning(reason, channel=self._channel, user=user or None, source=frame.source)
