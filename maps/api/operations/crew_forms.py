"""Forms of reports from crews' phones: what each kind says, bounded, each read by itself.

A call for help loses its bad fields, not its hearing.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import ConfigDict, Field, ValidationError

from gis.position.position import Position
from maps.api.operations.incident_forms import NewIncident
from maps.api.operations.targets import Id, NewSighting, NewTarget
from maps.api.responses.times import Moment
from maps.forms.form import Form
from radio_gateway.clock.clock import utc_now

MOST_REPORTS: Final = 100
MOST_PHOTOS: Final = 20

LINES: Final = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
"""Words of several lines, without other control characters."""

ReportId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{32}$", description="UUID made by the phone; sent again: known")
]
Text = Annotated[str, Field(max_length=1000, pattern=LINES)]
Note = Annotated[str, Field(max_length=500, pattern=LINES)]
DocumentId = Annotated[str, Field(min_length=1, max_length=64)]
PhotoIds = Annotated[
    list[ReportId],
    Field(max_length=MOST_PHOTOS, description="Ids of photos sent to /api/crew/photos"),
]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]


class CrewReport(Form):
    """What every report says."""

    model_config = ConfigDict(extra="forbid")

    id: ReportId
    at: Moment = Field(description="When, by the phone's clock as the server corrected it")


class _Placed(CrewReport):
    accuracy_m: float | None = Field(default=None, ge=0, le=1e7, allow_inf_nan=False)
    speed_mps: float | None = Field(default=None, ge=0, le=1000, allow_inf_nan=False)
    course_deg: float | None = Field(default=None, ge=0, le=360, allow_inf_nan=False)
    altitude_m: float | None = Field(default=None, ge=-12_000, le=100_000, allow_inf_nan=False)
    battery_pct: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)

    def _at(self, lon: float, lat: float) -> Position:
        course = self.course_deg
        return Position(
            lon=lon,
            lat=lat,
            accuracy_m=self.accuracy_m,
            speed_mps=self.speed_mps,
            course_deg=None if course is None else course % 360.0,
            altitude_m=self.altitude_m,
        )


class PositionReport(_Placed):
    """Where the phone is."""

    kind: Literal["position"]
    lon: float = Field(ge=-180, le=180, allow_inf_nan=False, description="Degrees east")
    lat: float = Field(ge=-90, le=90, allow_inf_nan=False, description="Degrees north")

    @property
    def position(self) -> Position:
        """Where it is."""
        return self._at(self.lon, self.lat)


class SosReport(_Placed):
    """A call for help, with the place if it is known."""

    kind: Literal["sos"]
    lon: float | None = Field(default=None, ge=-180, le=180, allow_inf_nan=False)
    lat: float | None = Field(default=None, ge=-90, le=90, allow_inf_nan=False)
    text: Text | None = None

    @property
    def position(self) -> Position | None:
        """Where it is; None where that was not said."""
        if self.lon is None or self.lat is None:
            return None
        return self._at(self.lon, self.lat)


class SosCancelReport(CrewReport):
    """The crew's word that a call for help is over. It ends no alert."""

    kind: Literal["sos_cancel"]
    text: Text | None = None


class CheckInReport(CrewReport):
    """That the crew's unit is well."""

    kind: Literal["check_in"]
    patrol: DocumentId


class PatrolStep(CrewReport):
    """That a patrol begins or is over."""

    kind: Literal["patrol_start", "patrol_end"]
    patrol: DocumentId
    note: Note = ""


class TextReport(CrewReport):
    """Words, or a canned phrase by its code."""

    kind: Literal["text"]
    text: Text | None = None
    phrase: Code | None = None


class TextReadReport(CrewReport):
    """That the crew has read a text."""

    kind: Literal["text_read"]
    text_id: DocumentId


class IncidentReport(NewIncident):
    """An incident: the fields of `POST /api/incidents`; photos by the ids that the phone gave."""

    model_config = ConfigDict(extra="forbid")

    id: ReportId
    kind: Literal["incident"]
    at: Moment
    photos: PhotoIds = []


class SightingReport(NewTarget):
    """A look at a target: at a known one, or at one that it opens, as `POST /api/targets` does."""

    model_config = ConfigDict(extra="forbid")

    id: ReportId
    kind: Literal["sighting"]
    at: Moment
    target: Id | None = Field(default=None, description="The known one; absent: a new one")
    what: Literal["vessel", "person", "vehicle"] | None = None  # type: ignore[assignment]
    name: Annotated[str, Field(max_length=100)] | None = None  # type: ignore[assignment]
    sighting: NewSighting
    photos: PhotoIds = []  # type: ignore[assignment]


AnyReport = (
    PositionReport
    | SosReport
    | SosCancelReport
    | CheckInReport
    | PatrolStep
    | TextReport
    | TextReadReport
    | IncidentReport
    | SightingReport
)

FORMS: Final[dict[str, type[AnyReport]]] = {
    "position": PositionReport,
    "sos": SosReport,
    "sos_cancel": SosCancelReport,
    "check_in": CheckInReport,
    "patrol_start": PatrolStep,
    "patrol_end": PatrolStep,
    "text": TextReport,
    "text_read": TextReadReport,
    "incident": IncidentReport,
    "sighting": SightingReport,
}
"""By kind."""


class BadReport(Exception):
    """A report that cannot be understood.

    Args:
        message: What is wrong, for people.
        field: Where.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        self.field = field
        super().__init__(message)


def read_report(content: dict[str, Any]) -> AnyReport:
    """Return one report, checked.

    Raises:
        BadReport: If it cannot be understood.
    """
    form = FORMS.get(str(content.get("kind")))
    if form is None:
        raise BadReport(f"kind is one of {', '.join(FORMS)}", "kind")
    try:
        return form.model_validate(content)
    except ValidationError as error:
        if form is SosReport:
            return _sos_without_bad_fields(content, error)
        raise _bad(error) from None


def _sos_without_bad_fields(content: dict[str, Any], error: ValidationError) -> SosReport:
    """Return a call for help without its bad fields.

    Raises:
        BadReport: If not even its id can be read.
    """
    bad = {str(each["loc"][0]) for each in error.errors() if each["loc"]} - {"id", "kind"}
    good = {name: value for name, value in content.items() if name not in bad}
    if "at" not in good:
        good["at"] = utc_now()
    try:
        return SosReport.model_validate(good)
    except ValidationError as fault:
        raise _bad(fault) from None


def _bad(error: ValidationError) -> BadReport:
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return BadReport(str(first["msg"]).removeprefix("Value error, "), where or None)


_AT: Final = "2026-11-24T02:30:00Z"
EXAMPLES: Final[list[dict[str, Any]]] = [
    {
        "id": "6a7e9f1c5f3a4d2c8b0d9b7c1e2d3b4a",
        "kind": "position",
        "at": _AT,
        "lon": 100.4102,
        "lat": 20.2711,
        "accuracy_m": 8,
        "battery_pct": 71,
    },
    {
        "id": "0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
        "kind": "text",
        "at": _AT,
        "text": "at the pier",
    },
]


def schema() -> dict[str, Any]:
    """Return the JSON schema of a body of reports."""
    forms = [
        form.model_json_schema(ref_template="#/components/schemas/{model}")
        for form in dict.fromkeys(FORMS.values())
    ]
    for form in forms:
        form.pop("$defs", None)  # what they share with other routes stands there already
        form.pop("examples", None)
    return {
        "type": "object",
        "required": ["reports"],
        "additionalProperties": False,
        "properties": {
            "reports": {
                "type": "array",
                "minItems": 1,
                "maxItems": MOST_REPORTS,
                "items": {"oneOf": forms},
            }
        },
    }


def raw(content: dict[str, Any]) -> bytes:
    """Return a report as it is kept beside what was understood of it."""
    return msgspec.json.encode(content)
