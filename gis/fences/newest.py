"""The newest fixes of all units as arrays, so that most of a batch is judged in one go.

Most fixes are the newest of their unit, plainly right, and change its standing to no area. Those
are only noted down in their tracks; what the next ones are judged by is kept here. So that nobody
can tell the difference, only those are taken of which `FenceTrack` would come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from struct import pack
from typing import NamedTuple

import numpy as np

from gis.fences.fix import Fix
from gis.fences.index import FenceSet
from gis.fences.looking import ROOM_M
from gis.fences.moves import Moves
from gis.fences.plausible import surely_fine
from gis.fences.settings import FenceSettings
from gis.fences.sight import Sight
from gis.fences.track import SLACK_M, FenceTrack
from gis.fences.unread import Indices, Unread
from gis.geodesy import Floats
from gis.position import Position

FEW = 64  # fixes below which arrays do not pay
NEVER_T = 1e18  # no fix is newer
NONE = np.empty(0, dtype=np.intp)
NAN = float("nan")
EPOCH = datetime.fromtimestamp(0.0, UTC)

# Columns: four each of time, longitude, latitude and margin: that of the good fix before the last,
# that of the last, room for that of the next, and of the place from which it is known how far the
# nearest edge is (in place of a time, 1 if the unit is restless, or 0). Then error and speed of the
# last.
T, RESTLESS, FREE_M, ERROR, SPEED = 1, 3, 15, 16, 17
FREE = slice(7, 16, 4)
COLUMNS = 18
NEXT, FREED, LAST_AND_NEXT = 2, 3, slice(1, 3)  # of four
ROW = np.dtype((np.void, 8 * COLUMNS))  # one item: stored in a quarter of the time of many numbers
NOTHING = (0.0, NEVER_T, *[0.0] * (COLUMNS - 2))
PLACES = 64  # to begin with
FARTHEST_DEG = np.array([[180.0], [90.0]])


class Heard(NamedTuple):
    """What a batch says.

    Attributes:
        units: Of each fix.
        fixes: Times, longitudes, latitudes, errors and speeds, a row of each.
        rows: The same, a row of each fix.
    """

    units: list[str]
    fixes: Floats
    rows: Floats

    def fix(self, n: int) -> Fix:
        """Return one of them by itself.

        >>> row = np.array([[9.0, 100.0, 20.0, 30.0, np.nan]])
        >>> Heard(["a"], row.T, row).fix(0).speed_mps
        """
        t, lon, lat, error_m, speed_mps = self.rows[n].tolist()
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
        self._items = self._of.view(ROW)[:, 0]
        self._unused = list(range(PLACES))
        self._tracks: list[FenceTrack | None] = [None] * PLACES
        self._place: dict[str, int] = {}
        self._unread = Unread(PLACES)

    def hear(self, fixes: Sequence[tuple[str, Position]], settings: FenceSettings) -> Heard | None:
        """Return what fixes say, without those that are too vague; None if one cannot be used."""
        values: list[float] = []
        time, t = EPOCH, 0.0
        for _, position in fixes:
            when = position.time
            # Receivers tell whole seconds, so that many of a batch are of one time. In UTC, as all
            # are, equal ones are of one moment; where clocks are set back they need not be.
            if when is not time and when != time:
                if when is None:
                    return None
                time, t = when, when.timestamp()
            accuracy_m, speed_mps = position.accuracy_m, position.speed_mps
            values += (
                t,
                position.lon,
                position.lat,
                NAN if accuracy_m is None else accuracy_m,
                NAN if speed_mps is None else speed_mps,
            )
        # A third of what any way of NumPy's takes to read a list.
        rows = np.frombuffer(bytearray(pack(f"{len(values)}d", *values))).reshape(-1, 5)
        many = rows.T.copy()
        units = [unit for unit, _ in fixes]
        if np.count_nonzero(np.abs(many[1:3]) <= FARTHEST_DEG) < 2 * len(units):
            return None
        accuracy = many[3]
        if not np.maximum.reduce(accuracy) <= settings.useless_accuracy_m:
            accuracy[np.isnan(accuracy)] = settings.assumed_accuracy_m
            clear = np.flatnonzero(accuracy <= settings.useless_accuracy_m)
            units, many = [units[n] for n in clear.tolist()], many[:, clear]
            accuracy, rows = many[3], rows[clear]
        np.maximum(accuracy, settings.least_accuracy_m, out=accuracy)
        accuracy *= settings.margin_accuracies
        rows[:, 3] = accuracy
        return Heard(units, many, rows)

    def places(self, units: Sequence[str]) -> Indices:
        """Return where units are here; -1 for those that are not.

        >>> Newest().places(["a"])
        array([-1])
        """
        try:
            found: Sequence[int] = itemgetter(*units)(self._place) if len(units) > 1 else ()
        except KeyError:
            found = ()
        found = found or [self._place.get(unit, -1) for unit in units]
        return np.frombuffer(pack(f"{len(found)}n", *found), np.intp)

    def show(self, tracks: Iterable[FenceTrack]) -> None:
        """Take up the newest fixes of tracks that are not here.

        >>> newest = Newest()
        >>> newest.show([FenceTrack("a")])
        >>> newest.places(["a"]) >= 0
        array([ True])
        """
        places: list[int] = []
        values: list[float] = []
        for track in tracks:
            if not self._unused:
                more = len(self._of)
                self._of = np.concatenate([self._of, np.empty_like(self._of)])
                self._items = self._of.view(ROW)[:, 0]
                self._unread.widen(more)
                self._tracks += [None] * more
                self._unused += range(more, 2 * more)
            place = self._unused.pop()
            track.show(self._unread, place)
            self._tracks[place] = track
            self._place[track.unit] = place
            places.append(place)
            values += track.newest() or NOTHING
        if places:
            self._of[places] = np.fromiter(values, np.float64, len(values)).reshape(-1, COLUMNS)

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
        self,
        places: Indices,
        given: Floats,
        noted: Floats,
        fences: FenceSet,
        settings: FenceSettings,
    ) -> Followed:
        """Take fixes of as many units that are here: their `fixes` and `rows`, as `Heard` has them.

        To a unit of which one is not taken nothing is any more, until it is hidden and shown again.
        """
        # By columns: numbers that are side by side are reckoned with several times as fast.
        of = self._of.take(places, axis=0).T.copy()
        four = of[:ERROR].reshape(4, 4, -1)
        four[:3, NEXT] = given[:3]
        highest = np.maximum(given[3:], of[ERROR:])
        four[3, NEXT] = margin_m = highest[0]
        calm, reach_m = surely_fine(four[:3], given[3] + of[ERROR], highest[1], settings)
        calm &= given[0] > of[T]
        # Who is on the sides where it is believed to be has only crossings to fear.
        reach_m += margin_m * of[RESTLESS]
        reach_m += SLACK_M
        ask = reach_m >= of[FREE_M]
        all_calm = np.count_nonzero(calm) == calm.size
        if not all_calm:
            ask &= calm
        met: list[tuple[int, tuple[Sight, ...]]] = []
        if np.count_nonzero(ask):
            ask = ask.nonzero()[0]
            some = four.take(ask, axis=2)
            ends = some[1:, LAST_AND_NEXT]
            brief = some[0, FREED] == 0.0
            found, free_m = fences.sights_and_room(Moves(ends), room_m=ROOM_M, brief=brief)
            # From an edge it is not clear of, the next fix may be clear and has to be told so.
            # (Of two arrays of bool, a > b is a and not b.)
            np.putmask(free_m, (free_m <= some[3, NEXT]) > brief, -1.0)
            some[3, NEXT] = free_m
            four[1:, FREED, ask] = some[1:, NEXT]
            at = places.take(ask).tolist()
            met = [(place, sights) for place, sights in zip(at, found, strict=True) if sights]
        four[:, :NEXT] = four[:, LAST_AND_NEXT]
        of[ERROR:] = given[3:]
        left: Indices = NONE
        if not all_calm:
            left = (~calm).nonzero()[0]
            self._of[places[left], T] = NEVER_T
            places, of, noted = places[calm], of[:, calm], noted[calm]
        self._items[places] = of.T.copy().view(ROW)[:, 0]
        full = self._unread.note(places, noted)
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
        for track in tracks:
            self._of[track.place, FREE_M] = track.free_m
            self._of[track.place, RESTLESS] = track.restless

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
    each = places.copy()
    each.sort()
    alone = not np.count_nonzero(each[1:] == each[:-1])
    if alone and len(each) >= few and each[0] >= 0:
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
