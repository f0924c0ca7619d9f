"""Message list: the body of a request between nodes and of its answer: sealed envelopes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

PATH: Final = "/envelopes"
MEDIA_TYPE: Final = "application/msgpack"

LONGEST_MESSAGE: Final = 1024 * 1024
"""Most bytes of a request and of an answer."""

ROOM: Final = LONGEST_MESSAGE - 64 * 1024
"""Of these for what bodies say; the rest is for signatures, hellos and refusals."""

MOST_ENVELOPES: Final = 1024
"""Envelopes of one request or answer."""


def read_messages(body: bytes | bytearray) -> list[bytes]:
    """Return the sealed envelopes of a request or answer.

    Raises:
        msgspec.DecodeError: If it is no list of them, or of more than `MOST_ENVELOPES`.
    """
    messages: list[bytes] = _decode(body)
    if len(messages) > MOST_ENVELOPES:
        raise msgspec.ValidationError(f"{len(messages)} envelopes, {MOST_ENVELOPES} at most")
    return messages


def write_messages(messages: Sequence[bytes]) -> bytes:
    """Return sealed envelopes as the body of a request or answer: a list in MessagePack."""
    return _encode(messages)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgpack_decoder(list[bytes]).decode
