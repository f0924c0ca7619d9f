from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from radio_gateway.links.receive_buffer import MUCH_BYTES, Mailbox
from radio_gateway.links.transport import Chunk

AT = datetime(2026, 1, 1, tzinfo=UTC)


def chunk(size: int) -> Chunk:
    return Chunk(bytes(size), AT)


def test_the_backlog_callback_is_called_once_when_much_waits() -> None:
    told: list[int] = []
    mailbox = Mailbox()
    mailbox.on_much = lambda: told.append(len(mailbox.drain()) if len(told) == 1 else 0)
    mailbox.put(chunk(MUCH_BYTES // 2))
    mailbox.put(chunk(MUCH_BYTES // 2 - 1))
    assert told == []
    mailbox.put(chunk(1))
    mailbox.put(chunk(MUCH_BYTES))
    assert told == [0], "it waits still"
    assert len(mailbox.drain()) == 4
    mailbox.put(chunk(MUCH_BYTES))
    assert told == [0, 1], "much more"


def test_what_is_empty_fills_it_too() -> None:
    mailbox = Mailbox(full_bytes=1000)
    assert not any(mailbox.put(chunk(0)) is False for _ in range(500))
    assert [mailbox.put(chunk(0)) for _ in range(500)][-1] is False
    assert mailbox.is_full


async def test_who_was_asked_to_rest_hands_in_what_came_before_it_is_taken() -> None:
    mailbox = Mailbox()
    mailbox.put(chunk(1))

    def rested() -> None:
        mailbox.put(chunk(2))

    mailbox.call_before_take(rested)
    assert [len(each.data) for each in await mailbox.take()] == [1, 2]
    mailbox.put(chunk(3))
    assert [len(each.data) for each in await mailbox.take()] == [3], "it is asked once"


async def test_what_is_left_of_many_waits_in_order_and_is_worth_taking_at_once() -> None:
    texts: list[str] = []
    mailbox = Mailbox(full_bytes=6)
    mailbox.on_much = lambda: texts.append("much")
    for size in (1, 2, 3):
        mailbox.put(chunk(size))
    assert mailbox.is_full
    mailbox.call_when_empty(lambda: texts.append("empty"))
    assert [len(each.data) for each in await mailbox.take(2)] == [1, 2]
    assert texts == ["much"]
    assert not mailbox.is_full
    mailbox.put(chunk(4))
    assert mailbox.is_full, "what was left counts"
    assert [len(each.data) for each in await mailbox.take(2)] == [3, 4]
    assert texts == ["much", "empty"]


async def test_it_is_awaited_only_while_somebody_waits_in_take() -> None:
    mailbox = Mailbox()
    assert not mailbox.taker_waits
    taking = asyncio.ensure_future(mailbox.take())
    await asyncio.sleep(0)
    assert mailbox.taker_waits
    mailbox.put(chunk(1))
    await taking
    assert not mailbox.taker_waits
    taking = asyncio.ensure_future(mailbox.take())
    await asyncio.sleep(0)
    taking.cancel()
    await asyncio.wait([taking])
    assert not mailbox.taker_waits
