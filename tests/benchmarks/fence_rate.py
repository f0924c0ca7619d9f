"""How many moves a second one core takes against 1,000 fences, beside a bare query of shapely's.

    python -m tests.benchmarks.fence_rate [--reps 5] [--json FILE] [--profile]

1,000 boats among 1,000 polygons of 50 vertices that overlap a little; a fix a second of each, in
batches of 100. Ours judges each fix, puts it into its track, smooths the path, works out how it
stands to the areas near it and tells events. The goal is 40,000 moves a second.

Beside it, of the same points in the same batches just before: a box query of an STRtree and a
prepared `contains_xy`, which knows no move and remembers nothing.

Two sets of polygons: "sectors" with smooth edges, and "stars", those of the reference, whose edges
go in and out so much that no place is farther than some 50 m from one.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import math
import pstats
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import shapely

from gis.fences.area import polygon
from gis.fences.geofences import Geofences
from gis.geometry.geodesy import Floats
from gis.position.position import Position
from maps.app.uvicorn_server import spare_the_collector
from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, told
from tests.benchmarks.machine import describe

FENCES, VERTICES, BOATS, BATCH = 1000, 50, 1000, 100
SECONDS = 20  # of traffic in one repetition
LON, LAT, LON_M, LAT_M = 100.0, 20.0, 104_647.0, 110_704.0
GOAL = 40_000.0
RATE = 1000.0
START = datetime(2026, 6, 10, tzinfo=UTC)


class Round(NamedTuple):
    """One repetition: moves and points a second of CPU time, and the slowest batches."""

    ours: float
    limit: float
    events: int
    p99_ms: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fence_rate")
    parser.add_argument("--reps", type=int, default=5, help="measurements behind each median")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    options = parser.parse_args()
    rows = [["fences", "moves/s", "limit", "ratio", "p99 of a batch",
             f"of a core at {RATE:,.0f}/s", "events"]]  # fmt: skip
    figures: dict[str, list[Round]] = {}
    for name in ("sectors", "stars"):
        figures[name] = rounds = measure(name, options.reps, profile=options.profile)
        ours, limit = median(r.ours for r in rounds), median(r.limit for r in rounds)
        ratio = median(r.ours / r.limit for r in rounds)
        rows.append(
            [name, f"{ours:,.0f}", f"{limit:,.0f}", f"{ratio:.2f} x",
             f"{median(r.p99_ms for r in rounds):.1f} ms", f"{RATE / ours:.1%}",
             f"{rounds[-1].events:,}"]
        )  # fmt: skip
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(rows)}\ngoal: {GOAL:,.0f} moves/s")
    if options.json is not None:
        judged = [
            Verdict(
                goal=7,
                what=f"fences, {name}: moves a second of one core",
                value=median(r.ours for r in rounds),
                bound=GOAL,
            )
            for name, rounds in figures.items()
        ]
        document = {"machine": machine, "figures": figures, "goals": told(judged)}
        options.json.write_text(json.dumps(document))


def measure(name: str, reps: int, *, profile: bool) -> list[Round]:
    """Return repetitions with one set of fences."""
    rng = np.random.default_rng(1)
    shapes = polygons(rng, smooth=name == "sectors")
    areas = [polygon(str(n), shape) for n, shape in enumerate(shapes)]
    prepared = np.array(shapes)
    shapely.prepare(prepared)
    tree = shapely.STRtree(prepared)

    def limit(points: Floats) -> object:
        at, number = tree.query(shapely.points(points))
        inside = shapely.contains_xy(prepared[number], points[at, 0], points[at, 1])
        return at[inside], number[inside]

    # As in the server: a collection of garbage that goes through all areas once in a while
    # lasts as long as a third of a repetition, or falls into none.
    spare_the_collector()
    rounds = []
    for _ in range(reps):
        engine = Geofences(areas)
        stream, places = traffic(rng)
        for at in range(0, 2 * BOATS, BATCH):
            engine.see(stream[at : at + BATCH])
        profiler = cProfile.Profile()
        batches = [slice(at, at + BATCH) for at in range(2 * BOATS, len(stream), BATCH)]
        begin = time.process_time()
        for batch in batches:
            limit(places[batch])
        others = time.process_time() - begin
        events = 0
        slow = []
        if profile:
            profiler.enable()
        for batch in batches:
            begin = time.process_time()
            events += len(engine.see(stream[batch]).added)
            slow.append(time.process_time() - begin)
        profiler.disable()
        mine = sum(slow)
        count = len(stream) - 2 * BOATS
        p99 = float(np.percentile(slow, 99)) * 1000.0
        rounds.append(Round(count / mine, count / others, events, p99))
        if profile:
            pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
    return rounds


def polygons(rng: np.random.Generator, *, smooth: bool) -> list[shapely.Polygon]:
    """Return polygons on a grid, each a little larger than its cell of 0.01 degrees."""
    side = math.isqrt(FENCES - 1) + 1
    width = 1.0 / side
    out = []
    for n in range(FENCES):
        if smooth:
            angle = np.linspace(0.0, 2.0 * np.pi, VERTICES, endpoint=False)
            turn = rng.uniform(0.0, 2.0 * np.pi, 2)
            radius = width * (
                0.5 + 0.08 * np.sin(2.0 * angle + turn[0]) + 0.05 * np.sin(3.0 * angle + turn[1])
            )
        else:
            angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, VERTICES))
            radius = width * rng.uniform(0.35, 0.65, VERTICES)
        x = LON + (n % side + 0.5) * width + radius * np.cos(angle)
        y = LAT + (n // side + 0.5) * width + radius * np.sin(angle)
        out.append(shapely.Polygon(np.column_stack([x, y])).buffer(0))
    return out


def traffic(rng: np.random.Generator) -> tuple[list[tuple[str, Position]], Floats]:
    """Return fixes in order of time, and their places: boats at 2 to 20 m/s, of 5 m noise."""
    x, y = rng.uniform(LON + 0.05, LON + 0.95, BOATS), rng.uniform(LAT + 0.05, LAT + 0.95, BOATS)
    course, speed = rng.uniform(0.0, 2.0 * np.pi, BOATS), rng.uniform(2.0, 20.0, BOATS)
    stream: list[tuple[str, Position]] = []
    places = []
    for second in range(SECONDS + 2):
        course += rng.normal(0.0, 0.02, BOATS)
        x += speed * np.sin(course) / LON_M
        y += speed * np.cos(course) / LAT_M
        lon = x + rng.normal(0.0, 3.3, BOATS) / LON_M
        lat = y + rng.normal(0.0, 3.3, BOATS) / LAT_M
        when = START + timedelta(seconds=second)
        rows = zip(lon.tolist(), lat.tolist(), speed.tolist(), strict=True)
        stream += [
            (f"boat-{n}", Position(lon=a, lat=b, time=when, accuracy_m=5.0, speed_mps=v))
            for n, (a, b, v) in enumerate(rows)
        ]
        places.append(np.column_stack([lon, lat]))
    return stream, np.concatenate(places)


if __name__ == "__main__":
    main()
