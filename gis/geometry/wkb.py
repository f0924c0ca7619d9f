"""Well-known binary, read feature by feature: what is no shape is reported, the rest is taken.

Libraries refuse a whole array for one line of a single point. Here each feature is read by itself;
of one in several parts, the parts that are shapes are kept.

Source: OGC 06-103r4 (Simple Features 1.2.1), 8.2 (layout: byte order, type, counts, coordinates; a
thousand more than the type for Z, two for M, three for both).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

_DEEPEST = 16  # collections within collections
_POINT, _LINE, _POLYGON, _COLLECTION = 1, 2, 3, 7
_WORDS = (
    ("point array must contain", "has a line of a single point"),
    ("closed linestring", "has a ring that is not closed: it does not end where it begins"),
    ("number of points in LinearRing", "has a ring of fewer than four points"),
)


class ShapeFault(msgspec.Struct, frozen=True, kw_only=True):
    """What of a feature is no shape.

    Attributes:
        feature: Its number, from 0.
        fault: What is wrong.
        is_left_out: Nothing of it is a shape; else what is wrong is one of its parts.
        closed: The same with its rings closed, where that makes a shape of it.
    """

    feature: int
    fault: str
    is_left_out: bool
    closed: shapely.Geometry | None = None


def read_shapes(features: Sequence[bytes | None]) -> tuple[NDArray[np.object_], list[ShapeFault]]:
    """Return the shape of each feature, None where it has none, and what is no shape.

    >>> lonely = struct.pack("<BII2d", 1, 2, 1, 100.0, 20.0)
    >>> shapes, bad = read_shapes([shapely.Point(1, 2).wkb, None, lonely])
    >>> [str(each) for each in shapes], [(each.feature, each.fault) for each in bad]
    (['POINT (1 2)', 'None', 'None'], [(2, 'has a line of a single point')])
    """
    raw = np.empty(len(features), dtype=object)
    raw[:] = features
    shapes = shapely.from_wkb(raw, on_invalid="ignore")
    bad: list[ShapeFault] = []
    for number in np.flatnonzero(shapely.is_missing(shapes)).tolist():
        wkb = features[number]
        if wkb is None:
            continue
        shapes[number], found = _salvaged(number, wkb)
        bad.append(found)
    return shapes, bad


def _salvaged(number: int, wkb: bytes) -> tuple[shapely.Geometry | None, ShapeFault]:
    fault = _fault(wkb)
    try:
        parts = list(_parts(wkb))
    except (struct.error, ValueError, IndexError):
        parts = []
    good = [shape for shape in map(_shape, parts) if shape is not None]
    if good:
        left_out = len(parts) - len(good)
        fault = f"{fault}; {left_out} of its {len(parts)} parts left out"
        joined = _joined(wkb, good)
        return joined, ShapeFault(feature=number, fault=fault, is_left_out=False)
    closed = shapely.from_wkb(wkb, on_invalid="fix")
    return None, ShapeFault(feature=number, fault=fault, is_left_out=True, closed=closed)


def _shape(wkb: bytes) -> shapely.Geometry | None:
    return shapely.from_wkb(wkb, on_invalid="ignore")


def _fault(wkb: bytes) -> str:
    try:
        shapely.from_wkb(wkb)
    except shapely.errors.GEOSException as error:
        text = str(error).strip()
        reason = next((words for sign, words in _WORDS if sign in text), None)
        return reason or f"has a geometry that cannot be read: {text}"
    return "has a geometry that cannot be read"


def _joined(wkb: bytes, parts: list[shapely.Geometry]) -> shapely.Geometry:
    kind = _head(wkb, 0)[1]
    makers = {4: shapely.MultiPoint, 5: shapely.MultiLineString, 6: shapely.MultiPolygon}
    return makers.get(kind, shapely.GeometryCollection)(parts)


def _parts(wkb: bytes) -> Iterator[bytes]:
    """Yield the parts of a collection; none of another geometry."""
    order, kind, _ = _head(wkb, 0)
    if not _POLYGON < kind <= _COLLECTION:
        return
    (count,) = struct.unpack_from(f"{order}I", wkb, 5)
    at = 9
    for _ in range(count):
        end = _end(wkb, at, 0)
        yield wkb[at:end]
        at = end


def _head(wkb: bytes, at: int) -> tuple[str, int, int]:
    """Return byte order, type and bytes of a coordinate."""
    order = "<" if wkb[at] else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    dimensions, kind = divmod(code, 1000)
    if not (dimensions <= 3 and _POINT <= kind <= _COLLECTION):
        raise ValueError(f"type {code}")
    return order, int(kind), 8 * (2 + (dimensions > 0) + (dimensions > 2))


def _end(wkb: bytes, at: int, depth: int) -> int:
    """Return where the geometry that begins at `at` ends."""
    order, kind, size = _head(wkb, at)
    at += 5
    if kind == _POINT:
        return at + size
    (count,) = struct.unpack_from(f"{order}I", wkb, at)
    at += 4
    if kind == _LINE:
        return int(at + count * size)
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    for _ in range(count):
        if kind == _POLYGON:
            (points,) = struct.unpack_from(f"{order}I", wkb, at)
            at += 4 + points * size
        else:
            at = _end(wkb, at, depth + 1)
    return at
