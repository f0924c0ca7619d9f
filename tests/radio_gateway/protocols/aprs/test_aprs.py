from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.aprs import aprs
from radio_gateway.protocols.aprs.packet_lines import MAX_LINE, PacketLineFramer
from tests.radio_gateway.protocols.aprs.aprs_words import compressed, mic_e, near, written_out
from tests.radio_gateway.protocols.sentences import frame

KNOT_MPS = 1852 / 3600
OURS = DecoderSettings(station="xw1pat-7")


def all_said(line: bytes | str, settings: DecoderSettings | None = None) -> list[Transmission]:
    payload = line.encode() if isinstance(line, str) else line
    decoder = aprs.decoder(settings or DecoderSettings())
    transmissions = decoder.decode(frame(payload))
    assert (decoder.flush(None), decoder.waiting(), decoder.rejected()) == ([], False, [])
    assert decoder.answers() == []
    return transmissions


def said_by(line: bytes | str, settings: DecoderSettings | None = None) -> Transmission:
    (transmission,) = all_said(line, settings)
    return transmission


def refused(line: bytes | str) -> str:
    with pytest.raises(FrameError) as caught:
        said_by(line)
    assert caught.value.payload == (line.encode() if isinstance(line, str) else line)
    return caught.value.reason


def of(info: bytes | str, destination: str = "APRS") -> bytes:
    return f"HS0ABC-9>{destination}:".encode() + (info.encode() if isinstance(info, str) else info)


# The examples of the APRS Protocol Reference 1.0.1 come first.


def test_written_out_position_with_time_of_the_standard() -> None:
    transmission = said_by(of("/092345z4903.50N/07201.75W>Test1234"))
    assert transmission.position == near(-72.029167, 49.058333, within_deg=1e-6)
    assert transmission.device == "HS0ABC-9"
    assert transmission.address == "aprs:HS0ABC-9"
    assert transmission.facts == {
        "destination": "APRS",
        "aprs_time": "092345z",
        "symbol": "/>",
        "comment": "Test1234",
    }
    assert transmission.device_time == datetime(2026, 11, 9, 23, 45, tzinfo=UTC)
    assert (transmission.flags, transmission.distress, transmission.duplicate_window_s) == (
        (),
        False,
        30.0,
    )


def test_compressed_positions_of_the_standard() -> None:
    transmission = said_by(of("=/5L!!<*e7>7P[rest"))
    assert transmission.position == near(-72.75, 49.5, within_deg=1e-5)
    assert transmission.position is not None
    assert transmission.position.course_deg == 88.0
    assert transmission.position.speed_mps == pytest.approx(36.2 * KNOT_MPS, abs=0.05)
    assert transmission.facts["comment"] == "rest"
    reach = said_by(of("=/5L!!<*e7>{?!"))
    assert reach.facts["range_m"] == pytest.approx(20.13 * 1609.344, rel=1e-3)
    assert reach.position is not None
    assert reach.position.speed_mps is None
    high = said_by(of("=/5L!!<*e7OS]S")).position
    assert high is not None
    assert high.altitude_m == pytest.approx(10_004 * 0.3048, abs=0.5)
    none = said_by(of("=/5L!!<*e7> sT")).position
    assert none is not None
    assert (none.speed_mps, none.altitude_m) == (None, None)


def test_mic_e_report_of_the_standard() -> None:
    near_by = said_by(of(b'`(_fn"Oj/', "S32U6T"))
    assert near_by.position == near(-12.129, 33.427333, within_deg=1e-5)
    transmission = said_by(of(b'`(_fn"Oj/', "S32UVT"))  # the same with 100 degrees more
    assert transmission.position == near(-112.129, 33.427333, within_deg=1e-5)
    assert transmission.position is not None
    assert transmission.position.course_deg == 251.0
    assert transmission.position.speed_mps == pytest.approx(20 * KNOT_MPS)
    assert (transmission.status, transmission.distress) == ("returning", False)
    assert transmission.facts["symbol"] == "/j"


def test_mic_e_altitude_of_the_standard() -> None:
    position = said_by(of(b'`(_fn"Oj/]"4T}patrol', "S32U6T")).position
    assert position is not None
    assert position.altitude_m == 61.0
    assert said_by(of(b'`(_fn"Oj/]"4T}patrol', "S32U6T")).facts["comment"] == "]patrol"


def test_object_or_item_is_a_place_that_its_sender_marked() -> None:
    item = said_by(of(")AID #2!4903.50N/07201.75WA"))
    assert (item.kind, item.device, item.position) == ("waypoint", "HS0ABC-9", None)
    assert (item.facts["reporter"], item.facts["alive"]) == ("HS0ABC-9", True)
    assert item.mark is not None
    assert (item.mark.id, item.mark.name, item.mark.deleted) == ("AID #2", "AID #2", False)
    assert (item.mark.lon, item.mark.lat) == pytest.approx((-72.029167, 49.058333), abs=1e-6)
    wreck = said_by(of(r";WRECK    *092345z2016.50N\10024.76E!2 m deep"))
    assert wreck.mark is not None
    assert (wreck.mark.use, wreck.mark.remarks) == ("hazard", "2 m deep")
    gone = said_by(of(r";WRECK    _092345z2016.50N\10024.76E!"))
    assert gone.mark is not None
    assert gone.mark.deleted
    small = said_by(of(")MOB!" + compressed(lon=100.4, lat=20.3).decode())).mark
    assert small is not None
    assert (small.lon, small.lat) == pytest.approx((100.4, 20.3), abs=1e-5)


def test_object_that_goes_about_is_the_thing_not_the_sender() -> None:
    moves = said_by(of(";LEADER   _092345z4903.50N/07201.75W>088/036"))
    assert (moves.device, moves.facts["alive"], moves.facts["type"]) == ("LEADER", False, "object")
    assert moves.mark is None
    assert moves.position is not None
    assert moves.position.course_deg == 88.0
    still = said_by(of(";LEADER   *092345z4903.50N/07201.75W>parked"))
    assert still.mark is not None


def test_object_that_calls_for_help_is_who_calls() -> None:
    call = said_by(of(";LEADER   *092345z4903.50N/07201.75W-!EMERGENCY!"))
    assert (call.device, call.distress, call.mark) == ("LEADER", True, None)
    assert call.position is not None


def test_item_hidden_to_the_degree_lies_in_the_middle_of_it() -> None:
    mark = said_by(of(")G/WB4APR!53  .  N/002  .  Wd")).mark
    assert mark is not None
    assert (mark.name, mark.lon, mark.lat, mark.radius_m) == ("G/WB4APR", -2.5, 53.5, 111_120.0)


@pytest.mark.parametrize(
    ("lat", "lon", "middle_lat", "middle_lon", "accuracy_m", "digits"),
    [
        ("2016.5 N", "10024.7 E", 20 + 16.55 / 60, 100 + 24.75 / 60, 185.2, 1),
        ("2016.  N", "10024.  E", 20 + 16.5 / 60, 100 + 24.5 / 60, 1852.0, 2),
        ("201 .  N", "1002 .  E", 20 + 15 / 60, 100 + 25 / 60, 18_520.0, 3),
        ("20  .  S", "100  .  W", -20.5, -100.5, 111_120.0, 4),
        ("201 .  N", "10024.76E", 20 + 15 / 60, 100 + 25 / 60, 18_520.0, 3),
    ],
)
def test_hidden_digits_put_the_place_in_the_middle_and_say_how_vague_it_is(
    lat: str, lon: str, middle_lat: float, middle_lon: float, accuracy_m: float, digits: int
) -> None:
    transmission = said_by(of(f"!{lat}/{lon}>!W55!"))
    assert transmission.position == near(middle_lon, middle_lat, within_deg=1e-9)
    assert transmission.position is not None
    assert transmission.position.accuracy_m == accuracy_m
    assert transmission.facts["ambiguity"] == digits


@pytest.mark.parametrize("hidden", [1, 2, 3, 4])
def test_mic_e_hides_digits_too(hidden: int) -> None:
    destination, info = mic_e(lon=100.41, lat=20.275, hidden=hidden)
    transmission = said_by(of(info, destination))
    plain = said_by(
        of(f"!{ {1: '2016.5 N', 2: '2016.  N', 3: '201 .  N', 4: '20  .  N'}[hidden] }/10024.60E>")
    )
    assert transmission.position is not None
    assert plain.position is not None
    assert transmission.position == near(plain.position.lon, plain.position.lat, within_deg=1e-9)
    assert transmission.position.accuracy_m == plain.position.accuracy_m


places = st.tuples(st.floats(-179.9, 179.9), st.floats(-89.9, 89.9)).filter(
    lambda place: max(abs(place[0]), abs(place[1])) > 0.001
)


@given(place=places)
def test_any_place_written_out_comes_back(place: tuple[float, float]) -> None:
    lon, lat = place
    transmission = said_by(of(b"!" + written_out(lon=lon, lat=lat)))
    assert transmission.position == near(lon, lat, within_deg=0.5 / 6000 + 1e-9)


@given(place=places)
def test_any_compressed_place_comes_back(place: tuple[float, float]) -> None:
    lon, lat = place
    transmission = said_by(of(b"!" + compressed(lon=lon, lat=lat)))
    assert transmission.position == near(lon, lat, within_deg=1 / 190463)


@given(
    place=places,
    bits=st.sampled_from(["000", "001", "010", "011", "100", "101", "110", "111"]),
    custom=st.booleans(),
    speed_kn=st.integers(0, 799),
    course_deg=st.integers(0, 360),
)
def test_any_mic_e_report_comes_back(
    place: tuple[float, float], bits: str, custom: bool, speed_kn: int, course_deg: int
) -> None:
    lon, lat = place
    destination, info = mic_e(
        lon=lon, lat=lat, bits=bits, custom=custom, speed_kn=speed_kn, course_deg=course_deg
    )
    transmission = said_by(of(info, destination))
    position = transmission.position
    assert position == near(lon, lat, within_deg=0.5 / 6000 + 1e-9)
    assert position is not None
    assert position.speed_mps == pytest.approx(speed_kn * KNOT_MPS)
    assert position.course_deg == (course_deg % 360 if course_deg else None)
    assert transmission.distress is (bits == "000")
    number = int(bits, 2)
    if number == 0:
        assert transmission.status == "emergency"
    elif custom:
        assert transmission.status == f"custom_{7 - number}"


def test_mic_e_emergency_is_distress_with_its_words() -> None:
    destination, info = mic_e(lon=100.41, lat=20.27, bits="000")
    transmission = said_by(of(info + b"engine on fire", destination))
    assert (transmission.kind, transmission.distress, transmission.status) == (
        "position",
        True,
        "emergency",
    )
    assert transmission.text == "engine on fire"


@pytest.mark.parametrize(
    ("line", "words", "flag"),
    [
        (of("!0000.00N/00000.00Es!EMERGENCY! sinking"), "!EMERGENCY! sinking", "null_island"),
        (of("/092345z9903.50N/07201.75W>!EMERGENCY!"), "!EMERGENCY!", "lat_range"),
        (of("!    .  N/     .  E>!EMERGENCY!"), "!EMERGENCY!", "bad_position"),
        (of("=!EMERGENCY!"), "!EMERGENCY!", "bad_position"),
        (of(b"`v\x58\x1c\x1c\x1c\x1c>/adrift", "000PP0"), "adrift", "null_island"),
    ],
)
def test_call_for_help_is_decoded_without_an_impossible_place(
    line: bytes, words: str, flag: str
) -> None:
    transmission = said_by(line)
    assert (transmission.kind, transmission.distress, transmission.position, transmission.fix) == (
        "distress",
        True,
        None,
        False,
    )
    assert transmission.device == "HS0ABC-9"
    assert flag in transmission.flags
    assert transmission.text is not None
    assert transmission.text.endswith(words)


def test_mic_e_message_that_the_fleet_declared_a_call_for_help_is_distress() -> None:
    destination, info = mic_e(lon=100.41, lat=20.27, bits="001", custom=True)
    fleet = DecoderSettings(distress_statuses=frozenset({"custom_6"}))
    assert said_by(of(info, destination)).distress is False
    assert said_by(of(info, destination), fleet).distress is True


def test_mic_e_message_of_mixed_bits_is_unknown() -> None:
    destination, info = mic_e(lon=100.41, lat=20.27, bits="110")
    mixed = chr(ord(destination[0]) - ord("P") + ord("A")) + destination[1:]
    assert said_by(of(info, mixed)).status == "unknown"


@pytest.mark.parametrize(
    ("comment", "distress"),
    [
        ("!EMERGENCY! taking water", True),
        ("taking water !EMERGENCY!", True),
        ("EMERGENCY", False),
        ("!emergency!", False),
        ("SART TEST", False),
        ("EMERGENCY! drill", False),
        ("!TESTALARM!", False),
    ],
)
def test_only_the_agreed_words_are_an_emergency(comment: str, distress: bool) -> None:
    assert said_by(of(f"!2016.38N/10024.72Es{comment}")).distress is distress
    status = said_by(of(f">{comment}"))
    assert (status.distress, status.text) == (distress, comment)
    assert status.kind == ("distress" if distress else "status")
    assert said_by(of(f":XW1PAT-7 :{comment}")).distress is False


def test_extension_altitude_and_finer_digits_are_taken_out_of_the_comment() -> None:
    transmission = said_by(of("!2016.38N/10024.72Es360/010/A=001115 on !W45! patrol|!!!!|"))
    position = transmission.position
    assert position is not None
    assert position.lat == pytest.approx(20 + 16.384 / 60)
    assert position.lon == pytest.approx(100 + 24.725 / 60)
    assert position.course_deg == 0.0
    assert position.speed_mps == pytest.approx(10 * KNOT_MPS)
    assert position.altitude_m == pytest.approx(1115 * 0.3048)
    assert transmission.facts["comment"] == "on  patrol"
    assert transmission.facts["telemetry"] == "!!!!"


def test_telemetry_that_looks_like_finer_digits_is_none() -> None:
    plain = said_by(of("!2016.38N/10024.72Es"))
    transmission = said_by(of("!2016.38N/10024.72Es|!wEU!![S|"))
    assert transmission.position == plain.position
    assert transmission.facts["telemetry"] == "!wEU!![S"


def test_finer_digits_of_base_91_move_away_from_the_equator_and_greenwich() -> None:
    position = said_by(of("!2016.38S/10024.72Ws!w{!!")).position
    assert position is not None
    assert position.lat == pytest.approx(-(20 + (16.38 + 90 / 9100) / 60))
    assert position.lon == pytest.approx(-(100 + 24.72 / 60))


def test_finer_digits_lead_to_no_place_beyond_the_pole() -> None:
    assert refused(of("!9000.00N/10024.72Es!W99!")) == "lat_range"


@pytest.mark.parametrize("unknown", ["000/000", ".../...", "   /   ", "000/..."])
def test_unknown_course_and_speed_are_not_zero(unknown: str) -> None:
    position = said_by(of(f"!2016.38N/10024.72Es{unknown}")).position
    assert position is not None
    assert (position.course_deg, position.speed_mps) == (None, None)


def test_wind_of_a_weather_station_is_no_motion() -> None:
    transmission = said_by(of("!2016.38N/10024.72E_220/004g005t077"))
    assert transmission.position is not None
    assert (transmission.position.course_deg, transmission.position.speed_mps) == (None, None)
    assert transmission.facts["weather"] == "220/004g005t077"
    small = said_by(of(b"!" + compressed(lon=1, lat=2, tail=b"7P[", symbol="/_"))).position
    assert small is not None
    assert (small.course_deg, small.speed_mps) == (None, None)


def test_antenna_data_are_facts() -> None:
    transmission = said_by(of("!2016.38N/10024.72E#PHG7220WIDE2"))
    assert (transmission.facts["phg"], transmission.facts["comment"]) == ("7220", "WIDE2")
    assert said_by(of("!2016.38N/10024.72E#RNG0050")).facts["range_m"] == 80_467
    finder = said_by(of("!2016.38N/10024.72E\\088/036/270/729fox"))
    assert (finder.facts["bearing_deg"], finder.facts["nrq"]) == (270, "729")
    assert finder.facts["comment"] == "fox"


def test_compressed_fix_that_the_receiver_calls_old_is_stale() -> None:
    old, current, by_hand = (chr(33 + bits).encode() for bits in (0b011000, 0b111000, 0b000000))
    stale = said_by(of(b"!" + compressed(lon=100.4, lat=20.3, tail=b"7P" + old)))
    assert (stale.fix, stale.flags) == (False, ("stale_position",))
    for type_ in (current, by_hand):
        transmission = said_by(of(b"!" + compressed(lon=100.4, lat=20.3, tail=b"7P" + type_)))
        assert (transmission.fix, transmission.flags) == (None, ())


@pytest.mark.parametrize(
    ("stamp", "heard_at", "time", "flags"),
    [
        (
            "302359z",
            datetime(2026, 7, 1, 0, 5, tzinfo=UTC),
            datetime(2026, 6, 30, 23, 59, tzinfo=UTC),
            (),
        ),
        (
            "312359z",
            datetime(2026, 3, 1, 0, 5, tzinfo=UTC),
            datetime(2026, 1, 31, 23, 59, tzinfo=UTC),
            (),
        ),
        (
            "235959h",
            datetime(2026, 7, 1, 0, 5, tzinfo=UTC),
            datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC),
            (),
        ),
        (
            "010010z",
            datetime(2026, 6, 30, 23, 55, tzinfo=UTC),
            datetime(2026, 7, 1, 0, 10, tzinfo=UTC),
            ("future_time",),
        ),
        ("111111z", datetime(2026, 7, 1, tzinfo=UTC), None, ()),
        ("092345/", datetime(2026, 7, 1, tzinfo=UTC), None, ("local_time",)),
        ("992345z", datetime(2026, 7, 1, tzinfo=UTC), None, ("bad_time",)),
        ("246060h", datetime(2026, 7, 1, tzinfo=UTC), None, ("bad_time",)),
        ("abcdefz", datetime(2026, 7, 1, tzinfo=UTC), None, ("bad_time",)),
    ],
)
def test_time_without_a_date_is_the_likeliest_and_an_impossible_one_keeps_the_place(
    stamp: str, heard_at: datetime, time: datetime | None, flags: tuple[str, ...]
) -> None:
    line = of(f"@{stamp}2016.38N/10024.72Es")
    (transmission,) = aprs.decoder(DecoderSettings()).decode(Frame(line, heard_at))
    assert transmission.device_time == time
    assert transmission.flags == flags
    assert transmission.position is not None


def test_recording_takes_no_date_from_when_it_is_played() -> None:
    for stamp in ("302359z", "235959h"):
        transmission = said_by(of(f"@{stamp}2016.38N/10024.72Es"), DecoderSettings(live=False))
        assert (transmission.device_time, transmission.facts["aprs_time"]) == (None, stamp)


def test_sentence_of_a_receiver_is_read_with_its_own_checks() -> None:
    good = of("$GPRMC,145526,A,3349.0378,N,08406.2617,W,23.726,27.9,121207,4.9,W*7A")
    transmission = said_by(good)
    assert transmission.position == near(-84.104362, 33.817297, within_deg=1e-6)
    assert transmission.device_time == datetime(2007, 12, 12, 14, 55, 26, tzinfo=UTC)
    assert (transmission.fix, transmission.device) == (True, "HS0ABC-9")
    assert refused(good[:-1] + b"B") == "bad_checksum"
    assert said_by(of("$ULTW0031003702CE0069")).facts["kind"] == "weather"
    assert said_by(of("$GPWPL,4917.16,N,12310.64,W,003*65")).kind == "other"


def test_position_behind_a_relays_own_words_is_found() -> None:
    transmission = said_by(of("TheNet X1J4 (HS0ABC)!2016.38N/10024.72E#"))
    assert transmission.position == near(100.412, 20.273, within_deg=1e-6)
    for text in ("net tonight! 2016 local", "very !interesting_things today"):
        words = said_by(of(text))
        assert (words.kind, words.position, words.facts["kind"]) == ("other", None, "beacon")


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        ("T#005,199,000,255,073,123,01101001", "telemetry"),
        ("_10090556c220s004g005t077", "weather"),
        ("?APRS?", "query"),
        ("<IGATE,MSG_CNT=43", "capabilities"),
        ("{Q1qwerty", "user_defined"),
        (",test", "test"),
        ("[IO91SX] 35 miles NNW", "locator"),
        ("!!006B00580250", "weather"),
    ],
)
def test_a_message_without_a_position_is_reported_as_what_it_is(info: str, kind: str) -> None:
    transmission = said_by(of(info))
    assert (transmission.kind, transmission.position, transmission.facts["kind"]) == (
        "other",
        None,
        kind,
    )


def test_packet_of_another_network_has_its_own_sender() -> None:
    transmission = said_by("IGATE>APRS,WIDE1*:}HS0ABC-9>APU25N,TCPIP,IGATE*:!2016.38N/10024.72Es")
    assert (transmission.device, transmission.facts["third_party"]) == ("HS0ABC-9", "IGATE")
    assert transmission.facts["path"] == "TCPIP,IGATE*"
    assert transmission.signal is not None
    assert transmission.signal.hops == 1
    deep = "A>B:" + "}C>D:" * 3 + "!2016.38N/10024.72Es"
    assert refused(deep) == "thirdparty_nested"


@pytest.mark.parametrize(
    ("path", "station", "hops"),
    [
        (",WIDE1-1,WIDE2-1", None, 0),
        (",HS1XYZ*,WIDE2-1", None, 1),
        (",HS1XYZ,WIDE1*,WIDE2-1,qAR,HS2GW", "HS2GW", 1),
        (",HS1XYZ,HS2XYZ,WIDE2*,qAR,HS2GW", "HS2GW", 2),
        (",WIDE2*", None, 1),
        (",TCPIP*,qAC,FIRST", "FIRST", None),
    ],
)
def test_path_gives_the_receiver_and_the_number_of_relays(
    path: str, station: str | None, hops: int | None
) -> None:
    transmission = said_by(f"HS0ABC-9>APRS{path}:>on patrol")
    assert transmission.signal is not None
    assert (transmission.signal.station, transmission.signal.hops) == (station, hops)
    assert transmission.facts["path"] == path[1:]
    assert said_by("HS0ABC-9>APRS:>on patrol").signal is None


def test_same_packet_over_two_relays_has_one_key_and_other_words_another() -> None:
    one = said_by("HS0ABC-9>APRS,HS1XYZ*:>on patrol")
    two = said_by("HS0ABC-9>APRS,HS2XYZ*,qAR,HS2GW:>on patrol")
    assert one.duplicate_key == two.duplicate_key
    assert said_by("HS0ABC-9>APRS:>on patrol!").duplicate_key != one.duplicate_key


def test_words_that_are_not_utf_8_are_given_as_latin_1() -> None:
    transmission = said_by(of("!2016.38N/10024.72Esเรือ"))
    assert transmission.facts["comment"] == "เรือ"
    old = said_by(of(b"!2016.38N/10024.72Es20 \xb0C"))
    assert old.facts["comment_latin1"] == "20 \xb0C"
    assert "comment" not in old.facts
    assert said_by(of(b">caf\xe9")).text == "café"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty"),
        (b"  ", "empty"),
        (b"HS0ABC-9>APRS", "no_body"),
        (b"HS0ABC-9:>text", "bad_header"),
        (b"HS0_ABC>APRS:>text", "bad_source"),
        (b"HS0ABC-9>AP RS:>text", "bad_destination"),
        (b"HS0ABC-9>APRS,WIDE_1:>text", "bad_path"),
        (b"HS0ABC-9>APRS:", "empty_body"),
        (of("!"), "empty_position"),
        (of("!2016.38N/10024.72E"), "packet_short"),
        (of("!20ff.38N/10024.72Es"), "bad_position"),
        (of("!2016.3xN/10024.72Es"), "bad_position"),
        (of("!20 6.38N/10024.72Es"), "bad_position"),
        (of("!2016.38N,10024.72Es"), "sym_inv_table"),
        (of("!2066.38N/10024.72Es"), "minutes_range"),
        (of("!2016.38N/10074.72Es"), "minutes_range"),
        (of("!9116.38N/10024.72Es"), "lat_range"),
        (of("!2016.38N/18124.72Es"), "lon_range"),
        (of("!0000.00N/00000.00Es"), "null_island"),
        (of(b"!" + compressed(lon=0, lat=0)), "null_island"),
        (of("!/5L!!<*e7>7P"), "packet_short"),
        (of("!/5L~!<*e7>7P["), "bad_position"),
        (of("!/{{{{<*e7>7P["), "lat_range"),
        (of("!,5L!!<*e7>7P["), "bad_position"),
        (of(";LEADER  *092345z4903.50N/07201.75W>"), "obj_inv"),
        (of(";         *092345z4903.50N/07201.75W>"), "obj_inv"),
        (of(")AI!4903.50N/07201.75WA"), "item_inv"),
        (of(":SHORT:text"), "bad_message"),
        (of(b'`(_fn"Oj/', "APRS"), "mic_e_destination"),
        (of(b'`(_fn"Oj/', "S32U6A"), "mic_e_destination"),
        (of(b'`(_fn"Oj/', "SL2U6T"), "mic_e_destination"),
        (of(b'`(_fn"Oj/', "S38U6T"), "minutes_range"),
        (of(b'`(_fn"Oj', "S32U6T"), "packet_short"),
        (of(b'`(_fn"Oj,', "S32U6T"), "sym_inv_table"),
        (of(b'`\x10_fn"Oj/', "S32U6T"), "mic_e_info"),
        (of(b"}C>D:!"), "empty_position"),
        (of(b"}C"), "bad_header"),
        (of(b">" + b"a" * 1100), "too_long"),
    ],
)
def test_bad_packet_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    assert refused(line) == reason


def test_servers_own_words_are_no_error() -> None:
    assert all_said("# aprsc 2.1.19-g730c5c0 25 Nov 2026 12:00:00 GMT FIRST 10.0.0.1:14580") == []


# Messages


def test_message_for_us_wants_an_answer_that_is_not_given_by_itself() -> None:
    transmission = said_by(of(":XW1PAT-7 :where is the boat?{12"), OURS)
    assert (transmission.kind, transmission.text, transmission.device) == (
        "text",
        "where is the boat?",
        "HS0ABC-9",
    )
    assert transmission.facts["to"] == "XW1PAT-7"
    assert (transmission.facts["message_number"], transmission.facts["ack_wanted"]) == ("12", True)
    for line in (":XW1PAT-7 :no number", ":HS0XYZ   :for another{12"):
        assert "ack_wanted" not in said_by(of(line), OURS).facts
    assert "ack_wanted" not in said_by(of(":XW1PAT-7 :text{12")).facts


@pytest.mark.parametrize(
    ("text", "status", "number"),
    [
        ("ack12", "acknowledged", "12"),
        ("rej12", "refused", "12"),
        ("ackF00b4", "acknowledged", "F00b4"),
        ("ack12}", "acknowledged", "12"),
        ("ack12}34 ", "acknowledged", "12"),
    ],
)
def test_acknowledgement_answers_a_message_of_ours_only(
    text: str, status: str, number: str
) -> None:
    transmission = said_by(of(f":XW1PAT-7 :{text}"), OURS)
    assert (transmission.kind, transmission.status) == ("answer", status)
    assert transmission.facts["answers"] == f"HS0ABC-9/{number}"
    assert "answers" not in said_by(of(f":HS0XYZ   :{text}"), OURS).facts


def test_reply_says_something_and_answers() -> None:
    text, answer = all_said(of(":XW1PAT-7 :on my way{7}12"), OURS)
    assert (text.kind, text.text, text.facts["ack_wanted"]) == ("text", "on my way", True)
    assert (answer.kind, answer.status) == ("answer", "acknowledged")
    assert answer.facts["answers"] == "HS0ABC-9/12"
    assert text.duplicate_key != answer.duplicate_key
    assert len(all_said(of(":HS0XYZ   :on my way{7}12"), OURS)) == 1


def test_bulletins_queries_and_telemetry_definitions_are_distinguished() -> None:
    bulletin = said_by(of(":BLN3     :river rises{1"))
    assert (bulletin.kind, bulletin.facts["bulletin"]) == ("text", "3")
    assert bulletin.text == "river rises{1"
    query = said_by(of(":XW1PAT-7 :?APRSP"), OURS)
    assert (query.kind, query.facts["kind"]) == ("other", "query")
    defined = said_by(of(":HS0ABC-9 :PARM.Battery,Temp"))
    assert (defined.kind, defined.facts["kind"]) == ("other", "telemetry")


# Framing and noise


def test_lines_end_with_any_of_the_line_ends_and_empty_ones_are_nothing() -> None:
    framer = PacketLineFramer()
    assert framer.feed(b"a\r\nb\n\nc\rd") == [b"a", b"b", b"c"]
    assert framer.close() == [b"d"]
    assert framer.close() == []
    assert PacketLineFramer().close() == [b""]


def test_line_that_is_too_long_costs_only_itself() -> None:
    framer = PacketLineFramer()
    long = b"x" * (MAX_LINE + 10)
    assert framer.feed(b"a\n" + long) == [b"a"]
    assert framer.feed(long) == []
    assert framer.feed(b"y\nb\n") == [b"b"]
    assert framer.junk_bytes == 2 * len(long) + 1


@given(
    st.lists(st.sampled_from([b"one", b"", b"x" * (MAX_LINE + 1), b"\xff\x00", b"\r", b"\n"])),
    st.data(),
)
def test_how_a_stream_of_lines_is_split_makes_no_difference(
    parts: list[bytes], data: st.DataObject
) -> None:
    stream = b"\n".join(parts)
    whole = PacketLineFramer()
    expected = whole.feed(stream) + whole.close()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    framer = PacketLineFramer()
    lines: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        lines += framer.feed(stream[start:end])
    assert lines + framer.close() == expected
    assert framer.junk_bytes == whole.junk_bytes


@given(
    first=st.sampled_from([b"!", b"=", b"/", b"@", b"`", b"'", b";", b")", b":", b">", b"}", b"$"]),
    destination=st.sampled_from([b"APRS", b"S32U6T", b"SX15S6"]),
    rest=st.one_of(
        st.binary(max_size=60),
        st.builds(
            lambda head, tail: head + tail,
            st.sampled_from(
                [b"092345z", b"4903.50N/07201.75W>", b"/5L!!<*e7>7P[", b"LEADER   *092345z"]
            ),
            st.binary(max_size=30),
        ),
    ),
)
def test_any_bytes_give_a_real_place_or_none(first: bytes, destination: bytes, rest: bytes) -> None:
    payload = b"HS0ABC-9>" + destination + b":" + first + rest
    try:
        transmissions = aprs.decoder(OURS).decode(frame(payload))
    except FrameError:
        return
    for each in transmissions:
        position = each.position
        if position is not None:
            assert abs(position.lat) <= 90
            assert abs(position.lon) <= 180
            assert position.course_deg is None or 0 <= position.course_deg < 360


def test_protocol_recognises_its_lines() -> None:
    for line in (b"HS0ABC-9>APRS:>x", b"HS0ABC-9>APRS,WIDE1-1:>x", b"# aprsc"):
        assert aprs.speaks(frame(line))
    for line in (b"$GPRMC,1", b"$$CRCB727,OH3BK-D>APRATS:@1", b'{"a": 1}', b""):
        assert not aprs.speaks(frame(line))
