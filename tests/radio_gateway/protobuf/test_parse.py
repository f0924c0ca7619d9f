"""Strict reading of messages, and that their Python is what the `.proto` files say."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.protobuf.meshtastic_pb2 import Data, FromRadio, Position, User
from radio_gateway.protobuf.parse import ProtobufError, parse
from radio_gateway.protobuf.tak_pb2 import TakMessage
from tests.radio_gateway.protobuf.generate import ROOT, generate
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh


def test_python_is_what_the_proto_files_say(tmp_path: Path) -> None:
    for path in generate(tmp_path):
        assert (tmp_path / path).read_text() == (ROOT / path).read_text(), path


def test_last_value_of_a_field_counts_and_unknown_fields_are_passed_over() -> None:
    data = Data(portnum=1).SerializeToString() + bytes.fromhex("ea0401 3f".replace(" ", ""))
    message = parse(Data, data + Data(portnum=2).SerializeToString())
    assert message.portnum == 2


@pytest.mark.parametrize(
    "data",
    ["08", "08ff", "0a05ab", "0d0102", "0b", "0c", "0f", "0001", "08ffffffffffffffffffff01"],
)
@pytest.mark.parametrize("kind", [Data, TakMessage])
def test_bytes_that_are_no_message_are_refused(kind: type[Message], data: str) -> None:
    with pytest.raises(ProtobufError):
        parse(kind, bytes.fromhex(data))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Data, "0a0161"),  # text where a number should be
        (Data, "3001"),  # a number where four bytes should be
        (User, "1001"),  # a number where text should be
        (User, "1201ff"),  # no UTF-8
        (Position, "0801"),
        (FromRadio, "12020801"),  # one message further in: the sender is four bytes
    ],
)
def test_field_of_another_type_is_refused(kind: type[Message], data: str) -> None:
    with pytest.raises(ProtobufError):
        parse(kind, bytes.fromhex(data))


@given(st.binary(max_size=64))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    for kind in (FromRadio, TakMessage):
        try:
            parse(kind, data)
        except ProtobufError:
            pass


@given(st.integers(-(1 << 31), (1 << 31) - 1))
def test_signed_numbers_come_through(value: int) -> None:
    message = parse(
        Position, mesh.encoded("Position", latitude_i=value, altitude=value, altitude_hae=value)
    )
    assert (message.latitude_i, message.altitude, message.altitude_hae) == (value, value, value)
