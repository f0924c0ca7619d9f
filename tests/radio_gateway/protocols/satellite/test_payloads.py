"""Payloads of Iridium messages, through the message that carries them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import iridium_sbd
from radio_gateway.protocols.iridium.payloads import PAYLOADS
from tests.radio_gateway.protocols.sentences import NOW
from tests.radio_gateway.protocols.trackers.streams import hear

IMEI = "300434030000001"


def message(content: bytes, *, at: datetime = NOW) -> bytes:
    """Return a DirectIP message as Iridium's developers guide lays it out."""
    header = b"\0\0\0\7" + IMEI.encode() + b"\0\0\x01\0\0" + int(at.timestamp()).to_bytes(4)
    elements = b"\1\0\x1c" + header + b"\2" + len(content).to_bytes(2) + content
    return b"\1" + len(elements).to_bytes(2) + elements


def nal10(
    lat: float = 20.27, lon: float = 100.41, *, second: int = 43_000, state: int = 1
) -> bytes:
    """Return the ten bytes of a NAL tracker, its fields from the lowest bit up."""
    number = 0
    for value, at in (
        (round((lat + 90) * 1e5), 4),
        (round((lon + 180) * 1e5), 29),
        (second, 55),
        (2, 72),
        (state, 76),
    ):
        number |= value << at
    return number.to_bytes(10, "little")


def edge(
    lat: float = 20.27, lon: float = 100.41, *, at: datetime = NOW, order: Any = "big"
) -> bytes:
    """Return a record of Teltonika's Iridium Edge."""
    out = int(at.timestamp()).to_bytes(4, order)
    out += round((lon + 180) * 46603.375).to_bytes(3) + round((lat + 90) * 93206.75).to_bytes(3)
    return out + bytes((0, 1, 0, 36))


def said_in(content: bytes, payload: str | None) -> list[Transmission]:
    (first, *rest), reasons, _ = hear(iridium_sbd, message(content), payload=payload)
    assert (reasons, first.position) == ([], None)
    return rest


@pytest.mark.parametrize(
    "text",
    [
        "20.27300,100.41200",
        "boat 3 at 20.27300, 100.41200 all well",
        "LAT:20.273 LON:100.412",
        "lat=20.273&lon=100.412".replace("&", ","),
        "20.273N 100.412E",
        "N 20 16.380 E 100 24.720",
        "20°16.380'N, 100°24.720'E",
    ],
)
def test_pair_of_degrees_in_a_text_is_a_place(text: str) -> None:
    (place,) = said_in(text.encode(), "text")
    assert place.position is not None
    assert place.position.lat == pytest.approx(20.273)
    assert place.position.lon == pytest.approx(100.412)
    assert (place.fix, place.device, place.distress) == (True, IMEI, False)
    assert place.facts["position_source"] == "payload"
    assert said_in(text.encode(), None) == []


def test_south_and_west_are_negative() -> None:
    (place,) = said_in(b"33.500S 70.250W", "text")
    assert place.position is not None
    assert (place.position.lat, place.position.lon) == (-33.5, -70.25)


@pytest.mark.parametrize(
    "text", ["all well", "12.5 V", "battery 3.91, temp 28.40 C", "95.20,100.4"]
)
def test_other_words_are_no_place(text: str) -> None:
    for transmission in said_in(text.encode(), "text"):
        assert transmission.position is None or abs(transmission.position.lat) <= 90


def test_text_that_begins_with_sos_is_a_call_for_help() -> None:
    (call,) = said_in(b"SOS engine on fire", "text")
    assert (call.kind, call.distress) == ("distress", True)
    (call,) = said_in(b"SOS 20.273,100.412", "text")
    assert call.distress
    assert call.position is not None
    assert call.position.lat == 20.273  # its S is no south


@pytest.mark.parametrize(("lat", "lon"), [(20.27, 100.41), (-33.5, -70.25), (89.9, 179.9)])
def test_ten_bytes_of_a_tracker_are_a_place_and_a_time(lat: float, lon: float) -> None:
    (place,) = said_in(nal10(lat, lon), "nal10")
    assert place.position is not None
    assert place.position.lat == pytest.approx(lat, abs=1e-6)
    assert place.position.lon == pytest.approx(lon, abs=1e-6)
    assert place.device_time == datetime(2026, 11, 25, 11, 56, 40, tzinfo=UTC)
    assert (place.fix, place.distress) == (True, False)


def test_ten_bytes_may_be_a_call_for_help() -> None:
    (call,) = said_in(nal10(state=3), "nal10")
    assert (call.distress, call.facts["alarm"]) == (True, "sos")
    (stale,) = said_in(nal10(state=2), "nal10")
    assert (stale.distress, stale.fix, stale.flags) == (True, False, ("stale_position",))


@pytest.mark.parametrize("order", ["big", "little"])
def test_records_of_an_edge_are_places(order: str) -> None:
    first, second = said_in(edge(order=order) + edge(lat=20.28, order=order), "teltonika")
    assert first.position is not None
    assert second.position is not None
    assert first.position.lat == pytest.approx(20.27, abs=2e-5)
    assert first.position.lon == pytest.approx(100.41, abs=3e-5)
    assert second.position.lat == pytest.approx(20.28, abs=2e-5)
    assert first.position.speed_mps == pytest.approx(10.0)
    assert first.device_time == NOW
    assert first.duplicate_key != second.duplicate_key


def test_what_does_not_fit_its_layout_leaves_the_message_alone() -> None:
    for name in PAYLOADS:
        assert said_in(b"\xff\xfe\xfd", name) == []
        assert said_in(b"", name) == []


@given(content=st.binary(max_size=60), name=st.sampled_from(sorted(PAYLOADS)))
def test_any_content_is_survived(content: bytes, name: str) -> None:
    for transmission in said_in(content, name):
        place = transmission.position
        assert place is None or (-90 <= place.lat <= 90 and -180 <= place.lon <= 180)
