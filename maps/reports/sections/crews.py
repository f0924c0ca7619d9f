"""Crews: the units of a patrol as its reader may know them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from maps.reports.document import format as formats
from maps.reports.document.request import ReportRequest
from patrol.errors.errors import Forbidden, NotFound
from patrol.patrols.patrol import Member, Patrol
from patrol.units.units import UnitKind


class Crew(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that takes part.

    Attributes:
        member: As the patrol names it.
        call_sign: Its name on the radio; empty where the reader may not know it.
        kind: What it is.
        country: Its side.
        addresses: Radio addresses that stand for it; of the reader's own agency alone.
        gap_s: Longer than this without a word of it is a gap, seconds.
    """

    member: Member
    call_sign: str
    kind: UnitKind | None = None
    country: str | None = None
    addresses: tuple[str, ...] = ()
    gap_s: float = 180.0

    @property
    def unit(self) -> str:
        """Its id."""
        return self.member.unit

    @property
    def is_known(self) -> bool:
        """Whether the reader may know of it."""
        return bool(self.call_sign)


GAP_OF_INTERVALS = 3.0
"""So many normal intervals without a word are a gap."""


async def crews_of(request: ReportRequest, patrol: Patrol) -> list[Crew]:
    """Return the units of a patrol, by agency and call sign, those unknown last."""
    found = [await _crew(request, patrol, member) for member in patrol.members]
    return sorted(
        found,
        key=lambda each: (
            each.member.agency != request.own, each.member.agency, not each.is_known,
            each.call_sign.casefold(), each.unit,
        ),
    )  # fmt: skip


def names(request: ReportRequest, crews: Sequence[Crew]) -> dict[str, str]:
    """Return the name of each unit by its id: of an unknown one its agency's."""
    return {each.unit: name(request, each) for each in crews}


def name(request: ReportRequest, crew: Crew) -> str:
    """Return a unit's call sign, or whose it is where that is all that may be known."""
    if crew.is_known:
        return crew.call_sign
    agency = formats.agency(request.site, crew.member.agency)
    return request.words.text("report.unit_of", agency=agency)


async def _crew(request: ReportRequest, patrol: Patrol, member: Member) -> Crew:
    try:
        state = await request.desk.history.partner(member.unit, patrol)
    except (NotFound, Forbidden):
        country = formats.country_of(request.site, member.agency)
        return Crew(member=member, call_sign="", country=country)
    interval_s = state.expected_interval_s or 60.0
    return Crew(
        member=member,
        call_sign=state.call_sign,
        kind=state.kind,
        country=state.country or formats.country_of(request.site, member.agency),
        addresses=tuple(state.addresses),
        gap_s=max(GAP_OF_INTERVALS * interval_s, 180.0),
    )
