"""Rejections: the frames that one channel did not understand, counted and the last ones kept.

Senders that showed no good key stand apart: anybody can be one, as often and under as many names
as they like. They are all counted; of each name and address the newest is kept, of all together
`KEPT_AWAY`, and beyond that the address that has most gives one up. So none of them pushes out what
a radio said that belongs here, nor one address what others were turned away for.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque

from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import MAX_DETAIL
from radio_gateway.health.health import KEY_REASONS, RejectedFrame

KEPT = 50
KEPT_AWAY = 30
BYTES_KEPT = 1024
TOLD_AT_ONCE = 5
_AWAY_AT_ONCE = 3
_REASONS_COUNTED = 100


class LastRejected:
    """The last frames that one channel rejected, bounded."""

    def __init__(self) -> None:
        self._understood_not: deque[RejectedFrame] = deque(maxlen=KEPT)
        self._turned_away: OrderedDict[tuple[str, str], RejectedFrame] = OrderedDict()

    def add(self, frame: RejectedFrame) -> None:
        """Keep `frame`, and let go of what is too much."""
        if frame.reason not in KEY_REASONS:
            self._understood_not.append(frame)
            return
        host = _host(frame)
        self._turned_away[host, frame.detail] = frame
        self._turned_away.move_to_end((host, frame.detail))
        if len(self._turned_away) > KEPT_AWAY:
            most, _ = Counter(host for host, _ in self._turned_away).most_common(1)[0]
            del self._turned_away[next(key for key in self._turned_away if key[0] == most)]

    def all(self) -> list[RejectedFrame]:
        """Return what is kept, oldest first."""
        if not self._turned_away:
            return list(self._understood_not)
        both = (*self._understood_not, *self._turned_away.values())
        return sorted(both, key=lambda frame: frame.heard_at)


class Rejections:
    """What one channel did not understand.

    Args:
        channel: The channel's name.

    Attributes:
        counts: Rejected frames by reason; reasons beyond the first hundred as `other`.
        recent: Rejected since this list was last replaced by its reader.
    """

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._newest = LastRejected()
        self.counts: Counter[str] = Counter()
        self.recent: list[RejectedFrame] = []
        self._unreported: deque[RejectedFrame] = deque(maxlen=TOLD_AT_ONCE)
        self._unreported_away: deque[RejectedFrame] = deque(maxlen=_AWAY_AT_ONCE)

    def add(self, frame: Frame, reason: str, detail: str) -> None:
        """Note that `frame` was not understood, and why."""
        rejected = self._keep(frame, reason, detail)
        self.recent.append(rejected)
        self._unreported.append(rejected)

    def turn_away(self, frame: Frame, reason: str, detail: str) -> None:
        """Note that a sender showed no good key; `reason` is one of `KEY_REASONS`."""
        self._unreported_away.append(self._keep(frame, reason, detail))

    def newest(self) -> list[RejectedFrame]:
        """Return the last ones, oldest first."""
        return self._newest.all()

    def unreported(self) -> list[RejectedFrame]:
        """Return, once, the newest few that a node has not been told of."""
        untold = [*self._unreported, *self._unreported_away]
        self._unreported.clear()
        self._unreported_away.clear()
        return untold

    def _keep(self, frame: Frame, reason: str, detail: str) -> RejectedFrame:
        if reason not in self.counts and len(self.counts) >= _REASONS_COUNTED:
            reason = "other"
        self.counts[reason] += 1
        rejected = RejectedFrame(
            channel=self._channel,
            heard_at=frame.heard_at,
            reason=reason,
            detail=detail[:MAX_DETAIL],
            payload=frame.payload[:BYTES_KEPT],
            topic=frame.topic,
            source=frame.source,
        )
        self._newest.add(rejected)
        return rejected


def _host(frame: RejectedFrame) -> str:
    return (frame.source or "").rpartition(":")[0]
