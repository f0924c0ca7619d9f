"""OfferPermission: whether an agreement lets a target be offered, and how long the offer waits.

That there is an offer is told at once. What it tells of the target keeps to the agreement: class,
hours, joint patrols, consents, corridor, delay and precision; under a precision no landing is told,
whose kilometre would be more exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from patrol.sharing.decisions import Sharing
from patrol.sharing.precision import coarse
from patrol.sharing.terms import Grant
from patrol.targets.hand_off import ANSWER_WITHIN_S, HandOff, Timetable, timetable
from patrol.targets.prediction import Prediction
from patrol.targets.sightings import Sighting


class OfferPermission:
    """What the agreements let go from one agency to another with an offer, at one moment.

    Args:
        sharing: What may cross between agencies.
        owner: Agency that has the target.
        viewer: Agency that it is or would be offered to.
        now: Aware UTC.
    """

    def __init__(self, sharing: Sharing, owner: str, viewer: str, now: datetime) -> None:
        self._sharing, self._owner, self._viewer, self._now = sharing, owner, viewer, now
        self._all_grants = sharing.grants_between(owner, viewer)
        self._grants = [
            each for each in self._all_grants if "targets" in each.classes and each.in_force(now)
        ]

    def refusal(self, *, lon: float | None, lat: float | None) -> str | None:
        """Return why a target may not be offered, for people; None when it may.

        Args:
            lon: Where it was last seen, degrees east; None unknown: then it is in no corridor.
            lat: Where, degrees north.
        """
        refusal = self._sharing.refusal(
            owner=self._owner,
            viewer=self._viewer,
            data_class="targets",
            now=self._now,
            between=self._all_grants,
        )
        if refusal is not None or any(grant.covers(lon, lat) for grant in self._grants):
            return refusal
        return "the target is outside the corridor of the agreement"

    def shared_sightings(
        self, sightings: Sequence[Sighting], prediction: Prediction | None
    ) -> tuple[tuple[Sighting, ...], Prediction | None]:
        """Return what of sightings and of the prediction after the last one goes with an offer.

        Those of a time that the owner consented to and no younger than the agreed delay, in the
        corridor, each as exactly as agreed: what was seen while an agreement was suspended stays.
        """
        found: list[Sighting] = []
        expected: Prediction | None = None
        for each in sightings:
            exact = [grant.precision_m for grant in self._grants if self._lets(grant, each)]
            sighting = coarse(each, min(exact)) if exact else None
            if sighting is not None:
                found.append(sighting)
            if each is sightings[-1] and exact and prediction is not None:
                expected = coarse(prediction, min(exact))
        return tuple(found), expected

    def times(self) -> Timetable:
        """Return the timetable of an offer: the shortest of the agreements in force."""
        limits = [grant.agreement.terms.answer_within_s for grant in self._grants]
        return timetable(min(limits, default=ANSWER_WITHIN_S))

    def _lets(self, grant: Grant, sighting: Sighting) -> bool:
        return (
            grant.covers(sighting.lon, sighting.lat)
            and (not grant.delay or sighting.at <= self._now - grant.delay)
            and grant.consented(self._owner, "targets", sighting.at, sighting.at)
        )


def hand_off_refusal(sharing: Sharing, made: HandOff, now: datetime) -> str | None:
    """Return why nothing of a hand-off may cross now, for people; None while it may."""
    return sharing.refusal(owner=made.agency, viewer=made.to_agency, data_class="targets", now=now)
