"""Replay reel: data to play a period: units, documents, packed positions.

Positions go as columns of little-endian numbers, some hundred thousand in an answer, since JSON of
them costs a browser seconds. The layout stands in `docs/guides/replay.md`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from gis.geometry.geodesy import Floats
from gis.river.rivers import Rivers
from gis.tracks.cleaning import believed
from gis.tracks.legs import river_bends
from gis.tracks.track import Track
from maps.errors.errors import BadRequest
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound
from patrol.store.schema.tables import to_us
from patrol.store.tracks.replay_columns import Film
from patrol.units.units import UnitKind
from patrol.units.wire import UnitState

LONGEST: Final = timedelta(days=7)
"""Of one replay."""

MOST_UNITS: Final = 500

MAGIC: Final = b"JPR1"
NONE_16: Final = 0xFFFF
"""In a column of 16 bits: nobody said so."""

LONGEST_LEG: Final = timedelta(hours=1)
"""Longer without a position, and no line is drawn along a river."""

JUMP: Final = 1
BY_VOICE: Final = 2
CALLS: Final = 4
"""Bits of the column `flags`: nothing could have gone there; by voice; it called for help."""

MEDIA_TYPE: Final = "application/vnd.joint-patrol.positions"


class ReplayUnit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A unit, or a radio that nobody has registered, of a replay.

    Attributes:
        id: Unit id or radio address.
        call_sign: Name on the radio.
        agency: Owner's id.
        kind: What it is; absent for an unknown radio.
        country: Side, ISO 3166-1 alpha-2.
        known: False for a radio that nobody has registered.
        expected_interval_s: Longest normal time between two positions, seconds.
    """

    id: str
    call_sign: str
    agency: str
    kind: UnitKind | None = None
    country: str | None = None
    known: bool = True
    expected_interval_s: float | None = None


class Reel(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"documents": "papers", "documents_left_off": "papers_left_off"},
):
    """What is played, positions aside.

    Attributes:
        start: First moment, UTC.
        end: Moment after the last, UTC.
        made_at: When this was told, UTC.
        time_zone: IANA name of this node's local time.
        units: By call sign.
        documents: Every version of sectors, patrols, agreements, alerts, targets, hand-offs and
            incidents that stood in that time, by the time it was made; also incidents and alerts
            of that time that were told later.
        outlines: GeoJSON of the areas of river stretches, by `id version`.
        papers_left_off: More documents stood than are told.
    """

    start: datetime
    end: datetime
    made_at: datetime
    time_zone: str
    units: tuple[ReplayUnit, ...]
    documents: tuple[Any, ...] = ()
    outlines: dict[str, dict[str, Any]] = {}
    documents_left_off: bool = False


def check_range(start: datetime, end: datetime) -> None:
    """Raise unless the range can be played.

    Raises:
        BadRequest: If it is none, or longer than seven days.
    """
    if not timedelta() < end - start <= LONGEST:
        raise BadRequest(f"end comes after start, by {LONGEST.days} days at most", field="end")


async def units_of(
    desk: Desk, *, start: datetime, end: datetime, ids: Sequence[str] = ()
) -> list[ReplayUnit]:
    """Return the units of a replay, by call sign.

    Another agency's, which is seen nowhere now, only where a position of it is told: its name
    alone does not cross.

    Raises:
        Forbidden: If the role may not.
        NotFound: If one of `ids` is none, or the user may not know of it.
    """
    result: list[ReplayUnit] = []
    chosen: Iterable[UnitState] = (
        [desk.visible.unit(id, unplaced=True) for id in ids]
        if ids
        else desk.history.replayable_units()
    )
    # Each once, though it was named twice: nothing of it must be counted twice.
    for state in {state.id: state for state in chosen}.values():
        if not await desk.history.is_known(state, start=start, end=end):
            if ids:
                raise NotFound("unit or radio", state.id)
            continue
        result.append(
            ReplayUnit(
                id=state.id,
                call_sign=state.call_sign,
                agency=state.agency,
                kind=state.kind,
                country=state.country,
                known=state.known,
                expected_interval_s=state.expected_interval_s,
            )
        )
    return sorted(result, key=lambda each: (each.call_sign.casefold(), each.id))


async def reel_of(
    desk: Desk, *, start: datetime, end: datetime, ids: Sequence[str], now: datetime, time_zone: str
) -> Reel:
    """Return what is played, positions aside.

    Raises:
        BadRequest: If the range cannot be played.
        Forbidden: If the role may not.
        NotFound: If one of `ids` is none, or the user may not know of it.
    """
    check_range(start, end)
    units = await units_of(desk, start=start, end=end, ids=ids)
    stood = await desk.replay.documents_between(start=start, end=end)
    return Reel(
        start=start,
        end=end,
        made_at=now,
        time_zone=time_zone,
        units=tuple(units),
        documents=stood.documents,
        outlines=stood.outlines,
        documents_left_off=stood.has_more,
    )


def track_of_film(film: Film) -> Track:
    """Return the positions of a film as a track."""
    unsaid = np.full(len(film), np.nan)
    return Track(
        time_us=film.time_us,
        lon=film.lon,
        lat=film.lat,
        altitude_m=unsaid,
        accuracy_m=film.error_m,
        speed_mps=film.speed_mps,
        course_deg=unsaid,
        heading_deg=unsaid,
    )


def judged_film(film: Film) -> Film:
    """Return a film of one unit in which all that cannot be true bears the flag `jump`: what was
    marked when it came in, and what only those after it tell (`gis.tracks.cleaning`).
    """
    left = np.zeros(len(film), dtype=np.bool_)
    left[believed(track_of_film(film))] = True
    return msgspec.structs.replace(
        film,
        flags=[
            flags if true or "jump" in flags else f"{flags} jump".strip()
            for flags, true in zip(film.flags, left.tolist(), strict=True)
        ],
    )


def river_bends_of(film: Film, rivers: Rivers) -> dict[int, Floats]:
    """Return where the lines to positions bend that go along a river, as distance is measured.

    Args:
        film: Of one unit, oldest first; what nothing could have reached is passed over.
        rivers: What boats follow between sparse reports.

    Returns:
        By the number of the position: longitudes and latitudes (n, 2) between the one before it
        that can be believed, and it.
    """
    numbers = np.flatnonzero(["jump" not in each for each in film.flags])
    track = track_of_film(film).take(numbers)
    bends = river_bends(track, rivers, max_gap_s=LONGEST_LEG.total_seconds())
    return {int(numbers[n]): places for n, places in bends.items()}


def packed_films(films: Mapping[str, Film], rivers: Rivers, start: datetime) -> bytes:
    """Return films as one block: magic, length of the head, head (JSON), then the columns.

    Each column starts at a multiple of eight bytes from the beginning of the block.

    Args:
        films: By unit.
        rivers: What boats follow between sparse reports: the head tells where such lines bend.
        start: Positions before that are not told; they are there for the line to the first after.
    """
    whole: list[Film] = []
    units: list[dict[str, Any]] = []
    for id, film in films.items():
        film = judged_film(film)
        first = int(np.searchsorted(film.time_us, to_us(start)))
        bends = river_bends_of(film, rivers)
        film = film.take(np.arange(len(film)) >= first)
        if not len(film):
            continue
        whole.append(film)
        head_fields = {"id": id, "count": len(film)}
        bent = [
            [n - first, *np.rint(places * 1e7).astype(np.int64).ravel().tolist()]
            for n, places in bends.items()
            if n >= first
        ]
        units.append(head_fields | {"bends": bent} if bent else head_fields)
    columns = {
        "time_ms": (_joined(whole, "time_us", np.int64) / 1000.0).astype("<f8"),
        "known_ms": (_joined(whole, "known_us", np.int64) / 1000.0).astype("<f8"),
        "lon_e7": np.rint(_joined(whole, "lon", np.float64) * 1e7).astype("<i4"),
        "lat_e7": np.rint(_joined(whole, "lat", np.float64) * 1e7).astype("<i4"),
        "river_km": _joined(whole, "river_km", np.float64).astype("<f4"),
        "speed_cmps": _short(_joined(whole, "speed_mps", np.float64) * 100.0),
        "course_cdeg": _short(_joined(whole, "course_deg", np.float64) % 360.0 * 100.0),
        "heading_cdeg": _short(_joined(whole, "heading_deg", np.float64) % 360.0 * 100.0),
        "accuracy_m": _short(_joined(whole, "accuracy_m", np.float64)),
        "flags": np.concatenate(
            [np.empty(0, dtype="<u2"), *(_bits(film) for film in whole)]
        ).astype("<u2"),
    }
    bodies = {name: np.ascontiguousarray(each) for name, each in columns.items()}
    head: dict[str, Any] = {
        "units": units,
        "columns": [{"name": name, "type": each.dtype.str} for name, each in bodies.items()],
    }
    head_bytes = msgspec.json.encode(head)
    head_bytes += b" " * (-(8 + len(head_bytes)) % 8)
    parts = [MAGIC, struct.pack("<I", len(head_bytes)), head_bytes]
    for each in bodies.values():
        body = each.tobytes()
        parts += [body, b"\0" * (-len(body) % 8)]
    return b"".join(parts)


def _joined(films: Sequence[Film], name: str, kind: Any) -> NDArray[Any]:
    return np.concatenate([np.empty(0, dtype=kind), *(getattr(film, name) for film in films)])


def _short(values: NDArray[np.float64]) -> NDArray[np.uint16]:
    known = np.isfinite(values) & (values >= 0.0)
    return np.where(
        known, np.minimum(np.rint(np.where(known, values, 0.0)), NONE_16 - 1), NONE_16
    ).astype("<u2")


def _bits(film: Film) -> NDArray[np.uint16]:
    bits = np.array(
        [("jump" in each) * JUMP + ("by_voice" in each) * BY_VOICE for each in film.flags],
        dtype=np.uint16,
    )
    return bits + film.distress.astype(np.uint16) * CALLS
