"""Layer catalogue: the shipped layers, a site's own ones, and GeoJSON of either.

Every frame is EPSG:4326, longitude first. `names()` are in drawing order, lowest first. Only what
gives or takes frames loads geopandas.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gis.border import blo_checks as blos
from gis.border.border import enclosed, territories
from gis.geometry.features import Features, features_of
from gis.geometry.geojson import encode
from gis.layers.reference_layers import LayerInfo, info, read_shipped, shipped_features, table
from gis.river.river import kilometre_marks, kilometres, load_mekong

if TYPE_CHECKING:
    import os

    import geopandas as gpd

    from gis.geometry.features import Table

__all__ = [
    "LayerInfo",
    "as_geojson",
    "features",
    "info",
    "load",
    "names",
    "read_layer",
    "validate_blos",
]


def names() -> tuple[str, ...]:
    """Return the names of the shipped layers, lowest on the map first.

    >>> "blos" in names() and "river_km" in names()
    True
    """
    return tuple(table())


def load(name: str) -> gpd.GeoDataFrame:
    """Return the shipped layer `name`, all its columns; the caller may change it.

    Raises:
        GisError: If there is none of that name.

    >>> len(load("blos")), load("blos").crs.to_string()
    (70, 'EPSG:4326')
    """
    return _load(name).copy()


def features(name: str) -> Features:
    """Return the shipped layer `name`, all its columns, without loading geopandas.

    Raises:
        GisError: If there is none of that name.

    >>> len(features("blos")), features("river_km")["km"][0]
    (70, 0)
    """
    if name == "river_km":
        return kilometres(load_mekong())
    if name == "territories":
        return _territories()
    return shipped_features(name)


def read_layer(path: str | os.PathLike[str], layer: str | None = None) -> gpd.GeoDataFrame:
    """Return one layer of a file that somebody brings, as `gis.layers.layer_file.read_layer` does.

    Raises:
        LayerError: With what is wrong with it.

    >>> from gis.layers.reference_layers import FOLDER
    >>> len(read_layer(FOLDER / "blos.geojson"))
    70
    """
    from gis.layers import layer_file  # loads geopandas

    return layer_file.read_layer(path, layer)


def as_geojson(layer: str | Table, *, columns: Sequence[str] | None = None) -> bytes:
    """Return a layer as compact GeoJSON for a map.

    Args:
        layer: Name of a shipped layer (encoded once and kept), or a table in EPSG:4326.
        columns: Properties to keep. None keeps those the map needs of a shipped layer, and all of
            a table.

    Raises:
        GisError: If there is no shipped layer of that name.

    >>> as_geojson("river_km")[:40]
    b'{"type":"FeatureCollection","features":['
    """
    if not isinstance(layer, str):
        return encode(layer, columns=columns)
    fields = info(layer).map if columns is None else tuple(columns)
    return _encoded(layer, fields)


def validate_blos(
    offices: Table,
    *,
    territories: Table | None = None,
    file: str = "blos",
) -> None:
    """Raise unless these are the 70 offices, each in its country, counterparts naming each other.

    Args:
        offices: Points with `id`, `name`, `country` and `counterparts`.
        territories: Areas with `country`; None takes those that ship.
        file: Name for the error.

    Raises:
        LayerError: With what is wrong and at which office.

    >>> validate_blos(load("blos"))
    >>> validate_blos(load("blos").head(3), file="ours.gpkg")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    gis.errors.errors.LayerError: ours.gpkg: has offices CN 3; there must be CN 7, KH 11, ...
    """
    areas = _territories() if territories is None else features_of(territories)
    blos.check(features_of(offices), territories=areas, file=file)


@functools.cache
def _load(name: str) -> gpd.GeoDataFrame:
    if name == "river_km":
        return kilometre_marks(load_mekong())
    if name == "territories":
        return territories(_load("borders"), _load("outlines"))
    return read_shipped(name)


@functools.lru_cache(maxsize=64)
def _encoded(name: str, columns: tuple[str, ...]) -> bytes:
    return encode(features(name), columns=columns)


@functools.lru_cache(maxsize=1)
def _territories() -> Features:
    return enclosed(shipped_features("borders"), shipped_features("outlines"))
