"""Sharing: what of one agency's records may cross to another. Deny by default.

A pure function of the open documents, the clock and the record. What no agreement in force names
does not cross; the agreements are looked at anew with every question, so that an answer is never
older than the last commit.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
import shapely

from gis.errors.errors import GisError
from patrol.agreements.agreement import Agreement
from patrol.agreements.time_intervals import Stretch, joined, within
from patrol.documents.document import Document
from patrol.documents.open_documents import OpenDocuments
from patrol.filing.disclosure_log import DisclosureLog
from patrol.patrols.patrol import Patrol
from patrol.sectors.sector import Sector
from patrol.sectors.site_geography import Ground
from patrol.sharing.consent_leases import ConsentLeases, LeaseHealth, lease_health
from patrol.sharing.reasons import ending, refusal
from patrol.sharing.terms import FOREVER, Grant, Outings
from patrol.units.data_classes import DATA_CLASSES, LIFELINES, DataClass


class OpenClass(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"closed_reason": "why_not"},
):
    """Whether one class of one agency's records crosses to another at present.

    Attributes:
        owner: Whose records.
        viewer: To whom.
        data_class: Of which class.
        open: Whether it crosses.
        closed_reason: Why it does not, for people.
    """

    owner: str
    viewer: str
    data_class: DataClass
    open: bool
    closed_reason: str | None = None


class _Outing(msgspec.Struct, frozen=True):
    """When whose units took part in a joint patrol."""

    agencies: frozenset[str]
    units: frozenset[tuple[str, str]]  # (owner, unit)
    start: datetime
    end: datetime


class Sharing:
    """What may cross between agencies.

    Args:
        open_documents: The open documents: agreements and patrols.
        disclosures: Counts what agencies are shown of each other, for the journal.
        ground: Rivers of this site, along which sectors are drawn; None without any.

    Attributes:
        disclosures: As given.
        is_remote: Returns whether an agency is of another node: that has held back already what is
            to be told late.
    """

    def __init__(
        self,
        open_documents: OpenDocuments,
        disclosures: DisclosureLog | None = None,
        ground: Ground | None = None,
    ) -> None:
        self._open_documents = open_documents
        self.disclosures = disclosures or DisclosureLog()
        self.is_remote: Callable[[str], bool] = lambda _agency: False
        self._ground = ground or Ground()
        self._leases: ConsentLeases | None = None
        self._grants: dict[str, Grant] = {}
        self._past_outings: dict[str, _Outing] = {}
        self._ended: dict[str, Agreement] = {}
        self._out: dict[str, tuple[Patrol, _Outing | None]] = {}

    @property
    def leases(self) -> ConsentLeases | None:
        """Until when live data of agencies of other nodes may be shown; None: for ever."""
        return self._leases

    @leases.setter
    def leases(self, leases: ConsentLeases) -> None:
        self._leases = leases
        self._grants.clear()

    def note(self, documents: Iterable[Document]) -> None:
        """Remember what is over and in no book: joint patrols, whose tracks may still cross, and
        agreements, so that people are told why nothing crosses any more.
        """
        for document in documents:
            if (
                isinstance(document, Agreement)
                and document.is_closed
                and document.proposed_at is not None
            ):
                self._ended[document.id] = document
            if isinstance(document, Patrol):
                self._out.pop(document.id, None)
                outing = _outing(document) if document.state == "ended" else None
                if outing is None:
                    self._past_outings.pop(document.id, None)
                else:
                    self._past_outings[document.id] = outing

    def outline(self, sector: Sector) -> shapely.Geometry | None:
        """Return the area of a sector in degrees; None where this site cannot tell."""
        try:
            return self._ground.area(sector).geometry
        except GisError:
            return None

    def hold(self, id: str, also: Iterable[DataClass] = ()) -> None:
        """Let nothing cross under an agreement until its next version: a party wants it suspended
        and the store refuses to keep that.

        Args:
            id: The agreement's id.
            also: Lifelines that are withheld too.
        """
        agreement = self._open_documents.find(Agreement, id)
        if agreement is not None:
            grant = self._grant(agreement)
            grant.is_held, grant.held_classes = True, frozenset(also)

    # -- questions about one record

    def classes(
        self,
        *,
        owner: str,
        viewer: str,
        now: datetime,
        at: datetime | None = None,
        lon: float | None = None,
        lat: float | None = None,
        unit: str | None = None,
    ) -> frozenset[DataClass]:
        """Return the data classes as which a record may cross; none: it may not.

        Args:
            owner: Whose it is.
            viewer: Who would see it.
            now: The present, aware UTC.
            at: Its own time, aware UTC; None for the present.
            lon: Where, degrees east; None where it has no place, or nobody knows: then it is in no
                corridor.
            lat: Where, degrees north.
            unit: Unit that it is about; None for none.
        """
        return frozenset(
            data_class
            for data_class in DATA_CLASSES
            if self.grants(
                data_class,
                owner=owner,
                viewer=viewer,
                now=now,
                at=at,
                lon=lon,
                lat=lat,
                unit=unit,
            )
        )

    def grants(
        self,
        data_class: DataClass,
        *,
        owner: str,
        viewer: str,
        now: datetime,
        at: datetime | None = None,
        lon: float | None = None,
        lat: float | None = None,
        unit: str | None = None,
        lies_in: Callable[[Grant], bool] | None = None,
    ) -> list[Grant]:
        """Return the agreements under which a record may cross, the most exact first.

        Arguments as `classes`; `lies_in` as `Grant.passes`.
        """
        found = [
            grant
            for grant in self.grants_between(owner, viewer)
            if grant.passes(
                data_class,
                owner=owner,
                viewer=viewer,
                now=now,
                at=now if at is None else at,
                lon=lon,
                lat=lat,
                unit=unit,
                outings=self.outings(owner, viewer),
                lies_in=lies_in,
            )
        ]
        if len(found) > 1:
            found.sort(key=lambda grant: grant.precision_m)
        return found

    def refusal(
        self,
        *,
        owner: str,
        viewer: str,
        data_class: DataClass,
        now: datetime,
        between: Sequence[Grant] | None = None,
    ) -> str | None:
        """Return why nothing of a class crosses at present, for people; None when it may.

        Places are not looked at: what is open may still be outside the corridor.

        Args:
            owner: Whose records.
            viewer: Who would see them.
            data_class: Of which class.
            now: The present, aware UTC.
            between: The agreements between the two, where the caller has them.
        """
        if owner == viewer:
            return None
        between = self.grants_between(owner, viewer) if between is None else between
        outings = self.outings(owner, viewer)
        reasons = [
            refusal(each, data_class, now, outings, owner=owner)
            for each in between
            if data_class in each.classes
        ]
        if None in reasons:
            return None
        found = [each for each in reasons if each is not None]
        found += [
            ending(each)
            for each in self._ended.values()
            if _joins(each, owner, viewer) and data_class in each.terms.classes and not found
        ][-1:]
        return "; ".join(found) or f"no agreement between {owner} and {viewer} names {data_class}"

    def joined(self, one: str, other: str, now: datetime) -> bool:
        """Return whether parties to a document may see each other's part of it.

        They may not once there is an agreement between them and none is in force.
        """
        grants = self.grants_between(one, other)
        if any(grant.in_force(now) for grant in grants):
            return True
        return not grants and not any(_joins(each, one, other) for each in self._ended.values())

    def consented(self, owner: str, viewer: str, data_class: DataClass, at: datetime) -> bool:
        """Return whether what a party did at a time is of a stretch that it consented to; always
        where there is no agreement between the two.
        """
        grants = self.grants_between(owner, viewer)
        if not grants:
            return not any(_joins(each, owner, viewer) for each in self._ended.values())
        return any(
            start <= at < end for grant in grants for start, end in grant.windows(owner, data_class)
        )

    def first_consent(self, owner: str, viewer: str, data_class: DataClass) -> datetime | None:
        """Return when a party first consented to a class; None where it never did."""
        starts = [
            start
            for grant in self.grants_between(owner, viewer)
            for start, _ in grant.windows(owner, data_class)
        ]
        return min(starts, default=None)

    def grants_between(self, owner: str, viewer: str) -> list[Grant]:
        """Return the agreements between two agencies, in force or not; none of an agency with
        itself.
        """
        if owner == viewer:
            return []
        return [
            self._grant(each)
            for each in self._open_documents.all(Agreement)
            # Of a draft nobody else may even learn.
            if each.proposed_at is not None and owner in each.agencies and viewer in each.agencies
        ]

    # -- questions about stretches of time

    def open_grants(self, owner: str, viewer: str, now: datetime) -> list[Grant]:
        """Return the agreements between two agencies that are in force, the most exact first."""
        found = [each for each in self.grants_between(owner, viewer) if each.in_force(now)]
        return sorted(found, key=lambda grant: grant.precision_m)

    def stretches(
        self, grant: Grant, *, owner: str, viewer: str, unit: str, start: datetime, end: datetime,
        now: datetime,
    ) -> list[Stretch]:  # fmt: skip
        """Return when the tracks of a unit may cross under one agreement, place aside."""
        return grant.stretches(
            "tracks",
            owner=owner,
            viewer=viewer,
            unit=unit,
            start=start,
            end=end,
            now=now,
            outings=self.outings(owner, viewer),
        )

    def parties(self) -> set[str]:
        """Return the agencies that have an agreement, in force or not."""
        return {agency for each in self._open_documents.all(Agreement) for agency in each.agencies}

    def tracks_open(self, owner: str, viewer: str, *, unit: str, now: datetime) -> bool:
        """Return whether positions of the past of a unit may cross, of some time and place."""
        return any(
            grant.windows(owner, "tracks")
            and ((lease := grant.lease(owner)) is None or now < lease.hidden_from)
            and (not grant.agreement.terms.only_joint_patrols or self.outings(owner, viewer)(unit))
            for grant in self.open_grants(owner, viewer, now)
        )

    def longest_delay(self, now: datetime) -> timedelta:
        """Return the longest delay of all agreements in force."""
        grants = [self._grant(each) for each in self._open_documents.all(Agreement)]
        return max([each.delay for each in grants if each.in_force(now)], default=timedelta())

    def owners(self, viewer: str, now: datetime) -> frozenset[str]:
        """Return the agencies of whom something may cross to `viewer` at present."""
        return frozenset(
            owner
            for agreement in self._open_documents.all(Agreement)
            if viewer in agreement.agencies and self._grant(agreement).in_force(now)
            for owner in agreement.agencies
            if owner != viewer
        )

    def state_of(self, viewer: str, now: datetime) -> Hashable:
        """Return what decides what may pass to `viewer`, records aside: as long as it is the same,
        what passed passes still.
        """
        found: list[Hashable] = []
        for agreement in self._open_documents.all(Agreement):
            grant = self._grant(agreement)
            lifelines = [
                each for each in sorted(LIFELINES & grant.classes) if grant.lets(each, now)
            ]
            if viewer not in agreement.agencies or not (grant.in_force(now) or lifelines):
                continue
            terms = agreement.terms
            out: Hashable = ()
            if terms.only_joint_patrols:
                out = tuple(
                    (each.agencies, each.units)
                    for each in self._all_outings()
                    if viewer in each.agencies and each.start <= now < each.end
                )
            is_within = within(terms.hours, now)
            hour = None if terms.keep_days is None else int(now.timestamp()) // 3600
            leases = tuple(
                lease.state(now)
                for owner in agreement.agencies
                if (lease := grant.lease(owner)) is not None
            )
            found.append(
                (agreement.id, agreement.version, is_within, hour, out, leases, *lifelines)
            )
        return tuple(found)

    def overview(self, viewer: str, now: datetime) -> list[OpenClass]:
        """Return for every party that `viewer` has an agreement with what crosses, both ways."""
        others = {
            agency
            for agreement in self._open_documents.all(Agreement)
            if viewer in agreement.parties
            for agency in agreement.parties
        } - {viewer}
        found: list[OpenClass] = []
        for other in sorted(others):
            for owner, to in ((other, viewer), (viewer, other)):
                for data_class in DATA_CLASSES:
                    why = self.refusal(owner=owner, viewer=to, data_class=data_class, now=now)
                    found.append(
                        OpenClass(
                            owner=owner,
                            viewer=to,
                            data_class=data_class,
                            open=why is None,
                            closed_reason=why,
                        )
                    )
        return found

    def lease_healths(self, viewer: str, now: datetime) -> list[LeaseHealth]:
        """Return for every party on another node, of each agreement of `viewer` that stands, until
        when its live data are shown.
        """
        return [
            lease_health(agreement, owner, lease, now)
            for agreement in self._open_documents.all(Agreement)
            if viewer in agreement.parties and agreement.state in ("active", "suspended")
            for owner in agreement.agencies
            if (lease := self._grant(agreement).lease(owner)) is not None
        ]

    # -- inside

    def _grant(self, agreement: Agreement) -> Grant:
        """Return the agreement ready to be asked; made once for each version."""
        known = self._grants.get(agreement.id)
        if known is None or known.agreement is not agreement:
            known = self._grants[agreement.id] = Grant(agreement, self._leases)
        return known

    def outings(self, owner: str, viewer: str) -> Outings:
        """Return when units of `owner` took part in joint patrols with `viewer`."""

        def outings(unit: str | None) -> Sequence[Stretch]:
            return joined(
                (each.start, each.end)
                for each in self._all_outings()
                if owner in each.agencies
                and viewer in each.agencies
                and (unit is None or (owner, unit) in each.units)
            )

        return outings

    def _all_outings(self) -> Iterable[_Outing]:
        yield from self._past_outings.values()
        for patrol in self._open_documents.all(Patrol):
            if patrol.state == "under way" and not patrol.suspended:
                known = self._out.get(patrol.id)
                if known is None or known[0] is not patrol:
                    known = self._out[patrol.id] = (patrol, _outing(patrol))
                if known[1] is not None:
                    yield known[1]


def _outing(patrol: Patrol) -> _Outing | None:
    """Return when whose units took part; None unless it is joint and was begun."""
    if not patrol.is_joint or patrol.started_at is None or patrol.unsigned:
        return None
    return _Outing(
        frozenset(patrol.agencies),
        frozenset((member.agency, member.unit) for member in patrol.members),
        patrol.started_at,
        patrol.ended_at or FOREVER,
    )


def _joins(agreement: Agreement, one: str, other: str) -> bool:
    return one != other and one in agreement.agencies and other in agreement.agencies
