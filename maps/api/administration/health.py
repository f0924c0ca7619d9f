"""Health: whether this server works, for whatever keeps it running; tells strangers no more."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Request, Response

from maps.api.responses.responses import answer, answers
from radio_gateway.clock.clock import utc_now

router = APIRouter(prefix="/api/health", tags=["health"])


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the server works.

    Attributes:
        status: `ok`, or `degraded` while the watch or the store does not work.
        time: The server's clock.
    """

    status: str
    time: datetime


_OK = Health(status="ok", time=datetime(2026, 11, 24, 2, 30, tzinfo=UTC))


@router.get("", responses=answers(Health, _OK, 503))
async def read_health(request: Request) -> Response:
    """Return 200 while the server works, 503 while it does not."""
    well = bool(request.app.state.is_well())
    return answer(
        Health(status="ok" if well else "degraded", time=utc_now()),
        status=200 if well else 503,
    )
