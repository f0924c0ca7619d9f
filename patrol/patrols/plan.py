"""Plan: a patrol with the data by which its plan is checked, and the conflicts found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias

import msgspec

from patrol.documents.open_documents import OpenDocuments
from patrol.patrols.patrol import Patrol
from patrol.sectors.sector import Sector
from patrol.sectors.site_geography import Ground
from patrol.units.data_classes import DataClass
from patrol.units.units import Agency, Unit

FIRM: Final = frozenset({"signed", "ready", "under way"})
"""States in which a unit's time is taken, not only asked for."""

Severity: TypeAlias = Literal["error", "warning"]
RefusalLookup: TypeAlias = Callable[[str, str, DataClass, datetime], str | None]
"""`(owner, viewer, class, at)`: why nothing of that class passes then; None if it passes."""


class PlanConflict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong with a plan.

    Attributes:
        code: Short fixed word for programs.
        severity: Whether it keeps the plan from being proposed and signed.
        words: The same for people: who, when, where.
        name: Of the leg or the rendezvous concerned.
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
    name: str | None = None
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
    """A patrol with the data by which its plan is checked.

    Attributes:
        patrol: What is judged.
        viewer: Agency that judges: it learns of nothing that it may not see.
        open_documents: All that is open.
        now: When it is judged, aware UTC.
        ground: Rivers and borders.
        units: Registered units by id, in service or not.
        agencies: Those of this node, by id.
        refusal: Says what keeps two agencies apart.
        shows: Whether a sector may be shown to the viewer.
        is_visible_to: Whether a sector of the viewer's is shown to another agency now.
    """

    patrol: Patrol
    viewer: str
    open_documents: OpenDocuments
    now: datetime
    ground: Ground
    units: Mapping[str, Unit]
    agencies: Mapping[str, Agency]
    refusal: RefusalLookup
    shows: Callable[[Sector], bool]
    is_visible_to: Callable[[Sector, str], bool]

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield the viewer's agency with each other party, in the order of the parties.

        What two others have agreed on is not for the viewer: they judge it themselves.
        """
        agencies = self.patrol.agencies
        for n, one in enumerate(agencies):
            for other in agencies[n + 1 :]:
                if self.viewer in (one, other):
                    yield one, other


def country_of(plan: Plan, agency: str) -> str | None:
    known = plan.agencies.get(agency)
    return None if known is None else known.country


def tells(plan: Plan, agency: str, data_class: DataClass) -> bool:
    """Return whether an agency lets the viewer know of its records of a class now."""
    return agency == plan.viewer or plan.refusal(agency, plan.viewer, data_class, plan.now) is None


def name_of(plan: Plan, unit: str) -> str:
    """Return a unit's call sign; its id where the viewer may not know that."""
    known = plan.units.get(unit)
    if known is None or not tells(plan, known.agency, "positions"):
        return unit
    return known.call_sign


def where(plan: Plan, lon: float, lat: float) -> dict[str, object]:
    return {"lon": lon, "lat": lat, "place": plan.ground.words(lon=lon, lat=lat)}


def time_words(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def span_words(start: datetime, end: datetime) -> str:
    return f"from {time_words(start)} to {time_words(end)}"


def error(code: str, words: str, **facts: object) -> PlanConflict:
    return PlanConflict(code=code, severity="error", words=words, **facts)  # type: ignore[arg-type]


def warning(code: str, words: str, **facts: object) -> PlanConflict:
    return PlanConflict(code=code, severity="warning", words=words, **facts)  # type: ignore[arg-type]
