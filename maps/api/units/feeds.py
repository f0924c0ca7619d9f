"""Feeds: how each way out of the picture fares: to chartplotters, TAK servers and the like."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.feeds.health import FeedHealth
from patrol.units.permissions import require

router = APIRouter(prefix="/api/feeds", tags=["feeds"])

_BRIDGE = FeedHealth(
    name="bridge",
    url="tcp-listen://127.0.0.1:10111",
    speaks="ais",
    agency="la-hx",
    role="crew",
    state="open",
    since=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
    clients=1,
    units=4,
    sent=1024,
)


@router.get("", responses=answers(list[FeedHealth], [_BRIDGE], 403))
async def list_feeds(desk: DeskHere, request: Request) -> Response:
    """Return how every feed of the caller's agency fares, by name."""
    require(desk.user.role, "see channels")
    return answer(request.app.state.feeds.health(desk.user.agency))
