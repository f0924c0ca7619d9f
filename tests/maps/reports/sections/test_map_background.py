"""Shapes of layers as the lines of a report's map."""

from __future__ import annotations

import shapely

from maps.reports.sections.map_background import lines_of

LINE = shapely.LineString([(100.0, 20.0), (101.0, 21.0)])
RING = shapely.Polygon([(0, 0), (4, 0), (4, 4)], [[(2, 1), (3, 1), (3, 2)]])


def test_a_shape_of_several_is_drawn_as_the_lines_of_each() -> None:
    several = shapely.GeometryCollection(
        [shapely.MultiLineString([LINE, LINE]), RING, shapely.Point(5, 6), shapely.LineString()]
    )
    drawn = lines_of(several)
    assert drawn[:2] == (((100.0, 20.0), (101.0, 21.0)),) * 2
    assert [len(each) for each in drawn[2:]] == [4, 4, 1], "outside, the hole, a place"
    assert drawn[-1] == ((5.0, 6.0),)


def test_of_what_is_empty_nothing_is_drawn() -> None:
    for empty in (shapely.Point(), shapely.Polygon(), shapely.GeometryCollection()):
        assert lines_of(empty) == ()
