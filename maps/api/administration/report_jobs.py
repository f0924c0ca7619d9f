"""Report jobs: request, watch, cancel and fetch a report."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import CallerHere, DeskHere
from maps.api.responses.responses import answer, answers, refusals
from maps.api.responses.times import Moment
from maps.forms.form import Form
from maps.language.wording import Wording
from maps.reports import REPORTS, Format
from maps.reports.document.request import ReportRequest, Site
from maps.reports.jobs.jobs import Job, Jobs
from maps.reports.jobs.render import ReportFile
from maps.reports.jobs.report_file import check, make_report
from patrol.desks.desk import Desk
from patrol.units.accounts import Calendar, Language

router = APIRouter(prefix="/api/report-jobs", tags=["reports"])

_JOB = Job(
    id="6a7e9f1c5f3a4d2c8b0d9b7c1e2d3b4a",
    report="coverage",
    format="pdf",
    asked_at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
    state="making",
    progress=0.42,
)
JobId = Annotated[str, Path(max_length=64, examples=[_JOB.id])]
Id = Annotated[str, Field(max_length=64)]
Km = Annotated[float | None, Field(ge=0, le=10_000)]

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "%PDF-1.7 …",
            }
        },
    },
    **refusals(401, 403, 404, 422, 503),
}


class NewReport(Form):
    """A report to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "report": "coverage",
                    "format": "pdf",
                    "start": "2026-11-01T00:00:00Z",
                    "end": "2026-11-24T00:00:00Z",
                    "language": "lo",
                }
            ]
        },
    )

    report: str = Field(max_length=40, description=f"One of {', '.join(REPORTS)}")
    format: Format = Field(default="html", description="A page, an interactive map, paper, tables")
    patrol: Id = Field(default="", description="Id of the patrol, for a report of one")
    start: Moment | None = Field(default=None, description="For a report of a time")
    end: Moment | None = None
    language: Language | None = Field(default=None, description="The caller's own if not said")
    calendar: Calendar | None = None
    second_language: Language | None = Field(
        default=None, description="Beside the first, for phrases of a briefing"
    )
    km_from: Km = Field(default=None, description="Kilometres of the river, for coverage")
    km_to: Km = None
    radius_m: float = Field(default=500.0, ge=10, le=20_000, description="How far a unit sees")
    counterpart: Id = Field(
        default="",
        description="Agency that a monthly pack is made for: of the own it holds what may cross",
    )


@router.post("", status_code=202, responses=answers(Job, _JOB, 400, 403, 404, 422, 429, status=202))
async def request_report(request: Request, caller: CallerHere, body: NewReport) -> Response:
    """Ask for a report; it is made beside, one at a time, and kept for half an hour.

    Look at the job until its `state` is `made`, then fetch its file.
    """
    words = Wording(
        body.language or caller.user.language or "en",
        calendar=body.calendar or caller.user.calendar,
        zone=ZoneInfo(request.app.state.node.time_zone),
    )
    second: Language = body.second_language or ("en" if words.language != "en" else "lo")
    # A desk of its own: the answer to this request tells of no record.
    own: Desk = request.app.state.desk_of(caller.user)
    site: Site = request.app.state.report_site
    report_request = ReportRequest(
        site=site,
        desk=own,
        words=words,
        second=Wording(second, calendar=words.calendar, zone=words.zone),
        patrol=body.patrol,
        start=body.start,
        end=body.end,
        km_from=body.km_from,
        km_to=body.km_to,
        radius_m=body.radius_m,
        counterpart=body.counterpart,
    )
    check(body.report, body.format, report_request)

    async def work(progress: Callable[[float], None]) -> ReportFile:
        return await make_report(body.report, body.format, report_request, progress=progress)

    jobs: Jobs = request.app.state.report_jobs
    job = jobs.begin(
        own, work, report=body.report, kind=body.format, is_stale=lambda: report_request.is_stale
    )
    location = {"location": f"/api/report-jobs/{job.id}"}
    return answer(job, status=202, headers=location)


@router.get("", responses=answers(list[Job], [_JOB], 403))
async def list_jobs(request: Request, caller: CallerHere) -> Response:
    """Return the caller's reports of the last half hour, newest first."""
    jobs: Jobs = request.app.state.report_jobs
    return answer(jobs.of(caller.user.name))


@router.get("/{job}", responses=answers(Job, _JOB, 403, 404, 422))
async def read_job(request: Request, caller: CallerHere, job: JobId) -> Response:
    """Return how far a report is."""
    jobs: Jobs = request.app.state.report_jobs
    return answer(jobs.one(job, caller.user.name))


@router.delete("/{job}", status_code=204, responses=answers(None, None, 403, 404, 422, status=204))
async def cancel_job(request: Request, caller: CallerHere, job: JobId) -> Response:
    """Stop making a report, or throw away what was made."""
    jobs: Jobs = request.app.state.report_jobs
    jobs.call_off(job, caller.user.name)
    return Response(status_code=204)


@router.get("/{job}/file", responses=_FILE, response_class=Response)
async def download_report(
    request: Request,
    desk: DeskHere,
    job: JobId,
) -> Response:
    """Return the file that was made.

    It is gone after half an hour, and at once when something in it is shared no more. The journal
    notes that it was given out.
    """
    jobs: Jobs = request.app.state.report_jobs
    file, about = jobs.file(job, desk), jobs.one(job, desk.user.name)
    digest = await asyncio.to_thread(lambda: hashlib.sha256(file.content).hexdigest())
    details = {"report": about.report, "format": about.format, "file": file.name, "sha256": digest}
    await desk.audit.note("export", subject="export:report", detail=details)
    file = jobs.file(job, desk)  # it may have been called off meanwhile, or a sharing suspended
    headers = {
        "content-disposition": f'attachment; filename="{file.name}"',
        "cache-control": "no-store",
    }
    return Response(file.content, media_type=file.media_type, headers=headers)
