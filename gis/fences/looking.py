"""Looking for the edges of areas that matter to new fixes, all at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gis.fences.fix import Fix
from gis.fences.index import FenceSet
from gis.fences.moves import moves_to
from gis.fences.track import FenceTrack

ROOM_M = 100.0  # how much farther than need be to look for edges, so as not to ask at every fix


def look(missing: Sequence[tuple[Fix, FenceTrack | None]], fences: FenceSet) -> None:
    """Work out how the moves that end with fixes stand to areas; of brief ones only crossings.

    With a fix that is the newest of its track comes that track, to know from then on how far it is
    from any edge.

    >>> import shapely
    >>> from gis.fences.area import polygon
    >>> begin, track = Fix(0.0, 100.0, 20.0, 30.0, None), FenceTrack("lima-2")
    >>> end = Fix(9.0, 100.0, 20.0, 30.0, None, before=begin)
    >>> look([(end, track)], FenceSet([polygon("a", shapely.box(0.0, 0.0, 1.0, 1.0))]))
    >>> end.sights, track.free_m
    ((), 100.0)
    """
    later = [each for each in missing if each[0].before is not None]
    if len(later) < len(missing):
        first = [fix for fix, _ in missing if fix.before is None]
        for fix, sights in zip(first, fences.first_sights(moves_to(first)), strict=True):
            fix.sights = sights
    if not later:
        return
    moves = moves_to([fix for fix, _ in later])
    brief = np.array([fix.brief for fix, _ in later])
    found, free = fences.sights_and_room(moves, room_m=ROOM_M, brief=brief)
    for (fix, track), sights, free_m in zip(later, found, free.tolist(), strict=True):
        fix.sights = sights
        if track is not None:
            track.free_lon, track.free_lat = fix.lon, fix.lat
            # From an edge it is not clear of, the next fix may be clear and has to be told so.
            track.free_m = free_m if free_m > fix.margin_m or not track.restless else -1.0
