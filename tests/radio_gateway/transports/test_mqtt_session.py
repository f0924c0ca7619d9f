"""MQTT against a scripted broker: what the network cuts, holds up or breaks off."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from radio_gateway.errors.errors import LinkError
from radio_gateway.links.receive_buffer import FULL_BYTES
from radio_gateway.links.transport import Chunk, Transport
from tests.fixtures.broker import Mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import make, open_descriptors

_PING_ANSWER = b"\xd0\x00"
_SUBSCRIBE, _DISCONNECT, _PUBACK = 0x82, 0xE0, 0x40


class Broker:
    """A broker that says what the test has it say, once somebody subscribed.

    Attributes:
        acknowledged: Packet identifiers of each PUBACK, in order.
        writer: Its end of the connection.
        reads: Cleared, it reads nothing more from the connection.
    """

    def __init__(self) -> None:
        self.acknowledged: list[int] = []
        self.writer: asyncio.StreamWriter
        self.reads = asyncio.Event()
        self.reads.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer CONNECT and SUBSCRIBE, and note each PUBACK, until the client leaves."""
        self.writer = writer
        try:
            while True:
                await self.reads.wait()
                head, length = await reader.readexactly(2)  # ours are all shorter than 128 bytes
                body = await reader.readexactly(length)
                if head == 0x10:
                    writer.write(b"\x20\x02\x00\x00")
                elif head == _SUBSCRIBE:
                    writer.write(b"\x90\x03" + body[:2] + b"\x01")
                elif head == _PUBACK:
                    self.acknowledged.append(int.from_bytes(body))
                elif head == _DISCONNECT:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def say(self, stream: bytes, piece: int | None = None) -> None:
        """Send `stream`, in pieces of so many bytes that leave one by one."""
        step = piece or len(stream)
        for at in range(0, len(stream), step):
            self.writer.write(stream[at : at + step])
            await self.writer.drain()
            await asyncio.sleep(0)


@asynccontextmanager
async def _listening() -> AsyncIterator[tuple[Broker, Transport]]:
    """Run a scripted broker and a client of it; yield both."""
    broker = Broker()
    async with await asyncio.start_server(broker.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        transport = make(f"mqtt://127.0.0.1:{port}?topic=boats/%2B").transport
        async with transport:
            yield broker, transport
        server.close()


def _publish(topic: str, payload: bytes, mid: int) -> bytes:
    """Return a PUBLISH of QoS 1 (MQTT 3.1.1, 3.3)."""
    body = struct.pack("!H", len(topic.encode())) + topic.encode() + struct.pack("!H", mid)
    body += payload
    size, length = len(body), b""
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | 128 if size else low])
        if not size:
            return b"\x32" + length + body


async def _take(transport: Transport, count: int) -> list[Chunk]:
    chunks: list[Chunk] = []
    async with asyncio.timeout(20):
        while len(chunks) < count:
            chunks += await transport.read()
    return chunks


@pytest.mark.parametrize("piece", [1, 2, 7, 1460, None])
async def test_messages_are_handed_on_whole_and_in_order_however_they_are_cut(
    piece: int | None,
) -> None:
    payloads = [b"", b"a", b"x" * 125, b"y" * 300, _PING_ANSWER * 9, b"z" * 16_400 * (piece != 1)]
    topics = ["boats/R-0001", "boats/ເຮືອ"]
    messages = [(topics[at % 2], payload) for at, payload in enumerate(payloads * 3)]
    stream = b"".join(
        _publish(topic, payload, at) + (_PING_ANSWER if at % 4 == 0 else b"")
        for at, (topic, payload) in enumerate(messages, 1)
    )
    async with _listening() as (broker, transport):
        saying = asyncio.ensure_future(broker.say(stream, piece))
        chunks = await _take(transport, len(messages))
        await saying
    assert [(chunk.topic, chunk.data) for chunk in chunks] == messages


async def test_of_a_very_long_topic_the_beginning_is_handed_on() -> None:
    async with _listening() as (broker, transport):
        await broker.say(_publish("boats/" + "ເ" * 3000, b"1", 7))
        (chunk,) = await _take(transport, 1)
    assert chunk.topic == "boats/" + "ເ" * 1018


async def test_what_nobody_takes_stays_with_the_broker() -> None:
    count, payload = 2000, b"p" * (FULL_BYTES // 10)  # more than the system holds
    async with _listening() as (broker, transport):
        saying = asyncio.ensure_future(
            broker.say(b"".join(_publish("boats/1", payload, mid) for mid in range(1, count + 1)))
        )
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await asyncio.shield(saying)
        assert not saying.done()
        first = await transport.read()
        assert len(first) * len(payload) < 2 * FULL_BYTES
        assert len(first) + len(await _take(transport, count - len(first))) == count
        await saying


async def test_acknowledgements_that_the_link_does_not_take_at_once_follow_in_order() -> None:
    count = 20_000
    async with _listening() as (broker, transport):
        messages = [_publish("boats/1", b"1", mid) for mid in range(1, count + 1)]
        saying = asyncio.ensure_future(broker.say(b"".join(messages)))
        chunks = await _take(transport, count)
        await saying
        assert broker.acknowledged == []
        broker.reads.clear()
        for chunk in chunks:
            assert chunk.stored is not None
            chunk.stored()
        broker.reads.set()
        await until(lambda: len(broker.acknowledged) == count)
    assert broker.acknowledged == list(range(1, count + 1))


async def test_a_link_that_broke_is_found_so_by_who_reads_and_not_by_who_acknowledges() -> None:
    async with _listening() as (broker, transport):
        await broker.say(b"".join(_publish("boats/1", b"1", mid) for mid in range(1, 201)))
        chunks = await _take(transport, 200)
        broker.writer.transport.abort()
        for chunk in chunks:
            assert chunk.stored is not None
            chunk.stored()
        with pytest.raises(LinkError):
            await transport.read()


@pytest.mark.broker
async def test_a_handshake_that_fails_leaves_no_socket_behind(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path / "mosquitto", tls=True)
    broker.start()
    try:
        transport = make(f"mqtts://localhost:{broker.tls_port}?topic=boats/%2B").transport
        for _ in range(2):  # the first time fills pools
            before = open_descriptors()
            with pytest.raises(LinkError, match="certificate") as raised:
                await transport.__aenter__()
            assert len(open_descriptors()) == len(before), raised.value
    finally:
        broker.stop()
