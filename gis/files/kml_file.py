"""KML 2.2, as Google Earth and ATAK read it.

A track becomes a folder: its line with a TimeSpan, and a folder of its positions, each a point with
a TimeStamp, by which Google Earth's time slider moves them. Features of layers keep their columns
as ExtendedData. Lines and points lie on the ground; elevations stand in the coordinates.

Source: OGC 12-007r2 (KML 2.3, of which 2.2 is a part), clauses 9 (features), 13 (TimeStamp,
TimeSpan), 10 (geometry). Colours are aabbggrr.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import numpy as np
import shapely

from gis.files.export_content import ExportContent, ExportTrack, moment, time_of
from gis.files.rows import rows
from gis.files.track_tables import has_altitude
from gis.files.xml_text import element, number, text

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
)
# Okabe and Ito's colours by side, as on the page.
_COLOURS: Final = {
    "LA": "ffb27200",
    "TH": "ff009fe6",
    "MM": "ff739e00",
    "CN": "ff005ed5",
    "VN": "ff42e4f0",
    "KH": "ffa779cc",
}
_UNKNOWN: Final = "ff888888"


def write_kml(material: ExportContent) -> bytes:
    """Return `material` as KML.

    >>> from datetime import UTC
    >>> from gis.position.position import Position
    >>> at = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    >>> made = ExportContent(title="x", made_at=at, tracks=(
    ...     ExportTrack(id="n1", name="ນາກ 1",
    ...                 positions=(Position(lon=100.41, lat=20.27, time=at),)),))
    >>> "<TimeStamp><when>2026-11-24T02:30:00Z</when></TimeStamp>" in write_kml(made).decode()
    True
    """
    lines = [_HEAD + element("name", material.title)]
    for side, colour in (*_COLOURS.items(), ("unknown", _UNKNOWN)):
        lines.append(
            f'<Style id="{side}"><IconStyle><color>{colour}</color><scale>0.6</scale></IconStyle>'
            f"<LabelStyle><scale>0</scale></LabelStyle><LineStyle><color>{colour}</color>"
            "<width>3</width></LineStyle></Style>"
        )
    for track in material.tracks:
        lines += _track(track)
    for name, frame in material.layers.items():
        lines.append(f"<Folder>{element('name', name)}")
        lines += [_placemark(shape, row) for shape, row in rows(frame)]
        lines.append("</Folder>")
    return ("\n".join(lines) + "\n</Document></kml>\n").encode()


def _track(track: ExportTrack) -> Iterator[str]:
    style = f"<styleUrl>#{track.side if track.side in _COLOURS else 'unknown'}</styleUrl>"
    yield f"<Folder>{element('name', track.name)}"
    for part in track.parts():
        if len(part) > 1:
            span = element("begin", moment(time_of(part[0])))
            span += element("end", moment(time_of(part[-1])))
            high = has_altitude(track)  # readers take a missing one for 0
            places = " ".join(
                _place(each.lon, each.lat, each.altitude_m if high else None) for each in part
            )
            line = f"<tessellate>1</tessellate><coordinates>{places}</coordinates>"
            yield (
                f"<Placemark>{element('name', track.name)}<TimeSpan>{span}</TimeSpan>{style}"
                f"{_data({'unit': track.id, 'patrol': track.patrol})}"
                f"<LineString>{line}</LineString></Placemark>"
            )
    yield f"<Folder>{element('name', f'{track.name}: positions')}"
    for each in track.positions:
        about = {
            "speed_mps": None if each.speed_mps is None else number(each.speed_mps, 2),
            "course_deg": None if each.course_deg is None else number(each.course_deg, 1),
            "accuracy_m": None if each.accuracy_m is None else number(each.accuracy_m, 1),
        }
        place = _place(each.lon, each.lat, each.altitude_m)
        yield (
            f"<Placemark>{element('name', track.name)}{_stamp(time_of(each))}{style}"
            f"{_data(about)}<Point><coordinates>{place}</coordinates></Point></Placemark>"
        )
    yield "</Folder></Folder>"


def _placemark(shape: shapely.Geometry | None, row: dict[str, Any]) -> str:
    time = row.pop("time", None)
    stamp = _stamp(time) if isinstance(time, datetime) else ""
    head = element("name", row.pop("name", None)) + element(
        "description", row.pop("description", None)
    )
    side = row.get("country")
    style = f"<styleUrl>#{side if side in _COLOURS else 'unknown'}</styleUrl>"
    drawn = "" if shape is None or shape.is_empty else _shape(shape)
    return f"<Placemark>{head}{stamp}{style}{_data(row)}{drawn}</Placemark>"


def _shape(shape: shapely.Geometry) -> str:
    if shape.geom_type == "Point":
        return f"<Point>{_coordinates(shape)}</Point>"
    if shape.geom_type in ("LineString", "LinearRing"):
        return f"<LineString><tessellate>1</tessellate>{_coordinates(shape)}</LineString>"
    if shape.geom_type == "Polygon":
        inner = "".join(
            f"<innerBoundaryIs><LinearRing>{_coordinates(ring)}</LinearRing></innerBoundaryIs>"
            for ring in shape.interiors
        )
        outer = f"<LinearRing>{_coordinates(shape.exterior)}</LinearRing>"
        return (
            f"<Polygon><tessellate>1</tessellate><outerBoundaryIs>{outer}</outerBoundaryIs>"
            f"{inner}</Polygon>"
        )
    parts = "".join(_shape(part) for part in shapely.get_parts(shape))
    return f"<MultiGeometry>{parts}</MultiGeometry>"


def _coordinates(shape: shapely.Geometry) -> str:
    places = shapely.get_coordinates(shape, include_z=shape.has_z)
    words = (
        _place(each[0], each[1], float(each[2]) if len(each) > 2 and np.isfinite(each[2]) else None)
        for each in places
    )
    return f"<coordinates>{' '.join(words)}</coordinates>"


def _place(lon: float, lat: float, altitude_m: float | None) -> str:
    words = f"{number(lon, 7)},{number(lat, 7)}"
    return words if altitude_m is None else f"{words},{number(altitude_m, 2)}"


def _stamp(time: datetime) -> str:
    return f"<TimeStamp><when>{moment(time)}</when></TimeStamp>"


def _data(about: dict[str, Any]) -> str:
    content = "".join(
        f'<Data name="{text(name)}">{element("value", _words(value))}</Data>'
        for name, value in about.items()
        if value is not None and value != ""
    )
    return f"<ExtendedData>{content}</ExtendedData>" if content else ""


def _words(value: Any) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    return str(value)
