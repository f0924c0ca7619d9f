from __future__ import annotations

from datetime import UTC, datetime

from radio_gateway.chunk import Chunk
from radio_gateway.transports.mailbox import MUCH_BYTES, Mailbox

AT = datetime(2026, 1, 1, tzinfo=UTC)


def chunk(size: int) -> Chunk:
    return Chunk(bytes(size), AT)


def test_who_wants_to_know_is_told_once_when_much_has_come_to_wait() -> None:
    told: list[int] = []
    mailbox = Mailbox()
    mailbox.on_much = lambda: told.append(len(mailbox.drain()) if len(told) == 1 else 0)
    mailbox.put_all([chunk(MUCH_BYTES // 2), chunk(MUCH_BYTES // 2 - 1)])
    assert told == []
    mailbox.put(chunk(1))
    mailbox.put(chunk(MUCH_BYTES))
    assert told == [0], "it waits still"
    assert len(mailbox.drain()) == 4
    mailbox.put(chunk(MUCH_BYTES))
    assert told == [0, 1], "much more"
