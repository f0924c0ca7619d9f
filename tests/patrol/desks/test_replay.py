"""What stood and was written in a stretch of time, when clocks are not what they should be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection

from patrol.desks import replay as replay_desk
from patrol.documents.transaction import Note
from patrol.incidents.incident import parse_time
from patrol.store.journal import journal
from tests.patrol.nodes.running import AGENCY, NODE, Node, at, running


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running(tmp_path / "p.db") as started:
        yield started


async def test_a_late_report_is_shown_at_its_own_time(node: Node) -> None:
    crew = node.desk("crew").incidents

    async def log(id: str, second: float) -> str:
        made = await crew.log(id=id, category="drugs", happened_at=at(second), precision="minute")
        return made.id

    async def stood(start: float, end: float) -> list[tuple[str, int]]:
        found = await node.desk("observer").replay.documents_between(start=at(start), end=at(end))
        assert not found.has_more
        return [(each.id, each.version) for each in found.documents]

    at_once = await log("at-once", 0)
    node.time = at(40_000)
    next_morning = await log("next-morning", 1800)
    await log("of-another-hour", 9000)
    day, precision = parse_time("2026-11-24")
    that_day = (await crew.log(category="drugs", happened_at=day, precision=precision)).id
    assert sorted(await stood(-10, 3600)) == sorted(
        [(at_once, 1), (next_morning, 1), (that_day, 1)]
    )
    # What stood then stands as it was then, though it was changed since.
    node.time = at(50_000)
    await crew.correct(at_once, version=1, people_found=2)
    await crew.correct(next_morning, version=1, people_found=2)
    again = [(at_once, 1), (next_morning, 1), (that_day, 1), (next_morning, 2)]
    assert sorted(await stood(-10, 3600)) == sorted(again)


async def test_rows_of_a_time_in_which_the_clock_was_set_back_come_to_an_end_and_are_all_there(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(connection: Connection, seconds: Sequence[int]) -> None:
        for second in seconds:
            note = Note(act="look", actor="kham", agency=AGENCY)
            journal.append(connection, [note], at(second), origin=NODE)

    # An hour ahead until its clock was set right: then it wrote at the same times again.
    await node.store.write(written, [0, 3600, 3700, 3800, 200, 300, 7300, 7400, 7500])
    monkeypatch.setattr(replay_desk, "ROWS_AT_ONCE", 5)
    async with asyncio.timeout(5):
        rows, whole = await node.desk("observer").replay.rows(start=at(0), end=at(1000))
    assert whole
    entries = {each.seq: each for each in await node.store.read(journal.page)}
    times = [(entries[each.seq].at - at(0)).total_seconds() for each in rows]
    assert times == [0, 3600, 3700, 3800, 200, 300]
    assert all(one.hash == other.previous for one, other in pairwise(rows))
