"""Statement batches and receipts: bodies of envelopes between two logs of statements.

MessagePack. A batch says the number of its first statement, so that each has a number by its place,
whatever it holds: one that cannot be read is refused by its number, and those after it are taken.
"""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from patrol.counterparts.statement import LogEnd, LogEnds
from patrol.errors.errors import Conflict
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

MOST_STATEMENTS: Final = 200
"""Statements of one batch."""

MOST_BATCH_BYTES: Final = 128 * 1024
"""Bytes of the statements of one batch; one that is larger goes alone."""

LONGEST_REASON: Final = 300
"""Characters of the reason of a refusal."""

LARGEST_NUMBER: Final = (1 << 62) - 1

T = TypeVar("T", bound="StatementBatch | StatementReceipt | LogEnds")


class StatementBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Statements of one log that follow each other.

    Attributes:
        epoch: Of the log.
        first: Number of the first.
        statements: As they are stored at the sender.
    """

    epoch: int
    first: int
    statements: tuple[bytes, ...]


class RefusedStatement(msgspec.Struct, frozen=True):
    """That a statement is stored and has no effect.

    Attributes:
        number: Which.
        reason: Why, for people who read English.
    """

    number: int
    reason: str


class StatementReceipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a node has stored what it was told.

    Attributes:
        epoch: Of the log.
        held: The last statement that is stored.
        refused: Those that have no effect, of those that came last.
        unread: All that this version does not understand: stored, and read later.
        gap: The batch did not follow what is stored: what lies between is to be sent again.
    """

    epoch: int
    held: LogEnd
    refused: tuple[RefusedStatement, ...] = ()
    unread: tuple[int, ...] = ()
    gap: bool = False


def encode_body(body: StatementBatch | StatementReceipt | LogEnds) -> bytes:
    """Return what stands in an envelope."""
    return msgspec.msgpack.encode(body)


def decode_body(body: bytes, kind: type[T]) -> T:
    """Return what `encode_body` made this from.

    Raises:
        Conflict: If it is none, or out of bounds; it names the field.
    """
    try:
        found: T = msgpack_decoder(kind).decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Conflict(f"no {kind.__name__}: {error}") from None
    fault = _bounds_fault(found)
    if fault:
        raise Conflict(f"no {kind.__name__}: {fault}")
    return found


def _bounds_fault(found: StatementBatch | StatementReceipt | LogEnds) -> str:
    numbers = [found.epoch]
    hashes: list[LogEnd] = []
    if isinstance(found, StatementBatch):
        numbers.append(found.first)
        if not 0 < len(found.statements) <= MOST_STATEMENTS:
            return f"`statements` has {len(found.statements)}, 1 to {MOST_STATEMENTS} may be"
    elif isinstance(found, StatementReceipt):
        hashes = [found.held]
        numbers += [*found.unread, *(each.number for each in found.refused)]
        if max(len(found.unread), len(found.refused)) > MOST_STATEMENTS:
            return f"it names more than {MOST_STATEMENTS} statements"
        if any(len(each.reason) > LONGEST_REASON for each in found.refused):
            return f"a `reason` is longer than {LONGEST_REASON} characters"
    else:
        hashes = [found.sent, found.held]
        if found.at.tzinfo is None:
            return "`at` has no offset"
        if len(found.fork) > 2 * LONGEST_REASON:
            return f"`fork` is longer than {2 * LONGEST_REASON} characters"
    if not all(0 < each <= LARGEST_NUMBER for each in numbers):
        return "a number or `epoch` is out of range"
    for end in hashes:
        if not 0 <= end.number <= LARGEST_NUMBER:
            return "`number` of an end is out of range"
        if len(end.hash) != 64 or any(each not in "0123456789abcdef" for each in end.hash):
            return "`hash` of an end is not 64 hexadecimal digits"
    return ""
