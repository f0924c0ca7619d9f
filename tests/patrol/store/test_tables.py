"""Tables: what is told of many positions at once is what would be told of each alone."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gis.address.address import Address
from patrol.live.fix_table import all_fixes, fix_table, without_tables
from patrol.units.wire import Change, Fix
from tests.patrol.nodes.running import Node, Viewer, at, frame_of, said

NOW = datetime(2026, 11, 25, 1, 0, 0, 250_400, tzinfo=UTC)

_numbers = st.none() | st.floats(-500.0, 9000.0).map(lambda each: round(each, 2))
_addresses = st.builds(
    Address,
    river=st.sampled_from([None, "Mekong", "Ruak"]),
    km=_numbers,
    bank=st.sampled_from([None, "left", "right", "mid"]),
    also=st.sampled_from([(), ("Ruak",), ("Ruak", "Nam Kok")]),
    side_sure=st.booleans(),
)
_fixes = st.builds(
    Fix,
    of=st.sampled_from(["a", "b", "ais:574000001"]),
    lon=st.floats(-180.0, 180.0).map(lambda each: round(each, 7)),
    lat=st.floats(-90.0, 90.0).map(lambda each: round(each, 7)),
    time=st.integers(-(10**12), 10**7).map(lambda us: NOW + timedelta(microseconds=us)),
    live=st.booleans(),
    speed_mps=st.none() | st.integers(0, 9999).map(lambda each: each / 100.0),
    course_deg=_numbers,
    heading_deg=_numbers,
    accuracy_m=_numbers,
    altitude_m=_numbers,
    river_km=_numbers,
    bank=st.sampled_from([None, "left", "right", "mid"]),
    place=st.none() | _addresses,
    flags=st.sampled_from([(), ("late",), ("jump", "late")]),
)


def through(*fixes: Fix) -> list[Fix]:
    """Return what comes out of a change that tells these as a table."""
    change = Change(seq=1, time=NOW, tables=(fix_table(fixes, NOW),))
    return all_fixes(msgspec.json.decode(msgspec.json.encode(change), type=Change))


def test_without_tables_all_else_of_a_frame_stays() -> None:
    one = Fix(of="a", lon=100.4, lat=20.2, time=NOW)
    two = msgspec.structs.replace(one, of="b", live=False, place=Address(river="Mekong"))
    change = Change(
        seq=7, time=NOW, fixes=(one,), tables=(fix_table([two, one], NOW),), forget=("c",)
    )
    told = Change(seq=7, time=NOW, fixes=(one, two, one), forget=("c",))
    assert msgspec.json.decode(without_tables(msgspec.json.encode(change)), type=Change) == told
    assert without_tables(b'{"type":"beat"}') == b'{"type":"beat"}'


@given(st.lists(_fixes, min_size=1, max_size=6))
def test_what_goes_into_a_table_comes_out_of_it(fixes: list[Fix]) -> None:
    assert through(*fixes) == fixes


def test_degrees_are_sent_to_a_centimetre_and_speeds_to_a_centimetre_a_second() -> None:
    exact = Fix(of="a", lon=-100.44318666666668, lat=20.2341649999, time=NOW, speed_mps=6.379111)
    fixes = through(exact, msgspec.structs.replace(exact, of="b", lon=100.0, speed_mps=None))
    assert [(fix.lon, fix.lat, fix.speed_mps) for fix in fixes] == [
        (-100.4431867, 20.234165, 6.38),
        (100.0, 20.234165, None),
    ]


def test_a_speed_that_is_no_number_is_sent_as_none() -> None:
    fast = Fix(of="a", lon=100.4, lat=20.2, time=NOW, speed_mps=math.inf)
    slow = Fix(of="b", lon=100.4, lat=20.2, time=NOW, speed_mps=0.0)
    assert [fix.speed_mps for fix in through(fast, slow, fast)] == [None, 0.0, None]
    assert [fix.speed_mps for fix in through(fast, fast)] == [None, None]


def test_what_is_the_same_for_all_stands_once() -> None:
    place = Address(river="Mekong", km=2350.1)
    one = Fix(of="a", lon=100.4, lat=20.2, time=NOW, course_deg=12.0, place=place)
    table = fix_table([one, msgspec.structs.replace(one, of="b", place=None)] * 2, NOW)
    assert table.same == {"lon": 100.4, "lat": 20.2, "time": 0.2504, "course_deg": 12.0}
    assert [tuple(row) for row in table.rows] == [("of",), ("a",), ("b",), ("a",), ("b",)]
    assert table.places is not None
    assert table.places.same == {"river": "Mekong", "km": 2350.1}
    assert [tuple(row) for row in table.places.rows] == [("nth",), (0,), (2,)]


async def test_several_positions_come_as_a_table_and_one_as_it_is(node: Node) -> None:
    viewer = Viewer(node.desk().visible.subscribe())
    await node.hear(said("a", 1))
    await viewer.look()
    await node.hear(said("a", 2), said("b", 3, lon=100.43), said("a", 4))
    await node.hear(said("a", 5))
    await viewer.look()
    telling = [frame for frame in viewer.frames if b'"tables"' in frame or b'"fixes"' in frame]
    several, alone = telling[-2:]
    assert [each.time for each in frame_of(several).fixes] == [at(2), at(3), at(4)]
    assert b'"fixes"' not in several
    assert [each.time for each in frame_of(alone).fixes] == [at(5)]
    assert b'"tables"' not in alone
