"""A radio stands for a unit from a time to a time; its track goes along, nothing is rewritten."""

from __future__ import annotations

import asyncio

import pytest

from patrol.errors.errors import Conflict, NotFound
from patrol.units.wire import Change
from radio_gateway.messages.transmission import Transmission
from tests.patrol.nodes.alerting import alerts, tick
from tests.patrol.nodes.running import AGENCY, OTHER, Node, Viewer, address, at, said


def past(count: int = 5) -> list[Transmission]:
    return [said("a", number, lon=100.4 + number * 1e-4) for number in range(count)]


async def lons(node: Node, of: str, *, agency: str = AGENCY) -> list[float]:
    track = await node.desk(agency=agency).visible.track(of, start=at(-1000), end=at(1000))
    return [round(fix.lon, 4) for fix in track]


async def test_assigning_moves_the_whole_past_track_to_the_unit(node: Node) -> None:
    await node.hear(*past())
    node.time = at(10)
    boat = await node.boat()
    assignment = await node.desk().registry.assign(address=address(), unit=boat)
    assert assignment.start == at(0)  # since it was first heard
    assert await lons(node, boat) == [100.4, 100.4001, 100.4002, 100.4003, 100.4004]
    state = node.state(boat)
    assert state.last is not None
    assert (round(state.last.lon, 4), state.addresses) == (100.4004, (address(),))
    with pytest.raises(NotFound):
        node.state(address())


async def test_viewers_see_the_radio_go_and_the_unit_get_its_place(node: Node) -> None:
    boat = await node.boat()
    await node.hear(*past())
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    await node.desk().registry.assign(address=address(), unit=boat)
    (change,) = await viewer.look()
    assert isinstance(change, Change)
    assert change.forget == (address(),)
    assert set(viewer.units) == {boat}
    assert viewer.units[boat].last == node.state(boat).last
    assert viewer.units[boat].last is not None


async def test_reports_of_the_radio_and_its_call_for_help_become_the_units(node: Node) -> None:
    await node.hear(said("a", 1, text="taking water", distress=True), said("a", 2))
    node.time = at(3)
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat)
    assert (node.state(boat).text, node.state(boat).distress) == ("taking water", True)
    again = await node.again()
    assert again.state(boat).distress
    await again.desk().registry.clear_distress(boat)
    assert not (await again.again()).state(boat).distress


async def test_a_call_that_was_cleared_before_stays_cleared(node: Node) -> None:
    await node.hear(said("a", 1, distress=True))
    node.time = at(10)
    await node.desk().registry.clear_distress(address())
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat)
    await node.hear(said("a", 2, distress=True, heard=8))
    assert not node.state(boat).distress
    again = await node.again()
    await again.hear(said("a", 3, distress=True, heard=9))
    assert not again.state(boat).distress
    await again.stop()


async def test_ending_an_assignment_rewrites_nothing(node: Node) -> None:
    boat = await node.boat()
    assignment = await node.desk().registry.assign(address=address(), unit=boat, start=at(0))
    await node.hear(*past())
    before = node.rows("SELECT * FROM transmissions ORDER BY id")
    node.time = at(4.5)
    await node.desk().registry.end_assignment(assignment.id)
    assert node.rows("SELECT * FROM transmissions ORDER BY id") == before
    assert await lons(node, boat) == [100.4, 100.4001, 100.4002, 100.4003, 100.4004]
    assert node.state(boat).addresses == ()
    await node.hear(said("a", 6, lon=100.41))
    assert node.state(address()).known is False
    assert await lons(node, address()) == [100.41]
    assert (await lons(node, boat))[-1] == 100.4004


async def test_ending_it_in_the_past_gives_back_the_reports_since(node: Node) -> None:
    boat = await node.boat()
    assignment = await node.desk().registry.assign(address=address(), unit=boat, start=at(0))
    await node.hear(*past())
    node.time = at(10)
    await node.desk().registry.end_assignment(assignment.id, end=at(2.5))
    assert await lons(node, boat) == [100.4, 100.4001, 100.4002]
    assert await lons(node, address()) == [100.4003, 100.4004]
    own, radio = node.state(boat).last, node.state(address()).last
    assert own is not None
    assert radio is not None
    assert (own.time, radio.time) == (at(2), at(4))


async def test_the_next_assignment_starts_where_the_last_one_ended(node: Node) -> None:
    await node.hear(*past())
    first, second = await node.boat(), await node.boat("Boat 4")
    node.time = at(10)
    assignment = await node.desk().registry.assign(address=address(), unit=first)
    await node.desk().registry.end_assignment(assignment.id, end=at(2.5))
    following = await node.desk().registry.assign(address=address(), unit=second)
    assert following.start == at(2.5)
    assert await lons(node, first) == [100.4, 100.4001, 100.4002]
    assert await lons(node, second) == [100.4003, 100.4004]


async def test_an_address_never_received_stands_for_the_unit_from_now(node: Node) -> None:
    node.time = at(50)
    boat = await node.boat()
    assert (await node.desk().registry.assign(address="test:new", unit=boat)).start == at(50)


async def test_an_address_cannot_stand_for_two_units_at_one_time(node: Node) -> None:
    first, second = await node.boat(), await node.boat("Boat 4")
    await node.desk().registry.assign(address=address(), unit=first, start=at(0), end=at(10))
    for start, end in ((-5, 1), (9, 20), (2, 3), (-5, None)):
        with pytest.raises(Conflict, match="Boat 3"):
            await node.desk().registry.assign(
                address=address(),
                unit=second,
                start=at(start),
                end=None if end is None else at(end),
            )
    await node.desk().registry.assign(address=address(), unit=second, start=at(10))
    with pytest.raises(Conflict):
        await node.desk().registry.assign(address="test:b", unit=second, start=at(5), end=at(5))


async def test_a_conflict_does_not_name_another_agencys_unit(node: Node) -> None:
    secret = await node.boat("Night Heron", OTHER)
    await node.desk("commander", OTHER).registry.assign(address=address(), unit=secret, start=at(0))
    boat = await node.boat()
    with pytest.raises(Conflict) as told:
        await node.desk().registry.assign(address=address(), unit=boat, start=at(1))
    assert "Heron" not in str(told.value)


async def test_a_unit_that_is_unknown_retired_or_anothers_gets_no_radio(node: Node) -> None:
    boat, other = await node.boat(), await node.boat("Boat 9", OTHER)
    await node.desk().registry.change_unit(boat, {"retired": True})
    for unit in (boat, other, "no such"):
        with pytest.raises(NotFound):
            await node.desk().registry.assign(address=address(), unit=unit, start=at(0))
    assert node.rows("SELECT * FROM assignments") == []


async def test_a_planned_assignment_begins_and_ends_by_itself(node: Node) -> None:
    boat = await node.boat()
    await node.hear(said("a", 1))
    node.time = at(2)
    await node.desk().registry.assign(address=address(), unit=boat, start=at(10), end=at(20))
    assert node.state(boat).addresses == ()
    assert node.state(address()).last is not None
    node.time = at(11)
    node.watch.picture.tick(node.time)
    assert node.state(boat).addresses == (address(),)
    assert address() not in node.states()
    await node.hear(said("a", 12))
    assert node.state(boat).last is not None
    node.time = at(20)
    node.watch.picture.tick(node.time)
    assert node.state(boat).addresses == ()


async def test_a_unit_with_two_radios_is_where_the_newer_one_is(node: Node) -> None:
    boat = await node.boat()
    for device in "ab":
        await node.desk().registry.assign(address=address(device), unit=boat, start=at(-10))
    await node.hear(said("a", 1), said("b", 2, lon=100.4002), said("a", 3, lon=100.4003))
    assert await lons(node, boat) == [100.4, 100.4002, 100.4003]
    last = (await node.again()).state(boat).last
    assert last is not None
    assert last.lon == 100.4003


async def heard_then_taken(node: Node) -> str:
    """Have the node's agency hear a radio, another register it, and it go on; return the unit."""
    await node.hear(said("a", 1, distress=True), said("a", 2, lon=100.4001))
    boat = await node.boat("Boat 9", OTHER)
    node.time = at(10)
    await node.desk("commander", OTHER).registry.assign(address=address(), unit=boat)
    await node.hear(said("a", 11, lon=100.5))
    return boat


async def test_a_radio_that_another_agency_registers_is_theirs_from_then_on_and_its_past_is_not(
    node: Node,
) -> None:
    boat = await heard_then_taken(node)
    for again in (False, True):
        node = await node.again() if again else node
        assert await lons(node, boat, agency=OTHER) == [100.5]
        assert not node.state(boat).distress  # nor its call for help
        with pytest.raises(NotFound):
            await lons(node, boat)
        last = node.state(boat).last
        assert last is not None
        assert last.lon == 100.5
    await node.stop()


async def test_an_agency_keeps_its_receptions_of_a_radio_that_another_registers(
    node: Node,
) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await heard_then_taken(node)
    await viewer.look()
    assert viewer.units[address()].distress  # nobody has cleared it
    for again in (False, True):
        node = await node.again() if again else node
        assert await lons(node, address()) == [100.4, 100.4001]
        state = node.state(address())
        assert state.last is not None
        assert (state.last.lon, state.agency, state.known) == (100.4001, AGENCY, False)
        (listed,) = await node.desk("technician").visible.unknown_radios()
        assert (listed.address, listed.count) == (address(), 2)
        stranger = node.desk("technician", OTHER)
        assert await stranger.visible.unknown_radios() == []
    await node.desk().registry.clear_distress(address())
    await node.hear(said("a", 20, lon=100.51))  # the unit's, as all from then on
    assert await lons(node, address()) == [100.4, 100.4001]
    await node.stop()


async def test_an_agency_is_notified_when_another_registers_a_radio_it_received(
    node: Node,
) -> None:
    await heard_then_taken(node)
    await tick(node, 12)
    [alert] = [each for each in alerts(node) if each.rule == "taken_radio"]
    assert (alert.subject, alert.agency, alert.raised_at) == (address(), AGENCY, at(10))
    assert alert.facts == {"address": address(), "by": OTHER}
    answers = node.rows(
        "SELECT agency, act, actor FROM journal WHERE act LIKE '%assign%' ORDER BY seq"
    )
    assert [tuple(row) for row in answers] == [
        (OTHER, "assign radio", "kham"),
        (AGENCY, "assign radio to another agency", ""),
    ]
    node = await node.again()
    await tick(node, 13)
    assert [each.id for each in alerts(node) if each.rule == "taken_radio"] == [alert.id]
    await tick(node, 100_000)
    [alert] = [each for each in alerts(node) if each.rule == "taken_radio"]
    assert alert.state == "escalated"  # until somebody knows
    await node.stop()


async def test_an_agency_cannot_reach_back_into_what_another_received(node: Node) -> None:
    await node.hear(said("a", 1))
    boat = await node.boat("Boat 9", OTHER)
    node.time = at(10)
    for start in (at(0), at(5)):
        with pytest.raises(Conflict, match="from now on") as told:
            await node.desk("commander", OTHER).registry.assign(
                address=address(), unit=boat, start=start
            )
        assert told.value.code == "heard_by_another"
    await node.desk("commander", OTHER).registry.assign(address=address(), unit=boat, start=at(10))


async def test_an_assignment_that_ended_is_not_extended_over_receptions_of_another_agency(
    node: Node,
) -> None:
    boat = await node.boat("Boat 9", OTHER)
    desk = node.desk("commander", OTHER)
    ended = await desk.registry.assign(address=address(), unit=boat, start=at(0), end=at(5))
    node.time = at(10)
    await node.hear(said("a", 7))
    with pytest.raises(Conflict) as told:
        await desk.registry.end_assignment(ended.id, end=at(900))
    assert told.value.code == "heard_by_another"


async def test_the_call_of_a_new_owner_rings_beside_the_one_received_before(
    node: Node,
) -> None:
    await node.hear(said("a", 1, distress=True))
    await tick(node, 2)
    (first,) = [each for each in alerts(node) if each.rule == "sos"]
    await node.desk("commander").alerts.acknowledge(first.id)
    boat = await node.boat("Boat 9", OTHER)
    await node.desk("commander", OTHER).registry.assign(address=address(), unit=boat)
    await node.hear(said("a", 12, distress=True))
    await tick(node, 13)
    calls = {each.agency: each for each in alerts(node) if each.rule == "sos"}
    assert calls[OTHER].state == "raised"
    assert calls[AGENCY].id == first.id
    assert calls[AGENCY].state == "acknowledged"


async def test_where_people_plotted_a_unit_stands_for_no_other(node: Node) -> None:
    theirs = await node.boat("Boat 9", OTHER)
    await node.desk("commander", OTHER).registry.plot(theirs, lon=100.4, lat=20.27)
    own = await node.boat()
    with pytest.raises(Conflict):
        await node.desk().registry.assign(address=f"voice:{theirs}", unit=own, start=at(-5))
    assert await lons(node, own) == []


async def test_receptions_of_one_agency_are_not_handed_to_another(node: Node) -> None:
    first = await node.boat("Boat 9", OTHER)
    assignment = await node.desk("commander", OTHER).registry.assign(
        address=address(), unit=first, start=at(0)
    )
    await node.hear(said("a", 1))
    node.time = at(2)
    await node.desk("commander", OTHER).registry.end_assignment(assignment.id, end=at(0.5))
    own = await node.boat()
    await node.desk().registry.assign(address=address(), unit=own)
    assert await lons(node, own) == []


async def test_a_unit_taken_out_of_service_leaves_and_its_radio_is_unknown_again(
    node: Node,
) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat, start=at(0))
    await node.hear(said("a", 1))
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    node.time = at(5)
    await node.desk().registry.change_unit(boat, {"retired": True})
    assert viewer.units
    await viewer.look()
    assert viewer.units == {}
    await node.hear(said("a", 6))
    await viewer.look()
    assert set(viewer.units) == {address()}
    node = await node.again()
    assert set(node.states()) == {address()}
    await node.desk().registry.change_unit(boat, {"retired": False})
    last = node.state(boat).last
    assert last is not None
    assert last.time == at(1)
    await node.stop()


async def test_a_unit_that_calls_for_help_is_not_taken_out_of_service(node: Node) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat, start=at(0))
    await node.hear(said("a", 1, distress=True))
    with pytest.raises(Conflict, match="clear that first"):
        await node.desk().registry.change_unit(boat, {"retired": True})
    assert node.state(boat).distress


async def test_a_call_sign_is_one_units_while_in_service(node: Node) -> None:
    boat = await node.boat("Boat 3")
    with pytest.raises(Conflict):
        await node.boat("BOAT 3")
    await node.boat("Boat 3", OTHER)
    await node.desk().registry.change_unit(boat, {"retired": True})
    await node.boat("Boat 3")
    with pytest.raises(Conflict):
        await node.desk().registry.change_unit(boat, {"retired": False})


async def test_owner_and_origin_of_a_unit_cannot_be_changed(node: Node) -> None:
    boat = await node.boat()
    changed = await node.desk().registry.change_unit(
        boat, {"note": "blue hull", "agency": OTHER, "id": "x", "origin": "y"}
    )
    assert (changed.note, changed.agency, changed.id, changed.origin) == (
        "blue hull",
        AGENCY,
        boat,
        "node-hx",
    )


async def test_an_address_is_bound_to_the_one_channel_it_was_received_on(node: Node) -> None:
    await node.hear(
        said("a", 1, channel="key:boat-3"), said("b", 1, channel="hill"), said("c", 1, channel="x")
    )
    await node.hear(said("b", 2, channel="pier"))
    boat, desk = await node.boat(), node.desk()
    bound = await desk.registry.assign(address=address("a"), unit=boat)
    assert bound.channel == "key:boat-3"
    assert (
        await desk.registry.assign(address=address("b"), unit=boat)
    ).channel is None  # heard on two
    assert (
        await desk.registry.assign(address=address("c"), unit=boat, channel="*")
    ).channel is None
    assert (await desk.registry.assign(address="test:new", unit=boat)).channel is None
    await node.hear(said("a", 3, channel="key:thief", lon=101.0))
    last = node.state(boat).last
    assert last is not None
    assert last.lon == 100.4
    assert "unbound_source" in node.state("test:a@key:thief").flags


async def test_two_people_who_change_a_unit_at_once_both_get_their_way(node: Node) -> None:
    boat, desk = await node.boat(), node.desk()
    await asyncio.gather(
        desk.registry.change_unit(boat, {"retired": True}),
        desk.registry.change_unit(boat, {"note": "new engine"}),
    )
    unit = node.watch.picture.units[boat]
    assert unit.retired_at is not None
    assert unit.note == "new engine"
    assert boat not in node.states()


async def test_a_unit_out_of_service_can_still_be_read_by_its_agency(node: Node) -> None:
    boat = await node.boat(note="two engines")
    await node.desk().registry.assign(address=address(), unit=boat, start=at(0))
    await node.hear(*past())
    node.time = at(10)
    assert node.desk().visible.unit(boat).note == "two engines"
    await node.desk().registry.change_unit(boat, {"retired": True})
    node = await node.again()
    desk = node.desk("crew")
    unit = desk.visible.unit(boat)
    assert (unit.call_sign, unit.note, unit.retired_at) == ("Boat 3", "two engines", at(10))
    assert len(await lons(node, boat)) == 5
    assert desk.visible.units() == []
    assert desk.visible.units(retired=True) == [unit]
    stranger = node.desk(agency=OTHER)
    assert stranger.visible.units(retired=True) == []
    with pytest.raises(NotFound):
        stranger.visible.unit(boat)
    assert b"two engines" not in (await desk.visible.subscribe().take(1))[0]  # the wire stays small
    await node.stop()
