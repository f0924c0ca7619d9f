"""Incidents as a collection: a point each where the place is known, and what may be told of it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from maps.api.ogc.collection_query import FIRST, LAST, Box, CollectionQuery
from maps.api.ogc.documents import Extent, extent
from maps.api.ogc.filters import Kinds
from maps.api.ogc.source import FeaturePage, paged
from maps.files.incident_table import row_of
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound
from patrol.incidents.incident import Incident
from patrol.incidents.search import IncidentQuery
from patrol.units.permissions import may

_encode: Final = msgspec.json.Encoder().encode


class Incidents:
    """Every incident that the caller may see, but those withdrawn."""

    title = "Incidents"
    description = (
        "What happened and what was seized: your agency's incidents, and those that an agreement"
        " shares now, without names, informants, witnesses and victims. Without geometry where the"
        " place has no degrees. `time` is the first moment of `when`, which is as precise as the"
        " time is known. Joint ones stand once, with all who are credited."
    )
    properties: Kinds = {
        "agency": "string",
        "time": "date-time",
        "when": "string",
        "precision": "string",
        "category": "string",
        "state": "string",
        "agencies": "string",
        "countries": "string",
        "place": "string",
        "place_name": "string",
        "patrol": "string",
        "same_as": "string",
        "cases": "integer",
        "arrested": "integer",
        "arrested_by_nationality": "string",
        "people_found": "integer",
        "vehicles": "integer",
        "seizures": "string",
        "photos": "integer",
        "narrative": "string",
    }

    async def extent(self, desk: Desk) -> Extent:
        """Return the box of all places and the first and last time; none for who may see none."""
        if not may(desk.user.role, "see incidents"):
            return extent()
        found = await desk.incidents.incidents(IncidentQuery(), purpose="map")
        lons = [each.lon for each in found if each.lon is not None]
        lats = [each.lat for each in found if each.lat is not None]
        times = [each.happened_at for each in found]
        return extent(
            (min(lons), min(lats), max(lons), max(lats)) if lons and lats else None,
            (min(times), max(times)) if times else None,
        )

    async def items(self, desk: Desk, query: CollectionQuery) -> FeaturePage:
        """Return incidents by id."""
        incident_query = IncidentQuery(
            start=None if query.start == FIRST else query.start,
            end=None if query.end == LAST else query.end,
        )
        found = await desk.incidents.incidents(incident_query, purpose="map")
        if query.box is not None:
            box = query.box
            found = [each for each in found if _lies_in(each, box)]
        found.sort(key=lambda each: each.id)
        return await paged([(each.id, _feature(each)) for each in found], query)

    async def item(self, desk: Desk, id: str) -> bytes:
        """Return one incident."""
        found = await desk.incidents.incident(id)
        if found.state == "withdrawn":
            raise NotFound("incident", id)
        return _feature(found)


def _feature(incident: Incident) -> bytes:
    columns: dict[str, Any] = row_of(incident)
    for name in ("id", "lon", "lat"):
        del columns[name]
    shape = None
    if incident.lon is not None and incident.lat is not None:
        place = (round(incident.lon, 7), round(incident.lat, 7))
        shape = {"type": "Point", "coordinates": place}
    columns = {"agency": incident.agency, "time": incident.happened_at, **columns}
    properties = {name: value for name, value in columns.items() if value is not None}
    return _encode(
        {"type": "Feature", "id": incident.id, "geometry": shape, "properties": properties}
    )


def _lies_in(incident: Incident, box: Box) -> bool:
    lon, lat = incident.lon, incident.lat
    if lon is None or lat is None:
        return False
    west, south, east, north = box
    across = west <= lon <= east if west <= east else lon >= west or lon <= east
    return across and south <= lat <= north
