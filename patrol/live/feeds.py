"""Views: messages to all viewers who may see the same, encoded once and shared.

A `LocalViewStream` belongs to one view (agency, role, policy epoch). Each change is encoded once;
the last ones stay in a ring, so that a viewer who was cut off goes on where it stopped. They stay
without their number, so that views that see the same keep the same bytes. A viewer that does not
keep up is not waited for: what it missed is dropped and it is told to start from a snapshot.

A frame that holds something of another agency's carries a twin without it. When what may pass
changes, all frames that wait anywhere are replaced by their twins: nothing of the viewer's own is
lost, no number is missing, and nothing of the others' goes out that was not on its way.
"""

from __future__ import annotations

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Self

import msgspec

from patrol.units.wire import Beat, Snapshot

RING: Final = 2048
"""Changes kept for viewers who come back; at one a second, half an hour."""

RING_BYTES: Final = 4 * 1024 * 1024
"""Most bytes of the ring: whoever missed more is served as soon by a snapshot."""

BACKLOG: Final = 256
"""Frames a viewer may lag behind before it must start from a snapshot."""

FOLLOWING: Final = 64
"""Changes that may follow a snapshot which is handed out again; a new one costs less than many."""

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


class MixedFrame(bytes):
    """A frame that holds something of another agency's.

    Attributes:
        own: The same frame without it.
    """

    own: bytes

    def __new__(cls, whole: bytes, own: bytes) -> Self:
        """Make a frame of `whole`, whose twin is `own`."""
        made = super().__new__(cls, whole)
        made.own = own
        return made


def stripped(frames: Iterable[bytes]) -> list[bytes]:
    """Return frames without what they hold of other agencies'."""
    return [frame.own if isinstance(frame, MixedFrame) else frame for frame in frames]


def body_of(seq: int, frame: bytes) -> bytes:
    """Return the members of change number `seq` that the frame was made of.

    >>> body_of(12, _change(12, b',"forget":["a"]'))
    b',"forget":["a"]'
    """
    body = frame[len(_change(seq, b"")) - 1 : -1]
    return MixedFrame(body, body_of(seq, frame.own)) if isinstance(frame, MixedFrame) else body


def _change(seq: int, body: bytes) -> bytes:
    frame = b'{"type":"change","seq":%d%s}' % (seq, body)
    return MixedFrame(frame, _change(seq, body.own)) if isinstance(body, MixedFrame) else frame


def _size(frame: bytes) -> int:
    return len(frame) + (len(frame.own) if isinstance(frame, MixedFrame) else 0)


class Subscription:
    """One viewer's place in a stream. `take` from it again and again; `close` it at the end."""

    # Every change goes through all of them: what lies together is fetched together.
    __slots__ = ("_feed", "_frames", "_open", "_ready", "_sending", "_way", "closed", "lags")

    def __init__(self, feed: ViewStream, first: list[bytes]) -> None:
        self._feed = feed
        self._frames: deque[bytes] = deque(first)
        self._sending: list[bytes] = []
        self._ready = asyncio.Event()
        self._way: Callable[[bytes], bool] | None = None
        self._open: Callable[[bytes], bool] | None = None  # the way, while nothing is before it
        self.lags = False
        self.closed = False
        if first:
            self._ready.set()

    def go_straight(self, way: Callable[[bytes], bool]) -> None:
        """Have frames handed to `way` at once, without waking who takes them.

        Only while nothing waits here and everything that was taken has been sent, so that all goes
        out in order. A frame for which `way` returns False waits as ever.
        """
        self._way = way

    def push(self, frame: bytes) -> None:
        """Take one more frame; drop all of them once the viewer is too far behind."""
        way = self._open
        if way is not None:
            if way(frame):
                return
            self._open = None  # what follows waits behind it
        if self.lags:
            return
        if len(self._frames) >= BACKLOG:
            self.lags = True
            self._frames.clear()
        else:
            self._frames.append(frame)
        self._ready.set()

    async def take(self, timeout_s: float) -> list[bytes]:
        """Return the frames that wait, in order; the beat when none comes within `timeout_s`.

        A viewer that lagged behind gets one fresh snapshot instead of what it missed; one that is
        closed gets nothing. The list stays ours: what may not pass any more is replaced in it
        while it is being sent, which is until the next call.
        """
        self._sending = []  # perhaps the whole picture; the next frame may go straight for ever
        if not self._frames and not self.lags and not self.closed:
            # A timer that wakes us is half the cost of a timeout, for each frame of each viewer.
            timer = asyncio.get_running_loop().call_later(timeout_s, self._ready.set)
            self._open = self._way  # everything that was taken has been sent
            try:
                await self._ready.wait()
            finally:
                self._open = None
                timer.cancel()
            # What came in the same turn as the timer goes first: a beat tells the number of the
            # last change, and must not come before it.
            if not self._frames and not self.lags and not self.closed:
                self._ready.clear()
                return [self._feed.beat()]
        self._ready.clear()
        if self.lags:
            frames = await self._feed.fresh()
            self.lags = False  # only now: what came meanwhile is in those
            self._frames.clear()
            self._sending = frames
            return self._sending
        self._sending = list(self._frames)
        self._frames.clear()
        return self._sending

    def strip(self) -> None:
        """Take out of all frames that wait, and those being sent, what is of other agencies."""
        if any(isinstance(frame, MixedFrame) for frame in self._frames):
            self._frames = deque(stripped(self._frames))
        self._sending[:] = stripped(self._sending)

    def close(self) -> None:
        """Leave the feed."""
        self.closed = True
        self._feed.leave(self)
        self._ready.set()

    def let_go(self) -> None:
        """Hold no frame any more; to be called once nothing is being sent.

        A connection that has ended is garbage in a circle, and lies there until it is collected:
        hundreds of them, each with the whole picture that it began with.
        """
        self._frames.clear()
        self._sending = []
        self._way = None


class ViewStream(ABC):
    """The numbered changes of one view, the last of them kept, and who follows them.

    Args:
        view: Whose it is.
        now: Clock, aware UTC.

    Attributes:
        view: As given; its epoch rises.
        stream: Its id: numbers of another stream mean nothing here.
        seq: Number of the last change.
    """

    def __init__(self, view: View, now: Callable[[], datetime]) -> None:
        self.view = view
        self.stream = secrets.token_hex(8)
        self.seq = 0
        self._now = now
        self._ring: deque[tuple[int, bytes]] = deque()
        self._ring_bytes = 0
        self._viewers: set[Subscription] = set()

    @property
    def viewers(self) -> int:
        """How many viewers are connected."""
        return len(self._viewers)

    def pass_on(self, body: bytes) -> None:
        """Hand change number `seq` to every viewer, and keep it for who comes back."""
        self._ring.append((self.seq, body))
        self._ring_bytes += _size(body)
        while len(self._ring) > RING or (self._ring_bytes > RING_BYTES and len(self._ring) > 1):
            self._ring_bytes -= _size(self._ring.popleft()[1])
        if self._viewers:
            frame = _change(self.seq, body)
            for viewer in self._viewers:
                viewer.push(frame)

    def lead(self, bodies: Sequence[tuple[int, bytes]]) -> None:
        """Keep changes, by number, that went right before the first that is kept."""
        self._ring.extendleft(reversed(bodies))
        self._ring_bytes += sum(_size(body) for _, body in bodies)

    def join(self, viewer: Subscription) -> Subscription:
        """Hand every change from now on to `viewer`."""
        self._viewers.add(viewer)
        return viewer

    @abstractmethod
    async def fresh(self) -> list[bytes]:
        """Return where a viewer begins anew that fell behind: a snapshot, and what followed it."""

    def leave(self, subscription: Subscription) -> None:
        """Forget a viewer."""
        self._viewers.discard(subscription)

    def begin_epoch(self, epoch: int) -> None:
        """Take what is of other agencies out of everything that was not sent yet."""
        self.view = View(agency=self.view.agency, role=self.view.role, epoch=epoch)
        if any(isinstance(body, MixedFrame) for _, body in self._ring):
            bodies = stripped(body for _, body in self._ring)
            self._ring = deque(zip((seq for seq, _ in self._ring), bodies, strict=True))
            self._ring_bytes = sum(len(body) for body in bodies)
        for viewer in self._viewers:
            viewer.strip()

    def beat(self) -> bytes:
        """Return an encoded beat."""
        return _encode(Beat(seq=self.seq, time=self._now()))

    def changes_after(self, since: int) -> list[bytes] | None:
        """Return the changes after number `since`; None if one of them is not kept any more."""
        if since > self.seq or since < 0:
            return None
        if since == self.seq:
            return []
        if not self._ring or self._ring[0][0] > since + 1:
            return None
        return [_change(seq, body) for seq, body in self._ring if seq > since]


class LocalViewStream(ViewStream):
    """The stream of one view, whose picture is here.

    Args:
        view: Whose it is.
        picture: Returns the whole picture this view may see as a Snapshot for the stream and
            sequence number given.
        now: Clock, aware UTC.
        own: Returns the same without what is of other agencies; None where nothing is.
        epoch: Returns the view's policy epoch as of now, also one of which nobody was told yet;
            None: there is none such.

    Attributes:
        crossed: Ids of documents of other agencies that its viewers may hold.
    """

    def __init__(
        self,
        view: View,
        picture: Callable[[str, int], Snapshot],
        now: Callable[[], datetime],
        own: Callable[[str, int], Snapshot | None] = lambda _stream, _seq: None,
        epoch: Callable[[], int] | None = None,
    ) -> None:
        super().__init__(view, now)
        self._epoch = epoch or (lambda: self.view.epoch)
        self.crossed: set[str] = set()
        self._picture, self._own = picture, own
        self._snapshot: tuple[int, datetime, bytes] | None = None

    @property
    def epoch(self) -> int:
        """The view's policy epoch as of now, also one of which nobody was told yet."""
        return self._epoch()

    def publish(self, body: bytes) -> None:
        """Number one change and hand the same bytes to every viewer.

        Args:
            body: Members of a `patrol.units.wire.Change` as JSON, each with a comma before it,
                `type` and `seq` left out; `MixedFrame` where something of other agencies' is in it.
        """
        self.seq += 1
        if self._snapshot is not None and not (self._viewers and self._is_good(self._snapshot)):
            # Nobody begins there any more. What passes while nobody looks is not counted as shown
            # to this agency then, but in the picture that the next viewer begins with.
            self._snapshot = None
        self.pass_on(body)

    def subscribe(self, *, stream: str | None = None, since: int | None = None) -> Subscription:
        """Join: from where the viewer stopped if that is still in the ring, else from a snapshot.

        Args:
            stream: The stream the viewer followed.
            since: Number of the last change it has.
        """
        first = self.following(since) if stream == self.stream and since is not None else None
        if first == []:
            first = [self.beat()]
        return self.join(Subscription(self, self._beginning() if first is None else first))

    async def fresh(self) -> list[bytes]:
        """Return where a viewer begins anew that fell behind: a snapshot, and what followed it."""
        return self._beginning()

    def snapshot(self) -> bytes:
        """Return the encoded snapshot; of a second ago, if nothing has changed since."""
        made = self._current_snapshot()
        if made is None or made[0] != self.seq:
            now = self._now()
            body = _encode(self._picture(self.stream, self.seq))
            own = self._own(self.stream, self.seq)
            if own is not None:
                body = MixedFrame(body, _encode(own))
            self._snapshot = made = (self.seq, now, body)
        return made[2]

    def _beginning(self) -> list[bytes]:
        """Return a snapshot and what followed it: of all who begin in the same second only the
        first has one made, which takes milliseconds with thousands of units.
        """
        made = self._current_snapshot()
        following = None if made is None else self.changes_after(made[0])
        return [self.snapshot()] if made is None or following is None else [made[2], *following]

    def _current_snapshot(self) -> tuple[int, datetime, bytes] | None:
        """Return number, time and bytes of the snapshot that one may still begin with."""
        made = self._snapshot
        return None if made is None or not self._is_good(made) or self._is_over() else made

    def _is_over(self) -> bool:
        """Return whether what may pass has changed, and nobody was told yet: until then what was
        made before is begun with by nobody.
        """
        return self.epoch != self.view.epoch

    def _is_good(self, made: tuple[int, datetime, bytes]) -> bool:
        """Return whether one may still begin with a snapshot and what followed it."""
        return self.seq - made[0] <= FOLLOWING and abs(self._now() - made[1]) <= _SNAPSHOT_FOR

    def begin_epoch(self, epoch: int) -> None:
        """Take what is of other agencies out of everything that was not sent yet."""
        super().begin_epoch(epoch)
        self._snapshot = None

    def following(self, since: int) -> list[bytes] | None:
        """Return the same as `changes_after` for who goes on now: without what may pass no more."""
        first = self.changes_after(since)
        return stripped(first) if first is not None and self._is_over() else first
