"""Crew map: a small map of the country around a patrol, for a phone without network."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any, Final, Protocol

import msgspec
import shapely

from gis.geometry.features import Features
from patrol.units.accounts import LANGUAGES

LARGEST: Final = 150_000
"""Bytes of one map, about."""

TOLERANCES_M: Final = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
"""How far a line may be moved, metres: the first with which the map is small enough."""

LINES: Final[Mapping[str, tuple[str, ...]]] = {
    "borders": ("countries", "kind"),
    "mekong": (),
    "centrelines": ("river",),
    "rivers": ("name",),
}
_NAMES: Final = ("name", "name_local", *(f"name_{language}" for language in LANGUAGES))
"""Two crews with one phone may read two languages, and it has no network to ask for the other."""

MARKS: Final[Mapping[str, tuple[str, ...]]] = {
    "crossings": ("id", *_NAMES, "kind"),
    "blos": ("id", *_NAMES, "country"),
    "gauges": ("id", "name"),
    "places": (*_NAMES, "country", "population"),
    "river_km": ("km",),
}
"""Layers by the order in which they are drawn, and what is told of each feature."""

_MOST_KEPT: Final = 32
_M_PER_DEGREE: Final = 111_320.0
_GRID_DEG: Final = 1e-5  # 1.1 m


class Layers(Protocol):
    """The layers of this site."""

    def features(self, name: str) -> Features:
        """Return a layer; NotFound if there is none."""


class CrewMap:
    """Makes small maps; safe to call from several threads.

    Args:
        layers: The layers of this site.
    """

    def __init__(self, layers: Layers) -> None:
        self._layers = layers
        self._cache: OrderedDict[tuple[float, float, float], bytes] = OrderedDict()
        self._lock = Lock()

    def around(self, *, lon: float, lat: float, radius_km: float) -> bytes:
        """Return GeoJSON of what is within `radius_km` of a place, to the square around it.

        Lines are simplified until all of it has at most `LARGEST` bytes; if they are as simple as
        can be, small towns and then kilometre marks are left out.

        Args:
            lon: Degrees east.
            lat: Degrees north.
            radius_km: Kilometres.
        """
        key = (round(lon, 3), round(lat, 3), round(radius_km, 1))
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        made = self._map(*key)
        with self._lock:
            self._cache[key] = made
            while len(self._cache) > _MOST_KEPT:
                self._cache.popitem(last=False)
        return made

    def _map(self, lon: float, lat: float, radius_km: float) -> bytes:
        high = radius_km * 1000.0 / _M_PER_DEGREE
        wide = high / max(0.05, math.cos(math.radians(lat)))
        box = (lon - wide, lat - high, lon + wide, lat + high)
        marks = {name: list(self._marks(name, names, box)) for name, names in MARKS.items()}
        lines = {name: list(self._cut(name, names, box)) for name, names in LINES.items()}
        body = b""
        for tolerance_m in TOLERANCES_M:
            simple = [each for name in lines for each in _simple(name, lines[name], tolerance_m)]
            body = _encoded([*simple, *(each for name in marks for each in marks[name])])
            if len(body) <= LARGEST:
                return body
        for name in ("places", "river_km"):
            del marks[name]
            body = _encoded([*simple, *(each for name in marks for each in marks[name])])
            if len(body) <= LARGEST:
                break
        return body

    def _cut(
        self, name: str, names: tuple[str, ...], box: tuple[float, float, float, float]
    ) -> Iterator[tuple[dict[str, Any], shapely.Geometry]]:
        for row in self._layers.features(name).within(*box).rows():
            shape = shapely.clip_by_rect(row["geometry"], *box)
            if not shape.is_empty:
                yield _properties(row, names), shape

    def _marks(
        self, name: str, names: tuple[str, ...], box: tuple[float, float, float, float]
    ) -> Iterator[dict[str, Any]]:
        for row in self._layers.features(name).within(*box).rows():
            yield _feature(name, _properties(row, names), row["geometry"])


def _simple(
    name: str, lines: list[tuple[dict[str, Any], shapely.Geometry]], tolerance_m: float
) -> Iterator[dict[str, Any]]:
    tolerance = tolerance_m / _M_PER_DEGREE
    for properties, shape in lines:
        simple = shapely.simplify(shape, tolerance)
        if not simple.is_empty:
            yield _feature(name, properties, simple)


def _feature(name: str, properties: dict[str, Any], shape: shapely.Geometry) -> dict[str, Any]:
    rounded = shapely.set_precision(shape, _GRID_DEG, mode="pointwise")
    return {
        "type": "Feature",
        "properties": {"layer": name} | properties,
        "geometry": shapely.geometry.mapping(rounded),
    }


def _properties(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return what is told of a feature, without what is not known of it."""
    return {name: row[name] for name in names if row.get(name) not in (None, "")}


def _encoded(features: list[dict[str, Any]]) -> bytes:
    collection = {"type": "FeatureCollection", "features": [_plain(each) for each in features]}
    return msgspec.json.encode(collection)


def _plain(feature: dict[str, Any]) -> dict[str, Any]:
    """Return a feature with its degrees to five places, as 100.41023 and not 100.41022999999."""
    geometry = feature["geometry"]
    return feature | {
        "geometry": {
            "type": geometry["type"],
            "coordinates": _rounded(geometry["coordinates"]),
        }
    }


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float | int):
        return round(float(coordinates), 5)
    return [_rounded(each) for each in coordinates]
