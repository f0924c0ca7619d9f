"""Deliveries of a whole server: from a call for help to browser, mailbox, program and radio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from radio_gateway.protocols import OUTBOUND, PROTOCOLS
from tests.fixtures.patience import until
from tests.maps.api.units.test_units import add
from tests.maps.notifications.receiving import receiving
from tests.maps.notifications.senders.test_mail import PASSWORD, Mailbox, mail, mail_server
from tests.maps.notifications.senders.test_web_push import Browser
from tests.maps.notifications.test_metrics import value
from tests.maps.servers.running import AGENCY, Running, running, wait_until
from tests.radio_gateway.running.answering_radio import AnsweringRadio
from tests.radio_gateway.running.plain_radio import Plain

SECRET = "a webhook secret of many characters"


def hook(port: int) -> dict[str, Any]:
    return {
        "name": "hq",
        "url": f"http://127.0.0.1:{port}/secret-path",
        "secret_file": "hook-secret",
        "allow": ["127.0.0.0/8"],
    }


def rule(way: str, **more: Any) -> dict[str, Any]:
    return {"name": way, "agency": AGENCY, "role": "commander", "way": way, **more}


def push() -> dict[str, Any]:
    return {"key_file": "push.pem", "contact": "mailto:t@hx.example", "allow": ["127.0.0.0/8"]}


def subscription(browser: Browser, **more: Any) -> dict[str, Any]:
    keys = {name: browser.fields[name] for name in ("p256dh", "auth")}
    return {"endpoint": browser.endpoint, "keys": keys, **more}


async def rests(client: httpx.AsyncClient, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async for _ in wait_until(f"{count} deliveries that wait no more", 20):
        found = (await client.get("/api/deliveries")).json()
        if sum(each.get("state", "waiting") != "waiting" for each in found) >= count:
            break
    return found


async def test_a_call_for_help_reaches_browser_mailbox_program_and_radio(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = Plain(answer_within_s=0.5)
    monkeypatch.setitem(PROTOCOLS, "plain", module)
    monkeypatch.setitem(OUTBOUND, "plain", module)
    radio = AnsweringRadio(tmp_path / "radio")
    radio.plug_in()
    (tmp_path / "hook-secret").write_text(SECRET)
    mailbox = Mailbox()
    base = {
        "name": "base",
        "url": f"serial://{radio.name}",
        "protocols": ["plain"],
        "listen_only": False,
        "messages_per_minute": 60,
    }
    with mail_server(mailbox) as port:
        async with (
            receiving() as service,
            receiving() as program,
            running(
                tmp_path,
                channels=[base],
                mail=mail(port),
                push=push(),
                webhooks=[hook(program.port)],
                delivery=[
                    rule("push"),
                    rule("mail", to=["duty@hx.example"], severities=["sos"]),
                    rule("webhook", to=["hq"], rules=["sos"]),
                    rule("radio", to=["Naga 1"], severities=["sos"]),
                ],
            ) as server,
            server.signed_in() as client,
        ):
            browser = Browser(service)
            added = await client.post("/api/deliveries/browsers", json=subscription(browser))
            assert added.status_code == 201, added.text
            async for _ in wait_until("the radio is heard"):
                radio.say(b"HERE 101 100.41 20.27\n")
                if (await client.get("/api/radios/unknown")).json():
                    break
            near = await add(client, "Naga 1")
            body = {"address": "plain:101", "unit": near}
            assert (await client.post("/api/assignments", json=body)).status_code == 201
            key = await server.device("boat-9")
            boat = await add(client, "Boat 9")
            body = {"address": "position_json:boat-9", "unit": boat}
            assert (await client.post("/api/assignments", json=body)).status_code == 201
            async with server.stranger(authorization=f"Bearer {key}") as phone:
                said = {"id": "boat-9", "lon": 100.42, "lat": 20.28, "distress": True}
                assert (await phone.post("/api/positions", json=said)).status_code < 300
            found = await rests(client, 4)
            states = {(each["way"], each.get("state", "waiting")) for each in found}
            assert states == {(way, "sent") for way in ("push", "mail", "webhook", "radio")}
            assert browser.read(service.posts[0])["title"] == "[Test] SOS: Boat 9"
            assert mailbox.mails[0]["Subject"] == "[Test] SOS: Boat 9"
            [posted] = json.loads(program.posts[0].body)["alerts"]
            assert (posted["rule"], posted["unit"], posted["call_sign"]) == ("sos", boat, "Boat 9")
            await until(lambda: radio.heard, "words over the radio")
            assert "SOS: Boat 9" in radio.heard[0]
            [order] = (await client.get("/api/orders", params={"unit": near})).json()
            assert order["operator"] == "delivery radio"
            by_way = {each["way"]: each for each in found}
            assert by_way["radio"]["message"] == order["id"]
            alert = by_way["mail"]["alert"]
            only = (await client.get("/api/deliveries", params={"alert": alert})).json()
            assert len(only) == 4
            assert (await client.get("/api/deliveries", params={"alert": "x"})).json() == []
    radio.unplug()


async def test_no_answer_and_no_log_holds_a_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hook-secret").write_text(SECRET)
    (tmp_path / "mail-password").write_text(PASSWORD)
    async with receiving() as gone:
        pass
    async with (
        receiving() as service,
        running(
            tmp_path,
            mail=mail(gone.port, username="patrol", password_file="mail-password"),
            push=push(),
            webhooks=[hook(gone.port)],
            delivery=[
                rule("webhook", to=["hq"]),
                rule("mail", to=["duty@hx.example"]),
                rule("push"),
            ],
        ) as server,
        server.signed_in() as client,
        server.signed_in("admin") as admin,
    ):
        browser = Browser(service, "/push/secret-endpoint")
        await client.post("/api/deliveries/browsers", json=subscription(browser, label="office"))
        service.answers = [b"HTTP/1.1 500 secret-endpoint\r\ncontent-length: 0\r\n\r\n"] * 3
        texts = []
        for name in ("webhook", "mail", "push"):
            tested = await admin.post("/api/deliveries/test", json={"rule": name})
            assert tested.status_code == 200, tested.text
            [outcome] = tested.json()
            assert not outcome["ok"]
            assert outcome["fault"]
            texts.append(tested.text)
        for path in (
            "/api/deliveries",
            "/api/deliveries/rules",
            "/api/deliveries/browsers",
            "/api/deliveries/push-key",
            "/metrics",
            "/api/channels",
        ):
            answer = await admin.get(path)
            assert answer.status_code == 200, path
            texts.append(answer.text)
        async with server.live(admin) as live:
            texts.append(json.dumps(await live.frame()))
        key = (tmp_path / "push.pem").read_text().splitlines()[1]
        printed = capsys.readouterr()
        for text in (*texts, printed.out, printed.err):
            for secret in (SECRET, PASSWORD, "secret-path", "secret-endpoint", key):
                assert secret not in text
            for secret in browser.fields.values():
                assert secret not in text


async def test_browsers_are_their_users_own(tmp_path: Path) -> None:
    async with (
        receiving() as service,
        running(tmp_path, push=push()) as server,
        server.signed_in("crew") as crew,
        server.signed_in("commander") as commander,
    ):
        assert (await crew.get("/api/deliveries/push-key")).json()["key"]
        browser = Browser(service)
        body = subscription(browser, label="phone")
        added = (await crew.post("/api/deliveries/browsers", json=body)).json()
        assert added["label"] == "phone"
        assert (await crew.get("/api/deliveries/browsers")).json() == [added]
        assert (await commander.get("/api/deliveries/browsers")).json() == []
        path = f"/api/deliveries/browsers/{added['id']}"
        assert (await commander.delete(path)).status_code == 404
        assert (await commander.post(f"{path}/test")).status_code == 404
        tested = (await crew.post(f"{path}/test")).json()
        assert tested["ok"], tested
        assert browser.read(service.posts[0])["type"] == "test"
        assert (await crew.delete(path)).status_code == 204
        assert (await crew.delete(path)).status_code == 404
        assert (await crew.get("/api/deliveries/browsers")).json() == []


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"endpoint": "https://169.254.169.254/x"}, 400, "endpoint"),
        ({"endpoint": "https://2130706433:9/x"}, 400, None),
        ({"endpoint": "file:///etc/passwd"}, 400, "endpoint"),
        ({"endpoint": "http://push.example/x"}, 400, "endpoint"),
        ({"endpoint": "https://a.example/" + "x" * 3000}, 422, "endpoint"),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, 400, "keys.p256dh"),
        ({"keys": {"p256dh": "A" * 500, "auth": "AAAA"}}, 422, "keys.p256dh"),
        ({"keys": {}}, 422, "keys.p256dh"),
        ({"label": "a\nb"}, 422, "label"),
        ({"more": 1}, 422, "more"),
    ],
)
async def test_what_a_browser_may_not_subscribe_with(
    tmp_path: Path, change: dict[str, Any], status: int, field: str | None
) -> None:
    async with (
        receiving() as service,
        running(tmp_path, push=push() | {"allow": ["10.9.0.0/16"]}) as server,
        server.signed_in("crew") as crew,
    ):
        body = subscription(Browser(service)) | {"endpoint": "https://push.example/x"} | change
        answer = await crew.post("/api/deliveries/browsers", json=body)
        assert answer.status_code == status, answer.text
        assert field is None or answer.json()["field"] == field


async def test_who_may_see_and_test(tmp_path: Path, server: Running) -> None:
    for role, may in (
        ("commander", True),
        ("technician", True),
        ("admin", True),
        ("crew", False),
        ("planner", False),
        ("liaison", False),
    ):
        async with server.signed_in(role) as client:  # type: ignore[arg-type]
            expected = 200 if may else 403
            assert (await client.get("/api/deliveries")).status_code == expected
            assert (await client.get("/api/deliveries/rules")).status_code == expected
            test = await client.post("/api/deliveries/test", json={"rule": "none"})
            assert test.status_code == (404 if may else 403)
            # There is no Web Push here.
            response = await client.get("/api/deliveries/push-key")
            assert (response.status_code, response.json()) == (200, {})


async def test_tests_are_few_a_minute(tmp_path: Path) -> None:
    (tmp_path / "hook-secret").write_text(SECRET)
    async with (
        receiving() as program,
        running(
            tmp_path,
            webhooks=[hook(program.port)],
            delivery=[rule("webhook", to=["hq"])],
        ) as server,
        server.signed_in("technician") as client,
    ):
        for _ in range(6):
            tested = await client.post("/api/deliveries/test", json={"rule": "webhook"})
            assert tested.json() == [{"to": "hq", "ok": True, "fault": ""}]
        again = await client.post("/api/deliveries/test", json={"rule": "webhook"})
        assert again.status_code == 429
        assert len(program.posts) == 6
        assert json.loads(program.posts[0].body)["type"] == "test"


async def test_a_way_that_is_down_is_a_fault_on_the_page_and_in_the_metrics(
    tmp_path: Path,
) -> None:
    (tmp_path / "hook-secret").write_text(SECRET)
    async with receiving() as gone:
        pass
    async with (
        running(
            tmp_path, webhooks=[hook(gone.port)], delivery=[rule("webhook", to=["hq"])]
        ) as server,
        server.signed_in("technician") as client,
    ):
        key = await server.device("boat-9")
        async with server.stranger(authorization=f"Bearer {key}") as phone:
            body = {"id": "boat-9", "lon": 100.42, "lat": 20.28, "distress": True}
            await phone.post("/api/positions", json=body)
        async for _ in wait_until("the fault"):
            channels = {each["name"]: each for each in (await client.get("/api/channels")).json()}
            if channels.get("alerts-by-webhook", {}).get("state") == "down":
                break
        assert channels["alerts-by-webhook"]["fault"] == "not reached: 1 of 1 receivers"
        text = (await client.get("/metrics")).text
        assert value(text, "joint_patrol_deliveries_waiting", way="webhook") == 1
        assert value(text, "joint_patrol_delivery_failing", rule="webhook") == 1
        [fares] = (await client.get("/api/deliveries/rules")).json()
        assert fares["failing"] == ["hq"]
