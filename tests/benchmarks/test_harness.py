"""The benchmarks count what they say they count: their traffic and their viewers."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import msgspec
import pyais
import pytest
import shapely

from patrol.live.fix_table import fix_table
from patrol.units.wire import Change, Fix, UnitState
from tests.benchmarks.environments import environment
from tests.benchmarks.figures import figures, verdicts
from tests.benchmarks.run import Run
from tests.benchmarks.targets.joint_patrol import JointPatrol
from tests.benchmarks.traffic import (
    BOATS,
    FIRST_MMSI,
    MEKONG,
    SECTORS,
    Ground,
    Traffic,
    closed_areas,
)
from tests.benchmarks.viewers import Seat, Viewer, upgrade_request

GAZE = JointPatrol.gaze
NOW = datetime(2026, 11, 28, 21, 0, tzinfo=UTC)
_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


@pytest.mark.parametrize("ground", [MEKONG, SECTORS])
@pytest.mark.parametrize("count", [BOATS, 12_345])
def test_every_message_is_known_by_its_latitude_to_six_decimals(ground: Ground, count: int) -> None:
    traffic = Traffic(ground, count)
    assert [traffic.number(round(traffic.place(number)[1], 6)) for number in range(count)] == list(
        range(count)
    )
    assert traffic.number(-60.0) is None


def test_a_sentence_holds_the_latitude_exactly() -> None:
    traffic = Traffic(MEKONG, 12_345)
    for number in (0, 499, 500, 7_777, 12_344):
        prefix, _, sentence = traffic.rmc(number, 1_764_000_000.25).partition(b",$")
        body, _, checksum = sentence.rstrip().partition(b"*")
        fields = body.decode().split(",")
        lat = int(fields[3][:2]) + float(fields[3][2:]) / 60
        assert prefix == b"R-%04d" % (number % BOATS)
        assert int(checksum, 16) == reduce(xor, body)
        assert traffic.number(lat) == number
        assert (fields[1], fields[9]) == ("160000.25", "241125")


def test_an_ais_sentence_holds_the_latitude_exactly() -> None:
    traffic = Traffic(MEKONG, 12_345)
    for number in (0, 499, 500, 7_777, 12_344):
        sentence = traffic.ais(number, 1_764_000_007.25)
        answer: Any = pyais.decode(sentence.rstrip())
        assert traffic.number(answer.lat) == number
        assert answer.lon == pytest.approx(traffic.place(number)[0], abs=1e-6)
        assert (answer.mmsi, answer.second) == (FIRST_MMSI + number % BOATS, 7)


def test_closed_areas_can_be_drawn_and_a_tenth_of_the_boats_lie_in_one() -> None:
    rings = closed_areas()
    areas = [shapely.Polygon(ring) for ring in rings]
    assert len(areas) == 1000
    assert {len(ring) for ring in rings} == {51}
    assert all(area.is_valid for area in areas)
    traffic = Traffic(MEKONG, 5_500)
    inside = sum(
        any(area.contains(shapely.Point(traffic.place(boat))) for area in areas[:20])
        for boat in range(BOATS)
    )
    assert 25 <= inside <= 75


def test_a_boat_moves_one_step_a_message_and_keeps_its_longitude() -> None:
    traffic = Traffic(MEKONG, 2_000)
    lon, lat = traffic.place(7)
    next_lon, next_lat = traffic.place(7 + BOATS)
    assert next_lon == lon
    assert (next_lat - lat) * 111_320 == pytest.approx(0.19, abs=0.01)


@asynccontextmanager
async def _looking_on(*sent: bytes) -> AsyncIterator[tuple[Viewer, asyncio.Queue[bytes]]]:
    """Yield a sampled viewer that gets `sent`, write by write, and what it answers."""
    answers: asyncio.Queue[bytes] = asyncio.Queue()
    all_sent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for part in (_SWITCHING, *sent):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.01)
        all_sent.set()
        while answer := await reader.read(1000):
            answers.put_nowait(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    seat = Seat(
        host="127.0.0.1",
        port=port,
        opening=upgrade_request(host="127.0.0.1", port=port, path="/", cookie="jp_session=x"),
    )
    loop = asyncio.get_running_loop()
    async with server:
        _, viewer = await loop.create_connection(
            lambda: Viewer(seat, GAZE, sampled=True), "127.0.0.1", port
        )
        viewer.start()
        await viewer.ready
        await all_sent.wait()
        await asyncio.sleep(0.05)
        yield viewer, answers
        viewer.close()
        await asyncio.sleep(0.02)


def _text(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    return b"\x81\x7e" + size.to_bytes(2, "big") + payload


def _change(traffic: Traffic, *numbers: int) -> bytes:
    fixes = [
        Fix(of=f"{n:032x}", lon=traffic.place(n)[0], lat=traffic.place(n)[1], time=NOW)
        for n in numbers
    ]
    last = UnitState(id="u", call_sign="u", agency="joint", last=fixes[0])
    several = len(fixes) > 1
    return _text(
        msgspec.json.encode(
            Change(
                seq=1,
                time=NOW,
                fixes=() if several else tuple(fixes),
                tables=(fix_table(fixes, NOW),) if several else (),
                units=(last,),
            )
        )
    )


@pytest.mark.parametrize("size", [1, 3, 50, 10_000])
async def test_a_viewer_counts_fixes_and_only_fixes_however_the_stream_is_cut(size: int) -> None:
    traffic = Traffic(MEKONG, 1_000)
    stream = _change(traffic, 500, 501, 502) + _change(traffic, 503) + _change(traffic, 503)
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    if size == 1:
        parts = [*parts[:30], stream[30:]]
    async with _looking_on(*parts) as (viewer, _):
        assert (viewer.count, viewer.fault) == (5, None)
        assert viewer.sample is not None
        stamps = memoryview(bytearray(8_000)).cast("q")
        seen, latencies = viewer.sample.read(GAZE, traffic, first=500, sent_at=stamps)
        assert seen == {500, 501, 502, 503}
        assert len(latencies) == 5


@pytest.mark.parametrize("cut", [1, 2, 4])
async def test_a_viewer_answers_a_ping_with_its_payload(cut: int) -> None:
    stream = _change(Traffic(MEKONG, 1_000), 1) + b"\x89\x04abcd"
    async with _looking_on(stream[:-cut], stream[-cut:]) as (viewer, answers):
        answer = await asyncio.wait_for(answers.get(), 10.0)
        assert answer == b"\x8a\x84\0\0\0\0abcd"
        assert viewer.count == 1


async def test_a_viewer_notes_why_the_server_closed() -> None:
    async with _looking_on(b"\x88\x04" + (4409).to_bytes(2, "big") + b"ag") as (viewer, _):
        assert viewer.fault == "the server closed: 4409 b'ag'"


def _run(target: str, load: str, **values: float) -> Run:
    given: dict[str, float] = {
        "rate": 1.0,
        "p50_ms": 1.0,
        "p99_ms": 1.0,
        "cpu_s_per_10k": 1.0,
        "others": 0.0,
    } | values
    return Run(
        target=target,
        load=load,
        sent=1,
        missing=0,
        repeated=0,
        memory_mb=1.0,
        peak_memory_mb=1.0,
        viewers=1,
        views=1,
        rate=given["rate"],
        p50_ms=given["p50_ms"],
        p99_ms=given["p99_ms"],
        cpu_s_per_10k=given["cpu_s_per_10k"],
        others=given["others"],
    )


def test_runs_on_a_busy_machine_are_left_out_when_two_clean_ones_remain() -> None:
    runs = [
        _run("taky", "flood", rate=rate, others=others)
        for rate, others in ((10.0, 0.0), (12.0, 0.1), (1.0, 0.6))
    ]
    figure = figures(runs)["taky", "flood"]
    assert (figure.of(lambda run: run.rate), figure.left_out) == (11.0, 1)
    assert figures(runs[1:])["taky", "flood"].left_out == 0


def test_a_goal_is_judged_only_when_both_servers_ran() -> None:
    runs = [_run("joint-patrol, CoT", "flood", rate=30.0), _run("taky", "flood", rate=2.0)]
    judged = {verdict.what: verdict.reached for verdict in verdicts(figures(runs))}
    assert judged["flood, msg/s: CoT against taky"] is True
    assert judged["flood, msg/s: RMC against the loop"] is None


@pytest.mark.by_hand
def test_a_peer_made_with_another_python_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "peer"
    python = environment(folder, "pip")
    path = folder / "kept"
    path.touch()
    assert environment(folder, "pip") == python
    assert path.exists(), "one of our Python is used as it is"

    config = folder / "pyvenv.cfg"
    ours = f"version = {platform.python_version()}"
    assert ours in config.read_text()
    config.write_text(config.read_text().replace(ours, "version = 3.2.0"))
    assert environment(folder, "pip") == python
    assert not path.exists()
    assert ours in config.read_text()
