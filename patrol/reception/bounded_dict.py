"""Oldest: what was put into a dict first is taken out of it, many at a time."""

from __future__ import annotations

from itertools import islice
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_GATHERS: Final = 64
"""One in so many may be too many before they go."""


def are_too_many(count: int, most: int) -> bool:
    """Return whether so many have gathered that the oldest should go.

    >>> are_too_many(203, 200), are_too_many(204, 200)
    (False, True)
    """
    return count > most + most // _GATHERS


def drop_oldest(entries: dict[K, V], most: int) -> list[tuple[K, V]]:
    """Take out of a dict what was put there first; return it, the oldest first.

    A dict looks for its first entry over the places of all that were taken out before it, up to as
    many as it holds. To look for each costs a hundred times what putting one in costs; so the first
    one is looked for once, when a sixty-fourth is too many.

    Args:
        entries: In the order of putting.
        most: How many stay; up to a sixty-fourth more may be there until the next call.

    >>> kept = dict.fromkeys("abcde")
    >>> [key for key, _ in drop_oldest(kept, 3)], list(kept)
    (['a', 'b'], ['c', 'd', 'e'])
    >>> drop_oldest(dict.fromkeys(range(203)), 200)
    []
    """
    count = len(entries)
    if count <= most + most // _GATHERS:
        return []
    going = list(islice(entries.items(), count - most))
    for key, _ in going:
        del entries[key]
    return going
