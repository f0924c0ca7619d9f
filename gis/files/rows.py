"""Rows of a frame one by one, as plain Python values: None where there is no value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.geometry.geojson import has_value


def rows(frame: gpd.GeoDataFrame) -> Iterator[tuple[shapely.Geometry | None, dict[str, Any]]]:
    """Yield geometry (None if there is none) and properties of every feature.

    Times come as aware UTC `datetime`; one without a zone is taken as UTC.

    >>> frame = gpd.GeoDataFrame({"name": ["pier", None]},
    ...     geometry=[shapely.Point(100.4, 20.2), None], crs="EPSG:4326")
    >>> [row for _, row in rows(frame)]
    [{'name': 'pier'}, {}]
    """
    names = [str(name) for name in frame.columns if name != frame.geometry.name]
    columns = [frame[name].tolist() for name in names]
    for number, shape in enumerate(frame.geometry.values):
        values = ((name, column[number]) for name, column in zip(names, columns, strict=True))
        yield shape, {name: value_of(value) for name, value in values if has_value(value)}


def value_of(value: Any) -> Any:
    """Return a value of a frame as plain Python.

    >>> value_of(np.int64(3)), value_of(pd.Timestamp("2026-11-24T09:30:00+07:00"))
    (3, datetime.datetime(2026, 11, 24, 2, 30, tzinfo=datetime.timezone.utc))
    """
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple | np.ndarray):
        return [value_of(item) for item in value]
    return value
