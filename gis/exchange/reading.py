"""What is in a file that somebody brings: every layer, its usable features, the faults of the rest.

`gis.layer_file.read_layer` takes a layer or refuses it; this looks at a whole file and tells what
it found, so that one bad feature does not hide the good ones. Elevations and times are kept.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.errors import LayerError
from gis.exchange.archive import unpack_shapefiles
from gis.exchange.material import moment
from gis.exchange.rows import value_of
from gis.layer_file import GPX_PARTS, feature_faults, read_unchecked, spatial_layers
from gis.layer_format import MAX_BYTES, recognise

MOST_LAYERS = 32
MOST_FAULTS = 100  # told of each layer
# What LIBKML adds to every feature, said in the file or not.
KML_DRAWING = ("altitudemode", "tessellate", "extrude", "visibility", "draworder", "icon")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureFault:
    """What is wrong with one feature.

    Attributes:
        feature: Its number, from 0.
        fault: What is wrong.
    """

    feature: int
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLayer:
    """One layer of a file.

    Attributes:
        name: Its name.
        frame: The features that can be used, EPSG:4326; times are aware UTC, columns without a
            value are left out. Tracks of GPX have `times` (text) and `elevations_m`, one a vertex,
            where all of a track's are known.
        count: How many features the file has.
        faults: What is wrong with the others, the first 100.
    """

    name: str
    frame: gpd.GeoDataFrame
    count: int
    faults: tuple[FeatureFault, ...]


def read_file(path: str | os.PathLike[str]) -> list[ReadLayer]:
    """Return every layer of a GeoJSON, GeoPackage, KML, GPX or Shapefile (alone or in a zip).

    Raises:
        LayerError: If the file or a layer cannot be read at all; names file, layer and fault.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     gpx = Path(folder, "a.gpx")
    ...     _ = gpx.write_text('<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
    ...         '<wpt lat="20.3" lon="100.4"/><wpt lat="100.4" lon="20.3"/></gpx>')
    ...     (layer,) = read_file(gpx)
    >>> layer.name, layer.count, len(layer.frame), layer.faults[0].feature
    ('waypoints', 2, 1, 1)
    """
    name = os.fspath(path)
    if name.lower().endswith(".zip") and "://" not in name and not name.startswith("/vsi"):
        return _read_zip(name)
    file, drivers = recognise(path)
    return _read(name, file, drivers)


def _read_zip(name: str) -> list[ReadLayer]:
    archive = Path(name)
    if not archive.is_file():
        raise LayerError(name, "does not exist")
    if archive.stat().st_size > MAX_BYTES:
        raise LayerError(name, f"has more than {MAX_BYTES // 2**20} MiB")
    found: list[ReadLayer] = []
    with tempfile.TemporaryDirectory(prefix="joint-patrol-") as folder:
        for shapefile in unpack_shapefiles(archive, Path(folder), name=name):
            try:
                file, drivers = recognise(shapefile)
                found += _read(name, file, drivers)
            except LayerError as error:
                # The folder is ours: the user knows the archive and the part.
                layer = shapefile.stem
                raise LayerError(name, error.fault, layer=layer, feature=error.feature) from None
    return found


def _read(name: str, file: Path, drivers: tuple[str, ...]) -> list[ReadLayer]:
    titles = spatial_layers(name, file)
    if len(titles) > MOST_LAYERS:
        raise LayerError(name, f"has {len(titles)} layers; at most {MOST_LAYERS} are read")
    frames: dict[str, gpd.GeoDataFrame] = {}
    empty: list[str] = []
    for title in titles:
        try:
            frame = read_unchecked(name, file, drivers, title, shown=title)
        except LayerError as error:
            if error.fault != "has no feature":
                raise
            empty.append(title)
        else:
            frames[title] = _utc(frame.drop(columns=[*KML_DRAWING], errors="ignore"))
    if not frames:
        raise LayerError(name, "has no feature", layer=empty[0] if len(empty) == 1 else None)
    if drivers == ("GPX",):
        frames = _with_vertices(frames)
    return [_checked(title, frame) for title, frame in frames.items()]


def _checked(title: str, frame: gpd.GeoDataFrame) -> ReadLayer:
    bad = sorted(feature_faults(frame))
    good = np.ones(len(frame), dtype=bool)
    good[[number for number, _ in bad]] = False
    return ReadLayer(
        name=title,
        frame=frame[good].reset_index(drop=True).drop(columns=_empty_columns(frame)),
        count=len(frame),
        faults=tuple(FeatureFault(feature=at, fault=fault) for at, fault in bad[:MOST_FAULTS]),
    )


def _utc(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return `frame` with its times in UTC; one without a zone is taken as UTC."""
    for column in frame.columns:
        kind = frame[column].dtype
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[column] = frame[column].dt.tz_convert("UTC")
        elif pd.api.types.is_datetime64_dtype(kind):
            frame[column] = frame[column].dt.tz_localize("UTC")
    return frame


def _empty_columns(frame: gpd.GeoDataFrame) -> list[str]:
    plain = frame.drop(columns=frame.geometry.name)
    return [str(name) for name in plain.columns if plain[name].isna().all()]


def _with_vertices(frames: dict[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a GPX without its vertices, whose times and elevations go to tracks."""
    tracks, points = frames.get("tracks"), frames.get("track_points")
    if tracks is not None and points is not None:
        for given, kept in (("time", "times"), ("ele", "elevations_m")):
            if given in points.columns:
                of_track = dict(iter(points.groupby("track_fid")[given]))
                tracks[kept] = [_all(of_track.get(number)) for number in range(len(tracks))]
    return {title: frame for title, frame in frames.items() if title not in GPX_PARTS} or frames


def _all(values: pd.Series | None) -> list[Any] | None:
    """Return the values as JSON can hold them; None unless all are known."""
    if values is None or values.isna().any():
        return None
    found = [value_of(value) for value in values]
    return [moment(each) if isinstance(each, datetime) else each for each in found]
