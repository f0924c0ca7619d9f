"""Description: the OpenAPI document, with what the routes cannot say of themselves.

Which sign-in a route takes follows from what it depends on; every route may be refused by the guard
in front of it, and tells a wrong field as a `Problem`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from maps.accounts.credentials.scopes import READABLE
from maps.accounts.sessions import access
from maps.api.administration import metrics
from maps.api.responses.responses import fill_in_contents, refusals, schemas
from maps.api.units import inbound
from maps.http.session_cookie import COOKIE

SCHEMES: Final[dict[str, Any]] = {
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    "device": {
        "type": "http",
        "scheme": "bearer",
        "description": "A device's key",
    },
    "phone": {
        "type": "http",
        "scheme": "basic",
        "description": "A device's name, and its key as the password",
    },
    "reader": {
        "type": "http",
        "scheme": "basic",
        "description": "A user's name and a reading token; or the token alone as Bearer",
    },
    "program": {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of the setting web.metrics_token_file",
    },
}
_REPLACED: Final = ("HTTPValidationError", "ValidationError")  # FastAPI's, by `Problem`


def describe(app: FastAPI, routers: Iterable[APIRouter]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of `app`, which includes `routers`."""
    fill_in_contents()
    described = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    parts = described.setdefault("components", {})
    parts["schemas"] = {
        name: schema for name, schema in parts.get("schemas", {}).items() if name not in _REPLACED
    } | schemas()
    parts["securitySchemes"] = SCHEMES
    for route in (route for router in routers for route in router.routes):
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in route.methods or ():
                _complete(described["paths"][route.path_format][method.lower()], method, route)
    return described


def _complete(operation: dict[str, Any], method: str, route: APIRoute) -> None:
    operation["security"] = _security(route)
    responses = operation["responses"]
    if "422" in responses:
        responses["422"] = _refusal(422)
    responses["421"] = _refusal(421)
    if "requestBody" in operation:
        responses |= {str(status): _refusal(status) for status in (411, 413)}
    if operation["security"]:
        responses["429"] = _refusal(429)  # wrong keys, and changes without end
    if not operation["security"] and method != "POST":
        responses.pop("401", None)  # nobody need sign in, or is about to


def _security(route: APIRoute) -> list[dict[str, list[str]]]:
    """Return the ways to sign in that a route takes, any one of them; none for a public one."""
    dependencies = set(_calls(route.dependant))
    if metrics.reader_of_metrics in dependencies:
        return [{"session": []}, {"program": []}]
    if access.caller in dependencies:
        readable = route.path.startswith(READABLE) and "GET" in (route.methods or ())
        return [{"session": []}, {"reader": []}] if readable else [{"session": []}]
    if access.reporter not in dependencies:
        return []
    if route.endpoint is inbound.submit_frames:
        return [{"phone": []}, {"device": []}]
    return [{"session": []}, {"device": []}, {"phone": []}]


def _calls(dependant: Dependant) -> Iterator[object]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


def _refusal(status: int) -> dict[str, Any]:
    return refusals(status)[status]
