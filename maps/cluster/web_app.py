"""Web app: what a web process serves: pages and sign-in by itself, all else by way of the Watch.

Sessions, and with them who is calling, are looked up in the store here; that is the one thing a web
process writes there. Every other route of the interface is passed on with the caller it belongs to
and answered with what the Watch answers, after its commit. The live stream comes as the frames that
the Watch encodes once for each view.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute

from maps.accounts.account_services import AccountServices
from maps.accounts.credentials.passwords import digest
from maps.accounts.sessions.access import body_of, reporter
from maps.api.accounts import open_id, trust
from maps.api.administration import health, metrics
from maps.api.map import basemap
from maps.api.units import live
from maps.app.app import ROUTERS, described, guard, node_of, open_basemap
from maps.app.trust_page import trust_in
from maps.cluster import messages as words
from maps.http.stream_limit import StreamSlots
from maps.settings.settings import Settings, read_token
from maps.web_client import built_pages as pages
from maps.web_client import documentation
from patrol.units.units import Agency

HERE: Final = (
    ("/api/session", frozenset({"GET", "POST", "DELETE"})),
    ("/api/session/link", frozenset({"POST"})),
    ("/api/session/passkey", frozenset({"POST"})),
    ("/api/session/passkey/challenge", frozenset({"POST"})),
    ("/api/session/ways", frozenset({"GET"})),
)
"""Routes of the session that are answered here: signing in and out goes on without a Watch."""

STRANGERS: Final = frozenset({"/api/enrolment", "/api/enrolment/look"})
"""Routes that are passed on for nobody: a code stands in their body."""

_WHOLE: Final[tuple[APIRouter, ...]] = (
    basemap.router,
    health.router,
    live.router,
    open_id.router,
    trust.router,
)

_PROOFS: Final = frozenset({b"authorization", b"cookie"})

PassOn = Callable[[words.Request], Awaitable[words.Response]]


def create_web_app(
    settings: Settings,
    *,
    opened: Callable[[FastAPI], AbstractAsyncContextManager[AccountServices]],
    pass_on: PassOn,
    metrics_text: Callable[[], bytes],
) -> FastAPI:
    """Return the web server of a web process.

    Args:
        settings: What the node is told.
        opened: Entered before requests are answered; gives who may come in, and puts `watching` and
            `is_well` into the app's state.
        pass_on: Asks the Watch.
        metrics_text: What can be counted of this process.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with opened(app) as accounts, open_basemap(settings) as app.state.basemap:
                app.state.accounts = accounts
                app.state.people, app.state.access = accounts.people, accounts.access
                yield
        except Exception as error:
            app.state.failed = error
            raise

    app = FastAPI(
        title="Joint patrol", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None
    )
    state = app.state
    state.failed, state.trust, state.pages = None, trust_in(settings), pages.Pages()
    state.manual = documentation.manual()
    state.live_places = StreamSlots()
    state.node = node_of(settings)
    state.agencies = {
        each.id: Agency(id=each.id, name=each.name, country=each.country, blos=each.blos)
        for each in settings.agencies
    }
    file = settings.web.metrics_token_file
    state.metrics_token = None if file is None else digest(read_token(file))
    state.metrics = lambda _agency: metrics_text()
    passing = _Passing(pass_on)
    for router in (*ROUTERS, described):
        if router in _WHOLE:
            app.router.routes.extend(router.routes)
            continue
        for route in router.routes:
            assert isinstance(route, APIRoute)
            methods = route.methods or set()
            here = next(
                (own_methods for path, own_methods in HERE if path == route.path), frozenset()
            )
            if methods <= here:
                app.router.routes.append(route)
            elif router is metrics.router and route.path == "/metrics":
                app.add_api_route("/metrics", passing.metrics, methods=list(methods))
            else:
                app.add_api_route(route.path, passing.answer, methods=list(methods))
    app.router.routes.extend(documentation.router.routes)
    app.router.routes.extend(pages.router.routes)
    guard(app, settings)
    return app


class _Passing:
    """Routes whose answer the Watch gives.

    Args:
        pass_on: Asks it.
    """

    def __init__(self, pass_on: PassOn) -> None:
        self._pass_on = pass_on

    async def answer(self, request: Request) -> Response:
        """Pass a request on, with who is calling, and answer what the Watch answers.

        Raises:
            NotSignedIn: If nobody we know is calling.
            Forbidden: If it is out of the caller's scopes.
            WatchUnreachable, NoAnswer: If the Watch does not answer.
        """
        strange = request.scope["route"].path in STRANGERS
        caller = None if strange else await reporter(request)
        client = request.client
        reply = await self._pass_on(
            words.Request(
                method=request.method,
                path=request.scope["path"],
                query=request.scope["query_string"],
                scheme=request.url.scheme,
                headers=[each for each in request.headers.raw if each[0] not in _PROOFS],
                client=None if client is None else (client.host, client.port),
                caller=caller,
                body=await request.body() if strange else await body_of(request),
            )
        )
        response = Response(reply.body, reply.status)
        response.raw_headers = reply.headers
        return response

    async def metrics(self, request: Request) -> Response:
        """Return what can be counted of this process to who shows the token of metrics.

        A technician reads what the Watch counts.
        """
        if metrics.shows_token(request):
            return await metrics.read_metrics(request, None)
        return await self.answer(request)
