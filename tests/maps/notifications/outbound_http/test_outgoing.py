"""One POST to a stranger: no redirect, no second look at the name, bounded in time and size."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from pathlib import Path
from typing import Any

import pytest

from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.outbound_http.post import OutboundHttp, url_fault
from tests.maps.notifications.receiving import LOCAL, HttpReceiver, answer, certificate, receiving


async def post(receiver: HttpReceiver, outgoing: OutboundHttp, host: str = "127.0.0.1") -> int:
    url = f"http://{host}:{receiver.port}/hook?a=b"
    return (await outgoing.post(url, body=b"{}", headers={"x-one": "1"})).status_code


async def test_a_listed_receiver_is_posted_to_under_its_own_name() -> None:
    async with receiving() as receiver:
        assert await post(receiver, OutboundHttp(allowed=LOCAL), "localhost") == 204
        (came,) = receiver.posts
        assert came.path == "/hook?a=b"
        assert came.body == b"{}"
        assert came.headers["host"] == f"localhost:{receiver.port}"
        assert came.headers["x-one"] == "1"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
async def test_an_unlisted_receiver_on_this_machine_never_hears_of_it(host: str) -> None:
    async with receiving() as receiver:
        with pytest.raises(Undeliverable, match="may not be sent"):
            await post(receiver, OutboundHttp(), host)
        assert receiver.posts == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300])
async def test_a_redirect_to_the_metadata_address_is_not_followed(status: int) -> None:
    async with receiving() as trap, receiving() as receiver:
        for place in ("http://169.254.169.254/latest", f"http://127.0.0.1:{trap.port}/"):
            receiver.answers = [answer(status, f"location: {place}")]
            with pytest.raises(Undeliverable, match="sends elsewhere"):
                await post(receiver, OutboundHttp(allowed=LOCAL))
        assert trap.posts == []


async def test_the_address_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that answers otherwise a moment later (DNS rebinding) changes nothing."""
    texts: list[str] = []
    real = socket.getaddrinfo

    def resolver(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name == "rebind.example":
            texts.append(name)
            return real("127.0.0.2" if len(texts) == 1 else "127.0.0.1", port, *more, **named)
        return real(host, port, *more, **named)

    async with receiving(host="127.0.0.2") as good, receiving(port=good.port) as trap:
        monkeypatch.setattr(socket, "getaddrinfo", resolver)
        listed = (ipaddress.ip_network("127.0.0.2/32"),)
        assert await post(good, OutboundHttp(allowed=listed), "rebind.example") == 204
        assert len(good.posts) == 1
        assert trap.posts == []
        assert texts == ["rebind.example"]
        with pytest.raises(Undeliverable):
            await post(good, OutboundHttp(allowed=listed), "rebind.example")
        assert trap.posts == []


async def test_a_name_that_points_inside_and_outside_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolver(host: Any, port: int, *more: Any, **named: Any) -> Any:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in ("1.1.1.1", "10.0.0.7")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with pytest.raises(Undeliverable, match=r"10\.0\.0\.7"):
        await OutboundHttp().post("https://both.example/", body=b"", headers={})


async def test_a_receiver_that_says_nothing_is_left_in_time() -> None:
    async def hold(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(3600)

    async with receiving() as receiver:
        receiver.hold = hold
        async with asyncio.timeout(2):
            with pytest.raises(TemporaryFailure, match=r"within 0\.5 s"):
                await post(receiver, OutboundHttp(allowed=LOCAL, within_s=0.5))


async def test_an_endless_answer_is_not_read() -> None:
    sent = 0

    async def hold(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(10_000):
            writer.write(b"10000\r\n" + bytes(65_536) + b"\r\n")
            await writer.drain()
            sent += 65_536

    async with receiving() as receiver:
        receiver.hold = hold
        assert await post(receiver, OutboundHttp(allowed=LOCAL)) == 200
        assert sent < 20_000_000  # what fits into the buffers of two sockets, not 655 MB


async def test_endless_headers_end_the_talk() -> None:
    async def hold(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            writer.write(b"x-%d: %s\r\n" % (number, b"y" * 1000))
            await writer.drain()

    async with receiving() as receiver:
        receiver.hold = hold
        with pytest.raises(TemporaryFailure):
            await post(receiver, OutboundHttp(allowed=LOCAL, within_s=5))


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert await post(receiver, OutboundHttp(allowed=LOCAL)) == 204
        assert proxy.posts == []


async def test_tls_checks_the_name_though_the_address_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = socket.getaddrinfo

    def resolver(host: Any, *more: Any, **named: Any) -> Any:
        name = "127.0.0.1" if str(host).endswith(".example") else host
        return real(name, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    shown = certificate(tmp_path, "hook.example")
    async with receiving(tls=shown.server()) as receiver:
        outgoing = OutboundHttp(allowed=LOCAL, tls=shown.client())
        url = f"https://hook.example:{receiver.port}/"
        assert (await outgoing.post(url, body=b"", headers={})).status_code == 204
        with pytest.raises(TemporaryFailure, match="cannot be reached"):
            await outgoing.post(url.replace("hook", "other"), body=b"", headers={})
        with pytest.raises(TemporaryFailure, match="cannot be reached"):
            await OutboundHttp(allowed=LOCAL).post(url, body=b"", headers={})
        assert len(receiver.posts) == 1


async def test_what_is_down_may_go_through_later() -> None:
    async with receiving() as receiver:
        pass
    with pytest.raises(TemporaryFailure, match="cannot be reached"):
        await post(receiver, OutboundHttp(allowed=LOCAL))


async def test_a_fault_names_no_path_and_no_query() -> None:
    async with receiving() as receiver:
        pass
    with pytest.raises(TemporaryFailure) as raised:
        await post(receiver, OutboundHttp(allowed=LOCAL))
    assert "hook" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "ftp://a.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://a.example/ b",
        "https://a.example/\r\nx: y",
        "https://u:p@a.example/",
        "https://a.example\\@127.0.0.1/",
        "https://a.example/#x",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://[::1/",
        "https://é.example/",
        "https://a.example/" + "x" * 2000,
        "http://a.example/",
        "unix:///var/run/docker.sock",
    ],
)
def test_a_url_that_cannot_be_posted_to_is_reported(url: str) -> None:
    assert url_fault(url, clear=False)
