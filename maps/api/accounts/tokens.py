"""Tokens: with which programs act for a person, within scopes, for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.account_services import AccountServices
from maps.accounts.credentials.scopes import Scope
from maps.accounts.sessions.access import CallerHere
from maps.api.responses.responses import answer, answers
from maps.forms.form import Form
from patrol.units.accounts import Session

router = APIRouter(prefix="/api/tokens", tags=["tokens"])


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a token; never the token itself.

    Attributes:
        id: Its id; no secret.
        user: As whom it acts.
        label: What it is for.
        scopes: What it is good for.
        created_at: When it was made, aware UTC.
        expires_at: When it ends, aware UTC.
    """

    id: str
    user: str
    label: str
    scopes: tuple[str, ...]
    created_at: datetime | None
    expires_at: datetime


class MadeToken(msgspec.Struct, frozen=True, kw_only=True, rename={"details": "known"}):
    """A token, shown this once.

    Attributes:
        token: Bearer token, or password of HTTP Basic with the user's name.
        details: What is known of it.
    """

    token: str
    details: Token


class NewToken(Form):
    """A token to make."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "label": "wall screen",
                    "scopes": ["read:picture", "read:tracks"],
                    "days": 90,
                }
            ]
        },
    )

    label: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=20)]
    days: int = Field(default=90, ge=1, le=366)


_TOKEN = Token(
    id="5d7c0a",
    user="somchai",
    label="wall screen",
    scopes=("read:picture", "read:tracks"),
    created_at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
    expires_at=datetime(2027, 2, 22, 2, 30, tzinfo=UTC),
)
_MADE = MadeToken(token="api_q3Vb…", details=_TOKEN)  # noqa: S106 - an example


@router.get("", responses=answers(list[Token], [_TOKEN], 403))
async def list_tokens(caller: CallerHere, request: Request) -> Response:
    """Return the caller's tokens that are good now; all of the agency for an administrator."""
    found = await _accounts(request).tokens.all(caller.user)
    return answer([_token(each) for each in found])


@router.post(
    "", status_code=201, responses=answers(MadeToken, _MADE, 400, 403, 409, 422, status=201)
)
async def make_token(new: NewToken, caller: CallerHere, request: Request) -> Response:
    """Make a token; it is shown this once.

    It acts as the caller, on the routes of its scopes only, and ends with the caller's sessions:
    when the password or role is changed, or the user is disabled. No token can make another.
    """
    token, known = await _accounts(request).tokens.make(
        caller.user,
        label=new.label,
        scopes=tuple(dict.fromkeys(new.scopes)),
        days=new.days,
        session=caller.session,
    )
    return answer(MadeToken(token=token, details=_token(known)), status=201)


@router.delete("/{token}", status_code=204, responses=answers(None, None, 403, 404, status=204))
async def revoke_token(token: str, caller: CallerHere, request: Request) -> Response:
    """End a token, by its id: one's own, or for an administrator any of the agency."""
    await _accounts(request).tokens.end(caller.user, token)
    return Response(status_code=204)


def _token(session: Session) -> Token:
    return Token(
        id=session.id,
        user=session.user.name,
        label=session.label,
        scopes=session.scopes,
        created_at=session.created_at,
        expires_at=session.expires_at,
    )


def _accounts(request: Request) -> AccountServices:
    accounts: AccountServices = request.app.state.accounts
    return accounts
