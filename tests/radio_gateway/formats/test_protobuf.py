from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.formats.protobuf import (
    MAX_FIELDS,
    ProtobufError,
    ProtobufMessage,
    bytes_field,
    fixed32_field,
    number_field,
)
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh


def test_reads_what_protobuf_wrote() -> None:
    message = ProtobufMessage(
        mesh.encoded(
            "Position", latitude_i=-450000000, altitude=-12, time=4_000_000_000, altitude_hae=-300
        )
    )
    assert message.sfixed32(1) == -450000000
    assert message.int32(3) == -12
    assert message.fixed32(4) == 4_000_000_000
    assert message.sint32(9) == -300
    assert message.sfixed32(2) is None
    assert 1 in message
    assert 2 not in message


def test_writes_what_protobuf_reads() -> None:
    data = number_field(1, 300) + bytes_field(2, b"hello") + fixed32_field(6, 7)
    parsed = mesh.parsed("Data", data)
    assert (parsed.portnum, parsed.payload, parsed.request_id) == (300, b"hello", 7)


def test_last_value_of_a_field_counts_and_unknown_fields_are_passed_over() -> None:
    message = ProtobufMessage(number_field(1, 1) + bytes_field(77, b"?") + number_field(1, 2))
    assert message.number(1) == 2


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("08", "cut short"),
        ("08ff", "cut short"),
        ("0a05ab", "needs 5 bytes"),
        ("0d0102", "needs 4 bytes"),
        ("0b", "wire type 3"),
        ("0c", "wire type 4"),
        ("0f", "wire type 7"),
        ("0001", "field number 0"),
        ("08ffffffffffffffffffff01", "64 bits"),
        ("08ffffffffffffffffff7f", "64 bits"),
    ],
)
def test_bytes_that_are_no_message_are_refused(data: str, why: str) -> None:
    with pytest.raises(ProtobufError, match=why):
        ProtobufMessage(bytes.fromhex(data))


def test_number_of_fields_is_bounded() -> None:
    ProtobufMessage(number_field(1, 1) * MAX_FIELDS)
    with pytest.raises(ProtobufError, match="fields"):
        ProtobufMessage(number_field(1, 1) * (MAX_FIELDS + 1))


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (bytes_field(1, b"a"), lambda m: m.number(1)),
        (number_field(1, 1), lambda m: m.fixed32(1)),
        (fixed32_field(1, 1), lambda m: m.text(1)),
        (number_field(1, 1 << 32), lambda m: m.number(1)),
        (number_field(1, 1 << 31), lambda m: m.int32(1)),
        (bytes_field(1, b"\xff"), lambda m: m.text(1)),
    ],
)
def test_field_of_another_type_or_size_is_refused(
    data: bytes, read: Callable[[ProtobufMessage], object]
) -> None:
    with pytest.raises(ProtobufError):
        read(ProtobufMessage(data))


@given(st.binary(max_size=64))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        ProtobufMessage(data)
    except ProtobufError:
        pass


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_signed_numbers_come_through(value: int) -> None:
    message = ProtobufMessage(
        mesh.encoded("Position", latitude_i=value, altitude=value, altitude_hae=value)
    )
    assert (message.sfixed32(1), message.int32(3), message.sint32(9)) == (value, value, value)
