"""What tests of alerts share: a no-go sector, boats that go in and out of it, the clock."""

from __future__ import annotations

from typing import Any

from gis.position.position import Position
from patrol.alerts.alert import Alert
from patrol.documents.document import Document, new_id
from patrol.documents.transaction import Filing
from patrol.patrols.patrol import Member, Patrol
from patrol.sectors.sector import Sector
from radio_gateway.messages.transmission import Transmission
from tests.fixtures.patience import until
from tests.patrol.nodes.running import AGENCY, Node, address, at, said

WEST, EAST, SOUTH, NORTH = 100.41, 100.42, 20.26, 20.28
METRE_DEG = 1 / 104_400  # of longitude, at this latitude


def sector(use: Any = "no_go", **more: Any) -> Sector:
    ring = ((WEST, SOUTH), (EAST, SOUTH), (EAST, NORTH), (WEST, NORTH), (WEST, SOUTH))
    values: dict[str, Any] = {"id": new_id(), "agency": AGENCY, "at": at(0), "name": "Don Xao"}
    return Sector(**(values | {"use": use, "polygon": (ring,)} | more))


async def put(node: Node, *filed: Document) -> None:
    """File documents, and let the watch take them up."""
    await node.watch.document_service.file(
        lambda _open_documents, _now: Filing(documents=filed, act="test")
    )
    await tick(node)


async def tick(node: Node, second: float | None = None) -> None:
    """Let a second of the watch's clock pass."""
    if second is not None:
        node.time = at(second)
    async with node.watch.turn as turn:
        node.watch.picture.tick(node.time)
        await node.watch.document_service.tick(turn)
        await node.watch.alarms.tick(turn)


def alerts(node: Node, rule: str | None = None) -> list[Alert]:
    return [
        each
        for each in node.watch.document_service.open_documents.all(Alert)
        if rule is None or each.rule == rule
    ]


def only(node: Node, rule: str | None = None) -> Alert:
    [alert] = alerts(node, rule)
    return alert


async def unit(node: Node, device: str = "a", **more: Any) -> str:
    id = await node.boat(f"Boat {device}", **more)
    await node.desk("admin").registry.assign(address=address(device), unit=id, start=at(-100_000))
    return id


def way(
    *places: tuple[float, float],
    device: str = "a",
    heard: float | None = None,
    speed_mps: float | None = 20.0,
) -> list[Transmission]:
    """Return what a fast boat says that is at these (second, longitude)."""
    return [
        said(
            device,
            second,
            position=Position(lon=lon, lat=20.27, speed_mps=speed_mps),
            fix=True,
            heard=heard,
        )
        for second, lon in places
    ]


async def hear(node: Node, *messages: Transmission) -> None:
    """Hand in messages and wait until the watch is through with them, not only answered."""
    node.time = max(node.time, *(message.heard_at for message in messages))
    await node.hear(*messages)

    async def is_through() -> bool:
        # Under load the watch leaves alarms for the next batch, or the end of its rest.
        async with node.watch.turn:
            return not node.watch.alarms.pending

    await until(is_through, within_s=10, every_s=0.001)


async def hear_in_turn(node: Node, *messages: Transmission) -> None:
    for message in messages:
        await hear(node, message)


OUT, IN = 100.409, 100.411
GOES_IN = ((-10, OUT), (0, OUT), (10, OUT), (20, IN), (30, IN))
# A boat that turns right back is believed with its third report.
GOES_OUT = ((40, OUT), (45, OUT), (50, OUT))
COMES_BACK = ((60, IN), (65, IN), (70, IN))


def night(boat: str, **more: Any) -> Patrol:
    values: dict[str, Any] = {
        "id": new_id(),
        "agency": AGENCY,
        "at": at(0),
        "name": "Night",
        "agencies": (AGENCY,),
        "lead": AGENCY,
        "starts_at": at(0),
        "ends_at": at(36_000),
        "state": "under way",
        "started_at": at(0),
        "members": (Member(unit=boat, agency=AGENCY),),
    }
    return Patrol(**(values | more))
