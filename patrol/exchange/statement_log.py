"""StatementLog: sends what counterparts are to be told, and takes what they tell, each in order.

A statement is written in the transaction of what it tells of (`DocumentService`), and sent until
the counterpart's receipt says that it is stored. A counterpart's statement is stored in the
transaction of its effect (`statement_intake`), so that it has one, whatever is lost, repeated or
cut off between.

Nothing is sent before both sides compared where their logs end (`catch_up`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog
from msgspec.structs import replace

from patrol.counterparts.log_health import CounterpartFault
from patrol.counterparts.statement import LogEnd, LogEnds
from patrol.errors.errors import Conflict
from patrol.exchange.catch_up import held_fault, repeat_fault
from patrol.exchange.end_comparison import compare_ends
from patrol.exchange.statement_batch import (
    LONGEST_REASON,
    MOST_BATCH_BYTES,
    MOST_STATEMENTS,
    RefusedStatement,
    StatementBatch,
    StatementReceipt,
)
from patrol.exchange.statement_intake import ForkFound, StatementIntake
from patrol.filing.file_documents import DocumentService
from patrol.store.records import (
    statement_health,
    statement_logs,
    statement_receipts,
    statements,
)
from patrol.store.records.statement_logs import LogState
from patrol.store.schema.tables import statements_in, statements_out
from patrol.store.store import Store
from radio_gateway.messages.printable_text import cleaned

AGAIN: Final = timedelta(seconds=10)
"""How long a batch waits for its receipt before it is sent again."""

MOST_REFUSED: Final = 50
"""Refusals that one receipt names, the newest."""

MOST_RECEIPTS: Final = 20
"""Receipts that wait for a carrier; a later one says what an earlier one did."""

LATE_SLACK: Final = timedelta(minutes=1)
"""How much later than a statement its log must have been looked at for what comes late to count."""

LOOK_EVERY_S: Final = 2.0
"""How often the store is looked at for what commands on this machine wrote."""

log = structlog.get_logger(__name__)


class _Peer(msgspec.Struct):
    """What is known of a counterpart in this session.

    Attributes:
        heard: It said where its logs end.
        epoch: Of our logs when it said so.
        is_ready: Both logs agree: statements are sent.
        ends_sent_at: When we last said where ours end; None: to be said.
        held: How far it holds our log, by its last word.
        handed: How far that was handed to the carrier.
        handed_at: When the first of what has no receipt was.
        receipts: What it is to be told of its own statements.
    """

    heard: bool = False
    epoch: int = 0
    is_ready: bool = False
    ends_sent_at: datetime | None = None
    held: int = 0
    handed: int = 0
    handed_at: datetime | None = None
    receipts: list[StatementReceipt] = msgspec.field(default_factory=list)


class StatementLog:
    """The logs of one node with all its counterparts.

    Args:
        document_service: Files the effects.
        store: Where both logs are.
        node: This node.
        agency: On whose behalf the node itself speaks.
        now: Clock, aware UTC.

    Attributes:
        intake: Stores what they tell, with its effect.
        wake: Called with a counterpart for which something is due.
        faults: What only people can put right, by the last look.
    """

    def __init__(
        self,
        document_service: DocumentService,
        store: Store,
        *,
        node: str,
        agency: str,
        now: Callable[[], datetime],
    ) -> None:
        self.intake: Final = StatementIntake(document_service, node=node, agency=agency)
        self.wake: Callable[[str | None], None] = lambda _node: None
        self.faults: Sequence[CounterpartFault] = ()
        self._document_service, self._store = document_service, store
        self._node, self._agency, self._now = node, agency, now
        self._peers: dict[str, _Peer] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._stands: dict[str, tuple[LogState, int]] = {}
        document_service.when_stated = lambda: self.wake(None)

    async def start(self) -> None:
        """Read what an earlier version stored and did not understand.

        Raises:
            StoreError: If the store refuses.
        """
        for each in await self._store.read(statements.not_understood, tuple(self.intake.effects)):
            await self.intake.reread(each)

    async def look(self, nodes: Collection[str]) -> None:
        """Find what another process wrote: a statement, or that both logs begin anew.

        Args:
            nodes: The counterparts.

        Raises:
            StoreError: If the store cannot be read.
        """
        if not nodes:
            self.faults = ()
            return
        found, now = await self._store.read(statement_logs.stands, nodes), self._now()
        for node, (state, end) in found.items():
            before, peer = self._stands.get(node), self._peer(node)
            is_old = peer.heard and peer.epoch != state.epoch
            if is_old or (before is not None and before[0] != state):
                self.begin(node)
            waits = (peer.handed_at, None if peer.heard else peer.ends_sent_at)
            is_late = any(at is not None and now - at >= AGAIN for at in waits)
            if before != (state, end) or is_late:
                self.wake(node)
        self._stands = found
        self.faults = await self._store.read(statement_health.faults, nodes)

    def begin(self, node: str) -> None:
        """Begin a session with a counterpart: both say anew where their logs end."""
        self._peers[node] = _Peer()

    # -- what is due to a counterpart

    async def ends_due(self, node: str) -> LogEnds | None:
        """Return where both logs end, if the counterpart is to be told now."""
        peer, now = self._peer(node), self._now()
        sent_at = peer.ends_sent_at
        if sent_at is not None and (peer.heard or now - sent_at < AGAIN):
            return None
        ours = await self._store.read(statement_logs.ends, node, now)
        peer.ends_sent_at = now
        return replace(ours, heard=peer.heard)

    async def batch_due(self, node: str, room: int) -> StatementBatch | None:
        """Return the statements to send now; None if none are.

        Args:
            node: To whom.
            room: Most bytes of all.
        """
        peer, now = self._peer(node), self._now()
        if not peer.is_ready:
            return None
        if peer.handed_at is not None and now - peer.handed_at >= AGAIN:
            peer.handed = peer.held
        state = await self._store.read(statement_logs.log_state, node)
        if state.fork:
            return None
        batch = await self.batch_after(node, state.epoch, peer.handed, room=room)
        if batch is None:
            return None
        if peer.handed == peer.held or peer.handed_at is None:
            peer.handed_at = now
        peer.handed += len(batch.statements)
        return batch

    async def batch_after(
        self, node: str, epoch: int, number: int, *, room: int
    ) -> StatementBatch | None:
        """Return the statements for a counterpart that follow a number; None if none fits.

        Args:
            node: To whom.
            epoch: Of the log.
            number: Of the one before the first.
            room: Most bytes of all.

        Raises:
            StoreError: If the store cannot be read.
        """
        found = await self._store.read(
            statements.sent_after, node, epoch, number, limit=MOST_STATEMENTS
        )
        raws: list[bytes] = []
        size = 0
        for each in found:
            size += len(each.raw)
            if size > room or (raws and size > MOST_BATCH_BYTES):
                break
            raws.append(each.raw)
        if not raws:
            return None
        return StatementBatch(epoch=epoch, first=number + 1, statements=tuple(raws))

    def receipts_due(self, node: str) -> list[StatementReceipt]:
        """Return the receipts for what a counterpart told; each is returned once."""
        peer = self._peer(node)
        found, peer.receipts = peer.receipts, []
        return found

    # -- what came from a counterpart

    async def take_ends(self, node: str, theirs: LogEnds) -> None:
        """Take note of where a counterpart says that both logs end.

        Raises:
            StoreError: If the store refuses.
        """
        async with self._lock(node):
            peer = self._peer(node)
            if not theirs.heard:
                peer.ends_sent_at = None
            peer.heard = True
            ours, found = await self._store.read(compare_ends, node, theirs, self._now())
            peer.epoch = ours.epoch
            await self._note_ends(node, theirs)
            if found.fork and not ours.fork:
                await self._fork(node, found.fork)
            peer.is_ready = not (found.fork or found.other_epoch or ours.fork)
            if peer.is_ready:
                peer.held = peer.handed = found.send_after
                if ours.held.number:  # the last receipt may have been lost
                    peer.receipts = [await self._receipt(node, ours.epoch, ours.held)]
        self.wake(node)

    async def take_late_ends(self, node: str, theirs: LogEnds) -> None:
        """Take note of where a counterpart said that both logs ended, some time ago: that opens no
        session.

        Raises:
            Conflict: If it spoke of another epoch, or the logs contradict each other.
            StoreError: If the store refuses.
        """
        async with self._lock(node):
            ours, found = await self._store.read(
                compare_ends, node, theirs, self._now(), slack=LATE_SLACK
            )
            (known,) = await self._store.read(statement_health.health, [node])
            if (theirs.epoch, theirs.sent.number) >= (known.their_epoch, known.announced):
                await self._note_ends(node, theirs)
            if found.fork and not ours.fork:
                await self._fork(node, found.fork)
        if found.fork or ours.fork:
            raise Conflict(f"the logs contradict each other: {found.fork or ours.fork}")
        if found.other_epoch:
            raise Conflict(f"`epoch` is {theirs.epoch}, and {ours.epoch} here")

    async def take(self, node: str, batch: StatementBatch) -> None:
        """Take what a counterpart tells; its receipt is due when this returns.

        Raises:
            Conflict: If it speaks of another epoch, or the logs contradict each other: nothing of
                the rest is taken.
            StoreError: If the store refuses: what is not receipted is to be sent again.
        """
        async with self._lock(node):
            ends = await self._store.read(statement_logs.ends, node, self._now())
            if ends.fork:
                raise Conflict(f"the logs contradict each other: {ends.fork}")
            if batch.epoch != ends.epoch:
                raise Conflict(f"`epoch` is {batch.epoch}, and {ends.epoch} here")
            held, gap = ends.held, False
            for number, raw in enumerate(batch.statements, batch.first):
                if number > held.number + 1:
                    gap = True
                    break
                if number <= held.number:
                    stored = await self._hash(statements_in, node, ends.epoch, number)
                    fault = repeat_fault(number, raw, stored)
                    if fault:
                        await self._fork(node, fault)
                        raise Conflict(fault)
                else:
                    try:
                        held = await self.intake.take_next(node, ends.epoch, held, raw)
                    except ForkFound as error:
                        await self._fork(node, str(error))
                        raise Conflict(str(error)) from None
            receipt = await self._receipt(node, ends.epoch, held, first=batch.first)
            peer = self._peer(node)
            peer.receipts = [*peer.receipts[1 - MOST_RECEIPTS :], replace(receipt, gap=gap)]
        self.wake(node)

    async def take_receipt(
        self, node: str, receipt: StatementReceipt, signed: bytes, *, is_late: bool = False
    ) -> None:
        """File a counterpart's receipt.

        Args:
            node: Whose it is.
            receipt: What it says.
            signed: The envelope that it came in, with its signature.
            is_late: Newer ones may have come before it.

        Raises:
            Conflict: If it is for what was never stated.
            StoreError: If the store refuses: what it receipts will be sent again.
        """
        async with self._lock(node):
            peer, end = self._peer(node), receipt.held
            ours = await self._store.read(statement_logs.ends, node, self._now())
            if receipt.epoch != ours.epoch:
                raise Conflict(f"`epoch` is {receipt.epoch}, and {ours.epoch} here")
            own = await self._hash(statements_out, node, ours.epoch, end.number)
            fault = held_fault(end, ours.sent, lambda _number: own)
            if fault:
                await self._fork(node, fault)
                raise Conflict(fault)
            await self._document_service.journal_writer.write(
                lambda notes: notes,
                statement_receipts.put_receipt,
                node,
                receipt.epoch,
                end,
                refused={
                    each.number: cleaned(each.reason)
                    for each in receipt.refused
                    if each.number <= end.number
                },
                unread=receipt.unread,
                is_late=is_late,
                signed=signed,
                at=self._now(),
                agency=self._agency,
                origin=self._node,
            )
            peer.held = max(peer.held, end.number)
            if receipt.gap and not is_late:
                peer.held = peer.handed = end.number
            peer.handed = max(peer.handed, peer.held)
            peer.handed_at = None if peer.handed == peer.held else self._now()
        self.wake(node)

    # -- inside

    async def _note_ends(self, node: str, theirs: LogEnds) -> None:
        await self._store.write(
            statement_logs.put_their_ends,
            node,
            theirs,
            self._now(),
            agency=self._agency,
            origin=self._node,
        )

    async def whole_receipt(self, node: str) -> StatementReceipt | None:
        """Return the receipt for all that a counterpart told in this epoch; None: it told nothing.

        It names more refusals than one that follows others: who takes it may know of none.
        """
        ends = await self._store.read(statement_logs.ends, node, self._now())
        if not ends.held.number:
            return None
        return await self._receipt(node, ends.epoch, ends.held, most_refused=MOST_STATEMENTS)

    async def _receipt(
        self,
        node: str,
        epoch: int,
        held: LogEnd,
        *,
        first: int = 0,
        most_refused: int = MOST_REFUSED,
    ) -> StatementReceipt:
        refused = await self._store.read(
            statements.refused_held, node, epoch, first=first, limit=most_refused
        )
        unread = await self._store.read(statements.unread_held, node, epoch, limit=MOST_STATEMENTS)
        return StatementReceipt(
            epoch=epoch,
            held=held,
            refused=tuple(RefusedStatement(*each) for each in sorted(refused.items())),
            unread=tuple(unread),
        )

    async def _fork(self, node: str, fault: str) -> None:
        log.error("the statements with a counterpart contradict each other", node=node, fault=fault)
        await self._document_service.journal_writer.write(
            lambda notes: notes,
            statement_logs.put_fork,
            node,
            cleaned(fault)[:LONGEST_REASON],
            self._now(),
            agency=self._agency,
            origin=self._node,
        )
        peer = self._peer(node)
        peer.is_ready, peer.ends_sent_at = False, None
        self.wake(node)

    async def _hash(
        self, table: statement_logs.Log, node: str, epoch: int, number: int
    ) -> str | None:
        return await self._store.read(statement_logs.hash_at, table, node, epoch, number)

    def _peer(self, node: str) -> _Peer:
        return self._peers.setdefault(node, _Peer())

    def _lock(self, node: str) -> asyncio.Lock:
        return self._locks.setdefault(node, asyncio.Lock())
