from __future__ import annotations

from datetime import UTC, datetime

import pytest

from radio_gateway.decoding.decoder import DecoderSettings
from tests.radio_gateway.protocols.land_mobile.tetra_reports import (
    NO_VELOCITY,
    long,
    place,
    said_by,
    sds,
    short,
)


def test_short_report_says_place_motion_and_why() -> None:
    transmission = said_by(sds(short()))
    position = transmission.position
    assert position is not None
    assert (position.lon, position.lat) == pytest.approx((100.412, 20.273), abs=1e-5)
    assert position.speed_mps == pytest.approx(10 / 3.6)
    assert (position.course_deg, position.accuracy_m) == (90.0, 20.0)
    assert transmission.address == "tetra:5010021"
    assert (
        transmission.fix,
        transmission.flags,
        transmission.device_time,
        transmission.distress,
    ) == (True, (), None, False)
    assert transmission.facts["reason"] == "max_interval"
    assert transmission.facts["to"] == "9999"


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(151.2, -33.9), (-97.7, 30.5), (-151.2, -33.9), (179.99999, 89.99999), (-180.0, -90.0)],
)
def test_every_quarter_of_the_earth(lon: float, lat: float) -> None:
    position = said_by(sds(short(lon, lat))).position
    assert position is not None
    assert (position.lon, position.lat) == pytest.approx((lon, lat), abs=2e-5)


@pytest.mark.parametrize(
    ("code", "kmh"), [(0, 0.0), (28, 28.0), (29, 29.06), (100, 410.5), (126, 1082.0), (127, None)]
)
def test_velocity_is_linear_then_grows(code: int, kmh: float | None) -> None:
    position = said_by(sds(short(velocity=code))).position
    assert position is not None
    if kmh is None:
        assert (position.speed_mps, position.course_deg) == (None, None)
    else:
        assert position.speed_mps == pytest.approx(kmh / 3.6, rel=1e-3)


def test_age_of_a_place() -> None:
    fixes = [said_by(sds(short(elapsed=code))) for code in range(4)]
    assert [transmission.fix for transmission in fixes] == [True, True, False, None]
    assert fixes[2].flags == ("stale_position",)


def test_error_that_is_unknown_is_flagged() -> None:
    transmission = said_by(sds(short(error=7)))
    assert transmission.position is not None
    assert (transmission.position.accuracy_m, transmission.flags) == (None, ("accuracy_unknown",))


def test_emergency_counts_with_and_without_a_place() -> None:
    transmission = said_by(sds(short(reason=2)))
    assert (transmission.kind, transmission.distress, transmission.facts["reason"]) == (
        "position",
        True,
        "emergency",
    )
    assert transmission.position is not None
    transmission = said_by(sds(short(0, 0, reason=2)))
    assert (transmission.kind, transmission.distress, transmission.position) == (
        "distress",
        True,
        None,
    )
    assert transmission.flags == ("null_island",)
    transmission = said_by(sds(long((0, 4), NO_VELOCITY, reason=2)))
    assert (transmission.kind, transmission.distress, transmission.flags) == (
        "distress",
        True,
        ("no_fix",),
    )
    assert said_by(sds(short(reason=2, user_data=1))).distress is False


def test_reason_without_a_word_is_its_number() -> None:
    transmission = said_by(sds(short(reason=12)))
    assert (transmission.facts["reason"], transmission.facts["reason_meaning"]) == (
        12,
        "low battery",
    )


@pytest.mark.parametrize(
    ("digits", "bits"),
    [(short(), 84), (short()[:21], 84), (short() + "0", 84), (short() + "00", 84)],
)
def test_digits_count_and_not_the_length_that_is_announced(digits: str, bits: int) -> None:
    assert said_by(sds(digits, bits=bits)).position is not None


TIME = ((2, 2), (18, 5), (11, 5), (30, 6), (5, 6))


def test_long_report_has_a_time_without_a_month() -> None:
    digits = long((1, 4), *place(100.412, 20.273), NO_VELOCITY, time=TIME)
    transmission = said_by(sds(digits))
    assert (transmission.device_time, transmission.flags) == (None, ("partial_fields",))
    assert (transmission.facts["day_of_month"], transmission.facts["time_of_day"]) == (
        18,
        "11:30:05",
    )
    assert (transmission.facts["pdu"], transmission.facts["shape"]) == ("long", 1)
    transmission = said_by(sds(digits), DecoderSettings())
    assert transmission.device_time == datetime(2026, 11, 18, 11, 30, 5, tzinfo=UTC)
    assert transmission.flags == ()


@pytest.mark.parametrize(
    ("day", "time"),
    [
        (26, datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        (31, datetime(2026, 10, 31, 0, 0, tzinfo=UTC)),
        (1, datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_month_is_the_nearest_that_has_the_day(day: int, time: datetime) -> None:
    clock = ((2, 2), (day, 5), (0, 5), (0, 6), (0, 6))
    digits = long((1, 4), *place(1, 2), NO_VELOCITY, time=clock)
    assert said_by(sds(digits), DecoderSettings()).device_time == time


@pytest.mark.parametrize(
    ("shape", "fields", "accuracy_m", "altitude_m"),
    [
        (1, (), None, None),
        (2, ((21, 6),), 225.0, None),
        (2, ((63, 6),), None, None),
        (3, ((21, 6), (5, 6), (64, 8), (3, 3)), 225.0, None),
        (4, ((1, 1), (201, 11)), None, 0.0),
        (4, ((1, 1), (1202, 11)), None, 1002.0),
        (4, ((1, 1), (1927, 11)), None, 2525.0),
        (4, ((0, 1), (301, 11)), None, None),
        (5, ((21, 6), (1, 1), (301, 11)), 225.0, 100.0),
        (6, ((21, 6), (5, 6), (64, 8), (1, 1), (301, 11), (3, 3)), 225.0, 100.0),
        (7, ((21, 6), (1, 1), (301, 11), (2, 3)), 225.0, 100.0),
        (8, ((21, 6), (5, 6), (64, 8), (1, 1), (301, 11), (2, 3), (3, 3)), 225.0, 100.0),
        (9, ((100, 16), (200, 16), (0, 8), (64, 8), (3, 3)), None, None),
        (10, ((2, 3),), 200.0, None),
    ],
)
def test_every_shape_of_a_long_report(
    shape: int,
    fields: tuple[tuple[int, int], ...],
    accuracy_m: float | None,
    altitude_m: float | None,
) -> None:
    # what follows the shape shows that all of its fields were taken
    digits = long((shape, 4), *place(-97.7, -33.9), *fields, (1, 3), (20, 7), reason=130)
    transmission = said_by(sds(digits))
    position = transmission.position
    assert position is not None
    assert (position.lon, position.lat) == pytest.approx((-97.7, -33.9), abs=2e-5)
    assert position.accuracy_m == (None if accuracy_m is None else pytest.approx(accuracy_m, 0.01))
    assert position.altitude_m == altitude_m
    assert position.speed_mps == pytest.approx(20 / 3.6)
    assert transmission.facts["reason"] == "max_distance"
    assert transmission.facts["shape"] == shape


@pytest.mark.parametrize(
    ("type_", "fields", "course_deg"),
    [
        (1, (), None),
        (2, ((1, 3),), None),
        (3, ((5, 8),), None),
        (4, ((1, 3), (0x85, 8), (1, 3)), None),
        (5, ((64, 8),), 90.0),
        (6, ((1, 3), (64, 8), (1, 3)), 90.0),
        (7, ((1, 3), (5, 8), (1, 3), (64, 8), (1, 3)), 90.0),
    ],
)
def test_every_velocity_of_a_long_report(
    type_: int, fields: tuple[tuple[int, int], ...], course_deg: float | None
) -> None:
    digits = long((1, 4), *place(1, 2), (type_, 3), (20, 7), *fields, reason=3)
    transmission = said_by(sds(digits))
    assert transmission.position is not None
    assert transmission.position.speed_mps == pytest.approx(20 / 3.6)
    assert transmission.position.course_deg == course_deg
    assert transmission.facts["reason"] == "ptt"


def test_other_location_messages_are_named() -> None:
    transmission = said_by(sds("0A4580", bits=21))
    assert (transmission.kind, transmission.facts["message"]) == ("other", "immediate_report")
