"""Incident table: incidents as comma-separated values, for a spreadsheet or a statistician.

What never crosses to another agency is in no file either: a file goes where nobody sees it go.

Source: RFC 4180 (commas, quotes, CRLF); OWASP, CSV Injection (a cell that a spreadsheet would take
for a formula begins with an apostrophe).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any, Final

from patrol.incidents.incident import Incident

COLUMNS: Final = (
    "id",
    "when",
    "precision",
    "category",
    "state",
    "agencies",
    "countries",
    "lon",
    "lat",
    "place",
    "place_name",
    "patrol",
    "same_as",
    "cases",
    "arrested",
    "arrested_by_nationality",
    "people_found",
    "vehicles",
    "seizures",
    "photos",
    "narrative",
)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def row_of(incident: Incident) -> dict[str, Any]:
    """Return an incident as one row, by `COLUMNS`; None where nothing is known."""
    return {
        "id": incident.id,
        "when": incident.when,
        "precision": incident.precision,
        "category": incident.category,
        "state": incident.state,
        "agencies": " ".join(each.agency for each in incident.credited) or None,
        "countries": " ".join(sorted({each.country for each in incident.credited if each.country}))
        or None,
        "lon": incident.lon,
        "lat": incident.lat,
        "place": incident.place or None,
        "place_name": incident.place_name or None,
        "patrol": incident.patrol or None,
        "same_as": incident.same_as or None,
        "cases": incident.cases,
        "arrested": sum(each.count for each in incident.arrested),
        "arrested_by_nationality": "; ".join(
            f"{each.nationality or 'unknown'} {each.count}" for each in incident.arrested
        )
        or None,
        "people_found": incident.people_found,
        "vehicles": sum(each.count for each in incident.vehicles),
        "seizures": "; ".join(
            f"{'at least ' if each.at_least else ''}{each.amount:.15g} {each.unit} {each.what}"
            for each in incident.seizures
        )
        or None,
        "photos": len(incident.photos),
        "narrative": incident.narrative or None,
    }


def csv_of(incidents: Iterable[Incident]) -> bytes:
    """Return incidents as a table with a header, UTF-8."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for incident in incidents:
        row = row_of(incident)
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return out.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
