"""A gateway's own web server: who may speak, what is answered when, and who is told what."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.links.transport import Chunk
from radio_gateway.transports import http as http_bodies
from radio_gateway.transports import http_listen
from radio_gateway.transports.http_listen import HttpListenTransport
from tests.fixtures.patience import loop_turns, until
from tests.radio_gateway.running.running import make, running
from tests.radio_gateway.transports.http_listening import (
    KEY,
    LOCATION,
    OTHER_KEY,
    POSITION,
    keyed,
    stored,
    storing,
)


async def test_a_post_is_answered_once_it_is_stored(tmp_path: Path) -> None:
    inbox = Inbox()
    channel = keyed(tmp_path, "position_json", inbox=inbox)
    transport = channel.transport
    assert isinstance(transport, HttpListenTransport)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        base = f"http://127.0.0.1:{transport.port}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            post = asyncio.create_task(
                client.post(
                    "/",
                    json=POSITION | {"device": "boat-3"},
                    headers={"authorization": f"Bearer {KEY}"},
                )
            )
            (delivery,) = await inbox.take()
            await asyncio.sleep(0.05)
            assert not post.done()
            assert delivery.stored is not None
            delivery.stored()
            answer = await post
    assert (answer.status_code, answer.content) == (200, b"[]")
    assert delivery.transmission.device == "boat-3"


async def test_a_device_speaks_for_itself_only(tmp_path: Path) -> None:
    channel = keyed(tmp_path, "position_json", inbox=Inbox())
    async with storing(channel) as client:
        forged = await client.post("/", json=POSITION | {"device": "boat-4"}, auth=("boat-3", KEY))
        response = await client.post(
            "/", json=POSITION | {"device": "boat-3"}, auth=("boat-3", KEY)
        )
    assert forged.headers["x-rejected"].startswith("device_mismatch")
    assert "x-rejected" not in response.headers
    assert [each.device for each in stored(channel)] == ["boat-3"]
    assert channel.health().errors == {"device_mismatch": 1}


async def test_a_service_speaks_for_the_devices_of_its_name(tmp_path: Path) -> None:
    channel = keyed(tmp_path, "position_json", inbox=Inbox())
    key = {"x-outbound-auth-token": "k3y-of-the-service"}
    async with storing(channel) as client:
        for device in ("300434030000001", "boat-3"):
            await client.post("/", json=POSITION | {"device": device}, headers=key)
    assert [each.device for each in stored(channel)] == ["300434030000001"]


@pytest.mark.parametrize(
    ("auth", "limit", "device"),
    [
        (("jane", OTHER_KEY), None, "jane/phone"),
        (("jane", OTHER_KEY), "watch", "jane/watch"),
        (("jane", OTHER_KEY), "a/b", "jane/phone"),
        (("jane", OTHER_KEY), "tablet", None),  # has a key of its own
        (("jane/tablet", "k3y-of-the-tablet"), "phone", "jane/tablet"),
    ],
)
async def test_an_owntracks_phone_is_who_signed_in(
    tmp_path: Path, auth: tuple[str, str], limit: str | None, device: str | None
) -> None:
    channel = keyed(tmp_path, "owntracks", inbox=Inbox())
    # what the message and its headers claim does not count
    message = LOCATION | {"topic": "owntracks/somchai/phone"}
    headers = {"x-limit-u": "somchai"} | ({} if limit is None else {"x-limit-d": limit})
    async with storing(channel) as client:
        answer = await client.post("/pub", json=message, auth=auth, headers=headers)
    assert answer.status_code == 200
    answers = [each.device for each in stored(channel)]
    assert answers == ([] if device is None else [device])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong-key-wrong"},
        {"authorization": "Bearer"},
        {"authorization": "Basic !!"},
        {"authorization": "Basic " + b64encode(f"boat-4:{KEY}".encode()).decode()},
        {"authorization": "Basic " + b64encode(f"jane:{KEY}".encode()).decode()},
        {"authorization": "Basic " + b64encode(b":").decode()},
        {"authorization": "Basic " + b64encode(b"\xff:\xff").decode()},
        {"x-limit-u": "jane", "x-limit-d": "phone"},
    ],
)
async def test_nobody_speaks_without_a_good_key(
    tmp_path: Path, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_listen, "WRONG_KEY_S", 0.0)
    channel = keyed(tmp_path, "position_json", inbox=Inbox())
    async with storing(channel) as client:
        answer = await client.post("/", json=POSITION | {"device": "boat-3"}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")
    assert stored(channel) == []
    assert channel.health().bytes_read == 0


@pytest.mark.parametrize(
    ("path", "headers", "body", "reason", "detail"),
    [
        (
            "/pub?id=boat-9",
            {"authorization": "Basic " + b64encode(b"boat-7:wrong-key-wrong").decode()},
            {},
            "wrong_key",
            "calls itself boat-7 and boat-9 and shows a wrong key",
        ),
        (
            "/pub",
            {"x-limit-u": "jane", "x-limit-d": "watch", "authorization": "Bearer wrong-key-wrong"},
            LOCATION,
            "wrong_key",
            "calls itself jane/watch and shows a wrong key",
        ),
        ("/", {}, POSITION | {"device": "b\x00-7"}, "no_key", "calls itself b?-7; no key was sent"),
        ("/?id=boat-7&lat=1&lon=2", {}, None, "no_key", "calls itself boat-7; no key was sent"),
        (
            "/",
            {"authorization": "Bearer x"},
            None,
            "wrong_key",
            "gives no name and shows a wrong key",
        ),
        (
            f"/?id={KEY}",
            {"x-limit-u": KEY, "authorization": "Basic " + b64encode(f"{KEY}:x".encode()).decode()},
            {"device": KEY},
            "wrong_key",
            "calls itself (a key in place of a name) and shows a wrong key",
        ),
    ],
)
async def test_who_shows_no_good_key_is_a_rejected_frame_that_names_it_and_holds_no_key(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    headers: dict[str, str],
    body: dict[str, Any] | None,
    reason: str,
    detail: str,
) -> None:
    monkeypatch.setattr(http_listen, "WRONG_KEY_S", 0.0)
    channel = keyed(tmp_path, "position_json", inbox=Inbox())
    async with storing(channel) as client:
        answer = await client.post(path, json=body, headers=headers)
    words = "no key was sent\n" if reason == "no_key" else "the key is not good\n"
    assert (answer.status_code, answer.text) == (401, words)
    (frame,) = channel.rejected()
    assert channel.take_rejected() == [frame]
    assert (frame.channel, frame.reason, frame.detail) == ("link", reason, detail)
    assert (frame.topic, frame.payload) == (path.partition("?")[0], b"")
    assert (frame.source or "").startswith("127.0.0.1:")
    assert channel.health().errors == {reason: 1}


async def test_a_wrong_key_is_logged_once_a_minute_for_each_name_and_few_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_listen, "WRONG_KEY_S", 0.0)
    channel = keyed(tmp_path, "position_json", inbox=Inbox())
    with capture_logs() as logs:
        async with storing(channel) as client:
            for name in ("boat-7", "boat-8", "boat-7", *(f"made-up-{n}" for n in range(50))):
                await client.get("/", auth=(name, "wrong-key-wrong"))
    bodies = [log for log in logs if log["event"] == "wrong_key"]
    assert [(log["channel"], log["user"]) for log in bodies[:2]] == [
        ("link", "boat-7"),
        ("link", "boat-8"),
    ]
    assert len(bodies) == 20
    assert "wrong-key-wrong" not in repr(logs)
    assert channel.health().errors == {"wrong_key": 53}


@pytest.mark.parametrize(
    ("url", "more", "where"),
    [
        ("http-listen://127.0.0.1:0", {}, "secrets_file"),
        ("http-listen://:80?open=1", {}, "url"),
        ("http-listen://127.0.0.1?open=1", {}, "url"),
        ("http-listen://127.0.0.1:0?open=1&max=0", {}, "url"),
        ("http-listen://127.0.0.1:0?open=1&opne=1", {}, "url"),
        ("http-listen://127.0.0.1:0?open=1", {"cert_file": "absent.pem"}, "cert_file"),
    ],
)
def test_a_link_that_says_too_little_is_refused(url: str, more: dict[str, Any], where: str) -> None:
    with pytest.raises(SettingsError, match=rf"\.{where}:"):
        make(url, "position_json", **more)


@pytest.mark.parametrize(
    ("keys", "query", "words"),
    [('a = "short"', "", "fewer than"), (f'a = "{KEY}"', "?open=1", "anybody")],
)
def test_weak_keys_and_contradictions_are_refused(
    tmp_path: Path, keys: str, query: str, words: str
) -> None:
    (tmp_path / "keys.toml").write_text(keys)
    with pytest.raises(SettingsError, match=words):
        make(
            f"http-listen://127.0.0.1:0{query}",
            "position_json",
            secrets_file=str(tmp_path / "keys.toml"),
        )


async def test_what_is_rejected_is_answered_so_that_the_next_message_gets_through() -> None:
    channel = make("http-listen://127.0.0.1:0?open=1", "position_json")
    async with storing(channel) as client:
        answer = await client.post("/", content=b"no json")
        assert answer.status_code == 200
        assert answer.headers["x-rejected"]
        assert (await client.post("/", json=POSITION | {"device": "b"})).content == b"[]"
    assert sum(channel.health().errors.values()) == 1


@pytest.mark.parametrize(
    ("protocol", "target", "body", "why"),
    [
        ("osmand", "/?id=boat-3&lon=100.4", None, "missing_lat: it says no latitude"),
        (
            "position_json",
            "/",
            POSITION,
            "no_device: it names no device, and the link knows none",
        ),
        (
            "owntracks",
            "/pub",
            {"_type": "location"},
            "no_device: it names no device: no user, and no tid",
        ),
    ],
)
async def test_why_something_is_rejected_is_a_sentence_of_what_http_has(
    protocol: str, target: str, body: dict[str, Any] | None, why: str
) -> None:
    channel = make("http-listen://127.0.0.1:0?open=1", protocol)
    async with storing(channel) as client:
        answer = await client.post(target, json=body)
    assert answer.headers["x-rejected"] == why


async def test_a_reason_that_is_cut_between_two_words_is_answered_too() -> None:
    channel = make("http-listen://127.0.0.1:0?open=1", "cot")
    before = "bad_uid: no name of a device: '\\u202e"
    uid = "\u202e" + "x" * (199 - len(before)) + " and on"
    event = (
        f'<event version="2.0" uid="{uid}" type="a-f-G" how="m-g" time="2026-11-25T12:00:00Z"'
        ' stale="2026-11-25T12:01:00Z"><point lat="20" lon="100" hae="0" ce="9" le="9"/></event>'
    )
    async with storing(channel) as client:
        answer = await client.post("/", content=event.encode())
    assert answer.status_code == 200
    assert answer.headers["x-rejected"].endswith("xxx")
    assert len(answer.headers["x-rejected"]) == 199


async def test_a_channel_may_refuse_what_it_rejects() -> None:
    channel = make("http-listen://127.0.0.1:0?open=1&refuse=1", "position_json")
    async with storing(channel) as client:
        assert (await client.post("/", content=b"no json")).status_code == 400
        both = json.dumps([POSITION | {"device": "b"}, POSITION | {"lat": 95}])
        assert (await client.post("/", content=both)).status_code == 200


async def test_a_request_without_a_body_is_its_target() -> None:
    transport = HttpListenTransport(parse_link("http-listen://127.0.0.1:0?open=1"))
    async with transport:
        base = f"http://127.0.0.1:{transport.port}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            for method in ("GET", "POST"):
                request = asyncio.create_task(client.request(method, "/?id=7&lat=1.5&lon=2"))
                (chunk,) = await transport.read()
                assert (chunk.data, chunk.topic) == (b"/?id=7&lat=1.5&lon=2", "/")
                assert chunk.whole
                assert chunk.ended
                assert chunk.stored is not None
                chunk.stored()
                answer = await request
                assert (answer.status_code, answer.content) == (200, b"")
            assert (await client.delete("/")).status_code == 405


async def test_what_the_protocol_owes_is_the_answer() -> None:
    transport = HttpListenTransport(parse_link("http-listen://127.0.0.1:0?open=1"))
    async with transport:
        base = f"http://127.0.0.1:{transport.port}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            request = asyncio.create_task(client.post("/", content=b"x"))
            (chunk,) = await transport.read()
            assert chunk.reply is not None
            assert chunk.stored is not None
            chunk.reply(b'[{"_type":"cmd"}]')
            chunk.stored()
            assert (await request).content == b'[{"_type":"cmd"}]'


async def test_what_is_not_stored_in_time_is_to_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_bodies, "STORED_WITHIN_S", 0.05)
    channel = make("http-listen://127.0.0.1:0?open=1", "position_json")
    transport = channel.transport
    assert isinstance(transport, HttpListenTransport)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        base = f"http://127.0.0.1:{transport.port}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            answer = await client.post("/", json=POSITION | {"device": "b"})
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


async def test_a_port_that_is_taken_is_a_fault() -> None:
    first = HttpListenTransport(parse_link("http-listen://127.0.0.1:0?open=1"))
    async with first:
        second = HttpListenTransport(parse_link(f"http-listen://127.0.0.1:{first.port}?open=1"))
        with pytest.raises(LinkError, match="in use"):
            await second.__aenter__()


def test_the_chunk_names_whom_the_sender_may_speak_for(tmp_path: Path) -> None:
    async def read_one() -> Chunk:
        channel = keyed(tmp_path, "position_json", inbox=Inbox())
        transport = channel.transport
        assert isinstance(transport, HttpListenTransport)
        async with transport:
            base = f"http://127.0.0.1:{transport.port}"
            async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
                post = asyncio.create_task(client.post("/", json={}, auth=("jane", OTHER_KEY)))
                (chunk,) = await transport.read()
                post.cancel()
        return chunk

    chunk = asyncio.run(read_one())
    assert chunk.speaks_for == ("jane", "jane/phone")
    assert chunk.source == "jane/phone"


async def test_a_device_is_sent_an_order_in_the_response_to_its_next_request(
    tmp_path: Path,
) -> None:
    channel = keyed(tmp_path, "osmand", inbox=Inbox())
    channel.listen(lambda _: None)  # as whoever sends orders does
    transport = channel.transport
    async with storing(channel) as client:
        await client.get("/?id=boat-3&lat=20&lon=100", auth=("boat-3", KEY))
        connection = channel.connection_of("boat-3")
        telling = asyncio.create_task(transport.send(b"come home", connection=connection))
        await loop_turns()
        other = await client.get("/?id=300412&lat=20&lon=100", auth=("3004*", "k3y-of-the-service"))
        assert other.content == b""
        assert not telling.done()
        answer = await client.get("/?id=boat-3&lat=20&lon=100", auth=("boat-3", KEY))
        assert answer.content == b"come home"
        await telling
        answer = await client.get("/?id=boat-3&lat=20&lon=100", auth=("boat-3", KEY))
        assert answer.content == b""
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await transport.send(b"late", connection=connection)
        answer = await client.get("/?id=boat-3&lat=20&lon=100", auth=("boat-3", KEY))
        assert answer.content == b""  # given up in time, so never said
        waiting = asyncio.create_task(transport.send(b"x", connection=connection))
        await loop_turns()
    with pytest.raises(LinkError, match="closed"):
        await waiting


async def test_an_owntracks_app_is_sent_a_list_of_its_own_orders(tmp_path: Path) -> None:
    channel = keyed(tmp_path, "owntracks", inbox=Inbox())
    channel.listen(lambda _: None)
    command = b'{"_type":"cmd","action":"reportLocation"}'
    async with storing(channel) as client:
        await client.post("/", json=LOCATION, auth=("jane", OTHER_KEY))
        connection = channel.connection_of("jane/phone")
        telling = asyncio.create_task(channel.transport.send(command, connection=connection))
        await loop_turns()
        watch = {"x-limit-d": "watch"}
        answer = await client.post("/", json=LOCATION, auth=("jane", OTHER_KEY), headers=watch)
        assert answer.json() == []
        answer = await client.post("/", json=LOCATION, auth=("jane", OTHER_KEY))
        assert answer.json() == [{"_type": "cmd", "action": "reportLocation"}]
        await telling


async def test_no_notification_is_sent_where_nobody_signs_in() -> None:
    transport = HttpListenTransport(parse_link("http-listen://127.0.0.1:0?open=1"))
    async with transport:
        with pytest.raises(LinkError, match="signs in"):
            await transport.send(b"x", connection="127.0.0.1:1")


@pytest.mark.parametrize(
    ("protocol", "request_", "device"),
    [
        ("osmand", {"method": "GET", "url": "/?id=boat-3&lat=20.2&lon=100.4"}, "boat-3"),
        ("osmand", {"method": "POST", "url": "/?id=boat-3&lat=20.2&lon=100.4"}, "boat-3"),
        (
            "osmand",
            {"method": "POST", "url": "/", "data": {"id": "boat-3", "lat": "20", "lon": "100"}},
            "boat-3",
        ),
        (
            "osmand",
            {
                "method": "POST",
                "url": "/",
                "json": {
                    "device_id": "boat-3",
                    "location": {
                        "timestamp": "2026-01-01T00:00:00Z",
                        "coords": {"latitude": 20.2, "longitude": 100.4},
                    },
                },
            },
            "boat-3",
        ),
        ("osmand", {"method": "GET", "url": "/?id=boat-4&lat=20.2&lon=100.4"}, None),
    ],
)
async def test_phones_and_trackers_are_understood(
    tmp_path: Path, protocol: str, request_: dict[str, Any], device: str | None
) -> None:
    channel = keyed(tmp_path, protocol, inbox=Inbox())
    async with storing(channel) as client:
        answer = await client.request(**request_, auth=("boat-3", KEY))
    assert answer.status_code == 200
    assert [each.device for each in stored(channel)] == ([] if device is None else [device])
