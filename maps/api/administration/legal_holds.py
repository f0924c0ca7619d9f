"""Legal holds: what is to be preserved, whatever the retention says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.forms.form import Form
from patrol.desks.legal_holds import LONGEST_REASON
from patrol.legal_holds.legal_hold import HeldKind, LegalHold

router = APIRouter(prefix="/api/legal-holds", tags=["legal holds"])

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_HOLD = LegalHold(
    id="4c1f0e7a9b2d4e6f8a0c1d2e3f405162",
    agency="la-hx",
    origin="hx",
    at=_AT,
    by="somchai",
    kind_held="incident",
    id_held="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
    name="drugs",
    reason="order of the provincial court, 14/2026",
    set_at=_AT,
    set_by="somchai",
)

Reason = Annotated[str, Field(min_length=5, max_length=LONGEST_REASON, pattern=r"\S")]


class NewLegalHold(Form):
    """What is to be held, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "incident", "id": _HOLD.id_held, "reason": "order of a court, 14/2026"}
            ]
        },
    )

    kind: HeldKind
    id: Annotated[str, Field(min_length=1, max_length=64)]
    reason: Reason


class ReleasedLegalHold(Form):
    """Why a hold is released."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "the case is closed"}]}
    )

    reason: Reason


@router.get("", responses=answers(list[LegalHold], [_HOLD], 403, 422))
async def list_legal_holds(
    desk: DeskHere, released: Annotated[bool, Query(description="Those released, too.")] = False
) -> Response:
    """Return the legal holds of the caller's agency, newest first."""
    return answer(await desk.legal_holds.all(released=released))


@router.post(
    "", status_code=201, responses=answers(LegalHold, _HOLD, 403, 404, 409, 422, status=201)
)
async def set_legal_hold(form: NewLegalHold, desk: DeskHere) -> Response:
    """Set a legal hold: nothing that it covers is removed while it holds.

    On a document it covers all its versions, photos and originals, what it names and what names it;
    on a unit its messages and positions and the documents that name it; on the agency everything.
    """
    hold = await desk.legal_holds.place(form.kind, form.id, reason=form.reason)
    return answer(hold, status=201)


@router.post("/{hold}/release", responses=answers(LegalHold, _HOLD, 401, 403, 404, 409, 422))
async def release_legal_hold(hold: str, form: ReleasedLegalHold, desk: DeskHere) -> Response:
    """Release a legal hold: the retention takes what it covered; it asks for a recent proof."""
    return answer(await desk.legal_holds.release(hold, reason=form.reason))
