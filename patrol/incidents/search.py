"""Incident search: a filter by time, place and fields of incidents."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import msgspec

from patrol.incidents.incident import Category, Incident


class IncidentQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A search of incidents.

    Attributes:
        start: Those that may have happened at this moment or later, aware UTC.
        end: Those that may have happened before this moment, aware UTC.
        category: Of this category.
        state: In this state; None: all but those withdrawn.
        agency: Credited to this agency.
        country: Credited to an agency of this country, ISO 3166-1 alpha-2.
        patrol: Of this patrol.
        sure: Only those that stand confirmed: confirmed or closed.
        zone: Of the spot, where a year, month or day that people told begins.
    """

    start: datetime | None = None
    end: datetime | None = None
    category: Category | None = None
    state: str | None = None
    agency: str | None = None
    country: str | None = None
    patrol: str | None = None
    sure: bool = False
    zone: tzinfo = UTC

    def takes(self, incident: Incident) -> bool:
        """Return whether an incident matches."""
        if self.state is None:
            if incident.state == "withdrawn":
                return False
        elif incident.state != self.state:
            return False
        first, until = incident.span(self.zone)
        return (
            (self.start is None or until > self.start)
            and (self.end is None or first < self.end)
            and (self.category is None or incident.category == self.category)
            and (self.patrol is None or incident.patrol == self.patrol)
            and (not self.sure or incident.state in ("confirmed", "closed"))
            and (self.agency is None or any(c.agency == self.agency for c in incident.credited))
            and (self.country is None or any(c.country == self.country for c in incident.credited))
        )
