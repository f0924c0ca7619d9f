"""How a unit stands to areas, fix after fix: hysteresis, and the events that come of it.

A unit is believed on the side of an edge where it last was farther from it than its fix may be
off. It changes sides when it is so far on the other one (or passes there so far inside between two
fixes); the time told is that of its last crossing before. So a boat that drifts about on an edge
changes nothing, and one that really goes is told with the time it went, not that of the proof.

A line is crossed when the way crossed it once more in one direction than in the other between two
fixes clear of it, and not within the error of one of its ends.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from gis.fences.cut import Cut, event_of, lasted
from gis.fences.events import FenceEvent, How
from gis.fences.fix import NO_STATE, Fix, State, apart_m
from gis.fences.rulebook import RuleBook
from gis.fences.rules import Enter, Speed
from gis.fences.sight import Crossing, Piece, Sight

Passage: TypeAlias = tuple[int, bool, float]


class Inside(Struct, frozen=True):
    """How a unit stands to a polygon that it is in, or may be.

    Attributes:
        inside: On which side it is believed to be; None where it was on the edge when first heard
            and has been there since.
        clear: Whether its last fix was farther from the edge than it may be off.
        since: When it came in, seconds since 1970.
        how: How that is known.
        pending: Its last crossing to the other side, not yet believed.
        told: Rules that have spoken of this visit.
        settled: Whether its last fix was on the side where it is believed to be, nothing pending.
    """

    inside: bool | None
    clear: bool
    since: float
    how: How
    pending: Cut | None
    told: frozenset[str]
    settled: bool


class Astride(NamedTuple):
    """How often a unit close to a line has crossed it: left to right less right to left."""

    net: int
    last: Cut
    side: int
    sure: bool


OUTSIDE = Inside(False, True, 0.0, "between", None, frozenset(), True)


def advance(
    state: State, fix: Fix, *, unit: str, book: RuleBook, gap_s: float
) -> tuple[State, tuple[FenceEvent, ...], tuple[Passage, ...]]:
    """Return a unit's state after a good fix, the events it brings, and comings and goings.

    `state` is that of the good fix before; it is returned itself where nothing changes.

    >>> from gis.fences.area import around
    >>> from gis.fences.index import FenceSet
    >>> book = RuleBook(FenceSet([around("pier", lon=100.0, lat=20.0, radius_m=300.0)]), [])
    >>> first = Fix(0.0, 100.0, 20.0, 9.0, None)
    >>> first.sights = (Sight(0, True, (Piece(0.0, True, True),)),)
    >>> state, events, passages = advance(NO_STATE, first, unit="lima-2", book=book, gap_s=180.0)
    >>> state[0].inside, state[0].how, events, passages
    (True, 'appeared', (), ())
    """
    events: list[FenceEvent] = []
    passages: list[Passage] = []
    before = fix.before
    silent = before is not None and (fix.jump or fix.t - before.t > gap_s)
    sights = fix.sights
    if sights:
        changed = dict(state) if state else {}
        for sight in sights:
            number = sight.area
            if sight.pieces:
                old = changed.get(number, OUTSIDE)
                new = _into(old, sight, fix, silent, unit, book, events, passages)
                if new.inside is not False or not new.settled:
                    changed[number] = new
                else:
                    changed.pop(number, None)
                    for rule in book.speeding.get(number, ()):
                        changed.pop(rule.id, None)
            elif before is not None:
                _across(changed, sight, fix, silent, unit, book, events)
        state = changed or NO_STATE
    if state:
        if book.dwelling:
            state = _dwell(state, fix, silent, unit, book, events)
        if book.speeding and before is not None:
            state = _speed(state, fix, silent, unit, book, events)
    return state, tuple(events), tuple(passages)


def restless(state: State, book: RuleBook) -> bool:
    """Return whether more than crossings can change a state: how far the unit is from edges.

    A unit that is on the side of each edge where it is believed to be has nothing to prove until it
    crosses one.

    >>> from gis.fences.index import FenceSet
    >>> restless({0: replace(OUTSIDE, settled=False)}, RuleBook(FenceSet([]), []))
    True
    """
    if not state:
        return False
    if book.lasting:
        return True
    for each in state.values():
        if type(each) is not Inside or not each.settled:
            break  # any() would take twice as long, and this is asked at each edge
    else:
        return False
    return True


def _into(
    old: Inside,
    sight: Sight,
    fix: Fix,
    silent: bool,
    unit: str,
    book: RuleBook,
    events: list[FenceEvent],
    passages: list[Passage],
) -> Inside:
    number = sight.area
    before = fix.before
    if before is None:
        last = sight.pieces[-1]
        if not last.sure:
            return Inside(None, False, fix.t, "appeared", None, frozenset(), False)
        if not last.inside:
            return OUTSIDE
        _come(number, Cut(fix, fix, 0.0, "appeared"), unit, book, events, passages)
        return Inside(True, True, fix.t, "appeared", None, frozenset(), True)
    how: How = "gap" if silent else "between"
    inside, since, came, pending, told = old.inside, old.since, old.how, old.pending, old.told
    pieces = sight.pieces
    if silent:
        if not fix.jump and inside is False:
            _maybe(sight, fix, unit, book, events)
        crossed = (pieces[0].inside != pieces[-1].inside) and len(pieces) > 1
        last = pieces[-1]
        pieces = (Piece(last.start if crossed else 0.0, last.inside, last.sure),)
    for piece in pieces:
        start, within, sure = piece.start, piece.inside, piece.sure
        if start > 0.0:
            pending = None if within == inside or inside is None else Cut(before, fix, start, how)
        if not sure or within == inside:
            continue
        if inside is None:
            # On which side it was before is not known: it may have been here all the time.
            inside, pending = within, None
            if within:
                since, came, told = fix.t, "appeared", frozenset()
                _come(number, Cut(fix, fix, 0.0, "appeared"), unit, book, events, passages)
            continue
        cut = pending or Cut(before, fix, start, how)
        pending, inside = None, within
        if within:
            since, came, told = cut.t, cut.how, frozenset()
            _come(number, cut, unit, book, events, passages)
        else:
            told = _outstayed(number, since, came, told, cut, unit, book, events)
            _go(number, cut, unit, book, events, passages)
    settled = pieces[-1].inside == inside and pending is None and not sight.on_edge
    # Kept only for whom it matters to, so that to come near an edge changes nothing else.
    clear = sight.clear or not book.dwelling
    return Inside(inside, clear, since if inside else 0.0, came, pending, told, settled)


def _come(
    number: int,
    cut: Cut,
    unit: str,
    book: RuleBook,
    events: list[FenceEvent],
    passages: list[Passage],
) -> None:
    if number in book.peopled:
        passages.append((number, True, cut.t))
    for rule in book.coming.get(number, ()):
        if rule.units is None or unit in rule.units:
            kind = "enter" if isinstance(rule, Enter) else "near"
            events.append(event_of(rule.id, kind, rule.area, unit, cut))


def _go(
    number: int,
    cut: Cut,
    unit: str,
    book: RuleBook,
    events: list[FenceEvent],
    passages: list[Passage],
) -> None:
    if number in book.peopled:
        passages.append((number, False, cut.t))
    events += [
        event_of(rule.id, "leave", rule.area, unit, cut)
        for rule in book.going.get(number, ())
        if rule.units is None or unit in rule.units
    ]


def _maybe(sight: Sight, fix: Fix, unit: str, book: RuleBook, events: list[FenceEvent]) -> None:
    """Tell what the straight line over a silence passes through, as possible."""
    assert fix.before is not None
    pieces = sight.pieces
    for n in range(1, len(pieces) - 1):
        if pieces[n].inside and pieces[n].sure:
            into = Cut(fix.before, fix, pieces[n].start, "possible")
            out = Cut(fix.before, fix, pieces[n + 1].start, "possible")
            _come(sight.area, into, unit, book, events, [])
            _go(sight.area, out, unit, book, events, [])


def _across(
    state: dict[Any, Any],
    sight: Sight,
    fix: Fix,
    silent: bool,
    unit: str,
    book: RuleBook,
    events: list[FenceEvent],
) -> None:
    assert fix.before is not None
    number = sight.area
    if fix.jump:
        state.pop(number, None)
        return
    astride: Astride | None = state.get(number)
    for crossing in sight.crossings:
        astride = _crossed(astride, crossing, fix.before, fix, silent)
    if not sight.clear:
        if astride is not None:
            state[number] = astride
        return
    state.pop(number, None)
    if astride is None or astride.net == 0:
        return
    # On which side of a line a unit is in a silence says not that it crossed it there.
    cut, side = astride.last, "left_to_right" if astride.net > 0 else "right_to_left"
    if not astride.sure or cut.how == "gap":
        cut = replace(cut, how="possible")
    events += [
        event_of(rule.id, "cross", rule.area, unit, cut, side=side)
        for rule in book.crossing.get(number, ())
        if rule.direction in (side, "both") and (rule.units is None or unit in rule.units)
    ]


def _crossed(
    astride: Astride | None, crossing: Crossing, begin: Fix, end: Fix, silent: bool
) -> Astride:
    cut = Cut(begin, end, crossing.start, "gap" if silent else "between")
    if astride is None:
        return Astride(crossing.side, cut, crossing.side, crossing.sure)
    net = astride.net + crossing.side
    # What counts is the crossing that took it over in the end, not one back and forth after it.
    if net * crossing.side > 0:
        return Astride(net, cut, crossing.side, astride.sure and crossing.sure)
    return Astride(net, astride.last, astride.side, astride.sure and crossing.sure)


def _outstayed(
    number: int,
    since: float,
    came: How,
    told: frozenset[str],
    cut: Cut,
    unit: str,
    book: RuleBook,
    events: list[FenceEvent],
) -> frozenset[str]:
    for rule in book.dwelling.get(number, ()):
        if rule.id not in told and since + rule.longer_s <= cut.t:
            told |= {rule.id}
            if rule.units is None or unit in rule.units:
                at = since + rule.longer_s
                events.append(
                    lasted(
                        rule.id,
                        "dwell",
                        rule.area,
                        unit,
                        at,
                        cut.begin,
                        cut.end,
                        "gap" if cut.how == "gap" else came,
                    )
                )
    return told


def _dwell(
    state: State, fix: Fix, silent: bool, unit: str, book: RuleBook, events: list[FenceEvent]
) -> State:
    out: dict[Any, Any] = {}
    for number, standing in state.items():
        if type(standing) is not Inside or not standing.inside or not standing.clear:
            continue
        for rule in book.dwelling.get(number, ()):
            at = standing.since + rule.longer_s
            if at > fix.t or rule.id in standing.told:
                continue
            out = out or dict(state)
            out[number] = replace(out[number], told=out[number].told | {rule.id})
            if rule.units is None or unit in rule.units:
                begin = fix.before or fix
                how: How = "gap" if silent and at > begin.t else standing.how
                events.append(lasted(rule.id, "dwell", rule.area, unit, at, begin, fix, how))
    return out or state


def _speed(
    state: State, fix: Fix, silent: bool, unit: str, book: RuleBook, events: list[FenceEvent]
) -> State:
    begin = fix.before
    assert begin is not None
    out = dict(state)
    for number, rules in book.speeding.items():
        standing = state.get(number)
        for rule in rules:
            streak: tuple[float, bool] | None = out.pop(rule.id, None)
            if standing is None or not standing.inside or silent or not _keeps(rule, begin, fix):
                continue
            since, told = streak or (max(begin.t, standing.since), False)
            if not told and fix.t - since >= rule.for_s:
                told = True
                if rule.units is None or unit in rule.units:
                    at = since + rule.for_s
                    events.append(
                        lasted(rule.id, "speed", rule.area, unit, at, begin, fix, "between")
                    )
            out[rule.id] = (since, told)
    return state if out == state else out


def _keeps(rule: Speed, begin: Fix, fix: Fix) -> bool:
    told = fix.speed_mps
    if rule.above_mps is not None:
        speed = apart_m(begin, fix) / (fix.t - begin.t) if told is None else told
        return speed >= rule.above_mps
    assert rule.below_mps is not None
    if told is None:
        noise = begin.error_m + fix.error_m
        told = max(0.0, apart_m(begin, fix) - noise) / (fix.t - begin.t)
    return told <= rule.below_mps
