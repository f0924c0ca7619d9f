"""OfferPermission: whether an agreement lets a target be offered, and how long the offer waits.

That there is an offer is told at once. What it tells of the target keeps to the agreement: class,
hours, joint patrols, consents, corridor, delay and precision; under a precision no landing is told,
whose kilometre would be more exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from patrol.sharing.precision import coarse
from patrol.targets.hand_off import ANSWER_WITHIN_S, HandOff, Timetable, timetable
from patrol.targets.prediction import Prediction
from patrol.targets.sightings import Sighting

if TYPE_CHECKING:
    from patrol.sharing.decisions import Sharing
    from patrol.sharing.terms import Grant


class OfferPermission:
    """Asks the agreements about hand-offs.

    Args:
        sharing: What may cross between agencies; None: nothing may.
    """

    def __init__(self, sharing: Sharing | None) -> None:
        self._sharing = sharing

    def why_not(self, made: HandOff, now: datetime) -> str | None:
        """Return why nothing of a hand-off may cross now, for people; None while it may."""
        if self._sharing is None:
            return f"no agreement between {made.agency} and {made.to} names targets"
        return self._sharing.why_not(
            owner=made.agency, viewer=made.to, data_class="targets", now=now
        )

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

    def told(
        self,
        owner: str,
        viewer: str,
        sightings: Sequence[Sighting],
        prediction: Prediction | None,
        now: datetime,
    ) -> tuple[tuple[Sighting, ...], Prediction | None]:
        """Return what of sightings and of the prediction after the last one goes with an offer.

        Those of a time that the owner consented to and no younger than the agreed delay, in the
        corridor, each as exactly as agreed: what was seen while an agreement was suspended stays.
        """
        grants = self._grants(owner, viewer, now)
        found: list[Sighting] = []
        expected: Prediction | None = None
        for each in sightings:
            exact = [grant.precision_m for grant in grants if _lets(grant, owner, each, now)]
            seen = coarse(each, min(exact)) if exact else None
            if seen is not None:
                found.append(seen)
            if each is sightings[-1] and exact and prediction is not None:
                expected = coarse(prediction, min(exact))
        return tuple(found), expected

    def times(self, owner: str, viewer: str, now: datetime) -> Timetable:
        """Return the timetable of an offer: the shortest of the agreements in force."""
        told = [each.agreement.terms.answer_within_s for each in self._grants(owner, viewer, now)]
        return timetable(min(told, default=ANSWER_WITHIN_S))

    def _grants(self, owner: str, viewer: str, now: datetime) -> list[Grant]:
        if self._sharing is None:
            return []
        open_now = self._sharing.open_grants(owner, viewer, now)
        return [grant for grant in open_now if "targets" in grant.classes]


def _lets(grant: Grant, owner: str, seen: Sighting, now: datetime) -> bool:
    return (
        grant.covers(seen.lon, seen.lat)
        and (not grant.delay or seen.at <= now - grant.delay)
        and any(start <= seen.at < end for start, end in grant.windows(owner, "targets"))
    )


def leave_of(watch: object) -> OfferPermission:
    """Return what a watch's agreements let; nothing while it knows of none."""
    return OfferPermission(getattr(watch, "sharing", None))
