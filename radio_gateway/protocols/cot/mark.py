"""Marks of Cursor on Target: what people put on the map, told from what is there itself.

    b-m-p-s-m, b-m-p-…  a point          b-m-p-c      a meeting point ("checkpoint" of a contact)
    b-m-p-w             a waypoint       b-m-r        a route; each point a `link` with `point`
    u-d-f, u-d-r        drawn lines and areas (rectangles); each corner a `link` with `point`
    u-d-c-c, u-d-c-e    circles, ellipses: `shape/ellipse`, `major` and `minor` half axes in metres
    a-…                 with `how` h-… and a maker (`link` p-p) that is another: what somebody
                        placed by hand; it says nothing by itself
    t-x-d-d             takes away what the uid of its `link` names

`stale` says when it is worth nothing. Clients repeat what they show, with a `stale` of minutes that
means only that; and `archive` says that it stays until somebody takes it away. In both cases no end
is told.

Source: MITRE, CoT base schema 2.0; types and details as the published ATAK-CIV sources write them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from radio_gateway.messages.marked_place import (
    MAX_ID,
    MarkedPlace,
    MarkUse,
    as_path,
    in_lines,
    is_place,
    one_line,
)
from radio_gateway.protocols.cot.cot_event import CotEvent

DELETION = "t-x-d-d"
REPEATED_WITHIN = timedelta(hours=1)
"""A `stale` sooner than this says when it is sent again, not until when it holds."""

MAX_RADIUS_M = 1_000_000.0

_USES: tuple[tuple[str, MarkUse], ...] = (
    ("b-m-p-c", "meeting_point"),
    ("b-m-p-w", "waypoint"),
    ("b-m-r", "route"),
    ("u-d-c", "area"),
    ("u-d-r", "area"),
)


def is_mark(event: CotEvent) -> bool:
    """Return whether an event is of a place that a person put on the map, or takes one away."""
    type_ = event.type
    if type_.startswith(("b-m-", "u-", DELETION)):
        return True
    return (
        type_.startswith("a-")
        and event.how.startswith("h-")
        and event.maker not in (None, event.uid)
        and "takv" not in event.detail
    )


def marked_place(event: CotEvent) -> MarkedPlace | None:
    """Return what an event that `is_mark` says; None where it names no place to mark."""
    if event.type.startswith(DELETION):
        of = one_line(event.detail.get("link", {}).get("uid"), MAX_ID)
        return MarkedPlace(id=of, deleted=True) if of else None
    id = one_line(event.uid, MAX_ID)
    if not id or not is_place(lon=event.lon, lat=event.lat):
        return None
    path = as_path(_points(event.links))
    closed = len(path) > 3 and path[0] == path[-1]
    if event.type.startswith("u-d-r") and 2 < len(path) <= 4 and not closed:
        path, closed = (*path, path[0]), True
    use = next((use for start, use in _USES if event.type.startswith(start)), None)
    ends_at = event.stale
    if "archive" in event.detail or (
        ends_at is not None and event.time is not None and ends_at - event.time < REPEATED_WITHIN
    ):
        ends_at = None
    contact = event.detail.get("contact", {})
    return MarkedPlace(
        id=id,
        lon=event.lon,
        lat=event.lat,
        name=one_line(contact.get("callsign")),
        use=use or ("area" if closed else "place"),
        path=path,
        closed=closed,
        radius_m=_radius_m(event),
        remarks=in_lines(event.remarks),
        ends_at=ends_at,
    )


def _points(links: Iterable[str]) -> Iterable[tuple[float, float]]:
    """Yield (lon, lat) of the `point` of links: `lat,lon[,height]`."""
    for text in links:
        try:
            lat, lon = (float(part) for part in text.split(",")[:2])
        except ValueError:
            continue
        yield lon, lat


def _radius_m(event: CotEvent) -> float | None:
    """Return the larger half axis of a circle or ellipse: nothing of it is left out."""
    if not event.type.startswith("u-d-c"):
        return None
    try:
        found = max(float(event.ellipse.get("major", "")), float(event.ellipse.get("minor", "")))
    except ValueError:
        return None
    return found if 0.0 < found <= MAX_RADIUS_M else None
