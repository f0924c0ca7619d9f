"""Packed: a body that is asked for again and again, compressed once, with an entity tag."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import Request, Response

_LEAST_BYTES = 1000  # below, compressing saves no packet


class Packed:
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
            return Response(self._gzip, headers=headers, media_type=media_type)
        return Response(self.body, headers=headers, media_type=media_type)


async def large_answer(request: Request, make: Callable[[], Any]) -> Response:
    """Return what `make` makes as JSON, compressed; made in a thread, so that nobody waits."""
    packed = await asyncio.to_thread(lambda: Packed(msgspec.json.encode(make())))
    return packed.answer(request, "application/json", cache="no-store")
