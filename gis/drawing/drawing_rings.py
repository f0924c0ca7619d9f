"""Rings as somebody drew them: what is wrong with one, by vertex.

A ring is a list of (lon, lat) as it came, closed or not. Vertices are counted from 0 in data and
from 1 in words.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import shapely

from gis.geometry.geodesy import Floats

Ring: TypeAlias = list[tuple[float, float]]

SPIKE_DEG = 0.5  # a corner sharper than this goes out and comes back
EDGES_AT_ONCE = 64
LARGEST = sys.float_info.max  # a whole number may be larger, and infinity is


class DrawingFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a drawing.

    Attributes:
        code: For programs: "empty", "not_closed", "self_crossing", …; see `gis.drawing.drawing`.
        message: For people, naming ring and vertex.
        part: Which polygon of several, from 0.
        ring: 0 the outer one, from 1 holes; None where it is of the whole.
        vertex: From 0; None where it is of the whole ring.
        crosses: Of two edges of the ring that cross: `vertex` begins the one, this the other;
            None for other faults. Where to look is where they cross.
        lon: Where to look, degrees.
        lat: Where to look, degrees.
        only_warns: Whether the area can be used all the same.
    """

    code: str
    message: str
    part: int = 0
    ring: int | None = None
    vertex: int | None = None
    crosses: int | None = None
    lon: float | None = None
    lat: float | None = None
    only_warns: bool = False


def ring_name(part: int, ring: int, *, parts: int = 1) -> str:
    """Return what to call a ring.

    >>> ring_name(0, 0), ring_name(1, 2, parts=2)
    ('outer ring', 'polygon 2, hole 2')
    """
    name = "outer ring" if ring == 0 else f"hole {ring}"
    return name if parts == 1 else f"polygon {part + 1}, {name}"


def read_ring(raw: Any, *, name: str, part: int, ring: int) -> tuple[Ring, list[DrawingFault]]:
    """Return the positions of a ring and the faults of those that are none.

    >>> read_ring([[100.0, 20.0], [None, 20.0]], name="outer ring", part=0, ring=0)[1][0].message
    'outer ring, vertex 2: is no position of two numbers'
    """
    points: Ring = []
    faults: list[DrawingFault] = []
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        return [], [DrawingFault(code="empty", message=f"{name}: is no list of positions",
                          part=part, ring=ring)]  # fmt: skip
    for vertex, position in enumerate(raw):
        pair: Sequence[Any] = ()
        if isinstance(position, Sequence) and not isinstance(position, str | bytes):
            pair = position[:2]
        numbers = [
            float(each)
            for each in pair
            if isinstance(each, int | float) and not isinstance(each, bool) and abs(each) <= LARGEST
        ]
        if len(numbers) == 2:
            points.append((numbers[0], numbers[1]))
        else:
            faults.append(
                DrawingFault(
                    code="not_a_position",
                    message=f"{name}, vertex {vertex + 1}: is no position of two numbers",
                    part=part,
                    ring=ring,
                    vertex=vertex,
                )
            )
    return points, faults


def ring_faults(points: Ring, *, name: str, part: int, ring: int) -> list[DrawingFault]:
    """Return what is wrong with a ring by itself; positions are places on Earth already.

    >>> bow = [(100.0, 20.0), (100.1, 20.1), (100.1, 20.0), (100.0, 20.1), (100.0, 20.0)]
    >>> [fault.message for fault in ring_faults(bow, name="outer ring", part=0, ring=0)]
    ['outer ring, vertex 1: the edge to vertex 2 crosses the edge from vertex 3 to 4']
    """

    def fault(code: str, vertex: int, text: str, *, only_warns: bool = False) -> DrawingFault:
        lon, lat = points[vertex]
        return DrawingFault(
            code=code, message=f"{name}, vertex {vertex + 1}: {text}", part=part, ring=ring,
            vertex=vertex, lon=lon, lat=lat, only_warns=only_warns,
        )  # fmt: skip

    faults: list[DrawingFault] = []
    if points[0] != points[-1]:
        faults.append(fault("not_closed", len(points) - 1, "the ring does not return to vertex 1"))
    closed = points if points[0] == points[-1] else [*points, points[0]]
    for vertex in range(1, len(points)):
        if points[vertex] == points[vertex - 1]:
            text = f"is the same place as vertex {vertex}"
            faults.append(fault("duplicate_point", vertex, text, only_warns=True))
    corners = [n for n in range(len(closed) - 1) if closed[n] != closed[n + 1]]
    if len({closed[n] for n in corners}) < 3:
        return [*faults, fault("too_few_points", 0, "the ring has fewer than three places")]
    sharp = np.flatnonzero(corners_deg([closed[vertex] for vertex in corners]) < SPIKE_DEG)
    faults += [fault("spike", corners[n], "goes out and comes back the same way") for n in sharp]
    flat = _unwrapped(closed)
    for a, b in crossing_edges(flat):
        text = f"the edge to vertex {a + 2} crosses the edge from vertex {b + 1} to {b + 2}"
        found = fault("self_crossing", a, text.replace(f"to {len(closed)}", "to 1"))
        lon, lat = crossing_place(flat, a, b)
        faults.append(msgspec.structs.replace(found, crosses=b, lon=lon, lat=lat))
    return faults


def crossing_edges(closed: Floats, *, most: int = 10) -> list[tuple[int, int]]:
    """Return pairs of edges of a ring that cross, by their first vertices; at most `most`.

    >>> crossing_edges(np.array([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]], dtype=float))
    [(0, 2)]
    """
    edges = shapely.linestrings(np.stack([closed[:-1], closed[1:]], axis=1))
    tree, count = shapely.STRtree(edges), len(edges)
    found: list[tuple[int, int]] = []
    for start in range(0, count, EDGES_AT_ONCE):  # a wild ring crosses itself a million times
        some = edges[start : start + EDGES_AT_ONCE]
        first, second = tree.query(some, predicate="intersects")
        for a, b in sorted(zip((first + start).tolist(), second.tolist(), strict=True)):
            if b <= a + 1 or (a == 0 and b == count - 1):
                continue  # the same edge, or one that begins where this ends
            if shapely.length(edges[a]) == 0.0 or shapely.length(edges[b]) == 0.0:
                continue
            # To touch in a vertex is no crossing; where it is wrong, validity says so.
            if not shapely.touches(edges[a], edges[b]):
                found.append((a, b))
                if len(found) == most:
                    return found
    return found


def crossing_place(closed: Floats, a: int, b: int) -> tuple[float, float]:
    """Return (lon, lat) where two edges of a ring meet; the middle of what they share of a line.

    Args:
        closed: The ring without a jump at the antimeridian.
        a: First vertex of the one edge.
        b: First vertex of the other, which meets it.

    >>> crossing_place(np.array([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]], dtype=float), 0, 2)
    (0.5, 0.5)
    """
    one, other = shapely.linestrings([closed[a : a + 2], closed[b : b + 2]])
    middle = shapely.centroid(shapely.intersection(one, other))
    lon, lat = float(middle.x), float(middle.y)
    return (lon if abs(lon) <= 180.0 else (lon + 180.0) % 360.0 - 180.0), lat


def corners_deg(ring: Ring) -> Floats:
    """Return the angle between the two edges that meet in each vertex, 0 to 180 degrees.

    Args:
        ring: Its vertices, the first not repeated at the end.

    >>> corners_deg([(100.0, 20.0), (100.1, 20.0), (100.1, 20.1)]).round().tolist()
    [47.0, 90.0, 43.0]
    """
    at = np.array(ring, dtype=np.float64)
    before, after = np.roll(at, 1, axis=0) - at, np.roll(at, -1, axis=0) - at
    for edge in (before, after):
        edge[:, 0] = ((edge[:, 0] + 180.0) % 360.0 - 180.0) * np.cos(np.radians(at[:, 1]))
    across = before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]
    turn: Floats = np.arctan2(across, (before * after).sum(axis=1))
    return np.abs(np.degrees(turn))


def _unwrapped(closed: Ring) -> Floats:
    points = np.array(closed, dtype=np.float64)
    steps = np.diff(points[:, 0])
    points[1:, 0] = points[0, 0] + np.cumsum((steps + 180.0) % 360.0 - 180.0)
    return points
