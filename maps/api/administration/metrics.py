"""Metrics: how the links to radios fare, for Prometheus and for `radio-gateway monitor`.

Told to a technician who is signed in, and to programs that show the token of the setting
`web.metrics_token_file` (`Authorization: Bearer …`); to nobody else, and by no token where none is
set.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from maps.accounts.credentials.passwords import digest
from maps.accounts.sessions.access import reporter
from maps.api.responses.responses import answer, answers
from maps.runtime.lazy_import import load
from patrol.errors.errors import Forbidden
from patrol.units.permissions import require
from radio_gateway.health.health import ChannelHealth, GatewayHealth, GatewayReport

router = APIRouter(prefix="/metrics", tags=["metrics"])

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_CHANNEL = ChannelHealth(
    name="pier", url="udp://0.0.0.0:10110", protocols=("ais",), state="open", since=_AT, frames=336
)
_REPORT = GatewayReport(health=GatewayHealth(gateway="hx", reported_at=_AT, channels=(_CHANNEL,)))


async def reader_of_metrics(request: Request) -> str | None:
    """Dependency: who asks may read the metrics.

    Returns:
        The agency of a technician, who learns nothing of others' deliveries; None for a program of
        the node.

    Raises:
        NotSignedIn: If nobody we know.
        Forbidden: If a device or a role that does not see rejected frames.
    """
    if shows_token(request):
        return None
    caller = await reporter(request)
    if caller.device is not None:
        raise Forbidden("read metrics", "device")
    require(caller.user.role, "see rejected frames")
    return caller.user.agency


def shows_token(request: Request) -> bool:
    """Return whether a program shows the token of metrics."""
    token: bytes | None = request.app.state.metrics_token
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    bearer = token is not None and scheme.lower() == "bearer"
    return bearer and hmac.compare_digest(digest(presented.strip()), token or b"")


Permitted = Annotated[str | None, Depends(reader_of_metrics)]


@router.get(
    "",
    responses=answers(
        str,
        'radio_gateway_channel_frames_total{channel="pier",gateway="hx"} 336.0\n',
        403,
        description="Prometheus text format; names begin with radio_gateway_",
        media_type="text/plain",
    ),
    response_class=PlainTextResponse,
)
async def read_metrics(request: Request, agency: Permitted) -> Response:
    """Return everything that can be counted, as Prometheus reads it.

    What a gateway on another computer counts stands under its id in the label `gateway`.
    """
    await load("maps.notifications.metrics")
    await load("radio_gateway.health.metrics")
    from radio_gateway.health.metrics import CONTENT_TYPE  # with prometheus_client

    made: Callable[[str | None], bytes] = request.app.state.metrics
    return Response(made(agency), media_type=CONTENT_TYPE)


@router.get("/report", responses=answers(GatewayReport, _REPORT, 403))
async def read_report(request: Request, agency: Permitted) -> Response:
    """Return the same with the last rejected frames of each channel, their bytes as base64."""
    return answer(_report(request, agency))


def _report(request: Request, agency: str | None) -> GatewayReport:
    made: Callable[[str | None], GatewayReport] = request.app.state.gateway_report
    return made(agency)
