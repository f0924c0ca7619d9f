"""App: the web server of one node: routers, pages, security headers.

`create_app` wires; what runs behind it is `maps.node.node`. A new endpoint is a router in
`maps/api` and one line in `ROUTERS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response
from starlette.routing import BaseRoute

from maps.accounts.sessions.access import CallerHere
from maps.api.accounts import (
    agencies,
    devices,
    open_id,
    passkeys,
    second_factor,
    session,
    tokens,
    trust,
    users,
)
from maps.api.administration import (
    audit,
    health,
    holdings,
    legal_holds,
    metrics,
    protected_fields,
    report_jobs,
    report_kinds,
    reports,
)
from maps.api.map import (
    addresses,
    basemap,
    coverage,
    effort,
    exports,
    imports,
    layers,
    replay,
    tiles,
)
from maps.api.ogc.collections import CollectionCatalogue
from maps.api.ogc.request_forms import RequestForms
from maps.api.ogc.router import router as ogc_router
from maps.api.operations import (
    alerts,
    counterpart_files,
    counterpart_links,
    counterparts,
    crew,
    deliveries,
    hand_offs,
    incidents,
    marks,
    photos,
    phrases,
    places_on_air,
    targets,
    watch_log,
)
from maps.api.planning import agreement_keys, agreements, patrols, roster, sectors
from maps.api.responses.responses import answer
from maps.api.units import (
    channels,
    feeds,
    inbound,
    live,
    orders,
    plugins,
    positions,
    radio_inquiry,
    radios,
    tracks,
    units,
)
from maps.app.description import describe
from maps.app.error_answers import answer_errors
from maps.app.trust_page import trust_in
from maps.evidence.evidence_export import Notary
from maps.evidence.head_folder import HeadFolder
from maps.evidence.signing_journal import key_file
from maps.evidence.time_stamp import time_stamps
from maps.feeds.feeds import Feeds
from maps.files.import_preview import LONGEST_FILE
from maps.http.policy_epoch_guard import CrossingGuard
from maps.http.security_headers import Guard
from maps.http.stream_limit import StreamSlots
from maps.layers.basemap import Basemap
from maps.layers.crew_map import CrewMap
from maps.layers.layers import Geography
from maps.node.node import Lead, RunningNode, open_office
from maps.replay.replay_turns import ReplayTurns
from maps.reports.jobs.jobs import Jobs
from maps.reports.report_plugins import load_report_plugins
from maps.runtime.fair_queue import FairQueue
from maps.settings.settings import Settings
from maps.surveys.histories import Histories
from maps.web_client import built_pages as pages
from maps.web_client import documentation
from patrol.exchange.sealed_file import LARGEST_FILE as LARGEST_COUNTERPART_FILE
from patrol.incidents.photo import LONGEST_FILE as LONGEST_PHOTO
from patrol.incidents.photo import LONGEST_ORIGINAL
from radio_gateway.clock.clock import CLOCK, Clock

ROUTERS: Final[tuple[APIRouter, ...]] = (
    positions.router,  # first: routes are looked through in order, and most requests are reports
    session.router,
    second_factor.router,
    passkeys.router,
    open_id.router,
    tokens.router,
    agencies.router,
    agreements.router,
    agreement_keys.router,
    units.router,
    tracks.router,
    effort.router,
    coverage.router,
    radios.router,
    radio_inquiry.router,
    orders.router,
    channels.router,
    plugins.router,
    feeds.router,
    addresses.router,
    alerts.router,
    layers.router,
    ogc_router,
    exports.router,
    imports.router,
    tiles.router,
    basemap.router,
    crew.router,
    inbound.router,
    replay.router,
    report_kinds.router,
    reports.router,
    report_jobs.router,
    sectors.router,
    patrols.router,
    targets.router,
    hand_offs.router,
    counterpart_links.router,
    incidents.router,
    protected_fields.router,
    counterpart_files.router,
    counterparts.router,
    marks.router,
    places_on_air.router,
    photos.router,
    holdings.router,
    legal_holds.router,
    users.router,
    devices.router,
    devices.enrol_router,
    roster.router,
    watch_log.router,
    phrases.router,
    audit.router,
    health.router,
    metrics.router,
    deliveries.router,
    live.router,
    trust.router,
)

described = APIRouter(include_in_schema=False)


def create_app(
    settings: Settings,
    *,
    opened: Callable[[RunningNode], AbstractAsyncContextManager[None]] | None = None,
    geography: Callable[[], Awaitable[Geography]] | None = None,
    lead: Lead | None = None,
    clock: Clock = CLOCK,
) -> FastAPI:
    """Return the web server of the node that `settings` describe.

    Args:
        settings: What the node is told.
        opened: Entered with the office once it hears radios, before requests are answered; left
            before it closes.
        geography: Brings the layers; those that the settings name when None.
        lead: How this process comes to be the only writer; None: the file's lock.
        clock: Tells the node's time.
    """

    load_report_plugins()  # of packages that the settings allowed when they were read

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            try:
                office = await stack.enter_async_context(
                    open_office(settings, geography=geography, lead=lead, clock=clock)
                )
                await stack.enter_async_context(office.working())
                _hand_out(app, office)
                stack.push_async_callback(app.state.report_jobs.close)
                app.state.basemap = await stack.enter_async_context(open_basemap(settings))
                app.state.feeds = Feeds(
                    settings.feeds,
                    office.desk_of,
                    office.watch.own_messages,
                    node=settings.node.id,
                    channels=settings.channels,
                )
                await stack.enter_async_context(app.state.feeds.working())
                if opened is not None:
                    await stack.enter_async_context(opened(office))
            except Exception as error:
                app.state.failed = error  # for whoever serves; the server tells only its text
                raise
            yield

    app = FastAPI(
        title="Joint patrol",
        version="1",
        summary="The operations picture of a joint border patrol",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.router.routes.extend(_routes())
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.add_middleware(CrossingGuard)
    app.add_middleware(RequestForms)
    guard(app, settings)
    app.state.failed = None
    app.state.trust = trust_in(settings)
    app.state.pages = pages.Pages()
    app.state.manual = documentation.manual()
    return app


def _routes() -> Iterator[BaseRoute]:
    """Yield every route, as its own router has it.

    Of a router that is included FastAPI works out anew, at the first request, what each route
    takes, though it takes the same: a tenth of a second, and three megabytes.
    """
    for router in (*ROUTERS, described, documentation.router, pages.router):
        yield from router.routes


def guard(app: FastAPI, settings: Settings) -> None:
    """Put the guard before `app`, and let it answer each error as the table says."""
    answer_errors(app)
    app.add_middleware(
        Guard,
        hosts=settings.web.hosts,
        longest_body=settings.web.longest_body,
        longer_bodies={
            "/api/counterparts/files": LARGEST_COUNTERPART_FILE,
            "/api/imports": LONGEST_FILE,
            "/api/photos": LONGEST_PHOTO,
            "/api/crew/photos/": LONGEST_PHOTO,
            "/api/crew/originals/": LONGEST_ORIGINAL,
        },
        tls=settings.web.tls,
    )


@described.get("/api/openapi.json")
async def read_openapi(request: Request, caller: CallerHere) -> Response:  # noqa: ARG001
    """Return the description of this interface, OpenAPI 3.1."""
    return answer(request.app.openapi())


def _hand_out(app: FastAPI, office: RunningNode) -> None:
    """Give the routers what they may use: no store and no channel, but desks and services."""
    state = app.state
    state.access = office.access
    state.people = office.people
    state.accounts = office.accounts
    state.desk_of = office.desk_of
    state.watching = office.watching
    state.live_places = StreamSlots()
    state.delivering = office.delivering
    state.layers = office.geography
    state.addresses = office.geography

    def shelve() -> None:
        state.collections = CollectionCatalogue(office.geography)

    shelve()
    office.when_layers_change = shelve
    state.crew_map = CrewMap(office.geography)
    state.histories = Histories(office.geography.rivers)
    state.replay_turns = ReplayTurns()
    state.photo_turns = FairQueue()
    state.holdings_turns = FairQueue()
    state.map_turns = FairQueue()
    state.at_km = office.geography.at_km
    state.survey = office.survey
    state.report_site = office.report_site
    state.report_post = office.report_post
    state.report_jobs = Jobs(office.watch.now, office.report_press)
    state.inbound = office.inbound
    state.is_well = office.is_well
    state.gateway_report = office.link_health.report
    state.counterpart_links = office.counterpart_links.health
    state.metrics = office.link_health.metrics
    state.metrics_token = office.metrics_token
    state.agencies = office.agencies
    node = office.settings.node
    state.node = node_of(office.settings)
    heads = office.settings.audit.heads_folder
    state.head_folder = None if heads is None else HeadFolder(heads, node=node.id)
    state.time_stamps = time_stamps(office.settings.audit)
    state.notary = Notary(
        key_file(office.settings), node=node.id, name=node.name, time_zone=node.time_zone
    )


def node_of(settings: Settings) -> session.Node:
    """Return what people are told of their node."""
    node = settings.node
    return session.Node(
        id=node.id,
        name=node.name,
        time_zone=node.time_zone,
        second_person=settings.incidents.second_person,
    )


@asynccontextmanager
async def open_basemap(settings: Settings) -> AsyncIterator[Basemap | None]:
    """Open the site's basemap, if it has one."""
    path = settings.basemap
    if path is None:
        yield None
        return
    opened = await asyncio.to_thread(
        lambda: Basemap(path.file, title=path.title, attribution=path.attribution)
    )
    try:
        yield opened
    finally:
        opened.close()


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = describe(app, ROUTERS)
    return app.openapi_schema
