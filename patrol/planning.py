"""Planning: what is wrong with a patrol's plan, in words: who, when, where.

A list that grows with what is known. Errors keep a plan from being proposed and signed, warnings do
not. Each party judges with what it may see: a counterpart's private plan is never given away, and
is found when that one judges before it signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Final, Literal, TypeAlias

import msgspec
import shapely

from gis.errors import GisError
from gis.fences.area import Area
from patrol.book import Book
from patrol.crossing import DataClass
from patrol.ground import Deep, Ground
from patrol.patrols import Patrol
from patrol.sectors import KEPT_OUT_OF, Sector
from patrol.sharing import Sharing
from patrol.units import Agency, Unit

LEAST_OVERLAP_M2: Final = 100.0
"""Less is how two people draw the same bank."""

FIRM: Final = frozenset({"signed", "ready", "under way"})
"""States in which a unit's time is taken, not only asked for."""

Severity: TypeAlias = Literal["error", "warning"]
WhyNot: TypeAlias = Callable[[str, str, DataClass, datetime], str | None]
"""`(owner, viewer, class, at)`: why nothing of that class passes then; None if it passes."""


class PlanConflict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a plan.

    Attributes:
        code: Short fixed word for programs.
        severity: Whether it keeps the plan from being proposed and signed.
        words: The same for people: who, when, where.
        unit: Unit concerned, by id.
        agency: Agency concerned, by id.
        sector: Sector concerned, by id.
        other: The other patrol or sector, by id.
        starts_at: From when, aware UTC.
        ends_at: Until when, aware UTC.
        lon: Where, degrees east.
        lat: Where, degrees north.
        place: Where, for people.
    """

    code: str
    severity: Severity
    words: str
    unit: str | None = None
    agency: str | None = None
    sector: str | None = None
    other: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    place: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A patrol with what its plan is judged by.

    Attributes:
        patrol: What is judged.
        viewer: Agency that judges: it learns of nothing that it may not see.
        book: All that is open.
        now: When it is judged, aware UTC.
        ground: Rivers and borders.
        units: Registered units by id, in service or not.
        agencies: Those of this node, by id.
        why_not: Says what keeps two agencies apart.
        shows: Whether a sector may be shown to the viewer.
    """

    patrol: Patrol
    viewer: str
    book: Book
    now: datetime
    ground: Ground
    units: Mapping[str, Unit]
    agencies: Mapping[str, Agency]
    why_not: WhyNot
    shows: Callable[[Sector], bool]


def conflicts(plan: Plan) -> tuple[PlanConflict, ...]:
    """Return everything that is wrong with a plan, errors first."""
    found = list(chain.from_iterable(judge(plan) for judge in JUDGES))
    return tuple(sorted(found, key=lambda each: each.severity))


def errors(plan: Plan) -> tuple[PlanConflict, ...]:
    """Return what keeps a plan from being proposed and signed."""
    return tuple(each for each in conflicts(plan) if each.severity == "error")


def why_not_of(sharing: Sharing | None) -> WhyNot:
    """Return what asks the agreements; without any, nothing passes.

    >>> why_not_of(None)("la-hx", "th-ck", "patrols", datetime.max)
    'no agreement names patrols'
    """

    def asked(owner: str, viewer: str, data_class: DataClass, at: datetime) -> str | None:
        if owner == viewer:
            return None
        if sharing is None:
            return f"no agreement names {data_class}"
        return sharing.why_not(owner=owner, viewer=viewer, data_class=data_class, now=at)

    return asked


def parted(sharing: Sharing, agencies: Sequence[str], at: datetime) -> str | None:
    """Return why some of these agencies are not joined at a moment; None if all are.

    Those that never agreed on anything are not parted: they could not plan together either.
    """
    for n, one in enumerate(agencies):
        for other in agencies[n + 1 :]:
            if not sharing.joined(one, other, at):
                why = sharing.why_not(owner=one, viewer=other, data_class="patrols", now=at)
                return why or f"no agreement joins {one} and {other} any more"
    return None


# -- what is looked for


def _windows(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    window = {"starts_at": patrol.starts_at, "ends_at": patrol.ends_at}
    if patrol.ends_at <= patrol.starts_at:
        yield _error("window", "it would end before it begins", **window)
    elif patrol.ends_at <= plan.now:
        yield _error("past", f"its window was over at {_time(patrol.ends_at)}", **window)
    elif patrol.starts_at < plan.now:
        words = f"its window has begun at {_time(patrol.starts_at)} already"
        yield _warning("past", words, **window)
    for leg in patrol.legs:
        when = {"starts_at": leg.starts_at, "ends_at": leg.ends_at}
        if not patrol.starts_at <= leg.starts_at < leg.ends_at <= patrol.ends_at:
            words = f"leg {leg.name}, {_span(leg.starts_at, leg.ends_at)}, is outside the window"
            yield _error("leg_window", words, **when)
    for meeting in patrol.rendezvous:
        if not patrol.starts_at <= meeting.at <= patrol.ends_at:
            words = f"rendezvous {meeting.name} at {_time(meeting.at)} is outside the window"
            yield _error("rendezvous_window", words, starts_at=meeting.at, ends_at=meeting.at,
                         **_at(plan, meeting.lon, meeting.lat))  # fmt: skip


def _parties(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    for agency in patrol.agencies:
        if plan.agencies and agency not in plan.agencies:
            yield _error("unknown_agency", f"there is no agency {agency} here", agency=agency)
    for lead in dict.fromkeys((patrol.lead, *(leg.lead for leg in patrol.legs))):
        if lead is not None and lead not in patrol.agencies:
            words = f"{lead}, which is to lead, is no party to the patrol"
            yield _error("no_party", words, agency=lead)
    for owner in patrol.agencies:
        if not any(member.agency == owner for member in patrol.members):
            yield _warning("no_member", f"no unit of {owner} takes part", agency=owner)
    for one, other, why in _apart(plan.why_not, patrol.agencies, patrol.starts_at):
        words = f"{one} and {other} cannot plan it together: {why}"
        yield _error("no_agreement", words, agency=other,
                     starts_at=patrol.starts_at, ends_at=patrol.ends_at)  # fmt: skip


def _members(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    if not patrol.members:
        yield _error("no_unit", "no unit takes part")
    for member in patrol.members:
        unit = plan.units.get(member.unit)
        if member.agency not in patrol.agencies:
            words = f"{_name(plan, member.unit)} is of {member.agency}, which is no party"
            yield _error("no_party", words, unit=member.unit, agency=member.agency)
        if not _tells(plan, member.agency, "patrols"):
            continue  # which units it has is not for the viewer
        if unit is None or unit.agency != member.agency:
            words = f"{member.agency} has no unit {member.unit}"
            yield _error("unknown_unit", words, unit=member.unit, agency=member.agency)
        elif unit.retired_at is not None:
            words = f"{_name(plan, unit.id)} is out of service since {_time(unit.retired_at)}"
            yield _error("out_of_service", words, unit=unit.id, agency=unit.agency,
                         starts_at=unit.retired_at)  # fmt: skip
    for meeting in patrol.rendezvous:
        for id in meeting.units:
            if id not in patrol.units:
                words = f"{_name(plan, id)} is to be at rendezvous {meeting.name} but is no member"
                yield _error("rendezvous_unit", words, unit=id)


def _two_patrols(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    for other in plan.book.all(Patrol):
        if other.id == patrol.id or plan.viewer not in other.parties:
            continue
        start, end = max(patrol.starts_at, other.starts_at), min(patrol.ends_at, other.ends_at)
        if start >= end:
            continue
        held = other.held_by(plan.viewer)
        for id in patrol.units:
            if held is not None and id in held.units:
                words = (
                    f"{_name(plan, id)} is in patrol {other.name}, which is {other.state}, "
                    f"{_span(start, end)}"
                )
                make = _error if other.state in FIRM else _warning
                yield make("two_patrols", words, unit=id, other=other.id,
                           starts_at=start, ends_at=end)  # fmt: skip


def _sectors(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    for id in patrol.all_sectors:
        sector = plan.book.find(Sector, id)
        if sector is None or not (plan.shows(sector) or _tells(plan, sector.agency, "patrols")):
            yield _error("unknown_sector", f"there is no sector {id} in use", sector=id)
            continue
        if not plan.shows(sector):
            words = f"a sector of {sector.agency} is not shared with {plan.viewer}"
            yield _error("unseen_sector", words, sector=id, agency=sector.agency)
            continue
        if sector.agency not in patrol.agencies:
            words = f"sector {sector.name} is of {sector.agency}, which is no party"
            yield _error("no_party", words, sector=id, agency=sector.agency)
        if sector.use in KEPT_OUT_OF:
            words = f"sector {sector.name} is {sector.use.replace('_', '-')}: nobody patrols there"
            yield _error("no_go", words, sector=id, agency=sector.agency)
        try:
            countries = plan.ground.countries(sector)
        except GisError as fault:
            yield _error("bad_sector", f"sector {sector.name}: {fault}", sector=id)
            continue
        yield from _over_border(plan, sector, countries)
        yield from _into_no_go(plan, sector)


def _over_border(
    plan: Plan, sector: Sector, countries: Mapping[str, Deep]
) -> Iterator[PlanConflict]:
    """A party may go only where it is at home, or where a party at home there agrees."""
    patrol = plan.patrol
    for country, deep in countries.items():
        there = [each for each in patrol.agencies if _country(plan, each) == country]
        for agency in patrol.agencies:
            home = _country(plan, agency)
            if home is None or home == country:
                continue
            why = f"no agency of {country} is a party to the patrol"
            for host in there:
                reason = plan.why_not(host, agency, "patrols", patrol.starts_at)
                if reason is None:
                    break
                why = reason
            else:
                place = _at(plan, deep.lon, deep.lat)
                words = (
                    f"sector {sector.name} reaches {deep.border_m:,.0f} m into {country} at "
                    f"{place['place']}, where {agency} may not go then: {why}"
                )
                yield _error("over_border", words, sector=sector.id, agency=agency,
                             starts_at=patrol.starts_at, ends_at=patrol.ends_at,
                             **place)  # fmt: skip


def _into_no_go(plan: Plan, sector: Sector) -> Iterator[PlanConflict]:
    area = plan.ground.area(sector)
    for other in plan.book.all(Sector):
        if other.use not in KEPT_OUT_OF or other.id == sector.id or not plan.shows(other):
            continue
        try:
            shared = _overlap(area, plan.ground.area(other))
        except GisError:
            continue  # it was judged when it was drawn: this site's rivers have changed since
        if shared is None:
            continue
        lon, lat = shared
        place = _at(plan, lon, lat)
        own = other.agency == sector.agency
        words = (
            f"sector {sector.name} overlaps {other.use.replace('_', '-')} {other.name} of "
            f"{other.agency} at {place['place']}"
        )
        make = _warning if own else _error
        yield make("no_go", words, sector=sector.id, other=other.id, agency=other.agency,
                   **place)  # fmt: skip


JUDGES: Final[tuple[Callable[[Plan], Iterable[PlanConflict]], ...]] = (
    _windows,
    _parties,
    _members,
    _two_patrols,
    _sectors,
)
"""In the order in which a plan is read."""


# -- inside


def _apart(
    why_not: WhyNot, agencies: Sequence[str], at: datetime
) -> Iterator[tuple[str, str, str]]:
    """Yield each pair of agencies that no agreement joins at a moment, and why."""
    for n, one in enumerate(agencies):
        for other in agencies[n + 1 :]:
            for owner, viewer in ((one, other), (other, one)):
                why = why_not(owner, viewer, "patrols", at)
                if why is not None:
                    yield one, other, why
                    break


def _overlap(one: Area, other: Area) -> tuple[float, float] | None:
    """Return (lon, lat) in the middle of what two areas have in common; None for nothing."""
    ours, theirs = one.geometry, other.geometry
    if not shapely.intersects(ours, theirs):
        return None
    common = shapely.intersection(ours, theirs)
    if common.area * one.plane.lon_m * one.plane.lat_m < LEAST_OVERLAP_M2:
        return None
    middle = shapely.point_on_surface(common)
    return float(middle.x), float(middle.y)


def _country(plan: Plan, agency: str) -> str | None:
    known = plan.agencies.get(agency)
    return None if known is None else known.country


def _tells(plan: Plan, agency: str, data_class: DataClass) -> bool:
    """Return whether an agency lets the viewer know of its records of a class now."""
    return agency == plan.viewer or plan.why_not(agency, plan.viewer, data_class, plan.now) is None


def _name(plan: Plan, unit: str) -> str:
    """Return a unit's call sign; its id where the viewer may not know that."""
    known = plan.units.get(unit)
    if known is None or not _tells(plan, known.agency, "positions"):
        return unit
    return known.call_sign


def _at(plan: Plan, lon: float, lat: float) -> dict[str, object]:
    return {"lon": lon, "lat": lat, "place": plan.ground.words(lon=lon, lat=lat)}


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _span(start: datetime, end: datetime) -> str:
    return f"from {_time(start)} to {_time(end)}"


def _error(code: str, words: str, **facts: object) -> PlanConflict:
    return PlanConflict(code=code, severity="error", words=words, **facts)  # type: ignore[arg-type]


def _warning(code: str, words: str, **facts: object) -> PlanConflict:
    return PlanConflict(code=code, severity="warning", words=words, **facts)  # type: ignore[arg-type]
