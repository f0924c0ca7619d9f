"""Exports: tracks, units and layers that a desk may see, put together for a file."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import shapely

from gis.files.export_content import ExportContent, ExportTrack
from gis.files.formats import FORMATS, ExportError, Format
from gis.position.position import Position
from maps.errors.errors import BadRequest
from maps.surveys.past_positions import past_positions
from maps.surveys.patrol_surveys import visible_units
from maps.surveys.track_reader import credible
from patrol.desks.desk import Desk
from patrol.units.wire import Fix, UnitState

if TYPE_CHECKING:
    import geopandas as gpd

LONGEST: Final = timedelta(days=92)
MOST_POSITIONS: Final = 200_000
"""Of one file: what a chartplotter, or this machine's memory, takes at ease."""

_UNIT_COLUMNS: Final = (
    "id",
    "name",
    "kind",
    "country",
    "agency",
    "liveness",
    "time",
    "speed_mps",
    "course_deg",
    "accuracy_m",
    "river_km",
    "bank",
)


async def tracks(
    desk: Desk, *, units: Sequence[str], start: datetime, end: datetime, title: str = "Tracks"
) -> ExportContent:
    """Return the tracks of units from `start` (in) to `end` (out).

    Args:
        desk: Whose eyes see them.
        units: Unit ids, in service or not, or radio addresses; none: every unit there is.
        start: First moment wanted, aware UTC.
        end: Moment after the last one wanted, aware UTC.
        title: What it is, for people.

    Returns:
        Without positions that cannot be true (`maps.surveys.track_reader`); who was nowhere is
        left out.

    Raises:
        BadRequest: If the time is none, longer than 92 days, or holds more than 200,000 positions.
        Forbidden: If the role may not.
        NotFound: If there is no such unit, or the user may not know of it.
    """
    found: list[ExportTrack] = []
    async for state, fixes in past_positions(
        desk, units, start, end, longest=LONGEST, most=MOST_POSITIONS
    ):
        positions = tuple(_position(fix) for fix in await asyncio.to_thread(credible, fixes))
        if positions:
            found.append(
                ExportTrack(
                    id=state.id,
                    name=state.call_sign,
                    positions=positions,
                    kind=state.kind,
                    side=state.country,
                )
            )
    return ExportContent(title=title, made_at=datetime.now(UTC), tracks=tuple(found))


async def patrol_tracks(desk: Desk, id: str) -> ExportContent:
    """Return the tracks of a patrol's units from its start to its end, or until now.

    Args:
        desk: Whose eyes see them; units whose tracks it may not see are left out.
        id: The patrol's id.

    Raises:
        BadRequest: If it holds more than 200,000 positions.
        Conflict: If it has not begun.
        Forbidden: If the role may not.
        NotFound: If there is none, or the user may not know of it.
    """
    patrol = await desk.patrols.one(id)
    start, end = desk.patrols.span(patrol)
    sides, _ = visible_units(desk, patrol)
    units = [unit for each in sides.values() for unit in each]
    if not units:
        return ExportContent(title=patrol.name, made_at=datetime.now(UTC))
    # What was at the very end belongs to it, too.
    until = max(end, start) + timedelta(microseconds=1)
    return await tracks(desk, units=units, start=start, end=until, title=patrol.name)


def units(desk: Desk) -> ExportContent:
    """Return every unit that has a position, where it was last.

    Raises:
        Forbidden: If the role may not.
    """
    import geopandas as gpd  # takes half a second to load
    import pandas as pd

    placed = [(state, state.last) for state in desk.visible.units() if state.last is not None]
    columns: dict[str, list[Any]] = {name: [] for name in _UNIT_COLUMNS}
    for state, last in placed:
        for name, value in _row(state, last).items():
            columns[name].append(value)
    shapes = [
        shapely.Point(last.lon, last.lat)
        if last.altitude_m is None
        else shapely.Point(last.lon, last.lat, last.altitude_m)
        for _, last in placed
    ]
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")
    if placed:
        frame["time"] = pd.to_datetime(frame["time"], utc=True).astype("datetime64[ms, UTC]")
    return ExportContent(title="Units", made_at=datetime.now(UTC), layers={"units": frame})


def layer(name: str, title: str, frame: gpd.GeoDataFrame) -> ExportContent:
    """Return one layer."""
    return ExportContent(title=title, made_at=datetime.now(UTC), layers={name: frame})


def format_named(name: str) -> Format:
    """Return a format to write.

    Raises:
        BadRequest: If there is none of that name.
    """
    if name not in FORMATS:
        raise BadRequest(f"must be one of {', '.join(FORMATS)}", field="format")
    return FORMATS[name]


async def write_file(material: ExportContent, kind: Format) -> bytes:
    """Return `material` as a file, made in a thread, so that nobody waits.

    Raises:
        BadRequest: If there is nothing in it, or the format cannot hold it.
    """
    if not material.tracks and not any(len(frame) for frame in material.layers.values()):
        raise BadRequest("there is nothing to write: no position is known there and then")
    try:
        return await asyncio.to_thread(kind.write, material)
    except ExportError as error:
        raise BadRequest(str(error), field="format") from None


def _row(state: UnitState, last: Fix) -> dict[str, Any]:
    return {
        "id": state.id,
        "name": state.call_sign,
        "kind": state.kind,
        "country": state.country,
        "agency": state.agency,
        "liveness": state.liveness,
        "time": last.time,
        "speed_mps": last.speed_mps,
        "course_deg": last.course_deg,
        "accuracy_m": last.accuracy_m,
        "river_km": last.river_km,
        "bank": last.bank,
    }


def _position(fix: Fix) -> Position:
    return Position(
        lon=fix.lon,
        lat=fix.lat,
        time=fix.time,
        altitude_m=fix.altitude_m,
        accuracy_m=fix.accuracy_m,
        speed_mps=fix.speed_mps,
        course_deg=fix.course_deg,
        heading_deg=fix.heading_deg,
    )
