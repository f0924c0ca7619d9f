"""Threads that ask one prepared shape about points together, from the first question on."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import shapely

from gis.geometry.prepared_geometry import prepare_for_points

# In a program of its own: what goes wrong here tears the heap, and takes all tests with it.
ASKING = """
import sys, threading
import numpy as np, shapely
{how}
random = np.random.default_rng(1)
angle = np.linspace(0.0, 2.0 * np.pi, 20_000, endpoint=False)
x, y = random.uniform(-1.3, 1.3, (2, 2_000))
for turn in range(20):
    far = 1.0 + 0.3 * random.random(len(angle))
    star = shapely.Polygon(np.column_stack([far * np.cos(angle), far * np.sin(angle)]))
    prepare(star)
    expected = shapely.contains_xy(shapely.from_wkb(shapely.to_wkb(star)), x[:20], y[:20])
    gate, told = threading.Barrier(4), []
    def ask():
        gate.wait()
        told.append(shapely.contains_xy(star, x, y)[:20])
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads: each.start()
    for each in threads: each.join()
    assert all((each == expected).all() for each in told)
"""


def asked(how: str) -> int:
    """Return how a program ended in which four threads ask 20 shapes, each anew.

    Where shapes are not prepared for it, one of the first four ends it.
    """
    return subprocess.run(
        [sys.executable, "-c", ASKING.format(how=how)], capture_output=True, check=False
    ).returncode


def test_threads_may_ask_at_once_whether_points_are_inside() -> None:
    assert asked("from gis.geometry.prepared_geometry import prepare_for_points as prepare") == 0


@pytest.mark.parametrize("shape", [None, shapely.Polygon(), shapely.LineString([(0, 0), (1, 1)])])
def test_what_has_no_inside_is_left_as_it_is(shape: shapely.Geometry | None) -> None:
    given = np.array([shape, shapely.box(0.0, 0.0, 2.0, 1.0)], dtype=object)[:, None]
    prepare_for_points(given)
    assert shapely.contains_xy(given, [0.5], [0.2])[:, 0].tolist() == [False, True]


def test_what_is_of_several_kinds_is_not_prepared() -> None:
    """GEOS 3.14 makes the index of the second square at the first point beside the first one."""
    squares = [shapely.box(0.0, 0.0, 9.0, 9.0), shapely.box(20.0, 0.0, 21.0, 1.0)]
    mixed = shapely.GeometryCollection([*squares, shapely.LineString([(0.0, 9.0), (0.0, 12.0)])])
    prepare_for_points([mixed, shapely.GeometryCollection(), squares[0]])
    assert not shapely.is_prepared(mixed)
    assert shapely.is_prepared(squares[0])
    assert shapely.contains_xy(mixed, [8.0, 20.5, 15.0], [1.0, 0.5, 1.0]).tolist() == [
        True, True, False,
    ]  # fmt: skip
