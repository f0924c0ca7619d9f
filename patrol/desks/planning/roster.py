"""RosterDesk: the duty roster of an agency's offices, hand-over of shifts, and duty contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from patrol.desks.planning.shifts import require_officer
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document, new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.duty.handover import (
    HAND_OVER_LIFECYCLE,
    MOST_ITEMS,
    HandOver,
    OpenItem,
    acknowledge,
    open_items,
)
from patrol.duty.roster import (
    DutyContact,
    Shift,
    contact_of,
    contact_taken_back,
    on_duty,
    step,
)
from patrol.errors.errors import Conflict, Forbidden, NotFound
from radio_gateway.health.health import ChannelHealth


class RosterDesk:
    """What one user may do with the roster of the own agency.

    Args:
        access: What the user may read, see and file.
        channels: How the channels fare, by name.
    """

    def __init__(self, access: DocumentAccess, *, channels: Mapping[str, ChannelHealth]) -> None:
        self._access = access
        self._channels = channels

    # -- hand-over

    def open_items(self) -> tuple[OpenItem, ...]:
        """Return what is open now: alerts, targets, hand-offs, patrols under way, silent channels.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("keep watch")
        return self._items(self._access.open_documents)

    def hand_overs(self) -> list[HandOver]:
        """Return the hand-overs that wait for the relief, oldest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see the roster")
        found = self._access.open_documents.all(HandOver)
        return [each for each in found if each.agency == self._access.user.agency]

    async def hand_over(self, id: str) -> HandOver:
        """Return one hand-over, over or not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it is another agency's.
        """
        self._access.may("see the roster")
        return await self._access.of_own(HandOver, id)

    async def past_hand_overs(
        self, *, since: datetime, until: datetime, limit: int
    ) -> list[HandOver]:
        """Return hand-overs that were last changed from `since` to `until`, newest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see the roster")
        return await self._access.changed(HandOver, since, until, limit)

    async def offer_hand_over(self, *, shift: str, relief: str, note: str = "") -> HandOver:
        """Offer the watch to the relief, with what is open in this moment.

        Args:
            shift: The shift that is on duty.
            relief: The planned shift that relieves it.
            note: What the officer on duty says of it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If one of the shifts is none that is not over.
            Conflict: If the shift is not on duty or is being handed over, or the relief is not
                planned or of another office.
        """
        self._access.may("keep watch")
        id = new_id()

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            given, to = (
                self._access.own(open_documents, Shift, shift),
                self._access.own(open_documents, Shift, relief),
            )
            if self._access.user.role != "commander":  # who may, should the officer be unable to
                require_officer(self._access.user, given, "hand over the watch")
            if on_duty(open_documents, given.agency, to.office) != given:
                raise Conflict(f"{given.officer} is not on duty in {to.office}")
            if to.state != "planned":
                raise Conflict(f"the shift of {to.officer} is {to.state}")
            items = self._items(open_documents)
            offer = HandOver(
                id=id,
                agency=given.agency,
                at=now,
                by=self._access.user.name,
                origin=self._access.node,
                office=given.office,
                outgoing_shift=given.id,
                incoming_shift=to.id,
                state=HAND_OVER_LIFECYCLE.start,
                items=items[:MOST_ITEMS],
                more=max(0, len(items) - MOST_ITEMS),
                note=note,
            )
            return (offer, step(given, "hand over", at=now, by=self._access.user.name))

        return await self._access.file_one(HandOver, "offer watch", decide)

    async def withdraw_hand_over(self, id: str) -> HandOver:
        """Take an offer back; the old shift stays on duty.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none that waits.
        """
        self._access.may("keep watch")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            offer = self._access.own(open_documents, HandOver, id)
            given = open_documents.get(Shift, offer.outgoing_shift)
            by = self._access.user.name
            state = HAND_OVER_LIFECYCLE.next_state(offer.state, "withdraw")
            return (
                revise(offer, at=now, by=by, state=state),
                step(given, "withdraw", at=now, by=by),
            )

        return await self._access.file_one(HandOver, "withdraw offer of watch", decide)

    async def acknowledge(self, id: str, version: int, *, remark: str = "") -> HandOver:
        """Take over the watch: in that moment the old shift ends and this one begins.

        Args:
            id: Which hand-over.
            version: The version that the relief saw.
            remark: What the relief says of it.

        Raises:
            Forbidden: If the role may not, or the user is not the relief.
            NotFound: If there is none that waits.
            Conflict: If it has changed meanwhile.
        """
        self._access.may("keep watch")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            offer = self._access.own(open_documents, HandOver, id)
            if offer.version != version:
                raise Conflict(f"the hand-over is at version {offer.version}: look at it again")
            relief = open_documents.get(Shift, offer.incoming_shift)
            require_officer(self._access.user, relief, "acknowledge the hand-over")
            if offer.by == self._access.user.name and not relief.user:
                raise Forbidden("acknowledge the hand-over that they gave", self._access.user.role)
            known = {(item.kind, item.id, item.version, item.state) for item in offer.items}
            later = tuple(
                item
                for item in self._items(open_documents)
                if (item.kind, item.id, item.version, item.state) not in known
            )
            acknowledged = revise(
                offer,
                at=now,
                by=self._access.user.name,
                state=HAND_OVER_LIFECYCLE.next_state(offer.state, "acknowledge"),
                later=later[:MOST_ITEMS],
                remark=remark,
                acknowledged_at=now,
                acknowledged_by=self._access.user.name,
            )
            return (
                acknowledged,
                *acknowledge(open_documents, offer, at=now, by=self._access.user.name),
            )

        return await self._access.file_one(HandOver, "take watch", decide)

    # -- contacts

    def contacts(self) -> list[DutyContact]:
        """Return who is on duty: of the own agency, and of others as far as they share it.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see the roster")
        return list(self._access.open(DutyContact))

    async def share_contact(
        self,
        shift: str,
        *,
        name: str = "",
        phone: str = "",
        radio: str = "",
        languages: tuple[str, ...] = (),
    ) -> DutyContact:
        """Let counterparts know how to reach whoever is on duty; only what is given here crosses.

        Raises:
            Forbidden: If the role may not, or it is another officer's shift.
            NotFound: If there is no such shift that is not over.
            Conflict: If it is not on duty.
        """
        self._access.may("keep watch")
        id = new_id()

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            duty = self._access.own(open_documents, Shift, shift)
            require_officer(self._access.user, duty, "say what is shared of the shift")
            if not duty.is_on_duty:
                raise Conflict(f"the shift of {duty.officer} is {duty.state}")
            known = contact_of(open_documents, shift)
            if known is not None:
                contact_fields = {
                    "name": name,
                    "phone": phone,
                    "radio": radio,
                    "languages": languages,
                }
                return (revise(known, at=now, by=self._access.user.name, **contact_fields),)
            return (
                DutyContact(
                    id=id,
                    agency=duty.agency,
                    at=now,
                    by=self._access.user.name,
                    origin=self._access.node,
                    office=duty.office,
                    name=name,
                    phone=phone,
                    radio=radio,
                    languages=languages,
                    shift=shift,
                ),
            )

        return await self._access.file_one(DutyContact, "share duty contact", decide)

    async def take_contact_back(self, shift: str) -> DutyContact:
        """Share the duty contact of a shift no longer.

        Raises:
            Forbidden: If the role may not, or it is another officer's shift.
            NotFound: If there is no such shift that is not over, or nothing of it is shared.
        """
        self._access.may("keep watch")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            duty = self._access.own(open_documents, Shift, shift)
            require_officer(self._access.user, duty, "say what is shared of the shift")
            ended = contact_taken_back(open_documents, shift, at=now, by=self._access.user.name)
            if not ended:
                raise NotFound("duty_contact", shift)
            return ended

        return await self._access.file_one(DutyContact, "take duty contact back", decide)

    # -- inside

    def _items(self, open_documents: OpenDocuments) -> tuple[OpenItem, ...]:
        """Return the visible open matters to which the agency is a party."""
        visible = (
            self._access.policy.document(document)
            for document in open_documents
            if self._access.user.agency in document.parties
        )
        channels = self._channels.values()
        return open_items((document for document in visible if document is not None), channels)
