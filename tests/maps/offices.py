"""Two agencies in one node, one on each bank, each with officers of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from patrol.units import Role
from tests.maps.running import Running, running

LAO, THAI = "la-hx", "th-ck"

OFFICERS: dict[str, tuple[str, Role]] = {
    "somchai": (LAO, "commander"),
    "kham": (LAO, "liaison"),
    "noy": (LAO, "planner"),
    "bounmy": (LAO, "crew"),
    "keo": (LAO, "admin"),
    "vanh": (LAO, "observer"),
    "malee": (THAI, "commander"),
    "chai": (THAI, "liaison"),
    "nok": (THAI, "admin"),
}
"""Name, agency, role."""

AGENCIES = [
    {"id": LAO, "name": "Houay Xai border police", "country": "LA"},
    {"id": THAI, "name": "Chiang Khong police", "country": "TH"},
]


class Offices:
    """A running server, and the officers who are signed in to it.

    Args:
        server: The server.
        clients: By the officer's name.
    """

    def __init__(self, server: Running, clients: dict[str, httpx.AsyncClient]) -> None:
        self.server, self._clients = server, clients

    def __getitem__(self, name: str) -> httpx.AsyncClient:
        return self._clients[name]


@asynccontextmanager
async def two_offices(folder: Path) -> AsyncIterator[Offices]:
    """Run the server and sign all officers in."""
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running(folder, roles=(), agencies=AGENCIES))
        clients: dict[str, httpx.AsyncClient] = {}
        for name, (agency, role) in OFFICERS.items():
            user = await server.office.people.add_user(name, role, agency, None)
            token = await server.office.people.link_for(user, minutes=5)
            client = await stack.enter_async_context(server.stranger(origin=server.url))
            answer = await client.post("/api/session/link", json={"token": token})
            assert answer.status_code == 200, answer.text
            clients[name] = client
        yield Offices(server, clients)
