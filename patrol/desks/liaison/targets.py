"""TargetDesk: how a user opens, closes and sees targets, and adds sightings.

A sighting that brings a target surely across the border, or the middle of a border river, offers it
to the counterpart in the same transaction (`patrol.desks.liaison.offers`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec

from gis.position.position import check_place
from patrol.desks.incidents.photos import PhotoDesk
from patrol.desks.liaison.offers import Offers
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document, kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import NOTHING, Filing, PhoneReceipt
from patrol.errors.errors import Conflict, IllegalStep, NotFound
from patrol.filing.file_documents import Act
from patrol.patrols.patrol import Patrol
from patrol.protected_fields.field import FIELDS
from patrol.sectors.site_geography import Ground
from patrol.store.journal import journal
from patrol.store.records import documents
from patrol.store.schema.tables import to_us
from patrol.targets.custody import CaseStep, step_of, subject_of
from patrol.targets.sightings import Sighting, locate
from patrol.targets.target import (
    LIFECYCLE,
    MOST_PHOTOS,
    Outcome,
    Target,
    TargetKind,
    change,
    close,
    new_target,
    open_target,
    sight,
)
from patrol.units.effective_time import check_date
from patrol.units.units import Unit

AHEAD: Final = timedelta(minutes=2)
"""A phone's clock may be ahead by so much."""

MOST_STEPS: Final = 1000
"""Newest lines of the journal about one case in one answer."""

MOST_TARGETS: Final = 1000
"""Of one answer, those changed last."""

CHANGEABLE: Final = frozenset({"name", "description", "patrol"})

PROTECTED: Final = FIELDS["target"]
"""What people tell of it that is sealed beside it."""


class TargetDesk:
    """What one user may do with targets.

    Args:
        access: What the user may read, see and file.
        offers: Offers what comes across.
        photos: Knows the photos of the agency.
        units: Registered units, by id.
        ground: Rivers and borders of this site; None without geography.

    Attributes:
        receipt: The report of a crew's phone that the next act is the effect of; None for none.
    """

    receipt: PhoneReceipt | None = None

    def __init__(
        self,
        access: DocumentAccess,
        *,
        offers: Offers,
        photos: PhotoDesk,
        units: Mapping[str, Unit],
        ground: Ground | None,
    ) -> None:
        self._access = access
        self._offers = offers
        self._photos = photos
        self._units = units
        self._ground = ground

    # -- what there is

    def all(self) -> list[Target]:
        """Return the open targets that the user may see, oldest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see targets")
        return list(self._access.open(Target))

    async def past(
        self, *, since: datetime, until: datetime, limit: int = MOST_TARGETS
    ) -> list[Target]:
        """Return the closed targets last changed from `since` to `until`, newest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see targets")
        found = await self._access.read(
            lambda connection: documents.of_kind(
                connection,
                kind_of(Target),
                since_us=to_us(since),
                until_us=to_us(until),
                limit=MOST_TARGETS,
            )
        )
        visible = (self._access.policy.document(each) for each in found if each.is_closed)
        return [cast(Target, each) for each in visible if each is not None][: max(1, limit)]

    async def one(self, id: str) -> Target:
        """Return one target, open or closed.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._access.may("see targets")
        return await self._access.any_document(Target, id)

    async def versions(self, id: str) -> list[Target]:
        """Return every version of a target of the user's agency, oldest first; of another's what
        may be seen of the newest.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        newest = await self.one(id)
        if newest.agency != self._access.user.agency:
            return [newest]
        return cast(list[Target], await self._access.read(documents.versions, kind_of(Target), id))

    async def custody(self, id: str) -> list[CaseStep]:
        """Return what the journal says of the custody of a target, oldest first: the lines of the
        user's agency, with which it proves since when and by which term it has or had it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no document of it.
        """
        self._access.may("see targets")
        target = await self.one(id)
        if target.agency != self._access.user.agency:
            raise NotFound(kind_of(Target), id)
        found = await self._access.read(
            lambda connection: journal.of_agency(
                connection,
                self._access.user.agency,
                subject=subject_of(target.case),
                limit=MOST_STEPS,
            )
        )
        return [step_of(each) for each in sorted(found, key=lambda each: each.seq)]

    # -- what people tell

    async def open(
        self,
        *,
        what: TargetKind,
        name: str,
        sighting: Sighting | None = None,
        sighting_note: str = "",
        **fields: Any,
    ) -> Target:
        """Open a target; the user's agency has it from now on.

        Args:
            what: What it is.
            name: What to call it.
            sighting: Where it was seen first.
            sighting_note: What was seen then and is for the own agency only.
            **fields: `description`, `patrol`, `unit`, `photos` of `Target`, and words of its
                protected fields: `informants`, `witnesses`, `private_note`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such patrol that the user knows of, or a unit or photo is none
                of the agency's.
            PositionError: If the sighting is at no place on Earth.
            Conflict: If it is of a time to come.
            NoFieldKey, FieldKeyError: If words of protected fields are told, and the agency has no
                key that can be used.
        """
        self._access.may("open targets")
        words = {name: fields.pop(name) for name in PROTECTED if name in fields}
        await self._check(fields.get("patrol"), fields.get("photos", ()))
        self._check_unit(fields.get("unit"))
        agency, by, now = self._access.user.agency, self._access.user.name, self._access.now()
        if sighting is not None:
            sighting = self._checked(sighting, now)
        target = new_target(
            agency=agency, origin=self._access.node, what=what, name=name, at=now, by=by, **fields
        )
        ground = self._ground
        sealed = self._access.sealed("target", target.id, words)
        sealed += self._access.sealed("target", target.id, {"private_note": sighting_note})
        filing = open_target(target, sighting, ground=ground, by=by)
        filing = msgspec.structs.replace(filing, protected=sealed)
        filed = await self._access.do(lambda _open_documents, _now: self._with_receipt(filing))
        return cast(Target, filed.documents[0])

    async def add_sighting(self, id: str, sighting: Sighting, *, private_note: str = "") -> Target:
        """Note that a target was seen; if that brings it surely across, it is offered.

        Args:
            id: The target's id.
            sighting: Where and when.
            private_note: What was seen and is for the own agency only; sealed beside it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such target that is open.
            PositionError: If it is no place on Earth.
            Conflict: If it is of a time to come, or the target has too many sightings.
            NoFieldKey, FieldKeyError: If there is a private note, and no key that can be used.
        """
        self._access.may("sight targets")
        sealed = self._access.sealed("target", id, {"private_note": private_note})
        located = locate(self._checked(sighting, self._access.now()), self._ground)

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            before = self._access.own(open_documents, Target, id)
            target = sight(before, located, ground=self._ground, now=now, by=self._access.user.name)
            filing = self._offers.sighting_filing(open_documents, before, target, now)
            return msgspec.structs.replace(filing, protected=sealed)

        return await self._file_act(id, "sight", act)

    async def change(self, id: str, values: dict[str, Any]) -> Target:
        """Change fields of a target.

        Args:
            id: The target's id.
            values: New values by name: `name`, `description`, `patrol`; words of protected fields
                come beside what was told of them before.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such target that is open, or the user knows of no
                such patrol.
            NoFieldKey, FieldKeyError: If words of protected fields are told, and the agency has no
                key that can be used.
        """
        self._access.may("open targets")
        await self._check(values.get("patrol"), ())
        sealed = self._access.sealed(
            "target", id, {name: values.get(name, "") for name in PROTECTED}
        )
        changes = {name: value for name, value in values.items() if name in CHANGEABLE}

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            target = self._access.own(open_documents, Target, id)
            filing = self._filing(
                "change target", change(target, now=now, by=self._access.user.name, **changes)
            )
            return msgspec.structs.replace(filing, protected=sealed)

        return await self._file_act(id, "change", act)

    async def add_photo(self, id: str, sha256: str) -> Target:
        """Add a stored photo, by its hash; one that the target has already changes nothing.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such target that is open, or no such photo.
            Conflict: If the target has too many.
        """
        self._access.may("sight targets")
        await self._check(None, (sha256,))

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            target = self._access.own(open_documents, Target, id)
            if sha256 in target.photos:
                return NOTHING
            if len(target.photos) >= MOST_PHOTOS:
                raise Conflict(f"a target keeps at most {MOST_PHOTOS} photos")
            photos = (*target.photos, sha256)
            return self._filing(
                "add photo to target",
                change(target, now=now, by=self._access.user.name, photos=photos),
            )

        return await self._file_act(id, "change", act)

    async def close(self, id: str, *, outcome: Outcome, note: str = "") -> Target:
        """Close a target; that ends its custody, if the user's agency has it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such target that is open.
            IllegalStep: If it is closed, or on offer: take that back first.
        """
        self._access.may("close targets")
        return await self._file_act(
            id,
            "close",
            lambda open_documents, now: close(
                self._access.own(open_documents, Target, id),
                outcome,
                note,
                now=now,
                by=self._access.user.name,
            ),
        )

    # -- inside

    def _checked(self, sighting: Sighting, now: datetime) -> Sighting:
        check_place(lon=sighting.lon, lat=sighting.lat)
        check_date(sighting.at)
        if sighting.at > now + AHEAD:
            raise Conflict("a target cannot be seen ahead of time")
        self._check_unit(sighting.unit)
        return msgspec.structs.replace(
            sighting, agency=self._access.user.agency, by=self._access.user.name
        )

    def _check_unit(self, id: str | None) -> None:
        unit = None if id is None else self._units.get(id)
        if id is not None and (unit is None or unit.agency != self._access.user.agency):
            raise NotFound("unit", id)

    async def _check(self, patrol: str | None, photos: tuple[str, ...]) -> None:
        if patrol is not None:
            await self._access.any_document(Patrol, patrol)
        if photos:
            await self._photos.check_own(photos)

    def _filing(self, act: str, *made: Document) -> Filing:
        return Filing(
            documents=made, act=act, actor=self._access.user.name, agency=self._access.user.agency
        )

    def _with_receipt(self, filing: Filing) -> Filing:
        return (
            filing
            if self.receipt is None
            else msgspec.structs.replace(filing, receipt=self.receipt)
        )

    async def _file_act(self, id: str, step: str, act: Act) -> Target:
        """File an act on a target and return it.

        Raises:
            IllegalStep: If it is closed.
            PatrolError: What `act` raises.
        """
        try:
            filing = await self._access.do(
                lambda open_documents, now: self._with_receipt(act(open_documents, now))
            )
        except NotFound:
            stored = await self._access.any_document(Target, id)
            if stored.agency == self._access.user.agency and stored.is_closed:
                raise IllegalStep(LIFECYCLE.name, stored.state, step, ()) from None
            raise
        return (
            cast(Target, filing.documents[0])
            if filing
            else await self._access.any_document(Target, id)
        )
