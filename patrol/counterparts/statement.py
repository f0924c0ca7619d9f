"""Statement: one thing that a node tells a counterpart, in a log without gaps.

Each statement names the hash of the one before it, and its own hash is over the bytes as they are
sent, so that a later version may add fields. Both sides keep the same bytes: two logs that have the
same hash at the same number are the same up to there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

import msgspec

from patrol.documents.transaction import StatementDraft
from patrol.errors.errors import Conflict
from radio_gateway.parsing.msgspec_decoders import json_decoder

FIRST_HASH: Final = "00" * 32
"""What stands before the first statement."""

LONGEST_STATEMENT: Final = 64 * 1024
"""Bytes of one statement."""

SENT: Final = "state to counterpart"
"""The act by which a statement for a counterpart stands in the journal."""

RECEIVED: Final[Mapping[str, str]] = {
    "applied": "receive statement",
    "refused": "refuse statement",
    "not_understood": "receive statement not understood",
}
"""The acts by which those of a counterpart do, by what became of them."""

_PURPOSE: Final = b"joint-patrol statement 1\n"
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement.

    Attributes:
        from_node: Who tells it.
        to_node: Who is told.
        epoch: Of the log: people begin a new one after a fork.
        number: 1, 2, … without gaps in the log of an epoch.
        previous_hash: Hash of the statement before it; `FIRST_HASH` for the first.
        made_at: When what it tells of was filed, aware UTC.
        kind: What it is about, for example `card`.
        id: Of what it is about.
        version: Of that.
        body: What is said, JSON.
        purpose: Whether it is meant, or part of an exercise.
        agreement_hash: Of the agreement that lets it cross; empty for what needs none.
        data_class: Under which of its classes.
        handling: What the receiver may do with it; empty: what the agreement says.
    """

    from_node: str
    to_node: str
    epoch: int
    number: int
    previous_hash: str
    made_at: datetime
    kind: str
    id: str
    version: int
    body: msgspec.Raw
    purpose: Literal["real", "exercise"] = "real"
    agreement_hash: str = ""
    data_class: str = ""
    handling: str = ""


class LogEnd(msgspec.Struct, frozen=True):
    """Where a log ends, or how far somebody holds it.

    Attributes:
        number: Of the last statement; 0 of an empty log.
        hash: Its hash, 64 hexadecimal digits.
    """

    number: int = 0
    hash: str = FIRST_HASH


class LogEnds(msgspec.Struct, frozen=True, kw_only=True):
    """What a node says of both logs with a counterpart, at one moment.

    Attributes:
        at: When it says so, by its clock, aware UTC.
        epoch: Of both.
        sent: Where its own log for the counterpart ends.
        held: How far it holds the counterpart's.
        fork: How it found that they contradict each other; empty while they do not.
        heard: It heard ours in this session; else it waits for them.
    """

    at: datetime
    epoch: int = 1
    sent: LogEnd = LogEnd()
    held: LogEnd = LogEnd()
    fork: str = ""
    heard: bool = False


def statement_bytes(
    draft: StatementDraft, *, from_node: str, epoch: int, after: LogEnd, at: datetime
) -> bytes:
    """Return a draft as the next statement of a log, as it is stored and sent.

    Args:
        draft: What is said.
        from_node: This node.
        epoch: Of the log.
        after: Where the log ends.
        at: When what it tells of is filed, aware UTC.

    Raises:
        Conflict: If it is longer than `LONGEST_STATEMENT`.
    """
    raw = _encode(
        Statement(
            from_node=from_node,
            to_node=draft.to_node,
            epoch=epoch,
            number=after.number + 1,
            previous_hash=after.hash,
            made_at=at,
            kind=draft.kind,
            id=draft.id,
            version=draft.version,
            body=msgspec.Raw(_encode(draft.body)),
            purpose=draft.purpose,
            agreement_hash=draft.agreement_hash,
            data_class=draft.data_class,
            handling=draft.handling,
        )
    )
    if len(raw) > LONGEST_STATEMENT:
        raise Conflict(
            f"a statement about {draft.kind} {draft.id} has {len(raw)} bytes: "
            f"{LONGEST_STATEMENT} is the most"
        )
    return raw


def statement_id(node: str, epoch: int, number: int) -> str:
    """Return the id of a statement in the log for or of a counterpart."""
    return f"{node}/{epoch}/{number}"


def hash_of(raw: bytes) -> str:
    """Return the hash of a statement as it was sent, 64 hexadecimal digits."""
    return hashlib.sha256(_PURPOSE + raw).hexdigest()


def read_statement(raw: bytes) -> Statement:
    """Return the statement in bytes that were sent; fields that this version lacks are left out.

    Raises:
        msgspec.MsgspecError: If it is none; it names the field.
        UnicodeDecodeError: If it is no text.
    """
    return json_decoder(Statement).decode(raw)
