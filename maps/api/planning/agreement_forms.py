"""What people fill in about agreements, and what the answers look like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, ValidationInfo, field_validator
from pydantic.config import JsonDict

from maps.api.operations.targets import LINES
from maps.api.responses.times import Moment
from maps.forms.form import Form
from maps.forms.passkey import SignedByPasskey
from patrol.agreements.agreement import (
    DAYS,
    Agreement,
    Approval,
    Consent,
    Corridor,
    Day,
    Hours,
    PartySignature,
    Terms,
    Window,
)
from patrol.agreements.lifecycle import Backfill
from patrol.sharing.consent_leases import LeaseHealth
from patrol.sharing.decisions import OpenClass
from patrol.signatures.officer_act import ActName
from patrol.units.data_classes import DATA_CLASSES, DataClass

Words = Annotated[str, Field(max_length=1000, pattern=LINES)]
Reason = Annotated[str, Field(min_length=1, max_length=1000, pattern=LINES)]
Agency = Annotated[str, Field(min_length=1, max_length=32)]
_NO_CONTROLS: Final = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]

_MINUTE: Final = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"
_AT: Final = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_UNTIL: Final = datetime(2027, 11, 24, tzinfo=UTC)
ID: Final = "0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a"
AGREEMENT: Final = Agreement(
    id=ID,
    agency="la-hx",
    origin="hx",
    at=_AT + timedelta(hours=2),
    version=4,
    by_agency="th-ck",
    agencies=("la-hx", "th-ck"),
    terms=Terms(
        name="Golden Triangle joint patrols",
        purposes=("safety of crews", "drugs and precursors"),
        classes=("positions", "tracks", "alerts"),
        valid_from=_AT,
        valid_until=_UNTIL,
        hours=Hours(time_zone="Asia/Vientiane", start=1200, end=240),
        precision_m=100.0,
    ),
    state="suspended",
    proposed_at=_AT,
    signatures=(
        PartySignature(agency="la-hx", at=_AT, office="Commander, BLO Houay Xai", by="somchai"),
        PartySignature(agency="th-ck", at=_AT, office="Commander, BLO Chiang Khong"),
    ),
    consents=(
        Consent(agency="la-hx", is_given=True, at=_AT, by="somchai"),
        Consent(agency="th-ck", is_given=False, at=_AT + timedelta(hours=2), reason="by order"),
    ),
    windows=(
        Window(agency="la-hx", data_class="positions", start=_AT, end=_AT + timedelta(hours=2)),
    ),
    reason="by order",
)
OPEN: Final = OpenClass(
    owner="th-ck",
    viewer="la-hx",
    data_class="positions",
    open=False,
    closed_reason="th-ck suspended “Golden Triangle joint patrols” at 2026-11-24 04:30 UTC: "
    "by order",
)
LEASE: Final = LeaseHealth(
    agreement=ID,
    agency="th-ck",
    state="fresh",
    last_word_at=_AT,
    fresh_until=_AT + timedelta(minutes=15),
    hidden_from=_AT + timedelta(minutes=150),
)
_TERMS: Final[JsonDict] = {
    "name": "Golden Triangle joint patrols",
    "purposes": ["safety of crews", "drugs and precursors"],
    "classes": ["positions", "tracks", "alerts"],
    "valid_from": "2026-11-24T00:00:00Z",
    "valid_until": "2027-11-24T00:00:00Z",
    "corridor": {
        "river": "Mekong",
        "km_from": 2300.0,
        "km_to": 2420.0,
        "from_river_m": 2000.0,
        "from_border_m": 1500.0,
    },
    "hours": {"time_zone": "Asia/Vientiane", "start": "20:00", "end": "04:00"},
    "precision_m": 100,
    "keep_days": 90,
    "freshness_s": 900,
    "legal_basis": "Memorandum on drug control along the Mekong, 2024",
    "approvals": [
        {"agency": "la-hx", "authority": "Ministry of Public Security", "number": "214/MPS"}
    ],
    "languages": ["lo", "th", "en"],
    "prevailing_language": "en",
}


class NewCorridor(Form):
    """A stretch along a river."""

    model_config = ConfigDict(extra="forbid")

    river: str = Field(min_length=1, max_length=100)
    km_from: float = Field(ge=0, le=10_000, description="Lower end, km from the mouth")
    km_to: float = Field(ge=0, le=10_000, description="Upper end")
    from_river_m: float = Field(ge=30, le=50_000, description="From its centreline at most")
    from_border_m: float | None = Field(
        default=None, ge=30, le=50_000, description="From the border at most"
    )

    def as_corridor(self) -> Corridor:
        """Return it without its area."""
        low, high = sorted((self.km_from, self.km_to))
        return Corridor(
            river=self.river,
            km_from=low,
            km_to=high,
            from_river_m=self.from_river_m,
            from_border_m=self.from_border_m,
        )


class NewHours(Form):
    """Days and hours by local time."""

    model_config = ConfigDict(extra="forbid")

    time_zone: str = Field(min_length=1, max_length=64, description="IANA name")
    start: str = Field(default="00:00", pattern=_MINUTE)
    end: str = Field(
        default="24:00", pattern=_MINUTE, description="Not after `start`: on the next day"
    )
    days: list[Day] = Field(
        default=list(DAYS), min_length=1, max_length=7, description="On which it begins"
    )

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is no time zone, for example Asia/Vientiane") from None
        return name

    def as_hours(self) -> Hours:
        """Return them."""
        return Hours(
            time_zone=self.time_zone,
            start=_minute(self.start),
            end=_minute(self.end),
            days=tuple(day for day in DAYS if day in self.days),
        )


class NewApproval(Form):
    """That an authority of a party approved it."""

    model_config = ConfigDict(extra="forbid")

    agency: Agency
    authority: Name
    number: str = Field(default="", max_length=100, pattern=_NO_CONTROLS)
    file_sha256: str = Field(
        default="", pattern=r"^([0-9a-f]{64})?$", description="Of the file of the decision, hex"
    )

    def as_approval(self) -> Approval:
        """Return it."""
        return Approval(
            agency=self.agency,
            authority=self.authority,
            number=self.number,
            file_sha256=self.file_sha256,
        )


class NewTerms(Form):
    """What the parties sign; what no class names does not cross."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_TERMS]})

    name: Name
    purposes: list[Reason] = Field(default=[], max_length=20)
    classes: list[DataClass] = Field(min_length=1, max_length=len(DATA_CLASSES))
    valid_from: Moment
    valid_until: Moment
    corridor: NewCorridor | None = Field(default=None, description="Absent: anywhere")
    hours: NewHours | None = Field(default=None, description="Absent: at any time")
    only_joint_patrols: bool = Field(
        default=False, description="Only of units in a joint patrol, while it is under way"
    )
    precision_m: float = Field(
        default=0, ge=0, le=100_000, description="Side of the square that stands for a place"
    )
    delay_s: float = Field(default=0, ge=0, le=7 * 86_400, description="Told so much later")
    answer_within_s: float = Field(
        default=300, ge=10, le=86_400, description="How long an offered target waits for an answer"
    )
    incidents_at_once: bool = Field(
        default=False, description="Incidents cross before anybody has confirmed them"
    )
    keep_days: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        description="What of another party's is older is not read any more; absent: no end",
    )
    freshness_s: int = Field(
        default=900,
        ge=60,
        le=86_400,
        description="How old the word of another party's node, that it still consents, may be for "
        "its live data to be shown",
    )
    hidden_after_s: int | None = Field(
        default=None,
        ge=60,
        le=864_000,
        description="How old for its last places to be shown, greyed; absent: ten times that",
    )
    legal_basis: Words = ""
    approvals: list[NewApproval] = Field(default=[], max_length=32)
    languages: list[Language] = Field(
        default=[], max_length=16, description="In which it is written, codes of ISO 639"
    )
    prevailing_language: Language | None = Field(
        default=None, description="The one of them that counts where they differ"
    )

    @field_validator("hidden_after_s")
    @classmethod
    def _check_hiding(cls, seconds: int | None, info: ValidationInfo) -> int | None:
        if seconds is not None and seconds < info.data.get("freshness_s", 0):
            raise ValueError("is shorter than `freshness_s`")
        return seconds

    @field_validator("prevailing_language")
    @classmethod
    def _check_language(cls, language: str | None, info: ValidationInfo) -> str | None:
        if language is not None and language not in info.data.get("languages", []):
            raise ValueError("is none of `languages`")
        return language

    def as_terms(self) -> Terms:
        """Return them without the corridor's area."""
        return Terms(
            name=self.name,
            purposes=tuple(self.purposes),
            classes=tuple(each for each in DATA_CLASSES if each in self.classes),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            corridor=None if self.corridor is None else self.corridor.as_corridor(),
            hours=None if self.hours is None else self.hours.as_hours(),
            only_joint_patrols=self.only_joint_patrols,
            precision_m=self.precision_m,
            delay_s=self.delay_s,
            answer_within_s=self.answer_within_s,
            incidents_at_once=self.incidents_at_once,
            keep_days=self.keep_days,
            freshness_s=self.freshness_s,
            hidden_after_s=self.hidden_after_s,
            legal_basis=self.legal_basis,
            approvals=tuple(each.as_approval() for each in self.approvals),
            languages=tuple(dict.fromkeys(self.languages)),
            prevailing_language=self.prevailing_language or "",
        )


class NewAgreement(Form):
    """A draft."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"agencies": ["la-hx", "th-ck"], "terms": _TERMS}]},
    )

    agencies: list[Agency] = Field(min_length=2, max_length=32)
    terms: NewTerms


class Signable(Form):
    """An act that a passkey may sign."""

    passkey: SignedByPasskey | None = Field(
        default=None, description="As `…/challenge` asked for it; absent: by the session alone"
    )


class ChangedTerms(Signable):
    """Other terms: all sign again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"terms": _TERMS, "reason": "wider"}]}
    )

    terms: NewTerms
    reason: Words = ""


class NewSignature(Signable):
    """That the caller's agency signs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 2, "office": "Commander, BLO Houay Xai"}]},
    )

    version: int = Field(
        ge=1, le=10**9, description="The version that was read; refused if the terms changed since"
    )
    office: str = Field(default="", max_length=200, pattern=_NO_CONTROLS)


class AgreementReason(Signable):
    """A reason that the other parties read."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "by order of the ministry"}]}
    )

    reason: Reason


class Suspension(AgreementReason):
    """Why an agreement is suspended, and which lifelines are withheld too."""

    also: list[Literal["distress", "duty_contact"]] = Field(
        default=[], max_length=2, description="What stands in a suspension that does not name it"
    )


class PastStretch(Form):
    """A stretch of the past of the caller's own records."""

    model_config = ConfigDict(extra="forbid")

    start: Moment
    end: Moment
    classes: list[DataClass] = Field(min_length=1, max_length=len(DATA_CLASSES))

    def as_backfill(self) -> Backfill:
        """Return it."""
        return Backfill(start=self.start, end=self.end, classes=tuple(self.classes))


_STRETCH: Final[JsonDict] = {
    "start": "2026-11-24T04:30:00Z",
    "end": "2026-11-24T05:00:00Z",
    "classes": ["tracks"],
}


class AgreementResumption(Signable):
    """That the caller's agency consents again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"reason": "settled"}, {"backfill": _STRETCH}]},
    )

    reason: Words = ""
    backfill: PastStretch | None = Field(
        default=None, description="Absent: what was made meanwhile never crosses"
    )


class NewBackfill(Signable):
    """Consent to a stretch of the past."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"backfill": _STRETCH}]}
    )

    backfill: PastStretch
    reason: Words = ""


class NewAct(Form):
    """An act that a passkey is to sign: what goes to the act itself, and which it is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"act": "sign", "office": "Commander, BLO Houay Xai"}]},
    )

    act: ActName
    office: str = Field(default="", max_length=200, pattern=_NO_CONTROLS)
    reason: Words = ""
    also: list[Literal["distress", "duty_contact"]] = Field(default=[], max_length=2)
    backfill: PastStretch | None = None
    terms: NewTerms | None = None

    def act_fields(self) -> dict[str, Any]:
        """Return what belongs to the act, as `AgreementDesk.officer_act` takes it."""
        return {
            "office": self.office,
            "reason": self.reason,
            "also": tuple(self.also),
            "backfill": None if self.backfill is None else self.backfill.as_backfill(),
            "terms": None if self.terms is None else self.terms.as_terms(),
        }


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
