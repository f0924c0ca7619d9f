"""What cannot be believed is kept and flagged, and leaves the marker alone."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from patrol.units.wire import Fix
from radio_gateway.messages.transmission import Transmission
from tests.patrol.nodes.running import Node, Viewer, address, at, running, said

NAN, INF = float("nan"), float("inf")


def marker(node: Node) -> Fix:
    last = node.state().last
    assert last is not None
    return last


def kept(node: Node) -> list[tuple[float | None, list[str], int]]:
    rows = node.rows("SELECT lon, flags, usable FROM transmissions ORDER BY id")
    return [(row["lon"], row["flags"].split(), row["usable"]) for row in rows]


@pytest.mark.parametrize(
    ("message", "flag"),
    [
        (said("a", 2, lon=0.0, lat=0.0), "null_island"),
        (said("a", 2, lon=0.00001, lat=-0.00001), "null_island"),
        (said("a", 2, lon=181.0), "out_of_range"),
        (said("a", 2, lat=91.0), "out_of_range"),
        (said("a", 2, lon=NAN), "out_of_range"),
        (said("a", 2, lat=INF), "out_of_range"),
        (said("a", 2, lon=100.401, flags=("stale_position",)), "stale_position"),
        (said("a", 2, lon=100.401, flags=("simulator",)), "simulator"),
        (said("a", 2, lon=100.401, flags=("mock_location",)), "mock_location"),
        (said("a", 2, lon=100.401, flags=("no_fix",), fix=False), "no_fix"),
    ],
)
async def test_a_position_that_is_none_is_kept_and_flagged_and_moves_nothing(
    node: Node, message: Transmission, flag: str
) -> None:
    await node.hear(said("a", 1))
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    await node.hear(message)
    (_, (lon, flags, usable)) = kept(node)
    assert flag in flags
    assert usable == 0
    position = message.position
    assert position is not None
    assert lon == (None if position.lon != position.lon else position.lon)
    assert marker(node).lon == 100.4
    assert flag in node.state().flags
    assert await node.desk().visible.track(address(), start=at(-10), end=at(10)) == [
        Fix(of=address(), lon=100.4, lat=20.27, time=at(1), live=False)
    ]
    (change,) = await viewer.look()
    assert not getattr(change, "fixes", ())
    json.loads(viewer.frames[-1], parse_constant=pytest.fail)


async def test_a_simulator_alone_has_no_marker(node: Node) -> None:
    await node.hear(said("a", 1, flags=("simulator",)))
    assert node.state().last is None
    assert node.state().heard_at == at(1)


async def test_a_late_fix_joins_the_track_and_not_the_marker(node: Node) -> None:
    await node.hear_in_turn(said("a", 10, lon=100.402), said("a", 5, lon=100.401, heard=11))
    assert marker(node).lon == 100.402
    assert kept(node)[1][1] == ["late"]
    track = await node.desk().visible.track(address(), start=at(0), end=at(20))
    assert [fix.lon for fix in track] == [100.401, 100.402]


async def test_a_clock_a_little_ahead_does_not_freeze_the_marker(node: Node) -> None:
    await node.hear_in_turn(
        said("a", 110, lon=100.4, heard=0),
        said("a", 5, lon=100.4005, heard=5),  # its clock was put right
        said("a", 10, lon=100.401, heard=10),
    )
    assert marker(node).lon == 100.401
    assert [flags for _, flags, _ in kept(node)] == [[], [], []]


async def test_a_clock_far_ahead_is_not_believed(node: Node) -> None:
    await node.hear_in_turn(
        said("a", 121, heard=0), said("a", 3600 * 24 * 365, lon=100.4005, heard=5)
    )
    assert (marker(node).lon, marker(node).time) == (100.4005, at(5))
    assert [flags for _, flags, _ in kept(node)] == [["future_time"], ["future_time"]]
    (first, _) = node.rows("SELECT device_us, time_source FROM transmissions ORDER BY id")
    assert first["time_source"] == "heard"
    assert first["device_us"] == round(at(121).timestamp() * 1e6)


async def test_a_clock_twenty_years_behind_is_not_believed(node: Node) -> None:
    old = at(2) - timedelta(days=7168)  # a GPS week rollover
    await node.hear_in_turn(said("a", 1), said("a", 0, lon=100.4005, device_time=old, heard=2))
    assert (marker(node).lon, marker(node).time) == (100.4005, at(2))
    assert kept(node)[1][1] == ["old_clock"]


async def test_a_device_without_a_clock_counts_when_passed_on_or_received(node: Node) -> None:
    await node.hear_in_turn(
        said("a", 0, device_time=None, passed_on_at=at(1), heard=2),
        said("a", 0, device_time=None, heard=40, lon=100.401),
    )
    sources = [row["time_source"] for row in node.rows("SELECT time_source FROM transmissions")]
    assert sources == ["passed_on", "heard"]
    assert marker(node).time == at(40)


async def test_a_jump_is_held_back_until_the_next_position_confirms_it(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    await node.hear_in_turn(said("a", 1), said("a", 2, lon=101.0))
    assert marker(node).lon == 100.4
    await node.hear(said("a", 3, lon=101.0001))
    assert marker(node).lon == 101.0001
    assert [flags for _, flags, _ in kept(node)] == [[], ["jump"], []]
    fixes = [fix for change in await viewer.look() for fix in getattr(change, "fixes", ())]
    assert [(fix.lon, fix.live) for fix in fixes] == [
        (100.4, True),
        (101.0, False),
        (101.0001, True),
    ]


async def test_one_wild_position_among_good_ones_never_shows(node: Node) -> None:
    await node.hear_in_turn(said("a", 1), said("a", 2, lon=120.0), said("a", 3, lon=100.4001))
    assert marker(node).lon == 100.4001


async def test_a_first_position_that_was_wrong_gives_way(node: Node) -> None:
    await node.hear_in_turn(said("a", 1, lon=0.5), said("a", 2), said("a", 3, lon=100.4001))
    assert marker(node).lon == 100.4001


async def test_an_aircraft_that_says_how_fast_it_is_does_not_jump(node: Node) -> None:
    first = said("a", 0)
    fast = said("a", 10, lon=100.4 + 0.0144)  # 1,500 m in 10 s
    assert first.position is not None
    assert fast.position is not None
    from msgspec.structs import replace

    fast = replace(fast, position=replace(fast.position, speed_mps=150.0))
    await node.hear_in_turn(first, fast)
    assert marker(node).lon == 100.4144


async def test_across_the_antimeridian_is_no_jump(node: Node) -> None:
    await node.hear_in_turn(
        said("a", 0, lon=179.9999, lat=0.5), said("a", 10, lon=-179.999, lat=0.5)
    )
    assert marker(node).lon == -179.999


async def test_a_position_received_twice_at_one_time_shows_the_same_whatever_comes_first(
    node: Node, tmp_path: Path
) -> None:
    one, other = said("a", 1, lon=100.4), said("a", 1, lon=100.4005)
    await node.hear_in_turn(one, other)
    async with running(tmp_path / "another.db") as another:
        await another.hear_in_turn(other, one)
        assert marker(node).lon == marker(another).lon


@pytest.mark.parametrize("place", [{"lat": NAN}, {"lon": NAN}])
async def test_half_a_place_is_none_and_the_reason_is_given(
    tmp_path: Path, place: dict[str, float]
) -> None:
    async with running(tmp_path / "patrol.db") as node:
        await node.hear(said("a", 1, **place))  # type: ignore[arg-type]
        [message] = await node.desk("technician").visible.received_messages(address())
        answer = message.transmission
        assert answer.position is None
        assert "out_of_range" in answer.flags
        assert (await node.desk("technician").visible.inquire(address())).query == address()
