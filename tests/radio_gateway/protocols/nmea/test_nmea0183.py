from __future__ import annotations

from datetime import UTC, datetime

import pynmea2
import pytest

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.fields import read_part
from radio_gateway.formats.nmea.sentence import read_sentence
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import nmea0183
from tests.radio_gateway.protocols.sentences import NOW, capture, frame, heard, sentence

RMC = "GPRMC,115958.000,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A"
GGA = "GPGGA,115958.00,2016.3800,N,10024.7200,E,1,09,0.9,352.4,M,-31.0,M,,"
VTG = "GPVTG,162.6,T,,M,9.72,N,18.0,K,A"


def decoder(*, live: bool = True, checksum_required: bool = False) -> nmea0183.NmeaDecoder:
    return nmea0183.decoder(DecoderSettings(live=live, checksum_required=checksum_required))


def one(body: str, *, live: bool = True) -> Transmission:
    transmissions, reasons = heard(decoder(live=live), [sentence(body)])
    assert (len(transmissions), reasons) == (1, [])
    return transmissions[0]


def test_rmc_says_place_motion_and_time() -> None:
    transmission = one(RMC)
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.273)
    assert transmission.position.lon == pytest.approx(100.412)
    assert transmission.position.speed_mps == pytest.approx(5.0004, abs=1e-4)
    assert transmission.position.course_deg == 162.6
    assert transmission.device_time == datetime(2026, 11, 25, 11, 59, 58, tzinfo=UTC)
    assert (transmission.kind, transmission.fix, transmission.flags) == ("position", True, ())
    assert (transmission.device, transmission.address) == (None, "nmea0183:@")
    assert transmission.raw == sentence(RMC)
    assert transmission.facts == {"talker": "GP"}


@pytest.mark.parametrize(
    "body",
    [
        RMC,
        "GNRMC,235959.02,A,0119.212178,S,10355.000942,W,0.0,,310722,0.0,E,D,V",
        "INRMC,194101,A,4426.1130,N,07140.5596,W,5.2,77.3,160906,15.8,W",
        "GPRMC,000000,A,8959.9999,N,17959.9999,E,,0,290224,,,A",
        "GPRMC,120000.,A,0000.0001,N,00000.,E,5.,1.,010180,,",
        "GPRMC,235959.9999999,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A",
    ],
)
def test_rmc_is_read_in_all_forms_that_receivers_write(body: str) -> None:
    fields = body.split(",")
    payload = sentence(body)
    part = read_part("RMC", read_sentence(payload).text, payload, checked=True)
    assert part.lat is not None
    assert part.lon is not None
    for text, side, degrees in (
        (fields[3], fields[4], part.lat),
        (fields[5], fields[6], part.lon),
    ):
        whole = text.index(".") - 2
        right = int(text[:whole]) + float(text[whole:]) / 60.0
        assert degrees == pytest.approx(-right if side in "SW" else right, abs=1e-11)
    assert part.time_of_day is not None
    assert part.date is not None
    moment = part.date + part.time_of_day
    assert moment.strftime("%H%M%S,%d%m%y") == f"{fields[1][:6]},{fields[9]}"


def test_sentence_that_was_an_epoch_by_itself_is_joined_once_more_of_its_moment_comes() -> None:
    gga = "GPGGA,1159{:02}.00,2016.3800,N,10024.7200,E,1,09,0.9,352.4,M,-31.0,M,,"
    rmc = "GPRMC,1159{:02}.00,A,2016.3800,N,10024.7200,E,9.72,162.6,251126,,,A"
    of_boat = decoder()

    def left(body: str, second: int) -> int:
        return len(of_boat.decode(frame(sentence(body.format(second)), after_s=second)))

    assert [left(rmc, second) for second in range(4)] == [0, 2, 1, 1]
    assert left(gga, 3) == 0  # of the same second: RMC is no end
    assert [left(body, second) for second in (4, 5) for body in (rmc, gga)] == [1, 1, 0, 1]


def test_sentences_of_one_moment_become_one_transmission() -> None:
    transmissions, reasons = heard(decoder(), [sentence(body) for body in (GGA, RMC, VTG)])
    assert (len(transmissions), reasons) == (1, [])
    position = transmissions[0].position
    assert position is not None
    assert (position.altitude_m, position.course_deg) == (352.4, 162.6)
    assert transmissions[0].device_time == datetime(2026, 11, 25, 11, 59, 58, tzinfo=UTC)
    assert transmissions[0].facts["sats"] == 9
    assert transmissions[0].raw.split(b"\r\n") == [sentence(body) for body in (GGA, RMC, VTG)]


def test_all_positions_of_a_receiver_through_gpsd_are_there_once_and_in_place() -> None:
    transmissions, reasons = heard(decoder(), capture("gpsd.nmea"))
    assert reasons == ["no_start"] * 3  # gpsd's banner
    expected = [
        message
        for line in capture("river.nmea")
        if isinstance(message := pynmea2.parse(line.decode()), pynmea2.RMC)
    ]
    assert len(transmissions) == len(expected) == 16
    for transmission, message in zip(transmissions, expected, strict=True):
        assert transmission.position is not None
        assert transmission.position.lat == pytest.approx(message.latitude, abs=1e-9)
        assert transmission.position.lon == pytest.approx(message.longitude, abs=1e-9)
        assert transmission.position.altitude_m == 352.4
        assert transmission.device_time == message.datetime


def test_plotter_that_gives_each_sentence_its_own_second_loses_none() -> None:
    transmissions, reasons = heard(decoder(live=False), capture("humminbird.nmea"))
    places = [each for each in transmissions if each.position is not None]
    assert reasons == []
    assert len(places) == 14
    assert [each.facts["sentence"] for each in transmissions if each.kind == "other"] == [
        "DPT",
        "MTW",
    ]
    times = [each.facts.get("time_of_day") or str(each.device_time)[11:19] for each in places]
    assert times == [f"19:41:{second:02}" for second in range(1, 15)]


def test_receiver_that_restarts_gives_no_position_it_does_not_have() -> None:
    transmissions, reasons = heard(decoder(live=False), capture("gp320fw_coldboot.nmea"))
    assert {each.flags[0] for each in transmissions if each.position is None} == {"no_fix"}
    assert [each.position.lat for each in transmissions if each.position is not None] == [
        pytest.approx(48.14999, abs=1e-5)
    ] * 2
    assert {"bad_checksum", "control_byte", "no_checksum"} <= set(reasons)


def test_week_rollover_of_a_real_receiver_is_corrected_and_flagged() -> None:
    transmissions, reasons = heard(decoder(), capture("telit_rollover.nmea"))
    assert reasons == []
    assert transmissions[1].flags == ("bad_date",)  # it gave the year as -1
    assert transmissions[-1].device_time == datetime(2019, 4, 7, 0, 2, 31, 420_000, tzinfo=UTC)
    assert transmissions[-1].flags == ("week_rollover",)


def test_time_without_date_is_dated_by_its_reception() -> None:
    transmission = one(GGA)
    assert transmission.device_time == datetime(2026, 11, 25, 11, 59, 58, tzinfo=UTC)
    assert transmission.facts["time_of_day"] == "11:59:58"


def test_time_without_date_in_a_recording_stays_undated() -> None:
    transmission = one(GGA, live=False)
    assert transmission.device_time is None
    assert transmission.facts["time_of_day"] == "11:59:58"


def test_time_without_date_is_dated_by_a_tag_block_first() -> None:
    payload = b"\\s:hill,c:1438489697\\" + sentence("GPGLL,5958.613,N,02325.928,E,042815,A,D")
    transmissions, _ = heard(decoder(live=False), [payload])
    assert transmissions[0].device_time == datetime(2015, 8, 2, 4, 28, 15, tzinfo=UTC)
    assert transmissions[0].passed_on_at == datetime(2015, 8, 2, 4, 28, 17, tzinfo=UTC)
    assert transmissions[0].signal is not None
    assert transmissions[0].signal.station == "hill"


@pytest.mark.parametrize("at", [0, 253_370_764_800, 253_402_300_799])
def test_time_without_date_is_dated_at_the_ends_of_all_time_too(at: int) -> None:
    payload = f"\\s:hill,c:{at}\\".encode() + sentence("GPGLL,5958.613,N,02325.928,E,235959,A,D")
    assert len(heard(decoder(live=False), [payload])[0]) == 1


def test_date_of_zda_counts_for_its_epoch() -> None:
    transmissions, _ = heard(
        decoder(live=False),
        [
            sentence("GPGGA,235959,2016.38,N,10024.72,E,1,9,0.9,,,,,,"),
            sentence("GPZDA,235959,31,12,2025,-07,00"),
        ],
    )
    assert [each.device_time for each in transmissions] == [
        datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    ]


@pytest.mark.parametrize(
    ("body", "fix", "flags", "placed"),
    [
        (
            "GPRMC,155708.252,V,4610.1676,N,00606.4586,E,0.0,0.0,060224,,,N",
            False,
            ("stale_position",),
            True,
        ),
        ("GPRMC,155708.252,V,0000.0000,N,00000.0000,E,,,060224,,,N", False, ("no_fix",), False),
        ("GPRMC,,V,,,,,,,,,,N", False, ("no_fix",), False),
        ("GPRMC,155708,A,4610.1676,N,00606.4586,E,1,2,060224,,,S", False, ("simulator",), True),
        ("GPRMC,155708,A,4610.1676,N,00606.4586,E,1,2,060224,,,E", True, ("estimated",), True),
        (
            "GPGGA,155708,4610.1676,N,00606.4586,E,8,10,2.0,268.8,M,,M,,",
            False,
            ("simulator",),
            True,
        ),
        ("GPGGA,155708,4610.1676,N,00606.4586,E,0,00,,,M,,M,,", False, ("stale_position",), True),
        ("GPGGA,155708,,,,,0,00,99.9,,M,,M,,", False, ("no_fix",), False),
        ("GNGNS,155708,4610.1676,N,00606.4586,E,NDN,12,0.8,8.5,-22.3,,,S", True, (), True),
        ("GNGNS,155708,,,,,NNN,00,99.9,,,,", False, ("no_fix",), False),
        ("GPGLL,4610.1676,N,00606.4586,E,155708,V,N", False, ("stale_position",), True),
        ("GPGLL,4610.1676,N,00606.4586,E", None, (), True),
    ],
)
def test_status_and_mode_say_whether_there_is_a_fix(
    body: str, fix: bool | None, flags: tuple[str, ...], placed: bool
) -> None:
    transmission = one(body)
    assert (transmission.kind, transmission.fix, transmission.flags) == ("position", fix, flags)
    assert (transmission.position is not None) is placed


def test_doubt_of_one_sentence_is_a_doubt_about_its_epoch() -> None:
    transmissions, _ = heard(decoder(), [sentence(RMC), sentence(GGA.replace("E,1,", "E,8,"))])
    assert [(each.fix, each.flags) for each in transmissions] == [(False, ("simulator",))]


@pytest.mark.parametrize(
    ("body", "kind", "facts"),
    [
        ("GPVTG,162.6,T,,M,9.72,N,18.0,K,A", "motion", {"course_deg": 162.6}),
        ("GPVTG,,T,,M,,N,36.0,K", "motion", {"speed_mps": 10.0}),
        ("GPVTG,089.0,091.2,10.0,18.5", "motion", {"course_deg": 89.0}),
        ("GPZDA,160012.71,11,03,2026,-1,00", "time", {}),
        ("GPGLL,,,,,,,", "empty", {}),
        ("GPRMC,,,,,,,,,,,", "empty", {}),
        ("GPVTG,,,,,,,,", "empty", {}),
        ("IIDBT,035.53,f,010.83,M,005.85,F", "other", {"sentence": "DBT"}),
    ],
)
def test_sentence_without_a_place_says_what_it_is(
    body: str, kind: str, facts: dict[str, object]
) -> None:
    transmission = one(body)
    assert (transmission.kind, transmission.position) == (kind, None)
    assert facts.items() <= transmission.facts.items()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("GPRMC,115958,A,9128.51,N,10024.72,E,1,2,251126,,", "lat_range"),
        ("GPRMC,115958,A,2016.38,N,18154.57,E,1,2,251126,,", "lon_range"),
        ("GPRMC,115958,A,2072.38,N,10024.72,E,1,2,251126,,", "minutes_range"),
        ("GPRMC,115958,A,2016.38,Q,10024.72,E,1,2,251126,,", "bad_hemisphere"),
        ("GPRMC,115958,A,2016.38,N,10024.72,N,1,2,251126,,", "bad_hemisphere"),
        ("GPRMC,115958,A,0000.00,N,00000.00,E,1,2,251126,,", "null_island"),
        ("GPRMC,115958,A,2016.38,N,,,1,2,251126,,", "missing_lon"),
        ("GPRMC,115958,A,,,10024.72,E,1,2,251126,,", "missing_lat"),
        ("GPRMC,115958,A,2016.38,N", "truncated"),
        ("GPRMC,246060,A,2016.38,N,10024.72,E,1,2,251126,,", "bad_time"),
        ("GPRMC,11595,A,2016.38,N,10024.72,E,1,2,251126,,", "bad_time"),
        ("GPRMC,115958,A,2016.38,N,10024.72,E,nan,2,251126,,", "bad_number"),
        ("GPRMC,115958,A,2016.38,N,10024.72,E,1e5,2,251126,,", "bad_number"),
        ("GPRMC,115958,A,2016.3.8,N,10024.72,E,1,2,251126,,", "bad_number"),
        ("GPRMC,115958,A,2016.38,N,10024.72,E,1_0,2,251126,,", "bad_number"),
        ("GPRMC,115958,A,2016.38,N,10024.72,E,-1,2,251126,,", "bad_number"),
        ("GPRMC,115958,A,2016.38,N,10024.72,E,1,361,251126,,", "course_range"),
        ("GPRMC,115958,X,2016.38,N,10024.72,E,1,2,251126,,", "bad_status"),
        ("GPVTG,162.6,T,,M,9", "truncated"),
        ("GPZDA,115958,31,02,2026,00,00", "bad_date"),
        (GGA.replace(",09,", f",{'9' * 30},"), "bad_number"),
        (GGA.replace("352.4", "9" * 400), "bad_number"),
        (RMC.replace("9.72", "9" * 400), "bad_number"),
        ("GPZDA,115958,,11,2026,00,00", "bad_date"),
        (f"GPZDA,115958,25,11,2{'7' * 80},00,00", "bad_date"),
        ("GPGGA,115958,2016.38,N,10024.72,E,x,09,0.9,,,,,,", "bad_status"),
    ],
)
def test_impossible_values_are_refused_with_their_reason(body: str, reason: str) -> None:
    assert heard(decoder(), [sentence(body)]) == ([], [reason])


@pytest.mark.parametrize("date", ["311126", "2208-1", "000000"])
def test_impossible_date_costs_the_time_and_not_the_place(date: str) -> None:
    body = f"GPRMC,115958,A,2016.38,N,10024.72,E,1,2,{date},,"
    transmission = one(body)
    assert (transmission.fix, transmission.device_time, transmission.flags) == (
        True,
        None,
        ("bad_date",),
    )
    assert transmission.facts["time_of_day"] == "11:59:58"
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.273)
    # without a checksum it is damage as likely as not
    assert heard(decoder(), [b"$" + body.encode()]) == ([], ["bad_date"])


def test_right_date_of_the_same_epoch_goes_before_an_impossible_one() -> None:
    bad = sentence("GPRMC,115958,A,2016.38,N,10024.72,E,1,2,311126,,")
    (transmission,), reasons = heard(decoder(), [bad, sentence("GPZDA,115958,25,11,2026,00,00")])
    assert reasons == []
    assert (transmission.flags, transmission.device_time) == (
        (),
        datetime(2026, 11, 25, 11, 59, 58, tzinfo=UTC),
    )


def test_left_out_zero_of_a_tracker_is_believed_only_under_a_checksum() -> None:
    body = "GPRMC,133343,A,5308.5632,N,1029.1285,E,0.0,0.0,290316,,"
    transmission = one(body)
    assert transmission.position is not None
    assert transmission.position.lon == pytest.approx(10.485475)
    assert heard(decoder(), [b"$" + body.encode()]) == ([], ["bad_number"])


def test_checksum_is_required_once_a_source_has_sent_one() -> None:
    bare = b"$" + RMC.encode()
    transmissions, reasons = heard(decoder(), [bare, sentence(RMC), bare])
    assert reasons == ["no_checksum"]
    assert [each.flags for each in transmissions] == [("no_checksum",), ()]


def test_checksum_can_be_required_from_the_start() -> None:
    assert heard(decoder(checksum_required=True), [b"$" + RMC.encode()]) == ([], ["no_checksum"])


def test_sentence_cut_short_without_checksum_gives_no_position() -> None:
    bare = b"$" + RMC.encode()
    for length in range(len(bare) - 4):
        transmissions, _ = heard(decoder(), [bare[:length]])
        assert [each for each in transmissions if each.position is not None] == []


def test_tracker_behind_one_link_is_distinguished_by_its_name() -> None:
    transmissions, _ = heard(decoder(), [b"boat-1," + sentence(RMC), b"boat-2" + sentence(RMC)])
    assert [each.device for each in transmissions] == ["boat-1", "boat-2"]
    assert transmissions[0].duplicate_key == transmissions[1].duplicate_key is not None
    assert transmissions[0].duplicate_window_s is None


def test_ais_in_the_stream_goes_to_its_decoder_and_breaks_no_epoch() -> None:
    vdm = b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C"
    transmissions, _ = heard(decoder(), [sentence(GGA), vdm, sentence(RMC)])
    assert [each.protocol for each in transmissions] == ["ais", "nmea0183"]


def test_housekeeping_of_the_receiver_is_left_out_and_others_come_once_a_minute() -> None:
    talkative = decoder()
    dbt = sentence("IIDBT,035.53,f,010.83,M,005.85,F")
    gsv = sentence("GPGSV,1,1,01,36,19,156,51")
    said = [talkative.decode(frame(each, after_s=at)) for at in (0, 30, 61) for each in (dbt, gsv)]
    assert [len(each) for each in said] == [1, 0, 0, 0, 1, 0]


def test_senders_without_end_do_not_fill_the_memory_and_lose_no_epoch() -> None:
    crowded = decoder()
    transmissions = []
    for number in range(nmea0183.MAX_SOURCES + 10):
        transmissions += crowded.decode(frame(f"boat-{number},".encode() + sentence(RMC)))
    assert len(transmissions) == 10
    assert len(transmissions + crowded.flush(None)) == nmea0183.MAX_SOURCES + 10


def test_decoder_stays_usable_after_an_error() -> None:
    patient = decoder()
    with pytest.raises(FrameError):
        patient.decode(frame(b"$GPRMC*00"))
    patient.decode(frame(sentence(RMC)))
    assert patient.waiting()
    assert len(patient.flush(None)) == 1
    assert not patient.waiting()
    assert patient.flush(NOW) == []
