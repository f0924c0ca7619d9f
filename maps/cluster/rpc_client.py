"""RPC client: a web process sends requests to the Watch, and knows whether there is one.

What is asked is said again every few seconds until it is answered: the Watch does it once. When the
Watch falls silent or another takes over, whatever was asked is over, answered or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

import msgspec
import structlog

from maps.cluster.messages import (
    ANSWER_WITHIN_S,
    GONE_AFTER_S,
    Request,
    RequestRefusal,
    RpcRequest,
    RpcResponse,
    WatchHeartbeat,
)
from maps.errors.errors import NoAnswer, WatchUnreachable
from maps.http.security_headers import SAFE_METHODS

AGAIN_S: Final = 3.0
MOST_ASKED: Final = 256
MOST_READS: Final = 192
"""Of those: whatever takes long to read, a report and a call for help find a place."""

COMES_WITHIN_S: Final = 8.0
"""How long a viewer may wait for a Watch: less than the silence (9 s) after which a page gives a
connection up."""

DRIFT: Final = 1e-4
"""By how much two steady clocks may differ in their rate."""

Say = Callable[[bytes, int], None]
"""Called with an `RpcRequest`, encoded, and its number."""

_log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode


@dataclass
class _PendingCall:
    body: bytes
    answered: asyncio.Future[Any]
    again_at: float
    pause_s: float = field(default=AGAIN_S)


class _WatchClock:
    """The calendar of a Watch, by what its beats tell.

    The beat that came soonest counts, for a picture that lies in queues for minutes must not look
    new; and of the calendar what was told last, for it may be set.

    Args:
        now: Our clock that only goes forward, seconds.

    Attributes:
        late_s: How much later than that one the last beat came.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ahead_s, self._ahead_at = float("-inf"), 0.0  # its steady clock, of ours
        self._calendar_s: float | None = None  # of its steady clock
        self.late_s = 0.0

    def observe(self, beat: WatchHeartbeat) -> None:
        """Take what a beat tells."""
        if beat.time is None:  # of an older version
            return
        now = self._now()
        known_s = self._ahead_s - DRIFT * (now - self._ahead_at)
        ahead_s = beat.steady_s - now
        self._ahead_s, self._ahead_at = max(known_s, ahead_s), now
        self.late_s = self._ahead_s - ahead_s
        self._calendar_s = beat.time.timestamp() - beat.steady_s

    def time(self) -> datetime:
        """Return what it shows, aware UTC; what ours does before it was told."""
        if self._calendar_s is None:
            return datetime.now(UTC)
        return datetime.fromtimestamp(self._now() + self._ahead_s + self._calendar_s, UTC)


class RpcClient:
    """What a web process asks, and whether there is a Watch.

    Args:
        web: Id of this web process.
        send: Sends what is asked.
        moved: Called when a Watch came, went or was replaced, or something it said was lost.
        now: A clock that only goes forward, seconds.

    Attributes:
        watch: Id of the Watch; empty while there is none.
        well: What the Watch last said of itself.
        requests: How many were asked.
        unanswered: How many got no answer.
    """

    def __init__(
        self,
        *,
        web: str,
        send: Say,
        moved: Callable[[], None] = lambda: None,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._web, self._send, self._moved, self._now = web, send, moved, now
        self._pending: dict[int, _PendingCall] = {}
        self._reads = 0  # how many of those change nothing
        self._number = 0
        self._epoch, self._by, self._count = 0, "", -1
        self._replaced: set[str] = set()  # Watches that another took over from: a few a year
        self._heard_at = float("-inf")
        self._clock = _WatchClock(now)
        self._watch_ready = asyncio.Event()
        self.watch = ""
        self.well = False
        self.requests = self.unanswered = 0

    def beat(self, beat: WatchHeartbeat) -> None:
        """Note that a Watch is there; what is played again or of one that went before is not.

        While there is none, one that was never heard is taken whatever its epoch: a store that was
        restored, or a database that took over from a failed one, may count from further back. Not
        one that is not well: it may be cut off from its store, and another long in its place.
        """
        lost = 0
        if beat.watch_id == self._by:
            if beat.epoch < self._epoch or beat.count <= self._count:
                return
            lost = beat.count - self._count - 1
        elif beat.watch_id in self._replaced:
            return
        elif beat.epoch <= self._epoch and (self.watch or not beat.well):
            return
        else:
            self._replaced.add(self._by)
        replaced = beat.watch_id != self.watch
        if replaced:  # also after a silence, in which a machine may have been stopped
            self._clock = _WatchClock(self._now)
        self._clock.observe(beat)
        self._epoch, self._by, self._count = beat.epoch, beat.watch_id, beat.count
        self._heard_at, self.well = self._now(), beat.well
        if replaced:
            self._fail_pending("another watch has taken over")
            self.watch = beat.watch_id
            self._watch_ready.set()
            _log.info("watch_heard", epoch=beat.epoch)
            self._moved()
        elif lost:
            _log.warning("words_lost", beats=lost)
            self._moved()

    def coming(self) -> None:
        """Note that a part of something long came: the Watch is there, and answers.

        Its next beat waits behind that, for longer than a silence on a slow line.
        """
        now = self._now()
        if self.watch:
            self._heard_at = now
        for call in self._pending.values():  # asked again it would come twice
            call.again_at = max(call.again_at, now + AGAIN_S)

    def time(self) -> datetime:
        """Return what the Watch's clock shows, aware UTC; ours may be far from that."""
        return self._clock.time()

    def note_lost(self, fault: str) -> None:
        """Note that the Watch cannot be reached."""
        if self.watch:
            _log.warning("watch_away", fault=fault)
            self.watch, self.well = "", False
            self._watch_ready.clear()
            self._fail_pending(fault)
            self._moved()

    async def wait(self) -> None:
        """Wait until there is a Watch, or for so long that who waits should be told of none."""
        with suppress(TimeoutError):
            async with asyncio.timeout(COMES_WITHIN_S):
                await self._watch_ready.wait()

    def tick(self) -> None:
        """Say again what was not answered; see whether the Watch has fallen silent, or what it says
        comes so late that its picture is as old as if it had: less is sent while nobody looks on.
        """
        now = self._now()
        if self.watch and now - self._heard_at > GONE_AFTER_S:
            self.note_lost("the watch is not heard")
        elif self.watch and self._clock.late_s > GONE_AFTER_S:
            self.note_lost(f"the watch is heard {self._clock.late_s:.0f} s late")
        for number, call in self._pending.items():
            if now >= call.again_at:
                call.pause_s *= 2
                call.again_at = now + call.pause_s
                self._send(call.body, number)

    def answer(self, answer: RpcResponse) -> None:
        """Take an answer."""
        call = self._pending.get(answer.number)
        if answer.watch_id == self.watch and call is not None and not call.answered.done():
            call.answered.set_result(answer.payload)

    def notify(self, what: Any) -> None:
        """Say what needs no answer."""
        if self.watch:
            number, body = self._encoded(what)
            self._send(body, number)

    async def call(self, what: Any) -> Any:
        """Return what the Watch answers.

        Raises:
            WatchUnreachable: If there is none, or too much is asked of it already.
            NoAnswer: If it went before it answered, or did not answer in time.

        """
        if not self.watch:
            raise WatchUnreachable("the watch cannot be reached at the moment")
        reads = isinstance(what, Request) and what.method in SAFE_METHODS
        if len(self._pending) >= MOST_ASKED or (reads and self._reads >= MOST_READS):
            raise WatchUnreachable("too much is asked of the watch at once")
        number, body = self._encoded(what)
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[number] = _PendingCall(body, answered, self._now() + AGAIN_S)
        self.requests += 1
        self._reads += reads
        self._send(body, number)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reply = await answered
        except TimeoutError:
            self.unanswered += 1
            raise NoAnswer("the watch does not answer") from None
        finally:
            del self._pending[number]
            self._reads -= reads
        if isinstance(reply, RequestRefusal):
            raise WatchUnreachable(reply.fault)
        return reply

    def _encoded(self, what: Any) -> tuple[int, bytes]:
        self._number += 1
        request = RpcRequest(
            web=self._web,
            number=self._number,
            watch_id=self.watch,
            payload=what,
            heartbeat_count=self._count,
        )
        return self._number, _encode(request)

    def _fail_pending(self, fault: str) -> None:
        for call in self._pending.values():
            if not call.answered.done():
                self.unanswered += 1
                call.answered.set_exception(NoAnswer(fault))
