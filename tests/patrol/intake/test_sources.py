"""An address is believed only from the channel it is bound to."""

from __future__ import annotations

from tests.patrol.nodes.running import Node, address, at, said


async def bound(node: Node) -> str:
    boat = await node.boat()
    await node.desk().registry.assign(address=address(), unit=boat, start=at(-10), channel="serial")
    return boat


async def test_a_claim_from_elsewhere_is_kept_flagged_and_not_believed(node: Node) -> None:
    boat = await bound(node)
    await node.hear(said("a", 1), said("a", 2, lon=101.0, channel="udp", text="all is well"))
    last = node.state(boat).last
    assert last is not None
    assert (last.lon, node.state(boat).text) == (100.4, None)
    (row,) = node.rows("SELECT * FROM transmissions WHERE channel = 'udp'")
    assert (row["address"], row["flags"], row["usable"]) == ("test:a@udp", "unbound_source", 0)
    (radio,) = await node.desk().visible.unknown_radios()
    assert (radio.address, radio.claims) == ("test:a@udp", address())
    assert radio.state.last is None
    assert [fix.lon for fix in await node.desk().visible.track(boat, start=at(0), end=at(9))] == [
        100.4
    ]


async def test_a_call_for_help_from_elsewhere_is_raised_all_the_same(node: Node) -> None:
    boat = await bound(node)
    await node.hear(said("a", 1, distress=True, channel="udp"))
    assert not node.state(boat).distress
    assert node.state("test:a@udp").distress


async def test_the_same_message_from_elsewhere_first_takes_nothing_from_the_real_one(
    node: Node,
) -> None:
    boat = await bound(node)
    for own in (
        {"duplicate_key": "id-1", "duplicate_window_s": None},
        {"duplicate_key": "words", "duplicate_window_s": 3.0},
    ):
        await node.hear(said("a", 1, channel="udp", text="no", **own))
        await node.hear(said("a", 1, channel="serial", text="yes", **own))
    assert node.state(boat).text == "yes"
    texts = node.rows("SELECT address, text FROM transmissions ORDER BY id")
    assert [tuple(row) for row in texts] == [("test:a@udp", "no"), ("test:a", "yes")] * 2


async def test_before_and_after_it_is_bound_the_address_is_free(node: Node) -> None:
    boat = await node.boat()
    await node.desk().registry.assign(
        address=address(), unit=boat, start=at(5), end=at(10), channel="serial"
    )
    await node.hear(*(said("a", second, channel="udp") for second in (1, 7, 12)))
    answers = [row["address"] for row in node.rows("SELECT address FROM transmissions ORDER BY id")]
    assert answers == ["test:a", "test:a@udp", "test:a"]


async def test_what_was_sent_reads_back_as_it_was_sent(node: Node) -> None:
    await bound(node)
    messages = [
        said("a", 1, channel="udp", text="x", facts={"battery_pct": 70}),
        said("jane@phone", 2, channel="phone"),
        said(None, 3, channel="udp"),
    ]
    await node.hear(*messages)
    for kept_under, message in zip(
        ("test:a@udp", "test:jane@phone", "test:@udp"), messages, strict=True
    ):
        [found] = await node.desk("technician").visible.received_messages(kept_under)
        back = found.transmission
        assert (back.device, back.text, back.facts) == (message.device, message.text, message.facts)
        assert (back.heard_at, back.raw, back.channel) == (
            message.heard_at,
            message.raw,
            message.channel,
        )
