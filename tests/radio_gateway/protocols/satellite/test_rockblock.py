from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.messages.address_family import families_of
from radio_gateway.protocols.iridium import rockblock
from tests.radio_gateway.protocols.satellite.test_payloads import nal10
from tests.radio_gateway.protocols.sentences import frame, sentence
from tests.radio_gateway.protocols.trackers.streams import hear, hear_one, refusal, survives

IMEI = "300234010753370"
FIELDS = {
    "imei": IMEI,
    "serial": "12345",
    "momsn": "337",
    "transmit_time": "26-11-25 11:59:30",
    "iridium_latitude": "20.3000",
    "iridium_longitude": "100.5000",
    "iridium_cep": "8",
    "data": b"hello".hex(),
}


def form(**more: str) -> bytes:
    """Return a post as Ground Control's documentation lists its parameters."""
    return urlencode(FIELDS | more).encode()


def as_json(**more: Any) -> bytes:
    numbers = {"momsn": 337, "iridium_latitude": 20.3, "iridium_longitude": 100.5, "iridium_cep": 8}
    times = {"transmit_time": "2026-11-25T11:59:30Z"}
    return json.dumps(FIELDS | numbers | times | more).encode()


SAMPLES = (
    form(),
    as_json(),
    form(data=sentence("GPRMC,115958,A,2016.38,N,10024.72,E,9.7,162.6,251126,,").hex()),
    form(lat="20.27", lon="100.41", at="2026-11-25T11:59:00Z", trigger="BURST", battery="82"),
)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(claims: dict[str, Any], *, algorithm: str = "RS256", key: Any = KEY) -> str:
    """Return a JWT as RFC 7515 makes it."""

    def part(value: bytes) -> str:
        return urlsafe_b64encode(value).rstrip(b"=").decode()

    head = part(json.dumps({"alg": algorithm}).encode())
    body = part(json.dumps(claims).encode())
    mark = key.sign(f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{head}.{body}.{part(mark)}"


@pytest.mark.parametrize("data", [form(), as_json()])
def test_message_is_decoded_under_the_modems_address_and_answered(data: bytes) -> None:
    (transmission,), reasons, answers = hear(rockblock, data)
    assert (transmission.address, transmission.text, reasons) == (
        f"iridium_sbd:{IMEI}",
        "hello",
        [],
    )
    assert transmission.device_time == datetime(2026, 11, 25, 11, 59, 30, tzinfo=UTC)
    assert transmission.facts["momsn"] == 337
    assert answers == [b"OK"]
    assert families_of("rockblock") == ("iridium_sbd",)


def test_place_of_the_network_is_an_estimate() -> None:
    transmission = hear_one(rockblock, form())
    assert transmission.position is not None
    assert (
        transmission.position.lat,
        transmission.position.lon,
        transmission.position.accuracy_m,
    ) == (20.3, 100.5, 8000.0)
    assert (transmission.fix, transmission.flags) == (None, ("network_estimate",))
    nowhere = form(iridium_latitude="0.0", iridium_longitude="0.0")
    assert hear_one(rockblock, nowhere).kind == "text"


def test_payload_is_read_as_the_channel_says() -> None:
    (_, place), _, _ = hear(rockblock, SAMPLES[2])
    assert place.position is not None
    assert (place.kind, place.fix, place.device) == ("position", True, IMEI)
    assert place.position.lat == pytest.approx(20.273)
    (message, call), _, _ = hear(rockblock, form(data=nal10(state=3).hex()), payload="nal10")
    assert (message.distress, call.distress) == (False, True)
    assert call.position is not None
    assert message.duplicate_key != call.duplicate_key


def test_fix_of_a_tracker_is_decoded_beside_the_estimate() -> None:
    (_, fix), _, _ = hear(rockblock, SAMPLES[3])
    assert fix.position is not None
    assert (fix.position.lat, fix.fix, fix.facts["battery_pct"]) == (20.27, True, 82.0)
    assert fix.device_time == datetime(2026, 11, 25, 11, 59, tzinfo=UTC)
    (_, call), _, _ = hear(rockblock, form(trigger="SOS"))
    assert (call.distress, call.kind) == (True, "distress")


def test_same_message_sent_again_is_one() -> None:
    first, again = hear_one(rockblock, form()), hear_one(rockblock, as_json())
    assert first.duplicate_key == again.duplicate_key
    assert first.duplicate_window_s is None


def test_only_what_is_signed_is_taken_where_the_channel_has_the_key() -> None:
    claims = FIELDS | {"transmit_time": "2026-11-25T11:59:30Z", "iss": "Rock 7"}
    assert hear_one(rockblock, form(JWT=signed(claims)), secret=PUBLIC).text == "hello"
    assert refusal(rockblock, form(), secret=PUBLIC) == "no_signature"
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for token in (
        signed(claims, key=other),
        signed(claims, algorithm="none"),
        signed(claims | {"data": "00"}),
        signed(claims | {"iridium_latitude": "20.4"}),
        signed({"imei": IMEI}),
        "a.b.c",
        signed(claims).replace(".", ".A", 1),
    ):
        assert refusal(rockblock, form(JWT=token), secret=PUBLIC) == "bad_signature"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b" ", "empty"),
        (b'{"momsn"', "json"),
        (b"[1]", "bad_imei"),
        (form(imei="12"), "bad_imei"),
        (form(momsn="x"), "bad_number"),
        (form(transmit_time="yesterday"), "bad_time"),
        (form(data="4g"), "bad_hex"),
        (form(iridium_latitude="95"), "lat_range"),
        (form(iridium_cep="wide"), "bad_number"),
        (b"imei=\xff", "bad_field"),
        (b"imei=1&" + b"a=1&" * 100, "too_many"),
        (b"imei=" + b"1" * 20_000, "too_long"),
    ],
)
def test_bad_post_is_rejected(data: bytes, reason: str) -> None:
    assert refusal(rockblock, data) == reason


@given(fields=st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=30)))
def test_any_fields_are_survived(fields: dict[str, str]) -> None:
    survives(rockblock, form(**fields), [])
    survives(rockblock, as_json(**fields), [])


def test_what_it_is_is_seen_in_it() -> None:
    assert all(rockblock.speaks(frame(each)) for each in SAMPLES)
    assert not rockblock.speaks(frame(b"id=1&lat=2"))
