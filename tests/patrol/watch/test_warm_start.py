"""After a restart the picture is what it was."""

from __future__ import annotations

from pathlib import Path

from tests.patrol.nodes.running import Node, address, at, running, said


async def same_after_restart(node: Node) -> Node:
    """Restart and check that every state is what it was."""
    node.watch.picture.tick(node.time)
    before = node.states()
    again = await node.again()
    assert again.states() == before
    return again


async def test_units_radios_positions_and_words_are_what_they_were(tmp_path: Path) -> None:
    node = Node(tmp_path / "p.db")
    await node.start()
    boat = await node.boat(country="LA", expected_interval_s=30)
    await node.desk().registry.assign(address=address("a"), unit=boat, start=at(-10))
    await node.boat("Boat 4")
    await node.hear(
        said("a", 1, text="engine is warm"),
        said("a", 2, status="on patrol"),
        said("a", 3, lon=100.401, heard=4),
        said("x", 5, facts={"ship_name": "MEKONG STAR"}, kind="static", lon=None),
        said("x", 6),
        said("x", 7, lon=None, text="hello"),
        said(None, 8, channel="udp"),
    )
    node.time = at(9)
    node = await same_after_restart(node)
    state = node.state(boat)
    assert (state.text, state.status, state.heard_at) == ("engine is warm", "on patrol", at(4))
    assert state.last is not None
    assert (state.last.lon, state.liveness) == (100.401, "live")
    assert node.state(address("x")).call_sign == "MEKONG STAR"
    await node.stop()


async def test_a_text_of_a_thousand_messages_ago_is_still_the_last_text(tmp_path: Path) -> None:
    node = Node(tmp_path / "p.db")
    await node.start()
    await node.hear(said("a", 0, text="two men ashore", status="watching"))
    await node.hear(*(said("a", 1 + number) for number in range(1000)))
    node.time = at(1001)
    node = await same_after_restart(node)
    assert node.state().text == "two men ashore"
    await node.stop()


async def test_a_call_for_help_is_still_on_and_a_cleared_one_still_off(tmp_path: Path) -> None:
    node = Node(tmp_path / "p.db")
    await node.start()
    boat, other = await node.boat(), await node.boat("Boat 4")
    await node.desk().registry.assign(address=address("a"), unit=boat, start=at(-10))
    await node.desk().registry.assign(address=address("b"), unit=other, start=at(-10))
    await node.hear(
        said("a", 1, distress=True), said("b", 1, distress=True), said("x", 1, distress=True)
    )
    node.time = at(10)
    await node.desk().registry.clear_distress(other)
    node = await same_after_restart(node)
    assert node.state(boat).distress
    assert node.state(address("x")).distress
    assert not node.state(other).distress
    await node.hear(said("b", 5, distress=True, heard=9))
    node = await same_after_restart(node)
    assert not node.state(other).distress
    await node.stop()


async def test_a_held_back_jump_is_still_held_back(tmp_path: Path) -> None:
    node = Node(tmp_path / "p.db")
    await node.start()
    await node.hear_in_turn(said("a", 1), said("a", 2, lon=100.4001), said("a", 3, lon=101.0))
    node.time = at(4)
    node = await same_after_restart(node)
    last = node.state().last
    assert last is not None
    assert last.lon == 100.4001
    await node.hear(said("a", 4, lon=101.0001))
    last = node.state().last
    assert last is not None
    assert last.lon == 101.0001
    await node.stop()


async def test_a_late_fix_leaves_no_trace_on_the_marker(tmp_path: Path) -> None:
    node = Node(tmp_path / "p.db")
    await node.start()
    await node.hear_in_turn(said("a", 10, lon=100.402), said("a", 5, lon=100.401, heard=11))
    node.time = at(12)
    await (await same_after_restart(node)).stop()


async def test_a_radio_taken_from_its_unit_is_unknown_again_after_a_restart(
    tmp_path: Path,
) -> None:
    node = Node(tmp_path / "p.db")
    await node.start()
    boat = await node.boat()
    assigned = await node.desk().registry.assign(address=address(), unit=boat, start=at(-10))
    await node.hear(said("a", 1))
    await node.desk().registry.end_assignment(assigned.id, end=at(5))
    await node.hear(said("a", 6, lon=100.41))
    node.time = at(7)
    node = await same_after_restart(node)
    own, radio = node.state(boat).last, node.state().last
    assert own is not None
    assert radio is not None
    assert (own.lon, radio.lon) == (100.4, 100.41)
    await node.stop()


async def test_with_too_many_radios_those_received_last_are_taken_up(tmp_path: Path) -> None:
    async with running(tmp_path / "p.db") as node:
        await node.hear(*(said(f"r{number:03}", number) for number in range(30)))
        await node.hear(said("z-called", -1000, distress=True))
    again = Node(tmp_path / "p.db")
    again.watch.picture.unknown_at_most = 10
    await again.watch.start()
    texts = set(again.states())
    assert {address(f"r{number:03}") for number in range(21, 30)} <= texts
    assert address("z-called") in texts
    assert len(texts) <= 11
    await again.stop()
