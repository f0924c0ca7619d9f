"""Server: `joint-patrol serve`: one node with the links that its configuration names."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import structlog
from fastapi import FastAPI
from msgspec import structs

from maps.accounts.users_and_devices import UserAccounts
from maps.app.app import create_app
from maps.app.trust_page import trust_app
from maps.app.uvicorn_server import serve, serving_beside
from maps.http.listen_address import address_of, address_with, listen
from maps.node.node import RunningNode
from maps.node.reload import Reload
from maps.settings.settings import Settings
from maps.settings.settings_tables import WebSettings
from maps.tls.tls_checks import tls_faults, tls_warnings
from patrol.errors.errors import Conflict
from patrol.units.accounts import User
from radio_gateway.channels.channel_settings import ChannelSettings
from radio_gateway.errors.errors import SettingsErrors

_log = structlog.get_logger(__name__)

FIRST_ADMIN = "admin"
LINK_MINUTES = 60.0


async def run_server(
    settings: Settings,
    *,
    more: Sequence[ChannelSettings] = (),
    read: Callable[[], Settings] | None = None,
) -> None:
    """Serve until a signal ends it.

    Args:
        settings: What the node is told.
        more: Channels beside those of the configuration.
        read: Reads the configuration anew at SIGHUP; None: that signal ends the server, as usual.

    Raises:
        OSError: If the address cannot be listened on.
        SettingsError: If the files of TLS cannot be used.
        MapsError, PatrolError, GisError: If the store or a layer cannot be opened.
    """
    settings = replace(settings, channels=(*settings.channels, *more))
    front = WebFront(settings)
    offices: list[RunningNode] = []

    @asynccontextmanager
    async def opened(office: RunningNode) -> AsyncIterator[None]:
        offices.append(office)
        async with front.opened(app, office.people):
            yield

    app = create_app(settings, opened=opened)
    await front.serve(app, None if read is None else Reload(settings, read, lambda: offices[0]))


class WebFront:
    """Where people reach a process, and what is said of it once it answers.

    Args:
        settings: What the node is told.

    Raises:
        OSError: If an address cannot be listened on.
        SettingsError: If the files of TLS cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        if faults := list(tls_faults(settings.web, source=settings.source)):
            raise SettingsErrors(faults)
        self._settings = settings
        self._bound = listen(settings.web)
        self._address = address_of(settings.web, self._bound)
        self._trust_listener = _trust_socket(settings.web)
        self._lines = [f"Serving {settings.node.name} at {self._address}"]

    @asynccontextmanager
    async def opened(self, app: FastAPI, people: UserAccounts) -> AsyncIterator[None]:
        """Make a link for the first administrator, if need be; serve the page of trust inside."""
        settings, lines = self._settings, self._lines
        token = await first_link(people, agency=settings.agencies[0].id)
        if token is not None:
            lines.append(
                f"Nobody can sign in yet. This link signs in {FIRST_ADMIN!r} once, within "
                f"{LINK_MINUTES:.0f} minutes: {self._address}/sign-in#link={token}"
            )
        async with AsyncExitStack() as stack:
            if self._trust_listener is not None:
                port = self._trust_listener.getsockname()[1]
                trust = app.state.trust = structs.replace(
                    app.state.trust, port=self._bound.getsockname()[1], trust_port=port
                )
                page = trust_app(trust, settings.web.hosts)
                await stack.enter_async_context(serving_beside(page, self._trust_listener))
                lines.append(f"Phones begin at {address_with(_plain(settings.web), port)}/trust")
            yield

    async def serve(self, app: FastAPI, reload: Reload | None) -> None:
        """Serve `app` until a signal ends it."""
        for warning in tls_warnings(self._settings.web):
            _log.warning("tls", fault=warning)
        await serve(
            app,
            self._settings.web,
            self._bound,
            ready=lambda: _print_lines(self._lines),
            reload=reload,
        )


def _trust_socket(web: WebSettings) -> socket.socket | None:
    """Return where the page is served from which phones come to trust this server; None nowhere.

    Raises:
        OSError: If it cannot be listened on.
    """
    if web.trust_port is None:
        return None
    return listen(web.model_copy(update={"port": web.trust_port}), setting="web.trust_port")


def _plain(web: WebSettings) -> WebSettings:
    """Return the same without TLS."""
    return web.model_copy(update={"tls_certificate": None, "tls_key": None})


async def first_link(people: UserAccounts, *, agency: str) -> str | None:
    """Return the token of a link for the first administrator while nobody has a password.

    Args:
        people: Users of the node.
        agency: Whose administrator it is.
    """
    users = await people.all()
    if not users:
        try:
            users = [await people.add_user(FIRST_ADMIN, "admin", agency, None)]
        except Conflict:  # another process was first
            users = await people.all()
    if [user.name for user in users] != [FIRST_ADMIN] or await _has_password(people, users[0]):
        return None
    return await people.link_for(users[0], minutes=LINK_MINUTES)


async def _has_password(people: UserAccounts, user: User) -> bool:
    found = await people.user(user.name)
    return found is not None and found[1] is not None


def _print_lines(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
