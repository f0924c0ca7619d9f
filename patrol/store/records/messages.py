"""Messages to radios in the store: each is stored before it is sent, with every later state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from sqlalchemy import ColumnElement, Connection, func, or_, select, union_all, update

from patrol.messages.message import Message, MessageStep, ReportedStep
from patrol.store.schema.rows import readable
from patrol.store.schema.tables import from_us, messages, to_us, transmissions
from radio_gateway.messages.marked_place import MarkedPlace
from radio_gateway.orders.order_result import LATER
from radio_gateway.parsing.msgspec_decoders import json_decoder

MOST_STEPS: Final = 24
"""Steps that are kept of one message: the first ones and the last."""

NO_WORD: Final = "no_word"
"""Why a message is given up whose channel said nothing of it; what it says later counts."""

SENDING: Final = "sending"
"""Why of a last step that is on disk only while its channel hands the message to the link."""

UNSENT: Final = "unsent"
"""Why of a step that only takes that back."""

NO_WORD_AFTER: Final = timedelta(seconds=60)

_M = messages.c
_T = transmissions.c
_steps = json_decoder(tuple[MessageStep, ...])
_mark = json_decoder(MarkedPlace)


def add(connection: Connection, message: Message) -> Message:
    """Store a message; return it, or the one that is stored under its id already."""
    known = find(connection, message.id)
    if known is not None:
        return known
    connection.execute(
        messages.insert().values(
            id=message.id,
            unit=message.unit,
            address=message.address,
            channel=message.channel,
            kind=message.kind,
            text=message.text,
            mark=None if message.mark is None else msgspec.json.encode(message.mark),
            operator=message.operator,
            reason=message.reason,
            created_us=to_us(message.created_at),
            expires_us=to_us(message.expires_at),
            state=message.state,
            final=int(message.final),
            history=msgspec.json.encode(message.history),
            agency=message.agency,
            origin=message.origin,
        )
    )
    return message


def find(connection: Connection, id: str) -> Message | None:
    """Return the message with that id; None if there is none."""
    row = connection.execute(select(messages).where(_M.id == id)).first()
    return None if row is None else _message(row)


def newest(
    connection: Connection,
    agency: str,
    limit: int,
    *,
    unit: str | None = None,
    address: str | None = None,
) -> list[Message]:
    """Return the newest messages of an agency, newest first.

    Args:
        connection: To the store.
        agency: Whose.
        limit: Most messages.
        unit: Only those to this unit.
        address: Only those to this radio address.
    """
    conditions: list[ColumnElement[bool]] = [_M.agency == agency]
    if unit is not None:
        conditions.append(_M.unit == unit)
    if address is not None:
        conditions.append(_M.address == address)
    rows = connection.execute(
        select(messages).where(*conditions).order_by(_M.created_us.desc(), _M.id).limit(limit)
    ).all()
    return list(readable(rows, _message))


def given_between(
    connection: Connection, agency: str, start: datetime, end: datetime, limit: int
) -> list[Message]:
    """Return the messages of an agency given from `start` (in) to `end` (out), oldest first."""
    rows = connection.execute(
        select(messages)
        .where(_M.agency == agency, _M.created_us >= to_us(start), _M.created_us < to_us(end))
        .order_by(_M.created_us, _M.id)
        .limit(limit)
    ).all()
    return list(readable(rows, _message))


def to_address(
    connection: Connection, agency: str, channel: str, address: str, *, since: datetime, limit: int
) -> list[Message]:
    """Return the newest messages of an agency over a channel to one address, newest first.

    Args:
        connection: To the store.
        agency: Whose.
        channel: The channel's name.
        address: The radio address.
        since: Given at this time or later, aware UTC.
        limit: Most messages.
    """
    rows = connection.execute(
        select(messages)
        .where(
            _M.agency == agency,
            _M.channel == channel,
            _M.address == address,
            _M.created_us >= to_us(since),
        )
        .order_by(_M.created_us.desc(), _M.id)
        .limit(limit)
    ).all()
    return list(readable(rows, _message))


def marks(connection: Connection, *, since: datetime) -> list[Message]:
    """Return messages since a time that showed a mark to radios or withdrew it, oldest first."""
    rows = connection.execute(
        select(messages)
        .where(_M.kind == "mark", _M.created_us >= to_us(since))
        .order_by(_M.created_us, _M.id)
    ).all()
    return list(readable(rows, _message))


def waiting(connection: Connection, now: datetime) -> list[Message]:
    """Return the messages to hand to their channels at the start, oldest first.

    These are the queued ones, and for channels of other gateways also the sent ones: a gateway
    remembers what it did with a message, and reports the result when it receives it again.
    """
    rows = connection.execute(
        select(messages)
        .where(
            _M.final == 0,
            or_(_M.state == "queued", _M.channel.contains("/")),
            _M.expires_us > to_us(now),
        )
        .order_by(_M.created_us)
    ).all()
    return list(readable(rows, _message))


def steps(connection: Connection, reports: Sequence[ReportedStep]) -> None:
    """Store new states of messages; known ones, and those after a final state, are ignored.

    A gateway's report about a message of another gateway is ignored too.

    Args:
        connection: To the store.
        reports: In the order they were told.
    """
    for id, step, final, by in reports:
        message = find(connection, id)
        if message is None or (by and not message.channel.startswith(f"{by}/")):
            continue
        if step.why == SENDING:
            if not message.final and not _is_sending(message):
                _put(connection, message, replace(step, state=message.state), False)
            continue
        if _is_sending(message):
            message = replace(message, history=message.history[:-1])
            if step.why == UNSENT:
                _keep(connection, message)
        if step.why != UNSENT and _follows(message, step):
            _put(connection, message, step, final)


def give_up(connection: Connection, now: datetime, *, restarted: bool) -> int:
    """End open messages about which no channel will report any more; return how many.

    Args:
        connection: To the store.
        now: The present, aware UTC.
        restarted: The node has just started: what its own channels had sent and not yet heard
            answered is lost. Channels of other gateways (`gateway/channel`) go on.
    """
    count = 0
    for message in readable(
        connection.execute(select(messages).where(_M.final == 0)).all(), _message
    ):
        own = "/" not in message.channel
        if restarted and own and (message.state == "sent" or _is_sending(message)):
            why, detail = "restarted", "the node restarted while it waited for the answer"
            if _is_sending(message):
                why = "broken_off"
                detail = "the node stopped while it was being sent: it may or may not have gone"
                message = replace(message, history=message.history[:-1])
            step = MessageStep(
                state="failed",
                at=now,
                why=why,
                detail=detail,
                attempts=message.history[-1].attempts if message.history else 0,
            )
        elif message.expires_at + (timedelta() if restarted and own else NO_WORD_AFTER) <= now:
            why, detail = NO_WORD, "its channel said nothing of it"
            if restarted and own:
                why, detail = "expired", "never sent: the node was down"
            state = message.state
            if state == "queued":  # one that was passed on may have gone
                state = "expired" if own else "failed"
            step = MessageStep(state=state, at=now, why=why, detail=detail)
        else:
            continue
        _put(connection, message, step, True)
        count += 1
    return count


def count_open(connection: Connection) -> int:
    """Return how many messages are not in a final state."""
    return int(
        connection.execute(
            select(func.count()).select_from(messages).where(_M.final == 0)
        ).scalar_one()
    )


def last_heard_on(
    connection: Connection, addresses: Sequence[str], among: int = 200
) -> list[tuple[str, str, datetime]]:
    """Return which channels heard each address last, and when.

    Args:
        connection: To the store.
        addresses: Radio addresses.
        among: Look at so many of the newest messages of each.

    Returns:
        Last heard first.
    """
    if not addresses:
        return []
    recent = [
        select(_T.address, _T.channel, _T.heard_us)
        .where(_T.address == address)
        .order_by(_T.time_us.desc())
        .limit(among)
        .subquery()
        for address in addresses
    ]
    all_ = union_all(*(select(each) for each in recent)).subquery()
    last = func.max(all_.c.heard_us)
    rows = connection.execute(
        select(all_.c.address, all_.c.channel, last)
        .group_by(all_.c.address, all_.c.channel)
        .order_by(last.desc())
    )
    return [(row[0], row[1], from_us(row[2])) for row in rows]


def _follows(message: Message, step: MessageStep) -> bool:
    last = message.history[-1] if message.history else None
    if last is not None and (last.state, last.why, last.detail, last.attempts) == (
        step.state,
        step.why,
        step.detail,
        step.attempts,
    ):
        return False
    given_up = last is not None and last.why == NO_WORD
    return not message.final or given_up or step.state in LATER.get(message.state, ())


def _is_sending(message: Message) -> bool:
    return bool(message.history) and message.history[-1].why == SENDING


def _put(connection: Connection, message: Message, step: MessageStep, final: bool) -> None:
    history = (*message.history, step)
    if len(history) > MOST_STEPS:
        half = MOST_STEPS // 2
        history = history[:half] + history[-half:]
    _keep(connection, replace(message, state=step.state, final=final, history=history))


def _keep(connection: Connection, message: Message) -> None:
    connection.execute(
        update(messages)
        .where(_M.id == message.id)
        .values(
            state=message.state,
            final=int(message.final),
            history=msgspec.json.encode(message.history),
        )
    )


def _message(row: Any) -> Message:
    return Message(
        id=row.id,
        unit=row.unit,
        address=row.address,
        channel=row.channel,
        kind=row.kind,
        text=row.text,
        mark=None if row.mark is None else _mark.decode(row.mark),
        operator=row.operator,
        reason=row.reason,
        created_at=from_us(row.created_us),
        expires_at=from_us(row.expires_us),
        state=row.state,
        final=bool(row.final),
        history=_steps.decode(row.history),
        agency=row.agency,
        origin=row.origin,
    )
