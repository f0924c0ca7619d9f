"""Second factor: the caller's authenticator and recovery codes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.account_services import AccountServices
from maps.accounts.credentials.qr import QrCode
from maps.accounts.credentials.second_factor import FactorSetUp, FactorState, RecoveryCodes
from maps.accounts.sessions.access import Caller, CallerHere, peer_of
from maps.api.responses.responses import answer, answers
from maps.errors.errors import SignInRefused
from maps.forms.form import Form
from patrol.documents.transaction import Note
from patrol.errors.errors import NotFound

router = APIRouter(prefix="/api/session/second-factor", tags=["session"])

_STATE = FactorState(
    confirmed_at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC), recovery_left=10, required=True
)
_SET_UP = FactorSetUp(
    secret="JBSWY3DPEHPK3PXP…",  # noqa: S106 - an example
    address="otpauth://totp/BLO:somchai?secret=…",
    qr=QrCode(svg="<svg …", png="data:image/png;base64,…"),
)
_CODES = RecoveryCodes(codes=("aaaa-bbbb-cccc-dddd",))


class FirstCode(Form):
    """What the authenticator shows."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"code": "123456"}]})

    code: Annotated[str, Field(min_length=1, max_length=40)]


@router.get("", responses=answers(FactorState, _STATE, 403))
async def read_second_factor(caller: CallerHere, request: Request) -> Response:
    """Return how the caller's second factor stands."""
    accounts = _accounts(request)
    required = caller.user.role in accounts.second_factor
    return answer(await accounts.factors.state_of(caller.user, required=required))


@router.post(
    "", status_code=201, responses=answers(FactorSetUp, _SET_UP, 403, 409, 503, status=201)
)
async def begin_second_factor(caller: CallerHere, request: Request) -> Response:
    """Make the secret of an authenticator, shown this once; it counts from its first code on."""
    return answer(await _accounts(request).factors.begin(caller.user), status=201)


@router.post("/confirm", responses=answers(RecoveryCodes, _CODES, 403, 404, 409, 422, 429, 503))
async def confirm_second_factor(form: FirstCode, caller: CallerHere, request: Request) -> Response:
    """Turn the second factor on with a first code; the caller's other sessions end.

    The answer is ten recovery codes, each good once in place of a code, shown this once.
    """
    accounts = _accounts(request)
    codes = await accounts.count_tries(
        caller.user,
        lambda: accounts.factors.confirm(
            caller.user,
            form.code,
            note=_note(caller, request, "set up second factor"),
            session=caller.session,
        ),
    )
    return answer(codes)


@router.post("/recovery-codes", responses=answers(RecoveryCodes, _CODES, 403, 404, 422, 429, 503))
async def create_recovery_codes(form: FirstCode, caller: CallerHere, request: Request) -> Response:
    """Return fresh recovery codes in place of the old ones, for a good code."""
    accounts = _accounts(request)

    async def make() -> RecoveryCodes:
        if not await accounts.factors.is_good(caller.user, form.code):
            raise SignInRefused("the code is wrong, or has been used")
        note = _note(caller, request, "make recovery codes")
        return await accounts.factors.fresh_codes(caller.user, note=note)

    codes = await accounts.count_tries(caller.user, make)
    return answer(codes)


@router.post(
    "/off", status_code=204, responses=answers(None, None, 403, 404, 422, 429, 503, status=204)
)
async def disable_second_factor(form: FirstCode, caller: CallerHere, request: Request) -> Response:
    """Turn the caller's second factor off, for a good code; all the caller's sessions end."""
    accounts = _accounts(request)

    async def remove() -> None:
        if await accounts.factors.of(caller.user) is None:
            raise NotFound("second factor", caller.user.name)
        if not await accounts.factors.is_good(caller.user, form.code):
            raise SignInRefused("the code is wrong, or has been used")
        note = _note(caller, request, "remove second factor")
        await accounts.factors.remove(caller.user.name, note=note)

    await accounts.count_tries(caller.user, remove)
    return Response(status_code=204)


def _note(caller: Caller, request: Request, act: str) -> Note:
    user = caller.user
    return Note(
        act=act,
        actor=user.name,
        agency=user.agency,
        subject=f"user:{user.name}",
        detail={"address": peer_of(request)},
    )


def _accounts(request: Request) -> AccountServices:
    accounts: AccountServices = request.app.state.accounts
    return accounts
