from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.sentence import checksum
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import ProtocolModule, nmea0183
from radio_gateway.protocols.dsc import dsc
from radio_gateway.protocols.dsc.call import NATURES
from tests.radio_gateway.protocols.sentences import NOW, frame, heard, sentence

# published samples: Signal K nmea0183-signalk (test/DSC.ts), go-nmea (dsc_test.go, dse_test.go),
# marnav, NMEA 0183 documents of VHF makers
DISTRESS = b"$CDDSC,12,3380400790,12,05,00,1423108312,2019,,,S,E*69"
EXPANSION = b"$CDDSE,1,1,A,3380400790,00,45894494*1B"
BLANKS = b"$CDDSC,12,3380400790,12,06,00,1423108312,2019, ,  , S, E  *4a"
REPLY = b"$CDDSC,20,3380210040,00,21,26,1394807410,2242,,,B,E*71"


def decoder(*, live: bool = True, checksum_required: bool = False) -> dsc.DscDecoder:
    return dsc.decoder(DecoderSettings(live=live, checksum_required=checksum_required))


def one(payload: bytes, *, live: bool = True) -> Transmission:
    transmissions, reasons = heard(decoder(live=live), [payload])
    assert (len(transmissions), reasons) == (1, [])
    return transmissions[0]


def refused(body: str) -> str:
    with pytest.raises(FrameError) as error:
        decoder().decode(frame(sentence(body)))
    return error.value.reason


def test_distress_alert_says_who_where_and_why() -> None:
    transmission = one(DISTRESS)
    assert (transmission.protocol, transmission.device, transmission.kind) == (
        "dsc",
        "338040079",
        "position",
    )
    assert transmission.distress
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(42 + 31 / 60)
    assert transmission.position.lon == pytest.approx(-(83 + 12 / 60))
    assert transmission.position.accuracy_m == 1852
    assert transmission.facts["nature"] == "sinking"
    assert transmission.facts["time_of_day"] == "20:19:00"
    assert transmission.device_time == datetime(2026, 11, 25, 20, 19, tzinfo=UTC)  # the nearest
    assert (transmission.duplicate_window_s, transmission.raw) == (600, DISTRESS)


def test_blanks_and_lower_case_checksum_of_a_real_set_are_read() -> None:
    transmission = one(BLANKS, live=False)
    assert transmission.distress
    assert transmission.facts["nature"] == "disabled_adrift"
    assert transmission.device_time is None


def test_alert_with_empty_category_is_a_distress() -> None:
    assert one(sentence("CDDSC,12,3380400790,,06,00,1423108312,2019,,,S,")).distress


@pytest.mark.parametrize(
    ("body", "flag"),
    [
        ("CDDSC,12,3380400790,13,05,00,1423108312,2019,,,S,", "bad_category"),
        ("CDDSC,12,3380400790,12,05,00,1423108312,2019,,,X,", "bad_ack_code"),
        ("CDDSC,16,3380400790,12,12,00,1423108312,2019,3381581370,05,x,", "bad_ack_code"),
    ],
)
def test_distress_with_a_code_that_nobody_knows_is_a_distress(body: str, flag: str) -> None:
    transmission = one(sentence(body))
    assert (transmission.distress, transmission.position is not None, transmission.flags) == (
        True,
        True,
        (flag,),
    )


@pytest.mark.parametrize(("code", "nature"), NATURES.items())
def test_nature_of_distress_has_its_name(code: int, nature: str) -> None:
    transmission = one(sentence(f"CDDSC,12,3380400790,12,{code:02},00,1423108312,2019,,,S,"))
    assert (transmission.facts["nature_code"], transmission.facts["nature"]) == (code, nature)


def test_codes_of_three_digits_mean_the_same() -> None:
    transmission = one(sentence("CDDSC,112,3380400790,112,110,126,1423108312,2019,,,S,"))
    assert (transmission.distress, transmission.facts["nature"]) == (True, "mob")


@pytest.mark.parametrize(
    ("position", "flag"),
    [
        ("9999999999", "position_not_available"),
        ("", "position_not_available"),
        ("4423108312", "bad_number"),
        ("14231083", "bad_number"),
        ("1426108312", "minutes_range"),
        ("0910000000", "lat_range"),
        ("0000018001", "lon_range"),
        ("0000000000", "null_island"),
    ],
)
def test_distress_without_a_usable_position_is_a_distress(position: str, flag: str) -> None:
    transmission = one(sentence(f"CDDSC,12,3380400790,12,05,00,{position},8888,,,S,"))
    assert (transmission.kind, transmission.distress, transmission.position) == (
        "distress",
        True,
        None,
    )
    assert transmission.flags == (flag,)
    assert "time_of_day" not in transmission.facts
    assert transmission.device_time is None


def test_distress_of_an_unreadable_sender_or_time_is_decoded() -> None:
    transmission = one(sentence("CDDSC,12,33804,12,05,00,1423108312,2579,,,S,"))
    assert (transmission.device, transmission.distress) == (None, True)
    assert transmission.flags == ("bad_mmsi", "bad_time")


def test_relay_is_about_the_boat_in_distress_not_about_who_relays() -> None:
    transmission = one(sentence("CDDSC,16,0023200010,12,12,00,1423108312,2019,3380400790,05,S,"))
    assert (transmission.device, transmission.distress) == ("338040079", True)
    assert transmission.facts["relayed_by"] == "002320001"
    assert transmission.facts["nature"] == "sinking"


def test_relay_for_an_unknown_boat_moves_no_marker_of_who_relays() -> None:
    transmission = one(sentence("CDDSC,16,0023200010,12,12,00,1423108312,2019,,,S,"))
    assert (transmission.device, transmission.distress, transmission.flags) == (
        None,
        True,
        ("unknown_vessel",),
    )
    assert "nature" not in transmission.facts


def test_acknowledged_distress_names_who_acknowledges() -> None:
    transmission = one(sentence("CDDSC,16,0023200010,12,10,00,1423108312,2019,3380400790,05,S,"))
    assert (transmission.device, transmission.distress) == ("338040079", True)
    assert transmission.facts["acknowledged_by"] == "002320001"


@pytest.mark.parametrize("call", ["12", "16"])
def test_self_cancel_is_no_distress_and_not_a_repetition_of_it(call: str) -> None:
    transmission = one(
        sentence(f"CDDSC,{call},3381581370,12,05,00,1423108312,0236,3381581370, , S,    ")
    )
    assert (transmission.device, transmission.distress) == ("338158137", False)
    assert transmission.flags == ("distress_cancel",)
    alert = one(sentence("CDDSC,12,3381581370,12,05,00,1423108312,0236,,,S,"))
    assert alert.duplicate_key != transmission.duplicate_key


def test_position_reply_is_a_position_and_no_distress() -> None:
    transmission = one(REPLY)
    assert (transmission.kind, transmission.device, transmission.distress) == (
        "position",
        "338021004",
        False,
    )
    assert transmission.facts["telecommand"] == "position"
    assert transmission.position is not None


def test_position_request_and_test_call_are_neither() -> None:
    request = one(sentence("CDDSC,20,3380210040,00,21,26,,,,,R,"))
    assert (request.kind, request.position, request.distress) == ("other", None, False)
    test = one(sentence("CDDSC,20,3380210040,08,18,26,,,,,R,"))
    assert (test.flags, test.distress) == (("test",), False)
    urgency = one(sentence("CDDSC,16,3380210040,10,00,26,900016,,,,S,"))
    assert (urgency.distress, urgency.facts["category"]) == (False, "urgency")
    assert urgency.facts["channel"] == "900016"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("CDDSC,12,3380400790,12,05", "truncated"),
        ("CDDSC,13,3380400790,12,05,00,1423108312,2019,,,S,E", "bad_format"),
        ("CDDSC,20,3380400790,77,21,26,1423108312,2019,,,S,E", "bad_category"),
        ("CDDSC,20,3380400790,00,21,26,1423108312,2021,,,x,E", "bad_ack_code"),
        ("CDDSC,20,33804,00,21,26,1423108312,2021,,,B,E", "bad_mmsi"),
        ("CDDSC,20,3380400790,00,21,26,1426108312,2021,,,B,E", "minutes_range"),
        ("CDDSC,20,3380400790,00,21,26,1423108312,2460,,,B,E", "bad_time"),
        ("CDDSE,1,1,A,3380400790,00,46504437,01", "truncated"),
        ("CDDSE,2,1,A,3380400790", "truncated"),
        ("CDDSE,1,2,A,3380400790,00,46504437", "bad_number"),
        ("CDDSE,1,1,x,3380400790,00,46504437", "bad_ack_code"),
        ("CDDSE,1,1,A,3380,00,46504437", "bad_mmsi"),
    ],
)
def test_bad_call_is_refused_with_its_reason(body: str, reason: str) -> None:
    assert refused(body) == reason


def test_expansion_refines_the_position_of_its_call() -> None:
    transmissions, reasons = heard(decoder(), [DISTRESS, EXPANSION])
    assert (len(transmissions), reasons) == (1, [])
    position = transmissions[0].position
    assert position is not None
    assert position.lat == pytest.approx(42 + 31.4589 / 60, abs=1e-9)
    assert position.lon == pytest.approx(-(83 + 12.4494 / 60), abs=1e-9)
    assert position.accuracy_m is None
    assert transmissions[0].facts["merged"] is True
    assert transmissions[0].raw == DISTRESS + b"\r\n" + EXPANSION


def test_expansion_of_two_sentences_says_speed_course_and_name() -> None:
    transmissions, _ = heard(
        decoder(),
        [
            DISTRESS,
            sentence("CDDSE,2,1,A,3380400790,00,45894494,02,0075"),
            sentence("CDDSE,2,2,A,3380400790,03,2705,04,NAGA,06,0007,02,9999x,01,"),
        ],
    )
    assert len(transmissions) == 1
    position = transmissions[0].position
    assert position is not None
    assert position.speed_mps == pytest.approx(7.5 * 1852 / 3600)
    assert position.course_deg == 270.5
    assert (transmissions[0].facts["ship_name"], transmissions[0].facts["persons_on_board"]) == (
        "NAGA",
        7,
    )


def test_call_is_decoded_after_a_second_and_again_when_its_expansion_is_late() -> None:
    one_connection = decoder()
    assert one_connection.decode(frame(DISTRESS)) == []
    assert one_connection.waiting()
    assert one_connection.flush(NOW + timedelta(seconds=0.9)) == []
    transmissions = one_connection.flush(NOW + timedelta(seconds=1))
    assert [call.distress for call in transmissions] == [True]
    assert not one_connection.waiting()
    late = one_connection.decode(frame(EXPANSION, after_s=4))
    assert [call.facts["merged"] for call in late] == [True]
    assert "merged" not in transmissions[0].facts
    assert late[0].duplicate_key != transmissions[0].duplicate_key
    assert one_connection.flush(None) == []


def test_expansion_that_was_not_announced_is_added_too() -> None:
    one_connection = decoder()
    unannounced = sentence("CDDSC,12,3380400790,12,05,00,1423108312,2019,,,S,")
    assert len(one_connection.decode(frame(unannounced))) == 1
    assert not one_connection.waiting()
    assert [call.facts["merged"] for call in one_connection.decode(frame(EXPANSION))] == [True]
    assert one_connection.flush(None) == []


def test_tag_block_says_which_station_received_the_call_and_when() -> None:
    transmission = one(b"\\s:coast-1,c:1764072000*4B\\" + REPLY, live=False)
    assert transmission.signal is not None
    assert transmission.signal.station == "coast-1"
    assert transmission.passed_on_at == datetime(2025, 11, 25, 12, tzinfo=UTC)
    assert transmission.device_time == datetime(2025, 11, 25, 22, 42, tzinfo=UTC)
    assert transmission.flags == ()


def test_expansion_without_its_call_is_no_position() -> None:
    transmission = one(EXPANSION)
    assert (transmission.kind, transmission.device, transmission.position) == (
        "other",
        "338040079",
        None,
    )
    assert (transmission.facts["dlat_min"], transmission.facts["dlon_min"]) == (0.4589, 0.4494)
    far_too_late = decoder()
    far_too_late.decode(frame(DISTRESS))
    said_late = far_too_late.decode(frame(EXPANSION, after_s=60))
    assert [call.facts.get("kind") for call in said_late] == [None, "dse"]


def test_expansion_of_another_boat_or_another_peer_is_not_added() -> None:
    one_connection = decoder()
    one_connection.decode(frame(DISTRESS, source="a"))
    assert one_connection.decode(frame(EXPANSION, source="b"))[0].position is None
    other = sentence("CDDSE,1,1,A,3380400780,00,45894494")
    assert one_connection.decode(frame(other, source="a"))[0].position is None
    query = sentence("CDDSE,1,1,Q,3380400790,00,45894494")
    assert one_connection.decode(frame(query, source="a"))[0].position is None
    [call] = one_connection.flush(None)
    assert "merged" not in call.facts


def test_expansion_of_a_relay_may_name_the_boat_in_distress() -> None:
    relay = sentence("CDDSC,16,0023200010,12,12,00,1423108312,2019,3380400790,05,S,E")
    transmissions, _ = heard(decoder(), [relay, EXPANSION])
    assert [call.facts.get("merged") for call in transmissions] == [True]


def test_same_alert_of_two_sets_is_one_and_a_new_position_is_not() -> None:
    again = one(sentence("CDDSC,12,3380400790,12,05,00,1423108312,2019,,,S,"))
    assert again.duplicate_key == one(DISTRESS).duplicate_key
    moved = one(sentence("CDDSC,12,3380400790,12,05,00,1423208312,2019,,,S,"))
    assert moved.duplicate_key != again.duplicate_key


def test_calls_waiting_for_expansions_are_bounded_and_none_is_lost() -> None:
    one_connection = decoder()
    transmissions = []
    for number in range(dsc.MAX_CALLS + 50):
        body = f"CDDSC,12,{338000000 + number}0,12,05,00,1423108312,2019,,,S,E"
        transmissions += one_connection.decode(frame(sentence(body)))
    assert len(transmissions) == 50
    assert len(transmissions + one_connection.flush(None)) == dsc.MAX_CALLS + 50


@pytest.mark.parametrize("module", [dsc, nmea0183])
@pytest.mark.parametrize(
    "bad", ["CDDSE,1,1,A,x,00,45894494", "CDDSC,99,3380400790,12,05,00,,,,,S,"]
)
def test_call_that_waits_is_not_lost_with_a_sentence_that_cannot_be_read(
    module: ProtocolModule, bad: str
) -> None:
    made = module.decoder(DecoderSettings())
    assert made.decode(frame(DISTRESS)) == []
    with pytest.raises(FrameError):
        made.decode(frame(sentence(bad), after_s=1.05))
    (transmission,) = made.flush(NOW + timedelta(seconds=1.1))
    assert (transmission.device, transmission.distress) == ("338040079", True)


def test_missing_checksum_is_refused_once_one_was_sent() -> None:
    one_connection = decoder()
    bare = DISTRESS[:-3]
    [transmission] = one_connection.decode(frame(bare)) + one_connection.flush(None)
    assert (transmission.distress, transmission.flags) == (True, ("no_checksum",))
    one_connection.decode(frame(REPLY))
    with pytest.raises(FrameError, match="no_checksum"):
        one_connection.decode(frame(bare))
    with pytest.raises(FrameError, match="no_checksum"):
        decoder(checksum_required=True).decode(frame(bare))


def test_calls_among_the_sentences_of_a_boat_are_decoded_there_too() -> None:
    boat = nmea0183.decoder(DecoderSettings())
    rmc = sentence("GPRMC,115958.000,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A")
    transmissions = [
        each
        for payload in (rmc, DISTRESS, EXPANSION, rmc.replace(b"58.000", b"59.000"))
        if not payload.startswith(b"$GPRMC,115959")
        for each in boat.decode(frame(payload))
    ]
    assert boat.waiting()
    transmissions += boat.flush(None)
    assert sorted((each.protocol, each.distress) for each in transmissions) == [
        ("dsc", True),
        ("nmea0183", False),
    ]
    assert next(each for each in transmissions if each.protocol == "dsc").facts["merged"] is True


@given(st.sampled_from([DISTRESS, BLANKS, REPLY, EXPANSION]), st.integers(1, 60), st.integers(0, 7))
def test_flipped_bit_gives_no_transmission(line: bytes, at: int, bit: int) -> None:
    at = 1 + at % (len(line) - 4)
    damaged = line[:at] + bytes([line[at] ^ 1 << bit]) + line[at + 1 :]
    if damaged.count(b"*") != 1 or b"\\" in damaged:
        return
    one_connection = decoder(checksum_required=True)
    with pytest.raises(FrameError):
        one_connection.decode(frame(damaged))
    assert one_connection.flush(None) == []


_field = st.one_of(
    st.text("0123456789", max_size=10),
    st.sampled_from(["", "12", "16", "00", "3380400790", "1423108312", "S", "B", "E", "8888", "A"]),
)


@given(st.sampled_from(["CDDSC", "CDDSE", "CVDSC"]), st.lists(_field, max_size=13))
def test_any_fields_give_a_call_or_a_reason(name: str, fields: list[str]) -> None:
    body = ",".join([name, *fields])
    payload = f"${body}*{checksum(body.encode()):02X}".encode()
    transmissions, _ = heard(decoder(), [payload, EXPANSION])
    for each in transmissions:
        assert list(each.flags) == sorted(set(each.flags))


@given(st.lists(st.integers(0, 200), max_size=6))
def test_split_of_the_stream_makes_no_difference(cuts: list[int]) -> None:
    data = b"noise" + DISTRESS + b"\r\n" + EXPANSION + b"\r\n" + REPLY + b"\r\n"
    framer, whole = LineFramer(), LineFramer()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    parts = [part for a, b in pairwise(edges) for part in framer.feed(data[a:b])]
    assert parts + framer.close() == whole.feed(data) + whole.close()
