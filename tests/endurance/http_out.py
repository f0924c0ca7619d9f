"""Phones that report over HTTP, and again until they are answered.

A client of its own, since 1,600 requests a second by a library would be most of what a run costs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from tests.endurance.fleet import Fleet, Way
from tests.endurance.ledger import ACKNOWLEDGED, REFUSED, Ledger

CONNECTIONS: Final = 40  # with fewer, reports of a burst wait here for answers to others
A_POST: Final = 10
AGAIN_S: Final = 0.3
ANSWER_WITHIN_S: Final = 35.0
_TRY_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})


class HttpOut:
    """Reports of one way: `/api/positions` of the node, or a gateway's `http-listen`.

    Args:
        way: Which.
        host: Address.
        port: Port.
        fleet: Who reports.
        ledger: Where it is noted.
        keys: Device keys by boat; none where anybody may report.
    """

    def __init__(
        self, way: Way, host: str, port: int, fleet: Fleet, ledger: Ledger, keys: dict[int, str]
    ) -> None:
        self._way, self._host, self._port = way, host, port
        self._fleet, self._ledger, self._keys = fleet, ledger, keys
        self._queue: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._asking = 0

    @property
    def waiting(self) -> int:
        """How many reports were not answered yet."""
        return self._queue.qsize() + self._asking

    def send(self, number: int, report: bytes) -> None:
        """Take a report to be sent."""
        self._queue.put_nowait((number, report))

    def workers(self) -> list[Coroutine[Any, Any, None]]:
        """Return what must run beside: a connection each."""
        return [self._work() for _ in range(CONNECTIONS)]

    async def _work(self) -> None:
        link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while True:
            reports = [await self._queue.get()]
            if self._way.name == "gw-http":  # one post may speak for many only where anybody may
                while len(reports) < A_POST and not self._queue.empty():
                    reports.append(self._queue.get_nowait())
            self._asking += len(reports)
            request = self._request(reports)
            while True:
                try:
                    async with asyncio.timeout(ANSWER_WITHIN_S):
                        if link is None:
                            link = await asyncio.open_connection(self._host, self._port)
                        status, head, body = await _ask(*link, request)
                except (OSError, TimeoutError, EOFError, ValueError):
                    if link is not None:
                        link[1].transport.abort()
                        link = None
                    await asyncio.sleep(AGAIN_S)
                    continue
                if status in _TRY_AGAIN:
                    await asyncio.sleep(AGAIN_S)
                    continue
                refused = b"x-rejected" in head or b'"rejected":[{' in body
                state = ACKNOWLEDGED if status == 200 and not refused else REFUSED
                for number, _ in reports:
                    self._ledger.state[number] = state
                break
            self._asking -= len(reports)

    def _request(self, reports: list[tuple[int, bytes]]) -> bytes:
        host = f"{self._host}:{self._port}"
        if self._way.protocol == "osmand":
            return f"GET {reports[0][1].decode()} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        if self._way.by_gateway:
            target, key = "/", ""
            body = b"[" + b",".join(report for _, report in reports) + b"]"
        else:
            target, body = "/api/positions", reports[0][1]
            key = f"Authorization: Bearer {self._keys[reports[0][0] % self._fleet.boats]}\r\n"
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {host}\r\n{key}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes, bytes]:
    """Send a request; return status, head in small letters, and body of the answer."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    length = 0
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    return status, head, await reader.readexactly(length)
