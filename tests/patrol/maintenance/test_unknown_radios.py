"""Radios that nobody has registered: kept, listed, bounded in memory."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from sqlalchemy import Engine, event

from patrol.store.receptions.receptions import COUNTED
from tests.patrol.nodes.running import Node, Viewer, address, at, said


async def test_a_radio_nobody_has_registered_is_listed_with_what_it_sent(node: Node) -> None:
    await node.hear(
        said("x", 1, heard=2, channel="hill", text="hello"),
        said("x", 5, channel="pier"),
        said("y", 9, channel="pier"),
    )
    newest, older = await node.desk("technician").visible.unknown_radios()
    assert (newest.address, older.address) == (address("y"), address("x"))
    assert (older.count, older.channels) == (2, ("hill", "pier"))
    assert (older.first_heard_at, older.last_heard_at) == (at(2), at(5))
    assert older.state == node.state(address("x"))
    messages = await node.desk("technician").visible.received_messages(address("x"), limit=1)
    assert [message.transmission.device_time for message in messages] == [at(5)]


async def test_a_list_of_many_radios_is_a_few_statements_and_counts_no_further_than_it_tells(
    node: Node,
) -> None:
    await node.hear(
        *(said(f"r{n % 600}", 1 + n // 600) for n in range(600 * 5)),
        *(said("busy", 1 + n / 1000) for n in range(COUNTED + 5)),
    )
    texts: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        texts.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        radios = await node.desk("technician").visible.unknown_radios()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    (busy,) = (each for each in radios if each.address == address("busy"))
    assert (busy.count, busy.channels) == (COUNTED, ("serial",))
    others = [each for each in radios if each is not busy]
    assert len(others) == 600
    assert {(each.count, each.channels) for each in others} == {(5, ("serial",))}
    assert {(each.first_heard_at, each.last_heard_at) for each in others} == {(at(1), at(5))}
    assert len([each for each in texts if "transmissions" in each]) == 4


async def test_what_our_own_set_answers_makes_no_radio(node: Node) -> None:
    ack = replace(
        said("x", 1, channel="pier", lon=None, kind="answer", status="acknowledged"), device=None
    )
    later = replace(ack, reception_id=f"{ack.reception_id}-2", channel="pier")
    await node.hear_in_turn(ack, ack, later)
    assert len(node.rows("SELECT id FROM transmissions")) >= 1  # kept all the same
    assert node.states() == {}
    assert await node.desk("technician").visible.unknown_radios() == []
    again = await node.again()
    assert again.states() == {}
    # a receiver that stands for its link is a radio, and so is one that answers by its name
    receiver = replace(said("x", 2, channel="pier"), device=None)
    await again.hear(receiver, said("y", 3, kind="answer", status="acknowledged"))
    assert set(again.states()) == {"test:@pier", address("y")}


async def test_a_ship_s_name_says_more_than_its_call_sign(node: Node) -> None:
    static = {"lon": None, "kind": "static"}
    await node.hear_in_turn(said("x", 1, facts={"callsign": "XVAB"}, **static))  # type: ignore[arg-type]
    assert node.state(address("x")).call_sign == "XVAB"
    for second, facts in ((2, {"ship_name": "MEKONG"}), (3, {"callsign": "XVAB"})):
        await node.hear(said("x", second, facts=facts, **static))  # type: ignore[arg-type]
        assert node.state(address("x")).call_sign == "MEKONG"
    assert (await node.again()).state(address("x")).call_sign == "MEKONG"


async def test_of_too_many_radios_the_stalest_leaves_the_picture_and_stays_in_the_records(
    node: Node,
) -> None:
    node.watch.picture.unknown_at_most = 100
    boat = await node.boat()
    viewer = Viewer(node.desk().visible.subscribe())
    await node.hear(said("first", 0, distress=True), said("second", 0))
    for hundred in range(4):
        await node.hear(*(said(f"r{hundred * 100 + n}", 1 + hundred) for n in range(100)))
        await viewer.look()
    states = node.states()
    assert 98 <= len(states) <= 101
    assert boat in states
    assert states[address("first")].distress  # whoever calls for help stays
    assert address("second") not in states
    assert address("r399") in states
    assert set(viewer.units) == set(states)
    assert len(node.rows("SELECT DISTINCT address FROM transmissions")) == 402
    await node.hear(said("second", 50))
    assert node.state(address("second")).last is not None
    await viewer.look()
    assert set(viewer.units) == set(node.states())


async def test_all_calls_for_help_at_once_are_stored(node: Node) -> None:
    node.watch.picture.unknown_at_most = 10
    await node.hear(*(said(f"r{number}", 1, distress=True) for number in range(30)))
    assert len(node.states()) == 30


async def test_a_user_who_speaks_for_no_unit_is_a_person_by_the_own_name(node: Node) -> None:
    await node.hear(
        said("kham", 1, channel="user:kham"),
        said("boat-9", 2, channel="user:kham"),
        said("user", 3, channel="pier"),
    )

    def told(from_: Node) -> list[tuple[str, bool, bool, str | None]]:
        states = [from_.state(address(each)) for each in ("kham", "boat-9", "user")]
        return [(each.call_sign, each.person, each.known, each.kind) for each in states]

    expected = [
        ("kham", True, False, "handheld"),
        (address("boat-9"), False, False, None),
        (address("user"), False, False, None),
    ]
    assert told(node) == expected
    assert told(await node.again()) == expected


async def test_a_text_to_the_office_tells_its_time_and_the_same_words_again_are_another(
    node: Node,
) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    for second in (1, 2):
        await node.hear(said("x", second, lon=None, kind="text", text="all well"))
        await viewer.look()
        assert viewer.units[address("x")].text_at == at(second)
    assert (await node.again()).state(address("x")).text_at == at(2)
    # What comes with a position is no message, and a call for help is an alert.
    await node.hear(said("y", 1, text="moored"), said("z", 1, text="fire", distress=True))
    for radio in ("y", "z"):
        assert node.state(address(radio)).text is not None
        assert node.state(address(radio)).text_at is None
