"""What a client of a gateway's own web server may cost."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from structlog.testing import capture_logs

from radio_gateway.transports.http_request import Limits
from tests.fixtures.examples import examples
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import peers
from tests.radio_gateway.transports.http_listening import LIMITS, bounded, exchange


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % 10**15, 413),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s"
            % (b"200\r\n%s\r\n" % (b"x" * 512) * 2),
            413,
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 40_000, 431),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n", 400),
        (
            b"PUT / HTTP/1.0\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",
            415,
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", 408),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", 408),
    ],
)
async def test_a_request_beyond_the_bounds_is_refused_and_costs_its_connection(
    sent: bytes, status: int
) -> None:
    async with bounded() as transport:
        answer = await exchange(transport, sent)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"200" in await exchange(transport, b"GET /?a=1 HTTP/1.0\r\n\r\n")


async def test_a_refused_request_for_the_head_alone_is_answered() -> None:
    async with bounded() as transport:
        sent = b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"
        head, end, body = (await exchange(transport, sent)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 413 ")
        assert (end, body) == (b"\r\n\r\n", b"")
        both = await exchange(transport, b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\nno HTTP\r\n\r\n")
    assert b"HTTP/1.1 400 " in both


async def test_clients_that_go_before_they_are_refused_do_not_fill_the_log() -> None:
    def come_and_go() -> None:
        for _ in range(50):
            with socket.create_connection(("127.0.0.1", transport.port or 0)) as sock:
                # closed at once, with a reset
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")

    async with bounded() as transport:
        with capture_logs() as logs:
            await asyncio.to_thread(come_and_go)
            await until(lambda: not peers())
    assert not logs


async def test_a_client_that_sends_a_byte_now_and_then_is_cut_off() -> None:
    async with bounded() as transport:
        sent = [bytes((byte,)) for byte in b"GET / HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyy"]
        async with asyncio.timeout(10):
            await exchange(transport, *sent[:20], pause_s=0.05)
        await until(lambda: not peers())


async def test_a_client_that_says_nothing_is_cut_off() -> None:
    async with bounded() as transport:
        async with asyncio.timeout(10):
            assert await exchange(transport) == b""


async def test_several_requests_share_a_connection() -> None:
    async with bounded() as transport:
        one = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        answer = await exchange(transport, one * 3)
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.count(b"[]") == 3


async def test_a_client_may_ask_before_it_sends_the_body() -> None:
    async with bounded(limits=replace(LIMITS, request_s=10.0)) as transport:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        answer = await exchange(transport, head, b"hi", pause_s=0.1)
    assert answer.startswith(b"HTTP/1.1 100 ")
    assert b"HTTP/1.1 200" in answer


async def test_a_new_connection_is_accepted_while_others_sent_nothing_whole() -> None:
    async with bounded("&max=2", Limits()) as transport:
        streams = [await asyncio.open_connection("127.0.0.1", transport.port) for _ in range(9)]
        for _, writer in streams[::2]:
            writer.write(b"GET /?a")
        assert b"200" in await exchange(transport, b"GET /?a=1 HTTP/1.0\r\n\r\n")
        assert peers() <= 3
        async with asyncio.timeout(5):
            assert await streams[0][0].read() == b""  # the oldest of them made way
        for _, writer in streams:
            writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Send a whole request and return the answer's first line; the connection stays open."""
    writer.write(b"GET /?a=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    return (await reader.readuntil(b"\r\n\r\n"))[:12]


async def test_who_was_answered_makes_way_only_for_another_who_is() -> None:
    async with bounded("&max=2", Limits()) as transport:
        known = [await asyncio.open_connection("127.0.0.1", transport.port) for _ in range(2)]
        for stream in known:
            assert await ask(*stream) == b"HTTP/1.1 200"
        strangers = [await asyncio.open_connection("127.0.0.1", transport.port) for _ in range(20)]
        await until(lambda: all(reader.at_eof() for reader, _ in strangers[:-1]))
        for stream in known:
            assert await ask(*stream) == b"HTTP/1.1 200"
        newcomer = await asyncio.open_connection("127.0.0.1", transport.port)
        assert await ask(*newcomer) == b"HTTP/1.1 200"
        await until(known[0][0].at_eof)  # idle for longest
        assert await ask(*known[1]) == b"HTTP/1.1 200"
        for _, writer in (*known, *strangers, newcomer):
            writer.close()


_PIECES = st.one_of(
    st.binary(max_size=64),
    st.sampled_from(
        [
            b"GET / HTTP/1.1\r\n",
            b"POST /x?y=1 HTTP/1.1\r\n",
            b"Host: a\r\n",
            b"Content-Length: 3\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Expect: 100-continue\r\n",
            b"Upgrade: h2c\r\nConnection: upgrade\r\n",
            b"Authorization: Basic //8=\r\n",
            b"X-Limit-U: \xff\r\n",
            b"\r\n",
            b"abc",
            b"3\r\nabc\r\n0\r\n\r\n",
        ]
    ),
)


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(_PIECES, max_size=12), min_size=1, max_size=6))
def test_nothing_that_is_sent_stops_the_server(connections: list[list[bytes]]) -> None:
    async def send_all() -> None:
        failures: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, fact: failures.append(fact))
        async with bounded() as transport:
            parts = [b"".join(pieces) for pieces in connections]
            writers = []
            for part in parts:
                _, writer = await asyncio.open_connection("127.0.0.1", transport.port)
                writer.write(part)
                writer.write_eof()
                writers.append(writer)
            assert b"200" in await exchange(transport, b"GET /?a=1 HTTP/1.0\r\n\r\n")
            for writer in writers:
                writer.close()
            await until(lambda: not peers())
        assert not failures

    asyncio.run(send_all())
