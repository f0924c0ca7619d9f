"""Random stories between two logs: whatever is lost, repeated, late or killed, nothing is lost,
nothing has two effects, and what contradicts is found by both.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.errors.errors import StoreError
from tests.fixtures.databases import sqlite_only
from tests.fixtures.examples import examples
from tests.patrol.nodes.two_logs import CK, HX, Link, back_up, restore

NODES = st.sampled_from((HX, CK))
STEPS = st.one_of(
    st.tuples(st.just("state"), NODES, st.sampled_from(("note", "note", "song")), st.booleans()),
    st.tuples(st.just("send"), NODES),
    st.tuples(st.just("deliver"), NODES, st.integers(0, 9)),
    st.tuples(st.just("lose"), NODES, st.integers(0, 9)),
    st.tuples(st.just("repeat"), NODES, st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(0, 30)),
    st.tuples(st.just("session")),
    st.tuples(st.just("kill after"), NODES, st.integers(0, 3)),
    st.tuples(st.just("refuse"), NODES, st.integers(0, 2)),
    st.tuples(st.just("take again"), NODES),
    st.tuples(st.just("restart"), NODES),
)


class Story:
    """A story between two offices, and what must be so after each step."""

    def __init__(self, folder: Path) -> None:
        self.link = Link(folder)
        self.made: dict[str, list[str]] = {HX: [], CK: []}
        self.bad: set[str] = set()
        self.count = 0

    async def step(self, what: str, *how: Any) -> None:
        link = self.link
        link.pass_time()
        if what == "state":
            await self.state(*how)
        elif what == "send":
            await link.send(how[0])
        elif what == "deliver":
            await link.deliver(*how)
        elif what in ("lose", "repeat"):
            way = link.way[how[0]]
            if way and what == "lose":
                way.pop(how[1] % len(way))
            elif way:
                way.append(way[how[1] % len(way)])
        elif what == "wait":
            link.pass_time(how[0])
            for office in link:
                await office.log.look([office.other])
        elif what == "session":
            link.begin()
        elif what == "kill after":  # so many commits, of whatever comes in
            office = link.offices[how[0]]
            office.refuse(how[1])
            while link.way[how[0]]:
                await link.deliver(how[0])
            await office.again()
            link.begin()
        elif what == "refuse":
            link.offices[how[0]].refuse(how[1])
        elif what == "take again":
            link.offices[how[0]].refuse(None)
        elif what == "restart":
            await link.offices[how[0]].again()
            link.begin()
        await self.check()

    async def state(self, node: str, kind: str, is_bad: bool) -> None:
        id = f"s{self.count}"
        self.count += 1
        try:
            await self.link.offices[node].state(id, kind, text="bad" if is_bad else "two boats")
        except StoreError:
            return
        self.made[node].append(id)
        if is_bad:
            self.bad.add(id)

    async def check(self) -> None:
        for office in self.link:
            there = self.link.offices[office.other]
            sent, held = office.raws("statements_out"), there.raws("statements_in")
            assert office.ids("statements_out") == self.made[office.node]
            assert held == sent[: len(held)], "in order, without a gap, as it was made"
            health = await office.health()
            assert health.receipted <= len(held), "what is receipted is in the other's file"
            assert health.fork == "", health.fork
            effects = there.effects()
            assert len(effects) == len(set(effects))
            assert set(effects) <= {*there.ids("statements_in", "state = 'applied'")}

    async def end(self) -> None:
        """Nothing is lost any more, and both understand all."""
        for office in self.link:
            office.understands.add("song")
            await office.again()
        self.link.begin()
        await self.link.settle()
        await self.check()
        for office in self.link:
            there = self.link.offices[office.other]
            assert there.raws("statements_in") == office.raws("statements_out")
            assert there.effects() == sorted(set(self.made[office.node]) - self.bad)
            health = await office.health()
            assert (health.waiting, health.unread_there) == (0, 0)
            bad = [id for id in self.made[office.node] if id in self.bad]
            assert [each.about for each in health.refused_there] == bad[::-1][:20]
        await self.link.close()


async def played(folder: Path, steps: list[tuple[Any, ...]]) -> None:
    story = Story(folder)
    story.link.begin()
    for step in steps:
        await story.step(*step)
    await story.end()


@sqlite_only  # each story takes two stores
@given(st.lists(STEPS, max_size=40))
@settings(max_examples=examples(60), deadline=None)
def test_nothing_is_lost_twice_or_out_of_order_whatever_the_link_does(
    steps: list[tuple[Any, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(played(Path(folder), steps))


DAYS = st.lists(st.sampled_from(("hx", "ck", "meet", "hx", "ck")), max_size=12)


@sqlite_only  # it copies a file
@given(before=DAYS, after=DAYS, away=DAYS)
@settings(max_examples=examples(40), deadline=None)
def test_a_restored_back_up_is_mended_or_found_by_both(
    before: list[str], after: list[str], away: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(restored(Path(folder), before, after, away))


async def restored(folder: Path, before: list[str], after: list[str], away: list[str]) -> None:
    """Play days before and after a back-up of one office, restore it, and go on."""
    link, count = Link(folder), 0
    hx, ck = link

    async def play(days: list[str]) -> None:
        nonlocal count
        for day in days:
            link.pass_time()
            if day == "meet":
                link.begin()
                await link.settle()
            else:
                count += 1
                await (hx if day == "hx" else ck).state(f"s{count}")

    link.begin()
    await play(before)
    await hx.store.close()
    backup = back_up(hx, folder)
    hx.open()
    await play(after)
    held = len(ck.raws("statements_in"))
    await hx.store.close()
    restore(hx, backup)
    hx.open()
    link.way = {HX: [], CK: []}
    lost = held > len(hx.raws("statements_out"))  # the other holds what is here no more
    await play([each for each in away if each != "meet"])
    link.begin()
    await link.settle()
    forks = [bool((await office.health()).fork) for office in link]
    if lost:
        assert forks == [True, True]
    else:
        assert forks == [False, False]
        for here, there in ((hx, ck), (ck, hx)):
            assert there.raws("statements_in") == here.raws("statements_out")
            assert (await here.health()).waiting == 0
    await link.close()


@sqlite_only
@pytest.mark.parametrize("seed", range(3))
async def test_a_day_with_a_kill_in_each_simulated_quarter(tmp_path: Path, seed: int) -> None:
    """96 quarters of an hour; in each a kill at a random commit, with what is on its way."""
    chance = random.Random(seed)
    story = Story(tmp_path)
    story.link.begin()
    for _ in range(96):
        for _ in range(chance.randrange(4)):
            await story.step("state", chance.choice((HX, CK)), "note", chance.random() < 0.1)
        for _ in range(chance.randrange(6)):
            node = chance.choice((HX, CK))
            await story.step(chance.choice(("send", "lose", "repeat")), node, chance.randrange(9))
            await story.step("deliver", chance.choice((HX, CK)), chance.randrange(9))
        await story.step("kill after", chance.choice((HX, CK)), chance.randrange(4))
        await story.step("wait", 900)
    assert min(len(each) for each in story.made.values()) > 30
    await story.end()
