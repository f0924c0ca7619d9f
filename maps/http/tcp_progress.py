"""TCP progress: how much of what was sent a peer has taken, by the kernel's counters.

A transport knows what waits in it. Beneath TLS waits more, which that of the connection is not told
of: of a large picture all, so that who takes it little by little would seem to take nothing.
"""

from __future__ import annotations

import socket
import struct
import sys
from asyncio import Transport
from contextlib import suppress
from typing import Final, NamedTuple

_INFO: Final = struct.Struct("=120xQ16xI")
"""Of Linux's `tcp_info`: `tcpi_bytes_acked` and `tcpi_notsent_bytes`."""


class TcpProgress(NamedTuple):
    """What a peer takes.

    Attributes:
        taken: Bytes, from any beginning: grows as it takes some.
        waits: Whether some are not on their way to it yet.
    """

    taken: int
    waits: bool


def uptake(transport: Transport) -> TcpProgress:
    """Return what the peer of a connection takes."""
    left = transport.get_write_buffer_size()
    link = transport.get_extra_info("socket")
    if sys.platform == "linux" and link is not None:
        with suppress(OSError, ValueError):  # no TCP, or just closed, as uvloop tells it
            tcp_info = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size)
            if len(tcp_info) == _INFO.size:  # old systems tell less
                taken, unsent = _INFO.unpack(tcp_info)
                return TcpProgress(taken, bool(left or unsent))
    return TcpProgress(-left, left > 0)
