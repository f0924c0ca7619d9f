"""TLL as pynmea2 reads it, and what happens to the hundred target numbers."""

from __future__ import annotations

import pynmea2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.feeds.writers.nmea_writer import NmeaWriter
from tests.maps.feeds.pictures import NOON, fix, notes, unit


def test_pynmea2_reads_number_place_name_time_and_status() -> None:
    writer = NmeaWriter(notes())
    (line,) = writer.write("whole", unit("a", "HX-1"), NOON)
    assert line == b"$RATLL,00,2016.4460,N,10024.6120,E,HX-1,120030.00,T,*27\r\n"
    answer = pynmea2.parse(line.decode().strip(), check=True)
    assert (answer.talker, answer.sentence_type) == ("RA", "TLL")
    assert answer.data[:1] + answer.data[5:] == ["00", "HX-1", "120030.00", "T", ""]


@given(lon=st.floats(-180, 180), lat=st.floats(-90, 90), name=st.text(max_size=60))
def test_any_place_and_name_make_a_sentence_that_fits_and_can_be_read(
    lon: float, lat: float, name: str
) -> None:
    who = unit("a", name or " ", last=fix("a", lon=lon, lat=lat), distress=True)
    (line,) = NmeaWriter(notes()).write("move", who, NOON)
    assert len(line) <= 82
    said = pynmea2.parse(line.decode("ascii").strip(), check=True)
    assert len(said.data) == 9
    number, lat_text, north, lon_text, east, shown, *_ = said.data
    assert number == "00"
    assert shown.startswith("SOS ")
    minutes = float(lat_text[2:]), float(lon_text[3:])
    assert max(minutes) < 60
    read_lat = (int(lat_text[:2]) + minutes[0] / 60) * (1 if north == "N" else -1)
    read_lon = (int(lon_text[:3]) + minutes[1] / 60) * (1 if east == "E" else -1)
    assert (read_lon, read_lat) == pytest.approx((lon, lat), abs=1e-6)


def numbers(lines: list[bytes]) -> list[tuple[str, str]]:
    return [(each.split(b",")[1].decode(), each.split(b",")[8].decode()) for each in lines]


@pytest.mark.parametrize("act", ["gone", "forgotten"])
def test_a_unit_no_longer_sent_is_sent_as_lost_and_its_number_is_freed(act: str) -> None:
    writer = NmeaWriter(notes())
    assert numbers(writer.write("whole", unit("a"), NOON)) == [("00", "T")]
    assert numbers(writer.write("whole", unit("b"), NOON)) == [("01", "T")]
    assert numbers(writer.write("move", unit("a"), NOON)) == [("00", "T")]
    assert numbers(writer.write(act, unit("a"), NOON)) == [("00", "L")]  # type: ignore[arg-type]
    assert writer.write(act, unit("a"), NOON) == []  # type: ignore[arg-type]
    assert numbers(writer.write("whole", unit("c"), NOON)) == [("00", "T")]


def test_the_hundred_and_first_unit_is_counted_and_not_sent_until_a_number_is_free() -> None:
    writer = NmeaWriter(notes())
    told = [writer.write("whole", unit(f"u{number}"), NOON) for number in range(101)]
    assert len({numbers(lines)[0] for lines in told[:100]}) == 100
    assert told[100] == []
    assert writer.untold == 1
    writer.write("forgotten", unit("u5"), NOON)
    assert numbers(writer.write("move", unit("u100"), NOON)) == [("05", "T")]
    assert writer.untold == 0
