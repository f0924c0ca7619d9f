"""Features: tracks as GeoJSON (RFC 7946), coordinates [lon, lat] in degrees WGS 84."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
import numpy as np
from fastapi import Query

from gis.river.rivers import Rivers
from gis.tracks.bends import with_bends
from gis.tracks.legs import MAX_GAP_S
from gis.tracks.simplify import simplify
from gis.tracks.track import Track, columns_of, from_us
from maps.surveys.track_reader import credible, with_accuracy
from patrol.units.wire import Fix

ToleranceM = Annotated[
    float | None,
    Query(
        ge=0,
        le=100_000,
        description="For drawing: leave out what draws the same line within so many metres.",
        examples=[5],
    ),
]


class LineString(msgspec.Struct, frozen=True, kw_only=True, tag="LineString"):
    """A line.

    Attributes:
        coordinates: Its vertices, [lon, lat].
    """

    coordinates: list[tuple[float, float]]


class TrackProperties(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What goes with a track; every list has one value a vertex.

    Attributes:
        id: Unit id, or radio address.
        times: Effective times.
        speeds_mps: Metres a second, null unknown.
        courses_deg: Degrees true, null unknown.
        river_kms: Kilometres of the Mekong from the sea, null away from it.
        banks: `left`, `right` or `mid`, null unsure.
        flags: Quality flags.
    """

    id: str
    times: list[datetime]
    speeds_mps: list[float | None] = []
    courses_deg: list[float | None] = []
    river_kms: list[float | None] = []
    banks: list[str | None] = []
    flags: list[tuple[str, ...]] = []


class TrackFeature(msgspec.Struct, frozen=True, kw_only=True, tag="Feature"):
    """A track; without geometry when it has fewer than two positions."""

    geometry: LineString | None
    properties: TrackProperties


class TrackCollection(msgspec.Struct, frozen=True, kw_only=True, tag="FeatureCollection"):
    """Tracks of many."""

    features: list[TrackFeature]


LONGEST_LEG_S: Final = 3600.0
"""Longer without a position, and no line is drawn along a river."""


def track_feature(
    of: str,
    fixes: Sequence[Fix],
    *,
    brief: bool = False,
    tolerance_m: float | None = None,
    rivers: Rivers | None = None,
) -> TrackFeature:
    """Return the track of one unit or radio.

    Args:
        of: Unit id, or radio address.
        fixes: Its positions, oldest first.
        brief: For drawing: times only, and without positions that cannot be true.
        tolerance_m: For drawing: only as many positions as draw the same line within so many
            metres, without positions that cannot be true; None for all.
        rivers: What boats follow between sparse reports; a line for drawing bends as they do.
    """
    if brief or tolerance_m is not None:
        return _line_feature(
            of, credible(fixes), brief=brief, tolerance_m=tolerance_m, rivers=rivers
        )
    places = [(fix.lon, fix.lat) for fix in fixes]
    return _feature(of, places, [fix.time for fix in fixes], fixes)


def _line_feature(
    of: str,
    fixes: Sequence[Fix],
    *,
    brief: bool,
    tolerance_m: float | None,
    rivers: Rivers | None,
) -> TrackFeature:
    """Return the track as a line to be drawn: one to what cannot be true were a lie."""
    time_us, columns = columns_of(with_accuracy(fixes))
    track = Track(time_us=time_us, **columns)
    given = np.arange(len(track))
    if rivers is not None:
        track, given = with_bends(track, rivers, max_gap_s=LONGEST_LEG_S)
    if tolerance_m is not None:
        # Both ends of a long silence stay, so that who cuts a line there still can.
        chosen = simplify(track, tolerance_m=tolerance_m, gap_s=MAX_GAP_S)
        track, given = track.take(chosen), given[chosen]
    places = list(zip(track.lon.tolist(), track.lat.tolist(), strict=True))
    vertex_fixes = [None if number < 0 else fixes[number] for number in given.tolist()]
    times = [from_us(each) for each in track.time_us.tolist()]
    return _feature(of, places, times, None if brief else vertex_fixes)


def _feature(
    of: str,
    places: Sequence[tuple[float, float]],
    times: list[datetime],
    vertex_fixes: Sequence[Fix | None] | None,
) -> TrackFeature:
    """Return the feature of places and times.

    `vertex_fixes` holds the position behind each vertex; None leaves the further columns out.
    """
    line = LineString(coordinates=[(round(lon, 6), round(lat, 6)) for lon, lat in places])
    properties = TrackProperties(id=of, times=times)
    if vertex_fixes is not None:
        properties = TrackProperties(
            id=of,
            times=times,
            speeds_mps=[None if fix is None else fix.speed_mps for fix in vertex_fixes],
            courses_deg=[None if fix is None else fix.course_deg for fix in vertex_fixes],
            river_kms=[None if fix is None else fix.river_km for fix in vertex_fixes],
            banks=[None if fix is None else fix.bank for fix in vertex_fixes],
            flags=[fix.flags if fix else () for fix in vertex_fixes],
        )
    return TrackFeature(geometry=line if len(places) > 1 else None, properties=properties)
