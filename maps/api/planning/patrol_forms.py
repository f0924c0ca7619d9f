"""Forms of patrols: what a request may say of a plan, in the words of `patrol.patrols.patrol`."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from maps.api.responses.times import Moment
from maps.forms.form import Form
from patrol.patrols import patrol as patrols
from patrol.patrols.lifecycle import LONGEST_ANNEX
from radio_gateway.parsing.msgspec_decoders import converted

LINES: Final = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
"""Words of several lines, without other control characters."""

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Words = Annotated[str, Field(max_length=2000, pattern=LINES)]
Reason = Annotated[str, Field(max_length=500, pattern=LINES, description="Why, for the journal")]
Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
AgencyId = Annotated[str, Field(min_length=1, max_length=64)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Radius = Annotated[float, Field(ge=10, le=20_000, allow_inf_nan=False)]
Grace = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Revision = Annotated[int, Field(ge=1, le=1_000_000)]

UNIT: Final = "9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"
SECTOR: Final = "5b1f0c9d2e7a4b6f8d3c1a0e9f8b7c6d"


class _Part(Form):
    model_config = ConfigDict(extra="forbid")


class BaseForm(_Part):
    """Where a unit lies when it is not out."""

    lon: Longitude
    lat: Latitude
    radius_m: Radius = Field(
        default=300.0, description="It has left when it is surely farther away, metres"
    )


class MemberForm(_Part):
    """A unit that takes part."""

    unit: Id
    agency: AgencyId = Field(description="Its owner")
    crew: int | None = Field(
        default=None, ge=0, le=500, description="How many people are on it; absent: not known"
    )
    base: BaseForm | None = Field(
        default=None, description="Absent: leaving it is not seen by movement"
    )


class LegForm(_Part):
    """One part of a patrol."""

    name: Name
    starts_at: Moment
    ends_at: Moment
    lead: AgencyId | None = Field(default=None, description="Absent: the patrol's lead")
    sectors: Annotated[list[Id], Field(max_length=50)] = []


class RendezvousForm(_Part):
    """Where and when units meet."""

    name: Name
    lon: Longitude
    lat: Latitude
    at: Moment
    units: Annotated[list[Id], Field(max_length=50, description="None: all members")] = []
    radius_m: Radius = 300.0
    grace_s: Grace = 900.0


class PatrolChange(_Part):
    """What is to be different of a plan; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"revision": 1, "ends_at": "2026-11-24T20:00:00Z", "reason": "fog"}]
        },
    )

    name: Name | None = None
    lead: AgencyId | None = Field(default=None, description="Agency that leads")
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    agencies: Annotated[list[AgencyId], Field(max_length=12)] | None = Field(
        default=None, description="Whose signatures it needs; the own one is always among them"
    )
    members: Annotated[list[MemberForm], Field(max_length=50)] | None = None
    sectors: Annotated[list[Id], Field(max_length=50)] | None = None
    legs: Annotated[list[LegForm], Field(max_length=50)] | None = None
    rendezvous: Annotated[list[RendezvousForm], Field(max_length=50)] | None = None
    check_in_interval_s: float | None = Field(
        default=None,
        ge=30,
        le=86_400,
        allow_inf_nan=False,
        description="Longest time between two check-ins of a unit under way; null: none are asked",
    )
    check_in_grace_s: Grace | None = None
    check_in_by_message: bool | None = Field(
        default=None, description="Whether anything heard of a unit counts as its check-in"
    )
    start_grace_s: Grace | None = Field(
        default=None, description="How long after its time a start is overdue, seconds"
    )
    start_by_plan: bool | None = None
    start_by_movement: bool | None = Field(
        default=None, description="When a member leaves its base or enters a sector in the window"
    )
    end_by_plan: bool | None = None
    end_by_movement: bool | None = Field(
        default=None, description="When all members that have a base have been back for 10 minutes"
    )
    note: Words | None = None
    revision: Revision | None = Field(
        default=None, description="Of the content that the change is meant for"
    )
    reason: Reason = ""

    def content(self) -> dict[str, Any]:
        """Return what is said of the content, as the desk takes it."""
        content = self.model_dump(exclude_unset=True, exclude={"revision", "reason"})
        given = {
            name: value
            for name, value in content.items()
            if value is not None or name == "check_in_interval_s"
        }
        return {
            name: converted(value, _PARTS[name]) if name in _PARTS else value
            for name, value in given.items()
        }


class NewPatrol(PatrolChange):
    """A patrol to be drafted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Night watch",
                    "starts_at": "2026-11-24T12:00:00Z",
                    "ends_at": "2026-11-24T18:00:00Z",
                    "agencies": ["la-hx", "th-ck"],
                    "members": [{"unit": UNIT, "agency": "la-hx", "crew": 4}],
                    "sectors": [SECTOR],
                    "check_in_interval_s": 1800,
                }
            ]
        },
    )

    name: Name
    starts_at: Moment
    ends_at: Moment


class PlanCheck(PatrolChange):
    """A plan that is being made, to be judged."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "starts_at": "2026-11-24T12:00:00Z",
                    "ends_at": "2026-11-24T18:00:00Z",
                    "members": [{"unit": UNIT, "agency": "la-hx", "crew": 4}],
                }
            ]
        },
    )

    patrol: Id | None = Field(default=None, description="The one that is being changed")

    def content(self) -> dict[str, Any]:
        """Return what is said of the content, as the desk takes it."""
        return {name: value for name, value in super().content().items() if name != "patrol"}


class SignatureForm(_Part):
    """A signature."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"revision": 2}]})

    revision: Revision = Field(description="Of the content that the signer has read")


class ReasonForm(_Part):
    """Why something is done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"reason": "fog"}]})

    reason: Reason = ""


class CheckInForm(_Part):
    """That a unit said it is well."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"unit": UNIT, "note": "all well"}]}
    )

    unit: Id
    note: Annotated[str, Field(max_length=500, pattern=LINES)] = ""
    at: Moment | None = Field(default=None, description="When it said so; absent: now")


class AnnexForm(_Part):
    """What an agency keeps with a patrol for itself alone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"text": "Second engine of Naga 1 is weak"}]},
    )

    text: Annotated[str, Field(max_length=LONGEST_ANNEX, pattern=LINES)]


_PARTS: Final[dict[str, Any]] = {
    "agencies": tuple[str, ...],
    "members": tuple[patrols.Member, ...],
    "sectors": tuple[str, ...],
    "legs": tuple[patrols.Leg, ...],
    "rendezvous": tuple[patrols.Rendezvous, ...],
}
"""Content that is made of parts."""
