"""While the store refuses, nothing is lost, answered or shown as stored, and people are told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from structlog.testing import capture_logs

import patrol.watch.watch
from patrol.errors.errors import NotFound, StoreError
from patrol.units.wire import Change, Snapshot
from patrol.watch.watch import Watch
from radio_gateway.health.health import ChannelHealth
from radio_gateway.messages.transmission import Delivery
from tests.fixtures.databases import POSTGRES, sqlite_only
from tests.fixtures.patience import loop_turns, until
from tests.patrol.nodes.running import (
    AGENCY,
    NODE,
    Node,
    Viewer,
    address,
    at,
    reading,
    running,
    said,
)


async def no_more_room(node: Node) -> None:
    """Let the file grow no further, as on a full disk."""

    def limit(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    await node.store.write(limit)


async def room_again(node: Node) -> None:
    await node.store.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count=1000000"))


async def impatient(node: Node) -> None:
    """Wait 50 ms for other writers, not seconds."""
    text = "SET lock_timeout = 50" if POSTGRES else "PRAGMA busy_timeout=50"
    await node.store.write(lambda c: c.exec_driver_sql(text))


async def until_down(node: Node) -> None:
    await until(lambda: "store" in node.watch.picture.channels, within_s=10)


async def refused_within(seconds: float, order: Awaitable[object]) -> None:
    async with asyncio.timeout(seconds):
        with pytest.raises(StoreError):
            await order


@sqlite_only
async def test_on_a_full_disk_the_batch_is_kept_and_goes_through_later(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    await no_more_room(node)
    answers = node.offer(*(said("a", second, raw=b"x" * 100_000) for second in range(3)))
    await until_down(node)
    assert not any(answer.is_set() for answer in answers)
    (change,) = await viewer.look()
    assert isinstance(change, Change)
    (store,) = change.channels
    assert (store.name, store.state) == ("store", "down")
    assert "full" in (store.fault or "")
    assert not change.units  # nothing of the batch before it is stored
    assert not change.fixes
    assert node.rows("SELECT * FROM transmissions") == []

    await room_again(node)
    async with asyncio.timeout(10):
        for answer in answers:
            await answer.wait()
    news = await viewer.look()
    assert [health.state for each in news for health in each.channels] == ["open"]
    assert [fix.time for each in news if isinstance(each, Change) for fix in each.fixes] == [
        at(0),
        at(1),
        at(2),
    ]
    assert len(node.rows("SELECT * FROM transmissions")) == 3


async def test_while_another_process_holds_the_file_the_batch_is_stored(node: Node) -> None:
    await impatient(node)
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        (answer,) = node.offer(said("a", 1))
        await until_down(node)
        assert "lock" in (node.watch.picture.channels["store"].fault or "")
        assert not answer.is_set()
        other.execute("ROLLBACK")
        async with asyncio.timeout(10):
            await answer.wait()
    assert len(node.rows("SELECT * FROM transmissions")) == 1


async def test_orders_fail_at_once_and_work_again_afterwards(node: Node) -> None:
    boat = await node.boat()
    await impatient(node)
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        (answer,) = node.offer(said("a", 1))
        desk = node.desk("admin")
        waiting = asyncio.create_task(desk.registry.add_unit(call_sign="Boat 7", kind="boat"))
        await until_down(node)
        await refused_within(0.5, waiting)
        await refused_within(0.5, desk.registry.add_unit(call_sign="Boat 8", kind="boat"))
        await refused_within(0.5, desk.registry.assign(address=address(), unit=boat, start=at(0)))
        await refused_within(0.5, desk.registry.clear_distress(boat))
        await refused_within(0.5, desk.registry.plot(boat, lon=100.4, lat=20.27))
        await refused_within(0.5, desk.registry.report([said("p", 1)], source="user:kham"))
        other.execute("ROLLBACK")
        async with asyncio.timeout(10):
            await answer.wait()
    await desk.registry.add_unit(call_sign="Boat 7", kind="boat")  # behind all of them
    assert {state.call_sign for state in node.desk().visible.units()} == {"Boat 3", "Boat 7"}
    assert len(node.rows("SELECT * FROM transmissions")) == 1
    await desk.registry.plot(boat, lon=100.4, lat=20.27)


async def test_a_report_that_meets_the_fault_itself_is_answered_at_once(node: Node) -> None:
    await impatient(node)
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        own: dict[str, Any] = {"duplicate_key": "id-1", "duplicate_window_s": None}
        desk = node.desk("crew")
        await refused_within(5, desk.registry.report([said("p", 1, **own)], source="user:kham"))
        other.execute("ROLLBACK")
    await until(lambda: node.watch.picture.channels["store"].state != "down", within_s=10)
    await desk.registry.report([said("p", 1, **own)], source="user:kham")  # the phone tries again
    assert len(node.rows("SELECT * FROM transmissions")) == 1


async def test_the_health_of_channels_shows_nothing_that_is_not_stored(node: Node) -> None:
    await impatient(node)
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        (answer,) = node.offer(said("a", 1, distress=True))
        await until_down(node)
        node.watch.channel_health(
            [ChannelHealth(name="udp", url="", protocols=(), state="open", since=at(0))]
        )
        news = await viewer.look()
        assert [health.name for each in news for health in each.channels] == ["store", "udp"]
        assert not any(each.units for each in news)
        other.execute("ROLLBACK")
        await answer.wait()
    assert any(unit.distress for each in await viewer.look() for unit in each.units)


async def test_half_a_character_in_a_text_does_not_lose_a_call_for_help(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    await node.hear(
        said("a", 1, text="sinking \ud800", distress=True, facts={"\udfff": "\ud800", "n": 3}),
        said("b\udc80", 1),
        said("c", 1, text="ສະບາຍດີ"),
    )
    await viewer.look()
    assert viewer.units[address("a")].text == "sinking \\ud800"
    assert viewer.units[address("a")].distress
    assert "bad_text" in viewer.units[address("a")].flags
    assert address("b\\udc80") in viewer.units
    assert viewer.units[address("c")].text == "ສະບາຍດີ"
    assert len(node.rows("SELECT * FROM transmissions")) == 3


async def test_what_hides_in_the_words_of_a_radio_is_left_out_and_its_bytes_stay(
    node: Node,
) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    hiding = {"ship_name": "NAGA\u202e 1\0", "draught_m": 2}
    await node.hear(
        said("a", 1, text="all\u200f well\x1b\nhere", status="moored\u2066", raw=b"as\0heard"),
        said("b", 1, lon=None, kind="static", facts=hiding),
        said("b\u202e", 1),  # another sender than b
        said("c", 1, text="ភាសា\u200bខ្មែរ"),  # a space without width, which Khmer needs
    )
    await viewer.look()
    state = viewer.units[address("a")]
    assert (state.text, state.status) == ("all well\nhere", "moored")
    assert "bad_text" in state.flags
    assert viewer.units[address("b")].call_sign == "NAGA 1\\0"
    assert address("b\\u202e") in viewer.units
    assert viewer.units[address("c")].text == "ភាសា\u200bខ្មែរ"
    assert viewer.units[address("c")].flags == ()
    [received_message] = await node.desk("technician").visible.received_messages(address("a"))
    assert received_message.transmission.raw == b"as\0heard"


async def test_what_was_in_flight_when_the_watch_is_stopped_is_stored_and_answered(
    tmp_path: Path,
) -> None:
    node = Node(tmp_path / "p.db")
    await node.start()
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")  # the commit waits
        (answer,) = node.offer(said("a", 1))
        await asyncio.sleep(0.05)
        stopping = asyncio.create_task(node.stop())
        await asyncio.sleep(0.05)
        assert not stopping.done()
        other.execute("ROLLBACK")
        await stopping
    assert answer.is_set()
    assert len(node.rows("SELECT * FROM transmissions")) == 1


async def test_a_store_that_refuses_to_the_end_does_not_keep_the_watch_from_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol.watch.watch, "STOP_WITHIN_S", 0.3)
    node = Node(tmp_path / "p.db")
    await node.start()
    await impatient(node)
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        (answer,) = node.offer(said("a", 1))
        await until_down(node)
        async with asyncio.timeout(5):
            await node.stop()
        assert not answer.is_set()  # whoever can send it again will


async def test_whoever_asks_and_goes_away_leaves_nothing_half_done(node: Node) -> None:
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        adding = asyncio.create_task(node.boat("Boat 7"))
        reporting = asyncio.create_task(
            node.desk("crew").registry.report([said("p", 1)], source="u")
        )
        await asyncio.sleep(0.05)
        adding.cancel()
        reporting.cancel()
        await asyncio.gather(adding, reporting, return_exceptions=True)
        other.execute("ROLLBACK")
    await until(lambda: len(node.states()) >= 2)
    before = node.states()
    assert {state.call_sign for state in before.values()} == {"Boat 7", "test:p"}
    assert {state.id for state in (await node.again()).states().values()} == set(before)


async def test_a_batch_that_fails_is_new_when_it_comes_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    message = said("a", 1, duplicate_key="id", duplicate_window_s=None)
    with monkeypatch.context() as patched:
        patched.setattr(node.store, "commit", fail)
        with pytest.raises(ZeroDivisionError):
            await node.watch.receive([message])
    await node.watch.receive([message])
    assert len(node.rows("SELECT * FROM transmissions")) == 1


async def test_without_its_river_kilometre_a_position_is_stored_all_the_same(
    tmp_path: Path,
) -> None:
    faults = [True]

    def locate(
        lons: object, lats: object, accuracy_m: object
    ) -> list[tuple[float, str | None] | None]:
        if faults.pop() if faults else False:
            raise ZeroDivisionError
        return [(2356.0, "left")]

    async with running(tmp_path / "p.db") as node:
        node.watch = Watch(node.store, node=NODE, agency=AGENCY, locate=locate)
        with capture_logs() as logs:
            await node.watch.receive([said("a", 1)])
        assert [each["log_level"] for each in logs] == ["error"]
        await node.watch.receive([said("a", 2)])
        rows = node.rows("SELECT river_km, bank FROM transmissions ORDER BY time_us")
        assert [tuple(row) for row in rows] == [(None, None), (2356.0, "left")]


async def test_one_answer_that_fails_does_not_keep_the_others_from_theirs(node: Node) -> None:
    answered = asyncio.Event()

    def fail() -> None:
        raise ConnectionResetError

    with capture_logs() as logs:
        node.inbox.offer(
            [Delivery(said("a", 1), fail), Delivery(said("b", 1), answered.set)], can_wait=True
        )
        async with asyncio.timeout(5):
            await answered.wait()
    assert any("answer" in entry["event"] for entry in logs)


async def test_nobody_is_shown_or_answered_anything_before_it_is_on_disk(node: Node) -> None:
    steps: list[str] = []
    subscription = node.desk().visible.subscribe()
    assert isinstance((await Viewer(subscription).look())[0], Snapshot)

    def show(_: bytes) -> bool:
        steps.append("shown")
        return True

    def answer() -> None:
        steps.append(f"answered with {len(node.rows('SELECT * FROM transmissions'))} stored")

    subscription.go_straight(show)  # in the moment in which it is published
    watching = asyncio.create_task(subscription.take(60))
    await loop_turns()
    node.inbox.offer([Delivery(said("a", 1), answer)], can_wait=True)
    await until(lambda: len(steps) >= 2)
    assert steps == ["answered with 1 stored", "shown"]
    watching.cancel()


async def test_whoever_asks_while_the_store_refuses_is_shown_only_what_is_stored(
    node: Node,
) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(address=address("b"), unit=boat, start=at(-1))
    await node.hear(said("b", 0, lon=100.4))
    await node.hear(said("b", 1, lon=100.4001))  # told as a position alone
    before = node.states()
    earlier = Viewer(node.desk().visible.subscribe())
    await earlier.look()
    await impatient(node)
    desk = node.desk()
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        (answer, *_) = node.offer(
            said("ghost", 2, distress=True), said("b", 2, lon=100.4002, distress=True)
        )
        await until_down(node)
        await earlier.look()
        later = Viewer(node.desk().visible.subscribe())
        await later.look()
        assert later.units == before
        assert later.units[boat].last == before[boat].last
        assert [unit.last for unit in desk.visible.units()] == [before[boat].last]
        assert not desk.visible.unit(boat).distress
        assert desk.visible.unit(boat).last == before[boat].last
        with pytest.raises(NotFound):
            desk.visible.unit(address("ghost"))
        assert await desk.visible.unknown_radios() == []
        assert set(await desk.visible.tracks(start=at(-10), end=at(10))) == {boat}
        other.execute("ROLLBACK")
        async with asyncio.timeout(10):
            await answer.wait()
    await asyncio.sleep(0)
    for viewer in (earlier, later):
        await viewer.look()
        assert viewer.units[boat].distress
        assert viewer.units[address("ghost")].distress
    assert later.seqs == list(range(later.seqs[0], later.seqs[-1] + 1))
    assert desk.visible.unit(boat).distress
