"""Older fixes of one unit as rows of numbers, of which fixes are made again when a late one comes.

Most fixes change nothing. Each is good and *follows* the one before it: it was judged by that and
the one before that, and at once. If it also meets no edge and brings no event, it is *plain*: all
that is to be known of it follows from its five numbers and the fix before it. So that is all that
is kept of it, 40 bytes in place of an object ten times as large.

A fix that is not plain is kept as it is. So are the two before one that follows none (it waited to
be believed, was not, or comes after such): it may name them, and must find them as they were.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from gis.fences.fix import Fix, Judged, State

#: So many fixes must follow each other for the first of them to be named by no other that comes.
LEAD = 3
WIDTH, ERROR = 5, 3  # numbers of a fix: time, longitude, latitude, error, and speed, NaN for None
NAN = float("nan")


def plain_fix(
    row: Sequence[float], error_m: float, before: Fix | None, state: State, *, brief: bool = True
) -> Fix:
    """Return a plain fix.

    Args:
        row: Its numbers.
        error_m: How far off the one before it may be.
        before: That one; None if it must not be named.
        state: What that one had come to.
        brief: Whether only the edges that it crosses were looked for; to say so of one that was
            looked at closer does no harm, it would only be done again.

    >>> plain_fix((9.0, 100.0, 20.0, 30.0, NAN), 60.0, None, {}).margin_m
    60.0
    """
    t, lon, lat, its_m, speed_mps = row
    return Fix(
        t, lon, lat, its_m, None if speed_mps != speed_mps else speed_mps, max(its_m, error_m),
        True, False, before, (), None, state, (), (), brief,
    )  # fmt: skip


def kinds_of(
    fixes: Sequence[Fix], before: Fix | None, state: State
) -> tuple[list[bool], list[bool]]:
    """Return which fixes follow the one before them, and which of these are plain.

    Args:
        fixes: The fixes, in order of time.
        before: The one before the first, if it is good.
        state: What all before the first had come to.

    >>> first = Fix(5.0, 100.0, 20.0, 60.0, None)
    >>> next = plain_fix((9.0, 100.0, 20.0, 30.0, NAN), 60.0, first, first.state)
    >>> kinds_of([first, next], None, first.state)
    ([False, True], [False, True])
    """
    follow: list[bool] = []
    plain: list[bool] = []
    for fix in fixes:
        its = fix.state
        # Good is what leaves behind just itself and the one before; so it came by no jump, too.
        follows = fix.before is before and fix.judged is None and before is not None
        follow.append(follows)
        plain.append(
            follows
            and fix.sights == ()
            and (its is state or its == state)
            and not fix.events
            and not fix.passages
        )
        before, state = fix, its
    return follow, plain


def joint(follow: Sequence[bool]) -> int:
    """Return before which fix all can be parted, leaving few after it; 0 if nowhere.

    >>> joint([True] * 5), joint([False, True, True, True, False]), joint([True, False, True])
    (2, 1, 0)
    """
    for index in range(len(follow) - LEAD, 0, -1):
        if follow[index] and follow[index + 1] and follow[index + 2]:
            return index
    return 0


class Packed:
    """Fixes in order of time, older than those that their track holds as they are.

    >>> len(Packed())
    0
    """

    __slots__ = ("_rows", "_whole")

    def __init__(self) -> None:
        """Begin with none."""
        #: The numbers of all.
        self._rows = array("d")
        #: Those that are more than numbers, by time and in order of it.
        self._whole: dict[float, Fix] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows) // WIDTH

    def add(self, fixes: Sequence[Fix], follow: Sequence[bool], plain: Sequence[bool]) -> None:
        """Add fixes that are newer than all.

        Args:
            fixes: The fixes; afterwards those that follow another no longer name it, or none would
                ever be freed.
            follow: Which of them do, and whether the two behind them do.
            plain: Which of them are plain.

        >>> packed, fix = Packed(), Fix(9.0, 100.0, 20.0, 30.0, None)
        >>> packed.add([fix], [False, True, True], [False])
        >>> packed.made(0, 1, (None, None, ()), {}) == [fix]
        True
        """
        numbers: list[float] = []
        for n, fix in enumerate(fixes):
            told = fix.speed_mps
            numbers += (fix.t, fix.lon, fix.lat, fix.error_m, NAN if told is None else told)
            if follow[n]:
                fix.before = None
            if not (plain[n] and follow[n + 1] and follow[n + 2]):
                self._whole[fix.t] = fix
        self._rows.fromlist(numbers)

    def add_rows(self, rows: bytes) -> None:
        """Add plain fixes that are newer than all, of which only the numbers are there.

        >>> packed = Packed()
        >>> packed.add_rows(array("d", [9.0, 100.0, 20.0, 30.0, 5.0]).tobytes())
        >>> len(packed)
        1
        """
        self._rows.frombytes(rows)

    def older(self, t: float) -> int:
        """Return how many are older than a time.

        >>> Packed().older(9.0)
        0
        """
        rows = self._rows
        if not rows or t <= rows[0]:
            return 0
        return bisect_left(range(len(self)), t, key=lambda n: rows[n * WIDTH])

    def joint(self, index: int) -> int:
        """Return the last place up to an index where all may be parted; 0 if there is none.

        That is before a fix of which only numbers are kept: none from there on names any before it,
        but that one the fix before it.

        >>> Packed().joint(-1)
        0
        """
        while index > 0 and self._rows[index * WIDTH] in self._whole:
            index -= 1
        return max(index, 0)

    def made(self, first: int, until: int, base: Judged, state: State) -> list[Fix]:
        """Return the fixes from a joint up to another index, as they were.

        Args:
            first: The joint.
            until: The index behind the last.
            base: What those before all of these had left behind to be judged by.
            state: What those had come to.

        >>> packed, before = Packed(), Fix(5.0, 100.0, 20.0, 60.0, None)
        >>> packed.add_rows(array("d", [9.0, 100.0, 20.0, 30.0, 5.0]).tobytes())
        >>> [fix] = packed.made(0, 1, (None, before, ()), {})
        >>> fix.t, fix.speed_mps, fix.margin_m, fix.before == before
        (9.0, 5.0, 60.0, True)
        """
        before: Fix | None = base[1]
        if first > 0:
            before, state = self._alone(first - 1, before, state)
        fixes: list[Fix] = []
        numbers = iter(self._rows[first * WIDTH : until * WIDTH])
        for row in zip(*[numbers] * WIDTH, strict=True):
            fix = self._whole.get(row[0])
            if fix is None:
                assert before is not None
                fix = plain_fix(row, before.error_m, before, state)
            elif fix.good and fix.before is None and fix.judged is None:
                fix.before = before  # it follows that, as `add` left it
            fixes.append(fix)
            before, state = fix, fix.state
        return fixes

    def keep(self, first: int, until: int) -> None:
        """Let go of all but those from one index up to another.

        >>> packed = Packed()
        >>> for t in (1.0, 2.0, 3.0, 4.0):
        ...     packed.add_rows(array("d", [t, 100.0, 20.0, 30.0, 5.0]).tobytes())
        >>> packed.keep(1, 3)
        >>> len(packed), packed.older(3.0)
        (2, 1)
        """
        rows = self._rows
        if self._whole:
            for index in (*range(first), *range(until, len(self))):
                self._whole.pop(rows[index * WIDTH], None)
        del rows[until * WIDTH :], rows[: first * WIDTH]

    def _alone(self, index: int, base: Fix | None, state: State) -> tuple[Fix, State]:
        """Return the fix before a joint, which names none before it, and its state."""
        t = self._rows[index * WIDTH]
        for since, whole in reversed(self._whole.items()):
            if since <= t:
                state = whole.state
                break
        fix = self._whole.get(t)
        if fix is None:
            if index > 0:
                error_m = self._row(index - 1)[ERROR]
            else:
                assert base is not None
                error_m = base.error_m
            fix = plain_fix(self._row(index), error_m, None, state)
        return fix, state

    def _row(self, index: int) -> Sequence[float]:
        return self._rows[index * WIDTH : (index + 1) * WIDTH]
