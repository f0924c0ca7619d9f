"""Cut: a TCP way between two programs that a test can cut and mend."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from tests.ports import free_port


class Cut:
    """Passes connections on to a port of this machine, unless it is cut; on a thread of its own.

    Args:
        to: Port to pass on to.

    Attributes:
        port: Port to connect to.
    """

    def __init__(self, to: int) -> None:
        self.port = free_port()
        self._to = to
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name="cut", daemon=True)

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        assert self._started.wait(5)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close every connection."""
        self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(5)

    def cut(self) -> None:
        """Break every connection and take no new one."""
        self._loop.call_soon_threadsafe(self._set, True)

    def mend(self) -> None:
        """Pass on again."""
        self._loop.call_soon_threadsafe(self._set, False)

    def _set(self, is_cut: bool) -> None:
        self._is_cut = is_cut
        if is_cut:
            for writer in self._writers:
                writer.transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._pass_on, "127.0.0.1", self.port)
        )
        self._started.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _stop(self) -> None:
        self._set(True)
        self._loop.stop()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            if self._is_cut:
                return
            back, other = await asyncio.open_connection("127.0.0.1", self._to)
            self._writers.add(other)
            await asyncio.gather(_copy(reader, other), _copy(back, writer))
        except OSError:
            return
        finally:
            for each in (writer, other):
                if each is not None:
                    self._writers.discard(each)
                    each.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.transport.abort()
