"""Planning: what is wrong with a patrol's plan, in words: who, when, where.

A list that grows with what is known. Errors keep a plan from being proposed and signed, warnings do
not. Each party judges with what it may see: a counterpart's private plan is never given away, and
is found when that one judges before it signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Final

from gis.errors.errors import GisError
from patrol.patrols.conflicts import agreed_windows, meetings, same_ground, two_patrols
from patrol.patrols.plan import (
    Plan,
    PlanConflict,
    RefusalLookup,
    country_of,
    error,
    name_of,
    span_words,
    tells,
    time_words,
    warning,
    where,
)
from patrol.sectors.overlaps import no_go_areas, overlaps
from patrol.sectors.sector import KEPT_OUT_OF, Sector
from patrol.sectors.site_geography import DeepestPoint
from patrol.sharing.decisions import Sharing
from patrol.units.data_classes import DataClass


def conflicts(plan: Plan) -> tuple[PlanConflict, ...]:
    """Return everything that is wrong with a plan, errors first."""
    found = list(chain.from_iterable(judge(plan) for judge in JUDGES))
    return tuple(sorted(found, key=lambda each: each.severity))


def refusal_lookup(sharing: Sharing | None) -> RefusalLookup:
    """Return what asks the agreements; without any, nothing passes.

    >>> refusal_lookup(None)("la-hx", "th-ck", "patrols", datetime.max)
    'no agreement names patrols'
    """

    def refusal(owner: str, viewer: str, data_class: DataClass, at: datetime) -> str | None:
        if owner == viewer:
            return None
        if sharing is None:
            return f"no agreement names {data_class}"
        return sharing.refusal(owner=owner, viewer=viewer, data_class=data_class, now=at)

    return refusal


def parted(sharing: Sharing, agencies: Sequence[str], at: datetime) -> str | None:
    """Return why some of these agencies are not joined at a moment; None if all are.

    Those that never agreed on anything are not parted: they could not plan together either. Where
    there is a third one, which may not know what two others agreed on, that is all that is said.
    """
    for n, one in enumerate(agencies):
        for other in agencies[n + 1 :]:
            if not sharing.joined(one, other, at):
                if len(agencies) > 2:
                    return "not all of its agencies are joined by an agreement at present"
                why = sharing.refusal(owner=one, viewer=other, data_class="patrols", now=at)
                return why or f"no agreement joins {one} and {other} any more"
    return None


# -- what is looked for


def _windows(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    window = {"starts_at": patrol.starts_at, "ends_at": patrol.ends_at}
    if patrol.ends_at <= patrol.starts_at:
        yield error("window", "it would end before it begins", **window)
    elif patrol.ends_at <= plan.now:
        yield error("past", f"its window was over at {time_words(patrol.ends_at)}", **window)
    elif patrol.starts_at < plan.now:
        words = f"its window has begun at {time_words(patrol.starts_at)} already"
        yield warning("past", words, **window)
    for leg in patrol.legs:
        when = {"starts_at": leg.starts_at, "ends_at": leg.ends_at}
        if not patrol.starts_at <= leg.starts_at < leg.ends_at <= patrol.ends_at:
            words = (
                f"leg {leg.name}, {span_words(leg.starts_at, leg.ends_at)}, is outside the window"
            )
            yield error("leg_window", words, name=leg.name, **when)
    for meeting in patrol.rendezvous:
        if not patrol.starts_at <= meeting.at <= patrol.ends_at:
            clock = time_words(meeting.at)
            words = f"rendezvous {meeting.name} at {clock} is outside the window"
            yield error("rendezvous_window", words, name=meeting.name, starts_at=meeting.at,
                        ends_at=meeting.at, **where(plan, meeting.lon, meeting.lat))  # fmt: skip


def _parties(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    for agency in patrol.agencies:
        if plan.agencies and agency not in plan.agencies:
            yield error("unknown_agency", f"there is no agency {agency} here", agency=agency)
    for lead in dict.fromkeys((patrol.lead, *(leg.lead for leg in patrol.legs))):
        if lead is not None and lead not in patrol.agencies:
            words = f"{lead}, which is to lead, is no party to the patrol"
            yield error("no_party", words, agency=lead)
    for owner in patrol.agencies:
        if not any(member.agency == owner for member in patrol.members):
            yield warning("no_member", f"no unit of {owner} takes part", agency=owner)
    for one, other in plan.pairs():
        why = plan.refusal(one, other, "patrols", patrol.starts_at) or plan.refusal(
            other, one, "patrols", patrol.starts_at
        )
        if why is not None:
            words = f"{one} and {other} cannot plan it together: {why}"
            yield error("no_agreement", words, agency=one if other == plan.viewer else other,
                        starts_at=patrol.starts_at, ends_at=patrol.ends_at)  # fmt: skip


def _members(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    if not patrol.members:
        yield error("no_unit", "no unit takes part")
    for member in patrol.members:
        unit = plan.units.get(member.unit)
        if member.agency not in patrol.agencies:
            words = f"{name_of(plan, member.unit)} is of {member.agency}, which is no party"
            yield error("no_party", words, unit=member.unit, agency=member.agency)
        if not tells(plan, member.agency, "patrols"):
            continue  # which units it has is not for the viewer
        if unit is None or unit.agency != member.agency:
            words = f"{member.agency} has no unit {member.unit}"
            yield error("unknown_unit", words, unit=member.unit, agency=member.agency)
        elif unit.retired_at is not None:
            words = (
                f"{name_of(plan, unit.id)} is out of service since {time_words(unit.retired_at)}"
            )
            yield error("out_of_service", words, unit=unit.id, agency=unit.agency,
                         starts_at=unit.retired_at)  # fmt: skip
    for meeting in patrol.rendezvous:
        for id in meeting.units:
            if id not in patrol.units:
                words = (
                    f"{name_of(plan, id)} is to be at rendezvous {meeting.name} but is no member"
                )
                yield error("rendezvous_unit", words, name=meeting.name, unit=id)


def _sectors(plan: Plan) -> Iterator[PlanConflict]:
    patrol = plan.patrol
    for id in patrol.all_sectors:
        sector = plan.open_documents.find(Sector, id)
        if sector is None or not (plan.shows(sector) or tells(plan, sector.agency, "patrols")):
            yield error("unknown_sector", f"there is no sector {id} in use", sector=id)
            continue
        if not plan.shows(sector):
            words = f"a sector of {sector.agency} is not shared with {plan.viewer}"
            yield error("unseen_sector", words, sector=id, agency=sector.agency)
            continue
        yield from _hidden(plan, sector)
        if sector.agency not in patrol.agencies:
            words = f"sector {sector.name} is of {sector.agency}, which is no party"
            yield error("no_party", words, sector=id, agency=sector.agency)
        if sector.use in KEPT_OUT_OF:
            words = f"sector {sector.name} is {sector.use.replace('_', '-')}: nobody patrols there"
            yield error("no_go", words, sector=id, agency=sector.agency)
        try:
            countries = plan.ground.countries(sector)
        except GisError as fault:
            yield error("bad_sector", f"sector {sector.name}: {fault}", sector=id)
            continue
        yield from _over_border(plan, sector, countries)
        yield from _into_no_go(plan, sector)


def _hidden(plan: Plan, sector: Sector) -> Iterator[PlanConflict]:
    """Whom the viewer's own sector is kept from cannot sign, and may not know why."""
    if sector.agency != plan.viewer:
        return
    for other in plan.patrol.agencies:
        if other == plan.viewer or plan.is_visible_to(sector, other):
            continue
        if plan.refusal(plan.viewer, other, "patrols", plan.now) is None:  # else that is said
            words = f"sector {sector.name} is not shared with {other}, which cannot sign with it"
            yield warning("hidden_sector", words, sector=sector.id, agency=other)


def _over_border(
    plan: Plan, sector: Sector, countries: Mapping[str, DeepestPoint]
) -> Iterator[PlanConflict]:
    """A party may go only where it is at home, or where a party at home there agrees.

    Of what hangs on others' agreements alone the viewer is told nothing: they judge it themselves.
    """
    patrol = plan.patrol
    for country, deep in countries.items():
        there = [each for each in patrol.agencies if country_of(plan, each) == country]
        for agency in patrol.agencies:
            home = country_of(plan, agency)
            if home is None or home == country:
                continue
            if agency != plan.viewer and there not in ([], [plan.viewer]):
                continue
            why = f"no agency of {country} is a party to the patrol"
            for host in there:
                reason = plan.refusal(host, agency, "patrols", patrol.starts_at)
                if reason is None:
                    break
                why = reason
            else:
                place = where(plan, deep.lon, deep.lat)
                words = (
                    f"sector {sector.name} reaches {deep.border_m:,.0f} m into {country} at "
                    f"{place['place']}, where {agency} may not go then: {why}"
                )
                yield error("over_border", words, sector=sector.id, agency=agency,
                             starts_at=patrol.starts_at, ends_at=patrol.ends_at,
                             **place)  # fmt: skip


def _into_no_go(plan: Plan, sector: Sector) -> Iterator[PlanConflict]:
    others = no_go_areas(plan.open_documents.all(Sector), shows=plan.shows, but=sector.id)
    for found in overlaps(plan.ground.area(sector), others, plan.ground):
        make = warning if found.agency == sector.agency else error
        yield make("no_go", f"sector {sector.name} {found.message}", sector=sector.id,
                   other=found.sector, agency=found.agency, lon=found.lon, lat=found.lat,
                   place=found.place)  # fmt: skip


JUDGES: Final[tuple[Callable[[Plan], Iterable[PlanConflict]], ...]] = (
    _windows,
    _parties,
    _members,
    two_patrols,
    _sectors,
    same_ground,
    agreed_windows,
    meetings,
)
"""In the order in which a plan is read."""
