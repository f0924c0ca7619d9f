"""A WebSocket client against a real server of the same protocol."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.links.receive_buffer import FULL_BYTES
from radio_gateway.transports.websocket import MAX_MESSAGE, WebSocketTransport
from tests.fixtures.certificates import self_signed
from tests.fixtures.patience import until
from tests.radio_gateway.protocols.test_signalk import OWN, hello, placed
from tests.radio_gateway.running.running import hear, make, running


class Server:
    """What clients asked a server for, and said to it."""

    def __init__(self) -> None:
        self.port = 0
        self.paths: list[str] = []
        self.headers: list[str | None] = []
        self.heard: list[str | bytes] = []
        self.sent = 0


@asynccontextmanager
async def serving(
    *messages: str | bytes, stay: bool = True, refuse: bool = False, **options: Any
) -> AsyncIterator[Server]:
    """Serve `messages` to each client, then wait for what it says, or close."""
    server = Server()

    async def talk(client: ServerConnection) -> None:
        for message in messages:
            await client.send(message)
            server.sent += 1
        if stay:
            async for said in client:
                server.heard.append(said)

    def look(client: ServerConnection, request: Request) -> Response | None:
        server.paths.append(request.path)
        server.headers.append(request.headers.get("Authorization"))
        if refuse:
            return client.respond(HTTPStatus.UNAUTHORIZED, "who are you?\n")
        return None

    async with serve(talk, "127.0.0.1", 0, process_request=look, **options) as listening:
        server.port = next(iter(listening.sockets)).getsockname()[1]
        yield server


def texts(*messages: bytes) -> list[str]:
    return [message.decode() for message in messages]


async def test_messages_are_received_whole_and_in_order() -> None:
    inbox = Inbox()
    places = [placed({"latitude": 20 + n / 100, "longitude": 100.41}, after_s=n) for n in range(5)]
    async with serving(*texts(hello(), *places)) as server:
        url = f"ws://127.0.0.1:{server.port}/signalk/v1/stream?subscribe=all&sendCachedValues=false"
        channel = make(url, "signalk", inbox=inbox)
        async with running(channel):
            transmissions = [each.transmission for each in await hear(inbox, 5)]
    assert [round(each.position.lat, 2) for each in transmissions if each.position] == [
        20.0, 20.01, 20.02, 20.03, 20.04,
    ]  # fmt: skip
    assert server.paths == ["/signalk/v1/stream?subscribe=all&sendCachedValues=false"]
    assert server.headers == [None]
    assert {each.address for each in transmissions} == {"ais:574123456"}


async def test_an_ended_connection_is_opened_again() -> None:
    inbox = Inbox()
    async with serving(*texts(hello(), placed(context=OWN)), stay=False) as server:
        channel = make(f"ws://127.0.0.1:{server.port}/", "signalk", inbox=inbox)
        async with running(channel):
            await hear(inbox, 2)
            await until(lambda: channel.health().reconnects >= 1)
    assert len(server.paths) >= 2


async def test_token_and_password_sign_in_and_are_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret-token\n")
    inbox = Inbox()
    async with serving(*texts(hello(), placed())) as server:
        url = f"ws://127.0.0.1:{server.port}/?token=s3cret"
        channel = make(url, "signalk", inbox=inbox, password_file=str(tmp_path / "token"))
        async with running(channel):
            await hear(inbox, 1)
        more = {"username": "node", "password": "s3cret"}
        channel = make(f"ws://127.0.0.1:{server.port}/", "signalk", inbox=inbox, **more)
        async with running(channel):
            await hear(inbox, 1)
    assert server.headers == ["Bearer s3cret-token", "Basic bm9kZTpzM2NyZXQ="]
    assert server.paths[0] == "/?token=s3cret"
    text = make(url, "signalk", password_file=str(tmp_path / "token")).settings.public_url
    assert "s3cret" not in text


async def test_refusal_is_a_fault_of_the_link() -> None:
    async with serving(refuse=True) as server:
        port = server.port
        with pytest.raises(LinkError, match="401"):
            await WebSocketTransport(parse_link(f"ws://127.0.0.1:{port}/")).__aenter__()
    with pytest.raises(LinkError, match="refused"):
        await WebSocketTransport(parse_link(f"ws://127.0.0.1:{port}/")).__aenter__()


async def test_message_that_is_too_long_ends_the_connection() -> None:
    async with serving("x" * (MAX_MESSAGE + 1)) as server:
        transport = WebSocketTransport(parse_link(f"ws://127.0.0.1:{server.port}/"))
        async with transport:
            with pytest.raises(LinkError, match="the connection ended"):
                await asyncio.wait_for(transport.read(), 5)


async def test_what_is_not_taken_stays_with_the_server() -> None:
    message = "x" * 60_000
    count = 400
    async with serving(*[message] * count) as server:
        transport = WebSocketTransport(parse_link(f"ws://127.0.0.1:{server.port}/"))
        async with transport:
            sent = -1
            while sent != server.sent:  # until nothing more goes
                sent = server.sent
                await asyncio.sleep(0.3)
            assert sent < count / 2
            taken = 0
            while taken < count:
                chunks = await asyncio.wait_for(transport.read(), 5)
                assert sum(len(chunk.data) for chunk in chunks) < FULL_BYTES + 2 * len(message)
                taken += len(chunks)
    assert taken == count == server.sent


async def test_what_is_sent_is_one_message() -> None:
    async with serving() as server:
        transport = WebSocketTransport(parse_link(f"ws://127.0.0.1:{server.port}/"))
        with pytest.raises(LinkError, match="not open"):
            await transport.send(b"early")
        async with transport:
            await transport.send(b'{"context":"*"}')
            await until(lambda: server.heard)
    assert server.heard == ['{"context":"*"}']


async def test_tls_is_spoken_to_a_server_whose_certificate_is_trusted(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, alternative="IP:127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    inbox = Inbox()
    async with serving(*texts(hello(), placed()), ssl=context) as server:
        url = f"wss://127.0.0.1:{server.port}/"
        with pytest.raises(LinkError, match="certificate"):
            await WebSocketTransport(parse_link(url)).__aenter__()
        async with running(make(url, "signalk", inbox=inbox, ca_file=str(certificate))):
            await hear(inbox, 1)


def test_url_needs_a_host_and_a_readable_certificate() -> None:
    with pytest.raises(SettingsError, match="needs a host"):
        WebSocketTransport(parse_link("ws:///path"))
    with pytest.raises(SettingsError, match="nowhere"):
        make("wss://box/", "signalk", ca_file="/nowhere.pem")
