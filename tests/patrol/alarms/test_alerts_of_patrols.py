"""Alerts of patrols, of silence, of links and batteries, on a running node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gis.address.addresses import load_addresses
from gis.position.position import Position
from patrol.alarms import past_fixes
from patrol.documents.document import revise
from patrol.patrols.patrol import Member, Rendezvous
from patrol.sectors.site_geography import Ground
from patrol.watch.watch import Watch
from radio_gateway.messages.transmission import Transmission
from tests.fixtures.set_clock import SetClock
from tests.patrol.nodes.alerting import (
    COMES_BACK,
    GOES_IN,
    GOES_OUT,
    IN,
    OUT,
    alerts,
    hear,
    hear_in_turn,
    night,
    only,
    put,
    sector,
    tick,
    unit,
    way,
)
from tests.patrol.nodes.running import AGENCY, NODE, Node, address, at, said
from tests.patrol.nodes.scenes import channel


async def test_outside_its_sector_is_reported_while_the_patrol_is_under_way(node: Node) -> None:
    boat = await unit(node)
    area = sector(use="patrol")
    patrol = night(boat, sectors=(area.id,))
    await put(node, area, patrol)
    await hear_in_turn(node, *way(*GOES_IN, *GOES_OUT))
    alert = only(node)
    assert (alert.rule, alert.subject) == ("outside_sector", boat)
    assert at(30) < alert.raised_at < at(40)
    await hear_in_turn(node, *way(*COMES_BACK))
    back = only(node)
    assert back.state == "returned_unacknowledged"
    assert back.returned_at is not None
    assert at(50) < back.returned_at < at(60)
    await hear_in_turn(node, *way((80, OUT), (85, OUT), (90, OUT)))
    assert only(node).state == "raised"
    await put(node, revise(patrol, at=at(99), by="kham", state="ended", ended_at=at(99)))
    assert only(node).state == "returned_unacknowledged"


async def test_a_second_radio_takes_back_nothing_that_its_boat_did(node: Node) -> None:
    boat = await unit(node)
    area = sector(use="patrol")
    await put(node, area, night(boat, sectors=(area.id,)))
    await hear_in_turn(node, *way(*GOES_IN, *GOES_OUT))
    alert = only(node)
    await node.desk("admin").registry.assign(address=address("z"), unit=boat, start=at(55))
    await tick(node, 56)
    assert only(node) == alert
    await hear_in_turn(node, *way(*COMES_BACK))
    assert only(node).state == "returned_unacknowledged"


async def test_a_meeting_that_took_place_is_not_missed_after_a_restart(node: Node) -> None:
    boat = await unit(node)
    pier = Rendezvous(name="Pier", lon=IN, lat=20.27, at=at(60), grace_s=120.0, radius_m=100.0)
    far = Rendezvous(name="Bend", lon=100.5, lat=20.27, at=at(60), grace_s=120.0)
    await put(node, night(boat, rendezvous=(pier, far)))
    ways = [(second, IN) for second in range(0, 60, 10)]
    ways += [(second, OUT - second * 1e-5) for second in range(100, 400, 10)]
    await hear_in_turn(node, *way(*ways))
    node.time = at(401)
    await tick(node)
    assert [each.facts["rendezvous"] for each in alerts(node, "rendezvous_missed")] == ["Bend"]
    alert = only(node, "rendezvous_missed")
    node = await node.again()
    await tick(node, 402)
    assert only(node, "rendezvous_missed") == alert


async def test_a_meeting_that_took_place_long_ago_is_not_missed_after_a_restart(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A boat that reports each second has said much since, more than is read of its patrol."""
    monkeypatch.setattr(past_fixes, "MOST_PAST", 10)
    boat = await unit(node)
    pier = Rendezvous(name="Pier", lon=IN, lat=20.27, at=at(60), grace_s=60.0, radius_m=100.0)
    await put(node, night(boat, rendezvous=(pier,)))
    ways = [(second, IN) for second in range(0, 60, 10)]
    ways += [(second, OUT - second * 1e-5) for second in range(100, 400, 10)]
    await hear_in_turn(node, *way(*ways))
    await tick(node, 401)
    assert alerts(node) == []
    node = await node.again()
    await tick(node, 402)
    assert alerts(node) == []


@pytest.mark.parametrize("hours", [26, 40])
async def test_a_meeting_of_the_day_before_is_not_missed_after_a_restart(
    node: Node, hours: int
) -> None:
    boat = await unit(node, expected_interval_s=36_000)
    pier = Rendezvous(name="Pier", lon=IN, lat=20.27, at=at(60), grace_s=60.0, radius_m=100.0)
    await put(node, night(boat, rendezvous=(pier,), ends_at=at(400_000)))
    ways = [(second, IN) for second in range(0, 60, 10)]
    ways += [(second, OUT - second * 1e-5) for second in range(100, 400, 10)]
    ways += [(hour * 3600, OUT - 0.02) for hour in range(1, hours + 1)]
    await hear_in_turn(node, *way(*ways))
    await tick(node, hours * 3600 + 1)
    assert alerts(node) == []
    node = await node.again()
    await tick(node, hours * 3600 + 2)
    assert alerts(node) == []


async def test_a_boat_that_stays_for_more_than_a_day_where_it_was_to_meet_was_there(
    node: Node,
) -> None:
    boat = await unit(node, expected_interval_s=36_000)
    pier = Rendezvous(name="Pier", lon=IN, lat=20.27, at=at(60), grace_s=60.0, radius_m=100.0)
    await put(node, night(boat, rendezvous=(pier,), ends_at=at(400_000)))
    ways = [(0, OUT), (10, OUT), *((second, IN) for second in range(20, 80, 10))]
    ways += [(hour * 3600, IN) for hour in range(1, 27)]
    ways += [(26 * 3600 + second, OUT) for second in (10, 20, 30)]
    await hear_in_turn(node, *way(*ways))
    await tick(node, 26 * 3600 + 31)
    assert alerts(node) == []


async def test_a_unit_of_a_patrol_falls_silent_and_reports_again(node: Node) -> None:
    boat = await unit(node, expected_interval_s=10)
    await put(node, night(boat))
    await hear(node, *way((0, OUT)))
    await tick(node, 50)
    assert alerts(node) == []
    await tick(node, 51)
    alert = only(node)
    assert (alert.rule, alert.raised_at, alert.severity) == ("silent_unit", at(50), "high")
    node = await node.again()  # it was not heard by the new run: nothing new about it
    await tick(node, 52)
    assert only(node) == alert
    await tick(node, 200)
    assert only(node).state == "raised" or only(node).state == "escalated"
    await hear(node, *way((201, OUT)))
    await tick(node, 201)
    assert only(node).state == "returned_unacknowledged"


def moving(second: float) -> Transmission:
    place = Position(lon=OUT, lat=20.27, speed_mps=5.0)
    return said("a", second, position=place)


async def test_a_silent_boat_rings_anew_when_its_patrol_begins(node: Node) -> None:
    """What was low, and known, while it was on its way alone is high on patrol."""
    boat = await unit(node, expected_interval_s=10)
    await hear(node, moving(0))
    await tick(node, 60)
    alert, desk = only(node), node.desk().alerts
    assert alert.severity == "low"
    await desk.acknowledge(alert.id)
    patrol = night(boat)
    await put(node, patrol)
    worse = only(node)
    assert (worse.id, worse.severity, worse.rings) == (alert.id, "high", True)
    await desk.acknowledge(alert.id)
    await hear(node, *way((70, OUT)))
    await put(node, revise(patrol, at=at(71), by="kham", state="ended", ended_at=at(71)))
    assert only(node).state == "returned_acknowledged"
    await hear(node, moving(80))
    await tick(node, 140)
    again = only(node)  # back within a quarter of an hour: known, and less than it was
    assert (again.state, again.severity) == ("acknowledged", "low")
    await put(node, night(boat))
    assert (only(node).severity, only(node).rings) == ("high", True)


async def test_a_dead_link_is_one_alert_and_its_units_are_not_blamed(node: Node) -> None:
    boats = [await unit(node, name, expected_interval_s=10) for name in "abc"]
    patrol = night(boats[0], members=tuple(Member(unit=id, agency=AGENCY) for id in boats))
    await put(node, patrol)
    for name in "abc":
        await hear(node, *way((0, OUT), device=name))
    node.time = at(1)
    node.watch.channel_health([channel("serial", state="down", since=1)])
    await tick(node, 1)
    await tick(node, 20)
    assert alerts(node) == []
    await tick(node, 100)
    alert = only(node)
    assert (alert.rule, alert.subject) == ("silent_channel", "serial")
    assert "technician" in alert.notified_roles
    for second in range(101, 140):  # it is opened again and again
        state: Any = "open" if second % 2 else "down"
        node.watch.channel_health([channel("serial", state=state, since=second)])
        await tick(node, second)
    assert (only(node, "silent_channel").id, only(node).version) == (alert.id, 1)
    node.watch.channel_health([channel("serial", since=145)])
    for second in range(145, 185, 10):
        for name in "abc":
            await hear(node, *way((second, OUT), device=name))
        await tick(node, second)
    assert only(node, "silent_channel").state == "returned_unacknowledged"


async def test_a_clock_that_is_set_back_hides_no_silence(node: Node) -> None:
    """What was known by an hour that is still to come says nothing of now."""
    boat = await unit(node, expected_interval_s=10)
    await put(node, night(boat))
    await hear(node, *way((3600, OUT)))
    for name in ("serial", "pier"):
        node.watch.channel_health([channel(name, state="down", since=3600)])
    await tick(node, 3601)
    node.watch.channel_health([channel("serial", since=3610)])
    await tick(node, 3610)
    assert alerts(node) == []
    for second in range(0, 60, 10):
        await tick(node, second)  # the hour before, once more
    assert only(node).subject == "pier"
    await tick(node, 100)
    assert {each.rule for each in alerts(node)} == {"silent_channel", "silent_unit"}


async def test_a_link_that_works_again_as_a_clock_is_set_back_does_not_ring_on(node: Node) -> None:
    node.watch.channel_health([channel("serial", state="down", since=3500)])
    await tick(node, 3550)
    await tick(node, 3600)
    assert only(node).rings
    node.watch.channel_health([channel("serial", since=3610)])
    await tick(node, 3610)
    for second in range(0, 50, 10):
        await tick(node, second)
    assert only(node).state == "returned_unacknowledged"


async def test_a_low_battery_is_known_over_a_restart(node: Node) -> None:
    await unit(node)
    await hear(node, said("a", 1, facts={"battery_pct": 9}))
    await tick(node, 2)
    alert = only(node)
    assert (alert.rule, alert.facts["battery_pct"]) == ("low_battery", 9)
    node = await node.again()
    await tick(node, 3)
    assert only(node) == alert
    await hear(node, said("a", 4, facts={"battery_pct": 20}))
    await tick(node, 5)
    assert only(node) == alert
    await hear(node, said("a", 6, facts={"battery_pct": 90}))
    await tick(node, 7)
    assert only(node).state == "returned_unacknowledged"


async def test_the_bare_word_that_a_battery_is_low_holds_for_a_day(node: Node) -> None:
    """Such a radio never says that it was charged, and the next time would not be told."""
    await unit(node)
    await hear(node, said("a", 1, facts={"alarm": "lowBattery"}))
    await tick(node, 2)
    alert = only(node)
    await node.desk().alerts.acknowledge(alert.id)
    await tick(node, 86_401)
    assert only(node).state == "acknowledged"
    node = await node.again()
    await tick(node, 86_402)
    assert only(node).state == "returned_acknowledged"
    await hear(node, said("a", 86_500, facts={"alarm": "lowBattery"}))
    await tick(node, 86_501)
    assert (only(node).id, only(node).rings) == (alert.id, True)


async def test_a_battery_that_is_called_low_for_days_does_not_ring_again_after_a_restart(
    node: Node,
) -> None:
    await unit(node)
    for hour in range(0, 40, 4):
        await hear(node, said("a", hour * 3600 + 1, status="low battery"))
        await tick(node, hour * 3600 + 2)
    await node.desk().alerts.acknowledge(only(node, "low_battery").id)
    known = only(node, "low_battery")
    node = await node.again()
    await tick(node, 36 * 3600 + 60)
    await hear(node, said("a", 40 * 3600, status="low battery"))
    await tick(node, 40 * 3600 + 1)
    assert only(node, "low_battery") == known
    node = await node.again()
    await tick(node, 65 * 3600)  # a day after its last word
    assert alerts(node, "low_battery")[0].state == "returned_acknowledged"


async def test_what_comes_and_goes_rings_once_for_whoever_has_acknowledged_it(node: Node) -> None:
    boat = await unit(node, expected_interval_s=10)
    await put(node, night(boat))
    await hear(node, *way((0, OUT)))
    await tick(node, 60)
    await node.desk().alerts.acknowledge(only(node).id)
    for second in range(70, 700, 70):  # one report in seven intervals
        await hear(node, *way((second, OUT)))
        await tick(node, second)
        assert only(node).state == "returned_acknowledged"
        await tick(node, second + 60)
        assert (only(node).state, only(node).rings) == ("acknowledged", False)
    assert only(node).count == 10
    for second in range(700, 1640, 10):  # it is well for a quarter of an hour
        await hear(node, *way((second, OUT)))
        await tick(node, second)
    await tick(node, 1700)
    assert (only(node).state, only(node).rings) == ("raised", True)


async def test_a_trip_across_the_border_that_comes_out_of_a_buffer_is_historical(
    tmp_path: Path,
) -> None:
    node = Node(tmp_path / "patrol.db", now=7200)
    addresses = load_addresses()
    node.watch = Watch(
        node.store,
        node=NODE,
        agency=AGENCY,
        ground=Ground(addresses),
        describe=lambda lons, lats, accuracies: [
            (None, found) for found in addresses.of_many(lons, lats, accuracy_m=[15.0] * len(lons))
        ],
        clock=SetClock(lambda: node.time),
    )
    await node.start()
    try:
        boat = await unit(node, country="LA")
        home, across = (100.4178, 20.27), (100.39, 20.25)  # Houay Xai; beyond Chiang Khong
        places = [home, home, across, across, across, home, home]
        await hear(
            node,
            *(
                said("a", 600 * number, lon=lon, lat=lat, heard=7200)
                for number, (lon, lat) in enumerate(places)
            ),
        )
        await tick(node)
        alert = only(node, "border_crossed")
        assert (alert.historical, alert.rings, alert.unit) == (True, False, boat)
        assert (alert.raised_at, alert.state) == (at(1200), "returned_unacknowledged")
        assert alert.facts["country"] == "TH"
        await hear(node, said("a", 7190, lon=across[0], lat=across[1], heard=7200))
        await tick(node)
        live = [each for each in alerts(node, "border_crossed") if not each.historical]
        assert [(each.subject, each.rings) for each in live] == [(boat, True)]
        assert live[0].place.startswith("km 2")
    finally:
        await node.stop()
