"""Order results that wait to be sent: kept until the node confirms that it stored them.

Pure: times and digests in, results out.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from radio_gateway.orders.order_result import OrderResult
from radio_gateway.uplink.sender.scheduler import RECEIPT_WITHIN_S

RESULTS_KEPT: Final = 200
ENVELOPES_KNOWN: Final = 64
"""Of those that went, whose receipts may still come: a slow node's may be late each time."""


class OrderResultQueue:
    """The results that have no receipt yet, the newest `RESULTS_KEPT` of them."""

    def __init__(self) -> None:
        self._waiting: deque[OrderResult] = deque(maxlen=RESULTS_KEPT)
        self._sent: OrderedDict[bytes, list[OrderResult]] = OrderedDict()
        self._out: tuple[bytes, float] | None = None

    def __len__(self) -> int:
        """Return how many have no receipt yet."""
        return len(self._waiting)

    def restart(self) -> None:
        """Begin anew: nothing is on its way."""
        self._out = None

    def add(self, result: OrderResult) -> None:
        """Take one that the node is to be told."""
        self._waiting.append(result)

    def to_send(self, now_s: float) -> list[OrderResult]:
        """Return what is to be sent now, all of it in one envelope; nothing while that waits for
        its receipt, until that is overdue.
        """
        if self._out is not None and now_s - self._out[1] < RECEIPT_WITHIN_S:
            return []
        return list(self._waiting)

    def mark_sent(self, digest: bytes, results: list[OrderResult], *, at_s: float) -> None:
        """Note that these went in an envelope."""
        self._out = (digest, at_s)
        self._sent[digest] = results
        if len(self._sent) > ENVELOPES_KNOWN:
            self._sent.popitem(last=False)

    def next_due_s(self) -> float | None:
        """Return when their receipt is overdue, in the time of `at_s`; None with none under way."""
        return None if self._out is None else self._out[1] + RECEIPT_WITHIN_S

    def note_receipt(self, digest: bytes) -> bool:
        """Take a receipt; return whether it was for results."""
        results = self._sent.pop(digest, None)
        if results is None:
            return False
        for result in results:
            if result in self._waiting:
                self._waiting.remove(result)
        if not self._waiting or (self._out is not None and digest == self._out[0]):
            self._out = None
        return True
