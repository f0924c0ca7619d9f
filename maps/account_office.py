"""Account office: everything about who may come in, put together for one node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from maps.access import Access
from maps.backoff import BackOff
from maps.enrolment import Enrolments
from maps.open_id import OpenId
from maps.pace import Pace
from maps.passwords import PasswordWork
from maps.people import People
from maps.sealing import Seal
from maps.second_factor import SecondFactors
from maps.settings import Settings
from maps.signing_in import SigningIn
from maps.tokens import Tokens
from patrol.filing import Note
from patrol.store import journal
from patrol.store.store import Store, open_store


@dataclass(frozen=True, kw_only=True)
class AccountOffice:
    """Who may come in, and how.

    Attributes:
        people: Users, devices, links.
        access: Who is calling.
        signing_in: Signs people in and out.
        factors: Second factors.
        tokens: Tokens of programs.
        enrolments: Phones of crews.
        codes: Counts wrong codes by name, of those who are signed in.
        second_factor: Roles that need a second factor.
        open_id: A provider with which people may sign in; None without one.
        told: Told of what belongs into the journal.
    """

    people: People
    access: Access
    signing_in: SigningIn
    factors: SecondFactors
    tokens: Tokens
    enrolments: Enrolments
    codes: BackOff
    second_factor: frozenset[str]
    open_id: OpenId | None
    told: Callable[[Note], Awaitable[None]]


def open_accounts(
    settings: Settings, store: Store, *, told: Callable[[Note], Awaitable[None]]
) -> AccountOffice:
    """Return the account office of a node.

    Args:
        settings: What the node is told.
        store: Its records.
        told: Told of sign-ins, refusals and changes, for the journal.
    """
    passwords = PasswordWork()
    people = People(store, node=settings.node.id, passwords=passwords, told=told)
    seal = Seal(settings.access.key_file)
    factors = SecondFactors(store, seal, issuer=settings.node.name)
    needing = frozenset(settings.access.second_factor)
    access = Access(
        people,
        second_factor=needing,
        writes=Pace(per_s=settings.access.writes_per_s, burst=settings.access.writes_burst),
    )
    signing_in = SigningIn(
        people,
        access,
        passwords,
        factors,
        seal,
        session_hours=settings.web.session_hours,
        secure=settings.web.tls,
        told=told,
    )
    return AccountOffice(
        people=people,
        access=access,
        signing_in=signing_in,
        factors=factors,
        tokens=Tokens(store, told=told),
        enrolments=Enrolments(store, node=settings.node.id, told=told),
        codes=BackOff(free=5, longest_s=120),
        second_factor=needing,
        open_id=None
        if settings.open_id is None
        else OpenId(settings.open_id, store, node=settings.node.id),
        told=told,
    )


@asynccontextmanager
async def open_account_office(settings: Settings) -> AsyncIterator[AccountOffice]:
    """Open only users and devices; a running server may have the store open too.

    Raises:
        StoreError: If the store cannot be opened.
    """
    store = await asyncio.to_thread(open_store, settings.store.url)

    async def told(note: Note) -> None:
        await store.write(journal.append, [note], datetime.now(UTC), origin=settings.node.id)

    try:
        yield open_accounts(settings, store, told=told)
    finally:
        await store.close()
