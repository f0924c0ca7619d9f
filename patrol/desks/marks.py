"""MarkDesk: how a user marks places, finds marks, and makes targets and incidents of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec

from gis.position.position import check_place
from patrol.desks.incidents.incidents import IncidentDesk
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of, new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict, IllegalStep, NotFound
from patrol.incidents.incident import Category, Incident
from patrol.marks.mark import LASTS, LASTS_AT_MOST, LIFECYCLE, Mark, end
from patrol.sectors.site_geography import Ground
from patrol.store.records import documents
from patrol.store.schema.tables import to_us
from patrol.targets.sightings import Sighting
from patrol.targets.target import Target, TargetKind, new_target, open_target
from patrol.units.effective_time import check_date
from radio_gateway.messages.marked_place import MarkUse, Path

MOST_MARKS: Final = 1000
"""Of one answer, those changed last."""

MOST_OF_OFFICE: Final = 1000
"""Marks that people of one agency have standing at a time."""

CHANGEABLE: Final = frozenset({"name", "use", "remarks", "ends_at"})


class MarkDesk:
    """What one user may do with marks.

    Args:
        access: What the user may read, see and file.
        incidents: Logs what happened at one.
        ground: Rivers and borders of this site; None without geography.
    """

    def __init__(
        self, access: DocumentAccess, *, incidents: IncidentDesk, ground: Ground | None
    ) -> None:
        self._access = access
        self._incidents = incidents
        self._ground = ground

    def all(self, *, words: str = "") -> list[Mark]:
        """Return the standing marks that the user may see, by name.

        Args:
            words: Only those with this in their name, remarks, sender or place.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see marks")
        found = [each for each in self._access.open(Mark) if _matches(each, words)]
        return sorted(found, key=lambda each: (each.name.casefold(), each.id))

    async def past(
        self, *, since: datetime, until: datetime, words: str = "", limit: int = MOST_MARKS
    ) -> list[Mark]:
        """Return the marks that ended from `since` to `until`, newest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see marks")
        found = await self._access.read(
            lambda connection: documents.of_kind(
                connection,
                kind_of(Mark),
                since_us=to_us(since),
                until_us=to_us(until),
                limit=MOST_MARKS,
            )
        )
        visible = (self._access.policy.document(each) for each in found if each.is_closed)
        marks = [cast(Mark, each) for each in visible if each is not None]
        return [each for each in marks if _matches(each, words)][: max(1, limit)]

    async def one(self, id: str) -> Mark:
        """Return one mark, standing or ended.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._access.may("see marks")
        return await self._access.any_document(Mark, id)

    async def versions(self, id: str) -> list[Mark]:
        """Return every version of a mark of the user's agency, oldest first; of another's what may
        be seen of the newest.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        newest = await self.one(id)
        if newest.agency != self._access.user.agency:
            return [newest]
        return cast(list[Mark], await self._access.read(documents.versions, kind_of(Mark), id))

    async def make(
        self,
        *,
        name: str,
        lon: float,
        lat: float,
        use: MarkUse = "place",
        path: Path = (),
        closed: bool = False,
        radius_m: float | None = None,
        remarks: str = "",
        ends_at: datetime | None = None,
    ) -> Mark:
        """Mark a place for the user's agency.

        Args:
            name: What to call it.
            lon: Degrees east.
            lat: Degrees north.
            use: What it is marked for.
            path: A line, or the edge of an area: (lon, lat).
            closed: The path is the edge of an area.
            radius_m: It is all that lies so near, metres.
            remarks: Words for people.
            ends_at: When it ends, aware UTC; None: a day from now.

        Raises:
            Forbidden: If the role may not.
            PositionError: If it is no place on Earth.
            Conflict: If it would have ended, or would stand for more than 90 days, or there are
                too many.
        """
        self._access.may("keep marks")
        for east, north in ((lon, lat), *path):
            check_place(lon=east, lat=north)
        now = self._access.now()
        until = self._end_time(ends_at, now)
        ground = self._ground
        mark = Mark(
            id=new_id(),
            agency=self._access.user.agency,
            origin=self._access.node,
            at=now,
            by=self._access.user.name,
            name=name,
            use=use,
            lon=lon,
            lat=lat,
            path=path,
            closed=closed,
            radius_m=radius_m,
            remarks=remarks,
            place="" if ground is None else ground.words(lon=lon, lat=lat),
            marked_at=now,
            ends_at=until,
            edited=True,
        )

        def decide(open_documents: OpenDocuments, _now: datetime) -> tuple[Mark, ...]:
            standing = sum(
                not each.key and each.agency == mark.agency for each in open_documents.all(Mark)
            )
            if standing >= MOST_OF_OFFICE:
                raise Conflict(f"{MOST_OF_OFFICE} marks stand already: end some first")
            return (mark,)

        await self._access.file("mark place", decide)
        return mark

    async def change(self, id: str, values: dict[str, Any]) -> Mark:
        """Change a mark of the user's agency. Its sender renames it no longer, nor takes it back.

        Args:
            id: The mark's id.
            values: New values by name: `name`, `use`, `remarks`, `ends_at`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such mark.
            IllegalStep: If it has ended.
            Conflict: If it would have ended, or would stand for more than 90 days.
        """
        self._access.may("keep marks")
        changes = {name: value for name, value in values.items() if name in CHANGEABLE}
        if "ends_at" in changes:
            changes["ends_at"] = self._end_time(changes["ends_at"], self._access.now())

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Mark, ...]:
            mark = self._access.own(open_documents, Mark, id)
            state = LIFECYCLE.next_state(mark.state, "change")
            return (
                revise(
                    mark, at=now, by=self._access.user.name, state=state, edited=True, **changes
                ),
            )

        return await self._file_act(id, "change", decide, "change mark")

    async def end(self, id: str) -> Mark:
        """End a mark of the user's agency; the same, said again by its sender, stays ended.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user's agency has no such mark.
            IllegalStep: If it has ended.
        """
        self._access.may("keep marks")
        return await self._file_act(
            id,
            "end",
            lambda open_documents, now: (
                end(
                    self._access.own(open_documents, Mark, id),
                    "ended",
                    at=now,
                    by=self._access.user.name,
                ),
            ),
            "end mark",
        )

    async def open_target(self, id: str, *, what: TargetKind, name: str = "") -> Target:
        """Open a target where a mark is; the user's agency has it from now on.

        Args:
            id: The mark's id; it may be another agency's.
            what: What the target is.
            name: What to call it; empty: as the mark.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user knows of no such mark that stands.
            Conflict: If a target was made of it.
        """
        self._access.may("open targets")
        mark = self._access.open_document(Mark, id)
        own = mark.agency == self._access.user.agency
        now, by = self._access.now(), self._access.user.name
        sighting = Sighting(
            at=min(mark.marked_at, now),
            lon=mark.lon,
            lat=mark.lat,
            agency=self._access.user.agency,
            accuracy_m=mark.radius_m,
            unit=mark.unit if own else None,
            note=mark.remarks,
            by=by,
        )
        target = new_target(
            agency=self._access.user.agency,
            origin=self._access.node,
            what=what,
            name=name or mark.name,
            at=now,
            by=by,
            unit=mark.unit if own else None,
        )
        filing = open_target(target, sighting, ground=self._ground, by=by)

        def act(open_documents: OpenDocuments, at: datetime) -> Filing:
            if not own:
                return filing
            standing = self._access.own(open_documents, Mark, id)
            if standing.target:
                raise Conflict(f"a target was made of {standing.name}")
            state = LIFECYCLE.next_state(standing.state, "change")
            made = revise(standing, at=at, by=by, state=state, target=target.id)
            return msgspec.structs.replace(filing, documents=(*filing.documents, made))

        filed = await self._access.do(act)
        return cast(Target, filed.documents[0])

    async def log_incident(self, id: str, *, category: Category, narrative: str = "") -> Incident:
        """Log an incident where a mark is.

        Args:
            id: The mark's id; it may be another agency's.
            category: What happened.
            narrative: In words; empty: the mark's name and remarks.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user knows of no such mark that stands.
            Conflict: If an incident was made of it.
        """
        self._access.may("log incidents")
        mark = self._access.open_document(Mark, id)
        own = mark.agency == self._access.user.agency
        if own and mark.incident:
            raise Conflict(f"an incident was made of {mark.name}")
        made = await self._incidents.log(
            category=category,
            happened_at=min(mark.marked_at, self._access.now()),
            precision="minute",
            lon=mark.lon,
            lat=mark.lat,
            narrative=narrative or "\n".join(part for part in (mark.name, mark.remarks) if part),
        )
        if own:
            await self._file_act(
                id,
                "change",
                lambda open_documents, now: (
                    revise(
                        self._access.own(open_documents, Mark, id),
                        at=now,
                        by=self._access.user.name,
                        incident=made.id,
                    ),
                ),
                "change mark",
            )
        return made

    # -- inside

    def _end_time(self, ends_at: datetime | None, now: datetime) -> datetime:
        check_date(ends_at)
        until = ends_at or now + LASTS
        if until <= now:
            raise Conflict("a mark cannot end before it begins")
        if until > now + LASTS_AT_MOST + timedelta(minutes=1):
            raise Conflict(f"a mark stands for at most {LASTS_AT_MOST.days} days")
        return until

    async def _file_act(self, id: str, word: str, decide: Any, act: str) -> Mark:
        try:
            made = await self._access.file(act, decide)
        except NotFound:
            stored = await self._access.any_document(Mark, id)
            if stored.agency == self._access.user.agency and stored.is_closed:
                raise IllegalStep(LIFECYCLE.name, stored.state, word, ()) from None
            raise
        return cast(Mark, made[0])


def _matches(mark: Mark, words: str) -> bool:
    text = f"{mark.name} {mark.remarks} {mark.sender} {mark.place}".casefold()
    return all(word in text for word in words.casefold().split())
