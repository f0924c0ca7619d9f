from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nacl.secret import SecretBox

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order, OrderError, OrderKind
from radio_gateway.protocols import owntracks
from tests.radio_gateway.protocols.sentences import NOW

TOPIC = "owntracks/jane/phone"
PLACE: dict[str, Any] = {"_type": "location", "lat": 20.273, "lon": 100.412, "tst": 1795000000}


def said_by(
    message: object, *, topic: str | None = TOPIC, settings: DecoderSettings | None = None
) -> Transmission:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    decoder = owntracks.decoder(settings or DecoderSettings())
    (transmission,) = decoder.decode(Frame(payload, NOW, topic))
    assert (decoder.flush(None), decoder.waiting(), decoder.rejected()) == ([], False, [])
    return transmission


def refused(message: object, **more: Any) -> str:
    with pytest.raises(FrameError) as caught:
        said_by(message, **more)
    return caught.value.reason


def locked(message: object, secret: str) -> dict[str, str]:
    box = SecretBox(secret.encode().ljust(32, b"\0")).encrypt(json.dumps(message).encode())
    return {"_type": "encrypted", "data": base64.b64encode(box).decode()}


def test_location_says_place_motion_time_and_battery() -> None:
    transmission = said_by(
        PLACE
        | {"vel": 36, "cog": 360, "alt": 352, "acc": 8, "vac": 3, "batt": 67, "tid": "P1", "t": "u"}
        | {"created_at": 1795000246}
    )
    position = transmission.position
    assert position is not None
    assert (position.lat, position.lon, position.altitude_m) == (20.273, 100.412, 352.0)
    assert (position.speed_mps, position.course_deg, position.accuracy_m) == (10.0, 0.0, 8.0)
    assert transmission.device_time == datetime.fromtimestamp(1795000000, UTC)
    assert transmission.passed_on_at == datetime.fromtimestamp(1795000246, UTC)
    assert transmission.device == "jane/phone"
    assert transmission.facts == {
        "tid": "P1",
        "trigger": "u",
        "battery_pct": 67.0,
        "vertical_accuracy_m": 3,
    }


def test_absent_value_is_unknown_and_a_zero_that_was_sent_is_zero() -> None:
    absent = said_by(PLACE).position
    assert absent is not None
    assert (absent.speed_mps, absent.course_deg, absent.altitude_m) == (None, None, None)
    zero = said_by(PLACE | {"vel": 0, "cog": 0, "alt": 0}).position
    assert zero is not None
    assert (zero.speed_mps, zero.course_deg, zero.altitude_m) == (0.0, 0.0, 0.0)
    unknown = said_by(PLACE | {"vel": -1, "cog": -1}).position
    assert unknown is not None
    assert (unknown.speed_mps, unknown.course_deg) == (None, None)


@pytest.mark.parametrize(
    ("topic", "inside", "device"),
    [
        ("owntracks/jane/phone", None, "jane/phone"),
        ("/owntracks/jane/phone/event", None, "jane/phone"),
        ("site-3/owntracks/jane/phone", None, "jane/phone"),
        ("owntracks/jane/phone", "owntracks/mallory/phone", "jane/phone"),
        ("/in/phones", "owntracks/jane/phone", "jane/phone"),
        (None, "owntracks/jane/phone", "jane/phone"),
        (None, None, "P1"),
    ],
)
def test_device_is_that_of_the_link_before_that_of_the_message(
    topic: str | None, inside: str | None, device: str
) -> None:
    message = PLACE | {"tid": "P1"} | ({} if inside is None else {"topic": inside})
    assert said_by(message, topic=topic).device == device


def test_same_fix_sent_again_has_the_same_key_for_ever() -> None:
    first, again = said_by(PLACE), said_by(PLACE | {"batt": 3})
    assert first.duplicate_key == again.duplicate_key is not None
    assert first.duplicate_window_s is None
    assert said_by(PLACE | {"tst": 1795000001}).duplicate_key != first.duplicate_key


def test_transition_says_what_was_crossed_and_where() -> None:
    transmission = said_by(
        PLACE | {"_type": "transition", "event": "enter", "desc": "Pier 3", "wtst": 1}
    )
    assert (transmission.kind, transmission.status, transmission.text) == (
        "transition",
        "enter",
        "Pier 3",
    )
    assert transmission.position is not None


def test_last_will_does_not_take_the_time_of_connection_for_its_own() -> None:
    transmission = said_by({"_type": "lwt", "tst": 1795000000})
    assert (transmission.kind, transmission.position, transmission.device_time) == (
        "lwt",
        None,
        None,
    )
    assert transmission.facts["connected_at"] == "2026-11-18T11:06:40+00:00"


def test_waypoint_is_not_where_the_phone_is() -> None:
    transmission = said_by(PLACE | {"_type": "waypoint", "desc": "Pier 3", "rad": 100})
    assert (transmission.kind, transmission.position, transmission.text) == (
        "waypoint",
        None,
        "Pier 3",
    )
    assert transmission.mark is not None
    assert (transmission.mark.name, transmission.mark.radius_m) == ("Pier 3", 100.0)
    assert (transmission.mark.lon, transmission.mark.lat) == (PLACE["lon"], PLACE["lat"])


def test_list_of_waypoints_is_each_of_them() -> None:
    each = [{"_type": "waypoint", "desc": f"Pier {n}", "lat": 20.0, "lon": 100.0} for n in (1, 2)]
    message = {"_type": "waypoints", "waypoints": [*each, "no waypoint"]}
    payload = json.dumps(message).encode()
    found = owntracks.decoder(DecoderSettings()).decode(Frame(payload, NOW, TOPIC))
    assert [transmission.mark.name for transmission in found if transmission.mark is not None] == [
        "Pier 1",
        "Pier 2",
    ]
    assert len({transmission.duplicate_key for transmission in found}) == 2
    assert said_by({"_type": "waypoints", "waypoints": []}).kind == "other"


@pytest.mark.parametrize("type_", ["card", "steps", "configuration", "something-new"])
def test_other_types_are_valid_and_say_nothing_about_position(type_: str) -> None:
    assert said_by({"_type": type_}).kind == "other"


def test_encrypted_message_is_read_with_the_secret_of_its_device_first() -> None:
    settings = DecoderSettings(secret="wrong", secrets={"jane/phone": "right"})
    transmission = said_by(locked(PLACE, "right"), settings=settings)
    assert transmission.position is not None
    assert transmission.facts["encrypted"] is True
    assert transmission.raw.startswith(b'{"_type": "encrypted"')
    assert said_by(locked(PLACE, "wrong"), topic="owntracks/joe/phone", settings=settings).device


def test_long_secret_is_cut_to_the_key_length() -> None:
    box = locked(PLACE, "x" * 32)
    assert said_by(box, settings=DecoderSettings(secret="x" * 40)).position is not None


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "empty"),
        (b"{", "json"),
        (b"\xff", "json"),
        (b"[]", "json"),
        (b"[" * 60_000, "json"),
        (b'{"_type":"location","lat":NaN,"lon":1,"tst":1}', "json_nan"),
        (b'{"_type":"location","lat":1,"lon":-Infinity,"tst":1}', "json_nan"),
        (b'{"_type":"location","lat":1e999,"lon":1}', "json"),
        ({"lat": 1, "lon": 2}, "no_type"),
        ({"_type": "location", "lon": 2}, "missing_lat"),
        ({"_type": "location", "lat": 2}, "missing_lon"),
        ({"_type": "location", "lat": 148.85, "lon": 2}, "lat_range"),
        ({"_type": "location", "lat": 2, "lon": 200}, "lon_range"),
        ({"_type": "location", "lat": 0, "lon": 0}, "null_island"),
        ({"_type": "location", "lat": "20", "lon": 100}, "bad_field"),
        ({"_type": "location", "lat": True, "lon": 100}, "bad_field"),
        (PLACE | {"tst": -5}, "bad_field"),
        (PLACE | {"tst": 1e30}, "bad_field"),
        (PLACE | {"tst": "now"}, "bad_field"),
        (PLACE | {"pad": "x" * 70_000}, "too_long"),
        ({"_type": "encrypted", "data": "1Vu7Owp ... W4lM"}, "base64"),
        ({"_type": "encrypted", "data": 5}, "base64"),
        ({"_type": "encrypted", "data": ""}, "decrypt_failed"),
        (locked(PLACE, "another"), "decrypt_failed"),
        (locked(locked(PLACE, "secret"), "secret"), "decrypt_failed"),
        (locked("no object", "secret"), "json"),
    ],
)
def test_damaged_or_impossible_is_refused_with_its_reason(message: object, reason: str) -> None:
    assert refused(message, settings=DecoderSettings(secret="secret")) == reason


def test_encrypted_message_without_a_secret_is_refused() -> None:
    assert refused(locked(PLACE, "secret")) == "no_key"


def test_message_of_nobody_is_refused() -> None:
    assert refused(PLACE, topic="/in/phones") == "no_device"


def test_clock_ahead_is_flagged() -> None:
    assert said_by(PLACE | {"tst": 1895000000}).flags == ("future_time",)


def order(kind: OrderKind = "poll", device: str | None = "jane/phone") -> Order:
    return Order(
        id="o-1",
        kind=kind,
        channel="phones",
        operator="somchai",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
        device=device,
    )


def test_a_phone_is_asked_where_it_is_on_its_own_command_topic() -> None:
    outgoing = owntracks.encode(order(), DecoderSettings(), number=1)
    assert outgoing.topic == "owntracks/jane/phone/cmd"
    assert json.loads(outgoing.data) == {"_type": "cmd", "action": "reportLocation"}
    assert outgoing.answer is None


def test_a_phone_with_a_secret_is_asked_in_secret() -> None:
    settings = DecoderSettings(secrets={"jane/phone": "right"})
    data = owntracks.encode(order(), settings, number=1).data
    assert b"reportLocation" not in data
    transmission = said_by(data, topic="owntracks/jane/phone/cmd", settings=settings)
    assert (transmission.kind, transmission.status) == ("command", "reportLocation")


@pytest.mark.parametrize(
    "device", [None, "", "jane", "jane/phone/cmd", "+/phone", "jane/#", "/phone", "jane/"]
)
def test_a_command_goes_to_one_phone_and_no_pattern_of_them(device: str | None) -> None:
    with pytest.raises(OrderError, match="bad_device"):
        owntracks.encode(order(device=device), DecoderSettings(), number=1)


@pytest.mark.parametrize("kind", ["text", "alert", "distress"])
def test_a_phone_can_be_sent_no_text(kind: OrderKind) -> None:
    assert kind not in owntracks.ORDERS
    with pytest.raises(OrderError, match="no_words"):
        owntracks.encode(order(kind), DecoderSettings(), number=1)
