"""Forms: what is told of an incident and asked for, checked before a desk sees it."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from pydantic import AfterValidator, ConfigDict, Field

from maps.api.responses.times import Moment
from maps.forms.form import Form
from patrol.incidents.incident import (
    MOST_AMOUNT,
    MOST_PEOPLE,
    AmountUnit,
    ArrestCount,
    Category,
    Seizure,
    Vehicle,
    parse_time,
)
from patrol.incidents.search import IncidentQuery
from radio_gateway.parsing.msgspec_decoders import converted

_WORDS: Final = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"  # line breaks and no other control character
_PLACE: Final = ("lon", "lat")  # may be taken back
_WHEN: Final = "A year, 2006-05, 2006-05-17, or a time with its offset"

Words = Annotated[str, Field(max_length=10_000, pattern=_WORDS)]
ShortWords = Annotated[str, Field(max_length=200, pattern=_WORDS)]
Version = Annotated[int, Field(ge=1, le=10**9, description="The version that the user looked at")]


def _is_time(text: str) -> str:
    parse_time(text)
    return text


class IncidentSeizure(Form):
    """How much of what."""

    model_config = ConfigDict(extra="forbid")

    what: str = Field(min_length=1, max_length=100, pattern=_WORDS)
    amount: float = Field(gt=0, le=MOST_AMOUNT, allow_inf_nan=False)
    unit: AmountUnit
    at_least: bool = Field(default=False, description="The amount is a lower bound")


class IncidentArrest(Form):
    """How many people of one nationality."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(ge=1, le=MOST_PEOPLE)
    nationality: str = Field(
        default="", pattern=r"^([A-Z]{2})?$", description="ISO 3166-1 alpha-2; empty: not known"
    )


class IncidentVehicle(Form):
    """Vehicles of one sort."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["boat", "car", "truck", "motorcycle", "other"]
    count: int = Field(default=1, ge=1, le=MOST_PEOPLE)
    description: ShortWords = ""


class IncidentDetails(Form):
    """What is told of an incident."""

    model_config = ConfigDict(extra="forbid")

    cases: int = Field(
        default=1, ge=1, le=MOST_PEOPLE, description="How many cases it stands for, in a summary"
    )
    seizures: list[IncidentSeizure] = Field(default=[], max_length=50)
    arrested: list[IncidentArrest] = Field(default=[], max_length=50)
    people_found: int = Field(
        default=0, ge=0, le=MOST_PEOPLE, description="Smuggled or trafficked people, a number only"
    )
    vehicles: list[IncidentVehicle] = Field(default=[], max_length=50)
    lon: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    lat: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    place_name: ShortWords = Field(
        default="", description="Name of the place, where it has no degrees"
    )
    patrol: str = Field(default="", max_length=64, description="Id of the patrol; empty: an office")
    credited: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default=[], max_length=20, description="Agencies that had a part in it; none: the caller's"
    )
    same_as: str = Field(
        default="",
        max_length=64,
        description="Id of the other side's incident that tells of the same event",
    )
    photos: list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(
        default=[], max_length=20, description="SHA-256 of photos sent to /api/photos"
    )
    narrative: Words = Field(default="", description="Shared as incidents are")
    names: Words = Field(default="", description="Names of who was arrested; never shared")
    informants: Words = Field(default="", description="Never shared")
    witnesses: Words = Field(default="", description="Never shared")
    victims: Words = Field(default="", description="Never shared")

    def as_details(self) -> dict[str, Any]:
        """Return what was told, as the desk takes it."""
        details = self.model_dump(exclude_unset=True, exclude={"id", "version", "reason", "when"})
        for name, kind in (("seizures", Seizure), ("arrested", ArrestCount), ("vehicles", Vehicle)):
            if name in details:
                details[name] = tuple(converted(each, kind) for each in details[name])
        if "photos" in details:
            details["photos"] = tuple(details["photos"])
        when: str | None = getattr(self, "when", None)
        if when is not None:
            details["happened_at"], details["precision"] = parse_time(when)
        return {name: each for name, each in details.items() if each is not None or name in _PLACE}


class NewIncident(IncidentDetails):
    """An incident to log."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": "phone-7-0001",
                    "category": "drugs",
                    "when": "2026-11-24T09:30:00+07:00",
                    "seizures": [{"what": "methamphetamine", "amount": 15000, "unit": "tablets"}],
                    "arrested": [{"count": 2, "nationality": "LA"}, {"count": 1}],
                    "lon": 100.4178,
                    "lat": 20.27,
                },
                {"category": "timber", "when": "2026-11", "place_name": "Ban Mom"},
            ]
        },
    )

    id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        description="Chosen by who asks; it gets another. The same again with it has one effect",
    )
    category: Category
    when: Annotated[str, AfterValidator(_is_time)] = Field(max_length=40, description=_WHEN)


class IncidentCorrection(IncidentDetails):
    """What is put right of an incident: only what is new."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "version": 2,
                    "reason": "counted again at the office",
                    "seizures": [{"what": "methamphetamine", "amount": 15200, "unit": "tablets"}],
                }
            ]
        },
    )

    version: Version
    reason: ShortWords = Field(default="", description="Needed once it has been confirmed")
    category: Category | None = None
    when: Annotated[str, AfterValidator(_is_time)] | None = Field(
        default=None, max_length=40, description=_WHEN
    )


class IncidentStep(Form):
    """A step in the life of an incident."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"version": 1}]})

    version: Version


class CreditAnswer(Form):
    """Whether the caller's agency had a part in an incident."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"agrees": True}]})

    agrees: bool


class IncidentWithdrawal(Form):
    """Why an incident should not have been logged."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 1, "reason": "the other bank logged it too"}]},
    )

    version: Version
    reason: str = Field(min_length=1, max_length=200, pattern=_WORDS)


def incident_query(
    request: Request,
    start: Annotated[Moment | None, Query(description="May have happened then or later.")] = None,
    end: Annotated[Moment | None, Query(description="May have happened before then.")] = None,
    category: Annotated[Category | None, Query()] = None,
    state: Annotated[
        Literal["reported", "confirmed", "corrected", "closed", "withdrawn"] | None,
        Query(description="Absent: all but those withdrawn."),
    ] = None,
    agency: Annotated[str | None, Query(max_length=64, description="Credited to it.")] = None,
    country: Annotated[
        str | None, Query(pattern="^[A-Z]{2}$", description="Credited to an agency of it.")
    ] = None,
    patrol: Annotated[str | None, Query(max_length=64)] = None,
    sure: Annotated[bool, Query(description="Only those confirmed or closed.")] = False,
) -> IncidentQuery:
    """Dependency: which incidents are asked for."""
    return IncidentQuery(
        start=start,
        end=end,
        category=category,
        state=state,
        agency=agency,
        country=country,
        patrol=patrol,
        sure=sure,
        zone=ZoneInfo(request.app.state.node.time_zone),
    )
