"""Track: where one thing was, oldest first, as arrays.

Times are whole microseconds since 1970 UTC, so that nothing is lost on the way from `datetime` and
back. What was not said is NaN. Two positions may share a time; `cleaning` removes that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from gis.errors.errors import TrackError
from gis.geometry.geodesy import Floats
from gis.position.position import check_place

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
VALUES: Final = ("altitude_m", "accuracy_m", "speed_mps", "course_deg", "heading_deg")
"""What may be known of a position besides where and when it was."""


class PositionLike(Protocol):
    """What a track is made from: a `Position`, or anything with the same fields."""

    @property
    def lon(self) -> float: ...
    @property
    def lat(self) -> float: ...
    @property
    def time(self) -> datetime | None: ...
    @property
    def altitude_m(self) -> float | None: ...
    @property
    def accuracy_m(self) -> float | None: ...
    @property
    def speed_mps(self) -> float | None: ...
    @property
    def course_deg(self) -> float | None: ...
    @property
    def heading_deg(self) -> float | None: ...


class Track(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Where one thing was: arrays of one length, times never falling.

    Attributes:
        time_us: Microseconds since 1970-01-01 UTC.
        lon: Degrees east.
        lat: Degrees north.
        altitude_m: Metres above mean sea level.
        accuracy_m: Radius of the circle that holds the true place (about 68 %), metres.
        speed_mps: Metres a second.
        course_deg: Degrees true.
        heading_deg: Degrees true.
    """

    time_us: NDArray[np.int64]
    lon: Floats
    lat: Floats
    altitude_m: Floats
    accuracy_m: Floats
    speed_mps: Floats
    course_deg: Floats
    heading_deg: Floats

    def __len__(self) -> int:
        """Return how many positions there are."""
        return len(self.time_us)

    def time(self, index: int) -> datetime:
        """Return the time of one position, aware UTC.

        >>> from gis.position.position import Position
        >>> track = track_of([Position(lon=100.4, lat=20.3, time=EPOCH)])
        >>> track.time(0)
        datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)
        """
        return from_us(int(self.time_us[index]))

    def take(self, which: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Track:
        """Return the track of some of the positions, named by rising indices, a mask or a slice.

        >>> from gis.position.position import Position
        >>> track = track_of([Position(lon=lon, lat=0.0, time=EPOCH) for lon in (1.0, 2.0, 3.0)])
        >>> track.take(slice(1, None)).lon
        array([2., 3.])
        """
        return Track(**{name: getattr(self, name)[which] for name in self.__struct_fields__})


def track_of(positions: Iterable[PositionLike]) -> Track:
    """Return the track of positions given in any order; those of one time stand west to east.

    Raises:
        TrackError: If a position has no time or one without a zone; `cleaning.clean` tells them.
        PositionError: If one is no place on Earth.

    >>> from gis.position.position import Position
    >>> later, before = EPOCH + timedelta(hours=1), EPOCH
    >>> places = [Position(lon=2.0, lat=0.0, time=later), Position(lon=1.0, lat=0.0, time=before)]
    >>> track_of(places).lon
    array([1., 2.])
    >>> len(track_of([]))
    0
    """
    given = list(positions)
    for number, position in enumerate(given):
        if position.time is None or position.time.tzinfo is None:
            raise TrackError(f"position {number} has no time with a zone")
        check_place(lon=position.lon, lat=position.lat)
    return sorted_track(*columns_of(given))


def columns_of(positions: Sequence[PositionLike]) -> tuple[NDArray[np.int64], dict[str, Floats]]:
    """Return times (microseconds since 1970 UTC) and values of positions, in their order.

    Every position must have a time; nothing else is checked.

    >>> from gis.position.position import Position
    >>> time_us, columns = columns_of([Position(lon=100.4, lat=20.3, time=EPOCH)])
    >>> time_us, columns["lat"], columns["speed_mps"]
    (array([0]), array([20.3]), array([nan]))
    """
    times = np.array([to_us(p.time) for p in positions if p.time], dtype=np.int64)
    return times, {
        name: _values([getattr(p, name) for p in positions]) for name in ("lon", "lat", *VALUES)
    }


def sorted_track(time_us: NDArray[np.int64], columns: Mapping[str, Floats]) -> Track:
    """Return the track of columns in any order.

    Args:
        time_us: Microseconds since 1970 UTC.
        columns: `lon`, `lat` and any of `VALUES`; one that is missing is all NaN.

    >>> places = {"lon": np.zeros(2), "lat": np.array([3.0, 1.0])}
    >>> track = sorted_track(np.array([3, 1]), places)
    >>> track.lat, track.speed_mps
    (array([1., 3.]), array([nan, nan]))
    """
    unknown = np.full(len(time_us), np.nan)
    whole = {name: columns.get(name, unknown) for name in ("lon", "lat", *VALUES)}
    order = order_of(time_us, whole)
    return Track(
        time_us=np.asarray(time_us, dtype=np.int64)[order],
        **{name: np.asarray(column, dtype=np.float64)[order] for name, column in whole.items()},
    )


def order_of(time_us: NDArray[np.int64], columns: Mapping[str, Floats]) -> NDArray[np.intp]:
    """Return the one order of positions: by time, then by every column, unknown values last.

    So the order of arrival leaves no trace.

    >>> order_of(np.array([5, 5, 1]), {"lon": np.array([9.0, 8.0, 7.0])})
    array([2, 1, 0])
    """
    return np.lexsort([*reversed(list(columns.values())), time_us])


def to_us(time: datetime) -> int:
    """Return an aware time as microseconds since 1970 UTC.

    >>> to_us(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (time - EPOCH) // _TICK


def from_us(time_us: int) -> datetime:
    """Return the aware UTC time of microseconds since 1970.

    >>> from_us(1_000_000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return EPOCH + timedelta(microseconds=time_us)


def _values(values: Sequence[float | None]) -> Floats:
    # None becomes NaN.
    return np.array(values, dtype=np.float64)
