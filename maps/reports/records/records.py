"""Records of a period that several reports need, read through a desk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, TypeVar

import msgspec

from gis.river.rivers import Rivers
from gis.tracks.legs import river_bends
from gis.tracks.track import Track, columns_of
from maps.errors.errors import BadRequest
from maps.surveys.query_windows import parts_since
from maps.surveys.track_reader import credible, with_accuracy
from patrol.alerts.alert import Alert
from patrol.desks.desk import Desk
from patrol.desks.watch_room.alerts import MOST_ALERTS
from patrol.documents.document import Document
from patrol.errors.errors import Forbidden, NotFound
from patrol.incidents.incident import Incident
from patrol.incidents.search import IncidentQuery
from patrol.targets.hand_off import HandOff
from patrol.units.wire import Fix

MOST_FIXES: Final = 300_000
"""Of one report, as of one survey."""

SHORTEST: Final = timedelta(minutes=1)

_ANSWERS: Final[Mapping[str, str]] = {
    "accepted": "accepted",
    "granted": "accepted",
    "taken": "accepted",
    "declined": "declined",
    "withdrawn": "withdrawn",
    "lapsed": "lapsed",
    "cut": "cut",
}
"""What a state of a hand-off that waits no more says of its answer."""

P = TypeVar("P", bound=Document)
Pass = Callable[[Document], Document | None]
"""What may go into the report of a document; None for nothing."""


class HandOffOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A hand-off and what became of it.

    Attributes:
        hand_off: As it is now.
        answer: `accepted`, `declined`, `withdrawn`, `lapsed`, `cut`; `open` while it waits.
        response_s: Seconds from the offer to the answer of the other side; None without one.
    """

    hand_off: HandOff
    answer: str
    response_s: float | None


def everything(document: Document) -> Document:
    """Let all pass that the desk shows."""
    return document


async def alerts_between(
    desk: Desk, start: datetime, end: datetime, *, passes: Pass = everything
) -> list[Alert]:
    """Return the alerts that were raised in a time, oldest first; none if the role sees none.

    They are looked for by when they last changed, from then until now, in parts: one answer has an
    end.
    """
    found: dict[str, Alert] = {}
    try:
        for first, after in parts_since(start, end, now=datetime.now(UTC)):
            _add(found, await _changed(desk, first, after), passes)
        _add(found, await desk.alerts.history(start=after, limit=MOST_ALERTS), passes)
    except Forbidden:
        return []
    raised = [each for each in found.values() if start <= each.raised_at < end]
    return sorted(raised, key=lambda each: (each.raised_at, each.id))


async def _changed(desk: Desk, start: datetime, end: datetime) -> list[Alert]:
    """Return the alerts that last changed in a time, all of them."""
    some = await desk.alerts.history(start=start, end=end, limit=MOST_ALERTS)
    if len(some) < MOST_ALERTS or end - start <= SHORTEST:
        return some
    middle = start + (end - start) / 2
    return [*await _changed(desk, start, middle), *await _changed(desk, middle, end)]


async def hand_offs_between(
    desk: Desk, start: datetime, end: datetime, *, passes: Pass = everything
) -> list[HandOffOutcome]:
    """Return the hand-offs offered in a time, oldest first; none if the role sees none.

    One is over once the other node has said that it knows, which may be when it is back after days:
    they are looked for until now.
    """
    try:
        under_way = desk.hand_offs.all()  # first: what ends meanwhile is among the past
        past: list[HandOff] = []
        for first, after in parts_since(start, end, now=datetime.now(UTC)):
            past += await desk.hand_offs.past(since=first, until=after)
    except Forbidden:
        return []
    found: dict[str, HandOff] = {}
    _add(found, [*under_way, *past], passes)
    offered = [each for each in found.values() if start <= each.offered_at < end]
    offered.sort(key=lambda each: (each.offered_at, each.id))
    return [await _answered(desk, each) for each in offered]


async def incidents_between(
    desk: Desk,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    patrol: str | None = None,
    zone: tzinfo = UTC,
    passes: Pass = everything,
) -> list[Incident]:
    """Return the incidents of a time or a patrol, oldest first; none if the role sees none.

    A year, month or day that people told is that of the calendar in `zone`.
    """
    query = IncidentQuery(start=start, end=end, patrol=patrol, zone=zone)
    try:
        result = await desk.incidents.incidents(query, purpose="file")
    except Forbidden:
        return []
    found: dict[str, Incident] = {}
    _add(found, result, passes)
    return sorted(found.values(), key=lambda each: (each.happened_at, each.id))


async def fixes_of(
    desk: Desk, units: Iterable[str], start: datetime, end: datetime
) -> dict[str, list[Fix]]:
    """Return where units were, oldest first, by id; only those seen somewhere in that time.

    Without what cannot be true: the positions that effort and coverage count.

    Raises:
        BadRequest: If they are more than a report can hold.
    """
    found: dict[str, list[Fix]] = {}
    count = 0
    for unit in units:
        fixes: list[Fix] = []
        try:
            async for page in desk.history.pages(unit, start=start, end=end):
                fixes += page
                count += len(page)
                if count > MOST_FIXES:
                    raise BadRequest(f"more than {MOST_FIXES} positions: ask for less time")
        except NotFound:
            continue
        if fixes:
            found[unit] = await asyncio.to_thread(credible, fixes)
    return found


def legs(fixes: list[Fix], *, gap_s: float) -> list[list[Fix]]:
    """Cut a track, oldest first, wherever nothing was heard for longer than `gap_s` seconds.

    >>> legs([], gap_s=60)
    []
    """
    cut: list[list[Fix]] = []
    for fix in fixes:
        if cut and fix.time - cut[-1][-1].time <= timedelta(seconds=gap_s):
            cut[-1].append(fix)
        else:
            cut.append([fix])
    return cut


def bends_of(
    fixes: Sequence[Fix], rivers: Rivers, *, gap_s: float
) -> dict[int, list[tuple[float, float]]]:
    """Return where the lines to positions bend that go along a river, as distance is measured.

    Args:
        fixes: Of one unit, oldest first, without what cannot be true.
        rivers: What boats follow between sparse reports.
        gap_s: A longer time without a position is no line, seconds.

    Returns:
        By the number of the position: longitude and latitude of each place between the one before
        it, and it.
    """
    time_us, columns = columns_of(with_accuracy(fixes))
    bends = river_bends(Track(time_us=time_us, **columns), rivers, max_gap_s=gap_s)
    return {n: [(lon, lat) for lon, lat in places.tolist()] for n, places in bends.items()}


def acknowledged_s(alert: Alert) -> float | None:
    """Return the seconds from when an alert last began to ring until somebody knew of it."""
    if alert.acknowledged_at is None:
        return None
    rang = alert.rings_since
    began = rang if rang is not None and rang <= alert.acknowledged_at else alert.raised_at
    return max((alert.acknowledged_at - began).total_seconds(), 0.0)


def resolved_s(alert: Alert) -> float | None:
    """Return the seconds from when an alert was raised until it was resolved."""
    if alert.resolved_at is None:
        return None
    return max((alert.resolved_at - alert.raised_at).total_seconds(), 0.0)


def quantile(values: Iterable[float], share: float) -> float | None:
    """Return the least value that so large a share of all does not exceed; None of none.

    The nearest-rank definition: always one of the values, so that few are not smoothed away.

    >>> quantile([30.0, 10.0, 20.0, 400.0], 0.5), quantile([10.0, 20.0], 0.9), quantile([], 0.5)
    (20.0, 20.0, None)
    """
    ordered = sorted(values)
    if not ordered:
        return None
    rank = -(-len(ordered) * share // 1)
    return ordered[max(int(rank), 1) - 1]


async def _answered(desk: Desk, hand_off: HandOff) -> HandOffOutcome:
    answer, at = "open", None
    try:
        versions = await desk.hand_offs.versions(hand_off.id)
    except NotFound:
        versions = [hand_off]
    for version in versions:
        if version.state in _ANSWERS:
            answer, at = _ANSWERS[version.state], version.at
            break
    is_answered = answer in ("accepted", "declined") and at is not None
    response_s = (
        (at - hand_off.offered_at).total_seconds() if is_answered and at is not None else None
    )
    return HandOffOutcome(hand_off=hand_off, answer=answer, response_s=response_s)


def _add(into: dict[str, P], documents: Iterable[P], passes: Pass) -> None:
    for document in documents:
        visible = passes(document)
        if visible is not None:
            assert isinstance(visible, type(document))
            into[document.id] = visible
