"""Journal heads: each node tells its counterparts where its journal ends, and they sign that.

A head that lies signed in another country cannot be taken back: who writes a journal anew, or cuts
its tail off, contradicts what the counterpart holds. Each head names the one told before as the
journal has it now, and whoever is told checks that it only grew. One that does not follow is
refused, and an alert tells both sides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection

from patrol.audit.chain import canonical
from patrol.audit.signed_head import SignedHead
from patrol.counterparts.statement import FIRST_HASH, Statement, read_statement
from patrol.documents.transaction import NOTHING, Filing, StatementDraft
from patrol.errors.errors import Conflict, SigningKeyError
from patrol.exchange.received_bodies import read_body
from patrol.exchange.statement_log import StatementLog
from patrol.filing.file_documents import Act, DocumentService
from patrol.signatures.signing_key import SigningKey, is_signed
from patrol.store.journal import journal
from patrol.store.records import statement_logs, statements
from patrol.store.records.statement_health import HEAD, HEAD_SIGNATURE
from patrol.store.store import Store
from radio_gateway.parsing.msgspec_decoders import json_decoder

log = structlog.get_logger(__name__)

_PURPOSE: Final = b"joint-patrol head of a counterpart 1\n"


class HeadPlace(msgspec.Struct, frozen=True):
    """A line of a journal.

    Attributes:
        number: Which.
        hash: Its hash, 64 hexadecimal digits.
    """

    number: int
    hash: str


class ToldHead(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a statement `head`.

    Attributes:
        head: Where the journal ends, signed by its own key.
        before: The line of the head told before, as it is in the journal now; None: none was told.
    """

    head: SignedHead
    before: HeadPlace | None = None


class HeadSignature(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a statement `head_signature`.

    Attributes:
        number: Number of the line that the head is.
        hash: Its hash.
        signature: Of the counterpart's node key, base64, over both and the head's own signature.
        head_signature: The head's own.
    """

    number: int
    hash: str
    signature: str
    head_signature: str


def head_draft(
    connection: Connection, to_node: str, head: SignedHead, *, agency: str
) -> StatementDraft:
    """Return what a counterpart is told of the journal's end."""
    told = statements.newest_sent(connection, to_node, HEAD)
    before: HeadPlace | None = None
    if told is not None and told.version > 0:
        entries = journal.page(connection, after=told.version - 1, limit=1)
        found = entries[0].hash.hex() if entries and entries[0].seq == told.version else ""
        before = HeadPlace(told.version, found)
    return StatementDraft(
        to_node=to_node,
        kind=HEAD,
        id=head.node,
        version=head.seq,
        body=ToldHead(head=head, before=before),
        agency=agency,
    )


def state_head(
    connection: Connection, to_node: str, head: SignedHead, at: datetime, *, agency: str
) -> int:
    """Tell a counterpart of the journal's end; return the number of that statement.

    For commands, which write beside a server: it leaves with the server's next look.
    """
    note = statements.append(
        connection, head_draft(connection, to_node, head, agency=agency), at, origin=head.node
    )
    journal.append(connection, (note,), at, origin=head.node)
    return statement_logs.ends(connection, to_node, at).sent.number


class JournalHeads:
    """Tells counterparts of this node's heads, and signs theirs.

    Args:
        statement_log: What comes and goes by.
        document_service: Files.
        store: Where heads and journal are.
        node: This node.
        agency: On whose behalf.
        sign: Returns the journal's end, signed.
        own_key: Returns this node's key.
        key_of: Returns the public key of a counterpart; None of one that is not confirmed.
    """

    def __init__(
        self,
        statement_log: StatementLog,
        document_service: DocumentService,
        store: Store,
        *,
        node: str,
        agency: str,
        sign: Callable[[], Awaitable[SignedHead]],
        own_key: Callable[[], SigningKey],
        key_of: Callable[[str], str | None],
    ) -> None:
        self._document_service, self._store = document_service, store
        self._node, self._agency = node, agency
        self._sign, self._own_key, self._key_of = sign, own_key, key_of
        statement_log.intake.effects[HEAD] = self._take_head
        statement_log.intake.effects[HEAD_SIGNATURE] = self._take_signature

    async def state_daily(self, nodes: Collection[str], day_began: datetime) -> None:
        """Tell those counterparts of the journal's end who were not told since the day began.

        Raises:
            PatrolError: If it cannot be signed or stored.
            OSError: If the key cannot be read.
        """
        for node in nodes:
            told = await self._store.read(statements.newest_sent, node, HEAD, with_refused=True)
            if told is None or told.at < day_began:
                await self.tell(node)

    async def tell(self, node: str) -> None:
        """Tell a counterpart now where the journal ends.

        Raises:
            PatrolError: If it cannot be signed or stored.
            OSError: If the key cannot be read.
        """
        head = await self._sign()
        draft = await self._store.read(head_draft, node, head, agency=self._agency)
        await self._document_service.file(_stating(draft))

    async def _take_head(self, statement: Statement) -> Act:
        told = read_body(statement, ToldHead)
        head, node = told.head, statement.from_node
        if head.node != node:
            raise Conflict(f"`head.node` is {head.node[:64]!r}, told by {node}")
        before = await self._store.read(statements.newest_received, node, HEAD)
        fault = _growth_fault(told, None if before is None else _told_in(before.raw))
        if fault:
            raise Conflict(fault)
        covered = _covered(head.node, head.seq, head.hash, head.signature)
        try:
            key = self._own_key()
        except (SigningKeyError, OSError) as error:  # no fault of the head: the next is signed
            log.error("a counterpart's head is not signed", node=node, fault=str(error))
            return lambda _open_documents, _now: NOTHING
        signature = HeadSignature(
            number=head.seq,
            hash=head.hash,
            signature=key.sign(covered),
            head_signature=head.signature,
        )
        draft = StatementDraft(
            to_node=node,
            kind=HEAD_SIGNATURE,
            id=node,
            version=head.seq,
            body=signature,
            agency=self._agency,
        )
        return _stating(draft)

    async def _take_signature(self, statement: Statement) -> Act:
        signed = read_body(statement, HeadSignature)
        key = self._key_of(statement.from_node)
        body = _covered(self._node, signed.number, signed.hash, signed.head_signature)
        if key is None or not is_signed(body, signed.signature, public=key):
            raise Conflict("`signature` is not that of the counterpart's key")
        if statement.version != signed.number:
            raise Conflict("`version` is not the number of the line that is signed")
        entries = await self._store.read(journal.page, after=signed.number - 1, limit=1)
        own = entries[0].hash.hex() if entries and entries[0].seq == signed.number else FIRST_HASH
        if own != signed.hash:
            raise Conflict(f"line {signed.number} of the journal here is another than they signed")
        return lambda _open_documents, _now: Filing()


def _growth_fault(told: ToldHead, last: ToldHead | None) -> str:
    """Return why a head does not follow the last one that was taken; empty if it does."""
    head = told.head
    head.check(None if last is None else last.head.public_key)
    if last is None:
        return ""
    known = last.head
    if head.seq < known.seq:
        return f"the journal ends at line {head.seq}, and line {known.seq} was told before"
    if head.seq == known.seq and head.hash != known.hash:
        return f"line {head.seq} of the journal is another than was told before"
    if told.before is None or told.before.number != known.seq:
        return f"`before` does not name line {known.seq}, which was told before"
    if told.before.hash != known.hash:
        return f"line {known.seq} of the journal is another than was told before"
    return ""


def _stating(draft: StatementDraft) -> Act:
    return lambda _open_documents, _now: Filing(statements=(draft,))


def _told_in(raw: bytes) -> ToldHead:
    return json_decoder(ToldHead).decode(read_statement(raw).body)


def _covered(node: str, number: int, line_hash: str, head_signature: str) -> bytes:
    return _PURPOSE + canonical((node, number, line_hash, head_signature))
