"""Simplification: fewer positions that draw the same line, each with its own time.

The line between two positions is the one a web map draws: straight in Mercator. Every position
left out lies within the tolerance of that line, in metres on the ground. First and last always
stay.

Source: Douglas and Peucker, Cartographica 10 (1973). Mercator's scale is taken at each position,
from the wider of the ellipsoid's two radii, so that the bound errs by 0.7 % at most, to the safe
side.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gis.geometry.geodesy import WGS84, Floats
from gis.tracks.track import Track

HIGHEST_LAT = 89.999  # Mercator ends short of the pole


def simplify(track: Track, *, tolerance_m: float, gap_s: float | None = None) -> NDArray[np.intp]:
    """Return as few positions of a track as draw the same line, by number, rising.

    Args:
        track: Any track.
        tolerance_m: How far the line may pass from a position that is left out, metres; 0 keeps
            all but those that stand exactly on the line.
        gap_s: Both ends of a time without any position that is longer stay, so that who cuts the
            line there still can.

    Raises:
        ValueError: If `tolerance_m` is below 0 or NaN.

    >>> from gis.tracks.track import sorted_track
    >>> track = sorted_track(np.arange(4), {"lon": np.arange(4.0), "lat": np.zeros(4)})
    >>> simplify(track, tolerance_m=1.0), simplify(track.take(slice(0)), tolerance_m=1.0)
    (array([0, 3]), array([], dtype=int64))
    """
    if not tolerance_m >= 0.0:
        raise ValueError(f"tolerance_m must be 0 or above, not {tolerance_m}")
    count = len(track)
    if count < 3:
        return np.arange(count)
    lat = np.clip(track.lat, -HIGHEST_LAT, HIGHEST_LAT)
    east = np.radians(np.unwrap(track.lon, period=360.0))
    sheet = np.column_stack([east, np.arcsinh(np.tan(np.radians(lat)))])
    # Metres of one unit of the sheet at each position.
    sine = np.sin(np.radians(lat))
    scale = WGS84.a / np.sqrt(1.0 - WGS84.es * sine * sine) * np.cos(np.radians(lat))
    stays = np.zeros(count, dtype=np.bool_)
    stays[[0, -1]] = True
    if gap_s is not None:
        gaps = np.flatnonzero(np.diff(track.time_us) / 1e6 > gap_s)
        stays[gaps] = stays[gaps + 1] = True
    ends = np.flatnonzero(stays).tolist()
    open_ = list(pairwise(ends))
    while open_:
        first, last = open_.pop()
        if last - first < 2:
            continue
        away_m = _distances_m(sheet, first, last) * scale[first + 1 : last]
        worst = int(away_m.argmax())
        if away_m[worst] > tolerance_m:
            middle = first + 1 + worst
            stays[middle] = True
            open_ += [(first, middle), (middle, last)]
    return np.flatnonzero(stays)


def _distances_m(sheet: Floats, first: int, last: int) -> Floats:
    """Return the distances on the sheet of the inner positions from the line between two others."""
    away = sheet[first + 1 : last] - sheet[first]
    along = sheet[last] - sheet[first]
    square = float(along @ along)
    shares = np.clip(away @ along / square, 0.0, 1.0) if square > 0.0 else np.zeros(len(away))
    rest = away - shares[:, None] * along
    return np.asarray(np.hypot(rest[:, 0], rest[:, 1]))
