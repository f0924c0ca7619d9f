"""Log health: what waits between a node and a counterpart, and what only people can put right."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

import msgspec


class CounterpartFault(NamedTuple):
    """Something between this node and a counterpart that no rule can mend.

    Attributes:
        node: The counterpart.
        kind: `fork`: the logs contradict each other. `head`: a journal did not only grow.
        at: When it was found, aware UTC.
        fault: What was found, for people who read English.
    """

    node: str
    kind: Literal["fork", "head"]
    at: datetime
    fault: str


class StatementRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that has no effect.

    Attributes:
        number: Its place in its log.
        kind: What it is about; empty where it could not be read.
        about: Id of what it is about; empty of one that came.
        at: When it was made, or came; aware UTC.
        reason: Why it was refused, for people who read English.
    """

    number: int
    kind: str
    about: str
    at: datetime
    reason: str


class LogHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How both logs with a counterpart stand.

    Attributes:
        node: The counterpart.
        epoch: Of both logs.
        their_epoch: As the counterpart last said; 0: it never did.
        fork: How the logs contradict each other; empty while they do not.
        forked_at: When that was found, aware UTC.
        sent: Number of the last statement for the counterpart.
        waiting: How many of them it has not receipted.
        waiting_since: When the first of these was made, aware UTC.
        receipted: Number up to which it has receipted.
        receipted_at: When its last receipt was filed, aware UTC.
        held: Number up to which the counterpart's statements are stored here.
        held_at: When the last of them was stored, aware UTC.
        announced: Number of its last statement, as it last said.
        said_at: When it did, aware UTC.
        refused_there: The last statements that the counterpart refused, newest first.
        refused_here: The last ones that were refused here, newest first.
        unread_there: How many it stored and does not understand.
        unread_here: How many are stored here and wait for a version that does.
        head_number: Number of the journal's last head that the counterpart has signed; 0: none.
        head_at: When its signature came, aware UTC.
    """

    node: str
    epoch: int
    their_epoch: int
    fork: str
    forked_at: datetime | None
    sent: int
    waiting: int
    waiting_since: datetime | None
    receipted: int
    receipted_at: datetime | None
    held: int
    held_at: datetime | None
    announced: int
    said_at: datetime | None
    refused_there: tuple[StatementRefusal, ...]
    refused_here: tuple[StatementRefusal, ...]
    unread_there: int
    unread_here: int
    head_number: int
    head_at: datetime | None
