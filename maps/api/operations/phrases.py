"""Phrases: an agency's canned phrases in the languages of the river."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.errors.errors import BadRequest
from maps.forms.form import Form
from patrol.messages.phrases import Phrase

router = APIRouter(prefix="/api/phrases", tags=["phrases"])

_PHRASE = Phrase(
    id="6a7e9f1c5f3a4d2c8b0d9b7c1e2d3b4a",
    agency="la-hx",
    at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
    by="somchai",
    origin="hx",
    language="th",
    text="กรุณาหยุดเรือ",
    topic="stop the boat",
)

Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
Words = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]
Topic = Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class NewPhrase(Form):
    """A phrase to keep."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"language": "th", "text": "กรุณาหยุดเรือ", "topic": "stop the boat"}]
        },
    )

    language: Language = Field(description="BCP 47")
    text: Words
    topic: Topic = Field(default="", description="The same for the same phrase in other languages")


class PhraseChange(Form):
    """What changes of a phrase; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 1, "text": "หยุดเรือ"}]}
    )

    version: int = Field(ge=1, le=10**9, description="The version that the caller saw")
    language: Language | None = None
    text: Words | None = None
    topic: Topic | None = None


@router.get("", responses=answers(list[Phrase], [_PHRASE], 403, 422))
async def list_phrases(
    desk: DeskHere,
    language: Annotated[str | None, Query(max_length=40)] = None,
    topic: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Return the phrases of the caller's agency by topic and language."""
    return answer(desk.log.phrases(language=language, topic=topic))


@router.post("", status_code=201, responses=answers(Phrase, _PHRASE, 403, 409, 422, status=201))
async def add_phrase(new: NewPhrase, desk: DeskHere) -> Response:
    """Keep a phrase for the caller's agency."""
    return answer(await desk.log.add_phrase(**new.model_dump()), status=201)


@router.patch("/{phrase}", responses=answers(Phrase, _PHRASE, 400, 403, 404, 409, 422))
async def change_phrase(phrase: str, change: PhraseChange, desk: DeskHere) -> Response:
    """Change a phrase; 409 when somebody else has changed it meanwhile."""
    changes = change.model_dump(exclude_unset=True, exclude={"version"})
    for name, value in changes.items():
        if value is None:
            raise BadRequest(f"{name} cannot be nothing", field=name)
    if not changes:
        raise BadRequest("nothing is to be changed")
    return answer(await desk.log.change_phrase(phrase, change.version, changes))


@router.delete("/{phrase}", responses=answers(Phrase, _PHRASE, 403, 404, 409, 422))
async def retire_phrase(
    phrase: str,
    desk: DeskHere,
    version: Annotated[int, Query(ge=1, le=10**9, description="The version that was seen.")],
) -> Response:
    """Take a phrase out of use."""
    return answer(await desk.log.retire_phrase(phrase, version))
