"""Watch page: health of a Watch, active or standby, for whatever supervises it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal

from fastapi import FastAPI, Request, Response

from maps.accounts.credentials.passwords import digest
from maps.api.administration.health import Health
from maps.api.responses.responses import Problem, answer
from maps.http.security_headers import Guard
from maps.settings.settings import Settings, read_token
from maps.settings.settings_tables import WebSettings
from radio_gateway.health.metrics import CONTENT_TYPE

State = Literal["standby", "ok", "degraded"]

_REFUSED: Final = Problem(error="not_signed_in", message="show the token of web.metrics_token_file")


def watch_page(
    settings: Settings, web: WebSettings, *, state: Callable[[], State], count: Callable[[], bytes]
) -> FastAPI:
    """Return the small server of a Watch.

    Args:
        settings: What the node is told.
        web: Where it is reached.
        state: Returns how the process fares.
        count: Returns all that can be counted, as Prometheus reads it.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    file = settings.web.metrics_token_file
    token = None if file is None else digest(read_token(file))

    @app.get("/health")
    async def read_health() -> Response:
        now = state()
        return answer(
            Health(status=now, time=datetime.now(UTC)), status=503 if now == "degraded" else 200
        )

    @app.get("/metrics")
    async def read_metrics(request: Request) -> Response:
        scheme, _, presented = request.headers.get("authorization", "").partition(" ")
        good = token is not None and hmac.compare_digest(digest(presented.strip()), token)
        if scheme.lower() != "bearer" or not good:
            return answer(_REFUSED, status=401)
        return Response(count(), media_type=CONTENT_TYPE)

    app.add_middleware(Guard, hosts=web.hosts, longest_body=0)
    return app
