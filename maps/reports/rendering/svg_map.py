"""A map as inline SVG: no tiles, no script, the same in a browser and on paper.

Equirectangular round the middle of its box, which at the size of a patrol is true to shape within a
few thousandths. North is up, so the arrow is straight. Labels that would lie on each other are left
out, those first that come last.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from markupsafe import escape

from maps.reports.document.document import Key, Place, Plate, Shape
from maps.reports.rendering.map_styles import LOOKS, Looks
from maps.typesetting.font_families import FAMILY
from maps.typesetting.lettering import cut_to, width_of

WIDTH: Final = 720.0
"""Of the drawing, points of its own; it is scaled to the page."""

_HIGHEST: Final = 620.0
_LOWEST: Final = 300.0
_LETTERS: Final = 11.0
_BOTTOM: Final = 34.0  # of the strip below with scale and north
_METRES_PER_DEG: Final = 111_195.0
_NICE: Final = (1, 2, 5)

Box = tuple[float, float, float, float]


def map_svg(plate: Plate) -> str:
    """Return the map as an `<svg>` element."""
    view = _View(plate.box)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="map" role="img" '
            f'aria-label="{escape(plate.title)}" font-family="{FAMILY}" '
            f'viewBox="0 0 {WIDTH:g} {view.height + _BOTTOM:g}" '
            f'width="{WIDTH:g}" height="{view.height + _BOTTOM:g}">'
        ),
        f'<rect x="0" y="0" width="{WIDTH:g}" height="{view.height:g}" fill="#ffffff"/>',
    ]
    parts += [_svg_shape(shape, view) for shape in plate.shapes]
    parts += _labels(plate.shapes, view)
    # What lies beyond the lower edge is covered, where scale and north stand.
    parts.append(
        f'<rect x="0" y="{view.height:g}" width="{WIDTH:g}" height="{_BOTTOM:g}" fill="#ffffff"/>'
    )
    frame = f'x="0" y="0" width="{WIDTH:g}" height="{view.height:g}"'
    parts.append(f'<rect {frame} fill="none" stroke="#333333" stroke-width="1"/>')
    parts += _scale(view)
    parts += _arrow(plate.north)
    parts.append("</svg>")
    return "".join(parts)


def key_svg(key: Key) -> str:
    """Return the sample of a legend's line as an `<svg>` element."""
    looks = LOOKS[key.style]
    open_ = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="26" height="14" viewBox="0 0 26 14" '
        'aria-hidden="true">'
    )
    if key.form == "line":
        body = f'<path d="M1 7H25" {_stroke(looks, key.colour)} fill="none"/>'
    elif key.form == "area":
        body = f'<path d="M2 2H24V12H2Z" {_stroke(looks, key.colour)} {_fill(looks)}/>'
    else:
        body = _mark(13.0, 7.0, looks, key.colour)
    return f"{open_}{body}</svg>"


class _View:
    """Where a place of the box lies in the drawing."""

    def __init__(self, box: Box) -> None:
        west, south, east, north = box
        middle = math.radians((south + north) / 2.0)
        self._squeeze = max(math.cos(middle), 0.01)
        wide = max((east - west) * self._squeeze, 1e-4)
        high = max(north - south, 1e-4)
        height = WIDTH * high / wide
        self.height = min(max(height, _LOWEST), _HIGHEST)
        # The box is widened to the form of the drawing; nothing of it is cut off.
        self.scale = min(WIDTH / wide, self.height / high)
        self._middle = ((west + east) / 2.0, (south + north) / 2.0)
        self.metres = _METRES_PER_DEG / self.scale
        half_lon = WIDTH / 2.0 / self.scale / self._squeeze
        half_lat = self.height / 2.0 / self.scale
        self.box: Box = (
            self._middle[0] - half_lon,
            self._middle[1] - half_lat,
            self._middle[0] + half_lon,
            self._middle[1] + half_lat,
        )

    def at(self, place: Place) -> tuple[float, float]:
        x = WIDTH / 2.0 + (place[0] - self._middle[0]) * self._squeeze * self.scale
        y = self.height / 2.0 - (place[1] - self._middle[1]) * self.scale
        return x, y

    def holds(self, x: float, y: float) -> bool:
        return 0.0 <= x <= WIDTH and 0.0 <= y <= self.height


def widened_box(box: Box) -> Box:
    """Return the box that a map of `box` really shows: it is widened to the form of the drawing."""
    return _View(box).box


def metres_per_point(box: Box) -> float:
    """Return how many metres a point of a map of `box` is."""
    return _View(box).metres


def _svg_shape(shape: Shape, view: _View) -> str:
    looks = LOOKS[shape.style]
    if shape.form == "point":
        x, y = view.at(shape.lines[0][0])
        return _mark(x, y, looks, shape.colour) if view.holds(x, y) else ""
    path = "".join(_path(line, view, closed=shape.form == "area") for line in shape.lines)
    if not path:
        return ""
    fill = _fill(looks) if shape.form == "area" else 'fill="none"'
    title = f"<title>{escape(shape.tooltip)}</title>" if shape.tooltip else ""
    return (
        f'<path d="{path}" {_stroke(looks, shape.colour)} {fill} fill-rule="evenodd">{title}</path>'
    )


def _path(line: Iterable[Place], view: _View, *, closed: bool) -> str:
    commands: list[str] = []
    before = ""
    for place in line:
        x, y = view.at(place)
        step = f"{x:.1f} {y:.1f}"
        if step != before:
            commands.append(f"{'L' if commands else 'M'}{step}")
            before = step
    if len(commands) == 1:
        commands.append("l0.1 0")
    return "".join(commands) + ("Z" if closed and commands else "")


def _stroke(looks: Looks, colour: str = "") -> str:
    dash = f' stroke-dasharray="{looks.dash}"' if looks.dash else ""
    return (
        f'stroke="{colour or looks.colour}" stroke-width="{looks.width:g}"'
        f'{dash} stroke-linejoin="round" stroke-linecap="round"'
    )


def _fill(looks: Looks) -> str:
    if not looks.fill:
        return 'fill="none"'
    return f'fill="{looks.fill}" fill-opacity="{looks.opacity:g}"'


def _mark(x: float, y: float, looks: Looks, colour: str = "") -> str:
    s = looks.size
    forms = {
        "square": f"M{x - s:.1f} {y - s:.1f}h{2 * s:g}v{2 * s:g}h-{2 * s:g}Z",
        "diamond": f"M{x:.1f} {y - s * 1.3:.1f}L{x + s:.1f} {y:.1f}L{x:.1f} {y + s * 1.3:.1f}"
        f"L{x - s:.1f} {y:.1f}Z",
        "house": f"M{x - s:.1f} {y:.1f}L{x:.1f} {y - s:.1f}L{x + s:.1f} {y:.1f}"
        f"V{y + s:.1f}H{x - s:.1f}Z",
        "bridge": f"M{x - s * 1.4:.1f} {y + s * 0.6:.1f}Q{x:.1f} {y - s * 1.4:.1f} "
        f"{x + s * 1.4:.1f} {y + s * 0.6:.1f}Z",
        "tick": f"M{x - s:.1f} {y:.1f}h{2 * s:g}M{x:.1f} {y - s:.1f}v{2 * s:g}",
        "star": _star(x, y, s),
    }
    fill = f'fill="{looks.fill or "none"}"'
    ink = f'stroke="{colour or looks.colour}" stroke-width="{looks.width:g}"'
    if looks.mark in ("dot", "ring"):
        ring = (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{s * 1.8:g}" fill="none" {ink}/>'
            if looks.mark == "ring"
            else ""
        )
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{s:g}" {fill} {ink}/>{ring}'
    if colour and looks.fill == looks.colour:
        fill = f'fill="{colour}"'
    return f'<path d="{forms[looks.mark]}" {fill} {ink} stroke-linejoin="round"/>'


def _star(x: float, y: float, size: float) -> str:
    corners = []
    for n in range(10):
        far = size if n % 2 == 0 else size * 0.45
        turn = math.pi * n / 5.0
        corners.append(f"{x + far * math.sin(turn):.1f} {y - far * math.cos(turn):.1f}")
    return f"M{'L'.join(corners)}Z"


def _labels(shapes: Iterable[Shape], view: _View) -> list[str]:
    taken: list[Box] = []
    elements: list[str] = []
    shapes = [shape for shape in shapes if shape.label]
    # What is drawn last matters most: its label is placed first.
    for shape in reversed(shapes):
        looks = LOOKS[shape.style]
        size = _LETTERS if looks.bold else _LETTERS - 1.5
        anchor = _anchor(shape, view)
        if anchor is None:
            continue
        text = cut_to(shape.label, 190.0, size)
        wide = width_of(text, size) * (1.08 if looks.bold else 1.0)
        for x, y in _spots(anchor, wide, size, shape.form, looks):
            box = (x, y - size, x + wide, y + size * 0.35)
            if box[0] < 2 or box[2] > WIDTH - 2 or box[1] < 2 or box[3] > view.height - 2:
                continue
            if any(_cross(box, other) for other in taken):
                continue
            taken.append(box)
            elements.append(_text(text, x, y, size, looks, shape.colour))
            break
    return list(reversed(elements))


def _text(text: str, x: float, y: float, size: float, looks: Looks, colour: str) -> str:
    ink = colour or ("#222222" if looks.colour == "none" else looks.colour)
    common = (
        f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{600 if looks.bold else 400}"'
    )
    halo = 'fill="#ffffff" stroke="#ffffff" stroke-width="2.6" stroke-linejoin="round"'
    words = escape(text)
    return f'<text {common} {halo}>{words}</text><text {common} fill="{ink}">{words}</text>'


def _anchor(shape: Shape, view: _View) -> tuple[float, float] | None:
    """Return where the label belongs: in an area's middle, by the middle of a line, at a place."""
    places = [view.at(place) for line in shape.lines for place in line]
    visible = [(x, y) for x, y in places if view.holds(x, y)]
    if not visible:
        return None
    if shape.form == "area":
        xs, ys = [x for x, _ in visible], [y for _, y in visible]
        return (min(xs) + max(xs)) / 2.0, (min(ys) + max(ys)) / 2.0
    return visible[len(visible) // 2] if shape.form == "line" else visible[0]


def _spots(
    anchor: tuple[float, float], wide: float, size: float, form: str, looks: Looks
) -> list[tuple[float, float]]:
    x, y = anchor
    if form == "area":
        middle = x - wide / 2.0
        return [(middle, y + size * 0.35), (middle, y - size), (middle, y + size * 1.6)]
    off = looks.size + 4.0
    return [
        (x + off, y + size * 0.35),
        (x - off - wide, y + size * 0.35),
        (x - wide / 2.0, y - off),
        (x - wide / 2.0, y + off + size * 0.8),
        (x + off, y - size * 0.6),
        (x + off, y + size * 1.3),
    ]


def _cross(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scale(view: _View) -> list[str]:
    """Return a scale bar of a round length, a fifth to two fifths of the drawing."""
    longest_m = WIDTH / 3.0 * view.metres
    power = 10.0 ** math.floor(math.log10(longest_m))
    metres = max(nice * power for nice in _NICE if nice * power <= longest_m)
    long = metres / view.metres
    y = view.height + 12.0
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    half = f"{metres / 2000:g}" if metres >= 1000 else f"{metres / 2:g}"
    small = 'font-size="10" fill="#333333"'
    return [
        f'<path d="M10 {y:g}h{long / 2:.1f}v5h-{long / 2:.1f}Z" fill="#333333"/>',
        f'<path d="M10 {y:g}h{long:.1f}v5h-{long:.1f}Z" fill="none" stroke="#333333"/>',
        f'<text x="10" y="{y + 16:g}" {small} text-anchor="middle">0</text>',
        f'<text x="{10 + long / 2:.1f}" y="{y + 16:g}" {small} text-anchor="middle">{half}</text>',
        f'<text x="{10 + long:.1f}" y="{y + 16:g}" {small} text-anchor="middle">{words}</text>',
    ]


def _arrow(north: str) -> list[str]:
    x, y = WIDTH - 20.0, 34.0
    return [
        (
            f'<path d="M{x:g} {y - 24:g}L{x + 7:g} {y:g}L{x:g} {y - 6:g}L{x - 7:g} {y:g}Z" '
            'fill="#333333" stroke="#ffffff" stroke-width="0.8"/>'
        ),
        (
            f'<text x="{x:g}" y="{y + 12:g}" font-size="11" font-weight="600" text-anchor="middle" '
            f'fill="#333333">{escape(north)}</text>'
        ),
    ]
