"""Orders: messages to radios: words, requests for a position, alerts; and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.errors.errors import BadRequest
from maps.forms.form import Form
from maps.language.phrase_words import radio_words
from maps.notifications.deliveries import Deliveries
from patrol.desks.desk import Desk
from patrol.desks.watch_room.messages import LONGEST, LONGEST_TEXT, MOST_MESSAGES
from patrol.messages.message import Message, MessageStep, Route
from patrol.messages.phrase_codes import NUMBERS
from radio_gateway.orders.order_result import Refusal

router = APIRouter(prefix="/api/orders", tags=["orders"])

SaidKind = Literal["distress", "alert", "poll", "text"]
"""A mark goes by `POST /api/on-air/marks/{mark}`."""

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_UNIT = "9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"
EXAMPLE = Message(
    id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
    kind="text",
    channel="base",
    unit=_UNIT,
    address="kenwood:100:1001",
    text="Return to the pier",
    operator="somchai",
    reason="storm",
    created_at=_AT,
    expires_at=_AT + timedelta(minutes=10),
    state="acknowledged",
    final=True,
    history=(
        MessageStep(state="queued", at=_AT),
        MessageStep(state="sent", at=_AT + timedelta(seconds=1), attempts=1),
        MessageStep(state="acknowledged", at=_AT + timedelta(seconds=3), attempts=1),
    ),
    agency="joint",
    origin="hx",
)
"""An order as the description of the interface shows it."""
_ROUTE = Route(
    address="kenwood:100:1001",
    channel="base",
    heard_at=_AT,
    takes=("poll", "text"),
    refuses={"alert": Refusal("not_spoken", "kenwood has no words for an alert")},
)


class ToRadios(Form):
    """What goes with everything that is said or shown to radios."""

    reason: str = Field(default="", max_length=200, description="Why, for the record")
    expires_in_s: float = Field(
        default=600.0,
        gt=0,
        le=LONGEST.total_seconds(),
        description="When it is worth nothing any more; it is not sent after that",
    )
    id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{8,64}$",
        description="Chosen by who asks; it gets another. The same again with it has one effect",
    )


class NewOrder(ToRadios):
    """Something to say to a radio."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"kind": "text", "unit": _UNIT, "text": "Return to the pier", "reason": "storm"},
                {"kind": "text", "unit": _UNIT, "phrase": "returning_to_base"},
                {"kind": "poll", "address": "owntracks:jane/phone", "expires_in_s": 120},
            ]
        },
    )

    kind: SaidKind = Field(description="`poll` asks where it is; `distress` relays a call for help")
    unit: str | None = Field(
        default=None, min_length=1, max_length=200, description="Unit, or unknown radio's address"
    )
    address: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[^:\s]+:\S",
        description="Radio address, in place of a unit, or which of the unit's",
    )
    channel: str | None = Field(
        default=None,
        min_length=1,
        max_length=130,
        description="Absent: the one the radio was last heard on that takes the message."
        " Alone, without unit and address: everyone who listens on it",
    )
    text: str = Field(
        default="",
        max_length=LONGEST_TEXT,
        pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$",
        description="Words, without control characters; how many depends on the protocol",
    )
    phrase: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9_]{1,40}$",
        description="In place of words, of a `text`: code of a canned phrase. It goes as `#12` and"
        " its words, in the language of this office where the radio shows it, else in English",
    )


@router.post(
    "", status_code=201, responses=answers(Message, EXAMPLE, 400, 403, 404, 409, 422, status=201)
)
async def send_order(new: NewOrder, desk: DeskHere, request: Request) -> Response:
    """Have something said to a radio.

    Once answered it is kept, and goes when its turn comes, before it expires. It is refused with
    409 and the reason when no channel takes it: every channel is listen-only unless its settings
    say otherwise, and not every protocol has words for everything.
    """
    content = new.model_dump(exclude={"phrase"})
    if new.phrase is not None:
        content["text"] = await _in_words(new, new.phrase, desk, request)
    return answer(await desk.dispatch.send_message(**content), status=201)


@router.get("", responses=answers(list[Message], [EXAMPLE], 403, 422))
async def list_orders(
    desk: DeskHere,
    unit: Annotated[
        str | None, Query(max_length=200, description="Only those to this unit or unknown radio.")
    ] = None,
    address: Annotated[
        str | None, Query(max_length=200, description="Only those to this radio address.")
    ] = None,
    request: Annotated[
        str | None, Query(max_length=64, description="Only the one that was sent under this `id`.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_MESSAGES)] = 100,
) -> Response:
    """Return what the caller's agency had said to radios, newest first, with every step."""
    if request is not None:
        return answer(await desk.dispatch.messages_of_request(request))
    return answer(await desk.dispatch.messages(unit=unit, address=address, limit=limit))


@router.get("/routes", responses=answers(list[Route], [_ROUTE], 400, 403, 404, 422))
async def list_routes(
    desk: DeskHere,
    unit: Annotated[str | None, Query(max_length=200)] = None,
    address: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Return the ways to a unit or radio, last heard first, and what each takes or why not.

    An order without a channel goes the first of them that takes it.
    """
    if unit is None and address is None:
        raise BadRequest("give unit or address")
    return answer(await desk.dispatch.routes(unit=unit, address=address))


@router.get("/{order}", responses=answers(Message, EXAMPLE, 403, 404))
async def read_order(order: str, desk: DeskHere) -> Response:
    """Return one order with every step of it."""
    return answer(await desk.dispatch.message(order))


@router.delete("/{order}", responses=answers(Message, EXAMPLE, 403, 404, 409))
async def cancel_order(order: str, desk: DeskHere) -> Response:
    """Call off an order that has not been sent.

    The answer is the order as it is then: `cancelled`, or for a channel of another gateway still
    `queued` until that gateway tells. 409 when it is too late.
    """
    return answer(await desk.dispatch.cancel_message(order))


async def _in_words(new: NewOrder, phrase: str, desk: Desk, request: Request) -> str:
    if new.kind != "text" or new.text:
        raise BadRequest("a phrase goes as a text, in place of words", field="phrase")
    if phrase not in NUMBERS:
        raise BadRequest(f"there is no phrase {phrase!r}", field="phrase")
    to_radio = new.unit is not None or new.address is not None
    routes = await desk.dispatch.routes(unit=new.unit, address=new.address) if to_radio else []
    if new.channel is not None:
        routes = [each for each in routes if each.channel == new.channel]
    delivering: Deliveries = request.app.state.delivering
    return radio_words(phrase, delivering.reading.language_of(desk.user.agency), routes)
