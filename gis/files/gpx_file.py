"""GPX 1.1, as chartplotters, OpenCPN, QGIS and OsmAnd read it.

A track becomes a `trk`, a silence of half an hour begins a new `trkseg`; points of a layer become
`wpt`, its lines and the outlines of its areas `trk` without times. Speed and course, for which GPX
1.1 has no place, go into Garmin's TrackPointExtension.

Sources: GPX 1.1 schema, http://www.topografix.com/GPX/1/1/gpx.xsd (order of elements);
TrackPointExtension v2, http://www.garmin.com/xmlschemas/TrackPointExtensionv2.xsd.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import geopandas as gpd
import shapely

from gis.files.export_content import ExportContent, ExportTrack, moment, time_of
from gis.files.rows import rows
from gis.files.xml_text import element, number, text
from gis.position.position import Position

_HEAD: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<gpx version="1.1" creator="joint-patrol" xmlns="http://www.topografix.com/GPX/1/1"'
    ' xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v2">\n'
)


def write_gpx(material: ExportContent) -> bytes:
    """Return `material` as GPX; areas as their outlines, for GPX knows no areas.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    >>> place = Position(lon=100.41, lat=20.27, time=at, altitude_m=352.5)
    >>> made = ExportContent(title="x", made_at=at,
    ...     tracks=(ExportTrack(id="n1", name="ນາກ 1", positions=(place,)),))
    >>> print(write_gpx(made).decode().splitlines()[5])
    <trkpt lat="20.27" lon="100.41"><ele>352.5</ele><time>2026-11-24T02:30:00Z</time></trkpt>
    """
    about = element("name", material.title) + element("time", moment(material.made_at))
    lines = [_HEAD + f"<metadata>{about}</metadata>"]
    # The schema wants all wpt before all trk.
    for frame in material.layers.values():
        lines += _waypoints(frame)
    for track in material.tracks:
        lines += _track(track)
    for frame in material.layers.values():
        lines += _tracks(frame)
    return ("\n".join(lines) + "\n</gpx>\n").encode()


def _track(track: ExportTrack) -> Iterator[str]:
    description = ", ".join(each for each in (track.side, track.patrol) if each)
    head = element("name", track.name) + element("desc", description) + element("type", track.kind)
    yield f"<trk>{head}"
    for part in track.parts():
        yield "<trkseg>"
        for position in part:
            yield _trackpoint(position)
        yield "</trkseg>"
    yield "</trk>"


def _trackpoint(position: Position) -> str:
    inner = "" if position.altitude_m is None else f"<ele>{number(position.altitude_m, 2)}</ele>"
    inner += f"<time>{moment(time_of(position))}</time>"
    more = ""
    if position.speed_mps is not None:
        more += f"<gpxtpx:speed>{number(position.speed_mps, 2)}</gpxtpx:speed>"
    if position.course_deg is not None:
        more += f"<gpxtpx:course>{number(position.course_deg, 1)}</gpxtpx:course>"
    if more:
        extension = f"<gpxtpx:TrackPointExtension>{more}</gpxtpx:TrackPointExtension>"
        inner += f"<extensions>{extension}</extensions>"
    return f"<trkpt {_at(position.lon, position.lat)}>{inner}</trkpt>"


def _waypoints(frame: gpd.GeoDataFrame) -> Iterator[str]:
    for shape, row in rows(frame):
        for point in shapely.get_parts(shape) if shape is not None else ():
            if point.geom_type != "Point" or point.is_empty:
                continue
            height = number(point.z, 2) if point.has_z and point.z == point.z else None
            yield (
                f"<wpt {_at(point.x, point.y)}>"
                + element("ele", height)
                + element("time", _time(row))
                + element("name", row.get("name"))
                + element("desc", row.get("description"))
                + element("type", row.get("kind"))
                + "</wpt>"
            )


def _tracks(frame: gpd.GeoDataFrame) -> Iterator[str]:
    for shape, row in rows(frame):
        lines = []
        for part in shapely.get_parts(shape) if shape is not None else ():
            if part.geom_type == "Polygon":
                lines += [part.exterior, *part.interiors]
            elif part.geom_type in ("LineString", "LinearRing"):
                lines.append(part)
        if not lines:
            continue
        head = element("name", row.get("name")) + element("desc", row.get("description"))
        segments = "".join(
            "<trkseg>" + "".join(_vertex(place) for place in line.coords) + "</trkseg>"
            for line in lines
        )
        yield f"<trk>{head}{segments}</trk>"


def _vertex(place: tuple[float, ...]) -> str:
    known = len(place) > 2 and place[2] == place[2]
    inner = f"<ele>{number(place[2], 2)}</ele>" if known else ""
    return f"<trkpt {_at(place[0], place[1])}>{inner}</trkpt>"


def _at(lon: float, lat: float) -> str:
    return f'lat="{text(number(lat, 7))}" lon="{text(number(lon, 7))}"'


def _time(row: dict[str, Any]) -> str | None:
    time = row.get("time")
    return None if time is None else moment(time)
