"""Two agencies in one node: what each sees of the other, and that it ends with the suspension."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
import shapely
from fastapi.routing import APIRoute
from websockets.asyncio.client import connect

import tests.maps.servers.running as running
from gis.files.formats import FORMATS
from gis.geometry.vector_tile import project
from maps.api.units import live
from maps.app.app import ROUTERS
from maps.files import exports
from maps.http import listen_address
from maps.http.session_cookie import COOKIE
from maps.http.shared_websocket import SharedFrames
from tests.maps.servers.agreement import agree
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices
from tests.maps.servers.running import Live

pytestmark = pytest.mark.system

AT_ONCE: Final = 50
"""Positions of one report."""

BEFORE: Final = 50
"""Reports before the suspension: more than sockets hold."""


class Boat:
    """A boat that reports where it is: east a little with each position.

    Args:
        offices: The server.
        agency: Whose it is.
        name: Its call sign, and its device.
        lon: Where it begins.
    """

    def __init__(self, offices: Offices, agency: str, name: str, lon: float) -> None:
        self._offices, self.agency, self.name, self._lon = offices, agency, name, lon
        self.id = ""
        self.times: list[datetime] = []
        self._client = offices.server.stranger()
        self._at = datetime.now(UTC) - timedelta(minutes=30)

    async def launch(self) -> None:
        """Register it with its radio."""
        office = self._offices.server.office
        key = await office.people.add_device(self.name, self.agency)
        self._client.headers["authorization"] = f"Bearer {key}"
        admin = self._offices.desk("keo" if self.agency == LAO else "nok")
        self.id = (await admin.registry.add_unit(call_sign=self.name, kind="boat")).id
        address = f"position_json:{self.name}"
        start = datetime.now(UTC) - timedelta(days=1)
        await admin.registry.assign(address=address, unit=self.id, start=start)

    async def land(self) -> None:
        """Report no more."""
        await self._client.aclose()

    async def sail(self, count: int = AT_ONCE, *, at: datetime | None = None) -> None:
        """Report `count` positions, one now and the others in the milliseconds before."""
        now = at or datetime.now(UTC)
        reports = []
        for number in range(count):
            self._lon += 1e-7
            time = now - timedelta(milliseconds=count - 1 - number)
            self.times.append(time)
            reports.append(
                {
                    "id": f"{self.name}-{len(self.times)}",
                    "lon": round(self._lon, 7),
                    "lat": 20.27,
                    "time": time.isoformat(),
                }
            )
        answer = await self._client.post("/api/positions", json=reports)
        assert len(answer.json()["stored"]) == count, answer.text


class Story(Offices):
    """The two offices with a boat each."""

    def __init__(self, offices: Offices) -> None:
        super().__init__(offices.server, offices.clients)
        self.lao = Boat(offices, LAO, "Naga-Lao", 100.41)
        self.thai = Boat(offices, THAI, "Khong-Thai", 100.43)

    def live(self, name: str) -> AbstractAsyncContextManager[Live]:
        return self.server.live(self[name])

    async def both(self, count: int = AT_ONCE) -> None:
        await self.lao.sail(count)
        await self.thai.sail(count)


@pytest_asyncio.fixture
async def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Story]:
    """Two offices; sockets of the server hold little, so that who does not read is soon stalled."""
    listen = listen_address.listen

    def small(web: Any) -> socket.socket:
        bound = listen(web)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return bound

    monkeypatch.setattr(running, "listen", small)
    async with two_offices(tmp_path) as offices:
        story = Story(offices)
        await story.lao.launch()
        await story.thai.launch()
        yield story
        await story.lao.land()
        await story.thai.land()


class Reader:
    """Reads a live stream all the time, as a page does.

    Args:
        live: The stream.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self.frames: list[dict[str, Any]] = []
        self.units: dict[str, Any] = {}
        self.documents: dict[str, Any] = {}
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            self.take(await self._live.frame(60))

    def take(self, frame: dict[str, Any]) -> None:
        """Apply a frame."""
        if frame["type"] == "beat":
            return
        self.frames.append(frame)
        if frame["type"] == "snapshot":
            self.units, self.documents = {}, {}
        self.units |= {each["id"]: each for each in frame.get("units", [])}
        self.documents |= {each["id"]: each for each in frame.get("papers", [])}
        for id in frame.get("forget", []):
            self.units.pop(id, None)
            self.documents.pop(id, None)

    def fixes(self, boat: Boat) -> list[float]:
        """Return the longitudes told of a boat, in order."""
        return [
            fix["lon"]
            for frame in self.frames
            for fix in frame.get("fixes", [])
            if fix["of"] == boat.id
        ]

    async def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds."""
        async for _ in running.wait_until(what):
            if holds():
                return

    def stop(self) -> None:
        """Read no more."""
        self._task.cancel()


def gapless(frames: list[dict[str, Any]]) -> bool:
    numbers = [frame["seq"] for frame in frames]
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def stalled_socket(story: Story, name: str) -> tuple[Any, dict[str, Any]]:
    """Open the live stream and read nothing but its beginning, which is returned with the socket:
    what comes is left in the smallest of buffers.

    Only then it is a viewer: a connection is taken up before it is asked whose it is.
    """
    url = httpx.URL(story.server.url)
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, (url.host, url.port))
    opened = connect(
        story.server.url.replace("http", "ws", 1) + "/api/live",
        sock=raw,
        max_queue=1,
        max_size=None,
        ping_interval=None,
        additional_headers={"Cookie": f"{COOKIE}={story[name].cookies[COOKIE]}"},
    )
    stalled = await opened
    async with asyncio.timeout(20):
        return stalled, json.loads(await stalled.recv())


async def read_all(socket_: Any) -> list[dict[str, Any]]:
    """Return everything that still comes from a socket."""
    found = []
    try:
        while True:
            async with asyncio.timeout(1.5):
                answer = await socket_.recv()
            frame = json.loads(answer)
            if frame["type"] != "beat":
                found.append(frame)
    except TimeoutError:
        return found


# -- every way out over HTTP


async def asked(story: Story, client: httpx.AsyncClient, boat: Boat) -> dict[str, httpx.Response]:
    """Ask every route that can be read, and those about a boat of the other side."""
    start = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    end = (datetime.now(UTC) + timedelta(minutes=2)).isoformat()
    span = {"start": start, "end": end}
    paths: dict[str, dict[str, Any]] = {}
    for router in ROUTERS:
        for route in router.routes:
            if (
                isinstance(route, APIRoute)
                and "GET" in (route.methods or ())
                and "{" not in route.path
            ):
                paths[route.path] = {} if route.path == "/api/hand-offs" else dict(span)
    paths |= {
        f"/api/units/{boat.id}": {},
        f"/api/units/{boat.id}/track": span,
        "/api/tracks": span,
        "/api/effort": span,
        "/api/coverage": span | {"reach": "Houay Xai", "radius_m": 500},
        "/api/reports/debrief": span | {"unit": boat.id},
        "/api/exports/units?format=geojson": {},
    }
    for name in FORMATS:
        if name != "parquet":
            paths[f"/api/exports/tracks?format={name}"] = span
    collections = (await client.get("/api/ogc/collections")).json()["collections"]
    for each in collections:
        if each["id"] in ("units", "positions", "tracks", "incidents") or "unit" in each["id"]:
            paths[f"/api/ogc/collections/{each['id']}/items"] = {}
    x, y = project([100.43], [20.27])
    for z in (5, 10, 14):
        paths[f"/tiles/{z}/{int(x[0] * 2**z)}/{int(y[0] * 2**z)}.mvt"] = span
    answers = {}
    for path, query in paths.items():
        where, _, more = path.partition("?")
        query = query | dict(each.split("=") for each in more.split("&") if each)
        answers[path] = await client.get(where, params=query)
    return answers


def holding(answers: dict[str, httpx.Response], boat: Boat) -> set[str]:
    """Return the routes whose answers hold something of a boat; to say that there is none such
    holds nothing.
    """
    marks = (boat.id.encode(), boat.name.encode())
    return {
        path
        for path, each in answers.items()
        if any(mark in each.content for mark in marks) and each.content != unknown(each, boat)
    }


def unknown(answer: httpx.Response, boat: Boat) -> bytes:
    """Return what is said of a unit that there never was, by the id that was asked for."""
    text = f'{{"error":"not_found","message":"no unit or radio \'{boat.id}\'"}}'
    return text.encode() if answer.status_code == 404 else b""


async def test_the_story_over_http_and_websocket(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STUCK_S", 300.0)  # who does not read would be cut off by then
    agreement = await agree(story)
    await asyncio.sleep(AT_ONCE / 1000)  # what dates from before it never crosses
    async with story.live("somchai") as lao_live, story.live("malee") as thai_live:
        lao, thai = Reader(lao_live), Reader(thai_live)
        await lao.until("its beginning", lambda: bool(lao.frames))
        await thai.until("its beginning", lambda: bool(thai.frames))
        await story.both()
        await lao.until("their boat", lambda: story.thai.id in lao.units)
        await thai.until("our boat", lambda: story.lao.id in thai.units)
        stalled, first = await stalled_socket(story, "kham")
        for _ in range(BEFORE):
            await story.both()
        before = await asked(story, story["somchai"], story.thai)
        held = holding(before, story.thai)
        for path in ("/api/units", f"/api/units/{story.thai.id}/track", "/api/tracks",
                     "/api/effort", "/api/reports/debrief"):  # fmt: skip
            assert path in held, path
        assert {path for path in held if path.startswith("/api/ogc/")}, "features"
        assert {path for path in held if path.startswith("/tiles/")}, "tiles"
        assert len({path for path in held if path.startswith("/api/exports/")}) > 3, "exports"
        assert [path for path, each in before.items() if each.status_code >= 500] == []

        told = len(lao.fixes(story.thai))
        answer = await story["chai"].post(
            f"/api/agreements/{agreement}/suspend", json={"reason": "by order of the ministry"}
        )
        assert answer.status_code == 200, answer.text
        suspended_at = datetime.now(UTC)
        for _ in range(10):
            await story.both()
        frames = [first, *await read_all(stalled)]
        await stalled.close()
        at_once = await asked(story, story["somchai"], story.thai)
        assert holding(at_once, story.thai) == set()
        assert at_once[f"/api/units/{story.thai.id}"].status_code == 404
        await asyncio.sleep(1.2)  # a tick
        await story.both()
        later = await asked(story, story["somchai"], story.thai)
        assert holding(later, story.thai) == set()
        assert story.lao.id in later["/api/units"].text
        ours = await asked(story, story["malee"], story.lao)
        assert holding(ours, story.lao) == set()

        await lao.until("our own", lambda: len(lao.fixes(story.lao)) >= (BEFORE + 12) * AT_ONCE)
        await thai.until(
            "their own", lambda: len(thai.fixes(story.thai)) >= (BEFORE + 12) * AT_ONCE
        )
        lao.stop()
        thai.stop()

    # whoever looked on: nothing more of the other, its own without a gap
    assert gapless(lao.frames)
    assert gapless(thai.frames)
    for reader, own, other in ((lao, story.lao, story.thai), (thai, story.thai, story.lao)):
        assert len(reader.fixes(own)) == (BEFORE + 12) * AT_ONCE
        assert reader.fixes(own) == sorted(reader.fixes(own))
        assert set(reader.units) == {own.id}
        (notice,) = [each for each in reader.documents.values() if each["kind"] == "agreement"]
        (word,) = [each for each in notice["consents"] if not each["given"]]
        assert (word["agency"], word["reason"]) == (THAI, "by order of the ministry")
        assert other.id not in json.dumps(reader.documents)
    assert len(lao.fixes(story.thai)) == told == (BEFORE + 1) * AT_ONCE
    assert b"chai" not in json.dumps(lao.documents).encode()

    # who did not read: what had left for its socket by then, and nothing of the other after that
    assert gapless(frames)
    with_theirs = [
        frame["seq"] for frame in frames if story.thai.id in json.dumps(frame.get("fixes", []))
    ]
    for frame in frames:
        if frame["seq"] > (with_theirs or [0])[-1] and "forget" not in frame:
            assert story.thai.id not in json.dumps(frame)
        if datetime.fromisoformat(frame["time"]) > suspended_at:
            assert story.thai.id not in json.dumps(frame)
    reader = Reader.__new__(Reader)
    reader.frames, reader.units, reader.documents = [], {}, {}
    for frame in frames:
        reader.take(frame)
    since_joined = lao.fixes(story.lao)[AT_ONCE : (BEFORE + 11) * AT_ONCE]
    assert reader.fixes(story.lao) == since_joined, "nothing of its own is missing"
    left, published = reader.fixes(story.thai), lao.fixes(story.thai)[AT_ONCE:]
    assert left == published[: len(left)]
    assert len(published) - len(left) > 20 * AT_ONCE, "those that waited were dropped"
    assert set(reader.units) == {story.lao.id}


async def stalled_in_the_middle(story: Story, name: str) -> tuple[Any, SharedFrames]:
    """Return a live stream that reads nothing while another's boat sails, with the connection of
    the server: a frame about that boat waits in it.
    """
    found: list[SharedFrames] = []
    with pytest.MonkeyPatch.context() as patched:
        take_up = SharedFrames.handle_connect

        def seen(self: SharedFrames, event: Any) -> None:
            take_up(self, event)
            found.append(self)

        patched.setattr(SharedFrames, "handle_connect", seen)
        stalled, _ = await stalled_socket(story, name)
    (connection,) = found
    async for _ in running.wait_until("the connection to take no more"):
        await story.thai.sail()
        if not connection.writable.is_set():
            break
    for _ in range(3):
        await story.thai.sail()
    return stalled, connection


async def test_the_frame_that_waits_for_its_socket_goes_out_without_what_ended(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STUCK_S", 300.0)  # who does not read would be cut off by then
    given: list[bytes] = []
    give = SharedFrames.give

    def noted(self: SharedFrames, frame: bytes) -> bool:
        gone = give(self, frame)
        if gone:
            given.append(frame)
        return gone

    monkeypatch.setattr(SharedFrames, "give", noted)
    agreement = await agree(story)
    await story.thai.sail()
    stalled, connection = await stalled_in_the_middle(story, "kham")
    assert any(story.thai.id.encode() in frame for frame in given), "they are told before"
    answer = await story["chai"].post(
        f"/api/agreements/{agreement}/suspend", json={"reason": "by order"}
    )
    assert answer.status_code == 200, answer.text
    assert not connection.writable.is_set(), "it waits still"
    given.clear()
    assert gapless(await read_all(stalled))
    await stalled.close()
    answers = [json.loads(frame) for frame in given]
    assert len([frame for frame in answers if frame["type"] == "change"]) > 3, (
        "what waited went out"
    )
    for frame in answers:
        if "forget" not in frame:
            assert story.thai.id not in json.dumps(frame)


async def test_who_takes_nothing_does_not_keep_its_socket(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CHECK_S", 0.2)
    monkeypatch.setattr(live, "STUCK_S", 0.5)
    await agree(story)
    stalled, connection = await stalled_in_the_middle(story, "kham")
    async for _ in running.wait_until("its socket to be closed", 5):
        if connection.disconnected:
            break
    stalled.transport.abort()


async def test_resumption_without_and_with_backfill(story: Story) -> None:
    agreement = await agree(story)
    span = {
        "start": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "end": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }

    async def act(name: str, act: str, **body: Any) -> None:
        answer = await story[name].post(f"/api/agreements/{agreement}/{act}", json=body)
        assert answer.status_code == 200, answer.text

    async def theirs() -> list[str]:
        path = f"/api/units/{story.thai.id}/track"
        answer = await story["somchai"].get(path, params=span)
        if answer.status_code == 404:
            return []
        return list(answer.json()["properties"]["times"])

    def moments(*stretches: tuple[int, int]) -> list[datetime]:
        return [time for a, b in stretches for time in story.thai.times[a:b]]

    async def sees(*stretches: tuple[int, int]) -> bool:
        found = [datetime.fromisoformat(each) for each in await theirs()]
        return found == [time.replace(microsecond=time.microsecond) for time in moments(*stretches)]

    await asyncio.sleep(0.1)
    await story.both(5)  # 0 to 5
    assert await sees((0, 5))
    await act("chai", "suspend", reason="a row")
    await asyncio.sleep(0.1)
    await story.both(5)  # 5 to 10: of the gap
    assert await theirs() == []
    await asyncio.sleep(0.1)
    await act("chai", "resume", reason="settled")
    await asyncio.sleep(0.1)
    await story.both(5)  # 10 to 15
    assert await sees((0, 5), (10, 15))
    units = (await story["somchai"].get("/api/units")).json()
    assert {each["id"] for each in units} == {story.lao.id, story.thai.id}

    await act("kham", "suspend", reason="our turn")
    assert await theirs() == []
    for _ in range(3):  # 15 to 20, to 25, to 30
        await asyncio.sleep(0.1)
        await story.both(5)
    await asyncio.sleep(0.1)
    await act("kham", "resume")
    assert await sees((0, 5), (10, 15)), "without a word of theirs nothing of the gap"
    stretch = {
        "start": (story.thai.times[20] - timedelta(milliseconds=50)).isoformat(),
        "end": (story.thai.times[24] + timedelta(milliseconds=50)).isoformat(),
        "classes": ["tracks"],
    }
    refused = await story["kham"].post(
        f"/api/agreements/{agreement}/backfill",
        json={"backfill": stretch | {"end": "2099-01-01T00:00:00Z"}},
    )
    assert refused.status_code == 409
    await act("kham", "backfill", backfill=stretch)
    assert await sees((0, 5), (10, 15)), "ours to give is ours alone"
    await act("chai", "backfill", backfill=stretch)
    assert await sees((0, 5), (10, 15), (20, 25)), "exactly what was consented to"
    exported = await story["somchai"].get(
        "/api/exports/tracks", params=span | {"unit": story.thai.id, "format": "geojson"}
    )
    assert exported.status_code == 200, exported.text
    assert len(shapely.get_coordinates(shapely.from_geojson(exported.text))) == 15


async def test_an_answer_that_was_on_its_way_at_the_suspension_does_not_go_out(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreement = await agree(story)
    await asyncio.sleep(0.05)
    await story.both()
    reading, go_on = asyncio.Event(), asyncio.Event()
    written = exports.write_file

    async def slow(*given: Any) -> bytes:
        made = await written(*given)
        reading.set()
        await go_on.wait()
        return made

    monkeypatch.setattr(exports, "write_file", slow)
    span = {
        "start": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "end": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
        "format": "geojson",
    }
    everything = asyncio.create_task(story["somchai"].get("/api/exports/tracks", params=span))
    await reading.wait()
    reading.clear()
    own = asyncio.create_task(
        story["noy"].get("/api/exports/tracks", params=span | {"unit": story.lao.id})
    )
    await reading.wait()
    answer = await story["chai"].post(
        f"/api/agreements/{agreement}/suspend", json={"reason": "by order"}
    )
    assert answer.status_code == 200
    go_on.set()
    refused = await everything
    assert (refused.status_code, refused.json()["error"]) == (503, "sharing_changed")
    assert story.thai.id not in refused.text
    assert (await own).status_code == 200, "what is one's own comes through"
    again = await story["somchai"].get("/api/exports/tracks", params=span)
    assert again.status_code == 200
    assert story.thai.name not in again.text
    assert story.lao.name in again.text


async def test_tiles_that_were_kept_go_with_the_suspension(story: Story) -> None:
    agreement = await agree(story)
    await asyncio.sleep(0.05)
    for _ in range(3):
        await story.both()
    x, y = project([100.43], [20.27])
    z = 14
    path = f"/tiles/{z}/{int(x[0] * 2**z)}/{int(y[0] * 2**z)}.mvt"
    span = {
        "start": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "end": (datetime.now(UTC) + timedelta(hours=1)).isoformat(),
    }
    for _ in range(2):
        tile = await story["somchai"].get(path, params=span)
        assert story.thai.name.encode() in tile.content
    answer = await story["kham"].post(f"/api/agreements/{agreement}/suspend", json={"reason": "x"})
    assert answer.status_code == 200
    tile = await story["somchai"].get(path, params=span)
    assert (tile.status_code, tile.content) == (204, b"")
