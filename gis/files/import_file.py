"""Import file: every layer of an uploaded file, its usable features, and the faults of the rest.

`gis.layers.layer_file.read_layer` takes a layer or refuses it; this looks at a whole file and
tells what it found, so that one bad feature does not hide the good ones. Elevations and times are
kept.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.drawing.drawing import DrawingLimits, check_drawing
from gis.errors.errors import LayerError
from gis.files.csv_file import read_csv
from gis.files.export_content import moment
from gis.files.rows import value_of
from gis.files.shapefile_zip import unpack_kml, unpack_shapefiles
from gis.geometry.wkb import ShapeFault
from gis.layers.layer_file import GPX_PARTS, feature_faults, read_unchecked, spatial_layers
from gis.layers.layer_format import MAX_BYTES, recognise
from gis.layers.text_encoding import EncodingNeeded

MOST_LAYERS = 32
MOST_FAULTS = 100  # told of each layer
# What LIBKML adds to every feature, said in the file or not.
MOST_MENDED = 20_000  # vertices of an area that is mended
_ANY_SIZE = DrawingLimits(most_vertices=MOST_MENDED, least_area_m2=0.0, least_width_m=0.0)
KML_DRAWING = ("altitudemode", "tessellate", "extrude", "visibility", "draworder", "icon")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureFault:
    """What is wrong with one feature.

    Attributes:
        feature: Its number, from 0.
        fault: What is wrong.
        is_left_out: It is not among the features that can be used; else only a part of it is not.
        repair: The area mended, as a drawing is mended; None where that would be a guess.
    """

    feature: int
    fault: str
    is_left_out: bool = True
    repair: shapely.Geometry | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLayer:
    """One layer of a file.

    Attributes:
        name: Its name.
        frame: The features that can be used, EPSG:4326; times are aware UTC, columns without a
            value are left out. Tracks of GPX have `times` (text) and `elevations_m`, one a vertex,
            where all of a track's are known.
        count: How many features the file has.
        faults: What is wrong with some, the first 100.
        left_out: The features at fault as they are, by their numbers.
    """

    name: str
    frame: gpd.GeoDataFrame
    count: int
    faults: tuple[FeatureFault, ...]
    left_out: gpd.GeoDataFrame

    @property
    def repaired(self) -> gpd.GeoDataFrame:
        """The features at fault that can be mended, mended, by their numbers."""
        mended = {each.feature: each.repair for each in self.faults if each.repair is not None}
        some = self.left_out.loc[list(mended)]
        return some.set_geometry(list(mended.values()), crs=some.crs)

    def with_repairs(self) -> gpd.GeoDataFrame:
        """Return the features that can be used and those that can be mended."""
        repaired = self.repaired
        return pd.concat([self.frame, repaired], ignore_index=True) if len(repaired) else self.frame


def read_file(path: str | os.PathLike[str], *, encoding: str | None = None) -> list[ReadLayer]:
    """Return every layer of a GeoJSON, GeoPackage, KML, KMZ, GPX, CSV or Shapefile (or its zip).

    Args:
        path: The file.
        encoding: Of the text of a CSV or Shapefile, if somebody said it; None to find out.

    Raises:
        EncodingNeeded: If that text could be encoded in several ways.
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
    file = Path(name)
    ending = file.suffix.lower()
    if ending not in (".zip", ".kmz", ".csv") or "://" in name or name.startswith("/vsi"):
        file, drivers = recognise(path)
        return _read(name, file, drivers, encoding)
    if not file.is_file():
        raise LayerError(name, "does not exist")
    if file.stat().st_size > MAX_BYTES:
        raise LayerError(name, f"has more than {MAX_BYTES // 2**20} MiB")
    if ending == ".csv":
        frame, faults = read_csv(name, file, encoding=encoding)
        bad = [ShapeFault(feature=n, fault=fault, is_left_out=True) for n, fault in faults.items()]
        return [_checked(file.stem, frame, bad)]
    with tempfile.TemporaryDirectory(prefix="joint-patrol-") as folder:
        if ending == ".zip":
            return _read_zip(name, file, Path(folder), encoding)
        try:
            kml, drivers = recognise(unpack_kml(file, Path(folder), name=name))
            return _read(name, kml, drivers, encoding)
        except LayerError as error:
            # The folder is ours: the user knows the archive.
            raise LayerError(name, error.fault, layer=error.layer, feature=error.feature) from None


def _read_zip(name: str, archive: Path, folder: Path, encoding: str | None) -> list[ReadLayer]:
    found: list[ReadLayer] = []
    for shapefile in unpack_shapefiles(archive, folder, name=name, encoding=encoding):
        layer = shapefile.stem
        try:
            file, drivers = recognise(shapefile)
            found += _read(name, file, drivers, encoding)
        except EncodingNeeded as error:
            raise EncodingNeeded(name, error.samples, layer=layer) from None
        except LayerError as error:
            # The folder is ours: the user knows the archive and the part.
            raise LayerError(name, error.fault, layer=layer, feature=error.feature) from None
    return found


def _read(name: str, file: Path, drivers: tuple[str, ...], encoding: str | None) -> list[ReadLayer]:
    titles = spatial_layers(name, file)
    if len(titles) > MOST_LAYERS:
        raise LayerError(name, f"has {len(titles)} layers; at most {MOST_LAYERS} are read")
    frames: dict[str, gpd.GeoDataFrame] = {}
    bad: dict[str, list[ShapeFault]] = {}
    empty: list[str] = []
    for title in titles:
        try:
            frame, bad[title] = read_unchecked(
                name, file, drivers, title, layer_name=title, encoding=encoding
            )
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
    return [_checked(title, frame, bad[title]) for title, frame in frames.items()]


def _checked(title: str, frame: gpd.GeoDataFrame, bad: Sequence[ShapeFault]) -> ReadLayer:
    """Return a layer, its features parted into those that can be used and those that cannot."""
    shapes = frame.geometry.values
    known = {each.feature: each for each in bad}
    found = {n: FeatureFault(feature=n, fault=fault) for n, fault in feature_faults(frame)}
    for n, each in known.items():
        left_out = each.is_left_out or n in found
        found[n] = FeatureFault(feature=n, fault=each.fault, is_left_out=left_out)
    good = np.ones(len(frame), dtype=bool)
    good[[n for n, each in found.items() if each.is_left_out]] = False
    plain = frame.drop(columns=_empty_columns(frame))
    return ReadLayer(
        name=title,
        frame=plain[good].reset_index(drop=True),
        count=len(frame),
        faults=tuple(
            replace(found[n], repair=None if good[n] else _repair(shapes[n], known.get(n)))
            for n in sorted(found)[:MOST_FAULTS]
        ),
        left_out=plain[~good],
    )


def _repair(shape: shapely.Geometry | None, bad: ShapeFault | None) -> shapely.Geometry | None:
    """Return an area mended as one that is drawn; None where that would be a guess."""
    if shape is None and bad is not None:
        shape = bad.closed
    if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
        return None
    if shapely.count_coordinates(shape) > MOST_MENDED:
        return None
    flat = shapely.force_2d(shape)
    drawing = check_drawing(shapely.geometry.mapping(flat), limits=_ANY_SIZE)
    if drawing.suggestion is not None:
        return drawing.suggestion
    return flat if drawing.usable and shapely.is_valid(flat) else None


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
        for given, plural in (("time", "times"), ("ele", "elevations_m")):
            if given in points.columns:
                of_track = dict(iter(points.groupby("track_fid")[given]))
                counts = shapely.get_num_coordinates(tracks.geometry.values)
                tracks[plural] = [_all(of_track.get(n), count) for n, count in enumerate(counts)]
    return {title: frame for title, frame in frames.items() if title not in GPX_PARTS} or frames


def _all(values: pd.Series | None, count: int) -> list[Any] | None:
    """Return `count` values as JSON can hold them; None unless all are known."""
    if values is None or len(values) != count or values.isna().any():
        return None
    found = [value_of(value) for value in values]
    return [moment(each) if isinstance(each, datetime) else each for each in found]
