"""However much later a repeat comes, and whatever the node remembers by then, it is one message."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event

import patrol.reception.duplicates
import patrol.watch.register_units
from patrol.reception.duplicates import DuplicateQuery
from patrol.reception.recent_messages import KnownReception, RecentMessages
from patrol.store.receptions import stored_duplicates
from patrol.units.wire import Change
from radio_gateway.messages.transmission import Signal, Transmission
from tests.fixtures.databases import sqlite_only
from tests.fixtures.examples import examples
from tests.patrol.intake.test_receptions_of_one_message import as_heard, messages
from tests.patrol.nodes.running import Node, Viewer, address, at, said

HOUR = 3600.0


class Forgetful(Node):
    """A node that remembers three messages, and two of one content."""

    def open(self) -> None:
        super().open()
        self.watch.duplicates.remembered = 3


@contextmanager
def short_memory() -> Iterator[None]:
    """Have nodes take up three messages at their start, and remember two of one content."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(patrol.watch.register_units, "REMEMBERED", 3)
        patched.setattr(patrol.reception.duplicates, "SAME_CONTENT", 2)
        yield


@pytest.fixture
async def forgetful(tmp_path: Path) -> AsyncIterator[Node]:
    with short_memory():
        node = Forgetful(tmp_path / "patrol.db")
        await node.start()
        yield node
        await node.stop()


def backlog(gateway: str, count: int, every_s: float, late_s: float, **own: Any) -> Any:
    """Return what a gateway heard of one boat, `late_s` after the boat said it."""
    values: dict[str, Any] = {"duplicate_key": "!AIVDM,moored", "duplicate_window_s": 3.0} | own
    named = values["duplicate_window_s"] is None
    return [
        said(
            "a",
            number * every_s,
            heard=number * every_s + late_s,
            lon=100.4 + number * 1e-5,
            channel=f"{gateway}/ais",
            reception_id=f"{gateway}/boot/{number}",
            **values | ({"duplicate_key": f"at {number}"} if named else {}),
        )
        for number in range(count)
    ]


def count(node: Node, table: str) -> int:
    return int(node.rows(f"SELECT count(*) FROM {table}")[0][0])


@pytest.mark.parametrize("window_s", [3.0, None])
async def test_a_gateway_whose_backlog_comes_hours_later_adds_a_reception_and_no_position(
    forgetful: Node, window_s: float | None
) -> None:
    own = {"duplicate_window_s": window_s}
    await forgetful.hear(*backlog("pier", 300, 180.0, 0.5, signal=Signal(snr_db=1.0), **own))
    viewer = Viewer(forgetful.desk().visible.subscribe())
    await viewer.look()
    late = backlog("hill", 300, 180.0, 0.9, signal=Signal(snr_db=9.0), **own)
    for start in range(0, 300, 100):
        await forgetful.hear(*late[start : start + 100])
    news = [each for each in await viewer.look() if isinstance(each, Change)]
    assert [fix for change in news for fix in change.fixes] == []
    assert (count(forgetful, "transmissions"), count(forgetful, "also_heard")) == (300, 300)
    (newest, *_) = await forgetful.desk().visible.received_messages(address(), limit=1)
    assert newest.best is not None
    assert [each.gateway for each in newest.heard_by] == ["pier", "hill"]
    assert newest.best.gateway == "hill"


async def test_also_when_it_heard_them_first_and_the_node_restarted_meanwhile(
    forgetful: Node,
) -> None:
    await forgetful.hear(*backlog("pier", 60, 180.0, 0.9))
    again = await forgetful.again()
    await again.hear(*backlog("hill", 60, 180.0, 0.5))
    rows = again.rows("SELECT reception_id, heard_us % 1000000 FROM transmissions")
    assert len(rows) == 60
    assert {row[0].partition("/")[0] for row in rows} == {"hill"}
    assert {row[1] for row in rows} == {500_000}
    assert count(again, "also_heard") == 60


async def test_two_backlogs_in_one_batch_are_joined_before_anything_of_them_is_stored(
    node: Node,
) -> None:
    await node.hear(*backlog("pier", 200, 180.0, 0.5), *backlog("hill", 200, 180.0, 0.9))
    assert (count(node, "transmissions"), count(node, "also_heard")) == (200, 200)


async def test_equal_texts_with_another_between_them_stay_separate_messages(
    forgetful: Node,
) -> None:
    await forgetful.hear(*backlog("pier", 40, 180.0, 0.0))
    await forgetful.hear(*backlog("hill", 40, 180.0, 90.0))  # half-way between
    assert (count(forgetful, "transmissions"), count(forgetful, "also_heard")) == (80, 0)


@pytest.mark.parametrize(
    "own",
    [
        {"duplicate_key": None},
        {"duplicate_key": "w"},
        {"duplicate_key": "w", "duplicate_window_s": None},
    ],
)
@pytest.mark.parametrize("restart", [False, True])
async def test_a_reception_sent_again_months_later_is_nothing_new(
    forgetful: Node, own: dict[str, Any], restart: bool
) -> None:
    node = forgetful
    first = said("a", 0, distress=True, text="sinking", channel="pier/ais", **own)
    other = said("a", 0, heard=1, distress=True, channel="hill/ais", **own)
    await node.hear(first, other)
    await node.desk().registry.clear_distress(address())
    await node.hear(*(said("b", day * 86_400.0) for day in range(1, 10)))
    if restart:
        await node.again()
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    stored = node.rows("SELECT * FROM transmissions"), node.rows("SELECT * FROM also_heard")
    for _ in range(2):
        await node.hear(first, other, other)  # and is answered
    assert (node.rows("SELECT * FROM transmissions"), node.rows("SELECT * FROM also_heard")) == (
        stored
    )
    assert [
        fix for each in await viewer.look() if isinstance(each, Change) for fix in each.fixes
    ] == []
    assert node.rows("SELECT * FROM latches WHERE cleared_us IS NULL") == []
    assert not node.state().distress


@pytest.mark.parametrize("window_s", [3.0, None])
async def test_a_reception_sent_again_is_nothing_new_though_the_address_was_bound_meanwhile(
    forgetful: Node, window_s: float | None
) -> None:
    first = said("a", 0, channel="pier/ais", duplicate_key="w", duplicate_window_s=window_s)
    await forgetful.hear(first)
    await forgetful.hear(*(said("b", day * 86_400.0) for day in range(1, 10)))
    boat = await forgetful.boat()
    await forgetful.desk().registry.assign(
        address=address(), unit=boat, start=at(-10), channel="hill/ais"
    )
    await forgetful.hear(first)
    assert count(forgetful, "transmissions") == 10
    assert not any("@" in row[0] for row in forgetful.rows("SELECT address FROM transmissions"))
    assert set(forgetful.states()) == {boat, address("b")}


async def test_an_id_that_a_gateway_uses_again_does_not_cost_a_message(forgetful: Node) -> None:
    await forgetful.hear(said("a", 0, reception_id="pier/boot/1"))
    await forgetful.hear(said("a", 60, reception_id="pier/boot/1"))
    assert count(forgetful, "transmissions") == 2


async def test_the_store_is_asked_once_for_a_batch_and_never_about_current_receptions(
    forgetful: Node, reads: list[DuplicateQuery]
) -> None:
    own: dict[str, Any] = {"duplicate_key": "moored", "duplicate_window_s": 3.0}
    await forgetful.hear(*(said("a", HOUR + 60 * number, **own) for number in range(20)))
    reads.clear()
    for number in range(20, 40):
        second = HOUR + 60 * number
        await forgetful.hear(said("a", second, **own), said("a", second, channel="hill", **own))
    assert reads == []
    await forgetful.hear(*(said("a", 60 * number, **own) for number in range(40)))
    assert len(reads) == 1


@sqlite_only
async def test_the_store_finds_it_by_an_index(forgetful: Node) -> None:
    query = DuplicateQuery()
    query.gids, query.receptions = [b"1" * 16, b"2" * 16], ["pier/boot/1"]
    query.spans = [(address(), at(number * 60), 3.0) for number in range(50)]
    plans: list[str] = []

    def explain(connection: Connection) -> None:
        def plan(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in cursor.fetchall())

        event.listen(connection, "before_cursor_execute", plan)
        stored_duplicates.find(connection, query)

    await forgetful.store.read(explain)
    looks = [plan for plan in plans if "SEARCH" in plan or ("SCAN" in plan and "asked" not in plan)]
    assert [plan for plan in looks if "SCAN" in plan and "CONSTANT" not in plan] == []
    assert any(
        "transmissions_by_heard (address=? AND heard_us>? AND heard_us<?)" in p for p in looks
    )


async def test_however_much_is_asked_the_statements_are_few(forgetful: Node) -> None:
    await forgetful.hear(*backlog("pier", 40, 60.0, 0.0))
    texts: set[str] = set()
    found: list[int] = []

    def ask(connection: Connection) -> None:
        event.listen(
            connection, "before_cursor_execute", lambda _c, _cursor, said, *_: texts.add(said)
        )
        for number in range(1, 201):
            query = DuplicateQuery()
            query.spans = [(address(), at(each * 60), 3.0) for each in range(number)]
            query.gids = [bytes([each]) * 16 for each in range(number)]
            query.receptions = [f"pier/boot/{each}" for each in range(number)]
            stored, _, _ = stored_duplicates.find(connection, query)
            found.append(len(stored))

    await forgetful.store.read(ask)
    assert found == [*range(1, 41), *[40] * 160]
    assert len(texts) <= 3 * 9  # 1, 2, 4 … 256 of each kind


def test_memory_knows_since_when_it_has_forgotten_nothing() -> None:
    lately: RecentMessages[str] = RecentMessages(each=2)
    for second in (10, 30, 20):  # in whatever order
        lately.add("a", KnownReception(at(second), bytes([second]), ""))
    assert not lately.may_miss("a", at(-1e6), 3.0)
    lately.trim(2)
    assert [known.heard_at for known in lately.entries["a"].receptions] == [at(20), at(30)]
    assert lately.may_miss("a", at(13), 3.0)
    assert not lately.may_miss("a", at(13.1), 3.0)
    assert not lately.may_miss("b", at(13), 3.0)
    for key in ("b", "c"):
        lately.add(key, KnownReception(at(15), key.encode(), ""))
    lately.trim(2)  # all of a
    assert lately.may_miss("a", at(33), 3.0)
    assert lately.may_miss("never heard", at(33), 3.0)
    assert not lately.may_miss("never heard", at(34), 3.0)
    assert not lately.may_miss("b", at(13), 3.0)  # it was all there when b was first heard
    lately.forget("b", at(16))
    assert lately.entries["b"].receptions == []
    assert lately.may_miss("b", at(16), 0.0)
    lately.add("c", KnownReception(at(99), b"c", ""))
    lately.forget_until(at(70))
    assert lately.may_miss("c", at(70), 0.0)


async def end_of(
    order: list[Transmission], sizes: list[int], restarts: list[bool], kind: type[Node]
) -> Any:
    """Return what is stored and who heard it, once `order` has come in batches of `sizes`."""
    with tempfile.TemporaryDirectory() as folder:
        node = kind(Path(folder, "p.db"))
        await node.start()
        rest, batches, ends = iter(order), itertools.cycle(sizes), itertools.cycle(restarts)
        while batch := list(itertools.islice(rest, next(batches))):
            await node.hear(*batch)
            if next(ends):
                await node.again()
        stored = node.rows(
            "SELECT address, duplicate_key, time_us, heard_us, channel, reception_id, lon, text"
            " FROM transmissions ORDER BY address, heard_us, reception_id"
        )
        addresses = sorted({row["address"] for row in stored})
        heard = [
            sorted(
                repr((each.heard_by, each.best))
                for each in await node.desk("technician").visible.received_messages(
                    each_address, limit=1000
                )
            )
            for each_address in addresses
        ]
        await node.stop()
        return [tuple(row) for row in stored], heard


@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes here
)
@given(
    drawn=st.lists(messages, min_size=1, max_size=9),
    sizes=st.lists(st.integers(1, 7), min_size=1, max_size=3),
    restarts=st.lists(st.booleans(), min_size=1, max_size=3),
    data=st.data(),
)
def test_any_order_over_two_gateways_any_batches_and_restarts_end_in_the_same_records(
    drawn: list[dict[str, Any]], sizes: list[int], restarts: list[bool], data: st.DataObject
) -> None:
    transmissions = as_heard(drawn)
    in_time = sorted(transmissions, key=lambda each: (each.heard_at, each.reception_id))
    expected = asyncio.run(end_of(in_time, [1], [False], Node))
    assert len(expected[0]) == len(drawn)
    again = data.draw(st.lists(st.sampled_from(transmissions), max_size=6))
    order = data.draw(st.permutations(transmissions + again))
    with short_memory():
        assert asyncio.run(end_of(order, sizes, restarts, Forgetful)) == expected
