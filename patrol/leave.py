"""Leave: whether an agreement lets a target be offered, and how long an offer waits for an answer.

An offer is an act of a person upon what both sides signed: it is told at once and exactly, whatever
delay and precision the agreement has for records that cross by themselves. Its class, hours, joint
patrols, consents and corridor count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from patrol.hand_offs import ANSWER_WITHIN_S, HandOff, Timetable, timetable
from patrol.sightings import Sighting

if TYPE_CHECKING:
    from patrol.grants import Grant
    from patrol.sharing import Sharing


class Leave:
    """Asks the agreements about hand-offs.

    Args:
        sharing: What may cross between agencies; None: nothing may.
    """

    def __init__(self, sharing: Sharing | None) -> None:
        self._sharing = sharing

    def why_not(self, made: HandOff, now: datetime) -> str | None:
        """Return why nothing of a hand-off may cross, for people; None while it may."""
        return self.why_no_offer(made.agency, made.to, lon=made.lon, lat=made.lat, now=now)

    def why_no_offer(
        self, owner: str, viewer: str, *, lon: float | None, lat: float | None, now: datetime
    ) -> str | None:
        """Return why a target may not be offered, for people; None when it may.

        Args:
            owner: Agency that has it.
            viewer: Agency that it would be offered to.
            lon: Where it was last seen, degrees east; None unknown: then it is in no corridor.
            lat: Where, degrees north.
            now: Aware UTC.
        """
        if self._sharing is None:
            return f"no agreement between {owner} and {viewer} names targets"
        refusal = self._sharing.why_not(owner=owner, viewer=viewer, data_class="targets", now=now)
        if refusal is not None:
            return refusal
        if any(grant.covers(lon, lat) for grant in self._grants(owner, viewer, now)):
            return None
        return "the target is outside the corridor of the agreement"

    def passing(
        self, owner: str, viewer: str, sightings: Sequence[Sighting], now: datetime
    ) -> tuple[Sighting, ...]:
        """Return those sightings that may cross with an offer: of a time that the owner consented
        to, in the corridor. What was seen while an agreement was suspended stays.
        """
        grants = self._grants(owner, viewer, now)
        return tuple(
            each
            for each in sightings
            if any(
                grant.covers(each.lon, each.lat)
                and any(start <= each.at < end for start, end in grant.windows(owner, "targets"))
                for grant in grants
            )
        )

    def times(self, owner: str, viewer: str, now: datetime) -> Timetable:
        """Return the timetable of an offer: the shortest of the agreements in force."""
        told = [each.agreement.terms.answer_within_s for each in self._grants(owner, viewer, now)]
        return timetable(min(told, default=ANSWER_WITHIN_S))

    def _grants(self, owner: str, viewer: str, now: datetime) -> list[Grant]:
        if self._sharing is None:
            return []
        open_now = self._sharing.open_grants(owner, viewer, now)
        return [grant for grant in open_now if "targets" in grant.classes]


def leave_of(watch: object) -> Leave:
    """Return what a watch's agreements let; nothing while it knows of none."""
    return Leave(getattr(watch, "sharing", None))
