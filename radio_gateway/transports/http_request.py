"""Requests: one HTTP/1.1 connection, read within bounds of size and time.

h11 does the protocol, so that what two servers could read differently is refused.

Source: RFC 9112 (HTTP/1.1), RFC 9110 10.1.1 (Expect: 100-continue).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import h11
import msgspec

_READ_BYTES = 8192  # small, so that a long head is seen before all of it came
LONGEST_HEAD = 16_384  # bytes of request line and headers


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection may cost.

    Attributes:
        body_bytes: Longest body.
        request_s: Longest time for one request to arrive once it has begun, seconds.
        idle_s: Longest wait for the next request, seconds.
        response_s: Longest time for the answer to be taken, seconds.
    """

    body_bytes: int = 262_144
    request_s: float = 10.0
    idle_s: float = 75.0
    response_s: float = 10.0


class HttpRequest(msgspec.Struct, frozen=True):
    """One request.

    Attributes:
        method: In capitals, as sent.
        target: Path and query, as sent.
        headers: Values by name in small letters; the first of several.
        body: All of it.
    """

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class HttpRequestError(Exception):
    """A request that is not read to its end.

    Args:
        status: What to answer.
        fault: What is wrong with it.
    """

    def __init__(self, status: int, fault: str) -> None:
        self.status, self.fault = status, fault
        super().__init__(f"{status} {fault}")


class HttpPeer:
    """One connection of a client.

    Args:
        reader: What it sends.
        writer: Takes what it is sent.
        limits: What it may cost.

    Attributes:
        idle_since_s: Loop time since when no request is under way; None while one is.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits
    ) -> None:
        self._reader, self._writer, self._limits = reader, writer, limits
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        self._loop = asyncio.get_running_loop()
        self._wants_body = True
        self.idle_since_s: float | None = self._loop.time()

    async def request(self) -> HttpRequest | None:
        """Wait for a request; None when the client sends no more.

        Raises:
            Refused: If it is no HTTP, too long, or too slow.
        """
        limits = self._limits
        if self._h11.our_state is not h11.IDLE:
            if self._h11.states != {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
                return None  # one of the two wants to close
            self._h11.start_next_cycle()
        self._wants_body = True
        try:
            self.idle_since_s = self._loop.time()
            if not self._h11.trailing_data[0]:
                async with asyncio.timeout(limits.idle_s):
                    data = await self._reader.read(_READ_BYTES)
                if not data:
                    return None
                self._h11.receive_data(data)
        except TimeoutError:
            return None
        self.idle_since_s = None
        try:
            async with asyncio.timeout(limits.request_s):
                return await self._read()
        except h11.RemoteProtocolError as error:
            raise HttpRequestError(error.error_status_hint, str(error)) from error
        except TimeoutError:
            raise HttpRequestError(408, f"not complete within {limits.request_s:g} s") from None

    async def respond(
        self, status: int, body: bytes, headers: Mapping[str, str], *, close: bool = False
    ) -> None:
        """Send an answer; a client that does not take it is cut off.

        Args:
            status: HTTP status.
            body: All of it.
            headers: Further headers.
            close: Close the connection behind it.
        """
        if self._h11.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            return
        lines = [(b"content-length", b"%d" % len(body))]
        lines += [
            (name.encode(), value.encode("ascii", "replace")) for name, value in headers.items()
        ]
        if close:
            lines.append((b"connection", b"close"))
        out = self._h11.send(h11.Response(status_code=status, headers=lines)) or b""
        if self._wants_body:
            out += self._h11.send(h11.Data(data=body)) or b""
        out += self._h11.send(h11.EndOfMessage()) or b""
        await self._write(out)

    def abort(self) -> None:
        """Close the connection at once."""
        self._writer.transport.abort()

    async def _read(self) -> HttpRequest | None:
        event = await self._next()
        if not isinstance(event, h11.Request):
            return None
        self._wants_body = event.method != b"HEAD"
        headers: dict[str, str] = {}
        for name, value in event.headers:
            headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        length = headers.get("content-length", "0")
        if len(length) > 12 or int(length) > self._limits.body_bytes:
            raise HttpRequestError(413, f"the body is longer than {self._limits.body_bytes} bytes")
        body = bytearray()
        while isinstance(part := await self._next(), h11.Data):
            body += part.data
            if len(body) > self._limits.body_bytes:
                raise HttpRequestError(
                    413, f"the body is longer than {self._limits.body_bytes} bytes"
                )
        if not isinstance(part, h11.EndOfMessage):
            return None
        method, target = event.method.decode("latin-1"), event.target.decode("latin-1")
        return HttpRequest(method, target, headers, bytes(body))

    async def _next(self) -> type[h11.PAUSED | h11.NEED_DATA] | h11.Event:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            if self._h11.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                await self._write(self._h11.send(go_on) or b"")
            self._h11.receive_data(await self._reader.read(_READ_BYTES))
        return event

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        try:
            async with asyncio.timeout(self._limits.response_s):
                await self._writer.drain()
        except TimeoutError:
            self.abort()
