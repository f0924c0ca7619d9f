"""Web server: `joint-patrol serve --role web`: one of many processes that people reach."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from maps.accounts.account_services import AccountServices, open_account_services
from maps.app.server import WebFront
from maps.cluster.required_settings import internal_of, key_of
from maps.cluster.web_app import create_web_app
from maps.cluster.web_link import WebLink
from maps.node.lock import store_lock
from maps.node.reload import Reload
from maps.settings.settings import Settings


async def run_web(settings: Settings, read: Callable[[], Settings]) -> None:
    """Serve until a signal ends it.

    Args:
        settings: What the node is told.
        read: Reads that anew at SIGHUP.

    Raises:
        OSError: If the address cannot be listened on.
        SettingsError: If the files of TLS cannot be used.
        ServerRunning: If one process alone works on the store, or it is being restored.
        MapsError, PatrolError: If the store or the key cannot be used.
    """
    internal = internal_of(settings)
    link = WebLink(internal, key_of(internal), node=settings.node.id)
    front = WebFront(settings)

    @asynccontextmanager
    async def opened(app: FastAPI) -> AsyncIterator[AccountServices]:
        app.state.watching, app.state.is_well = link.views.enter, link.is_well
        # No other store may take its place while who may come in is judged by this one.
        with store_lock(settings.store.url, shared=True):
            async with (
                open_account_services(settings) as accounts,
                link,
                front.opened(app, accounts.people),
            ):
                yield accounts

    app = create_web_app(settings, opened=opened, pass_on=link.pass_on, metrics_text=link.metrics)
    await front.serve(app, Reload(settings, read, lambda: None))
