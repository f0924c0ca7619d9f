"""Replay totals: what each unit did in a period, in figures."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from typing import Final

import msgspec
import numpy as np

from gis.border.border import Border
from gis.position.position import Position
from gis.river.rivers import Rivers
from gis.tracks.cleaning import clean
from gis.tracks.effort import Amount, Effort, effort
from gis.tracks.stops import stops
from gis.tracks.track import Track
from maps.errors.errors import BadRequest
from maps.replay.replay_reel import ReplayUnit, check_range, units_of
from patrol.desks.desk import Desk
from patrol.picture.liveness import LATE_AFTER
from patrol.store.schema.tables import from_us
from patrol.store.tracks.replay_columns import Film

MOST_POSITIONS: Final = 1_000_000
"""Of one answer, all units together."""

_UNKNOWN_S: Final = 60.0  # of a radio that nobody has registered
_SHORTEST_GAP_S: Final = 30.0
_ONE_AT_A_TIME: Final = asyncio.Lock()  # positions that come in would wait for it otherwise


class Silence(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which nothing was heard.

    Attributes:
        start: Time of the position before, UTC.
        end: Time of the position after, UTC.
    """

    start: datetime
    end: datetime


class UnitTotals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one unit did.

    Attributes:
        unit: Its id.
        call_sign: Its name on the radio.
        country: Its own side; absent when unknown.
        positions: How many positions these figures rest on.
        removed: How many positions could not be true, by reason.
        first: Time of the first, UTC.
        last: Time of the last, UTC.
        km: Way over ground, kilometres, silences aside.
        along_river_km: How many of them were measured along a river, between sparse reports.
        moving_hours: Hours heard and not standing.
        stop_hours: Hours standing: five minutes or longer within 100 m.
        stops: How often it stood.
        fastest_mps: Highest speed it reported, metres a second; absent where it reported none.
        sides: Kilometres and hours by country where the side is sure, `unsure`, `elsewhere`.
        gaps: How often it was silent for longer than `gap_after_s`.
        gap_hours: How long together.
        longest_gap: The longest of them.
        gap_after_s: Twice its expected interval, seconds.
    """

    unit: str
    call_sign: str
    positions: int
    first: datetime
    last: datetime
    km: float
    along_river_km: float
    moving_hours: float
    stop_hours: float
    stops: int
    gaps: int
    gap_hours: float
    gap_after_s: float
    country: str | None = None
    removed: dict[str, int] = {}
    fastest_mps: float | None = None
    sides: dict[str, Amount] = {}
    longest_gap: Silence | None = None


class ReplayTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What units did in a stretch of time.

    Attributes:
        start: First moment, UTC.
        end: Moment after the last, UTC.
        units: Each that has a position in that time, by call sign.
    """

    start: datetime
    end: datetime
    units: list[UnitTotals]


async def totals_of(
    desk: Desk,
    *,
    start: datetime,
    end: datetime,
    ids: list[str],
    border: Border,
    rivers: Rivers,
) -> ReplayTotals:
    """Return what units did.

    Args:
        desk: Of who asks.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        ids: Unit ids or radio addresses; none: all the user may see.
        border: Tells the sides.
        rivers: What boats follow between sparse reports.

    Raises:
        BadRequest: If the range cannot be played, or holds too many positions.
        Conflict: If one unit has more positions than can be read at once.
        Forbidden: If the role may not.
        NotFound: If one of `ids` is none, or the user may not know of it.
    """
    check_range(start, end)
    found: list[UnitTotals] = []
    count = 0
    async with _ONE_AT_A_TIME:
        for unit in await units_of(desk, start=start, end=end, ids=ids):
            film = (await desk.history.films(start=start, end=end, ids=[unit.id])).get(unit.id)
            if film is None:
                continue
            count += len(film)
            if count > MOST_POSITIONS:
                fault = f"more than {MOST_POSITIONS} positions: ask for less time or fewer units"
                raise BadRequest(fault, field="start")
            unit_total = await asyncio.to_thread(unit_totals, unit, film, border, rivers)
            if unit_total is not None:
                found.append(unit_total)
    return ReplayTotals(start=start, end=end, units=found)


def gap_after_s(expected_interval_s: float | None) -> float:
    """Return after how many seconds without a position nobody draws a line any more.

    >>> gap_after_s(60.0), gap_after_s(None), gap_after_s(1.0)
    (120.0, 120.0, 30.0)
    """
    return max(LATE_AFTER * (expected_interval_s or _UNKNOWN_S), _SHORTEST_GAP_S)


def unit_totals(
    unit: ReplayUnit, film: Film, border: Border | None, rivers: Rivers | None
) -> UnitTotals | None:
    """Return what one unit did; None where no position can be believed."""
    cleaned = clean(_positions(film))
    removed = Counter[str](each.reason for each in cleaned.removed)
    track = cleaned.track
    if not len(track):
        return None
    after_s = gap_after_s(unit.expected_interval_s)
    tracks = {unit.id: track}
    done: Effort = effort(tracks, border=border, rivers=rivers, max_gap_s=after_s)[unit.id]
    stood = stops(track, max_gap_s=max(after_s, 300.0))
    stop_hours = sum(each.duration_s for each in stood) / 3600.0
    gaps, longest = _silences(track, after_s)
    speeds = track.speed_mps[np.isfinite(track.speed_mps)]
    return UnitTotals(
        unit=unit.id,
        call_sign=unit.call_sign,
        country=unit.country,
        positions=len(track),
        removed=dict(removed),
        first=track.time(0),
        last=track.time(len(track) - 1),
        km=done.km,
        along_river_km=done.along_river_km,
        moving_hours=max(0.0, done.hours - stop_hours),
        stop_hours=stop_hours,
        stops=len(stood),
        fastest_mps=float(speeds.max()) if len(speeds) else None,
        sides=done.sides,
        gaps=gaps,
        gap_hours=done.gap_hours,
        longest_gap=longest,
        gap_after_s=after_s,
    )


def _silences(track: Track, after_s: float) -> tuple[int, Silence | None]:
    steps = np.diff(track.time_us)
    gaps = np.flatnonzero(steps > after_s * 1e6)
    if not len(gaps):
        return 0, None
    worst = int(gaps[steps[gaps].argmax()])
    return len(gaps), Silence(start=track.time(worst), end=track.time(worst + 1))


def _positions(film: Film) -> list[Position]:
    def known_or_none(value: float) -> float | None:
        return None if value != value else value

    return [
        Position(
            lon=lon,
            lat=lat,
            time=from_us(time_us),
            accuracy_m=error_m,
            speed_mps=known_or_none(speed_mps),
        )
        for time_us, lon, lat, error_m, speed_mps in zip(
            film.time_us.tolist(),
            film.lon.tolist(),
            film.lat.tolist(),
            film.error_m.tolist(),
            film.speed_mps.tolist(),
            strict=True,
        )
    ]
