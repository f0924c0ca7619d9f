"""A person plots where a unit says it is."""

from __future__ import annotations

import pytest

from gis.errors.errors import PositionError
from patrol.errors.errors import Conflict, NotFound
from tests.patrol.nodes.running import Node, address, at, said


async def test_a_plot_by_voice_is_marked_and_says_who_made_it(node: Node) -> None:
    boat = await node.boat()
    state = await node.desk().registry.plot(boat, lon=100.41, lat=20.28)
    assert state.by_voice
    assert state.last is not None
    assert (state.last.lon, state.last.flags) == (100.41, ("by_voice",))
    assert state.liveness == "live"
    (row,) = node.rows("SELECT address, channel, facts, agency, origin FROM transmissions")
    assert tuple(row) == (f"voice:{boat}", "voice", b'{"by":"kham"}', "la-hx", "node-hx")
    again = await node.again()
    assert again.state(boat).by_voice
    assert await again.desk().visible.unknown_radios() == []


async def test_a_radio_s_position_takes_over_again(node: Node) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat, start=at(-9))
    await node.hear(said("a", 0))
    node.time = at(1)
    assert (
        await node.desk().registry.plot(boat, lon=100.6, lat=20.28)
    ).by_voice  # believed, far as it is
    await node.hear(said("a", 2, lon=100.4001))
    state = node.state(boat)
    assert not state.by_voice
    assert state.last is not None
    assert state.last.lon == 100.4001


async def test_a_wrong_plot_can_be_put_right_at_once(node: Node) -> None:
    boat = await node.boat()
    await node.desk().registry.plot(boat, lon=110.0, lat=20.0)
    node.time = at(2)
    state = await node.desk().registry.plot(boat, lon=100.4, lat=20.27)
    assert state.last is not None
    assert state.last.lon == 100.4


async def test_a_plot_of_where_it_was_joins_the_track_only(node: Node) -> None:
    boat = await node.boat()
    await node.desk().registry.plot(boat, lon=100.4, lat=20.27)
    state = await node.desk().registry.plot(boat, lon=100.3, lat=20.27, at=at(-600))
    assert state.last is not None
    assert state.last.lon == 100.4
    track = await node.desk().visible.track(boat, start=at(-700), end=at(1))
    assert [(fix.lon, fix.flags) for fix in track] == [
        (100.3, ("by_voice", "late")),
        (100.4, ("by_voice",)),
    ]


async def test_a_plot_that_cannot_be_is_refused(node: Node) -> None:
    boat, retired = await node.boat(), await node.boat("Boat 4")
    await node.desk().registry.change_unit(retired, {"retired": True})
    with pytest.raises(PositionError):
        await node.desk().registry.plot(boat, lon=20.27, lat=100.4)
    with pytest.raises(Conflict):
        await node.desk().registry.plot(boat, lon=100.4, lat=20.27, at=at(3600))
    with pytest.raises(Conflict, match="30 days"):  # it would stand on the map as of now
        await node.desk().registry.plot(boat, lon=100.4, lat=20.27, at=at(-31 * 86_400))
    with pytest.raises(Conflict, match="out of service"):
        await node.desk().registry.plot(retired, lon=100.4, lat=20.27)
    with pytest.raises(NotFound):
        await node.desk().registry.plot("no such", lon=100.4, lat=20.27)
    assert node.rows("SELECT * FROM transmissions") == []
