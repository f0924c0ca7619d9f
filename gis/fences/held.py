"""The fixes of one unit within the time in which late ones are taken, in order of time.

What changes nothing may only be noted down, as numbers; fixes are made of it when somebody asks.
Older ones that changed nothing are packed as numbers again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from gis.fences.fix import NO_STATE, Fix, Judged, State
from gis.fences.packed import ERROR, LEAD, Packed, joint, kinds_of, plain_fix
from gis.fences.rejudge import judged_at
from gis.fences.settings import FenceSettings
from gis.fences.unread import Unread

START: Judged = (None, None, ())
SLICE = 64  # fixes that come before older ones are packed and let go of again
LOOKED_BACK = 64  # fixes more that are held, so that it can be seen anew who was together
MANY = 8  # noted fixes from which on it pays to pack them at once
SLICES = 20  # the oldest are let go of when there are so many times fewer of them too many


class HeldFixes:
    """What is held of one unit; it begins with nothing.

    Attributes:
        unit: Its id.
        free_lon: Longitude of a place it has not been farther from since than to the nearest edge.
        free_lat: Latitude of that.
        free_m: How far it is from there to the nearest edge, at least; below 0 if not known.
        restless: Whether more than crossings may change its state.
        full: How many fixes that are not packed there may be before it is time to `tidy`.
        place: Where newest fixes that change nothing are noted down; below 0 while they are not.

    >>> HeldFixes("lima-2").fixes
    []
    """

    __slots__ = (
        "_base",
        "_fixes",
        "_horizon",
        "_packed",
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
        #: The oldest ones. While there are any, the first ones behind them follow others.
        self._packed = Packed()
        self._fixes: list[Fix] = []
        self._times: list[float] = []
        #: What the fixes that are no longer held had come to.
        self._base: tuple[Judged, State] = (START, NO_STATE)
        self._horizon = float("-inf")
        self._unread: Unread | None = None
        self.free_lon = self.free_lat = 0.0
        self.free_m = -1.0
        self.restless = True
        self.full = SLICE
        self.place = -1

    @property
    def fixes(self) -> list[Fix]:
        """All fixes that are held, in order of time; none is packed any more."""
        self.catch_up()
        self._unpack()
        return self._fixes

    @property
    def times(self) -> list[float]:
        """Their times."""
        self.catch_up()
        self._unpack()
        return self._times

    def latest(self, count: int) -> list[Fix]:
        """Return the newest fixes, so many of them if there are.

        >>> HeldFixes("lima-2").latest(1)
        []
        """
        self.catch_up()
        if len(self._fixes) < count:
            self._unpack(len(self._packed) + len(self._fixes) - count)
        return self._fixes[-count:]

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
        if not len(rows):
            return
        last = self._fixes[-1]
        if len(rows) >= MANY and len(self._fixes) <= SLICE:
            # Most of them can be packed as they are; no fixes need to be made of these.
            follow, plain = self._kinds()
            self._packed.add(self._fixes, [*follow, True, True], plain)
            packed, rows = rows[: -LEAD - 1], rows[-LEAD - 1 :]
            self._packed.add_rows(packed.tobytes())
            self._fixes.clear()
            self._times.clear()
            last = plain_fix(packed[-1].tolist(), float(packed[-2, ERROR]), None, last.state)
        self._append(rows.tolist(), last)

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
        none = float("nan")
        before = last.before or Fix(none, none, none, none, None)
        return (
            before.t, last.t, none, float(self.restless),
            before.lon, last.lon, none, self.free_lon,
            before.lat, last.lat, none, self.free_lat,
            before.margin_m, last.margin_m, none, self.free_m,
            last.error_m, none if last.speed_mps is None else last.speed_mps,
        )  # fmt: skip

    def horizon(self, settings: FenceSettings) -> float:
        """Return from when on fixes are taken: after this time.

        >>> HeldFixes("lima-2").horizon(FenceSettings())
        -inf
        """
        newest = None if self._unread is None else self._unread.newest(self.place)
        if newest is None:
            newest = self._times[-1] if self._times else float("-inf")
        return max(self._horizon, newest - settings.late_s)

    def gone_until(self) -> float:
        """Return the time of the newest fix that was let go of; -inf where none was.

        >>> HeldFixes("lima-2").gone_until()
        -inf
        """
        return self._horizon

    def known_until(self) -> float:
        """Return the time of the newest good fix; -inf without one.

        >>> HeldFixes("lima-2").known_until()
        -inf
        """
        # What is noted is newer than all that is judged; asking for a time makes no fixes of it.
        noted = None if self._unread is None else self._unread.newest(self.place)
        if noted is not None:
            return noted
        last = judged_at(self._fixes, len(self._fixes) - 1, self._base[0])[1]
        return float("-inf") if last is None else last.t

    def held(self) -> int:
        """Return how many fixes are held.

        >>> HeldFixes("lima-2").held()
        0
        """
        noted = 0 if self._unread is None else self._unread.count(self.place)
        return len(self._packed) + len(self._times) + noted

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

    def crowded(self) -> bool:
        """Return whether it is time to `tidy`.

        >>> HeldFixes("lima-2").crowded()
        False
        """
        return len(self._fixes) >= self.full

    def tidy(self, settings: FenceSettings, *, packing: bool) -> None:
        """Let go of fixes too old for late ones to matter, and maybe pack others that are older.

        >>> track = HeldFixes("lima-2")
        >>> track.tidy(FenceSettings(), packing=True)
        >>> track.held()
        0
        """
        if packing:
            self.pack()
        self.forget(settings)
        # In slices: to take one off the front of a list moves all the others.
        self.full = len(self._fixes) + max(SLICE, len(self._fixes) // 8)

    def pack(self) -> None:
        """Keep of all but the newest fixes only numbers where these changed nothing.

        >>> from gis.fences.track import FenceTrack
        >>> track = FenceTrack("lima-2")
        >>> for t in range(100):
        ...     _ = track.put(Fix(float(t), 100.0, 20.0, 30.0, None), FenceSettings())
        >>> for fix in track.believe(FenceSettings())[0]:
        ...     fix.sights = ()
        >>> track.pack()
        >>> len(track._fixes), track.held(), len(track.fixes)
        (3, 100, 100)
        """
        self.catch_up()
        follow, plain = self._kinds()
        cut = joint(follow)
        if cut > 0:
            self._packed.add(self._fixes[:cut], follow, plain)
            del self._fixes[:cut], self._times[:cut]

    def forget(self, settings: FenceSettings) -> None:
        """Let go of fixes too old for late ones to matter, if there are some.

        >>> from gis.fences.track import FenceTrack
        >>> track = FenceTrack("lima-2")
        >>> for t in range(0, 200_000, 10):
        ...     _ = track.put(Fix(float(t), 100.0, 20.0, 30.0, None), FenceSettings())
        >>> _ = track.believe(FenceSettings())
        >>> track.forget(FenceSettings())
        >>> len(track.fixes)
        5000
        """
        self.catch_up()
        packed, base = self._packed, self._base[0]
        horizon = self.horizon(settings)
        # To look at meetings anew, fixes from before a late one are asked for: from the one before
        # it on, a gap ago at most, and as many more as there are looks between two that are kept.
        asked = horizon - settings.gap_s
        old = packed.older(asked) + bisect_left(self._times, asked) - LOOKED_BACK
        cut = max(old, self.held() - settings.most_fixes)
        # In slices: to take one off the front moves all the others.
        if cut <= settings.most_fixes // SLICES:
            return
        if cut < len(packed):
            gone = packed.made(packed.joint(cut - 1), cut, *self._base)
        else:
            self._unpack()
            gone = self._fixes[:cut]
        # Nothing that still waits may be let go of.
        waiting = judged_at(gone, len(gone) - 1, base)[2]
        if waiting:
            keep = [fix for fix in gone if fix.t >= waiting[0].t]
            cut -= len(keep)
            del gone[len(gone) - len(keep) :]
        if not gone:
            return
        last = gone[-1]
        self._base = (judged_at(gone, len(gone) - 1, base), last.state)
        self._horizon = max(self._horizon, last.t)
        # The good fixes name the ones before them; cut here, or none would ever be freed.
        oldest = self._base[0][0]
        if oldest is not None:
            oldest.before = oldest.judged = None
        if self._packed:
            packed.keep(cut, len(packed))
        else:
            del self._fixes[:cut], self._times[:cut]
            self.full = max(SLICE, self.full - cut)

    def _kinds(self) -> tuple[list[bool], list[bool]]:
        """Return which of the fixes that are not packed follow others, and which are plain."""
        (_, before, _), state = self._base
        if self._packed:
            before = self._fixes[0].before
            state = NO_STATE if before is None else before.state
        return kinds_of(self._fixes, before, state)

    def _append(self, rows: Sequence[Sequence[float]], last: Fix) -> None:
        """Make plain fixes of rows, newer than all; the first follows another fix."""
        state, brief = last.state, not self.restless
        for row in rows:
            last = plain_fix(row, last.error_m, last, state, brief=brief)
            self._fixes.append(last)
            self._times.append(last.t)

    def _unpack(self, index: int = 0) -> None:
        """Make fixes again of those that are packed, from an index on and of some before it."""
        packed = self._packed
        if not packed:
            return
        first = packed.joint(index - LEAD)
        made = packed.made(first, len(packed), *self._base)
        packed.keep(0, first)
        self._fixes[0].before = made[-1]
        self._fixes[:0] = made
        self._times[:0] = [fix.t for fix in made]
        # Packed again only after as many more, or each late one would cost as much.
        self.full = max(2 * len(self._fixes), SLICE)
