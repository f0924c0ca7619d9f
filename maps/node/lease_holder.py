"""Lease holder: a Watch process takes the node's lease, renews it, and ends when it is lost.

One that waits is a standby: it has read its geography and looks at the lease many times in the
length of one, the last time in the moment in which it ends. When a renewal is overdue it looks by
writing: where nobody can write, that nobody renews it says nothing.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Final

import structlog
from sqlalchemy import Connection

from maps.errors.errors import ServerRunning
from maps.settings.internal_settings import InternalSettings
from maps.settings.settings import Settings
from patrol.errors.errors import LeaseLost, StoreError
from patrol.store.engine import lease
from patrol.store.store import Store

LOST: Final = 75
"""Exit code of a Watch that lost its lease, or its store for a while (EX_TEMPFAIL of sysexits.h):
start it again. Who lost the lease then waits as the standby."""

_LOOKS: Final = 20
"""At the lease, in the length of one: it is taken so much of it late at most."""

_LATE: Final = 2.0
"""A pause between two looks that took more than so many times its length counts as that many: who
was stopped may have been stopped together with the one that holds it."""

_OVERDUE: Final = 2 / 3
"""Of its length, after which who lives would have renewed it, and who waits looks by writing."""

_log = structlog.get_logger(__name__)


def end_now(lost: StoreError) -> None:
    """End this process at once, without a farewell to radios, brokers or people.

    Whatever it would still do, it would do beside the one that took over. Nothing that is stored is
    harmed, and what was not stored was not acknowledged.
    """
    sys.stderr.write(f"{lost}; this process ends\n")
    sys.stderr.flush()
    os._exit(LOST)


class LeaseHolder:
    """A process's hold on the lease of a node.

    Args:
        node: The node's id.
        agency: Owner of what is the node's own.
        life_s: How long it lasts without being renewed, seconds.
        alone: Whether one that lives is to be refused, not waited for.
        on_lost: Called on whatever thread finds that somebody else took it.

    Attributes:
        epoch: Of the lease that was taken; 0 while none is.
        holder: What this process calls itself.
    """

    def __init__(
        self,
        node: str,
        *,
        agency: str,
        life_s: float,
        alone: bool = False,
        on_lost: Callable[[LeaseLost], None] = end_now,
    ) -> None:
        self._node, self._agency, self._life_s, self._on_lost = node, agency, life_s, on_lost
        self._alone = alone
        self.epoch = 0
        self._renewed_s = 0.0
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    @asynccontextmanager
    async def hold(self, store: Store) -> AsyncIterator[None]:
        """Wait for the lease and hold it while inside; nothing else is written to `store` then.

        Raises:
            ServerRunning: If this one is to be alone, and another renews it.
        """
        await self.take(store)
        store.fence = self._check
        keeping = asyncio.create_task(self._keep(store), name="lease")
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            await self._give_back(store)

    async def take(self, store: Store) -> None:
        """Wait until nobody holds it, or who does has been still for as long as it lasts.

        While the store does not answer, or lets nobody write, nobody can renew it, so that time
        does not count: a database that was away or locked for longer than a lease would else be
        back for the standby to take it from one that lives, before that one looked again. It has
        the last third of the lease for that.
        """
        pause_s = self._life_s / _LOOKS
        last_lease: lease.Lease | None = None
        stood_s = 0.0  # for so long nobody renewed it
        until_s = 0.0  # that is, until then
        answered = waits = False
        while True:
            try:
                began_s = monotonic()
                if stood_s < _OVERDUE * self._life_s:
                    now = await store.read(lease.read, self._node)
                else:
                    now = await store.write(lease.read_and_write, self._node)
                if self._alone and last_lease and now and now.is_held and now != last_lease:
                    raise ServerRunning(f"{self._node} is kept by {now.holder}, which runs")
                if now == last_lease and answered:
                    stood_s += min(began_s - until_s, _LATE * pause_s)
                    until_s = began_s
                else:
                    stood_s = stood_s if now == last_lease else 0.0
                    last_lease, until_s = now, monotonic()  # it was renewed before the answer came
                answered = True
                if now is None or not now.is_held or stood_s >= self._life_s:
                    taken = await store.write(
                        partial(
                            lease.take,
                            holder=self.holder,
                            previous=now,
                            at=datetime.now(UTC),
                            agency=self._agency,
                        ),
                        self._node,
                    )
                    if taken is not None:
                        # The first transaction renews it: to migrate may take longer than it lasts.
                        self.epoch, self._renewed_s = taken, monotonic() - self._life_s
                        _log.info("lease_taken", node=self._node, epoch=taken, holder=self.holder)
                        return
                elif not waits:
                    waits = True
                    _log.info("standing_by", node=self._node, holder=now.holder, epoch=now.epoch)
            except StoreError as error:
                answered, stood_s = False, min(stood_s, _OVERDUE * self._life_s)
                _log.warning("lease_not_read", fault=str(error))
            left_s = self._life_s - stood_s if answered else pause_s
            await asyncio.sleep(min(pause_s, max(left_s, pause_s / 10)))

    async def _keep(self, store: Store) -> None:
        pause_s = usual_s = self._life_s / 3
        while True:
            await asyncio.sleep(pause_s)
            try:
                began_s = monotonic()  # who waits may see it from now on, however late the answer
                await store.write(
                    partial(lease.renew, epoch=self.epoch, at=datetime.now(UTC)), self._node
                )
                self._renewed_s, pause_s = began_s, usual_s
            except LeaseLost:
                return  # told by the fence
            except StoreError as error:
                pause_s = self._life_s / _LOOKS  # whoever waits looks as often
                _log.warning("lease_not_renewed", fault=str(error))

    async def _give_back(self, store: Store) -> None:
        try:
            await store.write(
                partial(lease.renew, epoch=self.epoch, at=datetime.now(UTC), is_held=False),
                self._node,
            )
        except StoreError as error:
            _log.warning("lease_not_given_back", fault=str(error))

    def _check(self, connection: Connection) -> None:
        """Refuse a transaction of who lost the lease; runs first in each that writes.

        One that was still for as long as the lease lasts, and so might have been replaced, renews
        it in that very transaction: nothing is committed under a lease that has run out, and who
        was about to take it sees that it moved.
        """
        try:
            if monotonic() - self._renewed_s < self._life_s:
                lease.check(connection, self._node, self.epoch)
                return
            lease.renew(connection, self._node, self.epoch, at=datetime.now(UTC))
        except LeaseLost as lost:
            self._on_lost(lost)
            raise


def holding_alone(settings: Settings) -> LeaseHolder:
    """Return the hold of a process that works alone on a database.

    The lock there goes with its connection, unnoticed, when the server starts again or the network
    cuts it; the lease is looked at in each commit.
    """
    life_s = (settings.internal or InternalSettings()).lease_s
    return LeaseHolder(settings.node.id, agency=settings.agencies[0].id, life_s=life_s, alone=True)
