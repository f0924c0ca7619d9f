"""PatrolClock: what time and movement bring to patrols: start, end, overdue, suspended.

Its `duties` are acts of the document service, asked once a second. Each flag has its own rule for
being set and cleared, computed anew from what is known; nothing here remembers that it has told
something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import structlog

from gis.errors.errors import GisError
from gis.fences.area import Area
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict
from patrol.patrols import lifecycle as patrol_acts
from patrol.patrols.lifecycle import PatrolActor
from patrol.patrols.patrol import How, Patrol
from patrol.picture.departures import Movement
from patrol.picture.picture import Picture
from patrol.sectors.sector import Sector
from patrol.sectors.site_geography import Ground
from patrol.units.wire import Fix

WATCH: Final = PatrolActor(name="", agency="")
"""Who does what no person ordered."""

MAY_START: Final = frozenset({"signed", "ready"})

log = structlog.get_logger(__name__)


def is_start_overdue(patrol: Patrol, now: datetime) -> bool:
    """Return whether a patrol should have begun and has not; over once it begins or is changed."""
    late = patrol.starts_at + timedelta(seconds=patrol.start_grace_s)
    return patrol.state in MAY_START and now > late


def overdue_units(
    patrol: Patrol, now: datetime, heard_at: Callable[[str], datetime | None]
) -> tuple[str, ...]:
    """Return the units of a patrol under way that should have checked in and have not.

    Args:
        patrol: The patrol.
        now: The time, aware UTC.
        heard_at: When a unit was last heard of; counted where the patrol says so.
    """
    interval = patrol.check_in_interval_s
    if patrol.state != "under way" or patrol.started_at is None or interval is None:
        return ()
    late = now - timedelta(seconds=interval + patrol.check_in_grace_s)
    check_ins = {each.unit: each.at for each in patrol.check_ins}
    overdue = []
    for unit in patrol.units:
        heard = heard_at(unit) if patrol.check_in_by_message else None
        known = (patrol.started_at, check_ins.get(unit), heard)
        if max(at for at in known if at is not None) < late:
            overdue.append(unit)
    return tuple(overdue)


Parted: TypeAlias = Callable[[Sequence[str], datetime], str | None]
"""Why some agencies are not joined at a moment; None if all are."""


def suspensions(open_documents: OpenDocuments, now: datetime, parted: Parted) -> tuple[Patrol, ...]:
    """Return the next versions of the joint patrols whose suspension began or ended.

    They follow an agreement that is suspended or resumed in the same turn; once a second the clock
    asks for what time alone brings.

    Args:
        open_documents: The open documents.
        now: The time, aware UTC.
        parted: Why agencies are not joined.
    """
    changed = []
    for patrol in open_documents.all(Patrol):
        if patrol.is_joint and patrol.state != "draft":
            why = parted(patrol.agencies, _judged_at(patrol, now))
            following = patrol_acts.suspend(patrol, why, at=now, who=WATCH)
            if following is not patrol:
                changed.append(following)
    return tuple(changed)


class PatrolClock:
    """What time and movement bring to patrols.

    Args:
        picture: What is known of units.
        ground: Where sectors lie.
        open_documents: The open documents.
        parted: Why agencies are not joined.

    Attributes:
        duties: For `DocumentService.duties`, in this order.
    """

    def __init__(
        self, *, picture: Picture, ground: Ground, open_documents: OpenDocuments, parted: Parted
    ) -> None:
        self._picture, self._ground, self._open_documents, self._parted = (
            picture,
            ground,
            open_documents,
            parted,
        )
        self._movement = Movement(self._last, self._area)
        self.duties = (self.suspend, self.begin, self.finish, self.flag)

    def suspend(self, open_documents: OpenDocuments, now: datetime) -> Filing:
        """Flag joint patrols whose agreement is not in force now, and unflag the others."""
        return _filing(suspensions(open_documents, now, self._parted), "suspend or resume patrol")

    def begin(self, open_documents: OpenDocuments, now: datetime) -> Filing:
        """Start what is ready and starts by its plan or by movement."""
        looked = [each for each in open_documents.all(Patrol) if _is_looked_at(each)]
        self._movement.keep_only(each.id for each in looked)
        for patrol in looked:
            self._movement.look(patrol, now)
        return _filing(_all_done(self._starts(open_documents, now)), "start patrol")

    def finish(self, open_documents: OpenDocuments, now: datetime) -> Filing:
        """End what is under way and ends by its plan or by movement."""
        return _filing(_all_done(self._ends(open_documents, now)), "end patrol")

    def flag(self, open_documents: OpenDocuments, now: datetime) -> Filing:
        """Set and clear what is overdue."""
        flagged = []
        for patrol in open_documents.all(Patrol):
            following = patrol_acts.flag(
                patrol,
                start_overdue=is_start_overdue(patrol, now),
                check_in_overdue=overdue_units(patrol, now, self._heard_at),
                at=now,
                who=WATCH,
            )
            if following is not patrol:
                flagged.append(following)
        return _filing(tuple(flagged), "flag patrol")

    # -- inside

    def _starts(
        self, open_documents: OpenDocuments, now: datetime
    ) -> Iterator[Callable[[], Patrol]]:
        for patrol in open_documents.all(Patrol):
            if patrol.state != "ready" or patrol.suspended or now >= patrol.ends_at:
                continue
            how: How | None = None
            if patrol.start_by_plan and now >= patrol.starts_at:
                how = "plan"
            elif patrol.start_by_movement and self._movement.has_begun(patrol):
                how = "movement"
            if how is not None:
                yield _step(patrol_acts.start, patrol, how, now)

    def _ends(self, open_documents: OpenDocuments, now: datetime) -> Iterator[Callable[[], Patrol]]:
        for patrol in open_documents.all(Patrol):
            if patrol.state != "under way":
                continue
            how: How | None = None
            if patrol.end_by_plan and now >= patrol.ends_at:
                how = "plan"
            elif patrol.end_by_movement and self._movement.all_back(patrol, now):
                how = "movement"
            if how is not None:
                yield _step(patrol_acts.end, patrol, how, now)

    def _last(self, unit: str) -> Fix | None:
        contact = self._picture.contacts.get(unit)
        return None if contact is None else contact.last

    def _heard_at(self, unit: str) -> datetime | None:
        """Return when it was last heard of; what another sender says in its name is not heard."""
        contact = self._picture.contacts.get(unit)
        if contact is None:
            return None
        if "unbound_source" in contact.flags:
            return None if contact.last is None else contact.last.time
        return contact.heard_at

    def _area(self, sector: str) -> Area | None:
        known = self._open_documents.find(Sector, sector)
        try:
            return None if known is None else self._ground.area(known)
        except GisError:
            return None


def _is_looked_at(patrol: Patrol) -> bool:
    begins = patrol.state in MAY_START and patrol.start_by_movement
    return begins or (patrol.state == "under way" and patrol.end_by_movement)


def _judged_at(patrol: Patrol, now: datetime) -> datetime:
    """Before its window, what will be then; in it, what is now."""
    return max(now, patrol.starts_at)


def _step(
    act: Callable[..., Patrol], patrol: Patrol, how: How, now: datetime
) -> Callable[[], Patrol]:
    return lambda: act(patrol, how=how, at=now, who=WATCH)


def _all_done(steps: Iterator[Callable[[], Patrol]]) -> tuple[Patrol, ...]:
    """Return what could be done; one patrol's fault must not hold up the others."""
    done = []
    for step in steps:
        try:
            done.append(step())
        except Conflict as fault:
            log.warning("a patrol was not moved on", fault=str(fault))
    return tuple(done)


def _filing(patrols: tuple[Patrol, ...], act: str) -> Filing:
    return Filing(documents=patrols, act=act)
