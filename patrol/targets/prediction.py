"""Prediction: where a target will be along the river, and where it will land.

It goes on as it was last seen to go: its speed over ground, split along and across the centreline.
The way along follows the river, not the straight line. No width of the river ships with the
layers; the shore is taken to be `HALF_WIDTH_M` from the middle, and the error of the line widens
every time and kilometre that is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec

from gis.errors.errors import GisError
from gis.geometry.geodesy import bearing_deg, destination
from gis.river.river import River, RiverPlace
from gis.river.river_track import way_between
from patrol.sectors.site_geography import Ground
from patrol.targets.sightings import Sighting
from patrol.units.data_classes import TARGETS

HALF_WIDTH_M: Final = 250.0
"""From the middle to the shore; the Mekong is some 300 to 1,000 m wide where it is a border."""

AHEAD_MIN: Final = (1, 2, 5, 10, 15, 20, 30)
"""Minutes that the track is told for."""

LONGEST_CROSSING_S: Final = 1800.0
"""A boat that would take longer to the shore by its course is taken to follow the river."""

LEAST_ACROSS_MPS: Final = 0.3
LEAST_SPEED_MPS: Final = 0.2
LEAST_ANGLE_DEG: Final = 10.0
"""Off the river's own bearing; less is noise of the course and of the line."""

SPEED_ERROR_SHARE: Final = 0.25
"""A boat that is followed does not keep its speed; a quarter either way is assumed."""

TOGETHER_S: Final = 900.0
"""Two sightings within this give a speed and a way, where the last one tells none."""

_CHORD_KM: Final = 0.5


class PredictedPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One point of the track to come.

    Attributes:
        at: When, aware UTC.
        lon: Degrees east, on the centreline.
        lat: Degrees north.
        km: Kilometre of the river.
        error_km: How far off along the river that may be.
    """

    at: Annotated[datetime, TARGETS]
    lon: Annotated[float, TARGETS]
    lat: Annotated[float, TARGETS]
    km: Annotated[float, TARGETS]
    error_km: Annotated[float, TARGETS]


class Landing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where it will land.

    Attributes:
        by: `course`: it heads for that bank; `nearest`: it follows the river, and this is the
            nearest shore, the earliest it could land.
        river: The river.
        km: Kilometre of it.
        error_km: How far off along the river that may be.
        bank: `left` or `right`, looking downstream; None unsure.
        lon: Degrees east.
        lat: Degrees north.
        eta: When, aware UTC; None without a speed.
        earliest: The same, as early as the errors let it be.
        latest: As late.
    """

    by: Annotated[Literal["course", "nearest"], TARGETS]
    river: Annotated[str, TARGETS]
    km: Annotated[float, TARGETS]
    error_km: Annotated[float, TARGETS]
    lon: Annotated[float, TARGETS]
    lat: Annotated[float, TARGETS]
    bank: Annotated[str | None, TARGETS] = None
    eta: Annotated[datetime | None, TARGETS] = None
    earliest: Annotated[datetime | None, TARGETS] = None
    latest: Annotated[datetime | None, TARGETS] = None


class Prediction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is expected of a target on the river.

    Attributes:
        since: Time of the sighting that it goes on from, aware UTC.
        river: The river.
        way: `up` or `down`; None unsure.
        speed_mps: Over ground; None unknown.
        track: Where it will be, along the centreline; none without a way and a speed.
        landing: Where it will land.
    """

    since: Annotated[datetime, TARGETS]
    river: Annotated[str, TARGETS]
    way: Annotated[Literal["up", "down"] | None, TARGETS] = None
    speed_mps: Annotated[float | None, TARGETS] = None
    track: Annotated[tuple[PredictedPoint, ...], TARGETS] = ()
    landing: Annotated[Landing | None, TARGETS] = None


class _Motion(msgspec.Struct, frozen=True):
    """Metres per second: upstream, and to the left bank; None unknown."""

    speed: float | None
    up: float | None
    leftward_mps: float | None


def predict(sightings: Sequence[Sighting], ground: Ground | None) -> Prediction | None:
    """Return the prediction after the last sighting.

    Args:
        sightings: Of one vessel, oldest first.
        ground: The rivers; None without any.

    Returns:
        None without a sighting, and for one that is not within 5 km of a river.
    """
    if not sightings or ground is None:
        return None
    last = sightings[-1]
    found = ground.chainage(lon=last.lon, lat=last.lat, accuracy_m=last.wrong_m)
    if found is None:
        return None
    try:
        river = ground.river(found.river)
    except GisError:
        return None
    place = found.place
    down_deg = downstream_deg(river, place.km)
    before = _before(sightings)
    moves = _motion(last, before, river, down_deg)
    way: Literal["up", "down"] | None = None
    if moves.up is not None and abs(moves.up) >= LEAST_SPEED_MPS:
        way = "up" if moves.up > 0.0 else "down"
    return Prediction(
        since=last.at,
        river=river.name,
        way=way,
        speed_mps=None if moves.speed is None else round(moves.speed, 2),
        track=() if way is None else _track(last, place, river, moves.up or 0.0),
        landing=_landing(last, place, river, moves),
    )


def downstream_deg(river: River, km: float) -> float:
    """Return the bearing of the river at a kilometre, looking downstream, degrees true."""
    low, high = river.km_range
    upper = river.at_km(min(high, km + _CHORD_KM))
    lower = river.at_km(max(low, km - _CHORD_KM))
    return bearing_deg(lon1=upper[0], lat1=upper[1], lon2=lower[0], lat2=lower[1]) or 0.0


def _before(sightings: Sequence[Sighting]) -> Sighting | None:
    """Return the sighting before the last, if speed and course follow from both."""
    if len(sightings) < 2:
        return None
    apart_s = (sightings[-1].at - sightings[-2].at).total_seconds()
    return sightings[-2] if 0.0 < apart_s <= TOGETHER_S else None


def _motion(last: Sighting, before: Sighting | None, river: River, down_deg: float) -> _Motion:
    speed, course = last.speed_mps, last.course_deg
    if speed is not None and speed < LEAST_SPEED_MPS:
        return _Motion(speed, 0.0, 0.0)
    if speed is not None and course is not None:
        off = math.radians(course - down_deg)
        return _Motion(speed, -speed * math.cos(off), -speed * math.sin(off))
    if before is None:
        return _Motion(speed, None, None)
    # Of two sightings: how far along, and which way, if that is more than both may be wrong.
    way = way_between(
        river,
        (before.lon, before.lat),
        (last.lon, last.lat),
        accuracy_m=(before.wrong_m, last.wrong_m),
    )
    found = river.locate_many([before.lon, last.lon], [before.lat, last.lat])
    apart_s = (last.at - before.at).total_seconds()
    along = abs(float(found.km[1] - found.km[0])) * 1000.0 / apart_s
    aside_m = float(found.offset_m[1] - found.offset_m[0])
    left = aside_m / apart_s if abs(aside_m) > before.wrong_m + last.wrong_m else 0.0
    if way is None or not math.isfinite(along):
        return _Motion(speed, None, None)
    if speed is None:
        speed = math.hypot(along, left)
    else:
        along = min(speed, along)
    return _Motion(speed, along if way == "up" else -along, left)


def _track(
    last: Sighting, place: RiverPlace, river: River, up: float
) -> tuple[PredictedPoint, ...]:
    low, high = river.km_range
    found: list[PredictedPoint] = []
    for minutes in AHEAD_MIN:
        gone_km = up * minutes * 60.0 / 1000.0
        km = place.km + gone_km
        if not low <= km <= high:
            break
        lon, lat = river.at_km(km)
        error = abs(gone_km) * SPEED_ERROR_SHARE + river.length_error_km(place.km, km)
        found.append(
            PredictedPoint(
                at=last.at + timedelta(minutes=minutes),
                lon=round(lon, 6),
                lat=round(lat, 6),
                km=round(km, 3),
                error_km=round(error + last.wrong_m / 1000.0, 3),
            )
        )
    return tuple(found)


def _landing(last: Sighting, place: RiverPlace, river: River, moves: _Motion) -> Landing:
    wrong_m = place.error_m + last.wrong_m
    values: dict[str, Any]
    heads = _heads_for(moves)
    if heads is not None and moves.leftward_mps is not None:
        to_go_m = max(0.0, HALF_WIDTH_M - (place.offset_m if heads == "left" else -place.offset_m))
        speed = abs(moves.leftward_mps)
        if (to_go_m + wrong_m) / speed <= LONGEST_CROSSING_S:
            along_km = (moves.up or 0.0) * to_go_m / speed / 1000.0
            spread_km = abs(moves.up or 0.0) * wrong_m / speed / 1000.0
            values = {"by": "course", "bank": heads, "km": place.km + along_km}
            values |= _times(last.at, to_go_m, wrong_m, speed)
            return _at_shore(values, last, place, river, spread_km)
    bank = place.bank if place.bank in ("left", "right") else None
    to_go_m = max(0.0, HALF_WIDTH_M - abs(place.offset_m))
    values = {"by": "nearest", "bank": bank, "km": place.km}
    if moves.speed is not None and moves.speed >= LEAST_SPEED_MPS:
        values |= _times(last.at, to_go_m, wrong_m, moves.speed)
    return _at_shore(values, last, place, river, 0.0)


def _heads_for(moves: _Motion) -> Literal["left", "right"] | None:
    if moves.leftward_mps is None or abs(moves.leftward_mps) < LEAST_ACROSS_MPS:
        return None
    angle = math.degrees(math.atan2(abs(moves.leftward_mps), abs(moves.up or 0.0)))
    if angle < LEAST_ANGLE_DEG:
        return None
    return "left" if moves.leftward_mps > 0.0 else "right"


def _times(at: datetime, to_go_m: float, wrong_m: float, speed: float) -> dict[str, datetime]:
    def then(metres: float) -> datetime:
        return at + timedelta(seconds=round(max(0.0, metres) / speed))

    return {
        "eta": then(to_go_m),
        "earliest": then(to_go_m - wrong_m),
        "latest": then(to_go_m + wrong_m),
    }


def _at_shore(
    values: dict[str, Any],
    last: Sighting,
    place: RiverPlace,
    river: River,
    spread_km: float,
) -> Landing:
    low, high = river.km_range
    km = min(max(values["km"], low), high)
    lon, lat = river.at_km(km)
    bank = values["bank"] or ("left" if place.offset_m > 0.0 else "right")
    aside_deg = downstream_deg(river, km) + (-90.0 if bank == "left" else 90.0)
    lon, lat = destination(lon=lon, lat=lat, bearing_deg=aside_deg % 360.0, distance_m=HALF_WIDTH_M)
    error_km = spread_km + last.wrong_m / 1000.0 + river.length_error_km(place.km, km)
    values |= {"km": round(km, 3), "error_km": round(error_km, 3), "river": river.name}
    return Landing(**values, lon=round(lon, 6), lat=round(lat, 6))
