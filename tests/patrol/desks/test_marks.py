"""Marks: a place that somebody marked is a thing on the map, and no unit, radio or sign of life."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from patrol.errors.errors import Conflict, Forbidden, IllegalStep, NotFound
from patrol.intake.marked_places import BURST, MOST_OF_SENDER
from patrol.marks.mark import LASTS, Mark
from radio_gateway.messages.marked_place import MarkedPlace
from radio_gateway.messages.transmission import Transmission
from tests.patrol.nodes.agreements import active, box, file, share
from tests.patrol.nodes.running import OTHER, Node, Viewer, address, at, said

FIELDS = MarkedPlace.__struct_fields__


def mark(id: str = "m1", second: float = 0, device: str | None = "a", **more: Any) -> Transmission:
    """Return a message that marks a place; what is no field of one is the message's."""
    fields: dict[str, Any] = {"id": id, "lon": 100.41, "lat": 20.27, "name": "pier"}
    fields |= {name: more.pop(name) for name in tuple(more) if name in FIELDS}
    place = MarkedPlace(**fields)
    return said(device, second, lon=None, kind="waypoint", mark=place, **more)


async def unit_of(node: Node, device: str) -> str:
    unit = await node.boat(f"Boat {device}")
    await node.desk("admin").registry.assign(
        address=address(device), unit=unit, start=at(-60), channel="*"
    )
    return unit


async def tick(node: Node) -> None:
    async with node.watch.turn as turn:
        await node.watch.document_service.tick(turn)


def standing(node: Node) -> list[Mark]:
    return node.desk().marks.all()


async def test_a_mark_is_on_the_map_with_its_sender_and_end_and_makes_no_radio(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await viewer.look()
    await node.hear(mark(remarks="2 m deep", use="hazard"))
    (made,) = standing(node)
    assert (made.name, made.use, made.lon, made.lat) == ("pier", "hazard", 100.41, 20.27)
    assert (made.sender, made.address, made.key) == ("a", address("a"), "m1")
    assert (made.marked_at, made.ends_at, made.agency) == (at(0), at(0) + LASTS, node.watch.agency)
    assert node.watch.picture.contacts == {}
    assert node.desk().marks.all(words="PIER deep") == [made]
    assert node.desk().marks.all(words="bridge") == []
    changes = await viewer.look()
    assert not any(getattr(change, "units", ()) for change in changes)


async def test_who_marks_a_place_does_not_live_or_move_by_it(node: Node) -> None:
    unit = await unit_of(node, "a")
    await node.hear(said("a", 0))
    node.time = at(200)
    await node.hear(mark(second=190))
    (made,) = standing(node)
    assert (made.unit, made.sender) == (unit, node.watch.picture.contacts[unit].call_sign)
    contact = node.watch.picture.contacts[unit]
    assert contact.heard_at == at(0)
    assert contact.last is not None
    assert contact.last.time == at(0)


async def test_same_identifier_changes_the_mark_and_a_deletion_takes_it_back(node: Node) -> None:
    await node.hear(mark())
    await node.hear(mark(second=5, lon=100.42, name="pier 2"))
    await node.hear(mark(second=3, lon=100.99, name="late"))
    (made,) = standing(node)
    assert (made.lon, made.name, made.version, made.marked_at) == (100.42, "pier 2", 2, at(5))
    node.time = at(9)
    await node.hear(mark(second=8, deleted=True))
    assert standing(node) == []
    gone = await node.desk().marks.one(made.id)
    assert (gone.end, gone.ended_at) == ("taken back", at(9))


async def test_another_radio_neither_changes_nor_takes_back_what_it_did_not_mark(
    node: Node,
) -> None:
    await node.hear(mark())
    await node.hear(mark(second=1, device="stranger", name="mine", lon=100.5))
    assert {each.name for each in standing(node)} == {"pier", "mine"}
    await node.hear(mark(second=2, device="nobody", deleted=True))
    assert {each.name for each in standing(node)} == {"pier", "mine"}
    await unit_of(node, "b")
    await node.hear(mark("m1", second=3, device="b", deleted=True))
    assert len(standing(node)) == 1


async def test_link_that_names_no_sender_may_take_back_what_came_by_it(node: Node) -> None:
    await node.hear(mark())
    await node.hear(mark(second=1, device=None, channel="elsewhere", deleted=True))
    assert len(standing(node)) == 1
    await node.hear(mark(second=2, device=None, deleted=True))
    assert standing(node) == []
    assert node.watch.picture.contacts == {}


async def test_a_repeated_mark_makes_no_version_until_its_end_moves_by_much(
    node: Node,
) -> None:
    for minute in range(0, 600, 10):
        node.time = at(minute * 60)
        await node.hear(mark(second=minute * 60))
    (made,) = standing(node)
    assert made.version == 2  # after a quarter of a day
    assert made.marked_at == at(0)
    assert made.ends_at > node.time + LASTS / 2


async def test_mark_ends_when_its_time_is_over_and_one_that_was_over_never_stands(
    node: Node,
) -> None:
    await node.hear(mark(ends_at=at(60)), mark("m2", second=-90_000))
    (made,) = standing(node)
    assert made.ends_at == at(60)
    node.time = at(61)
    await tick(node)
    assert standing(node) == []
    assert (await node.desk().marks.one(made.id)).end == "expired"
    found = await node.desk().marks.past(since=at(0), until=at(100))
    assert [each.id for each in found] == [made.id]


async def test_marks_stand_after_a_restart_and_their_senders_are_still_no_radios(
    node: Node,
) -> None:
    await node.hear(mark(text="words"))
    (made,) = standing(node)
    await node.again()
    assert standing(node) == [made]
    assert node.watch.picture.contacts == {}
    await node.hear(mark(second=5, name="pier 2"))
    (changed,) = standing(node)
    assert (changed.id, changed.version) == (made.id, 2)


async def test_flood_of_one_sender_ends_at_its_bound_and_leaves_others_room(node: Node) -> None:
    await node.hear(*(mark(f"m{n}", n * 0.001) for n in range(3 * MOST_OF_SENDER)))
    assert len(standing(node)) == MOST_OF_SENDER
    await node.hear(mark("other", 1, device="b"))
    assert len(standing(node)) == MOST_OF_SENDER + 1
    await node.hear(*(mark("m0", 2 + n, name=f"n{n}") for n in range(2 * BURST)))
    versions = node.rows("SELECT count(*) FROM papers WHERE kind = 'mark'")[0][0]
    assert versions <= MOST_OF_SENDER + BURST + 2


async def test_office_marks_changes_and_ends(node: Node) -> None:
    desk = node.desk("commander").marks
    made = await desk.make(name="meet here", lon=100.4, lat=20.2, use="meeting_point")
    assert (made.sender, made.ends_at) == ("", at(0) + LASTS)
    changed = await desk.change(made.id, {"use": "hazard", "ends_at": at(7200)})
    assert (changed.use, changed.ends_at, changed.version) == ("hazard", at(7200), 2)
    assert (await desk.end(made.id)).end == "ended"
    with pytest.raises(IllegalStep):
        await desk.end(made.id)
    with pytest.raises(Conflict):
        await desk.make(name="x", lon=100.4, lat=20.2, ends_at=at(-5))
    with pytest.raises(Conflict):
        await desk.make(name="x", lon=100.4, lat=20.2, ends_at=at(0) + timedelta(days=100))
    with pytest.raises(Forbidden):
        await node.desk("observer").marks.make(name="x", lon=100.4, lat=20.2)


async def test_hazard_of_the_office_moves_with_its_sender_and_is_not_renamed_or_taken_back(
    node: Node,
) -> None:
    await node.hear(mark())
    (made,) = standing(node)
    await node.desk("commander").marks.change(made.id, {"use": "hazard", "name": "wreck"})
    await node.hear(mark(second=5, lon=100.42, name="pier 3"))
    (moved,) = standing(node)
    assert (moved.use, moved.name, moved.lon) == ("hazard", "wreck", 100.42)
    await node.hear(mark(second=6, deleted=True))
    assert len(standing(node)) == 1


async def test_a_mark_ended_by_the_office_stays_ended_when_it_is_received_again(node: Node) -> None:
    await node.hear(mark())
    (made,) = standing(node)
    await node.desk("commander").marks.end(made.id)
    await node.hear(mark(second=5))
    assert standing(node) == []
    await node.again()
    await node.hear(mark(second=6))
    assert standing(node) == []
    await node.hear(mark(second=7, name="pier 4"))
    assert len(standing(node)) == 1


async def test_target_and_incident_are_made_of_a_mark(node: Node) -> None:
    await node.hear(mark(remarks="two men"))
    (made,) = standing(node)
    target = await node.desk("commander").marks.open_target(made.id, what="vessel")
    assert (target.name, target.lon, target.lat) == ("pier", 100.41, 20.27)
    assert target.sightings[0].note == "two men"
    with pytest.raises(Conflict):
        await node.desk("commander").marks.open_target(made.id, what="vessel")
    incident = await node.desk("commander").marks.log_incident(made.id, category="drugs")
    assert (incident.lon, incident.narrative) == (100.41, "pier\ntwo men")
    (after,) = standing(node)
    assert (after.target, after.incident) == (target.id, incident.id)


async def test_nothing_of_a_mark_crosses_without_an_agreement(node: Node) -> None:
    await node.hear(mark())
    (made,) = standing(node)
    theirs = node.desk("commander", agency=OTHER).marks
    assert theirs.all() == []
    with pytest.raises(NotFound):
        await theirs.one(made.id)
    with pytest.raises(NotFound):
        await theirs.end(made.id)


async def test_a_mark_crosses_as_one_of_the_classes_of_an_agreement_and_as_coarsely(
    node: Node,
) -> None:
    await share(node, classes=("positions", "targets"))
    await node.hear(mark("m0", 1))
    theirs = node.desk("commander", agency=OTHER).marks
    assert theirs.all() == []
    node.time = at(10)
    await share(node, classes=("marks",), precision_m=1000.0)
    await node.hear(mark("m1", 11, name="told", path=((100.41, 20.27), (100.42, 20.28))))
    (seen,) = theirs.all()
    assert (seen.name, seen.sender, seen.place) == ("told", "a", "")
    assert (seen.address, seen.key, seen.channel) == ("", "", "")
    assert (seen.lon, seen.lat) != (100.41, 20.27)
    assert seen.path[0] == (seen.lon, seen.lat)


async def test_line_that_leaves_the_corridor_does_not_cross(node: Node) -> None:
    await file(node, active(classes=("marks",), corridor=box(100.4, 20.2, 100.5, 20.3)))
    line: Any = {"path": ((100.41, 20.27), (100.61, 20.27))}
    await node.hear(mark("in", 1), mark("out", 1, **line))
    theirs = node.desk("commander", agency=OTHER).marks.all()
    assert len(theirs) == 1
    assert theirs[0].path == ()
