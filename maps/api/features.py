"""Features: tracks as GeoJSON (RFC 7946), coordinates [lon, lat] in degrees WGS 84."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from fastapi import Query

from gis.tracks.legs import MAX_GAP_S
from gis.tracks.simplify import kept
from gis.tracks.track import Track, columns_of
from maps.following import credible
from patrol.changes import Fix

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


def track_feature(
    of: str, fixes: Sequence[Fix], *, brief: bool = False, tolerance_m: float | None = None
) -> TrackFeature:
    """Return the track of one unit or radio.

    Args:
        of: Unit id, or radio address.
        fixes: Its positions, oldest first.
        brief: For drawing: times only, and without positions that cannot be true.
        tolerance_m: For drawing: only as many positions as draw the same line within so many
            metres, without positions that cannot be true; None for all.
    """
    if brief or tolerance_m is not None:
        fixes = credible(fixes)  # what cannot be true is kept and told; a line to it were a lie
    if tolerance_m is not None:
        fixes = simplified(fixes, tolerance_m=tolerance_m)
    line = LineString(coordinates=[(round(fix.lon, 6), round(fix.lat, 6)) for fix in fixes])
    return TrackFeature(
        geometry=line if len(fixes) > 1 else None,
        properties=TrackProperties(id=of, times=[fix.time for fix in fixes])
        if brief
        else TrackProperties(
            id=of,
            times=[fix.time for fix in fixes],
            speeds_mps=[fix.speed_mps for fix in fixes],
            courses_deg=[fix.course_deg for fix in fixes],
            river_kms=[fix.river_km for fix in fixes],
            banks=[fix.bank for fix in fixes],
            flags=[fix.flags for fix in fixes],
        ),
    )


def simplified(fixes: Sequence[Fix], *, tolerance_m: float) -> list[Fix]:
    """Return as few of some fixes, oldest first, as draw the same line within `tolerance_m`.

    Both ends of a silence longer than ten minutes stay, so that who cuts a line there still can.

    >>> simplified([], tolerance_m=5.0)
    []
    """
    time_us, columns = columns_of(fixes)
    track = Track(time_us=time_us, **columns)
    chosen = kept(track, tolerance_m=tolerance_m, gap_s=MAX_GAP_S)
    return [fixes[index] for index in chosen.tolist()]
