"""Batch: messages received together on their way through the intake, with each step's results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from patrol.filing.writer_lock import WriterTurn
from patrol.reception.record import Record
from patrol.reception.rejected import ReportRefusal
from patrol.store.schema.rows import Row
from patrol.units.wire import Fix
from radio_gateway.messages.transmission import Delivery

Act = Callable[[Connection], None]


class Batch(msgspec.Struct, eq=False):
    """What is stored in one transaction, answered after that and shown at last.

    Attributes:
        turn: The writer's, in which the batch is taken.
        deliveries: What was heard; all of it is answered, whatever becomes of it.
        now: When it was taken up, aware UTC.
        next_in_s: In how many seconds the next batch is taken, or what alarms left looked at; None:
            not known.
        judged: Messages that are news, each judged by itself, in the order of arrival.
        new: Of these, what no other message says; each stands for itself.
        further_receptions: Receptions of known messages, under the global id of the message.
        earlier: The same, heard before the one that is stored: they shall stand for the message.
        records: New messages that are in the picture.
        rows: The same, in the order of `TRANSMISSION_COLUMNS`.
        fixes: Positions that joined a track, by the global id of their message.
        further_rows: Rows of `further_receptions`, in the order of `ALSO_HEARD_COLUMNS`.
        firsts: What puts `earlier` into the store.
        calls: Calls for help of messages that cannot be taken: latched and told, nothing else.
        acts: What else belongs into the transaction.
        refused: Messages that cannot be taken, and why: set aside, and answered all the same.
        denied: Messages that were not their sender's to say: set aside; none of them rings.
        unstorable: Messages that the store can never take.
        orphans: Further receptions of what is lost: one of them may stand for the message.
        stale: Units and radios to rebuild from the store.
    """

    turn: WriterTurn
    deliveries: Sequence[Delivery]
    now: datetime
    next_in_s: float | None = None
    judged: list[Record] = []
    new: list[Record] = []
    further_receptions: list[Record] = []
    earlier: list[Record] = []
    records: list[Record] = []
    rows: list[Row] = []
    fixes: dict[bytes, Fix] = {}
    further_rows: list[Row] = []
    firsts: list[Act] = []
    calls: list[Record] = []
    acts: list[Act] = []
    refused: list[ReportRefusal] = []
    denied: list[ReportRefusal] = []
    unstorable: list[Record] = []
    orphans: list[Record] = []
    stale: set[str] = set()
