"""What a web process asks and a Watch does: once, whatever is lost, played again or forged.

The broker between them is a list here, so that a message can be lost or come twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, cast

import msgspec
import pytest
from fastapi import FastAPI, Request

from maps.accounts.sessions.access import VERIFIED, Caller
from maps.cluster import messages as words
from maps.cluster import rpc_client as asking_there
from maps.cluster import rpc_server as answering
from maps.cluster.bus import Bus
from maps.cluster.envelope import PIECE_BYTES, Envelopes
from maps.cluster.frame_publisher import FramePublisher
from maps.cluster.rpc_client import RpcClient
from maps.cluster.rpc_server import RpcServer
from maps.cluster.web_link import WebLink
from maps.cluster.web_server import run_web
from maps.errors.errors import NoAnswer, ServerRunning, WatchUnreachable
from maps.node.lock import store_lock
from maps.node.node import open_office
from maps.settings.internal_settings import InternalSettings
from maps.settings.settings import settings_of
from patrol.units.accounts import User
from tests.fixtures.databases import empty_store
from tests.fixtures.patience import loop_turns
from tests.fixtures.ports import free_port
from tests.maps.servers.running import wait_until

CALLER = Caller(
    user=User(name="somchai", role="commander", agency="joint"), session="s", factor=True
)


def request(method: str = "POST", path: str = "/api/orders") -> words.Request:
    return words.Request(
        method=method,
        path=path,
        query=b"a=1",
        scheme="https",
        headers=[(b"host", b"hx.example"), (b"content-type", b"application/json")],
        client=("10.0.0.7", 40000),
        caller=CALLER,
        body=b'{"say":"hello"}',
    )


def beat(count: int, *, by: str = "w1", epoch: int = 1) -> words.WatchHeartbeat:
    return words.WatchHeartbeat(watch_id=by, epoch=epoch, count=count, well=True)


class Line:
    """A web process and a Watch, and what they said to each other.

    Attributes:
        asks: What was asked, encoded.
        answers: What was answered.
        done: How often each request was done.
        made: What takes long is there.
        now_s: The clock of both.
    """

    def __init__(self) -> None:
        self.asks: list[bytes] = []
        self.answers: list[words.RpcResponse] = []
        self.done: list[str] = []
        self.loses_answers = False
        self.made = asyncio.Event()
        self.now_s = 100.0
        self.asking = RpcClient(web="web-1", send=self._asked, now=lambda: self.now_s)
        app = FastAPI()

        @app.post("/api/orders")
        async def order(request: Request) -> dict[str, Any]:
            caller = request.scope[VERIFIED]
            self.done.append((await request.body()).decode())
            return {
                "number": len(self.done),
                "by": caller.user.name,
                "from": request.client.host if request.client else "",
                "address": str(request.url_for("order")),
            }

        @app.post("/api/protected/incident/i/reading")
        async def read() -> str:
            self.done.append("read")
            return "the ferryman"

        @app.get("/api/exports")
        async def export() -> None:
            await self.made.wait()

        showing = FramePublisher(cast(Any, None), by="w1", publish=lambda *_: None)
        self.answering = RpcServer(
            app, showing, by="w1", send=self._answered, now=lambda: self.now_s
        )

    def _asked(self, body: bytes, _number: int) -> None:
        self.asks.append(body)

    def _answered(self, web: str, answer: words.RpcResponse) -> None:
        assert web == "web-1"
        self.answers.append(answer)
        if not self.loses_answers:
            self.asking.answer(answer)

    def deliver(self, body: bytes, *, web: str = "web-1") -> None:
        self.answering.take(web, msgspec.msgpack.decode(body, type=words.RpcRequest))


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    made.asking.beat(beat(1))
    yield made
    await made.answering.close()


async def test_a_caller_waits_for_a_watch_until_it_connects_or_a_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asking = RpcClient(web="web-1", send=lambda *_: None)
    waiting = asyncio.create_task(asking.wait())
    await loop_turns()
    assert not waiting.done()
    asking.beat(beat(1))
    async with asyncio.timeout(1):
        await waiting
        await asking.wait()  # there is one
    asking.note_lost("the watch is not heard")
    monkeypatch.setattr("maps.cluster.rpc_client.COMES_WITHIN_S", 0.02)
    async with asyncio.timeout(1):
        await asking.wait()
    assert not asking.watch


async def settled(line: Line, answers: int) -> None:
    async for _ in wait_until("an answer", seconds=5):
        if len(line.answers) >= answers:
            return


async def test_an_order_whose_answer_is_lost_is_asked_again_and_done_once(line: Line) -> None:
    line.loses_answers = True
    task = asyncio.create_task(line.asking.call(request()))
    await asyncio.sleep(0)
    line.deliver(line.asks[0])
    line.deliver(line.asks[0])  # while it is being worked on
    await settled(line, 1)
    assert len(line.answers) == 1
    line.loses_answers = False
    line.now_s += 3.1
    line.asking.beat(beat(2))
    line.asking.tick()
    assert line.asks[1] == line.asks[0]
    line.deliver(line.asks[1])
    answer: words.Response = await task
    assert (answer.status, line.done) == (200, ['{"say":"hello"}'])
    said = msgspec.json.decode(answer.body)
    assert (said["by"], said["from"]) == ("somchai", "10.0.0.7")
    assert said["address"] == "https://hx.example/api/orders"

    line.now_s += 10_000
    line.answering.tick()  # its answer is kept no more, and still it is not done again
    line.deliver(line.asks[0])
    await loop_turns()
    assert len(line.done) == 1


async def test_a_response_with_protected_text_is_not_cached_for_a_repeated_request(
    line: Line,
) -> None:
    line.loses_answers = True
    task = asyncio.create_task(line.asking.call(request(path="/api/protected/incident/i/reading")))
    await asyncio.sleep(0)
    line.deliver(line.asks[0])
    await settled(line, 1)
    line.deliver(line.asks[0])
    await loop_turns()
    assert (len(line.answers), line.done) == (1, ["read"]), "neither told nor read again"
    task.cancel()


async def test_a_request_for_another_watch_or_on_anothers_topic_is_not_done(
    line: Line,
) -> None:
    task = asyncio.create_task(line.asking.call(request()))
    await asyncio.sleep(0)
    rpc_request = msgspec.msgpack.decode(line.asks[0], type=words.RpcRequest)
    line.answering.take("web-2", rpc_request)
    line.answering.take("web-1", msgspec.structs.replace(rpc_request, watch_id="w0"))
    await loop_turns()
    assert line.done == []
    task.cancel()


async def test_callers_get_an_error_when_the_watch_goes_or_another_takes_over(line: Line) -> None:
    task = asyncio.create_task(line.asking.call(request()))
    await asyncio.sleep(0)
    line.now_s += words.GONE_AFTER_S + 0.1
    line.asking.tick()
    with pytest.raises(NoAnswer):
        await task
    with pytest.raises(WatchUnreachable):
        await line.asking.call(request())
    line.asking.beat(beat(1))  # played again
    assert line.asking.watch == ""
    line.asking.beat(beat(2))
    task = asyncio.create_task(line.asking.call(request()))
    await asyncio.sleep(0)
    line.asking.beat(beat(1, by="w2", epoch=2))
    with pytest.raises(NoAnswer):
        await task
    line.asking.beat(beat(50))  # of the one that lost its lease
    line.asking.beat(beat(51, by="w3", epoch=2))  # there is only one of an epoch
    assert line.asking.watch == "w2"


async def test_what_was_refused_because_too_much_is_asked_is_not_done_later(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST_AT_ONCE", 0)
    line.loses_answers = True
    task = asyncio.create_task(line.asking.call(request()))
    await asyncio.sleep(0)
    line.deliver(line.asks[0])
    monkeypatch.undo()
    line.loses_answers = False
    line.deliver(line.asks[0])  # asked again, and now there would be room
    with pytest.raises(WatchUnreachable, match="too much"):
        await task
    line.deliver(line.asks[0])
    await loop_turns()
    assert line.done == []


async def test_who_asks_for_much_that_takes_long_keeps_nobody_else_out(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST_OF_USER", 3, raising=False)
    other = msgspec.structs.replace(
        request(), caller=Caller(user=User(name="kham", role="commander", agency="joint"))
    )

    async def asked(what: words.Request) -> asyncio.Task[words.Response]:
        task = asyncio.create_task(line.asking.call(what))
        await asyncio.sleep(0)
        line.deliver(line.asks[-1])
        return task

    many = [await asked(request("GET", "/api/exports")) for _ in range(4)]
    with pytest.raises(WatchUnreachable, match="too much"):
        async with asyncio.timeout(5):
            await many.pop()
    assert (await (await asked(other))).status == 200
    line.made.set()
    assert [(await each).status for each in many] == [200] * 3
    assert (await (await asked(request()))).status == 200, "there is room again"


@pytest.mark.parametrize("where", [answering, asking_there])
async def test_whatever_takes_long_to_read_a_call_for_help_finds_a_place(
    line: Line, monkeypatch: pytest.MonkeyPatch, where: Any
) -> None:
    monkeypatch.setattr(where, "MOST_READS", 3, raising=False)

    async def asked(what: words.Request) -> asyncio.Task[words.Response]:
        task = asyncio.create_task(line.asking.call(what))
        sent = len(line.asks)
        await asyncio.sleep(0)
        for ask in line.asks[sent:]:
            line.deliver(ask)
        return task

    users = [User(name=name, role="commander", agency="joint") for name in "abcd"]
    many = [
        await asked(
            msgspec.structs.replace(request("GET", "/api/exports"), caller=Caller(user=user))
        )
        for user in users
    ]
    with pytest.raises(WatchUnreachable, match="too much"):
        async with asyncio.timeout(5):
            await many.pop()
    assert (await (await asked(request()))).status == 200
    line.made.set()
    assert [(await each).status for each in many] == [200] * 3
    assert (await (await asked(request("GET", "/api/exports")))).status == 200, "there is room"


async def test_whoever_reads_much_that_takes_long_keeps_a_place_for_the_own_call_for_help(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST_OF_USER", 4)
    monkeypatch.setattr(answering, "MOST_READS_OF_USER", 3, raising=False)

    async def asked(what: words.Request) -> asyncio.Task[words.Response]:
        task = asyncio.create_task(line.asking.call(what))
        await asyncio.sleep(0)
        line.deliver(line.asks[-1])
        return task

    many = [await asked(request("GET", "/api/exports")) for _ in range(4)]
    async with asyncio.timeout(5):
        assert (await (await asked(request()))).status == 200
        with pytest.raises(WatchUnreachable, match="too much"):
            await many.pop()
        line.made.set()
        assert [(await each).status for each in many] == [200] * 3
        again = [await asked(request("GET", "/api/exports")) for _ in range(3)]
        assert [(await each).status for each in again] == [200] * 3, "there is room again"


async def test_without_a_watch_one_that_counts_from_further_back_is_followed(
    line: Line,
) -> None:
    line.asking.beat(beat(7, by="w5", epoch=5))
    line.asking.beat(beat(1, by="w6", epoch=2))
    assert line.asking.watch == "w5"  # there is one
    line.now_s += words.GONE_AFTER_S + 0.1
    line.asking.tick()
    line.asking.beat(beat(1, by="w6", epoch=2))  # the store was restored meanwhile
    assert line.asking.watch == "w6"
    line.asking.beat(beat(8, by="w5", epoch=5))
    assert line.asking.watch == "w6"
    line.now_s += words.GONE_AFTER_S + 0.1
    line.asking.tick()
    for old in (beat(9, by="w5", epoch=5), beat(9), beat(1, by="w6", epoch=2)):
        line.asking.beat(old)  # played again
        assert line.asking.watch == ""
    line.asking.beat(beat(2, by="w6", epoch=2))
    assert line.asking.watch == "w6"


async def test_a_watch_that_counts_from_further_back_and_is_not_well_is_ignored(line: Line) -> None:
    line.asking.beat(beat(7, by="w5", epoch=5))
    line.now_s += words.GONE_AFTER_S + 0.1
    line.asking.tick()
    cut_off = msgspec.structs.replace(beat(900, by="w4", epoch=4), well=False)
    line.asking.beat(cut_off)  # from its store, so that nothing told it that it lost its lease
    assert line.asking.watch == ""
    line.asking.beat(beat(8, by="w5", epoch=5))
    assert line.asking.watch == "w5"
    line.asking.beat(msgspec.structs.replace(beat(1, by="w6", epoch=6), well=False))
    assert line.asking.watch == "w6"


async def test_a_beat_that_is_missing_tells_that_words_are_missing() -> None:
    moved: list[str] = []
    asking = RpcClient(web="web-1", send=lambda *_: None, moved=lambda: moved.append(asking.watch))
    for count in (5, 6, 6, 4, 7):
        asking.beat(beat(count))
    assert moved == ["w1"]
    asking.beat(beat(9))
    assert moved == ["w1", "w1"]


async def test_a_watch_whose_beats_come_late_is_gone_until_they_come_sooner() -> None:
    now_s = 0.0
    asking = RpcClient(web="web-1", send=lambda *_: None, now=lambda: now_s)

    def hear(count: int, *, late_s: float) -> str:
        """Hear a beat that lay in a queue for so long; return which Watch there is then."""
        nonlocal now_s
        now_s = count + late_s
        time = datetime(2026, 11, 24, tzinfo=UTC) + timedelta(seconds=count)
        asking.beat(msgspec.structs.replace(beat(count), time=time, steady_s=9_000.0 + count))
        asking.tick()
        return asking.watch

    assert {hear(count, late_s=0.01 * (count % 3)) for count in range(1, 20)} == {"w1"}
    assert hear(20, late_s=3.0) == "w1"
    assert hear(21, late_s=3.6) == ""  # the link carries less than is sent
    assert hear(22, late_s=3.7) == "w1"
    assert hear(23, late_s=0.1) == "w1"
    assert hear(24, late_s=3.9) == ""


class NotedBus(Bus):
    """The way of one web process, not connected: what is said on it is noted.

    Attributes:
        asks: What was said.
        topics: What is heard: beats, answers.
    """

    made: ClassVar[list[NotedBus]] = []

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.asks: list[bytes] = []
        self.topics: list[str] = []
        self.made.append(self)

    def add(self, topic: str) -> None:
        self.topics.append(topic)

    def pass_on(self, topic: str, body: bytes, **_: Any) -> None:
        self.asks.append(body)


async def test_a_watch_whose_long_answer_holds_up_its_beats_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, now_s = bytes(32), 100.0
    monkeypatch.setattr("maps.cluster.web_link.Bus", NotedBus)
    link = WebLink(InternalSettings(), key, node="hx", now=lambda: now_s)
    line = NotedBus.made[-1]
    link.asking.beat(beat(1))
    task = asyncio.create_task(link.pass_on(request("GET")))
    await asyncio.sleep(0)
    answer = words.RpcResponse(
        watch_id="w1",
        number=1,
        payload=words.Response(status=200, headers=[], body=bytes(1_500_000)),
    )
    topic = line.topics[1]
    for piece in Envelopes(key).seal(msgspec.msgpack.encode(answer), topic=topic):
        now_s += 2.0  # a line of 800 kbit/s
        line.take(topic, piece)
        line.take(topic, b"not ours")
        link.asking.tick()
    assert len((await task).body) == 1_500_000
    assert len(line.asks) == 1, "it is not made and sent once more"
    now_s += words.GONE_AFTER_S + 0.1
    link.asking.tick()
    assert link.asking.watch == ""


async def test_no_store_is_restored_under_a_web_process(tmp_path: Path) -> None:
    given = {
        "node": {"id": "test", "name": "Test", "time_zone": "Asia/Vientiane"},
        "web": {"port": 0},
        "agencies": [{"id": "joint", "name": "Joint patrol"}],
        "store": {"url": empty_store(tmp_path / "patrol.db")},
        "internal": {"url": f"mqtt://127.0.0.1:{free_port()}"},
    }
    settings = settings_of(given, source="patrol.toml", folder=tmp_path)
    web = asyncio.create_task(run_web(settings, lambda: settings))
    try:
        refused = False
        async for _ in wait_until("the lock", seconds=20):
            assert not web.done()
            try:
                with store_lock(settings.store.url):  # as `restore` does
                    pass
            except ServerRunning:
                refused = True
                break
        assert refused
        # Nor does a server that is alone start beside it: the two would not know of each other.
        with pytest.raises(ServerRunning, match="one that is alone, a Watch or a web process"):
            async with open_office(settings):
                pass
        with store_lock(settings.store.url, shared=True):
            pass  # a Watch and other web processes are welcome
    finally:
        web.cancel()
        await asyncio.gather(web, return_exceptions=True)
    with store_lock(settings.store.url):
        pass


def test_what_is_sealed_opens_whole_and_for_its_topic_and_key_alone() -> None:
    ours, theirs = Envelopes(bytes(32)), Envelopes(b"k" * 32)
    body = bytes(range(256)) * 4000
    messages = list(ours.seal(body, topic="a"))
    assert len(messages) == -(-len(body) // PIECE_BYTES) > 5
    assert all(len(each) < PIECE_BYTES + 200 for each in messages)
    assert all(body[:40] not in each for each in messages)
    opened = [ours.open(each, topic="a") for each in messages]
    assert opened[-1] == body
    assert set(opened[:-1]) == {None}
    assert ours.strange == 0

    for topic, reader in (("b", ours), ("a", theirs)):
        assert [reader.open(each, topic=topic) for each in messages] == [None] * len(messages)
    (short,) = ours.seal(b"short", topic="a")
    assert ours.open(short, topic="a") == b"short"
    assert ours.open(short[:-1] + bytes([short[-1] ^ 1]), topic="a") is None
    assert ours.open(b"", topic="a") is None
    for number in range(1, 3):  # a piece is missing or comes twice
        left = [*messages[:number], *messages[number + 1 :]]
        assert all(ours.open(each, topic="a") is None for each in left)
    twice = [each for message in messages for each in (message, message)]
    assert [each for each in (ours.open(one, topic="a") for one in twice) if each] == [body]
