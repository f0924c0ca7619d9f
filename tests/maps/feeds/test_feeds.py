"""Feeds of a running server, over real sockets: what goes out, to whom, and what never does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyais import NMEAMessage

from maps.feeds.writers.mmsi import mmsi_of
from patrol.desks.desk import Desk
from patrol.units.accounts import User
from patrol.units.wire import UnitState
from tests.fixtures.ports import free_port
from tests.maps.servers.running import AGENCY, Running, running, wait_until

OTHERS = "other-side"
AGENCIES = [{"id": AGENCY, "name": "Joint"}, {"id": OTHERS, "name": "The other side"}]


def feed(name: str, url: str, speaks: str, agency: str = AGENCY, **more: Any) -> dict[str, Any]:
    given = {"name": name, "url": url, "speaks": speaks, "agency": agency, "role": "crew"}
    return given | more


def desk(server: Running, agency: str = AGENCY) -> Desk:
    return server.office.desk_of(User(name="c", role="commander", agency=agency))


async def boat(server: Running, call_sign: str, *, agency: str = AGENCY) -> UnitState:
    """Return a new boat of an agency that was plotted somewhere."""
    added = await desk(server, agency).registry.add_unit(call_sign=call_sign, kind="boat")
    return await desk(server, agency).registry.plot(added.id, lon=100.41, lat=20.27)


class Client:
    """A chartplotter: reads lines and decodes AIS with pyais."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def line(self, seconds: float = 10) -> bytes:
        async with asyncio.timeout(seconds):
            return await self._reader.readline()

    async def said(self, type_: int, seconds: float = 10) -> Any:
        """Return the next AIS message of a type."""
        while True:
            message = NMEAMessage(await self.line(seconds)).decode()
            if message.msg_type == type_:
                return message

    async def silence(self, seconds: float) -> None:
        """Fail if anything is said within so long."""
        try:
            line = await self.line(seconds)
        except TimeoutError:
            return
        pytest.fail(f"said {line!r}")


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_a_chartplotter_that_connects_gets_everything_at_once_then_each_move(
    tmp_path: Path,
) -> None:
    port = free_port()
    feeds = [feed("bridge", f"tcp-listen://127.0.0.1:{port}", "ais")]
    async with running(tmp_path, feeds=feeds) as server:
        first = await boat(server, "HX-1")
        async with connected(port) as plotter:
            name = await plotter.said(24)
            assert (name.mmsi, name.shipname) == (mmsi_of(first.id), "HX-1")
            place = await plotter.said(18)
            assert (place.lon, place.lat) == pytest.approx((100.41, 20.27), abs=2e-6)
            await desk(server).registry.plot(first.id, lon=100.42, lat=20.28)
            place = await plotter.said(18)
            assert (place.lon, place.lat) == pytest.approx((100.42, 20.28), abs=2e-6)
            second = await boat(server, "HX-2")
            assert (await plotter.said(24)).shipname == "HX-2"
            assert (await plotter.said(18)).mmsi == mmsi_of(second.id)
            async with connected(port) as late:
                assert {(await late.said(18)).mmsi for _ in range(2)} == {
                    mmsi_of(first.id),
                    mmsi_of(second.id),
                }
            async with server.signed_in("technician") as client:
                (fares,) = (await client.get("/api/feeds")).json()
    body = {key: fares[key] for key in ("name", "speaks", "role", "state", "units")}
    assert body == {
        "name": "bridge", "speaks": "ais", "role": "crew", "state": "open", "units": 2,
    }  # fmt: skip
    assert fares["sent"] == 4  # a move, and three sentences about the second boat


async def test_a_busy_boat_is_sent_at_most_once_a_second_and_its_last_position_always(
    tmp_path: Path,
) -> None:
    port = free_port()
    feeds = [feed("bridge", f"tcp-listen://127.0.0.1:{port}", "nmea")]
    async with running(tmp_path, feeds=feeds) as server:
        one = await boat(server, "HX-1")
        async with connected(port) as plotter:
            await plotter.line()
            start = asyncio.get_running_loop().time()
            for step in range(1, 26):
                await desk(server).registry.plot(one.id, lon=100.41 + step * 1e-4, lat=20.27)
                await asyncio.sleep(0.1)
            came_s = asyncio.get_running_loop().time() - start
            lines: list[bytes] = []
            while not lines or b",10024.7500,E," not in lines[-1]:  # 100.4125
                lines.append(await plotter.line())
            took_s = asyncio.get_running_loop().time() - start
    assert len(lines) <= took_s + 2
    assert took_s - came_s < 3.5


async def test_nothing_of_another_agency_or_of_unknown_radios_leaves(tmp_path: Path) -> None:
    ours, theirs, all_of_ours = free_port(), free_port(), free_port()
    feeds = [
        feed("ours", f"tcp-listen://127.0.0.1:{ours}", "cot"),
        feed("theirs", f"tcp-listen://127.0.0.1:{theirs}", "cot", OTHERS),
        feed(
            "radios", f"tcp-listen://127.0.0.1:{all_of_ours}", "cot",
            units_only=False, role="technician",
        ),
        feed("crew-radios", f"tcp-listen://127.0.0.1:{free_port()}", "cot", units_only=False),
    ]  # fmt: skip
    async with running(tmp_path, feeds=feeds, agencies=AGENCIES) as server:
        await boat(server, "SECRET-LA")
        await boat(server, "SECRET-TH", agency=OTHERS)
        key = await server.device("stranger")
        body = {"id": "1", "lon": 100.5, "lat": 20.5, "time": datetime.now(UTC).isoformat()}
        async with server.stranger(authorization=f"Bearer {key}") as phone:
            assert (await phone.post("/api/positions", json=body)).status_code == 200
        async with connected(ours) as a, connected(theirs) as b, connected(all_of_ours) as c:
            assert b"SECRET-LA" in await a.line()
            assert b"SECRET-TH" in await b.line()
            both = [await c.line(), await c.line()]
            for number in range(3):
                await boat(server, f"MORE-LA-{number}")
                await boat(server, f"MORE-TH-{number}", agency=OTHERS)
            more = {each: [await each.line() for _ in range(3)] for each in (a, b, c)}
            await a.silence(1.5)
            await b.silence(0.1)
            await c.silence(0.1)
        assert all(b"-LA-" in line for each in (a, c) for line in more[each])
        assert all(b"-TH-" in line for line in more[b])
        assert any(b"stranger" in line for line in both)
        assert any(b"SECRET-LA" in line for line in both)
        async with server.signed_in("technician") as client:  # of our agency
            fares = (await client.get("/api/feeds")).json()
    assert {each["name"]: each.get("units", 0) for each in fares} == {
        "ours": 4,
        "radios": 5,
        "crew-radios": 4,  # a crew may not see unknown radios, whatever the feed asks for
    }


async def test_a_unit_out_of_service_is_deleted_and_not_sent_to_new_clients(tmp_path: Path) -> None:
    port = free_port()
    feeds = [feed("tak", f"tcp-listen://127.0.0.1:{port}", "cot")]
    async with running(tmp_path, feeds=feeds) as server:
        one, two = await boat(server, "HX-1"), await boat(server, "HX-2")
        async with connected(port) as client:
            await client.line()
            await client.line()
            await desk(server).registry.change_unit(one.id, {"retired": True})
            line = await client.line(2)
            assert b'type="t-x-d-d"' in line
            assert f'<link uid="joint-patrol.{one.id}"'.encode() in line
        async with connected(port) as late:
            assert f'uid="joint-patrol.{two.id}"'.encode() in await late.line()
            await late.silence(0.5)


async def test_an_old_position_is_not_sent(tmp_path: Path) -> None:
    port = free_port()
    feeds = [feed("bridge", f"tcp-listen://127.0.0.1:{port}", "ais", max_age_s=60)]
    async with running(tmp_path, feeds=feeds) as server:
        added = await desk(server).registry.add_unit(call_sign="OLD", kind="boat")
        at = datetime.now(UTC) - timedelta(seconds=61)
        await desk(server).registry.plot(added.id, lon=100.4, lat=20.2, at=at)
        async with connected(port) as plotter:
            await plotter.silence(0.5)
            await desk(server).registry.plot(added.id, lon=100.4, lat=20.2)
            assert (await plotter.said(24)).shipname == "OLD"


async def test_a_call_for_help_goes_out_in_words(tmp_path: Path) -> None:
    port = free_port()
    feeds = [feed("bridge", f"tcp-listen://127.0.0.1:{port}", "ais")]
    async with running(tmp_path, feeds=feeds) as server:
        key = await server.device("boat-3")
        one = await desk(server).registry.add_unit(call_sign="HX-1", kind="boat")
        await desk(server).registry.assign(address="position_json:boat-3", unit=one.id)
        body = {"id": "1", "lon": 100.4102, "lat": 20.2741, "distress": True}
        body["time"] = datetime.now(UTC).isoformat()
        async with connected(port) as plotter:
            async with server.stranger(authorization=f"Bearer {key}") as phone:
                answer = await phone.post("/api/positions", json=body)
                assert answer.status_code == 200, answer.text
            assert (await plotter.said(14, 3)).text.startswith("SOS HX-1 20 16.446N 100 24.612E")
            await desk(server).registry.clear_distress(one.id)
            assert (await plotter.said(14, 3)).text == "SOS HX-1 IS OVER"


async def test_a_server_that_comes_late_or_goes_gets_everything_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("radio_gateway.links.backoff.Backoff.next_s", lambda _self, lasted_s: 0.1)
    port = free_port()
    feeds = [feed("tak", f"tcp://127.0.0.1:{port}", "cot")]
    lines: asyncio.Queue[bytes] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while line := await reader.readline():
            lines.put_nowait(line)
        writer.close()

    async with running(tmp_path, feeds=feeds) as server:
        await boat(server, "HX-1")
        async with server.signed_in("technician") as client:
            async for _ in wait_until("the feed to be down"):
                (fares,) = (await client.get("/api/feeds")).json()
                if fares["state"] == "down":
                    break
            assert fares["fault"] == "Connection refused"
        tak = await asyncio.start_server(serve, "127.0.0.1", port)
        async with tak, asyncio.timeout(20):
            assert b"HX-1" in await lines.get()
            writers[0].transport.abort()
            assert b"HX-1" in await lines.get()
            await boat(server, "HX-2")
            assert b"HX-2" in await lines.get()
            writers[-1].close()
    await asyncio.sleep(0.05)


async def test_datagrams_carry_one_message_each(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        feeds = [feed("net", f"udp://127.0.0.1:{sock.getsockname()[1]}", "ais")]
        async with running(tmp_path, feeds=feeds) as server:
            await boat(server, "HX-1")
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(5):
                datagrams = [await loop.sock_recv(sock, 2000) for _ in range(3)]
    types = [NMEAMessage(each).decode().msg_type for each in datagrams]
    assert types == [24, 24, 18]
    assert all(each.count(b"\r\n") == 1 for each in datagrams)


async def test_marks_and_sectors_go_out_where_a_feed_says_so_and_come_back_as_nothing(
    tmp_path: Path,
) -> None:
    port, quiet, foreign, back = free_port(), free_port(), free_port(), free_port(socket.SOCK_DGRAM)
    feeds = [
        feed("tak", f"tcp-listen://127.0.0.1:{port}", "cot", also=["marks", "sectors"]),
        feed("plain", f"tcp-listen://127.0.0.1:{quiet}", "cot"),
        feed("theirs", f"tcp-listen://127.0.0.1:{foreign}", "cot", OTHERS, also=["marks"]),
    ]
    channel = {"name": "back", "url": f"udp://127.0.0.1:{back}", "protocols": ["cot"]}
    async with running(tmp_path, feeds=feeds, agencies=AGENCIES, channels=[channel]) as server:
        marks = desk(server).marks
        async with connected(port) as client, connected(quiet) as plain, connected(foreign) as far:
            made = await marks.make(name="Sunken barge", lon=100.41, lat=20.27, use="hazard")
            data = await client.line()
            uid = f'uid="joint-patrol.{server.office.settings.node.id}.{made.id}"'.encode()
            assert uid in data
            assert b'callsign="Sunken barge"' in data
            mark = f'by="{server.office.settings.node.id}/tak"'.encode()
            assert mark in data
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hub:
                hub.sendto(data, ("127.0.0.1", back))  # as a server hands it back
                another = data.replace(b"joint-patrol.", b"another.").replace(mark, b'by="far/tak"')
                hub.sendto(another, ("127.0.0.1", back))
            async for _ in wait_until("the other's mark"):
                if len(marks.all()) == 2:
                    break
            assert [each.sender for each in marks.all() if not each.by] == [
                f"another.{server.office.settings.node.id}"
            ]
            assert desk(server).visible.units() == []
            await marks.end(made.id)
            lines = b""
            while b"t-x-d-d" not in lines:
                lines += await client.line()
            assert uid in lines
            await plain.silence(0.5)
            await far.silence(0.5)
