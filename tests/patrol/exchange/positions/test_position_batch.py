"""Position batches: what is packed is unpacked to the same, in few bytes; what is none is named."""

from __future__ import annotations

import math
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patrol.errors.errors import Conflict
from patrol.exchange.positions.position_batch import (
    CrossingPosition,
    PositionBatch,
    UnitName,
    check_name,
    decode_batch,
    encode_body,
    pack,
    unpack,
)

UNITS = {f"unit {number}": number for number in range(1, 5)}


def steps(least: float, most: float, digits: int) -> st.SearchStrategy[float]:
    return st.floats(least, most).map(lambda each: round(each, digits))


positions = st.builds(
    CrossingPosition,
    unit=st.sampled_from([*UNITS]),
    time_us=st.integers(0, 4 * 10**15),
    heard_us=st.just(0),
    lon=steps(-180, 180, 7),
    lat=steps(-90, 90, 7),
    speed_mps=st.none() | steps(0, 100, 2),
    course_deg=st.none() | steps(0, 359.9, 1),
    heading_deg=st.none() | steps(0, 359.9, 1),
    accuracy_m=st.none() | steps(0, 5000, 1),
    altitude_m=st.none() | steps(-100, 9000, 1),
    flags=st.sampled_from([(), ("late",), ("by_voice", "late")]),
).map(lambda each: msgspec.structs.replace(each, heard_us=each.time_us + 300_000))


@given(st.lists(positions, max_size=30))
def test_what_was_packed_is_unpacked_to_the_same(some: list[CrossingPosition]) -> None:
    batch = pack(some, UNITS, table=7, number=3)
    read = decode_batch(encode_body(batch))
    assert (read.table, read.number) == (7, 3)
    ids = {number: id for id, number in UNITS.items()}

    def by_time(each: CrossingPosition) -> tuple[object, ...]:
        return each.unit, each.time_us, each.lon, each.lat, str(each)

    assert sorted(unpack(read, ids), key=by_time) == sorted(some, key=by_time)


def test_two_hundred_units_take_few_bytes() -> None:
    now_us = 1_764_720_000_000_000
    some = [
        CrossingPosition(
            unit=str(number),
            time_us=now_us + number % 10 * 1_000_000,
            heard_us=now_us + number % 10 * 1_000_000 + 400_000,
            lon=round(100.4 + 0.05 * math.sin(number * 7.7), 7),
            lat=round(20.25 + 0.05 * math.cos(number * 3.3), 7),
            speed_mps=number * 37 % 900 / 100,
            course_deg=number * 77 % 3600 / 10,
            accuracy_m=10.0,
        )
        for number in range(200)
    ]
    numbers = {str(number): number + 1 for number in range(200)}
    body = encode_body(pack(some, numbers, table=7, number=3))
    assert len(zlib.compress(body, 6)) / 200 < 16


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"times": (1, 2)}, "times"),
        ({"step_us": 0}, "step_us"),
        ({"lons": (4_000_000_000,)}, "lons"),
        ({"flags": (5,)}, "flags"),
        ({"times": (10**17,)}, "times"),
    ],
)
def test_what_is_no_batch_is_refused_by_its_field(changed: dict[str, object], field: str) -> None:
    some = [CrossingPosition(unit="unit 1", time_us=5, heard_us=5, lon=100.0, lat=20.0)]
    batch: PositionBatch = msgspec.structs.replace(pack(some, UNITS, table=7, number=3), **changed)
    with pytest.raises(Conflict, match=field):
        unpack(batch, {1: "unit 1"})


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"call_sign": "Naga\n1"}, "call_sign"),
        ({"id": ""}, "id"),
        ({"id": "x" * 101}, "id"),
        ({"expected_interval_s": math.nan}, "expected_interval_s"),
    ],
)
def test_what_is_no_unit_is_refused_by_its_field(changed: dict[str, object], field: str) -> None:
    name = UnitName(1, "u1", "Naga 1", "boat", "la-hx", "LA")
    check_name(name)
    with pytest.raises(Conflict, match=field):
        check_name(msgspec.structs.replace(name, **changed))
