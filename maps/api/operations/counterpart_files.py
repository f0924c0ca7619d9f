"""Counterpart files: what two nodes tell each other where there is no link: on a stick, by mail."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere, body_of
from maps.api.responses.responses import answer, answers
from maps.forms.form import Form
from patrol.errors.errors import BadCounterpartFile
from patrol.exchange.file_report import FileReport, WrittenFile
from patrol.exchange.sealed_file import ENDING
from patrol.exchange.statement_batch import LARGEST_NUMBER, RefusedStatement
from patrol.units.permissions import require
from radio_gateway.messages.printable_text import cleaned

router = APIRouter(prefix="/api/counterparts", tags=["counterparts"])

_AT: Final = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_WRITTEN: Final = WrittenFile(
    name=f"hx-to-ck-20261124-023000-statements-41-62{ENDING}",
    content=b"JOINT-PATROL-FILE-1 ...",
    statements=22,
    first=41,
    last=62,
    next=None,
)
_REPORT: Final = FileReport(
    node="ck",
    made_at=_AT,
    envelopes=3,
    statements=14,
    new=9,
    held=31,
    missing_from=0,
    missing_to=0,
    refused=(RefusedStatement(27, "`th-ck` is not on the card of ck"),),
    receipted=62,
    faults=(),
)
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "JOINT-PATROL-FILE-1 …",
            }
        },
    }
}


class FileWish(Form):
    """Which statements a file begins with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"after": 40}]})

    after: Annotated[
        int | None,
        Field(
            ge=0,
            le=LARGEST_NUMBER,
            description="Number of the statement before the first; the last one that they have "
            "receipted where it is not said.",
        ),
    ] = None


@router.post(
    "/{counterpart}/files",
    responses=answers(WrittenFile, _WRITTEN, 403, 404, 409, 422, 503),
)
async def write_counterpart_file(counterpart: str, form: FileWish, desk: DeskHere) -> Response:
    """Write a file for a counterpart, sealed for it: what it lacks, and our receipt for theirs.

    At most 2 MiB and 2000 statements. `content` is the file, base64; where `next` is a number, ask
    again with it as `after` for the rest. Nothing counts as received before their receipt comes.
    """
    return answer(await desk.counterpart_files.write(counterpart, after=form.after))


@router.post(
    "/files",
    openapi_extra=_BODY,
    responses=answers(FileReport, _REPORT, 403, 422, 503),
)
async def read_counterpart_file(
    request: Request,
    desk: DeskHere,
    name: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            description="The file's name, for what is said of a fault.",
            examples=[_WRITTEN.name],
        ),
    ],
) -> Response:
    """Take a file of a counterpart, which is the body of the request; the answer says what was new.

    A file may be read twice, late and in any order. 422 `bad_counterpart_file` names file and
    place: `no_file`, `cut_off`, `altered`, `too_large`, `unreadable`, `for_another`, `stranger`,
    `old_card` (sealed for another key of this node) or `old_card_here` (signed by another key than
    on the card that is held here). Nothing of such a file is taken.
    """
    require(desk.user.role, "exchange files with counterparts")  # before the body is read
    shown = cleaned(name)
    body = await body_of(request)
    if not body:
        raise BadCounterpartFile(shown, "", "it is empty", code="no_file")
    return answer(await desk.counterpart_files.read(body, name=shown))
