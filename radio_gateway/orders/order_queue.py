"""OrderQueue: which order goes next on one channel, and what became of each. Touches no link.

- One order is out at a time: the next one goes when the radio has answered, or has not for too
  long, or when no answer will come.
- Distress, alert, poll, text, mark, in that order; within a kind the oldest first.
- At most so many within any minute; distress is counted and never held back.
- An order that gets no answer is sent `TRIES` times in all, unchanged. Between two tries more
  urgent ones go first.
- An order is never begun once it has expired, whatever held it up.
- One that the link did not take waits, longer each time, and the others pass it.
- When too many wait, a text gives way to something more urgent, then a poll; a distress never.

Expiry and waiting go by the steady clock: a calendar that is wrong or is set neither holds orders
back nor sends them early or late.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderKind
from radio_gateway.orders.order_result import LATER, OrderResult, OrderState
from radio_gateway.orders.priority import CROWDED_OUT, DISTRESS_BEYOND, gives_way
from radio_gateway.orders.queued_order import FIRST_PAUSE_S, QueuedOrder

TRIES: Final = 3
RATE_OVER_S: Final = 60.0
LONGEST_PAUSE_S: Final = 60.0
AT_MOST: Final = 100
"""Orders that wait on one channel; distress may go beyond it by `DISTRESS_BEYOND`."""

REMEMBERED: Final = 1000
LINK_DOWN: Final = "link_down"
"""Why an order waits: its link is not open, or did not take it."""

_STATES: Final[dict[str, OrderState]] = {
    "acknowledged": "acknowledged",
    "delivered": "delivered",
    "refused": "failed",
    "failed": "failed",
}
_CLOCKS_DIFFER: Final = timedelta(seconds=120)
_STALE: Final = frozenset({"stale_position", "no_fix"})
_POSITION_CAME: Final = "its position came"
T = TypeVar("T")


class OrderQueue:
    """The orders of one channel.

    Args:
        messages_per_minute: Most orders sent within any minute.
        report: Called with every step of every order.
        now: The calendar, aware UTC.
        now_s: A clock that is never set, seconds.
    """

    def __init__(
        self,
        *,
        messages_per_minute: int,
        report: Callable[[Order, OrderResult], None],
        now: Callable[[], datetime],
        now_s: Callable[[], float],
    ) -> None:
        self._most = messages_per_minute
        self._report = report
        self._now, self._now_s = now, now_s
        self._waiting: dict[str, QueuedOrder] = {}
        self._out: QueuedOrder | None = None
        self._count = 0
        self._start_times_s: deque[float] = deque()
        self._open: dict[str, OrderResult] = {}
        self._done: OrderedDict[str, OrderResult] = OrderedDict()
        # by the answer that may still come
        self._late: OrderedDict[str, QueuedOrder] = OrderedDict()
        self._polled: OrderedDict[str, QueuedOrder] = OrderedDict()  # by device

    def __len__(self) -> int:
        """Return how many orders are not done with, the one that is out among them."""
        return len(self._open)

    @property
    def someone_waits(self) -> bool:
        """Whether an order waits for its turn."""
        return bool(self._waiting)

    def is_full_for(self, kind: OrderKind) -> bool:
        """Return whether no more orders of `kind` are taken, since nothing gives way to them."""
        if len(self._open) < AT_MOST or self._yielding(kind) is not None:
            return False
        return kind != "distress" or len(self._open) >= AT_MOST + DISTRESS_BEYOND

    def result(self, id: str) -> OrderResult | None:
        """Return the last step of an order; None if it never came or is long forgotten."""
        if id in self._open:
            return self._open[id]
        return self._done.get(id)

    def add(
        self, order: Order, outgoing: EncodedOrder, *, ends_s: float, hold_reason: str | None = None
    ) -> None:
        """Queue an order that is not known yet; when too many wait, a less urgent one gives way.

        Args:
            order: What is to be said.
            outgoing: As bytes.
            ends_s: When it is worth nothing any more, steady clock; what `order.expires_at` says
                was said by somebody's calendar and is for people.
            held: Why nothing goes now, as for `hold`; None if something may.
        """
        if len(self._open) >= AT_MOST and (yielding := self._yielding(order.kind)) is not None:
            detail = f"never sent: too many orders waited and one of kind {order.kind} came"
            gives = self._waiting.pop(yielding.id)
            self._step(gives, "failed", final=True, reason=CROWDED_OUT, detail=detail)
        self._count += 1
        waiting = QueuedOrder(order=order, outgoing=outgoing, number=self._count, ends_s=ends_s)
        self._waiting[order.id] = waiting
        self._step(
            waiting, "queued", reason=LINK_DOWN if hold_reason else "", detail=hold_reason or ""
        )

    def cancel(self, id: str) -> bool:
        """Call off an order that waits and was never sent; return whether it was."""
        waiting = self._waiting.get(id)
        if waiting is None or waiting.attempts:
            return False
        del self._waiting[id]
        self._step(waiting, "cancelled", final=True)
        return True

    def hold(self, why: str) -> None:
        """Note why nothing goes now; told once of each order that waits."""
        for waiting in list(self._waiting.values()):
            if self._open[waiting.order.id].detail != why:
                self._step(waiting, waiting.so_far, reason=LINK_DOWN, detail=why)

    def release(self, why: str) -> None:
        """Note that what was told with `hold` is over, of each that waits for its turn still."""
        for waiting in list(self._waiting.values()):
            if self._open[waiting.order.id].detail == why:
                self._step(waiting, waiting.so_far)

    def close(self, order: Order, state: OrderState, reason: str, detail: str) -> None:
        """Note an order that is not queued at all."""
        result = OrderResult(
            id=order.id, state=state, at=self._now(), final=True, reason=reason, detail=detail
        )
        self._finish(result)
        self._report(order, result)

    def begin(self) -> QueuedOrder | None:
        """Return the order to be sent now, after which `mark_sent` or `not_sent` must follow.

        Returns:
            None when one is out, none is due, or the rate does not allow it.
        """
        self.look()
        if self._out is not None:
            return None
        now_s = self._now_s()
        ready = [each for each in self._waiting.values() if each.not_before_s <= now_s]
        if not ready:
            return None
        first = min(ready, key=lambda each: each.urgency)
        if self._hold_until_s(first, now_s) > now_s:
            return None
        del self._waiting[first.order.id]
        first.answer_by_s, first.early, first.sent_at = None, None, self._now()
        self._out = first
        self._start_times_s.append(now_s)
        return first

    def mark_sent(self) -> None:
        """The link has taken the order that was begun."""
        out = self._out
        assert out is not None
        out.attempts += 1
        out.pause_s = FIRST_PAUSE_S
        if out.order.kind == "poll" and out.order.device is not None and out.early is None:
            _remember(self._polled, out.order.device, out)
        for key in (out.outgoing.answer, out.outgoing.report):
            if key:
                _remember(self._late, key, out)
        if out.outgoing.answer is None:
            self._out = None
            self._step(out, "sent", final=True)
            if out.early is not None:
                self._late_news(out, *out.early)
            return
        out.answer_by_s = self._now_s() + out.outgoing.answer_within_s
        self._step(out, "sent")
        if out.early is not None:
            self._conclude(out, *out.early)

    def not_sent(self, fault: str, *, reason: str = LINK_DOWN, in_time: bool = True) -> None:
        """The link has not taken the order that was begun: it waits and does not count.

        Args:
            fault: Why.
            reason: The same as a short fixed word.
            in_time: It said so. False: it was waiting for its receiver to ask (a phone that posts
                over HTTP), so that the order is to be held out again at its next turn.
        """
        out, self._out = self._out, None
        assert out is not None
        self._start_times_s.pop()
        if in_time:
            out.not_before_s = self._now_s() + out.pause_s
            out.pause_s = min(2 * out.pause_s, LONGEST_PAUSE_S)
        else:
            out.offered += 1
        self._waiting[out.order.id] = out
        if self._open[out.order.id].detail != fault:
            self._step(out, out.so_far, reason=reason, detail=fault)

    def look(self) -> None:
        """Give up what has expired and what has waited for its answer too long."""
        now_s = self._now_s()
        out = self._out
        if out is not None and out.answer_by_s is not None and now_s >= out.answer_by_s:
            self._out = None
            if out.attempts >= TRIES or out.ends_s <= now_s:
                self._no_answer(out)
            else:
                out.not_before_s = 0.0
                self._waiting[out.order.id] = out
        for waiting in [each for each in self._waiting.values() if each.ends_s <= now_s]:
            del self._waiting[waiting.order.id]
            if waiting.attempts:
                self._no_answer(waiting)
            else:
                held = self._open[waiting.order.id].detail
                detail = f"never sent: {held}" if held else "never sent: its turn did not come"
                self._step(waiting, "expired", final=True, reason="expired", detail=detail)

    def observe(self, transmission: Transmission) -> None:
        """Learn from what the channel has heard whether an order was answered."""
        if transmission.kind == "answer":
            key = transmission.facts.get("answers")
            words = transmission.text or ""
            self._answered("" if key is None else str(key), transmission.status, words)
        elif transmission.device is not None and transmission.position is not None:
            poll = self._handed_poll(transmission.device) or self._polled.get(transmission.device)
            if poll is not None:
                self._reported(transmission, transmission.device, poll)

    def wake_in_s(self) -> float | None:
        """Return in how many seconds there may be something to do; None: when something comes."""
        now_s = self._now_s()
        moments = [each.ends_s - now_s for each in self._waiting.values()]
        if self._out is not None:
            if self._out.answer_by_s is not None:
                moments.append(self._out.answer_by_s - now_s)
        elif self._waiting:
            moments.append(
                min(
                    max(each.not_before_s, self._hold_until_s(each, now_s))
                    for each in self._waiting.values()
                )
                - now_s
            )
        return max(min(moments), 0.0) if moments else None

    # -- inside

    def _yielding(self, kind: OrderKind) -> Order | None:
        unsent = [each for each in self._waiting.values() if not each.attempts]
        unsent.sort(key=lambda each: each.number)
        return gives_way(kind, (each.order for each in unsent))

    def _hold_until_s(self, waiting: QueuedOrder, now_s: float) -> float:
        """Return until when the rate holds an order back, steady clock."""
        started_s = self._start_times_s
        while started_s and started_s[0] <= now_s - RATE_OVER_S:
            started_s.popleft()
        if waiting.order.kind == "distress" or len(started_s) < self._most:
            return now_s
        return started_s[len(started_s) - self._most] + RATE_OVER_S

    def _answered(self, key: str, status: str | None, words: str) -> None:
        state = _STATES.get(status or "acknowledged")
        if state is None:
            return
        out = self._out
        if out is not None and out.outgoing.answer is not None and out.outgoing.answer in ("", key):
            self._conclude(out, state, words)
            return
        earlier = self._late.get(key)
        if earlier is not None:
            if key == earlier.outgoing.report and state == "acknowledged":
                state = "delivered"
            self._late_news(earlier, state, words)

    def _handed_poll(self, device: str) -> QueuedOrder | None:
        """Return the poll of a radio that the link is being handed; it may answer before that."""
        out = self._out
        if out is None or out.answer_by_s is not None or out.order.kind != "poll":
            return None
        return out if out.order.device == device else None

    def _reported(self, transmission: Transmission, device: str, poll: QueuedOrder) -> None:
        """A position of a radio that was asked for it is what was asked for."""
        assert poll.sent_at is not None
        fixed_at = transmission.device_time or transmission.heard_at
        if (
            transmission.fix is False
            or _STALE.intersection(transmission.flags)
            or transmission.heard_at < poll.sent_at
            or fixed_at < poll.sent_at - _CLOCKS_DIFFER
        ):
            return
        self._polled.pop(device, None)
        if poll is self._out:
            self._conclude(poll, "delivered", _POSITION_CAME)
        elif self._now_s() < poll.ends_s:
            self._late_news(poll, "delivered", _POSITION_CAME)

    def _late_news(self, waiting: QueuedOrder, state: OrderState, words: str) -> None:
        """An order that is not out has been answered: it waits for its next try, or is done."""
        id = waiting.order.id
        if id in self._waiting:
            self._conclude(waiting, state, words)
        elif id in self._done and state in LATER.get(self._done[id].state, ()):
            reason = "not_delivered" if state == "failed" else ""
            detail = words or ("it did not reach its receiver" if reason else "")
            self._step(waiting, state, final=True, reason=reason, detail=detail)

    def _conclude(self, waiting: QueuedOrder, state: OrderState, words: str) -> None:
        if waiting is self._out:
            if waiting.answer_by_s is None:  # `mark_sent` comes first
                waiting.early = (state, words)
                return
            self._out = None
        else:
            del self._waiting[waiting.order.id]
        reason = "radio_refused" if state == "failed" else ""
        detail = words or ("the radio refused it" if reason else "")
        self._step(waiting, state, final=True, reason=reason, detail=detail)

    def _no_answer(self, waiting: QueuedOrder) -> None:
        times = "once" if waiting.attempts == 1 else f"{waiting.attempts} times"
        detail = f"sent {times}, no answer"
        self._step(waiting, "failed", final=True, reason="no_answer", detail=detail)

    def _step(
        self,
        waiting: QueuedOrder,
        state: OrderState,
        *,
        final: bool = False,
        reason: str = "",
        detail: str = "",
    ) -> None:
        result = OrderResult(
            id=waiting.order.id,
            state=state,
            at=self._now(),
            final=final,
            reason=reason,
            detail=detail,
            attempts=waiting.attempts,
        )
        if final:
            self._finish(result)
        else:
            self._open[result.id] = result
        self._report(waiting.order, result)

    def _finish(self, result: OrderResult) -> None:
        self._open.pop(result.id, None)
        _remember(self._done, result.id, result)


def _remember(recent: OrderedDict[str, T], key: str, value: T) -> None:
    """Put `value` last; the one put longest ago makes room."""
    recent[key] = value
    recent.move_to_end(key)
    if len(recent) > REMEMBERED:
        recent.popitem(last=False)
