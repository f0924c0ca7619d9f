"""Debrief: where one unit was, as one self-contained map page.

The track is cut where nothing was heard for longer than the unit's late limit, so that a straight
line never pretends to be a heard one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from maps.reports import telling
from maps.reports.fonts import faces
from maps.reports.gathering import fixes_of, legs
from maps.reports.page import blank_map, inert, self_contained
from maps.typesetting.cuts import FAMILY
from maps.wording import Wording
from patrol.changes import Fix, UnitState
from patrol.desk import Desk
from patrol.rules.liveness import LATE_AFTER

_TRACK = "#0072B2"
HOUAY_XAI: Final = (100.41, 20.27)
"""Where a page without positions opens, longitude and latitude."""

GROUND: Final[Mapping[str, dict[str, str | float]]] = {
    "countries": {"color": "#b8b8b8", "weight": 1, "fillColor": "#f4f1ea", "fillOpacity": 1},
    "mekong": {"color": "#7fb2d6", "weight": 3},
    "borders": {"color": "#7a7a7a", "weight": 1, "dashArray": "6 4"},
}
"""Layers below the track, in the order drawn, and how."""


async def debrief(
    desk: Desk,
    *,
    unit: str,
    start: datetime,
    end: datetime,
    words: Wording,
    ground: Mapping[str, str],
) -> str:
    """Return the HTML of the debrief of one unit.

    Args:
        desk: Of who asks.
        unit: Unit id or radio address.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        words: The reader's language, calendar and local time.
        ground: GeoJSON of the layers drawn below, by name: those of `GROUND` that are there.

    Returns:
        One HTML page; without positions in that time it says so.

    Raises:
        BadRequest: If there are more positions than a report can hold.
        Forbidden: If the role may not.
        NotFound: If there is no such unit, or the user may not know of it.
        NotBuilt: If the web client has not been built.
    """
    found = await fixes_of(desk, [unit], start, end)
    fixes = found.get(unit, [])
    state = desk.unit(unit, unplaced=bool(fixes))
    heading = _heading(state, len(fixes), start, end, words)
    gap_s = LATE_AFTER * (state.expected_interval_s or 60.0)
    return await asyncio.to_thread(_draw, fixes, gap_s, heading, words, ground)


def _draw(
    fixes: list[Fix], gap_s: float, heading: str, words: Wording, ground: Mapping[str, str]
) -> str:
    import folium  # and all it draws with: only such pages need it

    lon, lat = (fixes[-1].lon, fixes[-1].lat) if fixes else HOUAY_XAI
    page = blank_map(lon=lon, lat=lat, zoom=12)
    for name, style in GROUND.items():
        if name in ground:
            folium.GeoJson(
                ground[name],
                style_function=lambda _feature, style=style: style,
                interactive=False,
            ).add_to(page)
    for leg in legs(fixes, gap_s=gap_s):
        line = [(fix.lat, fix.lon) for fix in leg]
        folium.PolyLine(line, color=_TRACK, weight=3).add_to(page)  # type: ignore[no-untyped-call]
    for fix in fixes[:: max(1, len(fixes) // 400)]:
        folium.CircleMarker(
            (fix.lat, fix.lon),
            radius=3,
            color=_TRACK,
            fill=True,
            tooltip=inert(_words(fix, words)),
        ).add_to(page)
    if fixes:
        page.fit_bounds(
            [
                (min(fix.lat for fix in fixes), min(fix.lon for fix in fixes)),
                (max(fix.lat for fix in fixes), max(fix.lon for fix in fixes)),
            ]
        )
    page.get_root().html.add_child(folium.Element(heading))  # type: ignore[attr-defined]
    made = self_contained(page)
    fonts = f"<style>{faces(heading)}</style>"
    return made.replace("<html>", f'<html lang="{words.tag}">', 1).replace(
        "<head>", f"<head>{fonts}", 1
    )


def _heading(state: UnitState, count: int, start: datetime, end: datetime, words: Wording) -> str:
    found = words.say("report.positions_found", n=count) if count else words.say("report.nowhere")
    span = inert(telling.span(words, start, end)).replace("\n", "<br>")
    return (
        '<div style="position:fixed;z-index:1000;left:50px;top:10px;padding:8px 12px;'
        f'background:#fff;border:1px solid #777;font:14px/1.6 {FAMILY}, sans-serif">'
        f"<b>{inert(state.call_sign)}</b>: {inert(found)}<br>{span}<br>"
        f"<small>{inert(str(words.zone))}. {inert(words.say('report.border_drawn'))} "
        "© OpenStreetMap contributors (ODbL)</small></div>"
    )


def _words(fix: Fix, words: Wording) -> str:
    said = [
        words.moment(fix.time, seconds=True),
        telling.in_utc(words, fix.time),
        telling.coordinates(fix.lon, fix.lat),
    ]
    if fix.river_km is not None:
        said.append(words.say("river.km", km=f"{fix.river_km:.1f}"))
        said.append(words.say(f"bank.{fix.bank or 'unsure'}"))
    if fix.speed_mps is not None:
        said.append(f"{fix.speed_mps:.1f} m/s")
    flags = (words.say_if_any(f"flag.{flag}") or flag for flag in fix.flags)
    return " · ".join((*said, *flags))
