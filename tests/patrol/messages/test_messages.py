"""Messages to radios: who may, which way, kept before they go, what a restart leaves of them."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from typing import Any

import pytest
from msgspec.structs import replace

from patrol.errors.errors import CannotSend, Conflict, Forbidden, NotFound, StoreError
from patrol.messages.message import Message
from patrol.store.journal import journal
from patrol.store.proof import verify_journal as proving
from patrol.store.records import messages
from patrol.units.units import Role
from radio_gateway.errors.errors import GatewayError
from radio_gateway.orders.order import Order, OrderKind
from radio_gateway.orders.order_result import OrderResult, OrderState, Refusal
from tests.fixtures.patience import until
from tests.patrol.nodes.running import AGENCY, OTHER, Node, address, at, reading, said


class Carrier:
    """A channel's way out, played.

    Args:
        refuses: Why it takes nothing, by kind of message.
    """

    def __init__(self, **refuses: str) -> None:
        self.refuses = refuses
        self.sent: list[Order] = []
        self.cancelled: list[str] = []
        self.in_time = True
        self.resumed: list[tuple[str, OrderState]] = []

    def send(self, order: Order) -> None:
        self.sent.append(order)

    def resume(self, order: Order, state: OrderState) -> None:
        self.resumed.append((order.id, state))
        self.send(order)

    def cancel(self, id: str) -> bool:
        self.cancelled.append(id)
        return self.in_time

    def refusal(self, order: Order) -> Refusal | None:
        if len(order.text) > 40:
            return Refusal("too_long", "at most 40 characters")
        return self.refusal_of(order.kind, order.protocol, order.channel)

    def refusal_of(self, kind: OrderKind, protocol: str, channel: str) -> Refusal | None:
        if protocol == "deaf":
            return Refusal("not_spoken", "deaf has no way to tell a radio anything")
        return Refusal("listen_only", self.refuses[kind]) if kind in self.refuses else None


def tell(node: Node, id: str, state: OrderState, *, final: bool = False, **more: Any) -> None:
    node.watch.dispatch.note_result(
        OrderResult(id=id, state=state, at=node.time, final=final, **more)
    )


async def settled(node: Node) -> None:
    """Wait until every step that was told is written."""
    async with asyncio.timeout(5):
        while node.watch.dispatch.unwritten:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def boat(node: Node, *, channel: str = "serial") -> str:
    """Register a boat with radio `test:a` that was heard on a channel."""
    unit = await node.boat()
    await node.hear(said("a", channel=channel))
    await node.desk("admin").registry.assign(address=address("a"), unit=unit, channel="*")
    return unit


async def test_a_message_goes_to_the_units_radio_over_the_channel_it_was_last_received_on(
    node: Node,
) -> None:
    serial, mesh = Carrier(), Carrier()
    node.watch.dispatch.attach("serial", serial)
    node.watch.dispatch.attach("mesh", mesh)
    unit = await boat(node)
    await node.hear(said("a", 5, channel="mesh"))
    sent = await node.desk().dispatch.send_message(
        kind="text", text="come home", unit=unit, reason="storm"
    )
    assert (sent.channel, sent.address, sent.unit) == ("mesh", address("a"), unit)
    assert (sent.state, sent.operator, sent.agency) == ("queued", "kham", AGENCY)
    [order] = mesh.sent
    assert (order.id, order.device, order.protocol) == (sent.id, "a", "test")
    assert (order.text, order.reason, order.expires_at) == ("come home", "storm", at(600))
    assert serial.sent == []
    chosen = await node.desk().dispatch.send_message(
        kind="poll", text="x", unit=unit, channel="serial"
    )
    assert serial.sent[0].id == chosen.id
    assert chosen.text == ""


async def test_it_is_on_disk_before_it_is_handed_to_the_channel(node: Node) -> None:
    class Looks(Carrier):
        def send(self, order: Order) -> None:
            found.extend(node.rows("select state, kind from messages where id = ?", order.id))

    found: list[sqlite3.Row] = []
    node.watch.dispatch.attach("serial", Looks())
    await node.desk().dispatch.send_message(kind="alert", text="storm", unit=await boat(node))
    assert [tuple(row) for row in found] == [("queued", "alert")]


async def test_a_channel_that_takes_it_is_preferred_to_one_that_does_not(node: Node) -> None:
    silent, able = Carrier(text="serial is listen-only"), Carrier()
    node.watch.dispatch.attach("serial", silent)
    node.watch.dispatch.attach("mesh", able)
    unit = await boat(node, channel="mesh")
    await node.hear(said("a", 5, channel="serial"))
    routes = await node.desk().dispatch.routes(unit=unit)
    assert [(route.channel, "text" in route.takes) for route in routes] == [
        ("serial", False),
        ("mesh", True),
    ]
    assert routes[0].refuses["text"] == Refusal("listen_only", "serial is listen-only")
    assert (
        await node.desk().dispatch.send_message(kind="text", text="hi", unit=unit)
    ).channel == "mesh"


async def test_the_reason_why_nothing_takes_it_is_given(node: Node) -> None:
    unit = await boat(node)
    desk = node.desk()
    with pytest.raises(CannotSend, match="nothing can be sent over serial"):
        await desk.dispatch.send_message(kind="text", text="hi", unit=unit)
    node.watch.dispatch.attach("serial", Carrier(text="serial is listen-only"))
    with pytest.raises(CannotSend, match="listen-only"):
        await desk.dispatch.send_message(kind="text", text="hi", unit=unit)
    with pytest.raises(CannotSend, match="at most 40"):
        await desk.dispatch.send_message(kind="alert", text="x" * 41, unit=unit)
    with pytest.raises(CannotSend, match="no radio stands for"):
        await desk.dispatch.send_message(kind="alert", text="x", unit=await node.boat("Boat 4"))
    with pytest.raises(CannotSend, match="no channel has heard it"):
        await desk.dispatch.send_message(kind="alert", text="x", address="test:never")
    with pytest.raises(CannotSend, match="needs words"):
        await desk.dispatch.send_message(kind="text", text=" ", unit=unit)
    with pytest.raises(CannotSend, match="within 24 h"):
        await desk.dispatch.send_message(kind="alert", unit=unit, expires_in_s=90_000)
    assert node.rows("select * from messages") == []


async def test_a_radio_that_nobody_registered_and_a_whole_channel_can_be_sent_messages(
    node: Node,
) -> None:
    carrier = Carrier()
    node.watch.dispatch.attach("serial", carrier)
    await node.hear(said("b"))
    desk = node.desk()
    unknown = await desk.dispatch.send_message(kind="text", text="who are you?", unit=address("b"))
    assert (unknown.unit, unknown.address) == (None, address("b"))
    everyone = await desk.dispatch.send_message(kind="alert", text="storm", channel="serial")
    assert (everyone.address, carrier.sent[-1].device) == (None, None)
    assert [m.id for m in await desk.dispatch.messages(unit=address("b"))] == [unknown.id]
    assert {m.id for m in await desk.dispatch.messages()} == {unknown.id, everyone.id}


async def test_a_fix_by_voice_is_no_way_back(node: Node) -> None:
    unit = await node.boat()
    await node.desk().registry.plot(unit, lon=100.4, lat=20.2)
    assert await node.desk().dispatch.routes(unit=unit) == []


@pytest.mark.parametrize(
    ("role", "kind", "allowed"),
    [
        ("commander", "distress", True),
        ("admin", "distress", True),
        ("technician", "distress", False),
        ("technician", "text", True),
        ("liaison", "text", False),
        ("planner", "poll", False),
        ("crew", "text", False),
    ],
)
async def test_only_some_may_speak_and_fewer_may_relay_distress(
    node: Node, role: Role, kind: OrderKind, allowed: bool
) -> None:
    carrier = Carrier()
    node.watch.dispatch.attach("serial", carrier)
    unit = await boat(node)
    desk = node.desk(role)
    if allowed:
        await desk.dispatch.send_message(kind=kind, text="x", unit=unit)
    else:
        with pytest.raises(Forbidden):
            await desk.dispatch.send_message(kind=kind, text="x", unit=unit)
    assert len(carrier.sent) == allowed


async def test_another_agency_neither_reaches_the_unit_nor_reads_its_messages(node: Node) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    unit = await boat(node)
    sent = await node.desk().dispatch.send_message(kind="text", text="x", unit=unit)
    other = node.desk(agency=OTHER)
    for target in ({"unit": unit}, {"address": address("a")}):
        with pytest.raises(NotFound):
            await other.dispatch.send_message(kind="text", text="x", channel="serial", **target)  # type: ignore[arg-type]
    assert await other.dispatch.messages() == []
    with pytest.raises(NotFound):
        await other.dispatch.message(sent.id)
    with pytest.raises(Forbidden):
        await node.desk("crew").dispatch.messages()


async def test_the_same_id_twice_is_one_message(node: Node) -> None:
    carrier = Carrier()
    node.watch.dispatch.attach("serial", carrier)
    unit = await boat(node)
    both = [
        await node.desk().dispatch.send_message(kind="text", text="hi", unit=unit, id="m-1")
        for _ in range(2)
    ]
    assert both[0] == both[1]
    assert len(carrier.sent) == 1
    with pytest.raises(Conflict):
        await node.desk().dispatch.send_message(kind="text", text="other", unit=unit, id="m-1")


async def test_an_id_that_another_agency_chose_before_is_as_good_as_any_other(node: Node) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    ours = await node.desk().dispatch.send_message(
        kind="text", text="x", channel="serial", id="m-1"
    )
    desk = node.desk(agency=OTHER)
    for text in ("m-1", ours.id, "m-2"):
        sent = await desk.dispatch.send_message(kind="text", text="y", channel="serial", id=text)
        assert sent.agency == OTHER
        assert sent.id not in (text, ours.id)
        assert (
            await desk.dispatch.send_message(kind="text", text="y", channel="serial", id=text)
            == sent
        )
    assert [each.text for each in await node.desk().dispatch.messages()] == ["x"]


async def test_the_same_id_again_is_the_same_message_whatever_way_it_would_go_by_now(
    node: Node,
) -> None:
    serial, mesh = Carrier(), Carrier()
    node.watch.dispatch.attach("serial", serial)
    node.watch.dispatch.attach("mesh", mesh)
    unit = await boat(node)
    sent = await node.desk().dispatch.send_message(kind="text", text="hi", unit=unit, id="m-1")
    await node.hear(said("a", 5, channel="mesh"))
    again = await node.desk().dispatch.send_message(kind="text", text="hi", unit=unit, id="m-1")
    assert again == sent
    serial.refuses = mesh.refuses = {"text": "nothing is sent any more"}
    again = await node.desk().dispatch.send_message(kind="text", text="hi", unit=unit, id="m-1")
    assert again == sent
    assert (len(serial.sent), len(mesh.sent)) == (1, 0)


async def test_the_id_of_a_message_to_one_is_refused_for_another(node: Node) -> None:
    serial = Carrier()
    node.watch.dispatch.attach("serial", serial)
    unit = await boat(node)
    await node.hear(said("b"))
    await node.desk().dispatch.send_message(kind="text", text="hi", unit=unit, id="m-1")
    for other in ({"unit": address("b")}, {"address": address("b")}, {"channel": "serial"}):
        with pytest.raises(Conflict):
            await node.desk().dispatch.send_message(kind="text", text="hi", id="m-1", **other)  # type: ignore[arg-type]
    for same in ({"address": address("a")}, {"unit": unit, "channel": "serial"}):
        await node.desk().dispatch.send_message(kind="text", text="hi", id="m-1", **same)  # type: ignore[arg-type]
    assert len(serial.sent) == 1


async def test_every_step_is_stored_and_an_end_stays_the_end(node: Node) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    sent = await node.desk().dispatch.send_message(kind="text", text="hi", unit=await boat(node))
    tell(node, sent.id, "queued")
    tell(node, sent.id, "sent", attempts=1)
    tell(node, sent.id, "sent", attempts=1)
    tell(node, sent.id, "sent", attempts=2)
    tell(node, sent.id, "acknowledged", attempts=2, final=True)
    tell(node, sent.id, "queued", attempts=2)
    tell(node, sent.id, "delivered", attempts=2, final=True)
    tell(node, sent.id, "failed", attempts=2, final=True)
    tell(node, "unheard of", "sent")
    await settled(node)
    found = await node.desk().dispatch.message(sent.id)
    assert [(step.state, step.attempts) for step in found.history] == [
        ("queued", 0),
        ("sent", 1),
        ("sent", 2),
        ("acknowledged", 2),
        ("delivered", 2),
    ]
    assert (found.state, found.final) == ("delivered", True)


async def test_history_is_bounded(node: Node) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    sent = await node.desk().dispatch.send_message(kind="text", text="hi", unit=await boat(node))
    for number in range(100):
        tell(node, sent.id, "queued", reason="link_down", detail=f"fault {number}")
    await settled(node)
    found = await node.desk().dispatch.message(sent.id)
    assert len(found.history) == messages.MOST_STEPS
    assert found.history[-1].detail == "fault 99"


async def test_after_a_restart_what_waits_goes_and_what_was_out_has_failed(node: Node) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    unit = await boat(node)

    async def send(text: str, *, channel: str = "serial", for_s: float = 600) -> Message:
        return await node.desk().dispatch.send_message(
            kind="text", text=text, unit=unit, channel=channel, expires_in_s=for_s
        )

    node.watch.dispatch.attach("pier/", Carrier())
    waits, out, ends, done, far = (
        await send("waits"),
        await send("out"),
        await send("ends", for_s=30),
        await send("done"),
        await send("far", channel="pier/vhf"),
    )
    tell(node, out.id, "sent", attempts=1)
    tell(node, far.id, "sent", attempts=1)
    tell(node, done.id, "sent", attempts=1, final=True)
    node.time = at(60)
    await node.again()
    carrier, pier = Carrier(), Carrier()
    node.watch.dispatch.attach("mesh", Carrier())
    node.watch.dispatch.attach("serial", carrier)
    node.watch.dispatch.attach("pier/", pier)
    assert pier.resumed == [(far.id, "sent")]  # it has the record, and will tell
    assert carrier.resumed == [(waits.id, "queued")]
    assert [order.id for order in carrier.sent] == [waits.id]
    assert carrier.sent[0].expires_at == waits.expires_at
    desk = node.desk()
    assert (await desk.dispatch.message(waits.id)).state == "queued"
    failed = await desk.dispatch.message(out.id)
    assert (failed.state, failed.final, failed.history[-1].why) == ("failed", True, "restarted")
    assert (await desk.dispatch.message(ends.id)).state == "expired"
    assert (await desk.dispatch.message(done.id)).state == "sent"
    # the other gateway did not restart: its answer will come
    assert not (await desk.dispatch.message(far.id)).final
    tell(node, far.id, "acknowledged", attempts=1, final=True)
    await settled(node)
    assert (await desk.dispatch.message(far.id)).state == "acknowledged"


async def test_a_message_no_channel_speaks_of_is_given_up_and_late_word_counts(node: Node) -> None:
    node.watch.dispatch.attach("pier/", Carrier())
    unit = await boat(node, channel="pier/vhf")
    sent = await node.desk().dispatch.send_message(
        kind="text", text="x", unit=unit, expires_in_s=30
    )
    assert sent.channel == "pier/vhf"
    node.time = at(200)
    await node.watch.dispatch.write()
    # the gateway may have had it, and sent it
    assert (await node.desk().dispatch.message(sent.id)).state == "failed"
    tell(node, sent.id, "acknowledged", attempts=1, final=True)
    await settled(node)
    assert (await node.desk().dispatch.message(sent.id)).state == "acknowledged"


async def test_what_was_being_sent_when_the_node_stopped_is_not_sent_again(node: Node) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    unit = await boat(node)
    dispatch = node.watch.dispatch

    async def begin(text: str) -> Message:
        sent = await node.desk().dispatch.send_message(kind="text", text=text, unit=unit)
        await dispatch.begin(OrderResult(id=sent.id, state="queued", at=node.time), life_left_s=60)
        return sent

    going, untaken, gone = [await begin(text) for text in ("going", "untaken", "gone")]
    assert (await node.desk().dispatch.message(going.id)).history[-1].why == "sending"  # on disk
    await dispatch.note_unsent(untaken.id)
    tell(node, gone.id, "sent", attempts=1, final=True)
    await settled(node)
    assert [step.why for step in (await node.desk().dispatch.message(gone.id)).history] == ["", ""]
    assert (await node.desk().dispatch.message(untaken.id)).history == untaken.history
    await node.again()
    carrier = Carrier()
    node.watch.dispatch.attach("serial", carrier)
    assert [order.id for order in carrier.sent] == [untaken.id]
    failed = await node.desk().dispatch.message(going.id)
    assert (failed.state, failed.final) == ("failed", True)
    assert [step.why for step in failed.history] == ["", "broken_off"]
    assert (await node.desk().dispatch.message(gone.id)).state == "sent"


async def test_what_cannot_be_noted_as_being_sent_is_not(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    sent = await node.desk().dispatch.send_message(kind="text", text="x", unit=await boat(node))

    async def refuse(*_: Any, **__: Any) -> Any:
        raise StoreError("disk full")

    monkeypatch.setattr(node.store, "write", refuse)
    with pytest.raises(GatewayError):
        await node.watch.dispatch.begin(
            OrderResult(id=sent.id, state="queued", at=node.time), life_left_s=0.1
        )
    monkeypatch.undo()


async def test_a_gateway_is_believed_only_about_its_own_messages(node: Node) -> None:
    for name in ("pier/", "bridge/"):
        node.watch.dispatch.attach(name, Carrier())
    unit = await boat(node, channel="pier/vhf")
    sent = await node.desk().dispatch.send_message(kind="text", text="x", unit=unit)
    result = OrderResult(id=sent.id, state="sent", at=node.time, attempts=1)
    node.watch.dispatch.note_result(result, by="bridge")
    node.watch.dispatch.note_result(result, by="pie")
    await settled(node)
    assert (await node.desk().dispatch.message(sent.id)).state == "queued"
    node.watch.dispatch.note_result(result, by="pier")
    await settled(node)
    assert (await node.desk().dispatch.message(sent.id)).state == "sent"


async def test_a_step_is_acknowledged_when_it_is_on_disk_and_not_before(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.watch.dispatch.attach("pier/", Carrier())
    unit = await boat(node, channel="pier/vhf")
    sent = await node.desk().dispatch.send_message(kind="text", text="x", unit=unit)
    write = node.store.write

    refused = 0

    async def refuse(*_: Any, **__: Any) -> Any:
        nonlocal refused
        refused += 1
        raise StoreError("disk full", transient=True)

    monkeypatch.setattr(node.store, "write", refuse)
    found: list[str] = []

    def stored() -> None:
        found.extend(row[0] for row in node.rows("select state from messages"))

    result = OrderResult(id=sent.id, state="sent", at=node.time, attempts=1)
    node.watch.dispatch.note_result(result, by="pier", on_stored=stored)
    node.watch.dispatch.note_result(replace(result, id="unheard of"), by="pier", on_stored=stored)
    await until(lambda: refused >= 2, "a second try")
    assert found == []
    monkeypatch.setattr(node.store, "write", write)
    await settled(node)
    assert found == ["sent", "sent"]


def never_takes(node: Node, id: str) -> None:
    """Let the database refuse every step of one message, for ever."""
    with reading(node.file) as other:
        other.execute(
            "CREATE TRIGGER poison BEFORE UPDATE ON messages WHEN new.id = '" + id + "' "
            "BEGIN SELECT RAISE(ABORT, 'cannot be stored'); END"
        )


async def test_a_step_that_can_never_be_stored_costs_no_other(node: Node) -> None:
    node.watch.dispatch.attach("pier/", Carrier())
    unit = await boat(node, channel="pier/vhf")
    sent, poison = [
        await node.desk().dispatch.send_message(kind="text", text="x", unit=unit) for _ in range(2)
    ]
    never_takes(node, poison.id)
    stored: list[str] = []
    for id in (poison.id, sent.id):
        result = OrderResult(id=id, state="sent", at=node.time, attempts=1)
        node.watch.dispatch.note_result(result, by="pier", on_stored=partial(stored.append, id))
    await settled(node)
    assert stored == [poison.id, sent.id]  # else its gateway would tell it for ever
    assert (await node.desk().dispatch.message(sent.id)).state == "sent"
    assert (await node.desk().dispatch.message(poison.id)).state == "queued"


async def test_what_can_never_be_noted_is_not_sent_and_not_answered_for(node: Node) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    sent = await node.desk().dispatch.send_message(kind="text", text="x", unit=await boat(node))
    never_takes(node, sent.id)
    result = OrderResult(id=sent.id, state="queued", at=node.time)
    with pytest.raises(GatewayError):
        await node.watch.dispatch.begin(result, life_left_s=60)
    with pytest.raises(StoreError):
        await node.watch.dispatch.store_result(replace(result, state="read", final=True))
    assert (await node.desk().dispatch.message(sent.id)).history == sent.history


async def test_a_message_whose_record_is_damaged_costs_no_other(node: Node) -> None:
    node.watch.dispatch.attach("serial", Carrier())
    unit = await boat(node)
    sent, damaged = [
        await node.desk().dispatch.send_message(kind="text", text="x", unit=unit) for _ in range(2)
    ]
    await node.store.write(
        lambda c: c.exec_driver_sql(f"UPDATE messages SET history = '[' WHERE id = '{damaged.id}'")
    )
    for id in (damaged.id, sent.id):
        tell(node, id, "sent", attempts=1)
    await settled(node)
    assert (await node.desk().dispatch.message(sent.id)).state == "sent"


async def test_what_is_being_written_when_the_node_stops_is_written_once(node: Node) -> None:
    carrier = Telling(node)
    node.watch.dispatch.attach("serial", carrier)
    unit = await boat(node)
    desk = node.desk()
    sent = await desk.dispatch.send_message(kind="text", text="x", unit=unit)
    gone = await desk.dispatch.send_message(kind="text", text="y", unit=unit)
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")  # the writer waits for the file, and cannot be stopped
        tell(node, sent.id, "sent", attempts=1)
        tell(node, sent.id, "sent", attempts=2)
        calling_off = asyncio.create_task(node.desk(name="malee").dispatch.cancel_message(gone.id))
        await asyncio.sleep(0.2)
        stopping = asyncio.create_task(node.again())
        await asyncio.sleep(0.2)
        other.execute("ROLLBACK")
        await stopping
    await asyncio.gather(calling_off, return_exceptions=True)
    steps = (await node.desk().dispatch.message(sent.id)).history
    assert [step.attempts for step in steps if step.state == "sent"] == [1, 2]
    assert await noted(node, gone.id) == [("send message", "kham"), ("cancel message", "malee")]


async def test_a_gateways_channels_are_asked_each_for_itself(node: Node) -> None:
    class Pier(Carrier):
        def refusal_of(self, kind: OrderKind, protocol: str, channel: str) -> Refusal | None:
            return Refusal("listen_only", "only listens") if channel == "pier/uhf" else None

    node.watch.dispatch.attach("pier/", Pier())
    unit = await boat(node, channel="pier/vhf")
    await node.hear(said("a", 5, channel="pier/uhf"))
    routes = await node.desk().dispatch.routes(unit=unit)
    assert [(each.channel, "text" in each.takes) for each in routes] == [
        ("pier/uhf", False),
        ("pier/vhf", True),
    ]
    sent = await node.desk().dispatch.send_message(kind="text", text="x", unit=unit)
    assert sent.channel == "pier/vhf"


async def test_what_the_store_refuses_is_not_sent_and_steps_wait_for_it(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    carrier = Carrier()
    node.watch.dispatch.attach("serial", carrier)
    unit = await boat(node)
    first = await node.desk().dispatch.send_message(kind="text", text="1", unit=unit)
    write, refused = node.store.write, 0

    async def refuse(*_: Any, **__: Any) -> Any:
        nonlocal refused
        refused += 1
        raise StoreError("disk full")

    monkeypatch.setattr(node.store, "write", refuse)
    with pytest.raises(StoreError):
        await node.desk().dispatch.send_message(kind="text", text="2", unit=unit)
    assert len(carrier.sent) == 1
    before = refused
    tell(node, first.id, "acknowledged", attempts=1, final=True)
    await until(lambda: refused > before, "a refused step")
    monkeypatch.setattr(node.store, "write", write)
    await settled(node)
    assert (await node.desk().dispatch.message(first.id)).state == "acknowledged"


# -- the journal


async def noted(node: Node, id: str) -> list[tuple[str, str]]:
    found = await node.store.read(journal.of_agency, AGENCY, subject=f"message:{id}")
    return [(line.act, line.actor) for line in reversed(found)]


async def test_the_journal_names_who_sent_an_order_and_who_cancelled_it(node: Node) -> None:
    carrier = Telling(node)
    node.watch.dispatch.attach("serial", carrier)
    unit = await boat(node)
    desk = node.desk(name="kham")
    sent = await desk.dispatch.send_message(
        kind="text", text="come home", unit=unit, id="message-1"
    )
    await desk.dispatch.send_message(
        kind="text", text="come home", unit=unit, id="message-1"
    )  # again
    assert await noted(node, sent.id) == [("send message", "kham")]
    gone = await node.desk(name="malee").dispatch.cancel_message(sent.id)
    assert gone.state == "cancelled"
    assert await noted(node, sent.id) == [("send message", "kham"), ("cancel message", "malee")]
    with pytest.raises(Conflict):
        await node.desk(name="malee").dispatch.cancel_message(sent.id)
    assert len(await noted(node, sent.id)) == 2
    assert (await node.store.read(proving.prove)).faults == ()


async def test_a_call_off_that_came_too_late_is_not_noted_as_one(node: Node) -> None:
    """An older step is on its way to the disk when another gateway is asked to call it off."""
    node.watch.dispatch.attach("pier/", Carrier())
    unit = await boat(node, channel="pier/vhf")
    sent = await node.desk().dispatch.send_message(kind="text", text="x", unit=unit)
    with reading(node.file) as other:
        other.execute("BEGIN IMMEDIATE")
        tell(node, sent.id, "queued", reason="link_down")
        calling_off = asyncio.create_task(node.desk(name="malee").dispatch.cancel_message(sent.id))
        await asyncio.sleep(0.1)
        tell(node, sent.id, "sent", attempts=1, final=True)
        other.execute("ROLLBACK")
    await calling_off
    await settled(node)
    assert (await node.desk().dispatch.message(sent.id)).state == "sent"
    assert await noted(node, sent.id) == [
        ("send message", "kham"),
        ("ask to cancel message", "malee"),
    ]


async def test_that_another_gateway_was_asked_to_call_it_off_is_in_the_journal(
    node: Node,
) -> None:
    node.watch.dispatch.attach("serial", Carrier())  # which says nothing yet
    sent = await node.desk().dispatch.send_message(kind="text", text="x", unit=await boat(node))
    await node.desk(name="malee").dispatch.cancel_message(sent.id)
    assert await noted(node, sent.id) == [
        ("send message", "kham"),
        ("ask to cancel message", "malee"),
    ]


class Telling(Carrier):
    """A channel of this node, which tells at once that a message was called off."""

    def __init__(self, node: Node) -> None:
        super().__init__()
        self.node = node

    def cancel(self, id: str) -> bool:
        if id in self.cancelled:
            return False
        tell(self.node, id, "cancelled", final=True)
        return super().cancel(id)
