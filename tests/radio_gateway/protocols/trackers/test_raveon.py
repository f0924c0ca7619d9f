from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import raveon
from tests.radio_gateway.protocols.sentences import frame, heard, sentence

# published: a RavTrack user's log (south America) and Raveon's description of the message
SOUTH = b"$PRAVE,0002,0001,-2349.4763,-6447.3949,151140,1,5,447,31,12.9,0,-56,0,0,,*64"
DIFFERENTIAL = b"$PRAVE,0002,0001,3308.9037,-11713.1167,165919,2,9,184,25,12.7,0,-95,0,0,,*76"


def decoder(*, live: bool = True) -> raveon.RaveonDecoder:
    return raveon.decoder(DecoderSettings(live=live))


def one(payload: bytes, *, live: bool = True) -> Transmission:
    transmissions, reasons = heard(decoder(live=live), [payload])
    assert (len(transmissions), reasons) == (1, [])
    return transmissions[0]


def test_report_says_who_where_and_how_well_it_was_received() -> None:
    transmission = one(SOUTH)
    assert (transmission.device, transmission.kind, transmission.fix, transmission.distress) == (
        "0002",
        "position",
        True,
        False,
    )
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(-(23 + 49.4763 / 60))
    assert transmission.position.lon == pytest.approx(-(64 + 47.3949 / 60))
    assert (transmission.position.altitude_m, transmission.position.speed_mps) == (447, 0)
    assert transmission.signal is not None
    assert transmission.signal.rssi_dbm == -56
    assert transmission.device_time == datetime(2026, 11, 25, 15, 11, 40, tzinfo=UTC)
    assert transmission.facts["sats"] == 5
    assert transmission.facts["supply_v"] == 12.9


def test_time_without_a_date_is_not_made_up_for_a_recording() -> None:
    transmission = one(DIFFERENTIAL, live=False)
    assert (transmission.device_time, transmission.facts["time_of_day"]) == (None, "16:59:19")
    midnight = one(sentence("PRAVE,1,1,2016.38,10024.72,000000,1,9,184,25,12.7,0,-95,36,90,,"))
    assert midnight.device_time == datetime(2026, 11, 25, tzinfo=UTC)
    assert midnight.position is not None
    assert (midnight.position.speed_mps, midnight.position.course_deg) == (10, 90)


def test_published_example_with_a_wrong_checksum_gives_nothing() -> None:
    example = b"$PRAVE,0001,0001,3308.9051,-11713.1164,195348,1,10,168,31,13.3,3,-83,0,0,,*66"
    with pytest.raises(FrameError, match="bad_checksum"):
        decoder().decode(frame(example))


@pytest.mark.parametrize(
    ("alert", "distress", "status"),
    [
        ("", False, None),
        ("A", True, "alert"),
        ("C", True, "critical"),
        ("M", True, "man_down"),
        ("P", False, "proximity"),
        ("VM", True, "vibration man_down"),
    ],
)
def test_alert_buttons_and_man_down_call_for_help(
    alert: str, distress: bool, status: str | None
) -> None:
    body = f"PRAVE,0007,0001,2016.38,10024.72,115900,1,9,184,25,12.7,0,-95,0,0,{alert},"
    transmission = one(sentence(body))
    assert (transmission.distress, transmission.status) == (distress, status)


def test_call_for_help_without_a_fix_or_with_a_broken_field_is_decoded() -> None:
    transmission = one(sentence("PRAVE,0007,0001,,,,0,0,,25,12.7,0,-95,,,C,"))
    assert (
        transmission.kind,
        transmission.distress,
        transmission.position,
        transmission.flags,
    ) == (
        "distress",
        True,
        None,
        ("no_fix",),
    )
    transmission = one(sentence("PRAVE,0007,0001,9916.38,10024.72,119900,1,x,y,z,q,0,w,,,C,"))
    assert transmission.distress
    assert transmission.flags == ("bad_number", "bad_time", "lat_range")


def test_position_that_is_not_valid_is_stale() -> None:
    transmission = one(
        sentence("PRAVE,0007,0001,2016.38,10024.72,115900,0,0,184,25,12.7,0,-95,0,0,,1003.4")
    )
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))
    assert transmission.facts["odometer"] == "1003.4"
    nowhere = one(sentence("PRAVE,0007,0001,0000.0000,00000.0000,115900,0,0,0,25,12.7,0,-95,0,0,,"))
    assert (nowhere.position, nowhere.flags) == (None, ("no_fix",))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ("0007,0001,2016.38,10024.72,115900,1,9,184,25,12.7,0,-95,0,0", "truncated"),
        (",0001,2016.38,10024.72,115900,1,9,184,25,12.7,0,-95,0,0,,", "no_device"),
        ("0007,0001,2060.38,10024.72,115900,1,9,184,25,12.7,0,-95,0,0,,", "minutes_range"),
        ("0007,0001,9016.38,10024.72,115900,1,9,184,25,12.7,0,-95,0,0,,", "lat_range"),
        ("0007,0001,0000.00,00000.00,115900,1,9,184,25,12.7,0,-95,0,0,,", "null_island"),
        ("0007,0001,2016.38,,115900,1,9,184,25,12.7,0,-95,0,0,,", "missing_lon"),
        ("0007,0001,x,10024.72,115900,1,9,184,25,12.7,0,-95,0,0,,", "bad_number"),
        ("0007,0001,2016.38,10024.72,115900,7,9,184,25,12.7,0,-95,0,0,,", "bad_status"),
        ("0007,0001,2016.38,10024.72,245900,1,9,184,25,12.7,0,-95,0,0,,", "bad_time"),
    ],
)
def test_bad_report_is_refused_with_its_reason(fields: str, reason: str) -> None:
    assert heard(decoder(), [sentence(f"PRAVE,{fields}")]) == ([], [reason])


def test_other_sentences_say_nothing_here_and_a_missing_checksum_is_noticed() -> None:
    one_connection = decoder()
    assert one_connection.decode(frame(sentence("GPTXT,hello"))) == []
    one_connection.decode(frame(SOUTH))
    bare = SOUTH[:-3]
    with pytest.raises(FrameError, match="no_checksum"):
        one_connection.decode(frame(bare))
    assert one(bare).flags == ("no_checksum",)


@given(st.integers(1, 70), st.integers(0, 7))
def test_flipped_bit_gives_no_position(at: int, bit: int) -> None:
    damaged = SOUTH[:at] + bytes([SOUTH[at] ^ 1 << bit]) + SOUTH[at + 1 :]
    if damaged.count(b"*") != 1 or b"\\" in damaged:
        return
    with pytest.raises(FrameError):
        decoder().decode(frame(damaged))


@given(st.lists(st.text("0123456789.-ACMPx", max_size=11), max_size=19))
def test_any_fields_give_a_report_or_a_reason(fields: list[str]) -> None:
    transmissions, reasons = heard(decoder(), [sentence(",".join(["PRAVE", *fields]))])
    assert len(transmissions) + len(reasons) == 1
