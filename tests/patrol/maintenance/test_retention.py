"""Retention: what is old is thinned in steps, and what somebody still needs stays whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import Connection, update
from structlog.testing import capture_logs

from patrol.alerts.alert import Alert
from patrol.documents.document import Document, new_id
from patrol.documents.transaction import Filing
from patrol.errors.errors import StoreError
from patrol.incidents.incident import Incident, parse_time
from patrol.maintenance.retention import Retention, due_for_removal, merged, needed
from patrol.maintenance.retention_policy import RetentionPolicy
from patrol.store.receptions import thinning
from patrol.store.receptions.thinning import DocumentSummary, RetentionCandidate
from patrol.store.schema.tables import documents, to_us
from patrol.targets.hand_off import HandOff, OwedMessage
from patrol.targets.target import Target
from tests.patrol.nodes.running import AGENCY, NODE, OTHER, Node, address, at, running, said

MINUTE, QUARTER = 60_000_000, 900_000_000
DAY_S = 86_400
POLICY = RetentionPolicy(
    raw=timedelta(days=40), minute=timedelta(days=100), quarter=timedelta(days=200)
)


def retention(
    node: Node,
    policy: RetentionPolicy | None = POLICY,
    *,
    steady: Callable[[], float] | None = None,
) -> Retention:
    """Return one that has run for days, or as long as `steady` says."""
    return Retention(
        node.store,
        policy,
        agency=AGENCY,
        node=NODE,
        now=lambda: node.time,
        steady=steady or count(0, DAY_S).__next__,
    )


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    async with running(tmp_path / "p.db") as started:
        yield started


def times(node: Node, device: str = "a") -> list[float]:
    rows = node.rows(
        "SELECT time_us FROM transmissions WHERE address = ? ORDER BY time_us", address(device)
    )
    return [(row[0] - to_us(at(0))) / 1e6 for row in rows]


async def ten_minutes(node: Node, device: str = "a", **more: Any) -> None:
    """A fix every ten seconds for ten minutes."""
    await node.hear(*[said(device, 10 * n, lon=100.4 + n * 1e-4, **more) for n in range(60)])


async def test_one_a_minute_stays_then_one_a_quarter_then_none(node: Node) -> None:
    await ten_minutes(node)
    node.time = at(40 * DAY_S)
    assert await retention(node).catch_up() == 0  # the day is not over 40 days ago
    node.time = at(41 * DAY_S)
    assert await retention(node).catch_up() == 50
    assert times(node) == [50 + 60 * n for n in range(10)]
    assert await retention(node).catch_up() == 0
    node.time = at(101 * DAY_S)
    assert await retention(node).catch_up() == 9
    assert times(node) == [590]
    node.time = at(201 * DAY_S)
    assert await retention(node).catch_up() == 1
    assert times(node) == []


async def test_without_a_policy_everything_stays(node: Node) -> None:
    await ten_minutes(node)
    node.time = at(5000 * DAY_S)
    assert await retention(node, None).catch_up() == 0
    assert await retention(node, RetentionPolicy(raw=timedelta(days=40))).catch_up() == 50
    node.time = at(9000 * DAY_S)
    assert await retention(node, RetentionPolicy(raw=timedelta(days=40))).catch_up() == 0


async def test_what_says_more_than_where_somebody_is_stays(node: Node) -> None:
    await node.hear(
        said("a", 1, text="ສະບາຍດີ"),
        said("a", 2, status="busy"),
        said("a", 4, lon=None, kind="static", text=None),
        *[said("a", 10 + n) for n in range(5)],
    )
    node.time = at(41 * DAY_S)
    assert await retention(node).catch_up() == 4
    assert times(node) == [1, 2, 4, 14]
    node.time = at(300 * DAY_S)
    await retention(node).catch_up()
    assert times(node) == []


async def test_about_a_call_for_help_everything_stays(node: Node) -> None:
    await ten_minutes(node)
    await ten_minutes(node, "b")
    await node.hear(said("a", 300, lon=None, distress=True))
    node.time = at(300 * DAY_S)
    assert await retention(node).catch_up() == 0


async def test_reports_of_a_held_unit_stay_until_the_hold_is_released(node: Node) -> None:
    await ten_minutes(node)
    await ten_minutes(node, "b")
    boat = await node.boat("Boat 1")
    await node.desk().registry.assign(address=address("a"), unit=boat)
    holds = node.desk("admin").legal_holds
    hold = await holds.place("unit", boat, reason="order of a court")
    node.time = at(300 * DAY_S)
    await retention(node).catch_up()
    assert (len(times(node)), times(node, "b")) == (60, [])
    whole = await holds.place("agency", AGENCY, reason="order of a court")
    await holds.release(hold.id, reason="the case is closed")
    await retention(node).catch_up()
    assert len(times(node)) == 60
    await holds.release(whole.id, reason="the case is closed")
    await retention(node).catch_up()
    assert times(node) == []


async def test_other_receivers_are_included_and_it_may_come_again(node: Node) -> None:
    message: dict[str, Any] = {"duplicate_key": "k", "duplicate_window_s": 30.0}
    await node.hear(said("a", 1, **message), said("a", 2))
    await node.hear(said("a", 1, channel="tower", **message))
    assert len(node.rows("SELECT * FROM also_heard")) == 1
    node.time = at(41 * DAY_S)
    assert await retention(node).catch_up() == 1
    assert node.rows("SELECT * FROM also_heard") == []
    assert times(node) == [2]


async def test_steps_are_short_and_the_watch_goes_on_between_them(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "AT_ONCE", 7)
    await ten_minutes(node)
    sizes: list[int] = []
    write = node.store.write

    async def counted(query: Any, *args: Any, **more: Any) -> Any:
        if query is thinning.take_out:
            sizes.append(len(args[0]))
            await node.hear(said("b", len(sizes), heard=41 * DAY_S))
        return await write(query, *args, **more)

    monkeypatch.setattr(node.store, "write", counted)
    node.time = at(41 * DAY_S)
    assert await retention(node).catch_up() == 50
    assert sizes == [7] * 7 + [1]
    assert len(times(node, "b")) == 8


async def test_it_goes_on_where_it_was_cut_off(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    await ten_minutes(node)
    await ten_minutes(node, "b")
    node.time = at(41 * DAY_S)
    write = node.store.write

    async def cut(query: Any, *args: Any, **more: Any) -> Any:
        if query is thinning.put_mark and args[0] == "minute":
            raise KeyboardInterrupt
        return await write(query, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(node.store, "write", cut)
        with pytest.raises(KeyboardInterrupt):
            await retention(node).catch_up()
    assert await retention(node).catch_up() == 0  # all was done but the mark
    assert len(times(node)) == len(times(node, "b")) == 10


async def test_late_reports_are_thinned_with_the_day_they_came(node: Node) -> None:
    await node.hear(*[said("a", n, heard=20 * DAY_S + n) for n in range(0, 120, 10)])
    node.time = at(41 * DAY_S)
    assert await retention(node).catch_up() == 0
    node.time = at(61 * DAY_S)
    assert await retention(node).catch_up() == 10
    assert times(node) == [50, 110]


async def test_a_picture_that_starts_on_thinned_records_is_the_same(node: Node) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(address=address("a"), unit=boat, start=at(-1))
    await ten_minutes(node)
    before = node.states()[boat].last
    node.time = at(41 * DAY_S)
    await retention(node).catch_up()
    after = (await node.again()).states()[boat].last
    assert before is not None
    assert after is not None
    assert (after.lon, after.time) == (before.lon, before.time)


# -- a clock that is wrong


async def test_a_clock_that_leaps_ahead_while_it_runs_makes_nothing_old(node: Node) -> None:
    await ten_minutes(node)
    node.time = at(600)
    passed = [0.0]
    running_ = retention(node, steady=lambda: passed[0])
    node.time, passed[0] = at(800 * DAY_S), 3 * DAY_S
    assert await running_.catch_up() == 0
    assert len(times(node)) == 60
    passed[0] = 41 * DAY_S  # so long it truly was
    assert await running_.catch_up() == 50


async def test_a_clock_that_is_far_ahead_at_the_start_has_to_run_for_a_day(node: Node) -> None:
    await ten_minutes(node)
    node.time = at(41 * DAY_S)
    passed = [0.0]
    running_ = retention(node, steady=lambda: passed[0])
    with capture_logs() as logs:
        assert await running_.catch_up() == 0
    assert [each["log_level"] for each in logs] == ["warning"]
    assert "nothing is thinned" in logs[0]["event"]
    await node.hear(said("b", 41 * DAY_S, device_time=None))  # heard by the same clock
    assert await running_.catch_up() == 0
    passed[0] = DAY_S
    assert await running_.catch_up() == 50


async def test_a_clock_that_a_device_agrees_with_is_believed_at_once(node: Node) -> None:
    await ten_minutes(node)
    node.time = at(41 * DAY_S)
    running_ = retention(node, steady=lambda: 0.0)
    assert await running_.catch_up() == 0
    await node.hear(said("b", 41 * DAY_S))
    assert await running_.catch_up() == 50


async def test_what_was_stored_under_a_wrong_clock_does_not_speak_for_it(node: Node) -> None:
    await ten_minutes(node)
    node.time = at(600)
    assert await retention(node, steady=lambda: 0.0).catch_up() == 0  # it is believed
    node.time = at(800 * DAY_S)
    await node.hear(said("b", 800 * DAY_S, device_time=None))
    node.time = at(800 * DAY_S + 60)
    assert await retention(node, steady=lambda: 0.0).catch_up() == 0
    assert len(times(node)) == 60


# -- what is needed


async def test_while_a_document_cannot_be_read_nothing_goes(node: Node) -> None:
    await ten_minutes(node)
    await filed(node, document("target"))

    def damage(connection: Connection) -> None:
        connection.execute(update(documents).values(body=b"{"))

    await node.store.write(damage)
    node.time = at(41 * DAY_S)
    with pytest.raises(StoreError, match="a paper cannot be read, nothing is thinned"):
        await retention(node).catch_up()
    assert len(times(node)) == 60


async def test_a_fault_that_nobody_thought_of_does_not_end_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patrol.maintenance.retention.EVERY", timedelta(milliseconds=1))
    thinner, again, looks = retention(node), asyncio.Event(), list[int]()

    async def catch_up() -> int:
        looks.append(1)
        if len(looks) == 1:
            raise ValueError("a fault")
        again.set()
        return 0

    monkeypatch.setattr(thinner, "catch_up", catch_up)
    task = asyncio.create_task(thinner.run())
    async with asyncio.timeout(5.0):
        await again.wait()
    task.cancel()


async def filed(node: Node, document: Document) -> None:
    await node.watch.document_service.file(
        lambda _b, _n: Filing(documents=(document,), act="x", actor="y")
    )


async def test_about_an_incident_everything_stays_for_good(node: Node) -> None:
    await ten_minutes(node)
    await ten_minutes(node, "b", heard=None)
    await node.hear(*[said("a", 7200 + n) for n in range(0, 60, 10)])
    await filed(
        node,
        Incident(
            id=new_id(),
            agency=AGENCY,
            at=at(600),
            category="drugs",
            happened_at=at(300),
            precision="minute",
        ),
    )
    node.time = at(300 * DAY_S)
    await retention(node, RetentionPolicy(raw=POLICY.raw, minute=POLICY.minute)).catch_up()
    assert len([each for each in times(node) if each < 3600]) == 60
    assert len(times(node, "b")) == 60


def document(kind: str, **more: Any) -> Document:
    given: dict[str, Any] = {"id": new_id(), "agency": AGENCY, "at": at(0)}
    if kind == "alert":
        values = {"rule": "silent", "subject": "u1|u2", "severity": "low", "raised_at": at(0)}
        return Alert(**(given | values | more))
    return Target(**(given | {"case": "c", "what": "vessel", "name": "n"} | more))


def told(document: Document, *, first: float, last: float, closed: bool = True) -> DocumentSummary:
    return DocumentSummary(document, to_us(at(first)), to_us(at(last)), closed)


async def test_voice_reports_of_the_unit_of_an_alert_stay(node: Node) -> None:
    boat, other = await node.boat("Boat 1"), await node.boat("Boat 2")
    desk = node.desk()
    for second in range(0, 60, 10):
        node.time = at(second)
        for unit in (boat, other):
            await desk.registry.plot(unit, lon=100.4, lat=20.27)
    await filed(node, document("alert", unit=boat, state="resolved"))
    node.time = at(41 * DAY_S)
    await retention(node).catch_up()
    kept = {
        unit: node.rows("SELECT id FROM transmissions WHERE address = ?", f"voice:{unit}")
        for unit in (boat, other)
    }
    assert (len(kept[boat]), len(kept[other])) == (6, 1)


HOUR = timedelta(hours=1)


def window(first: float, last: float) -> tuple[int, int]:
    return to_us(at(first) - HOUR), to_us(at(last) + HOUR)


def test_an_alert_keeps_the_reports_of_its_units_and_a_call_for_help_those_of_all() -> None:
    silent = document("alert", raised_at=at(-500), unit="u1")
    found = needed([told(silent, first=0, last=900)], HOUR)
    assert found.all == []
    assert found.windows(["u2"]) == found.windows(["x", "u1"]) == [window(-500, 900)]
    assert found.windows(["x"]) == []
    found = needed([told(document("alert", severity="sos"), first=0, last=900)], HOUR)
    assert found.windows(["x"]) == [window(0, 900)]


def test_what_nobody_closes_keeps_no_more_than_its_time() -> None:
    open_ = told(document("target"), first=0, last=900, closed=False)
    assert needed([open_], HOUR).all == [window(0, 900)]


def test_of_an_incident_the_whole_local_day_is_stored() -> None:
    noon = datetime.fromisoformat("2026-11-24T12:00:00+07:00")
    day, precision = parse_time("2026-11-24")
    made = Incident(
        id=new_id(), agency=AGENCY, at=noon, category="drugs", happened_at=day, precision=precision
    )
    logged = DocumentSummary(made, first_us=to_us(noon), last_us=to_us(noon), closed=True)
    ((start, end),) = needed([logged], HOUR).all
    for text in ("2026-11-24T00:00:00+07:00", "2026-11-24T23:59:59+07:00"):
        assert start <= to_us(datetime.fromisoformat(text)) < end, text


def test_an_alert_that_is_open_keeps_what_its_unit_says_until_now() -> None:
    open_ = told(document("alert", unit="u1"), first=0, last=900, closed=False)
    ((start, end),) = needed([open_], HOUR).windows(["u1"])
    assert start == window(0, 0)[0]
    assert end > to_us(datetime.max.replace(tzinfo=at(0).tzinfo))


def test_a_hand_off_still_to_be_sent_to_the_other_node_keeps_everything_until_now() -> None:
    made = HandOff(
        id=new_id(),
        agency=AGENCY,
        at=at(0),
        case="c",
        target="t",
        to_agency=OTHER,
        term=1,
        offered_at=at(0),
        lapses_at=at(600),
        state="lapsed",
        owed_messages=(OwedMessage(what="lapse", term=1),),
    )
    for each in (made, replace(made, owed_messages=())):
        found = needed([told(each, first=0, last=900, closed=each.is_closed)], HOUR)
        until_now = found.all[0][1] > to_us(datetime.max.replace(tzinfo=at(0).tzinfo))
        assert until_now is bool(each.owed_messages)


spans = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(lambda each: (*sorted(each),))


@given(st.lists(spans, max_size=8))
def test_merged_windows_hold_the_same_moments(windows: list[tuple[int, int]]) -> None:
    found = merged(windows)
    assert found == sorted(found)
    assert all(first[1] < second[0] for first, second in pairwise(found))
    for moment in range(101):
        inside = any(start <= moment < end for start, end in windows)
        assert any(start <= moment < end for start, end in found) is inside


messages = st.lists(
    st.builds(
        RetentionCandidate,
        id=st.integers(1, 10_000),
        gid=st.binary(min_size=2, max_size=2),
        time_us=st.integers(-5 * MINUTE, 40 * MINUTE),
        heard_us=st.just(0),
        usable=st.integers(0, 1),
        bare=st.booleans(),
    ),
    unique_by=lambda each: each.id,
    max_size=30,
)


@given(messages, st.sampled_from([MINUTE, QUARTER, None]), st.lists(spans, max_size=3))
def test_of_each_part_one_stays_and_nothing_in_a_window_goes(
    given_: list[RetentionCandidate], part_us: int | None, windows: list[tuple[int, int]]
) -> None:
    kept_windows = merged((start * MINUTE, end * MINUTE) for start, end in windows)
    going = due_for_removal(given_, kept_windows, part_us)
    gone = {each.id for each in going}
    assert not any(s <= each.time_us < e for each in going for s, e in kept_windows)
    if part_us is None:
        return
    assert all(each.bare for each in going)
    parts = {(each.usable, each.time_us // part_us) for each in given_ if each.bare}
    left = [each for each in given_ if each.bare and each.id not in gone]
    assert {(each.usable, each.time_us // part_us) for each in left} == parts
    assert (
        due_for_removal([each for each in given_ if each.id not in gone], kept_windows, part_us)
        == []
    )
