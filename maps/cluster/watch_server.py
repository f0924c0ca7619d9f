"""Watch server: `joint-patrol serve --role watch`: radios, picture and store, and no page.

The first one that starts takes the node's lease; any other stands by until that falls still. People
reach it through web processes (`--role web`); by itself it answers `/health` and `/metrics` on the
port that the setting `internal.port` names.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from maps.app.app import create_app
from maps.app.uvicorn_server import serving_beside, spare_the_collector
from maps.cluster.required_settings import internal_of, key_of
from maps.cluster.watch_link import WatchLink
from maps.cluster.watch_page import State, watch_page
from maps.http.listen_address import listen
from maps.node.lease_holder import LeaseHolder
from maps.node.node import RunningNode
from maps.node.reload import Reload
from maps.settings.settings import Settings
from patrol.store.store import Store
from radio_gateway.runtime import systemd as service


async def run_watch(settings: Settings, read: Callable[[], Settings]) -> None:
    """Stand by, then keep the picture, until a signal ends it.

    Args:
        settings: What the node is told.
        read: Reads that anew at SIGHUP; who stands by leaves it at that.

    A process that loses its lease ends at once with exit code `maps.node.lease_holder.LOST`.

    Raises:
        OSError: If the address cannot be listened on.
        MapsError, PatrolError, GisError: If the store, the key or a layer cannot be used.
    """
    internal = internal_of(settings)
    key = key_of(internal)
    holding = LeaseHolder(settings.node.id, agency=settings.agencies[0].id, life_s=internal.lease_s)
    offices: list[RunningNode] = []
    reloads: list[asyncio.Task[bool]] = []

    @asynccontextmanager
    async def opened(office: RunningNode) -> AsyncIterator[None]:
        async with WatchLink(
            internal,
            key,
            node=settings.node.id,
            epoch=holding.epoch,
            app=app,
            desk_of=office.desk_of,
            is_well=office.is_well,
        ):
            offices.append(office)
            yield

    def state() -> State:
        if not offices:
            return "standby"
        return "ok" if offices[0].is_well() else "degraded"

    def count() -> bytes:
        return offices[0].link_health.metrics() if offices else b""

    @asynccontextmanager
    async def lead(store: Store) -> AsyncIterator[None]:
        spare_the_collector()  # geography and code, while nobody waits for us
        async with holding.hold(store):
            yield

    app = create_app(settings, opened=opened, lead=lead)

    async def work() -> None:
        async with app.router.lifespan_context(app):
            spare_the_collector()
            _print_line(f"Keeping the picture of {settings.node.name}, by lease {holding.epoch}")
            await asyncio.Event().wait()

    async with AsyncExitStack() as stack:
        if internal.port is not None:
            bound = listen(internal.web, setting="internal.port")
            page = watch_page(settings, internal.web, state=state, count=count)
            await stack.enter_async_context(serving_beside(page, bound))
            _print_line(f"Health is told on port {bound.getsockname()[1]}")
        service.notify("READY=1")  # as a standby it may wait for months
        alive = asyncio.create_task(service.notify_watchdog(), name="service-alive")
        stack.callback(alive.cancel)
        working = asyncio.create_task(work(), name="watch-server")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, working.cancel)
            stack.callback(loop.remove_signal_handler, number)
        reload = Reload(settings, read, lambda: offices[0] if offices else None)
        loop.add_signal_handler(
            signal.SIGHUP, lambda: reloads.append(asyncio.create_task(reload(), name="reload"))
        )
        stack.callback(loop.remove_signal_handler, signal.SIGHUP)
        await asyncio.wait({working})
        if not working.cancelled():
            working.result()  # raises what it failed with


def _print_line(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
