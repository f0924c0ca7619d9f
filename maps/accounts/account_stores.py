"""Account stores: users, devices, second factors and tokens of one node, to be read and changed.

What the command line needs of `maps.accounts.account_services`, without anything that answers
requests: that takes longer to load than the whole command.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from maps.accounts.credentials.passwords import PasswordWork
from maps.accounts.credentials.sealer import Sealer
from maps.accounts.credentials.second_factor import SecondFactors
from maps.accounts.credentials.tokens import Tokens
from maps.accounts.users_and_devices import UserAccounts
from maps.settings.settings import Settings
from patrol.filing.journal_writer import JournalWriter
from patrol.store.store import Store, open_store


@dataclass(frozen=True, kw_only=True)
class AccountStores:
    """Users, devices, tokens and secrets of one node, with what reads and changes them.

    Attributes:
        passwords: Makes and checks digests of passwords.
        people: Users, devices, links.
        seal: Seals what must be read again.
        factors: Second factors.
        tokens: Tokens of programs.
    """

    passwords: PasswordWork
    people: UserAccounts
    seal: Sealer
    factors: SecondFactors
    tokens: Tokens


def account_stores_of(
    settings: Settings, store: Store, *, journal_writer: JournalWriter
) -> AccountStores:
    """Return the account stores of a node.

    Args:
        settings: Settings of the node.
        store: Its records.
        journal_writer: Writes changes with their lines in the journal.
    """
    passwords = PasswordWork()
    seal = Sealer(settings.access.key_file)
    return AccountStores(
        passwords=passwords,
        people=UserAccounts(
            store, node=settings.node.id, passwords=passwords, journal_writer=journal_writer
        ),
        seal=seal,
        factors=SecondFactors(
            store, seal, journal_writer=journal_writer, issuer=settings.node.name
        ),
        tokens=Tokens(store, journal_writer=journal_writer),
    )


@asynccontextmanager
async def open_account_stores(settings: Settings) -> AsyncIterator[AccountStores]:
    """Open only these; a running server may have the store open too.

    Raises:
        StoreError: If the store cannot be opened.
    """
    store = await asyncio.to_thread(open_store, settings.store.url, migrates="never")
    journal_writer = JournalWriter(
        store=store, node=settings.node.id, now=lambda: datetime.now(UTC)
    )
    try:
        yield account_stores_of(settings, store, journal_writer=journal_writer)
    finally:
        await store.close()
