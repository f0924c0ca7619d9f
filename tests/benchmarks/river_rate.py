"""How fast places get their river kilometre, beside shapely alone, in CPU time of the same run.

    python -m tests.benchmarks.river_rate [--count 100000] [--reps 5] [--json FILE]

Ours finds kilometre, offset, bank and reach of places given as degrees. `line_locate_point` finds
the metres along one line of places that are projected already, and `STRtree` only the segment:
what is the least that any way of doing it costs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Final

import numpy as np
import shapely

from gis.river.river import load_mekong
from gis.river.rivers import load_rivers
from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, told
from tests.benchmarks.machine import describe

GOAL_PER_S: Final = 100_000.0
BARE_COUNT: Final = 5_000  # of places given to line_locate_point, which is slow


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.river_rate")
    parser.add_argument("--count", type=int, default=100_000, help="places, near the river")
    parser.add_argument("--reps", type=int, default=5, help="measurements behind each median")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    mekong, rivers = load_mekong(), load_rivers()
    rng = np.random.default_rng(1)
    lons, lats = mekong.at_kms(rng.uniform(*mekong.km_range, options.count))
    lons = lons + rng.normal(0.0, 0.01, options.count)
    lats = lats + rng.normal(0.0, 0.01, options.count)
    kms = np.linspace(*mekong.km_range, 20_000)
    corners = np.column_stack(mekong.course.to_plane(*mekong.at_kms(mekong.course.km)))
    line = shapely.LineString(corners)
    x, y = mekong.course.to_plane(lons, lats)
    points = shapely.points(x, y)
    segments = shapely.STRtree(shapely.linestrings(np.stack([corners[:-1], corners[1:]], 1)))
    bare = points[:BARE_COUNT]
    ways: list[tuple[str, int, Callable[[], object]]] = [
        ("River.locate_many", options.count, lambda: mekong.locate_many(lons, lats)),
        ("Rivers.locate_many", options.count, lambda: rivers.locate_many(lons, lats)),
        ("River.at_kms", len(kms), lambda: mekong.at_kms(kms)),
        ("shapely.line_locate_point", BARE_COUNT, lambda: shapely.line_locate_point(line, bare)),
        (
            "shapely STRtree, segments",
            options.count,
            lambda: segments.query_nearest(points, all_matches=False),
        ),
    ]
    rates: dict[str, list[float]] = {name: [] for name, _, _ in ways}
    for _ in range(options.reps):
        for name, count, run in ways:
            start = process_time()
            run()
            rates[name].append(count / (process_time() - start))
    base = rates["shapely.line_locate_point"]
    rows = [["what", "places /s", "beside line_locate_point", "to reach", "reached"]]
    for name, found in rates.items():
        ratio = median(mine / other for mine, other in zip(found, base, strict=True))
        goal = name == "River.locate_many"
        rows.append(
            [
                name,
                f"{median(found):,.0f}",
                f"{ratio:.1f} x",
                f">= {GOAL_PER_S:,.0f}" if goal else "",
                "" if not goal else "yes" if median(found) >= GOAL_PER_S else "no",
            ]
        )
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(rows)}")
    if options.json is not None:
        judged = Verdict(
            goal=8,
            what="river address, places/CPU s",
            value=median(rates["River.locate_many"]),
            bound=GOAL_PER_S,
            unit="/s",
        )
        figures = {"machine": machine, "rates": rates, "goals": told([judged])}
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
