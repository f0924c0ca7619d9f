"""The live stream: snapshot, changes, beats; resuming without a gap; ending with the session."""

from __future__ import annotations

import asyncio
import itertools
import json
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from gis.position.position import Position
from maps.api.units import live as route
from maps.http.stream_limit import StreamSlots
from patrol.units.units import Unit
from radio_gateway.messages.transmission import Transmission
from tests.maps.servers.running import AGENCY, Live, Running, wait_until


async def say(server: Running, key: str, number: int) -> None:
    body = {
        "id": str(number),
        "lon": 100.4 + number * 1e-4,
        "lat": 20.27,
        "time": datetime.now(UTC).isoformat(),
    }
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        assert (await boat.post("/api/positions", json=body)).status_code == 200


async def test_a_viewer_gets_a_snapshot_then_every_change_then_beats(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.signed_in() as client, server.live(client) as live:
        snapshot = await live.frame()
        assert snapshot["type"] == "snapshot"
        assert snapshot["time"].endswith("Z")
        for number in range(3):
            await say(server, key, number)
        seen: list[float] = []
        seq = snapshot["seq"]
        while len(seen) < 3:
            change = await live.until("change")
            assert change["seq"] == seq + 1
            seq = change["seq"]
            seen += [fix["lon"] for fix in change.get("fixes", [])]
        assert seen == pytest.approx([100.4, 100.4001, 100.4002])
        beat = await live.until("beat", seconds=5)
        assert beat["seq"] == seq


async def test_a_viewer_that_was_cut_off_goes_on_without_a_gap(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.signed_in() as client:
        async with server.live(client) as live:
            snapshot = await live.frame()
        for number in range(5):
            await say(server, key, number)
        query = f"?stream={snapshot['stream']}&since={snapshot['seq']}"
        async with server.live(client, query) as live:
            seq = snapshot["seq"]
            fixes: list[dict[str, Any]] = []
            while len(fixes) < 5:
                change = await live.until("change")
                assert change["seq"] == seq + 1
                seq = change["seq"]
                fixes += change.get("fixes", [])
        assert [fix["lon"] for fix in fixes] == pytest.approx(
            [100.4 + number * 1e-4 for number in range(5)]
        )


@pytest.mark.parametrize("since", ["9" * 30, "9" * 5000, "-1", "٣x", ""])
async def test_who_names_no_change_begins_with_a_snapshot(server: Running, since: str) -> None:
    answers: list[Any] = []
    watching = server.office.watching

    async def noted(*given: Any) -> Any:
        answers.append(given[2])
        return await watching(*given)

    server.app.state.watching = noted
    async with (
        server.signed_in() as client,
        server.live(client, f"?stream=s&since={since}") as live,
    ):
        assert (await live.frame())["type"] == "snapshot"
    assert answers == [None], "a web process could not pass it on"


async def test_a_frame_of_any_length_is_one_message(server: Running) -> None:
    watch = server.office.watch
    async with server.signed_in() as client, server.live(client) as live:
        assert (await live.frame())["units"] == []  # of some 130 bytes
        for number in range(500):
            id = f"{number:032x}"
            watch.picture.put_unit(Unit(id=id, call_sign=id, kind="boat", agency=AGENCY))
        watch.live.publish()
        change = await live.until("change")
        assert len(change["units"]) == 500
        assert len(json.dumps(change)) > 1 << 16
        assert (await live.until("beat", seconds=5))["seq"] == change["seq"]


async def test_a_table_is_sent_to_clients_that_ask_and_single_units_to_all_others(
    server: Running,
) -> None:
    async with (
        server.signed_in() as client,
        server.live(client, "?tables=true") as asking,
        server.live(client) as plain,
        server.live(client, "?tables=no") as other,
    ):
        bodies: list[dict[str, Any]] = []
        await asking.frame(), await plain.frame(), await other.frame()
        for second in range(2):  # the first wakes who takes the frames, later ones go straight
            now = datetime.now(UTC)
            await server.office.watch.receive(
                [
                    Transmission(
                        protocol="test", kind="position", device="b3", heard_at=now,
                        channel="phones", reception_id=f"test/{second}/{number}",
                        position=Position(lon=100.4 + number * 1e-4, lat=20.27),
                    )
                    for number in range(3)
                ]
            )  # fmt: skip
            table = await until_told(asking, "tables")
            bodies = (await until_told(plain, "fixes"))["fixes"]
            assert "fixes" not in table
            assert [fix["lon"] for fix in bodies] == pytest.approx([100.4, 100.4001, 100.4002])
            assert {fix["time"] for fix in bodies} == {now.isoformat().replace("+00:00", "Z")}
            assert (await until_told(other, "fixes"))["fixes"] == bodies
            assert [row[0] for row in table["tables"][0]["rows"]] == ["of"] + [bodies[0]["of"]] * 3


async def until_told(live: Live, name: str) -> dict[str, Any]:
    """Return the next change with this member."""
    while name not in (change := await live.until("change")):
        pass
    return change


@pytest.mark.parametrize("query", ["?stream=other&since=3", "?since=abc", "?stream=x&since=-1"])
async def test_a_place_nobody_knows_gives_a_snapshot(server: Running, query: str) -> None:
    async with server.signed_in() as client, server.live(client, query) as live:
        assert (await live.frame())["type"] == "snapshot"


async def test_crews_are_not_shown_unknown_radios(server: Running) -> None:
    key = await server.device("boat-3")
    await say(server, key, 1)
    async with server.signed_in() as commander, server.live(commander) as live:
        assert len((await live.frame())["units"]) == 1
    async with server.signed_in("crew") as crew, server.live(crew) as live:
        assert (await live.frame())["units"] == []


async def test_the_stream_ends_with_the_session(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "CHECK_S", 0.1)
    monkeypatch.setattr(route, "BEAT_S", 0.2)
    async with server.signed_in() as client, server.live(client) as live:
        assert (await live.frame())["type"] == "snapshot"
        assert (await client.delete("/api/session")).status_code == 204
        with pytest.raises(ConnectionClosed):
            await live.until("no such frame")
        assert live.socket.close_code == route.NOT_SIGNED_IN


async def test_a_stream_that_never_rests_ends_with_the_session(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "BEAT_S", 60.0)  # with none is it looked at again
    key = await server.device("boat-3")
    async with server.signed_in() as client, server.live(client) as live:
        await live.frame()
        assert (await client.delete("/api/session")).status_code == 204
        with pytest.raises(ConnectionClosed):  # noqa: PT012
            async with asyncio.timeout(5):
                for number in itertools.count():
                    await say(server, key, number)
                    await live.until("change")
    assert live.socket.close_code == route.NOT_SIGNED_IN


async def test_who_chooses_another_language_goes_on_looking(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "BEAT_S", 0.1)
    monkeypatch.setattr(route, "LOOK_S", 0.0)  # each time it is looked at who that is
    async with server.signed_in() as client, server.live(client) as live:
        wish = {"language": "lo", "calendar": "buddhist"}
        answer = await client.put("/api/session/preferences", json=wish)
        assert answer.status_code == 204, answer.text
        for _ in range(3):
            await live.until("beat")


async def test_a_change_does_not_wait_while_the_store_is_asked_whether_accounts_changed(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await server.device("boat-3")
    accounts = server.office.people
    event, answered, read_again = asyncio.Event(), asyncio.Event(), asyncio.Event()
    read = accounts.epoch

    async def slow() -> int:
        event.set()
        await answered.wait()
        found = await read()
        read_again.set()
        return found

    async with server.signed_in() as client, server.live(client) as live:
        await live.frame()
        monkeypatch.setattr("maps.accounts.sessions.access.EPOCH_FOR_S", 60.0)
        monkeypatch.setattr(accounts, "epoch", slow)
        monkeypatch.setattr("maps.accounts.sessions.access.monotonic", lambda: monotonic() + 31.0)
        for number in range(3):
            await say(server, key, number)
            await live.until("change")
        assert event.is_set()
        answered.set()
        async with asyncio.timeout(5):
            await read_again.wait()


async def test_a_store_that_does_not_answer_keeps_nothing_from_who_looks(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await server.device("boat-3")
    accounts, answered = server.office.people, asyncio.Event()
    read = accounts.epoch, accounts.session
    monkeypatch.setattr("maps.accounts.sessions.access.EPOCH_FOR_S", 0.1)
    for name, seconds in (("BEAT_S", 0.1), ("LOOK_S", 0.2), ("STORE_S", 0.1), ("ENTER_S", 0.3)):
        monkeypatch.setattr(route, name, seconds)

    async def hangs(*asked: Any) -> Any:
        await answered.wait()
        return await read[len(asked)](*asked)

    async with server.signed_in() as client, server.live(client) as live:
        await live.frame()
        for name in ("epoch", "session"):
            monkeypatch.setattr(accounts, name, hangs)
        for number in range(3):
            await say(server, key, number)
            await live.until("change", seconds=2)
            await live.until("beat", seconds=2)
        with pytest.raises(ConnectionClosed) as closed:
            async with server.live(client) as late:
                await late.until("beat", seconds=2)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        await server.office.people.end_sessions("commander")
        answered.set()
        with pytest.raises(ConnectionClosed) as closed:
            await live.until("nothing", seconds=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


async def test_who_opens_stream_after_stream_takes_no_other_s_and_has_a_bound(
    server: Running,
) -> None:
    places = StreamSlots(most=3)
    server.app.state.live_places = places
    async with (
        server.signed_in() as owner,
        server.signed_in() as other_browser,
        server.signed_in("planner") as planner,
        AsyncExitStack() as stack,
    ):
        streams = []
        for client in (owner, other_browser, other_browser, planner, other_browser):
            streams.append(await stack.enter_async_context(server.live(client)))
            await streams[-1].until("snapshot")
        oldest = streams[1].socket
        async with asyncio.timeout(10):
            await oldest.wait_closed()
        assert (oldest.close_code, oldest.close_reason) == (
            1013,
            "too many streams of this account are open",
        )
        for each in (streams[0], *streams[2:]):
            await each.until("beat")
    async for _ in wait_until("all to be forgotten"):
        sent_away: list[int] = []
        with ExitStack() as held:
            for number in range(3):  # a place for each again
                held.enter_context(
                    places.slot("commander", "another", partial(sent_away.append, number))
                )
        if not sent_away:
            break


def test_a_stream_that_is_slow_to_end_leaves_the_later_ones_counted() -> None:
    places, texts = StreamSlots(most=1), list[str]()
    slow, other, later = (
        places.slot("malee", "a session", partial(texts.append, name))
        for name in ("slow", "other", "later")
    )
    slow.__enter__()
    with other:  # slow gives its place up
        pass
    with later:
        slow.__exit__(None, None, None)
        with places.slot("malee", "a session", lambda: None):
            assert texts == ["slow", "later"]


async def test_viewers_who_leave_are_forgotten(server: Running) -> None:
    async with server.signed_in() as client:
        for _ in range(5):
            async with server.live(client) as live:
                await live.frame()
        async for _ in wait_until("nothing of theirs to be left"):
            names = [task.get_name() for task in asyncio.all_tasks()]
            if not [name for name in names if name.startswith("live-")]:
                break


async def test_a_viewer_who_leaves_while_there_is_no_watch_is_waited_for_no_more(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, left = asyncio.Event(), asyncio.Event()

    async def no_watch(*_: Any) -> Any:
        waits.set()
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    monkeypatch.setattr(server.app.state, "watching", no_watch)
    async with server.signed_in() as client, asyncio.timeout(10):
        async with server.live(client):
            await waits.wait()
            assert not left.is_set()
        await left.wait()


async def test_a_place_that_was_got_as_the_connection_was_ended_is_given_back(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks, place, got = asyncio.Event(), asyncio.Event(), asyncio.Event()
    carrying: list[asyncio.Task[Any]] = []

    class Places(StreamSlots):
        """Notes who carries a stream."""

        def slot(self, *place: Any) -> Any:
            task = asyncio.current_task()
            assert task is not None
            carrying.append(task)
            return super().slot(*place)

    async def enters(*_: Any) -> Any:
        asks.set()
        await place.wait()
        return SimpleNamespace(close=got.set)

    monkeypatch.setattr(server.app.state, "live_places", Places())
    monkeypatch.setattr(server.app.state, "watching", enters)
    async with server.signed_in() as client, asyncio.timeout(10), server.live(client):
        await asks.wait()
        place.set()
        await asyncio.sleep(0)  # it is got, and who waits for it does not know yet
        carrying[0].cancel()
        await got.wait()
