"""Two agencies in one node, one on each bank, each with officers of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from patrol.agreements.agreement import Agreement, Terms
from patrol.desks.desk import Desk
from patrol.units.accounts import User
from patrol.units.data_classes import DataClass
from patrol.units.units import Role
from tests.maps.servers.running import Running, running

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
    """A running server and its officers.

    Args:
        server: The server.
        clients: By the officer's name.
    """

    def __init__(self, server: Running, clients: dict[str, httpx.AsyncClient]) -> None:
        self.server, self.clients = server, clients

    def desk(self, name: str) -> Desk:
        """Return an officer's desk, past HTTP."""
        agency, role = OFFICERS[name]
        return self.server.office.desk_of(User(name=name, role=role, agency=agency))

    async def agree(self, *classes: DataClass) -> Agreement:
        """Have both liaison officers sign an agreement on some classes; it is in force then."""
        now = self.server.office.watch.now()
        terms = Terms(
            name="Joint",
            purposes=("safety of crews",),
            classes=classes,
            valid_from=now - timedelta(hours=1),
            valid_until=now + timedelta(days=30),
        )
        lao, thai = self.desk("kham").agreements, self.desk("chai").agreements
        drafted = await lao.draft(terms, (LAO, THAI))
        sent = await lao.propose(drafted.id)
        await lao.sign(sent.id, version=sent.version, office="Liaison")
        return await thai.sign(sent.id, version=sent.version)

    def __getitem__(self, name: str) -> httpx.AsyncClient:
        return self.clients[name]


@asynccontextmanager
async def two_offices(folder: Path, **tables: Any) -> AsyncIterator[Offices]:
    """Run the server; each officer signs in with the first request.

    Args:
        folder: Where its store goes.
        **tables: Further tables of its configuration.
    """
    given = {"agencies": AGENCIES} | tables
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running(folder, roles=(), **given))
        clients: dict[str, httpx.AsyncClient] = {}
        for name, (agency, role) in OFFICERS.items():
            await server.office.people.add_user(name, role, agency, None)
            client = await stack.enter_async_context(server.stranger(origin=server.url))
            client.auth = server.signs_in_anew(name, is_signed_in=False)
            clients[name] = client
        yield Offices(server, clients)
