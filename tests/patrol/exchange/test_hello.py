"""Hellos: the difference of two clocks is within its error, whatever the ways take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.exchange.hello import (
    ClockDifference,
    NodeHello,
    better_of,
    clock_difference,
    decode_hello,
    encode_hello,
)

AT = datetime(2026, 12, 2, 12, tzinfo=UTC)
seconds = st.floats(0, 100, allow_nan=False)


@given(st.floats(-3000, 3000), seconds, seconds, seconds)
def test_the_error_holds(ahead_s: float, there_s: float, held_s: float, back_s: float) -> None:
    def ours(s: float) -> datetime:
        return AT + timedelta(seconds=s)

    def theirs(s: float) -> datetime:
        return AT + timedelta(seconds=s + ahead_s)

    hello = NodeHello(
        software="1",
        kinds=(),
        at=theirs(there_s + held_s),
        echo_at=ours(0),
        echo_received_at=theirs(there_s),
    )
    found = clock_difference(hello, ours(there_s + held_s + back_s))
    if found is None:
        assert there_s + back_s < 1e-5
        return
    assert found.difference_s == pytest.approx(ahead_s, abs=found.error_s + 1e-5)
    assert found.round_trip_s == pytest.approx(there_s + back_s, abs=1e-5)


def test_a_clock_that_was_set_meanwhile_is_not_measured() -> None:
    hello = NodeHello(
        software="1", kinds=(), at=AT + timedelta(hours=1), echo_at=AT, echo_received_at=AT
    )
    assert clock_difference(hello, AT) is None
    assert clock_difference(NodeHello(software="1", kinds=(), at=AT), AT) is None


def measured(difference_s: float, error_s: float, minutes: float) -> ClockDifference:
    """Return a measurement."""
    return ClockDifference(
        difference_s=difference_s, error_s=error_s, measured_at=AT + timedelta(minutes=minutes)
    )


def test_the_finer_measurement_is_kept_while_it_is_young_and_possible() -> None:
    fine, coarse = measured(1.0, 0.01, 0), measured(1.5, 2.0, 1)
    assert better_of(None, coarse) is coarse
    assert better_of(coarse, fine) is fine
    assert better_of(fine, coarse) is fine
    late, far = measured(1.5, 2.0, 11), measured(60.0, 2.0, 1)
    assert better_of(fine, late) is late
    assert better_of(fine, far) is far


def test_a_hello_is_read_as_it_was_written() -> None:
    hello = NodeHello(software="0.2.0", kinds=("hello", "note"), at=AT, echo_at=AT)
    assert decode_hello(encode_hello(hello)) == hello


@pytest.mark.parametrize(
    "hello",
    [
        NodeHello(software="\x1b[31m", kinds=(), at=AT),
        NodeHello(software="1" * 65, kinds=(), at=AT),
        NodeHello(software="1", kinds=("a\n",), at=AT),
        NodeHello(software="1", kinds=("a",) * 65, at=AT),
        NodeHello(software="1", kinds=(), at=datetime(2026, 12, 2)),  # noqa: DTZ001
        NodeHello(software="1", kinds=(), at=AT, echo_at=datetime(2026, 12, 2)),  # noqa: DTZ001
    ],
)
def test_what_no_node_says_is_refused(hello: NodeHello) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_hello(encode_hello(hello))
