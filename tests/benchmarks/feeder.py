"""The feeder: one process that sends the traffic to a target over TCP and stamps each message.

It runs beside the server and the viewers, so it does as little as it can: a flood is made before it
starts, and a paced run makes each message just before it is due.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory

from tests.benchmarks.traffic import BOATS, Form, Ground, Traffic

_Make = Callable[[int, float], bytes]
_BLOCK = 50  # messages of a flood handed to the socket at once


class _HungUp(Exception):
    """The target closed the connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPlan:
    """What to send, and where.

    Attributes:
        host: Address of the target.
        port: TCP port of the target, or ours that it dials.
        listens: Whether the target dials in; else we connect to it.
        form: How a message is written.
        ground: Where the boats are.
        warm: Messages sent first, at 500 a second, to warm the target up.
        count: Messages measured after that; their numbers follow on.
        rate: Messages a second; None as fast as the target takes them.
        hello: Bytes sent once connected.
        stamps: Name of the shared memory with one `int64` for each message, warm ones included:
            when it was sent, nanoseconds of the monotonic clock.
    """

    host: str
    port: int
    listens: bool
    form: Form
    ground: Ground
    warm: int
    count: int
    rate: float | None
    hello: bytes
    stamps: str


def feed(plan: FeedPlan, orders: Connection) -> None:
    """Connect, then send the two parts of the traffic, each when told to.

    Says `listening` first where the target dials in. Says `connected`, waits, says `warmed`, makes
    a flood if there is one to make, says `made`, waits, says `sent`; the link stays open until the
    caller closes its end of `orders`.

    Args:
        plan: What to send, and where.
        orders: Where it speaks with its caller; any message there means "go on". When the target
            hangs up it says so there and ends.
    """
    stamps = SharedMemory(plan.stamps)
    assert stamps.buf is not None
    sent_at = stamps.buf.cast("q")
    link: socket.socket | None = None
    try:
        if plan.listens:
            link = _dialled(plan, orders)
        else:
            link = socket.create_connection((plan.host, plan.port))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_drain, args=(link,), daemon=True).start()
        _send(link, plan.hello)
        orders.send("connected")
        traffic = Traffic(plan.ground, plan.warm + plan.count)
        make = traffic.written(plan.form)
        orders.recv()
        _paced(link, make, range(plan.warm), 500.0, sent_at)
        orders.send("warmed")
        numbers = range(plan.warm, plan.warm + plan.count)
        if plan.rate is None:
            # By its own clock a boat's messages are 10 ms apart, after the warm-up and before now.
            start = time.time()
            made = [make(n, start + 0.01 * (1 + (n - plan.warm) // BOATS)) for n in numbers]
            time.sleep(max(0.0, start + 0.01 * (1 + plan.count // BOATS) - time.time()))
            orders.send("made")
            orders.recv()
            _flood(link, made, plan.warm, sent_at)
        else:
            orders.send("made")
            orders.recv()
            _paced(link, make, numbers, plan.rate, sent_at)
        orders.send("sent")
        orders.recv()
    except _HungUp as fault:
        orders.send(f"the target hung up: {fault}")
    except (EOFError, ConnectionError):
        pass  # the caller has gone
    finally:
        if link is not None:
            link.close()
        sent_at.release()
        stamps.close()


def _dialled(plan: FeedPlan, orders: Connection) -> socket.socket:
    """Wait for the target to connect."""
    with socket.create_server((plan.host, plan.port)) as server:
        orders.send("listening")
        server.settimeout(180.0)  # on a busy machine a server takes long to start
        link, _ = server.accept()
    link.setblocking(True)
    return link


def _paced(
    link: socket.socket, make: _Make, numbers: range, rate: float, sent_at: memoryview[int]
) -> None:
    start = time.monotonic_ns()
    for turn, number in enumerate(numbers):
        message = make(number, time.time())
        wait_ns = start + int(turn * 1e9 / rate) - time.monotonic_ns()
        if wait_ns > 0:
            time.sleep(wait_ns / 1e9)
        sent_at[number] = time.monotonic_ns()
        _send(link, message)


def _flood(link: socket.socket, made: list[bytes], first: int, sent_at: memoryview[int]) -> None:
    for at in range(0, len(made), _BLOCK):
        block = made[at : at + _BLOCK]
        now = time.monotonic_ns()
        for number in range(first + at, first + at + len(block)):
            sent_at[number] = now
        _send(link, b"".join(block))


def _send(link: socket.socket, data: bytes) -> None:
    try:
        link.sendall(data)
    except OSError as error:
        raise _HungUp(str(error)) from error


def _drain(link: socket.socket) -> None:
    """Read away what the target says, so that it never waits for the feeder."""
    try:
        while link.recv(262_144):
            pass
    except OSError:
        pass
