"""Charts as inline SVG: lying bars for names, standing bars for days, a band for a river.

No library and no script: a report must open in any browser, and print. Values are written beside
the bars, so that nothing rests on colour or on a guess at a scale.
"""

from __future__ import annotations

import math
from typing import Final

from markupsafe import escape

from maps.reports.document.document import Bars, Strip, number
from maps.typesetting.font_families import FAMILY
from maps.typesetting.lettering import cut_to, width_of

WIDTH: Final = 720.0
HEAT: Final = ("#ffffff", "#d5e4bd", "#9cc48d", "#4f9a6d", "#1c6650")
"""From nothing to much: light to dark, in grey as well."""

_ROW: Final = 24.0
_SIZE: Final = 11.0
_INK: Final = "#222222"
_FAINT: Final = "#d8d8d8"


def bars_svg(chart: Bars) -> str:
    """Return the bars as an `<svg>` element."""
    return _standing(chart) if chart.upright else _lying(chart)


def _lying(chart: Bars) -> str:
    names = min(max([width_of(label, _SIZE) for label in chart.labels] + [60.0]), 240.0)
    sums = [sum(each.values[n] for each in chart.series) for n in range(len(chart.labels))]
    most = max([*sums, 0.0]) or 1.0
    labels = [number(value, chart.decimals) for value in sums]
    room = WIDTH - names - 24.0 - max([width_of(each, _SIZE) for each in labels] + [10.0])
    high = _ROW * len(chart.labels) + 6.0
    parts = [_open(chart.title, high)]
    for n, label in enumerate(chart.labels):
        y = 3.0 + n * _ROW
        parts.append(_svg_text(names, y + 15.0, cut_to(label, names, _SIZE), anchor="end"))
        x = names + 10.0
        for each in chart.series:
            long = room * max(each.values[n], 0.0) / most
            if long > 0:
                parts.append(_rect(x, y + 3.0, long, _ROW - 8.0, each.colour))
            x += long
        parts.append(_svg_text(x + 5.0, y + 15.0, labels[n]))
    parts.append(f'<path d="M{names + 10:g} 0V{high:g}" stroke="{_INK}" stroke-width="0.8"/></svg>')
    return "".join(parts)


def _standing(chart: Bars) -> str:
    high, left, foot = 190.0, 46.0, 30.0
    sums = [sum(each.values[n] for each in chart.series) for n in range(len(chart.labels))]
    top = _round_up(max([*sums, 0.0]) or 1.0)
    room = high - foot - 12.0
    step = (WIDTH - left - 6.0) / max(len(chart.labels), 1)
    parts = [_open(chart.title, high)]
    for share in (0.0, 0.5, 1.0):
        y = high - foot - room * share
        parts.append(f'<path d="M{left:g} {y:.1f}H{WIDTH - 4:g}" stroke="{_FAINT}"/>')
        parts.append(_svg_text(left - 6.0, y + 4.0, _tick(top * share), anchor="end"))
    widest = max([width_of(label, 10.0) for label in chart.labels] + [1.0])
    every = max(1, math.ceil((widest + 6.0) / step))
    for n, label in enumerate(chart.labels):
        x, y = left + n * step + step * 0.14, high - foot
        for each in chart.series:
            tall = room * max(each.values[n], 0.0) / top
            y -= tall
            if tall > 0:
                parts.append(_rect(x, y, step * 0.72, tall, each.colour))
        if n % every == 0:
            middle = x + step * 0.36
            parts.append(_svg_text(middle, high - foot + 16.0, label, anchor="middle", size=10.0))
    parts.append(f'<path d="M{left:g} {high - foot:g}H{WIDTH - 4:g}" stroke="{_INK}"/></svg>')
    return "".join(parts)


def strip_svg(strip: Strip) -> str:
    """Return the band as an `<svg>` element."""
    if not strip.cells:
        return ""
    low, top = strip.cells[0].start, strip.cells[-1].end
    left, right, high = 16.0, WIDTH - 16.0, 132.0
    band, tall = 56.0, 26.0

    def at(km: float) -> float:
        return left + (right - left) * (km - low) / ((top - low) or 1.0)

    parts = [_open(strip.title, high)]
    run_start = 0
    for n, cell in enumerate(strip.cells):
        last = n + 1 == len(strip.cells)
        if not last and strip.cells[n + 1].level == cell.level:
            continue
        x = at(strip.cells[run_start].start)
        parts.append(_rect(x, band, at(cell.end) - x, tall, HEAT[cell.level]))
        run_start = n + 1
    frame = f'x="{left:g}" y="{band:g}" width="{right - left:g}" height="{tall:g}"'
    parts.append(f'<rect {frame} fill="none" stroke="{_INK}" stroke-width="0.8"/>')
    step = _round_up((top - low) / 8.0)
    km = math.ceil(low / step) * step
    while km <= top:
        x = at(km)
        parts.append(f'<path d="M{x:.1f} {band + tall:g}v5" stroke="{_INK}"/>')
        parts.append(_svg_text(x, band + tall + 17.0, _tick(km), anchor="middle", size=10.0))
        km += step
    parts.append(_svg_text(right, band + tall + 34.0, strip.unit, anchor="end", size=10.0))
    free = [-math.inf, -math.inf]  # where each of the two rows of names ends
    for km, name in sorted(strip.marks):
        if not low <= km <= top:
            continue
        x, wide = at(km), width_of(name, 10.0)
        start = min(max(x - wide / 2.0, 2.0), WIDTH - wide - 2.0)
        parts.append(
            f'<path d="M{x:.1f} {band - 9:g}V{band + tall:g}" stroke="{_INK}" stroke-width="0.7"/>'
        )
        row = next((n for n, end in enumerate(free) if start > end), None)
        if row is not None:
            parts.append(_svg_text(start, band - 13.0 - row * 15.0, name, size=10.0))
            free[row] = start + wide + 6.0
    parts.append("</svg>")
    return "".join(parts)


def _open(title: str, high: float) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" '
        f'aria-label="{escape(title)}" font-family="{FAMILY}" '
        f'viewBox="0 0 {WIDTH:g} {high:g}" width="{WIDTH:g}" height="{high:g}">'
    )


def _svg_text(x: float, y: float, text: str, *, anchor: str = "start", size: float = _SIZE) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" '
        f'fill="{_INK}">{escape(text)}</text>'
    )


def _rect(x: float, y: float, wide: float, tall: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{colour}" '
        'stroke="#555555" stroke-width="0.4"/>'
    )


def _round_up(value: float) -> float:
    """Return the next round number: 1, 2 or 5 times a power of ten.

    >>> _round_up(0.7), _round_up(33.0), _round_up(5.0)
    (1.0, 50.0, 5.0)
    """
    power = 10.0 ** math.floor(math.log10(value))
    return next(nice * power for nice in (1.0, 2.0, 5.0, 10.0) if nice * power >= value * 0.999999)


def _tick(value: float) -> str:
    return number(value) if value == round(value) else f"{value:g}"
