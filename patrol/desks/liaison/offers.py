"""Offers: a target goes to the other bank, by a person's act or as it surely comes across.

An offer that follows from a sighting is one filing with it, so that no node ever has the one
without the other. Where no agreement lets it be offered, the target says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict
from patrol.sectors.liaison_offices import OfferAddressee, Offices
from patrol.sharing.decisions import Sharing
from patrol.sharing.offer_permission import OfferPermission
from patrol.targets.hand_off import HandOff, Why
from patrol.targets.lifecycle import offer, refresh
from patrol.targets.prediction import Landing
from patrol.targets.sightings import Across, Sighting, comes_across
from patrol.targets.target import Target, add_remark
from patrol.units.accounts import User
from patrol.units.units import Agency


class Offers:
    """Filings of offers of targets, and of sightings by one user.

    Args:
        sharing: What may cross between agencies.
        agencies: Those of this node, by id.
        remote_agencies: Agencies of other nodes, by id.
        offices: Border liaison offices that face each other; None without a gazetteer.
        node: This node.
        user: Who tells of sightings.
    """

    def __init__(
        self,
        *,
        sharing: Sharing,
        agencies: Mapping[str, Agency],
        remote_agencies: Mapping[str, Agency],
        offices: Offices | None,
        node: str,
        user: User,
    ) -> None:
        self._sharing, self._agencies, self._remote_agencies = sharing, agencies, remote_agencies
        self._offices, self._node, self._user = offices, node, user

    def knows(self, agency: str) -> bool:
        """Return whether an agency is known here."""
        return agency in self._agencies or agency in self._remote_agencies

    def counterpart(self, target: Target) -> OfferAddressee:
        """Return whom a target would be offered to: by where it will land, or where it is.

        Raises:
            Conflict: If that cannot be told; it says why.
        """
        own = self._agencies.get(target.agency)
        if own is None or self._offices is None:
            raise Conflict("no gazetteer of offices here: name the agency")
        if not target.sightings:
            raise Conflict("nobody has seen the target yet: name the agency")
        last = target.sightings[-1]
        landing: Landing | None = None if target.prediction is None else target.prediction.landing
        where: Sighting | Landing = last if landing is None else landing
        return self._offices.find(
            own,
            {**self._remote_agencies, **self._agencies},
            lon=where.lon,
            lat=where.lat,
            river=where.river,
            km=where.km,
            country=last.country if last.side_sure else None,
        )

    def offer_filing(
        self,
        target: Target,
        *,
        to: str,
        office: str,
        cause: Why = "demand",
        note: str = "",
        now: datetime,
        by: str,
    ) -> Filing:
        """Return the filing of an offer, with what of the target may cross.

        Args:
            target: What is offered.
            to: Agency to offer it to.
            office: Its border liaison office; empty where that is not told.
            why: What for.
            note: Words to go with it.
            now: The present, aware UTC.
            by: Who offers it; empty for the watch itself.

        Raises:
            IllegalStep: If it is not the agency's to offer, or on offer already.
            Conflict: If no agreement lets it be offered; it says why.
        """
        permission = OfferPermission(self._sharing, target.agency, to, now)
        refusal = permission.refusal(lon=target.lon, lat=target.lat)
        if refusal is not None and to != target.agency:
            raise Conflict(refusal)
        fixes, prediction = permission.shared_sightings(target.sightings, target.prediction)
        return offer(
            target,
            to=to,
            node=self._node,
            to_node=self._remote_agencies[to].node if to in self._remote_agencies else "",
            office=office,
            why=cause,
            note=note,
            fixes=fixes,
            prediction=prediction,
            times=permission.times(),
            now=now,
            by=by,
        )

    def sighting_filing(
        self, open_documents: OpenDocuments, before: Target, target: Target, now: datetime
    ) -> Filing:
        """Return the filing of a new sighting, with the offer that follows from it if one does.

        Args:
            open_documents: The open documents.
            before: The target without it.
            target: The target with it.
            now: The present, aware UTC.
        """
        made = open_documents.find(HandOff, target.hand_off) if target.hand_off else None
        if made is not None and made.is_open and made.target == target.id:
            permission = OfferPermission(self._sharing, made.agency, made.to_agency, now)
            disclosed = permission.shared_sightings(target.sightings, target.prediction)
            renewed = refresh(made, target, *disclosed, now=now, by=self._user.name)
            return self._sighting_only(target, renewed)
        line = self._crossed_line(before, target) if target.state == "followed" else None
        if line is None:
            return self._sighting_only(target)
        try:
            return self._sighting_and_offer(target, line, now)
        except Conflict as why_not:
            text = f"It crossed the {line}, and no offer went: {why_not}"
            remarks = add_remark(target, text, now=now).remarks
            noted = msgspec.structs.replace(target, remarks=remarks)
            return self._sighting_only(noted, reason=text)

    # -- inside

    def _crossed_line(self, before: Target, target: Target) -> Across | None:
        if target.sightings[:-1] != before.sightings:
            return None  # a late one, put in among the others
        agency = self._agencies.get(target.agency)
        return comes_across(target.sightings, None if agency is None else agency.country)

    def _sighting_and_offer(self, target: Target, line: Across, now: datetime) -> Filing:
        found = self.counterpart(target)
        filing = self.offer_filing(
            target, to=found.agency, office=found.office.id, cause=line, now=now, by=""
        )
        # Sighting and offer are one version of the target.
        both = msgspec.structs.replace(
            filing.documents[0], version=target.version, by=self._user.name
        )
        return msgspec.structs.replace(
            filing,
            documents=(both, *filing.documents[1:]),
            act="sight and offer target",
            actor=self._user.name,
        )

    def _sighting_only(self, *made: Document, reason: str = "") -> Filing:
        return Filing(
            documents=made,
            act="sight target",
            actor=self._user.name,
            agency=self._user.agency,
            reason=reason,
        )
