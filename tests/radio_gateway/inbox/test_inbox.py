"""What waits, what is shed and what never is."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from time import monotonic

import pytest

from radio_gateway.inbox.inbox import MANY, PATIENT, Inbox
from radio_gateway.messages.transmission import Delivery, Kind, Transmission
from tests.fixtures.memory import kept_bytes
from tests.fixtures.patience import until

AT = datetime(2026, 1, 1, tzinfo=UTC)


def said(
    device: str, text: str = "", *, kind: Kind = "position", distress: bool = False
) -> Delivery:
    return Delivery(
        Transmission(
            protocol="ais",
            kind=kind,
            heard_at=AT,
            device=device,
            text=text,
            distress=distress,
            channel="udp",
        )
    )


def names(deliveries: list[Delivery]) -> list[str]:
    return [f"{d.transmission.device}{d.transmission.text}" for d in deliveries]


async def test_everything_that_waits_is_taken_at_once_and_in_order() -> None:
    inbox = Inbox(10)
    inbox.offer([said("a"), said("b")], can_wait=True)
    inbox.offer([said("c")], can_wait=False)
    assert names(await inbox.take()) == ["a", "b", "c"]
    assert len(inbox) == 0


async def test_take_waits_until_something_is_there() -> None:
    inbox = Inbox(10)
    taking = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    inbox.offer([], can_wait=True)
    await asyncio.sleep(0)
    assert not taking.done()
    inbox.offer([said("a")], can_wait=True)
    assert names(await taking) == ["a"]


async def test_take_returns_the_oldest_when_more_waits_than_its_limit() -> None:
    inbox = Inbox(10)
    inbox.offer([said(name) for name in "abcde"], can_wait=False)
    assert names(await inbox.take(2)) == ["a", "b"]
    inbox.offer([said("f")], can_wait=False)
    assert names(await inbox.take(10)) == ["c", "d", "e", "f"]


async def test_the_oldest_position_of_the_same_address_gives_way_first() -> None:
    inbox = Inbox(3)
    inbox.offer([said("x", "1"), said("a", "1"), said("a", "2")], can_wait=False)
    inbox.offer([said("a", "3")], can_wait=False)
    inbox.offer([said("a", "4")], can_wait=False)
    assert names(await inbox.take()) == ["x1", "a3", "a4"]
    assert inbox.shed == {"udp": 2}


async def test_without_one_of_the_same_address_the_oldest_position_gives_way() -> None:
    inbox = Inbox(3)
    text = said("t", kind="text")
    inbox.offer([text, said("a"), said("b")], can_wait=False)
    inbox.offer([said("c")], can_wait=False)
    inbox.offer([said("d")], can_wait=False)
    assert names(await inbox.take()) == ["t", "c", "d"]


async def test_a_position_never_pushes_out_words() -> None:
    inbox = Inbox(2)
    inbox.offer([said("s", kind="text"), said("t", kind="text")], can_wait=False)
    inbox.offer([said("a")], can_wait=False)
    assert names(await inbox.take()) == ["s", "t"]
    assert inbox.shed == {"udp": 1}


async def test_words_push_out_a_position_and_then_older_words() -> None:
    inbox = Inbox(2)
    inbox.offer([said("s", kind="text"), said("a")], can_wait=False)
    inbox.offer([said("t", kind="text")], can_wait=False)
    inbox.offer([said("u", kind="text")], can_wait=False)
    assert names(await inbox.take()) == ["t", "u"]


async def test_distress_always_fits_and_is_never_shed() -> None:
    inbox = Inbox(2)
    inbox.offer([said("a", distress=True), said("b", distress=True)], can_wait=False)
    inbox.offer([said("c", distress=True)], can_wait=False)
    for number in range(50):
        inbox.offer([said("a", str(number))], can_wait=False)
    assert names(await inbox.take()) == ["a", "b", "c"]
    assert inbox.shed == {"udp": 50}


async def test_while_it_is_full_the_first_and_the_newest_call_of_a_sender_wait() -> None:
    inbox = Inbox(2)
    inbox.offer([said("x", kind="text")], can_wait=True)
    for number in range(1000):
        inbox.offer([said(each, str(number), distress=True) for each in ("a", "b")], can_wait=False)
    assert names(await inbox.take()) == ["x", "a0", "b0", "a999", "b999"]
    assert inbox.shed == {"udp": 1996}
    inbox.offer([said("a", str(number), distress=True) for number in (1, 2)], can_wait=False)
    inbox.offer([said("b", distress=True)], can_wait=False)
    assert names(await inbox.take(2)) == ["a1", "a2"]
    inbox.offer([said("a", str(number), distress=True) for number in (3, 4, 5)], can_wait=False)
    assert names(await inbox.take()) == ["b", "a3", "a5"]


async def test_no_first_call_of_a_registered_radio_gives_way_to_made_up_ones() -> None:
    inbox = Inbox(100, registered=lambda address: address.startswith("ais:boat"))
    for number in range(5000):
        inbox.offer([said(f"made-up-{number}", distress=True)], can_wait=False)
    inbox.offer([said("boat-3", distress=True)], can_wait=False)
    inbox.offer([said("radio", distress=True)], can_wait=True)
    assert len(inbox) == 102
    taken = names(await inbox.take())
    assert taken[-2:] == ["boat-3", "radio"]
    assert inbox.shed == {"udp": 4900}


async def test_what_came_from_a_source_that_waits_is_never_shed() -> None:
    inbox = Inbox(2)
    inbox.offer([said("a", "1"), said("b"), said("c")], can_wait=True)
    inbox.offer([said("a", "2"), said("d"), said("a", "3"), said("b")], can_wait=False)
    assert names(await inbox.take()) == ["a1", "b", "c", "a3", "b"]
    assert inbox.shed == {"udp": 2}


async def test_a_flood_of_who_can_wait_takes_no_room_from_who_cannot() -> None:
    inbox = Inbox(100)
    for _ in range(5):  # of five links
        inbox.offer([said("tcp", str(number)) for number in range(100)], can_wait=True)
    inbox.offer([said("a", str(number)) for number in range(100)], can_wait=False)
    assert inbox.shed == {}
    await inbox.take(450)
    inbox.offer([said("b")], can_wait=False)
    assert inbox.shed == {"udp": 1}
    assert len(await inbox.take()) == 150


async def test_shedding_goes_on_rightly_after_a_partial_take() -> None:
    inbox = Inbox(4)
    inbox.offer([said("a", "1"), said("a", "2"), said("b", "1"), said("b", "2")], can_wait=False)
    inbox.offer([said("a", "3")], can_wait=False)
    assert names(await inbox.take(1)) == ["a2"]
    inbox.offer([said("c", "1"), said("b", "3")], can_wait=False)
    assert names(await inbox.take()) == ["b2", "a3", "c1", "b3"]


async def test_memory_stays_bounded_when_nobody_takes() -> None:
    inbox = Inbox(100)
    kept: list[int] = []
    for number in range(20_000):
        inbox.offer([said(f"boat-{number % 150}", str(number))], can_wait=False)
        if number % 100 == 0:
            kept.append(kept_bytes(inbox))
    assert len(inbox) == 100
    assert max(kept[100:]) < 1.1 * max(kept[:100])
    assert inbox.shed == {"udp": 19_900}


async def test_who_waits_for_room_goes_on_after_a_take() -> None:
    inbox = Inbox(2)
    await inbox.room()
    inbox.offer([said("a"), said("b")], can_wait=True)
    waiting = asyncio.create_task(inbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await inbox.take()
    # another source fills it at once: who waits must still get its turn
    inbox.offer([said("c"), said("d")], can_wait=False)
    async with asyncio.timeout(1):
        await waiting


async def test_who_waits_until_it_is_taken_goes_on_after_the_next_take() -> None:
    inbox = Inbox(9)
    inbox.offer([said("a"), said("b"), said("c")], can_wait=True)
    assert names(await inbox.take(1)) == ["a"]
    waiting = [asyncio.create_task(inbox.wait_until_taken()) for _ in range(2)]
    await asyncio.sleep(0)
    inbox.offer([said("d")], can_wait=True)
    await asyncio.sleep(0)
    assert not any(each.done() for each in waiting)
    assert names(await inbox.take(2)) == ["b", "c"]
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)


def test_an_inbox_that_holds_nothing_is_refused() -> None:
    with pytest.raises(ValueError):
        Inbox(0)


async def test_an_inbox_that_rests_takes_what_comes_and_tells_who_can_wait_when_it_has() -> None:
    inbox = Inbox(10)
    async with asyncio.timeout(0.02):
        await inbox.wait_for_turn()
    inbox.rest(0.05)
    began = monotonic()
    inbox.offer([said("a")], can_wait=True)
    assert names(await inbox.take()) == ["a"]
    async with asyncio.timeout(5):
        await inbox.wait_for_turn()
    assert monotonic() - began > 0.045
    inbox.rest(60.0)
    inbox.rest(0.0)
    async with asyncio.timeout(0.02):
        await inbox.wait_for_turn()


async def test_an_inbox_with_many_does_not_rest_and_much_that_is_unread_ends_a_rest() -> None:
    inbox = Inbox()
    inbox.rest(60.0)
    inbox.offer([said(str(number)) for number in range(MANY - 1)], can_wait=True)
    waiting = asyncio.create_task(inbox.wait_for_turn())
    await asyncio.sleep(0)
    assert not waiting.done()
    inbox.offer([said("one more")], can_wait=True)
    async with asyncio.timeout(5):
        await waiting
        inbox.rest(60.0)
        await inbox.wait_for_turn()
        await inbox.take()
        inbox.rest(60.0)
        asyncio.get_running_loop().call_soon(inbox.hurry)
        await inbox.wait_for_turn()


async def test_who_waited_for_an_inbox_goes_on_though_the_next_rest_begins_at_once() -> None:
    inbox = Inbox(10)
    inbox.gather(60.0)
    waited = asyncio.create_task(inbox.wait_for_turn())
    await asyncio.sleep(0)
    assert not waited.done()
    inbox.rest(0.0)
    inbox.gather(60.0)
    late = asyncio.create_task(inbox.wait_for_turn())
    async with asyncio.timeout(1):
        await waited
    assert not late.done()
    late.cancel()


@pytest.mark.parametrize("rest_s", [0.0, 0.01])
async def test_who_goes_on_after_a_rest_does_so_once_and_then_gathers_again(rest_s: float) -> None:
    inbox, passed = Inbox(10), 0

    async def reading() -> None:
        nonlocal passed
        while True:
            await inbox.wait_for_turn()
            passed += 1
            await asyncio.sleep(0)

    inbox.gather(60.0)
    task = asyncio.create_task(reading())
    await asyncio.sleep(0)
    inbox.rest(rest_s, then_s=60.0)
    await asyncio.sleep(rest_s + 0.05)
    assert passed == 1
    inbox.hurry()
    await until(lambda: passed > 1)
    task.cancel()


async def test_who_need_not_wait_lets_others_go_on_first() -> None:
    inbox, others = Inbox(10), asyncio.Event()
    asyncio.get_running_loop().call_soon(others.set)
    await inbox.wait_for_turn()
    assert others.is_set()


async def test_what_was_taken_counts_as_unstored_until_the_next_take_or_rest() -> None:
    inbox = Inbox(10)
    assert inbox.unstored == 0
    inbox.offer([said("a"), said("b"), said("c")], can_wait=True)
    assert inbox.unstored == 3
    await inbox.take(2)  # and is being committed
    assert len(inbox) == 1
    assert inbox.unstored == 3
    assert inbox.unstored_by_channel() == {"udp": 3}
    inbox.rest(0.0)  # what was taken is on disk
    assert inbox.unstored == 1
    await inbox.take()
    assert inbox.unstored == 1
    waiting = asyncio.create_task(inbox.take())
    await asyncio.sleep(0)
    assert inbox.unstored == 0
    inbox.offer([said("d")], can_wait=True)
    await waiting
    assert inbox.unstored == 1


async def test_who_can_wait_and_reads_more_than_a_batch_at_a_time_fills_it_to_a_bound() -> None:
    inbox = Inbox(100)

    async def read() -> None:
        while True:
            inbox.offer([said("a") for _ in range(50)], can_wait=True)
            await inbox.room() if inbox.is_full else await asyncio.sleep(0)

    reading = [asyncio.create_task(read()) for _ in range(2)]
    waiting = []
    for _ in range(100):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        waiting.append(len(inbox))
        await inbox.take(20)
    for each in reading:
        each.cancel()
    assert max(waiting) < 100 + 20 + 2 * 50
    assert min(waiting[10:]) >= 100, "they are let in again as soon as there is room"


async def test_who_can_wait_does_from_a_batch_on_and_not_for_those_who_cannot() -> None:
    inbox = Inbox()
    inbox.offer([said(str(number)) for number in range(30_000)], can_wait=False)
    inbox.offer([said("call", distress=True)], can_wait=False)
    async with asyncio.timeout(1):
        await inbox.room()
    inbox.offer([said(str(number)) for number in range(PATIENT - 1)], can_wait=True)
    assert not inbox.is_full
    inbox.offer([said("one more")], can_wait=True)
    assert inbox.is_full
    waiting = asyncio.create_task(inbox.room())
    assert len(await inbox.take(20_001)) == 20_001
    inbox.offer([said("another")], can_wait=False)
    await asyncio.sleep(0)
    assert not waiting.done(), "all of theirs waits still"
    assert len(await inbox.take(1)) == 1
    async with asyncio.timeout(1):
        await waiting
    assert len(inbox) == PATIENT
