"""Orders over HTTP: from a form to a radio at a serial port, and its answer back to the form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from patrol.documents.document import id_of_request
from patrol.store.records import messages
from radio_gateway.channels.channel import Channel
from radio_gateway.orders.order import EncodedOrder
from radio_gateway.protocols import OUTBOUND, PROTOCOLS
from tests.maps.api.units.test_units import add
from tests.maps.servers.running import AGENCY, Running, running, wait_until
from tests.radio_gateway.running.answering_radio import AnsweringRadio
from tests.radio_gateway.running.plain_radio import Plain

ORDER_0001 = id_of_request("order-0001", agency=AGENCY)
ORDER_0002 = id_of_request("order-0002", agency=AGENCY)
ORDER_0003 = id_of_request("order-0003", agency=AGENCY)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Plain:
    """Have the tests' own protocol among those that a channel may speak."""
    module = Plain()
    monkeypatch.setitem(PROTOCOLS, "plain", module)
    monkeypatch.setitem(OUTBOUND, "plain", module)
    return module


def channel(radio: AnsweringRadio, **more: Any) -> dict[str, Any]:
    return {
        "name": "base",
        "url": f"serial://{radio.name}",
        "protocols": ["plain"],
        "messages_per_minute": 60,
        **more,
    }


async def heard_unit(client: httpx.AsyncClient, radio: AnsweringRadio) -> str:
    """Register a unit whose radio 101 is heard on the channel."""
    async for _ in wait_until("the radio is heard"):
        radio.say(b"HERE 101 100.41 20.27\n")
        if (await client.get("/api/radios/unknown")).json():
            break
    unit = await add(client)
    body = {"address": "plain:101", "unit": unit}
    assert (await client.post("/api/assignments", json=body)).status_code == 201
    return unit


async def ended(client: httpx.AsyncClient, id: str) -> dict[str, Any]:
    async for _ in wait_until("the order comes to its end"):
        found: dict[str, Any] = (await client.get(f"/api/orders/{id}")).json()
        if found.get("final"):
            break
    return found


async def test_a_message_reaches_a_radio_and_its_answer_is_reported(
    tmp_path: Path, plain: Plain
) -> None:
    radio = AnsweringRadio(tmp_path / "radio")
    radio.plug_in()
    channels = [channel(radio, listen_only=False)]
    async with running(tmp_path, channels=channels) as server, server.signed_in() as client:
        unit = await heard_unit(client, radio)
        [route] = (await client.get("/api/orders/routes", params={"unit": unit})).json()
        assert (route["channel"], route["address"]) == ("base", "plain:101")
        assert set(route["takes"]) == {"distress", "alert", "poll", "text"}
        body = {"kind": "text", "unit": unit, "text": "come home", "reason": "storm"}
        given = await client.post("/api/orders", json=body)
        assert given.status_code == 201, given.text
        sent = await ended(client, given.json()["id"])
        assert sent["state"] == "acknowledged"
        assert [step["state"] for step in sent["history"]] == ["queued", "sent", "acknowledged"]
        poll = await client.post("/api/orders", json={"kind": "poll", "unit": unit})
        asked = await ended(client, poll.json()["id"])
        assert asked["state"] == "delivered"
        listed = (await client.get("/api/orders", params={"unit": unit})).json()
        assert [each["kind"] for each in listed] == ["poll", "text"]
    assert [line.split(" ", 2)[2] for line in radio.heard] == ["text 101 come home", "poll 101 "]
    radio.unplug()


async def test_a_listen_only_channel_sends_nothing_and_says_so(
    tmp_path: Path, plain: Plain
) -> None:
    radio = AnsweringRadio(tmp_path / "radio")
    radio.plug_in()
    channels = [channel(radio)]
    async with running(tmp_path, channels=channels) as server, server.signed_in() as client:
        unit = await heard_unit(client, radio)
        [route] = (await client.get("/api/orders/routes", params={"unit": unit})).json()
        assert route.get("takes", []) == []
        assert route["refuses"]["text"]["reason"] == "listen_only"
        body = {"kind": "text", "unit": unit, "text": "come home"}
        refused = await client.post("/api/orders", json=body)
        assert (refused.status_code, refused.json()["error"]) == (409, "cannot_send")
        assert refused.json()["code"] == "listen_only"
        assert "base is listen-only" in refused.json()["message"]
        assert (await client.get("/api/orders")).json() == []
        radio.say(b"HERE 101 100.43 20.27\n")
        async for _ in wait_until("what the radio said behind it"):
            answer = (await client.get(f"/api/units/{unit}")).json().get("last")
            if answer and answer["lon"] == 100.43:
                break
    assert radio.heard == []
    radio.unplug()


async def test_what_waits_at_the_end_of_one_run_goes_in_the_next(
    tmp_path: Path, plain: Plain
) -> None:
    radio = AnsweringRadio(tmp_path / "radio")
    radio.plug_in()
    channels = [channel(radio, listen_only=False)]
    async with running(tmp_path, channels=channels) as server, server.signed_in() as client:
        unit = await heard_unit(client, radio)
        radio.unplug()
        async for _ in wait_until("the port is gone"):
            if server.office.channels["base"].health().state == "down":
                break
        body = {"kind": "text", "unit": unit, "text": "come home", "id": "order-0001"}
        assert (await client.post("/api/orders", json=body)).status_code == 201
        late = body | {"text": "too late", "id": "order-0002", "expires_in_s": 0.5}
        assert (await client.post("/api/orders", json=late)).status_code == 201
        assert (await ended(client, ORDER_0002))["state"] == "expired"
    radio.plug_in()
    async with (
        running(tmp_path, roles=(), channels=channels) as server,
        server.signed_in() as client,
    ):
        assert (await ended(client, ORDER_0001))["state"] == "acknowledged"
    assert [line.split(" ", 2)[2] for line in radio.heard] == ["text 101 come home"]
    radio.unplug()


async def test_that_it_is_being_sent_is_on_disk_before_the_radio_hears_it(
    tmp_path: Path, plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    radio = AnsweringRadio(tmp_path / "radio")
    radio.plug_in()
    channels = [channel(radio, listen_only=False)]
    found: list[str] = []
    send = Channel.send
    async with running(tmp_path, channels=channels) as server, server.signed_in() as client:

        async def looks(self: Channel, outgoing: EncodedOrder) -> None:
            message = await server.office.store.read(messages.find, ORDER_0001)
            assert message is not None
            found.append(message.history[-1].why)
            await send(self, outgoing)

        monkeypatch.setattr(Channel, "send", looks)
        unit = await heard_unit(client, radio)
        body = {"kind": "text", "unit": unit, "text": "come home", "id": "order-0001"}
        assert (await client.post("/api/orders", json=body)).status_code == 201
        steps = (await ended(client, ORDER_0001))["history"]
        assert [step["state"] for step in steps] == ["queued", "sent", "acknowledged"]
    assert found == ["sending"]
    radio.unplug()


async def test_a_message_that_waits_can_be_cancelled_and_one_that_was_sent_cannot(
    tmp_path: Path, plain: Plain
) -> None:
    radio = AnsweringRadio(tmp_path / "radio")
    radio.plug_in()
    channels = [channel(radio, listen_only=False)]
    async with running(tmp_path, channels=channels) as server, server.signed_in() as client:
        unit = await heard_unit(client, radio)
        body = {"kind": "text", "unit": unit, "text": "come home", "id": "order-0001"}
        assert (await client.post("/api/orders", json=body)).status_code == 201
        assert (await ended(client, ORDER_0001))["state"] == "acknowledged"
        assert (await client.delete(f"/api/orders/{ORDER_0001}")).status_code == 409
        radio.unplug()
        async for _ in wait_until("the port is gone"):
            if server.office.channels["base"].health().state == "down":
                break
        waits = body | {"text": "stay there", "id": "order-0002"}
        assert (await client.post("/api/orders", json=waits)).status_code == 201
        async with server.signed_in("liaison") as liaison:
            assert (await liaison.delete(f"/api/orders/{ORDER_0002}")).status_code == 403
        cancelled = await client.delete(f"/api/orders/{ORDER_0002}")
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
        assert cancelled.json()["final"]
        assert (await client.delete(f"/api/orders/{ORDER_0002}")).status_code == 409
        assert (await client.delete("/api/orders/unheard-of")).status_code == 404
        radio.plug_in()
        after = body | {"text": "and now", "id": "order-0003"}
        assert (await client.post("/api/orders", json=after)).status_code == 201
        assert (await ended(client, ORDER_0003))["state"] == "acknowledged"
    texts = [line.split(" ", 2)[2] for line in radio.heard]
    assert texts == ["text 101 come home", "text 101 and now"]
    radio.unplug()


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "kind"),
        ({"kind": "song"}, 422, "kind"),
        ({"kind": "text", "text": "a\x1bb"}, 422, "text"),
        ({"kind": "text", "text": "x" * 1001}, 422, "text"),
        ({"kind": "text", "expires_in_s": 0}, 422, "expires_in_s"),
        ({"kind": "text", "expires_in_s": 100_000}, 422, "expires_in_s"),
        ({"kind": "text", "id": "short"}, 422, "id"),
        ({"kind": "text", "address": "nonsense"}, 422, "address"),
        ({"kind": "text", "text": "x", "colour": "red"}, 422, "colour"),
        ({"kind": "text", "text": "x"}, 409, None),
        ({"kind": "text", "text": "x", "channel": "nowhere"}, 409, None),
        ({"kind": "text", "text": "x", "unit": "unheard-of"}, 404, None),
    ],
)
async def test_a_wrong_order_is_refused_and_the_field_named(
    server: Running, body: dict[str, Any], status: int, field: str | None
) -> None:
    async with server.signed_in() as client:
        answer = await client.post("/api/orders", json=body)
        assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text
        assert (await client.get("/api/orders")).json() == []


async def test_who_may_not_speak_may_not_and_crew_do_not_even_read(server: Running) -> None:
    body = {"kind": "alert", "channel": "base"}
    async with server.signed_in("liaison") as client:
        assert (await client.post("/api/orders", json=body)).status_code == 403
        assert (await client.get("/api/orders")).status_code == 200
    async with server.signed_in("crew") as client:
        assert (await client.get("/api/orders")).status_code == 403
    async with server.stranger() as client:
        assert (await client.post("/api/orders", json=body)).status_code in (401, 403)
    async with server.signed_in() as client:
        assert (await client.get("/api/orders/routes")).status_code == 400
        assert (await client.get("/api/orders/unheard-of")).status_code == 404
