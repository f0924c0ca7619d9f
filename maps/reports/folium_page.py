"""A report's map as an interactive page that opens without a network: folium, all of it inside."""

from __future__ import annotations

import html
import json
from collections import defaultdict
from typing import Final

import folium

from maps.errors import ReportFailed
from maps.reports.document import Document, Plate, Shape
from maps.reports.fonts import faces
from maps.reports.map_styles import LOOKS, Looks
from maps.reports.page import blank_map, inert, self_contained
from maps.typesetting.cuts import FAMILY

MOST_LABELS: Final = 80


def folium_page(document: Document) -> str:
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
    plain: dict[str, list[Shape]] = defaultdict(list)
    for shape in plate.shapes:
        if shape.form != "point" and not shape.told and not shape.colour:
            plain[shape.style].append(shape)
    for style, shapes in plain.items():  # in the order in which the map names them first
        _together(shapes, LOOKS[style]).add_to(page)
    labels = 0
    for shape in plate.shapes:
        looks = LOOKS[shape.style]
        if shape.form == "point":
            _place(shape, looks).add_to(page)
        elif shape.told or shape.colour:
            _one(shape, looks).add_to(page)
        if shape.label and shape.form != "line" and looks.bold and labels < MOST_LABELS:
            _label(shape).add_to(page)
            labels += 1
    page.fit_bounds([(south, west), (north, east)])
    root = page.get_root()
    root.html.add_child(folium.Element(_heading(document, plate)))  # type: ignore[attr-defined]
    made = self_contained(page)
    style = f"<style>\n{faces(made)}\n{_STYLE.replace('FAMILY', FAMILY)}</style>"
    title = html.escape(f"{document.title}: {document.subtitle}")
    return made.replace(
        "<head>",
        f'<head><title>{title}</title><meta name="referrer" content="no-referrer">{style}',
        1,
    ).replace("<html>", f'<html lang="{document.language}">', 1)


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
.leaflet-container { font-family: FAMILY, sans-serif; background: #f7f4ec; }
"""


def _together(shapes: list[Shape], looks: Looks) -> folium.GeoJson:
    """Return shapes of one style as one layer."""
    features = [
        {"type": "Feature", "properties": {}, "geometry": _geometry(shape)} for shape in shapes
    ]
    style = _style(looks)
    return folium.GeoJson(
        json.dumps({"type": "FeatureCollection", "features": features}),
        style_function=lambda _feature, style=style: style,
        interactive=False,
    )


def _geometry(shape: Shape) -> dict[str, object]:
    lines = [[[round(lon, 6), round(lat, 6)] for lon, lat in line] for line in shape.lines]
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


def _one(shape: Shape, looks: Looks) -> folium.GeoJson:
    style = _style(looks, shape.colour)
    feature = {"type": "Feature", "properties": {}, "geometry": _geometry(shape)}
    tooltip = inert(shape.told) if shape.told else None
    return folium.GeoJson(
        json.dumps(feature),
        style_function=lambda _feature, style=style: style,
        tooltip=tooltip,
    )


def _place(shape: Shape, looks: Looks) -> folium.CircleMarker:
    lon, lat = shape.lines[0][0]
    return folium.CircleMarker(
        (lat, lon),
        radius=looks.size * 1.2,
        color=shape.colour or looks.colour,
        weight=looks.width,
        fill=True,
        fill_color=looks.fill or looks.colour,
        fill_opacity=1.0,
        tooltip=inert(shape.told or shape.label) or None,
    )


def _label(shape: Shape) -> folium.CircleMarker:
    """Return a label that stands: a tooltip, for a marker would ask for a picture of a pin."""
    places = [place for line in shape.lines for place in line]
    if shape.form == "area":
        lons, lats = [lon for lon, _ in places], [lat for _, lat in places]
        lon, lat = (min(lons) + max(lons)) / 2.0, (min(lats) + max(lats)) / 2.0
    else:
        lon, lat = places[0]
    words = folium.Tooltip(
        inert(shape.label),
        sticky=False,
        permanent=True,
        direction="center" if shape.form == "area" else "right",
        className="report-label",
    )
    return folium.CircleMarker(
        (lat, lon), radius=1, stroke=False, fill=False, interactive=False, tooltip=words
    )


def _heading(document: Document, plate: Plate) -> str:
    """Return the head: what it is and of when in view, the rest folded away from the map."""
    first, rest = document.facts[:1], document.facts[1:]
    return (
        f'<div class="report-head"><h1>{inert(document.title)}: '
        f"{inert(document.subtitle)}</h1>{_facts(first)}"
        f"<details><summary>{inert(document.made)}</summary>{_facts(rest)}"
        f"<small>{inert(plate.attribution)}</small></details></div>"
    )


def _facts(pairs: tuple[tuple[str, str], ...]) -> str:
    said = "".join(f"<dt>{inert(name)}</dt><dd>{inert(value)}</dd>" for name, value in pairs)
    return f"<dl>{said}</dl>"
