"""Revoked keys: has the node take nothing more of a gateway once its key was revoked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from patrol.store.records.revoked_keys import revoked_keys
from patrol.store.store import Store

LOOK_EVERY_S: Final = 2.0


class RevokedKeys:
    """Follows what the journal says: whoever holds the store revokes, beside a running node.

    Args:
        store: Of the node.
        revoke: Called with all keys that count no more.
    """

    def __init__(self, store: Store, revoke: Callable[[Collection[str]], None]) -> None:
        self._store, self._revoke = store, revoke

    async def look(self) -> None:
        """Look once."""
        self._revoke(await self._store.read(revoked_keys))

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()
