"""The watch takes what waits as one batch and keeps its owner's name on every record."""

from __future__ import annotations

import asyncio

import pytest

from patrol.intake.batch_interval import BatchInterval
from patrol.units.wire import Change
from patrol.watch.watch import LONGEST_BATCH
from tests.patrol.nodes.running import OTHER, Node, Viewer, address, at, reading, said


async def test_what_waits_is_one_batch_one_commit_and_one_change(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    await node.hear(*(said(f"b{number}", 1) for number in range(50)))
    (change,) = await viewer.look()
    assert isinstance(change, Change)
    assert len(change.fixes) == 50


async def test_more_than_one_batch_holds_comes_in_order(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    many = 2 * LONGEST_BATCH + 500
    await node.hear(*(said("a", number * 0.01) for number in range(many)))
    changes = [each for each in await viewer.look() if isinstance(each, Change)]
    times = [fix.time for change in changes for fix in change.fixes]
    assert len(changes) == 3
    assert times == sorted(times)
    assert len(times) == len(node.rows("SELECT id FROM transmissions")) == many


async def test_what_gathered_while_the_watch_rests_is_one_batch_with_what_came(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests = asyncio.Event()

    class Loaded(BatchInterval):
        def pause_s(self, cpu_s: float, began_s: float) -> float:
            rests.set()
            self.gather_s = 60.0
            return 0.2

    monkeypatch.setattr(node.watch, "pace", Loaded())
    await node.hear(said("b", 1))
    await rests.wait()
    node.time = at(2)
    (came,) = node.offer(said("c", 2))

    async def gather() -> list[asyncio.Event]:
        await node.inbox.wait_for_turn()
        return node.offer(*(said(f"b{number}", 2) for number in range(20)))

    gathering = asyncio.create_task(gather())
    async with asyncio.timeout(5):
        await came.wait()
        assert all(stored.is_set() for stored in await gathering)


@pytest.mark.parametrize("pause_s", [0.0, 60.0])
async def test_a_watch_that_only_waits_ends_at_once(
    node: Node, monkeypatch: pytest.MonkeyPatch, pause_s: float
) -> None:
    class Loaded(BatchInterval):
        def pause_s(self, cpu_s: float, began_s: float) -> float:
            return pause_s

    monkeypatch.setattr(node.watch, "pace", Loaded())
    await node.hear(said("b", 1))
    await asyncio.sleep(0.01)
    async with asyncio.timeout(20):
        await node.stop()


async def test_every_record_says_whose_it_is_and_where_it_was_made(node: Node) -> None:
    boat = await node.boat("Boat 9", OTHER)
    await node.desk(agency=OTHER).registry.assign(address=address("b"), unit=boat, start=at(-1))
    key = {"duplicate_key": "k", "duplicate_window_s": None}
    await node.hear(
        said("b", 1, distress=True, **key),  # type: ignore[arg-type]
        said("b", 1, channel="udp", **key),  # type: ignore[arg-type]
        said("x", 1),
    )
    owners = {
        table: {tuple(row) for row in node.rows(f"SELECT agency, origin FROM {table}")}
        for table in ("units", "assignments", "transmissions", "also_heard", "latches")
    }
    assert owners.pop("transmissions") == {(OTHER, "node-hx"), ("la-hx", "node-hx")}
    assert set(map(frozenset, owners.values())) == {frozenset({(OTHER, "node-hx")})}


async def test_a_crew_s_report_counts_under_the_key_that_vouches_for_it(node: Node) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(
        address=address("p"), unit=boat, start=at(-1), channel="key:p"
    )
    await node.desk("crew").registry.report([said("p", 1)], source="key:p")
    await node.desk("crew").registry.report([said("p", 2, lon=100.5)], source="key:thief")
    last = node.state(boat).last
    assert last is not None
    assert last.lon == 100.4
    assert node.state("test:p@key:thief").last is None


async def test_readers_never_wait_for_a_writer(node: Node) -> None:
    await node.hear(said("a", 1))
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(20):
            assert len(await node.desk().visible.track(address(), start=at(0), end=at(9))) == 1
        other.execute("ROLLBACK")
