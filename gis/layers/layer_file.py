"""Layer file: reads a layer from an uploaded file, or says exactly what is wrong with it.

The result is always EPSG:4326 with longitude first, two-dimensional, and column names in lower
case. A fault names file, layer, feature (counted from 0) and what is wrong.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from gis.errors.errors import LayerError
from gis.geometry.wkb import ShapeFault, read_shapes
from gis.layers.layer_format import recognise
from gis.layers.text_encoding import shapefile_encoding

MAX_FEATURES = 100_000
DEGREES = "EPSG:4326"
GPX_PARTS = ("route_points", "track_points")  # what GDAL makes of the lines' vertices


def read_layer(path: str | os.PathLike[str], layer: str | None = None) -> gpd.GeoDataFrame:
    """Return one layer of a GeoJSON, GeoPackage, KML, GPX or Shapefile as a GeoDataFrame.

    Args:
        path: The file.
        layer: Layer inside it; needed only when it has several.

    Returns:
        At least one feature, EPSG:4326; coordinates without a stated system are taken as degrees.

    Raises:
        LayerError: If the file is missing, too large (64 MiB, 100,000 features), damaged, not
            what its name says or tries to make GDAL read something else; if it has no such layer;
            or if a feature has no geometry, or one that is empty, invalid, not finite or no place
            on Earth.
    """
    name = os.fspath(path)
    file, drivers = recognise(path)
    chosen = _choose(name, file, layer)
    layer_name = layer if layer is not None or _single(file) else chosen
    frame, bad = read_unchecked(name, file, drivers, chosen, layer_name=layer_name)
    for each in bad:
        raise LayerError(name, each.fault, layer=layer_name, feature=each.feature)
    flat = shapely.force_2d(np.asarray(frame.geometry.values))
    frame = frame.set_geometry(flat, crs=DEGREES)
    check_features(name, layer_name, frame)
    return frame


def read_unchecked(
    name: str,
    file: Path,
    drivers: tuple[str, ...],
    layer: str,
    *,
    layer_name: str | None,
    encoding: str | None = None,
) -> tuple[gpd.GeoDataFrame, list[ShapeFault]]:
    """Return a layer of a recognised file in EPSG:4326, its features as they are.

    Args:
        name: The file, as the user gave it.
        file: Its real path.
        drivers: GDAL drivers that may open it.
        layer: Layer inside it.
        layer_name: Name of the layer for errors; None where the file has but one.
        encoding: Of the text of a Shapefile; None to find out.

    Returns:
        At least one feature, elevations kept where there are any; and what of some features is no
        shape: a line of a single point, a ring that is not closed. These have none, or the rest.

    Raises:
        EncodingNeeded: If the text of a Shapefile could be encoded in several ways.
        LayerError: If it cannot be read at all.

    >>> from gis.layers.reference_layers import FOLDER
    >>> file = FOLDER / "blos.geojson"
    >>> frame, bad = read_unchecked("blos", file, ("GeoJSON",), "blos", layer_name=None)
    >>> len(frame), bad
    (70, [])
    """
    if drivers == ("ESRI Shapefile",):
        encoding = shapefile_encoding(name, file, encoding)
    try:
        with warnings.catch_warnings():
            # GDAL warns of what it mends (a ring's direction); faults are checked later.
            warnings.simplefilter("ignore")
            about = pyogrio.read_info(file, layer=layer, force_feature_count=True)
            if about["driver"] not in drivers:
                raise LayerError(name, f"is read as {about['driver']}, not {drivers[0]}")
            if about["features"] > MAX_FEATURES:
                fault = f"has {about['features']} features; at most {MAX_FEATURES} are read"
                raise LayerError(name, fault, layer=layer_name)
            if about["geometry_type"] is None:
                raise LayerError(name, "has no geometry", layer=layer_name)
            how = {"layer": layer, "encoding": encoding}
            wkb = pyogrio.raw.read(file, columns=[], **how)[2]
            columns = None
            if len(about["fields"]):
                columns = pyogrio.read_dataframe(file, read_geometry=False, **how)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise LayerError(name, f"cannot be read: {error}", layer=layer_name) from error
    except (pyogrio.errors.FeatureError, pyogrio.errors.GeometryError, ValueError) as error:
        raise LayerError(name, f"cannot be read: {error}", layer=layer_name) from error
    if len(wkb) < about["features"]:
        raise LayerError(name, f"is cut off after {len(wkb)} features", layer=layer_name)
    shapes, bad = read_shapes(wkb)
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=about["crs"])
    return _in_degrees(name, layer_name, frame), bad


def check_features(name: str, layer: str | None, frame: gpd.GeoDataFrame) -> None:
    """Raise for the first feature whose geometry cannot be used; `frame` is in EPSG:4326.

    Raises:
        LayerError: With the number of the feature, from 0.

    >>> from shapely import Point
    >>> check_features("a.kml", None, gpd.GeoDataFrame(geometry=[Point()], crs=DEGREES))
    Traceback (most recent call last):
    ...
    gis.errors.errors.LayerError: a.kml, feature 0: has an empty geometry
    """
    for number, fault in feature_faults(frame):
        raise LayerError(name, fault, layer=layer, feature=number)


def feature_faults(frame: gpd.GeoDataFrame) -> Iterator[tuple[int, str]]:
    """Yield number (from 0) and fault of every feature whose geometry cannot be used, once each.

    Args:
        frame: In EPSG:4326.

    >>> from shapely import Point
    >>> frame = gpd.GeoDataFrame(geometry=[Point(100, 20), None, Point(20, 100)], crs=DEGREES)
    >>> list(feature_faults(frame))  # doctest: +NORMALIZE_WHITESPACE
    [(1, 'has no geometry'),
     (2, 'lies at longitude 20, latitude 100: longitude and latitude look swapped')]
    """
    shapes = np.asarray(frame.geometry.values)
    reported = np.zeros(len(shapes), dtype=bool)
    checks = (
        (shapely.is_missing(shapes), "has no geometry"),
        (shapely.is_empty(shapes), "has an empty geometry"),
        (~_all_finite(shapes), "has a coordinate that is no finite number"),
    )
    for bad, fault in checks:
        for number in np.flatnonzero(bad & ~reported).tolist():
            yield number, fault
        reported |= bad
    for number, fault in _out_of_range(shapes):
        if not reported[number]:
            reported[number] = True
            yield number, fault
    for number in np.flatnonzero(~shapely.is_valid(shapes) & ~reported).tolist():
        what, _, where = shapely.is_valid_reason(shapes[number]).partition("[")
        lon, lat = where.rstrip("]").split()[:2] if where else ("", "")
        place = f" at longitude {lon}, latitude {lat}" if lat else ""
        yield number, f"has an invalid geometry: {what.lower()}{place}"


def spatial_layers(name: str, file: Path) -> list[str]:
    """Return the names of the layers with geometry of a recognised file; of GPX the filled ones.

    Raises:
        LayerError: If it cannot be read or has none.

    >>> from gis.layers.reference_layers import FOLDER
    >>> spatial_layers("blos", FOLDER / "blos.geojson")
    ['blos']
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            listed = pyogrio.list_layers(file)
            spatial = [str(title) for title, kind in listed if kind is not None]
            if file.suffix.lower() == ".gpx":  # GDAL lists all five kinds, filled or not
                spatial = [
                    title
                    for title in spatial
                    if pyogrio.read_info(file, layer=title, force_feature_count=True)["features"]
                ]
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise LayerError(name, f"cannot be read: {error}") from error
    if not spatial:
        raise LayerError(name, "has no layer with geometry")
    return spatial


def _choose(name: str, file: Path, layer: str | None) -> str:
    spatial = spatial_layers(name, file)
    whole = [title for title in spatial if title not in GPX_PARTS] or spatial
    if layer is None and len(whole) == 1:
        return whole[0]
    if layer is None:
        raise LayerError(name, f"has several layers, name one of {', '.join(whole)}")
    if layer not in spatial:
        raise LayerError(name, f"has no such layer, only {', '.join(spatial)}", layer=layer)
    return layer


def _single(file: Path) -> bool:
    return file.suffix.lower() in (".geojson", ".json", ".shp")


def _in_degrees(name: str, layer: str | None, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if len(frame) == 0:
        raise LayerError(name, "has no feature", layer=layer)
    frame = _lower_columns(frame)
    if frame.crs is None:
        bounds = np.abs(shapely.total_bounds(np.asarray(frame.geometry.values)))
        if np.isfinite(bounds).all() and bounds.max() > 360.0:
            raise LayerError(name, "states no coordinate system and is not in degrees", layer=layer)
        frame = frame.set_crs(DEGREES)
    elif frame.crs != DEGREES:
        frame = frame.to_crs(DEGREES)
    return frame


def _lower_columns(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame with column names in lower case; of two alike the first stays."""
    shape = frame.geometry.name  # "geometry", as pyogrio names it
    columns = {shape: shape}
    for column in frame.columns:
        columns.setdefault(column, str(column).lower())
    names: set[str] = {shape}
    chosen = [shape]
    for column, low in columns.items():
        if low not in names:
            names.add(low)
            chosen.append(column)
    chosen.sort(key=list(frame.columns).index)
    return frame[chosen].rename(columns=columns)


def _all_finite(shapes: np.ndarray) -> np.ndarray:
    points, of_shape = shapely.get_coordinates(shapes, return_index=True)
    fine = np.ones(len(shapes), dtype=bool)
    fine[of_shape[~np.isfinite(points).all(axis=1)]] = False
    return fine


def _out_of_range(shapes: np.ndarray) -> Iterator[tuple[int, str]]:
    west, south, east, north = shapely.bounds(shapes).T
    bad = (west < -180.0) | (east > 180.0) | (south < -90.0) | (north > 90.0)
    for number in np.flatnonzero(bad):
        corners = np.abs([west[number], east[number]]), np.abs([south[number], north[number]])
        swapped = corners[0].max() <= 90.0 < corners[1].max() <= 180.0
        place = f"longitude {west[number]:g}, latitude {south[number]:g}"
        fault = f"lies at {place}, no place on Earth"
        if swapped:
            fault = f"lies at {place}: longitude and latitude look swapped"
        yield int(number), fault
