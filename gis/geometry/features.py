"""Features: shapes with their properties, as a light table of EPSG:4326.

A server reads its layers, follows rivers and borders and hands maps out for years: geopandas, which
a hundred megabytes of memory come with, is for files that people bring and for what is computed of
tables. `Features` says what both have in common, and each becomes the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

if TYPE_CHECKING:
    import geopandas as gpd

    Table: TypeAlias = "Features | gpd.GeoDataFrame"
    """What functions here take where a light table does as well as a frame."""


class Features:
    """Shapes and, by name, a value of each.

    Attributes:
        columns: Names of the properties, in order.
        geometry: The shapes; None where there is none.
    """

    def __init__(
        self,
        columns: Mapping[str, Iterable[Any]],
        geometry: Sequence[shapely.Geometry | None] | NDArray[np.object_],
    ) -> None:
        """Take the columns.

        Args:
            columns: By name as many values as there are shapes; None where one has none.
            geometry: The shapes.

        Raises:
            ValueError: If a column is longer or shorter.
        """
        self.geometry = _objects(geometry)
        self._values = {name: _objects(values) for name, values in columns.items()}
        self.columns = tuple(self._values)
        for name, values in self._values.items():
            if len(values) != len(self.geometry):
                raise ValueError(f"column {name} has {len(values)} of {len(self.geometry)} values")

    def __len__(self) -> int:
        """Return how many features there are."""
        return len(self.geometry)

    def __getitem__(self, name: str) -> NDArray[np.object_]:
        """Return a column.

        Raises:
            KeyError: If there is none of that name.

        >>> Features({"id": ["a"]}, [None])["id"].tolist()
        ['a']
        """
        return self._values[name]

    def take(self, rows: NDArray[Any]) -> Features:
        """Return some features, by their numbers or by a mask.

        >>> Features({"id": ["a", "b"]}, [None, None]).take(np.array([False, True]))["id"].tolist()
        ['b']
        """
        chosen = {name: values[rows] for name, values in self._values.items()}
        return Features(chosen, self.geometry[rows])

    def within(self, west: float, south: float, east: float, north: float) -> Features:
        """Return what touches a box in degrees, in the same order.

        >>> piers = Features({"id": ["a", "b"]}, shapely.points([100.0, 101.0], [20.0, 20.0]))
        >>> piers.within(100.5, 19.0, 102.0, 21.0)["id"].tolist()
        ['b']
        """
        return self.take(shapely.intersects(self.geometry, shapely.box(west, south, east, north)))

    def with_column(self, name: str, values: Iterable[Any]) -> Features:
        """Return the same with a column more, or another in its place.

        >>> Features({"a": [1]}, [None]).with_column("a", [2])["a"].tolist()
        [2]
        """
        return Features({**self._values, name: values}, self.geometry)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the properties of each feature; its shape is `geometry`.

        >>> list(Features({"id": ["a"]}, [None]).rows())
        [{'id': 'a', 'geometry': None}]
        """
        for number, shape in enumerate(self.geometry):
            yield {n: values[number] for n, values in self._values.items()} | {"geometry": shape}

    def frame(self) -> gpd.GeoDataFrame:
        """Return the same as a frame; loads geopandas.

        >>> Features({"a": [1, None]}, [None, None]).frame()["a"].tolist()
        [1.0, nan]
        """
        import geopandas as gpd  # takes half a second to load

        columns = {name: values.tolist() for name, values in self._values.items()}
        return gpd.GeoDataFrame(columns, geometry=self.geometry, crs="EPSG:4326")


def features_of(table: Table) -> Features:
    """Return a frame in EPSG:4326 as features; features as they are.

    Missing values (NaN, NaT) become None, times `datetime`, numbers Python's.

    >>> import geopandas as gpd
    >>> frame = gpd.GeoDataFrame({"a": [1.5, None]}, geometry=[shapely.Point(1, 2), None], crs=4326)
    >>> features_of(frame)["a"].tolist()
    [1.5, None]
    """
    if isinstance(table, Features):
        return table
    shapes = table.geometry.name
    columns = {
        str(name): [plain_value(value) for value in table[name].tolist()]
        for name in table.columns
        if name != shapes
    }
    return Features(columns, np.asarray(table.geometry.values, dtype=object))


def features_in(body: bytes) -> Features:
    """Return the features of a GeoJSON FeatureCollection (RFC 7946) that is known to be sound.

    Raises:
        msgspec.DecodeError: If it is none.

    >>> text = b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1},'
    >>> made = features_in(text + b'"geometry":{"type":"Point","coordinates":[100.4,20.2]}}]}')
    >>> made["a"].tolist(), made.geometry[0].wkt
    ([1], 'POINT (100.4 20.2)')
    """
    features = _collection.decode(body).features
    names = dict.fromkeys(name for each in features for name in each.properties)
    columns = {name: [each.properties.get(name) for each in features] for name in names}
    shapes = [shapely.from_geojson(bytes(each.geometry)) for each in features]
    return Features(columns, shapes)


def plain_value(value: Any) -> Any:
    """Return a value of a frame as Python's own; None where it says nothing.

    >>> plain_value(np.float64(1.5)), plain_value(float("nan")), plain_value(np.array([1, 2]))
    (1.5, None, [1, 2])
    """
    if isinstance(value, np.ndarray | list | tuple):
        return [plain_value(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if not same(value):
        return None
    if isinstance(value, datetime) and type(value) is not datetime:
        return value.to_pydatetime()  # type: ignore[attr-defined]  # pandas' own
    return value


def same(value: Any) -> bool:
    """Return whether a value says anything: NaN and NaT are not themselves, NA will not say.

    >>> same(0), same(None), same(float("nan"))
    (True, False, False)
    """
    try:
        return value is not None and bool(value == value)
    except TypeError:  # pandas' NA
        return False


class _Feature(msgspec.Struct):
    properties: dict[str, Any]
    geometry: msgspec.Raw


class _Collection(msgspec.Struct):
    features: list[_Feature]


# Made here: of a type that two threads ask for first at once, msgspec may show one a half-made one.
_collection = msgspec.json.Decoder(_Collection)


def _objects(values: Iterable[Any]) -> NDArray[np.object_]:
    """Return values as an array of objects of one dimension, lists among them left alone."""
    if isinstance(values, np.ndarray) and values.dtype == object:
        return values
    listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
    made = np.empty(len(listed), dtype=object)
    made[:] = listed
    return made
