"""Where a way crosses an edge, and the event that comes of it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from gis.fences.events import FenceEvent, How
from gis.fences.fix import Fix
from gis.geodesy import WGS84


class Cut(msgspec.Struct, frozen=True):
    """Where a way crosses an edge: the fixes around it, the share of the way, and how known."""

    begin: Fix
    end: Fix
    share: float
    how: How

    @property
    def t(self) -> float:
        """Seconds since 1970."""
        return self.begin.t + self.share * (self.end.t - self.begin.t)


def lasted(
    rule: str, kind: str, area: str, unit: str, at: float, begin: Fix, end: Fix, how: How
) -> FenceEvent:
    """Return an event of what had lasted long enough at `at`, between two fixes or not.

    >>> begin, end = Fix(0.0, 100.0, 20.0, 9.0, None), Fix(60.0, 100.0, 20.0, 9.0, None)
    >>> lasted("long", "dwell", "pier", "lima-2", 30.0, begin, end, "between").time.isoformat()
    '1970-01-01T00:00:30+00:00'
    """
    span = end.t - begin.t
    share = min(1.0, max(0.0, (at - begin.t) / span)) if span > 0.0 else 0.0
    event = event_of(rule, kind, area, unit, Cut(begin, end, share, how))
    when = _when(at)
    if event.time == when:
        return event
    # Proven only later, by the first fix clear of the edge.
    return FenceEvent(
        rule=rule, kind=kind, units=(unit,), time=when, earliest=when, latest=_when(end.t),
        area=area, lon=event.lon, lat=event.lat, how=how,
    )  # fmt: skip


def event_of(
    rule: str, kind: str, area: str, unit: str, cut: Cut, *, side: str | None = None
) -> FenceEvent:
    """Return an event at a cut.

    >>> begin, end = Fix(0.0, 100.0, 20.0, 9.0, None), Fix(60.0, 100.0, 20.01, 9.0, None)
    >>> event_of("in", "enter", "pier", "lima-2", Cut(begin, end, 0.5, "between")).lat
    20.005
    """
    begin, end = cut.begin, cut.end
    bearing, _, way = WGS84.inv(begin.lon, begin.lat, end.lon, end.lat)
    lon, lat = begin.lon, begin.lat
    if way > 0.0:
        lon, lat, _ = WGS84.fwd(lon, lat, bearing, way * cut.share)
    return FenceEvent(
        rule=rule,
        kind=kind,
        units=(unit,),
        time=_when(cut.t),
        earliest=_when(begin.t),
        latest=_when(end.t),
        area=area,
        lon=round(float(lon), 7),
        lat=round(float(lat), 7),
        bearing_deg=round(float(bearing) % 360.0, 1) % 360.0 if way > 0.0 else None,
        side=side,
        how=cut.how,
    )


def _when(t: float) -> datetime:
    return datetime.fromtimestamp(t, UTC)
