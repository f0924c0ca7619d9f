"""Views that come from a Watch: viewers go on, fall behind and are stripped as in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from maps.cluster import messages as words
from maps.cluster import remote_views
from maps.cluster.frame_publisher import FramePublisher
from maps.cluster.remote_views import RemoteViews
from maps.cluster.rpc_client import RpcClient
from maps.errors.errors import WatchUnreachable
from patrol.errors.errors import Forbidden
from patrol.live.feeds import BACKLOG, LocalViewStream, MixedFrame, Subscription, View
from patrol.units.accounts import User
from patrol.units.wire import Snapshot
from tests.fixtures.patience import loop_turns, until

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
SOMCHAI = User(name="somchai", role="commander", agency="joint")


class Told(msgspec.Struct):
    """A frame, of which only the time is looked at."""

    time: datetime


class Desk:
    """A desk of which only the live stream is asked for."""

    def __init__(self, feed: LocalViewStream) -> None:
        self.visible = SimpleNamespace(feed=lambda: feed)


async def at_once() -> None:
    """There is a Watch."""


class Pair:
    """A Watch with one view, and a web process that follows it.

    Attributes:
        feed: The Watch's.
        views: The web process's.
        asked: What was asked, by name.
        words: What the Watch told and has not come yet, while `holds`.
        due: The policy epoch that has begun, whether anybody was told or not.
    """

    def __init__(self) -> None:
        self.feed = LocalViewStream(
            View(agency="joint", role="commander"),
            lambda stream, seq: Snapshot(stream=stream, seq=seq, time=NOW, units=()),
            lambda: NOW,
            epoch=lambda: max(self.due, self.feed.view.epoch),
        )
        self.due = 0
        self.asked: list[str] = []
        self.words: list[words.ViewMessage] = []
        self.holds = False
        self.showing = FramePublisher(
            cast(Any, lambda _user: Desk(self.feed)), by="w1", publish=self._told
        )
        self.views = self.another()

    def another(
        self,
        there: Callable[[], Awaitable[None]] = at_once,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> RemoteViews:
        """Return a web process that has just started."""

        async def subscribe(_agency: str, _role: str) -> None:
            pass

        return RemoteViews(
            self._ask,
            subscribe=subscribe,
            unsubscribe=lambda *_: None,
            wait_for_watch=there,
            now=now,
        )

    async def _ask(self, what: Any) -> Any:
        self.asked.append(type(what).__name__)
        await asyncio.sleep(0)
        if isinstance(what, words.OpenView):
            answer: Any = self.showing.open(what)
        else:
            answer = self.showing.changes(what)
        await asyncio.sleep(0)
        return msgspec.msgpack.decode(msgspec.msgpack.encode(answer), type=words.ViewStart)

    def _told(self, agency: str, role: str, word: words.ViewMessage) -> None:
        if self.holds:
            self.words.append(word)
        else:
            self.views.take(agency, role, word)

    def come(self) -> None:
        """Let what was held back come."""
        self.holds = False
        held, self.words = self.words, []
        for word in held:
            self.views.take("joint", "commander", word)

    def change(self, own: bytes | None = None) -> None:
        """Something changes."""
        body = b',"fixes":[%d]' % (self.feed.seq + 1)
        self.feed.publish(body if own is None else MixedFrame(body, own))


def numbers(frames: list[bytes]) -> list[tuple[str, int]]:
    answers = [msgspec.json.decode(each) for each in frames]
    return [(each["type"], each["seq"]) for each in answers]


async def taken(subscription: Subscription) -> list[tuple[str, int]]:
    return numbers(await subscription.take(0.05))


async def test_a_viewer_waits_for_a_watch_and_asks_it_once_it_is_there() -> None:
    pair, there = Pair(), asyncio.Event()

    async def wait() -> None:
        await there.wait()

    pair.views = pair.another(there=wait)
    entering = asyncio.create_task(pair.views.enter(SOMCHAI, None, None))
    await loop_turns()
    assert (entering.done(), pair.asked) == (False, [])
    there.set()
    assert await taken(await entering) == [("snapshot", 0)]


async def test_one_opening_and_one_snapshot_serve_all_who_begin_at_once() -> None:
    pair = Pair()
    for _ in range(3):
        pair.change()
    viewers = await asyncio.gather(*(pair.views.enter(SOMCHAI, None, None) for _ in range(50)))
    assert pair.asked == ["OpenView"]
    pair.change()
    late = await pair.views.enter(SOMCHAI, None, None)
    for viewer in (*viewers, late):
        assert await taken(viewer) == [("snapshot", 3), ("change", 4)]
    assert await taken(late) == [("beat", 4)]
    assert pair.asked == ["OpenView"]
    with pytest.raises(Forbidden):
        await pair.views.enter(User(name="x", role=cast(Any, "none"), agency="joint"), None, None)


async def test_frames_that_come_before_the_picture_does_are_in_their_place() -> None:
    pair = Pair()
    pair.change()
    entering = asyncio.create_task(pair.views.enter(SOMCHAI, None, None))
    for _ in range(3):
        await asyncio.sleep(0)
        pair.change()
    viewer = await entering
    said = await taken(viewer)
    first = said[0][1]
    assert said == [("snapshot", first), *(("change", n) for n in range(first + 1, 5))]


async def test_a_viewer_goes_on_at_a_web_process_that_was_not_there_before() -> None:
    pair = Pair()
    await pair.views.enter(SOMCHAI, None, None)
    for _ in range(600):
        pair.change()
    stream = pair.feed.stream
    pair.views = pair.another()
    viewer = await pair.views.enter(SOMCHAI, stream, 500)
    assert await taken(viewer) == [("change", n) for n in range(501, 601)]
    assert pair.asked == ["OpenView", "OpenView"]
    near = await pair.views.enter(SOMCHAI, stream, 450)  # others stopped a bit before: no new ask
    assert (await taken(near))[0] == ("change", 451)
    assert len(pair.asked) == 2
    far = await pair.views.enter(SOMCHAI, stream, 20)
    assert await taken(far) == [("change", n) for n in range(21, 601)]
    assert pair.asked[2:] == ["ChangesRequest"]
    strange = await pair.views.enter(SOMCHAI, "another", 20)
    assert (await taken(strange))[0][0] == "snapshot"


async def test_a_viewer_that_falls_behind_gets_a_fresh_picture_and_what_follows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote_views, "SNAPSHOT_FOR_S", 0.0)
    pair = Pair()
    viewer = await pair.views.enter(SOMCHAI, None, None)
    await taken(viewer)
    for _ in range(BACKLOG + 5):
        pair.change()
    last = pair.feed.seq
    taking = asyncio.create_task(taken(viewer))
    await asyncio.sleep(0)
    pair.change()
    said = await taking
    first = said[0][1]
    assert first >= last
    assert said == [("snapshot", first), *(("change", n) for n in range(first + 1, last + 2))]
    pair.change()
    assert await taken(viewer) == [("change", last + 2)]


async def test_what_may_not_pass_any_more_does_not_go_out() -> None:
    pair = Pair()
    viewer = await pair.views.enter(SOMCHAI, None, None)
    await taken(viewer)
    pair.change(own=b',"fixes":["own"]')
    pair.feed.begin_epoch(1)
    pair.change()
    payloads = await viewer.take(0.05)
    assert numbers(payloads) == [("change", 1), ("change", 2)]
    assert b'"own"' in payloads[0]
    again = await pair.views.enter(SOMCHAI, pair.feed.stream, 0)
    assert b'"own"' in (await again.take(0.05))[0]

    # Sent under the old epoch, and come with the new one: the picture that was asked for meanwhile.
    pair.views = pair.another()
    pair.holds = True
    pair.change(own=b',"fixes":["own"]')
    entering = asyncio.create_task(pair.views.enter(SOMCHAI, pair.feed.stream, 2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    pair.feed.begin_epoch(2)
    pair.come()
    payloads = await (await entering).take(0.05)
    assert numbers(payloads) == [("change", 3)]
    assert b'"own"' in payloads[0]


async def test_who_goes_on_when_an_agreement_is_just_over_is_shown_nothing_of_before() -> None:
    pair = Pair()
    first = await pair.views.enter(SOMCHAI, None, None)
    await taken(first)
    pair.change(own=b',"fixes":["own"]')
    stream = pair.feed.stream
    pair.due = 1  # its hours have ended; viewers are told within a second, or once the store works
    pair.showing.look()
    again = await pair.views.enter(SOMCHAI, stream, 0)
    waits = await first.take(0.05)
    for frames in (await again.take(0.05), waits):
        assert numbers(frames) == [("change", 1)]
        assert b'"own"' in frames[0]
    pair.views = pair.another()  # nor by way of a web process that asks only now
    new = await (await pair.views.enter(SOMCHAI, stream, 0)).take(0.05)
    assert b'"own"' in new[0]
    pair.feed.begin_epoch(1)
    pair.change(own=b',"fixes":["own"]')
    # What may pass under the new terms does.
    whole = await (await pair.views.enter(SOMCHAI, stream, 1)).take(0.05)
    assert numbers(whole) == [("change", 2)]
    assert b'"own"' not in whole[0]


async def test_a_step_no_longer_kept_once_its_predecessors_came_leaves_no_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("patrol.live.feeds.RING", 5)
    pair = Pair()
    for _ in range(3):
        pair.change()
    await pair.views.enter(SOMCHAI, None, None)
    for _ in range(2):
        pair.change()
    entering = asyncio.create_task(pair.views.enter(SOMCHAI, pair.feed.stream, 1))
    await until(lambda: "ChangesRequest" in pair.asked, every_s=0.0)
    await asyncio.sleep(0)
    for _ in range(4):
        pair.change()
    said = await taken(await entering)
    assert said == [("snapshot", 9)]


async def test_what_the_watch_keeps_no_more_is_asked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("patrol.live.feeds.RING", 5)
    pair = Pair()
    for _ in range(20):
        pair.change()
    stream = pair.feed.stream
    entering = [pair.views.enter(SOMCHAI, stream, since) for since in (4, 4, 3, 4, 3, 4)]
    for viewer in await asyncio.gather(*entering):
        assert await taken(viewer) == [("snapshot", 20)]
    assert pair.asked == ["OpenView", "ChangesRequest"]


async def test_a_beat_tells_the_time_of_the_watch_whatever_the_clock_here_shows() -> None:
    now_s = 100.0
    asking = RpcClient(web="web-1", send=lambda *_: None, now=lambda: now_s)

    def beat(count: int, said_s: float, *, set_by_s: float = 0.0) -> None:
        """A beat that the Watch said so long after its first, perhaps with its calendar set."""
        time = NOW + timedelta(seconds=said_s + set_by_s)
        steady_s = 7_000.0 + said_s
        asking.beat(
            words.WatchHeartbeat(
                watch_id="w1", epoch=1, count=count, well=True, time=time, steady_s=steady_s
            )
        )

    beat(1, 0.0)
    pair = Pair()
    views = pair.another(now=asking.time)
    viewer = await views.enter(SOMCHAI, None, None)
    first, second = await viewer.take(0.05), await viewer.take(0.05)
    now_s += 1.5
    told = [msgspec.json.decode(each, type=Told).time for each in (*first, *second)]
    assert told == [NOW, NOW]
    (late,) = await viewer.take(0.05)
    assert msgspec.json.decode(late, type=Told).time == NOW + timedelta(seconds=1.5)

    for count in range(2, 500):  # its words lie in a queue for half a minute, and do not look new
        now_s = 130.0 + count
        beat(count, float(count))
    late_s = (asking.time() - NOW).total_seconds() - count
    assert late_s == pytest.approx(30.0, abs=0.1)
    beat(500, 500.0, set_by_s=-3600.0)
    assert (asking.time() - NOW).total_seconds() == pytest.approx(529.0 - 3600.0, abs=0.1)


async def test_a_gap_ends_the_stream_and_who_comes_again_misses_nothing() -> None:
    pair = Pair()
    viewer = await pair.views.enter(SOMCHAI, None, None)
    await taken(viewer)
    pair.holds = True
    pair.change()
    pair.words.clear()  # the broker lost it
    pair.holds = False
    pair.change()
    assert viewer.closed
    assert await viewer.take(0.05) == []
    again = await pair.views.enter(SOMCHAI, pair.feed.stream, 0)
    assert await taken(again) == [("change", 1), ("change", 2)]
    pair.views.close()
    assert again.closed


async def test_a_watch_that_cannot_be_asked_keeps_nobody_waiting() -> None:
    async def ask(_what: Any) -> Any:
        raise WatchUnreachable("the watch cannot be reached at the moment")

    async def subscribe(_agency: str, _role: str) -> None:
        pass

    views = RemoteViews(
        ask, subscribe=subscribe, unsubscribe=lambda *_: None, wait_for_watch=at_once
    )
    for _ in range(2):
        with pytest.raises(WatchUnreachable):
            await views.enter(SOMCHAI, None, None)
    assert views.views == []
