from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pyais
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from pyais.exceptions import AISBaseException

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import nmea0183
from radio_gateway.protocols.ais import ais
from radio_gateway.protocols.ais.fast_position import read_fix
from radio_gateway.protocols.ais.fragments import MAX_MESSAGES
from tests.fixtures.needs import shared
from tests.radio_gateway.protocols.sentences import NOW, capture, frame, heard, sentence


def decoder(*, live: bool = True) -> ais.AisDecoder:
    return ais.decoder(DecoderSettings(live=live))


def encoded(**fields: Any) -> list[bytes]:
    lines = pyais.encode_dict(fields, sentence_type="VDM", seq_id=3)
    return [line.encode() for line in lines]


def one(**fields: Any) -> Transmission:
    transmissions, reasons = heard(decoder(), encoded(**fields))
    assert (len(transmissions), reasons) == (1, [])
    return transmissions[0]


BOAT: dict[str, Any] = {"mmsi": 574123456, "lat": 20.273, "lon": 100.412, "course": 162.6}
TYPE_5 = [
    b"!AIVDM,2,1,1,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1C",
    b"!AIVDM,2,2,1,A,88888888880,2*25",
]


def test_real_receiver_gives_what_pyais_gives() -> None:
    framer = LineFramer()
    payloads = framer.feed(shared("bench", "data", "ais.nmea").read_bytes()) + framer.close()
    receiver = decoder()
    transmissions, reasons = heard(receiver, payloads)
    expected: list[dict[str, Any]] = []
    for message in pyais.IterMessages(payloads):
        try:
            expected.append(dict(message.decode().asdict()))
        except AISBaseException:
            continue
    assert set(reasons) == {"empty"}
    assert len(transmissions) == len(expected)
    # the recording holds first halves only of its long messages
    halves = sum(b"VDM,2,1," in payload for payload in payloads)
    assert len(transmissions) + len(reasons) + halves == len(payloads)
    for transmission, fields in zip(transmissions, expected, strict=True):
        assert transmission.device == f"{fields['mmsi']:09}"
        assert transmission.facts["msg_type"] == fields["msg_type"]
        lat, lon = fields.get("lat"), fields.get("lon")
        if lat is None or lat == 91.0:
            assert transmission.position is None
            continue
        position = transmission.position
        assert position is not None
        assert position.lat == pytest.approx(lat, abs=1e-6)
        assert position.lon == pytest.approx(lon, abs=1e-6)
        speed, course = fields.get("speed"), fields.get("course")
        if speed is not None:
            assert position.speed_mps == (
                None if speed >= 102.3 else pytest.approx(speed * 1852 / 3600)
            )
        if course is not None:
            assert position.course_deg == (None if course >= 360 else pytest.approx(course))
        if fields.get("heading", 511) < 360:
            assert position.heading_deg == fields["heading"]


# Of each field its bits, the most that it says plainly, and what else it may hold.
MMSI = (30, 999_999_999, (970_123_456, 1_000_000_000, 1))
LON, LAT = (
    (width, most, (*range(-most - 1, 2 - most), -1, 0, most, most + 1, most + 600_000))
    for width, most in ((28, 180 * 600_000), (27, 90 * 600_000))
)
PLACE = ((10, 1022, (1023,)), (1, 1, ()), LON, LAT)
MOTION = ((12, 3599, (3600, 4095)), (9, 359, (360, 511)), (6, 59, (60, 61, 62, 63)))
CLASS_A = ((6, 3, (4,)), (2, 3, ()), MMSI, (4, 13, (14, 15)), (8, 255, ()), *PLACE, *MOTION)
CLASS_B = ((6, 18, ()), (2, 3, ()), MMSI, (8, 255, ()), *PLACE, *MOTION)


@st.composite
def messages(draw: st.DrawFn) -> str:
    """Return a message of 168 bits in its armour, with few odd values."""
    fields = draw(st.sampled_from((CLASS_A, CLASS_B)))
    values = [draw(st.integers(0, most)) for _, most, _ in fields]
    if fields is CLASS_B:
        values[0] = 18
    for at in draw(st.sets(st.integers(0, len(fields) - 1), max_size=2)):
        values[at] = draw(st.sampled_from((*fields[at][2], values[at])))
    whole, spare = 0, 168
    for value, (width, _, _) in zip(values, fields, strict=True):
        whole, spare = whole << width | value % (1 << width), spare - width
    whole <<= spare
    six = [whole >> shift & 0x3F for shift in range(162, -6, -6)]
    return "".join(chr(code + 48 if code < 40 else code + 56) for code in six)


@given(
    message=messages(),
    form=st.sampled_from(
        [
            *["!AIVDM,1,1,,A,{},0"] * 6,
            *("!AIVDM,1,1,3,B,{},0", "!ABVDM,1,1,,,{},0", "!BSVDO,1,1,,A,{},0"),
            *("!AIVDM,1,1,,A,{},2", "!AIVDM,1,1,,A,{}0,0", "$AIVDM,1,1,,A,{},0"),
        ]
    ),
    wrong=st.sampled_from([0] * 9 + [1]),
    resent=st.booleans(),
)
def test_place_of_a_ship_is_the_same_read_at_once_and_field_by_field(
    message: str, form: str, wrong: int, resent: bool
) -> None:
    payload = bytearray(sentence(form[1:].format(message), start=form[0]))
    payload[20] ^= wrong
    of_ship = replace(frame(bytes(payload)), resent=resent)

    def heard() -> object:
        try:
            return decoder().decode(of_ship), nmea0183.decoder(DecoderSettings()).decode(of_ship)
        except FrameError as error:
            return error.reason, error.detail

    at_once = heard()
    with pytest.MonkeyPatch.context() as patch:
        for module in (ais, nmea0183):
            patch.setattr(module, "read_fix", lambda _: None)
        assert at_once == heard()


def test_place_of_a_ship_is_read_at_once_unless_there_is_something_to_think_about() -> None:
    def fix(**odd: Any) -> Transmission | None:
        return read_fix(frame(*encoded(**BOAT | odd)))

    under_way: dict[str, Any] = {"type": 1, "status": 0, "second": 5}
    for plain in (under_way, {"type": 18, "second": 60}):
        read = fix(**plain)
        assert read is not None
        assert read == one(**BOAT, **plain)
    for odd in ({"lat": 91}, {"lon": 0, "lat": 0}, {"second": 62}, {"status": 14}, {"type": 4}):
        assert fix(**under_way | odd) is None


def test_aid_to_navigation_that_ends_before_its_last_flags_is_decoded() -> None:
    armour = encoded(type=21, **BOAT, name="PIER 7", virtual_aid=1)[0].split(b",")[5].decode()
    (transmission,), reasons = heard(decoder(), [sentence(f"AIVDM,1,1,,A,{armour[:45]},2", "!")])
    assert reasons == []
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(BOAT["lat"])
    assert "virtual" not in transmission.facts
    too_short = sentence(f"AIVDM,1,1,,A,{armour[:43]},0", "!")
    assert heard(decoder(), [too_short]) == ([], ["payload_short"])


def test_each_sort_of_message_says_its_own() -> None:
    transmissions, reasons = heard(decoder(), capture("river.aivdm"))
    assert reasons == []
    kinds = [(each.facts["msg_type"], each.kind, each.distress) for each in transmissions]
    assert kinds == [
        (1, "position", False),
        (18, "position", False),
        (5, "static", False),
        (24, "static", False),
        (24, "static", False),
        (1, "position", True),
        (14, "text", True),
        (1, "position", False),
        (14, "text", False),
        (9, "position", False),
        (4, "position", False),
        (21, "position", False),
        (19, "position", False),
        (27, "position", False),
    ]
    static, aircraft, base, mark = (
        transmissions[2],
        transmissions[9],
        transmissions[10],
        transmissions[11],
    )
    assert static.facts["ship_name"] == "NAGA 2"
    assert (static.facts["length_m"], static.facts["beam_m"]) == (18, 4)
    assert aircraft.position is not None
    assert aircraft.position.altitude_m == 303
    assert base.device_time == datetime(2026, 11, 25, 0, 0, 5, tzinfo=UTC)
    assert (base.device, mark.facts["virtual"]) == ("005670001", True)


@pytest.mark.parametrize("type_", [1, 2, 3, 18])
@pytest.mark.parametrize(("lat", "lon"), [(-33.5, -179.99), (0.0, 100.0), (89.9999, 180.0)])
def test_coordinates_of_all_quarters_are_read(type_: int, lat: float, lon: float) -> None:
    transmission = one(type=type_, mmsi=1, lat=lat, lon=lon, speed=1, course=0, heading=0, second=0)
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(lat, abs=2e-6)
    assert transmission.position.lon == pytest.approx(lon, abs=2e-6)
    assert (transmission.position.course_deg, transmission.position.heading_deg) == (0.0, 0.0)
    assert transmission.facts["utc_second"] == 0


@pytest.mark.parametrize("type_", [1, 18, 19])
def test_what_is_not_available_is_none(type_: int) -> None:
    fields = {"lat": 91, "lon": 181, "speed": 102.3, "course": 360, "heading": 511, "second": 60}
    transmission = one(type=type_, mmsi=1, **fields)
    assert (transmission.position, transmission.fix, transmission.flags) == (
        None,
        False,
        ("position_not_available",),
    )
    assert "utc_second" not in transmission.facts
    transmission = one(type=type_, mmsi=1, **(fields | {"lat": 20, "lon": 100}))
    assert transmission.position is not None
    assert (transmission.position.speed_mps, transmission.position.course_deg) == (None, None)
    assert transmission.position.heading_deg is None


@pytest.mark.parametrize(
    ("second", "flag", "fix"),
    [(61, "manual_input", False), (62, "estimated", True), (63, "stale_position", False)],
)
def test_second_beyond_the_minute_says_how_the_position_came_about(
    second: int, flag: str, fix: bool
) -> None:
    transmission = one(type=1, **BOAT, second=second)
    assert (transmission.flags, transmission.fix) == ((flag,), fix)
    assert "utc_second" not in transmission.facts


@pytest.mark.parametrize(
    ("mmsi", "status", "distress", "flags"),
    [
        (970123456, 14, True, ()),
        (972123456, 14, True, ()),
        (974123456, 14, True, ()),
        (970123456, 15, False, ("test",)),
        (970123456, 0, False, ()),
        (312345678, 14, False, ("navstatus14_nonbeacon",)),
        (312345678, 15, False, ()),
    ],
)
def test_only_a_beacon_that_is_not_under_test_calls_for_help(
    mmsi: int, status: int, distress: bool, flags: tuple[str, ...]
) -> None:
    transmission = one(type=1, **(BOAT | {"mmsi": mmsi}), status=status, second=1)
    assert (transmission.distress, transmission.flags) == (distress, flags)


@pytest.mark.parametrize(
    ("lat", "lon", "flag"), [(91, 181, "position_not_available"), (0, 0, "null_island")]
)
def test_call_for_help_without_a_position_is_still_a_call_for_help(
    lat: float, lon: float, flag: str
) -> None:
    transmission = one(type=1, mmsi=970123456, status=14, lat=lat, lon=lon, second=1)
    assert (transmission.distress, transmission.position, transmission.flags) == (
        True,
        None,
        (flag,),
    )


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (encoded(type=1, mmsi=1, lat=0, lon=0, second=1), "null_island"),
        (encoded(type=1, mmsi=1, lat=95, lon=0, second=1), "lat_range"),
        (encoded(type=1, mmsi=1, lat=1, lon=190, second=1), "lon_range"),
        ([b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5D"], "bad_checksum"),
        ([b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0"], "no_checksum"),
        ([sentence("AIVDM,1,1,,B,15M67FC000G?ufbE{FepT@3n00Sa,0", "!")], "bad_armour"),
        ([sentence("AIVDM,1,1,,B,15M67FC000G?ufbEZFepT@3n00Sa,0", "!")], "bad_armour"),
        ([sentence("AIVDM,1,1,,A,1,0", "!")], "payload_short"),
        ([sentence("AIVDM,1,1,,A,15M67FC000G?ufbE,0", "!")], "payload_short"),
        ([sentence("AIVDM,1,1,,A,15M67FC000G?ufbE`FepT@3n00Sa15M67F,0", "!")], "garbage_payload"),
        ([sentence("AIVDM,1,1,,A,?w>DNkiVT>Qp8eMvd@,4", "!")], "garbage_payload"),
        ([sentence("AIVDM,1,1,,A,0000000000,0", "!")], "garbage_payload"),
        ([sentence("AIVDM,1,1,,A,,0", "!")], "empty"),
        ([b"!AIVDM,,,,,,*57"], "empty"),
        ([sentence("AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa", "!")], "truncated"),
        ([sentence("AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,6", "!")], "bad_number"),
        ([sentence("AIVDM,2,3,1,B,15M67FC000G?ufbE`FepT@3n00Sa,0", "!")], "bad_number"),
        ([sentence("AIVDM,2,0,1,B,15M67FC000G?ufbE`FepT@3n00Sa,0", "!")], "bad_number"),
        ([sentence("AIVDM,x,1,1,B,15M67FC000G?ufbE`FepT@3n00Sa,0", "!")], "bad_number"),
    ],
)
def test_damaged_or_impossible_is_refused_with_its_reason(lines: list[bytes], reason: str) -> None:
    assert heard(decoder(), lines) == ([], [reason])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_fragments_are_joined_in_any_order(order: tuple[int, ...]) -> None:
    armour = encoded(type=19, **BOAT, shipname="LAO FERRY")[0].split(b",")[5].decode()
    parts = [armour[:20], armour[20:40], armour[40:]]
    lines = [
        sentence(f"AIVDM,3,{number + 1},4,A,{part},0", "!") for number, part in enumerate(parts)
    ]
    transmissions, reasons = heard(decoder(), [lines[index] for index in order])
    assert reasons == []
    assert [each.facts["ship_name"] for each in transmissions] == ["LAO FERRY"]
    assert transmissions[0].raw == b"\r\n".join(lines)


def test_fragments_of_different_messages_are_not_joined() -> None:
    other_channel = sentence("AIVDM,2,2,1,B,88888888880,2", "!")
    other_sequence = sentence("AIVDM,2,2,2,A,88888888880,2", "!")
    receiver = decoder()
    assert heard(receiver, [TYPE_5[0], other_channel, other_sequence]) == ([], [])


def test_fragments_of_different_peers_are_not_joined() -> None:
    receiver = decoder()
    assert receiver.decode(frame(TYPE_5[0], source="10.0.0.1:1")) == []
    assert receiver.decode(frame(TYPE_5[1], source="10.0.0.2:1")) == []
    assert len(receiver.decode(frame(TYPE_5[1], source="10.0.0.1:1"))) == 1


def test_fragment_waits_five_seconds_for_the_others() -> None:
    receiver = decoder()
    receiver.decode(frame(TYPE_5[0]))
    assert receiver.waiting()
    receiver.flush(NOW + timedelta(seconds=4.9))
    assert receiver.waiting()
    receiver.flush(NOW + timedelta(seconds=5.1))
    assert not receiver.waiting()
    receiver.decode(frame(TYPE_5[0]))
    assert receiver.decode(frame(TYPE_5[1], after_s=6)) == []


def test_sequence_number_that_came_round_begins_a_new_message() -> None:
    old = sentence(
        "AIVDM,2,1,1,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp0,0", "!"
    )
    transmissions, _ = heard(decoder(), [old, *TYPE_5])
    assert [each.facts["ship_name"] for each in transmissions] == ["EVER DIADEM"]


def test_fragments_without_end_do_not_fill_the_memory() -> None:
    receiver = decoder()
    for number in range(1000):
        begin = TYPE_5[0].split(b",")[5].decode()
        receiver.decode(frame(sentence(f"AIVDM,2,1,{number},A,{begin},0", "!")))

    def is_whole(number: int) -> bool:
        end = frame(sentence(f"AIVDM,2,2,{number},A,88888888880,2", "!"))
        return len(receiver.decode(end)) == 1

    assert all(is_whole(number) for number in range(1000 - MAX_MESSAGES, 1000))
    assert not any(is_whole(number) for number in range(1000 - MAX_MESSAGES))


def test_same_message_from_two_receivers_has_the_same_key_and_window() -> None:
    first = encoded(type=1, **BOAT)
    second = [sentence(first[0].decode()[1:-3].replace(",A,", ",B,"), "!")]
    assert first != second
    transmissions, _ = heard(decoder(), first + second)
    assert len({each.duplicate_key for each in transmissions}) == 1
    assert {each.duplicate_window_s for each in transmissions} == {3.0}


def test_own_ship_is_marked() -> None:
    payload = b"!AIVDO,1,1,,A,B5NJ;PP2aUl4ot5Isbl6GwsUkP06,0*35"
    transmissions, _ = heard(decoder(), [payload])
    assert transmissions[0].facts["own_ship"] is True


def test_other_sentences_of_the_receiver_say_nothing() -> None:
    gps = sentence("GPRMC,115958,A,2016.38,N,10024.72,E,1,2,251126,,")
    assert heard(decoder(), [gps, sentence("AIVSI,r3669961,1,013536.96,0,-98,14", "!")]) == ([], [])


def test_clock_of_a_base_station_is_judged() -> None:
    fields = {"type": 4, "mmsi": 5670001, "lat": 1, "lon": 1, "month": 1, "day": 19}
    fields |= {"hour": 3, "minute": 14, "second": 7}
    assert one(**fields, year=2038).flags == ("future_time",)
    assert one(**fields, year=0).device_time is None


def test_values_are_finite() -> None:
    for transmission in heard(decoder(), capture("river.aivdm"))[0]:
        if transmission.position is not None:
            assert math.isfinite(transmission.position.lat + transmission.position.lon)
