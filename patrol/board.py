"""Board: hands each change to the feeds of all views, encoding every part once.

Positions and states are grouped by owner and by whether they are of a registered unit; each group
is encoded once and a view's frame is put together from the groups that may pass to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from patrol.changes import Claim, Fix, Snapshot, UnitState
from patrol.papers import Paper
from patrol.policy import Policy
from patrol.views import Feed, View
from radio_gateway.health import ChannelHealth

Group = tuple[str, bool]
"""Owner's id; whether it is a registered unit."""

IDLE_S: Final = 900.0
"""How long a feed without viewers is kept for one who comes back."""

_encode = msgspec.json.Encoder().encode


class Update:
    """What one batch, order or tick altered, before it is known who may see it.

    Attributes:
        fixes: Positions by group, in the order applied.
        units: States by group.
        gone: `(id, owner, registered)` of what left the picture.
        channels: Channels whose health changed.
        claims: Addresses that a second sender uses, by group.
        papers: New versions of papers.
    """

    __slots__ = ("channels", "claims", "fixes", "gone", "papers", "units")

    def __init__(self) -> None:
        self.fixes: dict[Group, list[Fix]] = {}
        self.units: dict[Group, list[UnitState]] = {}
        self.gone: Sequence[tuple[str, str, bool]] = ()
        self.channels: Sequence[ChannelHealth] = ()
        self.claims: dict[Group, list[Claim]] = {}
        self.papers: Sequence[Paper] = ()

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(
            self.fixes or self.units or self.gone or self.channels or self.claims or self.papers
        )


class Board:
    """All feeds of this node.

    Args:
        snapshot: Returns the picture that a policy lets pass, for a stream and number.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        snapshot: Callable[[Policy, str, int], Snapshot],
        now: Callable[[], datetime],
    ) -> None:
        self._snapshot = snapshot
        self._now = now
        self._feeds: dict[View, tuple[Policy, Feed]] = {}
        self._idle_since: dict[View, datetime] = {}
        self.epoch = 0

    def feed(self, policy: Policy) -> Feed:
        """Return the feed of everybody who may see what `policy` lets pass."""
        view = View(agency=policy.agency, role=policy.role, epoch=self.epoch)
        known = self._feeds.get(view)
        if known is not None:
            return known[1]

        def picture(stream: str, seq: int) -> Snapshot:
            return self._snapshot(policy, stream, seq)

        feed = Feed(view, picture, self._now)
        self._feeds[view] = (policy, feed)
        return feed

    def publish(self, update: Update) -> None:
        """Hand `update` to every feed, in the words of `patrol.changes.Change`."""
        if not update:
            return
        self._drop_idle()
        time = self._now()
        when = _encode(time)
        fixes = {group: _inner(items) for group, items in update.fixes.items()}
        units = {group: _inner(items) for group, items in update.units.items()}
        claims = {group: _inner(items) for group, items in update.claims.items()}
        channels = _encode(update.channels) if update.channels else b""
        for policy, feed in self._feeds.values():
            parts = [b',"time":' + when]
            for name, groups in ((b"fixes", fixes), (b"units", units), (b"claims", claims)):
                passing = [
                    body
                    for (agency, known), body in groups.items()
                    if policy.passes(agency=agency, known=known)
                ]
                if passing:
                    parts.append(b',"%s":[%s]' % (name, b",".join(passing)))
            gone = [
                id for id, owner, known in update.gone if policy.passes(agency=owner, known=known)
            ]
            if gone:
                parts.append(b',"forget":' + _encode(gone))
            if channels:
                parts.append(b',"channels":' + channels)
            papers = [seen for each in update.papers if (seen := policy.paper(each)) is not None]
            if papers:
                parts.append(b',"papers":' + _encode(papers))
            if len(parts) > 1:
                feed.publish(b"".join(parts))

    def _drop_idle(self) -> None:
        now = self._now()
        for view, (_, feed) in list(self._feeds.items()):
            if feed.viewers or view not in self._idle_since:
                if feed.viewers:
                    self._idle_since.pop(view, None)
                else:
                    self._idle_since[view] = now
            elif (now - self._idle_since[view]).total_seconds() > IDLE_S:
                del self._feeds[view], self._idle_since[view]


def _inner(items: Sequence[Any]) -> bytes:
    """Return the JSON of `items` without the brackets of the list."""
    return _encode(items)[1:-1]
