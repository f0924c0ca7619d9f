"""Plan conflicts: what keeps a plan from being signed, in the planner's own words.

The page of plans puts the same sentences together from the same keys (`conflictWords` in
`web/src/pages/planner/patrols/plan/words.ts`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from maps.language.place_words import short_place_words
from maps.reports.document import format as formats
from maps.reports.document.document import Block, Section, Words
from maps.reports.document.request import ReportRequest
from maps.reports.sections.crews import Crew
from patrol.errors.errors import Forbidden, NotFound
from patrol.patrols.patrol import Patrol
from patrol.patrols.plan import PlanConflict

OPEN: Final = frozenset({"draft", "proposed", "signed", "ready"})
"""States in which a plan may still be changed."""

_BETWEEN_PATROLS: Final = frozenset({"two_patrols", "crew_rest", "same_sector"})
"""Conflicts whose other party is a patrol; else it is a sector."""


async def in_the_way(
    request: ReportRequest, patrol: Patrol, units: Sequence[Crew]
) -> tuple[Section, ...]:
    """Return what is in the way of a plan, errors first; none where nothing is, or it has begun.

    Args:
        request: The report.
        patrol: The plan.
        units: Those that take part, as far as the reader may know them.
    """
    words = request.words
    if patrol.state not in OPEN:
        return ()
    names = {each.unit: each.call_sign for each in units if each.is_known}
    blocks: list[Block]
    try:
        found = await request.desk.plans.conflicts(patrol.id)
    except (Forbidden, NotFound):  # of a plan that the reader sees and is no party to
        blocks = [Words(text=words.text("conflict.unchecked"), kind="note")]
    else:
        blocks = [
            Words(
                text=f"{words.text(f'conflict.{each.severity}')} "
                f"{await conflict_words(request, each, names)}",
                kind="warning" if each.severity == "error" else "text",
            )
            for each in found
        ]
    return (Section(title=words.text("conflict.title"), blocks=tuple(blocks)),) if blocks else ()


async def conflict_words(
    request: ReportRequest, conflict: PlanConflict, names: Mapping[str, str]
) -> str:
    """Return one sentence in the reader's language; for a code without words, the judge's own.

    Args:
        request: The report.
        conflict: What is wrong.
        names: What units are called, by id.
    """
    agency = conflict.agency
    other = _patrol if conflict.code in _BETWEEN_PATROLS else _sector
    sentence = request.words.text_if_any(
        f"conflict.{_key(conflict)}",
        name=conflict.name or "",
        unit="" if conflict.unit is None else _unit(request, conflict, names),
        agency="" if agency is None else formats.agency(request.site, agency),
        sector="" if conflict.sector is None else await _sector(request, conflict.sector),
        other="" if conflict.other is None else await other(request, conflict.other),
        start=formats.moment(request.words, conflict.starts_at),
        end=formats.moment(request.words, conflict.ends_at),
        place=_place(request, conflict.lon, conflict.lat),
    )
    return conflict.words if sentence is None else sentence


# -- inside


def _key(conflict: PlanConflict) -> str:
    if conflict.code == "no_go" and conflict.other is None:
        return "no_go_itself"
    if conflict.code == "past" and conflict.severity == "warning":
        return "past_begun"
    return conflict.code


def _unit(request: ReportRequest, conflict: PlanConflict, names: Mapping[str, str]) -> str:
    id = conflict.unit or ""
    if id in names:
        return names[id]
    try:
        return request.desk.visible.unit(id).call_sign
    except (Forbidden, NotFound):
        if conflict.agency is None:
            return request.words.text("patrol.unit_unseen")
        agency = formats.agency(request.site, conflict.agency)
        return request.words.text("patrol.unit_of", agency=agency)


async def _sector(request: ReportRequest, id: str) -> str:
    try:
        return (await request.desk.sectors.one(id)).name
    except (Forbidden, NotFound):
        return request.words.text("patrol.sector_unseen")


async def _patrol(request: ReportRequest, id: str) -> str:
    try:
        return (await request.desk.patrols.one(id)).name
    except (Forbidden, NotFound):
        return request.words.text("patrol.unseen")


def _place(request: ReportRequest, lon: float | None, lat: float | None) -> str:
    if lon is None or lat is None:
        return ""
    [(_, address)] = request.site.land.describe([lon], [lat], [None])
    text = " · ".join(short_place_words(address, request.words))
    return text or formats.coordinates(lon, lat)
