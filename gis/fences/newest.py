"""The newest fixes of all units as arrays, so that most of a batch is judged in one go.

Most fixes are the newest of their unit, plainly right, and change its standing to no area. Those
are only noted down in their tracks; what the next ones are judged by is kept here. So that nobody
can tell the difference, only those are taken of which `FenceTrack` would come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from gis.fences.fix import Fix
from gis.fences.index import FenceSet
from gis.fences.looking import ROOM_M
from gis.fences.moves import Moves
from gis.fences.plausible import Many, surely_fine
from gis.fences.settings import FenceSettings
from gis.fences.sight import Sight
from gis.fences.track import FURTHEST_DEG_M, SLACK_M, FenceTrack
from gis.fences.unread import Indices, Unread
from gis.geodesy import Floats
from gis.position import Position

FEW = 64  # fixes below which arrays do not pay
NEVER_T = 1e18  # no fix is newer

# Columns: of the last good fix, of the one before it, where no edge is near, and of the unit.
T, LON, LAT, MARGIN, ERROR, SPEED, BEGUN, FREE_M = 0, 1, 2, 3, 4, 5, 6, 11
PLACE, BEGUN_PLACE, FREE_PLACE, FREE = slice(1, 3), slice(7, 9), slice(9, 11), slice(9, 12)
RESTLESS = 12  # 1 if so, 0 if not
COLUMNS = 13
PLACES = 64  # to begin with
FARTHEST_DEG = np.array([[180.0], [90.0]])


class Heard(NamedTuple):
    """What a batch says: units, and by row time, longitude, latitude, error and speed of each."""

    units: list[str]
    fixes: Floats

    def fix(self, n: int) -> Fix:
        """Return one of them by itself.

        >>> Heard(["a"], np.array([[9.0], [100.0], [20.0], [30.0], [np.nan]])).fix(0).speed_mps
        """
        t, lon, lat, error_m, speed_mps = self.fixes[:, n].tolist()
        return Fix(t, lon, lat, error_m, None if speed_mps != speed_mps else speed_mps)


class Followed(NamedTuple):
    """What became of fixes.

    Attributes:
        left: Which are not taken.
        met: How those of them whose move matters to areas stand to these.
        full: Tracks that must take over what is noted down before any more is.
    """

    left: Indices
    met: list[tuple[FenceTrack, tuple[Sight, ...]]]
    full: list[FenceTrack]


class Newest:
    """The newest fixes of units.

    >>> fixes = [("a", Position(lon=100.0, lat=20.0))]
    >>> Newest().hear(fixes, FenceSettings()) is None  # has no time
    True
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._of = np.empty((PLACES, COLUMNS))
        self._unused = list(range(PLACES))
        self._tracks: list[FenceTrack | None] = [None] * PLACES
        self._place: dict[str, int] = {}
        self._unread = Unread(PLACES)

    def hear(self, fixes: Sequence[tuple[str, Position]], settings: FenceSettings) -> Heard | None:
        """Return what fixes say, without those that are too vague; None if one cannot be used."""
        positions = [position for _, position in fixes]
        times = [when.timestamp() for p in positions if (when := p.time) is not None]
        if len(times) < len(positions):
            return None
        lon, lat = [p.lon for p in positions], [p.lat for p in positions]
        accuracy_m = [p.accuracy_m for p in positions]
        values = [*times, *lon, *lat, *accuracy_m, *[p.speed_mps for p in positions]]
        many = np.fromiter(values, np.float64).reshape(5, -1)  # None becomes NaN
        units = [unit for unit, _ in fixes]
        if not (np.abs(many[1:4]) <= [[180.0], [90.0], [settings.useless_accuracy_m]]).all():
            if not (np.abs(many[1:3]) <= FARTHEST_DEG).all():
                return None
            accuracy = many[3]
            accuracy[np.isnan(accuracy)] = settings.assumed_accuracy_m
            clear = np.flatnonzero(accuracy <= settings.useless_accuracy_m)
            units, many = [units[n] for n in clear.tolist()], many[:, clear]
        many[3] = np.maximum(many[3], settings.least_accuracy_m) * settings.margin_accuracies
        return Heard(units, many)

    def places(self, units: Iterable[str]) -> Indices:
        """Return where units are here; -1 for those that are not.

        >>> Newest().places(["a"])
        array([-1])
        """
        place = self._place.get
        return np.fromiter([place(unit, -1) for unit in units], np.intp)

    def show(self, tracks: Iterable[FenceTrack]) -> None:
        """Take up the newest fixes of tracks that are not here.

        >>> newest = Newest()
        >>> newest.show([FenceTrack("a")])
        >>> newest.places(["a"]) >= 0
        array([ True])
        """
        places, values = [], []
        for track in tracks:
            if not self._unused:
                more = len(self._of)
                self._of = np.concatenate([self._of, np.empty_like(self._of)])
                self._unread.widen(more)
                self._tracks += [None] * more
                self._unused += range(more, 2 * more)
            place = self._unused.pop()
            track.show(self._unread, place)
            self._tracks[place] = track
            self._place[track.unit] = place
            places.append(place)
            values.append(track.newest() or (NEVER_T, *[0.0] * (COLUMNS - 1)))
        if places:
            self._of[places] = values

    def hide(self, track: FenceTrack) -> None:
        """Give a track back what is known of it here; it goes on by itself.

        >>> newest, track = Newest(), FenceTrack("a")
        >>> newest.show([track])
        >>> newest.hide(track)
        >>> newest.places(["a"])
        array([-1])
        """
        place = track.place
        track.free_lon, track.free_lat, track.free_m = self._of[place, FREE].tolist()
        track.hide()
        self._tracks[place] = None
        del self._place[track.unit]
        self._unused.append(place)

    def follow(
        self, places: Indices, given: Floats, fences: FenceSet, settings: FenceSettings
    ) -> Followed:
        """Take fixes of as many units that are here, as `Heard` has them.

        To a unit of which one is not taken nothing is any more, until it is hidden and shown again.
        """
        rows = self._of.take(places, axis=0)
        of = rows.T
        last = Many(of[T], of[PLACE], of[ERROR], of[SPEED])
        fixes = Many(given[0], given[1:3], given[3], given[4])
        calm = fixes.t > last.t
        calm &= surely_fine(of[BEGUN], of[BEGUN_PLACE], last, fixes, settings)
        margin_m = np.maximum(fixes.error_m, last.error_m)
        away_deg = fixes.at_deg - of[FREE_PLACE]
        away_deg *= away_deg
        reach_m = np.sqrt(away_deg[0] + away_deg[1]) * FURTHEST_DEG_M + SLACK_M
        # Who is on the sides where it is believed to be has only crossings to fear.
        reach_m += margin_m * of[RESTLESS]
        ask = (calm & (reach_m >= of[FREE_M])).nonzero()[0]
        met: list[tuple[int, tuple[Sight, ...]]] = []
        if ask.size:
            some = rows[ask].T
            ends = np.empty((3, 2, len(ask)))
            ends[:, 0], ends[:2, 1], ends[2, 1] = (
                some[LON:ERROR], fixes.at_deg.take(ask, axis=1), margin_m[ask]
            )  # fmt: skip
            brief = some[RESTLESS] == 0.0
            found, free_m = fences.sights_and_room(Moves(ends), room_m=ROOM_M, brief=brief)
            # From an edge it is not clear of, the next fix may be clear and has to be told so.
            known = (free_m > ends[2, 1]) | brief
            rows[ask, FREE] = np.array((*ends[:2, 1], np.where(known, free_m, -1.0))).T
            at = places[ask].tolist()
            met = [(place, sights) for place, sights in zip(at, found, strict=True) if sights]
        of[BEGUN : FREE.start] = of[T:MARGIN]
        of[T:MARGIN], of[MARGIN], of[ERROR:BEGUN] = given[:3], margin_m, given[3:]
        left = (~calm).nonzero()[0]
        if left.size:
            self._of[places[left], T] = NEVER_T
            places, rows, given = places[calm], rows[calm], given[:, calm]
        self._of[places] = rows
        full = self._unread.note(places, given.T)
        return Followed(
            left,
            [(self._track(place), sights) for place, sights in met],
            [self._track(place) for place in full.tolist()],
        )

    def calm(self, tracks: Sequence[FenceTrack]) -> None:
        """Take note of units that have come to be restless, or no longer are.

        >>> newest, track = Newest(), FenceTrack("a")
        >>> newest.show([track])
        >>> newest.calm([track])
        """
        self._of[[track.place for track in tracks], FREE.start :] = [
            (track.free_lon, track.free_lat, track.free_m, track.restless) for track in tracks
        ]

    def _track(self, place: int) -> FenceTrack:
        track = self._tracks[place]
        assert track is not None
        return track


def turns(places: Indices, rest: list[int], few: int) -> Iterable[Indices]:
    """Yield which fixes are the first ones of their units, then which are the second ones.

    To `rest` go those of units that have no place (below 0), and all once fewer than `few` are
    left.

    >>> rest: list[int] = []
    >>> [turn.tolist() for turn in turns(np.array([3, 5, 3, -1, 5, 3]), rest, 2)], rest
    ([[0, 1], [2, 4]], [3, 5])
    """
    each = places.tolist()
    alone = len(set(each)) == len(each)
    if alone and len(each) >= few and min(each) >= 0:
        yield np.arange(len(each))
        return
    known = places >= 0
    rest += np.flatnonzero(~known).tolist()
    if alone:
        some = known.nonzero()[0]
        if len(some) >= few:
            yield some
        else:
            rest += some.tolist()
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
