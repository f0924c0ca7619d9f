"""Watch log: what the officer on watch writes, and what the system did, in one time line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers, refusals
from maps.api.responses.times import EARLIEST, Moment
from maps.errors.errors import BadRequest
from maps.forms.form import Form
from patrol.desks.watch_room.watch_log import MOST_LINES
from patrol.duty.watch_log import LogEntry, LogLine, LogPage

router = APIRouter(prefix="/api/watch-log", tags=["watch log"])

LONGEST: Final = timedelta(days=92)
MOST_EXPORTED: Final = 100_000

_AT: Final = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_ENTRY = LogEntry(
    id="5f3a0d9b7c1e4d2c8b6a7e9f1c2d3b4a",
    agency="la-hx",
    at=_AT,
    by="somchai",
    origin="hx",
    text="Engine noise off the left bank, no lights",
    happened_at=_AT - timedelta(minutes=20),
    office="Houay Xai",
)
_PAGE = LogPage(
    lines=(
        LogLine(
            seq=4712,
            at=_AT,
            act="write log",
            subject=f"log_entry:{_ENTRY.id}",
            agency="la-hx",
            actor="somchai",
            typed=True,
            text=_ENTRY.text,
            happened_at=_ENTRY.happened_at,
            office="Houay Xai",
        ),
        LogLine(
            seq=4711,
            at=_AT - timedelta(minutes=1),
            act="raise",
            subject="alert:0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
            agency="la-hx",
            text="silent_unit",
            detail={"version": 1},
        ),
    ),
    before=4711,
)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The time line, oldest first",
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "seq,at,happened_at,…"},
            "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"seq":4711,…}'},
        },
    },
    **refusals(400, 401, 403, 422, 503),
}
_COLUMNS: Final = (
    "seq",
    "at",
    "happened_at",
    "typed",
    "act",
    "text",
    "subject",
    "about",
    "office",
    "agency",
    "actor",
    "corrects",
    "detail",
)


class LogDownload(Response):
    """A file to keep."""

    media_type = "text/csv"


class NewLogEntry(Form):
    """Something to write into the log."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "Engine noise off the left bank, no lights",
                    "happened_at": "2026-11-24T02:10:00Z",
                    "office": "Houay Xai",
                }
            ]
        },
    )

    text: str = Field(min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
    happened_at: Moment | None = Field(default=None, description="Absent: now")
    office: str = Field(default="", max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
    about: str = Field(
        default="", max_length=200, pattern=r"^$|^[a-z_]+:\S+$", description="What, `kind:id`"
    )
    corrects: str = Field(default="", max_length=64, description="Entry that this one puts right")


@router.get("", responses=answers(LogPage, _PAGE, 403, 422))
async def read_log(
    desk: DeskHere,
    before: Annotated[
        int | None, Query(ge=1, le=2**62, description="Only lines with smaller numbers.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 100,
    since: Annotated[Moment | None, Query(description="Written then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Written before then.")] = None,
    typed: Annotated[
        bool | None, Query(description="true: only typed entries; false: only what was done.")
    ] = None,
) -> Response:
    """Return the time line, newest first: typed entries, and what people and the watch did.

    Of agreements, patrols, targets and hand-offs with several parties the others' acts stand in it
    too, without the names of their people. `before` of the answer is what to ask for next; there
    may be fewer lines than `limit` and still more to come.
    """
    page = await desk.log.timeline(
        before=before, limit=limit, since=since, until=until, typed=typed
    )
    return answer(page)


@router.post(
    "", status_code=201, responses=answers(LogEntry, _ENTRY, 403, 404, 409, 422, status=201)
)
async def write_entry(new: NewLogEntry, desk: DeskHere) -> Response:
    """Write an entry; it is never changed, but a later one may put it right."""
    details = new.model_dump()
    return answer(await desk.log.write(details.pop("text"), **details), status=201)


@router.get("/export", responses=_FILE, response_class=LogDownload)
async def export_log(
    desk: DeskHere,
    since: Annotated[Moment, Query(examples=["2026-11-24T00:00:00Z"])],
    until: Annotated[Moment, Query(examples=["2026-11-25T00:00:00Z"])],
    file_format: Annotated[Literal["csv", "jsonl"], Query(alias="format")] = "csv",
) -> Response:
    """Return the time line as a file, oldest first: at most 92 days and 100,000 lines.

    That it was given out is a line of the journal.
    """
    if not timedelta() < until - since <= LONGEST:
        raise BadRequest(f"until comes after since, by {LONGEST.days} days at most", field="until")
    lines: list[LogLine] = []
    async for line in desk.log.export(since=max(since, EARLIEST), until=until):
        lines.append(line)
        if len(lines) > MOST_EXPORTED:
            raise BadRequest(f"more than {MOST_EXPORTED} lines: ask for less time", field="since")
    details = {"since": since, "until": until, "lines": len(lines), "format": file_format}
    await desk.audit.note("export watch log", subject="export:watch-log", detail=details)
    body = _csv(lines) if file_format == "csv" else _json(lines)
    stamp = f"{since:%Y%m%dT%H%M%SZ}-{until:%Y%m%dT%H%M%SZ}"
    saved = f'attachment; filename="watch-log-{stamp}.{file_format}"'
    kind = "text/csv" if file_format == "csv" else "application/x-ndjson"
    return Response(body, media_type=kind, headers={"content-disposition": saved})


def _json(lines: Iterable[LogLine]) -> bytes:
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def _csv(lines: Iterable[LogLine]) -> str:
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(_COLUMNS)
    for line in lines:
        table.writerow([_cell(getattr(line, column)) for column in _COLUMNS])
    return written.getvalue()


def _cell(value: object) -> str:
    """Return a cell that a spreadsheet shows and never computes."""
    if value is None or value == {}:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return msgspec.json.encode(value).decode()
    text = str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text
