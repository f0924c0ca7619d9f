from __future__ import annotations

import json
from datetime import timedelta
from math import radians
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.address_family import families_of
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import signalk
from radio_gateway.protocols.signalk import MAX_VESSELS, SignalkDecoder
from tests.radio_gateway.protocols.sentences import NOW, frame

OWN = "vessels.urn:mrn:imo:mmsi:574000001"
OTHER = "vessels.urn:mrn:imo:mmsi:574123456"
UUID = "c0d79334-4e25-4245-8892-54e8ccc8021d"
PLACE = {"latitude": 20.27, "longitude": 100.41}
MOTION = {
    "navigation.speedOverGround": 5.1,
    "navigation.courseOverGroundTrue": radians(90),
    "navigation.headingTrue": radians(91),
}


def hello(own: str = OWN) -> bytes:
    greeting = {"name": "signalk-server", "version": "2.23.0", "self": own, "roles": ["master"]}
    return json.dumps(greeting).encode()


def update(
    values: dict[str, Any],
    *,
    after_s: float = 0.0,
    source: str = "in.AI",
    by: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one update as the specification's delta format has it."""
    time = NOW + timedelta(seconds=after_s)
    return {
        "$source": source,
        "source": {"label": "in", "type": "NMEA0183"} | (by or {"sentence": "VDM"}),
        "timestamp": f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z",
        "values": [{"path": path, "value": value} for path, value in values.items()],
    }


def delta(*updates: dict[str, Any], context: str = OTHER) -> bytes:
    return json.dumps({"context": context, "updates": list(updates)}).encode()


def placed(where: Any = PLACE, *, context: str = OTHER, after_s: float = 0.0, **more: Any) -> bytes:
    return delta(update({"navigation.position": where}, after_s=after_s, **more), context=context)


SAMPLES = (
    hello(),
    placed(),
    placed(context=OWN, by={"sentence": "RMC", "talker": "GP"}),
    delta(update({"": {"name": "RIVER 7"}, "navigation.position": PLACE} | MOTION)),
    delta(update(MOTION, by={"pgn": 129026, "src": "3"}), update({"navigation.position": PLACE})),
    delta(update({"notifications.mob": {"state": "emergency", "message": "MOB"}}), context=OWN),
    placed(context=f"vessels.urn:mrn:signalk:uuid:{UUID}"),
)


class Server:
    """A decoder that hears messages one after the other."""

    def __init__(self, own: str = OWN) -> None:
        self.decoder: SignalkDecoder = signalk.decoder(DecoderSettings())
        self.hear(hello(own))

    def hear(self, *messages: bytes, after_s: float = 0.0) -> list[Transmission]:
        transmissions: list[Transmission] = []
        for message in messages:
            transmissions += self.decoder.decode(frame(message, after_s=after_s))
        return transmissions

    def hear_one(self, *messages: bytes) -> Transmission:
        (transmission,) = self.hear(*messages)
        assert self.decoder.rejected() == []
        return transmission


def test_vessel_with_an_mmsi_has_its_address_in_ais() -> None:
    transmission = Server().hear_one(delta(update({"navigation.position": PLACE} | MOTION)))
    assert (transmission.address, transmission.kind, transmission.fix) == (
        "ais:574123456",
        "position",
        True,
    )
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (20.27, 100.41)
    assert transmission.position.speed_mps == 5.1
    assert transmission.position.course_deg == pytest.approx(90.0)
    assert transmission.position.heading_deg == pytest.approx(91.0)
    assert (transmission.device_time, transmission.passed_on_at) == (None, NOW)
    assert families_of("signalk") == ("signalk", "ais")


def test_vessel_without_an_mmsi_goes_by_its_uuid() -> None:
    context = f"vessels.urn:mrn:signalk:uuid:{UUID}"
    assert Server().hear_one(placed(context=context)).address == f"signalk:{UUID}"


def test_servers_own_vessel_is_the_one_that_its_greeting_names() -> None:
    for context in (OWN, "vessels.self"):
        transmission = Server().hear_one(placed(context=context))
        assert (transmission.address, transmission.facts["own_ship"]) == ("ais:574000001", True)
    nameless = Server("vessels.self").hear_one(placed(context="vessels.self"))
    assert (nameless.device, nameless.protocol) == (None, "signalk")
    assert "own_ship" not in Server().hear_one(placed()).facts


def test_source_is_a_fact_and_no_part_of_who_it_is() -> None:
    one = Server().hear_one(placed(source="a.AI"))
    other = Server().hear_one(placed(source="b.AI"))
    assert (one.facts["source"], one.facts["sentence"]) == ("a.AI", "VDM")
    assert (one.address, one.duplicate_key) == (other.address, other.duplicate_key)


def test_time_of_a_gnss_sentence_is_the_devices_and_any_other_the_servers() -> None:
    own = Server().hear_one(placed(context=OWN, by={"sentence": "RMC"}))
    assert own.device_time == NOW
    own = Server().hear_one(placed(context=OWN, by={"pgn": 129025, "src": "3"}))
    assert (own.device_time, own.passed_on_at, own.facts["pgn"]) == (None, NOW, "129025")
    assert Server().hear_one(placed(by={"sentence": "RMC"})).device_time is None


def test_motion_that_comes_by_itself_joins_the_next_position() -> None:
    server = Server()
    assert server.hear(delta(update(MOTION))) == []
    transmission = server.hear_one(placed(after_s=1))
    assert transmission.position is not None
    assert transmission.position.speed_mps == 5.1
    late = server.hear_one(placed(after_s=20))
    assert late.position is not None
    assert late.position.speed_mps is None


def test_ten_positions_a_second_become_one() -> None:
    server = Server()
    said = [server.hear(placed(after_s=number / 10)) for number in range(25)]
    assert sum(map(len, said)) == 3


def test_of_two_sources_the_first_counts_until_it_is_silent() -> None:
    server = Server()
    first = placed({"latitude": 20.0, "longitude": 100.0}, source="gps1")
    assert server.hear(first)
    for after_s in (2.0, 5.0, 9.0):
        assert server.hear(placed(source="gps2", after_s=after_s)) == []
    assert server.hear_one(placed(source="gps2", after_s=11.0)).facts["source"] == "gps2"


def test_old_cached_position_keeps_its_old_time() -> None:
    transmission = Server().hear_one(placed(after_s=-3600))
    assert transmission.passed_on_at == NOW - timedelta(hours=1)


def test_name_and_call_sign_are_decoded_once() -> None:
    server = Server()
    who = delta(
        update({"": {"name": "RIVER 7", "communication": {"callsignVhf": "XW1"}}}),
        update({"design.aisShipType": {"id": 70, "name": "Cargo"}}),
    )
    transmissions = server.hear(who)
    facts = {name: fact for each in transmissions for name, fact in each.facts.items()}
    assert {each.kind for each in transmissions} == {"static"}
    assert (facts["ship_name"], facts["callsign"], facts["ship_type"]) == ("RIVER 7", "XW1", 70)
    assert server.hear(who) == []


def test_aid_to_navigation_is_a_station() -> None:
    transmission = Server().hear_one(placed(context="atons.urn:mrn:imo:mmsi:995741111"))
    assert transmission.facts["station"] == "aid_to_navigation"
    base = update({"navigation.position": PLACE, "sensors.ais.class": "BASE"})
    transmission = Server().hear_one(delta(base, context="atons.urn:mrn:imo:mmsi:005741111"))
    assert transmission.facts["station"] == "base"


def test_beacon_that_is_on_is_a_call_for_help_and_one_under_test_is_none() -> None:
    context = "vessels.urn:mrn:imo:mmsi:972123456"
    for state, distress, flags in (("ais-sart", True, ()), ("default", False, ("test",))):
        values = {"navigation.position": PLACE, "navigation.state": state}
        transmission = Server().hear_one(delta(update(values), context=context))
        assert (transmission.distress, transmission.flags, transmission.facts["beacon"]) == (
            distress,
            flags,
            "mob",
        )
    ship = Server().hear_one(
        delta(update({"navigation.position": PLACE, "navigation.state": "ais-sart"}))
    )
    assert not ship.distress


def test_emergency_of_a_distress_notification_is_a_call_for_help_until_it_is_over() -> None:
    server = Server()
    cry = {"state": "emergency", "message": "Man overboard", "method": ["visual", "sound"]}
    call = server.hear_one(delta(update({"notifications.mob": cry}), context=OWN))
    assert (call.kind, call.distress, call.text) == ("distress", True, "Man overboard")
    assert (call.address, call.status) == ("ais:574000001", "mob")
    over = server.hear_one(
        delta(update({"notifications.mob": {"state": "normal"}}, after_s=60), context=OWN)
    )
    assert (over.distress, over.flags) == (False, ("distress_cancelled",))
    assert over.duplicate_key != call.duplicate_key


@pytest.mark.parametrize(
    "values",
    [
        {"notifications.mob": {"state": "alert", "message": "test"}},
        {"notifications.mob": {"state": "normal"}},
        {"notifications.mob": None},
        {"notifications.electrical.batteries.1": {"state": "emergency"}},
        {"notifications.navigation.anchor": {"state": "emergency"}},
    ],
)
def test_other_notifications_are_no_call(values: dict[str, Any]) -> None:
    assert Server().hear(delta(update(values), context=OWN)) == []


def test_position_without_a_fix_says_so() -> None:
    transmission = Server().hear_one(placed(None))
    assert (transmission.position, transmission.fix, transmission.flags) == (
        None,
        False,
        ("no_fix",),
    )
    values = {"navigation.position": PLACE, "navigation.gnss.methodQuality": "no GPS"}
    transmission = Server().hear_one(delta(update(values)))
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))
    values["navigation.gnss.methodQuality"] = "Simulator mode"
    assert "simulator" in Server().hear_one(delta(update(values))).flags


def test_bad_update_costs_only_itself() -> None:
    server = Server()
    bad = update({"navigation.position": {"latitude": 95, "longitude": 1}})
    transmissions = server.hear(delta(bad, update({"navigation.position": PLACE}, after_s=2)))
    assert len(transmissions) == 1
    assert [fault.reason for fault in server.decoder.rejected()] == ["lat_range"]
    server.hear(placed("here", after_s=4), delta(update({}), context="vessels.\x00"))
    reasons = [fault.reason for fault in server.decoder.rejected()]
    assert reasons == ["bad_position", "no_device"]


def test_answers_of_the_server_and_other_paths_say_nothing() -> None:
    server = Server()
    assert server.hear(b'{"requestId": "1", "state": "COMPLETED", "statusCode": 200}') == []
    assert server.hear(delta(update({"propulsion.port.revolutions": 20.1}))) == []
    meta = {"context": OWN, "updates": [{"meta": [{"path": "a", "value": {"units": "m"}}]}]}
    assert server.hear(json.dumps(meta).encode()) == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b" ", "empty"),
        (b"{", "json"),
        (b'{"a": 1}', "not_delta"),
        (b'{"updates": 3}', "json"),
        (delta(*[update({})] * 600), "too_many"),
        (delta(update({f"a.{number}": 1 for number in range(3000)})), "too_many"),
    ],
)
def test_bad_message_is_refused(message: bytes, reason: str) -> None:
    with pytest.raises(FrameError) as caught:
        Server().hear(message)
    assert caught.value.reason == reason


def test_only_so_many_vessels_are_remembered() -> None:
    def named(number: int) -> bytes:
        return delta(update({"": {"name": f"RIVER {number}"}}), context=context(number))

    def context(number: int) -> str:
        return f"vessels.urn:mrn:imo:mmsi:{number:09}"

    server = Server()
    for number in range(2):
        assert server.hear(named(number)) != []
    for number in range(2, MAX_VESSELS + 1):
        server.hear(placed(context=context(number)))
    assert server.hear(named(1)) == []  # it was told once
    assert server.hear(named(0)) != []  # nobody knows that any more


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["latitude", "longitude", "state", "name"]), inner)
    ),
    max_leaves=10,
)
_PATHS = st.sampled_from(["", "navigation.position", "notifications.mob", *MOTION])


@given(values=st.dictionaries(_PATHS, _JSON, max_size=4))
def test_any_values_are_survived(values: dict[str, Any]) -> None:
    for transmission in Server().hear(delta(update(values))):
        place = transmission.position
        assert place is None or (-90 <= place.lat <= 90 and -180 <= place.lon <= 180)


def test_what_it_is_is_seen_in_it() -> None:
    assert all(signalk.speaks(frame(each)) for each in SAMPLES)
    assert not signalk.speaks(frame(b'{"_type": "location"}'))
