"""Free ports of loopback, below those the system hands to clients, so that none is lost to one.

Between the moment one is found free and that in which a server listens there, nobody else may be
given it: a process gives each only once before it has gone round, and each worker of a test run
has a part of its own.
"""

from __future__ import annotations

import itertools
import os
import random
import socket
from typing import Final

_LOWEST: Final = 15_000
_ABOVE: Final = 32_000


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that is free now.

    Args:
        kind: `SOCK_STREAM` for TCP, `SOCK_DGRAM` for UDP.
    """
    for port in itertools.islice(_ports, 200):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port on loopback")


def _own_part() -> range:
    """Return the ports of this worker of pytest-xdist; without one, all."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    each = (_ABOVE - _LOWEST) // workers
    return range(_LOWEST + own * each, _LOWEST + (own + 1) * each)


def _in_turn(ports: range) -> itertools.cycle[int]:
    # Not of the common generator: whoever seeds that would have the ports of everybody who does.
    begin = random.SystemRandom().randrange(len(ports))
    return itertools.cycle([*ports[begin:], *ports[:begin]])


_ports = _in_turn(_own_part())
