"""Debrief: where one unit was, as one self-contained map page.

The track is cut where nothing was heard for longer than the unit's late limit, so that a straight
line never pretends to be a heard one.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import folium

from maps.reports.page import blank_map, self_contained
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
    time_zone: ZoneInfo,
    ground: Mapping[str, str],
) -> str:
    """Return the HTML of the debrief of one unit.

    Args:
        desk: Of who asks.
        unit: Unit id or radio address.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        time_zone: Of the local times printed beside UTC.
        ground: GeoJSON of the layers drawn below, by name: those of `GROUND` that are there.

    Returns:
        One HTML page; without positions in that time it says so.

    Raises:
        Forbidden: If the role may not.
        NotFound: If there is no such unit, or the user may not know of it.
        NotBuilt: If the web client has not been built.
    """
    fixes = await desk.track(unit, start=start, end=end)
    state = desk.unit(unit, placed=not fixes)
    heading = _heading(state, len(fixes), start, end, time_zone)
    gap_s = LATE_AFTER * (state.expected_interval_s or 60.0)
    return await asyncio.to_thread(_draw, fixes, gap_s, heading, time_zone, ground)


def _draw(
    fixes: list[Fix], gap_s: float, heading: str, time_zone: ZoneInfo, ground: Mapping[str, str]
) -> str:
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
            tooltip=html.escape(_words(fix, time_zone)),
        ).add_to(page)
    if fixes:
        page.fit_bounds(
            [
                (min(fix.lat for fix in fixes), min(fix.lon for fix in fixes)),
                (max(fix.lat for fix in fixes), max(fix.lon for fix in fixes)),
            ]
        )
    page.get_root().html.add_child(folium.Element(heading))  # type: ignore[attr-defined]
    return self_contained(page)


def legs(fixes: list[Fix], *, gap_s: float) -> list[list[Fix]]:
    """Cut a track, oldest first, wherever nothing was heard for longer than `gap_s` seconds.

    >>> legs([], gap_s=60)
    []
    """
    cut: list[list[Fix]] = []
    for fix in fixes:
        if cut and fix.time - cut[-1][-1].time <= timedelta(seconds=gap_s):
            cut[-1].append(fix)
        else:
            cut.append([fix])
    return cut


def _heading(
    state: UnitState, count: int, start: datetime, end: datetime, time_zone: ZoneInfo
) -> str:
    found = f"{count} positions" if count else "no position in this time"
    return (
        '<div style="position:fixed;z-index:1000;left:50px;top:10px;padding:8px 12px;'
        'background:#fff;border:1px solid #777;font:14px/1.5 sans-serif">'
        f"<b>{html.escape(state.call_sign)}</b>: {found}<br>"
        f"{_time(start, time_zone)} to {_time(end, time_zone)}<br>"
        f"<small>Borders © OpenStreetMap contributors (ODbL), drawn, not a legal line</small></div>"
    )


def _words(fix: Fix, time_zone: ZoneInfo) -> str:
    words = [_time(fix.time, time_zone), f"{fix.lat:.5f}, {fix.lon:.5f}"]
    if fix.river_km is not None:
        words.append(f"km {fix.river_km:.1f}")
        words.append("midstream" if fix.bank == "mid" else f"{fix.bank or 'unsure'} bank")
    if fix.speed_mps is not None:
        words.append(f"{fix.speed_mps:.1f} m/s")
    return " · ".join((*words, *fix.flags))


def _time(time: datetime, time_zone: ZoneInfo) -> str:
    local = time.astimezone(time_zone)
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC ({local:%H:%M %z})"
