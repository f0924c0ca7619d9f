"""Effort: how far units went and how long they were out, by unit, side and sector.

Kilometres are ways over ground along geodesics without the noise of a standing receiver
(`legs.ways_of`), along the river where reports are sparse; hours are those between positions that
follow each other closely. A gap adds neither, and is told beside them. Each leg is cut into pieces
of at most 100 m whose middles decide side and sector, so a crossing is placed within 50 m.

A side is told where it is sure. Where the place lies within the error of the border's line (the
middle of a border river, above all) the effort goes into the bucket `unsure`, divided again by the
pair of countries it lies between. Nothing is guessed, so the buckets always add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
import shapely
from numpy.typing import NDArray

from gis.border.border import Border
from gis.geometry.geodesy import Floats
from gis.river.rivers import Rivers
from gis.tracks.chords import places
from gis.tracks.legs import MAX_GAP_S, accuracies_m, legs_of, pieces, ways_of
from gis.tracks.track import Track

PIECE_M = 100.0
UNSURE = "unsure"
ELSEWHERE = "elsewhere"


class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """An amount of effort.

    Attributes:
        km: Way over ground, kilometres.
        hours: Time, hours, under way or standing.
    """

    km: float = 0.0
    hours: float = 0.0


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """What one unit, or several together, did.

    Attributes:
        km: Way over ground, kilometres.
        along_river_km: How many of them were measured along a river, between reports so far apart
            that a straight line would cut its bends.
        hours: Time heard, hours; of several units their sum.
        gap_hours: Time between its first and last position in which nothing was heard, hours.
        positions: How many positions it rests on.
        sides: By country code where the side is sure, `unsure` where it is not, `elsewhere` outside
            the countries known. Empty without a border.
        unsure_between: What is in `unsure`, by the countries it lies between ("LA/TH"; `elsewhere`
            for the sea and other countries).
        sectors: By sector, overlapping ones each in full.
        outside_sectors: In none of the sectors.
    """

    km: float = 0.0
    along_river_km: float = 0.0
    hours: float = 0.0
    gap_hours: float = 0.0
    positions: int = 0
    sides: dict[str, Amount] = {}
    unsure_between: dict[str, Amount] = {}
    sectors: dict[str, Amount] = {}
    outside_sectors: Amount = Amount()


class _Parts(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    # One value a piece of a leg.
    km: Floats
    along_river: NDArray[np.bool_]
    hours: Floats
    lon: Floats
    lat: Floats
    accuracy_m: Floats


def effort(
    tracks: Mapping[str, Track],
    *,
    border: Border | None = None,
    rivers: Rivers | None = None,
    sectors: Mapping[str, shapely.Geometry] | None = None,
    max_gap_s: float = MAX_GAP_S,
) -> dict[str, Effort]:
    """Return the effort of each unit, in the order given.

    Args:
        tracks: Unit → its track, cleaned.
        border: Tells the sides; None: nothing is said of sides.
        rivers: What boats follow between sparse reports; None: every way is straight.
        sectors: Name → area, EPSG:4326; one that crosses the antimeridian is cut there.
        max_gap_s: A longer time without a position counts nothing, seconds.

    >>> from gis.tracks.track import sorted_track
    >>> places_ = {"lon": np.array([100.0, 100.01, 100.02]), "lat": np.zeros(3)}
    >>> track = sorted_track(np.array([0, 300, 600]) * 1_000_000, places_)
    >>> west = shapely.box(99.0, -1.0, 100.005, 1.0)
    >>> found = effort({"naga-1": track}, sectors={"west": west})["naga-1"]
    >>> round(found.km, 3), round(found.hours, 3), round(found.sectors["west"].km, 3)
    (2.226, 0.167, 0.557)
    >>> effort({})
    {}
    """
    parts = {of: _parts(track, max_gap_s, rivers) for of, track in tracks.items()}
    lon = np.concatenate([np.empty(0), *(part.lon for part in parts.values())])
    lat = np.concatenate([np.empty(0), *(part.lat for part in parts.values())])
    accuracy = np.concatenate([np.empty(0), *(part.accuracy_m for part in parts.values())])
    side, pair = _sides(border, lon, lat, accuracy)
    inside = {name: _inside(area, lon, lat) for name, area in (sectors or {}).items()}
    none = ~np.logical_or.reduce([np.zeros(len(lon), dtype=np.bool_), *inside.values()])
    found: dict[str, Effort] = {}
    first = 0
    for of, part in parts.items():
        mine = slice(first, first + len(part.lon))
        first = mine.stop
        track = tracks[of]
        steps = np.diff(track.time_us) / 3.6e9
        unsure = side[mine] == UNSURE
        found[of] = Effort(
            km=float(part.km.sum()),
            along_river_km=float(part.km[part.along_river].sum()),
            hours=float(part.hours.sum()),
            gap_hours=float(steps[steps > max_gap_s / 3600.0].sum()),
            positions=len(track),
            sides=_by(side[mine], part) if border is not None else {},
            unsure_between=_by(np.where(unsure, pair[mine], ""), part),
            sectors={name: _amount(part, where[mine]) for name, where in inside.items()},
            outside_sectors=_amount(part, none[mine]) if sectors else Amount(),
        )
    return found


def total(efforts: Iterable[Effort]) -> Effort:
    """Return the effort of several units together.

    >>> amount = Amount(km=1.5, hours=0.5)
    >>> both = total([Effort(km=1.5, hours=0.5, sides={"LA": amount}), Effort(km=0.5, hours=2.0)])
    >>> both.km, both.hours, both.sides["LA"].km
    (2.0, 2.5, 1.5)
    >>> total([]) == Effort()
    True
    """
    given = list(efforts)
    return Effort(
        km=sum(each.km for each in given),
        along_river_km=sum(each.along_river_km for each in given),
        hours=sum(each.hours for each in given),
        gap_hours=sum(each.gap_hours for each in given),
        positions=sum(each.positions for each in given),
        sides=_added(each.sides for each in given),
        unsure_between=_added(each.unsure_between for each in given),
        sectors=_added(each.sectors for each in given),
        outside_sectors=_sum(each.outside_sectors for each in given),
    )


def _parts(track: Track, max_gap_s: float, rivers: Rivers | None) -> _Parts:
    legs = legs_of(track, max_gap_s=max_gap_s)
    cut = pieces(track, piece_m=PIECE_M, max_gap_s=max_gap_s, rivers=rivers)
    of_leg = np.searchsorted(legs, cut.leg)
    count = np.bincount(of_leg, minlength=len(legs))
    ways = ways_of(track, legs, rivers=rivers)
    lon, lat = places((cut.start + cut.end) / 2.0)
    accuracy = accuracies_m(track)
    return _Parts(
        km=(ways.length_m / np.maximum(count, 1))[of_leg] / 1000.0,
        along_river=ways.along_river[of_leg],
        hours=cut.duration_s / 3600.0,
        lon=lon,
        lat=lat,
        accuracy_m=np.maximum(accuracy[cut.leg], accuracy[cut.leg + 1]),
    )


def _sides(
    border: Border | None, lon: Floats, lat: Floats, accuracy_m: Floats
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the bucket of each place, and the pair of countries it lies between."""
    if border is None or len(lon) == 0:
        empty = np.full(len(lon), "", dtype=object)
        return empty, empty
    found = border.sides(lon, lat, accuracy_m=accuracy_m)
    here, there = _without_none(found.country), _without_none(found.neighbour)
    # Outside all countries known the border is never sure; far from every line that is no doubt.
    clear = ~(found.distance_to_border_m <= found.unsure_within_m)
    side = np.where(found.sure, here, UNSURE)
    side[(here == ELSEWHERE) & clear] = ELSEWHERE
    swap = (here == ELSEWHERE) | ((there != ELSEWHERE) & (there < here))
    return side, np.where(swap, there + "/" + here, here + "/" + there)


def _without_none(codes: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array([ELSEWHERE if code is None else code for code in codes.tolist()], dtype=object)


def _inside(area: shapely.Geometry, lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    west, south, east, north = area.bounds
    inside = np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
    near = np.flatnonzero(inside)
    own = shapely.from_wkb(shapely.to_wkb(area))  # the given one may be asked by other threads
    shapely.prepare(own)  # noqa: TID251
    inside[near] = shapely.contains_xy(own, lon[near], lat[near])
    return inside


def _by(bucket: NDArray[np.object_], part: _Parts) -> dict[str, Amount]:
    names, number = np.unique(bucket.astype(str), return_inverse=True)
    km = np.bincount(number, part.km, minlength=len(names)).tolist()
    hours = np.bincount(number, part.hours, minlength=len(names)).tolist()
    return {
        name: Amount(km=km_, hours=hours_)
        for name, km_, hours_ in zip(names.tolist(), km, hours, strict=True)
        if name
    }


def _amount(part: _Parts, where: NDArray[np.bool_]) -> Amount:
    return Amount(km=float(part.km[where].sum()), hours=float(part.hours[where].sum()))


def _added(given: Iterable[Mapping[str, Amount]]) -> dict[str, Amount]:
    by_name: dict[str, list[Amount]] = {}
    for each in given:
        for name, amount in each.items():
            by_name.setdefault(name, []).append(amount)
    return {name: _sum(amounts) for name, amounts in by_name.items()}


def _sum(amounts: Iterable[Amount]) -> Amount:
    given = list(amounts)
    return Amount(km=sum(each.km for each in given), hours=sum(each.hours for each in given))
