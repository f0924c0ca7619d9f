"""Replay over HTTP: what is told of a range, in whose eyes, and what was known when."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import numpy as np
import pytest
import pytest_asyncio

from gis.river.river import load_mekong
from maps.errors.errors import ReplayBusy
from maps.http.session_cookie import COOKIE
from maps.replay.replay_reel import JUMP
from maps.replay.replay_turns import MOST_OF_USER, ReplayTurns
from patrol.desks.visibility import history as history_desk
from patrol.units.accounts import User
from tests.maps.api.ogc.test_ogc_api import BEGIN, sail
from tests.maps.servers.agreement import agree
from tests.maps.servers.offices import THAI, Offices, two_offices
from tests.maps.servers.running import Running, wait_until

FIVE_MINUTES = timedelta(minutes=5)
DAY = {"start": "2026-11-23T00:00:00Z", "end": "2026-11-25T00:00:00Z"}


def unpacked(answer: httpx.Response) -> dict[str, dict[str, Any]]:
    """Return the columns of each unit, read as `docs/guides/replay.md` says."""
    assert answer.status_code == 200, answer.text
    body = answer.content
    assert body[:4] == b"JPR1"
    (length,) = struct.unpack("<I", body[4:8])
    head = json.loads(body[8 : 8 + length])
    count = sum(each["count"] for each in head["units"])
    at, columns = 8 + length, {}
    for each in head["columns"]:
        assert at % 8 == 0
        kind = np.dtype(each["type"])
        columns[each["name"]] = np.frombuffer(body, kind, count, at)
        at += -(-count * kind.itemsize // 8) * 8
    assert at == len(body)
    found, first = {}, 0
    for unit in head["units"]:
        rows = slice(first, first + unit["count"])
        found[unit["id"]] = {name: column[rows] for name, column in columns.items()}
        first += unit["count"]
    return found


async def test_a_range_is_described_as_units_and_columns(server: Running) -> None:
    naga = await sail(server, "Naga 1", "n1", 30, lon=100.4)
    async with server.signed_in("crew") as client:
        reel = (await client.get("/api/replay", params=DAY)).json()
        assert [each["call_sign"] for each in reel["units"]] == ["Naga 1"]
        assert reel["time_zone"] == "Asia/Vientiane"
        found = unpacked(await client.get("/api/replay/positions", params=DAY))[naga]
        assert found["time_ms"][0] == BEGIN.timestamp() * 1000
        assert found["lon_e7"][1] == 1004001000
        assert found["speed_cmps"].tolist() == [350] * 30
        assert set(found["heading_cdeg"].tolist()) == {0xFFFF}
        half = {**DAY, "end": (BEGIN + timedelta(minutes=10)).isoformat()}
        found = unpacked(await client.get("/api/replay/positions", params=half))[naga]
        assert len(found["time_ms"]) == 10, "the end is out"


def bends_of(answer: httpx.Response) -> list[list[float]]:
    """Return the bends of lines of the only unit: number of the position, then degrees × 10⁷."""
    (length,) = struct.unpack("<I", answer.content[4:8])
    (unit,) = json.loads(answer.content[8 : 8 + length])["units"]
    found: list[list[float]] = unit.get("bends", [])
    return found


def batched(e7: list[float]) -> list[tuple[float, float]]:
    return list(zip(e7[::2], e7[1::2], strict=True))


async def test_lines_between_sparse_reports_go_along_the_river_as_distance_does(
    server: Running,
) -> None:
    key = await server.device("n1")
    river = load_mekong()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    bodies = [
        {"id": f"n{n}", "lon": lon, "lat": lat, "time": (start + n * FIVE_MINUTES).isoformat()}
        for n, (lon, lat) in enumerate(river.at_km(1772.0 - 1.5 * n) for n in range(9))
    ]
    async with server.stranger(authorization=f"Bearer {key}") as phone:
        assert len((await phone.post("/api/positions", json=bodies)).json()["stored"]) == 9
    async with server.signed_in() as client:
        whole = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
        found = bends_of(await client.get("/api/replay/positions", params=whole))
        assert [each[0] for each in found] == list(range(1, 9))
        for _, *e7 in found:
            lon, lat = np.array(e7).reshape(-1, 2).T / 1e7
            assert np.abs(river.locate_many(lon, lat).offset_m).max() < 20.0
        # A part of the time knows the way to its first position, too.
        part = whole | {"start": (start + 4 * FIVE_MINUTES).isoformat()}
        again = bends_of(await client.get("/api/replay/positions", params=part))
        assert [[n + 4, *e7] for n, *e7 in again] == found[3:]
        page = await client.get("/api/replay/page", params=whole)
        assert "distance and lines follow the river" in page.text
        (unit,) = json.loads(page.text.split('id="replay-data">')[1].split("<")[0])["units"]
        assert list(unit["b"]) == [str(n) for n in range(1, 9)]
        # The live page and the debrief draw the same.
        (live,) = (await client.get("/api/tracks?hours=2&tolerance_m=5")).json()["features"]
        path = "/api/units/position_json:n1/track"
        one = (await client.get(path, params=whole | {"tolerance_m": 5})).json()
        for feature in (live, one):
            lon, lat = np.array(feature["geometry"]["coordinates"]).T
            assert len(lon) > 30
            assert np.abs(river.locate_many(lon, lat).offset_m).max() < 20.0
            times = feature["properties"]["times"]
            assert len(times) == len(lon)
            assert times == sorted(times)
        assert one["properties"]["flags"].count([]) == len(one["properties"]["times"])
        measured = (await client.get(path, params=whole)).json()
        assert len(measured["geometry"]["coordinates"]) == 9, "what was heard, and no more"
        body = whole | {"unit": "position_json:n1"}
        debrief = await client.get("/api/reports/debrief", params=body)
        places = [(e7[0] / 1e7, e7[1] / 1e7) for _, *each in found for e7 in batched(each)]
        drawn = sum(f"[{round(lon, 5)}, {round(lat, 5)}]" in debrief.text for lon, lat in places)
        assert drawn > 0.6 * len(places), "what is too fine to be seen is left out"


async def test_what_only_later_positions_tell_to_be_wrong_is_no_line_of_a_replay(
    server: Running,
) -> None:
    key = await server.device("n1")
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    bodies = [
        {
            "id": f"n{n}",
            "lon": 100.4 + 0.0002 * n,
            "lat": 20.27 + 0.0036 * (n == 6),
            "accuracy_m": 5,
            "time": (start + timedelta(seconds=10 * n)).isoformat(),
        }
        for n in range(15)
    ]
    async with server.stranger(authorization=f"Bearer {key}") as phone:
        assert len((await phone.post("/api/positions", json=bodies)).json()["stored"]) == 15
    async with server.signed_in() as client:
        whole = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
        positions = await client.get("/api/replay/positions", params=whole)
        flags = unpacked(positions)["position_json:n1"]["flags"]
        assert np.flatnonzero(flags & JUMP).tolist() == [6]
        (totals,) = (await client.get("/api/replay/totals", params=whole)).json()["units"]
        assert totals["positions"] == 14
        page = await client.get("/api/replay/page", params=whole)
        (unit,) = json.loads(page.text.split('id="replay-data">')[1].split("<")[0])["units"]
        assert len(unit["t"]) == 14


async def test_late_receptions_were_known_late(server: Running) -> None:
    key = await server.device("n1")
    now = datetime.now(UTC)
    bodies = [
        {"id": f"n1-{late}", "lon": 100.4, "lat": 20.27, "time": (now - late).isoformat()}
        for late in (timedelta(minutes=10), timedelta(seconds=1))
    ]
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        assert len((await boat.post("/api/positions", json=bodies)).json()["stored"]) == 2
    async with server.signed_in() as client:
        query = {"start": (now - timedelta(hours=1)).isoformat(), "end": now.isoformat()}
        found = unpacked(await client.get("/api/replay/positions", params=query))
        late_s = (
            found["position_json:n1"]["known_ms"] - found["position_json:n1"]["time_ms"]
        ) / 1000
        assert 600 <= late_s[0] < 660
        assert 1 <= late_s[1] < 60


REFUSED: tuple[tuple[dict[str, Any], int, str | None], ...] = (
    ({**DAY, "end": DAY["start"]}, 400, "end"),
    ({**DAY, "start": "2026-11-17T23:59:59Z"}, 400, "end"),
    ({**DAY, "start": "2026-11-23"}, 422, "start"),
    ({"start": DAY["start"]}, 422, "end"),
    ({**DAY, "unit": "u-404"}, 404, None),
)


async def test_a_recording_that_cannot_be_played_is_reported(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sail(server, "Naga 1", "n1", 30, lon=100.4)
    monkeypatch.setattr(history_desk.HistoryDesk.films, "__kwdefaults__", FEW)
    async with server.signed_in() as client:
        for path in ("", "/positions", "/totals", "/evidence", "/page"):
            for query, status, field in REFUSED:
                answer = await client.get(f"/api/replay{path}", params=query)
                told = (answer.status_code, answer.json().get("field"))
                assert told == (status, field), f"{path} {query}: {answer.text}"
            if path:
                answer = await client.get(f"/api/replay{path}", params=DAY)
                assert answer.status_code == 409, path
                assert "more than 29 positions" in answer.json()["message"]


FEW = {"ids": None, "most": 29}


# -- how much at once


async def test_too_many_requests_at_once_are_asked_to_retry(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the live picture goes on meanwhile."""
    await sail(server, "Naga 1", "n1", 30, lon=100.4)
    turns: ReplayTurns = server.app.state.replay_turns
    turn, came = turns.turn, list[str]()

    def noted(user: str) -> AbstractAsyncContextManager[None]:
        came.append(user)
        return turn(user)

    monkeypatch.setattr(turns, "turn", noted)
    async with (
        server.signed_in("commander") as commander,
        server.signed_in("liaison") as liaison,
        server.live(commander) as live,
        AsyncExitStack() as stack,
    ):
        for other in ("a", "b"):  # whose turns they are
            await stack.enter_async_context(turns.turn(other))
        paths = ["", "/positions", "/totals", "/positions"]
        tasks = [
            asyncio.create_task(commander.get(f"/api/replay{path}", params=DAY)) for path in paths
        ]
        async for _ in wait_until("all to stand in line"):
            if came.count("commander") == len(tasks):
                break
        for path in ("", "/positions", "/totals", "/evidence", "/page"):
            answer = await commander.get(f"/api/replay{path}", params=DAY)
            told = (answer.status_code, answer.json()["error"], answer.json()["code"])
            assert told == (429, "too_many_replays", "too_many_replays"), path
            assert int(answer.headers["retry-after"]) >= 1
        assert not any(each.done() for each in tasks), "they wait"
        waiting = [asyncio.create_task(take(turns, f"c{number}")) for number in range(8)]
        await asyncio.sleep(0)
        answer = await liaison.get("/api/replay/positions", params=DAY)
        told = (answer.status_code, answer.json()["error"], answer.json()["code"])
        assert told == (503, "replay_busy", "replay_busy")
        assert int(answer.headers["retry-after"]) >= 1
        await live.until("beat")
        await stack.aclose()
        for answer in await asyncio.gather(*tasks):
            assert answer.status_code == 200, answer.text
        await asyncio.gather(*waiting)
        for _ in range(6):  # every place is free again
            assert (await commander.get("/api/replay", params=DAY)).status_code == 200


async def test_who_does_not_fetch_what_it_asked_for_keeps_its_places(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or their answers would fill the memory: nobody counts what stands in a socket's queue."""
    await sail(server, "Naga 1", "n1", 3, lon=100.4)
    large = bytes(1 << 24)
    monkeypatch.setattr("maps.api.map.replay.packed_films", lambda *_: large)
    loop = asyncio.get_running_loop()
    host, port = server.url.removeprefix("http://").split(":")
    async with server.signed_in() as client:
        with ExitStack() as held:
            text = (
                f"GET /api/replay/positions?{urlencode(DAY)} HTTP/1.1\r\nHost: {host}\r\n"
                f"Cookie: {COOKIE}={client.cookies.get(COOKIE)}\r\n\r\n"
            )
            for _ in range(MOST_OF_USER):
                lazy = held.enter_context(socket.socket())
                lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                lazy.setblocking(False)
                await loop.sock_connect(lazy, (host, int(port)))
                await loop.sock_sendall(lazy, text.encode())
                assert (await loop.sock_recv(lazy, 12)).endswith(b" 200")
            async for _ in wait_until("as many as one user may have are under way"):
                if (await client.get("/api/replay", params=DAY)).status_code == 429:
                    break
            async with server.signed_in("liaison") as other:
                assert (await other.get("/api/replay", params=DAY)).status_code == 200
        async for _ in wait_until("they are gone"):
            if (await client.get("/api/replay", params=DAY)).status_code == 200:
                break


async def take(turns: ReplayTurns, user: str, log: list[str] | None = None) -> None:
    """Have a turn, and say so."""
    async with turns.turn(user):
        if log is not None:
            log.append(user)
        await asyncio.sleep(0.01)


async def test_who_has_nothing_under_way_comes_first() -> None:
    turns = ReplayTurns(at_once=2)
    log: list[str] = []
    users = ["eager", "eager", "eager", "eager", "other", "eager", "third"]
    await asyncio.gather(*(take(turns, user, log) for user in users))
    assert log[:5] == ["eager", "eager", "other", "eager", "third"]
    assert sorted(log) == sorted(users)


async def test_who_waits_too_long_or_goes_away_takes_no_turn() -> None:
    turns = ReplayTurns(at_once=1, waiting=2, longest_s=0.2)
    log: list[str] = []
    async with turns.turn("first"):
        gone = asyncio.create_task(take(turns, "gone", log))
        late = asyncio.create_task(take(turns, "late", log))
        await asyncio.sleep(0)
        with pytest.raises(ReplayBusy):
            await take(turns, "one too many", log)
        gone.cancel()
        with pytest.raises(ReplayBusy):
            await late
    # one that is called at the very moment in which it goes away hands its turn on
    async with turns.turn("holding"):
        called, after = (
            asyncio.create_task(take(turns, name, log)) for name in ("called", "after")
        )
        await asyncio.sleep(0)
    called.cancel()
    await asyncio.gather(called, after, return_exceptions=True)
    await take(turns, "last", log)
    assert log == ["after", "last"]


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    """Two agencies in one server."""
    async with two_offices(tmp_path) as both:
        yield both


async def boat(offices: Offices, name: str, officer: str, agency: str) -> tuple[str, str]:
    """Register a boat; return its id and its key to report with."""
    people = offices.server.office.people
    key = await people.add_device(name, agency)
    made = await offices[officer].post("/api/units", json={"call_sign": name, "kind": "boat"})
    start = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    address = f"position_json:{name}"
    body = {"address": address, "unit": made.json()["id"], "channel": "*", "start": start}
    bound = await offices[officer].post("/api/assignments", json=body)
    assert bound.status_code == 201, bound.text
    return made.json()["id"], key


async def report(offices: Offices, name: str, key: str, at: datetime, lon: float) -> None:
    """Let a boat say where it was."""
    body = {"id": f"{name}-{at}", "lon": lon, "lat": 20.27, "time": at.isoformat()}
    async with offices.server.stranger(authorization=f"Bearer {key}") as phone:
        answer = await phone.post("/api/positions", json=[body])
        assert len(answer.json()["stored"]) == 1, answer.text


async def told_to(offices: Offices, officer: str, **query: str) -> list[float]:
    """Return the longitudes of the positions that an officer is told, by unit and time."""
    now = datetime.now(UTC)
    body = {
        "start": (now - timedelta(hours=2)).isoformat(),
        "end": (now + timedelta(minutes=1)).isoformat(),
        **query,
    }
    found = unpacked(await offices[officer].get("/api/replay/positions", params=body))
    return [lon / 1e7 for each in found.values() for lon in each["lon_e7"].tolist()]


async def test_an_agreement_counts_by_the_time_of_the_position(offices: Offices) -> None:
    thai, key = await boat(offices, "Mekhong 1", "malee", THAI)
    now = datetime.now(UTC)
    await report(offices, "Mekhong 1", key, now - timedelta(minutes=90), 100.01)
    assert await told_to(offices, "somchai") == []
    start = (now - timedelta(hours=2)).isoformat()
    reel = {"start": start, "end": now.isoformat()}
    assert (await offices["somchai"].get("/api/replay", params=reel)).json()["units"] == []
    agreement = await agree(offices)
    await report(offices, "Mekhong 1", key, datetime.now(UTC), 100.02)
    assert await told_to(offices, "somchai") == [100.02], "what was before the signature stays"
    assert await told_to(offices, "malee") == [100.01, 100.02]
    path = f"/api/agreements/{agreement}"
    await offices["chai"].post(f"{path}/suspend", json={"reason": "audit"})
    await report(offices, "Mekhong 1", key, datetime.now(UTC), 100.03)
    assert await told_to(offices, "somchai") == [], "nothing of before either, while suspended"
    gone = await offices["somchai"].get("/api/replay/positions", params=reel | {"unit": thai})
    assert gone.status_code == 404
    await offices["chai"].post(f"{path}/resume", json={})
    await report(offices, "Mekhong 1", key, datetime.now(UTC), 100.04)
    assert await told_to(offices, "somchai") == [100.02, 100.04], "the gap is not told"
    body = (await offices["somchai"].get("/api/replay", params={
        "start": start, "end": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    })).json()  # fmt: skip
    assert [each["call_sign"] for each in body["units"]] == ["Mekhong 1"]
    states = [each.get("state") for each in body["papers"] if each["kind"] == "agreement"]
    assert states[-3:] == ["active", "suspended", "active"], "each as it stood"


async def test_documents_are_listed_in_every_version_in_force(offices: Offices) -> None:
    ring = [[100.40, 20.28], [100.42, 20.28], [100.42, 20.30], [100.40, 20.28]]
    shape = {"polygon": {"type": "Polygon", "coordinates": [ring]}}
    drawn = (await offices["noy"].post("/api/sectors", json={"name": "Isles", **shape})).json()
    before = datetime.now(UTC)
    path = f"/api/sectors/{drawn['sector']['id']}"
    changed = await offices["noy"].patch(path, json={"name": "Don Isles"})
    assert changed.status_code == 200, changed.text
    after = datetime.now(UTC) + timedelta(seconds=1)

    async def names(officer: str, start: datetime, end: datetime) -> list[str]:
        query = {"start": start.isoformat(), "end": end.isoformat()}
        reel = (await offices[officer].get("/api/replay", params=query)).json()
        return [each["name"] for each in reel["papers"] if each["kind"] == "sector"]

    long_ago = before - timedelta(hours=1)
    assert await names("somchai", long_ago, after) == ["Isles", "Don Isles"]
    assert await names("somchai", long_ago, before) == ["Isles"]
    assert await names("somchai", after, after + timedelta(hours=1)) == ["Don Isles"]
    assert await names("malee", long_ago, after) == []


async def test_totals_tell_way_stops_speed_and_gaps(server: Running) -> None:
    key = await server.device("n1")
    desk = server.office.desk_of(User(name="t", role="admin", agency="joint"))
    unit = await desk.registry.add_unit(call_sign="Naga 1", kind="boat", country="LA")
    # Ten minutes standing, ten minutes on the way, an hour of silence, one more position.
    minutes = [*range(21), 80]
    bodies = [
        {
            "id": f"n1-{n}",
            "lon": round(100.40 + max(0, min(n, 20) - 10) * 1e-3, 6),
            "lat": 20.27,
            "time": (BEGIN + timedelta(minutes=n)).isoformat(),
            "speed_mps": 7.5 if n == 15 else 2.0,
            "accuracy_m": 5,
        }
        for n in minutes
    ]
    async with server.stranger(authorization=f"Bearer {key}") as phone:
        assert len((await phone.post("/api/positions", json=bodies)).json()["stored"]) == 22
    await desk.registry.assign(address="position_json:n1", unit=unit.id)
    async with server.signed_in("observer") as client:
        (answer,) = (await client.get("/api/replay/totals", params=DAY)).json()["units"]
    assert answer["positions"] == 22
    assert answer["km"] == pytest.approx(1.044, abs=0.02)
    assert answer["stops"] == 1
    assert answer["stop_hours"] == pytest.approx(10 / 60, abs=2 / 60)
    assert answer["stop_hours"] + answer["moving_hours"] == pytest.approx(20 / 60, abs=1e-3)
    assert (answer["gaps"], answer["gap_hours"]) == (1, pytest.approx(1.0))
    assert answer["longest_gap"]["start"] == (BEGIN + timedelta(minutes=20)).isoformat().replace(
        "+00:00", "Z"
    )
    assert answer["fastest_mps"] == 7.5
    assert sum(each["hours"] for each in answer["sides"].values()) == pytest.approx(
        20 / 60, abs=0.01
    )
