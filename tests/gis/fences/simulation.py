"""The judge of fences: made-up boats whose true way is known, cell by cell.

    python -m tests.endurance.fences [--seed N] [--share 1.0] [--only WORD]

A boat's true way is drawn first; its radio tells it with errors that are partly new with every fix
(white) and partly the same for one to ten minutes (correlated), as large as its accuracy says: 68 %
within it, a standard deviation of the accuracy / 1.51 on each axis. Where a scenario has outliers,
one fix in fifty begins a pair that is off by the same 100 m to 5 km.

A *passage* is a true way that goes deeper than one accuracy, or a quarter of the area's width where
that is less; it is found if an alarm ("enter" or "passed") tells of it. An alarm is *false* if the
true way did not come within two accuracies of the area then. What lies between is counted apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.fences.area import Area, polygon
from gis.fences.events import FenceEvent
from gis.fences.geofences import Geofences
from gis.fences.settings import FenceSettings
from gis.geometry.geodesy import Floats
from gis.position.position import Position
from gis.river.rivers import load_rivers

LON, LAT, LON_M, LAT_M = 100.0, 20.0, 104_647.0, 110_704.0
START = datetime(2026, 6, 10, tzinfo=UTC).timestamp()
STEP_S = 2.0  # of the truth
ASSUMED_M = 15.0  # how good receivers are that tell no accuracy
ALARMS = ("enter", "passed")


class Radio(NamedTuple):
    """What a boat's radio tells.

    Attributes:
        every_s: Between reports.
        accuracy_m: How good it is.
        tells_accuracy: Whether it says so.
        tells_speed: Whether it tells speed.
        outliers: Share of reports that begin a pair of wrong ones.
    """

    every_s: float
    accuracy_m: float = ASSUMED_M
    tells_accuracy: bool = True
    tells_speed: bool = False
    outliers: float = 0.0


class Way(NamedTuple):
    """Where a boat truly was: seconds from its start, metres east and north."""

    t: Floats
    x: Floats
    y: Floats


class Score(NamedTuple):
    """What came out of a cell.

    Attributes:
        passages: True ones.
        found: Those that an alarm told.
        alarms: All alarms.
        false: Those where the boat never was.
        between: Those that are neither borne out by a passage nor false.
        maybe: "May have passed" beside them.
        boat_hours: How long boats were watched.
        delays: From the first report after a passage began to the alarm, seconds.
    """

    passages: int = 0
    found: int = 0
    alarms: int = 0
    false: int = 0
    between: int = 0
    maybe: int = 0
    boat_hours: float = 0.0
    delays: tuple[float, ...] = ()

    @property
    def recall(self) -> float:
        """Share of passages that were found; NaN without any."""
        return self.found / self.passages if self.passages else math.nan

    @property
    def false_per_1000_h(self) -> float:
        """False alarms in a thousand boat-hours."""
        return self.false / self.boat_hours * 1000.0

    def __add__(self, other: object) -> Score:
        """Return both together."""
        assert isinstance(other, Score)
        return Score(
            self.passages + other.passages,
            self.found + other.found,
            self.alarms + other.alarms,
            self.false + other.false,
            self.between + other.between,
            self.maybe + other.maybe,
            self.boat_hours + other.boat_hours,
            self.delays + other.delays,
        )


Told: TypeAlias = list[tuple[float, FenceEvent]]
"""Events of one unit that hold in the end, with the time of the report that brought them."""

Run: TypeAlias = Callable[[Sequence[Area], Sequence[tuple[str, Position]]], dict[str, Told]]


def run_engine(areas: Sequence[Area], stream: Sequence[tuple[str, Position]]) -> dict[str, Told]:
    """Return what the engine tells of reports that come one by one."""
    engine = Geofences(areas, settings=FenceSettings())
    told: dict[str, Told] = {}
    for unit, position in stream:
        outcome = engine.see([(unit, position)])
        if not outcome.added and not outcome.withdrawn:
            continue
        assert position.time is not None
        own = told.setdefault(unit, [])
        for event in outcome.withdrawn:
            own.remove(next(each for each in own if each[1] == event))
        own += [(position.time.timestamp(), event) for event in outcome.added]
    return told


def reports(
    rng: np.random.Generator, way: Way, radio: Radio, unit: str
) -> list[tuple[str, Position]]:
    """Return what a boat's radio tells of its way."""
    begin, end = float(way.t[0]), float(way.t[-1])
    when = np.arange(begin + rng.uniform(0.0, radio.every_s), end, radio.every_s)
    when = when + rng.uniform(-0.02, 0.02, len(when)) * radio.every_s
    when = when[(when >= begin) & (when <= end)]
    count = len(when)
    sigma = radio.accuracy_m / 1.51
    share = rng.uniform(0.4, 0.9)  # of the error's power that lasts
    slow = math.exp(-radio.every_s / 10.0 ** rng.uniform(math.log10(60.0), math.log10(600.0)))
    lasting = np.empty((2, count))
    fresh = rng.normal(0.0, 1.0, (2, count))
    for n in range(count):
        lasting[:, n] = (
            fresh[:, 0] if n == 0
            else slow * lasting[:, n - 1] + math.sqrt(1.0 - slow * slow) * fresh[:, n]
        )  # fmt: skip
    white = rng.normal(0.0, 1.0, (2, count))
    error = sigma * (math.sqrt(share) * lasting + math.sqrt(1.0 - share) * white)
    if radio.outliers:
        for n in np.flatnonzero(rng.random(count) < radio.outliers).tolist():
            off, angle = 10.0 ** rng.uniform(2.0, 3.7), rng.uniform(0.0, 2.0 * math.pi)
            error[:, n : n + 2] += off * np.array([[math.sin(angle)], [math.cos(angle)]])
    x = np.interp(when, way.t, way.x) + error[0]
    y = np.interp(when, way.t, way.y) + error[1]
    speed = np.hypot(np.gradient(way.x, way.t), np.gradient(way.y, way.t))
    speeds = np.abs(np.interp(when, way.t, speed) + rng.normal(0.0, 0.3, count))
    return [
        (
            unit,
            Position(
                lon=LON + float(x[n]) / LON_M,
                lat=LAT + float(y[n]) / LAT_M,
                time=datetime.fromtimestamp(START + float(when[n]), UTC),
                accuracy_m=radio.accuracy_m if radio.tells_accuracy else None,
                speed_mps=float(speeds[n]) if radio.tells_speed else None,
            ),
        )
        for n in range(count)
    ]


def area_of(id: str, flat: BaseGeometry) -> Area:
    """Return the area of a shape in metres east and north of 100 E, 20 N."""
    scale = np.array([LON_M, LAT_M])
    return polygon(id, shapely.transform(flat, lambda points: points / scale + [LON, LAT]))


def depth_m(way: Way, flat: BaseGeometry) -> Floats:
    """Return how deep a way is in a shape all the time, metres; below 0 outside."""
    points = shapely.points(way.x, way.y)
    away = shapely.distance(flat.boundary, points)
    shapely.prepare(flat)
    depth: Floats = np.where(shapely.contains_xy(flat, way.x, way.y), away, -away)
    return depth


def judged(
    way: Way, flat: BaseGeometry, width_m: float, radio: Radio, told: Told, *, reach_s: float = 0.0
) -> Score:
    """Return the score of one boat at one area.

    Args:
        way: Its true way.
        flat: The area.
        width_m: How wide it is at its narrowest.
        radio: What the boat's radio tells.
        told: What the engine told of this area.
        reach_s: An alarm may be so far off in time.
    """
    depth = depth_m(way, flat)
    reach_s = reach_s or 3.0 * radio.every_s + 60.0
    deep = depth > min(radio.accuracy_m, width_m / 4.0)
    alarms = [each for each in told if each[1].kind in ALARMS]
    spans = [
        (event.earliest.timestamp() - START - reach_s, event.latest.timestamp() - START + reach_s)
        for _, event in alarms
    ]
    found, delays, passages, borne = 0, [], 0, set[int]()
    for first, last in _runs(deep):
        begin, end = float(way.t[first]), float(way.t[last])
        if begin < way.t[0] + 2.0 * radio.every_s or end > way.t[-1] - 3.0 * radio.every_s:
            continue  # there before it was heard, or until it was heard no more
        passages += 1
        hits = [n for n, (a, b) in enumerate(spans) if a <= end and b >= begin]
        borne.update(hits)
        if not hits:
            since = [s for s in _standing(told) if s[0] - START <= begin <= s[1] - START]
            found += bool(since)
            continue
        found += 1
        delays.append(min(alarms[n][0] for n in hits) - START - begin)
    false = between = 0
    for n, (a, b) in enumerate(spans):
        near = depth[(way.t >= a) & (way.t <= b)]
        if n not in borne:
            if near.size and near.max() >= -2.0 * radio.accuracy_m:
                between += 1
            else:
                false += 1
    return Score(
        passages, found, len(alarms), false, between,
        sum(event.kind == "may_have_passed" for _, event in told),
        float(way.t[-1] - way.t[0]) / 3600.0, tuple(delays),
    )  # fmt: skip


def _standing(told: Told) -> Iterator[tuple[float, float]]:
    """Yield from when to when a unit was told to be in."""
    came: float | None = None
    for _, event in sorted(told, key=lambda each: each[1].time):
        at = event.time.timestamp()
        if event.kind == "enter":
            came = at
        elif event.kind == "leave" and came is not None:
            yield came, at
            came = None
    if came is not None:
        yield came, math.inf


def _runs(flags: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and last index of each stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)


# -- ways


def straight(rng: np.random.Generator, flat: BaseGeometry, every_s: float) -> Way:
    """Return a straight way over a point in or near a shape, at 2 to 12 m/s."""
    speed, course = rng.uniform(2.0, 12.0), rng.uniform(0.0, 2.0 * math.pi)
    west, south, east, north = flat.bounds
    x0, y0 = rng.uniform(west - 60.0, east + 60.0), rng.uniform(south - 60.0, north + 60.0)
    half = max(900.0, 4.5 * every_s)
    t = np.arange(0.0, 2.0 * half, STEP_S)
    far = (t - half) * speed
    return Way(t, x0 + far * math.sin(course), y0 + far * math.cos(course))


def across(rng: np.random.Generator, every_s: float) -> Way:
    """Return a straight way from west to east, roughly."""
    speed, course = rng.uniform(2.0, 12.0), math.pi / 2.0 + rng.uniform(-0.5, 0.5)
    half = max(900.0, 4.5 * every_s)
    t = np.arange(0.0, 2.0 * half, STEP_S)
    far = (t - half) * speed
    y0 = rng.uniform(-100.0, 100.0)
    return Way(t, far * math.sin(course), y0 + far * math.cos(course))


def moored(rng: np.random.Generator, x: float, y: float, hours: float) -> Way:
    """Return a way that comes from 2 km away, lies and swings a little."""
    t = np.arange(0.0, hours * 3600.0, STEP_S)
    angle, speed = rng.uniform(-0.7, 0.7), rng.uniform(2.0, 6.0)
    away = np.maximum(0.0, 2000.0 - speed * t)
    swing = 2.0 * np.sin(t / 300.0 + rng.uniform(0.0, 6.0))
    return Way(t, x - away * math.cos(angle) + swing, y + away * math.sin(angle))


def wandering(rng: np.random.Generator, hours: float, size_m: float) -> Way:
    """Return a way between random places within a square, with stops, at 1 to 12 m/s."""
    knots = [rng.uniform(0.0, size_m, 2)]
    times = [0.0]
    while times[-1] < hours * 3600.0:
        if rng.random() < 0.25:
            knots.append(knots[-1])
            times.append(times[-1] + rng.uniform(60.0, 1800.0))
            continue
        step = rng.uniform(-2500.0, 2500.0, 2)
        goal = np.clip(knots[-1] + step, 0.0, size_m)
        far = float(np.hypot(*(goal - knots[-1])))
        times.append(times[-1] + max(1.0, far / rng.uniform(1.0, 12.0)))
        knots.append(goal)
    t = np.arange(0.0, hours * 3600.0, STEP_S)
    places = np.array(knots)
    x, y = np.interp(t, times, places[:, 0]), np.interp(t, times, places[:, 1])
    kernel = np.ones(11) / 11.0  # no boat turns on the spot
    x = np.convolve(np.pad(x, 5, mode="edge"), kernel, "valid")
    y = np.convolve(np.pad(y, 5, mode="edge"), kernel, "valid")
    return Way(t, x, y)


# -- cells


def passes(
    seed: int,
    count: int,
    width_m: float,
    radio: Radio,
    run: Run = run_engine,
    *,
    whole: bool = False,
) -> Score:
    """Boats that pass straight through or by: squares, circles, strips; or strips alone."""
    rng = np.random.default_rng(seed)
    half = width_m / 2.0
    shapes: list[BaseGeometry] = [
        shapely.box(-half, -half, half, half),
        shapely.Point(0.0, 0.0).buffer(half),
        shapely.box(-half, -1000.0, half, 1000.0),
    ]
    total = Score()
    for number, flat in enumerate(shapes[2:] if whole else shapes):
        share = count if whole else count // 3 + 1
        ways: list[Way] = []
        while len(ways) < share:
            way = across(rng, radio.every_s) if whole else straight(rng, flat, radio.every_s)
            ways.append(way)
        stream = [
            report for n, way in enumerate(ways) for report in reports(rng, way, radio, f"boat-{n}")
        ]
        told = run([area_of(f"area-{number}", flat)], stream)
        for n, way in enumerate(ways):
            total += judged(way, flat, width_m, radio, told.get(f"boat-{n}", []))
    return total


def moored_inside(
    seed: int, count: int, radio: Radio, run: Run = run_engine, *, inside_m: float = 30.0
) -> tuple[int, int, int]:
    """Boats that come and lie inside: how many, told at all, and within ten minutes of mooring."""
    rng = np.random.default_rng(seed)
    flat = shapely.box(0.0, -500.0, 400.0, 500.0)
    ways = [moored(rng, inside_m, rng.uniform(-400.0, 400.0), 2.0) for _ in range(count)]
    stream = [r for n, way in enumerate(ways) for r in reports(rng, way, radio, f"boat-{n}")]
    told = run([area_of("area", flat)], stream)
    ever = soon = 0
    for n, way in enumerate(ways):
        lies_at = float(way.t[np.flatnonzero(way.x > inside_m - 5.0)[0]])
        first = min(
            (at - START for at, event in told.get(f"boat-{n}", []) if event.kind in ALARMS),
            default=math.inf,
        )
        ever += math.isfinite(first)
        soon += first <= lies_at + 600.0
    return count, ever, soon


def moored_outside(
    seed: int, hours: float, radio: Radio, run: Run = run_engine, *, each_h: float = 6.0
) -> Score:
    """Boats that lie 2.05 to 4 accuracies outside of an edge."""
    rng = np.random.default_rng(seed)
    flat = shapely.box(0.0, -500.0, 400.0, 500.0)
    total = Score()
    for n in range(max(1, round(hours / each_h))):
        away = rng.uniform(2.05, 4.0) * radio.accuracy_m + 2.0
        way = moored(rng, -away, rng.uniform(-400.0, 400.0), each_h)
        stream = reports(rng, way, radio, f"boat-{n}")
        told = run([area_of("area", flat)], stream)
        total += judged(way, flat, 400.0, radio, told.get(f"boat-{n}", []))
    return total


def moving(
    seed: int, hours: float, radio: Radio, run: Run = run_engine, *, each_h: float = 6.0
) -> Score:
    """Boats that go about among some thirty areas of 60 to 400 m in a square of 6 km."""
    rng = np.random.default_rng(seed)
    size = 6000.0
    total = Score()
    flats: list[tuple[BaseGeometry, float]] = []
    for _ in range(30):
        width = rng.uniform(60.0, 400.0)
        middle = shapely.Point(rng.uniform(0.0, size, 2))
        flats.append((middle.buffer(width / 2.0, cap_style=rng.choice(["round", "square"])), width))
    areas = [area_of(f"area-{n}", flat) for n, (flat, _) in enumerate(flats)]
    for _ in range(max(1, round(hours / each_h))):
        way = wandering(rng, each_h, size)
        told = run(areas, reports(rng, way, radio, "boat")).get("boat", [])
        for number, (flat, width) in enumerate(flats):
            own = [each for each in told if each[1].area == f"area-{number}"]
            one = judged(way, flat, width, radio, own)
            total += one._replace(boat_hours=each_h if number == 0 else 0.0)
    return total


def river_passes(
    seed: int, count: int, length_m: float, radio: Radio, *, beside: bool = False
) -> Score:
    """Boats that go up or down the Mekong past an area of a length along it.

    It lies across the whole river, or from 60 m to 300 m beside its line. The boats keep within
    150 m of the line, and steer smoothly between its points.
    """
    rng = np.random.default_rng(seed)
    rivers = load_rivers()
    kms = np.arange(2330.0, 2425.0, 0.1)
    lon, lat = rivers.main.at_kms(kms)
    east, north = (lon - LON) * LON_M, (lat - LAT) * LAT_M
    kernel = np.ones(5) / 5.0
    east, north = (np.convolve(np.pad(v, 2, mode="edge"), kernel, "valid") for v in (east, north))
    course = np.arctan2(np.gradient(east), np.gradient(north))
    total = Score()
    places = 12
    for _ in range(places):
        km = rng.uniform(2345.0, 2410.0)
        low, high = 60.0 if beside else -800.0, 300.0 if beside else 800.0
        along = np.arange(km, km + length_m / 1000.0 + 0.01, 0.02)
        side = np.concatenate([
            _offset(kms, east, north, course, along, np.full(len(along), low)),
            _offset(kms, east, north, course, along[::-1], np.full(len(along), high)),
        ])  # fmt: skip
        flat = shapely.make_valid(shapely.Polygon(side))
        if flat.geom_type != "Polygon":
            continue  # where the river bends too much
        engine = Geofences([area_of("area", flat)], rivers=rivers)
        for n in range(max(1, count // places)):
            speed = rng.uniform(2.0, 10.0) * rng.choice([-1.0, 1.0])
            half = max(900.0, 4.5 * radio.every_s)
            t = np.arange(0.0, 2.0 * half, STEP_S)
            at = np.clip(km + length_m / 2000.0 + (t - half) * speed / 1000.0, 2330.5, 2424.5)
            off = rng.uniform(-120.0, 0.0 if beside else 120.0)
            offset = off + 25.0 * np.sin(t / 400.0 + rng.uniform(0.0, 6.0))
            way = Way(t, *_offset(kms, east, north, course, at, offset).T)
            told: Told = []
            for unit, position in reports(rng, way, radio, f"boat-{n}"):
                outcome = engine.see([(unit, position)])
                assert position.time is not None
                told += [(position.time.timestamp(), event) for event in outcome.added]
            total += judged(way, flat, length_m, radio, told)
    return total


def _offset(
    kms: Floats, east: Floats, north: Floats, course: Floats, at: Floats, side_m: Floats
) -> Floats:
    """Return points at kilometres of a line and metres to its right."""
    turn = np.interp(at, kms, np.unwrap(course)) + math.pi / 2.0
    x = np.interp(at, kms, east) + side_m * np.sin(turn)
    y = np.interp(at, kms, north) + side_m * np.cos(turn)
    return np.column_stack([x, y])
