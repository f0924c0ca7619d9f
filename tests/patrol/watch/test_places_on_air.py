"""Marks that radios are shown: who may, over which channel, and that they are taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from patrol.errors.errors import CannotSend, Conflict, Forbidden, NotFound
from patrol.marks.mark import Mark
from patrol.sector_checks.drawing import SectorShape
from patrol.sectors.sector import Sector
from patrol.targets.sightings import Sighting
from patrol.targets.target import Target
from radio_gateway.formats.aprs_object import object_name, object_place
from radio_gateway.formats.meshtastic_waypoint import waypoint_name
from radio_gateway.health.health import ChannelHealth
from radio_gateway.messages.marked_place import MarkedPlace
from radio_gateway.orders.order import Order
from tests.fixtures.patience import until
from tests.patrol.messages.test_messages import Carrier, noted, settled, tell
from tests.patrol.nodes.running import AGENCY, OTHER, Node, at, said


def with_channels(node: Node, **channels: Carrier) -> None:
    for name, carrier in channels.items():
        node.watch.dispatch.attach(name, carrier)
    node.watch.channel_health(
        [
            ChannelHealth(name=name, url="", protocols=("aprs",), state="open", since=node.time)
            for name in channels
        ]
    )


async def hazard(node: Node, **more: Any) -> Mark:
    return await node.desk().marks.make(
        **{"name": "Sunken barge", "lon": 100.41022, "lat": 20.27411, "use": "hazard", **more}
    )


async def orders(carrier: Carrier, count: int) -> list[Order]:
    """Return what a channel was given, once there is so much."""
    await until(lambda: len(carrier.sent) >= count, within_s=10)
    return carrier.sent


async def test_a_mark_goes_to_all_that_listen_on_a_channel_that_has_words_for_it(
    node: Node,
) -> None:
    mesh = Carrier()
    with_channels(node, mesh=mesh, base=Carrier(mark="base is listen-only"))
    mark = await hazard(node, remarks="2 m under water")
    desk = node.desk()
    assert desk.on_air.channels(Mark, mark.id) == ["mesh"]
    with pytest.raises(CannotSend, match="listen-only"):
        await desk.on_air.show(Mark, mark.id, channel="base")
    sent = await desk.on_air.show(Mark, mark.id, channel="mesh", reason="flood")
    [order] = mesh.sent
    assert (order.kind, order.device, order.text) == ("mark", None, "Sunken barge")
    assert order.mark == MarkedPlace(
        id=f"joint-patrol.{mark.origin}.{mark.id}",
        lon=100.41022,
        lat=20.27411,
        name="Sunken barge",
        use="hazard",
        remarks="2 m under water",
        ends_at=mark.ends_at,
    )
    tell(node, sent.id, "sent", final=True)
    await settled(node)
    [message] = await desk.on_air.orders(Mark, mark.id)
    assert (message.id, message.state, message.mark) == (sent.id, "sent", order.mark)
    assert (await noted(node, sent.id))[0] == ("send message", "kham")


async def test_only_marks_of_ones_own_agency_by_who_may_message_radios(node: Node) -> None:
    with_channels(node, mesh=Carrier())
    mark = await hazard(node)
    with pytest.raises(Forbidden):
        await node.desk("crew").on_air.show(Mark, mark.id, channel="mesh")
    with pytest.raises(NotFound):
        await node.desk(agency=OTHER).on_air.show(Mark, mark.id, channel="mesh")
    with pytest.raises(NotFound):
        node.desk(agency=OTHER).on_air.channels(Mark, mark.id)
    assert mark.agency == AGENCY


async def test_radios_that_sent_a_mark_are_not_sent_it(node: Node) -> None:
    with_channels(node, serial=Carrier(), mesh=Carrier())
    rock = MarkedPlace(id="7", lon=100.4, lat=20.3, name="Rock")
    await node.hear(said("a", kind="waypoint", lon=None, mark=rock))
    [mark] = node.desk().marks.all()
    assert node.desk().on_air.channels(Mark, mark.id) == ["mesh"]
    with pytest.raises(CannotSend, match="serial"):
        await node.desk().on_air.show(Mark, mark.id, channel="serial")


async def test_the_same_id_twice_is_one_message(node: Node) -> None:
    mesh = Carrier()
    with_channels(node, mesh=mesh)
    mark, other = await hazard(node), await hazard(node, name="Rock")
    first = await node.desk().on_air.show(Mark, mark.id, channel="mesh", order="order-0001")
    again = await node.desk().on_air.show(Mark, mark.id, channel="mesh", order="order-0001")
    assert (first.id, len(mesh.sent)) == (again.id, 1)
    with pytest.raises(Conflict):
        await node.desk().on_air.show(Mark, other.id, channel="mesh", order="order-0001")


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_mark_that_ends_is_taken_back_where_it_was_shown(
    node: Node, restarts: bool
) -> None:
    mesh, unsent = Carrier(), Carrier()
    with_channels(node, mesh=mesh, slow=unsent)
    mark = await hazard(node)
    sent = await node.desk().on_air.show(Mark, mark.id, channel="mesh")
    waits = await node.desk().on_air.show(Mark, mark.id, channel="slow")
    tell(node, sent.id, "sent", final=True)
    await settled(node)
    if restarts:
        await node.again()
        with_channels(node, mesh=mesh, slow=unsent)
    await node.desk().marks.end(mark.id)
    over = (await orders(mesh, 2))[-1]
    assert over.mark is not None
    assert (over.mark.id, over.mark.deleted) == (f"joint-patrol.{mark.origin}.{mark.id}", True)
    assert over.expires_at > node.time + timedelta(hours=23)
    await until(lambda: unsent.cancelled, within_s=10)
    assert unsent.cancelled == [waits.id]
    if not restarts:
        await node.again()
        with_channels(node, mesh=mesh)
        tell(node, over.id, "sent", final=True)
        await settled(node)
        assert [each.id for each in mesh.sent].count(over.id) <= 2, "resumed, not made anew"
        messages = await node.desk().on_air.orders(Mark, mark.id)
        assert [each.id for each in messages if each.channel == "mesh"] == [over.id, sent.id]


async def test_a_mark_whose_time_is_over_is_taken_back(node: Node) -> None:
    mesh = Carrier()
    with_channels(node, mesh=mesh)
    mark = await hazard(node, ends_at=at(60))
    sent = await node.desk().on_air.show(Mark, mark.id, channel="mesh", expires_in_s=3600)
    assert sent.expires_at == at(60), "it is not worth sending once it is over"
    tell(node, sent.id, "sent", final=True)
    await settled(node)
    node.time = at(61)
    over = (await orders(mesh, 2))[-1]
    assert over.mark is not None
    assert over.mark.deleted


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_mark_sent_to_radios_makes_no_mark_when_it_is_received(
    node: Node, restarts: bool
) -> None:
    with_channels(node, mesh=Carrier())
    mark = await hazard(node, name="Sunken barge of the ferry, 12 m")
    sent = await node.desk().on_air.show(Mark, mark.id, channel="mesh")
    assert sent.mark is not None
    if restarts:
        await node.again()
    lon, lat = object_place(lon=mark.lon, lat=mark.lat)
    marked_places = {
        "meshtastic": MarkedPlace(
            id="1", lon=mark.lon, lat=mark.lat, name=waypoint_name(sent.mark), use="waypoint"
        ),
        "aprs": MarkedPlace(id="2", lon=lon, lat=lat, name=object_name(sent.mark)),
    }
    for protocol, place in marked_places.items():
        echo = said("x", 5, kind="waypoint", lon=None, mark=place, protocol=protocol)
        await node.hear(echo)
    assert [each.id for each in node.desk().marks.all()] == [mark.id]
    moved = MarkedPlace(id="1", lon=100.5, lat=20.3, name=waypoint_name(sent.mark))
    await node.hear(said("x", 6, kind="waypoint", lon=None, mark=moved, protocol="meshtastic"))
    assert len(node.desk().marks.all()) == 2, "who moves it marks a place"


async def test_a_target_is_shown_where_it_was_last_seen_until_it_is_closed(node: Node) -> None:
    mesh = Carrier()
    with_channels(node, mesh=mesh)
    targets = node.desk().targets
    place = Sighting(at=node.time, lon=100.41, lat=20.27)
    target = await targets.open(what="vessel", name="Blue hull", sighting=place, description="fast")
    await targets.add_sighting(target.id, Sighting(at=node.time, lon=100.42, lat=20.28))
    sent = await node.desk().on_air.show(Target, target.id, channel="mesh")
    mark = mesh.sent[0].mark
    assert mark is not None
    assert (mark.name, mark.lon, mark.lat) == ("Blue hull", 100.42, 20.28)
    assert mark.remarks == "vessel, seen 24 Nov 12:00 UTC. fast"
    tell(node, sent.id, "sent", final=True)
    await settled(node)
    await targets.close(target.id, outcome="lost")
    over = (await orders(mesh, 2))[-1]
    assert over.mark is not None
    assert (over.mark.id, over.mark.deleted) == (mark.id, True)


async def test_a_sector_is_shown_by_its_midst_until_it_is_retired(node: Node) -> None:
    mesh = Carrier()
    with_channels(node, mesh=mesh)
    desk = node.desk("planner")
    ring = [[100.40, 20.27], [100.42, 20.27], [100.42, 20.29], [100.40, 20.29], [100.40, 20.27]]
    shape = SectorShape(polygon={"type": "Polygon", "coordinates": [ring]})
    sector = await desk.sectors.draw(name="Rapids", use="no_go", shape=shape)
    sent = await node.desk().on_air.show(Sector, sector.id, channel="mesh")
    mark = mesh.sent[0].mark
    assert mark is not None
    assert (mark.name, mark.use, mark.ends_at) == ("Rapids", "hazard", None)
    assert (mark.lon, mark.lat) == pytest.approx((100.41, 20.28))
    tell(node, sent.id, "sent", final=True)
    await settled(node)
    await desk.sectors.retire(sector.id)
    assert (await orders(mesh, 2))[-1].mark == replace(mark, deleted=True)
