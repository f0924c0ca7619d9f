"""Kind retention: removes documents, photos, originals and texts past the policy's age.

Closed documents go with all their versions; what is open, what an open document names and what a
legal hold covers stays. Each thing that goes is a line of the journal.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeAlias

import structlog
from sqlalchemy import Connection

from patrol.filing.journal_writer import JournalWriter
from patrol.maintenance.kind_policy import KindPolicy
from patrol.store.protection import removal
from patrol.store.protection.removal import RemovalPlace, RemovalStep
from patrol.store.schema.tables import to_us
from patrol.store.store import Store

_REST: Final = 4.0  # times as long as a step took: at most a fifth of the store's writer

_Look: TypeAlias = Callable[[Connection, int, RemovalPlace], RemovalStep]

log = structlog.get_logger(__name__)


class KindRetention:
    """Removes records whose retention is over, kind by kind.

    Args:
        store: Where it is.
        policy: How long what is stored.
        node: This node's id.
    """

    def __init__(self, store: Store, policy: KindPolicy, *, node: str) -> None:
        self._store, self._policy, self._node = store, policy, node

    async def catch_up(self, now: datetime) -> int:
        """Remove all that is due; return how many lines the journal got.

        Args:
            now: A time that can be believed, aware UTC.

        Raises:
            StoreError: If the store cannot be read or written.
        """
        policy = self._policy
        looks: list[tuple[str, timedelta, _Look]] = [
            (kind, age, partial(_documents_of, kind)) for kind, age in policy.documents.items()
        ]
        for name, age_, look in (
            ("photo", policy.photos, removal.remove_photos),
            ("original", policy.originals, removal.remove_originals),
            ("text", policy.texts, removal.remove_texts),
        ):
            if age_ is not None:
                looks.append((name, age_, look))
        return sum([await self._remove(name, look, now, age) for name, age, look in looks])

    async def _remove(self, name: str, look: _Look, now: datetime, age: timedelta) -> int:
        journal_writer = JournalWriter(store=self._store, node=self._node, now=lambda: now)
        removed, after = 0, removal.START
        while True:
            began = time.monotonic()
            step = await journal_writer.write(
                lambda done: done.notes, look, to_us(now - age), after
            )
            removed += len(step.notes)
            if step.after is None:
                break
            after = step.after
            await asyncio.sleep(_REST * (time.monotonic() - began))
        if removed:
            log.info("removed by retention", kind=name, count=removed)
        return removed


def _documents_of(
    kind: str, connection: Connection, before_us: int, after: RemovalPlace
) -> RemovalStep:
    return removal.remove_documents(connection, kind, before_us, after)
