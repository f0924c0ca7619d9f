"""How often and when each stretch of a river was seen, in stretches of one length: a heat map."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from gis.errors.errors import PositionError
from gis.river.river import River
from gis.river.rivers import Rivers
from gis.tracks.legs import MAX_GAP_S
from gis.tracks.sightings import sightings
from gis.tracks.track import Track, from_us

MOST_BINS: Final = 1000
_LOOKS: Final = 60_000
_LOOK_M: Final = 200.0


class RiverBin(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a river of the length asked for, or what is left at the upper end.

    Attributes:
        km_from: Its lower end, kilometres from the sea.
        km_to: Its upper end.
        share: How much of it was seen at least once, 0 to 1.
        last: When any of it was last seen, aware UTC; None: never.
        visits: How often a unit came to the place of it that was visited most.
        hours: How long a place of it was seen, on average.
    """

    km_from: float
    km_to: float
    share: float
    last: datetime | None
    visits: int
    hours: float


def river_bins(
    tracks: Iterable[Track],
    river: River,
    *,
    km_from: float,
    km_to: float,
    step_km: float,
    radius_m: float,
    max_gap_s: float = MAX_GAP_S,
    rivers: Rivers | None = None,
) -> tuple[RiverBin, ...]:
    """Return the stretches of a river between two kilometres, from the lower end up.

    Args:
        tracks: One a unit, cleaned.
        river: Its centreline.
        km_from: One end, kilometres from the sea.
        km_to: The other end.
        step_km: How long each stretch is; they begin at whole multiples of it.
        radius_m: How far a unit sees, metres.
        max_gap_s: A longer time without a position is no passage, seconds.
        rivers: What boats follow between sparse reports; None: every leg is straight.

    Raises:
        PositionError: If the river has not one of the kilometres, both are the same, or there would
            be more than 1,000 stretches.
        ValueError: If `step_km` or `radius_m` is not above 0.

    >>> from gis.river.river import load_mekong
    >>> from gis.tracks.track import sorted_track
    >>> lon, lat = load_mekong().at_kms(np.arange(2355.0, 2352.0, -0.1))
    >>> track = sorted_track(np.arange(30) * 10_000_000, {"lon": lon, "lat": lat})
    >>> bins = river_bins(
    ...     [track], load_mekong(), km_from=2350.0, km_to=2354.0, step_km=1.0, radius_m=100.0
    ... )
    >>> [(each.km_from, each.visits, each.last is None) for each in bins]
    [(2350.0, 0, True), (2351.0, 0, True), (2352.0, 1, False), (2353.0, 1, False)]
    """
    if not (step_km > 0.0 and radius_m > 0.0):
        raise ValueError("step_km and radius_m must be above 0")
    low, high = sorted((km_from, km_to))
    if not high > low:
        raise PositionError(f"km {km_from} to {km_to} is no stretch of a river")
    river.at_kms([low, high])  # says so where there is no such kilometre
    first = math.floor(low / step_km + 1e-9)
    count = math.ceil(high / step_km - 1e-9) - first
    if count > MOST_BINS:
        raise PositionError(f"more than {MOST_BINS} stretches: ask for longer ones")
    edges = np.clip((first + np.arange(count + 1)) * step_km, low, high)
    step_m = max(min(radius_m / 10.0, _LOOK_M), (high - low) * 1000.0 / _LOOKS)
    looks = max(math.ceil(step_km * 1000.0 / step_m), 1)
    inside = (np.arange(looks) + 0.5) / looks
    kms = edges[:-1, None] + np.diff(edges)[:, None] * inside[None, :]
    lon, lat = river.at_kms(kms.ravel())
    found = sightings(tracks, lon, lat, radius_m=radius_m, max_gap_s=max_gap_s, rivers=rivers)
    visits = found.visits.reshape(count, looks)
    last = found.last_us.reshape(count, looks)
    seen_s = found.seen_s.reshape(count, looks)
    return tuple(
        RiverBin(
            km_from=float(edges[n]),
            km_to=float(edges[n + 1]),
            share=float((visits[n] > 0).mean()),
            last=from_us(int(last[n].max())) if visits[n].any() else None,
            visits=int(visits[n].max()),
            hours=float(seen_s[n].mean()) / 3600.0,
        )
        for n in range(count)
    )
