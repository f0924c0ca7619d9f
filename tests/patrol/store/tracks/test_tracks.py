"""Where everything was."""

from __future__ import annotations

from itertools import pairwise

from gis.position.position import Position
from tests.patrol.nodes.running import Node, address, at, said


async def test_a_track_holds_each_position_once_in_order_with_its_own_time(node: Node) -> None:
    await node.hear(*(said("a", second, lon=100.4 + second * 1e-4) for second in (3, 1, 2, 9)))
    track = await node.desk().visible.track(address(), start=at(1), end=at(9))
    assert [fix.time for fix in track] == [at(1), at(2), at(3)]
    assert await node.desk().visible.track(address(), start=at(1), end=at(10), limit=2) == [
        *track[2:],
        *await node.desk().visible.track(address(), start=at(9), end=at(10)),
    ]
    assert await node.desk().visible.track(address(), start=at(20), end=at(30)) == []
    assert await node.desk().visible.track(address(), start=at(9), end=at(1)) == []


async def test_the_overview_is_thinned_and_ends_where_the_marker_is(node: Node) -> None:
    await node.hear(*(said("a", second, lon=100.4 + second * 1e-5) for second in range(1000)))
    await node.hear(said("b", 5), said("old", -7200), said("sim", 5, flags=("simulator",)))
    tracks = await node.desk().visible.tracks(start=at(0), end=at(1001), points_each=50)
    assert set(tracks) == {address("a"), address("b")}
    fixes = tracks[address("a")]
    assert 40 <= len(fixes) <= 50
    assert fixes == sorted(fixes, key=lambda fix: fix.time)
    last = node.state(address("a")).last
    assert last is not None
    assert (fixes[-1].time, fixes[-1].lon) == (last.time, last.lon)
    gaps = [(after.time - before.time).total_seconds() for before, after in pairwise(fixes)]
    assert max(gaps) <= 45


async def test_the_overview_of_very_many_is_bounded_as_a_whole(node: Node) -> None:
    await node.hear(*(said(f"r{number}", 1 + number % 3) for number in range(120)))
    tracks = await node.desk().visible.tracks(start=at(0), end=at(9))
    assert len(tracks) == 120


async def test_a_unit_s_overview_joins_its_radios_and_its_plots(node: Node) -> None:
    boat = await node.boat()
    await node.hear(said("a", 1), said("b", 2, lon=100.4001))
    for device in "ab":
        await node.desk().registry.assign(address=address(device), unit=boat)
    node.time = at(3)
    await node.desk().registry.plot(boat, lon=100.4002, lat=20.27)
    tracks = await node.desk().visible.tracks(start=at(0), end=at(9))
    assert [fix.lon for fix in tracks[boat]] == [100.4, 100.4001, 100.4002]
    assert {fix.of for fix in tracks[boat]} == {boat}


async def test_a_position_is_as_wrong_as_is_typical_of_its_radio_until_it_says_better(
    node: Node,
) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(address="aprs:a", unit=boat, start=at(-9))
    await node.desk().registry.assign(address="ais:a", unit=boat, start=at(-9))
    exact = Position(lon=100.4, lat=20.27, accuracy_m=4.0)
    await node.hear(
        said("a", 1, protocol="aprs"),
        said("a", 2, protocol="ais"),
        said("a", 3, protocol="aprs", position=exact),
    )
    node.time = at(4)
    await node.desk().registry.plot(boat, lon=100.4, lat=20.27)
    typical = [20.0, 15.0, 4.0, 250.0]
    track = await node.desk().visible.track(boat, start=at(0), end=at(9))
    assert [fix.error_m for fix in track] == typical
    assert [fix.accuracy_m for fix in track] == [None, None, 4.0, None]  # as they told
    last = node.state(boat).last
    assert last is not None
    assert (last.accuracy_m, last.error_m) == (None, 250.0)
    film = (await node.desk().history.films(start=at(0), end=at(9), ids=[boat]))[boat]
    assert film.error_m.tolist() == typical
