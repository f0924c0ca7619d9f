"""Views: what all viewers who may see the same are sent, encoded once and shared.

A `Feed` belongs to one view (agency, role, policy epoch). Each change is encoded once; the last
ones stay in a ring, so that a viewer who was cut off goes on where it stopped. A viewer that does
not keep up is not waited for: what it missed is dropped and it is told to start from a snapshot.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from patrol.changes import Beat, Snapshot

RING: Final = 2048
"""Changes kept for viewers who come back; at one a second, half an hour."""

RING_BYTES: Final = 32 * 1024 * 1024
"""Most bytes of the ring."""

BACKLOG: Final = 256
"""Frames a viewer may lag behind before it must start from a snapshot."""

_SNAPSHOT_FOR: Final = timedelta(seconds=1)  # it tells the time, from which viewers count ages

_encode = msgspec.json.Encoder().encode


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Who sees the same.

    Attributes:
        agency: Whose records pass.
        role: In which role.
        epoch: Raised by whatever changes what may pass.
    """

    agency: str
    role: str
    epoch: int = 0


class Subscription:
    """One viewer's place in a feed. `take` from it again and again; `close` it at the end."""

    def __init__(self, feed: Feed, first: list[bytes]) -> None:
        self._feed = feed
        self._frames: deque[bytes] = deque(first)
        self._ready = asyncio.Event()
        self.lost = False
        self.closed = False
        if first:
            self._ready.set()

    def push(self, frame: bytes) -> None:
        """Take one more frame; drop all of them once the viewer is too far behind."""
        if self.lost:
            return
        if len(self._frames) >= BACKLOG:
            self.lost = True
            self._frames.clear()
        else:
            self._frames.append(frame)
        self._ready.set()

    async def take(self, timeout_s: float) -> list[bytes]:
        """Return the frames that wait, in order; the beat when none comes within `timeout_s`.

        A viewer that lagged behind gets one fresh snapshot instead of what it missed; one that is
        closed gets nothing.
        """
        if not self._frames and not self.lost and not self.closed:
            # A timer that wakes us is half the cost of a timeout, for each frame of each viewer.
            timer = asyncio.get_running_loop().call_later(timeout_s, self._ready.set)
            try:
                await self._ready.wait()
            finally:
                timer.cancel()
            # What came in the same turn as the timer goes first: a beat tells the number of the
            # last change, and must not come before it.
            if not self._frames and not self.lost and not self.closed:
                self._ready.clear()
                return [self._feed.beat()]
        self._ready.clear()
        if self.lost:
            self.lost = False
            self._frames.clear()
            return [self._feed.snapshot()]
        frames = list(self._frames)
        self._frames.clear()
        return frames

    def close(self) -> None:
        """Leave the feed."""
        self.closed = True
        self._feed.leave(self)
        self._ready.set()


class Feed:
    """The stream of one view.

    Args:
        view: Whose it is.
        picture: Returns the whole picture this view may see: `(units, channels)` as a Snapshot
            for the stream and sequence number given.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        view: View,
        picture: Callable[[str, int], Snapshot],
        now: Callable[[], datetime],
    ) -> None:
        self.view = view
        self.stream = secrets.token_hex(8)
        self.seq = 0
        self._picture = picture
        self._now = now
        self._ring: deque[tuple[int, bytes]] = deque()
        self._ring_bytes = 0
        self._viewers: set[Subscription] = set()
        self._snapshot: tuple[int, datetime, bytes] | None = None

    @property
    def viewers(self) -> int:
        """How many viewers are connected."""
        return len(self._viewers)

    def publish(self, body: bytes) -> None:
        """Number one change and hand the same bytes to every viewer.

        Args:
            body: Members of a `patrol.changes.Change` as JSON, each with a comma before it,
                `type` and `seq` left out.
        """
        self.seq += 1
        frame = b'{"type":"change","seq":%d%s}' % (self.seq, body)
        self._ring.append((self.seq, frame))
        self._ring_bytes += len(frame)
        while len(self._ring) > RING or (self._ring_bytes > RING_BYTES and len(self._ring) > 1):
            self._ring_bytes -= len(self._ring.popleft()[1])
        for viewer in self._viewers:
            viewer.push(frame)

    def subscribe(self, *, stream: str | None = None, since: int | None = None) -> Subscription:
        """Join: from where the viewer stopped if that is still in the ring, else from a snapshot.

        Args:
            stream: The stream the viewer followed.
            since: Number of the last change it has.
        """
        first = self._missed(since) if stream == self.stream and since is not None else None
        subscription = Subscription(self, [self.snapshot()] if first is None else first)
        self._viewers.add(subscription)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """Forget a viewer."""
        self._viewers.discard(subscription)

    def snapshot(self) -> bytes:
        """Return the encoded snapshot; of a second ago, if nothing has changed since."""
        now, made = self._now(), self._snapshot
        if made is None or made[0] != self.seq or abs(now - made[1]) > _SNAPSHOT_FOR:
            body = _encode(self._picture(self.stream, self.seq))
            self._snapshot = made = (self.seq, now, body)
        return made[2]

    def beat(self) -> bytes:
        """Return an encoded beat."""
        return _encode(Beat(seq=self.seq, time=self._now()))

    def _missed(self, since: int) -> list[bytes] | None:
        if since > self.seq or since < 0:
            return None
        if since == self.seq:
            return [self.beat()]
        if not self._ring or self._ring[0][0] > since + 1:
            return None
        return [frame for seq, frame in self._ring if seq > since]
