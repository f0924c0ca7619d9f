"""A real server on a free port of loopback, in the test's own event loop."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final, Self

import httpx
from fastapi import FastAPI
from uvicorn import Server
from websockets.asyncio.client import connect

from maps.app.app import create_app
from maps.app.uvicorn_server import serve
from maps.http.listen_address import address_of, listen
from maps.http.session_cookie import COOKIE
from maps.node.node import RunningNode
from maps.settings.settings import settings_of
from patrol.units.units import ROLES, Role
from tests.fixtures.databases import empty_store
from tests.fixtures.field_keys import field_keys
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.set_clock import SetClock

AGENCY = "joint"
PASSWORD = "a long enough pass phrase"

_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For all clients without TLS, who else make one each."""


class SignsInAnew(httpx.Auth):
    """Signs a user in again where the server asks who has been signed in for long for a proof: how
    long that is does not depend on how busy this machine is.

    Args:
        token: Makes a sign-in link.
        is_signed_in: Whether the user is by now; else the first request signs in.
    """

    def __init__(self, token: Callable[[], Awaitable[str]], *, is_signed_in: bool = True) -> None:
        self._token = token
        self.is_signed_in = is_signed_in

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send a request, and once more under a new session if it is asked for a proof."""
        if self.is_signed_in:
            answer = yield request
            if answer.status_code != 401 or b"proof_needed" not in await answer.aread():
                return
        link = httpx.Request(
            "POST",
            request.url.join("/api/session/link"),
            json={"token": await self._token()},
            headers={"origin": request.headers.get("origin", "")},
        )
        signed = yield link
        assert signed.status_code == 200, await signed.aread()
        self.is_signed_in = True
        simple_cookie = SimpleCookie(request.headers.get("cookie", ""))
        for name, value in signed.cookies.items():
            simple_cookie[name] = value
        request.headers["cookie"] = simple_cookie.output(header="", sep=";").strip()
        yield request


@dataclass
class Running:
    """A server that runs.

    Attributes:
        url: Where.
        office: What runs behind it.
        app: Its routes.
        clock: What tells it the time.
    """

    url: str
    office: RunningNode
    app: FastAPI
    clock: SetClock

    def stranger(self, **headers: str) -> httpx.AsyncClient:
        """Return a client that is not signed in."""
        tls = self.url.startswith("https:")  # without it no authority need be read, 7 ms each
        return httpx.AsyncClient(
            base_url=self.url,
            headers=headers,
            timeout=20,
            verify=True if tls else _NO_TLS,
            trust_env=tls,
        )

    async def token(self, role: Role) -> str:
        """Return a link token for the user of a role."""
        found = await self.office.people.user(role)
        assert found is not None
        return await self.office.people.link_for(found[0], minutes=5)

    def signs_in_anew(self, name: str, *, is_signed_in: bool = True) -> SignsInAnew:
        """Return what lets a user sign in again where a proof is asked for."""

        async def token() -> str:
            found = await self.office.people.user(name)
            assert found is not None
            return await self.office.people.link_for(found[0], minutes=5)

        return SignsInAnew(token, is_signed_in=is_signed_in)

    @asynccontextmanager
    async def signed_in(self, role: Role = "commander") -> AsyncIterator[httpx.AsyncClient]:
        """Yield a client signed in as the user of a role."""
        async with self.stranger(origin=self.url) as client:
            answer = await client.post("/api/session/link", json={"token": await self.token(role)})
            assert answer.status_code == 200, answer.text
            client.auth = self.signs_in_anew(role)
            yield client

    async def device(self, name: str) -> str:
        """Return the key of a new device."""
        return await self.office.people.add_device(name, AGENCY)

    @asynccontextmanager
    async def live(self, client: httpx.AsyncClient, query: str = "") -> AsyncIterator[Live]:
        """Open the live stream with the client's session."""
        if isinstance(client.auth, SignsInAnew) and not client.auth.is_signed_in:
            await client.get("/api/session")
        async with Live(self.url, client.cookies.get(COOKIE) or "", query) as live:
            yield live


class Live:
    """One viewer of the live stream; an async context manager.

    Args:
        url: The server.
        session: Value of the session cookie; empty for none.
        query: Query of the stream's address, with `?`.
        origin: Origin to name; none when None.
        **headers: More of them.
    """

    def __init__(
        self, url: str, session: str, query: str = "", origin: str | None = None, **headers: str
    ) -> None:
        if session:
            headers["Cookie"] = f"{COOKIE}={session}"
        if origin is not None:
            headers["Origin"] = origin
        self._connect = connect(
            url.replace("http", "ws", 1) + "/api/live" + query, additional_headers=headers
        )

    async def __aenter__(self) -> Self:
        self.socket = await self._connect
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def frame(self, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """Return the next frame."""
        async with asyncio.timeout(seconds):
            said = await self.socket.recv()
        assert isinstance(said, str), "frames are text"
        frame: dict[str, Any] = json.loads(said)
        return frame

    async def until(self, kind: str, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """Return the next frame of a kind."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.frame(seconds)
                if frame["type"] == kind:
                    return frame


@asynccontextmanager
async def running(
    folder: Path, *, roles: tuple[Role, ...] = ROLES, **tables: Any
) -> AsyncIterator[Running]:
    """Yield a running server with a user for each of `roles`, who has no password yet.

    Args:
        folder: Where its store goes.
        roles: Users to make, each named as its role.
        **tables: Tables of its configuration, laid over a small one.
    """
    given: dict[str, Any] = {
        "node": {"id": "test", "name": "Test", "time_zone": "Asia/Vientiane"},
        "web": {"port": 0},
        "agencies": [{"id": AGENCY, "name": "Joint patrol"}],
        "store": {"url": empty_store(folder / "joint-patrol.db")},
        "protected": {"key_folder": str(field_keys().folder)},
        **tables,
        "access": {"second_factor": [], **tables.get("access", {})},
    }
    settings = settings_of(given, source="patrol.toml", folder=folder)
    bound = listen(settings.web)
    offices: list[RunningNode] = []
    ready = asyncio.Event()

    @asynccontextmanager
    async def opened(office: RunningNode) -> AsyncIterator[None]:
        for role in roles:
            await office.people.add_user(role, role, AGENCY, None)
        offices.append(office)
        yield

    clock = SetClock()
    app = create_app(settings, opened=opened, clock=clock)
    serving = asyncio.create_task(serve(app, settings.web, bound, ready=ready.set))
    waiting = asyncio.create_task(ready.wait())
    try:
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
        assert ready.is_set(), "the server did not start"
        yield Running(address_of(settings.web, bound), offices[0], app, clock)
    finally:
        waiting.cancel()
        serving.cancel()
        await asyncio.gather(serving, waiting, return_exceptions=True)


async def _end(server: Server, sockets: list[socket.socket] | None = None) -> None:
    """End as `Server.shutdown` does, but at once if nobody is connected any more.

    uvicorn waits a tenth of a second in any case, longer than most of these tests take.
    """
    for each in server.servers:
        each.close()
    for _ in range(5):  # who has just hung up is gone then
        if not (server.server_state.connections or server.server_state.tasks):
            break
        await asyncio.sleep(0.002)
    else:
        await _SHUTDOWN(server, sockets)
        return
    for listening in sockets or ():
        listening.close()
    for each in server.servers:
        await each.wait_closed()
    await server.lifespan.shutdown()


_SHUTDOWN: Final = Server.shutdown
Server.shutdown = _end  # type: ignore[method-assign, assignment]


def wait_until(what: str, seconds: float = PATIENCE_S) -> Any:
    """Return an async iterator that ticks until `seconds` are over, then fails."""

    async def ticks() -> AsyncIterator[None]:
        end = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end:
            yield
            await asyncio.sleep(0.05)
        raise AssertionError(f"waited {seconds} s in vain for {what}")

    return ticks()
