"""Compressed body: a body that is requested often, compressed once, with an entity tag."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

_LEAST_BYTES = 1000  # below, compressing saves no packet
_PIECE: Final = 1 << 18


class ChunkedResponse(Response):
    """A body that is sent a piece at a time, each once most of the one before has left.

    Sent at once, all of it would stand in the connection's queue, and whoever answers would take it
    for gone.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it; return when all but the last of it has left, or whoever asked has gone."""
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        for at in range(0, max(len(self.body), 1), _PIECE):
            piece = bytes(self.body[at : at + _PIECE])
            more = at + _PIECE < len(self.body)
            await send({"type": "http.response.body", "body": piece, "more_body": more})


class CompressedBody:
    """A body, plain and by gzip.

    Args:
        body: The body.
        compress: Whether it is worth trying (pictures and fonts are compressed already).

    Attributes:
        body: The body, plain.
        tag: Its entity tag.
    """

    def __init__(self, body: bytes, *, compress: bool = True) -> None:
        self.body = body
        self._gzip = (
            gzip.compress(body, 6, mtime=0) if compress and len(body) >= _LEAST_BYTES else None
        )
        self.tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    def answer(self, request: Request, media_type: str, *, cache: str) -> Response:
        """Return the body as `request` wants it, or 304 when it has it.

        Args:
            request: What asks.
            media_type: What the body is.
            cache: Value of Cache-Control.
        """
        headers = {"etag": self.tag, "cache-control": cache, "vary": "accept-encoding"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if self._gzip is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return ChunkedResponse(self._gzip, headers=headers, media_type=media_type)
        return ChunkedResponse(self.body, headers=headers, media_type=media_type)


async def large_answer(request: Request, make: Callable[[], Any]) -> Response:
    """Return what `make` makes as JSON, compressed; made in a thread, so that nobody waits."""
    packed = await asyncio.to_thread(lambda: CompressedBody(msgspec.json.encode(make())))
    return packed.answer(request, "application/json", cache="no-store")
