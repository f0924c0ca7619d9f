"""Webhooks: JSON that its receiver can trust, tried until it is taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from maps.notifications import throttle as pace
from maps.notifications.senders.webhook import signing_key
from tests.fixtures.patience import until
from tests.maps.notifications.receiving import Post, answer, receiving
from tests.maps.notifications.running import SECRET, delivers, hook, rule
from tests.patrol.nodes.running import AGENCY, NODE


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.1)


def believed(post: Post, key: bytes) -> Any:
    """Check a post as the Standard Webhooks specification tells a receiver to, and return it."""
    whole = f"{post.headers['webhook-id']}.{post.headers['webhook-timestamp']}.".encode()
    proof = hmac.new(key, whole + post.body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(proof).decode()}"
    assert hmac.compare_digest(post.headers["webhook-signature"], expected)
    return json.loads(post.body)


async def test_an_alert_is_posted_signed_and_recorded_as_sent(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        delivers(tmp_path, webhooks=[hook(receiver.port)], delivery=[rule()]) as it,
    ):
        boat = await it.node.boat("Boat 3")
        alert = await it.raise_alert(unit=boat)
        (post,) = await receiver.until(1)
        told = believed(post, SECRET.encode())
        assert told["type"] == "alerts"
        assert (told["node"], told["agency"], told["more"]) == (NODE, AGENCY, 0)
        (said,) = told["alerts"]
        assert said["id"] == alert.id
        assert (said["occasion"], said["call_sign"], said["severity"]) == (
            "raised",
            "Boat 3",
            "high",
        )
        assert (said["lon"], said["lat"]) == (100.41, 20.27)
        assert post.headers["webhook-timestamp"] == str(int(it.node.time.timestamp()))
        (kept,) = await it.settled(1)
        assert (kept.state, kept.attempts, kept.together) == ("sent", 1, 1)
        assert kept.message == post.headers["webhook-id"] == kept.id


async def test_another_secret_or_body_does_not_fit(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        delivers(tmp_path, webhooks=[hook(receiver.port)], delivery=[rule()]) as it,
    ):
        await it.raise_alert()
        (post,) = await receiver.until(1)
        with pytest.raises(AssertionError):
            believed(post, b"another secret of many characters")
        post.body = post.body.replace(b"high", b"low!")
        with pytest.raises(AssertionError):
            believed(post, SECRET.encode())


async def test_what_is_not_taken_is_posted_again_under_the_same_id(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        delivers(tmp_path, webhooks=[hook(receiver.port)], delivery=[rule()]) as it,
    ):
        receiver.answers = [answer(500), answer(404), answer(503, "retry-after: 0")]
        await it.raise_alert()
        posts = await receiver.until(4)
        assert len({post.headers["webhook-id"] for post in posts}) == 1
        (delivery,) = await it.settled(1)
        assert (delivery.state, delivery.attempts) == ("sent", 4)
        # It is counted once the store has it, which this test may see first.
        await until(lambda: it.delivering.health()[0].settled, "a count")
        [fares] = it.delivering.health()
        assert (fares.fault, fares.failing, fares.settled) == ("", (), {"sent": 1})


async def test_a_server_that_is_down_gets_it_when_it_is_back(tmp_path: Path) -> None:
    async with receiving() as gone:
        port = gone.port
    async with delivers(tmp_path, webhooks=[hook(port)], delivery=[rule()]) as it:
        await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
        [fares] = it.delivering.health()
        assert fares.failing == ("hq",)
        assert "cannot be reached" in fares.fault
        [channel] = it.delivering.channels()
        assert (channel.name, channel.state) == ("alerts-by-webhook", "down")
        assert channel.fault == "not reached: 1 of 1 receivers"
        async with receiving(port=port) as back:
            await back.until(1)
            (delivery,) = await it.settled(1)
            assert delivery.state == "sent"
            assert delivery.attempts > 1
        assert it.delivering.channels()[0].fault is None


@pytest.mark.parametrize("status", [410, 413, 307])
async def test_an_answer_for_good_ends_it(tmp_path: Path, status: int) -> None:
    async with (
        receiving() as receiver,
        delivers(tmp_path, webhooks=[hook(receiver.port)], delivery=[rule()]) as it,
    ):
        receiver.answers = [answer(status, "location: http://169.254.169.254/")]
        await it.raise_alert()
        (delivery,) = await it.settled(1)
        assert delivery.state == "failed"
        assert str(status) in delivery.fault
        assert len(receiver.posts) == 1


async def test_an_unlisted_address_is_refused_and_that_is_reported(tmp_path: Path) -> None:
    async with receiving() as receiver:
        unlisted = hook(receiver.port, allow=["10.0.0.0/8"])
        async with delivers(tmp_path, webhooks=[unlisted], delivery=[rule()]) as it:
            await it.raise_alert()
            (delivery,) = await it.settled(1)
            assert delivery.state == "failed"
            assert "may not be sent" in delivery.fault
            assert "/alerts" not in delivery.fault
            assert receiver.posts == []


def test_a_secret_may_be_written_as_the_specification_does() -> None:
    assert signing_key("whsec_" + base64.b64encode(b"x" * 24).decode()) == b"x" * 24
    assert signing_key("whsec_###") == b"whsec_###"
