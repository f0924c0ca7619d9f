"""Error answers: the one table from error to HTTP status, and what a program is told of each."""

from __future__ import annotations

from typing import Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from gis.errors.errors import PositionError
from maps.api.responses.responses import Problem, answer
from maps.errors.errors import (
    BadFile,
    BadRequest,
    CodeNeeded,
    NoAnswer,
    NotBuilt,
    NotSignedIn,
    ProofNeeded,
    ProviderError,
    ReplayBusy,
    ReportFailed,
    ReportsBusy,
    SealError,
    SecondFactorNeeded,
    SignInRefused,
    TooBusy,
    TooManyReplays,
    TooManyReports,
    TooManyTries,
    TooManyWrites,
    WatchUnreachable,
)
from maps.web_client import built_pages as pages
from patrol.errors.errors import (
    AuditError,
    BadCard,
    BadCounterpartFile,
    BadPhoto,
    CannotSend,
    Conflict,
    FieldKeyError,
    Forbidden,
    NoFieldKey,
    NotFound,
    SigningKeyError,
    StoreError,
)
from radio_gateway.errors.errors import HiddenCharacter, LinkError

ERRORS: Final[dict[type[Exception], tuple[int, str]]] = {
    BadRequest: (400, "bad_request"),
    BadFile: (422, "bad_file"),
    BadPhoto: (422, "bad_photo"),
    BadCard: (422, "bad_card"),
    BadCounterpartFile: (422, "bad_counterpart_file"),
    HiddenCharacter: (422, "bad_field"),
    PositionError: (400, "bad_position"),
    NotSignedIn: (401, "not_signed_in"),
    SignInRefused: (401, "sign_in_refused"),
    CodeNeeded: (401, "code_needed"),
    ProofNeeded: (401, "proof_needed"),
    SecondFactorNeeded: (403, "second_factor_needed"),
    Forbidden: (403, "forbidden"),
    NotFound: (404, "not_found"),
    Conflict: (409, "conflict"),
    CannotSend: (409, "cannot_send"),
    TooManyTries: (429, "too_many_tries"),
    TooManyWrites: (429, "too_many_writes"),
    TooManyReports: (429, "too_many_reports"),
    TooManyReplays: (429, "too_many_replays"),
    ProviderError: (503, "provider_down"),
    SealError: (503, "seal_broken"),
    AuditError: (503, "key_broken"),
    SigningKeyError: (503, "key_broken"),
    NoFieldKey: (503, "no_field_key"),
    FieldKeyError: (503, "no_field_key"),
    TooBusy: (503, "too_busy"),
    WatchUnreachable: (503, "watch_away"),
    NoAnswer: (503, "no_answer"),
    ReplayBusy: (503, "replay_busy"),
    ReportsBusy: (503, "reports_busy"),
    StoreError: (503, "store_down"),
    LinkError: (503, "channel_down"),
    NotBuilt: (503, "not_built"),
    ReportFailed: (503, "report_failed"),
}
"""HTTP status, and the word that programs read."""

_log = structlog.get_logger(__name__)


def answer_errors(app: FastAPI) -> None:
    """Have each error answered as the table says, and one that nobody thought of as a failure."""
    for error in ERRORS:
        app.add_exception_handler(error, _refuse)
    app.add_exception_handler(RequestValidationError, _refuse_field)
    app.add_exception_handler(HTTPException, _refuse_http)
    app.add_exception_handler(ClientDisconnect, _broken_off)
    app.add_exception_handler(Exception, _failed)


async def _refuse(request: Request, error: Exception) -> Response:
    status, slug = next(ERRORS[kind] for kind in type(error).__mro__ if kind in ERRORS)
    headers: dict[str, str] = {}
    if status == 401 and request.url.path.startswith(_ASKED_BY_PROGRAMS):
        # These send name and key only when asked; a browser on a page would ask its user.
        headers["www-authenticate"] = 'Basic realm="joint-patrol", charset="UTF-8"'
    if status in (429, 503):
        headers["retry-after"] = str(max(1, round(getattr(error, "wait_s", _AGAIN_S))))
    if status == 503:
        _log.warning("refused", error=slug, path=request.url.path, fault=str(error))
    field = getattr(error, "field", None)
    # What a store or link says of itself is for the log, not for strangers.
    message = _PLAIN.get(slug, str(error))
    code = error.reason if isinstance(error, CannotSend) else getattr(error, "code", None)
    problem = Problem(
        error=slug,
        message=message,
        field=field,
        code=code,
        values=getattr(error, "values", {}) if code is not None else {},
    )
    return answer(problem, status=status, headers=headers)


_ASKED_BY_PROGRAMS: Final = ("/in/", "/api/ogc")  # phones and GIS programs, and no page
_AGAIN_S: Final = 5.0  # soon enough for who waits before a page, and no burden

_PLAIN: Final = {
    "store_down": "the store cannot be used at the moment; try again in a few seconds",
    "seal_broken": "second factors cannot be checked at the moment: ask the administrator",
    "key_broken": "nothing can be signed at the moment: ask the administrator",
    "channel_down": "the channel cannot take anything at the moment; try again in a few seconds",
}


async def _refuse_field(request: Request, error: Exception) -> Response:  # noqa: ARG001
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    names = [str(part) for part in first["loc"] if part not in ("body", "query", "path")]
    message = str(first["msg"]).removeprefix("Value error, ")
    return answer(
        Problem(error="bad_field", message=message, field=".".join(names) or None), status=422
    )


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405 and request.scope.get("endpoint") is pages.file:
        # Only the pages, which take any path, know this one: there is no such thing.
        error = HTTPException(404, f"no page {request.url.path.lstrip('/')!r}")
    slug = {404: "not_found", 405: "bad_method"}.get(error.status_code, "refused")
    return answer(
        Problem(error=slug, message=str(error.detail)),
        status=error.status_code,
        headers=dict(error.headers or {}),
    )


async def _broken_off(request: Request, error: Exception) -> Response:  # noqa: ARG001
    """Note that a body ended before its end; nobody is there to read an answer."""
    _log.debug("broken_off", path=request.url.path)
    return Response(status_code=400)


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("request_failed", path=request.url.path, exc_info=error)
    return answer(
        Problem(error="failed", message="the server failed; its log says why"), status=500
    )
