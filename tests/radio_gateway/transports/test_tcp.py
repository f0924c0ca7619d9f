"""TCP client and server, against real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from radio_gateway.channels.channel import Channel
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.transports.tcp_listen import TcpListenTransport
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, make, rmc, running


@asynccontextmanager
async def serving(*parts: bytes, close: bool = True) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Serve `parts` to each client, with a pause between them.

    Yields:
        The port, and a list of what clients said once they had heard everything.
    """
    payloads: list[bytes] = []
    writers: list[asyncio.StreamWriter] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        for part in parts:
            writer.write(part)
            await asyncio.sleep(0.02)
        if not close:
            payloads.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], payloads
        for writer in writers:
            writer.transport.abort()


def listening_port(channel: Channel) -> int | None:
    assert isinstance(channel.transport, TcpListenTransport)
    return channel.transport.port


async def test_a_client_hears_a_server_and_sentences_survive_any_cut() -> None:
    stream = rmc(1) + rmc(2) + rmc(3)
    cut = [stream[n : n + 7] for n in range(0, len(stream), 7)]
    inbox = Inbox()
    async with serving(*cut) as (port, _):
        channel = make(f"tcp://127.0.0.1:{port}", inbox=inbox)
        async with running(channel):
            deliveries = await hear(inbox, 3)
    positions = [d.transmission.position for d in deliveries]
    assert [round(p.lat, 6) for p in positions if p] == [
        round(20 + (16 + n / 100) / 60, 6) for n in (1, 2, 3)
    ]
    assert {d.transmission.channel for d in deliveries} == {"link"}
    assert [d.transmission.reception_id for d in deliveries] == ["gw/b/1", "gw/b/2", "gw/b/3"]


async def test_a_client_greets_the_server_if_configured_to() -> None:
    greeting = "%3FWATCH={%22enable%22:true}"
    async with serving(close=False) as (port, payloads):
        channel = make(f"tcp://127.0.0.1:{port}?greeting={greeting}")
        async with running(channel):
            await until(lambda: payloads)
    assert payloads == [b'?WATCH={"enable":true}\r\n']


async def test_a_closed_connection_is_opened_again() -> None:
    inbox = Inbox()
    async with serving(rmc(1)) as (port, _):
        channel = make(f"tcp://127.0.0.1:{port}", inbox=inbox)
        async with running(channel):
            await hear(inbox, 2)
            await until(lambda: channel.health().reconnects >= 1)
    assert channel.health().state == "stopped"


async def test_an_absent_server_is_a_fault_that_is_shown() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        channel = make(f"tcp://127.0.0.1:{port}")
        async with running(channel):
            await until(lambda: channel.health().state == "down")
            assert "refused" in (channel.health().fault or "")


async def test_a_silent_connection_is_shown_and_then_opened_again() -> None:
    inbox = Inbox()
    noise = b"no sentence at all\r\n" * 3
    async with serving(rmc(1), noise, close=False) as (port, _):
        channel = make(f"tcp://127.0.0.1:{port}", inbox=inbox, expected_interval_s=0.6)
        async with running(channel):
            await hear(inbox, 1)
            assert channel.health().state == "open"
            await until(lambda: channel.health().state == "silent")
            assert "60 bytes, understood nothing since" in (channel.health().fault or "")
            await until(lambda: channel.health().state == "down")
            assert "opened again" in (channel.health().fault or "")
            await hear(inbox, 1)
            assert channel.health().state == "open"
            assert channel.health().reconnects == 1


async def test_a_server_keeps_its_connections_apart() -> None:
    inbox = Inbox()
    channel = make("tcp-listen://127.0.0.1:0", inbox=inbox)
    async with running(channel):
        await until(lambda: listening_port(channel))
        port = listening_port(channel)
        writers = [(await asyncio.open_connection("127.0.0.1", port))[1] for _ in range(2)]
        for index in range(len(rmc(1))):
            writers[0].write(rmc(1)[index : index + 1])
            writers[1].write(rmc(2)[index : index + 1])
            await asyncio.gather(*(writer.drain() for writer in writers))
        deliveries = await hear(inbox, 2)
        for writer in writers:
            writer.close()
            await writer.wait_closed()
    assert len(deliveries) == 2
    assert channel.health().errors == {}


async def test_the_end_of_a_connection_completes_its_last_sentence() -> None:
    inbox = Inbox()
    channel = make("tcp-listen://127.0.0.1:0", inbox=inbox)
    async with running(channel):
        await until(lambda: listening_port(channel))
        _, writer = await asyncio.open_connection("127.0.0.1", listening_port(channel))
        writer.write(rmc(1).rstrip())
        writer.close()
        await writer.wait_closed()
        await hear(inbox, 1)


async def test_a_radio_that_was_understood_keeps_its_place_and_a_newcomer_gets_one() -> None:
    inbox = Inbox()
    channel = make("tcp-listen://127.0.0.1:0?max=2", inbox=inbox)
    async with running(channel):
        await until(lambda: listening_port(channel))
        port = listening_port(channel)
        radio, strange = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        radio[1].write(rmc(1))
        strange[1].write(b"hello\r\n" * 3)
        await hear(inbox, 1)
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        async with asyncio.timeout(5):
            assert await gone(strange[0])
            assert await gone(crowd[0][0])
        newcomer = await asyncio.open_connection("127.0.0.1", port)
        newcomer[1].write(rmc(2))
        radio[1].write(rmc(3))
        await hear(inbox, 2)
        # both places are taken by radios that speak: another is heard, and never takes theirs
        third = await asyncio.open_connection("127.0.0.1", port)
        third[1].write(rmc(4))
        await hear(inbox, 1)
        radio[1].write(rmc(5))
        newcomer[1].write(rmc(6))
        await hear(inbox, 2)
        for _, writer in (radio, strange, *crowd, newcomer, third):
            writer.close()


async def gone(reader: asyncio.StreamReader) -> bool:
    """Wait until the server has closed the connection."""
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


async def test_one_address_does_not_get_all_places() -> None:
    inbox = Inbox()
    channel = make("tcp-listen://127.0.0.1:0?max=8&per_address=2", inbox=inbox)
    async with running(channel):
        await until(lambda: listening_port(channel))
        port = listening_port(channel)
        streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        for _, writer in streams[1:]:
            writer.write(rmc(1))
        await hear(inbox, 2)
        async with asyncio.timeout(5):
            assert await gone(streams[0][0])  # said nothing, and made way
            streams.append(await asyncio.open_connection("127.0.0.1", port))
            assert await gone(streams[3][0])  # two that are understood: no third
        streams.append(
            await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        )
        streams[4][1].write(rmc(2))
        await hear(inbox, 1)
        for _, writer in streams:
            writer.close()


async def test_a_full_inbox_leaves_a_peer_unread_and_loses_nothing() -> None:
    inbox = Inbox(50)
    channel = make("tcp-listen://127.0.0.1:0", inbox=inbox)
    total = 60_000
    async with running(channel):
        await until(lambda: listening_port(channel))
        _, writer = await asyncio.open_connection("127.0.0.1", listening_port(channel))
        stream = b"".join(rmc(n % 60) for n in range(60)) * (total // 60)
        writer.write(stream)
        await asyncio.sleep(0.3)
        held = len(inbox)
        assert channel.health().bytes_read < len(stream) / 2
        deliveries = await hear(inbox, total, within_s=30)
        writer.close()
        await writer.wait_closed()
    assert 50 <= held < total / 2
    assert len(deliveries) == total
    assert channel.health().shed == 0
