"""Session: sign in with name and password or a link, see who one is, sign out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.account_services import AccountServices
from maps.accounts.credentials.passkeys import name_in
from maps.accounts.credentials.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from maps.accounts.credentials.scopes import READER
from maps.accounts.sessions.access import CallerHere
from maps.accounts.users_and_devices import UserAccounts
from maps.api.responses.responses import answer, answers
from maps.errors.errors import SignInRefused
from maps.forms.form import Form
from patrol.units.accounts import Calendar, Language, User
from patrol.units.permissions import acts_of
from patrol.units.units import Agency

router = APIRouter(prefix="/api/session", tags=["session"])


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """This office's node.

    Attributes:
        id: Short name.
        name: Name for people.
        time_zone: IANA name of the local time shown beside UTC.
        second_person: Who told of an incident does not confirm it.
    """

    id: str
    name: str
    time_zone: str
    second_person: bool = True


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, where, and what that role may do.

    Attributes:
        user: Name.
        role: Role.
        agency: Whose records the user sees.
        node: This office's node.
        permissions: What the role may do.
        language: What the person reads; None until one was chosen.
        calendar: How the person counts years.
    """

    user: str
    role: str
    agency: Agency
    node: Node
    permissions: tuple[str, ...]
    language: Language | None = None
    calendar: Calendar = "gregorian"


SESSION_EXAMPLE: Final = SessionInfo(
    user="somchai",
    role="commander",
    agency=Agency(id="joint", name="Joint patrol"),
    node=Node(id="hx", name="BLO Houay Xai", time_zone="Asia/Vientiane"),
    permissions=acts_of("commander"),
    language="lo",
)


Code = Annotated[
    str,
    Field(
        min_length=1,
        max_length=40,
        description="What the authenticator shows, or a recovery code; asked for by `code_needed`",
    ),
]


class SignIn(Form):
    """Name and password; the code of the second factor once it is asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "somchai", "password": "a long pass phrase"}]},
    )

    name: str = Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")
    password: str = Field(min_length=1, max_length=1024)
    code: Code | None = None


class LinkSignIn(Form):
    """The token of a sign-in link; the code of the second factor once it is asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"token": "q3Vb…"}]},
    )

    token: str = Field(min_length=1, max_length=200)
    code: Code | None = None


class Preferences(Form):
    """How a person reads: pages, alerts and reports follow it on every machine."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"language": "lo", "calendar": "gregorian"}]},
    )

    language: Language
    calendar: Calendar = Field(default="gregorian", description="Buddhist counts 543 years more")


class NewPassword(Form):
    """The password as it is, and as it is to be."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"present": "a long pass phrase", "new": "a longer pass phrase"}]
        },
    )

    present: Annotated[str, Field(min_length=1, max_length=1024)]
    new: Annotated[str, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


class IdentityProof(Form):
    """Password, or a code of the second factor, of who is signed in."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"password": "a long pass phrase"}]}
    )

    password: str = Field(min_length=1, max_length=1024, description="Either: password or code")


class TokenWish(Form):
    """How long a reading token is to be good."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"days": 90}]})

    days: int = Field(default=90, ge=1, le=366)


class ReadingToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for programs that only read; it is shown this once.

    Attributes:
        user: Whose it is: the user name of HTTP Basic.
        token: The token: the password of HTTP Basic, or a Bearer token.
        expires_at: When it ends, aware UTC.
    """

    user: str
    token: str
    expires_at: datetime


class SignInWays(msgspec.Struct, frozen=True, kw_only=True):
    """How one may sign in here, beside name and password.

    Attributes:
        provider: Name for people of a provider at `/api/session/open-id`; None without one.
        passkeys: Browsers know passkeys at this address.
    """

    provider: str | None = None
    passkeys: bool = False


_TOKEN = ReadingToken(
    user="somchai",
    token="read_q3Vb…",  # noqa: S106 - an example
    expires_at=datetime(2027, 2, 22, 2, 30, tzinfo=UTC),
)


@router.post("", responses=answers(SessionInfo, SESSION_EXAMPLE, 422, 429, 503))
async def sign_in(form: SignIn, request: Request) -> Response:
    """Sign in with name and password; the session is a cookie that scripts cannot read.

    Where a user has a second factor the first answer is 401 `code_needed`: ask for the code and
    send all three.
    """
    cookie = Response()
    user = await _accounts(request).signing_in.by_password(
        cookie, request, name=form.name, password=form.password, code=form.code
    )
    return signed_in(request, user, cookie)


@router.post("/link", responses=answers(SessionInfo, SESSION_EXAMPLE, 422, 429, 503))
async def sign_in_by_link(form: LinkSignIn, request: Request) -> Response:
    """Sign in with a link that is good once; 401 `code_needed` leaves it good."""
    cookie = Response()
    user = await _accounts(request).signing_in.by_link(
        cookie, request, token=form.token, code=form.code
    )
    return signed_in(request, user, cookie)


@router.get("/ways", responses=answers(SignInWays, SignInWays(provider="Ministry")))
async def list_sign_in_methods(request: Request) -> Response:
    """Return how one may sign in here; for the page to sign in with, so open to anybody."""
    provider = _accounts(request).open_id
    title = None if provider is None else provider.title
    return answer(SignInWays(provider=title, passkeys=name_in(request) is not None))


@router.get("", responses=answers(SessionInfo, SESSION_EXAMPLE))
async def read_session(caller: CallerHere, request: Request) -> Response:
    """Return who is signed in."""
    return answer(_session(request, caller.user))


@router.post(
    "/reading-token",
    status_code=201,
    responses=answers(ReadingToken, _TOKEN, 403, 409, 422, status=201),
)
async def make_reading_token(wish: TokenWish, caller: CallerHere, request: Request) -> Response:
    """Return a token with which QGIS, GDAL or a script reads maps and exports as the caller.

    It changes nothing, sees what the caller sees, and ends with the caller's sessions: when the
    password or role is changed, or the user is disabled. It is the token of `/api/tokens` whose one
    scope is `read:features`.
    """
    token, known = await _accounts(request).tokens.make(
        caller.user, label="reading", scopes=READER, days=wish.days, session=caller.session
    )
    made = ReadingToken(user=caller.user.name, token=token, expires_at=known.expires_at)
    return answer(made, status=201)


@router.put(
    "/preferences", status_code=204, responses=answers(None, None, 403, 422, 503, status=204)
)
async def change_preferences(wish: Preferences, caller: CallerHere, request: Request) -> Response:
    """Keep in which language and calendar the caller reads."""
    people: UserAccounts = request.app.state.people
    await people.prefer(caller.user, language=wish.language, calendar=wish.calendar)
    return Response(status_code=204)


@router.post(
    "/proof", status_code=204, responses=answers(None, None, 409, 422, 429, 503, status=204)
)
async def prove_identity(form: IdentityProof, caller: CallerHere, request: Request) -> Response:
    """Show password or code again: what was answered 401 `proof_needed` goes for five minutes.

    A wrong one is 401 `sign_in_refused` and counted as a wrong code is; 409 `no_proof` who has
    neither password nor second factor (signed in by link or provider) signs in again.
    """
    accounts = _accounts(request)

    async def proved() -> None:
        if not await accounts.signing_in.proves(caller.user, form.password):
            raise SignInRefused("the password or code is wrong")

    await accounts.count_tries(caller.user, proved)
    response = Response(status_code=204)
    accounts.proof.give(response, request, caller.session or "")
    return response


@router.put(
    "/password",
    status_code=204,
    responses=answers(None, None, 400, 403, 409, 422, 429, 503, status=204),
)
async def change_password(form: NewPassword, caller: CallerHere, request: Request) -> Response:
    """Change the caller's password; the caller goes on in a fresh session.

    All other sessions, tokens and sign-in links of the caller end. A wrong present password is 401
    and counted as a wrong code is; 409 where the caller has none (signed in by link or provider):
    an administrator gives one.
    """
    accounts = _accounts(request)
    await accounts.count_tries(
        caller.user,
        lambda: accounts.people.change_own_password(
            caller.user, present=form.present, new=form.new
        ),
    )
    response = Response(status_code=204)
    await accounts.signing_in.start(
        response, request, caller.user, way="password", factor=caller.factor
    )
    return response


@router.delete("", status_code=204, responses=answers(None, None, status=204))
async def sign_out(request: Request) -> Response:
    """End the session, if there is one."""
    response = Response(status_code=204)
    await _accounts(request).signing_in.sign_out(request, response)
    return response


def signed_in(request: Request, user: User, cookie: Response) -> Response:
    """Return the answer to somebody who signed in, with the cookies that `cookie` holds."""
    response = answer(_session(request, user))
    response.raw_headers += [item for item in cookie.raw_headers if item[0] == b"set-cookie"]
    return response


def _session(request: Request, user: User) -> SessionInfo:
    agencies: dict[str, Agency] = request.app.state.agencies
    agency = agencies.get(user.agency) or Agency(id=user.agency, name=user.agency)
    return SessionInfo(
        user=user.name,
        role=user.role,
        agency=agency,
        node=request.app.state.node,
        permissions=acts_of(user.role),
        language=user.language,
        calendar=user.calendar,
    )


def _accounts(request: Request) -> AccountServices:
    accounts: AccountServices = request.app.state.accounts
    return accounts
