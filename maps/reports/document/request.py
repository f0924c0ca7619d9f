"""ReportRequest: what a report is made from: a desk, a site, a reader and a choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from gis.address.address import Address
from gis.geometry.features import Features
from gis.river.river import River
from gis.river.rivers import Rivers
from maps.language.wording import Wording
from maps.surveys.coverage_and_effort import Survey
from patrol.desks.desk import Desk
from patrol.units.accounts import User
from patrol.units.units import Agency


class ReferenceLayers(Protocol):
    """The reference layers of this site."""

    @property
    def river(self) -> River: ...

    @property
    def rivers(self) -> Rivers: ...

    def described(self) -> Sequence[Any]: ...

    def features(self, name: str) -> Features: ...

    def describe(
        self, lons: Sequence[float], lats: Sequence[float], accuracy_m: Sequence[float | None]
    ) -> list[tuple[Any, Address]]: ...


@dataclass(frozen=True, kw_only=True)
class Site:
    """What is the same for all reports of a node.

    Attributes:
        node: Its name for people.
        zone: Its local time.
        agencies: Its agencies, by id.
        land: Its layers and its river.
        survey: Makes surveys of tracks.
        desk_of: Returns the desk of a user.
    """

    node: str
    zone: ZoneInfo
    agencies: Mapping[str, Agency]
    land: ReferenceLayers
    survey: Survey
    desk_of: Callable[[User], Desk]


def _no_progress(_share: float) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class ReportRequest:
    """One report that is asked for.

    Attributes:
        site: Where.
        desk: Of who asks: nothing is read past it.
        words: The reader's language, calendar and local time.
        patrol: Id of the patrol it is about; empty for a report of a time.
        start: First moment, aware UTC; of a patrol its own.
        end: Moment after the last, aware UTC.
        km_from: Lower end of the stretch of river, kilometres from the sea; None: what its sectors
            reach.
        km_to: Upper end.
        radius_m: How far a unit was taken to see, metres.
        counterpart: Agency it is for: then it holds of the asker's own agency what may cross to
            that one, and nothing else; empty: for the asker's own agency.
        second: Language beside the reader's, for phrases; None: none.
        eyes: Desks of counterparts, on whose behalf it was asked what may cross to them.
        progress: Told how much is done, 0 to 1.
    """

    site: Site
    desk: Desk
    words: Wording
    patrol: str = ""
    start: datetime | None = None
    end: datetime | None = None
    km_from: float | None = None
    km_to: float | None = None
    radius_m: float = 500.0
    counterpart: str = ""
    second: Wording | None = None
    eyes: list[Desk] = field(default_factory=list)
    progress: Callable[[float], None] = field(default=_no_progress)

    @property
    def own(self) -> str:
        """The asker's agency."""
        return self.desk.user.agency

    @property
    def is_stale(self) -> bool:
        """Whether something in the report may not pass any more, to its asker or on to whom it is
        for.
        """
        return any(desk.visible.is_stale for desk in (self.desk, *self.eyes))
