"""CotEvent: what a Cursor on Target event says, however it was written.

Source: MITRE, CoT base schema 2.0 (`Event.xsd`) and its detail schemas.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class CotEvent(msgspec.Struct, kw_only=True):
    """One event as sent; None where nothing was said.

    Attributes:
        uid: Identifier of the event, mostly that of the device.
        type: What it is about, `a-f-G-U-C`.
        how: How its place came about.
        time: When it was made, aware UTC.
        stale: When it is worth nothing any more, aware UTC.
        time_text: `time` as `show_time` shows it, where that is known already.
        stale_text: `stale`, the same.
        lon: Longitude, degrees east, unchecked.
        lat: Latitude, degrees north, unchecked.
        hae: Height above the ellipsoid, metres.
        ce: Circular error, metres.
        le: Linear error, metres.
        speed: Of `track`, metres per second.
        course: Of `track`, degrees true.
        detail: Attributes of the elements under `detail` by name, the first of each; `track` may
            be left out.
        remarks: Text of `remarks`.
        emergency: Text of `emergency`.
        maker: uid of who made it (`link`, relation p-p).
        links: `point` of each `link` that has one, in order: a route, a drawing.
        ellipse: Attributes of `shape/ellipse`.
        flags: What was odd in it.
        fault: Reason and detail of the first that could not be read in it, and is left out.
    """

    uid: str
    type: str
    how: str = ""
    time: datetime | None = None
    stale: datetime | None = None
    time_text: str | None = None
    stale_text: str | None = None
    lon: float | None = None
    lat: float | None = None
    hae: float | None = None
    ce: float | None = None
    le: float | None = None
    speed: float | None = None
    course: float | None = None
    detail: dict[str, dict[str, str]] = {}
    remarks: str | None = None
    emergency: str | None = None
    maker: str | None = None
    links: list[str] = []
    ellipse: dict[str, str] = {}
    flags: set[str] = set()
    fault: tuple[str, str] | None = None
