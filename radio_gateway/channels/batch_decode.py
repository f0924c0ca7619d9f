"""Reading ahead: whole messages of many senders are read together, before each goes its own way.

A broker brings one message of each of hundreds of boats. Each has a connection of its own, with
what it remembers; but what stands in a message can be read without that, and of many in less time.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from radio_gateway.channels.connection import MANY, TOGETHER, log_failure
from radio_gateway.decoding.decoder import MessageContent, ReadWhole
from radio_gateway.links.transport import Chunk

_is_whole = attrgetter("whole")


def read_ahead(
    read_whole: ReadWhole | None, chunks: Sequence[Chunk]
) -> Sequence[MessageContent | None]:
    """Return, for each chunk, what its only frame says; None where that was not read ahead.

    Args:
        read_whole: How the channel's decoders read whole messages; None if they do not.
        chunks: What came together.
    """
    if read_whole is None or len(chunks) < MANY or not all(map(_is_whole, chunks)):
        return [None] * len(chunks)
    read: list[MessageContent | None] = []
    try:
        for at in range(0, len(chunks), TOGETHER):
            read += read_whole([chunk.data for chunk in chunks[at : at + TOGETHER]])
    except Exception:  # noqa: BLE001 - logged there; each by itself, then
        log_failure(chunks[0].data)
        return [None] * len(chunks)
    return read
