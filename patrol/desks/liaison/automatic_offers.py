"""AutomaticOffers: a target that surely comes across is offered there, with the sighting.

Both are one filing, so that no node ever has the one without the other. Where no agreement lets it
be offered, the target says why.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from patrol.documents.document import Document
from patrol.documents.open_documents import Book
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict
from patrol.sectors.liaison_offices import Counterpart
from patrol.sharing.offer_permission import OfferPermission
from patrol.targets.hand_off import HandOff
from patrol.targets.lifecycle import offered, refreshed
from patrol.targets.prediction import Landing
from patrol.targets.sightings import Across, Sighting, comes_across
from patrol.targets.target import Target, remarked
from patrol.units.accounts import User
from patrol.watch.watch import Watch


class AutomaticOffers:
    """What follows from the sightings of one user.

    Args:
        watch: The node's watch.
        user: Who tells of them.
    """

    def __init__(self, watch: Watch, user: User) -> None:
        self._watch, self._user = watch, user

    def counterpart(self, target: Target) -> Counterpart:
        """Return whom a target would be offered to: by where it will land, or where it is.

        Raises:
            Conflict: If that cannot be told; it says why.
        """
        agencies = self._watch.agencies
        own = agencies.get(target.agency)
        if own is None or self._watch.offices is None:
            raise Conflict("no gazetteer of offices here: name the agency")
        if not target.sightings:
            raise Conflict("nobody has seen the target yet: name the agency")
        last = target.sightings[-1]
        landing: Landing | None = None if target.prediction is None else target.prediction.landing
        where: Sighting | Landing = last if landing is None else landing
        return self._watch.offices.find(
            own,
            agencies,
            lon=where.lon,
            lat=where.lat,
            river=where.river,
            km=where.km,
            country=last.country if last.side_sure else None,
        )

    def after_sighting(self, book: Book, before: Target, target: Target, now: datetime) -> Filing:
        """Return the filing of a new sighting, with the offer that follows from it if one does.

        Args:
            book: The open documents.
            before: The target without it.
            target: The target with it.
            now: The present, aware UTC.
        """
        made = book.find(HandOff, target.hand_off) if target.hand_off else None
        if made is not None and made.is_open and made.target == target.id:
            permission = OfferPermission(self._watch.sharing, made.agency, made.to, now)
            told = permission.told(target.sightings, target.prediction)
            renewed = refreshed(made, target, *told, now=now, by=self._user.name)
            return self._sighted(target, renewed)
        line = self._crossed(before, target) if target.state == "followed" else None
        if line is None:
            return self._sighted(target)
        try:
            return self._offered(target, line, now)
        except Conflict as why_not:
            text = f"It crossed the {line}, and no offer went: {why_not}"
            remarks = remarked(target, text, now=now).remarks
            noted = msgspec.structs.replace(target, remarks=remarks)
            return self._sighted(noted, reason=text)

    # -- inside

    def _crossed(self, before: Target, target: Target) -> Across | None:
        if target.sightings[:-1] != before.sightings:
            return None  # a late one, put in among the others
        agency = self._watch.agencies.get(target.agency)
        return comes_across(target.sightings, None if agency is None else agency.country)

    def _offered(self, target: Target, line: Across, now: datetime) -> Filing:
        found = self.counterpart(target)
        permission = OfferPermission(self._watch.sharing, target.agency, found.agency, now)
        refusal = permission.why_no_offer(lon=target.lon, lat=target.lat)
        if refusal is not None:
            raise Conflict(refusal)
        fixes, prediction = permission.told(target.sightings, target.prediction)
        filing = offered(
            target,
            to=found.agency,
            node=self._watch.node,
            to_node=self._watch.elsewhere.get(found.agency, ""),
            office=found.office.id,
            why=line,
            fixes=fixes,
            prediction=prediction,
            times=permission.times(),
            now=now,
            by="",
        )
        # Sighting and offer are one version of the target.
        both = msgspec.structs.replace(filing.papers[0], version=target.version, by=self._user.name)
        return msgspec.structs.replace(
            filing,
            papers=(both, *filing.papers[1:]),
            act="sight and offer target",
            actor=self._user.name,
        )

    def _sighted(self, *made: Document, reason: str = "") -> Filing:
        return Filing(
            papers=made,
            act="sight target",
            actor=self._user.name,
            agency=self._user.agency,
            reason=reason,
        )
