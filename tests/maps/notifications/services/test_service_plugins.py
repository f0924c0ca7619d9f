"""A notification plug-in: what it makes is posted and judged; what it does wrong stays its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from maps.errors.errors import SettingsFaults
from maps.notifications import throttle as pace
from maps.notifications.outbound_http.allowed_addresses import resolve
from maps.notifications.senders.sender_checks import faults_of, warnings_of
from maps.notifications.services.service_plugins import WAYS
from radio_gateway.plugins import plugin as limits
from radio_gateway.plugins.plugins import PLUGINS
from tests.fixtures.patience import until
from tests.fixtures.plugin_packages import on_the_path, write_package
from tests.maps.notifications.receiving import answer, receiving
from tests.maps.notifications.running import Delivers, delivers, hook, rule, settings
from tests.maps.notifications.test_shared_alerts import shared, suspend_agreement
from tests.patrol.nodes.running import AGENCY, OTHER

GROUP = "joint_patrol.notifications"
SECRET = "a token that nobody may read"
SERVICE = """
    import json
    from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
    from maps.notifications.services.service_message import ServiceRequest

    def request(message, service):
        {make}
        return ServiceRequest(
            body=json.dumps({{"to": message.to, "text": message.title}}).encode(),
            headers={{"Authorization": "Bearer " + service.secret.get_secret_value()}},
            path="/send",
        )

    def outcome(answer):
        {judge}
        return json.loads(answer.body)["id"]
"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.1)


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    with on_the_path(tmp_path):
        yield tmp_path


def write(
    folder: Path, *, entry: str = "sms", make: str = "pass", judge: str = "pass", source: str = ""
) -> None:
    text = source or SERVICE.format(make=make, judge=judge)
    write_package(folder, "odd-sms", text, {GROUP: {entry: "odd_sms"}})


def tables(folder: Path, port: int, **more: Any) -> dict[str, Any]:
    (folder / "token").write_text(SECRET)
    service = {
        "url": f"http://127.0.0.1:{port}/v1",
        "secret_file": "token",
        "allow": ["127.0.0.0/8"],
    }
    return {
        "plugins": {"allowed": ["odd-sms"]},
        "notifications": {"sms": service},
        "delivery": [rule("sms", to=["+8562012345"])],
    } | more


def said(id: str = "m-17", status: int = 200) -> bytes:
    body = json.dumps({"id": id}).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def fault() -> str:
    (plugin,) = PLUGINS.found()
    return str(plugin.fault)


async def a_fault(it: Delivers) -> str:
    await until(lambda: it.delivering.health()[0].fault, "a fault")
    return it.delivering.health()[0].fault


async def test_an_alert_is_posted_to_the_address_of_the_settings_and_found_there(
    packages: Path,
) -> None:
    write(packages)
    async with receiving() as receiver:
        receiver.answers = [said()]
        async with delivers(packages, **tables(packages, receiver.port)) as it:
            boat = await it.node.boat("Boat 3")
            await it.raise_alert(unit=boat, rule="sos", severity="sos")
            (post,) = await receiver.until(1)
            (kept,) = await it.settled(1)
    assert post.path == "/v1/send"
    assert post.headers["authorization"] == f"Bearer {SECRET}"
    assert json.loads(post.body) == {"to": "+8562012345", "text": "SOS: Boat 3"}
    assert (kept.way, kept.state, kept.message) == ("sms", "sent", "m-17")


@pytest.mark.parametrize(
    ("judge", "state", "why"),
    [
        ("raise Undeliverable('no credit\\nleft')", "failed", "no credit left"),
        ("raise TemporaryFailure('busy', wait_s='soon')", "waiting", "busy"),
        ("raise ValueError('on purpose')", "sent", ""),  # taken by its status: not sent once more
        ("return 7", "sent", ""),
        ("return 'x' * 10_000", "sent", ""),
    ],
)
async def test_the_plugin_judges_what_its_service_answers(
    packages: Path, judge: str, state: str, why: str
) -> None:
    write(packages, judge=judge)
    async with receiving() as receiver:
        receiver.answers = [said()]
        async with delivers(packages, **tables(packages, receiver.port)) as it:
            await it.raise_alert()
            await receiver.until(1)
            if state == "waiting":
                assert await a_fault(it) == why
                (kept,) = await it.kept()
            else:
                (kept,) = await it.settled(1)
    assert kept.state == state
    assert kept.fault == ("" if state == "waiting" else why)
    if state == "sent":
        assert kept.message == kept.id
        assert fault() in (
            "raised ValueError: on purpose",
            "reads an id that is none out of an answer",
        )


async def test_without_a_judgement_the_status_says_whether_it_was_taken(packages: Path) -> None:
    write(packages, source=SERVICE.partition("def outcome")[0].format(make="pass"))
    async with receiving() as receiver:
        receiver.answers = [answer(503, "retry-after: 0"), answer(202)]
        async with delivers(packages, **tables(packages, receiver.port)) as it:
            await it.raise_alert()
            (kept,) = await it.settled(1)
    assert (kept.state, kept.attempts) == ("sent", 2)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        ("raise KeyError('sender')", "raised KeyError: 'sender'"),
        ("return 7", "makes a request that is none: int, no ServiceRequest"),
        ("return ServiceRequest(body='text')", "its body must be bytes"),
        ("return ServiceRequest(body=bytes(70_000))", "its body must be bytes, at most 65536"),
        ("return ServiceRequest(body=b'', path='@else.example/')", "must begin with '/' or '?'"),
        ("return ServiceRequest(body=b'', path='/%2e%2e/x')", "leaves the address"),
        ("return ServiceRequest(body=b'', headers={'Host': 'x'})", "'Host' is not its to set"),
        ("return ServiceRequest(body=b'', headers={'X': 'a\\r\\nb'})", "printable ASCII"),
        ("return ServiceRequest(body=b'', content_type=None)", "printable ASCII"),
        ("raise SystemExit", "raised SystemExit"),
        ("while True: pass", "took longer than 0.2 s and was broken off"),
    ],
)
async def test_what_it_does_wrong_leaves_the_message_waiting_and_others_go_on(
    packages: Path, make: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMIT_S", 0.2)
    write(packages, make=make)
    async with receiving() as receiver, receiving() as program:
        given = tables(packages, receiver.port)
        given["delivery"].append(rule())
        given["webhooks"] = [hook(program.port)]
        (packages / "hook-secret").write_text("a webhook secret of many characters")
        async with delivers(packages, **given) as it:
            await it.raise_alert()
            assert why in await a_fault(it)
            assert it.delivering.health()[0].waiting == 1
            await program.until(1)
            await until(lambda: it.delivering.health()[1].settled == {"sent": 1}, "the webhook")
        assert receiver.posts == []
    assert why in fault()


async def test_one_that_is_too_slow_is_switched_off_and_its_messages_expire(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BUDGET_S", 0.001)
    monkeypatch.setattr(limits, "MOST_SLOW_S", 0.01)
    write(packages, make="import time; time.sleep(0.05)")
    async with receiving() as receiver:
        given = tables(packages, receiver.port)
        given["delivery"][0] |= {"on": ["raised"], "expires_in_s": 30}
        async with delivers(packages, **given) as it:
            await it.raise_alert()
            await it.settled(1)  # the call that was too slow had made its request
            await it.raise_alert(1)
            assert "plug-in sms (odd-sms 1.0): switched off" in await a_fault(it)
            assert it.delivering.channels()[0].state == "down"
            it.node.time += timedelta(seconds=40)
            kept = {each.state: each for each in await it.settled(2)}
    assert "switched off" in kept["expired"].fault
    assert len(receiver.posts) == 1


@pytest.mark.parametrize(
    ("entry", "source", "state", "why"),
    [
        ("mail", "", "refused", "there is another 'mail', which stays"),
        ("SMS!", "", "refused", "its name 'SMS!' is none that one can have"),
        ("sms", "import a_module_that_is_nowhere", "failed", "cannot be imported"),
        ("sms", "x = 1", "failed", "offers no request"),
    ],
)
async def test_one_that_cannot_be_a_way_is_named(
    packages: Path, entry: str, source: str, state: str, why: str
) -> None:
    before = set(WAYS)
    write(packages, entry=entry, source=source)
    given = tables(packages, 1)
    if entry != "sms":
        with pytest.raises(SettingsFaults) as raised:
            settings(packages, **given)
        assert "patrol.toml: delivery[0].way: 'sms' is no way" in str(raised.value.faults)
        assert set(WAYS) == before
    else:  # the node starts, and what goes by it waits
        async with delivers(packages, **given) as it:
            await it.raise_alert()
            assert why in await a_fault(it)
    (plugin,) = PLUGINS.found()
    assert plugin.state == state
    assert why in fault()


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"plugins": {"allowed": []}}, "delivery[0].way: 'sms' is a plug-in of odd-sms, which"),
        ({"plugins": {"allowed": []}}, "notifications.sms: 'sms' is a plug-in of odd-sms, which"),
        ({"notifications": {}}, "delivery[0].way: there is no table [notifications.sms]"),
        ({"notifications": {"mail": {"url": "https://x.example"}}}, "notifications.mail: is built"),
        ({"notifications": {"sms": {"url": "http://x.example"}}}, "notifications.sms: url must"),
        (
            {"notifications": {"sms": {"url": "https://x.example", "secret_file": "none"}}},
            "notifications.sms.secret_file: none",
        ),
        (
            {"notifications": {"sms": {"url": "https://x.example", "sender": "x"}}},
            "notifications.sms.sender: no such setting",
        ),
    ],
)
def test_faults_of_the_settings_name_their_place(
    packages: Path, more: dict[str, Any], place: str
) -> None:
    write(packages)
    with pytest.raises(SettingsFaults) as raised:
        settings(packages, **tables(packages, 1, **more))
    texts = raised.value.faults
    assert any(each.startswith(f"patrol.toml: {place}") for each in texts), texts


def test_check_tries_a_request_for_each_receiver_and_sends_none(packages: Path) -> None:
    write(packages, make="if not message.to.startswith('+'): raise Undeliverable('is no number')")
    given = tables(packages, 1)
    assert faults_of(settings(packages, **given)) == []
    given["delivery"][0]["to"] = ["+8562012345", "duty officer"]
    said = settings(packages, **given)
    assert faults_of(said) == ["delivery.by sms.to: duty officer: is no number"]
    assert SECRET not in repr(said)
    given["delivery"] = []
    told = warnings_of(settings(packages, **given), wait_s=1)
    assert "delivery: no rule delivers by sms" in told
    assert any("cross the network in the clear" in each for each in told)


async def test_what_may_not_pass_any_more_does_not_leave(packages: Path) -> None:
    """Another agency's alert without an agreement: withheld, and the plug-in never hears of it."""
    write(packages)
    async with receiving() as receiver:
        given = tables(packages, receiver.port)
        given["delivery"] = [rule("sms", to=["+8562012345"], agency=OTHER)]
        async with delivers(packages, **given) as it:
            await it.raise_alert(agency=AGENCY)
            await it.raise_alert(1, agency=OTHER)
            receiver.answers = [said()]
            await receiver.until(1)
            await it.settled(1)
        assert len(receiver.posts) == 1
    (plugin,) = PLUGINS.found()
    assert plugin.health().calls == 2


async def test_consent_suspended_while_the_service_is_reached_stops_the_words(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(packages)
    reached, released = asyncio.Event(), asyncio.Event()

    async def late(*args: Any, **named: Any) -> Any:
        reached.set()
        await released.wait()
        return await resolve(*args, **named)

    monkeypatch.setattr("maps.notifications.outbound_http.post.resolve", late)
    async with receiving() as receiver:
        given = tables(packages, receiver.port)
        given["delivery"] = [rule("sms", to=["+8562012345"], agency=OTHER)]
        async with delivers(packages, **given) as it:
            made = await shared(it, "alerts", "positions")
            await it.raise_alert()
            await asyncio.wait_for(reached.wait(), 10)
            await suspend_agreement(it, made)
            released.set()
            (kept,) = await it.settled(1)
    assert kept.state == "withheld"
    assert receiver.posts == []  # its headers came, and no body behind them
