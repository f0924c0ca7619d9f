from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order, OrderError, OrderKind
from radio_gateway.protocols.kenwood import kenwood
from radio_gateway.protocols.kenwood.framer import MAX_FRAME, KenwoodFramer
from tests.radio_gateway.protocols.sentences import NOW, frame, heard, sentence

# Published: go-nmea (pklds, pknds, pklid tests), and six sentences of one position as one operator
# of a NEXEDGE base put them on MQTT.
PKLDS = b"$PKLDS,220516,A,5133.82,N,00042.24,W,173.8,231.8,130694,004.2,W00,100,2000,15,00,*60"
PKLID = b"$PKLID,00,100,2000,15,00,*6D"
SIX = (
    b"$PKNID,,U00001205,,,*27",
    b"$PKNDS,160902,A,2301.2967,N,07228.2519,E,000.0,000.0,,,,U00001205,,,*41",
    b"$PKNSH,2301.2967,N,07228.2519,E,160902,A,U00001205,*61",
    b"$GPRMC,160902,A,2301.2967,N,07228.2519,E,000.0,000.0,,,*1B",
    b"$GPGGA,160902,2301.2967,N,07228.2519,E,1,,,,,,,,*5A",
    b"$GPGLL,2301.2967,N,07228.2519,E,160902,A*2C",
)
# made here
BOAT = sentence("PKNDS,115958,A,2016.3800,N,10024.7200,E,009.7,162.6,251126,,,U00007,015,00,")
OWN_RMC = sentence("GPRMC,115959.000,A,2016.9000,N,10024.9000,E,0.10,,251126,,,A")
OWN_GGA = sentence("GPGGA,115959.000,2016.9000,N,10024.9000,E,1,09,0.9,352.4,M,-31.0,M,,")
VTG = sentence("GPVTG,162.6,T,,M,9.72,N,18.0,K,A")


def decoder(
    *statuses: str, live: bool = True, checksum_required: bool = False
) -> kenwood.KenwoodDecoder:
    return kenwood.decoder(
        DecoderSettings(
            live=live, checksum_required=checksum_required, distress_statuses=frozenset(statuses)
        )
    )


def one(payload: bytes, *statuses: str, live: bool = True) -> Transmission:
    transmissions, reasons = heard(decoder(*statuses, live=live), [payload])
    assert (len(transmissions), reasons) == (1, [])
    return transmissions[0]


def cut(reads: Iterable[bytes]) -> list[bytes]:
    framer = KenwoodFramer()
    return [payload for read in reads for payload in framer.feed(read)] + framer.close()


# sentences


def test_long_fleetsync_sentence_says_everything() -> None:
    transmission = one(BOAT)
    assert (transmission.protocol, transmission.device, transmission.kind, transmission.fix) == (
        "kenwood",
        "U00007",
        "position",
        True,
    )
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.273)
    assert transmission.position.speed_mps == pytest.approx(9.7 * 1852 / 3600)
    assert transmission.position.course_deg == 162.6
    assert transmission.device_time == datetime(2026, 11, 25, 11, 59, 58, tzinfo=UTC)
    assert (transmission.status, transmission.facts["status"], transmission.distress) == (
        "15",
        15,
        False,
    )
    assert transmission.duplicate_window_s is None
    fleet = one(PKLDS)
    assert (fleet.device, fleet.facts["fleet"], fleet.facts["unit"]) == ("100:2000", "100", "2000")
    assert fleet.flags == ("week_rollover",)  # the example is of 1994


def test_short_sentence_takes_its_day_from_its_reception() -> None:
    body = "PKLSH,2016.3800,N,10024.7200,E,235958,A,100,2000"
    transmission = one(sentence(body))
    assert transmission.device_time == datetime(2026, 11, 25, 23, 59, 58, tzinfo=UTC)
    assert transmission.facts["time_of_day"] == "23:59:58"
    assert transmission.duplicate_window_s == 600
    assert one(sentence(body), live=False).device_time is None


def test_position_of_a_set_without_a_fix_is_stale() -> None:
    transmission = one(sentence("PKLSH,3851.3330,N,09447.9417,W,012212,V,100,1202,"))
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))
    assert transmission.position is not None
    nowhere = one(sentence("PKNSH,,,,,,V,U00103,"))
    assert (nowhere.kind, nowhere.position, nowhere.fix) == ("position", None, False)
    assert nowhere.flags == ("no_fix",)


@pytest.mark.parametrize("comma", ["", ","])
def test_comma_before_the_checksum_may_be_missing(comma: str) -> None:
    assert one(sentence(f"PKNSH,2016.3800,N,10024.7200,E,115958,A,U00103{comma}")).fix is True


@pytest.mark.parametrize(
    ("printed", "device"),
    [
        ("U00001", "U00001"),
        ("U00001205", "U00001205"),
        ("000000101", "000000101"),
        ("004332199", "4332199"),
    ],
)
def test_radio_has_one_name_however_long_it_is_printed(printed: str, device: str) -> None:
    short = sentence(f"PKNSH,2016.3800,N,10024.7200,E,115958,A,{printed},")
    long = sentence(f"PKNDS,115958,A,2016.3800,N,10024.7200,E,0.0,,251126,,00,{printed},0028,00,")
    assert (one(short).device, one(long).device) == (device, device)


def test_status_message_is_laid_to_the_radio_known_by_its_whole_number() -> None:
    one_port = decoder()
    status = b"xE0000001010000009990002"
    assert one_port.decode(frame(status))[0].device == "00000101"
    one_port.decode(frame(sentence("PKNSH,2016.38,N,10024.72,E,115958,A,000000101,")))
    assert [each.device for each in one_port.decode(frame(status))] == ["000000101"] * 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("PKNSH,2016.38,N,10024.72,E,115958,D,U00001", "bad_status"),
        ("PKNSH,2016.38,N,10024.72,E,115958,A,U001", "bad_id"),
        ("PKLSH,2016.38,N,10024.72,E,115958,A,100", "truncated"),
        ("PKLSH,2016.38,N,10024.72,E,115958,A,10,2000", "bad_id"),
        ("PKNSH,2060.38,N,10024.72,E,115958,A,U00001", "minutes_range"),
        ("PKNSH,9116.38,N,10024.72,E,115958,A,U00001", "lat_range"),
        ("PKNSH,0000.00,N,00000.00,E,115958,A,U00001", "null_island"),
        ("PKNSH,2016.38,X,10024.72,E,115958,A,U00001", "bad_hemisphere"),
        ("PKNSH,2016.38,N,10024.72,E,256158,A,U00001", "bad_time"),
        ("PKNDS,115958,A,2016.38,N,10024.72,E,0.0,,251126,,,U00001,a,00", "bad_status_code"),
        ("PKNXX,1", "unknown_sentence"),
    ],
)
def test_bad_sentence_is_refused_with_its_reason(body: str, reason: str) -> None:
    assert heard(decoder(), [sentence(body)]) == ([], [reason])


def test_impossible_date_costs_the_time_and_not_the_place() -> None:
    transmission = one(sentence("PKNDS,115958,A,2016.38,N,10024.72,E,0.0,,310226,,,U00001,015,00"))
    assert (transmission.device, transmission.device_time, transmission.flags) == (
        "U00001",
        None,
        ("bad_date",),
    )
    assert transmission.position is not None


def test_published_sample_with_a_wrong_checksum_gives_nothing() -> None:
    sample = b"$PKNSH,3916.1154,N,12101.6008,W,123456,A,U01001,*4C"  # radiolog's comments
    assert heard(decoder(), [sample]) == ([], ["bad_checksum"])


def test_missing_checksum_is_refused_once_one_was_sent() -> None:
    bare = BOAT[:-3]
    assert one(bare).flags == ("no_checksum",)
    assert heard(decoder(), [BOAT, bare])[1] == ["no_checksum"]
    assert heard(decoder(checksum_required=True), [bare])[1] == ["no_checksum"]


# calls for help


def test_status_that_the_fleet_uses_so_is_a_call_for_help() -> None:
    for statuses in (("15",), ("015",)):
        transmission = one(BOAT, *statuses)
        assert (transmission.distress, transmission.kind) == (True, "position")
    assert not one(BOAT, "16").distress
    status = one(b"xE0000001010000009990015", "15")
    assert (status.distress, status.kind, status.position) == (True, "distress", None)
    assert one(b"xEU00001205U00001500001202", "001202").distress
    identity = one(PKLID, "15")
    assert (identity.distress, identity.kind) == (True, "distress")


def test_call_for_help_is_decoded_without_the_broken_position() -> None:
    body = "PKNDS,115958,A,2060.38,N,10024.72,E,0.0,,251126,,,U00001,015,00,"
    transmission = one(sentence(body), "15")
    assert (transmission.distress, transmission.kind, transmission.position) == (
        True,
        "distress",
        None,
    )
    assert transmission.flags == ("minutes_range", "no_fix")
    assert heard(decoder("16"), [sentence(body)])[1] == ["minutes_range"]


def test_call_for_help_is_not_lost_with_a_bad_sentence_of_the_bus_behind_it() -> None:
    radio = decoder("15")
    assert radio.decode(frame(BOAT)) == []
    (transmission,) = radio.decode(frame(sentence("GPVTG,x,T,,M,9.72,N,18.0,K,A"), after_s=0.1))
    assert (transmission.device, transmission.distress) == ("U00007", True)
    assert [error.reason for error in radio.rejected()] == ["bad_number"]


# one position, many sentences


def test_six_sentences_of_one_position_are_one_report() -> None:
    transmissions, reasons = heard(decoder(), SIX)
    assert (len(transmissions), reasons) == (1, [])
    assert (transmissions[0].device, transmissions[0].kind) == ("U00001205", "position")
    assert transmissions[0].raw == b"\r\n".join(SIX)
    assert transmissions[0].facts["quality"] == 1


def test_report_leaves_with_its_sixth_sentence_and_else_after_silence() -> None:
    one_port = decoder()
    assert [len(one_port.decode(frame(each))) for each in SIX] == [0, 0, 0, 0, 0, 1]
    assert not one_port.waiting()
    assert one_port.decode(frame(BOAT)) == []
    assert one_port.waiting()
    assert one_port.flush(NOW + timedelta(seconds=0.4)) == []
    assert [each.device for each in one_port.flush(NOW + timedelta(seconds=0.5))] == ["U00007"]
    assert not one_port.waiting()


@pytest.mark.parametrize("plain", [SIX[3:], SIX[3:4], SIX[4:5], SIX[5:]])
def test_identity_is_that_of_the_plain_sentences_after_it(plain: tuple[bytes, ...]) -> None:
    transmissions, reasons = heard(decoder(), [SIX[0], *plain])
    assert [(each.protocol, each.device) for each in transmissions] == [("kenwood", "U00001205")]
    assert (transmissions[0].position is not None, reasons) == (True, [])


def test_identity_is_not_that_of_a_later_position() -> None:
    later = sentence("GPRMC,160903,A,2302.2967,N,07228.2519,E,000.0,000.0,,,")
    transmissions, _ = heard(decoder(), [SIX[0], SIX[3], later])
    assert [(each.protocol, each.device) for each in transmissions] == [
        ("kenwood", "U00001205"),
        ("nmea0183", None),
    ]
    one_port = decoder()
    one_port.decode(frame(SIX[0]))
    transmissions = one_port.decode(frame(SIX[3], after_s=3)) + one_port.flush(None)
    assert [(each.kind, each.device) for each in transmissions] == [
        ("static", "U00001205"),
        ("position", None),
    ]


def test_identity_alone_is_decoded() -> None:
    transmission = one(PKLID)
    assert (transmission.kind, transmission.device, transmission.facts["kind"]) == (
        "static",
        "100:2000",
        "identity",
    )
    assert transmission.fix is None


def test_two_radios_at_once_stay_two() -> None:
    other = BOAT.replace(b"U00007", b"U00008")
    other = sentence(other[1:-3].decode())
    transmissions, _ = heard(decoder(), [BOAT, other, BOAT])
    assert [each.device for each in transmissions] == ["U00007", "U00008", "U00007"]
    assert transmissions[0].duplicate_key == transmissions[2].duplicate_key


def test_gps_of_the_base_set_itself_goes_to_the_link() -> None:
    transmissions, reasons = heard(decoder(), [OWN_RMC, OWN_GGA, BOAT, OWN_RMC])
    assert reasons == []
    assert sorted((each.protocol, each.device) for each in transmissions) == [
        ("kenwood", "U00007"),
        ("nmea0183", None),
        ("nmea0183", None),
    ]
    boat = next(each for each in transmissions if each.device == "U00007")
    assert boat.position is not None
    assert boat.position.lat == pytest.approx(20.273)
    own = next(each for each in transmissions if each.protocol == "nmea0183")
    assert own.position is not None
    assert own.position.altitude_m == 352.4


def test_plain_sentence_of_the_same_time_and_another_place_is_not_the_radios() -> None:
    own = sentence("GPGGA,115958.000,2016.9000,N,10024.9000,E,1,09,0.9,352.4,M,-31.0,M,,")
    transmissions, _ = heard(decoder(), [BOAT, own, VTG])
    assert sorted((each.protocol, each.device) for each in transmissions) == [
        ("kenwood", "U00007"),
        ("nmea0183", None),
    ]
    boat = next(each for each in transmissions if each.device == "U00007")
    assert boat.position is not None
    assert boat.position.altitude_m is None


def test_sentence_that_names_another_radio_than_the_identity_before_it_is_its_own() -> None:
    transmissions, _ = heard(decoder(), [SIX[0], BOAT])
    assert [(each.kind, each.device) for each in transmissions] == [
        ("static", "U00001205"),
        ("position", "U00007"),
    ]


def test_plain_sentences_before_the_one_that_names_the_radio_are_claimed_by_it() -> None:
    transmissions, _ = heard(decoder(), [SIX[3], SIX[4], SIX[1]])
    assert [(each.protocol, each.device) for each in transmissions] == [("kenwood", "U00001205")]


# frames


def test_keying_up_and_down_say_who() -> None:
    begin = one(b"\x02I110040021004002\x03")
    assert (begin.kind, begin.device, begin.facts["phase"]) == ("status", "100:4002", "bot")
    assert begin.facts["kind"] == "ptt_id"
    end = one(b"\x02I01004002\x03")
    assert (end.device, end.facts["phase"]) == ("100:4002", "eot")
    called = one(b"\x02gI1U03001U03007\x03")
    assert (called.device, called.facts["to"]) == ("U03001", "U03007")
    assert one(b"\x02gI1U00003001\x03").device == "U00003001"
    assert one(b"\x02D2001814\x03").facts["kind"] == "selcall"


@pytest.mark.parametrize(("sign", "status"), [(b"0", "acknowledged"), (b"1", "refused")])
def test_answer_to_a_sent_message_is_decoded(sign: bytes, status: str) -> None:
    transmission = one(b"\x02" + sign + b"\x03")
    assert (transmission.kind, transmission.status, transmission.device) == ("answer", status, None)
    assert transmission.facts["ok"] is (sign == b"0")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\x02D2001814", "no_etx"),
        (b"\x02\x03", "unknown_frame"),
        (b"\x02I21004002\x03", "unknown_frame"),
        (b"\x02I1100400\x03", "unknown_frame"),
        (b"\x02D200181\xff\x03", "control_byte"),
        (b"xE123", "unknown_frame"),
        (b"hello world", "no_start"),
    ],
)
def test_frame_of_no_known_meaning_is_refused(payload: bytes, reason: str) -> None:
    assert heard(decoder(), [payload]) == ([], [reason])


def test_keying_up_ends_the_report_before_it() -> None:
    one_port = decoder()
    one_port.decode(frame(BOAT))
    transmissions = one_port.decode(frame(b"\x02gI0U00007U00007\x03"))
    assert [each.kind for each in transmissions] == ["position", "status"]


# the byte stream

STREAM = (
    b"\x00noise\x02I110040021004002\x03" + PKLDS + b"\r\n\x02" + SIX[0] + b"\r\n" + SIX[1]
    + b"\x03\x02\r\n" + SIX[2] + b"\x03\x020\x03xE0000001010000009990002" + BOAT
    + b"\r\nxEU00001205U00001500001202\r\n\x02D2001814\x02D2001815\x03\x02I1100" + OWN_RMC
    + b"\n\x02I1"
)  # fmt: skip
PAYLOADS = [
    b"\x02I110040021004002\x03",
    PKLDS,
    *SIX[:3],
    b"\x020\x03",
    b"xE0000001010000009990002",
    BOAT,
    b"xEU00001205U00001500001202",
    b"\x02D2001814",
    b"\x02D2001815\x03",
    b"\x02I1100",
    OWN_RMC,
    b"\x02I1",
]


def test_frames_and_sentences_are_cut_out_of_one_stream() -> None:
    assert cut([STREAM]) == PAYLOADS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_split_of_the_stream_makes_no_difference(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert cut(STREAM[a:b] for a, b in pairwise(edges)) == PAYLOADS


@given(
    st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([b"\x02", b"\x03", b"$", *SIX]))),
    st.lists(st.integers(0, 400), max_size=5),
)
def test_any_bytes_are_cut_alike_and_decoded_without_a_crash(
    parts: list[bytes], cuts: list[int]
) -> None:
    data = b"".join(parts)
    edges = [0, *sorted(min(each, len(data)) for each in cuts), len(data)]
    payloads = cut([data])
    assert cut(data[a:b] for a, b in pairwise(edges)) == payloads
    one_port = decoder("15")
    for payload in payloads:
        kenwood.speaks(frame(payload))
    heard(one_port, payloads)
    assert one_port.rejected() == []


def test_endless_frame_is_noise_and_bounded() -> None:
    framer = KenwoodFramer()
    for _ in range(100):
        assert framer.feed(b"\x02" + b"I" * 1000) == [] or framer.junk_bytes >= 0
    framer = KenwoodFramer()
    framer.feed(b"\x02")
    for _ in range(20):
        framer.feed(b"I" * 1000)
    assert framer.junk_bytes > MAX_FRAME
    assert framer.feed(b"\r\n" + BOAT + b"\r\n")[-1] == BOAT


@given(st.integers(1, 70), st.integers(0, 7))
def test_flipped_bit_gives_no_position(at: int, bit: int) -> None:
    damaged = BOAT[:at] + bytes([BOAT[at] ^ 1 << bit]) + BOAT[at + 1 :]
    if damaged.count(b"*") != 1 or b"\\" in damaged:
        return
    transmissions, _ = heard(decoder(checksum_required=True), cut([damaged + b"\r\n"]))
    assert all(each.position is None for each in transmissions)


@given(
    st.sampled_from(["PKLDS", "PKNDS", "PKLSH", "PKNSH", "PKLID", "PKNID"]),
    st.lists(
        st.one_of(
            st.text("0123456789.NSEWAVU", max_size=10),
            st.sampled_from(
                ["U00001", "100", "2000", "115958", "A", "2016.38", "N", "10024.72", "E"]
            ),
        ),
        max_size=17,
    ),
)
def test_any_fields_give_a_report_or_a_reason(name: str, fields: list[str]) -> None:
    transmissions, reasons = heard(decoder("15"), [sentence(",".join([name, *fields]))])
    assert len(transmissions) + len(reasons) == 1


# orders


def order(kind: OrderKind, device: str | None, text: str = "") -> Order:
    return Order(
        id="1",
        kind=kind,
        channel="base",
        operator="desk",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
        device=device,
        text=text,
    )


@pytest.mark.parametrize(
    ("wanted", "data"),
    [
        (order("poll", "100:1002"), b"\x02R31001002\x03"),
        (order("poll", "U00001"), b"\x02gR3U00001\x03"),
        (order("text", "100:1002", "test"), b"\x02F1001002test\x03"),
        (order("alert", "U00001", "come back"), b"\x02gFU00001come back\x03"),
        (order("text", "100:1002", "x" * 48), b"\x02F1001002" + b"x" * 48 + b"\x03"),
        (order("text", "100:1002", "x" * 49), b"\x02G1001002" + b"x" * 49 + b"\x03"),
        (order("text", None, "test"), b"\x02F0000000test\x03"),
    ],
)
def test_order_is_what_the_radio_takes(wanted: Order, data: bytes) -> None:
    outgoing = kenwood.encode(wanted, DecoderSettings(), number=1)
    assert outgoing.data == data
    assert outgoing.answer == (None if wanted.device is None else "")
    assert wanted.kind in kenwood.ORDERS


def test_order_to_everyone_is_nexedge_where_we_are() -> None:
    settings = DecoderSettings(station="U00100")
    outgoing = kenwood.encode(order("text", None, "all"), settings, number=1)
    assert (outgoing.data, outgoing.answer) == (b"\x02gFG00000all\x03", None)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (order("poll", None), "no_device"),
        (order("poll", "000000101"), "bad_device"),
        (order("poll", "U00001205"), "bad_device"),
        (order("text", "100:1002"), "empty_text"),
        (order("text", "100:1002", "x" * 4097), "too_long"),
        (order("text", "100:1002", "\x03\x02R31001002"), "bad_character"),
        (order("text", "100:1002", "ສະບາຍດີ"), "bad_character"),
    ],
)
def test_order_that_cannot_be_encoded_fails(wanted: Order, reason: str) -> None:
    with pytest.raises(OrderError) as error:
        kenwood.encode(wanted, DecoderSettings(), number=1)
    assert error.value.reason == reason


def test_decoder_stays_usable_after_a_refused_frame() -> None:
    one_port = decoder()
    with pytest.raises(FrameError):
        one_port.decode(frame(b"\x02?\x03"))
    assert len(one_port.decode(frame(BOAT)) + one_port.flush(None)) == 1
