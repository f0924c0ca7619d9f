"""LivePicture: the picture as viewers are told it, whole for who joins and then change by change.

While a batch is on its way into the store, the picture is ahead of what is on disk. Whoever asks
meanwhile is answered by what was published last, so that nobody is shown what is not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import NotFound
from patrol.filing.writer_lock import WriterLock
from patrol.live.cross_agency import CrossAgencyUnits
from patrol.live.publisher import Publisher, Update
from patrol.picture.picture import Picture
from patrol.sharing.decisions import Sharing
from patrol.sharing.view_policy import ViewPolicy
from patrol.units.wire import Claim, Fix, Snapshot, UnitState


class LivePicture:
    """What viewers are told.

    Args:
        picture: What is known.
        turn: Held while the picture may be ahead of the store.
        open_documents: The open documents.
        sharing: What may cross between agencies.
        now: Clock, aware UTC.
        build: Which build of the pages this node has; told with every snapshot.

    Attributes:
        cross_agency_units: What agencies see of each other's units.
        publisher: Hands each change to the feeds of all views.
    """

    def __init__(
        self,
        picture: Picture,
        *,
        turn: WriterLock,
        open_documents: OpenDocuments,
        sharing: Sharing,
        now: Callable[[], datetime],
        build: str = "",
    ) -> None:
        self._picture, self._turn, self._open_documents = picture, turn, open_documents
        self._now, self._build = now, build
        self._published: dict[str, UnitState] = {}
        # A position alone is told without its unit's state: it waits here, so that a flood of
        # positions costs no more than this.
        self._moved: dict[str, tuple[Fix, datetime | None]] = {}
        self.cross_agency_units = CrossAgencyUnits(sharing, self._registered_of)
        self.publisher = Publisher(
            self.snapshot, now, cross_agency_units=self.cross_agency_units, documents=open_documents
        )

    # -- what is stored and known now

    def states(self, policy: ViewPolicy) -> list[UnitState]:
        """Return everything of its own that `policy` lets pass."""
        passes = policy.passes
        if self._turn.is_held:
            return [
                self._with_last_fix(state)
                for state in self._published.values()
                if passes(agency=state.agency, known=state.known)
            ]
        return [
            contact.state()
            for contact in self._picture.contacts.values()
            if passes(agency=contact.agency, known=contact.unit is not None)
        ]

    def state(self, id: str) -> UnitState:
        """Return a unit or unknown radio.

        Raises:
            NotFound: If nothing is known of it.
        """
        if not self._turn.is_held:
            return self._picture.contact(id).state()
        if id not in self._published:
            raise NotFound("unit or radio", id)
        return self._with_last_fix(self._published[id])

    def claims(self, policy: ViewPolicy) -> list[Claim]:
        """Return the addresses that a second sender uses now, as far as `policy` lets pass."""
        return [
            claim
            for claim in self._picture.claims
            if policy.passes(agency=claim.agency, known=claim.unit is not None)
        ]

    def snapshot(self, policy: ViewPolicy, stream: str, seq: int) -> Snapshot:
        """Return the picture that `policy` lets pass, with what crosses from other agencies."""
        now = self._now()
        others = (
            self.cross_agency_units.visible_units(policy.agency, now) if policy.sees_others else ()
        )
        return Snapshot(
            stream=stream,
            seq=seq,
            time=now,
            build=self._build,
            units=(*self.states(policy), *others),
            channels=tuple(self._picture.channels.values()),
            claims=tuple(self.claims(policy)),
            documents=tuple(
                visible
                for each in self._open_documents
                if (visible := policy.document(each)) is not None
            ),
        )

    # -- what changes

    def publish(self, fixes: Iterable[Fix] = ()) -> None:
        """Tell all viewers what changed since the last time, with the positions that joined."""
        update = Update()
        contacts, by_group, moved = self._picture.contacts, update.fixes, self._moved
        for fix in fixes:
            contact = contacts.get(fix.of)
            if contact is not None:
                group = (contact.agency, contact.unit is not None)
                if group in by_group:
                    by_group[group].append(fix)
                else:
                    by_group[group] = [fix]
                if fix.live:
                    moved[fix.of] = fix, contact.heard_at
        units, update.removed = self._picture.take_changes()
        for id, _, _ in update.removed:
            self._published.pop(id, None)
            moved.pop(id, None)
        for state in units:
            self._published[state.id] = state
            moved.pop(state.id, None)
            update.units.setdefault((state.agency, state.known), []).append(state)
        claims = self._picture.claims
        for claim in claims.take_changes() if claims.touched else ():
            update.claims.setdefault((claim.agency, claim.unit is not None), []).append(claim)
        self.publisher.publish(update)

    def publish_channels(self) -> None:
        """Tell all viewers which channels fare otherwise, and nothing else: a batch may be on its
        way into the store.
        """
        self.publisher.publish(Update(channels=self._picture.take_channel_changes()))

    def publish_documents(self, documents: Sequence[Document]) -> None:
        """Tell all viewers of new versions of documents."""
        self.publisher.publish(Update(documents=documents))

    # -- inside

    def _registered_of(self, owner: str) -> list[UnitState]:
        """Return what the viewers of an owner have been sent of its registered units."""
        return [
            self._with_last_fix(state)
            for state in self._published.values()
            if state.known and state.agency == owner
        ]

    def _with_last_fix(self, state: UnitState) -> UnitState:
        """Return a state that was published, where its unit was published to be since."""
        if state.id not in self._moved:
            return state
        fix, heard_at = self._moved[state.id]
        return msgspec.structs.replace(
            state, last=fix, heard_at=heard_at, by_voice="by_voice" in fix.flags
        )
