"""Hello: what two nodes say of themselves whenever they meet, and the difference of their clocks.

Each hello carries the sender's clock, and echoes when the other's last hello was made and when it
came. So whoever receives one has the four times of an exchange there and back, as NTP has them
(RFC 5905, section 8): the other clock's difference and the round trip follow, and the difference is
wrong by half the round trip at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

_FRESH: Final = timedelta(minutes=10)
_MOST_KINDS: Final = 64


class NodeHello(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of kind `hello`.

    Attributes:
        software: Version of the sender's software.
        kinds: Kinds of bodies that it understands.
        at: When it was made, by the sender's clock, aware UTC.
        echo_at: `at` of the last hello that the sender received.
        echo_received_at: When that came, by the sender's clock.
    """

    software: str
    kinds: tuple[str, ...]
    at: datetime
    echo_at: datetime | None = None
    echo_received_at: datetime | None = None


class ClockDifference(msgspec.Struct, frozen=True, kw_only=True):
    """How far another node's clock is from ours.

    Attributes:
        difference_s: What its clock shows more than ours, seconds.
        error_s: How far that may be off at most, seconds.
        measured_at: When, by our clock.
    """

    difference_s: float
    error_s: float
    measured_at: datetime

    @property
    def round_trip_s(self) -> float:
        """How long there and back took, seconds."""
        return 2 * self.error_s


def encode_hello(hello: NodeHello) -> bytes:
    """Return a hello as the body of an envelope."""
    return _encode(hello)


def decode_hello(body: bytes) -> NodeHello:
    """Return the hello that a body holds.

    Raises:
        msgspec.DecodeError: If it holds none that can be believed.
    """
    hello = _decode(body)
    times = (hello.at, hello.echo_at, hello.echo_received_at)
    if any(each is not None and each.tzinfo is None for each in times):
        raise msgspec.ValidationError("a time of a hello has no offset")
    if len(hello.kinds) > _MOST_KINDS or any(
        not each.isascii() or not each.isprintable() or len(each) > _MOST_KINDS
        for each in (hello.software, *hello.kinds)
    ):
        raise msgspec.ValidationError("a hello names what no node can be")
    return hello


def clock_difference(hello: NodeHello, received_at: datetime) -> ClockDifference | None:
    """Return what a hello tells of the other clock; None if it echoes none of ours.

    Args:
        hello: As it came.
        received_at: When, by our clock.

    >>> from datetime import UTC
    >>> def at(s): return datetime(2026, 11, 24, 12, tzinfo=UTC) + timedelta(seconds=s)
    >>> theirs = NodeHello(
    ...     software="1", kinds=(), at=at(90), echo_at=at(0), echo_received_at=at(61))
    >>> found = clock_difference(theirs, at(31))
    >>> found.difference_s, found.error_s
    (60.0, 1.0)
    """
    if hello.echo_at is None or hello.echo_received_at is None:
        return None
    there = (hello.echo_received_at - hello.echo_at).total_seconds()
    back = (hello.at - received_at).total_seconds()
    round_trip_s = there - back
    if round_trip_s < 0:  # one of the clocks was set meanwhile
        return None
    return ClockDifference(
        difference_s=(there + back) / 2, error_s=round_trip_s / 2, measured_at=received_at
    )


def better_of(known: ClockDifference | None, new: ClockDifference) -> ClockDifference:
    """Return which of two measurements to go by: the newer, unless it is coarser and the other
    still young and within what the newer allows.
    """
    if known is None or new.error_s <= known.error_s:
        return new
    is_young = abs(new.measured_at - known.measured_at) <= _FRESH
    apart_s = abs(new.difference_s - known.difference_s)
    return known if is_young and apart_s <= new.error_s + known.error_s else new


_encode = msgspec.msgpack.Encoder().encode
_decode = msgpack_decoder(NodeHello).decode
