"""Throttle: how often one receiver is written to, and when a failed try is repeated."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from typing import Final

from patrol.alerts.delivery import AlertDelivery

WINDOW_S: Final = 60.0
REMEMBERED_S: Final = 3600.0
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0


class ReceiverThrottle:
    """What one receiver was sent of late, and how the last tries went.

    Attributes:
        failures: Tries that failed since the last that went through.
        fault: Why the last one failed; empty while it is well.
        not_before_s: No try before that time of the loop's clock, seconds.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.fault = ""
        self.not_before_s = 0.0
        self._tried_s = 0.0
        self._sent_s: deque[float] = deque()

    def room(self, now_s: float, limit: int) -> int:
        """Return how many messages may go within what is left of the minute.

        Args:
            now_s: The loop's clock, seconds.
            limit: Messages within a minute.
        """
        while self._sent_s and now_s - self._sent_s[0] >= WINDOW_S:
            self._sent_s.popleft()
        return max(0, limit - len(self._sent_s))

    def went(self, now_s: float) -> None:
        """Note that a message went out."""
        self._sent_s.append(now_s)
        self._tried_s = now_s
        self.failures, self.fault, self.not_before_s = 0, "", 0.0

    def note_failure(self, now_s: float, fault: str, *, wait_s: float | None = None) -> None:
        """Note that a try failed; the next waits twice as long as the last, or as long as asked.

        Args:
            now_s: The loop's clock, seconds.
            fault: Why.
            wait_s: How long the other side asks to be left alone, seconds.
        """
        self._tried_s = now_s
        self.failures += 1
        self.fault = fault
        back_off_s = min(FIRST_WAIT_S * 2.0 ** (min(self.failures, 20) - 1), LONGEST_WAIT_S)
        # Not all at the same moment, should many wait for the same server.
        back_off_s *= random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        self.not_before_s = now_s + max(back_off_s, wait_s or 0.0)

    def note_refusal(self, now_s: float, fault: str) -> None:
        """Note that what was sent is refused for good: another message may go through."""
        self._tried_s, self.fault = now_s, fault
        self.failures, self.not_before_s = 0, 0.0

    def is_forgettable(self, now_s: float) -> bool:
        """Return whether nothing of it counts any more."""
        return now_s - self._tried_s > (REMEMBERED_S if self.fault else WINDOW_S)


def batches(
    waiting: Sequence[AlertDelivery], *, room: int, urgent_room: int
) -> list[list[AlertDelivery]]:
    """Return what goes to one receiver now: each list is one message.

    Alerts go one by one while there is room, the worst first; what is beyond goes together as the
    last message that there is room for. Calls for help come first and may use more room, so that
    no storm of lesser alerts holds one back.

    Args:
        waiting: What waits for the receiver, worst first.
        room: Messages that may go now.
        urgent_room: The same for calls for help.
    """
    urgent = [each for each in waiting if each.severity == "sos"]
    rest = [each for each in waiting if each.severity != "sos"]
    made = _fitted(urgent, urgent_room)
    return made + _fitted(rest, max(0, room - len(made)))


def _fitted(waiting: Sequence[AlertDelivery], room: int) -> list[list[AlertDelivery]]:
    if not waiting or room <= 0:
        return []
    if len(waiting) <= room:
        return [[each] for each in waiting]
    return [*([each] for each in waiting[: room - 1]), list(waiting[room - 1 :])]
