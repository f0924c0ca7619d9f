"""A WebSocket server with nothing around it, for the benchmarks: `pushing.py each|tick FEED VIEW`.

Lines of RMC come in over TCP on port FEED; their latitudes go out over WebSocket on port VIEW, one
message each, or all of a tick of 20 ms as one.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn

_TICK_S = 0.020
_AHEAD = 5_000  # lines read before the feeder has to wait


class Pusher:
    """Takes lines and pushes them to all viewers.

    Args:
        each: One message for every line; else one for every tick.
    """

    def __init__(self, *, each: bool) -> None:
        self.each = each
        self.viewers: set[Any] = set()
        self.waiting: asyncio.Queue[str] = asyncio.Queue(_AHEAD)

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one viewer (ASGI)."""
        if scope["type"] != "websocket":
            return
        await receive()
        await send({"type": "websocket.accept"})
        self.viewers.add(send)
        while (await receive())["type"] != "websocket.disconnect":
            pass
        self.viewers.discard(send)

    async def feed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take the lines of one feeder."""
        while line := await reader.readline():
            lat = line.split(b",", 6)[4]
            degrees = int(lat[:2]) + float(lat[2:]) / 60.0
            await self.waiting.put(f'{{"id":"{line[:6].decode()}","lat":{degrees:.8f}}}')
        writer.close()

    async def push(self) -> None:
        """Send what waits, for ever."""
        while True:
            message = await self.waiting.get()
            if not self.each:
                await asyncio.sleep(_TICK_S)
                waiting = [self.waiting.get_nowait() for _ in range(self.waiting.qsize())]
                message = "[" + ",".join([message, *waiting]) + "]"
            event = {"type": "websocket.send", "text": message}
            for send in tuple(self.viewers):
                try:
                    await send(event)
                except Exception:  # noqa: BLE001 - it has gone
                    self.viewers.discard(send)


async def main(way: str, feed_port: int, view_port: int) -> None:
    """Serve until ended."""
    pusher = Pusher(each=way == "each")
    feeding = await asyncio.start_server(pusher.feed, "127.0.0.1", feed_port)
    pushing = asyncio.create_task(pusher.push())
    settings = uvicorn.Config(
        pusher.application,
        host="127.0.0.1",
        port=view_port,
        interface="asgi3",
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        log_level="error",
    )
    await uvicorn.Server(settings).serve()
    pushing.cancel()
    feeding.close()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
