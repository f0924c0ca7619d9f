"""AIS as others read it: gpsdecode and pyais find the same places, names and words."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyais import NMEAMessage

from maps.feeds.writers.ais_writer import AisWriter
from maps.feeds.writers.mmsi import mmsi_of
from patrol.units.wire import UnitState
from tests.fixtures.needs import program
from tests.maps.feeds.pictures import NOON, fix, heard, notes, unit

BOATS = [
    unit("a", "HX-1", last=fix("a", speed_mps=5.5, course_deg=44.5, heading_deg=45.2)),
    unit("b", "Chiang Khong 7", addresses=("ais:567001234",), last=fix("b", lon=-0.5, lat=-33.25)),
    unit("c", "เรือ ๓", kind="handheld", last=fix("c", lon=179.99999, lat=89.9)),
]


def gpsdecode(lines: bytes) -> list[dict[str, Any]]:
    path = program("gpsdecode", hint="gpsd-clients")
    done = subprocess.run([path], input=lines, capture_output=True, timeout=30, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_gpsdecode_reads_the_same_places_and_names() -> None:
    writer = AisWriter(notes())
    lines = b"".join(b"".join(writer.write("whole", each, NOON)) for each in BOATS)
    bodies = gpsdecode(lines)
    names = {each["mmsi"]: each["shipname"] for each in bodies if each["type"] == 24}
    assert names == {
        mmsi_of("a"): "HX-1",
        567001234: "CHIANG KHONG 7",
        mmsi_of("c"): f"UNIT {mmsi_of('c') % 10_000:04} 3",
    }
    places = {each["mmsi"]: each for each in bodies if each["type"] == 18}
    for boat, mmsi in zip(BOATS, names, strict=True):
        assert boat.last is not None
        assert places[mmsi]["lon"] == pytest.approx(boat.last.lon, abs=1e-6)
        assert places[mmsi]["lat"] == pytest.approx(boat.last.lat, abs=1e-6)
        assert places[mmsi]["second"] == 30
    first, _, last = places.values()
    assert first["speed"] == pytest.approx(5.5 / 0.514444, abs=0.1)
    assert (first["course"], first["heading"]) == (44.5, 45)
    assert (last["speed"], last["course"], last["heading"]) == (102.3, 360.0, 511)  # not known
    types = {each["mmsi"]: each["shiptype"] for each in bodies if each["type"] == 24}
    assert list(types.values()) == [55, 55, 0]


def read(messages: list[bytes]) -> list[Any]:
    """Return what pyais reads in messages, each of which may be several sentences."""
    found = []
    for message in messages:
        parts = [NMEAMessage(line) for line in message.split(b"\r\n") if line]
        assert all(part.is_valid for part in parts), "a checksum is wrong"
        whole = parts[0] if len(parts) == 1 else NMEAMessage.assemble_from_iterable(parts)
        found.append(whole.decode())
    return found


@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    speed=st.none() | st.floats(0, 80),
    course=st.none() | st.floats(0, 360),
    heading=st.none() | st.floats(0, 360),
    name=st.text(max_size=60),
)
def test_any_unit_can_be_encoded_and_pyais_reads_its_place(
    lon: float,
    lat: float,
    speed: float | None,
    course: float | None,
    heading: float | None,
    name: str,
) -> None:
    place = fix("a", lon=lon, lat=lat, speed_mps=speed, course_deg=course, heading_deg=heading)
    who = unit("a", name or " ", last=place)
    part_a, part_b, answer = read(AisWriter(notes()).write("whole", who, NOON))
    assert (answer.lon, answer.lat) == pytest.approx((lon, lat), abs=2e-6)
    assert 1 <= len(part_a.shipname) <= 20
    assert len(part_b.callsign) <= 7
    if course is None:
        assert answer.course == 360
    else:
        assert answer.course < 360
        assert min(abs(answer.course - course), 360 - abs(answer.course - course)) < 0.11
    assert (answer.heading == 511) is (heading is None)
    knots = 102.3 if speed is None else min(speed / 0.514444, 102.2)  # 102.2: or more
    assert answer.speed == pytest.approx(knots, abs=0.11)
    assert read(AisWriter(notes()).write("call", who, NOON))[0].text.startswith("SOS ")


def test_our_own_gateway_hears_the_same() -> None:
    lines = b"".join(AisWriter(notes()).write("whole", BOATS[1], NOON))
    (transmission,) = [each for each in heard("ais", lines) if each.position is not None]
    assert transmission.device == "567001234"
    assert transmission.position is not None
    assert (transmission.position.lon, transmission.position.lat) == pytest.approx((-0.5, -33.25))
    assert not transmission.distress


@pytest.mark.parametrize(
    ("age_s", "flags", "second"),
    [(0, (), 30), (59, (), 30), (61, (), 60), (5, ("by_voice",), 61)],
)
def test_an_old_position_does_not_say_that_it_is_fresh(
    age_s: float, flags: tuple[str, ...], second: int
) -> None:
    who = unit("a", last=fix("a", flags=flags))
    (answer,) = read(AisWriter(notes()).write("move", who, NOON + timedelta(seconds=age_s)))
    assert answer.second == second


def test_a_call_for_help_is_sent_as_text_and_never_as_a_beacon() -> None:
    writer = AisWriter(notes())
    who = unit("a", "HX-1", distress=True)
    nowhere = unit("b", "HX-2", distress=True, last=None)
    lines = [*writer.write("call", who, NOON), *writer.write("call", nowhere, NOON)]
    lines += writer.write("call over", who, NOON)
    bodies = gpsdecode(b"".join(lines))
    assert [each["type"] for each in bodies] == [14, 14, 14]
    assert [each["text"] for each in bodies] == [
        "SOS HX-1 20 16.446N 100 24.612E 1200 UTC",
        "SOS HX-2 POSITION UNKNOWN",
        "SOS HX-1 IS OVER",
    ]
    assert all(str(each["mmsi"]).startswith("80") for each in bodies)


def test_what_is_gone_or_forgotten_is_followed_by_silence_and_frees_its_number() -> None:
    writer = AisWriter(notes())
    radio = UnitState(
        id="ais:567001234", call_sign="X", agency="joint", known=False,
        addresses=("ais:567001234",), last=fix("ais:567001234"),
    )  # fmt: skip
    assert read(writer.write("move", radio, NOON))[0].mmsi == 567001234
    assert writer.write("forgotten", radio, NOON) == []
    assert read(writer.write("move", BOATS[1], NOON))[0].mmsi == 567001234
    assert writer.write("gone", BOATS[1], NOON) == []
