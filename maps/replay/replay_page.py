"""Replay page: a period as one map page that plays by itself and needs no server.

A folium page with Leaflet and a small script inside (`replay_page.js`): folium's own time plugins
want scripts from public servers. Marks age and gaps are dashed as on the page `/replay`.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from gis.river.rivers import Rivers
from maps.language.wording import BUDDHIST_YEARS, Wording
from maps.replay.replay_reel import ReplayUnit, check_range, judged_film, river_bends_of, units_of
from maps.replay.replay_totals import gap_after_s
from maps.reports.rendering.page import blank_map, self_contained
from patrol.desks.desk import Desk
from patrol.store.tracks.replay_columns import Film

MOST_ON_PAGE: Final = 120_000
"""Positions of one page; of more the newest of each equal part of the time."""

HOUAY_XAI: Final = (100.41, 20.27)
"""Where a page without positions opens, longitude and latitude."""

GROUND: Final[Mapping[str, dict[str, str | float]]] = {
    "countries": {"color": "#b8b8b8", "weight": 1, "fillColor": "#f4f1ea", "fillOpacity": 1},
    "mekong": {"color": "#7fb2d6", "weight": 3},
    "borders": {"color": "#7a7a7a", "weight": 1, "dashArray": "6 4"},
}
"""Layers below the tracks, in the order drawn, and how."""

_FOLDER: Final = Path(__file__).parent
_SIDES: Final[Mapping[str, tuple[str, str]]] = {
    "LA": ("#0072b2", "#ffffff"),
    "TH": ("#e69f00", "#14100a"),
    "MM": ("#009e73", "#00140e"),
    "CN": ("#d55e00", "#140800"),
    "VN": ("#f0e442", "#14140a"),
    "KH": ("#cc79a7", "#1a0a12"),
}
_UNKNOWN: Final = ("#8a949e", "#0c1014")
_LINES: Final[Mapping[str, str]] = {"VN": "#8a8000"}
"""Where a side's colour is too pale for a line."""

_WORDS: Final = (
    "age.seconds",
    "age.minutes",
    "age.hours",
    "age.days",
    "date.buddhist",
    "liveness.live",
    "liveness.late",
    "liveness.lost",
    "replay.known",
    "replay.moment",
    "replay.not_yet",
    "replay.pause",
    "replay.play",
    "replay.printed",
    "replay.speed",
    "replay.times",
)


async def replay_page(
    desk: Desk,
    *,
    start: datetime,
    end: datetime,
    ids: list[str],
    words: Wording,
    title: str,
    ground: Mapping[str, str],
    rivers: Rivers,
) -> str:
    """Return the HTML of a page that plays where units were.

    Args:
        desk: Of who asks.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        ids: Unit ids or radio addresses; none: all the user may see.
        words: Language, calendar and local time of the reader.
        title: Name of the node.
        ground: GeoJSON of the layers drawn below, by name.
        rivers: What boats follow between sparse reports.

    Raises:
        BadRequest: If the range cannot be played.
        Conflict: If there are more positions than can be read.
        Forbidden: If the role may not.
        NotFound: If one of `ids` is none, or the user may not know of it.
        NotBuilt: If the web client has not been built.
    """
    check_range(start, end)
    units = await units_of(desk, start=start, end=end, ids=ids)
    read = await desk.history.films(start=start, end=end, ids=[each.id for each in units])
    films = await asyncio.to_thread(_believed, read)
    units_drawn = [each for each in units if each.id in films]
    return await asyncio.to_thread(
        _render,
        units_drawn,
        films,
        rivers,
        start=start,
        end=end,
        words=words,
        title=title,
        ground=ground,
    )


def _believed(films: Mapping[str, Film]) -> dict[str, Film]:
    """Return the films that hold what can be true, without what cannot."""
    judged = {id: judged_film(film) for id, film in films.items()}
    believed_units = {
        id: film.take(np.array(["jump" not in each for each in film.flags], dtype=np.bool_))
        for id, film in judged.items()
    }
    return {id: film for id, film in believed_units.items() if len(film)}


def _render(
    units: list[ReplayUnit],
    films: Mapping[str, Film],
    rivers: Rivers,
    *,
    start: datetime,
    end: datetime,
    words: Wording,
    title: str,
    ground: Mapping[str, str],
) -> str:
    import folium  # and all it draws with: only such pages need it

    count = sum(len(film) for film in films.values())
    step_s = 0.0
    if count > MOST_ON_PAGE:
        step_s = (end - start).total_seconds() * len(films) / MOST_ON_PAGE
    page = blank_map(lon=HOUAY_XAI[0], lat=HOUAY_XAI[1], zoom=12)
    for name, look in GROUND.items():
        if name in ground:
            folium.GeoJson(
                ground[name],
                style_function=lambda _feature, look=look: look,
                interactive=False,
            ).add_to(page)
    units_drawn = [_unit(each, films[each.id], rivers, start, step_s) for each in units]
    places = [(film.lat, film.lon) for film in films.values()]
    if places:
        lat = np.concatenate([each[0] for each in places])
        lon = np.concatenate([each[1] for each in places])
        page.fit_bounds([(lat.min(), lon.min()), (lat.max(), lon.max())])
    notes = [words.text("replay.page.note"), words.text("replay.borders")]
    if any(each["b"] for each in units_drawn):
        notes.insert(1, words.text("replay.along_hint"))
    if step_s:
        notes.insert(0, words.text("replay.page.thinned", number=round(step_s)))
    if not units:
        notes.insert(0, words.text("replay.nothing"))
    content: dict[str, Any] = {
        "map": page.get_name(),
        "title": words.text("replay.page.title", node=title),
        "start": round(start.timestamp() * 1000),
        "end": round(end.timestamp() * 1000),
        "zone": str(words.zone),
        "years": BUDDHIST_YEARS if words.calendar == "buddhist" else 0,
        "words": {key: words.text(key) for key in _WORDS},
        "notes": notes,
        "units": units_drawn,
    }
    made = self_contained(page)
    # In a script nothing is markup but its end and a comment.
    data = msgspec.json.encode(content).decode().replace("<", "\\u003c")
    style = (_FOLDER / "replay_page.css").read_text(encoding="utf-8")
    script = (_FOLDER / "replay_page.js").read_text(encoding="utf-8")
    head = f"<title>{html.escape(content['title'])}</title><style>{style}</style></head>"
    tail = (
        f'<script type="application/json" id="replay-data">{data}</script>'
        f"<script>{script}</script></html>"
    )
    made = made.replace("</head>", head, 1)
    made = made.replace("<html>", f'<html lang="{words.tag}">', 1)
    return made.removesuffix("</html>").rstrip().removesuffix("</html>") + tail


def _unit(
    unit: ReplayUnit, film: Film, rivers: Rivers, start: datetime, step_s: float
) -> dict[str, Any]:
    """Return a unit as the script reads it: places as differences, times as milliseconds."""
    film = film.take(_newest_of_steps(film, step_s))
    time_ms = film.time_us // 1000
    x, y = np.rint(film.lon * 1e6).astype(np.int64), np.rint(film.lat * 1e6).astype(np.int64)
    turn = np.where(np.isfinite(film.heading_deg), film.heading_deg, film.course_deg)
    colour, ink = _SIDES.get(unit.country or "", _UNKNOWN)
    first = round(start.timestamp() * 1000)
    return {
        "name": unit.call_sign,
        "kind": unit.kind or "radio",
        "code": unit.country or "?",
        "colour": colour,
        "ink": ink,
        "line": _LINES.get(unit.country or "", colour),
        "late": round(gap_after_s(unit.expected_interval_s) * 1000),
        "t": np.diff(time_ms, prepend=first).tolist(),
        "k": np.maximum(film.known_us // 1000 - time_ms, 0).tolist(),
        "x": np.diff(x, prepend=0).tolist(),
        "y": np.diff(y, prepend=0).tolist(),
        "b": {
            n: np.rint(places * 1e6).astype(np.int64).ravel().tolist()
            for n, places in river_bends_of(film, rivers).items()
        },
        "c": np.where(np.isfinite(turn), np.rint(turn), -1).astype(int).tolist(),
    }


def _newest_of_steps(film: Film, step_s: float) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = np.ones(len(film), dtype=np.bool_)
    if step_s and len(mask):
        parts = film.time_us // round(step_s * 1e6)
        newest = np.append(parts[1:] != parts[:-1], True)
        mask &= newest
    return mask
