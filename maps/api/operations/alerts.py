"""Alerts: what needs a person: open ones, what became of each, and what people do about them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Response
from msgspec.structs import replace
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.api.responses.times import Moment
from maps.forms.form import Form
from patrol.alerts.alert import Alert, AlertState, Severity
from patrol.alerts.lifecycle import (
    acknowledge,
    escalate,
    first_version,
    resolve,
    return_to_normal,
    shelve,
)
from patrol.desks.watch_room.alerts import MOST_ALERTS, AlertsAcknowledged, UnchangedAlert

router = APIRouter(prefix="/api/alerts", tags=["alerts"])

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_UNIT = "9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"
_RAISED = replace(
    first_version(
        rule="no_go",
        subject=f"{_UNIT}|3e5f6071a5e0b7d4f0e8a1b2c3d49f1c",
        agency="la-hx",
        severity="high",
        since=_AT,
        now=_AT + timedelta(seconds=1),
        origin="hx",
        unit=_UNIT,
        lon=100.4096,
        lat=20.2655,
        place="km 2 356, bank unsure, side unsure (LA or TH), Houay Xai reach",
        facts={"call_sign": "Boat 3", "sector_name": "Don Xao", "use": "no_go"},
    ),
    id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
)
_KNOWN = acknowledge(
    _RAISED, at=_AT + timedelta(minutes=1), by="somchai", where="BLO Houay Xai, desk 1"
)
_ESCALATED = escalate(_RAISED, at=_AT + timedelta(minutes=1), by="somchai")
_SHELVED = shelve(
    _RAISED, at=_AT + timedelta(minutes=1), by="somchai", until=_AT + timedelta(hours=1)
)
_GONE = return_to_normal(_KNOWN, at=_AT + timedelta(minutes=9), since=_AT + timedelta(minutes=9))
_RESOLVED = resolve(
    _GONE, at=_AT + timedelta(minutes=12), by="somchai", note="went round a stranded barge"
)
_MANY = AlertsAcknowledged(
    acknowledged=(_KNOWN,),
    unchanged=(UnchangedAlert(id="5f3a4d2c8b6a7e9f", reason="no alert '5f3a4d2c8b6a7e9f'"),),
)

Where = Annotated[
    str,
    Field(
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*$",
        description="From where: a desk, a boat; one line",
    ),
]
Words = Annotated[str, Field(pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]
Id = Annotated[str, Field(min_length=1, max_length=64)]


class AlertAcknowledgement(Form):
    """Who acknowledges is the caller; from where, in words."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"where": "BLO Houay Xai, desk 1"}]}
    )

    where: Where = ""


class AlertAcknowledgements(Form):
    """Many alerts that somebody knows of."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"ids": [_RAISED.id], "where": "BLO Houay Xai, desk 1"}]},
    )

    ids: list[Id] = Field(min_length=1, max_length=MOST_ALERTS)
    where: Where = ""


class AlertShelving(Form):
    """Until when an alert is put aside: a time, or minutes from now."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"minutes": 60, "reason": "fetches the doctor on the other bank"}]
        },
    )

    until: Moment | None = Field(default=None, description="When it comes back by itself")
    minutes: float | None = Field(default=None, gt=0, le=1440, description="In place of `until`")
    reason: Words = Field(default="", max_length=200, description="Why, for the journal")


class Resolution(Form):
    """What was done about an alert."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"note": "went round a stranded barge"}]},
    )

    note: Words = Field(min_length=1, max_length=1000)


@router.get("", responses=answers(list[Alert], [_RAISED], 403, 422))
async def list_alerts(
    desk: DeskHere,
    state: AlertState | None = None,
    severity: Severity | None = None,
    unit: Annotated[str | None, Query(max_length=200, description="Only about this unit.")] = None,
    historical: Annotated[
        bool | None, Query(description="Only those that late fixes alone tell of, or only others.")
    ] = None,
) -> Response:
    """Return the open alerts: those that ring first, then the worst, then the newest."""
    return answer(
        desk.alerts.open(state=state, severity=severity, unit=unit, historical=historical)
    )


@router.get("/history", responses=answers(list[Alert], [_RESOLVED], 403, 422))
async def list_past_alerts(
    desk: DeskHere,
    start: Moment | None = None,
    end: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ALERTS)] = 100,
) -> Response:
    """Return alerts, open and closed, as they are now, last changed first.

    `start` and `end` bound the time of the last change.
    """
    return answer(await desk.alerts.history(start=start, end=end, limit=limit))


@router.post("/acknowledge", responses=answers(AlertsAcknowledged, _MANY, 403, 409, 422))
async def acknowledge_alerts(many: AlertAcknowledgements, desk: DeskHere) -> Response:
    """Acknowledge many alerts in one step; those that do not wait for it are left and named."""
    return answer(await desk.alerts.acknowledge_all(many.ids, where=many.where))


@router.get("/{alert}", responses=answers(Alert, _KNOWN, 403, 404))
async def read_alert(alert: str, desk: DeskHere) -> Response:
    """Return one alert, open or closed, as it is now."""
    return answer(await desk.alerts.alert(alert))


@router.get("/{alert}/versions", responses=answers(list[Alert], [_RAISED, _KNOWN, _GONE], 403, 404))
async def list_versions(alert: str, desk: DeskHere) -> Response:
    """Return every version of an alert, oldest first: what became of it, when and by whom."""
    return answer(await desk.alerts.versions(alert))


@router.post("/{alert}/acknowledge", responses=answers(Alert, _KNOWN, 403, 404, 409, 422))
async def acknowledge_alert(alert: str, knowing: AlertAcknowledgement, desk: DeskHere) -> Response:
    """Say that somebody knows of an alert: it rings no more and nobody else is told."""
    return answer(await desk.alerts.acknowledge(alert, where=knowing.where))


@router.post("/{alert}/escalate", responses=answers(Alert, _ESCALATED, 403, 404, 409))
async def escalate_alert(alert: str, desk: DeskHere) -> Response:
    """Tell those of an alert that rings who would be told next, without waiting for its time."""
    return answer(await desk.alerts.escalate(alert))


@router.post("/{alert}/shelve", responses=answers(Alert, _SHELVED, 403, 404, 409, 422))
async def shelve_alert(alert: str, shelf: AlertShelving, desk: DeskHere) -> Response:
    """Put an alert aside for at most a day; it comes back by itself. Not a call for help."""
    return answer(
        await desk.alerts.shelve(
            alert,
            until=shelf.until,
            for_s=None if shelf.minutes is None else shelf.minutes * 60.0,
            reason=shelf.reason,
        )
    )


@router.delete("/{alert}/shelve", responses=answers(Alert, _RAISED, 403, 404, 409))
async def unshelve_alert(alert: str, desk: DeskHere) -> Response:
    """Take up an alert again before its time."""
    return answer(await desk.alerts.unshelve(alert))


@router.post("/{alert}/resolve", responses=answers(Alert, _RESOLVED, 403, 404, 409, 422))
async def resolve_alert(alert: str, resolution: Resolution, desk: DeskHere) -> Response:
    """Say that an alert is dealt with, and how.

    While its condition is still there it is `settled`: it rings no more and is closed once that is
    gone. To resolve a call for help is to say that it is over; clearing the distress of a unit
    resolves its alert likewise.
    """
    return answer(await desk.alerts.resolve(alert, note=resolution.note))
