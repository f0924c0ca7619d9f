"""Alerts of another agency: as far as an agreement shares them, and not a moment longer."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maps.notifications import delivery_sender
from maps.notifications import throttle as pace
from maps.notifications.outbound_http.allowed_addresses import resolve
from patrol.agreements.lifecycle import Party, suspend
from tests.fixtures.patience import until
from tests.maps.notifications.receiving import receiving
from tests.maps.notifications.running import Delivers, delivers, hook, rule
from tests.patrol.nodes.running import AGENCY, OTHER
from tests.patrol.sharing.test_incident_sharing import agreement, filed

THEIRS = rule(name="theirs", agency=OTHER)
OWN = rule(name="own", to=["own"])
"""Where nothing may go to the other agency, these show that an alert has been dealt with."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.2)
    monkeypatch.setattr(delivery_sender, "TICK_S", 0.1)


async def shared(it: Delivers, *classes: Any) -> Any:
    """Bring an agreement into force, a minute ago."""
    made = await agreement(it.node, *classes)
    it.node.time += timedelta(seconds=60)
    return made


async def suspend_agreement(it: Delivers, made: Any) -> None:
    party = Party(agency=AGENCY, name="kham")
    await filed(it.node, suspend(made, at=it.node.time, who=party, reason="a row"))


def alerts(posts: Sequence[Any]) -> list[dict[str, Any]]:
    return [each for post in posts for each in json.loads(post.body)["alerts"]]


async def test_nothing_goes_to_another_agency_without_an_agreement(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        receiving() as own,
        delivers(
            tmp_path,
            webhooks=[hook(receiver.port), hook(own.port, "own")],
            delivery=[THEIRS, OWN],
        ) as it,
    ):
        for number in (1, 2):
            await it.raise_alert(number)
            assert {each.agency for each in await it.settled(number)} == {AGENCY}
        assert len(alerts(own.posts)) == 2
        assert receiver.posts == []


async def test_what_an_agreement_shares_goes_without_what_may_never_cross(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        delivers(tmp_path, webhooks=[hook(receiver.port)], delivery=[THEIRS]) as it,
    ):
        await shared(it, "alerts")
        await it.raise_alert(1, facts={"informant": "the ferryman"})
        (post,) = await receiver.until(1)
        assert b"ferryman" not in post.body
        [body] = alerts([post])
        assert (body["agency"], body["rule"]) == (AGENCY, "drill")
        assert (body["lon"], body["place"]) == (None, "")  # positions are not shared
        (delivery,) = await it.settled(1)
        assert delivery.agency == OTHER


async def test_what_waits_when_consent_is_suspended_never_goes(tmp_path: Path) -> None:
    async with receiving() as gone:
        port = gone.port
    async with (
        receiving() as own,
        delivers(
            tmp_path,
            webhooks=[hook(port), hook(own.port, "own")],
            delivery=[THEIRS, OWN],
        ) as it,
    ):
        made = await shared(it, "alerts", "positions")
        await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
        await suspend_agreement(it, made)
        async with receiving(port=port) as back:
            await it.settled(2)
            for number in (3, 4):
                await it.raise_alert(number)
                deliveries = await it.settled(number)
            states = [(each.agency, each.state) for each in deliveries]
            assert Counter(states) == {(OTHER, "withheld"): 1, (AGENCY, "sent"): 3}
            assert back.posts == []


async def test_consent_suspended_while_the_receiver_is_being_reached_stops_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection stands and the headers are gone; the body never follows."""
    bodies: list[bytes] = []
    reached, released = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bodies.append(await reader.read())
        writer.close()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with delivers(tmp_path, webhooks=[hook(port)], delivery=[THEIRS]) as it:
        made = await shared(it, "alerts", "positions")
        real = resolve

        async def late(*args: Any, **named: Any) -> Any:
            reached.set()
            await released.wait()
            return await real(*args, **named)

        monkeypatch.setattr("maps.notifications.outbound_http.post.resolve", late)
        await it.raise_alert()
        await asyncio.wait_for(reached.wait(), 10)
        await suspend_agreement(it, made)
        released.set()
        (delivery,) = await it.settled(1)
        assert delivery.state == "withheld"
        assert all(b"drill" not in body and b"{" not in body for body in bodies)
    server.close()


async def test_anothers_alerts_do_not_go_into_a_radio_queue(tmp_path: Path) -> None:
    rules = [rule("radio", name="theirs", agency=OTHER, to=["Boat 3"]), OWN]
    async with (
        receiving() as own,
        delivers(tmp_path, webhooks=[hook(own.port, "own")], delivery=rules) as it,
    ):
        await shared(it, "alerts", "positions")
        for number in (1, 2):
            await it.raise_alert(number)
            assert {each.agency for each in await it.settled(number)} == {AGENCY}
