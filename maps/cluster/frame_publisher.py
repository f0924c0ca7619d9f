"""Frame publisher: a Watch sends the frames of each view that some web process follows."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

import msgspec

from maps.cluster.messages import (
    WANTED_FOR_S,
    ChangesRequest,
    OpenView,
    RequestRefusal,
    ViewFrame,
    ViewMessage,
    ViewStart,
)
from patrol.desks.desk import Desk
from patrol.errors.errors import Forbidden
from patrol.live.feeds import LocalViewStream, MixedFrame, Subscription
from patrol.units.accounts import User
from patrol.units.units import Role
from radio_gateway.parsing.msgspec_decoders import converted

MOST_MISSED_BYTES: Final = 16 * 1024 * 1024
"""Changes of more bytes than that are not told one by one: a picture is shorter."""

MARGIN: Final = 200
"""Changes told beyond those that were asked for: other viewers may have stopped a bit before."""

Tell = Callable[[str, str, ViewMessage], None]
"""Called with agency, role and what is to be told of that view."""


class FramePublisher:
    """All views that are handed out.

    Args:
        desk_of: Returns a user's desk.
        by: Id of this Watch.
        publish: Hands out.
        now: A clock that only goes forward, seconds.
    """

    def __init__(
        self,
        desk_of: Callable[[User], Desk],
        *,
        by: str,
        publish: Tell,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._desk_of, self._by, self._publish, self._now = desk_of, by, publish, now
        self._taps: dict[tuple[str, str], _Tap] = {}

    def open(self, wish: OpenView) -> ViewStart | RequestRefusal:
        """Hand out a view from now on; return where it begins."""
        try:
            tap = self._tapped(wish.agency, wish.role)
        except (msgspec.ValidationError, Forbidden) as error:
            return RequestRefusal(fault=str(error))
        feed = tap.feed
        if wish.stream == feed.stream and wish.since >= 0:
            frames = _before(feed, wish.since, feed.seq + 1)
            if frames is not None:
                return ViewStart(
                    stream=feed.stream, epoch=feed.view.epoch, seq=feed.seq, frames=frames
                )
        picture = feed.snapshot()
        return ViewStart(
            stream=feed.stream,
            epoch=feed.view.epoch,
            seq=feed.seq,
            snapshot=_frame(feed.seq, picture),
        )

    def changes(self, wish: ChangesRequest) -> ViewStart | RequestRefusal:
        """Return changes that went before; none where they are kept no more."""
        tap = self._taps.get((wish.agency, wish.role))
        if tap is None or tap.feed.stream != wish.stream:
            return RequestRefusal(fault="that stream is over")
        feed = tap.feed
        frames = _before(feed, wish.since, wish.before) or []
        return ViewStart(stream=feed.stream, epoch=feed.view.epoch, seq=feed.seq, frames=frames)

    def keep_alive(self, views: list[tuple[str, str]]) -> None:
        """Note that somebody still looks at `views`."""
        for view in views:
            tap = self._taps.get(view)
            if tap is not None:
                tap.wanted_at = self._now()

    def look(self) -> None:
        """Tell at once where what may pass has changed and viewers here are told a bit later.

        Who begins there is shown nothing of before; web processes cannot know of it. While the
        store refuses, viewers are told of nothing.
        """
        for tap in self._taps.values():
            tap.look()

    def sweep(self) -> None:
        """Hand out no more what nobody has asked for of late."""
        for view, tap in list(self._taps.items()):
            if self._now() - tap.wanted_at > WANTED_FOR_S:
                del self._taps[view]
                tap.close()

    def close(self) -> None:
        """Hand out nothing more."""
        for tap in self._taps.values():
            tap.close()
        self._taps.clear()

    def _tapped(self, agency: str, role: str) -> _Tap:
        tap = self._taps.get((agency, role))
        if tap is None:
            user = User(name="view", role=converted(role, Role), agency=agency)
            feed = self._desk_of(user).visible.feed()
            tap = _Tap(feed, lambda word: self._publish(agency, role, word), by=self._by)
            feed.join(tap)
            self._taps[agency, role] = tap
        tap.wanted_at = self._now()
        return tap


class _Tap(Subscription):
    """A viewer that hands on every frame at once, for all viewers of all web processes."""

    def __init__(
        self, feed: LocalViewStream, publish: Callable[[ViewMessage], None], *, by: str
    ) -> None:
        super().__init__(feed, [])
        self.feed, self._hand_on, self._by = feed, publish, by
        self.wanted_at = 0.0
        self._epoch = feed.view.epoch

    def push(self, frame: bytes) -> None:
        """Hand on one more frame."""
        self._publish_frame(_frame(self.feed.seq, frame), self.feed.view.epoch)

    def strip(self) -> None:
        """Tell that what waits anywhere may hold nothing of other agencies'."""
        self._publish_frame(None, self.feed.view.epoch)

    def look(self) -> None:
        """Tell the same where an epoch is due of which nobody was told yet."""
        epoch = self.feed.epoch
        if epoch > max(self._epoch, self.feed.view.epoch):
            self._epoch = epoch
            self._publish_frame(None, epoch)

    def _publish_frame(self, frame: ViewFrame | None, epoch: int) -> None:
        self._hand_on(
            ViewMessage(watch_id=self._by, stream=self.feed.stream, epoch=epoch, frame=frame)
        )


def _frame(seq: int, content: bytes) -> ViewFrame:
    return ViewFrame(seq, bytes(content), content.own if isinstance(content, MixedFrame) else None)


def _before(feed: LocalViewStream, since: int, before: int) -> list[ViewFrame] | None:
    """Return the changes after `since` and before `before`, with some that went before those."""
    more = _between(feed, max(0, since - MARGIN), before)
    return _between(feed, since, before) if more is None else more


def _between(feed: LocalViewStream, since: int, before: int) -> list[ViewFrame] | None:
    """Return the changes after `since` and before `before`; None if one of them is not kept."""
    contents = feed.following(since)
    if contents is None:
        return None
    frames = [
        _frame(seq, content)
        for seq, content in enumerate(contents, start=since + 1)
        if seq < before
    ]
    if sum(len(each.whole) for each in frames) > MOST_MISSED_BYTES:
        return None
    return frames
