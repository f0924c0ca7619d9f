"""Web Push: what a browser alone can read, from a server that it knows, until it is gone."""

from __future__ import annotations

import base64
import json
import os
import stat
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from maps.notifications import throttle as pace
from maps.notifications.account_news import AccountNews
from maps.notifications.errors.errors import TemporaryFailure
from maps.notifications.senders.base64url import b64url, from_b64url
from maps.notifications.senders.push_key import PushKey
from patrol.alerts.delivery import PushSubscription
from patrol.desks.desk import Desk
from patrol.documents.transaction import Note
from patrol.errors.errors import NotFound
from patrol.maintenance.outbox import ENDING
from patrol.units.accounts import User
from tests.fixtures.patience import until
from tests.maps.notifications.receiving import HttpReceiver, Post, answer, receiving
from tests.maps.notifications.running import Delivers, delivers, rule
from tests.patrol.nodes.running import AGENCY, OTHER

KHAM = User(name="kham", role="commander", agency=AGENCY)
NOI = User(name="noi", role="commander", agency=AGENCY)
SOMCHAI = User(name="somchai", role="commander", agency=OTHER)
MALEE = User(name="malee", role="planner", agency=AGENCY)
PUSH = {"key_file": "push.pem", "contact": "mailto:t@hx.example", "allow": ["127.0.0.0/8"]}


class Browser:
    """A browser: its keys, and the endpoint that its push service gave it."""

    def __init__(self, service: HttpReceiver, path: str = "/push/1") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)
        self.endpoint = f"http://127.0.0.1:{service.port}{path}"
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.fields = {
            "endpoint": self.endpoint,
            "p256dh": b64url(point),
            "auth": b64url(self.auth),
        }

    def read(self, post: Post) -> Any:
        """Decrypt what its push service took, as RFC 8291 says."""
        assert post.headers["content-encoding"] == "aes128gcm"
        return json.loads(
            http_ece.decrypt(
                post.body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
            )
        )


def believed(post: Post, port: int) -> bytes:
    """Check who posted, as a push service does by RFC 8292; return the public key."""
    scheme, _, parts = post.headers["authorization"].partition(" ")
    assert scheme == "vapid"
    body = dict(part.strip().split("=", 1) for part in parts.split(","))
    head, claims, proof = body["t"].split(".")
    point = from_b64url(body["k"])
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    raw = from_b64url(proof)
    signature = utils.encode_dss_signature(
        int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    )
    key.verify(signature, f"{head}.{claims}".encode(), ec.ECDSA(SHA256()))
    assert json.loads(from_b64url(head)) == {"typ": "JWT", "alg": "ES256"}
    answer = json.loads(from_b64url(claims))
    assert answer["aud"] == f"http://127.0.0.1:{port}"
    assert answer["sub"] == "mailto:t@hx.example"
    return point


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.1)


@pytest.fixture
async def service() -> AsyncIterator[HttpReceiver]:
    """A push service on this machine."""
    async with receiving() as started:
        yield started


def desk(it: Delivers, user: User) -> Desk:
    return Desk(it.node.watch, user)


async def test_only_the_browser_reads_what_only_we_can_have_sent(
    tmp_path: Path, service: HttpReceiver
) -> None:
    browser = Browser(service)
    async with delivers(tmp_path, users=[KHAM], push=PUSH, delivery=[rule("push")]) as it:
        await desk(it, KHAM).deliveries.subscribe(**browser.fields, label="office")
        boat = await it.node.boat("Boat 3")
        alert = await it.raise_alert(unit=boat, severity="sos", rule="drill")
        (post,) = await service.until(1)
        answer = browser.read(post)
        assert answer["title"] == "[BLO Houay Xai] SOS: Boat 3, drill"
        assert "Mekong km 2281.3" in answer["body"]
        assert (answer["alert"], answer["tag"]) == (alert.id, alert.id)
        assert b"Boat 3" not in post.body
        assert (post.headers["urgency"], post.headers["topic"]) == ("high", alert.id)
        assert post.headers["ttl"] == "3600"
        push = it.delivering.push
        assert push is not None
        assert believed(post, service.port) == from_b64url(push.key.public())
        other = Browser(service)
        with pytest.raises(Exception, match=r"[Dd]ecrypt|tag"):
            other.read(post)
        (delivery,) = await it.settled(1)
        assert (delivery.state, delivery.user) == ("sent", "kham")


async def test_the_claim_ends_within_a_day(tmp_path: Path) -> None:
    key = PushKey(tmp_path / "k.pem", contact="mailto:t@hx.example")
    token = key.authorization("https://push.example:8443/x").partition("t=")[2].partition(",")[0]
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["aud"] == "https://push.example:8443"
    assert 0 < claims["exp"] - time.time() <= 86_400


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_gone_is_taken_away(
    tmp_path: Path, service: HttpReceiver, status: int
) -> None:
    async with delivers(tmp_path, users=[KHAM], push=PUSH, delivery=[rule("push")]) as it:
        await desk(it, KHAM).deliveries.subscribe(**Browser(service).fields)
        service.answers = [answer(status)]
        await it.raise_alert(1)
        (delivery,) = await it.settled(1)
        assert delivery.state == "failed"
        assert desk(it, KHAM).deliveries.browsers() == []
        await it.raise_alert(2)
        await it.raise_alert(3)
        assert len(service.posts) == 1
        assert len(await it.kept()) == 1
        assert it.delivering.channels()[0].fault is None


async def test_a_busy_push_service_gets_it_later(tmp_path: Path, service: HttpReceiver) -> None:
    async with delivers(tmp_path, users=[KHAM], push=PUSH, delivery=[rule("push")]) as it:
        await desk(it, KHAM).deliveries.subscribe(**Browser(service).fields)
        service.answers = [answer(429, "retry-after: 1"), answer(502)]
        await it.raise_alert()
        await service.until(3)
        (delivery,) = await it.settled(1)
        assert (delivery.state, delivery.attempts) == ("sent", 3)


async def test_each_gets_what_its_own_agency_and_role_may_have(
    tmp_path: Path, service: HttpReceiver
) -> None:
    users = [KHAM, NOI, SOMCHAI, MALEE]
    browsers = {user.name: Browser(service, f"/push/{user.name}") for user in users}
    rules = [rule("push"), rule("push", name="theirs", agency=OTHER)]
    async with delivers(tmp_path, users=users, push=PUSH, delivery=rules) as it:
        for user in users:
            await desk(it, user).deliveries.subscribe(**browsers[user.name].fields)
        await it.raise_alert(1, agency=AGENCY)
        await it.settled(2)
        assert sorted(post.path for post in service.posts) == ["/push/kham", "/push/noi"]
        service.posts.clear()
        await it.raise_alert(2, agency=OTHER)
        await it.settled(3)
        assert [post.path for post in service.posts] == ["/push/somchai"]


async def test_a_user_who_may_not_sign_in_any_more_gets_nothing(
    tmp_path: Path, service: HttpReceiver
) -> None:
    async with delivers(tmp_path, users=[KHAM], push=PUSH, delivery=[rule("push")]) as it:
        await desk(it, KHAM).deliveries.subscribe(**Browser(service).fields)
        service.answers = [answer(503)]
        await it.raise_alert()
        await service.until(1)
        it.users["kham"] = User(
            name="kham", role="commander", agency=AGENCY, disabled_at=it.node.time
        )
        (delivery,) = await it.settled(1)
        assert delivery.state == "withheld"
        assert len(service.posts) == 1
        assert not list(it.node.watch.document_service.open_documents.all(PushSubscription))


@pytest.mark.parametrize("act", sorted(ENDING))
async def test_a_browser_subscribed_before_all_sessions_ended_is_sent_that_and_no_alert(
    tmp_path: Path, service: HttpReceiver, act: str
) -> None:
    thief, own = Browser(service, "/push/1"), Browser(service, "/push/2")
    async with delivers(tmp_path, users=[KHAM, NOI], push=PUSH, delivery=[rule("push")]) as it:
        await desk(it, KHAM).deliveries.subscribe(**thief.fields)
        await desk(it, NOI).deliveries.subscribe(**own.fields, label="noi's")
        it.node.time += timedelta(seconds=1)
        note = Note(act=act, actor="boss", agency=AGENCY, subject="user:kham")
        await it.node.watch.document_service.note(note)
        assert await desk(it, KHAM).deliveries.active_browsers() == []
        assert [each.label for each in await desk(it, NOI).deliveries.active_browsers()] == [
            "noi's"
        ]
        it.node.time += timedelta(seconds=1)
        alert = await it.raise_alert(severity="sos")
        states = {each.user: each.state for each in await it.settled(2)}
        assert states == {"kham": "withheld", "noi": "sent"}
        posts = {each.path: each for each in service.posts}
        answer = thief.read(posts["/push/1"])
        assert own.read(posts["/push/2"])["alert"] == alert.id
        assert alert.id not in json.dumps(answer)
        assert "topic" not in posts["/push/1"].headers
        assert answer["body"].startswith("Your sessions were ended.")
        assert (answer["url"], answer["alert"], answer["severity"]) == ("/account", None, "high")
        await desk(it, KHAM).deliveries.subscribe(**thief.fields)
        assert len(await desk(it, KHAM).deliveries.active_browsers()) == 1
        second = await it.raise_alert(2)
        await it.settled(4)
        (post,) = [each for each in service.posts[2:] if each.path == "/push/1"]
        assert thief.read(post)["alert"] == second.id


async def test_a_clock_that_was_set_neither_keeps_a_thief_s_browser_nor_refuses_the_user_s_own(
    tmp_path: Path, service: HttpReceiver
) -> None:
    thief, own = Browser(service, "/push/1"), Browser(service, "/push/2")
    async with delivers(tmp_path, users=[KHAM], push=PUSH, delivery=[rule("push")]) as it:
        document_service = it.node.watch.document_service
        ended = Note(act="end sessions", actor="boss", agency=AGENCY, subject="user:kham")
        for before, after in ((timedelta(days=1), timedelta()), (timedelta(), timedelta(days=1))):
            began = it.node.time
            it.node.time += before
            await desk(it, KHAM).deliveries.subscribe(**thief.fields)
            it.node.time = began + after
            await document_service.note(ended)
            assert await desk(it, KHAM).deliveries.active_browsers() == []
            it.node.time = began
            await desk(it, KHAM).deliveries.subscribe(**own.fields, label="own")
            assert [each.label for each in await desk(it, KHAM).deliveries.active_browsers()] == [
                "own"
            ]


async def test_a_shared_browser_takes_alerts_for_its_last_user_only(
    tmp_path: Path, service: HttpReceiver
) -> None:
    browser = Browser(service)
    rules = [rule("push"), rule("push", name="theirs", agency=OTHER)]
    async with delivers(tmp_path, users=[KHAM, SOMCHAI], push=PUSH, delivery=rules) as it:
        await desk(it, KHAM).deliveries.subscribe(**browser.fields)
        await desk(it, SOMCHAI).deliveries.subscribe(**browser.fields)
        assert desk(it, KHAM).deliveries.browsers() == []
        await it.raise_alert(1, agency=AGENCY)
        await it.raise_alert(2, agency=OTHER)
        await it.settled(1)
        assert len(service.posts) == 1
        assert [each.user for each in await it.kept()] == ["somchai"]


async def test_nobody_sees_endpoint_and_keys_not_even_in_the_snapshot(
    tmp_path: Path, service: HttpReceiver
) -> None:
    browser = Browser(service)
    async with delivers(tmp_path, users=[KHAM], push=PUSH) as it:
        told = await desk(it, KHAM).deliveries.subscribe(**browser.fields)
        assert browser.endpoint not in repr(told)
        for user in (KHAM, User(name="admin", role="admin", agency=AGENCY)):
            snapshot = it.node.watch.live.snapshot(desk(it, user).policy, "s", 1)
            assert [each for each in snapshot.documents if isinstance(each, PushSubscription)] == []
        with pytest.raises(NotFound):
            await desk(it, NOI).deliveries.unsubscribe(told.id)
        await desk(it, KHAM).deliveries.unsubscribe(told.id)
        assert desk(it, KHAM).deliveries.browsers() == []


async def test_the_oldest_of_too_many_browsers_gives_way(
    tmp_path: Path, service: HttpReceiver
) -> None:
    async with delivers(tmp_path, users=[KHAM], push=PUSH) as it:
        for number in range(12):
            fields = Browser(service, f"/push/{number}").fields
            await desk(it, KHAM).deliveries.subscribe(**fields, label=str(number))
        labels = [each.label for each in desk(it, KHAM).deliveries.browsers()]
        assert labels == [str(number) for number in range(2, 12)]


async def test_a_browser_cannot_send_us_where_it_likes(
    tmp_path: Path, service: HttpReceiver
) -> None:
    browser = Browser(service)
    strict = PUSH | {"allow": ["10.77.0.0/16"]}
    async with delivers(tmp_path, users=[KHAM], push=strict, delivery=[rule("push")]) as it:
        push = it.delivering.push
        assert push is not None
        for endpoint in (
            browser.endpoint,
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://[::1]:8443/x",
            "https://[::ffff:10.0.0.1]/x",
            "https://169.254.169.254/latest",
            "http://push.example/x",
            "http://10.78.0.1/x",
        ):
            fault = push.subscription_fault(**browser.fields | {"endpoint": endpoint})
            assert fault is not None, endpoint
            assert fault[0] == "endpoint"
        assert (
            push.subscription_fault(**browser.fields | {"endpoint": "http://10.77.0.1/x"}) is None
        )
        # A name is looked at when it is posted to.
        fields = browser.fields | {"endpoint": f"https://localhost:{service.port}/x"}
        assert push.subscription_fault(**fields) is None
        await desk(it, KHAM).deliveries.subscribe(**fields)
        await it.raise_alert()
        (delivery,) = await it.settled(1)
        assert delivery.state == "failed"
        assert "may not be sent" in delivery.fault
        assert service.posts == []


async def test_keys_that_are_none_are_refused(tmp_path: Path, service: HttpReceiver) -> None:
    good = Browser(service).fields
    async with delivers(tmp_path, push=PUSH) as it:
        push = it.delivering.push
        assert push is not None
        assert push.subscription_fault(**good) is None
        for field, value in (
            ("p256dh", ""),
            ("p256dh", "AAAA"),
            ("p256dh", b64url(b"\x04" + bytes(64))),
            ("p256dh", "é" * 87),
            ("p256dh", good["p256dh"][:-2]),
            ("auth", "AAAA"),
            ("auth", "****"),
        ):
            fault = push.subscription_fault(**good | {field: value})
            assert fault is not None, (field, value)
            assert fault[0] == f"keys.{field}"


async def test_a_long_digest_stays_within_what_a_push_service_takes(
    tmp_path: Path, service: HttpReceiver
) -> None:
    browser = Browser(service)
    rules = [rule("push", per_minute=1)]
    async with delivers(tmp_path, users=[KHAM], push=PUSH, delivery=rules) as it:
        await desk(it, KHAM).deliveries.subscribe(**browser.fields)
        boat = await it.node.boat("ເຮືອ" * 20)
        alerts = [it.alert(number, unit=boat, place="ແມ່ນ້ຳຂອງ" * 60) for number in range(40)]
        await it.file(*alerts)
        await it.settled(40)
        for post in service.posts:
            assert len(post.body) <= 4096
            browser.read(post)


def test_the_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "push.pem"
    first = PushKey(file, contact="mailto:t@hx.example").public()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert PushKey(file, contact="mailto:t@hx.example").public() == first
    other = PushKey(tmp_path / "other.pem", contact="mailto:t@hx.example").public()
    assert other != first
    file.chmod(0o640)
    with pytest.raises(TemporaryFailure, match="chmod 600"):
        PushKey(file, contact="mailto:t@hx.example").public()
    file.chmod(0o600)
    file.write_text("nothing")
    with pytest.raises(TemporaryFailure, match="is no private key"):
        PushKey(file, contact="mailto:t@hx.example").public()


async def test_a_key_that_cannot_be_used_is_reported_and_costs_no_alert(
    tmp_path: Path, service: HttpReceiver
) -> None:
    (tmp_path / "push.pem").write_text("nothing")
    (tmp_path / "push.pem").chmod(0o600)
    async with delivers(tmp_path, users=[KHAM], push=PUSH, delivery=[rule("push")]) as it:
        await desk(it, KHAM).deliveries.subscribe(**Browser(service).fields)
        await it.raise_alert()
        await until(lambda: it.delivering.health()[0].fault, "a fault")
        assert "is no private key" in it.delivering.health()[0].fault
        (tmp_path / "push.pem").unlink()
        (delivery,) = await it.settled(1)
        assert delivery.state == "sent"


async def test_users_are_notified_on_their_own_browsers_that_their_sign_in_was_changed(
    tmp_path: Path, service: HttpReceiver
) -> None:
    first, second, other = (Browser(service, f"/push/{number}") for number in (1, 2, 3))
    async with delivers(tmp_path, users=[KHAM, NOI], push=PUSH, delivery=[rule("push")]) as it:
        await desk(it, KHAM).deliveries.subscribe(**first.fields)
        await desk(it, KHAM).deliveries.subscribe(**second.fields)
        await desk(it, NOI).deliveries.subscribe(**other.fields)
        news = AccountNews(it.node.store, it.delivering.notify_account)
        document_service = it.node.watch.document_service
        await document_service.note(
            Note(act="add passkey", actor="kham", agency=AGENCY, subject="user:kham")
        )
        await news.look()  # what was done before is told to nobody
        acts: list[tuple[str, dict[str, Any]]] = [
            ("change user", {"password": "changed"}),
            ("change user", {"role": "planner"}),
            ("sign in", {}),
        ]
        for act, detail in acts:
            note = Note(act=act, actor="boss", agency=AGENCY, subject="user:kham", detail=detail)
            await document_service.note(note)
        await news.look()
        assert sorted(each.path for each in service.posts) == ["/push/1", "/push/2"]
        answer = first.read(next(each for each in service.posts if each.path == "/push/1"))
        assert (answer["url"], answer["alert"], answer["type"]) == ("/account", None, "alerts")
        assert "ways to sign in were changed" in answer["title"]
        await news.look()
        assert len(service.posts) == 2
