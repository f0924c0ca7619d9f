"""File carrier: what two nodes tell each other in files, on a stick or in a mail.

In a file are the envelopes that a link would carry: where both logs end, the receipt for what the
counterpart told, and the statements that it has not receipted. They name no session but `file`, so
that a link takes none of them and a file none of a link's, and reading them opens none. Numbers and
hashes of the statements do the rest: a file may be read twice, late, in any order or not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from patrol.counterparts.card import NodeCard
from patrol.counterparts.statement import LogEnds
from patrol.errors.errors import BadCounterpartFile, Conflict, PatrolError, StoreError
from patrol.exchange.envelope import EnvelopeRefused, NodeEnvelope, seal, unseal
from patrol.exchange.file_report import EnvelopeFault, FileReport, WrittenFile
from patrol.exchange.sealed_file import (
    ENDING,
    LARGEST_FILE,
    MOST_FILE_ENVELOPES,
    FileHead,
    open_file,
    read_head,
    write_file,
)
from patrol.exchange.statement_batch import (
    MOST_STATEMENTS,
    RefusedStatement,
    StatementBatch,
    StatementReceipt,
    decode_body,
    encode_body,
)
from patrol.exchange.statement_bodies import LOG_ENDS, RECEIPT, STATEMENTS
from patrol.exchange.statement_log import StatementLog
from patrol.signatures.signing_key import SigningKey
from patrol.store.records import statement_logs, statement_receipts, statements
from patrol.store.store import Store
from radio_gateway.messages.printable_text import cleaned

FILE_SESSION: Final = "file"
"""What an envelope in a file names as both sessions; those of links are longer."""

MOST_FILE_STATEMENTS: Final = 2000
"""Statements of one file: some 30 s of work for who reads it."""

_ROOM: Final = 1 << 30  # of a batch: its own bounds are smaller
_HEAD_BYTES: Final = 2048  # of the first line and the seal, at most
_LIST_BYTES: Final = 5  # before each envelope


class FileCarrier:
    """Writes and reads the files of one node.

    Args:
        statement_log: The logs with all counterparts.
        store: Where they are.
        node: This node.
        own_key: Returns this node's key.
        cards: Returns the cards that count now.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        statement_log: StatementLog,
        store: Store,
        *,
        node: str,
        own_key: Callable[[], SigningKey],
        cards: Callable[[], list[NodeCard]],
        now: Callable[[], datetime],
    ) -> None:
        self._log, self._store, self._node = statement_log, store, node
        self._own_key, self._cards, self._now = own_key, cards, now
        self._turn = asyncio.Lock()  # so that what is new is counted once

    async def write(self, node: str, *, after: int | None = None) -> WrittenFile:
        """Return a file with what a counterpart lacks; it is taken for stored when its receipt
        comes.

        Args:
            node: The counterpart.
            after: Number of the statement before the first; the last that was receipted where None.

        Raises:
            Conflict: If it is not confirmed, or there is no such statement.
            SigningKeyError: If this node's key cannot be used.
            StoreError: If the store cannot be read.
        """
        card, key, now = self._card_of(node), self._own_key(), self._now()
        if card is None:
            raise Conflict(f"{node} is not confirmed: no file is written for it")
        ends = await self._store.read(statement_logs.ends, node, now)
        if after is None:
            after = await self._store.read(statement_receipts.receipted, node, ends.epoch)
        if not 0 <= after <= ends.sent.number:
            raise Conflict(f"`after` is {after}, and the log ends at {ends.sent.number}")
        made = _Envelopes(self._node, node, key, now)
        made.add(LOG_ENDS, encode_body(ends))
        receipt = await self._log.whole_receipt(node)
        if receipt is not None:
            made.add(RECEIPT, encode_body(receipt))
        last = after
        while not ends.fork and last < ends.sent.number and last - after < MOST_FILE_STATEMENTS:
            batch = await self._log.batch_after(node, ends.epoch, last, room=_ROOM)
            if batch is None or not made.add(STATEMENTS, encode_body(batch)):
                break
            last += len(batch.statements)
        head = FileHead(
            from_node=self._node,
            to_node=node,
            made_at=now,
            from_key=key.public,
            to_key=card.signing_key,
            bytes=0,
        )
        count = last - after
        goes_on = not ends.fork and last < ends.sent.number
        return WrittenFile(
            name=_name(head, after + 1, last),
            content=write_file(head, made.messages),
            statements=count,
            first=after + 1 if count else 0,
            last=last if count else 0,
            next=last if goes_on else None,
        )

    async def read(self, file: bytes, *, name: str) -> FileReport:
        """Take a counterpart's file; what it brings is stored when this returns.

        Args:
            file: All of it.
            name: Its name, for what is said of a fault.

        Raises:
            BadCounterpartFile: If it is for another, from somebody unknown, damaged, or sealed or
                signed by keys of before: nothing of it is taken.
            SigningKeyError: If this node's key cannot be used.
            StoreError: If the store refuses; the file is to be read again.
        """
        head = read_head(file, name=name)
        card = self._card_for(head, name)
        messages = open_file(file, self._own_key(), name=name)
        async with self._turn:
            taken = _Taken(self._log, self._store, card)
            for place, message in enumerate(messages, 1):
                await taken.take(place, message, to_node=self._node)
            return await taken.report(head, len(messages), self._now())

    def _card_for(self, head: FileHead, name: str) -> NodeCard:
        """Return the card of who wrote a file that is for this node."""
        place, sender = "its first line", cleaned(head.from_node[:64])
        if head.to_node != self._node:
            fault = f"it is for {cleaned(head.to_node[:64])}, and this node is {self._node}"
            raise BadCounterpartFile(name, place, fault, code="for_another")
        card = self._card_of(head.from_node)
        if card is None:
            fault = f"it is from {sender}, which is no confirmed counterpart of this node"
            raise BadCounterpartFile(name, place, fault, code="stranger")
        if head.from_key != card.signing_key:
            fault = (
                f"it is signed by another key than the one on the card of {sender} that is held"
                " here: take their newer card first, or have the file written again"
            )
            raise BadCounterpartFile(name, place, fault, code="old_card_here")
        return card

    def _card_of(self, node: str) -> NodeCard | None:
        return next((each for each in self._cards() if each.node == node), None)


class _Envelopes:
    """The envelopes of a file that is being written."""

    def __init__(self, own: str, other: str, key: SigningKey, now: datetime) -> None:
        self.messages: list[bytes] = []
        self._own, self._other, self._key, self._now = own, other, key, now
        self._left = LARGEST_FILE - _HEAD_BYTES

    def add(self, kind: str, body: bytes) -> bool:
        """Add a body, signed; return whether there was room for it."""
        sealed = seal(
            NodeEnvelope(
                from_node=self._own,
                to_node=self._other,
                session=FILE_SESSION,
                to_session=FILE_SESSION,
                sequence=len(self.messages) + 1,
                sent_at=self._now,
                kind=kind,
                body=body,
            ),
            self._key,
        )
        self._left -= len(sealed) + _LIST_BYTES
        if self._left < 0 or len(self.messages) >= MOST_FILE_ENVELOPES:
            return False
        self.messages.append(sealed)
        return True


class _Taken:
    """What became of the envelopes of a file that is being read."""

    def __init__(self, statement_log: StatementLog, store: Store, card: NodeCard) -> None:
        self._log, self._store, self._card = statement_log, store, card
        self._faults: list[EnvelopeFault] = []
        self._new: list[int] = []
        self._statements = self._last = 0
        self._receipted: int | None = None

    async def take(self, place: int, message: bytes, *, to_node: str) -> None:
        """Take an envelope, or note why not.

        Raises:
            StoreError: If the store refuses.
        """
        node = self._card.node
        try:
            envelope = unseal(message, public=self._card.signing_key, node=node)
            _check_place(envelope, place, (node, to_node))
            await self._read(envelope, message)
        except StoreError:
            raise
        except EnvelopeRefused as error:
            self._faults.append(EnvelopeFault(place=place, reason=error.reason))
        except PatrolError as error:
            self._faults.append(EnvelopeFault(place=place, reason=str(error)))

    async def report(self, head: FileHead, envelopes: int, now: datetime) -> FileReport:
        """Return what became of all of them."""
        node = head.from_node
        ends = await self._store.read(statement_logs.ends, node, now)
        refused: dict[int, str] = {}
        if self._new:
            refused = await self._store.read(
                statements.refused_held,
                node,
                ends.epoch,
                first=self._new[0],
                limit=MOST_STATEMENTS,
            )
        is_missing = self._last > ends.held.number
        return FileReport(
            node=node,
            made_at=head.made_at,
            envelopes=envelopes,
            statements=self._statements,
            new=len(self._new),
            held=ends.held.number,
            missing_from=ends.held.number + 1 if is_missing else 0,
            missing_to=self._last if is_missing else 0,
            refused=tuple(RefusedStatement(*each) for each in sorted(refused.items())),
            receipted=self._receipted,
            faults=tuple(self._faults),
        )

    async def _read(self, envelope: NodeEnvelope, message: bytes) -> None:
        node = self._card.node
        if envelope.kind == LOG_ENDS:
            await self._log.take_late_ends(node, decode_body(envelope.body, LogEnds))
        elif envelope.kind == RECEIPT:
            receipt = decode_body(envelope.body, StatementReceipt)
            await self._log.take_receipt(node, receipt, message, is_late=True)
            self._receipted = receipt.held.number
        elif envelope.kind == STATEMENTS:
            await self._take_statements(decode_body(envelope.body, StatementBatch))
        else:
            raise Conflict(f"no body of kind {cleaned(envelope.kind[:64])!r} is understood here")

    async def _take_statements(self, batch: StatementBatch) -> None:
        node, last = self._card.node, batch.first + len(batch.statements) - 1
        self._statements += len(batch.statements)
        held = (await self._store.read(statements.held_number, node, batch.epoch)) + 1
        try:
            await self._log.take(node, batch)
        finally:
            now_held = await self._store.read(statements.held_number, node, batch.epoch)
            self._new += range(max(held, batch.first), min(now_held, last) + 1)
        self._last = max(self._last, last)


def _check_place(envelope: NodeEnvelope, place: int, nodes: tuple[str, str]) -> None:
    """Refuse an envelope that does not belong where it stands.

    Raises:
        EnvelopeRefused: If so.
    """
    if (envelope.from_node, envelope.to_node) != nodes:
        reason = (
            f"it is from {cleaned(envelope.from_node[:64])} for {cleaned(envelope.to_node[:64])},"
            f" and the file from {nodes[0]} for {nodes[1]}"
        )
        raise EnvelopeRefused(reason, code="not_for_us", sequence=place)
    if (envelope.session, envelope.to_session) != (FILE_SESSION, FILE_SESSION):
        reason = "it was made for a link and recorded: in a file it counts for nothing"
        raise EnvelopeRefused(reason, code="session", sequence=place)
    if envelope.sequence != place:
        reason = f"it was made as number {envelope.sequence} of its file, and stands at {place}"
        raise EnvelopeRefused(reason, code="replay", sequence=place)


def _name(head: FileHead, first: int, last: int) -> str:
    """Return the name of a file: `hx-to-ck-20261124-023000-statements-41-62.jointpatrol`."""
    what = f"statements-{first}-{last}" if last >= first else "receipt"
    return f"{head.from_node}-to-{head.to_node}-{head.made_at:%Y%m%d-%H%M%S}-{what}{ENDING}"
