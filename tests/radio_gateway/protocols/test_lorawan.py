from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Signal, Transmission
from radio_gateway.protocols.lorawan import lorawan
from radio_gateway.protocols.lorawan.cayenne import read_cayenne
from tests.radio_gateway.protocols.sentences import NOW, frame

EUI = "70b3d57ed0050a01"
SENT = "2026-11-25T11:59:58.500000Z"
PLACE = {"latitude": 20.27, "longitude": 100.41, "altitude": 352.0}
FAR = {"latitude": 21.5, "longitude": 101.9, "altitude": 700}


def cayenne(*, lat: float = 20.27, lon: float = 100.41, altitude: float = 352.0) -> bytes:
    """Return a place on channel 1 and a voltage on channel 2 as Cayenne LPP writes them."""
    numbers = (round(lat * 1e4), round(lon * 1e4), round(altitude * 100))
    return b"\1\x88" + b"".join(n.to_bytes(3, signed=True) for n in numbers) + b"\2\2\1\x86"


def chirpstack(decoded: object = None, data: bytes = b"\1\2", **more: Any) -> dict[str, Any]:
    """Return an uplink as ChirpStack 4's documentation of its events shows it."""
    message: dict[str, Any] = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": SENT.replace("Z", "+00:00"),
        "deviceInfo": {
            "tenantName": "Patrol",
            "deviceName": "boat 3",
            "devEui": EUI,
            "tags": {"lat": "1", "lon": "1"},
        },
        "devAddr": "00189440",
        "fCnt": 7,
        "fPort": 5,
        "data": b64encode(data).decode(),
        "rxInfo": [
            {"gatewayId": "0016c001f153a14c", "rssi": -97, "snr": 4.5, "location": FAR},
            {"gatewayId": "0016c001f153a14d", "rssi": -61, "snr": 9.0, "location": FAR},
        ],
    }
    if decoded is not None:
        message["object"] = decoded
    return message | more


def things(decoded: object = None, data: bytes = b"\1\2", **more: Any) -> dict[str, Any]:
    """Return an uplink as The Things Stack's documentation of its data formats shows it."""
    up: dict[str, Any] = {
        "session_key_id": "AXBSH1Pk6Z0G166RlH16CQ==",
        "f_port": 5,
        "f_cnt": 7,
        "frm_payload": b64encode(data).decode(),
        "rx_metadata": [
            {"gateway_ids": {"gateway_id": "pier"}, "rssi": -61, "snr": 9.0, "location": FAR}
        ],
        "received_at": SENT,
        "locations": {"user": FAR | {"source": "SOURCE_REGISTRY"}},
    }
    if decoded is not None:
        up["decoded_payload"] = decoded
    return {
        "end_device_ids": {
            "device_id": "boat-3",
            "application_ids": {"application_id": "patrol"},
            "dev_eui": EUI.upper(),
        },
        "received_at": "2026-11-25T11:59:59Z",
        "uplink_message": up | more,
    }


def said_by(message: object, topic: str | None = None, **settings: Any) -> Transmission:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    decoder = lorawan.decoder(DecoderSettings(**settings))
    (transmission,) = decoder.decode(Frame(payload, NOW, topic))
    return transmission


def refused(message: object, topic: str | None = None) -> str:
    with pytest.raises(FrameError) as caught:
        said_by(message, topic)
    return caught.value.reason


SAMPLES = tuple(
    json.dumps(each).encode()
    for each in (
        chirpstack(PLACE),
        things(PLACE | {"battery": 88, "sos": False}),
        chirpstack(data=cayenne()),
        things(data=cayenne()),
        chirpstack({"messages": [[{"type": "Latitude", "measurementValue": "20.27"}]]}),
        chirpstack() | {"location": PLACE | {"source": "GEO_RESOLVER_TDOA", "accuracy": 90}},
    )
)


@pytest.mark.parametrize("wrap", [chirpstack, things])
def test_place_and_sender_are_alike_from_both_servers(wrap: Any) -> None:
    transmission = said_by(
        wrap(PLACE | {"heading": 90, "hdop": 0.9, "sats": 7, "batteryLevel": 88})
    )
    assert (transmission.address, transmission.kind, transmission.fix) == (
        f"lorawan:{EUI}",
        "position",
        True,
    )
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (20.27, 100.41)
    assert (transmission.position.altitude_m, transmission.position.course_deg) == (352.0, 90.0)
    assert transmission.device_time is None
    assert transmission.passed_on_at == datetime(2026, 11, 25, 11, 59, 58, 500_000, tzinfo=UTC)
    assert transmission.facts["battery_pct"] == 88
    assert (transmission.facts["hdop"], transmission.facts["satellites"]) == (0.9, 7)
    assert (transmission.facts["port"], transmission.facts["counter"]) == (5, 7)
    assert transmission.signal is not None
    assert (transmission.signal.rssi_dbm, transmission.signal.snr_db) == (-61.0, 9.0)


def test_gateway_that_heard_it_best_is_the_one_named() -> None:
    signal = Signal(station="0016c001f153a14d", rssi_dbm=-61.0, snr_db=9.0)
    assert said_by(chirpstack(PLACE)).signal == signal


@pytest.mark.parametrize("message", [chirpstack({"temperature": 30}), things({"temperature": 30})])
def test_neither_a_gateways_place_nor_a_registered_one_is_the_devices(
    message: dict[str, Any],
) -> None:
    transmission = said_by(message)
    assert (transmission.position, transmission.kind) == (None, "other")


@pytest.mark.parametrize(
    "decoded",
    [
        {"lat": 20.27, "lon": 100.41},
        {"Latitude": "20.27", "Longitude": "100.41"},
        {"gps_1": PLACE},
        {"gpsLocation": {"1": PLACE}, "analogInput": {"2": 3.9}},
        {"data": {"position": {"GPS_Lat": 20.27, "gps_lng": 100.41}}},
        {"location": {"type": "Point", "coordinates": [100.41, 20.27]}},
        {
            "valid": True,
            "messages": [
                [
                    {"measurementId": "4197", "type": "Longitude", "measurementValue": "100.41"},
                    {"measurementId": "4198", "type": "Latitude", "measurementValue": "20.27"},
                ]
            ],
        },
        {"gateway": {"lat": 1.0, "lon": 1.0}, "gps": {"lat": 20.27, "lon": 100.41}},
    ],
)
def test_place_is_found_under_the_names_that_codecs_use(decoded: object) -> None:
    transmission = said_by(chirpstack(decoded))
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (20.27, 100.41)


@pytest.mark.parametrize("wrap", [chirpstack, things])
def test_cayenne_bytes_are_read_where_no_codec_ran(wrap: Any) -> None:
    transmission = said_by(wrap(data=cayenne()))
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (20.27, 100.41)
    assert transmission.position.altitude_m == 352.0
    assert transmission.facts["payload"] == "cayenne_lpp"


@pytest.mark.parametrize(
    "data",
    [
        cayenne()[:-1],
        cayenne() + b"\0",
        cayenne(lat=95.0),
        cayenne(altitude=80_000),
        b"\2\2\1\x86",
        b"",
        b"hello",
    ],
)
def test_bytes_that_do_not_fit_to_the_last_are_no_cayenne(data: bytes) -> None:
    assert read_cayenne(data) is None


def test_payload_that_nobody_decoded_is_kept_for_the_technician() -> None:
    transmission = said_by(chirpstack(data=b"\xde\xad"))
    assert (transmission.kind, transmission.position, transmission.facts["payload_hex"]) == (
        "other",
        None,
        "dead",
    )


def test_zeros_of_a_codec_are_no_place() -> None:
    transmission = said_by(chirpstack({"latitude": 0, "longitude": 0}))
    assert (transmission.position, transmission.fix, transmission.flags) == (
        None,
        False,
        ("no_fix",),
    )
    transmission = said_by(chirpstack(PLACE | {"fix": False}))
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))


def test_time_of_the_fix_is_the_devices_where_the_payload_has_it() -> None:
    for time in ("2026-11-25T11:00:00.000Z", 1795604400, 1795604400000):
        transmission = said_by(chirpstack(PLACE | {"time": time}))
        assert transmission.device_time == datetime(2026, 11, 25, 11, tzinfo=UTC)
    assert said_by(chirpstack(PLACE | {"time": "noon"})).device_time is None


def test_speed_without_a_unit_is_a_fact_as_received() -> None:
    transmission = said_by(chirpstack(PLACE | {"speed": 36}))
    assert transmission.position is not None
    assert (transmission.position.speed_mps, transmission.facts["speed_raw"]) == (None, 36.0)
    for name, value in (("speed_kmh", 36), ("speedMps", 10), ("speed_knots", 10 / (1852 / 3600))):
        transmission = said_by(chirpstack(PLACE | {name: value}))
        assert transmission.position is not None
        assert transmission.position.speed_mps == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("fields", "distress"),
    [
        ({"sos": True}, True),
        ({"SOS_status": 1}, True),
        ({"ALARM_status": "TRUE"}, True),
        ({"alarm": "SOS"}, True),
        ({"event": [{"id": 7, "eventName": "SOS event."}]}, True),
        ({"status": "man_down"}, True),
        ({"sos": False, "alarm": 0, "event": "none"}, False),
        ({"alarm": "low_battery"}, False),
        ({"status": "no_movement"}, False),
        ({"alarm": 6}, False),
    ],
)
def test_sos_is_a_call_for_help_under_its_many_names(
    fields: dict[str, Any], distress: bool
) -> None:
    transmission = said_by(chirpstack(PLACE | fields))
    assert transmission.distress is distress
    assert said_by(things(fields)).distress is distress


def test_call_without_a_place_is_decoded_too() -> None:
    transmission = said_by(chirpstack({"sos": True}))
    assert (transmission.kind, transmission.distress, transmission.position) == (
        "distress",
        True,
        None,
    )


def test_fleet_says_which_further_fields_call_for_help() -> None:
    calls = frozenset({"button=3", "digitalInput.2=1"})
    for decoded in ({"button": 3}, {"button": 3.0}, {"digitalInput": {"2": 1}}):
        assert said_by(chirpstack(decoded), distress_statuses=calls).distress
        assert not said_by(chirpstack(decoded)).distress
    assert not said_by(chirpstack({"button": 2}), distress_statuses=calls).distress


def test_place_that_the_network_worked_out_is_an_estimate() -> None:
    event = chirpstack()
    del event["rxInfo"], event["data"]
    for more, accuracy_m in (({"source": "GEO_RESOLVER_TDOA", "accuracy": 90}, 90.0), ({}, 2000.0)):
        transmission = said_by(event | {"location": PLACE | more})
        assert transmission.position is not None
        assert (transmission.position.accuracy_m, transmission.fix) == (accuracy_m, None)
        assert transmission.flags == ("network_estimate",)
    assert said_by(event | {"location": PLACE | {"source": "CONFIG"}}).position is None
    solved = things() | {"location_solved": {"location": PLACE | {"source": "SOURCE_LORA_TDOA"}}}
    del solved["uplink_message"]
    assert said_by(solved).flags == ("network_estimate",)


def test_place_that_the_things_stack_took_from_the_payload_is_a_fix() -> None:
    transmission = said_by(things(locations={"frm-payload": PLACE | {"source": "SOURCE_GPS"}}))
    assert transmission.position is not None
    assert (transmission.fix, transmission.flags, transmission.position.lat) == (True, (), 20.27)


def test_join_status_and_log_say_that_the_device_lives() -> None:
    info = {key: chirpstack()[key] for key in ("deduplicationId", "time", "deviceInfo")}
    join = said_by(info | {"devAddr": "00189440"})
    assert (join.kind, join.status, join.device) == ("status", "join", EUI)
    status = said_by(info | {"margin": 10, "batteryLevel": 88.3})
    assert (status.kind, status.facts["battery_pct"]) == ("status", 88.3)
    log = said_by(info | {"level": "ERROR", "code": "UPLINK_MIC", "description": "MIC is invalid"})
    assert (log.kind, log.status, log.facts["note"]) == ("other", "log", "MIC is invalid")
    downlink = said_by(info | {"queueItemId": "1", "acknowledged": True})
    assert (downlink.kind, downlink.status) == ("other", "downlink")


def test_one_uplink_by_two_ways_is_one_and_the_next_another() -> None:
    first, again = said_by(chirpstack(PLACE)), said_by(chirpstack(PLACE), "application/1/x")
    assert first.duplicate_key == again.duplicate_key
    assert first.duplicate_window_s is None
    keys = {said_by(things(PLACE, f_cnt=number)).duplicate_key for number in (7, 8)}
    assert len(keys) == 2


def test_device_without_an_eui_goes_by_the_names_of_application_and_device() -> None:
    message = things(PLACE)
    del message["end_device_ids"]["dev_eui"]
    assert said_by(message).device == "patrol/boat-3"


def test_message_that_somebody_simulated_is_marked_so() -> None:
    assert said_by(things(PLACE) | {"simulated": True}).flags == ("simulator",)


def test_topic_names_the_same_device() -> None:
    right = f"application/a1/device/{EUI}/event/up"
    assert said_by(chirpstack(PLACE), right).position is not None
    assert refused(chirpstack(PLACE), right.replace("70b3", "70b4")) == "device_mismatch"
    assert said_by(things(PLACE), "v3/patrol@ttn/devices/boat-3/up").position is not None
    assert refused(things(PLACE), "v3/patrol@ttn/devices/boat-4/up") == "device_mismatch"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b" ", "empty"),
        (b"{", "json"),
        (b"[1]", "bad_field"),
        ({"deviceInfo": 3}, "bad_field"),
        ({"deviceInfo": {"devEui": "boat"}}, "no_device"),
        ({"end_device_ids": {"device_id": "boat\x003"}}, "no_device"),
        (chirpstack({"latitude": 95, "longitude": 100}), "lat_range"),
        (b'{"deviceInfo":"' + b"x" * 70_000 + b'"}', "too_long"),
        (b'{"deviceInfo":' * 4000, "json"),
    ],
)
def test_bad_message_is_refused(message: object, reason: str) -> None:
    assert refused(message) == reason


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lat", "lon", "type", "coordinates", "sos", "a"]), inner)
    ),
    max_leaves=20,
)


@given(decoded=_JSON)
def test_any_object_is_survived(decoded: object) -> None:
    try:
        transmission = said_by(chirpstack(decoded))
    except FrameError:
        return
    place = transmission.position
    assert place is None or (-90 <= place.lat <= 90 and -180 <= place.lon <= 180)


def test_what_it_is_is_seen_in_it() -> None:
    assert all(lorawan.speaks(frame(each)) for each in SAMPLES)
    assert not lorawan.speaks(frame(b'{"_type": "location"}'))
