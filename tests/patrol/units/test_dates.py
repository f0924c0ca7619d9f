"""Dates at the edge of the calendar are refused, and never keep a node from starting."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from patrol.errors.errors import Conflict
from tests.patrol.nodes.running import Node, address, at, reading, said

FIRST = datetime.fromisoformat("0001-01-01T00:00:00+14:00")
LAST = datetime.fromisoformat("9999-12-31T23:59:59-14:00")


async def test_a_date_nobody_can_mean_is_refused(node: Node) -> None:
    boat = await node.boat()
    desk = node.desk("admin")
    assignment = await desk.registry.assign(address=address("b"), unit=boat, start=at(0))
    orders: list[Awaitable[object]] = [
        desk.registry.assign(address=address(), unit=boat, start=FIRST),
        desk.registry.assign(address=address(), unit=boat, start=at(0), end=LAST),
        desk.registry.end_assignment(assignment.id, end=LAST),
        desk.registry.plot(boat, lon=100.4, lat=20.27, at=FIRST),
    ]
    for order in orders:
        with pytest.raises(Conflict, match="2000"):
            await order
    assert (await node.again()).states()


async def test_a_device_at_the_edge_of_the_calendar_is_received_and_read_again(node: Node) -> None:
    await node.hear(said("a", heard=1, device_time=FIRST), said("b", heard=1, device_time=LAST))
    before = node.states()
    node = await node.again()
    assert node.states() == before
    (message,) = [
        each.transmission for each in await node.desk().visible.received_messages(address("b"))
    ]
    assert message.device_time is not None
    assert message.device_time.year == 9999
    await node.stop()


async def test_one_bad_row_does_not_keep_a_node_from_starting(tmp_path: Path) -> None:
    node = Node(tmp_path / "p.db")
    await node.start()
    boat, other = await node.boat(), await node.boat("Boat 4")
    await node.desk().registry.assign(address=address("a"), unit=boat, start=at(0))
    await node.desk().registry.assign(address=address("b"), unit=other, start=at(0))
    await node.hear(said("a", 1, facts={"n": 1}), said("a", 2), said("b", 1))
    await node.stop()
    with reading(node.file) as file:
        file.execute("UPDATE transmissions SET facts = ? WHERE facts IS NOT NULL", (b"\xff",))
        file.execute("UPDATE assignments SET start_us = -99999999999999999 WHERE unit = ?", (boat,))
        file.execute("UPDATE assignments SET unit = 'gone' WHERE unit = ?", (other,))
    with capture_logs() as logs:
        node.open()
        await node.start()
    last = node.state(boat).last
    assert last is not None
    assert last.time == at(2)
    assert [each["log_level"] for each in logs] == ["error"]
    await node.hear(said("b", 3))
    assert not node.state(address("b")).known
    await node.stop()
