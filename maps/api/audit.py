"""Audit: an agency's own lines of the journal, for its administrators and observers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response

from maps.access import DeskHere
from maps.api.answers import answer, answers
from maps.api.times import Moment
from patrol.audit_desk import MOST_LINES, JournalLine, JournalPage

router = APIRouter(prefix="/api/audit", tags=["audit"])

_PAGE = JournalPage(
    lines=(
        JournalLine(
            seq=4711,
            at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
            act="change unit",
            actor="somchai",
            agency="la-hx",
            subject="unit:9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
            detail={"call_sign": "Naga 2"},
            origin="hx",
            previous="3684f62c1627a6bd0e16027f09924a2fe13e60e5a0912f3dce0e69c91677eb57",
            hash="f12b4688aec49ee2cc4bae4acb5e6c9328c6e4606fec98dede2dc900437dcbfd",
        ),
    ),
    before=4711,
)


@router.get("", responses=answers(JournalPage, _PAGE, 403, 422))
async def read_journal(
    desk: DeskHere,
    before: Annotated[
        int | None, Query(ge=1, le=2**62, description="Only lines with smaller numbers.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 100,
    since: Annotated[Moment | None, Query(description="Written then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Written before then.")] = None,
    act: Annotated[str | None, Query(max_length=100, description="Only this act.")] = None,
    actor: Annotated[str | None, Query(max_length=100, description="Only by this user.")] = None,
    subject: Annotated[
        str | None,
        Query(
            max_length=300,
            description="Only on this, `kind:id`; `kind:` for all of a kind.",
            examples=["unit:"],
        ),
    ] = None,
) -> Response:
    """Return lines of the journal on behalf of the caller's agency, newest first.

    Administrators and observers only. `before` of the answer is what to ask for next; it is absent
    at the beginning of the journal. Other agencies' lines stand in between and are never answered.
    """
    page = await desk.audit.page(
        before=before,
        limit=limit,
        since=since,
        until=until,
        act=act,
        actor=actor,
        subject=subject,
    )
    return answer(page)
