"""A track and a layer with all that gets lost on the way: scripts, zones, elevations, holes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely import Point, Polygon

from gis.files.export_content import ExportContent, ExportTrack
from gis.position.position import Position

NAME = 'ນາກ ๑ เรือด่วน <1> & "ຫ້ວຍຊາຍ"'
BEGIN = datetime(2026, 11, 24, 2, 30, 0, 250_000, tzinfo=UTC)


def positions(*, high: bool = True) -> tuple[Position, ...]:
    """Return six positions, a silence of two hours before the last three."""
    return tuple(
        Position(
            lon=round(100.41 + number * 1.3e-4, 7),
            lat=round(20.27 - number * 0.7e-4, 7),
            time=BEGIN + timedelta(seconds=10 * number, hours=2 if number > 2 else 0),
            altitude_m=350.25 + number if high or number % 2 else None,
            speed_mps=3.25,
            course_deg=91.5,
            accuracy_m=4.0,
        )
        for number in range(6)
    )


def track(*, high: bool = True) -> ExportTrack:
    """Return a boat's track; without `high` every other altitude is unknown."""
    return ExportTrack(id="u-1", name=NAME, positions=positions(high=high), kind="boat", side="LA")


def places() -> gpd.GeoDataFrame:
    """Return a sector with a hole, and a pier seen at 09:30 in a zone of its own."""
    local = datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=7)))
    sector = Polygon(
        [(100.3, 20.2), (100.5, 20.2), (100.5, 20.4), (100.3, 20.4)],
        [[(100.35, 20.25), (100.4, 20.25), (100.4, 20.3), (100.35, 20.3)]],
    )
    return gpd.GeoDataFrame(
        {
            "name": ["เชียงของ", "ທ່າເຮືອ ຫ້ວຍຊາຍ"],
            "description": ["no go at night", None],
            "time": pd.to_datetime(pd.Series([None, local]), utc=True),
            "grade": [1, 2],
        },
        geometry=[sector, Point(100.41, 20.27, 352.5)],
        crs="EPSG:4326",
    )


def material(*, tracks: bool = True, layers: bool = True, high: bool = True) -> ExportContent:
    """Return an export of the above."""
    return ExportContent(
        title="Patrol of ຫ້ວຍຊາຍ",
        made_at=BEGIN,
        tracks=(track(high=high),) if tracks else (),
        layers={"places": places()} if layers else {},
    )


PIER = {"type": "Point", "coordinates": [100.41, 20.27]}
LONELY = {"type": "LineString", "coordinates": [[100.41, 20.27]]}
BOW_TIE = {
    "type": "Polygon",
    "coordinates": [[[100.4, 20.2], [100.5, 20.3], [100.5, 20.2], [100.4, 20.3], [100.4, 20.2]]],
}
OPEN = {
    "type": "Polygon",
    "coordinates": [[[100.4, 20.2], [100.5, 20.2], [100.5, 20.3], [100.4, 20.3]]],
}


def features(*shapes: dict[str, Any] | None) -> bytes:
    """Return GeoJSON with a feature of each shape, named by its number."""
    made = [
        {"type": "Feature", "properties": {"name": str(number)}, "geometry": shape}
        for number, shape in enumerate(shapes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": made}).encode()
