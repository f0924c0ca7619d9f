"""Statement bodies: the three kinds of bodies by which two logs of statements go on.

`log_ends` opens a session: where both logs end. `statements` and `receipt` follow, both ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from patrol.counterparts.statement import LogEnds
from patrol.errors.errors import StoreError
from patrol.exchange.body_kinds import BodyKinds
from patrol.exchange.statement_batch import (
    StatementBatch,
    StatementReceipt,
    decode_body,
    encode_body,
)

if TYPE_CHECKING:
    from patrol.exchange.statement_log import StatementLog

STATEMENT_LANE: Final = 2

LOG_ENDS: Final = "log_ends"
RECEIPT: Final = "receipt"
STATEMENTS: Final = "statements"


def add_statements(kinds: BodyKinds, statement_log: StatementLog) -> None:
    """Have statements of a log go by a carrier of these kinds."""
    for kind in (_Ends(statement_log), _Receipts(statement_log), _Statements(statement_log)):
        kinds.add(kind)
    statement_log.wake = kinds.wake


class _Ends:
    name: Final = LOG_ENDS
    lane: Final = STATEMENT_LANE

    def __init__(self, statement_log: StatementLog) -> None:
        self._log = statement_log

    async def take(self, node: str, body: bytes, message: bytes) -> None:  # noqa: ARG002
        await self._log.take_ends(node, decode_body(body, LogEnds))

    async def due(self, node: str, room: int) -> Sequence[bytes]:  # noqa: ARG002
        try:
            ends = await self._log.ends_due(node)
        except StoreError:  # asked again
            return ()
        return () if ends is None else (encode_body(ends),)

    def begin(self, node: str) -> None:
        self._log.begin(node)


class _Receipts:
    name: Final = RECEIPT
    lane: Final = STATEMENT_LANE

    def __init__(self, statement_log: StatementLog) -> None:
        self._log = statement_log

    async def take(self, node: str, body: bytes, message: bytes) -> None:
        await self._log.take_receipt(node, decode_body(body, StatementReceipt), message)

    async def due(self, node: str, room: int) -> Sequence[bytes]:  # noqa: ARG002
        return [encode_body(each) for each in self._log.receipts_due(node)]

    def begin(self, node: str) -> None:
        """Nothing to do: what was said of the ends opens the session."""


class _Statements:
    name: Final = STATEMENTS
    lane: Final = STATEMENT_LANE

    def __init__(self, statement_log: StatementLog) -> None:
        self._log = statement_log

    async def take(self, node: str, body: bytes, message: bytes) -> None:  # noqa: ARG002
        await self._log.take(node, decode_body(body, StatementBatch))

    async def due(self, node: str, room: int) -> Sequence[bytes]:
        try:
            batch = await self._log.batch_due(node, room)
        except StoreError:  # asked again
            return ()
        return () if batch is None else (encode_body(batch),)

    def begin(self, node: str) -> None:
        """Nothing to do: what was said of the ends opens the session."""
