"""Incidents as a collection: a point each where the place is known, and what may be told of it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from maps.api.ogc.asking import FIRST, LAST, Asked, Box
from maps.api.ogc.source import Items
from maps.incident_table import row_of
from patrol.desk import Desk
from patrol.errors import NotFound
from patrol.incident_search import Wanted
from patrol.incidents import Incident
from patrol.permissions import may

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
    timed = True

    async def bounds(self, desk: Desk) -> Box | None:
        """Return the box of all places; None for who may see none."""
        if not may(desk.user.role, "see incidents"):
            return None
        found = await desk.incidents.incidents(Wanted(), how="map")
        places = [(each.lon, each.lat) for each in found]
        lons = [lon for lon, _ in places if lon is not None]
        lats = [lat for _, lat in places if lat is not None]
        return (min(lons), min(lats), max(lons), max(lats)) if lons and lats else None

    async def items(self, desk: Desk, asked: Asked) -> Items:
        """Return incidents by id."""
        wanted = Wanted(
            start=None if asked.start == FIRST else asked.start,
            end=None if asked.end == LAST else asked.end,
        )
        found = await desk.incidents.incidents(wanted, how="map")
        if asked.box is not None:
            box = asked.box
            found = [each for each in found if _lies_in(each, box)]
        found.sort(key=lambda each: each.id)
        rest = [each for each in found if each.id > (asked.cursor or "")]
        page = rest[: asked.limit]
        return Items(
            features=[_feature(each) for each in page],
            next=page[-1].id if len(rest) > len(page) else None,
            matched=len(found),
        )

    async def item(self, desk: Desk, id: str) -> bytes:
        """Return one incident."""
        found = await desk.incidents.incident(id)
        if found.state == "withdrawn":
            raise NotFound("incident", id)
        return _feature(found)


def _feature(incident: Incident) -> bytes:
    told: dict[str, Any] = row_of(incident)
    for name in ("id", "lon", "lat"):
        del told[name]
    shape = None
    if incident.lon is not None and incident.lat is not None:
        place = (round(incident.lon, 7), round(incident.lat, 7))
        shape = {"type": "Point", "coordinates": place}
    told = {"agency": incident.agency, "time": incident.happened_at, **told}
    properties = {name: value for name, value in told.items() if value is not None}
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
