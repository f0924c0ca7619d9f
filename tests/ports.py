"""Free ports of loopback, below those the system hands to clients, so that none is lost to one."""

from __future__ import annotations

import random
import socket


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that is free now.

    Args:
        kind: `SOCK_STREAM` for TCP, `SOCK_DGRAM` for UDP.
    """
    for _ in range(200):
        port = random.randint(15_000, 32_000)
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port on loopback")
