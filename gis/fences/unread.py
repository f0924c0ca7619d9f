"""Fixes that are only noted down: rows of numbers, until their tracks take them over.

Most fixes change nothing. Kept as numbers in one block they cost no object each.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gis.geodesy import Floats

Indices: TypeAlias = NDArray[np.intp]

MOST = 32  # of a unit
ROW = np.dtype((np.void, 40))  # one item: stored in half the time of five numbers


class Unread:
    """Rows by place, in the order in which they were noted.

    >>> unread = Unread(2)
    >>> unread.note(np.array([1]), np.array([[9.0, 100.0, 20.0, 30.0, np.nan]]))
    array([], dtype=int64)
    >>> unread.take(1).tolist(), unread.take(1).tolist()
    ([[9.0, 100.0, 20.0, 30.0, nan]], [])
    """

    def __init__(self, places: int) -> None:
        """Begin with nothing noted in so many places."""
        self._rows = np.empty((places, MOST, 5))
        self._items = self._rows.view(ROW)[:, :, 0]
        self._count = np.zeros(places, dtype=np.intp)

    def widen(self, places: int) -> None:
        """Have so many places more.

        >>> unread = Unread(1)
        >>> unread.widen(1)
        >>> unread.count(1)
        0
        """
        self._rows = np.concatenate([self._rows, np.empty((places, MOST, 5))])
        self._items = self._rows.view(ROW)[:, :, 0]
        self._count = np.concatenate([self._count, np.zeros(places, dtype=np.intp)])

    def note(self, places: Indices, rows: Floats) -> Indices:
        """Note a row in each of some places; return those that must be emptied before the next.

        Time, longitude, latitude, error and speed, which is NaN for None; side by side in memory.

        >>> unread = Unread(1)
        >>> row = np.array([[9.0, 100.0, 20.0, 30.0, 5.0]])
        >>> [unread.note(np.array([0]), row).tolist() for _ in range(MOST)][-2:]
        [[], [0]]
        """
        count = self._count.take(places)
        self._items[places, count] = rows.view(ROW)[:, 0]
        count += 1
        self._count[places] = count
        full: Indices = places[count == MOST]
        return full

    def newest(self, place: int) -> float | None:
        """Return the time of the row noted last in a place; None if nothing is noted.

        >>> unread = Unread(1)
        >>> unread.newest(0)
        >>> _ = unread.note(np.array([0]), np.array([[9.0, 100.0, 20.0, 30.0, 5.0]]))
        >>> unread.newest(0)
        9.0
        """
        count = self._count.item(place)
        return self._rows.item(place, count - 1, 0) if count else None

    def count(self, place: int) -> int:
        """Return how many rows are noted in a place.

        >>> Unread(1).count(0)
        0
        """
        return self._count.item(place)

    def take(self, place: int) -> Floats:
        """Return what is noted in a place, good until the next is noted there, and empty it.

        >>> Unread(1).take(0).tolist()
        []
        """
        count = self._count.item(place)
        self._count[place] = 0
        rows: Floats = self._rows[place, :count]
        return rows
