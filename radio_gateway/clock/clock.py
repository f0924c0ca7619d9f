"""Clock: the time of this process, which goes on when the machine's clock is set.

What was heard is ordered, aged and judged by the clock. If that is set back by an hour, every
report seems older than the one before it and the map stands still; if it is set ahead, every unit
seems lost. So time goes on here by the machine's steady clock from where it was, and what the
machine's calendar says since is told as a doubt, not followed:

- set back: not followed, until clocks of radios bear the new time out, or none denied it for a day;
- set ahead: followed, as a computer without a battery clock is set right some minutes after its
  start, unless clocks of radios bore out the time before;
- back where it was: the doubt is over.

Clocks of radios (GPS) also tell when this one was wrong from the start. That is told and nothing
else: a whole fleet may be set to local time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from typing import Final

import structlog
from msgspec.structs import replace

from radio_gateway.health.health import ChannelHealth, ClockDoubt
from radio_gateway.messages.transmission import Transmission

CLOCK_CHANNEL: Final = "clock"
"""Name under which a process tells how its clock fares, beside its channels."""

DOUBTFUL: Final = "doubtful_clock"
"""Flag of what was heard while the clock of the computer that heard it was doubtful."""

STEP_S: Final = 3.0
"""Set by no more than this the clock is followed: time servers do so."""

SAME_S: Final = 30.0
"""Clocks that differ by less tell the same time."""

FAR_S: Final = 120.0
"""A clock that all radios tell is off by more than this is doubted."""

BEAR_OUT: Final = 2
"""Radios that must tell a time to bear it out."""

MANY: Final = 3
"""Radios that must all differ by the same to raise a doubt."""

LASTS_S: Final = 10.0
"""For how long they must."""

HEARD_WITHIN_S: Final = 60.0
"""What a radio said longer ago says nothing of the clock now."""

BORNE_OUT_FOR_S: Final = 600.0
"""For how long a radio that told the same time bears it out."""

TOLD_FOR_S: Final = 86_400.0
"""How long a clock that was followed is doubted while no radio tells a time."""

SAMPLE: Final = 32
SAMPLE_EVERY_S: Final = 0.2
_MOST_RADIOS: Final = 512
_S: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_log = structlog.get_logger(__name__)


steady_ns: Final[Callable[[], int]] = (
    partial(time.clock_gettime_ns, time.CLOCK_BOOTTIME)
    if hasattr(time, "CLOCK_BOOTTIME")
    else time.monotonic_ns
)
"""Returns nanoseconds that only pass, also while the machine sleeps."""


class Clock:
    """The time of one process. Safe to ask on any thread.

    Args:
        wall_ns: The machine's calendar, nanoseconds since 1970.
        steady_ns: Nanoseconds that only ever pass, whatever is done to the calendar.

    Attributes:
        doubt: Why its times are doubtful; None when nothing is known against them.
        recordings: Channels that play what was heard once: it tells nothing of the time now.
    """

    def __init__(
        self,
        *,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = steady_ns,
    ) -> None:
        self._wall, self._steady = wall_ns, steady_ns
        self._lock = threading.RLock()
        self._base = self._read()[1]  # our time less the steady clock's
        self.doubt: ClockDoubt | None = None
        self._held = False
        self._base_before = 0
        self._doubted_ns = 0
        self._differs_ns: int | None = None
        self._readings: dict[str, tuple[int, int]] = {}
        self.recordings: set[str] = set()
        self._sample_at_ns = 0
        self._since = self.now()

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        wall, steady = self._wall(), self._steady()
        base = wall - steady
        if abs(base - self._base) > STEP_S * _S:
            return _moment(self._stepped())
        self._base = base
        return datetime.fromtimestamp(wall / _S, UTC)  # half the cost of `_moment`

    def observe(self, transmissions: Iterable[Transmission]) -> None:
        """Note what the clocks of radios tell that were heard just now.

        Args:
            transmissions: What they said; what was heard a while ago, at a border post that was cut
                off, is passed over.
        """
        steady = self._steady()
        if steady < self._sample_at_ns:
            return
        self._sample_at_ns = steady + round(SAMPLE_EVERY_S * _S)
        now = self.now()
        wall = _moment(self._wall())
        with self._lock:
            for each in transmissions:
                if each.device_time is None or each.channel in self.recordings:
                    continue
                late = min(abs(each.heard_at - now), abs(each.heard_at - wall))
                if late.total_seconds() <= HEARD_WITHIN_S:
                    self._readings.pop(each.address, None)
                    self._readings[each.address] = (_ns(each.device_time) - steady, steady)
            while len(self._readings) > _MOST_RADIOS:
                del self._readings[next(iter(self._readings))]

    def mark(self, transmission: Transmission) -> Transmission:
        """Return what was said with the flag `doubtful_clock` while times here are doubtful."""
        if self.doubt is None or DOUBTFUL in transmission.flags:
            return transmission
        return replace(transmission, flags=tuple(sorted((*transmission.flags, DOUBTFUL))))

    def look(self) -> None:
        """See whether the machine's clock was set, or is right again; about once a second."""
        self.now()
        with self._lock:
            steady, base = self._read()
            self._readings = {
                address: reported
                for address, reported in self._readings.items()
                if steady - reported[1] <= BORNE_OUT_FOR_S * _S
            }
            doubt = self.doubt
            if doubt is None or doubt.kind == "differs":
                self._see_difference(steady)
            elif self._held and abs(base - self._base) <= STEP_S * _S:
                self._end("it was set back to what it was")
            elif self._held:
                if self._borne_out(base, steady, over=self._base):
                    self._base = base
                    self._end("radios tell the time that it was set to: it is followed")
                elif self._is_alone(base, steady):
                    self._base = base
                    self._end(
                        "no radio tells the time before, so the one it was set to is followed"
                    )
            elif self._borne_out(self._base, steady, over=self._base_before):
                self._end("radios tell the time that it was set to")
            elif steady - self._doubted_ns > TOLD_FOR_S * _S:
                self._end("it was set a day ago, and no radio tells the time")

    def health(self) -> ChannelHealth:
        """Return how it fares, in the words of a channel."""
        doubt = self.doubt
        return ChannelHealth(
            name=CLOCK_CHANNEL,
            url="",
            protocols=(),
            state="open" if doubt is None else "down",
            since=self._since,
            fault=None if doubt is None else words(doubt),
            clock=doubt,
        )

    # -- inside

    def _read(self) -> tuple[int, int]:
        """Return the steady clock and how far ahead of it the calendar is, read at one moment."""
        while True:
            before = self._steady()
            wall = self._wall()
            after = self._steady()
            if after - before < _S // 10:  # else we were stopped between the two
                return after, wall - after

    def _stepped(self) -> int:
        """Return the time though the two clocks disagree, nanoseconds since 1970."""
        with self._lock:
            steady, base = self._read()
            by_ns = base - self._base
            if abs(by_ns) <= STEP_S * _S:
                return base + steady
            if self._held and self.doubt is not None:
                if abs(by_ns / _S - self.doubt.by_s) > STEP_S:  # set once more
                    self._begin(base, steady)
                return self._base + steady
            if self._is_followed() and abs(base - self._base_before) <= STEP_S * _S:
                self._base = base
                self._end("it was set back to what it was")
                return base + steady
            self._begin(base, steady)
            return self._base + steady

    def _is_followed(self) -> bool:
        return self.doubt is not None and self.doubt.followed

    def _begin(self, base: int, steady: int) -> None:
        """Doubt the clock, which was set; follow it, or do not."""
        by_ns = base - self._base
        at = _moment(self._base + steady)
        self._held = by_ns < 0 or self._borne_out(
            self._base, steady, over=base, for_s=BORNE_OUT_FOR_S
        )
        if not self._held:
            self._base_before, self._base = self._base, base
        self._doubted_ns, self._since = steady, at
        self.doubt = ClockDoubt(
            kind="set", by_s=round(by_ns / _S, 1), at=at, followed=not self._held
        )
        _log.error("clock_set", fault=words(self.doubt))

    def _end(self, why: str) -> None:
        """Doubt it no longer."""
        self.doubt, self._held, self._differs_ns = None, False, None
        self._since = _moment(self._base + self._steady())
        _log.warning("clock_right", why=why)

    def _borne_out(
        self, base: int, steady: int, *, over: int, for_s: float = HEARD_WITHIN_S
    ) -> bool:
        """Return whether clocks of radios tell `base` and not `over`."""
        same_ns = min(SAME_S * _S, abs(base - over) / 3)
        offsets = [each for each, at in self._readings.values() if steady - at <= for_s * _S]
        so = sum(abs(each - base) <= same_ns for each in offsets)
        not_so = sum(abs(each - over) <= same_ns for each in offsets)
        return so >= BEAR_OUT and so > MANY * not_so

    def _is_alone(self, base: int, steady: int) -> bool:
        """Return whether nothing speaks any more for the time that is held against `base`.

        One radio that tells the new time decides after `BORNE_OUT_FOR_S`; where none tells any,
        whoever set the clock is believed after a day.
        """
        same_ns = min(SAME_S * _S, abs(base - self._base) / 3)
        offsets = [each for each, _ in self._readings.values()]
        if any(abs(each - self._base) <= same_ns for each in offsets):
            return False
        so = any(abs(each - base) <= same_ns for each in offsets)
        return steady - self._doubted_ns > (BORNE_OUT_FOR_S if so else TOLD_FOR_S) * _S

    def _see_difference(self, steady: int) -> None:
        """Doubt a clock from which those of many radios all differ by the same."""
        off = [
            each - self._base
            for each, at in self._readings.values()
            if steady - at <= HEARD_WITHIN_S * _S
        ]
        if len(off) < MANY and self._readings:
            return  # too few to say anything; if nobody was heard for long, nothing is known
        middle = median(off) if off else 0.0
        alike = sum(abs(each - middle) <= SAME_S * _S for each in off)
        if abs(middle) <= FAR_S * _S or alike < MANY or alike * 4 < len(off) * 3:
            self._differs_ns = None
            if self.doubt is not None:
                self._end("radios tell the same time")
            return
        if self._differs_ns is None:
            self._differs_ns = steady
        if steady - self._differs_ns < LASTS_S * _S:
            return
        by_s = round(middle / _S, 1)
        old = self.doubt
        if old is not None and abs(old.by_s - by_s) <= SAME_S:
            return
        at = self._since = _moment(self._base + steady)
        self.doubt = ClockDoubt(kind="differs", by_s=by_s, at=at, radios=alike)
        _log.error("clock_differs", fault=words(self.doubt))


def words(doubt: ClockDoubt) -> str:
    """Return a doubt in English, for logs and technicians.

    >>> at = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    >>> words(ClockDoubt(kind="gateway", by_s=-3600.0, at=at))
    'its clock is 1:00:00 behind the one here'
    """
    by, ahead = timedelta(seconds=round(abs(doubt.by_s))), doubt.by_s > 0
    if doubt.kind == "set":
        now = "the new time is used" if doubt.followed else "time goes on as it was"
        return (
            f"the clock of this computer was set {'ahead' if ahead else 'back'} by {by} at"
            f" {doubt.at:%Y-%m-%d %H:%M:%S} UTC: {now}, times are doubtful"
        )
    if doubt.kind == "gateway":
        return f"its clock is {by} {'ahead of' if ahead else 'behind'} the one here"
    return (
        f"the clocks of {doubt.radios} radios are all {by} {'ahead of' if ahead else 'behind'} the"
        " one of this computer: times are doubtful"
    )


def _moment(ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ns // 1000)


def _ns(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


CLOCK: Final = Clock()
"""The clock of this process."""


utc_now: Final[Callable[[], datetime]] = CLOCK.now
"""Returns the time of this process, aware UTC."""
