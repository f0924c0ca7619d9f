"""Rendezvous and loitering in stored tracks.

Two units meet while they are within `within_m` of each other. Between positions that follow each
other closely each moves straight and evenly, so the distance between them is known at every moment
and the meeting's ends are exact, also when the two report at different times. A unit loiters while
it stays in a small area for long without standing still: it goes up and down there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import combinations, pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from gis.geodesy import Floats
from gis.tracks.chords import cartesian, chords_m, places
from gis.tracks.legs import MAX_GAP_S, legs_of, moved_m
from gis.tracks.stops import stops
from gis.tracks.track import Track, from_us


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """Two units close to each other.

    Attributes:
        units: Who met, in the order of the tracks given.
        start: When they came within the distance, aware UTC.
        end: When they parted, or nothing more is known of one.
        together_s: Seconds within the distance; short partings between are not in it.
        least_m: How close they came, metres.
        lon: Longitude halfway between them when they were closest, degrees.
        lat: Latitude there.
    """

    units: tuple[str, str]
    start: datetime
    end: datetime
    together_s: float
    least_m: float
    lon: float
    lat: float


class Loitering(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that stayed in a small area without standing still.

    Attributes:
        start: First moment, aware UTC.
        end: Last moment.
        lon: Longitude of the middle, degrees.
        lat: Latitude of the middle.
        moved_m: Way over ground meanwhile, metres, without noise (`legs.moved_m`).
    """

    start: datetime
    end: datetime
    lon: float
    lat: float
    moved_m: float


def meetings(
    tracks: Mapping[str, Track],
    *,
    within_m: float = 100.0,
    least_s: float = 120.0,
    apart_s: float = 60.0,
    max_gap_s: float = MAX_GAP_S,
) -> list[Meeting]:
    """Return when two of the units were together, by start.

    Args:
        tracks: Unit → its track, cleaned.
        within_m: How close is together, metres.
        least_s: How long from start to end at least, seconds; 0 finds every close pass.
        apart_s: A parting no longer than this does not end a meeting, seconds.
        max_gap_s: While nothing was heard of one for longer, nothing is known, seconds.

    >>> from gis.tracks.track import sorted_track
    >>> times = np.arange(0, 400, 10) * 1_000_000
    >>> still = sorted_track(times, {"lon": np.full(40, 100.0), "lat": np.zeros(40)})
    >>> passing = sorted_track(times, {"lon": 99.99 + np.arange(40) * 0.0005, "lat": np.zeros(40)})
    >>> [met] = meetings({"a": still, "b": passing}, within_m=400.0)
    >>> met.units, round(met.together_s), round(met.least_m)
    (('a', 'b'), 144, 0)
    >>> meetings({"a": still})
    []
    """
    given = {of: _Way(track, max_gap_s) for of, track in tracks.items() if len(track)}
    found: list[Meeting] = []
    for one, other in combinations(given, 2):
        if given[one].may_meet(given[other], within_m):
            found += _meetings((one, other), given[one], given[other], within_m, least_s, apart_s)
    return sorted(found, key=lambda met: (met.start, met.units))


def loiterings(
    track: Track,
    *,
    radius_m: float = 500.0,
    least_s: float = 1800.0,
    least_moved_m: float | None = None,
    away_s: float = 120.0,
    max_gap_s: float = MAX_GAP_S,
) -> list[Loitering]:
    """Return when a unit stayed within a radius for long and went about there, in order.

    Args:
        track: Any track, cleaned.
        radius_m: Radius of the area, metres.
        least_s: How long it stays at least, seconds.
        least_moved_m: Way over ground it makes there at least, metres; None: the radius, four
            times. Less is lying still.
        away_s: Positions outside for no longer than this do not end it, seconds.
        max_gap_s: A longer time without a position ends it, seconds.

    >>> from gis.tracks.track import sorted_track
    >>> turns = np.arange(0, 3600, 30)
    >>> places_ = {"lon": 100.0 + 0.003 * np.sin(turns / 100), "lat": np.zeros(120)}
    >>> [about] = loiterings(sorted_track(turns * 1_000_000, places_))
    >>> (about.end - about.start).total_seconds(), round(about.moved_m / 1000)
    (3570.0, 7)
    """
    legs = legs_of(track, max_gap_s=max_gap_s)
    way = np.zeros(len(track))
    way[legs + 1] = moved_m(track, legs)
    way = np.cumsum(way)
    least = 4.0 * radius_m if least_moved_m is None else least_moved_m
    found = stops(track, radius_m=radius_m, least_s=least_s, away_s=away_s, max_gap_s=max_gap_s)
    return [
        Loitering(
            start=stay.start,
            end=stay.end,
            lon=stay.lon,
            lat=stay.lat,
            moved_m=float(way[stay.last] - way[stay.first]),
        )
        for stay in found
        if way[stay.last] - way[stay.first] >= least
    ]


class _Way:
    """A track with its places in metres, and the box that holds them."""

    def __init__(self, track: Track, max_gap_s: float) -> None:
        self.time_us = track.time_us
        self.xyz = cartesian(track.lon, track.lat)
        self.goes_on = np.zeros(len(track), dtype=np.bool_)
        self.goes_on[legs_of(track, max_gap_s=max_gap_s)] = True
        self._low, self._high = self.xyz.min(axis=0), self.xyz.max(axis=0)

    def may_meet(self, other: _Way, within_m: float) -> bool:
        """Return whether times overlap and boxes come within the distance."""
        at_once = self.time_us[0] <= other.time_us[-1] and other.time_us[0] <= self.time_us[-1]
        near = (self._low <= other._high + within_m) & (other._low <= self._high + within_m)
        return bool(at_once and near.all())

    def at(self, time_us: NDArray[np.int64]) -> Floats:
        """Return where it was at times within the track."""
        before = np.searchsorted(self.time_us, time_us, side="right") - 1
        before = np.clip(before, 0, max(len(self.time_us) - 2, 0))
        after = np.minimum(before + 1, len(self.time_us) - 1)
        whole = self.time_us[after] - self.time_us[before]
        share = (time_us - self.time_us[before]) / np.maximum(whole, 1)
        step = self.xyz[after] - self.xyz[before]
        return np.asarray(self.xyz[before] + share[:, None] * step)

    def known(self, start_us: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return whether it is known where it was from each of these times to the next position."""
        before = np.searchsorted(self.time_us, start_us, side="right") - 1
        return np.asarray((before >= 0) & self.goes_on[before])


def _meetings(
    units: tuple[str, str], one: _Way, other: _Way, within_m: float, least_s: float, apart_s: float
) -> list[Meeting]:
    # Every moment at which either reports; between two of them both move evenly.
    times = np.union1d(one.time_us, other.time_us)
    first = max(one.time_us[0], other.time_us[0])
    last = min(one.time_us[-1], other.time_us[-1])
    times = times[(times >= first) & (times <= last)]
    start, end = times[:-1], times[1:]
    known = one.known(start) & other.known(start)
    start, end = start[known], end[known]
    if len(start) == 0:
        return []
    a, b = one.at(start), other.at(start)
    away, towards = a - b, one.at(end) - other.at(end)
    enters, leaves, closest = _within(away, towards - away, within_m)
    met = np.flatnonzero(leaves >= enters)
    whole = end[met] - start[met]
    comes = start[met] + np.round(enters[met] * whole).astype(np.int64)
    goes = start[met] + np.round(leaves[met] * whole).astype(np.int64)
    # Short partings are bridged, but not a time of which nothing is known.
    unknown = np.concatenate([[0], np.cumsum(start[1:] != end[:-1])])[met]
    breaks = (comes[1:] - goes[:-1] > apart_s * 1e6) | (unknown[1:] != unknown[:-1])
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), len(met)]
    found = []
    for begin, past in pairwise(edges):
        if past == begin or goes[past - 1] - comes[begin] < least_s * 1e6:
            continue
        part = met[begin:past]
        when = start[part] + np.round(closest[part] * (end[part] - start[part])).astype(np.int64)
        here, there = one.at(when), other.at(when)
        apart = chords_m(here, there)
        nearest = int(apart.argmin())
        (lon,), (lat,) = places((here[nearest] + there[nearest])[None, :] / 2.0)
        found.append(
            Meeting(
                units=units,
                start=from_us(int(comes[begin])),
                end=from_us(int(goes[past - 1])),
                together_s=float((goes[begin:past] - comes[begin:past]).sum()) / 1e6,
                least_m=float(apart[nearest]),
                lon=float(lon),
                lat=float(lat),
            )
        )
    return found


def _within(away: Floats, change: Floats, within_m: float) -> tuple[Floats, Floats, Floats]:
    """Return shares of each step at which two come near, part, and are closest.

    Where they stay apart the second is below the first.
    """
    a = np.einsum("ij,ij->i", change, change)
    b = np.einsum("ij,ij->i", away, change)
    c = np.einsum("ij,ij->i", away, away) - within_m**2
    moves = a > 0.0
    safe = np.where(moves, a, 1.0)
    closest = np.where(moves, np.clip(-b / safe, 0.0, 1.0), 0.0)
    near = a * closest**2 + 2.0 * b * closest + c <= 0.0
    width = np.sqrt(np.maximum(b * b - a * c, 0.0))
    enters = np.where(moves, np.clip((-b - width) / safe, 0.0, 1.0), 0.0)
    leaves = np.where(moves, np.clip((-b + width) / safe, 0.0, 1.0), 1.0)
    return np.where(near, enters, 1.0), np.where(near, leaves, 0.0), closest
