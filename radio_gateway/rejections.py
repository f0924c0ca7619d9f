"""Rejections: the frames that one channel did not understand, counted and the last ones kept."""

from __future__ import annotations

from collections import Counter, deque

from radio_gateway.framing import Frame
from radio_gateway.health import RejectedFrame

KEPT = 50
BYTES_KEPT = 1024
TOLD_AT_ONCE = 5
_REASONS_COUNTED = 100


class Rejections:
    """What one channel did not understand.

    Args:
        channel: The channel's name.

    Attributes:
        counts: Rejected frames by reason; reasons beyond the first hundred as `other`.
        lately: Rejected since this list was last replaced by its reader.
        untold: Rejected and not yet told to a node, the newest few.
    """

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._kept: deque[RejectedFrame] = deque(maxlen=KEPT)
        self.counts: Counter[str] = Counter()
        self.lately: list[RejectedFrame] = []
        self.untold: deque[RejectedFrame] = deque(maxlen=TOLD_AT_ONCE)

    def add(self, frame: Frame, reason: str, detail: str) -> None:
        """Note that `frame` was not understood, and why."""
        if reason not in self.counts and len(self.counts) >= _REASONS_COUNTED:
            reason = "other"
        self.counts[reason] += 1
        rejected = RejectedFrame(
            channel=self._channel,
            heard_at=frame.heard_at,
            reason=reason,
            detail=detail,
            payload=frame.payload[:BYTES_KEPT],
            topic=frame.topic,
            source=frame.source,
        )
        self._kept.append(rejected)
        self.lately.append(rejected)
        self.untold.append(rejected)

    def kept(self) -> list[RejectedFrame]:
        """Return the last 50, oldest first."""
        return list(self._kept)
