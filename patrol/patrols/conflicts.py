"""Conflicts of a plan with other plans, with rest times and with agreed times.

Judges of `patrol.watch.check_plan`. Like the others, they tell each party only of what it may see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import shapely

from gis.errors.errors import GisError
from gis.fences.area import Area
from patrol.agreements.agreement import Agreement
from patrol.patrols.patrol import Patrol
from patrol.patrols.plan import (
    FIRM,
    Plan,
    PlanConflict,
    error,
    name_of,
    span_words,
    time_words,
    warning,
    where,
)
from patrol.sectors.overlaps import no_go_areas, overlap
from patrol.sectors.sector import Sector

LEAST_REST: Final = timedelta(hours=8)
"""A crew that comes home and goes out again sooner has not slept."""


def two_patrols(plan: Plan) -> Iterator[PlanConflict]:
    """Yield every unit that is in another patrol then, or whose crew would not rest between."""
    patrol = plan.patrol
    for other in _others(plan, within=LEAST_REST):
        start, end = max(patrol.starts_at, other.starts_at), min(patrol.ends_at, other.ends_at)
        if start - end >= LEAST_REST:
            continue
        for id in [id for id in patrol.units if id in other.units]:
            if start < end:
                words = (
                    f"{name_of(plan, id)} is in patrol {other.name}, which is {other.state}, "
                    f"{span_words(start, end)}"
                )
                make = error if other.state in FIRM else warning
                yield make("two_patrols", words, unit=id, other=other.id,
                           starts_at=start, ends_at=end)  # fmt: skip
            else:
                words = (
                    f"{name_of(plan, id)} is in patrol {other.name} too and would rest only "
                    f"{span_words(end, start)}"
                )
                yield warning("crew_rest", words, unit=id, other=other.id,
                              starts_at=end, ends_at=start)  # fmt: skip


def same_ground(plan: Plan) -> Iterator[PlanConflict]:
    """Yield every sector in which another patrol is to be at the same time."""
    patrol = plan.patrol
    ours = dict(_areas(plan, patrol.all_sectors))
    met_at = _Meetings()
    for other in _others(plan):
        start, end = max(patrol.starts_at, other.starts_at), min(patrol.ends_at, other.ends_at)
        if start >= end:
            continue
        theirs = dict(_areas(plan, other.all_sectors))
        for id, (sector, area) in ours.items():
            met = met_at.first(area, id, theirs)
            if met is None:
                continue
            place = where(plan, *met)
            words = (
                f"patrol {other.name}, which is {other.state}, is in sector {sector.name} too at "
                f"{place['place']}, {span_words(start, end)}"
            )
            yield warning("same_sector", words, sector=id, other=other.id,
                          starts_at=start, ends_at=end, **place)  # fmt: skip


def agreed_windows(plan: Plan) -> Iterator[PlanConflict]:
    """Yield each agency that is joined with the viewer's when the patrol begins, and not all the
    while.

    Whether two others stay joined is theirs to know: each is told when it judges the plan itself,
    before it signs.
    """
    patrol = plan.patrol
    if patrol.ends_at <= patrol.starts_at:
        return
    for one, other in plan.pairs():
        if _refusal(plan, one, other, patrol.starts_at) is not None:
            continue  # told as a whole
        for at in _ends(plan, one, other):
            why = _refusal(plan, one, other, at)
            if why is not None:
                words = f"from {time_words(at)} {one} and {other} are apart: {why}"
                yield warning("agreement_window", words,
                              agency=one if other == plan.viewer else other,
                              starts_at=at, ends_at=patrol.ends_at)  # fmt: skip
                break


def meetings(plan: Plan) -> Iterator[PlanConflict]:
    """Yield every rendezvous in a place that is closed to patrols."""
    for meeting in plan.patrol.rendezvous:
        point = shapely.Point(meeting.lon, meeting.lat)
        for sector in no_go_areas(plan.open_documents.all(Sector), shows=plan.shows):
            try:
                inside = plan.ground.area(sector).geometry.covers(point)
            except GisError:
                continue  # it was judged when it was drawn: this site's rivers have changed since
            if inside:
                words = (
                    f"rendezvous {meeting.name} is inside {sector.use.replace('_', '-')} "
                    f"{sector.name} of {sector.agency}"
                )
                yield error("rendezvous_no_go", words, name=meeting.name, other=sector.id,
                            agency=sector.agency, starts_at=meeting.at, ends_at=meeting.at,
                            **where(plan, meeting.lon, meeting.lat))  # fmt: skip


# -- inside


def _others(plan: Plan, *, within: timedelta = timedelta()) -> Iterator[Patrol]:
    """Yield the other open patrols of the viewer's agency, as that one holds them.

    Args:
        plan: The plan.
        within: Only those that are under way at most so long before or after it.
    """
    start, end = plan.patrol.starts_at - within, plan.patrol.ends_at + within
    for other in plan.open_documents.all(Patrol):
        if other.id == plan.patrol.id or other.starts_at >= end or other.ends_at <= start:
            continue  # of most, and a party may hold a long document: first, whether it matters
        held = other.part_for(plan.viewer)
        if held is not None:
            yield held


def _ends(plan: Plan, one: str, other: str) -> list[datetime]:
    """Return when agreements of two agencies come to their end during the patrol, in order.

    Planning together hangs on no hours of the day: who is joined stays so until one of these.
    """
    patrol = plan.patrol
    ends = {
        each.terms.valid_until
        for each in plan.open_documents.all(Agreement)
        if one in each.agencies and other in each.agencies
    }
    return sorted(at for at in ends if patrol.starts_at < at < patrol.ends_at)


def _areas(plan: Plan, ids: Sequence[str]) -> Iterator[tuple[str, tuple[Sector, Area]]]:
    for id in ids:
        sector = plan.open_documents.find(Sector, id)
        if sector is None or not plan.shows(sector):
            continue
        try:
            yield id, (sector, plan.ground.area(sector))
        except GisError:
            continue  # told as a bad sector


class _Meetings:
    """Where sectors meet, looked for once: many patrols go to the same few."""

    def __init__(self) -> None:
        self._overlaps: dict[tuple[str, str], tuple[float, float] | None] = {}

    def first(
        self, area: Area, id: str, theirs: dict[str, tuple[Sector, Area]]
    ) -> tuple[float, float] | None:
        """Return (lon, lat) where an area meets one of the others; None if it does not."""
        for other, (_, theirs_area) in theirs.items():
            if (id, other) not in self._overlaps:
                self._overlaps[id, other] = overlap(area, area if other == id else theirs_area)
            met = self._overlaps[id, other]
            if met is not None:
                return met
        return None


def _refusal(plan: Plan, one: str, other: str, at: datetime) -> str | None:
    return plan.refusal(one, other, "patrols", at) or plan.refusal(other, one, "patrols", at)
