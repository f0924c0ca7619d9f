"""Remote views: the views of this web process's viewers, as they come from the Watch.

Each view is opened once for all who look: the Watch hands out its frames, already encoded, and a
snapshot is asked for once for all who begin in the same second. Viewers resume, fall behind and are
stripped of what may not pass any more just as in one process. What cannot be followed without a gap
is closed: its viewers come again and go on where they stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final

from maps.cluster.messages import (
    WANTED_FOR_S,
    ChangesRequest,
    OpenView,
    ViewFrame,
    ViewMessage,
    ViewStart,
)
from maps.errors.errors import WatchUnreachable
from patrol.live.feeds import MixedFrame, Subscription, View, ViewStream, body_of, stripped
from patrol.units.accounts import User
from patrol.units.permissions import require

SNAPSHOT_FOR_S: Final = 1.0
FOLLOW_WITHIN_S: Final = 5.0
MOST_EARLY: Final = 10_000

RpcCall = Callable[[Any], Awaitable[Any]]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class RemoteViewStream(ViewStream):
    """One view, as it comes from the Watch.

    Args:
        agency: Whose records pass.
        role: In which role.
        call: Asks the Watch.
        now: The Watch's clock, aware UTC: viewers count ages from the time in a beat.
    """

    def __init__(self, agency: str, role: str, call: RpcCall, now: Callable[[], datetime]) -> None:
        super().__init__(View(agency=agency, role=role), now)
        self._call = call
        self._has_begun = False
        self._early: list[ViewMessage] = []
        self._base: tuple[int, bytes] | None = None
        self._base_at = 0.0
        self._refreshing: asyncio.Future[None] | None = None
        self._filling = asyncio.Lock()
        self._ended_at = -1  # who stopped here or before cannot go on: the Watch said so
        self.closed = False
        self.seen_at = monotonic()

    def begin(self, begin: ViewStart, *, since: int) -> None:
        """Begin where the Watch says; what came earlier goes on from there."""
        self.stream, self.seq, self._has_begun = begin.stream, begin.seq, True
        self.view = View(agency=self.view.agency, role=self.view.role, epoch=begin.epoch)
        self._rebase(begin)
        self.seq = since if begin.snapshot is None else begin.seq
        for frame in begin.frames:
            self.seq = frame.seq
            self.pass_on(_body(frame))
        early, self._early = self._early, []
        for word in early:
            self.take(word)

    def take(self, word: ViewMessage) -> None:
        """Take what the Watch says of this view."""
        if not self._has_begun:
            self._early.append(word)
            if len(self._early) > MOST_EARLY:
                self.close()
            return
        if word.stream != self.stream:
            return  # of one that went before
        if word.epoch > self.view.epoch:
            self.begin_epoch(word.epoch)
        frame = word.frame
        if frame is None or frame.seq <= self.seq:
            return
        if frame.seq != self.seq + 1:
            self.close()
            return
        self.seq = frame.seq
        body = _body(frame)
        # What was sent before another epoch began was on its way; what came after it is judged.
        self.pass_on(stripped([body])[0] if word.epoch < self.view.epoch else body)

    def begin_epoch(self, epoch: int) -> None:
        """Take what is of other agencies out of everything that was not sent yet."""
        super().begin_epoch(epoch)
        if self._base is not None:
            seq, snapshot = self._base
            self._base = (seq, stripped([snapshot])[0])

    async def enter(self, stream: str | None, since: int | None) -> Subscription:
        """Return a viewer's place: where it stopped if that can be had, else from a snapshot.

        Raises:
            WatchUnreachable, NoAnswer: If the Watch cannot be asked.
        """
        first: list[bytes] | None = None
        if stream == self.stream and since is not None:
            first = self.changes_after(since)
            if first is None and 0 <= since < self.seq:
                await self._fill(since)
                first = self.changes_after(since)
            if first == []:
                first = [self.beat()]
        if first is None:
            first = await self.fresh()
        if self.closed:
            raise WatchUnreachable("the picture cannot be followed at the moment")
        return self.join(Subscription(self, first))

    async def fresh(self) -> list[bytes]:
        """Return a snapshot that is a second old at most, and what followed it.

        Raises:
            WatchUnreachable, NoAnswer: If the Watch cannot be asked.
        """
        if not self._is_fresh():
            if self._refreshing is None:
                self._refreshing = asyncio.ensure_future(self._refresh())
            await asyncio.shield(self._refreshing)
        following = None if self._base is None else self.changes_after(self._base[0])
        if self._base is None or following is None or self.closed:
            raise WatchUnreachable("the picture cannot be had at the moment")
        return [self._base[1], *following]

    def close(self) -> None:
        """End it: its viewers are told to come again."""
        self.closed = True
        for viewer in list(self._viewers):
            viewer.close()

    # -- inside

    async def _refresh(self) -> None:
        try:
            wish = OpenView(agency=self.view.agency, role=self.view.role)
            begin: ViewStart = await self._call(wish)
            if begin.stream != self.stream:
                self.close()
                return
            until = monotonic() + FOLLOW_WITHIN_S
            while self.seq < begin.seq and not self.closed:  # its frames are on their way
                if monotonic() > until:
                    self.close()
                await asyncio.sleep(0.005)
            self._rebase(begin)
        finally:
            self._refreshing = None

    def _rebase(self, begin: ViewStart) -> None:
        if begin.snapshot is not None:
            snapshot = _encoded(begin.snapshot)
            if begin.epoch < self.view.epoch:
                snapshot = stripped([snapshot])[0]
            self._base, self._base_at = (begin.seq, snapshot), monotonic()

    def _is_fresh(self) -> bool:
        """Return whether one may still begin with the snapshot and what followed it."""
        if self._base is None or self._base[0] + 1 < self._first():
            return False
        return monotonic() - self._base_at <= SNAPSHOT_FOR_S

    def _first(self) -> int:
        """Return the number of the first change that is kept here, or of the next."""
        return self._ring[0][0] if self._ring else self.seq + 1

    async def _fill(self, since: int) -> None:
        """Ask for the changes between `since` and the first that is kept here."""
        async with self._filling:
            if since <= self._ended_at or self.changes_after(since) is not None:
                return
            before = self._first()
            begin: ViewStart = await self._call(
                ChangesRequest(
                    agency=self.view.agency,
                    role=self.view.role,
                    stream=self.stream,
                    since=since,
                    before=before,
                )
            )
            frames = begin.frames
            if begin.stream != self.stream or not frames or frames[-1].seq + 1 != before:
                self._ended_at = since  # hundreds may have stopped there, and each would ask
                return
            if self._first() != before:
                return  # nor is what followed them: so much came meanwhile
            bodies = [_body(each) for each in frames]
            if begin.epoch < self.view.epoch:
                bodies = stripped(bodies)
            self.lead(list(zip((each.seq for each in frames), bodies, strict=True)))


class RemoteViews:
    """All views that this web process follows.

    Args:
        call: Asks the Watch.
        subscribe: Hears the frames of a view, by agency and role.
        unsubscribe: Hears them no more.
        wait_for_watch: Waits a while for a Watch, where there is none: a viewer that is refused
            instead comes again when it pleases.
        now: The Watch's clock, aware UTC.
    """

    def __init__(
        self,
        call: RpcCall,
        *,
        subscribe: Callable[[str, str], Awaitable[None]],
        unsubscribe: Callable[[str, str], None],
        wait_for_watch: Callable[[], Awaitable[None]],
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._call, self._subscribe, self._unsubscribe = call, subscribe, unsubscribe
        self._wait_for_watch, self._now = wait_for_watch, now
        self._feeds: dict[tuple[str, str], RemoteViewStream] = {}
        self._opening: dict[tuple[str, str], asyncio.Task[None]] = {}

    @property
    def viewers(self) -> int:
        """How many viewers are connected."""
        return sum(feed.viewers for feed in self._feeds.values())

    @property
    def views(self) -> list[tuple[str, str]]:
        """The views that are followed, as agency and role."""
        return list(self._feeds)

    async def enter(self, user: User, stream: str | None, since: int | None) -> Subscription:
        """Return the place of a viewer.

        Raises:
            Forbidden: If the role may not.
            WatchUnreachable, NoAnswer: If the Watch cannot be asked.
        """
        require(user.role, "see the picture")
        await self._wait_for_watch()
        key = (user.agency, user.role)
        feed = self._feeds.get(key)
        if feed is None or feed.closed:
            feed = self._feeds[key] = RemoteViewStream(*key, self._call, self._now)
            self._opening[key] = asyncio.create_task(
                self._open(feed, stream or "", -1 if since is None else since), name="view"
            )
        opening = self._opening.get(key)
        if opening is not None:
            await asyncio.shield(opening)
        feed.seen_at = monotonic()
        return await feed.enter(stream, since)

    def take(self, agency: str, role: str, word: ViewMessage) -> None:
        """Take what the Watch says of a view."""
        feed = self._feeds.get((agency, role))
        if feed is not None:
            feed.take(word)
            if feed.closed:
                self._drop((agency, role))

    def close(self) -> None:
        """End all: viewers are told to come again."""
        for key in list(self._feeds):
            self._drop(key)

    def sweep(self) -> None:
        """Follow no more what nobody looks at."""
        now = monotonic()
        for key, feed in list(self._feeds.items()):
            if feed.viewers:
                feed.seen_at = now
            elif now - feed.seen_at > WANTED_FOR_S:
                self._drop(key)

    async def _open(self, feed: RemoteViewStream, stream: str, since: int) -> None:
        key = (feed.view.agency, feed.view.role)
        try:
            await self._subscribe(*key)
            wish = OpenView(agency=key[0], role=key[1], stream=stream, since=since)
            begin: ViewStart = await self._call(wish)
            if begin.snapshot is None and begin.frames:
                since = begin.frames[0].seq - 1
            feed.begin(begin, since=since)
        except BaseException:
            if self._feeds.get(key) is feed:
                self._drop(key)
            raise
        finally:
            if self._opening.get(key) is asyncio.current_task():
                del self._opening[key]

    def _drop(self, key: tuple[str, str]) -> None:
        feed = self._feeds.pop(key, None)
        if feed is not None:
            feed.close()
            self._unsubscribe(*key)


def _encoded(frame: ViewFrame) -> bytes:
    return frame.whole if frame.own is None else MixedFrame(frame.whole, frame.own)


def _body(frame: ViewFrame) -> bytes:
    return body_of(frame.seq, _encoded(frame))
