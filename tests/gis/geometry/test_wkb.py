"""Well-known binary: every valid shape comes back, and of what is none the rest is kept."""

from __future__ import annotations

import struct

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.geometry.wkb import read_shapes

LONELY = struct.pack("<BII2d", 1, 2, 1, 100.0, 20.0)
LINE = shapely.LineString([(0, 0), (1, 1)])
SHAPES = [
    shapely.Point(1, 2), shapely.Point(1, 2, 3), LINE, shapely.box(0, 0, 1, 1),
    shapely.box(0, 0, 9, 9).difference(shapely.box(1, 1, 2, 2)), shapely.MultiPoint([(1, 2)]),
    shapely.MultiLineString([LINE]), shapely.GeometryCollection([LINE, shapely.Point(1, 2)]),
    shapely.Point(),
]  # fmt: skip


@pytest.mark.parametrize("flavor", ["iso", "extended"])
@pytest.mark.parametrize("order", [0, 1])
def test_a_shape_comes_back(flavor: str, order: int) -> None:
    answers = [shapely.to_wkb(each, byte_order=order, flavor=flavor) for each in SHAPES]
    shapes, bad = read_shapes([*answers, None])
    assert bad == []
    assert [None if each is None else each.wkt for each in shapes] == [
        *(each.wkt for each in SHAPES),
        None,
    ]


@pytest.mark.parametrize("code", [5, 7])
def test_of_several_parts_the_good_ones_are_stored(code: int) -> None:
    parts = [LONELY, LINE.wkb, LONELY, shapely.LineString([(5, 5), (6, 6)]).wkb]
    data = struct.pack("<BII", 1, code, len(parts)) + b"".join(parts)
    shapes, (bad,) = read_shapes([data])
    assert [each.wkt for each in shapely.get_parts(shapes[0])] == [
        "LINESTRING (0 0, 1 1)",
        "LINESTRING (5 5, 6 6)",
    ]
    assert bad.fault == "has a line of a single point; 2 of its 4 parts left out"
    assert not bad.is_left_out


def test_a_ring_that_is_not_closed_is_reported_and_closed_to_look_at() -> None:
    data = struct.pack("<BIII8d", 1, 3, 1, 4, 0, 0, 1, 0, 1, 1, 0, 1)
    shapes, (bad,) = read_shapes([data])
    assert shapes[0] is None
    assert "not closed" in bad.fault
    assert bad.closed is not None
    assert bad.closed.equals(shapely.box(0, 0, 1, 1))


@given(data=st.binary(max_size=40) | st.builds(lambda a, b: LONELY[:a] + b, st.integers(0, 20),
                                               st.binary(max_size=30)))  # fmt: skip
def test_any_input_is_a_shape_or_an_error(data: bytes) -> None:
    shapes, bad = read_shapes([data])
    assert (shapes[0] is None) <= (len(bad) == 1)
