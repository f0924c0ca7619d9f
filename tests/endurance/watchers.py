"""The viewers: one process with 200 of them; the first few are read report by report, all the time.

All look through one of four views. Who is cut off comes back as the page does, after a moment. One
may be told to stop reading: it hangs up, comes again at once and reads nothing of what it is sent;
when the server has had enough of it, after half a minute or when it is told so again, it does the
same again.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import threading
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple

import numpy as np
import uvloop
from numpy.typing import NDArray

from tests.benchmarks.viewers import Gaze, Seat, Viewer, upgrade_request
from tests.endurance.fleet import Fleet
from tests.endurance.ledger import LOST_HERE, Ledger

SAMPLED: Final = 4
"""Viewers that are read report by report, one of each view."""

EVERY_S: Final = 0.5
STALLS_S: Final = 30.0

SEGMENT_BYTES: Final = 1400
"""Largest segment to who stops reading, as on an Ethernet. With loopback's of 64 KiB the system
would keep up to 4 MiB for it where a server sets no limit: 25 s of the stream."""

_FIX: Final = re.compile(
    rb'[\[,]\{"of":"([0-9a-f]{32})","lon":[-\d.e]+,"lat":([-\d.e]+),"time":"[^"]*"(,"live":false)?'
)
_GAZE: Final = Gaze(marks=(b'[{"of":', b',{"of":'), latitude=_FIX)  # positions one by one
_LIVE_BYTES: Final = len(b',"live":false')
_KEPT_BYTES: Final = 4096  # of what follows the last whole position


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """Who watches.

    Attributes:
        host: Address of the node's pages.
        port: Their port.
        sessions: Session of each view, by role.
        viewers: How many viewers, in turn by role.
        boats: Size of the fleet.
        stallers: How many of them, the last ones, stop reading when told to.
    """

    host: str
    port: int
    sessions: dict[str, str]
    viewers: int
    boats: int
    stallers: int = 1


class Seen(NamedTuple):
    """What the sampled viewers saw lately.

    Attributes:
        numbers: Of reports.
        at_ns: When each was seen, monotonic nanoseconds.
        viewer: Which sampled viewer saw it.
        live: Whether it moved the mark, and did not only join the track.
    """

    numbers: NDArray[np.int64]
    at_ns: NDArray[np.int64]
    viewer: NDArray[np.int8]
    live: NDArray[np.bool_]


class Seats(NamedTuple):
    """How the viewers fare.

    Attributes:
        connected: How many are.
        connections: How many were made in all.
        least: Positions that the viewer saw who saw the fewest of those never cut off.
        most: And who saw the most.
        ends: Why connections ended, and how often.
    """

    connected: int
    connections: int
    least: int
    most: int
    ends: dict[str, int]


def watch(plan: WatchPlan, reports: Connection) -> None:
    """Watch until `reports` says `"stop"` or is closed.

    Says `Seen` and `Seats` twice a second; takes `"stall"` and `"go on"`.
    """
    uvloop.run(_Watching(plan, reports).run())


class _Watcher(Viewer):
    def __init__(self, seat: Seat, gaze: Gaze, *, sampled: bool) -> None:
        super().__init__(seat, gaze, sampled=sampled)
        self.gone = asyncio.Event()
        self.start()

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.gone.set()

    def pause(self) -> None:
        """Take nothing any more."""
        assert self._transport is not None
        self._transport.pause_reading()


class _Watching:
    def __init__(self, plan: WatchPlan, reports: Connection) -> None:
        self._plan, self._reports, self._fleet = plan, reports, Fleet(plan.boats)
        self._now: list[_Watcher | None] = [None] * plan.viewers
        self._cut_off = [False] * plan.viewers
        self._counted = [0] * plan.viewers
        self._tails = [b""] * SAMPLED
        self._connections = 0
        self._ends: Counter[str] = Counter()
        self._stalls = False
        self._told = asyncio.Event()  # a new one for each word
        self._stop = asyncio.Event()

    async def run(self) -> None:
        # A reader of uvloop's makes the pipe refuse what it has no room for: a thread waits.
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), daemon=True).start()
        tasks = [asyncio.create_task(self._sit(n)) for n in range(self._plan.viewers)]
        while not self._stop.is_set():
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self._reports.send, self._seen())
            await asyncio.to_thread(self._reports.send, self._seats())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        word = ""
        while word != "stop":
            try:
                word = self._reports.recv()
            except (EOFError, OSError):
                word = "stop"
            loop.call_soon_threadsafe(self._hear, word)

    def _hear(self, word: str) -> None:
        if word not in ("stall", "go on"):
            self._stop.set()
        elif word == "stall" or self._stalls:  # who goes on need not be told to
            self._stalls = word == "stall"
            event, self._told = self._told, asyncio.Event()
            event.set()

    async def _sit(self, number: int) -> None:
        plan, loop = self._plan, asyncio.get_running_loop()
        role = list(plan.sessions)[number % len(plan.sessions)]
        cookie = f"jp_session={plan.sessions[role]}"
        await asyncio.sleep(number * 0.005)
        while True:
            opening = upgrade_request(
                host=plan.host, port=plan.port, path="/api/live", cookie=cookie
            )
            seat = Seat(host=plan.host, port=plan.port, opening=opening, view=role)
            link = socket.socket()
            link.setblocking(False)
            may_stall = number >= plan.viewers - plan.stallers
            if may_stall:  # what the system keeps for it must not hide that it does not read
                link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)
            watcher, at_once = None, False
            try:
                await loop.sock_connect(link, (plan.host, plan.port))
                _, watcher = await loop.create_connection(
                    lambda seat=seat: _Watcher(  # type: ignore[misc]
                        seat, _GAZE, sampled=number < SAMPLED
                    ),
                    sock=link,
                )
                await watcher.ready
                self._now[number] = watcher
                self._connections += 1
                if may_stall:
                    at_once = await self._stay(watcher)
                else:
                    await watcher.gone.wait()
            except OSError as error:
                self._ends[type(error).__name__] += 1
                if watcher is None:
                    link.close()
            finally:
                self._now[number] = None
                if watcher is not None:
                    self._counted[number] += watcher.count
                    self._ends[watcher.fault or "stalled"] += 1
                    watcher.close()
            self._cut_off[number] = True
            if number < SAMPLED:
                self._tails[number] = b""
            if not at_once:
                await asyncio.sleep(0.5 + random.random())

    async def _stay(self, watcher: _Watcher) -> bool:
        """Watch, or read nothing while it is a stall; return whether it was told something else, or
        to stall anew.

        Else the connection has ended, or a stall has lasted long enough.
        """
        stalls = self._stalls
        if stalls:
            watcher.pause()
        told = asyncio.create_task(self._told.wait())
        gone = asyncio.create_task(watcher.gone.wait())
        try:
            await asyncio.wait(
                {told, gone},
                timeout=STALLS_S if stalls else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            return told.done() and not gone.done()
        finally:
            for task in (told, gone):
                task.cancel()

    def _seats(self) -> Seats:
        steady = [
            self._counted[number] + each.count
            for number, each in enumerate(self._now)
            if each is not None and not self._cut_off[number]
        ]
        return Seats(
            connected=sum(each is not None for each in self._now),
            connections=self._connections,
            least=min(steady, default=0),
            most=max(steady, default=0),
            ends=dict(self._ends),
        )

    def _seen(self) -> Seen:
        numbers: list[int] = []
        times: list[int] = []
        viewers: list[int] = []
        live: list[bool] = []
        fleet = self._fleet
        for viewer, watcher in enumerate(self._now[:SAMPLED]):
            if watcher is None or watcher.sample is None or not watcher.sample.chunks:
                continue
            sample = watcher.sample
            tail = self._tails[viewer]
            ends = list(accumulate(map(len, sample.chunks), initial=len(tail)))[1:]
            data = tail + b"".join(sample.chunks)
            rest = 0
            for found in _FIX.finditer(data):
                if found.end() + _LIVE_BYTES > len(data):
                    rest = found.start()
                    break
                rest = found.end()
                boat = fleet.boat_of_unit(found[1].decode())
                number = None if boat is None else fleet.number(boat, float(found[2]))
                if number is None:
                    continue
                numbers.append(number)
                times.append(sample.times[bisect_left(ends, found.end())])
                viewers.append(viewer)
                live.append(found[3] is None)
            self._tails[viewer] = data[max(rest, len(data) - _KEPT_BYTES) :]
            sample.chunks.clear()
            sample.times.clear()
        return Seen(
            np.array(numbers, np.int64),
            np.array(times, np.int64),
            np.array(viewers, np.int8),
            np.array(live, np.bool_),
        )


class Sightings:
    """What the viewers' process tells, received on a thread.

    Args:
        reports: The other end of its connection.
        ledger: When what was sent.
        keep_s: How long sightings are kept.

    Attributes:
        seats: How the viewers fare.
        late: Positions seen that only joined the track, since the start.
    """

    def __init__(self, reports: Connection, ledger: Ledger, *, keep_s: float = 400.0) -> None:
        self._reports, self._ledger, self._keep_ns = reports, ledger, int(keep_s * 1e9)
        self._kept: list[Seen] = []
        self._lock = threading.Lock()
        self.seats = Seats(0, 0, 0, 0, {})
        self.late = 0
        self._thread = threading.Thread(target=self._receive, name="sightings", daemon=True)
        self._thread.start()

    def tell(self, word: str) -> None:
        """Tell the viewers' process something."""
        self._reports.send(word)

    def all(self, since_ns: int) -> Seen:
        """Return what was seen since a moment."""
        with self._lock:
            some = [each for each in self._kept if each.at_ns[-1] >= since_ns]
        if not some:
            return Seen(
                np.empty(0, np.int64),
                np.empty(0, np.int64),
                np.empty(0, np.int8),
                np.empty(0, bool),
            )
        joined = [np.concatenate(column) for column in zip(*some, strict=True)]
        expected = joined[1] >= since_ns
        return Seen(*(column[expected] for column in joined))

    def latencies_ms(self, from_ns: int, until_ns: int) -> NDArray[np.float64]:
        """Return, for each sighting between two moments, how long ago it was sent."""
        seen = self.all(from_ns)
        within = seen.at_ns < until_ns
        sent = self._ledger.sent_at[seen.numbers[within]]
        return (seen.at_ns[within] - sent) / 1e6

    def within(self, from_ns: int, until_ns: int, limit_ms: float) -> float:
        """Return the share of what was sent between two moments that moved a mark within a limit.

        What goes by a way that promises nothing and was lost before it went out does not count.
        Every sampled viewer counts by itself.
        """
        sent_at = self._ledger.sent_at[: self._ledger.begun]
        first, last = np.searchsorted(sent_at, (from_ns, until_ns))
        if first == last:
            return 0.0
        due = int((self._ledger.state[first:last] != LOST_HERE).sum())
        seen = self.all(from_ns)
        expected = (seen.numbers >= first) & (seen.numbers < last) & seen.live
        numbers, at_ns = seen.numbers[expected], seen.at_ns[expected]
        soon = (at_ns - sent_at[numbers]) <= limit_ms * 1e6
        keys = np.unique(numbers[soon] * SAMPLED + seen.viewer[expected][soon])
        return len(keys) / float(max(due, 1) * SAMPLED)

    def _receive(self) -> None:
        while True:
            try:
                answer: Any = self._reports.recv()
            except (EOFError, OSError):
                return
            if isinstance(answer, Seats):
                self.seats = answer
            elif len(answer.numbers):
                self.late += int((~answer.live).sum())
                newest = answer.at_ns[np.argmax(answer.at_ns)]
                order = np.argsort(answer.at_ns, kind="stable")
                with self._lock:
                    self._kept.append(Seen(*(column[order] for column in answer)))
                    while self._kept and self._kept[0].at_ns[-1] < newest - self._keep_ns:
                        del self._kept[0]


def wait_until_seen(sightings: Sightings, viewers: int, *, seconds: float = 60.0) -> None:
    """Wait until all viewers are connected.

    Raises:
        TimeoutError: If they are not in time.
    """
    end = time.monotonic() + seconds
    while sightings.seats.connected < viewers:
        if time.monotonic() > end:
            raise TimeoutError(f"{sightings.seats.connected} of {viewers} viewers are connected")
        time.sleep(0.1)
