"""Feature collections as compact GeoJSON bytes.

Source: RFC 7946. Coordinates are WGS 84, longitude first; polygon rings follow the right-hand
rule (section 3.1.6); no `crs` member is written (section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import msgspec
import numpy as np
import pandas as pd
import shapely

PLAIN = (str, int, float, bool)


def encode(
    frame: gpd.GeoDataFrame,
    *,
    columns: Sequence[str] | None = None,
    decimals: int = 5,
    line_per_feature: bool = False,
) -> bytes:
    """Return `frame` (EPSG:4326) as a GeoJSON FeatureCollection.

    Args:
        frame: Features; a missing or empty geometry becomes `null`.
        columns: Properties to keep, in this order; None keeps all. A name the frame does not
            have is passed over. Missing values (None, NaN) are left out of a feature.
        decimals: Decimals of a degree; 5 is about a metre.
        line_per_feature: Write each feature on a line of its own, for files kept under version
            control.

    Returns:
        UTF-8 JSON. An empty frame gives a collection without features.

    >>> from shapely import Point
    >>> office = gpd.GeoDataFrame(
    ...     {"id": ["LA-HXI"], "river": [None]},
    ...     geometry=[Point(100.4178004, 20.27)], crs="EPSG:4326")
    >>> encode(office).decode()  # doctest: +NORMALIZE_WHITESPACE
    '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"LA-HXI"},"geometry":{"type":"Point","coordinates":[100.4178,20.27]}}]}'
    """
    wanted = [c for c in frame.columns if c != frame.geometry.name] if columns is None else columns
    kept = {name: frame[name].tolist() for name in wanted if name in frame.columns}
    features = [
        b'{"type":"Feature","properties":'
        + msgspec.json.encode({name: plain(kept[name][i]) for name in kept if said(kept[name][i])})
        + b',"geometry":'
        + shape
        + b"}"
        for i, shape in enumerate(_shapes(frame, decimals))
    ]
    mark = b"\n" if line_per_feature else b""
    body = (b"," + mark).join(features)
    return b'{"type":"FeatureCollection","features":[' + mark + body + mark + b"]}" + mark


def said(value: Any) -> bool:
    """Return whether a property has a value: not None, NaN, NaT or an empty text.

    >>> said(0), said(""), said(float("nan"))
    (True, False, False)
    """
    if isinstance(value, list | tuple | np.ndarray):
        return True
    return not pd.isna(value) and value != ""


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


def _shapes(frame: gpd.GeoDataFrame, decimals: int) -> list[bytes]:
    rounded = shapely.transform(
        shapely.orient_polygons(np.asarray(frame.geometry.values)),
        lambda coordinates: np.round(coordinates, decimals),
    )
    return [b"null" if text is None else text.encode() for text in shapely.to_geojson(rounded)]
