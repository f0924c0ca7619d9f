"""What was heard when: found exactly, whatever came late, by indexes, and in a store migrated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, event

from patrol.reception.record import record_of
from patrol.store.engine import partitions
from patrol.store.engine.engine import is_postgres, open_engine
from patrol.store.engine.migrate import alembic_config, migrate
from patrol.store.engine.postgres import require
from patrol.store.receptions import heard_times, thinning
from patrol.store.receptions import insert as bulk
from patrol.store.schema.rows import Row, transmission_row
from patrol.store.schema.tables import to_us
from tests.fixtures import databases
from tests.fixtures.examples import examples
from tests.patrol.nodes.running import AGENCY, NODE, at, said

BOATS = ("a", "b", "c")


def row(device: str, told_s: float, heard_s: float, number: int) -> Row:
    message = said(device, told_s, heard=heard_s, reception_id=f"pier/boot/{number}")
    record = record_of(message, lambda each, _: each.address)
    record.agency = AGENCY
    return transmission_row(record, origin=NODE)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(databases.empty_store(tmp_path / "p.db"))
    yield made
    made.dispose()


heard = st.tuples(
    st.sampled_from(BOATS),
    st.integers(0, 90),  # when it was heard, seconds
    st.sampled_from([-100, -60, -11, -10, -9, -1, 0, 1, 9, 10, 11, 60, 100]),  # what it tells of
)


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(some=st.lists(heard, max_size=25), bound=st.integers(-5, 95), length=st.integers(0, 60))
def test_receptions_are_found_whatever_time_they_report(
    engine: Engine, some: Sequence[tuple[str, int, int]], bound: int, length: int
) -> None:
    rows = [row(boat, when + away, when, n) for n, (boat, when, away) in enumerate(some)]
    whens = [when for _, when, _ in some]

    def seconds(us: int | None) -> float | None:
        return None if us is None else (us - to_us(at(0))) / 1e6

    with engine.connect() as connection, connection.begin() as undone:
        bulk.put_transmissions(connection, rows)
        edge = to_us(at(bound))
        assert seconds(heard_times.last(connection)) == max(whens, default=None)
        assert seconds(heard_times.last(connection, edge)) == max(
            (each for each in whens if each < bound), default=None
        )
        assert seconds(heard_times.first(connection, edge)) == min(
            (each for each in whens if each >= bound), default=None
        )
        for boat in BOATS:
            end = edge + length * 1_000_000
            found = thinning.messages(connection, f"test:{boat}", edge, end)
            assert [seconds(each.heard_us) for each in found] == sorted(
                when for who, when, _ in some if who == boat and bound <= when < bound + length
            )
        undone.rollback()


def test_without_any_message_there_is_no_time(engine: Engine) -> None:
    with engine.connect() as connection:
        assert heard_times.last(connection) is None
        assert heard_times.first(connection, -heard_times.EVER) is None


def test_no_look_goes_through_all_messages(engine: Engine) -> None:
    plans: list[str] = []

    def plan(_c: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("BEGIN"):
            return
        explain = "EXPLAIN" if is_postgres(engine) else "EXPLAIN QUERY PLAN"
        cursor.execute(f"{explain} {statement}", parameters)
        plans.append("\n".join(str(each[-1]) for each in cursor.fetchall()))

    with engine.connect() as connection:
        if is_postgres(engine):
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        event.listen(connection, "before_cursor_execute", plan)
        heard_times.last(connection)
        heard_times.first(connection, 0)
        thinning.messages(connection, "test:a", to_us(at(0)), to_us(at(9)))
    assert len(plans) == 3
    for each in plans:
        lines = each.splitlines()
        assert not any("SCAN t" in line or "Seq Scan on transmissions" in line for line in lines)
        # late ones by the index of their own, prompt ones by the time they tell of
        assert any("by_heard" in line or "address_heard_us" in line for line in lines), each
        assert any("by_address" in line or "address_time_us" in line for line in lines), each


def test_a_store_of_an_older_schema_keeps_its_messages_and_finds_them(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    if databases.POSTGRES:
        url = databases.server().url(databases.server().create())
    engine = open_engine(url, new=True)
    now = at(0)
    rows = [row("a", n - (3600 if n % 3 else 0), n, n) for n in range(30)]
    with engine.begin() as connection:
        if is_postgres(engine):
            require(connection)
        command.upgrade(alembic_config(connection), "0013")
        partitions.make_ahead(connection, now)
        bulk.put_transmissions(connection, rows)
        before = _all(connection)
    migrate(engine)
    with engine.connect() as connection:
        assert _all(connection) == before
        assert len(before) == 30
        found = thinning.messages(connection, "test:a", to_us(at(5)), to_us(at(25)))
        assert [each.heard_us for each in found] == [to_us(at(n)) for n in range(5, 25)]
        assert heard_times.last(connection) == to_us(now + timedelta(seconds=29))
    with engine.begin() as connection:  # global ids are still unique
        bulk.put_transmissions(connection, [*rows, row("a", 40, 40, 40)])
        assert len(_all(connection)) == 31
    engine.dispose()


def _all(connection: Connection) -> list[tuple[Any, ...]]:
    query = "SELECT * FROM transmissions ORDER BY id"
    return [tuple(each) for each in connection.exec_driver_sql(query)]
