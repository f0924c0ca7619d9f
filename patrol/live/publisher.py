"""Publisher: hands each change to the feeds of all views, encoding every part once.

Positions and states are grouped by owner and by whether they are of a registered unit; each group
is encoded once and a view's frame is put together from the groups that may pass to it. What crosses
from other agencies is worked out and encoded once for each agency that sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from patrol.documents.document import Document
from patrol.live.cross_agency import CrossAgencyChange, CrossAgencyUnits
from patrol.live.feeds import LocalViewStream, MixedFrame, View
from patrol.live.fix_table import AT_LEAST, fix_table
from patrol.sharing.view_policy import ViewPolicy
from patrol.units.data_classes import DataClass
from patrol.units.wire import Claim, Fix, Snapshot, UnitState
from radio_gateway.health.health import ChannelHealth

Group = tuple[str, bool]
"""Owner's id; whether it is a registered unit."""

IDLE_S: Final = 900.0
"""How long a feed without viewers is kept for one who comes back."""

_SETTLED: Final = timedelta(milliseconds=250)
"""How long a look at what time alone changes holds; each record is judged by itself anyhow."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class Update(msgspec.Struct, eq=False):
    """What one batch, order or tick altered, before it is known who may see it.

    Attributes:
        fixes: Positions by group, in the order applied.
        units: States by group.
        removed: `(id, owner, registered)` of what left the picture.
        channels: Channels whose health changed.
        claims: Addresses that a second sender uses, by group.
        documents: New versions of documents.
    """

    fixes: dict[Group, list[Fix]] = {}
    units: dict[Group, list[UnitState]] = {}
    removed: Sequence[tuple[str, str, bool]] = ()
    channels: Sequence[ChannelHealth] = ()
    claims: dict[Group, list[Claim]] = {}
    documents: Sequence[Document] = ()

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(
            self.fixes
            or self.units
            or self.removed
            or self.channels
            or self.claims
            or self.documents
        )


class Publisher:
    """All feeds of this node.

    Args:
        snapshot: Returns the picture that a policy lets pass, for a stream and number.
        now: Clock, aware UTC.
        cross_agency_units: What crosses between agencies; None: nothing.
        documents: All open documents, as they are when they are asked.
    """

    def __init__(
        self,
        snapshot: Callable[[ViewPolicy, str, int], Snapshot],
        now: Callable[[], datetime],
        *,
        cross_agency_units: CrossAgencyUnits | None = None,
        documents: Iterable[Document] = (),
    ) -> None:
        self._snapshot = snapshot
        self._now = now
        self._cross_agency_units = cross_agency_units
        self._open_documents = documents
        self._waiting: list[Document] = []
        self._settled = _LONG_AGO
        self._feeds: dict[tuple[str, str], tuple[ViewPolicy, LocalViewStream]] = {}
        self._idle_since: dict[tuple[str, str], datetime] = {}

    @property
    def viewers(self) -> int:
        """How many viewers are connected."""
        return sum(feed.viewers for _, feed in self._feeds.values())

    def epoch(self, agency: str) -> int:
        """Return the policy epoch of an agency's views: raised by whatever changes what may pass
        to it from others.
        """
        return (
            0
            if self._cross_agency_units is None
            else self._cross_agency_units.epoch(agency, self._now())
        )

    def feed(self, policy: ViewPolicy) -> LocalViewStream:
        """Return the feed of everybody who may see what `policy` lets pass."""
        key = (policy.agency, policy.role)
        known = self._feeds.get(key)
        if known is not None:
            return known[1]
        policy = self._shared(policy)
        feed: LocalViewStream

        def picture(stream: str, seq: int) -> Snapshot:
            made = self._snapshot(policy, stream, seq)
            for unit in made.units:
                self._count(policy.agency, unit.agency, "positions", 1)
            for document in made.documents:
                if policy.agency not in document.parties and document.CLASS is not None:
                    self._count(policy.agency, document.agency, document.CLASS, 1)
            feed.crossed.update(
                document.id for document in made.documents if policy.agency not in document.parties
            )
            return made

        def own(stream: str, seq: int) -> Snapshot | None:
            shares = policy.sharing is not None and policy.sharing.parties()
            return self._snapshot(policy.own_only(), stream, seq) if shares else None

        view = View(agency=policy.agency, role=policy.role, epoch=self.epoch(policy.agency))
        feed = LocalViewStream(view, picture, self._now, own, lambda: self.epoch(policy.agency))
        self._feeds[key] = (policy, feed)
        return feed

    def publish(self, update: Update) -> None:
        """Hand `update` to every feed, in the words of `patrol.units.wire.Change`, with what
        crosses because of it or because time has passed.
        """
        now, changed = self._now(), bool(update)
        crossing = self._crossing(update, now, changed=changed)
        documents: Iterable[Document] = update.documents
        if documents or self._waiting:
            documents = (*documents, *self._ripe(update.documents, now))
        if not (changed or crossing or documents):
            return
        when = _encode(now)
        parts = _parts(update, now)
        channels = _inner(update.channels) if update.channels else b""
        encoded: dict[str, tuple[str, bytes, bytes]] = {}
        alike: dict[Any, bytes] = {}
        for policy, feed in self._feeds.values():
            body = _Body()
            for name, (agency, known), items in parts:
                if policy.passes(agency=agency, known=known):
                    body.own(name, items)
            others = None
            if crossing and policy.sees_others:
                others = crossing.get(policy.agency) or None  # one that learns nothing
            if others is not None:
                if policy.agency not in encoded:
                    encoded[policy.agency] = (
                        *_fix_member(others.fixes, now),
                        _inner(list(others.units.values())),
                    )
                name, told, units = encoded[policy.agency]
                if feed.viewers:
                    for owner, count in others.records.items():
                        self._count(policy.agency, owner, "positions", count)
                body.shared(name, told)
                body.shared("units", units)
            if channels:
                body.own("channels", channels)
            gone = [
                id
                for id, owner, known in update.removed
                if policy.passes(agency=owner, known=known)
            ]
            if others is not None:
                gone += others.forget
            shown = documents
            if others is not None and others.begins:
                shown = {
                    document.id: document for document in (*self._joint(policy), *documents)
                }.values()
                held = {
                    document.id
                    for document in shown
                    if policy.document(document, now=now) is not None
                }
                gone += sorted(feed.crossed - held)
                feed.crossed &= held
            if shown:
                gone += self._hand_out(shown, policy, feed, body, now)
            if gone:
                body.own("forget", _inner(gone))
            if body.members:
                feed.publish(body.encoded(when, alike))

    # -- inside

    def _crossing(
        self, update: Update, now: datetime, *, changed: bool
    ) -> dict[str, CrossAgencyChange]:
        """Return, by viewer, what crosses because of an update or because time has passed."""
        crossing: dict[str, CrossAgencyChange] = {}
        due = update.documents or not changed or not self._settled <= now < self._settled + _SETTLED
        if due:
            self._settled = now
            self._drop_idle(now)
        if self._cross_agency_units is not None:
            if due:
                crossing = self._cross_agency_units.settle(now)
                for viewer in crossing:
                    self._begin_epoch(viewer)
            self._cross_agency_units.follow(
                update.units, update.fixes, update.removed, crossing, now
            )
        return crossing

    def _count(self, viewer: str, owner: str, data_class: DataClass, count: int) -> None:
        """Count what a stream shows of other agencies' records."""
        if self._cross_agency_units is not None:
            self._cross_agency_units.sharing.disclosures.count(viewer, owner, data_class, count)

    def _shared(self, policy: ViewPolicy) -> ViewPolicy:
        """Return the policy of a feed, which belongs to no user."""
        return ViewPolicy(
            agency=policy.agency, role=policy.role, sharing=policy.sharing, now=policy.now
        )

    def _begin_epoch(self, agency: str) -> None:
        epoch = self.epoch(agency)
        for policy, feed in self._feeds.values():
            if policy.agency == agency:
                feed.begin_epoch(epoch)

    def _joint(self, policy: ViewPolicy) -> Iterator[Document]:
        """Yield the open documents that are not the agency's alone."""
        for document in self._open_documents:
            if document.parties != {policy.agency}:
                yield document

    def _hand_out(
        self,
        documents: Iterable[Document],
        policy: ViewPolicy,
        feed: LocalViewStream,
        body: _Body,
        now: datetime,
    ) -> list[str]:
        """Put what may pass of documents into a frame; return ids of those that no longer may."""
        gone: list[str] = []
        for document in documents:
            visible, own = policy.visible(document, now=now)
            if visible is None:
                if document.id in feed.crossed and not self._will_pass(policy, document, now):
                    feed.crossed.discard(document.id)
                    gone.append(document.id)
                continue
            if own == visible:
                body.own("papers", _encode(visible))
                continue
            body.shared("papers", _encode(visible), own=b"" if own is None else _encode(own))
            if own is None and feed.viewers and document.CLASS is not None:
                self._count(policy.agency, document.agency, document.CLASS, 1)
            if own is None and not document.is_closed:
                feed.crossed.add(document.id)
            else:
                feed.crossed.discard(document.id)
        return gone

    def _delay(self, now: datetime) -> timedelta:
        if self._cross_agency_units is None:
            return timedelta()
        return self._cross_agency_units.sharing.longest_delay(now)

    def _will_pass(self, policy: ViewPolicy, document: Document, now: datetime) -> bool:
        """Return whether a version is only too young yet: who has an older one may keep that."""
        delay = self._delay(now)
        return bool(delay) and policy.document(document, now=now + delay) is not None

    def _ripe(self, documents: Sequence[Document], now: datetime) -> list[Document]:
        """Hold documents back for the longest delay there is; return those that have waited."""
        delay = self._delay(now)
        ripe = [document for document in self._waiting if document.at + delay <= now]
        self._waiting = [document for document in self._waiting if document.at + delay > now]
        if delay:
            self._waiting += documents
        return ripe

    def _drop_idle(self, now: datetime) -> None:
        for view, (_, feed) in list(self._feeds.items()):
            viewers = feed.viewers
            if viewers or view not in self._idle_since:
                if viewers:
                    self._idle_since.pop(view, None)
                else:
                    self._idle_since[view] = now
            elif (now - self._idle_since[view]).total_seconds() > IDLE_S:
                del self._feeds[view], self._idle_since[view]


class _Body(msgspec.Struct, eq=False):
    """The members of one frame, and those of its twin without what is of other agencies.

    Attributes:
        members: Names of members, and items as JSON without brackets.
        own_members: The same of the twin.
        mixed: Whether anything is of other agencies.
    """

    members: list[tuple[str, bytes]] = []
    own_members: list[tuple[str, bytes]] = []
    mixed: bool = False

    def own(self, name: str, items: bytes) -> None:
        """Add items that are the viewer's own."""
        if items:
            self.members.append((name, items))
            self.own_members.append((name, items))

    def shared(self, name: str, items: bytes, own: bytes = b"") -> None:
        """Add items of other agencies, and what stands for them in the twin."""
        if items:
            self.mixed = True
            self.members.append((name, items))
            if own:
                self.own_members.append((name, own))

    def encoded(self, when: bytes, alike: dict[Any, bytes]) -> bytes:
        """Return the members of the frame, `MixedFrame` if it needs a twin.

        Args:
            when: The time of the change, as JSON.
            alike: Those made of this change so far, by what is in them: views that see the same
                share, and keep, the same bytes.
        """
        of = tuple(self.members), tuple(self.own_members) if self.mixed else None
        made = alike.get(of)
        if made is None:
            made = _joined(when, self.members)
            if self.mixed:
                made = MixedFrame(made, _joined(when, self.own_members))
            alike[of] = made
        return made


def _joined(when: bytes, parts: list[tuple[str, bytes]]) -> bytes:
    members: dict[str, list[bytes]] = {}
    for name, items in parts:
        members.setdefault(name, []).append(items)
    members_json = [
        b',"%s":[%s]' % (name.encode(), b",".join(each)) for name, each in members.items()
    ]
    return b"".join([b',"time":' + when, *members_json])


def _parts(update: Update, now: datetime) -> list[tuple[str, Group, bytes]]:
    """Return what groups have in a change: the member's name, the group, items without brackets."""
    parts: list[tuple[str, Group, bytes]] = []
    for group, fixes in update.fixes.items():
        name, told = _fix_member(fixes, now)
        parts.append((name, group, told))
    parts += [("units", group, _inner(items)) for group, items in update.units.items()]
    parts += [("claims", group, _inner(items)) for group, items in update.claims.items()]
    return parts


def _fix_member(fixes: Sequence[Fix], now: datetime) -> tuple[str, bytes]:
    """Return the member of a change that holds positions, and its items without brackets."""
    if len(fixes) < AT_LEAST:
        return "fixes", _encode(fixes)[1:-1]
    return "tables", _encode(fix_table(fixes, now))


def _inner(items: Sequence[Any]) -> bytes:
    """Return the JSON of `items` without the brackets of the list."""
    return _encode(items)[1:-1]
