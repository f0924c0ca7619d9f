"""Gaps: where no name is stored the store is not asked, whatever it held before a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

import patrol.reception.duplicates
import patrol.reception.message_ids
import patrol.reception.record
from patrol.reception.duplicates import DuplicateQuery
from patrol.reception.message_ids import MessageIds, StoredNeighbours
from patrol.reception.record import gid_of, named_gid, sorts_as, unsorted_gid
from patrol.store.engine.engine import is_postgres, open_engine
from patrol.store.receptions import insert as bulk
from patrol.store.receptions import stored_duplicates
from radio_gateway.messages.transmission import Transmission
from tests.fixtures import databases
from tests.fixtures.databases import empty_store, store_url
from tests.patrol.intake.test_late_duplicates import Forgetful, count, short_memory
from tests.patrol.nodes.running import Node, address, at, said
from tests.patrol.store.receptions.test_heard_times import row
from tests.patrol.store.test_schema_versions import make_older

DAY_S = 86_400.0


def named(second: float, *, heard: float | None = None, gateway: str = "pier") -> Transmission:
    """Return one of a boat's messages, which names its time, as a gateway heard it."""
    return said(
        "a",
        second,
        heard=second if heard is None else heard,
        lon=100.4 + second * 1e-6 % 1,
        channel=f"{gateway}/nmea",
        duplicate_key=f"{at(second)}|100.4",
        duplicate_window_s=None,
    )


def nameless(number: int, second: float) -> Transmission:
    """Return a message whose name tells no time: it sorts anywhere."""
    own: dict[str, Any] = {"duplicate_key": f"id:{number}", "duplicate_window_s": None}
    return said("b", second, **own)


@pytest.fixture
async def forgetful(tmp_path: Path) -> AsyncIterator[Node]:
    with short_memory():
        node = Forgetful(tmp_path / "patrol.db")
        await node.start()
        yield node
        await node.stop()


async def asked_for(node: Node, reads: list[DuplicateQuery], *messages: Transmission) -> int:
    """Return for how many of the messages the store was asked."""
    reads.clear()
    await node.hear(*messages)
    payloads = {gid for each in reads for gid in each.gids}
    return sum(gid_of(message, address(message.device or "")) in payloads for message in messages)


async def test_after_a_restart_the_store_is_asked_for_what_came_first_and_no_more(
    forgetful: Node, reads: list[DuplicateQuery]
) -> None:
    await forgetful.hear(*(named(second) for second in range(40)))
    await forgetful.again()
    await forgetful.hear(named(40))
    reads.clear()
    for second in range(41, 60):
        await forgetful.hear(named(second))
    assert [each.gids for each in reads if each.gids] == []
    for second in range(60):  # whatever came before is found, and joined
        await forgetful.hear(named(second, heard=70 + second, gateway="hill"))
    assert (count(forgetful, "transmissions"), count(forgetful, "also_heard")) == (60, 60)


async def test_neither_wrong_clocks_nor_names_without_a_time_spoil_it(
    forgetful: Node, reads: list[DuplicateQuery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol.reception.message_ids, "PATIENCE", 3)
    ahead = [3600.0, 3 * DAY_S, 20 * DAY_S, 400 * DAY_S, 9000 * DAY_S]
    odd = [
        *(named(away, heard=number) for number, away in enumerate(ahead)),
        *(nameless(number, 5.0) for number in range(200)),
    ]
    await forgetful.hear(*odd)
    await forgetful.hear(*(named(second) for second in range(10, 50)))
    await forgetful.again()
    await forgetful.hear(named(50))
    asked = 0
    # On to the time that each of the clocks told, and past it.
    for now in (51.0, *(away + step for away in ahead[:4] for step in (-9.0, 1.0))):
        for second in range(8):
            asked += await asked_for(forgetful, reads, named(now + second))
    assert asked <= 8 * 4
    before = count(forgetful, "transmissions")
    for message in odd:
        await forgetful.hear(named_again(message))
    assert count(forgetful, "transmissions") == before
    assert count(forgetful, "also_heard") == len(odd)


def named_again(message: Transmission) -> Transmission:
    """Return the same message as another gateway hands it over, much later."""
    values = {each: getattr(message, each) for each in ("device", "duplicate_key")}
    return said(
        **values,
        second=500 * DAY_S,
        duplicate_window_s=None,
        channel="hill/nmea",
    )


async def test_a_late_report_moves_no_gap_for_current_ones(
    forgetful: Node, reads: list[DuplicateQuery]
) -> None:
    await forgetful.hear(*(named(second) for second in range(40)))
    await forgetful.again()
    await forgetful.hear(named(40))
    await forgetful.hear(*(named(second, heard=41, gateway="hill") for second in range(30)))
    assert await asked_for(forgetful, reads, named(42), named(43)) == 0
    assert (count(forgetful, "transmissions"), count(forgetful, "also_heard")) == (43, 30)


async def test_a_store_with_ids_from_before_is_asked_for_all(
    tmp_path: Path, reads: list[DuplicateQuery]
) -> None:
    file = tmp_path / "patrol.db"
    with short_memory():
        node = Forgetful(file)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(patrol.reception.record, "named_gid", unsorted_gid)
            patched.setattr(patrol.reception.duplicates, "named_gid", unsorted_gid)
            await node.start()
            await node.hear(*(named(second) for second in range(40)))
            await node.stop()
        make_older(store_url(file), to="0014")  # whoever gave such ids knew no later one
        await node.again()
        fresh = [named(second) for second in range(40, 60)]
        assert await asked_for(node, reads, *fresh) == 20
        await node.hear(*(named(second, heard=61, gateway="hill") for second in range(60)))
        assert (count(node, "transmissions"), count(node, "also_heard")) == (60, 60)
        assert await asked_for(node, reads, named(62)) == 1
        await node.stop()
        # The retention takes them out: from the next start on ids tell of their time.
        with databases.reading(file) as connection:
            connection.execute("DELETE FROM transmissions WHERE id <= 40")
        await node.again()
        await node.hear(named(63))
        assert await asked_for(node, reads, named(64), named(65)) == 0
        await node.stop()


def test_the_store_finds_what_lies_beside_by_its_index(tmp_path: Path) -> None:
    plans: list[str] = []

    def plan(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "ORDER BY" not in statement:
            return
        explain = "EXPLAIN" if is_postgres(engine) else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{explain} {statement}", parameters)
        plans.append("\n".join(str(each[-1]) for each in cursor.fetchall()))

    engine = open_engine(empty_store(tmp_path / "p.db"))
    rows = [row("a", number, number, number) for number in range(3000)]
    with engine.begin() as connection:
        bulk.put_transmissions(connection, rows)
        connection.exec_driver_sql("ANALYZE")
    query = DuplicateQuery()
    query.neighbours_of = [gid_of(named(0), address())]
    with engine.connect() as connection:
        event.listen(connection, "before_cursor_execute", plan)
        stored_duplicates.find(connection, query)
    engine.dispose()
    assert len(plans) == 2
    for each in plans:
        assert "USING COVERING INDEX" in each or "Index Only Scan" in each, each
        assert "Sort" not in each, each
        assert "TEMP B-TREE" not in each, each


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patrol.reception.message_ids, "BESIDE", 3)
    monkeypatch.setattr(patrol.reception.message_ids, "PATIENCE", 2)


def beside(stored: set[bytes], name: bytes) -> StoredNeighbours:
    at_most = patrol.reception.message_ids.BESIDE
    return StoredNeighbours(
        sorted((each for each in stored if each < name), reverse=True)[:at_most],
        sorted(each for each in stored if each >= name)[:at_most],
    )


@pytest.mark.usefixtures("few")
@given(
    heard=st.lists(
        st.tuples(
            st.integers(0, 60), st.sampled_from([0, 0, 0, 1, 3, -50, 50, 200_000, -9_000_000])
        )
    ),
    restarts=st.sets(st.integers(0, 60)),
)
def test_whatever_is_stored_is_remembered_or_asked_for(
    heard: list[tuple[int, int]], restarts: set[int]
) -> None:
    stored: set[bytes] = set()
    memory = MessageIds()
    memory.in_order = True
    for number, (second, away) in enumerate(heard):
        if number in restarts:
            memory = MessageIds()
            memory.in_order = True
            memory.forget_all()
        name = named_gid("a", f"{at(second + away)}|{second}")
        missed = memory.may_miss(name)
        assert name not in stored or missed or memory.entries.get(name) is not None
        look = memory.where_to_look([name] if missed else [], int(not missed))
        if look is not None:
            memory.look(beside(stored, look))
        if number % 7 == 3:
            memory.forget(name)
            stored.add(name)
        else:
            memory.entries[name] = at(second), "r", name
            stored.add(name)
        memory.trim(4)
        for each in stored:
            assert memory.entries.get(each) is not None or memory.may_miss(each)


def test_what_is_remembered_beside_does_not_end_the_gap() -> None:
    names = [named_gid("a", f"{at(second)}|") for second in range(9)]
    memory = MessageIds()
    memory.in_order = True
    for second in (3, 4, 5, 7):
        memory.entries[names[second]] = at(second), "r", names[second]
    memory.forget_all()
    look = memory.where_to_look([names[6]], 0)
    assert look == names[6]
    memory.look(beside(set(names) - {names[6]}, look))
    asked = [second for second in range(9) if memory.may_miss(names[second])]
    assert asked == [0, 1, 2, 8]


def test_where_the_order_of_names_starts_anew_nothing_is_ahead() -> None:
    heard = at(0).replace(month=12, day=31)
    assert sorts_as(f"{heard + timedelta(days=1)}"[:19]) < sorts_as(f"{heard}"[:19])
    memory = MessageIds()
    names = [named_gid("a", f"{heard + timedelta(seconds=second)}|") for second in range(9)]
    for second, name in enumerate(names[:8]):
        memory.entries[name] = heard + timedelta(seconds=second), "r", name
        memory.trim(2)
    assert not memory.may_miss(names[8])
    assert [memory.may_miss(name) for name in names[:8]] == [True] * 6 + [False] * 2
