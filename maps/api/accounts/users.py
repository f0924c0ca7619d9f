"""Users: who may sign in, in which role; administrators only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.credentials.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from maps.accounts.sessions.access import Caller, CallerHere
from maps.accounts.users_and_devices import UserAccounts
from maps.api.responses.responses import answer, answers
from maps.forms.form import Form
from patrol.errors.errors import Forbidden
from patrol.units.accounts import User
from patrol.units.units import Role

router = APIRouter(prefix="/api/users", tags=["users"])

_USER = User(name="somchai", role="commander", agency="joint", origin="hx")

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}$")]
Password = Annotated[str, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


class NewUser(Form):
    """A user to add; without a password only a sign-in link lets it in."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "somchai", "role": "commander", "password": "a long pass phrase"}]
        },
    )

    name: Name
    role: Role
    password: Password | None = None


class UserChange(Form):
    """What changes of a user; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"role": "planner"}, {"disabled": True}]}
    )

    role: Role | None = None
    password: Password | None = None
    disabled: bool | None = None


class SignInLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that signs a user in once, shown this once.

    Attributes:
        name: The user's name.
        address: To open; what follows the `#` never leaves the browser.
        expires_at: When it ends, aware UTC.
    """

    name: str
    address: str
    expires_at: datetime


_LINK = SignInLink(
    name="somchai",
    address="https://blo.example/sign-in#link=q3Vb…",
    expires_at=datetime(2026, 11, 24, 3, 30, tzinfo=UTC),
)


@router.get("", responses=answers(list[User], [_USER], 403))
async def list_users(caller: CallerHere, request: Request) -> Response:
    """Return the users of the caller's agency, by name."""
    return answer(await _people(request).users_for(caller.user))


@router.post("", status_code=201, responses=answers(User, _USER, 403, 409, 422, 503, status=201))
async def add_user(new: NewUser, caller: CallerHere, request: Request) -> Response:
    """Add a user to the caller's agency; a token none with a password, and no administrator."""
    if new.password is not None or new.role == "admin":
        _no_token(caller, "let anybody in")
    added = await _people(request).add_user_for(
        caller.user, name=new.name, role=new.role, password=new.password
    )
    return answer(added, status=201)


@router.patch("/{name}", responses=answers(User, _USER, 400, 403, 404, 409, 422, 503))
async def change_user(
    name: Annotated[str, Path()], change: UserChange, caller: CallerHere, request: Request
) -> Response:
    """Change a user; its sessions end, so that the change counts at once.

    The last administrator of an agency who may sign in can be neither disabled nor demoted. A token
    changes no password, and neither makes administrators nor changes them.
    """
    if change.password is not None or change.role == "admin":
        _no_token(caller, "let anybody in")
    changed = await _people(request).change_user_for(
        caller.user,
        name,
        role=change.role,
        password=change.password,
        disabled=change.disabled,
        of_admins=caller.scopes is None,
    )
    return answer(changed)


@router.post(
    "/{name}/link",
    status_code=201,
    responses=answers(SignInLink, _LINK, 403, 404, 409, 422, 503, status=201),
)
async def make_link(name: str, caller: CallerHere, request: Request) -> Response:
    """Make a link with which a user signs in once, within an hour; for people, not for tokens."""
    _no_token(caller, "make sign-in links")
    token, expires_at = await _people(request).link_for_user(caller.user, name)
    address = f"{str(request.base_url).rstrip('/')}/sign-in#link={token}"
    return answer(SignInLink(name=name, address=address, expires_at=expires_at), status=201)


@router.delete(
    "/{name}/sessions", status_code=204, responses=answers(None, None, 403, 404, status=204)
)
async def end_sessions(name: str, caller: CallerHere, request: Request) -> Response:
    """End all sessions and tokens of a user: one's own, or for an administrator anybody's."""
    await _people(request).end_sessions_for(caller.user, name)
    return Response(status_code=204)


@router.delete(
    "/{name}/second-factor", status_code=204, responses=answers(None, None, 403, 404, status=204)
)
async def remove_second_factor(name: str, caller: CallerHere, request: Request) -> Response:
    """Turn off the second factor of a user who lost it; its sessions end; no token may."""
    _no_token(caller, "turn off second factors")
    await _people(request).remove_factor_for(caller.user, name)
    return Response(status_code=204)


def _no_token(caller: Caller, act: str) -> None:
    """Raise if a program asks: whoever finds its token must not come to sign in as a person."""
    if caller.scopes is not None:
        raise Forbidden(f"{act} with a token", caller.user.role)


def _people(request: Request) -> UserAccounts:
    people: UserAccounts = request.app.state.people
    return people
