"""The newest fixes of all units as arrays, so that most of a batch is judged in one go.

Most fixes are the newest of their unit, plainly right, and change its standing to no area. Those
are only noted down in their tracks; what the next ones are judged by is kept here. So that nobody
can tell the difference, only those are taken of which `FenceTrack` would come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gis.fences.fix import Row
from gis.fences.index import FenceSet
from gis.fences.moves import Moves
from gis.fences.plausible import Many, surely_fine
from gis.fences.settings import FenceSettings
from gis.fences.sight import Sight
from gis.fences.track import FenceTrack
from gis.position import Position

Indices: TypeAlias = NDArray[np.intp]

FURTHEST_DEG_M = 111_700.0  # no degree is longer, in any area's plane
ROOM_M = 50.0  # how much farther than need be to look for edges, so as not to ask at every fix
FEW = 128  # fixes below which arrays do not pay: measured, at 100 it is all the same
NEVER_T = 1e18  # no fix is newer

# Columns: of the last good fix, of the one before it, and where no edge is near.
T, SPEED, MARGIN, BEGUN, FROM_LON, FROM_LAT, FREE = 0, 4, 5, 6, 7, 8, slice(9, 12)
COLUMNS = 12


class Heard(NamedTuple):
    """What a batch says: fixes as arrays, and each as a row of numbers."""

    units: list[str]
    rows: list[Row]
    fixes: Many


class Newest:
    """The newest fixes of units.

    >>> fixes = [("a", Position(lon=100.0, lat=20.0))]
    >>> Newest().hear(fixes, FenceSettings()) is None  # has no time
    True
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._of = np.empty((64, COLUMNS))
        self._unused = list(range(64))

    def hear(self, fixes: Sequence[tuple[str, Position]], settings: FenceSettings) -> Heard | None:
        """Return what fixes say, without those that are too vague; None if one cannot be used."""
        positions = [position for _, position in fixes]
        times = [when.timestamp() for p in positions if (when := p.time) is not None]
        lons, lats = [p.lon for p in positions], [p.lat for p in positions]
        speeds = [p.speed_mps for p in positions]
        lon, lat, accuracy, speed = (
            np.array(each, dtype=np.float64)
            for each in (lons, lats, [p.accuracy_m for p in positions], speeds)
        )
        if len(times) < len(positions):
            return None
        if not (np.abs(lon).max() <= 180.0 and np.abs(lat).max() <= 90.0):
            return None
        if np.isnan(accuracy).any():
            accuracy[np.isnan(accuracy)] = settings.assumed_accuracy_m
        error_m = np.maximum(accuracy, settings.least_accuracy_m) * settings.margin_accuracies
        units = [unit for unit, _ in fixes]
        rows = list(zip(times, lons, lats, error_m.tolist(), speeds, strict=True))
        many = Many(np.array(times), lon, lat, error_m, speed)
        vague = accuracy > settings.useless_accuracy_m
        if vague.any():
            clear = np.flatnonzero(~vague)
            kept = clear.tolist()
            units, rows = [units[n] for n in kept], [rows[n] for n in kept]
            many = Many(*(each[clear] for each in many))
        return Heard(units, rows, many)

    def show(self, tracks: Iterable[FenceTrack]) -> None:
        """Take up the newest fixes of tracks that are not here."""
        places, values = [], []
        for track in tracks:
            if not self._unused:
                more = len(self._of)
                self._of = np.concatenate([self._of, np.empty_like(self._of)])
                self._unused += range(more, 2 * more)
            track.place = self._unused.pop()
            places.append(track.place)
            values.append(track.newest() or (NEVER_T, *[0.0] * (COLUMNS - 1)))
        if places:
            self._of[places] = values

    def hide(self, track: FenceTrack) -> None:
        """Give a track back what is known of it here; it goes on by itself."""
        if track.unread:
            track.catch_up()
        if self._of[track.place, T] != NEVER_T:
            track.free_lon, track.free_lat, track.free_m = self._of[track.place, FREE].tolist()
        self._unused.append(track.place)
        track.place = -1

    def follow(
        self, places: Indices, fixes: Many, fences: FenceSet, settings: FenceSettings
    ) -> tuple[NDArray[np.bool_], dict[int, tuple[Sight, ...]]]:
        """Take fixes of as many units that are here.

        Returns:
            Which are taken, and how those of them whose move matters to areas stand to these. To a
            unit of which one is not taken nothing is any more, until it is hidden and shown again.
        """
        of = self._of.take(places, axis=0).T
        last = Many(*of[T : SPEED + 1])
        calm = fixes.t > last.t
        calm &= surely_fine((of[BEGUN], of[FROM_LON], of[FROM_LAT]), last, fixes, settings)
        margin_m = np.maximum(fixes.error_m, last.error_m)
        free = of[FREE]
        # Along parallel and meridian it is at least as far as it is straight.
        away = (np.abs(fixes.lon - free[0]) + np.abs(fixes.lat - free[1])) * FURTHEST_DEG_M
        ask = np.flatnonzero(calm & (away + margin_m >= free[2]))
        met: dict[int, tuple[Sight, ...]] = {}
        if ask.size:
            lon1, lat1, margin1_m = fixes.lon[ask], fixes.lat[ask], margin_m[ask]
            moves = Moves(
                lon0=last.lon[ask], lat0=last.lat[ask], margin0_m=of[MARGIN][ask],
                lon1=lon1, lat1=lat1, margin1_m=margin1_m,
            )  # fmt: skip
            found, room_m = fences.sights_and_room(moves, room_m=ROOM_M)
            # From an edge it is not clear of, the next fix may be clear and has to be told so.
            free[:, ask] = lon1, lat1, np.where(room_m > margin1_m, room_m, -1.0)
            met = {n: sights for n, sights in zip(ask.tolist(), found, strict=True) if sights}
        now = np.vstack([*fixes, margin_m, last.t, last.lon, last.lat, free]).T
        if calm.all():
            self._of[places] = now
        else:
            self._of[places[calm]] = now[calm]
            self._of[places[~calm], T] = NEVER_T
        return calm, met


def turns(places: Indices, rest: list[int], few: int) -> Iterable[Indices]:
    """Yield which fixes are the first ones of their units, then which are the second ones.

    To `rest` go those of units that have no place (below 0), and all once fewer than `few` are
    left.

    >>> rest: list[int] = []
    >>> [turn.tolist() for turn in turns(np.array([3, 5, 3, -1, 5, 3]), rest, 2)], rest
    ([[0, 1], [2, 4]], [3, 5])
    """
    known = places >= 0
    rest += np.flatnonzero(~known).tolist()
    if len(set(places.tolist())) == len(places):
        if len(places) - len(rest) >= few:
            yield np.flatnonzero(known)
        else:
            rest += np.flatnonzero(known).tolist()
        return
    order = np.argsort(places, kind="stable")
    new = np.append(True, places[order[1:]] != places[order[:-1]])
    first = np.flatnonzero(new)
    turn = np.empty(len(places), dtype=np.intp)
    turn[order] = np.arange(len(places)) - first[np.cumsum(new) - 1]
    turn[~known] = -1
    for number in range(int(turn.max()) + 1):
        some = np.flatnonzero(turn == number)
        if len(some) < few:
            rest += np.flatnonzero(turn >= number).tolist()
            return
        yield some
