"""Holdings: all records of an agency on a person or thing, for its administrators."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.forms.form import Form
from maps.runtime.fair_queue import FairQueue
from patrol.desks.holdings import LONGEST, LONGEST_PURPOSE, SHORTEST, SHORTEST_PURPOSE
from patrol.holdings.mention import Mention, Mentions

router = APIRouter(prefix="/api/holdings", tags=["holdings"])

_FOUND = Mentions(
    mentions=(
        Mention(
            kind="incident",
            id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
            fields=("narrative",),
            name="drugs",
            at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
        ),
    ),
    more=("journal",),
)


class HoldingsSearch(Form):
    """What to look for, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"words": "Somchai", "purpose": "request of the person of 24 November"}]
        },
    )

    words: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST, pattern=r"\S")]
    purpose: Annotated[
        str, Field(min_length=SHORTEST_PURPOSE, max_length=LONGEST_PURPOSE, pattern=r"\S")
    ]


@router.post("", responses=answers(Mentions, _FOUND, 401, 403, 409, 422, 503))
async def search_holdings(form: HoldingsSearch, request: Request, desk: DeskHere) -> Response:
    """Return all that the agency's records hold on a name, call sign, number or device id.

    Every kind of record is looked into, all versions of documents too: units, radios, users,
    devices, documents, texts to and from radios, photos by their senders, reports of phones, the
    journal. At most 100 of a kind; `more` names the kinds that have more. For administrators, who
    show password or code for it; the journal notes words, purpose and how much was found. What is
    encrypted in a record is not found by what it says.
    """
    turns: FairQueue = request.app.state.holdings_turns
    async with turns.turn(desk.user.name):  # it looks through everything
        return answer(await desk.holdings.search(form.words, purpose=form.purpose))
