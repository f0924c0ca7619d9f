"""Scheduler: which rows of the spool go to the node next. Pure: numbers in, numbers out.

Two lanes. The live one carries calls for help, then the newest place of each radio, then words for
people; behind it the backlog follows, oldest first. A report that is on its way is in neither; it
comes back when its receipt does not come in time.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import chain, islice

import msgspec

from radio_gateway.uplink.spool.rows import URGENT_AT_ONCE, SpoolRow
from radio_gateway.uplink.spool.sqlite_file import DISTRESS, ROUTINE, WORDS

LIVE_OUT = 4  # envelopes on their way at a time
BACKLOG_OUT = 2
RECEIPT_WITHIN_S = 10.0
_LATE_RECEIPTS = 256
_ADDRESSES = 10_000
_SET_BACK_MS = 10_000  # heard so long before what was heard earlier: this machine's clock was set


class _Sent(msgspec.Struct):
    """An envelope on its way."""

    numbers: tuple[int, ...]
    at_s: float
    live: bool
    size: int  # bytes of its items


class SendQueues:
    """What waits, what is on its way, and which goes next.

    Attributes:
        cursor: The number up to which the backlog was sent.
        more: The backlog may hold something beyond it.
        beginnings: How often everything began anew.
    """

    def __init__(self) -> None:
        self._urgent: dict[int, dict[int, SpoolRow]] = {DISTRESS: {}, WORDS: {}}
        self._newest: dict[str, SpoolRow] = {}
        self._best: OrderedDict[str, SpoolRow] = OrderedDict()
        self._flying: dict[int, SpoolRow | None] = {}
        self._landed: set[int] = set()
        self._sent: OrderedDict[bytes, _Sent] = OrderedDict()
        self._late: OrderedDict[bytes, tuple[int, ...]] = OrderedDict()
        self.cursor = 0
        self.more = True
        self.beginnings = 0

    def restart(self, waiting: Sequence[SpoolRow]) -> None:
        """Begin anew: nothing is on its way.

        Args:
            waiting: What is urgent and the newest place of each radio (`Spool.newest`).
        """
        for digest in list(self._sent):
            self._give_up(digest)
        self._flying.clear()
        for each in self._urgent.values():
            each.clear()
        self._newest.clear()
        self._best.clear()
        self.cursor, self.more = 0, True
        self.beginnings += 1
        self.enqueue(waiting)

    def enqueue(self, puts: Iterable[SpoolRow]) -> None:
        """Note what was put into the spool."""
        for put in puts:
            self.more = True
            if put.number in self._landed:
                continue
            if put.rank > ROUTINE:
                lane = self._urgent[put.rank]
                if put.rank == DISTRESS or len(lane) < URGENT_AT_ONCE:
                    lane[put.number] = put
            if put.address is None or not self._is_newest(put.address, put):
                continue
            self._best[put.address] = put
            self._best.move_to_end(put.address)
            if put.rank == ROUTINE:
                self._newest[put.address] = put
            else:
                self._newest.pop(put.address, None)  # the older place is no news any more
            if len(self._best) > _ADDRESSES:
                self._best.popitem(last=False)

    def _is_newest(self, address: str, put: SpoolRow) -> bool:
        best = self._best.get(address)
        if best is None or put.time_ms >= best.time_ms:
            return True
        # Times by a clock that was ahead, and has been set right, would hide every later place.
        return put.number > best.number and put.heard_ms < best.heard_ms - _SET_BACK_MS

    def live(self, limit: int) -> list[int]:
        """Return what the live lane sends next, at most `limit`; empty when enough is out."""
        if sum(sent.live for sent in self._sent.values()) >= LIVE_OUT:
            return []
        lanes = (
            self._urgent[DISTRESS],
            (put.number for put in self._newest.values()),
            self._urgent[WORDS],
        )
        return list(islice(chain.from_iterable(lanes), limit))

    def backlog_may_go(self) -> bool:
        """Return whether the backlog may send one more envelope."""
        return self.more and sum(not sent.live for sent in self._sent.values()) < BACKLOG_OUT

    def is_flying(self, number: int) -> bool:
        """Return whether `number` is on its way, or has arrived."""
        return number in self._flying or number in self._landed

    def mark_sent(
        self, digest: bytes, numbers: Sequence[int], *, at_s: float, live: bool, size: int = 0
    ) -> None:
        """Note that an envelope was sent, with `size` bytes of items."""
        newest = {put.number: put for put in self._newest.values()}
        for number in numbers:
            put = self._take(number) or newest.get(number)
            if put is not None and put.address is not None:
                waiting = self._newest.get(put.address)
                if waiting is not None and waiting.number == number:
                    del self._newest[put.address]
            self._flying[number] = put
        self._sent[digest] = _Sent(tuple(numbers), at_s, live, size)

    def discard(self, numbers: Iterable[int]) -> None:
        """Forget numbers that turned out not to wait in the spool any more."""
        missing = set(numbers)
        for number in missing:
            self._take(number)
        for address, put in list(self._newest.items()):
            if put.number in missing:
                del self._newest[address]

    def receipted(self, digest: bytes, *, at_s: float) -> tuple[tuple[int, ...], float, int] | None:
        """Take a receipt.

        Returns:
            The numbers it stands for, how long it took, seconds, and how many bytes of items went;
            None for an envelope that was never sent: such a receipt is worth nothing.
        """
        sent = self._sent.get(digest)
        if sent is not None:
            return sent.numbers, at_s - sent.at_s, sent.size
        numbers = self._late.pop(digest, None)
        return None if numbers is None else (numbers, RECEIPT_WITHIN_S, 0)

    def mark_received(self, digest: bytes, numbers: Iterable[int]) -> None:
        """Note that what a receipt stands for has arrived; not to be sent again."""
        self._sent.pop(digest, None)
        numbers = tuple(numbers)
        for number in numbers:
            self._flying.pop(number, None)
        self._landed.update(numbers)
        self.discard(numbers)  # sent again meanwhile, or about to be

    def mark_removed(self, numbers: Iterable[int]) -> None:
        """Note that what arrived is out of the spool."""
        self._landed.difference_update(numbers)

    def overdue(self, now_s: float) -> int:
        """Take back what has waited too long for its receipt; return how many envelopes."""
        late = [
            digest for digest, sent in self._sent.items() if now_s - sent.at_s >= RECEIPT_WITHIN_S
        ]
        for digest in late:
            self._give_up(digest)
        return len(late)

    def next_due_s(self) -> float | None:
        """Return when the first receipt is overdue, in the time of `at_s`; None without any."""
        if not self._sent:
            return None
        return min(sent.at_s for sent in self._sent.values()) + RECEIPT_WITHIN_S

    def _give_up(self, digest: bytes) -> None:
        sent = self._sent.pop(digest)
        self._late[digest] = sent.numbers
        if len(self._late) > _LATE_RECEIPTS:
            self._late.popitem(last=False)
        for number in sent.numbers:
            put = self._flying.pop(number, None)
            if put is not None and put.rank > ROUTINE:
                self._urgent[put.rank][number] = put
            elif put is not None and put.address is not None:
                newer = self._newest.get(put.address)
                if newer is None and self._is_newest(put.address, put):
                    self._newest[put.address] = put
            self.cursor = min(self.cursor, number - 1)
        self.more = True

    def _take(self, number: int) -> SpoolRow | None:
        """Take what is urgent out of its lane."""
        return self._urgent[DISTRESS].pop(number, None) or self._urgent[WORDS].pop(number, None)
