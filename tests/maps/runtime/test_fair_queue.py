"""Whoever asks for much waits behind whoever asks for little."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from gis.files.export_content import ExportContent
from gis.files.formats import Format
from gis.files.preview import Preview
from gis.river.rivers import load_rivers
from maps.errors.errors import TooBusy
from maps.files import exports, import_preview
from maps.runtime.fair_queue import FairQueue
from maps.surveys.histories import Histories
from patrol.desks.visibility.history import HistoryDesk
from patrol.units.accounts import User
from tests.fixtures.patience import until
from tests.maps.api.map.test_tiles import END, START
from tests.maps.servers.running import Running, wait_until


async def test_every_user_in_turn() -> None:
    turns, done = FairQueue(), list[str]()

    async def work(user: str) -> None:
        async with turns.turn(user):
            await asyncio.sleep(0)
            done.append(user)

    await asyncio.gather(*[work("a") for _ in range(5)], work("b"), work("c"), work("b"))
    assert done == ["a", "a", "b", "c", "a", "b", "a", "a"]


async def test_no_more_at_once_whoever_goes_away() -> None:
    turns, now, most = FairQueue(2), 0, 0

    async def work(user: str) -> None:
        nonlocal now, most
        async with turns.turn(user):
            now += 1
            most = max(most, now)
            try:
                await asyncio.sleep(0.001)
            finally:
                now -= 1

    tasks = [asyncio.create_task(work("abc"[number % 3])) for number in range(60)]
    for step in range(20):
        await asyncio.sleep(0)
        tasks[step * 3 % 60].cancel()
        await asyncio.sleep(0.001)
        tasks[(step * 7 + 1) % 60].cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*tasks, return_exceptions=True)
        async with turns.turn("d"), turns.turn("d"):
            assert most == 2


async def test_who_goes_away_in_the_moment_of_the_turn_before_is_just_gone() -> None:
    turns, over = FairQueue(), asyncio.Event()

    async def first() -> None:
        async with turns.turn("a"):
            await over.wait()

    async def second() -> None:
        async with turns.turn("b"):
            pytest.fail("it went away")

    working = asyncio.create_task(first())
    await asyncio.sleep(0)
    waiting = asyncio.create_task(second())
    await asyncio.sleep(0)
    over.set()
    waiting.cancel()  # heard of after the first has ended and passed it over
    await asyncio.gather(working, waiting, return_exceptions=True)
    assert waiting.cancelled()
    async with turns.turn("c"):
        pass


async def test_one_user_s_exports_do_not_hold_up_another_s(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, gate = list[str](), asyncio.Event()

    async def written(_: ExportContent, kind: Format) -> bytes:
        await gate.wait()
        made.append(kind.ending)
        return b"x"

    monkeypatch.setattr(exports, "write_file", written)
    turn, came = FairQueue.turn, list[str]()

    def noted(turns: FairQueue, user: str) -> AbstractAsyncContextManager[None]:
        came.append(user)
        return turn(turns, user)

    monkeypatch.setattr(FairQueue, "turn", noted)
    async with server.signed_in() as client, server.signed_in("planner") as other:
        many = [asyncio.create_task(client.get("/api/exports/units")) for _ in range(30)]
        async for _ in wait_until("a long line"):
            if len(came) == len(many):
                break
        late = asyncio.create_task(other.get("/api/exports/units?format=kml"))
        async for _ in wait_until("the other to stand behind it"):
            if len(came) > len(many):
                break
        gate.set()
        assert (await late).status_code == 200
        assert made.index(".kml") < 6
        assert {(await each).status_code for each in many} == {200}


async def test_one_user_s_files_keep_nobody_else_out(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()

    async def preview(*_: Any) -> Preview:
        await gate.wait()
        return Preview(layers=[])

    monkeypatch.setattr(import_preview, "read_preview", preview)
    look: Callable[..., Any] = import_preview.look_into
    many = [asyncio.create_task(look("a.gpx", b"x", user="a")) for _ in range(8)]
    other = asyncio.create_task(look("b.gpx", b"x", user="b"))
    await asyncio.sleep(0)
    gate.set()
    found = await asyncio.gather(*many, return_exceptions=True)
    assert [isinstance(each, TooBusy) for each in found] == [False, False, *[True] * 6]
    assert (await other).layers == []


async def test_one_user_s_tiles_and_surveys_do_not_hold_up_another_s(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, at_once, most = list[str](), 0, 0
    paths, fixes = HistoryDesk.paths, HistoryDesk.fixes

    async def slow(then: Callable[..., Any], desk: HistoryDesk, *args: Any, **query: Any) -> Any:
        nonlocal at_once, most
        read.append(desk.user.name)
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return await then(desk, *args, **query)

    monkeypatch.setattr(HistoryDesk, "paths", lambda *args, **query: slow(paths, *args, **query))
    monkeypatch.setattr(HistoryDesk, "fixes", lambda *args, **query: slow(fixes, *args, **query))
    one = server.office.desk_of(User(name="a", role="commander", agency="joint"))
    other = server.office.desk_of(User(name="b", role="commander", agency="joint"))
    histories = Histories(load_rivers())
    many = [
        asyncio.create_task(histories.of(one, start=START, end=END.replace(minute=each), ids=[]))
        for each in range(30)
    ]
    await until(lambda: read, every_s=0.001)
    await histories.of(other, start=START, end=END.replace(minute=59), ids=[])
    assert read.index("b") < 6
    await asyncio.gather(*many)

    unit = await one.registry.add_unit(call_sign="Naga 1", kind="boat")
    read.clear()
    most = 0
    survey = server.app.state.survey
    span = {"start": START, "end": START.replace(day=START.day + 1)}
    many = [asyncio.create_task(survey.effort(one, units=[unit.id], **span)) for _ in range(30)]
    await until(lambda: read, every_s=0.001)
    await survey.effort(other, units=[unit.id], **span)
    assert read.index("b") < 6
    assert most == 2
    await asyncio.gather(*many)
