"""One boat followed along the river: kilometres that do not leap at bends nor shake.

`River.locate` knows one place. It may put a boat that cuts a bend on the far limb of it, and the
noise of a fix moves its kilometre to and fro. A boat is somewhere it can have come to: its
kilometre is looked for near the last one, moves on only with the boat, and turns round only when
the boat has gone back farther than noise carries it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from gis.accuracy import ASSUMED_ACCURACY_M
from gis.geodesy import Floats, distance_m
from gis.position import Position
from gis.river import River, RiverPlace

TURN_M: Final = 100.0  # going back by this and six times the accuracy is a turn
TURN_ACCURACIES: Final = 6.0  # noise, end to end, of a Gaussian of that accuracy
SLACK_M: Final = 300.0  # the line is no smoother than this
SINUOUS: Final = 3.0  # a fix moved by one metre may be this far on along the line
FASTEST_MPS: Final = 25.0  # over a gap the boat may have gone round any bend, at this speed
GAP_S: Final = 120.0  # what is longer is a gap
LOST_M: Final = 1500.0  # so much nearer elsewhere: it is elsewhere


_WAYS: Final[dict[int, Literal["up", "down"] | None]] = {1: "up", -1: "down", 0: None}


class _At(NamedTuple):
    lon: float
    lat: float
    time: datetime | None
    km: float


class RiverTrack:
    """Follows one boat; give it the positions as they come, oldest first.

    >>> from gis.river import load_mekong
    >>> track = RiverTrack(load_mekong())
    >>> lon, lat = load_mekong().at_km(2356.0)
    >>> round(track.move(Position(lon=lon, lat=lat)).km, 2)
    2356.0
    >>> track.move(Position(lon=0.0, lat=0.0)) is None
    True
    """

    def __init__(self, river: River) -> None:
        """Begin without a place.

        Args:
            river: The river it is on.
        """
        self._river = river
        self._last: _At | None = None  # with its kilometre as found
        self._told: float | None = None  # as told
        self._way = 0  # 1 up, -1 down the river, 0 not known yet

    @property
    def way(self) -> Literal["up", "down"] | None:
        """Whether it goes `up` or `down` the river; None until it has gone farther than noise.

        >>> from gis.river import load_mekong
        >>> RiverTrack(load_mekong()).way is None
        True
        """
        return _WAYS[self._way]

    def move(self, position: Position) -> RiverPlace | None:
        """Return where the boat is along the river, given its next position.

        Args:
            position: Where it is; with `accuracy_m` where known (15 m if not). A time lets it have
                gone round a bend while nothing was heard.

        Returns:
            The place; its `km` is followed, its offset and bank are those there. None beyond 5 km
            of the river; a boat that comes back is followed on.

        >>> from gis.river import load_mekong
        >>> track = RiverTrack(load_mekong())
        >>> kms = [2356.0, 2355.5, 2355.51, 2355.0]
        >>> ways = [Position(lon=lon, lat=lat) for lon, lat in zip(*load_mekong().at_kms(kms))]
        >>> [round(track.move(each).km, 2) for each in ways], track.way
        ([2356.0, 2355.5, 2355.5, 2355.0], 'down')
        """
        accuracy_m = _known(position.accuracy_m)
        lon, lat = position.lon, position.lat
        found = self._river.locate_many([lon], [lat])
        km = self._move(
            lon,
            lat,
            float(found.km[0]),
            float(found.offset_m[0]),
            float(found.error_m[0]),
            accuracy_m,
            position.time,
        )
        if km is None or self._last is None:
            return None
        foot_km = self._last.km
        return self._river.place_at(lon=lon, lat=lat, km=km, foot_km=foot_km, accuracy_m=accuracy_m)

    def _move(
        self,
        lon: float,
        lat: float,
        km: float,
        offset_m: float,
        error_m: float,
        accuracy_m: float,
        time: datetime | None,
    ) -> float | None:
        """Return the kilometre to tell, given what the nearest point of the whole line is."""
        if math.isnan(km):
            return None
        last = self._last
        if last is not None:
            km = self._near(last, lon, lat, km, offset_m, error_m, accuracy_m, time)
        self._last = _At(lon, lat, time, km)
        return self._without_noise(km, TURN_M + TURN_ACCURACIES * accuracy_m)

    def _near(
        self,
        last: _At,
        lon: float,
        lat: float,
        km: float,
        offset_m: float,
        error_m: float,
        accuracy_m: float,
        time: datetime | None,
    ) -> float:
        """Return the kilometre of the nearest part of the line that it can have come to."""
        reach_m = SLACK_M + 3.0 * accuracy_m
        away_m = abs(km - last.km) * 1000.0
        if away_m <= reach_m:
            return km
        reach_m += SINUOUS * distance_m(lon1=last.lon, lat1=last.lat, lon2=lon, lat2=lat)
        if last.time is not None and time is not None:
            gone_s = (time - last.time).total_seconds()
            if gone_s > GAP_S:
                reach_m = max(reach_m, FASTEST_MPS * gone_s)
        if away_m <= reach_m:
            return km
        low, high = last.km - reach_m / 1000.0, last.km + reach_m / 1000.0
        foot_km, foot_m = self._river.foot_between(lon=lon, lat=lat, km_low=low, km_high=high)
        if abs(foot_m) > abs(offset_m) + error_m + LOST_M:
            self._way, self._told = 0, None  # nothing there: it was carried, or the fix was wrong
            return km
        return foot_km

    def _without_noise(self, km: float, turn_m: float) -> float:
        if self._told is None or (km - self._told) * self._way > 0.0:
            self._told = km
        elif abs(km - self._told) * 1000.0 > turn_m:
            self._way = 1 if km > self._told else -1
            self._told = km
        return self._told


def follow(
    river: River,
    lons: ArrayLike,
    lats: ArrayLike,
    *,
    times: Iterable[datetime | None] | None = None,
    accuracy_m: ArrayLike = ASSUMED_ACCURACY_M,
) -> Floats:
    """Return the kilometres of one boat along its track, as `RiverTrack` follows it.

    Args:
        river: The river it is on.
        lons: Longitudes, degrees, oldest first.
        lats: Latitudes, degrees.
        times: When it was at each; None for one that does not say.
        accuracy_m: How wrong the positions may be, metres; one for all or one each.

    Returns:
        Kilometres from the sea; NaN beyond 5 km of the river and where a coordinate is none.

    Raises:
        ValueError: If the arrays differ in length.

    >>> from gis.river import load_mekong
    >>> lons, lats = load_mekong().at_kms([2356.0, 2355.5, 2355.51, 2355.0])
    >>> follow(load_mekong(), lons, lats).round(2).tolist()
    [2356.0, 2355.5, 2355.5, 2355.0]
    >>> follow(load_mekong(), [], [])
    array([], dtype=float64)
    """
    lon, lat = np.atleast_1d(np.asarray(lons, float)), np.atleast_1d(np.asarray(lats, float))
    accuracy = np.broadcast_to(np.asarray(accuracy_m, float), lon.shape)
    when = [None] * len(lon) if times is None else list(times)
    track = RiverTrack(river)
    found = river.locate_many(lon, lat)
    kms = [
        track._move(*each)  # noqa: SLF001 - of this very class
        for each in zip(
            lon.tolist(),
            lat.tolist(),
            found.km.tolist(),
            found.offset_m.tolist(),
            found.error_m.tolist(),
            [_known(each) for each in accuracy.tolist()],
            when,
            strict=True,
        )
    ]
    return np.array([math.nan if km is None else km for km in kms], dtype=np.float64)


def way_between(
    river: River,
    before: tuple[float, float],
    after: tuple[float, float],
    *,
    accuracy_m: tuple[float, float] = (ASSUMED_ACCURACY_M, ASSUMED_ACCURACY_M),
) -> Literal["up", "down"] | None:
    """Return whether something went up or down a river between two fixes.

    Args:
        river: The river.
        before: Longitude and latitude of the first, degrees.
        after: The same of the second.
        accuracy_m: How wrong each of them may be, metres.

    Returns:
        None, unsure: when it went no farther along the river than both fixes may be wrong, or
        less than half as far along as across, where the line's own bearing counts for too much;
        and when one of them is beyond 5 km of the river.

    >>> from gis.river import load_mekong
    >>> way_between(load_mekong(), (100.4, 20.273), (100.41, 20.266))
    'down'
    >>> way_between(load_mekong(), (100.41, 20.266), (100.4101, 20.266)) is None
    True
    """
    found = river.locate_many([before[0], after[0]], [before[1], after[1]])
    if math.isnan(found.km[0]) or math.isnan(found.km[1]):
        return None
    up_m = float(found.km[1] - found.km[0]) * 1000.0
    across_m = abs(float(found.offset_m[1] - found.offset_m[0]))
    if not abs(up_m) > max(sum(accuracy_m), across_m / 2.0):
        return None
    return "up" if up_m > 0.0 else "down"


def _known(accuracy_m: float | None) -> float:
    return ASSUMED_ACCURACY_M if accuracy_m is None or not math.isfinite(accuracy_m) else accuracy_m
