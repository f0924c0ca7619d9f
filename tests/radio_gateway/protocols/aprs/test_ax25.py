from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols.aprs.ax25 import read_ax25, ui_frame
from radio_gateway.protocols.aprs.packet import Packet
from tests.radio_gateway.protocols.aprs.aprs_words import ax25

calls = st.from_regex(r"[A-Z0-9]{1,6}(-([1-9]|1[0-5]))?", fullmatch=True)


def refused(frame: bytes) -> str:
    with pytest.raises(FrameError) as caught:
        read_ax25(frame, b"payload")
    assert caught.value.payload == b"payload"
    return caught.value.reason


@given(
    source=calls,
    destination=calls,
    relays=st.lists(calls, max_size=8),
    used=st.integers(0, 8),
    info=st.binary(min_size=1, max_size=100).filter(lambda info: bool(info.strip())),
)
def test_any_packet_comes_back_with_the_relays_that_repeated_it(
    source: str, destination: str, relays: list[str], used: int, info: bytes
) -> None:
    used = min(used, len(relays))
    marked = tuple(name + ("*" if at < used else "") for at, name in enumerate(relays))
    packet = read_ax25(ax25(source, destination, marked, info), b"")
    assert packet == Packet(source, destination, tuple(relays), used, info)


@given(source=calls, destination=calls, relays=st.lists(calls, max_size=8))
def test_what_we_write_is_read_the_same(source: str, destination: str, relays: list[str]) -> None:
    frame = ui_frame(source, destination, tuple(relays), b">text")
    assert read_ax25(frame, b"") == Packet(source, destination, tuple(relays), 0, b">text")


def test_what_we_write_is_a_command_of_version_2() -> None:
    frame = ui_frame("XW1PAT-7", "APZJPR", (), b"x")
    assert frame.hex(" ") == "82 a0 b4 94 a0 a4 e0 b0 ae 62 a0 82 a8 6f 03 f0 78"


@pytest.mark.parametrize("name", ["", "TOOLONG", "HS0ABC-16", "HS0ABC-x", "ab"])
def test_what_is_no_call_sign_is_not_written(name: str) -> None:
    with pytest.raises(ValueError, match="call sign"):
        ui_frame(name, "APZJPR", (), b"x")
    with pytest.raises(ValueError, match="relays"):
        ui_frame("A", "B", ("C",) * 9, b"x")


def test_poll_bit_makes_no_difference_and_other_frames_say_nothing() -> None:
    assert read_ax25(ax25("A", "B", (), b">x", control=0x13), b"") is not None
    for control in (0x00, 0x3F, 0x43, 0x2F):  # information, connect, disconnect, accept
        assert read_ax25(ax25("A", "B", (), b">x", control=control), b"") is None
    other_layer = bytearray(ax25("A", "B", (), b">x"))
    other_layer[15] = 0xCC
    assert read_ax25(bytes(other_layer), b"") is None


@pytest.mark.parametrize("length", range(16))
def test_frame_that_is_cut_is_refused(length: int) -> None:
    assert refused(ax25("A", "B", (), b">x")[:length]) == "truncated"


def test_damaged_addresses_are_refused() -> None:
    good = ax25("HS0ABC-9", "APRS", ("WIDE1-1",), b">x")
    assert refused(ax25("HS0ABC-9", "APRS", (), b"")) == "empty_body"
    assert refused(good[:1] + b"\xa1" + good[2:]) == "bad_address"
    assert refused(bytes([0x40] * 6) + good[6:]) == "bad_address"
    assert refused(bytes([ord("a") << 1 & 0xFF]) + good[1:]) == "bad_address"
    assert refused(good[:6] + b"\x61" + good[7:]) == "truncated"
    assert refused(ax25("A", "B", ("C",) * 9, b">x")) == "too_many_relays"


@given(frame=st.binary(max_size=120))
def test_any_bytes_give_a_packet_or_an_error(frame: bytes) -> None:
    try:
        packet = read_ax25(frame, frame)
    except FrameError:
        return
    if packet is not None:
        assert packet.info
        assert len(packet.relays) <= 8
