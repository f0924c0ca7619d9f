"""The viewers: clients that only count the positions they are shown, as cheaply as they can.

They share the machine with the server they measure. So nobody decodes JSON or XML: a viewer counts
a byte pattern that stands once in each position, and the few that are sampled keep what they got,
with its time, to be read after the run.

WebSocket viewers (RFC 6455) follow frame borders, to answer pings and to see a close; taky's
viewers read bare TCP.
"""

from __future__ import annotations

import asyncio
import base64
import os
import time
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import accumulate
from re import Pattern
from typing import cast

from tests.benchmarks.traffic import Traffic

_CLOSE, _PING, _PONG = 0x8, 0x9, 0xA


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaze:
    """How a position is recognised in the bytes a viewer gets.

    Attributes:
        marks: Byte strings of equal length; one of them stands once in each position.
        latitude: Matches a position; group 1 is its latitude in degrees.
    """

    marks: tuple[bytes, ...]
    latitude: Pattern[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Where one viewer connects.

    Attributes:
        host: Address.
        port: TCP port.
        opening: Bytes it sends first; a WebSocket upgrade request ends in an empty line.
        websocket: Whether the answer is a WebSocket.
        view: Name of the view it looks through.
    """

    host: str
    port: int
    opening: bytes
    websocket: bool = True
    view: str = ""


def upgrade_request(*, host: str, port: int, path: str, cookie: str | None = None) -> bytes:
    """Return an HTTP request that opens a WebSocket, without compression.

    Args:
        host: Host, as in the URL.
        port: Port, as in the URL.
        path: Path and query.
        cookie: Value of the Cookie header; None sends none.
    """
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        "Sec-WebSocket-Version: 13",
        f"Origin: http://{host}:{port}",
        *([f"Cookie: {cookie}"] if cookie else []),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass(slots=True)
class Sample:
    """What a sampled viewer got: chunks, and when each came (monotonic nanoseconds)."""

    chunks: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def read(
        self, gaze: Gaze, traffic: Traffic, *, first: int, sent_at: memoryview[int]
    ) -> tuple[set[int], list[float]]:
        """Read which messages were seen, and how late.

        Args:
            gaze: How to recognise a position.
            traffic: What was sent.
            first: Number of the first message that counts; earlier ones were the warm-up.
            sent_at: When each message was sent, monotonic nanoseconds.

        Returns:
            The messages seen, and for each sighting its latency, milliseconds.
        """
        ends = list(accumulate(map(len, self.chunks)))
        seen: set[int] = set()
        latencies: list[float] = []
        for found in gaze.latitude.finditer(b"".join(self.chunks)):
            number = traffic.number(float(found[1]))
            if number is None or number < first:
                continue
            seen.add(number)
            arrived = self.times[bisect_left(ends, found.end())]
            latencies.append((arrived - sent_at[number]) / 1e6)
        return seen, latencies


class Viewer(asyncio.Protocol):
    """One viewer's connection.

    Attributes:
        count: Positions seen since `start`.
        last_at: When the newest came, monotonic nanoseconds; 0 before the first.
        fault: What went wrong; None while all is well.
        ready: Done once the viewer looks on.
    """

    def __init__(self, seat: Seat, gaze: Gaze, *, sampled: bool) -> None:
        self.count = 0
        self.last_at = 0
        self.fault: str | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sample: Sample | None = None
        self._sampled = sampled
        self._seat = seat
        self._marks = gaze.marks
        self._keep = len(gaze.marks[0]) - 1
        self._tail = b""
        self._answer = b""
        self._head = b""  # a frame header cut in two
        self._skip = 0  # bytes of the current frame still to come
        self._transport: asyncio.Transport | None = None
        self._upgraded = not seat.websocket

    def start(self) -> None:
        """Forget what was counted; a sampled viewer keeps what comes from now on."""
        self.count = 0
        self.last_at = 0
        if self._sampled:
            self.sample = Sample()

    def close(self) -> None:
        """Hang up."""
        self.fault = self.fault or ""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the opening bytes."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._transport.write(self._seat.opening)
        if self._upgraded:
            self.ready.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Count the positions in what came."""
        now = time.monotonic_ns()
        if not self._upgraded:
            data = self._upgrade(data)
            if not self._upgraded:
                return
        if self._seat.websocket:
            self._follow_frames(data)
        seen = self._tail + data
        count = 0
        for mark in self._marks:
            count += seen.count(mark)
        if count:
            self.count += count
            self.last_at = now
        self._tail = seen[-self._keep :]
        if self.sample is not None:
            self.sample.chunks.append(data)
            self.sample.times.append(now)

    def connection_lost(self, error: Exception | None) -> None:
        """Remember that the server hung up."""
        if self.fault is None:
            self.fault = f"connection lost: {error}"
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(self.fault))

    def _upgrade(self, data: bytes) -> bytes:
        """Read the answer to the upgrade request; return what follows it."""
        self._answer += data
        answer, end, rest = self._answer.partition(b"\r\n\r\n")
        if not end:
            return b""
        status = answer.split(b"\r\n", 1)[0].decode()
        if " 101 " in status:
            self._upgraded = True
            self.ready.set_result(None)
            return rest
        self.fault = f"the server refused the WebSocket: {status}"
        assert self._transport is not None
        self._transport.abort()
        return b""

    def _follow_frames(self, data: bytes) -> None:
        """Walk from frame to frame (RFC 6455, 5.2); answer a ping, note a close."""
        at = self._skip
        if self._head:
            data = self._head + data
            self._head = b""
        size = len(data)
        while at < size:
            length, body = data[at + 1] & 0x7F if at + 1 < size else 126, at + 2
            if length >= 126:
                wide = 2 if length == 126 else 8
                length = int.from_bytes(data[body : body + wide], "big")
                body += wide
            control = data[at] & 0x0F >= _CLOSE
            if body > size or (control and body + length > size):
                self._head = data[at:]
                at = size
                break
            if control:
                self._control(data[at] & 0x0F, data[body : body + length])
            at = body + length
        self._skip = at - size

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == _PING:
            self._say(_PONG, payload)
        elif opcode == _CLOSE:
            self.fault = f"the server closed: {int.from_bytes(payload[:2], 'big')} {payload[2:]!r}"
            self._say(_CLOSE, payload[:2])  # else the server holds the connection for a while

    def _say(self, opcode: int, payload: bytes) -> None:
        assert self._transport is not None
        # Masked with a key of zeros: a client must mask, and the payload stays as it is.
        self._transport.write(bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload)
