"""Reference systems that features can be had in, and boxes and shapes be given in.

Coordinates stand in the order of each system's own axes: EPSG:4326 has latitude first.

Source: OGC 18-058r1 (Features, Part 2: Coordinate Reference Systems by Reference 1.0.1), 6 and 7.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Final

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from maps.errors.errors import BadRequest

CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_CODES: Final[dict[str, str]] = {
    CRS84: "OGC:CRS84",
    "http://www.opengis.net/def/crs/EPSG/0/4326": "EPSG:4326",
    "http://www.opengis.net/def/crs/EPSG/0/3857": "EPSG:3857",
    "http://www.opengis.net/def/crs/EPSG/0/32647": "EPSG:32647",
    "http://www.opengis.net/def/crs/EPSG/0/32648": "EPSG:32648",
}
SYSTEMS: Final = tuple(_CODES)
"""Degrees in both orders, the web's Mercator, and the two UTM zones of the region."""

_EDGE: Final = 21  # points on each side of a box: it bends when it is turned to degrees


def system_of(text: str, *, field: str) -> str:
    """Return the system of an address, or of its short form `[EPSG:4326]`.

    Raises:
        BadRequest: If it is not offered.

    >>> system_of("[EPSG:4326]", field="crs")
    'http://www.opengis.net/def/crs/EPSG/0/4326'
    """
    for address, code in _CODES.items():
        if text in (address, f"[{code}]"):
            return address
    raise BadRequest(f"must be one of {', '.join(SYSTEMS)}", field=field)


def box_in_degrees(
    numbers: tuple[float, float, float, float], system: str
) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a box given in a system's own axes.

    Raises:
        BadRequest: If it has no place on Earth.

    >>> box_in_degrees((20.0, 100.0, 21.0, 101.0), "http://www.opengis.net/def/crs/EPSG/0/4326")
    (100.0, 20.0, 101.0, 21.0)
    """
    low_x, low_y, high_x, high_y = numbers
    if _CODES[system] == "EPSG:4326":
        return low_y, low_x, high_y, high_x
    xs, ys = np.linspace(low_x, high_x, _EDGE), np.linspace(low_y, high_y, _EDGE)
    places = np.array(
        [(x, y) for x in xs for y in (low_y, high_y)]
        + [(x, y) for y in ys for x in (low_x, high_x)]
    )
    found = _transformed(places, system, CRS84)
    if not np.isfinite(found).all():
        raise BadRequest("has no place on Earth", field="bbox")
    west, south = found.min(axis=0).tolist()
    east, north = found.max(axis=0).tolist()
    return west, south, east, north


def shape_in_degrees(shape: shapely.Geometry, system: str, *, field: str) -> shapely.Geometry:
    """Return a shape given in a system's own axes in longitude and latitude.

    Raises:
        BadRequest: If it has no place on Earth.
    """
    if system == CRS84:
        return shape
    found = shapely.transform(shape, lambda places: _transformed(places, system, CRS84))
    if not all(math.isfinite(each) for each in found.bounds):
        raise BadRequest("has no place on Earth", field=field)
    return found


class _Feature(msgspec.Struct, omit_defaults=True):
    type: str
    id: str
    geometry: msgspec.Raw
    properties: msgspec.Raw


_decoder: Final = msgspec.json.Decoder(_Feature)


def features_in(features: Sequence[bytes], system: str) -> list[bytes]:
    """Return features (GeoJSON, longitude and latitude) in a system, in its own axes.

    >>> feature = b'{"type":"Feature","id":"a","geometry":{"type":"Point","coordinates":[100,20]},'
    >>> north = "http://www.opengis.net/def/crs/EPSG/0/4326"
    >>> features_in([feature + b'"properties":{}}'], north)[0][38:86]
    b'{"type":"Point","coordinates":[20.0,100.0]},"pro'
    """
    if system == CRS84:
        return list(features)
    read = [_decoder.decode(each) for each in features]
    shapes = shapely.from_geojson([bytes(each.geometry) for each in read], on_invalid="ignore")
    decimals = 7 if _CODES[system] == "EPSG:4326" else 2
    moved = shapely.transform(
        shapes, lambda places: np.round(_transformed(places, CRS84, system), decimals)
    )
    texts = shapely.to_geojson(moved)
    for each, shape in zip(read, texts, strict=True):
        if shape is not None:
            each.geometry = msgspec.Raw(shape.encode())
    return [msgspec.json.encode(each) for each in read]


def _transformed(places: NDArray[np.float64], source: str, target: str) -> NDArray[np.float64]:
    x, y = _transformer(_CODES[source], _CODES[target]).transform(places[:, 0], places[:, 1])
    return np.column_stack((x, y))


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(source, target)
