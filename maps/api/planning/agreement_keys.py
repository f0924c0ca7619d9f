"""An officer's passkey under an act about an agreement: asked for, and checked before the act."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from maps.accounts.account_services import AccountServices
from maps.accounts.sessions.access import Caller, CallerHere, DeskHere
from maps.api.accounts.passkeys import name_of
from maps.api.planning.agreement_forms import ID, NewAct
from maps.api.responses.responses import answer, answers
from maps.forms.passkey import SignedByPasskey
from patrol.agreements.agreement import Agreement
from patrol.desks.desk import Desk
from patrol.errors.errors import Conflict
from patrol.signatures.officer_act import ActName

router = APIRouter(prefix="/api/agreements", tags=["agreements"])

HURRIED = ("suspend", "end")
"""What a party may have to do in a moment, with the key at hand or not."""


class ActToSign(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser is asked, and about what.

    Attributes:
        options: For `navigator.credentials.get`: bytes as base64url, as in WebAuthn Level 3, 5.1.
        nonce: Goes back with the answer.
        text: What is signed: `options.challenge` is SHA-256 of three lines: the purpose
            (`joint-patrol: an officer's act about an agreement, 1`), this and the nonce.
    """

    options: dict[str, Any]
    nonce: str
    text: str


_ACT = ActToSign(
    options={"challenge": "q3Vb…", "rpId": "patrol.hx.example", "userVerification": "required"},
    nonce="1764556200000000.Xb0…",
    text=f'{{"act":"sign","agencies":["la-hx","th-ck"],"agency":"la-hx","agreement":"{ID}"}}',
)


@router.post("/{agreement}/challenge", responses=answers(ActToSign, _ACT, 403, 404, 409, 422))
async def create_signing_challenge(
    agreement: str, new: NewAct, desk: DeskHere, caller: CallerHere, request: Request
) -> Response:
    """Return what a browser needs to sign an act about an agreement with the caller's passkey.

    The same body, with `passkey`, goes to the act itself within five minutes. 409 `no_passkey`
    where the caller has none at this address: then the session alone stands for it.
    """
    act = desk.agreements.officer_act(agreement, new.act, **new.act_fields())
    options, nonce = await _accounts(request).passkeys.signing_options(
        caller.user, name_of(request), act, session=caller.session or ""
    )
    return answer(ActToSign(options=options, nonce=nonce, text=act.text))


async def key_under(
    signed: SignedByPasskey | None,
    act: ActName,
    agreement: str,
    *,
    desk: Desk,
    caller: Caller,
    request: Request,
    **what: Any,
) -> dict[str, Any]:
    """Return the signature of the caller's passkey under an act, as `key` of the desk's function.

    Args:
        signed: What the passkey answered; None: the session alone stands for the act.
        act: What is done.
        agreement: Id of the agreement.
        desk: The caller's desk.
        caller: Who acts.
        request: The request.
        **what: What else belongs to the act, as `AgreementDesk.officer_act` takes it.

    Raises:
        Forbidden: If the role may not.
        NotFound: If there is no such agreement, or the caller's agency is no party to it.
        Conflict: If this node asks for a passkey under the act, and there is none.
        SignInRefused: If it signed something else, or is another's.
    """
    accounts = _accounts(request)
    if signed is None:
        if accounts.passkey_signatures and act not in HURRIED:
            _refuse_session(act, await desk.agreements.one(agreement))
        return what
    words = desk.agreements.officer_act(agreement, act, **what)
    key = await accounts.count_tries(
        caller.user,
        lambda: accounts.passkeys.signature(
            caller.user,
            name_of(request),
            signed.as_used(),
            words,
            nonce=signed.nonce,
            session=caller.session or "",
        ),
    )
    return what | {"key": key}


def _refuse_session(act: ActName, agreement: Agreement) -> None:
    if act == "change" and agreement.proposed_at is None:
        return  # a draft that nobody else has seen: no word to anybody
    raise Conflict(
        "this office signs agreements with a passkey: use one, or make one under My account",
        code="passkey_needed",
    )


def _accounts(request: Request) -> AccountServices:
    accounts: AccountServices = request.app.state.accounts
    return accounts
