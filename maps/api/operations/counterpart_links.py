"""Counterpart links: how the links to other nodes fare: last word, clock, what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter, Request, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from patrol.exchange.hello import ClockDifference
from patrol.exchange.link_health import CounterpartLinkHealth
from patrol.units.permissions import require

router = APIRouter(prefix="/api/counterpart-links", tags=["counterparts"])

_AT: Final = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_LINK: Final = CounterpartLinkHealth(
    node="ck",
    is_open=True,
    since=_AT,
    direction="dialed",
    address="https://ck.example:8490",
    last_word_at=_AT,
    clock=ClockDifference(difference_s=-1.2, error_s=0.04, measured_at=_AT),
    software="0.2.0",
    kinds=("hello", "refusal"),
    fault=None,
    fault_since=None,
    refused=0,
    refused_last=None,
    refused_at=None,
    refused_by_them=None,
    refused_by_them_at=None,
)


@router.get("", responses=answers(list[CounterpartLinkHealth], [_LINK], 403))
async def list_counterpart_links(request: Request, desk: DeskHere) -> Response:
    """Return how the link to each confirmed counterpart fares, by its node's id."""
    require(desk.user.role, "see counterparts")
    links: Callable[[], list[CounterpartLinkHealth]] = request.app.state.counterpart_links
    return answer(links())
