"""IncidentDesk: how a user logs, sees, confirms, corrects and counts incidents."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, Literal

import msgspec

from patrol.desks.incidents.photos import PhotoDesk
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document, id_of_request, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, Note, PhoneReceipt
from patrol.errors.errors import Conflict, NotFound
from patrol.incidents.incident import LIFECYCLE, Credit, Incident, check
from patrol.incidents.search import IncidentQuery
from patrol.incidents.statistics import Totals, totals
from patrol.patrols.patrol import Patrol
from patrol.protected_fields.field import FIELDS, ProtectedField
from patrol.sectors.site_geography import Ground
from patrol.store.protection import protected_fields
from patrol.store.records import documents
from patrol.units.permissions import require
from patrol.units.units import Agency

MOST_INCIDENTS: Final = 100_000
"""Of one node, so that nothing is left out of a total without a word."""

AT_ONCE: Final = 50
"""Documents that are looked through in one turn of the event loop: some 15 ms."""

TRIES: Final = 5

AHEAD: Final = timedelta(minutes=2)
"""A phone's clock may be ahead by so much."""

AHEAD_BY_DATE: Final = timedelta(hours=14)
"""The farthest that a calendar is ahead of UTC."""

CHANGEABLE: Final = frozenset(Incident.__struct_fields__) - {
    *Document.__struct_fields__,
    "state",
    "reason",
    "confirmed_by",
    "place",
}
"""What people tell of an incident."""


PROTECTED: Final = FIELDS["incident"]
"""What people tell of it that is sealed beside it."""


class IncidentDesk:
    """What a user may do with incidents.

    Args:
        access: What the user may read, see and file.
        photos: Knows the photos of the agency.
        agencies: Those of this node, by id.
        epoch: The policy epoch of an agency at a time.
        second_person: Who told of an incident does not confirm it.
        ground: Rivers and borders of this site; None without geography.

    Attributes:
        receipt: The report of a crew's phone that the next act is the effect of; None for none.
    """

    receipt: PhoneReceipt | None = None

    def __init__(
        self,
        access: DocumentAccess,
        *,
        photos: PhotoDesk,
        agencies: Mapping[str, Agency],
        epoch: Callable[[str, datetime], int],
        second_person: bool,
        ground: Ground | None,
    ) -> None:
        self._access = access
        self._photos = photos
        self._agencies = agencies
        self._epoch = epoch
        self._second_person = second_person
        self._ground = ground

    async def log(
        self, *, id: str | None = None, credited: Sequence[str] = (), **fields: Any
    ) -> Incident:
        """Log an incident; stored and published when this returns.

        Args:
            id: An id of the client's, made where it was written, perhaps long before there was a
                network; the same incident sent again with it has one effect.
            credited: Ids of the agencies that had a part in it; none: the user's own. Another's
                counts once that has said yes (`answer_credit`).
            **fields: Fields of `Incident`, as far as they are in `CHANGEABLE`, and words of its
                protected fields.

        Returns:
            The incident as it stands now: of one sent again, as it has become since.

        Raises:
            Forbidden: If the role may not.
            NotFound: If a patrol, incident, agency or photo that it names is none, or the user's
                agency may not name it.
            Conflict: If it cannot be, has not happened yet, or that id is another's.
            NoFieldKey, FieldKeyError: If words of protected fields are told, and the agency has no
                key that can be used.
            StoreError: If the store refuses.
        """
        self._access.may("log incidents")
        now = self._access.now()
        words = {name: fields.pop(name) for name in PROTECTED if name in fields}
        made = Incident(
            id=id_of_request(id, agency=self._access.user.agency),
            agency=self._access.user.agency,
            origin=self._access.node,
            at=now,
            by=self._access.user.name,
            credited=self._credits(credited or (self._access.user.agency,)),
            **_changeable(fields),
        )
        made = self._with_address(made)
        check(made)
        _check_time(made, now)
        again = await self._find_logged(made, words)
        if again is not None:
            return again
        await self._check_references(made)
        sealed = self._access.sealed("incident", made.id, words)
        try:
            await self._access.file(
                "log incident",
                lambda _open_documents, _now: (made,),
                protected=sealed,
                receipt=self.receipt,
            )
        except Conflict:
            # Sent twice at once: the other one was first.
            again = await self._find_logged(made, words)
            if again is None:
                raise
            return again
        return made

    async def correct(self, id: str, *, version: int, reason: str = "", **changes: Any) -> Incident:
        """Correct fields of an incident; a confirmed one by those who may confirm.

        Args:
            id: The incident's id.
            version: The version that the user looked at.
            reason: Why; needed once it has been confirmed.
            **changes: As for `log`, only what is new.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it is another agency's; or as for `log`.
            Conflict: If it has been changed since, cannot be as told now, or nothing is changed.
            StoreError: If the store refuses.
        """
        self._access.may("log incidents")
        words = {name: changes.pop(name) for name in PROTECTED if name in changes}
        fields = _changeable({name: each for name, each in changes.items() if name != "credited"})
        stored = await self._stored(id)
        if "credited" in changes:
            known = {each.agency: each for each in stored.credited}
            made = self._credits(changes["credited"])
            fields["credited"] = tuple(known.get(each.agency, each) for each in made)
        wished = self._with_address(msgspec.structs.replace(stored, **fields))
        await self._check_references(wished, previous=stored)

        def corrected(incident: Incident, now: datetime) -> dict[str, Any]:
            if incident.state != "reported":
                require(self._access.user.role, "confirm incidents")
                if not reason.strip():
                    raise Conflict("say why what was confirmed is corrected")
            right = self._with_address(msgspec.structs.replace(incident, **fields))
            if right == incident and not any(words.values()):
                raise Conflict("nothing is changed")
            check(right)
            _check_time(right, now)
            return fields | {"place": right.place, "confirmed_by": ""}

        return await self._step(
            stored,
            "correct",
            version=version,
            reason=reason,
            changes=corrected,
            protected=self._access.sealed("incident", id, words),
        )

    async def confirm(self, id: str, *, version: int) -> Incident:
        """Confirm what was reported or corrected: a second person does, unless the node says
        otherwise (`Watch.second_person`).

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it is another agency's.
            Conflict: If it has been changed since, its state does not have this step, or the user
                told what is to be confirmed.
            StoreError: If the store refuses.
        """
        self._access.may("confirm incidents")
        stored = await self._stored(id)
        if self._second_person and self._access.user.name in await self._reporters(id):
            raise Conflict(
                "you told some of it: somebody else confirms it", code="second_person_needed"
            )
        return await self._step(
            stored,
            "confirm",
            version=version,
            changes=lambda _incident, _now: {"confirmed_by": self._access.user.name},
        )

    async def answer_credit(self, id: str, *, agrees: bool) -> Incident:
        """Answer for the user's agency whether it took part in another agency's incident.

        Args:
            id: The incident's id.
            agrees: Whether it had; only then it counts for the agency.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
            Conflict: If the agency is not credited in it, or has said so already.
            IllegalStep: If it was withdrawn.
            StoreError: If the store refuses.
        """
        self._access.may("confirm incidents")
        await self._access.any_document(Incident, id)  # of what is not shared nothing is said
        found = await self._access.read(documents.newest, "incident", id)
        agency = self._access.user.agency

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            incident = open_documents.find(Incident, id) or found
            assert isinstance(incident, Incident)
            credit = next((each for each in incident.credited if each.agency == agency), None)
            if credit is None or incident.agency == agency:
                raise Conflict("it is another agency's, and yours is not credited in it")
            if credit.agreed is agrees:
                raise Conflict("your agency has said so already")
            answered = revise(
                incident,
                at=now,
                by="",  # whose officer said so does not leave the agency
                state=LIFECYCLE.next_state(incident.state, "credit"),
                credited=tuple(
                    msgspec.structs.replace(each, agreed=agrees) if each is credit else each
                    for each in incident.credited
                ),
            )
            note = Note(
                act="credit was answered",
                actor="",
                agency=incident.agency,
                subject=f"incident:{id}",
                detail={"by_agency": agency, "agreed": agrees},
            )
            return Filing(
                documents=(answered,),
                act="answer credit",
                actor=self._access.user.name,
                agency=agency,
                notes=(note,),
            )

        await self._access.do(act)
        return await self._access.any_document(Incident, id)

    async def close(self, id: str, *, version: int) -> Incident:
        """Close a confirmed incident.

        Raises:
            As `confirm`.
        """
        self._access.may("confirm incidents")
        return await self._step(await self._stored(id), "close", version=version)

    async def withdraw(self, id: str, *, version: int, reason: str) -> Incident:
        """Withdraw an incident logged by mistake, for example a second report of one incident.

        Raises:
            As `confirm`; Conflict without a reason, too.
        """
        self._access.may("confirm incidents")
        if not reason.strip():
            raise Conflict("say why it is withdrawn")
        stored = await self._stored(id)
        return await self._step(stored, "withdraw", version=version, reason=reason)

    # -- what is seen

    async def incident(self, id: str) -> Incident:
        """Return the visible part of an incident, in any state.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._access.may("see incidents")
        visible = await self._access.any_document(Incident, id)
        await self._note_shared([visible], "one")
        return visible

    async def versions_or_newest(self, id: str) -> Sequence[Incident]:
        """Return what `versions` does; of another agency's incident the newest alone.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        try:
            return await self.versions(id)
        except NotFound:
            return [await self.incident(id)]

    async def versions(self, id: str) -> list[Incident]:
        """Return every version of an incident of the user's agency, oldest first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or it is another agency's.
        """
        self._access.may("see incidents")
        found = await self._access.read(documents.versions, "incident", id)
        incidents = [each for each in found if isinstance(each, Incident)]
        if not incidents or self._access.user.agency not in incidents[-1].parties:
            raise NotFound("incident", id)
        return incidents

    async def incidents(
        self, query: IncidentQuery, *, purpose: Literal["list", "totals", "map", "file"] = "list"
    ) -> list[Incident]:
        """Return the visible incidents that match a query, newest first.

        Args:
            query: Which.
            how: What for; the journal tells who saw another agency's in what way.

        Raises:
            Forbidden: If the role may not.
            Conflict: If there are more than can be looked through.
        """
        self._access.may("see incidents")
        visible = await self._visible_incidents(query)
        await self._note_shared(visible, purpose)
        return sorted(visible, key=lambda each: (each.happened_at, each.id), reverse=True)

    async def totals(self, query: IncidentQuery, *, zone: tzinfo = UTC) -> Totals:
        """Return the totals (`patrol.incidents.statistics`) of what is asked for and may be seen.

        Raises:
            As `incidents`.
        """
        return totals(await self.incidents(query, purpose="totals"), zone=zone)

    # -- inside

    async def _visible_incidents(self, query: IncidentQuery) -> list[Incident]:
        """Return the visible incidents that match a query, under one state of the agreements."""
        stored = await self._access.read(documents.of_kind, "incident", limit=MOST_INCIDENTS + 1)
        if len(stored) > MOST_INCIDENTS:
            raise Conflict(f"there are more than {MOST_INCIDENTS} incidents in this node")
        matching = [each for each in stored if isinstance(each, Incident) and query.takes(each)]
        for _ in range(TRIES):
            before, visible = self._epoch(self._access.user.agency, self._access.now()), []
            for number, each in enumerate(matching, start=1):
                document = self._access.policy.document(each)
                if document is not None and query.takes(document):
                    visible.append(document)
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)  # the live picture goes first
            if self._epoch(self._access.user.agency, self._access.now()) == before:
                return visible
        raise Conflict("what is shared changes at this very moment: ask again")

    def _credits(self, agencies: Sequence[str]) -> tuple[Credit, ...]:
        known = self._agencies
        for each in agencies:
            if each not in known and each != self._access.user.agency:
                raise NotFound("agency", each)
        return tuple(
            Credit(agency=each, country=known[each].country if each in known else None)
            for each in agencies
        )

    def _with_address(self, incident: Incident) -> Incident:
        """Return it with the river address of its place."""
        words = ""
        lon, lat, ground = incident.lon, incident.lat, self._ground
        if lon is not None and lat is not None and ground is not None:
            words = ground.words(lon=lon, lat=lat)
        return msgspec.structs.replace(incident, place=words)

    async def _check_references(
        self, incident: Incident, *, previous: Incident | None = None
    ) -> None:
        """Refuse a patrol or incident that the user may not know of, and photos of others."""
        if incident.patrol and (previous is None or incident.patrol != previous.patrol):
            await self._access.any_document(Patrol, incident.patrol)
        if incident.same_as and (previous is None or incident.same_as != previous.same_as):
            await self._access.any_document(Incident, incident.same_as)
        await self._photos.check_own(incident.photos)

    async def _find_logged(self, made: Incident, words: Mapping[str, str]) -> Incident | None:
        """Return the present version of an incident that the same user sent before; None if
        none.
        """
        found = await self._access.read(documents.versions, "incident", made.id)
        incidents = [each for each in found if isinstance(each, Incident)]
        if not incidents:
            return None
        if _content(incidents[0]) != _content(made) or not await self._are_stored(made.id, words):
            raise Conflict("that id is another incident's")
        return incidents[-1]

    async def _are_stored(self, id: str, words: Mapping[str, str]) -> bool:
        """Return whether protected words were all written once, or were redacted since."""
        if not any(words.values()):
            return True
        agency = self._access.user.agency
        key = self._access.field_keys.read(agency)
        found = await self._access.read(protected_fields.of_document, agency, "incident", id)
        return all(
            any(
                each.field == name and (each.sealed is None or each.words(key) == value)
                for each in found
            )
            for name, value in words.items()
            if value.strip()
        )

    async def _reporters(self, id: str) -> set[str]:
        """Return who logged an incident, and who corrected it since it was last confirmed."""
        found = await self._access.read(documents.versions, "incident", id)
        first = {found[0].by} if found else set()
        tellers = set(first)
        for each in found:
            if isinstance(each, Incident):
                tellers = set(first) if each.is_confirmed else tellers | {each.by}
        return tellers

    async def _stored(self, id: str) -> Incident:
        """Return an incident of the user's agency, in any state."""
        found = await self._access.read(documents.newest, "incident", id)
        if not isinstance(found, Incident) or self._access.user.agency not in found.parties:
            raise NotFound("incident", id)
        return found

    async def _step(
        self,
        stored: Incident,
        act: str,
        *,
        version: int,
        reason: str = "",
        changes: Any = None,
        protected: tuple[ProtectedField, ...] = (),
    ) -> Incident:
        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Incident, ...]:
            # What is closed is in no book; should it change meanwhile, the store refuses.
            incident = open_documents.find(Incident, stored.id) or stored
            if incident.version != version:
                raise Conflict(f"the incident is at version {incident.version}: look at it again")
            state = LIFECYCLE.next_state(incident.state, act)
            values = {} if changes is None else changes(incident, now)
            return (
                revise(
                    incident,
                    at=now,
                    by=self._access.user.name,
                    **values | {"state": state, "reason": reason},
                ),
            )

        (filed,) = await self._access.file(
            f"{act} incident", decide, reason=reason, protected=protected, receipt=self.receipt
        )
        assert isinstance(filed, Incident)
        return filed

    async def _note_shared(self, incidents: Sequence[Incident], purpose: str) -> None:
        """Tell the journal that another agency's incidents were seen.

        Lists and maps are looked at again and again: they are counted by the hour. Who looked one
        up, or took a file away, has a line with its name.
        """
        others = [each for each in incidents if self._access.user.agency not in each.parties]
        if not others:
            return
        for owner, count in Counter(each.agency for each in others).items():
            self._access.disclosures.count(self._access.user.agency, owner, "incidents", count)
        if purpose in ("one", "file"):
            await self._access.journal.note(
                Note(
                    act="see shared incidents",
                    actor=self._access.user.name,
                    agency=self._access.user.agency,
                    subject=f"incident:{others[0].id}" if purpose == "one" else "",
                    detail={
                        "how": purpose,
                        "count": len(others),
                        "of": sorted({each.agency for each in others}),
                    },
                )
            )


def _changeable(fields: dict[str, Any]) -> dict[str, Any]:
    for name in fields:
        if name not in CHANGEABLE or name == "credited":
            raise TypeError(f"{name} is not what people tell of an incident")
    return fields


def _check_time(incident: Incident, now: datetime) -> None:
    ahead = AHEAD if incident.precision == "minute" else AHEAD_BY_DATE
    if incident.happened_at > now + ahead:
        raise Conflict("that time is still to come")


def _content(incident: Incident) -> tuple[object, ...]:
    """Return the fields by which two reports are the same."""
    values = [getattr(incident, name) for name in sorted(CHANGEABLE - {"credited"})]
    return (
        incident.agency,
        incident.by,
        tuple(each.agency for each in incident.credited),
        *values,
    )
