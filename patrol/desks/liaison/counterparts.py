"""CounterpartDesk: how a user meets the node of another office, and ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Final

import msgspec

from patrol.counterparts import lifecycle as acts
from patrol.counterparts.card import SignedCard
from patrol.counterparts.counterpart import Counterpart
from patrol.counterparts.log_health import LogHealth
from patrol.counterparts.pairing_digits import pairing_digits
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import Conflict
from patrol.store.records import documents, statement_health
from radio_gateway.messages.printable_text import check_printable

LONGEST_REASON: Final = 1000
MOST_COUNTERPARTS: Final = 100
"""Of one node that are not revoked; as many revoked ones in one answer."""

KIND: Final = kind_of(Counterpart)


class CounterpartDesk:
    """What one user may do with counterparts.

    Args:
        access: What the user may read, see and file.
        own_card: Returns this node's card; None: it has no keys for that.
        agencies: Ids of this node's agencies.
    """

    def __init__(
        self,
        access: DocumentAccess,
        *,
        own_card: Callable[[], Awaitable[SignedCard]] | None,
        agencies: Collection[str],
    ) -> None:
        self._access, self._own_card, self._agencies = access, own_card, agencies

    async def own_card(self) -> SignedCard:
        """Return this node's card as it is now; it is made on first use.

        Raises:
            Forbidden: If the role may not.
            Conflict: If this node has no keys.
            SigningKeyError: If a key cannot be used.
        """
        self._access.may("see counterparts")
        if self._own_card is None:
            raise Conflict("this node has no key to sign a card with")
        return await self._own_card()

    async def all(self, *, revoked: bool = False) -> list[Counterpart]:
        """Return the counterparts, newest first; with those that were revoked if asked.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see counterparts")
        found = list(self._access.open(Counterpart))
        if revoked:
            stored = await self._access.read(documents.of_kind, KIND)
            found += [
                visible
                for each in stored[-MOST_COUNTERPARTS:]
                if isinstance(each, Counterpart)
                and each.is_closed
                and (visible := self._access.policy.document(each)) is not None
            ]
        return sorted(found, key=lambda each: (each.at, each.id), reverse=True)

    async def one(self, id: str) -> Counterpart:
        """Return one counterpart, revoked or not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none.
        """
        self._access.may("see counterparts")
        return await self._access.any_document(Counterpart, id)

    async def statements(self, id: str) -> LogHealth:
        """Return what waits between this node and a counterpart, and what was refused.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none.
        """
        counterpart = await self.one(id)
        (found,) = await self._access.read(statement_health.health, [counterpart.card.node])
        return found

    async def digits(self, id: str) -> str:
        """Return the digits of a counterpart's card and this node's, `1234 5678 9012 …`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it was revoked.
        """
        self._access.may("see counterparts")
        counterpart = self._access.open_document(Counterpart, id)
        return await asyncio.to_thread(
            pairing_digits, await self.own_card(), counterpart.signed_card
        )

    async def add(self, card: SignedCard) -> Counterpart:
        """Add the node whose card was read: nothing is said to it before it is confirmed.

        Raises:
            Forbidden: If the role may not.
            BadCard: If no node may show the card.
            Conflict: If it is the own card, that node is known, or an agency of it is another's.
        """
        self._access.may("pair counterparts")
        user = self._access.user

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Counterpart, ...]:
            others = tuple(open_documents.all(Counterpart))
            if len(others) >= MOST_COUNTERPARTS:
                raise Conflict(f"a node has at most {MOST_COUNTERPARTS} counterparts")
            return (
                acts.propose(
                    card,
                    others=others,
                    node=self._access.node,
                    agency=user.agency,
                    own_agencies=tuple(self._agencies),
                    at=now,
                    by=user.name,
                ),
            )

        return await self._access.file_one(Counterpart, "add counterpart", decide)

    async def compare(self, id: str, *, digits: str) -> Counterpart:
        """Say that both offices have the same digits.

        Args:
            id: The counterpart's id.
            digits: The digits that the other office sees, as they were on this screen or typed.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it was revoked.
            Conflict: If they are not those of the two cards.
        """
        self._access.may("pair counterparts")
        known = self._access.own(self._access.open_documents, Counterpart, id)
        own = await self.own_card()
        await asyncio.to_thread(pairing_digits, own, known.signed_card)  # slow: known by the act
        return await self._do(
            "compare digits of counterpart",
            id,
            lambda it, now: acts.compare(it, own, digits, at=now, by=self._access.user.name),
        )

    async def confirm(self, id: str) -> Counterpart:
        """Confirm as the second person: from now on this node and that one speak.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it was revoked.
            Conflict: If the user compared the digits, or nobody did.
        """
        self._access.may("confirm counterparts")
        known = self._access.own(self._access.open_documents, Counterpart, id)
        own = await self.own_card()
        await asyncio.to_thread(pairing_digits, own, known.signed_card)  # slow: known by the act
        return await self._do(
            "confirm counterpart",
            id,
            lambda it, now: acts.confirm(it, own, at=now, by=self._access.user.name),
        )

    async def renew(self, id: str, card: SignedCard) -> Counterpart:
        """Take a newer card, which the old key vouches for.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it was revoked.
            BadCard: If no node may show the card.
            Conflict: If it is another node's, not newer, or of another key that is not vouched for.
        """
        self._access.may("pair counterparts")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Counterpart, ...]:
            others = tuple(open_documents.all(Counterpart))
            known = self._access.own(open_documents, Counterpart, id)
            return (acts.renew(known, card, others=others, at=now, by=self._access.user.name),)

        return await self._access.file_one(Counterpart, "renew counterpart", decide)

    async def revoke(self, id: str, *, reason: str) -> Counterpart:
        """Revoke a counterpart for good, alone and at once: to go on both offices meet anew.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it was revoked.
            Conflict: If there is no reason.
        """
        self._access.may("revoke counterparts")
        check_printable(reason=reason)
        if not 1 <= len(reason.strip()) <= LONGEST_REASON:
            raise Conflict(f"say why, in at most {LONGEST_REASON} characters")
        return await self._do(
            "revoke counterpart",
            id,
            lambda it, now: acts.revoke(it, reason=reason, at=now, by=self._access.user.name),
            reason=reason,
        )

    # -- inside

    async def _do(
        self,
        act: str,
        id: str,
        change: Callable[[Counterpart, datetime], Counterpart],
        *,
        reason: str = "",
    ) -> Counterpart:
        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Counterpart, ...]:
            own = self._access.own(open_documents, Counterpart, id)
            renewed = change(own, now)
            return (msgspec.structs.replace(renewed, own_agencies=tuple(self._agencies)),)

        return await self._access.file_one(Counterpart, act, decide, reason=reason)
