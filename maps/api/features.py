"""Features: tracks as GeoJSON (RFC 7946), coordinates [lon, lat] in degrees WGS 84."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from patrol.changes import Fix


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


def track_feature(of: str, fixes: Sequence[Fix], *, brief: bool = False) -> TrackFeature:
    """Return the track of one unit or radio.

    Args:
        of: Unit id, or radio address.
        fixes: Its positions, oldest first.
        brief: For drawing: times only, and without places that nothing could have reached.
    """
    if brief:
        # What nothing could have reached is kept and told, but a line to it would be a lie.
        fixes = [fix for fix in fixes if "jump" not in fix.flags]
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
