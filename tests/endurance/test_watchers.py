"""A viewer of the harness takes leave as a browser does, and stalls when it is told to."""

from __future__ import annotations

import asyncio
import multiprocessing
import re

from websockets.asyncio.server import ServerConnection, serve

from tests.benchmarks.viewers import Gaze, Seat, Viewer, upgrade_request
from tests.endurance.watchers import WatchPlan, watch
from tests.maps.servers.running import wait_until

HOST = "127.0.0.1"


async def test_a_viewer_that_is_reported_to_retry_disconnects_at_once() -> None:
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


async def test_each_stall_begins_with_a_connection_of_its_own() -> None:
    """Also of two turns in a row: what begins a stall counts in each."""
    came = 0

    async def take_up(connection: ServerConnection) -> None:
        nonlocal came
        came += 1
        await connection.wait_closed()

    async def is_there(many: int) -> bool:
        async for _ in wait_until(f"connection {many}", 5):
            if came >= many:
                break
        await asyncio.sleep(0.3)
        return came == many

    async with serve(take_up, HOST, 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        plan = WatchPlan(host=HOST, port=port, sessions={"crew": "s"}, viewers=1, boats=20)
        ours, theirs = multiprocessing.Pipe()
        watching = asyncio.create_task(asyncio.to_thread(watch, plan, theirs))
        try:
            assert await is_there(1)
            for many, word in enumerate(("stall", "stall", "go on"), start=2):
                ours.send(word)
                assert await is_there(many)
            ours.send("go on")
            assert await is_there(4)
        finally:
            ours.send("stop")
            await watching
            ours.close()
            theirs.close()
