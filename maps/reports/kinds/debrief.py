"""Debrief: where one unit was and how fast, as one self-contained map page.

The track is cut where nothing was heard for longer than the unit's late limit, so that a straight
line never pretends to be a heard one; between sparse reports on a river it goes along the river, as
its length is counted. What cannot be true is left out, as in every other report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

import shapely

from gis.geometry.geodesy import distance_m
from maps.language.wording import Wording
from maps.reports.document import format as formats
from maps.reports.document.document import Key, Place, Plate, ReportDocument, Section, Shape
from maps.reports.document.request import ReportRequest
from maps.reports.records.records import bends_of, fixes_of, legs
from maps.reports.sections import map_background as reference
from patrol.picture.liveness import LATE_AFTER
from patrol.units.wire import Fix

SPEEDS_KMH: Final = (1.0, 10.0, 20.0, 40.0)
"""Where one colour of speed ends and the next begins; below the first a boat lies or drifts."""

MOST_IN_TRACK: Final = 4000
"""Places of the line that is drawn; of more, evenly some."""

MOST_DOTS: Final = 120
"""Positions that tell of themselves when they are pointed at."""

MOST_TIMES: Final = 12
FINEST_DEG: Final = 3e-5  # three metres
_STEPS_MIN: Final = (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)


async def debrief(
    request: ReportRequest, *, unit: str, start: datetime, end: datetime
) -> ReportDocument:
    """Return the debrief of one unit.

    Args:
        request: Whose desk, which site, and in what words.
        unit: Unit id or radio address.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.

    Returns:
        With one map, of the site where nothing was heard of the unit in that time.

    Raises:
        BadRequest: If there are more positions than a report can hold.
        Forbidden: If the role may not.
        NotFound: If there is no such unit, or the user may not know of it.
    """
    desk, words = request.desk, request.words
    found = await fixes_of(desk, [unit], start, end)
    fixes = found.get(unit, [])
    state = desk.visible.unit(unit, unplaced=bool(fixes))
    gap_s = LATE_AFTER * (state.expected_interval_s or 60.0)
    return ReportDocument(
        report="debrief",
        language=words.tag,
        title=words.text("report.unit_debrief"),
        subtitle=state.call_sign,
        facts=tuple(_facts(request, fixes, start, end)),
        sections=(
            Section(title=words.text("report.map"), blocks=(_plate(request, fixes, gap_s),)),
        ),
        made_line=formats.made_line(request, datetime.now(UTC)),
    )


def _facts(
    request: ReportRequest, fixes: Sequence[Fix], start: datetime, end: datetime
) -> Iterator[tuple[str, str]]:
    words = request.words
    count = words.text("report.positions_found", n=len(fixes)) if fixes else ""
    yield count or words.text("report.nowhere"), formats.span(words, start, end)
    if fixes:
        for key, fix in (("report.first_seen", fixes[0]), ("report.last_seen", fixes[-1])):
            at = formats.address_at(request, fix.lon, fix.lat)
            yield words.text(key), f"{formats.local_and_utc(words, fix.time)}\n{at}"


def _plate(request: ReportRequest, fixes: list[Fix], gap_s: float) -> Plate:
    words, land = request.words, request.site.land
    places = [(fix.lon, fix.lat) for fix in fixes]
    box = reference.box_round(places or [land.river.at_km(sum(land.river.km_range) / 2.0)])
    shapes = [*reference.below(land, box), *reference.above(land, box, words)]
    ways: dict[str, list[tuple[Place, ...]]] = {style: [] for style in _styles()}
    bends = bends_of(fixes, land.rivers, gap_s=gap_s)
    begin = 0
    for leg in legs(fixes, gap_s=gap_s):
        for style, line in _ways(leg, begin, bends, len(fixes)):
            ways[style].append(line)
        begin += len(leg)
    for style, lines in ways.items():
        if lines:
            shapes.append(Shape(form="line", style=style, lines=tuple(lines)))
    shapes += _dots(fixes, words)
    keys = [
        Key(form="line", style=style, words=label)
        for style, label in zip(_styles(), _colour_words(words), strict=True)
        if ways[style]
    ]
    return Plate(
        title=words.text("report.map"),
        box=box,
        shapes=tuple(shapes),
        keys=(*keys, *reference.keys(words)),
        attribution=reference.attribution(land, words),
        north=words.text("report.north"),
    )


def _ways(
    leg: Sequence[Fix], begin: int, bends: Mapping[int, Sequence[Place]], total: int
) -> Iterator[tuple[str, tuple[Place, ...]]]:
    """Yield the line of a leg in parts of one speed each, with the style of it.

    Args:
        leg: Its positions.
        begin: How many positions of the track lie before it.
        bends: As `bends_of` the track.
        total: How many positions the track has.
    """
    some = list(range(0, len(leg), total // MOST_IN_TRACK + 1))
    if some[-1] != len(leg) - 1:
        some.append(len(leg) - 1)
    line = [(leg[0].lon, leg[0].lat)]
    style = ""
    for before, after in pairwise(some):
        way = [line[-1], *bends.get(begin + after, ()), (leg[after].lon, leg[after].lat)]
        now = f"speed_{_class_of(leg[before], leg[after], way)}"
        if style and now != style:
            yield style, _thin(line)
            line = line[-1:]
        style = now
        line += way[1:]
    if style:
        yield style, _thin(line)


def _thin(line: Sequence[Place]) -> tuple[Place, ...]:
    """Return a line without what is too fine to be seen."""
    thin = shapely.simplify(shapely.LineString(line), FINEST_DEG)
    return tuple((float(lon), float(lat)) for lon, lat in shapely.get_coordinates(thin).tolist())


def _class_of(before: Fix, after: Fix, way: Sequence[Place]) -> int:
    """Return the number of a way's colour: by the speed that was told, else by the way itself."""
    if after.speed_mps is not None:
        return sum(after.speed_mps * 3.6 >= each for each in SPEEDS_KMH)
    hours = (after.time - before.time) / timedelta(hours=1)
    metres = sum(
        distance_m(lon1=lon1, lat1=lat1, lon2=lon2, lat2=lat2)
        for (lon1, lat1), (lon2, lat2) in pairwise(way)
    )
    kmh = metres / 1000.0 / hours if hours > 0.0 else 0.0
    return sum(kmh >= each for each in SPEEDS_KMH)


def _dots(fixes: Sequence[Fix], words: Wording) -> Iterator[Shape]:
    """Yield places of the track that tell of themselves, its times, its start and its end."""
    if not fixes:
        return
    for fix in fixes[:: len(fixes) // MOST_DOTS + 1]:
        yield _dot("fix", fix, words)
    step = _step(fixes[-1].time - fixes[0].time)
    for before, after in pairwise(fixes):
        due = _next(before.time.astimezone(words.zone), step)
        if before.time < due <= after.time and fixes[-1].time - after.time > step / 4:
            yield _dot("time", after, words, label=f"{after.time.astimezone(words.zone):%H:%M}")
    for style, key, fix in (
        ("start", "report.first_seen", fixes[0]),
        ("end", "report.last_seen", fixes[-1]),
    ):
        clock = f"{fix.time.astimezone(words.zone):%H:%M}"
        yield _dot(style, fix, words, label=f"{words.text(key)} {clock}")


def _dot(style: str, fix: Fix, words: Wording, *, label: str = "") -> Shape:
    place = ((fix.lon, fix.lat),)
    return Shape(form="point", style=style, lines=(place,), label=label, tooltip=_words(fix, words))


def _step(lasted: timedelta) -> timedelta:
    """Return how far apart the times stand that are written beside a track."""
    steps = [timedelta(minutes=each) for each in _STEPS_MIN]
    return next((each for each in steps if lasted <= MOST_TIMES * each), steps[-1])


def _next(local: datetime, step: timedelta) -> datetime:
    """Return the next whole step of the local clock after a moment."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + ((local - midnight) // step + 1) * step


def _styles() -> list[str]:
    return [f"speed_{number}" for number in range(len(SPEEDS_KMH) + 1)]


def _colour_words(words: Wording) -> list[str]:
    """Return the words of each colour of speed."""
    low, *rest = (f"{each:g}" for each in SPEEDS_KMH)
    between = [
        words.text("report.key.speed", low=first, high=second)
        for first, second in pairwise((low, *rest))
    ]
    return [
        words.text("report.key.still", high=low),
        *between,
        words.text("report.key.faster", low=rest[-1]),
    ]


def _words(fix: Fix, words: Wording) -> str:
    labels = [
        words.moment(fix.time, seconds=True),
        formats.in_utc(words, fix.time),
        formats.coordinates(fix.lon, fix.lat),
    ]
    if fix.river_km is not None:
        labels.append(words.text("river.km", km=f"{fix.river_km:.1f}"))
        labels.append(words.text(f"bank.{fix.bank or 'unsure'}"))
    if fix.speed_mps is not None:
        kmh, knots = f"{fix.speed_mps * 3.6:.1f}", f"{fix.speed_mps / 0.514444:.1f}"
        labels.append(words.text("speed", kmh=kmh, knots=knots))
    flags = (words.text_if_any(f"flag.{flag}") or flag for flag in fix.flags)
    return " · ".join((*labels, *flags))
