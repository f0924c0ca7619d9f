"""Catch-up: what two nodes that meet have to send again, and whether their logs still agree.

Both sides say where their log for the other ends and how far they hold the other's (`LogEnds`).
What the other lacks is sent again. If one holds what the other never wrote, or another hash at the
same number, a back-up was restored or somebody tells two stories: a *fork*. No rule can mend that;
people decide, and both logs begin a new epoch. Who finds a fork says so in its next `LogEnds`, so
both sides know of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from patrol.counterparts.statement import LogEnd, LogEnds, Statement, hash_of

HashAt: TypeAlias = Callable[[int], str | None]
"""Returns the hash of a statement by its number, `FIRST_HASH` for 0; None where there is none."""


class CatchUp(NamedTuple):
    """What came of a comparison.

    Attributes:
        fork: How the logs contradict each other; empty while they do not.
        other_epoch: The other node speaks of another epoch: nothing is sent until its people, or
            ours, begin the same.
        send_after: Number after which the own log is to be sent.
    """

    fork: str = ""
    other_epoch: bool = False
    send_after: int = 0


def compare(
    ours: LogEnds,
    theirs: LogEnds,
    *,
    held_made_at: datetime | None,
    sent_hash: HashAt,
    slack: timedelta = timedelta(),
) -> CatchUp:
    """Compare both ends of both logs.

    Args:
        ours: What this node has now.
        theirs: What the other node said that it had.
        held_made_at: When the last statement that we hold was made, by the other's clock: what it
            said before then may be older than that statement. None: we hold none.
        sent_hash: Of statements of ours.
        slack: So much later than `held_made_at` it must have spoken for a shorter log to count:
            what comes in another order than it was said needs some.
    """
    if ours.epoch != theirs.epoch:
        return CatchUp(other_epoch=True)
    if theirs.fork:
        return CatchUp(fork=f"the other node found: {theirs.fork}")
    fault = held_fault(theirs.held, ours.sent, sent_hash)
    if fault:
        return CatchUp(fork=fault)
    if theirs.sent.number == ours.held.number and theirs.sent.hash != ours.held.hash:
        return CatchUp(fork=f"their statement {ours.held.number} is not the one that is held here")
    is_newer = held_made_at is None or theirs.at - held_made_at > slack
    if theirs.sent.number < ours.held.number and is_newer:
        return CatchUp(
            fork=f"their log ends at {theirs.sent.number}, and {ours.held.number} is held here"
        )
    return CatchUp(send_after=theirs.held.number)


def held_fault(theirs: LogEnd, sent: LogEnd, sent_hash: HashAt) -> str:
    """Return how what the other node holds of our log contradicts it; empty if it does not.

    Args:
        theirs: How far it holds our log.
        sent: Where that ends.
        sent_hash: Of statements of ours.
    """
    if theirs.number > sent.number:
        return f"they hold statement {theirs.number}, and the log here ends at {sent.number}"
    if sent_hash(theirs.number) != theirs.hash:
        return f"they hold another statement {theirs.number} than was made here"
    return ""


def follow_fault(statement: Statement, held: LogEnd) -> str:
    """Return how the statement after the last one that is held contradicts that; empty: it follows.

    Args:
        statement: The next one, by its number.
        held: The last one that is held.
    """
    if statement.previous_hash == held.hash:
        return ""
    return f"statement {statement.number} follows another statement {held.number} than is held here"


def repeat_fault(number: int, raw: bytes, stored_hash: str | None) -> str:
    """Return how a statement contradicts the one that is held at its number; empty: it is that."""
    if hash_of(raw) == stored_hash:
        return ""
    return f"statement {number} was another when it came first"
