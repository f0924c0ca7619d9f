"""Areas that people draw: what is wrong with one, in words, and how it could be mended.

The geometry is judged as it came (GeoJSON), before anything has quietly closed or mended it. What
is looked for, by code:

    empty, not_a_polygon, not_a_position   nothing to judge
    swapped                     longitude and latitude the wrong way round
    out_of_range                a position that is no place on Earth
    antimeridian                beyond 180 degrees, or jumping there
    not_closed, duplicate_point (warns), too_few_points, spike, self_crossing    of a ring
    invalid                     rings that touch or overlap themselves in another way
    hole_outside, holes_overlap, overlapping_parts    of several rings
    sliver                      narrower than anything can be told to be inside
    too_many_vertices           (warns) slow to send and to draw
    too_small, too_large        (warns when large) hardly what was meant
    wrong_country               surely in a country it should not be in
    foreign_country (warns)     in no country that is known

The suggestion is the whole area with all that can be mended mended; None where that would be a
guess. It is for a person to accept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.border.border import Border
from gis.drawing.drawing_repair import areas_m2, mended, width_m
from gis.drawing.drawing_rings import DrawingFault, Ring, read_ring, ring_faults, ring_name
from gis.geometry.geodesy import WGS84

__all__ = ["Drawing", "DrawingFault", "DrawingLimits", "check_drawing"]


class DrawingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a sector may be.

    Attributes:
        most_vertices: In all rings together.
        least_area_m2: A smaller one is hardly meant.
        most_area_m2: A larger one is hardly meant.
        least_width_m: Nothing narrower can be told to be inside, by fixes of 5 m accuracy.
    """

    most_vertices: int = 1000
    least_area_m2: float = 2500.0
    most_area_m2: float = 5e10
    least_width_m: float = 30.0


class _Ring(NamedTuple):
    """One ring of a drawing: which, what to call it, and its positions."""

    part: int
    ring: int
    name: str
    points: Ring


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a drawing.

    Attributes:
        faults: What is wrong, in the order of the drawing; empty if nothing is.
        suggestion: The area with what can be mended mended, in degrees, split at the antimeridian
            as GeoJSON asks; None where nothing needs it, or where that would be a guess.
    """

    faults: tuple[DrawingFault, ...]
    suggestion: BaseGeometry | None

    @property
    def usable(self) -> bool:
        """Whether the area can be watched as it is."""
        return all(fault.only_warns for fault in self.faults)


def check_drawing(
    geometry: Mapping[str, Any] | None,
    *,
    limits: DrawingLimits | None = None,
    border: Border | None = None,
    countries: Sequence[str] = (),
) -> Drawing:
    """Judge a drawn area.

    Args:
        geometry: A GeoJSON geometry: Polygon or MultiPolygon.
        limits: What it may be.
        border: With it, the countries of its vertices are looked at.
        countries: ISO codes of the countries that it may be in; none given, any may.

    >>> square = [[100.4, 20.2], [100.5, 20.2], [100.5, 20.3], [100.4, 20.3], [100.4, 20.2]]
    >>> check_drawing({"type": "Polygon", "coordinates": [square]})
    Drawing(faults=(), suggestion=None)
    >>> swapped = [[lat, lon] for lon, lat in square]
    >>> told = check_drawing({"type": "Polygon", "coordinates": [swapped]})
    >>> told.faults[0].message
    'longitude and latitude are swapped: vertex 1 of the outer ring lies at latitude 100.4'
    >>> told.suggestion.bounds
    (100.4, 20.2, 100.5, 20.3)
    >>> check_drawing({"type": "Polygon", "coordinates": []}).faults[0].message
    'the drawing is empty'
    """
    limits = limits or DrawingLimits()
    parts, faults = _read(geometry)
    if faults or not parts:
        return Drawing(faults=tuple(faults or [_whole("empty", "the drawing is empty")]),
                       suggestion=None)  # fmt: skip
    rings = _rings(parts)
    swap = _swapped(rings, border)
    if swap is not None:
        turned = [[[(y, x) for x, y in ring] for ring in rings] for rings in parts]
        found = _judge(turned, _rings(turned), limits, border, countries)
        good = found.suggestion
        if found.usable and good is None:
            good = mended(turned, most_vertices=limits.most_vertices)
        return Drawing(faults=(swap, *found.faults), suggestion=good)
    return _judge(parts, rings, limits, border, countries)


def _judge(
    parts: list[list[Ring]],
    rings: list[_Ring],
    limits: DrawingLimits,
    border: Border | None,
    countries: Sequence[str],
) -> Drawing:
    faults: list[DrawingFault] = []
    for part, ring, name, points in rings:
        for vertex, (lon, lat) in enumerate(points):
            if abs(lat) > 90.0 or abs(lon) > 360.0:
                text = f"{name}, vertex {vertex + 1}: ({lon:g}, {lat:g}) is no place on Earth"
                faults.append(DrawingFault(code="out_of_range", message=text, part=part, ring=ring,
                                    vertex=vertex))  # fmt: skip
    if faults:
        return Drawing(faults=tuple(faults), suggestion=None)
    for part, ring, name, points in rings:
        faults += _antimeridian(points, name, part, ring)
        faults += ring_faults(points, name=name, part=part, ring=ring)
    vertices = sum([len(each.points) for each in rings])
    if vertices > limits.most_vertices:
        text = f"the drawing has {vertices} vertices, more than {limits.most_vertices}"
        faults.append(_whole("too_many_vertices", text, only_warns=True))
    good = mended(parts, most_vertices=limits.most_vertices)
    faults += _of_rings_together(parts, faults)
    if good is not None:
        areas = areas_m2(good)
        faults += _of_size(good, areas, limits)
        good = None if sum(areas) < limits.least_area_m2 else good
    if border is not None:
        faults += _of_countries(rings, border, countries)
    return Drawing(faults=tuple(faults), suggestion=good if faults else None)


def _read(geometry: Mapping[str, Any] | None) -> tuple[list[list[Ring]], list[DrawingFault]]:
    if geometry is None:
        return [], []
    kind = geometry.get("type")
    raw = geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        return [], [_whole("not_a_polygon", f"the drawing is a {kind} and not a polygon")]
    polygons = raw if kind == "MultiPolygon" else [raw]
    if not isinstance(polygons, Sequence) or isinstance(polygons, str):
        return [], []
    parts: list[list[Ring]] = []
    faults: list[DrawingFault] = []
    for part, rings in enumerate(polygons):
        if not isinstance(rings, Sequence) or isinstance(rings, str) or not rings:
            continue
        parts.append([])
        for ring, points in enumerate(rings):
            name = ring_name(part, ring, parts=len(polygons))
            read, wrong = read_ring(points, name=name, part=part, ring=ring)
            faults += wrong
            if not read and not wrong:
                text = f"{name}: has no position"
                faults.append(DrawingFault(code="empty", message=text, part=part, ring=ring))
            parts[-1].append(read)
    return parts, faults


def _rings(parts: list[list[Ring]]) -> list[_Ring]:
    return [
        _Ring(part, ring, ring_name(part, ring, parts=len(parts)), points)
        for part, rings in enumerate(parts)
        for ring, points in enumerate(rings)
    ]


def _swapped(rings: list[_Ring], border: Border | None) -> DrawingFault | None:
    """Return the fault if all of it makes sense only the other way round."""
    points = np.array([point for each in rings for point in each.points])
    beyond = np.abs(points[:, 1]) > 90.0
    fits = bool((np.abs(points[:, 0]) <= 90.0).all() and (np.abs(points[:, 1]) <= 180.0).all())
    if beyond.any() and fits:
        for part, ring, where, ring_points in rings:
            for vertex, (_, lat) in enumerate(ring_points):
                if abs(lat) > 90.0:
                    text = (
                        "longitude and latitude are swapped: "
                        f"vertex {vertex + 1} of the {where} lies at latitude {lat:g}"
                    )
                    return DrawingFault(
                        code="swapped", message=text, part=part, ring=ring, vertex=vertex
                    )
    if border is None or not fits or beyond.any():
        return None
    if border.sides(points[:, 0], points[:, 1]).country.any():
        return None
    there = border.sides(points[:, 1], points[:, 0]).country
    if there.all():
        text = (
            "longitude and latitude seem to be swapped: "
            f"as drawn it lies in no country that is known, the other way in {there[0]}"
        )
        return DrawingFault(code="swapped", message=text, ring=0, vertex=0)
    return None


def _antimeridian(points: Ring, name: str, part: int, ring: int) -> list[DrawingFault]:
    for vertex, (lon, lat) in enumerate(points):
        jump = vertex > 0 and abs(lon - points[vertex - 1][0]) > 180.0
        if abs(lon) <= 180.0 and not jump:
            continue
        text = f"longitude {lon:g} is beyond 180" if not jump else (
            f"the edge from vertex {vertex} goes from longitude {points[vertex - 1][0]:g} "
            f"to {lon:g}"
        )  # fmt: skip
        text = f"{name}, vertex {vertex + 1}: {text}; split the area at the antimeridian"
        return [DrawingFault(code="antimeridian", message=text, part=part, ring=ring, vertex=vertex,
                      lon=lon, lat=lat, only_warns=True)]  # fmt: skip
    return []


def _of_rings_together(parts: list[list[Ring]], known: list[DrawingFault]) -> list[DrawingFault]:
    """Return what is wrong between rings, once each is right by itself."""
    if [each for each in known if not each.only_warns or each.code == "antimeridian"]:
        return []
    faults: list[DrawingFault] = []
    shells = [shapely.Polygon(rings[0]) for rings in parts]
    name = partial(ring_name, parts=len(parts))
    for part, rings in enumerate(parts):
        holes = [shapely.Polygon(ring) for ring in rings[1:]]
        for number, hole in enumerate(holes, start=1):
            if not shells[part].is_valid or shells[part].covers(hole):
                continue
            vertex = next(
                (n for n, point in enumerate(rings[number])
                 if not shells[part].covers(shapely.Point(point))), 0,
            )  # fmt: skip
            lon, lat = rings[number][vertex]
            text = f"{name(part, number)}, vertex {vertex + 1}: lies outside the outer ring"
            faults.append(DrawingFault(code="hole_outside", message=text, part=part, ring=number,
                                vertex=vertex, lon=lon, lat=lat))  # fmt: skip
        for a in range(len(holes)):
            for b in range(a + 1, len(holes)):
                if holes[a].is_valid and holes[b].is_valid and _overlap(holes[a], holes[b]):
                    text = f"{name(part, b + 1)}: overlaps hole {a + 1}"
                    faults.append(
                        DrawingFault(code="holes_overlap", message=text, part=part, ring=b + 1)
                    )
        for other in range(part):
            if (
                shells[part].is_valid
                and shells[other].is_valid
                and _overlap(shells[part], shells[other])
            ):
                text = f"polygon {part + 1} overlaps polygon {other + 1}"
                faults.append(DrawingFault(code="overlapping_parts", message=text, part=part))
        whole = shapely.Polygon(rings[0], rings[1:])
        if not faults and not whole.is_valid:
            text = f"{name(part, 0)}: {shapely.is_valid_reason(whole).lower()}"
            faults.append(DrawingFault(code="invalid", message=text, part=part, ring=0))
    return faults


def _overlap(a: BaseGeometry, b: BaseGeometry) -> bool:
    return bool(shapely.area(shapely.intersection(a, b)) > 0.0)


def _of_size(
    shape: BaseGeometry, areas: Sequence[float], limits: DrawingLimits
) -> list[DrawingFault]:
    area = sum(areas)
    if area < limits.least_area_m2:
        text = f"the area is {area:,.0f} m², less than {limits.least_area_m2:,.0f}"
        return [_whole("too_small", text)]
    if area > limits.most_area_m2:
        text = f"the area is {area / 1e6:,.0f} km², more than {limits.most_area_m2 / 1e6:,.0f}"
        return [_whole("too_large", text, only_warns=True)]
    faults = []
    for part, each in enumerate(shapely.get_parts(shape)):
        width = width_m(each, areas[part])
        if width < limits.least_width_m:
            at = shapely.point_on_surface(each)
            text = (
                f"polygon {part + 1} is a sliver, {width:.0f} m wide "
                f"and {WGS84.geometry_length(each.exterior) / 2000.0:.1f} km long"
            )
            faults.append(DrawingFault(code="sliver", message=text, part=part, lon=at.x, lat=at.y))
    return faults


def _of_countries(
    rings: list[_Ring], border: Border, countries: Sequence[str]
) -> list[DrawingFault]:
    faults: list[DrawingFault] = []
    for part, ring, name, points in rings:
        lons = [(lon + 180.0) % 360.0 - 180.0 for lon, _ in points]
        found = border.sides(lons, [lat for _, lat in points])
        wrong = [
            n for n, (country, sure) in enumerate(zip(found.country, found.sure, strict=True))
            if countries and sure and country is not None and country not in countries
        ]  # fmt: skip
        if wrong:
            vertex = max(wrong, key=lambda n: float(np.nan_to_num(found.distance_to_border_m[n])))
            far = float(found.distance_to_border_m[vertex])
            text = (
                f"{name}, vertex {vertex + 1}: lies {far / 1000.0:.1f} km inside "
                f"{found.country[vertex]}, where the area may not be; so do "
                f"{len(wrong)} of its {len(points)} vertices"
            )
            faults.append(DrawingFault(code="wrong_country", message=text, part=part, ring=ring,
                                vertex=vertex, lon=points[vertex][0],
                                lat=points[vertex][1]))  # fmt: skip
        if all(country is None for country in found.country):
            text = f"{name}: lies in no country that is known"
            faults.append(DrawingFault(code="foreign_country", message=text, part=part, ring=ring,
                                only_warns=True))  # fmt: skip
    return faults


def _whole(code: str, message: str, *, only_warns: bool = False) -> DrawingFault:
    return DrawingFault(code=code, message=message, only_warns=only_warns)
