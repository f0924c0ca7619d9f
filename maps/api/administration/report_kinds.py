"""Reports: which there are, and those that are sent by mail again and again."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request, Response

from maps.accounts.sessions.access import CallerHere
from maps.api.responses.responses import answer, answers
from maps.reports import REPORTS, About, Format
from maps.reports.jobs.scheduler import Scheduler, ScheduleStatus
from patrol.units.permissions import may, require

router = APIRouter(prefix="/api", tags=["reports"])


class ReportKind(msgspec.Struct, frozen=True, kw_only=True):
    """A report that can be asked for.

    Attributes:
        name: Its name.
        about: `patrol`: of one patrol; `time`: of a time.
        formats: What it can be had as.
        allowed: Whether the caller's role may have it.
    """

    name: str
    about: About
    formats: tuple[Format, ...]
    allowed: bool


_KIND = ReportKind(
    name="coverage", about="time", formats=("html", "map", "pdf", "xlsx"), allowed=True
)
_STATUS = ScheduleStatus(
    name="blo-pack",
    report="monthly",
    every="month",
    formats=("pdf", "xlsx"),
    language="lo",
    recipients=("liaison@police.example",),
    next_at=datetime(2026, 11, 30, 23, tzinfo=UTC),
    last_at=datetime(2026, 10, 31, 23, 0, 12, tzinfo=UTC),
    last_period="2026-10",
)


@router.get("/reports", responses=answers(list[ReportKind], [_KIND], 403))
async def list_reports(caller: CallerHere) -> Response:
    """Return which reports there are, and what each can be had as."""
    require(caller.user.role, "see the picture")
    return answer(
        [
            ReportKind(
                name=name,
                about=each.about,
                formats=each.formats,
                allowed=may(caller.user.role, each.act),
            )
            for name, each in tuple(REPORTS.items())
        ]
    )


@router.get("/report-schedules", responses=answers(list[ScheduleStatus], [_STATUS], 403, 503))
async def list_schedules(caller: CallerHere, request: Request) -> Response:
    """Return the reports that are sent by mail for the caller's agency, and when each last went.

    They stand in the server's configuration, `[[reports]]`.
    """
    require(caller.user.role, "see deliveries")
    post: Scheduler = request.app.state.report_post
    return answer(await post.status(caller.user.agency))
