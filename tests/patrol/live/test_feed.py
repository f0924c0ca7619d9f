"""The stream of one view: without gaps, shared, and no viewer in another's way."""

from __future__ import annotations

import asyncio
import sys
import time

import msgspec
import pytest

import patrol.live.feeds
from patrol.live.feeds import LocalViewStream, Subscription, View
from patrol.live.publisher import Publisher, Update
from patrol.sharing.view_policy import ViewPolicy
from patrol.units.wire import Beat, Change, Snapshot
from tests.fixtures.memory import kept_objects
from tests.patrol.nodes.running import AGENCY, OTHER, Node, Viewer, address, at, frame_of, said


def feed() -> LocalViewStream:
    def picture(stream: str, seq: int) -> Snapshot:
        return Snapshot(stream=stream, seq=seq, time=at(0), units=())

    return LocalViewStream(View(agency=AGENCY, role="commander"), picture, lambda: at(0))


class Clock:
    """A clock that tests set, and a feed that counts how often its whole picture was made."""

    def __init__(self) -> None:
        self.time = at(0)
        self.pictures = 0

    def feed(self) -> LocalViewStream:
        def picture(stream: str, seq: int) -> Snapshot:
            self.pictures += 1
            return Snapshot(stream=stream, seq=seq, time=self.time, units=())

        return LocalViewStream(View(agency=AGENCY, role="commander"), picture, lambda: self.time)


def seqs(frames: list[bytes]) -> list[int]:
    kinds = [type(frame_of(frame)) for frame in frames]
    assert kinds == [Snapshot] + [Change] * (len(kinds) - 1)
    return [frame_of(frame).seq for frame in frames]


def change(seq: int) -> bytes:
    return msgspec.json.encode(Change(seq=seq, time=at(0)))


BODY = b',"time":"2026-11-24T12:00:00Z"'


async def test_first_comes_a_snapshot_then_changes_without_gaps(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    for second in range(5):
        await node.hear(said("a", second))
        await viewer.look()
    assert [type(frame_of(frame)) for frame in viewer.frames] == [Snapshot] + [Change] * 5
    first = viewer.seqs[0]
    assert viewer.seqs == list(range(first, first + 6))


async def test_a_viewer_who_applies_everything_knows_what_the_node_knows(node: Node) -> None:
    boat = await node.boat()
    viewer = Viewer(node.desk().visible.subscribe())
    await node.desk().registry.assign(address=address("a"), unit=boat, start=at(-10))
    await node.hear_in_turn(said("a", 1, text="x"), said("b", 2), said("a", 3, distress=True))
    node.time = at(500)
    node.watch.picture.tick(node.time)
    node.watch.live.publish()
    await viewer.look()
    fresh = Viewer(node.desk().visible.subscribe())
    await fresh.look()
    assert viewer.units == fresh.units == node.states()


async def test_a_viewer_who_comes_back_goes_on_where_it_stopped() -> None:
    stream = feed()
    for _ in range(5):
        stream.publish(BODY)
    back = stream.subscribe(stream=stream.stream, since=2)
    assert await back.take(1) == [change(3), change(4), change(5)]
    stream.publish(BODY)
    assert await back.take(1) == [change(6)]


async def test_frames_go_straight_only_while_nothing_is_before_them() -> None:
    stream = feed()
    viewer = stream.subscribe()
    straight: list[bytes] = []
    takes = [True]

    def way(frame: bytes) -> bool:
        if takes[0]:
            straight.append(frame)
        return takes[0]

    viewer.go_straight(way)
    stream.publish(BODY)  # behind the snapshot, which nobody has sent yet
    assert straight == []
    assert len(await viewer.take(1)) == 2
    stream.publish(BODY)  # those may still be on their way
    assert straight == []
    assert await viewer.take(1) == [change(2)]
    waiting = asyncio.create_task(viewer.take(0.05))
    await asyncio.sleep(0)
    stream.publish(BODY)
    assert straight == [change(3)]
    assert [type(frame_of(frame)) for frame in await waiting] == [Beat]
    waiting = asyncio.create_task(viewer.take(5))
    await asyncio.sleep(0)
    takes[0] = False  # the peer takes nothing at the moment
    stream.publish(BODY)
    takes[0] = True
    stream.publish(BODY)
    assert await waiting == [change(4), change(5)]
    assert straight == [change(3)]


async def test_a_client_that_missed_nothing_is_reported_so() -> None:
    stream = feed()
    stream.publish(BODY)
    (frame,) = await stream.subscribe(stream=stream.stream, since=1).take(1)
    assert frame_of(frame) == Beat(seq=1, time=at(0))


@pytest.mark.parametrize("since", [-1, 6, 10**30])
async def test_a_number_that_cannot_be_gets_a_snapshot(since: int) -> None:
    stream = feed()
    for _ in range(5):
        stream.publish(BODY)
    (frame,) = await stream.subscribe(stream=stream.stream, since=since).take(1)
    assert isinstance(frame_of(frame), Snapshot)


async def test_the_stream_of_another_run_gets_a_snapshot() -> None:
    stream = feed()
    stream.publish(BODY)
    (frame,) = await stream.subscribe(stream="of yesterday", since=1).take(1)
    assert frame_of(frame).stream == stream.stream


async def test_one_who_was_away_too_long_gets_a_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patrol.live.feeds, "RING", 3)
    stream = feed()
    for _ in range(5):
        stream.publish(BODY)
    assert len(await stream.subscribe(stream=stream.stream, since=2).take(1)) == 3
    (frame,) = await stream.subscribe(stream=stream.stream, since=1).take(1)
    assert isinstance(frame_of(frame), Snapshot)


async def test_the_ring_is_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patrol.live.feeds, "RING_BYTES", 1000)
    stream = feed()
    for _ in range(50):
        stream.publish(BODY + b',"forget":["' + b"x" * 400 + b'"]')
    payloads = await stream.subscribe(stream=stream.stream, since=48).take(1)
    assert len(payloads) == 2
    (frame,) = await stream.subscribe(stream=stream.stream, since=47).take(1)
    assert isinstance(frame_of(frame), Snapshot)  # three were more than 1000 bytes
    (frame,) = await stream.subscribe(stream=stream.stream, since=10).take(1)
    assert isinstance(frame_of(frame), Snapshot)


async def test_a_slow_viewer_gets_one_fresh_snapshot_and_holds_up_nobody() -> None:
    stream = feed()
    slow, quick = stream.subscribe(), stream.subscribe()
    payloads: list[bytes] = []
    for _ in range(1000):
        stream.publish(BODY)
        payloads += await quick.take(1)
    assert [frame_of(frame).seq for frame in payloads] == list(range(1001))
    (frame,) = await slow.take(1)
    assert frame_of(frame) == Snapshot(stream=stream.stream, seq=1000, time=at(0), units=())
    stream.publish(BODY)
    assert await slow.take(1) == [change(1001)]
    (frame,) = await slow.take(0.01)
    assert isinstance(frame_of(frame), Beat)  # nothing more waits


async def test_when_nothing_happens_there_is_a_beat() -> None:
    stream = feed()
    viewer = stream.subscribe()
    await viewer.take(1)
    for _ in range(3):
        (frame,) = await viewer.take(0.01)
        assert frame_of(frame) == Beat(seq=0, time=at(0))


async def test_a_beat_never_comes_before_the_change_it_tells_of() -> None:
    stream = feed()
    viewer = stream.subscribe()
    await viewer.take(1)
    taking = asyncio.create_task(viewer.take(0.01))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(0.011, stream.publish, BODY)
    time.sleep(0.03)  # noqa: ASYNC251 - so that both are due in one turn of the loop
    assert await taking == [change(1)]
    assert frame_of((await viewer.take(0.01))[0]) == Beat(seq=1, time=at(0))


async def test_all_viewers_of_a_view_get_the_same_bytes(node: Node) -> None:
    first, second = node.desk().visible.subscribe(), node.desk(name="noy").visible.subscribe()
    other = node.desk("crew").visible.subscribe()
    assert (await first.take(1))[0] is (await second.take(1))[0]
    await other.take(1)
    await node.boat()
    (one,), (two,), (three,) = await first.take(1), await second.take(1), await other.take(1)
    assert one is two
    assert one == three
    assert one is not three


async def test_views_that_see_the_same_keep_the_same_bytes(node: Node) -> None:
    views = [node.desk(role).visible.feed() for role in ("commander", "planner", "crew")]
    viewers = [Viewer(view.join(Subscription(view, []))) for view in views]
    views[1].publish(BODY)  # it counts changes by itself
    await node.boat("Seen by all")
    await node.hear(said("x", 1, text="Not seen by crews"))
    for viewer in viewers:
        await viewer.look()
        viewer.frames.clear()
    assert [viewer.seqs for viewer in viewers] == [[1, 2], [1, 2, 3], [1]]
    await asyncio.gather(*(viewer.look() for viewer in viewers))  # nobody holds a frame any more
    payloads = [each for each in kept_objects(views) if isinstance(each, bytes)]
    assert sum(b"Seen by all" in each for each in payloads) == 1
    assert sum(b"Not seen by crews" in each for each in payloads) == 1


async def test_one_who_left_gets_nothing_more() -> None:
    stream = feed()
    viewer = stream.subscribe()
    viewer.close()
    stream.publish(BODY)
    assert stream.viewers == 0
    assert len(await viewer.take(1)) == 1
    assert await viewer.take(1) == []


async def test_a_snapshot_tells_the_time_it_was_asked_for(node: Node) -> None:
    await node.boat()
    early = frame_of((await node.desk().visible.subscribe().take(1))[0])
    node.time = at(3600)  # a quiet hour
    late = frame_of((await node.desk().visible.subscribe().take(1))[0])
    assert (early.time, late.time) == (at(0), at(3600))


async def test_a_view_sees_its_own_agency_only(node: Node) -> None:
    own, other = (
        Viewer(node.desk().visible.subscribe()),
        Viewer(node.desk(agency=OTHER).visible.subscribe()),
    )
    mine, theirs = await node.boat("Boat 3"), await node.boat("Boat 9", OTHER)
    for device, unit, agency in (("a", mine, AGENCY), ("b", theirs, OTHER)):
        await node.desk(agency=agency).registry.assign(
            address=address(device), unit=unit, start=at(0)
        )
    await node.hear(said("a", 1), said("b", 1), said("x", 1))
    await own.look()
    await other.look()
    assert set(own.units) == {mine, address("x")}
    assert set(other.units) == {theirs}
    assert not any(mine.encode() in frame or b"test:x" in frame for frame in other.frames)
    assert not any(theirs.encode() in frame for frame in own.frames)


async def test_crews_do_not_see_radios_nobody_has_registered(node: Node) -> None:
    boat = await node.boat()
    await node.hear(said("x", 1), said("x", 2, distress=True))
    crew = Viewer(node.desk("crew").visible.subscribe())
    await crew.look()
    await node.hear(said("y", 3), said("x", 4))
    await node.desk().registry.assign(
        address=address("x"), unit=boat
    )  # x leaves, the boat gets a place
    await crew.look()
    assert set(crew.units) == {boat}
    assert not any(b'"forget"' in frame or b"test:y" in frame for frame in crew.frames)


async def test_a_feed_nobody_watches_is_dropped_after_a_while() -> None:
    now = [at(0)]

    def snapshot(policy: ViewPolicy, stream: str, seq: int) -> Snapshot:
        return Snapshot(stream=stream, seq=seq, time=now[0], units=())

    publisher = Publisher(snapshot, lambda: now[0])
    policy = ViewPolicy(agency=AGENCY, role="commander")
    stays = publisher.feed(policy).subscribe()
    crew = ViewPolicy(agency=AGENCY, role="crew")
    publisher.feed(crew).subscribe().close()
    left = publisher.feed(crew).stream
    first = publisher.feed(policy).stream
    for seconds in (1, 2, 2000):
        now[0] = at(seconds)
        update = Update()
        update.removed = [("x", AGENCY, True)]
        publisher.publish(update)
    assert publisher.feed(crew).stream != left
    assert publisher.feed(policy).stream == first
    stays.close()


async def test_viewers_are_sent_a_new_reception_time_of_a_unit_that_did_not_move(
    node: Node,
) -> None:
    await node.hear(said("a", 1, lon=None, status="ok"))
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    node.time = at(3)
    await node.hear(said("a", 2, lon=None, status="ok"), said("a", 3, lon=None, status="ok"))
    await viewer.look(3)
    assert viewer.units[address()].heard_at == at(3)
    assert len(viewer.frames) == 2  # the snapshot and one change


async def test_who_has_gone_holds_no_frame() -> None:
    clock = Clock()
    stream = clock.feed()
    snapshot = stream.snapshot()
    alone = sys.getrefcount(snapshot) - 1  # the feed keeps it until a change a second later
    viewer = stream.subscribe()
    await viewer.take(0.1)
    clock.time = at(2)
    stream.publish(BODY)
    viewer.close()
    held = sys.getrefcount(snapshot)
    viewer.let_go()
    left = sys.getrefcount(snapshot)
    assert (held, left) == (alone + 1, alone)


async def test_the_picture_is_made_once_for_all_who_begin_in_one_second() -> None:
    """With thousands of units it takes milliseconds, in which nobody else is told anything."""
    clock = Clock()
    stream = clock.feed()
    for number in range(20):
        late = stream.subscribe()
        assert seqs(await late.take(1)) == list(range(number + 1))
        stream.publish(BODY)
        assert await late.take(1) == [change(number + 1)]
    assert clock.pictures == 1
    clock.time = at(2)
    assert seqs(await stream.subscribe().take(1)) == [20]
    assert clock.pictures == 2


async def test_the_picture_is_made_once_for_all_who_catch_up_in_one_second() -> None:
    clock = Clock()
    stream = clock.feed()
    slow = [stream.subscribe() for _ in range(20)]
    for _ in range(patrol.live.feeds.BACKLOG):
        stream.publish(BODY)
    before, seq = clock.pictures, stream.seq
    for number, viewer in enumerate(slow):
        assert seqs(await viewer.take(1)) == list(range(seq, seq + number + 1))
        stream.publish(BODY)
    assert clock.pictures == before + 1


async def test_what_nobody_looked_at_as_it_passed_is_seen_in_a_picture() -> None:
    """There it is counted as shown; what passes is only where somebody looks."""
    clock = Clock()
    stream = clock.feed()
    stream.subscribe().close()
    stream.publish(BODY)
    assert seqs(await stream.subscribe().take(1)) == [1]
    assert clock.pictures == 2


async def test_nobody_begins_with_much_that_followed() -> None:
    clock = Clock()
    stream = clock.feed()
    stream.subscribe()
    for _ in range(patrol.live.feeds.FOLLOWING + 1):
        stream.publish(BODY)
    assert seqs(await stream.subscribe().take(1)) == [patrol.live.feeds.FOLLOWING + 1]


async def test_what_may_pass_no_more_is_in_no_picture() -> None:
    clock = Clock()
    stream = clock.feed()
    stream.subscribe()
    stream.publish(BODY)
    stream.begin_epoch(1)
    assert seqs(await stream.subscribe().take(1)) == [1]
    assert clock.pictures == 2
