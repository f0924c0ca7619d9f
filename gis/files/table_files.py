"""GeoJSON, GeoPackage and GeoParquet of an export.

GeoPackage holds every layer, tracks as lines (`tracks`) and as points (`track_points`). GeoParquet
is one table: the points of tracks, or one layer. GeoJSON holds all in one collection, a `layer`
telling which it was of where there are several.

Sources: RFC 7946; OGC 12-128r18 (GeoPackage 1.3); GeoParquet 1.0.0, geoparquet.org.
"""

from __future__ import annotations

import importlib.util
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from gis.errors.errors import ExportError
from gis.files.export_content import ExportContent, moment, time_of
from gis.files.rows import value_of
from gis.files.track_tables import track_lines, track_points
from gis.geometry.geojson import encode_features


def write_geojson(material: ExportContent) -> bytes:
    """Return `material` as one FeatureCollection; lines of tracks list the time of each vertex.

    >>> from datetime import UTC, datetime
    >>> write_geojson(ExportContent(title="x", made_at=datetime(2026, 11, 24, tzinfo=UTC)))
    b'{"type":"FeatureCollection","features":[]}'
    """
    frames = dict(material.layers)
    if material.tracks:
        lines = track_lines(material.tracks)
        track_of = {track.id: track for track in material.tracks}
        lines["times"] = [
            [moment(time_of(each)) for each in track_of[unit].positions] for unit in lines["unit"]
        ]
        frames = {"tracks": lines, **frames}
    several = len(frames) > 1
    features: list[bytes] = []
    for name, frame in frames.items():
        labelled = frame.assign(layer=name) if several else frame
        features += encode_features(with_text_times(labelled), decimals=7)
    return b'{"type":"FeatureCollection","features":[' + b",\n".join(features) + b"]}"


def write_geopackage(material: ExportContent) -> bytes:
    """Return `material` as a GeoPackage with a layer for each.

    Raises:
        ExportError: If there is nothing to write.

    >>> from datetime import UTC, datetime
    >>> from shapely import Point
    >>> pier = gpd.GeoDataFrame({"name": ["pier"]}, geometry=[Point(100.4, 20.3)], crs="EPSG:4326")
    >>> at = datetime(2026, 11, 24, tzinfo=UTC)
    >>> write_geopackage(ExportContent(title="x", made_at=at, layers={"piers": pier}))[:15]
    b'SQLite format 3'
    """
    frames = dict(material.layers)
    if material.tracks:
        frames |= {
            "tracks": track_lines(material.tracks),
            "track_points": track_points(material.tracks),
        }
    frames = {name: frame for name, frame in frames.items() if len(frame)}
    if not frames:
        raise ExportError("there is nothing to write into a GeoPackage")
    with tempfile.TemporaryDirectory(prefix="joint-patrol-") as folder:
        file = Path(folder, "export.gpkg")
        for number, (name, frame) in enumerate(frames.items()):
            pyogrio.write_dataframe(
                _flat(frame), file, layer=name, driver="GPKG", append=number > 0
            )
        return file.read_bytes()


def write_geoparquet(material: ExportContent) -> bytes:
    """Return the points of the tracks, or the one layer, as GeoParquet.

    Raises:
        ExportError: If there is not exactly one table to write, or pyarrow is not installed.

    >>> from datetime import UTC, datetime
    >>> write_geoparquet(ExportContent(title="x", made_at=datetime(2026, 11, 24, tzinfo=UTC)))
    Traceback (most recent call last):
    ...
    gis.errors.errors.ExportError: GeoParquet holds one table; there are 0 to write
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise ExportError("GeoParquet needs pyarrow: pip install 'joint-patrol[parquet]'")
    frames = list(material.layers.values())
    if material.tracks:
        frames.append(track_points(material.tracks))
    if len(frames) != 1:
        raise ExportError(f"GeoParquet holds one table; there are {len(frames)} to write")
    made = io.BytesIO()
    frames[0].to_parquet(made, index=False)
    return made.getvalue()


def with_text_times(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return `frame` with its times as RFC 3339 text.

    >>> frame = gpd.GeoDataFrame({"time": pd.to_datetime(["2026-11-24T02:30:00Z", None])},
    ...     geometry=[None, None], crs="EPSG:4326")
    >>> with_text_times(frame)["time"].tolist()
    ['2026-11-24T02:30:00Z', None]
    """
    timed = [
        name for name in frame.columns if pd.api.types.is_datetime64_any_dtype(frame[name].dtype)
    ]
    if not timed:
        return frame
    frame = frame.copy()
    for name in timed:
        words: list[str | None] = [
            None if pd.isna(each) else moment(value_of(each)) for each in frame[name]
        ]
        frame[name] = pd.Series(words, index=frame.index, dtype=object)
    return frame


def _flat(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return `frame` with lists and tables as JSON text, which columns can hold."""
    frame = frame.copy()
    for name in frame.columns:
        if name == frame.geometry.name or frame[name].dtype != object:
            continue
        frame[name] = [_plain(value) for value in frame[name]]
    return frame


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value
