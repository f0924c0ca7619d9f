"""Histories: long tracks, read once for all the tiles that show them.

A history is what one policy lets pass of one stretch of time. It is kept for a minute, so that the
dozen tiles of a screen cost one reading, and not beyond the policy epoch in which it was read, so
that what was shared and is not any more is gone. What cannot be true is left out, and between
sparse reports a boat on a river went along it, as in every figure. For each zoom the lines are made
thin once: half a pixel is not seen.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.files.export_content import GAP
from gis.geometry.vector_tile import EXTENT, LineFeature, Value, encode_lines, project
from gis.river.rivers import Rivers
from gis.tracks.bends import with_bends
from gis.tracks.cleaning import believed
from gis.tracks.track import Track
from maps.runtime.fair_queue import FairQueue
from patrol.desks.desk import Desk
from patrol.store.tracks.history import PositionHistory

DEEPEST: Final = 14
"""Highest zoom; a page stretches these tiles when it goes nearer."""

LARGEST_TILE: Final = 250_000
"""Most bytes of a tile, before compression."""

KEPT_S: Final = 60.0
MOST_KEPT: Final = 3
_PIECES: Final = 48  # a track is cut in so many of the whole time, so that age can be drawn
_BUFFER: Final = 64 / EXTENT  # of a tile's edge: what is drawn wide there must not end at it
_PIXEL: Final = 1 / 512  # of a tile's edge on the screen
_FIRST_ROUGHER: Final = 2.0


class History:
    """Where everything was in a stretch of time, on the tile grid.

    Args:
        paths: Where each unit or radio was.
        about: What is told of each, by id.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        rivers: What boats follow between sparse reports.
    """

    def __init__(
        self,
        paths: Mapping[str, PositionHistory],
        about: Mapping[str, Mapping[str, Value | None]],
        *,
        start: datetime,
        end: datetime,
        rivers: Rivers,
    ) -> None:
        self._lines: list[shapely.LineString] = []
        self._rows: list[dict[str, Value | None]] = []
        step_s = max((end - start).total_seconds() / _PIECES, 60.0)
        for id, path in paths.items():
            track = _clean_track(path, rivers)
            times_s = track.time_us / 1e6
            x, y = project(track.lon, track.lat)
            for first, last in _pieces(times_s, start.timestamp(), step_s):
                piece = np.column_stack([x[first : last + 1], y[first : last + 1]])
                self._lines.append(shapely.LineString(piece))
                self._rows.append(
                    {
                        "id": id,
                        **about.get(id, {}),
                        "start": int(times_s[first]),
                        "end": int(times_s[last]),
                    }
                )
        self._at_zoom: dict[int, tuple[NDArray[Any], shapely.STRtree]] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def tile(self, z: int, x: int, y: int) -> bytes:
        """Return the tile with a layer `tracks`, at most `LARGEST_TILE` bytes; empty for nothing.

        Every feature has `id`, what is told of it, and `start` and `end` in seconds since 1970.
        A tile that would be larger shows rougher lines, and at last only the newest.
        """
        lines, tree = self._thinned(z)
        edge = 1 / 2**z
        west, north = x * edge, y * edge
        reach = edge * _BUFFER
        box = (west - reach, north - reach, west + edge + reach, north + edge + reach)
        found = np.sort(tree.query(shapely.box(*box)))
        if not len(found):
            return b""
        inside = shapely.clip_by_rect(lines[found], *box)
        rougher = _FIRST_ROUGHER
        made = self._encoded(found, inside, west, north, edge)
        while len(made) > LARGEST_TILE and rougher <= 64:
            inside = shapely.simplify(inside, edge * _PIXEL * rougher, preserve_topology=False)
            made = self._encoded(found, inside, west, north, edge)
            rougher *= 2
        newest = np.argsort([-int(self._rows[at]["end"] or 0) for at in found], kind="stable")
        while len(made) > LARGEST_TILE:
            newest = newest[: len(newest) // 2]
            made = self._encoded(found[newest], inside[newest], west, north, edge)
        return made

    def _thinned(self, z: int) -> tuple[NDArray[Any], shapely.STRtree]:
        if z not in self._at_zoom:
            tolerance = _PIXEL / 2 / 2**z
            lines = np.asarray(self._lines, dtype=object)
            if len(lines):
                lines = shapely.simplify(lines, tolerance, preserve_topology=False)
            self._at_zoom[z] = lines, shapely.STRtree(lines)
        return self._at_zoom[z]

    def _encoded(
        self, found: NDArray[Any], inside: NDArray[Any], west: float, north: float, edge: float
    ) -> bytes:
        features = []
        for at, shape in zip(found.tolist(), inside.tolist(), strict=True):
            lines = list(_whole_units(shape, west, north, edge))
            if lines:
                features.append(LineFeature(lines=lines, properties=self._rows[at]))
        return encode_lines({"tracks": features})


class Histories:
    """The histories that were asked for lately.

    Args:
        rivers: What boats follow between sparse reports.
        now: A clock that only goes forward, seconds.
    """

    def __init__(self, rivers: Rivers, now: Callable[[], float] = monotonic) -> None:
        self._rivers, self._now = rivers, now
        self._cache: OrderedDict[tuple[Any, ...], tuple[float, int | None, History]] = OrderedDict()
        self._turns = FairQueue()

    async def of(
        self, desk: Desk, *, start: datetime, end: datetime, ids: Sequence[str]
    ) -> History:
        """Return what `desk` may see of `ids` (none: of everything) from `start` to `end`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If one of `ids` is none, or the user may not know of it.
        """
        async with self._turns.turn(desk.user.name):
            whose = (desk.policy.agency, desk.policy.role, desk.visible.epoch)
            key = (*whose, start, end, tuple(sorted(ids)))
            made_at, crossed_in, history = self._cache.get(key, (0.0, None, None))
            desk.visible.note_crossing(crossed_in)
            if history is None or self._now() - made_at > KEPT_S:
                paths = await desk.history.paths(start=start, end=end, ids=ids or None)
                about = {id: _about(desk, id) for id in paths}
                history = await asyncio.to_thread(
                    History, paths, about, start=start, end=end, rivers=self._rivers
                )
                self._cache[key] = self._now(), desk.visible.crossed_in, history
                while len(self._cache) > MOST_KEPT:
                    self._cache.popitem(last=False)
            self._cache.move_to_end(key)
            return history


def _clean_track(path: PositionHistory, rivers: Rivers) -> Track:
    """Return a path as it is counted: without what cannot be true, and along rivers."""
    unsaid = np.full(len(path.times_s), np.nan)
    track = Track(
        time_us=np.rint(path.times_s * 1e6).astype(np.int64),
        lon=path.lons,
        lat=path.lats,
        altitude_m=unsaid,
        accuracy_m=path.error_m,
        speed_mps=path.speeds_mps,
        course_deg=unsaid,
        heading_deg=unsaid,
    )
    track = track.take(believed(track))
    return with_bends(track, rivers, max_gap_s=GAP.total_seconds())[0]


def _about(desk: Desk, id: str) -> dict[str, Value | None]:
    state = desk.visible.unit(id, unplaced=True)  # there is a path of it
    return {"call_sign": state.call_sign, "kind": state.kind, "side": state.country or "unknown"}


def _pieces(
    times_s: NDArray[np.float64], start_s: float, step_s: float
) -> Iterator[tuple[int, int]]:
    """Yield first and last index of each piece of a path: cut by silences and by `step_s`.

    A piece that the next one follows without a silence ends where that begins.
    """
    if len(times_s) < 2:
        return
    silent = np.diff(times_s) > GAP.total_seconds()
    step = np.floor((times_s - start_s) / step_s)
    cut = np.flatnonzero(silent | (np.diff(step) > 0)) + 1  # where a new piece begins
    begins = [0, *cut.tolist()]
    for number, first in enumerate(begins):
        last = begins[number + 1] if number + 1 < len(begins) else len(times_s) - 1
        if number + 1 < len(begins) and silent[last - 1]:
            last -= 1
        if last > first:
            yield first, last


def _whole_units(
    shape: shapely.Geometry, west: float, north: float, edge: float
) -> Iterator[NDArray[np.int64]]:
    """Yield the lines of a shape in whole tile units, equal neighbours left out."""
    for line in shapely.get_parts(shape):
        if line.geom_type != "LineString" or line.is_empty:
            continue
        places = shapely.get_coordinates(line)
        units = np.rint((places - (west, north)) / edge * EXTENT).astype(np.int64)
        mask = np.ones(len(units), dtype=bool)
        mask[1:] = (np.diff(units, axis=0) != 0).any(axis=1)
        units = units[mask]
        if len(units) > 1:
            yield units
