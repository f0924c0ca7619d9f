"""A viewer of the harness takes leave as a browser does."""

from __future__ import annotations

import asyncio
import re

from websockets.asyncio.server import ServerConnection, serve

from tests.benchmarks.viewers import Gaze, Seat, Viewer, upgrade_request

HOST = "127.0.0.1"


async def test_a_viewer_that_is_told_to_come_again_lets_go_at_once() -> None:
    """Else it comes again only when the server has waited for it in vain."""
    left: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def send_away(connection: ServerConnection) -> None:
        await connection.close(1013, "try again later")
        left.set_result(None)

    async with serve(send_away, HOST, 0, close_timeout=60) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        opening = upgrade_request(host=HOST, port=port, path="/")
        seat = Seat(host=HOST, port=port, opening=opening)
        gaze = Gaze(marks=(b"[",), latitude=re.compile(b"(x)"))
        _, viewer = await asyncio.get_running_loop().create_connection(
            lambda: Viewer(seat, gaze, sampled=False), HOST, port
        )
        async with asyncio.timeout(20):
            await viewer.ready
            await left
        assert viewer.fault == "the server closed: 1013 b'try again later'"
        viewer.close()
