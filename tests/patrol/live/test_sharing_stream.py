"""What crosses on the live stream, and how it ends: at once, also for who does not look."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

import patrol.live.feeds
import patrol.live.publisher
from patrol.agreements.lifecycle import Backfill
from patrol.alerts.alert import Alert
from patrol.documents.document import new_id
from patrol.errors.errors import NotFound, StoreError
from patrol.live.feeds import MixedFrame
from patrol.live.fix_table import fix_table, without_tables
from patrol.patrols.patrol import CheckIn, Patrol
from patrol.sharing.precision import snapped
from patrol.units.wire import Beat, Change, Snapshot
from tests.patrol.nodes.agreements import active, box, file, joint, night, share
from tests.patrol.nodes.running import AGENCY, OTHER, Node, Viewer, address, at, said

HOUR = 3600


class Watcher(Viewer):
    """Somebody who applies fixes and documents, too."""

    documents: dict[str, Any]
    fixes: list[Any]

    async def look(self, timeout_s: float = 0.05) -> list[Change | Snapshot]:
        """Apply what waits; documents stay undecoded."""
        news = []
        self.documents = getattr(self, "documents", {})
        self.fixes = getattr(self, "fixes", [])
        for frame in await self.subscription.take(timeout_s):
            self.frames.append(frame)
            answer = msgspec.json.decode(without_tables(frame))
            documents = answer.pop("papers", [])
            found: Any = msgspec.convert(answer, Change | Snapshot | Beat)
            if isinstance(found, Snapshot):
                self.units = {unit.id: unit for unit in found.units}
                self.documents = {}
            elif isinstance(found, Change):
                for unit in found.units:
                    self.units[unit.id] = unit
                for fix in found.fixes:
                    self.fixes.append(fix)
                    if fix.live and fix.of in self.units:
                        self.units[fix.of] = msgspec.structs.replace(self.units[fix.of], last=fix)
                for gone in found.forget:
                    self.units.pop(gone, None)
                    self.documents.pop(gone, None)
            else:
                continue
            self.documents |= {each["id"]: each for each in documents}
            self.seqs.append(found.seq)
            news.append(found)
        return news


async def two(node: Node) -> tuple[str, str]:
    """Register a boat of each agency; the radio `a` is ours, `b` theirs."""
    mine, theirs = await node.boat("Boat 3"), await node.boat("Naga 9", OTHER)
    for device, unit, agency in (("a", mine, AGENCY), ("b", theirs, OTHER)):
        desk = node.desk("admin", agency)
        await desk.registry.assign(address=address(device), unit=unit, start=at(-HOUR))
    await node.hear(said("a", 1, lon=100.41), said("b", 1, lon=100.43))
    return mine, theirs


async def watcher(node: Node, agency: str = AGENCY, role: Any = "commander") -> Watcher:
    found = Watcher(node.desk(role, agency).visible.subscribe())
    await found.look()
    return found


def lon_of(watching: Watcher, id: str) -> float | None:
    last = watching.units[id].last
    return None if last is None else last.lon


def tick(node: Node, second: float) -> None:
    node.time = at(second)
    node.watch.live.publish()


async def test_units_of_the_other_come_with_the_agreement_and_go_with_it(node: Node) -> None:
    mine, theirs = await two(node)
    node.time = at(10)
    watching = await watcher(node)
    agreement = await share(node)
    await watching.look()
    assert set(watching.units) == {mine}, "what was before the agreement does not cross"
    node.time = at(20)
    await node.hear(said("b", 20, lon=100.44), said("a", 20, lon=100.42))
    await watching.look()
    assert set(watching.units) == {mine, theirs}
    state = watching.units[theirs]
    assert (state.call_sign, state.agency, state.addresses) == ("Naga 9", OTHER, ())
    assert state.last is not None
    assert state.last.lon == 100.44
    late = await watcher(node)
    assert late.units[theirs] == state
    assert set(late.units) == {mine, theirs}
    node.time = at(30)
    await node.desk("liaison", OTHER, "malee").agreements.suspend(agreement.id, reason="by order")
    node.time = at(31)
    await node.hear(said("b", 31, lon=100.4405), said("a", 31, lon=100.4205))
    await watching.look()
    assert set(watching.units) == {mine}
    assert lon_of(watching, mine) == 100.4205
    (notice,) = watching.documents.values()
    (word,) = [each for each in notice["consents"] if not each["given"]]
    assert (word["agency"], word["reason"], word["at"]) == (
        OTHER, "by order", "2026-11-24T12:00:30Z",
    )  # fmt: skip
    assert "malee" not in str(notice)
    assert set((await watcher(node)).units) == {mine}


async def test_a_stalled_viewer_gets_nothing_of_the_other_after_the_suspension(
    node: Node,
) -> None:
    mine, theirs = await two(node)
    agreement = await share(node)
    stalled = node.desk().visible.subscribe()
    quick = await watcher(node)
    for second in range(2, 40):
        node.time = at(second)
        await node.hear(said("a", second), said("b", second, lon=100.43))
        await quick.look()
    assert sum(theirs.encode() in frame for frame in quick.frames) == 38 + (
        theirs.encode() in quick.frames[0]
    )
    node.time = at(40)
    await node.desk("commander", AGENCY).agreements.suspend(agreement.id, reason="a row")
    await node.hear(said("a", 41), said("b", 41))
    frames = await stalled.take(1)
    answers = [msgspec.json.decode(without_tables(frame)) for frame in frames]
    assert [each["type"] for each in answers] == ["snapshot"] + ["change"] * (len(answers) - 1)
    first = answers[0]["seq"]
    assert [each["seq"] for each in answers] == list(range(first, first + len(answers)))
    own = [fix["of"] for each in answers for fix in each.get("fixes", [])]
    assert own == [mine] * 39, "nothing of one's own is missing"
    for each in answers:
        assert not [unit for unit in each.get("units", []) if unit["agency"] != AGENCY]
    holding = [frame for frame in frames if theirs.encode() in frame]
    (last,) = holding
    assert msgspec.json.decode(last)["forget"] == [theirs]


async def test_what_was_taken_and_not_yet_sent_is_replaced(node: Node) -> None:
    _, theirs = await two(node)
    agreement = await share(node)
    sending = node.desk().visible.subscribe()
    for second in range(2, 6):
        node.time = at(second)
        await node.hear(said("b", second), said("a", second))
    frames = await sending.take(1)
    assert sum(theirs.encode() in frame for frame in frames) >= 4
    await node.desk("liaison").agreements.suspend(agreement.id, reason="a row")
    assert not any(theirs.encode() in frame for frame in frames)
    assert msgspec.json.decode(frames[0])["type"] == "snapshot"


async def test_a_client_that_reconnects_is_not_sent_its_old_queue(node: Node) -> None:
    mine, theirs = await two(node)
    agreement = await share(node)
    first = await watcher(node)
    stream = node.watch.live.publisher.feed(node.desk().policy).stream
    first.subscription.close()
    for second in range(2, 6):
        node.time = at(second)
        await node.hear(said("b", second), said("a", second))
    await node.desk("liaison").agreements.suspend(agreement.id, reason="a row")
    back = Watcher(node.desk().visible.subscribe(stream=stream, since=first.seqs[-1]))
    back.units = first.units
    await back.look()
    assert set(back.units) == {mine}
    assert back.seqs == list(range(first.seqs[-1] + 1, first.seqs[-1] + 1 + len(back.seqs)))
    assert [fix.of for fix in back.fixes] == [mine] * 4
    assert theirs not in {fix.of for fix in back.fixes}


async def test_after_resumption_nothing_of_the_gap_crosses(node: Node) -> None:
    mine, theirs = await two(node)
    agreement = await share(node)
    node.time = at(10)
    other = node.desk("liaison", OTHER)
    await other.agreements.suspend(agreement.id, reason="a row")
    node.time = at(20)
    await node.hear(said("b", 20, lon=100.4301), said("a", 20))
    watching = await watcher(node)
    node.time = at(30)
    await other.agreements.resume(agreement.id)
    await watching.look()
    assert set(watching.units) == {mine}, "its last position is of the gap"
    node.time = at(40)
    await node.hear(said("b", 25, lon=100.43), said("b", 40, lon=100.43))
    await watching.look()
    assert [fix.time for fix in watching.fixes if fix.of == theirs] == [at(40)]
    track = await node.desk().visible.track(theirs, start=at(0), end=at(100))
    assert [fix.time for fix in track] == [at(1), at(40)]


async def test_backfill_crosses_exactly_what_was_consented(node: Node) -> None:
    _, theirs = await two(node)
    agreement = await share(node)
    node.time = at(10)
    other = node.desk("liaison", OTHER)
    await other.agreements.suspend(agreement.id, reason="a row")
    for second in range(12, 60, 4):
        node.time = at(second)
        await node.hear(said("b", second), said("a", second))
    node.time = at(60)
    await other.agreements.resume(
        agreement.id, backfill=Backfill(start=at(20), end=at(32), classes=("tracks",))
    )
    track = await node.desk().visible.track(theirs, start=at(0), end=at(100))
    assert [fix.time for fix in track] == [at(second) for second in (1, 20, 24, 28)]
    ours = await node.desk(agency=OTHER).visible.track(
        next(iter(node.watch.picture.units)), start=at(0), end=at(100)
    )
    assert [fix.time for fix in ours] == [at(1)], "ours was consented to by nobody"


async def test_positions_are_as_coarse_as_agreed_on_the_stream(node: Node) -> None:
    _, theirs = await two(node)
    await share(node, precision_m=1000.0)
    watching = await watcher(node)
    for second, lon in ((10, 100.41231), (20, 100.41232)):
        node.time = at(second)
        await node.hear(said("b", second, lon=lon, lat=20.27214))
    await watching.look()
    middle = snapped(100.41231, 20.27214, 1000.0)
    last = watching.units[theirs].last
    assert last is not None
    assert (last.lon, last.lat, last.accuracy_m) == (*middle, 1000.0)
    assert not any(b"100.4123" in frame for frame in watching.frames)


async def test_what_is_delayed_is_let_go_by_time(node: Node) -> None:
    _, theirs = await two(node)
    await share(node, delay_s=600.0)
    watching = await watcher(node)
    node.time = at(10)
    await node.hear(said("b", 10, lon=100.4301))
    node.time = at(20)
    await node.hear(said("b", 20, lon=100.4302))
    for second in (21, 300, 609):
        tick(node, second)
        await watching.look(0.01)
        state = watching.units.get(theirs)
        assert state is None or (state.last is not None and state.last.time == at(1))
        assert not any(b"100.4301" in frame for frame in watching.frames)
    tick(node, 610)
    await watching.look()
    assert lon_of(watching, theirs) == 100.4301
    assert not any(b"100.4302" in frame for frame in watching.frames)
    assert not any(b"100.4302" in frame for frame in (await watcher(node)).frames)
    tick(node, 620)
    await watching.look()
    assert lon_of(watching, theirs) == 100.4302


async def test_units_leave_the_screen_when_the_hours_are_over(node: Node) -> None:
    mine, theirs = await two(node)  # 19:00 in Vientiane
    await share(node, hours=night())
    watching = await watcher(node)
    node.time = at(10)
    await node.hear(said("b", 10))
    await watching.look()
    assert set(watching.units) == {mine}
    node.time = at(HOUR + 10)
    await node.hear(said("b", HOUR + 10), said("a", HOUR + 10))
    await watching.look()
    assert set(watching.units) == {mine, theirs}
    epoch = node.desk().visible.epoch
    node.time = at(9 * HOUR)
    assert theirs not in {each.id for each in node.desk().visible.units()}, (
        "before anybody was told"
    )
    tick(node, 9 * HOUR)
    assert node.desk().visible.epoch == epoch + 1
    await watching.look()
    assert set(watching.units) == {mine}
    assert [each.id for each in node.desk().visible.units()] == [mine]
    track = await node.desk().visible.track(theirs, start=at(0), end=at(10 * HOUR))
    assert [fix.time for fix in track] == [at(HOUR + 10)]


async def test_a_viewer_that_connects_as_the_hours_end_is_sent_no_unit_before_the_others(
    node: Node,
) -> None:
    mine, theirs = await two(node)
    await share(node, hours=night())
    node.time = at(HOUR + 10)
    await node.hear(said("b", HOUR + 10), said("a", HOUR + 10))
    node.time = at(9 * HOUR - 0.5)
    first = await watcher(node)
    assert set(first.units) == {mine, theirs}
    node.time = at(9 * HOUR - 0.3)
    await node.hear(said("b", 9 * HOUR - 0.3, lon=100.44))
    node.time = at(9 * HOUR)
    assert set((await watcher(node)).units) == {mine}, "the picture of this second was made before"
    feed = node.desk().visible.feed()
    back = feed.subscribe(stream=feed.stream, since=feed.seq - 1)
    assert not any(theirs.encode() in frame for frame in await back.take(0.05)), "nor who goes on"
    for _ in range(patrol.live.feeds.BACKLOG + 1):
        first.subscription.push(b"")
    await first.look()
    assert set(first.units) == {mine}, "nor does who begins anew"


async def test_units_are_seen_only_while_the_joint_patrol_is_under_way(node: Node) -> None:
    mine, theirs = await two(node)
    more = await node.boat("Naga 10", OTHER)
    await node.desk("admin", OTHER).registry.assign(
        address=address("c"), unit=more, start=at(-HOUR)
    )
    await share(node, only_joint_patrols=True, classes=("positions", "tracks"))
    watching = await watcher(node)
    await file(node, joint((OTHER, theirs), (AGENCY, mine), started=None))
    node.time = at(10)
    await node.hear(said("b", 10), said("c", 10))
    await watching.look()
    assert set(watching.units) == {mine}
    node.time = at(20)
    await file(node, joint((OTHER, theirs), (AGENCY, mine), started=at(20)))
    await node.hear(said("b", 25), said("c", 25))
    await watching.look()
    assert set(watching.units) == {mine, theirs}
    node.time = at(30)
    over = joint((OTHER, theirs), (AGENCY, mine), started=at(20), state="ended", ended_at=at(30))
    await file(node, over)
    await watching.look()
    assert set(watching.units) == {mine}


async def test_a_unit_that_leaves_the_corridor_leaves_the_screen(node: Node) -> None:
    mine, theirs = await two(node)
    await file(node, active(at(0), corridor=box(100.42, 20.0, 100.5, 21.0)))
    watching = await watcher(node)
    assert set(watching.units) == {mine, theirs}
    node.time = at(100)
    await node.hear(said("b", 100, lon=100.419))
    await watching.look()
    assert set(watching.units) == {mine}
    assert not any(b"100.419" in frame for frame in watching.frames)
    node.time = at(200)
    await node.hear(said("b", 200, lon=100.421))
    await watching.look()
    assert set(watching.units) == {mine, theirs}


async def test_radios_that_nobody_registered_never_cross(node: Node) -> None:
    await two(node)
    await share(node)
    watching = await watcher(node, OTHER, "admin")
    node.time = at(10)
    await node.hear(said("x", 10), said("y", 10, distress=True))
    await watching.look()
    assert not any(b"test:x" in frame for frame in watching.frames)
    assert not [id for id in watching.units if id.startswith("test:")]
    assert await node.desk("admin", OTHER).visible.unknown_radios() == []


async def test_third_agencies_learn_nothing(node: Node) -> None:
    _, theirs = await two(node)
    third = await watcher(node, "mm-tl")
    await share(node)
    node.time = at(10)
    await node.hear(said("b", 10), said("a", 10))
    await third.look()
    assert third.units == {}
    assert not any(theirs.encode() in frame or b"agreement" in frame for frame in third.frames)


async def test_what_crosses_is_encoded_once_for_all_who_see_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, theirs = await two(node)
    await share(node)
    watching = [await watcher(node, role=role) for role in ("commander", "planner", "liaison")]
    encoded: list[float] = []

    def counted(fixes: Any, now: Any) -> Any:
        encoded.extend(fix.lon for fix in fixes)
        return fix_table(fixes, now)

    monkeypatch.setattr(patrol.live.publisher, "AT_LEAST", 1)  # few positions as a table, too
    monkeypatch.setattr(patrol.live.publisher, "fix_table", counted)
    node.time = at(10)
    await node.hear(said("b", 10, lon=100.44))
    for each in watching:
        await each.look()
        assert theirs in each.units
    # once for the owner's own viewers, once for all of the other's
    assert encoded.count(100.44) == 2


async def test_without_an_agreement_no_frame_is_made_twice(node: Node) -> None:
    await two(node)
    subscription = node.desk().visible.subscribe()
    for second in range(2, 9):
        await node.hear(said("a", second), said("b", second))
    assert not any(isinstance(frame, MixedFrame) for frame in await subscription.take(1))


async def test_other_agencies_frames_are_not_touched_by_an_epoch(node: Node) -> None:
    await two(node)
    third = node.desk(agency="mm-tl")
    before = third.visible.epoch
    agreement = await share(node)
    assert node.desk().visible.epoch > 0
    await node.desk("liaison").agreements.suspend(agreement.id, reason="x")
    assert third.visible.epoch == before


async def test_a_suspension_that_the_store_refuses_holds_all_the_same(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = await two(node)
    agreement = await share(node)
    watching = await watcher(node)
    assert set(watching.units) == {mine, theirs}
    desk = node.desk("liaison")

    async def refuses(*_: Any, **__: Any) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as full:
        full.setattr(node.store, "write", refuses)
        with pytest.raises(StoreError):
            await desk.agreements.suspend(agreement.id, reason="now")
        with pytest.raises(NotFound):
            await node.desk("liaison", "mm-tl").agreements.suspend(agreement.id, reason="x")
        await watching.look()
        assert set(watching.units) == {mine}
        assert [each.id for each in desk.visible.units()] == [mine]
        with pytest.raises(NotFound):
            await desk.visible.track(theirs, start=at(0), end=at(9))
    kept = await desk.agreements.suspend(agreement.id, reason="now")
    assert kept.state == "suspended"
    assert (await desk.agreements.resume(agreement.id)).state == "active"
    await watching.look()
    assert set(watching.units) == {mine, theirs}


async def test_a_restart_changes_nothing_of_what_crosses(node: Node) -> None:
    mine, theirs = await two(node)
    agreement = await share(node)
    node.time = at(10)
    before = {each.id: each for each in node.desk().visible.units()}
    assert set(before) == {mine, theirs}
    await node.again()
    after = {each.id: each for each in node.desk().visible.units()}
    assert after[theirs].last == before[theirs].last
    assert set((await watcher(node)).units) == {mine, theirs}
    await node.desk("liaison", OTHER).agreements.suspend(agreement.id, reason="a row")
    await node.again()
    assert set((await watcher(node)).units) == {mine}
    assert [each.id for each in node.desk().visible.units()] == [mine]
    with pytest.raises(NotFound):
        await node.desk().visible.track(theirs, start=at(0), end=at(100))


# -- documents


def alert(second: float, agency: str = OTHER, **more: Any) -> Alert:
    return Alert(
        id=new_id(), rule="no_go", subject=f"u{second}", agency=agency, severity="high",
        raised_at=at(second), at=at(second), origin="n", **more,
    )  # fmt: skip


async def test_documents_of_the_other_come_and_go_with_the_agreement(node: Node) -> None:
    await two(node)
    agreement = await share(node)
    watching = await watcher(node)
    node.time = at(10)
    theirs = alert(10, lon=100.4, lat=20.2, facts={"informant": "x"})
    await file(node, theirs)
    await watching.look()
    assert watching.documents[theirs.id]["lon"] == 100.4
    assert "facts" not in watching.documents[theirs.id]
    assert theirs.id in (await watcher(node)).documents
    node.time = at(15)
    await node.desk("liaison").agreements.suspend(agreement.id, reason="a row")
    await watching.look()
    assert set(watching.documents) == {agreement.id}
    assert set((await watcher(node)).documents) == {agreement.id}
    node.time = at(20)
    await file(node, alert(20))
    await watching.look()
    assert set(watching.documents) == {agreement.id}
    node.time = at(30)
    await node.desk("liaison").agreements.resume(agreement.id)
    await watching.look()
    assert set(watching.documents) == {agreement.id, theirs.id}, "that of the gap stays away"


async def test_delayed_documents_wait_like_positions(node: Node) -> None:
    await two(node)
    await share(node, delay_s=600.0)
    watching = await watcher(node)
    node.time = at(10)
    theirs = alert(10)
    await file(node, theirs)
    tick(node, 300)
    await watching.look()
    assert theirs.id not in watching.documents
    tick(node, 610)
    await watching.look()
    assert theirs.id in watching.documents


async def test_of_a_joint_patrol_only_ones_own_part_is_left(node: Node) -> None:
    mine, theirs = await two(node)
    agreement = await share(node)
    plan = joint((OTHER, theirs), (AGENCY, mine), started=at(0))
    watching = await watcher(node)
    stalled = node.desk().visible.subscribe()
    await file(node, plan)
    await watching.look()
    assert theirs in str(watching.documents[plan.id])
    await node.desk("liaison", OTHER).agreements.suspend(agreement.id, reason="a row")
    await watching.look()
    assert theirs not in str(watching.documents[plan.id])
    assert mine in str(watching.documents[plan.id])
    answers = [msgspec.json.decode(frame) for frame in await stalled.take(1)]
    patrols = [
        document
        for each in answers
        for document in each.get("papers", [])
        if document["kind"] == "patrol"
    ]
    assert patrols
    assert theirs not in str(patrols)
    patrol = node.desk().policy.document(
        node.watch.document_service.open_documents.get(Patrol, plan.id)
    )
    assert patrol is not None
    assert {member.unit for member in patrol.members} == {mine}
    await node.desk("liaison", OTHER).agreements.end(agreement.id, reason="for good")
    patrol = node.desk().policy.document(
        node.watch.document_service.open_documents.get(Patrol, plan.id)
    )
    assert patrol is not None
    assert {member.unit for member in patrol.members} == {mine}


async def test_check_ins_of_the_gap_stay_with_whose_they_are(node: Node) -> None:
    mine, theirs = await two(node)
    agreement = await share(node)
    ticks = tuple(
        CheckIn(unit=unit, agency=agency, at=at(second), note=f"at {second}")
        for second in (5, 15, 25)
        for unit, agency in ((mine, AGENCY), (theirs, OTHER))
    )
    await file(node, joint((OTHER, theirs), (AGENCY, mine), started=at(0), check_ins=ticks))
    node.time = at(10)
    await node.desk("liaison").agreements.suspend(agreement.id, reason="a row")
    node.time = at(20)
    await node.desk("liaison").agreements.resume(agreement.id)
    node.time = at(30)
    held = node.desk().policy.document(node.watch.document_service.open_documents.get(Patrol, "p1"))
    assert held is not None
    assert [(each.agency, each.at) for each in held.check_ins] == [
        (AGENCY, at(5)), (OTHER, at(5)), (AGENCY, at(15)), (AGENCY, at(25)), (OTHER, at(25)),
    ]  # fmt: skip
