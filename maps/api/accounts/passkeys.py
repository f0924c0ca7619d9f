"""Passkeys over HTTP: the caller's own, and signing in with one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Request, Response
from pydantic import Field

from maps.accounts.account_services import AccountServices
from maps.accounts.credentials.passkeys import Name, name_in
from maps.accounts.credentials.second_factor import RecoveryCodes
from maps.accounts.sessions.access import Caller, CallerHere, peer_of
from maps.api.accounts.session import SESSION_EXAMPLE, SessionInfo, signed_in
from maps.api.responses.responses import answer, answers
from maps.errors.errors import SignInRefused
from maps.forms.passkey import PasskeyAnswer
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict
from patrol.units.accounts import User

router = APIRouter(prefix="/api/session", tags=["session"])

SIGN_IN = "sign in"
PROOF = "recent proof of"

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


class PasskeyInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey of the caller's.

    Attributes:
        id: Its id; no secret.
        label: What its owner calls it.
        rp_id: Name of the office to which it is bound; elsewhere it is of no use.
        here: It is good at the address in the browser.
        created_at: Since when, aware UTC.
        used_at: When it was last used, aware UTC; None for never.
    """

    id: str
    label: str
    rp_id: str
    here: bool
    created_at: datetime
    used_at: datetime | None


class PasskeyState(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's passkeys, and whether there can be any here.

    Attributes:
        possible: Browsers make passkeys at this address: it is a name, with TLS or of this machine.
        passkeys: The caller's, oldest first.
    """

    possible: bool
    passkeys: tuple[PasskeyInfo, ...]


class NewPasskey(PasskeyAnswer):
    """A passkey that a browser made, and what its owner calls it."""

    label: Annotated[str, Field(min_length=1, max_length=60)]


class PasskeyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser is asked.

    Attributes:
        options: For `navigator.credentials`: bytes as base64url, as in WebAuthn Level 3, 5.1.
    """

    options: dict[str, Any]


_OPTIONS = PasskeyOptions(
    options={"challenge": "MTc2…", "rpId": "patrol.hx.example", "userVerification": "required"}
)
_STATE = PasskeyState(
    possible=True,
    passkeys=(
        PasskeyInfo(
            id="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
            label="phone",
            rp_id="patrol.hx.example",
            here=True,
            created_at=_AT,
            used_at=None,
        ),
    ),
)
_CODES = RecoveryCodes(codes=("aaaa-bbbb-cccc-dddd",))


@router.post("/passkey/challenge", responses=answers(PasskeyOptions, _OPTIONS, 409, 503))
async def create_sign_in_challenge(request: Request) -> Response:
    """Return what a browser needs to sign somebody in with a passkey; open to anybody."""
    return answer(
        PasskeyOptions(
            options=_accounts(request).passkeys.request_options(name_of(request), SIGN_IN)
        )
    )


@router.post("/passkey", responses=answers(SessionInfo, SESSION_EXAMPLE, 400, 409, 422, 429, 503))
async def sign_in_by_passkey(form: PasskeyAnswer, request: Request) -> Response:
    """Sign in with a passkey: no password and no code is asked for.

    Origin, name of the office, challenge and that the device asked for finger, face or PIN are
    checked. A wrong one is 401 `sign_in_refused` and counted by address.
    """
    cookie = Response()
    accounts = _accounts(request)
    user = await accounts.signing_in.by_passkey(
        cookie,
        request,
        lambda: accounts.passkeys.user_of(name_of(request), form.as_used(), SIGN_IN),
    )
    return signed_in(request, user, cookie)


@router.post("/proof/challenge", responses=answers(PasskeyOptions, _OPTIONS, 403, 409, 503))
async def create_proof_challenge(caller: CallerHere, request: Request) -> Response:
    """Return what a browser needs to show a passkey of the caller's again."""
    accounts, name = _accounts(request), name_of(request)
    own = [each for each in await accounts.passkeys.of(caller.user) if each.rp_id == name.rp_id]
    if not own:
        raise Conflict("you have no passkey at this address", code="no_passkey")
    about = caller.user.name, caller.session or ""
    return answer(
        PasskeyOptions(options=accounts.passkeys.request_options(name, PROOF, *about, only=own))
    )


@router.post(
    "/proof/passkey",
    status_code=204,
    responses=answers(None, None, 400, 409, 422, 429, 503, status=204),
)
async def prove_by_passkey(form: PasskeyAnswer, caller: CallerHere, request: Request) -> Response:
    """Show a passkey in place of password or code: what asks again goes for five minutes."""
    accounts = _accounts(request)
    about = caller.user.name, caller.session or ""

    async def proved() -> User:
        user = await accounts.passkeys.user_of(name_of(request), form.as_used(), PROOF, *about)
        if user.name != caller.user.name:
            raise SignInRefused("this is another's passkey")
        return user

    await accounts.count_tries(caller.user, proved)
    response = Response(status_code=204)
    accounts.proof.give(response, request, caller.session or "")
    return response


@router.get("/passkeys", responses=answers(PasskeyState, _STATE, 403))
async def list_passkeys(caller: CallerHere, request: Request) -> Response:
    """Return the caller's passkeys, and whether there can be any at this address."""
    name = name_in(request)
    known = await _accounts(request).passkeys.of(caller.user)
    state = PasskeyState(
        possible=name is not None,
        passkeys=tuple(
            PasskeyInfo(
                id=each.id,
                label=each.label,
                rp_id=each.rp_id,
                here=name is not None and name.rp_id == each.rp_id,
                created_at=each.created_at,
                used_at=each.used_at,
            )
            for each in known
        ),
    )
    return answer(state)


@router.post("/passkeys", responses=answers(PasskeyOptions, _OPTIONS, 403, 409, 503))
async def begin_passkey_registration(caller: CallerHere, request: Request) -> Response:
    """Return what a browser needs to make a passkey; it counts once `confirm` was told of it."""
    options = await _accounts(request).passkeys.begin(
        caller.user, name_of(request), session=caller.session or ""
    )
    return answer(PasskeyOptions(options=options))


@router.post(
    "/passkeys/confirm",
    status_code=201,
    responses=answers(RecoveryCodes, _CODES, 400, 403, 409, 422, 503, status=201),
)
async def add_passkey(form: NewPasskey, caller: CallerHere, request: Request) -> Response:
    """Keep a passkey that the browser made; the caller's other sessions end.

    Where it is the first second factor, the answer is ten recovery codes, shown this once; else
    none.
    """
    accounts = _accounts(request)
    _passkey, codes = await accounts.passkeys.add(
        caller.user,
        name_of(request),
        form.as_made(),
        label=form.label,
        session=caller.session or "",
        note=_note(caller, request, "add passkey", label=form.label),
    )
    accounts.access.look_again()
    return answer(RecoveryCodes(codes=codes), status=201)


@router.delete(
    "/passkeys/{passkey}", status_code=204, responses=answers(None, None, 403, 404, status=204)
)
async def remove_passkey(
    passkey: Annotated[str, Path()], caller: CallerHere, request: Request
) -> Response:
    """Remove a passkey of the caller's: it lets in no more."""
    note = _note(caller, request, "remove passkey")
    await _accounts(request).passkeys.remove(caller.user, passkey, note=note)
    return Response(status_code=204)


def name_of(request: Request) -> Name:
    """Return what a passkey is bound to here.

    Raises:
        Conflict: If browsers make none at this address.
    """
    name = name_in(request)
    if name is None:
        raise Conflict(
            "passkeys need an address with a name, over TLS: not a number", code="no_name"
        )
    return name


def _note(caller: Caller, request: Request, act: str, **detail: object) -> Note:
    user = caller.user
    return Note(
        act=act,
        actor=user.name,
        agency=user.agency,
        subject=f"user:{user.name}",
        detail={"address": peer_of(request), **detail},
    )


def _accounts(request: Request) -> AccountServices:
    accounts: AccountServices = request.app.state.accounts
    return accounts
