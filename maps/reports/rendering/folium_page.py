"""A report's map as an interactive page that opens without a network: folium, all of it inside."""

from __future__ import annotations

import html
import json
from collections import defaultdict
from pathlib import Path
from typing import Final

import folium

from maps.errors.errors import ReportFailed
from maps.reports.document.document import Key, Plate, ReportDocument, Shape
from maps.reports.rendering.fonts import faces
from maps.reports.rendering.map_styles import LOOKS, Looks
from maps.reports.rendering.page import blank_map, inert, self_contained
from maps.typesetting.font_families import FAMILY

MOST_LABELS: Final = 160


def folium_page(document: ReportDocument) -> str:
    """Return the page of a report's first map, its head and facts above it.

    Raises:
        NotBuilt: If the web client, which brings Leaflet, has not been built.
        ReportFailed: If the report has no map: nobody was seen in its time.
    """
    if not document.plates:
        raise ReportFailed("there is no map: nothing was seen in that time")
    plate = document.plates[0]
    west, south, east, north = plate.box
    page = blank_map(lon=(west + east) / 2.0, lat=(south + north) / 2.0, zoom=11)
    alike: dict[tuple[str, str, str], list[Shape]] = defaultdict(list)
    for shape in plate.shapes:
        alike[shape.form, shape.style, shape.colour].append(shape)
    for some in alike.values():  # in the order in which the map names them first
        _together(some).add_to(page)
    root = page.get_root()
    root.html.add_child(folium.Element(_heading(document, plate)))  # type: ignore[attr-defined]
    made = self_contained(page)
    style = f"<style>\n{faces(made)}\n{_STYLE.replace('FAMILY', FAMILY)}</style>"
    title = html.escape(f"{document.title}: {document.subtitle}")
    return (
        made.replace(
            "<head>",
            f'<head><title>{title}</title><meta name="referrer" content="no-referrer">{style}',
            1,
        )
        .replace("<html>", f'<html lang="{document.language}">', 1)
        .replace("</html>", f"{_labels(page.get_name(), plate)}</html>")
    )


_FOLDER: Final = Path(__file__).parent
_RANKS: Final = ("start", "end", "unit", "blo", "time", "crossing", "km")
"""Styles whose labels come first, where there is no room for all; then those that are bold."""


_STYLE: Final = """
.report-head { position: absolute; z-index: 1000; left: 54px; top: 10px;
  max-width: min(440px, 76vw); max-height: 60vh; overflow: auto; padding: 8px 12px;
  background: #ffffff; color: #1c1c1c;
  border: 1px solid #777777; font: 14px/1.6 FAMILY, sans-serif; overflow-wrap: anywhere; }
.report-head h1 { font-size: 17px; margin: 0; }
.report-head dl { margin: 4px 0 0; }
.report-head dt { color: #4a4a4a; font-size: 12px; }
.report-head dd { margin: 0 0 3px; white-space: pre-line; }
.report-head small, .report-head summary { color: #4a4a4a; font-size: 12px; }
.report-head summary { cursor: pointer; min-height: 28px; }
.leaflet-tooltip.report-label { font: 12px/1.3 FAMILY, sans-serif; color: #1c1c1c; padding: 0;
  background: none; border: 0; box-shadow: none; white-space: nowrap; pointer-events: none;
  text-shadow: 0 0 2px #fff, 0 0 2px #fff, 0 0 3px #fff, 0 0 4px #fff; }
.leaflet-tooltip.report-label::before { display: none; }
.report-label.of-start, .report-label.of-end, .report-label.of-unit, .report-label.of-blo,
.report-label.of-sector, .report-label.of-kept_out, .report-label.of-meeting { font-weight: 600; }
.report-label.of-time { font-variant-numeric: tabular-nums; }
.report-label.of-km { color: #1f4e6b; }
.report-keys { list-style: none; margin: 6px 0; padding: 0; display: grid; gap: 1px 12px;
  grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); font-size: 12px; }
.report-keys li { display: flex; align-items: center; gap: 6px; }
.report-keys svg { flex: none; }
.leaflet-tooltip table { border-collapse: collapse; }
.leaflet-control-scale-line:not(:first-child) { display: none; }
div.leaflet-container { font-family: FAMILY, sans-serif; background: #f7f4ec; }
"""


def _together(shapes: list[Shape]) -> folium.GeoJson:
    """Return shapes of one form, style and colour as one layer."""
    first = shapes[0]
    looks = LOOKS[first.style]
    is_point = first.form == "point"
    tells = any(shape.tooltip or (is_point and shape.label) for shape in shapes)
    features = [
        {
            "type": "Feature",
            "properties": {"told": inert(shape.tooltip or shape.label)} if tells else {},
            "geometry": _geometry(shape),
        }
        for shape in shapes
    ]
    style = _style(looks, first.colour)
    marker = None
    if is_point:
        style |= {"fill": True, "fillColor": looks.fill or first.colour or looks.colour}
        style |= {"fillOpacity": 1.0}
        marker = folium.CircleMarker(radius=looks.size * 1.2)
    return folium.GeoJson(
        {"type": "FeatureCollection", "features": features},
        style_function=lambda _feature, style=style: style,
        marker=marker,
        tooltip=folium.GeoJsonTooltip(fields=["told"], labels=False) if tells else None,
        interactive=tells,
    )


def _geometry(shape: Shape) -> dict[str, object]:
    lines = [[[round(lon, 5), round(lat, 5)] for lon, lat in line] for line in shape.lines]
    if shape.form == "point":
        return {"type": "Point", "coordinates": lines[0][0]}
    if shape.form == "line":
        return {"type": "MultiLineString", "coordinates": lines}
    # Leaflet fills by the even-odd rule: it need not know which ring is the outer one.
    return {"type": "Polygon", "coordinates": lines}


def _style(looks: Looks, colour: str = "") -> dict[str, str | float | bool]:
    return {
        "color": colour or looks.colour,
        "weight": looks.width,
        "dashArray": looks.dash,
        "fill": bool(looks.fill),
        "fillColor": looks.fill,
        "fillOpacity": looks.opacity,
        "stroke": looks.width > 0,
    }


def _labels(map_name: str, plate: Plate) -> str:
    """Return the labels that stand, as data, and the script that parts them."""

    def rank(shape: Shape) -> int:
        bold = len(_RANKS) + (not LOOKS[shape.style].bold)
        return _RANKS.index(shape.style) if shape.style in _RANKS else bold

    chosen = sorted((each for each in plate.shapes if each.label and each.form != "line"), key=rank)
    labels = [
        [*_middle(each), inert(each.label), "center" if each.form == "area" else "right",
         f"of-{each.style}"]
        for each in chosen[:MOST_LABELS]
    ]  # fmt: skip
    # No word of it can end the script: `inert` leaves no < in it.
    west, south, east, north = plate.box
    settings = {"map": map_name, "box": [[south, west], [north, east]], "labels": labels}
    data = json.dumps(settings, ensure_ascii=False)
    script = (_FOLDER / "folium_page.js").read_text(encoding="utf-8")
    return (
        f'<script type="application/json" id="map-labels">{data}</script><script>{script}</script>'
    )


def _middle(shape: Shape) -> tuple[float, float]:
    """Return latitude and longitude of a label: beside a place, in the middle of an area."""
    places = [place for line in shape.lines for place in line]
    if shape.form != "area":
        return round(places[0][1], 5), round(places[0][0], 5)
    lons, lats = [lon for lon, _ in places], [lat for _, lat in places]
    return round((min(lats) + max(lats)) / 2.0, 5), round((min(lons) + max(lons)) / 2.0, 5)


def _heading(document: ReportDocument, plate: Plate) -> str:
    """Return the head: what it is and of when in view, the rest folded away from the map."""
    first, rest = document.facts[:1], document.facts[1:]
    keys = "".join(f"<li>{_swatch(each)}{inert(each.words)}</li>" for each in plate.keys)
    return (
        f'<div class="report-head"><h1>{inert(document.title)}: '
        f"{inert(document.subtitle)}</h1>{_facts(first)}"
        f"<details open><summary>{inert(document.made_line)}</summary>{_facts(rest)}"
        f'<ul class="report-keys">{keys}</ul>'
        f"<small>{inert(plate.attribution)}</small></details></div>"
    )


def _swatch(key: Key) -> str:
    """Return the drawing of a line of the legend."""
    looks = LOOKS[key.style]
    colour = key.colour or looks.colour
    if key.form == "line":
        dash = f' stroke-dasharray="{looks.dash}"' if looks.dash else ""
        inner = f'<path d="M1 6H23" stroke="{colour}" stroke-width="{looks.width}"{dash}/>'
    elif key.form == "area":
        inner = (
            f'<path d="M2 1H22V11H2Z" stroke="{colour}" fill="{looks.fill or "none"}"'
            f' fill-opacity="{looks.opacity}"/>'
        )
    else:
        fill = looks.fill or colour
        inner = (
            f'<circle cx="12" cy="6" r="{min(looks.size * 1.2, 5.5)}" stroke="{colour}"'
            f' stroke-width="{looks.width}" fill="{fill}"/>'
        )
    return f'<svg width="24" height="12" aria-hidden="true">{inner}</svg>'


def _facts(pairs: tuple[tuple[str, str], ...]) -> str:
    items = "".join(f"<dt>{inert(name)}</dt><dd>{inert(value)}</dd>" for name, value in pairs)
    return f"<dl>{items}</dl>"
