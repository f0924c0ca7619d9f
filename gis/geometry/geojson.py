"""Feature collections as compact GeoJSON bytes.

Source: RFC 7946. Coordinates are WGS 84, longitude first; polygon rings follow the right-hand
rule (section 3.1.6); no `crs` member is written (section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.geometry.features import features_of, same

if TYPE_CHECKING:
    from gis.geometry.features import Table

PLAIN = (str, int, float, bool)
HEIGHT_DECIMALS = 2


def encode(
    table: Table,
    *,
    columns: Sequence[str] | None = None,
    decimals: int = 5,
    line_per_feature: bool = False,
) -> bytes:
    """Return a table (EPSG:4326) as a GeoJSON FeatureCollection.

    Args:
        table: Features; a missing or empty geometry becomes `null`.
        columns: Properties to keep, in this order; None keeps all. A name the table does not
            have is passed over. Missing values (None, NaN) are left out of a feature.
        decimals: Decimals of a degree; 5 is about a metre.
        line_per_feature: Write each feature on a line of its own, for files kept under version
            control.

    Returns:
        UTF-8 JSON. An empty table gives a collection without features.

    >>> from gis.geometry.features import Features
    >>> place = shapely.Point(100.4178004, 20.27)
    >>> office = Features({"id": ["LA-HXI"], "river": [None]}, [place])
    >>> encode(office).decode()  # doctest: +NORMALIZE_WHITESPACE
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"LA-HXI"},"geometry":{"type":"Point","coordinates":[100.4178,20.27]}}]}'
    """
    features = encode_features(table, columns=columns, decimals=decimals)
    mark = b"\n" if line_per_feature else b""
    body = (b"," + mark).join(features)
    return b'{"type":"FeatureCollection","features":[' + mark + body + mark + b"]}" + mark


def encode_features(
    table: Table,
    *,
    columns: Sequence[str] | None = None,
    decimals: int = 5,
    ids: Sequence[str] | None = None,
) -> list[bytes]:
    """Return each feature of a table (EPSG:4326) as a GeoJSON Feature; arguments as for `encode`.

    Args:
        table: Features.
        columns: Properties to keep; None keeps all.
        decimals: Decimals of a degree.
        ids: The `id` of each; None for none.

    >>> from gis.geometry.features import Features
    >>> encode_features(Features({"a": [1]}, [None]), ids=["x"])
    [b'{"type":"Feature","id":"x","properties":{"a":1},"geometry":null}']
    """
    features = features_of(table)
    names = features.columns if columns is None else columns
    values = {name: features[name].tolist() for name in names if name in features.columns}
    heads = (
        [b'{"type":"Feature","properties":'] * len(features)
        if ids is None
        else [
            b'{"type":"Feature","id":' + msgspec.json.encode(id) + b',"properties":' for id in ids
        ]
    )
    return [
        heads[i]
        + msgspec.json.encode(
            {name: plain(values[name][i]) for name in values if has_value(values[name][i])}
        )
        + b',"geometry":'
        + shape
        + b"}"
        for i, shape in enumerate(_shapes(features.geometry, decimals))
    ]


def has_value(value: Any) -> bool:
    """Return whether a property has a value: not None, NaN, NaT or an empty text.

    >>> has_value(0), has_value(""), has_value(float("nan"))
    (True, False, False)
    """
    if isinstance(value, list | tuple | np.ndarray):
        return True
    return same(value) and value != ""


def plain(value: Any) -> Any:
    """Return a property as JSON can hold it; whole floats become integers, others text.

    >>> plain(330.0), plain(0.5), plain(np.int64(3))
    (330, 0.5, 3)
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    return str(value)


def _shapes(geometry: NDArray[np.object_], decimals: int) -> list[bytes]:
    shapes = shapely.orient_polygons(geometry)
    rounded = shapely.transform(shapes, lambda places: np.round(places, decimals))
    high = np.flatnonzero(shapely.has_z(shapes))
    if len(high):
        steps = np.array([decimals, decimals, HEIGHT_DECIMALS])
        rounded[high] = shapely.transform(
            shapes[high],
            lambda places: np.round(places * 10.0**steps) / 10.0**steps,
            include_z=True,
        )
    return [b"null" if text is None else text.encode() for text in shapely.to_geojson(rounded)]
