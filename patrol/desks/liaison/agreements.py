"""AgreementDesk: how a user drafts, signs, suspends and resumes agreements."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

import msgspec

from patrol.agreements import lifecycle as acts
from patrol.agreements.agreement import Agreement, Terms
from patrol.agreements.corridors import with_area
from patrol.agreements.lifecycle import Backfill, Party
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import Conflict, NotFound, StoreError
from patrol.live.publisher import Update
from patrol.sectors.site_geography import Ground
from patrol.sharing.consent_leases import LeaseHealth
from patrol.sharing.decisions import OpenClass, Sharing
from patrol.signatures.key_signature import KeySignature
from patrol.signatures.officer_act import ActName, OfficerAct
from patrol.store.records import documents
from patrol.units.data_classes import DataClass

MOST_KEPT: Final = 1000
"""Agreements of one answer."""

KIND: Final = kind_of(Agreement)

_NEEDED: Final[dict[ActName, str]] = {
    "sign": "sign agreements",
    "change": "draft agreements",
    "suspend": "suspend agreements",
    "resume": "suspend agreements",
    "backfill": "suspend agreements",
    "end": "sign agreements",
}


class AgreementDesk:
    """What one user may do with agreements.

    Args:
        access: What the user may read, see and file.
        sharing: What may cross between agencies.
        publish: Tells viewers of a change.
        agencies: All that are known here, of other nodes too.
        ground: Rivers and borders of this site; None without geography.
    """

    def __init__(
        self,
        access: DocumentAccess,
        *,
        sharing: Sharing,
        publish: Callable[[Update], None],
        agencies: Collection[str],
        ground: Ground | None,
    ) -> None:
        self._access = access
        self._sharing = sharing
        self._publish = publish
        self._agencies = agencies
        self._ground = ground

    async def all(self, *, closed: bool = False) -> list[Agreement]:
        """Return the agreements of the user's agency, newest first.

        Args:
            closed: Also those that are over.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see agreements")
        found = list(self._access.open(Agreement))
        if closed:
            stored = await self._access.read(documents.of_kind, KIND)
            found += [
                visible
                for each in stored
                if isinstance(each, Agreement)
                and each.is_closed
                and (visible := self._access.policy.document(each)) is not None
            ]
        return sorted(found, key=lambda each: (each.at, each.id), reverse=True)[:MOST_KEPT]

    async def one(self, id: str) -> Agreement:
        """Return one agreement, over or not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party to it.
        """
        self._access.may("see agreements")
        return await self._access.any_document(Agreement, id)

    async def versions(self, id: str) -> list[Agreement]:
        """Return every version of an agreement that the user's agency holds, oldest first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party to it.
        """
        await self.one(id)
        stored = await self._access.read(documents.versions, KIND, id)
        visible = (
            self._access.policy.document(each) for each in stored if isinstance(each, Agreement)
        )
        return [each for each in visible if each is not None]

    def open(self) -> list[OpenClass]:
        """Return for every counterpart and data class whether it crosses now, both ways.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see agreements")
        return self._sharing.overview(self._access.user.agency, self._access.now())

    def leases(self) -> list[LeaseHealth]:
        """Return until when live data of parties on other nodes are shown, if they say nothing.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see agreements")
        return self._sharing.lease_healths(self._access.user.agency, self._access.now())

    def officer_act(
        self,
        id: str,
        act: ActName,
        *,
        terms: Terms | None = None,
        office: str = "",
        reason: str = "",
        also: tuple[DataClass, ...] = (),
        backfill: Backfill | None = None,
    ) -> OfficerAct:
        """Return an act of the user's agency on an agreement as it is now, as a key signs it.

        Raises:
            Forbidden: If the role may not do it.
            NotFound: If there is none, or the user's agency is no party to it.
        """
        self._access.may(_NEEDED[act])
        return acts.officer_act(
            self._access.own(self._access.open_documents, Agreement, id),
            act,
            self._access.user.agency,
            terms=None if terms is None else self._with_area(terms),
            office=office,
            reason=reason,
            also=also,
            backfill=backfill,
        )

    async def draft(self, terms: Terms, agencies: tuple[str, ...]) -> Agreement:
        """Draft an agreement; only the user's own agency sees it until it is proposed.

        Args:
            terms: What is to be signed; the area of its corridor is drawn here.
            agencies: Ids of the parties.

        Raises:
            Forbidden: If the role may not.
            Conflict: If a party is not known, or the terms contradict themselves.
        """
        self._access.may("draft agreements")
        self._check_agencies(agencies)
        terms = self._with_area(terms)

        def decide(_open_documents: OpenDocuments, now: datetime) -> tuple[Agreement, ...]:
            return (
                acts.draft(terms, agencies, at=now, who=self._party(), origin=self._access.node),
            )

        return await self._file("draft agreement", decide)

    async def change(
        self, id: str, terms: Terms, *, reason: str = "", key: KeySignature | None = None
    ) -> Agreement:
        """Change the terms; once it was proposed all sign again, and nothing crosses until then.

        Args:
            id: The agreement's id.
            terms: The new ones.
            reason: Why.
            key: The signature of the user's own key under it, which was checked (`maps`).

        Raises:
            Forbidden: If the role may not; who may sign must change what others have seen.
            NotFound: If there is none, or the user's agency is no party to it.
            IllegalStep: If it is over.
            Conflict: If the terms contradict themselves.
        """
        self._access.may("draft agreements")
        terms = self._with_area(terms)

        def changed(it: Agreement, now: datetime) -> Agreement:
            if it.proposed_at is not None:
                self._access.may("sign agreements")
            return acts.change(it, terms, at=now, who=self._party(key), reason=reason)

        return await self._do("change agreement", id, changed, reason=reason)

    async def propose(self, id: str) -> Agreement:
        """Put a draft before the other parties.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party to it.
            IllegalStep: If it is no draft.
        """
        self._access.may("draft agreements")
        return await self._do(
            "propose agreement", id, lambda it, now: acts.propose(it, at=now, who=self._party())
        )

    async def sign(
        self, id: str, *, version: int, office: str = "", key: KeySignature | None = None
    ) -> Agreement:
        """Sign for the user's agency; it is in force once all have.

        Args:
            id: The agreement's id.
            version: The version that was read: nobody signs what was changed meanwhile.
            office: In which office, for the other parties.
            key: As in `change`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party to it.
            IllegalStep: If it does not wait for signatures.
            Conflict: If it was changed since, or the agency has signed it already.
        """
        self._access.may("sign agreements")

        def signed(it: Agreement, now: datetime) -> Agreement:
            if version < it.terms_version:
                raise Conflict(
                    "its terms were changed: read them again before you sign",
                    code="changed_meanwhile",
                )
            return acts.sign(it, at=now, who=self._party(key), office=office)

        return await self._do("sign agreement", id, signed)

    async def suspend(
        self,
        id: str,
        *,
        reason: str,
        also: tuple[DataClass, ...] = (),
        key: KeySignature | None = None,
    ) -> Agreement:
        """Withhold the agency's consent: from now on nothing crosses, to or from anybody, but the
        lifelines that it names and `also` does not.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party to it.
            IllegalStep: If it is not in force.
            Conflict: If the agency withholds its consent already, or `also` names no lifeline.
            StoreError: If the store refuses. Nothing crosses all the same while this node runs;
                the order must be given again to be kept.
        """
        self._access.may("suspend agreements")
        self._access.own(self._access.open_documents, Agreement, id)
        try:
            return await self._do(
                "suspend agreement",
                id,
                lambda it, now: acts.suspend(
                    it, at=now, who=self._party(key), reason=reason, also=also
                ),
                reason=reason,
            )
        except StoreError:
            self._sharing.hold(id, also)
            self._publish(Update())
            raise

    async def resume(
        self,
        id: str,
        *,
        reason: str = "",
        backfill: Backfill | None = None,
        key: KeySignature | None = None,
    ) -> Agreement:
        """Give the agency's consent again; without `backfill` what was made meanwhile stays.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party to it.
            IllegalStep: If it is not suspended.
            Conflict: If the agency consents already, or the backfill is not of the past.
        """
        self._access.may("suspend agreements")
        return await self._do(
            "resume agreement",
            id,
            lambda it, now: acts.resume(
                it, at=now, who=self._party(key), reason=reason, backfill=backfill
            ),
            reason=reason,
        )

    async def backfill(
        self, id: str, backfill: Backfill, *, reason: str = "", key: KeySignature | None = None
    ) -> Agreement:
        """Consent to a stretch of the agency's own past.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party to it.
            IllegalStep: If it is neither in force nor suspended.
            Conflict: If it is none of the past, or of a class that is not in the terms.
        """
        self._access.may("suspend agreements")
        return await self._do(
            "backfill agreement",
            id,
            lambda it, now: acts.backfill(
                it, backfill, at=now, who=self._party(key), reason=reason
            ),
            reason=reason,
        )

    async def end(self, id: str, *, reason: str = "", key: KeySignature | None = None) -> Agreement:
        """End it for good; a draft is thrown away.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user's agency is no party to it.
            IllegalStep: If it is over already.
        """
        self._access.may("sign agreements")
        return await self._do(
            "end agreement",
            id,
            lambda it, now: acts.end(it, at=now, who=self._party(key), reason=reason),
            reason=reason,
        )

    # -- inside

    def _party(self, key: KeySignature | None = None) -> Party:
        return Party(agency=self._access.user.agency, name=self._access.user.name, key=key)

    def _check_agencies(self, agencies: tuple[str, ...]) -> None:
        for agency in agencies:
            if self._agencies and agency not in self._agencies:
                raise Conflict(f"there is no agency {agency} here")

    def _with_area(self, terms: Terms) -> Terms:
        if terms.corridor is None:
            return terms
        return msgspec.structs.replace(terms, corridor=with_area(terms.corridor, self._ground))

    async def _do(
        self,
        act: str,
        id: str,
        change: Callable[[Agreement, datetime], Agreement],
        *,
        reason: str = "",
    ) -> Agreement:
        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Agreement, ...]:
            return (change(self._access.own(open_documents, Agreement, id), now),)

        return await self._file(act, decide, reason=reason)

    async def _file(
        self,
        act: str,
        decide: Callable[[OpenDocuments, datetime], tuple[Agreement, ...]],
        *,
        reason: str = "",
    ) -> Agreement:
        (document,) = await self._access.file(act, decide, reason=reason)
        assert isinstance(document, Agreement)
        visible = self._access.policy.document(document)
        if visible is None:
            raise NotFound(KIND, document.id)
        return visible
