from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import uvloop

from radio_gateway.clock.clock import utc_now
from radio_gateway.links import receive_buffer as mailboxes
from radio_gateway.links.receive_buffer import LONGEST_REST_S, Mailbox
from radio_gateway.transports.tcp_stream import StreamPeer

LINES = [b"$GPRMC,%d\r\n" % number for number in range(10)]


@asynccontextmanager
async def connected(
    mailbox: Mailbox, lost: Callable[[Exception | None], None] = lambda _: None
) -> AsyncIterator[tuple[StreamPeer, socket.socket]]:
    """A peer at one end of a connection, and the other end; how it was lost is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    loop = asyncio.get_running_loop()
    transport, peer = await loop.create_connection(
        lambda: StreamPeer(mailbox, on_open=lambda _: None, on_lost=lambda _, error: lost(error)),
        sock=ours,
    )
    try:
        yield peer, theirs
    finally:
        theirs.close()
        transport.abort()
        await peer.closed


async def said(theirs: socket.socket, lines: list[bytes]) -> None:
    """Send them one after the other, so that each could be read alone."""
    for line in lines:
        theirs.send(line)
        await asyncio.sleep(0.002)


async def takes_nothing(mailbox: Mailbox) -> None:
    """Take again as a channel does, where nothing has come."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await mailbox.take()


async def test_who_speaks_again_before_it_is_taken_is_read_once_more_just_before() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (_, theirs):
        await said(theirs, LINES[:3])
        assert len(mailbox.drain()) == 2, "the third is not read by itself"
        await said(theirs, LINES[3:])
        chunks = await mailbox.take()
        assert b"".join(each.data for each in chunks) == b"".join(LINES[2:])
        assert len(chunks) == 1


async def test_nothing_waits_where_somebody_waits_for_it() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (_, theirs):
        for line in LINES:
            taking = asyncio.ensure_future(mailbox.take())
            await said(theirs, [line])
            async with asyncio.timeout(5.0):
                assert [each.data for each in await taking] == [line]


async def test_who_brings_much_is_read_as_fast_as_it_comes() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (_, theirs):
        await said(theirs, [bytes(5000)] * 6)
        assert sum(len(each.data) for each in mailbox.drain()) == 30_000


async def test_a_peer_that_is_not_read_is_not_taken_for_silent() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (peer, theirs):
        await said(theirs, LINES[:1])
        heard_s = peer.last_heard_s
        await asyncio.sleep(0.02)
        assert peer.last_heard_s == heard_s
        await said(theirs, LINES[1:3])
        loop = asyncio.get_running_loop()
        before_s = loop.time()
        assert before_s <= peer.last_heard_s <= loop.time()
        await mailbox.take()
        await takes_nothing(mailbox)
        await asyncio.sleep(0.02)
        assert peer.last_heard_s < loop.time() - 0.01


async def test_where_nothing_is_taken_what_comes_is_dated_and_the_end_noticed() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (peer, theirs):
        await said(theirs, LINES[:3])
        theirs.close()
        before = utc_now()
        async with asyncio.timeout(5.0 * LONGEST_REST_S):
            await peer.closed
        chunks = mailbox.drain()
        assert [each.data for each in chunks] == [*LINES[:3], b""]
        assert chunks[2].heard_at - before < timedelta(seconds=2.0 * LONGEST_REST_S)
        assert chunks[3].ended


async def test_the_silence_of_who_was_not_read_counts_from_when_it_is_read_again() -> None:
    mailbox = Mailbox(full_bytes=len(LINES[0]))
    async with connected(mailbox) as (peer, theirs):
        await said(theirs, LINES[:1])
        await asyncio.sleep(0.05)
        before_s = asyncio.get_running_loop().time()
        assert len(await mailbox.take()) == 1
        assert peer.last_heard_s >= before_s, "what it said meanwhile is still to be read"
        await asyncio.sleep(0.05)
        assert peer.last_heard_s < asyncio.get_running_loop().time() - 0.03


async def test_who_goes_on_speaking_is_read_once_for_each_take() -> None:
    mailbox = Mailbox()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mailboxes, "LONGEST_REST_S", 60.0)  # a busy machine may take seconds to speak
        async with connected(mailbox) as (_, theirs):
            await said(theirs, LINES[:3])
            await mailbox.take()
            for _ in range(4):
                lines = [*LINES, bytes(5000), LINES[0]]
                await said(theirs, lines)
                assert not mailbox.drain(), "it is not read before the next take"
                chunks = await mailbox.take()
                assert [each.data for each in chunks] == [b"".join(lines)]


async def test_how_a_connection_broke_that_is_not_read_is_reported() -> None:
    mailbox, faults = Mailbox(), list[Exception | None]()
    async with connected(mailbox, faults.append) as (peer, theirs):
        await said(theirs, LINES[:3])
        await mailbox.take()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        async with asyncio.timeout(5.0 * LONGEST_REST_S):
            await peer.closed
    assert [type(each) for each in faults] == [ConnectionResetError]


async def test_all_that_gathered_is_handed_in_however_much_it_is() -> None:
    mailbox, much = Mailbox(), b"".join(b"%09d\n" % number for number in range(20_000))
    async with connected(mailbox) as (_, theirs):
        await said(theirs, LINES[:3])
        await mailbox.take()
        await said(theirs, [much])
        came = b""
        async with asyncio.timeout(5.0):
            while len(came) < len(much):
                came += b"".join(each.data for each in await mailbox.take())
        assert came == much


async def test_who_fills_the_mailbox_after_a_rest_is_read_again_once_that_is_taken() -> None:
    mailbox = Mailbox(full_bytes=100)
    async with connected(mailbox) as (_, theirs):
        await said(theirs, LINES[:3])
        await mailbox.take()
        await said(theirs, [bytes(200), *LINES])
        chunks = await mailbox.take()
        await said(theirs, LINES)
        async with asyncio.timeout(5.0):
            while sum(len(each.data) for each in chunks) < 200 + 2 * len(b"".join(LINES)):
                chunks += await mailbox.take()
        assert b"".join(each.data for each in chunks) == bytes(200) + b"".join(LINES) * 2


async def test_who_was_cut_off_while_it_was_not_read_is_read_no_more() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (peer, theirs):
        await said(theirs, LINES[:3])
        assert len(mailbox.drain()) == 2
        peer.abort()
        chunks = await mailbox.take()
        assert [(each.data, each.ended) for each in chunks] == [(b"", True)]


@pytest.mark.parametrize(
    "shown",
    [
        test_who_goes_on_speaking_is_read_once_for_each_take,
        test_how_a_connection_broke_that_is_not_read_is_reported,
        test_where_nothing_is_taken_what_comes_is_dated_and_the_end_noticed,
        test_all_that_gathered_is_handed_in_however_much_it_is,
        test_who_fills_the_mailbox_after_a_rest_is_read_again_once_that_is_taken,
        test_who_was_cut_off_while_it_was_not_read_is_read_no_more,
    ],
)
def test_it_is_so_on_the_loop_of_a_server(shown: Callable[[], Coroutine[Any, Any, None]]) -> None:
    uvloop.run(shown())


async def test_who_spoke_often_and_now_speaks_seldom_is_read_at_once() -> None:
    mailbox = Mailbox()
    async with connected(mailbox) as (_, theirs):
        await said(theirs, LINES[:3])
        await mailbox.take()
        await takes_nothing(mailbox)
        for line in LINES[3:]:
            await said(theirs, [line])
            assert [each.data for each in mailbox.drain()] == [line]
