"""Incidents: what happened and what was seized; logging, confirming, correcting, counting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.operations.incident_forms import (
    CreditAnswer,
    IncidentCorrection,
    IncidentStep,
    IncidentWithdrawal,
    NewIncident,
    incident_query,
)
from maps.api.responses.responses import answer, answers, refusals
from maps.files.incident_table import csv_of
from patrol.incidents.incident import ArrestCount, Credit, Incident, Seizure, Vehicle
from patrol.incidents.search import IncidentQuery
from patrol.incidents.statistics import Total, Totals

router = APIRouter(prefix="/api/incidents", tags=["incidents"])

MOST_LISTED: Final = 1000

WantedHere = Annotated[IncidentQuery, Depends(incident_query)]

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
INCIDENT = Incident(
    id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
    agency="la-hx",
    origin="hx",
    at=_AT,
    by="kham",
    version=2,
    state="confirmed",
    category="drugs",
    happened_at=_AT,
    precision="minute",
    seizures=(Seizure(what="methamphetamine", amount=15_000, unit="tablets"),),
    arrested=(ArrestCount(count=2, nationality="LA"), ArrestCount(count=1)),
    vehicles=(Vehicle(kind="boat", description="long-tail boat, no number"),),
    lon=100.4178,
    lat=20.27,
    place="km 2 355, left bank, LA side, Houay Xai reach",
    credited=(
        Credit(agency="la-hx", country="LA"),
        Credit(agency="th-ck", country="TH", agreed=True),
    ),
    confirmed_by="bounmy",
    narrative="A boat without lights was stopped below the ferry.",
)
_TOTAL = Total(
    reports=1,
    cases=1,
    arrested=3,
    arrested_by_nationality={"LA": 2, "unknown": 1},
    vehicles=1,
    seized={"methamphetamine": {"tablets": 15_000}},
)
_TOTALS = Totals(
    region=_TOTAL,
    by_year={"2026": _TOTAL},
    by_country={"LA": _TOTAL, "TH": _TOTAL},
    by_year_and_country={"2026": {"LA": _TOTAL, "TH": _TOTAL}},
    by_category={"drugs": _TOTAL},
    by_agency={"la-hx": _TOTAL, "th-ck": _TOTAL},
)
_CSV: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Comma-separated values, UTF-8, one incident a row",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "id,when,category\n0d9b…"}
        },
    },
    **refusals(401, 403, 409, 422),
}


class Csv(Response):
    """A table to keep."""

    media_type = "text/csv"


@router.get("", responses=answers(list[Incident], [INCIDENT], 403, 409, 422))
async def list_incidents(
    desk: DeskHere,
    which: WantedHere,
    limit: Annotated[int, Query(ge=1, le=MOST_LISTED)] = 100,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Return incidents, open and closed, those that happened last first.

    Of another agency only what an agreement shares now, without names, informants, witnesses and
    victims, which are never shared.
    """
    found = await desk.incidents.incidents(which)
    return answer(found[skip : skip + limit])


@router.post(
    "",
    status_code=201,
    responses=answers(Incident, INCIDENT, 403, 404, 409, 422, status=201),
)
async def log_incident(new: NewIncident, desk: DeskHere) -> Response:
    """Log what happened.

    Sent again with the same `id` it has one effect, however late: the answer is the incident as it
    stands then. Units must fit the category; amounts are more than nothing, and whole where the
    unit is counted.
    """
    return answer(await desk.incidents.log(id=new.id, **new.as_details()), status=201)


@router.get("/totals", responses=answers(Totals, _TOTALS, 403, 409, 422))
async def read_totals(desk: DeskHere, which: WantedHere, request: Request) -> Response:
    """Return the totals by year, country, category and agency of what the caller may see.

    The region counts each incident once, however many agencies are credited. By country it counts
    for each country that has a credited agency, by agency for each of them: the rows of those two
    tables must not be added up. Years are those of this office's calendar. Withdrawn ones count
    nowhere.
    """
    zone = ZoneInfo(request.app.state.node.time_zone)
    return answer(await desk.incidents.totals(which, zone=zone))


@router.get("/table.csv", responses=_CSV, response_class=Csv)
async def export_table(desk: DeskHere, which: WantedHere) -> Response:
    """Return incidents as a table, without what is never shared, whoever's they are."""
    found = await desk.incidents.incidents(which, purpose="file")
    saved = 'attachment; filename="incidents.csv"'
    return Csv(csv_of(found), headers={"content-disposition": saved})


@router.get("/{incident}", responses=answers(Incident, INCIDENT, 403, 404))
async def read_incident(incident: str, desk: DeskHere) -> Response:
    """Return one incident, in whatever state."""
    return answer(await desk.incidents.incident(incident))


@router.get("/{incident}/versions", responses=answers(list[Incident], [INCIDENT], 403, 404))
async def list_versions(incident: str, desk: DeskHere) -> Response:
    """Return every version of an incident of the caller's agency, oldest first."""
    return answer(await desk.incidents.versions(incident))


@router.patch("/{incident}", responses=answers(Incident, INCIDENT, 403, 404, 409, 422))
async def correct_incident(incident: str, new: IncidentCorrection, desk: DeskHere) -> Response:
    """Put right what was told.

    Whoever logs incidents corrects what is only reported. What was confirmed or closed is
    corrected, with a reason, by who may confirm, and wants to be confirmed again. 409 when it has
    been changed since the version that is named.
    """
    details = new.as_details()
    corrected = await desk.incidents.correct(
        incident, version=new.version, reason=new.reason, **details
    )
    return answer(corrected)


@router.post("/{incident}/confirm", responses=answers(Incident, INCIDENT, 403, 404, 409, 422))
async def confirm_incident(incident: str, step: IncidentStep, desk: DeskHere) -> Response:
    """Confirm what was reported or corrected; other agencies see it from then on.

    409 `second_person_needed` for who told of it, unless this office's settings let one person do
    both.
    """
    return answer(await desk.incidents.confirm(incident, version=step.version))


@router.post("/{incident}/credit", responses=answers(Incident, INCIDENT, 403, 404, 409, 422))
async def answer_credit(incident: str, form: CreditAnswer, desk: DeskHere) -> Response:
    """Say whether the caller's agency had a part in another's incident that credits it.

    An incident counts for who logged it, and for another agency once that has said yes. The answer
    can be changed until the incident is withdrawn.
    """
    return answer(await desk.incidents.answer_credit(incident, agrees=form.agrees))


@router.post("/{incident}/close", responses=answers(Incident, INCIDENT, 403, 404, 409, 422))
async def close_incident(incident: str, step: IncidentStep, desk: DeskHere) -> Response:
    """Close what is confirmed: nothing more is expected of it."""
    return answer(await desk.incidents.close(incident, version=step.version))


@router.post("/{incident}/withdraw", responses=answers(Incident, INCIDENT, 403, 404, 409, 422))
async def withdraw_incident(incident: str, why: IncidentWithdrawal, desk: DeskHere) -> Response:
    """Withdraw what should not have been logged; it is kept, and counts nowhere."""
    withdrawn = await desk.incidents.withdraw(incident, version=why.version, reason=why.reason)
    return answer(withdrawn)
