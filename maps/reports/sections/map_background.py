"""Map background of a report: land, water, border, marks and names of this site.

Only what its box shows, and no finer than it can show: lines are cut at the edge and simplified to
half a point of the drawing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

import shapely

from gis.geometry.features import Features
from maps.language.wording import Wording
from maps.reports.document.document import Key, Place, Shape
from maps.reports.document.request import ReferenceLayers
from maps.reports.rendering.svg_map import metres_per_point, widened_box

MOST_PLACES: Final = 14
MOST_MARKS: Final = 14
LEAST_M: Final = 4_000.0  # that a box shows across

_M_PER_DEG: Final = 111_195.0
_LAYERS: Final = ("mekong", "borders", "places", "crossings", "blos", "countries", "lakes")

Box = tuple[float, float, float, float]


def box_round(places: list[Place]) -> Box:
    """Return a box that holds all places with room round them.

    >>> [round(edge, 3) for edge in box_round([(100.4, 20.2)])]
    [100.379, 20.18, 100.421, 20.22]
    """
    lons, lats = [lon for lon, _ in places], [lat for _, lat in places]
    west, east, south, north = min(lons), max(lons), min(lats), max(lats)
    wide = math.cos(math.radians((south + north) / 2.0)) or 1.0
    room_lat = max((north - south) * 0.08, (LEAST_M / _M_PER_DEG - (north - south)) / 2.0, 0.02)
    room_lon = max((east - west) * 0.08, (LEAST_M / _M_PER_DEG / wide - (east - west)) / 2.0)
    room_lon = max(room_lon, 0.02 / wide)
    return west - room_lon, south - room_lat, east + room_lon, north + room_lat


def below(land: ReferenceLayers, box: Box) -> list[Shape]:
    """Return land, water and border of a box, from below to above."""
    visible_box = widened_box(box)
    known = {layer.name for layer in land.described()}
    found: list[Shape] = []
    for name, style, form in (
        ("countries", "land", "area"),
        ("lakes", "river_area", "area"),
        ("river_areas", "river_area", "area"),
        ("rivers", "stream", "line"),
        ("mekong", "river", "line"),
        ("borders", "border", "line"),
    ):
        if name in known:
            found += _cut(land.features(name), visible_box, style, form, metres_per_point(box))
    return found


def above(land: ReferenceLayers, box: Box, words: Wording) -> list[Shape]:
    """Return kilometre marks, places, crossings and offices of a box, from below to above."""
    visible_box = widened_box(box)
    known = {layer.name for layer in land.described()}
    found: list[Shape] = []
    if "river_km" in known:
        found += _marks(land.features("river_km").within(*visible_box), words)
    if "places" in known:
        rows = land.features("places").within(*visible_box).rows()
        largest = sorted(rows, key=lambda row: -_float(row.get("population")))
        found += [_point(row, "place", words) for row in largest[:MOST_PLACES]][::-1]
    for name, style in (("crossings", "crossing"), ("blos", "blo")):
        if name in known:
            rows = land.features(name).within(*visible_box).rows()
            found += [_point(row, style, words) for row in rows]
    return found


def keys(words: Wording) -> list[Key]:
    """Return the legend of what lies below every map."""
    return [
        Key(form="line", style="river", words=words.text("report.key.river")),
        Key(form="line", style="border", words=words.text("report.key.border")),
        Key(form="point", style="km", words=words.text("report.key.km")),
        Key(form="point", style="blo", words=words.text("report.key.blo")),
        Key(form="point", style="crossing", words=words.text("report.key.crossing")),
    ]


def attribution(land: ReferenceLayers, words: Wording) -> str:
    """Return whose lines these are, and that the border is drawn."""
    credits_ = {
        part.strip(): None
        for layer in land.described()
        if layer.name in _LAYERS and layer.attribution
        for part in layer.attribution.split(";")
    }
    return " ".join((words.text("report.border_drawn"), "; ".join(credits_)))


def lines_of(geometry: Any) -> tuple[tuple[Place, ...], ...]:
    """Return the lines or rings of a geometry, each as places.

    >>> lines_of(shapely.LineString([(0, 1), (2, 3)]))
    (((0.0, 1.0), (2.0, 3.0)),)
    """
    found: list[tuple[Place, ...]] = []
    for part in shapely.get_parts(geometry).tolist():
        if part.is_empty:
            continue
        if part.geom_type == "Polygon":
            rings = [part.exterior, *part.interiors]
            found += [tuple(_places(ring)) for ring in rings]
        elif part.geom_type in ("LineString", "LinearRing", "Point"):
            found.append(tuple(_places(part)))
        elif part.geom_type.startswith(("Multi", "Geometry")):
            found += lines_of(part)
    return tuple(found)


def _places(geometry: Any) -> list[Place]:
    return [(float(lon), float(lat)) for lon, lat in shapely.get_coordinates(geometry).tolist()]


def _cut(layer: Features, box: Box, style: str, form: str, metres: float) -> Iterator[Shape]:
    west, south, east, north = box
    # As much again on every side: an interactive map is moved about.
    room_lon, room_lat = east - west, north - south
    edge = (west - room_lon, south - room_lat, east + room_lon, north + room_lat)
    some = layer.within(*edge).geometry
    if not len(some):
        return
    cut = shapely.clip_by_rect(shapely.make_valid(some), *edge)
    thin = shapely.simplify(cut, 0.5 * metres / _M_PER_DEG, preserve_topology=form == "area")
    for geometry in thin.tolist():
        lines = lines_of(geometry)
        if form == "area":
            lines = tuple(line for line in lines if len(line) > 3)
        if lines:
            yield Shape(form="area" if form == "area" else "line", style=style, lines=lines)


def _marks(marks: Features, words: Wording) -> list[Shape]:
    rows = list(marks.rows())
    for every in (1, 10, 50):
        chosen = [row for row in rows if int(row["every"]) >= every]
        if len(chosen) <= MOST_MARKS:
            break
    return [
        Shape(
            form="point",
            style="km",
            lines=(((row["geometry"].x, row["geometry"].y),),),
            label=words.text("river.km", km=f"{int(row['km'])}"),
        )
        for row in chosen
    ]


def _point(row: dict[str, Any], style: str, words: Wording) -> Shape:
    name = name_of(row, words.language)
    return Shape(
        form="point",
        style=style,
        lines=(((row["geometry"].x, row["geometry"].y),),),
        label=name,
        tooltip=name,
    )


def name_of(row: dict[str, Any], language: str) -> str:
    """Return what something is called, in the reader's language if that is known."""
    for column in (f"name_{language}", "name_en", "name"):
        value = row.get(column)
        if isinstance(value, str) and value:
            return value
    return ""


def _float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value == value else 0.0
