"""HandOffDesk: how a user offers a target to the other bank, and answers offers.

The counterpart's users see an offer as far as the agreement lets targets cross, and no longer than
that; what they accepted they have as a target of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

from patrol.desks.liaison.offers import Offers
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict, IllegalStep, NotFound
from patrol.sharing.decisions import Sharing
from patrol.sharing.offer_permission import hand_off_refusal
from patrol.store.records import documents
from patrol.store.schema.tables import to_us
from patrol.targets.hand_off import LIFECYCLE, HandOff
from patrol.targets.lifecycle import accept, decline, own_of, return_offer
from patrol.targets.remote_hand_off import accept_remotely, decline_remotely
from patrol.targets.target import Target, add_remark

MOST_HAND_OFFS: Final = 1000
"""Of one answer, those changed last."""


class HandOffDesk:
    """What one user may do with hand-offs.

    Args:
        access: What the user may read, see and file.
        offers: Makes offers, and finds the counterpart.
        sharing: What may cross between agencies.
    """

    def __init__(self, access: DocumentAccess, *, offers: Offers, sharing: Sharing) -> None:
        self._access = access
        self._offers = offers
        self._sharing = sharing

    # -- what there is

    def all(self) -> list[HandOff]:
        """Return the hand-offs under way that the user may see, made or received, oldest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see targets")
        found = (self._visible_part(each) for each in self._access.open_documents.all(HandOff))
        return [each for each in found if each is not None]

    async def past(
        self, *, since: datetime, until: datetime, limit: int = MOST_HAND_OFFS
    ) -> list[HandOff]:
        """Return the hand-offs that ended from `since` to `until`, newest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see targets")
        found = await self._access.read(
            lambda connection: documents.of_kind(
                connection,
                kind_of(HandOff),
                since_us=to_us(since),
                until_us=to_us(until),
                limit=MOST_HAND_OFFS,
            )
        )
        visible = (self._visible_part(cast(HandOff, each)) for each in found if each.is_closed)
        return [each for each in visible if each is not None][: max(1, limit)]

    async def one(self, id: str) -> HandOff:
        """Return one hand-off, under way or over.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._access.may("see targets")
        found = await self._newest(id)
        visible = None if found is None else self._visible_part(found)
        if visible is None:
            raise NotFound(kind_of(HandOff), id)
        return visible

    async def versions(self, id: str) -> list[HandOff]:
        """Return every version of a hand-off that the user may see, oldest first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        await self.one(id)
        stored = await self._access.read(documents.versions, kind_of(HandOff), id)
        visible = (self._visible_part(cast(HandOff, each)) for each in stored)
        return [each for each in visible if each is not None]

    # -- of the one who offers

    async def offer(self, target: str, *, to: str | None = None, note: str = "") -> HandOff:
        """Offer a target; custody stays with the user's agency until the other one accepts.

        Args:
            target: The target's id.
            to: Agency to offer it to; None: the counterpart nearest along the river.
            note: Words to go with it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such target, or there is no such agency.
            IllegalStep: If it is not the agency's to offer, or on offer already.
            Conflict: If no agreement lets it be offered, or nobody is named and no counterpart can
                be told; it says why, and so does the target from then on.
        """
        self._access.may("offer hand-offs")
        refused: list[str] = []

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            mine = self._access.own(open_documents, Target, target)
            try:
                return self._offer_filing(mine, to, note, now)
            except IllegalStep:
                raise
            except Conflict as why_not:
                # The commander is told why, and so is whoever looks at the target later.
                refused.append(str(why_not))
                remarked_target = add_remark(mine, f"No offer went: {why_not}", now=now)
                return Filing(
                    documents=(remarked_target,) if remarked_target is not mine else (),
                    act="refuse hand-off",
                    actor=self._access.user.name,
                    agency=self._access.user.agency,
                    reason=str(why_not),
                )

        filing = await self._access.do(act)
        if refused:
            raise Conflict(refused[0])
        return cast(HandOff, filing.documents[1])

    async def withdraw(self, id: str, *, reason: str = "") -> HandOff:
        """Take an offer back; custody never moved.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency made no such offer.
            IllegalStep: If it is over or granted.
        """
        self._access.may("offer hand-offs")

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            made = self._open_hand_off(open_documents, id, lambda each: each.agency)
            target = open_documents.get(Target, made.target)
            by = self._access.user.name
            return return_offer(made, target, "withdraw", reason=reason, now=now, by=by)

        return await self._file_act(id, "withdraw", act)

    # -- of the one who answers

    async def accept(self, id: str, *, term: int) -> HandOff:
        """Accept an offer. In one node the user's agency has the target when this returns; of
        another node's offer, once its grant is here.

        Args:
            id: The hand-off's id.
            term: Its term, as the user saw it: an older one has no effect.

        Raises:
            Forbidden: If the role may not.
            NotFound: If nothing of that id is offered to the user's agency.
            IllegalStep: If it is over.
            Conflict: If the term is another, it is too late, or no agreement is in force any more.
        """
        self._access.may("answer hand-offs")

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            made = self._received_offer(open_documents, id, now)
            by = self._access.user.name
            if made.node != self._access.node:
                return accept_remotely(made, term=term, now=now, by=by)
            target = open_documents.get(Target, made.target)
            return accept(made, target, own_of(open_documents, made), term=term, now=now, by=by)

        return await self._file_act(id, "accept", act)

    async def decline(self, id: str, *, term: int, reason: str = "") -> HandOff:
        """Decline an offer; the offerer keeps the target.

        Args:
            id: The hand-off's id.
            term: Its term, as the user saw it.
            reason: Why; the offerer reads it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If nothing of that id is offered to the user's agency.
            IllegalStep: If it is over.
            Conflict: If the term is another, or no agreement is in force any more.
        """
        self._access.may("answer hand-offs")

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            made = self._received_offer(open_documents, id, now)
            by = self._access.user.name
            if made.node != self._access.node:
                return decline_remotely(made, term=term, reason=reason, now=now, by=by)
            target = open_documents.get(Target, made.target)
            return decline(made, target, term=term, reason=reason, now=now, by=by)

        return await self._file_act(id, "decline", act)

    # -- inside

    def _offer_filing(self, mine: Target, to: str | None, note: str, now: datetime) -> Filing:
        office = ""
        if to is None:
            found = self._offers.counterpart(mine)
            to, office = found.agency, found.office.id
        elif not self._offers.knows(to):
            raise NotFound("agency", to)
        by = self._access.user.name
        return self._offers.offer_filing(mine, to=to, office=office, note=note, now=now, by=by)

    def _received_offer(self, open_documents: OpenDocuments, id: str, now: datetime) -> HandOff:
        made = self._open_hand_off(open_documents, id, lambda each: each.to_agency)
        refusal = hand_off_refusal(self._sharing, made, now) if made.is_open else None
        if refusal is not None:
            raise Conflict(refusal)
        return made

    def _open_hand_off(
        self, open_documents: OpenDocuments, id: str, whose: Callable[[HandOff], str]
    ) -> HandOff:
        made = open_documents.get(HandOff, id)
        if whose(made) != self._access.user.agency:
            raise NotFound(kind_of(HandOff), id)
        return made

    async def _newest(self, id: str) -> HandOff | None:
        found = self._access.open_documents.find(HandOff, id)
        if found is None:
            stored = await self._access.read(documents.newest, kind_of(HandOff), id)
            found = cast(HandOff | None, stored)
        return found

    def _visible_part(self, made: HandOff) -> HandOff | None:
        """Return what the user may see of a hand-off: an offer to the own agency for as long as
        it may cross, though its place or age alone would keep it from others.
        """
        visible = self._access.policy.document(made)
        if visible is not None or made.to_agency != self._access.user.agency:
            return visible
        refusal = hand_off_refusal(self._sharing, made, self._access.now())
        return made.shared({"targets"}) if refusal is None else None

    async def _file_act(
        self, id: str, step: str, act: Callable[[OpenDocuments, datetime], Filing]
    ) -> HandOff:
        """File an act on a hand-off and return its visible part.

        Raises:
            IllegalStep: If it is over.
            Conflict: If no agreement lets the user know of it any more; it says why.
            PatrolError: What `act` raises.
        """
        try:
            filing = await self._access.do(act)
        except NotFound:
            stored = await self._newest(id)
            if stored is None or self._access.user.agency not in (stored.agency, stored.to_agency):
                raise
            refusal = hand_off_refusal(self._sharing, stored, self._access.now())
            if refusal is not None and stored.to_agency == self._access.user.agency:
                raise Conflict(refusal) from None  # all that is left of it here is the notice
            if stored.is_over:
                raise IllegalStep(LIFECYCLE.name, stored.state, step, ()) from None
            raise
        made = cast(HandOff, filing.documents[0])
        return self._visible_part(made) or cast(HandOff, made.shared({"targets"}))
