"""Incident: what happened and what was seized, as a document of a patrol or an office.

One incident is one document of the agency that logged it, however many agencies had a part in it:
those are credited in it. Who informed, who witnessed, who suffered and who was arrested by name
is not in it but beside it (`patrol.protected_fields`), and crosses to nobody.

Source of the categories: UNODC, Border Liaison Offices in Southeast Asia 1999-2009 (drugs and
precursors, and the wider mandate of 2009).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal, get_args

import msgspec

from patrol.documents.document import Document
from patrol.documents.state_machine import Lifecycle
from patrol.errors.errors import Conflict
from patrol.units.data_classes import INCIDENTS, NEVER, PATROLS, DataClass

Category = Literal[
    "drugs",
    "precursors",
    "human_trafficking",
    "migrant_smuggling",
    "timber",
    "wildlife",
    "hazardous_waste",
    "ozone_depleting",
    "other",
]
CATEGORIES: Final[tuple[Category, ...]] = get_args(Category)

AmountUnit = Literal[
    "kg",
    "g",
    "tonnes",
    "litres",
    "ml",
    "m3",
    "tablets",
    "bottles",
    "ampoules",
    "plants",
    "logs",
    "animals",
    "pieces",
    "cylinders",
    "drums",
    "units",
]
UNITS: Final[tuple[AmountUnit, ...]] = get_args(AmountUnit)

MEASURED: Final = frozenset({"kg", "g", "tonnes", "litres", "ml", "m3"})
"""Units of which there may be a part; of all others there is a whole number."""

UNITS_OF: Final[Mapping[Category, tuple[AmountUnit, ...]]] = MappingProxyType(
    {
        "drugs": ("kg", "g", "tablets", "bottles", "ampoules", "litres", "ml", "plants", "units"),
        "precursors": ("kg", "tonnes", "litres", "drums", "bottles", "tablets", "units"),
        "human_trafficking": ("units",),  # documents, telephones; people are counted, not seized
        "migrant_smuggling": ("units",),
        "timber": ("m3", "logs", "kg", "tonnes", "units"),
        "wildlife": ("animals", "pieces", "kg", "g", "units"),
        "hazardous_waste": ("kg", "tonnes", "litres", "drums", "units"),
        "ozone_depleting": ("cylinders", "kg", "tonnes", "units"),
        "other": UNITS,
    }
)
"""What can be seized in an incident of a category is told in one of these."""

Precision = Literal["year", "month", "day", "minute"]

_FIRST_CALENDAR: Final = timezone(timedelta(hours=14))
_LAST_CALENDAR: Final = timezone(timedelta(hours=-12))
"""Where on Earth a day begins first, and where last."""

MOST_AMOUNT: Final = 1e9
MOST_PEOPLE: Final = 100_000

LIFECYCLE: Final = Lifecycle(
    "incident",
    "reported",
    {
        ("reported", "correct"): "reported",
        ("reported", "confirm"): "confirmed",
        ("reported", "credit"): "reported",
        ("reported", "withdraw"): "withdrawn",
        ("confirmed", "correct"): "corrected",
        ("confirmed", "close"): "closed",
        ("confirmed", "credit"): "confirmed",
        ("confirmed", "withdraw"): "withdrawn",
        ("corrected", "correct"): "corrected",
        ("corrected", "confirm"): "confirmed",
        ("corrected", "credit"): "corrected",
        ("corrected", "withdraw"): "withdrawn",
        ("closed", "correct"): "corrected",
        ("closed", "credit"): "closed",
    },
)
"""What was confirmed and is corrected wants to be confirmed again. Withdrawn is the end. `credit`
is the word of a credited agency on its part in it."""


class Seizure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Kind and amount of one seizure.

    Attributes:
        what: Substance or goods, for example `methamphetamine`.
        amount: How much, more than 0.
        unit: Of what.
        at_least: The amount is a lower bound: "more than 400 kg".
    """

    what: Annotated[str, INCIDENTS]
    amount: Annotated[float, INCIDENTS]
    unit: Annotated[AmountUnit, INCIDENTS]
    at_least: Annotated[bool, INCIDENTS] = False


class ArrestCount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many people of one nationality were arrested.

    Attributes:
        count: How many.
        nationality: ISO 3166-1 alpha-2; empty where it is not known.
    """

    count: Annotated[int, INCIDENTS]
    nationality: Annotated[str, INCIDENTS] = ""


class Vehicle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Vehicles of one sort that were part of it.

    Attributes:
        kind: What sort.
        count: How many.
        description: Make, colour, number plate.
    """

    kind: Annotated[Literal["boat", "car", "truck", "motorcycle", "other"], INCIDENTS]
    count: Annotated[int, INCIDENTS] = 1
    description: Annotated[str, INCIDENTS] = ""


class Credit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An agency that took part in an incident, according to the one that logged it.

    Attributes:
        agency: Its id.
        country: Its side, ISO 3166-1 alpha-2, as it was then; None for a body of several.
        agreed: What another agency than the incident's says of it itself; None before it has.
    """

    agency: Annotated[str, INCIDENTS]
    country: Annotated[str | None, INCIDENTS] = None
    agreed: Annotated[bool | None, INCIDENTS] = None


class Incident(Document, frozen=True, kw_only=True, omit_defaults=True, tag="incident"):
    """One version of an incident.

    Attributes:
        state: Where in `LIFECYCLE` it stands.
        category: What sort of crime.
        happened_at: When, aware UTC; of a year, month or day its first moment as if the spot lay
            in UTC, which names it (`span` is when it was).
        precision: How exactly that is known. Year, month and day are those of the calendar on the
            spot, as people told them.
        cases: How many cases it stands for; more than one in a summary.
        seizures: What was seized.
        arrested: How many people, by nationality; names are not needed.
        people_found: How many smuggled or trafficked people were found: a number, nothing else.
        vehicles: What they used.
        lon: Degrees east; None where only a name of the place is known.
        lat: Degrees north.
        place: River address of that place, as text.
        place_name: The place in words.
        patrol: Id of the patrol that did it; empty for an office.
        credited: Agencies that had a part in it, each once; `counted` are those that count.
        same_as: Id of another agency's incident that tells of the same event; empty: none. Both
            are kept, for their agencies must count their own when they share no more.
        photos: SHA-256 of each photo, in hexadecimal.
        narrative: What happened, in words that may be shared as incidents are.
        reason: Why it was corrected or withdrawn. Never crosses, as the following does not.
        confirmed_by: Who confirmed what it says now; empty while nobody has.
    """

    CLASS: ClassVar[DataClass | None] = "incidents"
    VIEWING_ACT: ClassVar[str] = "see incidents"

    category: Annotated[Category, INCIDENTS]
    happened_at: Annotated[datetime, INCIDENTS]
    precision: Annotated[Precision, INCIDENTS]
    state: Annotated[str, INCIDENTS] = "reported"
    cases: Annotated[int, INCIDENTS] = 1
    seizures: Annotated[tuple[Seizure, ...], INCIDENTS] = ()
    arrested: Annotated[tuple[ArrestCount, ...], INCIDENTS] = ()
    people_found: Annotated[int, INCIDENTS] = 0
    vehicles: Annotated[tuple[Vehicle, ...], INCIDENTS] = ()
    lon: Annotated[float | None, INCIDENTS] = None
    lat: Annotated[float | None, INCIDENTS] = None
    place: Annotated[str, INCIDENTS] = ""
    place_name: Annotated[str, INCIDENTS] = ""
    patrol: Annotated[str, PATROLS] = ""
    credited: Annotated[tuple[Credit, ...], INCIDENTS] = ()
    same_as: Annotated[str, INCIDENTS] = ""
    photos: Annotated[tuple[str, ...], INCIDENTS] = ()
    narrative: Annotated[str, INCIDENTS] = ""
    reason: Annotated[str, NEVER] = ""
    confirmed_by: Annotated[str, NEVER] = ""

    @property
    def is_confirmed(self) -> bool:
        """Whether what it says now was confirmed; a withdrawn one may have been before."""
        return self.confirmed_by != "" or self.state in ("confirmed", "closed")

    @property
    def counted(self) -> tuple[Credit, ...]:
        """The agencies that it counts for: its own if it is credited, others that have said yes."""
        return tuple(each for each in self.credited if each.agency == self.agency or each.agreed)

    @property
    def is_closed(self) -> bool:
        """Whether it is closed or withdrawn."""
        return self.state in ("closed", "withdrawn")

    def span(self, zone: tzinfo) -> tuple[datetime, datetime]:
        """Return the first moment in which it may have happened and the one after the last.

        Args:
            zone: That of the spot, where a year, month or day begins when it does there.

        >>> from datetime import timezone
        >>> from patrol.documents.document import new_id
        >>> day = datetime(2006, 12, 31, tzinfo=UTC)
        >>> some = Incident(id=new_id(), agency="th-cr", at=day, category="drugs", happened_at=day,
        ...     precision="day")
        >>> [each.isoformat() for each in some.span(timezone(timedelta(hours=7)))]
        ['2006-12-30T17:00:00+00:00', '2006-12-31T17:00:00+00:00']
        """
        if self.precision == "minute":
            return self.happened_at, self.until
        start, end = self.happened_at.replace(tzinfo=zone), self.until.replace(tzinfo=zone)
        return start.astimezone(UTC), end.astimezone(UTC)

    @property
    def longest_span(self) -> tuple[datetime, datetime]:
        """`span` wherever on Earth the spot may be: for who must leave nothing out."""
        return self.span(_FIRST_CALENDAR)[0], self.span(_LAST_CALENDAR)[1]

    @property
    def until(self) -> datetime:
        """The moment after the time in which it happened, aware UTC; of a year, month or day as
        `happened_at` names its first.

        >>> from patrol.documents.document import new_id
        >>> day = datetime(2006, 12, 31, tzinfo=UTC)
        >>> some = Incident(id=new_id(), agency="th-cr", at=day, category="drugs", happened_at=day,
        ...     precision="day")
        >>> some.until.isoformat(), msgspec.structs.replace(some, precision="month").until.year
        ('2007-01-01T00:00:00+00:00', 2007)
        """
        if self.precision == "minute":
            return self.happened_at + timedelta(minutes=1)
        longest = {"year": 366, "month": 31, "day": 1}[self.precision]
        later = self.happened_at + timedelta(days=longest)
        return later.replace(
            day=later.day if self.precision == "day" else 1,
            month=1 if self.precision == "year" else later.month,
        )

    @property
    def when(self) -> str:
        """The time as precisely as it is known, as `parse_time` reads it.

        >>> from patrol.documents.document import new_id
        >>> may = datetime(2006, 5, 1, tzinfo=UTC)
        >>> Incident(id=new_id(), agency="th-cr", at=may, category="drugs", happened_at=may,
        ...     precision="month").when
        '2006-05'
        """
        if self.precision == "minute":
            return self.happened_at.isoformat().replace("+00:00", "Z")
        return self.happened_at.strftime({"year": "%Y", "month": "%Y-%m"}.get(self.precision, "%F"))


_TOLD: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_TO_A_MINUTE: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.{1,25}", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1990, 2099


def parse_time(text: str) -> tuple[datetime, Precision]:
    """Return the time of an incident and its precision, from text.

    Args:
        text: `2006`, `2006-05`, `2006-05-17`, or a time of RFC 3339 with its offset; years 1990
            to 2099.

    Returns:
        Aware UTC; of a year, month or day its first moment.

    Raises:
        ValueError: If it is none of these.

    >>> parse_time("2006-05")
    (datetime.datetime(2006, 5, 1, 0, 0, tzinfo=datetime.timezone.utc), 'month')
    >>> parse_time("2026-11-24T09:30+07:00")
    (datetime.datetime(2026, 11, 24, 2, 30, tzinfo=datetime.timezone.utc), 'minute')
    """
    if found := _TOLD.fullmatch(text):
        year, month, day = (None if part is None else int(part) for part in found.groups())
        precision: Precision = "year" if month is None else "month" if day is None else "day"
        time = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
    elif _TO_A_MINUTE.fullmatch(text):
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            raise ValueError("a time needs its offset, for example +07:00 or Z")
        precision = "minute"
    else:
        raise ValueError("give a year, 2006-05, 2006-05-17, or a time with its offset")
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise ValueError(f"is outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return time.astimezone(UTC), precision


def check(incident: Incident) -> None:
    """Refuse impossible values.

    Raises:
        Conflict: If an amount or a number is none, a unit does not go with the category, half a
            place is given, or something is told twice; says which.
    """
    for fault in _faults(incident):
        raise Conflict(fault)


def _faults(incident: Incident) -> list[str]:
    faults = []
    if incident.category not in CATEGORIES:
        faults.append(f"there is no category {incident.category!r}")
    elif strange := [
        each.unit for each in incident.seizures if each.unit not in UNITS_OF[incident.category]
    ]:
        kinds = ", ".join(UNITS_OF[incident.category])
        faults.append(f"{incident.category} are told in {kinds}, not in {strange[0]}")
    for each in incident.seizures:
        if not each.what.strip():
            faults.append("say what was seized")
        if not (math.isfinite(each.amount) and 0 < each.amount <= MOST_AMOUNT):
            faults.append(f"an amount lies between 0 and {MOST_AMOUNT:g}")
        elif each.unit not in MEASURED and each.amount != int(each.amount):
            faults.append(f"{each.unit} are whole: {each.amount:g} are none")
    counts = [incident.cases]
    counts += [each.count for each in incident.arrested]
    counts += [each.count for each in incident.vehicles]
    if any(not 1 <= count <= MOST_PEOPLE for count in counts):
        faults.append(f"numbers lie between 1 and {MOST_PEOPLE}")
    if not 0 <= incident.people_found <= MOST_PEOPLE:
        faults.append(f"the people found are 0 to {MOST_PEOPLE}")
    for each_once, what in (
        ([each.nationality for each in incident.arrested], "nationality"),
        ([each.agency for each in incident.credited], "agency"),
        (list(incident.photos), "photo"),
    ):
        if len(set(each_once)) < len(each_once):
            faults.append(f"each {what} is told once")
    if not incident.credited:
        faults.append("at least one agency had a part in it")
    if incident.same_as == incident.id:
        faults.append("an incident is the same as another, not as itself")
    if (incident.lon is None) is not (incident.lat is None):
        faults.append("a place has both longitude and latitude")
    return faults
