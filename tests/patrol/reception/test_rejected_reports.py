"""A report that cannot be taken costs no other: it is set aside, named, and answered."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from structlog.testing import capture_logs

import patrol.intake.commit
import patrol.watch.dispatch
from gis.position.position import Position
from patrol.maintenance.resubmit import retry
from patrol.store.engine import migrate as schema
from patrol.store.engine.engine import open_engine
from patrol.store.receptions import rejected as quarantine
from patrol.units.wire import Change
from radio_gateway.messages.transmission import Delivery, Signal, Transmission
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.uplink.boundary import overreach
from tests.fixtures.databases import sqlite_only
from tests.fixtures.patience import until
from tests.patrol.nodes.alerting import alerts, hear, only, tick, unit
from tests.patrol.nodes.running import Node, Viewer, address, at, reading, running, said

NEVER = "RAISE(ABORT, 'not this one')"
"""What SQLite calls a constraint."""

SOMEHOW = "json(new.text)"
"""A fault that SQLite has no name for: malformed JSON."""


def refuse(node: Node, when: str, what: str = NEVER, table: str = "transmissions") -> None:
    """Have the file refuse each row of `table` for which `when` is so."""
    with reading(node.file) as other:
        other.execute(
            f"CREATE TRIGGER {table}_never BEFORE INSERT ON {table} WHEN {when}"
            f" BEGIN SELECT {what}; END"
        )


def refuse_no_more(node: Node, table: str = "transmissions") -> None:
    with reading(node.file) as other:
        other.execute(f"DROP TRIGGER {table}_never")


def texts(node: Node) -> list[str]:
    return [row[0] for row in node.rows("SELECT text FROM transmissions ORDER BY time_us")]


@pytest.mark.parametrize("what", [NEVER, SOMEHOW])
async def test_the_others_are_stored_and_the_bad_one_is_quarantined_named_and_answered(
    node: Node, what: str
) -> None:
    refuse(node, "new.text = 'bad'", what)
    messages = [
        said("a", second, text="bad" if second == 7 else "good", lon=100.4 + second * 1e-4)
        for second in range(20)
    ]
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    with capture_logs() as logs:
        await node.hear(*messages)  # all are answered: it would only come again
    assert texts(node) == ["good"] * 19
    (row,) = node.rows("SELECT * FROM set_aside")
    bad = messages[7]
    assert (row["reception_id"], row["address"], row["raw"]) == (
        bad.reception_id,
        address(),
        bad.raw,
    )
    assert msgspec.json.decode(row["said"], type=Transmission) == bad
    (entry,) = [each for each in logs if each["log_level"] == "error"]
    assert entry["reception"] == bad.reception_id
    assert entry["fault"] == row["fault"]
    health = node.watch.picture.channels["store"]
    assert (health.state, health.errors) == ("open", {"set_aside": 1})
    assert health.fault == (
        f"could not take 1 report, set aside: {bad.reception_id} of {address()}: {row['fault']}"
    )
    await asyncio.sleep(0)
    changes = [each for each in await viewer.look() if isinstance(each, Change)]
    assert at(7) not in [fix.time for change in changes for fix in change.fixes]


async def test_what_could_not_be_stored_is_not_in_the_picture(node: Node) -> None:
    refuse(node, "new.text = 'bad'")
    await node.hear(
        said("a", 1, text="good"), said("a", 2, text="bad", lon=100.401), said("b", 3, text="bad")
    )
    async with node.watch.turn:
        pass
    last = node.state().last
    assert last is not None
    assert (last.lon, node.state().text) == (100.4, "good")
    assert set(node.states()) == {address("a")}


async def test_a_call_for_help_rings_even_if_its_report_cannot_be_stored(node: Node) -> None:
    refuse(node, "new.text = 'bad'")
    await node.hear(said("a", 1, text="bad", distress=True), said("b", 1))
    assert node.state().distress
    again = await node.again()
    assert again.state().distress


async def test_it_is_reported_after_a_restart_and_for_a_day(node: Node) -> None:
    refuse(node, "new.text = 'bad'")
    await node.hear(said("a", 1, text="bad"))
    await node.again()
    assert "1 report" in (node.watch.picture.channels["store"].fault or "")
    node.time = at(86_401)
    await until(lambda: not node.watch.picture.channels["store"].fault)
    await node.again()
    assert "store" not in node.watch.picture.channels
    assert len(node.rows("SELECT * FROM set_aside")) == 1


async def test_sent_again_it_is_tried_again_and_set_aside_once(node: Node) -> None:
    refuse(node, "new.text = 'bad'")
    message = said("a", 1, text="bad")
    await node.hear(message)
    await node.hear(message)
    assert len(node.rows("SELECT * FROM set_aside")) == 1
    refuse_no_more(node)
    await node.hear(message)
    assert texts(node) == ["bad"]


@pytest.mark.parametrize("window_s", [3.0, None])
async def test_the_reception_of_another_gateway_stands_in_its_place(
    node: Node, window_s: float | None
) -> None:
    own: dict[str, Any] = {"duplicate_key": "w", "duplicate_window_s": window_s}
    refuse(node, "new.channel = 'bad/ais'")
    refuse(node, "new.channel = 'bad/ais'", table="also_heard")
    await node.hear(
        said("a", 1, channel="bad/ais", **own),
        said("a", 1, heard=2, channel="hill/ais", **own),
        said("a", 1, heard=3, channel="pier/ais", **own),
    )
    assert [row[0] for row in node.rows("SELECT channel FROM transmissions")] == ["hill/ais"]
    assert [row[0] for row in node.rows("SELECT channel FROM also_heard")] == ["pier/ais"]
    assert [row[0] for row in node.rows("SELECT channel FROM set_aside")] == ["bad/ais"]
    await node.hear(said("a", 1, heard=3.5, channel="bad/ais", **own))
    assert len(node.rows("SELECT * FROM set_aside")) == 2
    assert len(node.rows("SELECT * FROM transmissions")) == 1


async def test_a_stored_message_that_cannot_be_read_stops_no_batch(node: Node) -> None:
    own: dict[str, Any] = {"duplicate_key": "w", "duplicate_window_s": 3.0}
    await node.hear(said("a", 2, channel="hill/ais", signal=Signal(snr_db=1.0), **own))
    with reading(node.file) as other:
        other.execute("UPDATE transmissions SET signal = 'no json'")
    await node.hear(said("a", 1, channel="pier/ais", **own), said("b", 3, text="good"))
    assert [row[0] for row in node.rows("SELECT channel FROM set_aside")] == ["pier/ais"]
    assert len(node.rows("SELECT * FROM transmissions")) == 2
    await node.hear(said("b", 4))  # it goes on


async def test_what_nothing_can_be_made_of_is_set_aside_as_it_came(node: Node) -> None:
    unheard_of: Any = {"not": "a position"}
    early: Any = "yesterday"
    loud: Any = object()
    own: dict[str, Any] = {"duplicate_key": "w", "duplicate_window_s": 3.0}
    with capture_logs() as logs:
        await node.hear(
            said("a", 1),
            said("b", 1, position=unheard_of, raw=b"\x01b"),
            said("c", 1, device_time=early, raw=b"\x02c"),
            said("d", 1, signal=loud, raw=b"\x03d", **own),
            said("d", 1, heard=2, **own),
            said("d", 1, heard=3, signal=loud, raw=b"\x04d", **own),
            said("e", 1, distress=True),
        )
    assert sorted(each["raw"] for each in logs) == ["0162", "0263", "0364", "0464"]
    answers = node.rows("SELECT raw FROM set_aside ORDER BY raw")
    assert [row[0] for row in answers] == [b"\x01b", b"\x02c", b"\x03d", b"\x04d"]
    rows = node.rows("SELECT address FROM transmissions ORDER BY address")
    assert [row[0] for row in rows] == [address("a"), address("d"), address("e")]
    assert node.state(address("e")).distress
    await node.hear(said("f", 2))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "wrong",
    [
        {"device_time": "yesterday"},
        {"position": {"not": "a position"}},
        {"signal": object()},
        {"duplicate_key": 9, "duplicate_window_s": None},
    ],
    ids=["device_time", "position", "signal", "key"],
)
async def test_a_call_for_help_that_nothing_can_be_made_of_rings(
    node: Node, wrong: dict[str, Any], known: bool
) -> None:
    boat = await unit(node) if known else address()
    await hear(node, said("a", 1, distress=True, **wrong), said("b", 1))
    assert len(node.rows("SELECT * FROM set_aside")) == 1
    alert = only(node)
    assert (alert.rule, alert.subject, alert.raised_at, alert.rings) == ("sos", boat, at(1), True)
    assert len(node.rows("SELECT * FROM transmissions")) == 1
    node = await node.again()
    assert node.state(boat).distress
    assert only(node) == alert
    node.time = at(60)
    await node.desk().registry.clear_distress(boat)
    await hear(node, said("a", 50, distress=True, **wrong))  # was called before that
    await tick(node, 61)
    assert alerts(node) == []
    await hear(node, said("a", 70, distress=True, **wrong))
    assert only(node).rings


async def test_a_man_down_that_is_set_aside_rings_as_that_and_what_calls_nobody_does_not(
    node: Node,
) -> None:
    loud: Any = object()
    await hear(node, said("a", 1, signal=loud), said("b", 1, signal=loud, status="man_down"))
    await tick(node, 2)
    assert (only(node).rule, only(node).subject) == ("man_down", address("b"))


async def test_a_call_that_was_cleared_and_is_set_aside_late_is_no_news_of_who_lies_still(
    node: Node,
) -> None:
    boat = await unit(node)
    await hear(node, said("a", 1, distress=True))
    node.time = at(60)
    await node.desk().registry.clear_distress(boat)
    await hear(node, said("a", 70, status="man_down"))
    await hear(node, said("a", 2, distress=True, signal=object()))
    await tick(node, 71)
    assert only(node).rule == "man_down"
    await hear(node, said("a", 72, distress=True, signal=object()))
    assert {each.rule for each in alerts(node)} == {"man_down", "sos"}


async def test_a_call_from_nowhere_on_earth_by_who_claims_an_address_rings(node: Node) -> None:
    boat = await node.boat("Boat 3")
    await node.desk("admin").registry.assign(
        address=address(), unit=boat, start=at(-100_000), channel="serial"
    )
    await hear(node, said("a", 1))
    nowhere = Position(lon=100.4, lat=float("inf"))
    await hear(node, said("a", 2, channel="pier/ais", position=nowhere, distress=True))
    assert node.rows("SELECT * FROM set_aside") == []
    assert "sos" in [each.rule for each in alerts(node)]
    [claim] = node.watch.picture.claims
    assert (claim.unit, claim.distance_m) == (boat, None)


async def test_what_cannot_even_be_set_aside_is_not_answered_until_it_can(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol.intake.commit, "RETRY_AFTER_AT_MOST_S", 0.05)
    refuse(node, "new.text = 'bad'")
    refuse(node, "1 = 1", table="set_aside")
    bad, good = node.offer(said("a", 1, text="bad"), said("a", 2, text="good"))
    await until(lambda: "store" in node.watch.picture.channels)
    assert [each.state for each in node.watch.picture.channels.values()] == ["down"]
    assert texts(node) == ["good"]
    assert not bad.is_set()
    assert not good.is_set()
    refuse_no_more(node, "set_aside")
    async with asyncio.timeout(5):
        await bad.wait()
        await good.wait()
    assert [each.state for each in node.watch.picture.channels.values()] == ["open"]


@sqlite_only
async def test_before_this_table_was_there_the_file_is_brought_up(tmp_path: Path) -> None:
    async with running(tmp_path / "p.db") as node:
        await node.hear(said("a", 1))
    engine = open_engine(f"sqlite:///{tmp_path / 'p.db'}")
    with engine.begin() as connection:
        command.downgrade(schema.alembic_config(connection), "0002")
    engine.dispose()
    async with running(tmp_path / "p.db") as node:
        await node.hear(said("a", 2))
        assert len(node.rows("SELECT * FROM transmissions")) == 2
        assert node.rows("SELECT * FROM set_aside") == []


async def test_steps_wait_for_a_failing_store_and_none_is_dropped_that_is_not_sent_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patrol.watch.dispatch, "MOST_PENDING", 3)
    dispatch = node.watch.dispatch
    stored: list[str] = []

    def tell(id: str, by: str = "") -> None:
        result = OrderResult(id=id, state="sent", at=node.time)
        dispatch.note_result(result, by=by, on_stored=lambda: stored.append(id))

    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        tell("0")
        await asyncio.sleep(0.1)  # its write is under way, and waits
        for number in range(1, 6):
            tell(str(number))
        tell("another's", by="pier")
        other.execute("ROLLBACK")
    await until(lambda: len(stored) >= 6)
    tell("another's", by="pier")
    await until(lambda: len(stored) >= 7)
    assert stored == ["0", "1", "2", "3", "4", "5", "another's"]


async def test_what_a_sender_may_not_say_is_set_aside_moves_nobody_and_rings_nothing(
    node: Node,
) -> None:
    boat = await node.boat()
    before = node.state(boat)
    plotted = said(boat, 1, protocol="voice", distress=True, channel="gw-1/pier")
    answered = asyncio.Event()
    node.inbox.offer([Delivery(plotted, answered.set, "not its to say")], can_wait=True)
    async with asyncio.timeout(10):
        await answered.wait()
    assert node.state(boat) == before
    assert node.rows("SELECT * FROM transmissions") == []
    (row,) = node.rows("SELECT * FROM set_aside")
    assert (row["channel"], row["fault"]) == ("gw-1/pier", "not its to say")
    assert msgspec.json.decode(row["said"], type=Transmission) == plotted
    assert alerts(node) == []
    assert node.watch.picture.channels["store"].errors == {"set_aside": 1}


async def test_what_a_gateway_may_say_is_taken_in_again_once_it_can_be(node: Node) -> None:
    refuse(node, "new.text = 'bad'")
    await node.hear(said("a", 1, text="bad", protocol="nmea0183", channel="gw/pier"))
    refuse_no_more(node)
    (quarantined_report,) = await node.store.read(quarantine.newest, 10)
    await retry(node.watch, quarantined_report, overreach=overreach)
    assert texts(node) == ["bad"]
    assert node.rows("SELECT * FROM set_aside") == []


async def test_a_place_that_is_no_number_loses_nothing_that_came_with_it(node: Node) -> None:
    node.watch.own_messages.of_feed("tak").place(lon=100.4, lat=20.27, addresses=(), mmsi=None)
    nowhere = Position(lon=float("nan"), lat=20.27)
    await hear(node, said("a", 1, position=nowhere), said("b", 1, text="good", distress=True))
    assert "good" in texts(node)
    assert [each.rule for each in alerts(node)] == ["sos"]
