"""The tables `[[reports]]` of `patrol.toml`: which report goes to whom by mail, and how often.

    [[reports]]
    name = "blo-pack"
    report = "monthly"
    every = "month"
    day = 1                      # of the month; of a week "mon" to "sun"
    at = "06:00"                 # local time of the node
    formats = ["pdf", "xlsx"]
    recipients = ["liaison@police.example"]
    agency = "la-hx"
    role = "liaison"
    language = "lo"

A monthly one tells of the calendar month that ended last, a weekly one of the seven local days
before the day it is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from maps.toml_tables.table import MailAddress, SettingsTable, ShortName
from patrol.agreements.agreement import DAYS, Day
from patrol.units.accounts import Calendar, Language
from patrol.units.permissions import may
from patrol.units.units import Role


class ReportSchedule(SettingsTable):
    """A report that is sent again and again.

    Attributes:
        name: Short name; a new name is a new schedule.
        report: Which report: one of a time.
        every: How often.
        day: On which day, of the month (1 to 28) or of the week.
        at: At what local time.
        recipients: Mail addresses, one mail each.
        agency: Whose records.
        role: What may be seen of them.
        formats: As which files.
        language: Its language.
        calendar: How years are counted in it.
        counterpart: Of a monthly pack: agency that it is for; of the own it holds what may cross.
        radius_m: How far a unit is taken to see, metres.
    """

    name: ShortName
    report: Literal["monthly", "coverage"]
    every: Literal["month", "week"] = "month"
    day: int | Day = 1
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "06:00"
    recipients: Annotated[tuple[MailAddress, ...], Field(min_length=1, max_length=50)]
    agency: ShortName
    role: Role = "liaison"
    formats: Annotated[
        tuple[Literal["html", "map", "pdf", "xlsx"], ...], Field(min_length=1, max_length=4)
    ] = ("pdf",)
    language: Language = "en"
    calendar: Calendar = "gregorian"
    counterpart: str = Field(default="", max_length=64)
    radius_m: float = Field(default=500.0, ge=10, le=20_000)

    @model_validator(mode="after")
    def _together(self) -> ReportSchedule:
        if self.every == "month" and not (isinstance(self.day, int) and 1 <= self.day <= 28):
            raise ValueError("day of a month is a number from 1 to 28")
        if self.every == "week" and self.day not in DAYS:
            raise ValueError(f"day of a week is one of {', '.join(DAYS)}")
        if self.counterpart and self.report != "monthly":
            raise ValueError("counterpart goes with the monthly pack")
        if not may(self.role, "see tracks"):
            raise ValueError(f"a {self.role} may not see tracks")
        return self


def faults_of(
    schedules: Sequence[ReportSchedule], *, agencies: frozenset[str], mail: bool
) -> list[str]:
    """Return what does not go together, as `reports[n].field: what is wrong`."""
    faults: list[str] = []
    names: set[str] = set()
    for number, each in enumerate(schedules):
        where = f"reports[{number}]"
        if each.name in names:
            faults.append(f"{where}.name: {each.name!r} is used twice")
        names.add(each.name)
        if each.agency not in agencies:
            faults.append(f"{where}.agency: {each.agency!r} is no agency of this node")
        if each.counterpart and each.counterpart not in agencies - {each.agency}:
            faults.append(f"{where}.counterpart: {each.counterpart!r} is no other agency here")
    if schedules and not mail:
        faults.append("reports: a mail server is needed, the table [mail]")
    return faults
