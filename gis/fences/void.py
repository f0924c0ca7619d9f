"""Nobody there: stretches of certain hours in which no unit of a group was in an area."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from gis.fences.events import FenceEvent
from gis.fences.rules import Void

Span: TypeAlias = tuple[float, float]


def watches(rule: Void, *, since: float, until: float) -> Iterator[Span]:
    """Yield the hours of a rule, as spans of seconds since 1970, that lie within two times.

    A span follows the clock on the wall: where that is put forward or back it is shorter or longer.

    >>> from datetime import time
    >>> night = Void(id="r4", area="r4", units=frozenset(), start=time(20), end=time(4),
    ...              zone="Asia/Vientiane")
    >>> [(a, b) for a, b in watches(night, since=0.0, until=172_800.0)]
    [(46800.0, 75600.0), (133200.0, 162000.0)]
    """
    zone = ZoneInfo(rule.zone)
    day = datetime.fromtimestamp(since, zone).date() - timedelta(days=1)
    last = datetime.fromtimestamp(until, zone).date()
    while day <= last:
        begin = datetime.combine(day, rule.start, zone).timestamp()
        over = timedelta(days=0 if rule.end > rule.start else 1)
        end = datetime.combine(day + over, rule.end, zone).timestamp()
        if begin >= since and end <= until and end > begin:
            yield begin, end
        day += timedelta(days=1)


def empty_spans(span: Span, present: Iterable[Span], *, longer_s: float | None) -> list[Span]:
    """Return the stretches of a span, at least `longer_s` long, in which nobody was present.

    Args:
        span: Beginning and end.
        present: Spans in which somebody was; they may overlap and reach beyond it.
        longer_s: None means the whole span.

    >>> empty_spans((0.0, 100.0), [(20.0, 30.0), (25.0, 60.0)], longer_s=30.0)
    [(60.0, 100.0)]
    >>> empty_spans((0.0, 100.0), [], longer_s=None)
    [(0.0, 100.0)]
    """
    begin, end = span
    least = end - begin if longer_s is None else longer_s
    out: list[Span] = []
    at = begin
    for came, went in sorted(present):
        if came - at >= least and min(came, end) - at >= least:
            out.append((at, min(came, end)))
        at = max(at, went)
        if at >= end:
            return out
    if end - at >= least:
        out.append((at, end))
    return out


def void_events(rule: Void, span: Span, present: Iterable[Span]) -> list[FenceEvent]:
    """Return what a rule says of one span of its hours.

    `time` is when the area had been empty for long enough, `earliest` since when it was empty and
    `latest` until when, within the hours.

    >>> from datetime import time
    >>> night = Void(id="r4", area="r4", units=frozenset(), start=time(20), end=time(4),
    ...              zone="Asia/Vientiane", longer_s=3600.0)
    >>> [event.time.isoformat() for event in void_events(night, (46800.0, 75600.0), [])]
    ['1970-01-01T14:00:00+00:00']
    """
    begin, end = span
    lasted = end - begin if rule.longer_s is None else rule.longer_s
    return [
        FenceEvent(
            rule=rule.id,
            kind="void",
            units=(),
            time=datetime.fromtimestamp(since + lasted, UTC),
            earliest=datetime.fromtimestamp(since, UTC),
            latest=datetime.fromtimestamp(until, UTC),
            area=rule.area,
        )
        for since, until in empty_spans(span, present, longer_s=rule.longer_s)
    ]
