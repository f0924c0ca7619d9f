"""The fixes of one unit within the time in which late ones are taken, in order of time.

What changes nothing may only be noted down, as numbers; fixes are made of it when somebody asks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from gis.fences.fix import NO_STATE, Fix, Judged, State
from gis.fences.rejudge import judged_at
from gis.fences.settings import FenceSettings
from gis.fences.unread import Unread

START: Judged = (None, None, ())


class HeldFixes:
    """What is held of one unit; it begins with nothing.

    Attributes:
        unit: Its id.
        free_lon: Longitude of a place it has not been farther from since than to the nearest edge.
        free_lat: Latitude of that.
        free_m: How far it is from there to the nearest edge, at least; below 0 if not known.
        restless: Whether more than crossings may change its state.
        full: How many fixes there may be before the oldest are let go of.
        place: Where newest fixes that change nothing are noted down; below 0 while they are not.

    >>> HeldFixes("lima-2").fixes
    []
    """

    __slots__ = (
        "_base",
        "_fixes",
        "_horizon",
        "_times",
        "_unread",
        "free_lat",
        "free_lon",
        "free_m",
        "full",
        "place",
        "restless",
        "unit",
    )

    def __init__(self, unit: str) -> None:
        """Begin with no fix."""
        self.unit = unit
        self._fixes: list[Fix] = []
        self._times: list[float] = []
        #: What the fixes that are no longer held had come to.
        self._base: tuple[Judged, State] = (START, NO_STATE)
        self._horizon = float("-inf")
        self._unread: Unread | None = None
        self.free_lon = self.free_lat = 0.0
        self.free_m = -1.0
        self.restless = True
        self.full = 64
        self.place = -1

    @property
    def fixes(self) -> list[Fix]:
        """All fixes that are held, in order of time."""
        self.catch_up()
        return self._fixes

    @property
    def times(self) -> list[float]:
        """Their times."""
        self.catch_up()
        return self._times

    def catch_up(self) -> None:
        """Make fixes of what was only noted down: good ones, near no edge.

        >>> from gis.fences.track import FenceTrack
        >>> track = FenceTrack("lima-2")
        >>> for t in (1.0, 2.0):
        ...     _ = track.put(Fix(t, 100.0, 20.0, 30.0, None), FenceSettings())
        >>> _ = track.believe(FenceSettings())
        >>> import numpy as np
        >>> unread = Unread(1)
        >>> track.show(unread, 0)
        >>> _ = unread.note(np.array([0]), np.array([[3.0, 100.0, 20.0, 30.0, np.nan]]))
        >>> track.catch_up()
        >>> track.times
        [1.0, 2.0, 3.0]
        """
        if self._unread is None:
            return
        rows = self._unread.take(self.place)
        if not rows:
            return
        last, brief = self._fixes[-1], not self.restless
        state = last.state
        for t, lon, lat, error_m, speed_mps in rows:
            margin_m = max(error_m, last.error_m)
            told = None if speed_mps != speed_mps else speed_mps
            last = Fix(
                t, lon, lat, error_m, told, margin_m, True, False, last, (), None, state,
                (), (), brief,
            )  # fmt: skip
            self._fixes.append(last)
            self._times.append(t)

    def show(self, unread: Unread, place: int) -> None:
        """Let newest fixes that change nothing be noted down in a place, until `hide`.

        >>> track = HeldFixes("lima-2")
        >>> track.show(Unread(1), 0)
        >>> track.place
        0
        """
        self._unread, self.place = unread, place

    def hide(self) -> None:
        """Let nothing be noted down any more.

        >>> track = HeldFixes("lima-2")
        >>> track.hide()
        >>> track.place
        -1
        """
        self.catch_up()
        self._unread, self.place = None, -1

    def newest(self) -> tuple[float, ...] | None:
        """Return what the next fix is judged by, as `Newest` has it; None where some wait.

        >>> HeldFixes("lima-2").newest() is None
        True
        """
        last = self._fixes[-1] if self._fixes else None
        if last is None or not last.good or last.judged is not None:
            return None
        before, none = last.before, float("nan")
        return (
            last.t, last.lon, last.lat, last.margin_m, last.error_m,
            none if last.speed_mps is None else last.speed_mps,
            *((none, none, none) if before is None else (before.t, before.lon, before.lat)),
            self.free_lon, self.free_lat, self.free_m, float(self.restless),
        )  # fmt: skip

    def horizon(self, settings: FenceSettings) -> float:
        """Return from when on fixes are taken: after this time.

        >>> HeldFixes("lima-2").horizon(FenceSettings())
        -inf
        """
        times = self.times
        return max(self._horizon, times[-1] - settings.late_s) if times else self._horizon

    def known_until(self) -> float:
        """Return the time of the newest good fix; -inf without one.

        >>> HeldFixes("lima-2").known_until()
        -inf
        """
        # What is noted is newer than all that is judged; asking for a time makes no fixes of it.
        noted = None if self._unread is None else self._unread.newest(self.place)
        if noted is not None:
            return noted
        last = self._judged(len(self.fixes) - 1)[1]
        return float("-inf") if last is None else last.t

    def held(self) -> int:
        """Return how many fixes are held.

        >>> HeldFixes("lima-2").held()
        0
        """
        return len(self.times)

    def since(self, t: float) -> list[Fix]:
        """Return the fixes after a time.

        >>> HeldFixes("lima-2").since(0.0)
        []
        """
        return self.fixes[bisect_right(self.times, t) :]

    def state(self) -> State:
        """Return what all fixes have come to.

        >>> dict(HeldFixes("lima-2").state())
        {}
        """
        return self._fixes[-1].state if self._fixes else self._base[1]

    def base_state(self) -> State:
        """Return what the fixes that are no longer held had come to.

        >>> dict(HeldFixes("lima-2").base_state())
        {}
        """
        return self._base[1]

    def forget(self, settings: FenceSettings) -> None:
        """Let go of fixes too old for late ones to matter.

        >>> from gis.fences.track import FenceTrack
        >>> track = FenceTrack("lima-2")
        >>> for t in range(0, 200_000, 10):
        ...     _ = track.put(Fix(float(t), 100.0, 20.0, 30.0, None), FenceSettings())
        >>> _ = track.believe(FenceSettings())
        >>> track.forget(FenceSettings())
        >>> len(track.fixes)
        5000
        """
        old = bisect_left(self.times, self.horizon(settings))
        count = len(self._times)
        cut = max(old, count - settings.most_fixes)
        # Nothing that still waits may be let go of.
        waiting = self._judged(cut - 1)[2] if cut > 0 else ()
        if waiting:
            cut = bisect_left(self._times, waiting[0].t)
        if cut > 0:
            last = self._fixes[cut - 1]
            self._base = (self._judged(cut - 1), last.state)
            self._horizon = max(self._horizon, last.t)
            # The good fixes name the ones before them; cut here, or none would ever be freed.
            oldest = self._base[0][0]
            if oldest is not None:
                oldest.before = oldest.judged = None
            del self._fixes[:cut], self._times[:cut]
            count = len(self._times)
        # In slices: to take one off the front of a list moves all the others.
        self.full = count + max(64, settings.most_fixes // 8)

    def _judged(self, index: int) -> Judged:
        return judged_at(self._fixes, index, self._base[0])
