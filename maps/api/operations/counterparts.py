"""Counterparts: nodes of other offices: their cards, digits to compare, confirming, revoking."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.credentials.qr import qr_code
from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.forms.form import Form
from patrol.counterparts.card import (
    LONGEST_TEXT,
    CardAgency,
    NodeCard,
    SignedCard,
    card_text,
    read_card,
)
from patrol.counterparts.counterpart import Counterpart
from patrol.counterparts.log_health import LogHealth, StatementRefusal
from patrol.desks.liaison.counterparts import LONGEST_REASON
from patrol.exchange.statement_batch import LARGEST_NUMBER
from patrol.units.permissions import require

router = APIRouter(prefix="/api/counterparts", tags=["counterparts"])

_AT: Final = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_TEXT: Final = "JOINT-PATROL-CARD-1.fZBBT8MwDIX…"
_CARD: Final = NodeCard(
    node="ck",
    name="BLO Chiang Khong",
    agencies=(CardAgency(id="th-ck", name="Chiang Khong police", country="TH"),),
    signing_key="3q2+7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    tls_certificate="MIIBPzCB5qADAgECAhQ",
    addresses=("https://ck.example:8490",),
    number=1,
    at=_AT,
)
_SIGNED: Final = SignedCard(card=_CARD, signature="bm8gcmVhbCBzaWduYXR1cmU=")
_COUNTERPART: Final = Counterpart(
    id="4c1f0e7a9b2d4e6f8a0c1d2e3f405162",
    agency="la-hx",
    origin="hx",
    at=_AT,
    by="kham",
    card=_CARD,
    signature=_SIGNED.signature,
    own_agencies=("la-hx",),
    state="compared",
    digits="1234 5678 9012 3456 7890 1234",
    compared_by="kham",
    compared_at=_AT,
)

_LOG_HEALTH: Final = LogHealth(
    node="ck",
    epoch=1,
    their_epoch=1,
    fork="",
    forked_at=None,
    sent=14,
    waiting=1,
    waiting_since=_AT,
    receipted=13,
    receipted_at=_AT,
    held=12,
    held_at=_AT,
    announced=12,
    said_at=_AT,
    refused_there=(),
    refused_here=(
        StatementRefusal(
            number=7, kind="card", about="", at=_AT, reason="ck has another key, not signed"
        ),
    ),
    unread_there=0,
    unread_here=0,
    head_number=4711,
    head_at=_AT,
)

CardText = Annotated[
    str, Field(min_length=1, max_length=2 * LONGEST_TEXT, description="The card as one line.")
]


class ShownCard(msgspec.Struct, frozen=True, kw_only=True):
    """This node's card, to be shown.

    Attributes:
        signed: The card with its signature.
        text: The same as one line of text.
        qr_svg: The text as a QR code, an SVG document.
    """

    signed: SignedCard
    text: str
    qr_svg: str


class CounterpartDigits(msgspec.Struct, frozen=True, kw_only=True):
    """What both offices compare.

    Attributes:
        digits: Twenty-four, in groups of four.
        card_number: Number of the other node's card.
        own_card_number: Number of this node's.
    """

    digits: str
    card_number: int
    own_card_number: int


class CardForm(Form):
    """A card that was scanned, read from a file or pasted."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"card": _TEXT}]})

    card: CardText


class ComparedDigits(Form):
    """The digits that both offices see: as they were on the screen, or typed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"digits": "1234 5678 9012 3456 7890 1234"}]},
    )

    digits: Annotated[str, Field(min_length=24, max_length=60, pattern=r"^[0-9 -]+$")]


class Revocation(Form):
    """Why nothing is said to a counterpart any more."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "their computer was stolen"}]}
    )

    reason: Annotated[str, Field(min_length=1, max_length=LONGEST_REASON, pattern=r"\S")]


class NewEpoch(Form):
    """The epoch of the logs that the user saw: one more begins."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"epoch": 1}]})

    epoch: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]


_SHOWN: Final = ShownCard(signed=_SIGNED, text=_TEXT, qr_svg="<svg>…</svg>")
_DIGITS: Final = CounterpartDigits(
    digits="1234 5678 9012 3456 7890 1234", card_number=1, own_card_number=1
)


@router.get("", responses=answers(list[Counterpart], [_COUNTERPART], 403, 422))
async def list_counterparts(
    desk: DeskHere, revoked: Annotated[bool, Query(description="Those revoked, too.")] = False
) -> Response:
    """Return the nodes of other offices whose cards were read in, newest first."""
    return answer(await desk.counterparts.all(revoked=revoked))


@router.get("/card", responses=answers(ShownCard, _SHOWN, 403, 409, 503))
async def read_own_card(desk: DeskHere) -> Response:
    """Return this node's card, for the other office to scan or to be handed over as text."""
    signed = await desk.counterparts.own_card()
    text = card_text(signed)
    return answer(ShownCard(signed=signed, text=text, qr_svg=qr_code(text).svg))


@router.get("/{counterpart}", responses=answers(Counterpart, _COUNTERPART, 403, 404))
async def read_counterpart(counterpart: str, desk: DeskHere) -> Response:
    """Return one counterpart, revoked or not."""
    return answer(await desk.counterparts.one(counterpart))


@router.get("/{counterpart}/statements", responses=answers(LogHealth, _LOG_HEALTH, 403, 404))
async def read_statement_health(counterpart: str, desk: DeskHere) -> Response:
    """Return what waits each way and since when, the last receipt, and what was refused and why."""
    return answer(await desk.counterparts.statements(counterpart))


@router.post(
    "/{counterpart}/statements/head",
    responses=answers(LogHealth, _LOG_HEALTH, 403, 404, 409, 503),
)
async def tell_journal_head(counterpart: str, desk: DeskHere) -> Response:
    """Tell a counterpart now where the journal ends; its signature under that comes back."""
    await desk.counterpart_logs.tell_head(counterpart)
    return answer(await desk.counterparts.statements(counterpart))


@router.post(
    "/{counterpart}/statements/restart",
    responses=answers(LogHealth, _LOG_HEALTH, 401, 403, 404, 409, 422, 503),
)
async def restart_statements(counterpart: str, form: NewEpoch, desk: DeskHere) -> Response:
    """Begin both logs with a counterpart anew, after a fork; it asks for a recent proof.

    Its office does the same: statements go again once both have the same epoch. 409 where somebody
    was quicker.
    """
    await desk.counterpart_logs.restart(counterpart, epoch=form.epoch)
    return answer(await desk.counterparts.statements(counterpart))


@router.get(
    "/{counterpart}/digits", responses=answers(CounterpartDigits, _DIGITS, 403, 404, 409, 503)
)
async def read_digits(counterpart: str, desk: DeskHere) -> Response:
    """Return the digits of both cards: the other office sees the same if both have both cards."""
    found = desk.counterparts
    digits = await found.digits(counterpart)
    known, own = await found.one(counterpart), await found.own_card()
    return answer(
        CounterpartDigits(
            digits=digits, card_number=known.card.number, own_card_number=own.card.number
        )
    )


@router.post(
    "", status_code=201, responses=answers(Counterpart, _COUNTERPART, 403, 409, 422, status=201)
)
async def add_counterpart(form: CardForm, desk: DeskHere) -> Response:
    """Add the node whose card this is; nothing is said to it before it is confirmed.

    422 `bad_card` names the field of a card that cannot be used. 409: the own card, a node that is
    known, or an agency whose id is another's.
    """
    require(desk.user.role, "pair counterparts")  # before a card is looked into
    return answer(await desk.counterparts.add(read_card(form.card)), status=201)


@router.post(
    "/{counterpart}/compare",
    responses=answers(Counterpart, _COUNTERPART, 401, 403, 404, 409, 422, 503),
)
async def compare_digits(counterpart: str, form: ComparedDigits, desk: DeskHere) -> Response:
    """Say that both offices have the same digits; it asks for a recent proof.

    409 where they are not those of the two cards: one office has read another card.
    """
    return answer(await desk.counterparts.compare(counterpart, digits=form.digits))


@router.post(
    "/{counterpart}/confirm",
    responses=answers(Counterpart, _COUNTERPART, 401, 403, 404, 409, 503),
)
async def confirm_counterpart(counterpart: str, desk: DeskHere) -> Response:
    """Confirm as the second person, who did not compare; it asks for a recent proof."""
    return answer(await desk.counterparts.confirm(counterpart))


@router.post(
    "/{counterpart}/renew", responses=answers(Counterpart, _COUNTERPART, 403, 404, 409, 422)
)
async def renew_counterpart(counterpart: str, form: CardForm, desk: DeskHere) -> Response:
    """Take a newer card of a node: of the same key, or signed by the key before.

    One that was confirmed stays so; else the digits are compared anew.
    """
    require(desk.user.role, "pair counterparts")
    return answer(await desk.counterparts.renew(counterpart, read_card(form.card)))


@router.post(
    "/{counterpart}/revoke", responses=answers(Counterpart, _COUNTERPART, 403, 404, 409, 422)
)
async def revoke_counterpart(counterpart: str, form: Revocation, desk: DeskHere) -> Response:
    """Revoke a counterpart for good, alone and at once; to go on both offices meet anew."""
    return answer(await desk.counterparts.revoke(counterpart, reason=form.reason))
