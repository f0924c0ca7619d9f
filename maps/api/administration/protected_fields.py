"""Protected fields: who informed, witnessed, suffered or was arrested by name, and private notes.

They stand in no incident or target, so no list, version, file or stream can show them; here alone
they are read, by who may, with a purpose. Only people who signed in on a page, who showed password
or code of late: no token, no phone, no device.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.forms.form import Form
from patrol.desks.protected_fields import ProtectedReaders, ProtectedWords
from patrol.protected_fields.field import LONGEST
from patrol.protected_fields.reader import ProtectedReader, ReaderCandidate

router = APIRouter(prefix="/api/protected", tags=["protected fields"])

Kind = Annotated[Literal["incident", "target"], Path(description="What it is of")]
DocumentId = Annotated[str, Path(max_length=64, description="Id of the incident or target")]

_WORDS: Final = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"  # line breaks and no other control character
_COMMITMENT: Final = "5f1d7a9e0c3b4d68" * 4
_SHOWN = ProtectedWords(
    id="7c9e6679f4d14b1e8a3e2f5b6c7d8e9f",
    field="informants",
    at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
    by="kham",
    words="the fisherman at the pier",
    commitment=_COMMITMENT,
)
_WRITTEN = ProtectedWords(
    id=_SHOWN.id, field="informants", at=_SHOWN.at, by="kham", commitment=_COMMITMENT
)
_REDACTED = ProtectedWords(
    id=_SHOWN.id,
    field="informants",
    at=_SHOWN.at,
    by="kham",
    redacted_at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
    redacted_by="bounmy",
    reason="he asked for it",
    commitment=_COMMITMENT,
)
_READERS = ProtectedReaders(
    readers=("noy",), candidates=(ReaderCandidate(name="phet", role="liaison"),)
)
_READER = ProtectedReader(
    reader="noy",
    kind="incident",
    document="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
    name="drugs",
    at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
    by="bounmy",
)


class NewProtectedWords(Form):
    """Words for one protected field."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"field": "informants", "words": "the fisherman at the pier"}]
        },
    )

    field: Literal["names", "informants", "witnesses", "victims", "private_note"] = Field(
        description="An incident has the first four; a target informants, witnesses, private_note"
    )
    words: str = Field(min_length=1, max_length=LONGEST, pattern=_WORDS)


class ReadingPurpose(Form):
    """What somebody reads protected fields for."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"purpose": "asked by the prosecutor"}]}
    )

    purpose: str = Field(min_length=1, max_length=200, pattern=_WORDS)


class RedactionReason(Form):
    """Why words are taken away."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "he asked for it"}]}
    )

    reason: str = Field(min_length=1, max_length=200, pattern=_WORDS)


@router.post(
    "/{kind}/{paper}",
    status_code=201,
    responses=answers(ProtectedWords, _WRITTEN, 403, 404, 409, 422, 503, status=201),
)
async def write_protected_field(
    kind: Kind, paper: DocumentId, new: NewProtectedWords, desk: DeskHere
) -> Response:
    """Write into a protected field of an incident or target of the caller's agency.

    What was written before stays beside it until it is redacted. 503 `no_field_key` while the
    agency has no key: nothing is kept in plain words.
    """
    made = await desk.protected_fields.write(kind, paper, field=new.field, words=new.words)
    return answer(made, status=201)


@router.post(
    "/{kind}/{paper}/reading",
    responses=answers(list[ProtectedWords], [_SHOWN], 403, 404, 409, 422, 503),
)
async def read_protected_fields(
    kind: Kind, paper: DocumentId, why: ReadingPurpose, desk: DeskHere
) -> Response:
    """Return what is written in the protected fields, oldest first, and have the journal say that
    the caller read it, and what for.

    For who may by role, or was given the reading of this incident or target.
    """
    return answer(await desk.protected_fields.read(kind, paper, purpose=why.purpose))


@router.post(
    "/{kind}/{paper}/{entry}/redaction",
    responses=answers(ProtectedWords, _REDACTED, 403, 404, 409, 422),
)
async def redact_protected_field(
    kind: Kind, paper: DocumentId, entry: str, why: RedactionReason, desk: DeskHere
) -> Response:
    """Take words away for good.

    Who did, when and why stays, and a commitment that tells nothing of the words. 409 `conflict`
    with the code `legal_hold` while a legal hold covers the incident or target.
    """
    return answer(await desk.protected_fields.redact(kind, paper, entry, reason=why.reason))


@router.get("/readers", responses=answers(list[ProtectedReader], [_READER], 403))
async def list_all_readers(desk: DeskHere) -> Response:
    """Return whom of the caller's agency somebody let read what of which incident or target, those
    of last first.

    Who reads by role is not in it.
    """
    return answer(await desk.protected_fields.all_readers())


@router.get("/{kind}/{paper}/readers", responses=answers(ProtectedReaders, _READERS, 403, 404, 422))
async def list_readers(kind: Kind, paper: DocumentId, desk: DeskHere) -> Response:
    """Return to whom the reading of this incident or target was given, and to whom it may be."""
    return answer(await desk.protected_fields.readers(kind, paper))


@router.put(
    "/{kind}/{paper}/readers/{reader}",
    responses=answers(ProtectedReaders, _READERS, 403, 404, 409, 422),
)
async def grant_reading(kind: Kind, paper: DocumentId, reader: str, desk: DeskHere) -> Response:
    """Let a user of the caller's agency read what is protected of this incident or target; 409 for
    a crew.
    """
    return answer(await desk.protected_fields.give(kind, paper, reader))


@router.delete(
    "/{kind}/{paper}/readers/{reader}", responses=answers(ProtectedReaders, _READERS, 403, 404, 422)
)
async def revoke_reading(kind: Kind, paper: DocumentId, reader: str, desk: DeskHere) -> Response:
    """Let a user read it no more."""
    return answer(await desk.protected_fields.take_back(kind, paper, reader))
