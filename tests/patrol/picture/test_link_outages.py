"""A dead link is what is wrong, not the units that nobody can hear without it."""

from __future__ import annotations

from typing import Any

import pytest

from patrol.picture.link_outages import LinkOutage, Links
from patrol.units.units import Liveness
from radio_gateway.health.health import ChannelHealth, LinkState
from tests.patrol.nodes.running import Node, Viewer, address, at, said


def health(name: str, state: LinkState, since: float, **more: Any) -> ChannelHealth:
    return ChannelHealth(
        name=name, url="udp://", protocols=("test",), state=state, since=at(since), **more
    )


async def fleet(node: Node) -> dict[str, str]:
    """Boats `a` and `b` behind `pier`, `c` behind `hill`, `d` behind both; every 10 s."""
    ids = {}
    for device in "abcd":
        ids[device] = await node.boat(f"Boat {device}", expected_interval_s=10)
        await node.desk().registry.assign(
            address=address(device), unit=ids[device], start=at(-10), channel="*"
        )
    await node.hear(
        said("a", 0, channel="pier"),
        said("b", 0, channel="pier"),
        said("c", 0, channel="hill"),
        said("d", 0, channel="hill"),
        said("d", 1, channel="pier"),
    )
    return ids


def lives(node: Node, ids: dict[str, str], second: float) -> list[Liveness]:
    node.time = at(second)
    node.watch.picture.tick(node.time)
    return [node.state(id).liveness for id in ids.values()]


async def test_units_behind_a_dead_link_are_cut_off_and_others_are_judged_as_ever(
    node: Node,
) -> None:
    ids = await fleet(node)
    node.watch.channel_health([health("pier", "open", 0), health("hill", "open", 0)])
    node.watch.channel_health([health("pier", "down", 5)])
    assert lives(node, ids, 15) == ["live"] * 4
    assert lives(node, ids, 25) == ["cut", "cut", "late", "late"]
    assert lives(node, ids, 4000) == ["cut", "cut", "lost", "lost"]
    assert node.state(ids["a"]).cut_by == ("pier",)
    assert node.state(ids["d"]).cut_by == ()
    node.watch.channel_health([health("hill", "down", 4001)])
    assert lives(node, ids, 4002) == ["cut", "cut", "lost", "lost"]  # lost before it broke


async def test_a_unit_received_by_two_links_is_cut_off_when_both_are_dead(node: Node) -> None:
    ids = await fleet(node)
    node.watch.channel_health([health("pier", "down", 2), health("hill", "stopped", 20)])
    assert lives(node, ids, 60) == ["cut"] * 4
    assert node.state(ids["d"]).cut_by == ("hill", "pier")


async def test_a_silent_link_excuses_nobody(node: Node) -> None:
    ids = await fleet(node)
    node.watch.channel_health([health("pier", "silent", 2), health("hill", "silent", 2)])
    assert lives(node, ids, 60) == ["lost"] * 4


async def test_a_link_that_is_opened_in_vain_again_and_again_is_dead_since_it_first_broke(
    node: Node,
) -> None:
    ids = await fleet(node)
    for second in range(5, 400, 5):
        node.watch.channel_health([health("pier", "opening" if second % 2 else "down", second)])
    assert lives(node, ids, 401)[:2] == ["cut", "cut"]


async def test_once_the_link_is_back_each_unit_has_time_to_report(node: Node) -> None:
    ids = await fleet(node)
    node.watch.channel_health([health("pier", "down", 5)])
    assert lives(node, ids, 500)[0] == "cut"
    node.watch.channel_health([health("pier", "open", 500)])
    assert lives(node, ids, 515)[:2] == ["cut", "cut"]
    assert node.state(ids["a"]).cut_by == ()
    await node.hear(said("a", 516, channel="pier"))
    assert lives(node, ids, 521)[:2] == ["live", "lost"]
    assert lives(node, ids, 540)[:2] == ["late", "lost"]  # of its own


async def test_viewers_are_sent_which_link_it_is(node: Node) -> None:
    ids = await fleet(node)
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    node.watch.channel_health([health("pier", "down", 5)])
    lives(node, ids, 60)
    node.watch.live.publish()
    await viewer.look()
    assert (viewer.units[ids["a"]].liveness, viewer.units[ids["a"]].cut_by) == ("cut", ("pier",))


async def test_a_plot_by_voice_is_no_link(node: Node) -> None:
    ids = await fleet(node)
    node.time = at(3)
    await node.desk().registry.plot(ids["a"], lon=100.4, lat=20.27)
    node.watch.channel_health([health("pier", "down", 5)])
    assert lives(node, ids, 100)[0] == "cut"


@pytest.mark.parametrize(
    ("heard", "interval_s", "since"),
    [
        (None, None, 100),
        (10, None, 100),  # nobody watched for silence: it may have broken this moment
        (95, 30, 95),  # found to be dead by its silence
        (2, 30, 10),  # further back than the watchdog takes, it was alive and silent
        (None, 30, 100),
    ],
)
def test_a_link_found_dead_was_dead_since_its_last_reception(
    heard: float | None, interval_s: float | None, since: float
) -> None:
    links = Links()
    last = None if heard is None else at(heard)
    links.put(health("pier", "down", 100, last_heard_at=last, expected_interval_s=interval_s))
    assert links.cut({"pier": at(0)}) == LinkOutage(since=at(since), by=("pier",))


def test_a_link_that_received_it_long_ago_is_none_of_its_links() -> None:
    links = Links()
    links.put(health("pier", "down", 0))
    assert links.cut({"pier": at(7200), "hill": at(0)}) == LinkOutage(since=at(0), by=("pier",))
    assert links.cut({"pier": at(7200), "hill": at(7000)}) is None
    assert links.cut({}) is None


def test_an_outage_is_forgotten_after_some_hours() -> None:
    links = Links()
    links.put(health("pier", "down", 0))
    links.put(health("pier", "open", 10))
    links.tick(at(3600))
    assert links
    links.tick(at(7 * 3600))
    assert not links
