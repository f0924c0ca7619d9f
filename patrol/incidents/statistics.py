"""Incident totals: by year, country, category and agency; pure.

Counted once regionally: an incident is one document, and the total of the region counts it once,
however many agencies are credited in it. In the table by country it counts in full for each country
that has a credited agency (once for a country with two of them), and in the table by agency for
each agency; so the rows of those two tables add up to more than the region as soon as anything was
done jointly, and must not be added up. Another agency than the one that logged it counts once it
has said that it had a part in it. The rows by year and by category do add up to it.

Where two agencies each logged the same event and one says so (`same_as`), the two count as one as
long as both are seen, with the agencies of both credited, and what the other one tells.

Withdrawn incidents count nowhere. Amounts of one thing add up where their units do: grams and
tonnes as kilograms, millilitres as litres; tablets never as kilograms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import Final

import msgspec

from patrol.incidents.incident import Credit, Incident

UNKNOWN: Final = "unknown"
"""In place of a country or nationality that nobody told."""

_TOLD_AS: Final = {
    "g": ("kg", 0.001),
    "tonnes": ("kg", 1000.0),
    "ml": ("litres", 0.001),
}


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """What some incidents come to.

    Attributes:
        reports: How many documents.
        cases: How many cases they stand for.
        arrested: How many people were arrested.
        arrested_by_nationality: The same by ISO 3166-1 alpha-2 code.
        people_found: How many smuggled or trafficked people were found.
        vehicles: How many vehicles.
        seized: Amount by unit, of each thing by its name in lower case.
        at_least: What of `seized` includes a lower bound, by name.
    """

    reports: int = 0
    cases: int = 0
    arrested: int = 0
    arrested_by_nationality: dict[str, int] = {}
    people_found: int = 0
    vehicles: int = 0
    seized: dict[str, dict[str, float]] = {}
    at_least: tuple[str, ...] = ()


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Tables of totals.

    Attributes:
        region: All of them, each once.
        by_year: By year.
        by_country: By country of the agencies credited, ISO 3166-1 alpha-2; see the module.
        by_year_and_country: By year, then by country.
        by_category: By category.
        by_agency: By agency credited.
    """

    region: Total
    by_year: dict[str, Total] = {}
    by_country: dict[str, Total] = {}
    by_year_and_country: dict[str, dict[str, Total]] = {}
    by_category: dict[str, Total] = {}
    by_agency: dict[str, Total] = {}


def totals(incidents: Iterable[Incident], *, zone: tzinfo = UTC) -> Totals:
    """Return the tables of some incidents.

    Args:
        incidents: The newest version of each, and each once.
        zone: Whose new year divides what is known to the minute; a year, month or day that people
            told is that of their own calendar already.
    """
    region = _Adding()
    by_year: dict[str, _Adding] = {}
    by_country: dict[str, _Adding] = {}
    by_both: dict[str, dict[str, _Adding]] = {}
    by_category: dict[str, _Adding] = {}
    by_agency: dict[str, _Adding] = {}
    for each in _each_event(incidents):
        year = str(year_of(each, zone))
        region.add(each)
        by_year.setdefault(year, _Adding()).add(each)
        by_category.setdefault(each.category, _Adding()).add(each)
        for country in {credit.country or UNKNOWN for credit in each.credited}:
            by_country.setdefault(country, _Adding()).add(each)
            by_both.setdefault(year, {}).setdefault(country, _Adding()).add(each)
        for agency in {credit.agency for credit in each.credited}:
            by_agency.setdefault(agency, _Adding()).add(each)
    return Totals(
        region=region.total(),
        by_year=_table(by_year),
        by_country=_table(by_country),
        by_year_and_country={year: _table(by_both[year]) for year in sorted(by_both)},
        by_category=_table(by_category),
        by_agency=_table(by_agency),
    )


def year_of(incident: Incident, zone: tzinfo) -> int:
    """Return the year in which an incident counts."""
    time = incident.happened_at
    return (time.astimezone(zone) if incident.precision == "minute" else time).year


def _each_event(incidents: Iterable[Incident]) -> list[Incident]:
    """Return one incident an event, credited to all who logged it."""
    known = {each.id: each for each in incidents if each.state != "withdrawn"}
    credited: dict[str, dict[str, Credit]] = {}
    for each in known.values():
        of = credited.setdefault(_first_reported(each, known), {})
        for credit in each.counted:
            of.setdefault(credit.agency, credit)
    return [
        msgspec.structs.replace(known[id], credited=tuple(of[name] for name in sorted(of)))
        for id, of in credited.items()
    ]


def _first_reported(incident: Incident, known: Mapping[str, Incident]) -> str:
    """Return the id of the incident that stands for an event; of a circle the least of it."""
    path = [incident.id]
    while (other := known[path[-1]].same_as) in known:
        if other in path:
            return min(path[path.index(other) :])
        path.append(other)
    return path[-1]


class _Adding:
    """One total while it grows."""

    def __init__(self) -> None:
        self.reports = self.cases = self.people_found = self.vehicles = 0
        self.arrested: dict[str, int] = {}
        # Added up at the end, exactly: the order in which incidents come must not show.
        self.seized: dict[str, dict[str, list[float]]] = {}
        self.at_least: set[str] = set()

    def add(self, incident: Incident) -> None:
        """Count an incident in."""
        self.reports += 1
        self.cases += incident.cases
        self.people_found += incident.people_found
        self.vehicles += sum(each.count for each in incident.vehicles)
        for some in incident.arrested:
            nationality = some.nationality or UNKNOWN
            self.arrested[nationality] = self.arrested.get(nationality, 0) + some.count
        for seizure in incident.seizures:
            what = " ".join(seizure.what.casefold().split())
            unit, factor = _TOLD_AS.get(seizure.unit, (seizure.unit, 1.0))
            by_unit = self.seized.setdefault(what, {})
            by_unit.setdefault(unit, []).append(seizure.amount * factor)
            if seizure.at_least:
                self.at_least.add(what)

    def total(self) -> Total:
        """Return what it has come to; amounts to a millionth of their unit."""
        return Total(
            reports=self.reports,
            cases=self.cases,
            arrested=sum(self.arrested.values()),
            arrested_by_nationality=dict(sorted(self.arrested.items())),
            people_found=self.people_found,
            vehicles=self.vehicles,
            seized={
                what: {unit: round(math.fsum(amounts), 6) for unit, amounts in sorted(some.items())}
                for what, some in sorted(self.seized.items())
            },
            at_least=tuple(sorted(self.at_least)),
        )


def _table(adding: dict[str, _Adding]) -> dict[str, Total]:
    return {name: adding[name].total() for name in sorted(adding)}
