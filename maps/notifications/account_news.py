"""Account news: tells users, in their own browsers, that their ways to sign in were changed.

Whoever takes an account over changes a password, a second factor, a passkey, makes a token or a
sign-in link; its owner hears of it at once where a browser takes notifications, and knows whether
it was they (OWASP ASVS 4.0.3, 2.2.3). It is read from the journal, so it does not matter which
process or command did it. What was done while nothing ran is told to nobody later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from sqlalchemy import Connection

from patrol.audit.chain import Entry
from patrol.errors.errors import StoreError
from patrol.store.journal import journal
from patrol.store.store import Store
from radio_gateway.parsing.msgspec_decoders import json_decoder

LOOK_EVERY_S: Final = 2.0

ACTS: Final = frozenset(
    {
        "add passkey",
        "change user",
        "make recovery codes",
        "make sign-in link",
        "make token",
        "remove passkey",
        "remove second factor",
        "set up second factor",
    }
)
"""Acts of the journal by which somebody may come in, or no more."""

log = structlog.get_logger(__name__)


class AccountNews:
    """Looks for such acts in the journal.

    Args:
        store: Where it is.
        notify: Tells the user of a name.
    """

    def __init__(self, store: Store, notify: Callable[[str], Awaitable[None]]) -> None:
        self._store, self._notify = store, notify
        self._after: int | None = None

    async def run(self) -> None:
        """Look, and tell, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Tell of what is new; what cannot be read is looked for again."""
        try:
            after = self._after
            self._after, entries = await self._store.read(_new_entries, after)
        except StoreError as error:
            log.warning("changes of accounts cannot be looked for yet", fault=str(error))
            return
        for name in dict.fromkeys(name for each in entries if (name := _account_of(each))):
            await self._notify(name)


def _new_entries(connection: Connection, after: int | None) -> tuple[int, list[Entry]]:
    """Return the number of the newest line, and the acts after another; none at first."""
    newest = journal.end(connection)[0]
    return newest, [] if after is None else journal.of_acts(connection, ACTS, after=after)


def _account_of(entry: Entry) -> str:
    """Return the user whose account it is; empty where nobody's way in has changed."""
    detail = json_decoder(dict[str, Any]).decode(entry.detail)
    kind, _, id = entry.subject.partition(":")
    if entry.act == "change user" and "password" not in detail:
        return ""
    if kind == "token":
        return str(detail.get("of", entry.actor))
    return id if kind == "user" else ""
