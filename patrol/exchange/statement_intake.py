"""StatementIntake: stores each statement of a counterpart in the transaction of its effect.

One that is refused is stored with the reason and keeps no other from its effect; one of a kind that
this version does not know is stored as it came, and read by a version that does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeAlias

import msgspec
import structlog
from msgspec.structs import replace

from patrol.counterparts.statement import (
    LONGEST_STATEMENT,
    LogEnd,
    Statement,
    hash_of,
    read_statement,
)
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, ReceivedStatement
from patrol.errors.errors import PatrolError, StoreError
from patrol.exchange.catch_up import follow_fault
from patrol.exchange.statement_batch import LARGEST_NUMBER, LONGEST_REASON
from patrol.filing.file_documents import Act, DocumentService
from radio_gateway.messages.printable_text import cleaned

LONGEST_KIND: Final = 100
"""Characters of a kind that the store holds beside the statement."""

UNUSABLE: Final = (PatrolError, msgspec.MsgspecError, ValueError, RecursionError)
"""What an effect raises of a statement that cannot be used. What else it raises is a fault of this
program and refuses that one statement, too: it would come again for ever and keep others back.
"""

log = structlog.get_logger(__name__)

Effect: TypeAlias = Callable[[Statement], Awaitable[Act]]
"""Returns what a counterpart's statement has as its effect; raises Conflict to refuse it."""


class ForkFound(Exception):
    """A statement that contradicts those before it: carries how."""


class StatementIntake:
    """Takes the statements of all counterparts, one by one.

    Args:
        document_service: Files the effects.
        node: This node.
        agency: On whose behalf they are stored.

    Attributes:
        effects: What statements do, by kind.
    """

    def __init__(self, document_service: DocumentService, *, node: str, agency: str) -> None:
        self.effects: Final[dict[str, Effect]] = {}
        self._document_service = document_service
        self._node, self._agency = node, agency

    async def take_next(self, node: str, epoch: int, held: LogEnd, raw: bytes) -> LogEnd:
        """Store the next statement with its effect; return how far the log is held then.

        Raises:
            ForkFound: If it contradicts the one before it.
            StoreError: If the store refuses.
        """
        number = held.number + 1
        statement, reason = _read(raw, from_node=node, to_node=self._node, place=(epoch, number))
        if statement is not None:
            fault = follow_fault(statement, held)
            if fault:
                raise ForkFound(fault)
        received = ReceivedStatement(
            from_node=node,
            epoch=epoch,
            number=number,
            hash=hash_of(raw),
            kind="" if statement is None else cleaned(statement.kind[:LONGEST_KIND]),
            raw=raw,
            state="applied",
            agency=self._agency,
        )
        if statement is None or reason:
            await self._file(_refused(received, reason))
        else:
            await self._apply(received, statement)
        return LogEnd(number, received.hash)

    async def reread(self, received: ReceivedStatement) -> None:
        """Give a statement that was not understood its effect now.

        Raises:
            StoreError: If the store refuses.
        """
        try:
            statement = read_statement(received.raw)
            act = await self.effects[received.kind](statement)
            done = replace(received, state="applied", is_reread=True)
            await self._document_service.file(
                lambda open_documents, now: _with(act, open_documents, now, done)
            )
        except Exception as error:  # noqa: BLE001 - see UNUSABLE
            await self._file(replace(_refused(received, _why(error, received)), is_reread=True))

    async def _apply(self, received: ReceivedStatement, statement: Statement) -> None:
        effect = self.effects.get(statement.kind)
        if effect is None:
            await self._file(replace(received, state="not_understood"))
            return
        try:
            act = await effect(statement)
            await self._document_service.file(
                lambda open_documents, now: _with(act, open_documents, now, received)
            )
        except Exception as error:  # noqa: BLE001 - see UNUSABLE
            await self._file(_refused(received, _why(error, received)))

    async def _file(self, received: ReceivedStatement) -> None:
        await self._document_service.file(lambda _open_documents, _now: Filing(received=received))


def _with(
    act: Act, open_documents: OpenDocuments, now: datetime, received: ReceivedStatement
) -> Filing:
    return replace(act(open_documents, now), received=received)


def _why(error: Exception, received: ReceivedStatement) -> str:
    """Return why a statement is refused for what its effect raised.

    Raises:
        StoreError: If the store may take it later.
    """
    if isinstance(error, StoreError):
        if error.transient:
            raise error
        return "the store cannot hold it"
    if isinstance(error, UNUSABLE):
        return str(error)
    log.error(
        "a counterpart's statement ended its own effect",
        node=received.from_node,
        number=received.number,
        kind=received.kind,
        exc_info=error,
    )
    return f"it cannot be used: {type(error).__name__}"


def _refused(received: ReceivedStatement, reason: str) -> ReceivedStatement:
    return replace(received, state="refused", reason=cleaned(reason)[:LONGEST_REASON])


def _read(
    raw: bytes, *, from_node: str, to_node: str, place: tuple[int, int]
) -> tuple[Statement | None, str]:
    """Return the statement in some bytes, None where it cannot be read; and why it is refused."""
    try:
        statement = read_statement(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return None, f"it cannot be read: {error}"
    if len(raw) > LONGEST_STATEMENT:
        return statement, f"it has {len(raw)} bytes, {LONGEST_STATEMENT} is the most"
    if (statement.from_node, statement.to_node) != (from_node, to_node):
        return statement, "`from_node` or `to_node` is another than of the link"
    if (statement.epoch, statement.number) != place:
        return statement, "`epoch` or `number` is another than its place in the log"
    if statement.made_at.tzinfo is None:
        return statement, "`made_at` has no offset"
    if not 0 <= statement.version <= LARGEST_NUMBER:
        return statement, "`version` is out of range"
    if statement.purpose != "real":  # it must not be taken for what is meant
        return statement, f"`purpose` is {statement.purpose}, and this node holds no exercise"
    return statement, ""
