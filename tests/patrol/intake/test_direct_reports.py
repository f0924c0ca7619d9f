"""Those who report while another turn lasts share the next one; nobody has another's fault."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from patrol.errors.errors import StoreError
from patrol.filing.writer_lock import WriterLock, WriterTurn
from patrol.intake.direct_reports import DirectReports
from radio_gateway.messages.transmission import Delivery
from tests.fixtures.databases import sqlite_only
from tests.fixtures.patience import loop_turns
from tests.patrol.nodes.running import Node, said


class Takes:
    """What takes reports, for a test to hold up or break."""

    def __init__(self) -> None:
        self.batches: list[tuple[str | None, list[str]]] = []
        self.bad: dict[str, Exception] = {}
        self.began = asyncio.Event()

    async def __call__(
        self, _turn: WriterTurn, deliveries: Sequence[Delivery], of: str | None
    ) -> None:
        names = [each.transmission.device or "" for each in deliveries]
        self.began.set()
        await asyncio.sleep(0)
        for name in names:
            if name in self.bad:
                raise self.bad[name]
        self.batches.append((of, names))


def heard(*names: str) -> list[Delivery]:
    return [Delivery(said(name, 1)) for name in names]


async def handed_in(reporting: DirectReports, *names: str) -> list[asyncio.Task[None]]:
    """Have phones of one agency report, which wait for a turn."""
    waiting = [asyncio.create_task(reporting.report(heard(name), of="la")) for name in names]
    await loop_turns()
    return waiting


async def test_who_waits_for_a_turn_is_taken_with_all_others_of_the_agency() -> None:
    turn, takes = WriterLock(), Takes()
    reporting = DirectReports(turn, takes, longest=100)
    async with turn:
        waiting = [
            asyncio.create_task(reporting.report(heard(name), of=of))
            for name, of in [("a", "la"), ("b", "th"), ("c", "la"), ("d", None), ("e", "th")]
        ]
        await loop_turns()
        assert takes.batches == []
    await asyncio.gather(*waiting)
    assert takes.batches == [("la", ["a", "c"]), ("th", ["b", "e"]), (None, ["d"])]


async def test_who_comes_while_a_turn_lasts_waits_for_the_next() -> None:
    turn, takes = WriterLock(), Takes()
    reporting = DirectReports(turn, takes, longest=100)
    first = asyncio.create_task(reporting.report(heard("a"), of="la"))
    await takes.began.wait()
    assert takes.batches == []
    await reporting.report(heard("b"), of="la")
    await first
    assert takes.batches == [("la", ["a"]), ("la", ["b"])]


async def test_a_batch_is_no_longer_than_one_may_be() -> None:
    turn, takes = WriterLock(), Takes()
    reporting = DirectReports(turn, takes, longest=3)
    async with turn:
        waiting = [
            asyncio.create_task(reporting.report(heard(*names), of="la"))
            for names in ("ab", "c", "d", "efgh", "i")
        ]
        await loop_turns()
    await asyncio.gather(*waiting)
    assert [names for _, names in takes.batches] == [["a", "b", "c"], ["d"], [*"efgh"], ["i"]]


async def test_a_rejected_message_is_answered_to_its_sender_and_keeps_out_no_other() -> None:
    turn, takes = WriterLock(), Takes()
    takes.bad["b"] = ZeroDivisionError("b")
    reporting = DirectReports(turn, takes, longest=100)
    async with turn:
        waiting = await handed_in(reporting, "a", "b", "c")
    a, b, c = await asyncio.gather(*waiting, return_exceptions=True)
    assert (a, type(b), c) == (None, ZeroDivisionError, None)
    assert takes.batches == [("la", ["a"]), ("la", ["c"])]


async def test_what_is_taken_one_by_one_keeps_no_turn_from_others() -> None:
    turn, takes = WriterLock(), Takes()
    takes.bad["b"] = ZeroDivisionError("b")
    reporting = DirectReports(turn, takes, longest=100)
    async with turn:
        waiting = await handed_in(reporting, "a", "b", "c")
        other = asyncio.create_task(reporting.report(heard("x"), of="th"))
        await loop_turns()
    await asyncio.gather(other, *waiting, return_exceptions=True)
    assert [names for _, names in takes.batches] == [["x"], ["a"], ["c"]]


async def test_a_report_taken_anew_for_who_went_away_is_taken_all_the_same() -> None:
    turn, takes = WriterLock(), Takes()
    takes.bad["b"] = ZeroDivisionError("b")
    reporting = DirectReports(turn, takes, longest=100)
    async with turn:
        waiting = await handed_in(reporting, "a", "b")
        waiting[0].cancel()
    with pytest.raises(ZeroDivisionError):
        await waiting[1]
    assert takes.batches == [("la", ["a"])]


async def test_a_commit_that_fails_is_reported_to_all_and_the_next_are_taken() -> None:
    turn, takes = WriterLock(), Takes()
    takes.bad["a"] = StoreError("disk full")
    reporting = DirectReports(turn, takes, longest=100)
    async with turn:
        waiting = await handed_in(reporting, "a", "b")
    assert all(
        isinstance(each, StoreError)
        for each in await asyncio.gather(*waiting, return_exceptions=True)
    )
    await reporting.report(heard("c"), of="la")
    assert takes.batches == [("la", ["c"])]


async def test_callers_get_an_error_at_once_while_the_store_fails() -> None:
    turn, takes = WriterLock(), Takes()
    reporting = DirectReports(turn, takes, longest=100)
    async with turn:
        waiting = asyncio.create_task(reporting.report(heard("a"), of="la"))
        await loop_turns()
        turn.refuse("disk full")
        with pytest.raises(StoreError, match="disk full"):
            await waiting
        with pytest.raises(StoreError, match="disk full"):
            await reporting.report(heard("b"), of="la")
        await loop_turns()
        turn.refuse(None)
    await reporting.report(heard("c"), of="la")
    assert takes.batches == [("la", ["c"])]


async def test_who_goes_away_takes_nobody_along() -> None:
    turn, takes = WriterLock(), Takes()
    reporting = DirectReports(turn, takes, longest=100)
    async with turn:
        waiting = await handed_in(reporting, "a", "b")
        waiting[0].cancel()
    await waiting[1]
    assert takes.batches == [("la", ["a", "b"])], "what was handed in is taken all the same"


@sqlite_only
async def test_many_phones_at_once_are_few_commits(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = 0
    commit = node.store.commit

    async def counted(*args: Any) -> None:
        nonlocal commits
        commits += 1
        await commit(*args)

    monkeypatch.setattr(node.store, "commit", counted)
    phones = [node.watch.receive([said(f"phone-{n}", n)], of="la-hx") for n in range(100)]
    await asyncio.gather(*phones)
    assert len(node.rows("SELECT * FROM transmissions")) == 100
    assert commits <= 2
