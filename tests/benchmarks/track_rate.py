"""How long effort, coverage, stops and the like take, beside bare geodesics on the same points.

    python -m tests.benchmarks.track_rate [--reps 3] [--peer] [--json FILE]

50 boats, 8 hours, a position every 10 seconds: 144,000 positions that go up and down 80 km of the
Mekong, stand still now and then, with 6 m of noise. The limit is `pyproj.Geod.inv` over the same
pairs, arrays in and out: what nobody who measures on the ellipsoid can go below. `--peer` also runs
movingpandas 0.23 (in an environment of its own) over ten of the boats for what it does too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import geopandas as gpd
import numpy as np
import shapely

from gis.border.border import load_border
from gis.geometry.geodesy import WGS84
from gis.river.river import load_mekong
from gis.tracks.cleaning import clean
from gis.tracks.coverage import area_coverage, river_coverage
from gis.tracks.effort import effort
from gis.tracks.simplify import simplify
from gis.tracks.stops import stops
from gis.tracks.track import Track, sorted_track
from tests.benchmarks.environments import cache_folder, environment
from tests.benchmarks.figures import as_text
from tests.benchmarks.machine import describe
from tests.gis.tracks.journeys import positions_of

BOATS, HOURS, STEP_S = 50, 8, 10.0
PEER = "movingpandas==0.23.0"
PEER_BOATS = 10
SECTOR = shapely.box(100.3, 20.1, 100.6, 20.45)

PEER_SCRIPT = """
import sys, time, warnings, json
from datetime import timedelta
warnings.simplefilter("ignore")
import geopandas as gpd, movingpandas as mpd
frame = gpd.read_file(sys.argv[1])
frame["time"] = frame["time"].dt.tz_localize(None)
def timed(work):
    begin = time.process_time(); work(); return time.process_time() - begin
told = {}
def make():
    global boats
    boats = mpd.TrajectoryCollection(frame, "of", t="time")
told["make"] = timed(make)
told["length"] = timed(lambda: [boat.get_length() for boat in boats])
told["stops"] = timed(lambda: mpd.TrajectoryStopDetector(boats).get_stop_segments(
    max_diameter=200, min_duration=timedelta(seconds=300)))
told["simplify"] = timed(lambda: mpd.DouglasPeuckerGeneralizer(boats).generalize(tolerance=5e-5))
print(json.dumps(told))
"""


def boats(*, seed: int = 20030610) -> dict[str, Track]:
    """Return the tracks."""
    rng = np.random.default_rng(seed)
    count = round(HOURS * 3600 / STEP_S)
    times = (np.arange(count) * STEP_S * 1e6).astype(np.int64)
    found: dict[str, Track] = {}
    for boat in range(BOATS):
        speed = np.repeat(rng.choice([0.0, 3.0, 8.0, 12.0], size=24), count // 24)
        way = np.cumsum(speed * STEP_S) / 1000.0 + rng.uniform(0.0, 160.0)
        lon, lat = load_mekong().at_kms(2330.0 + np.abs(way % 160.0 - 80.0))
        noise = rng.normal(0.0, 6.0 / 111_000.0, (2, count))
        found[f"boat-{boat}"] = sorted_track(times, {"lon": lon + noise[0], "lat": lat + noise[1]})
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.track_rate")
    parser.add_argument("--reps", type=int, default=3, help="measurements behind each median")
    parser.add_argument("--peer", action="store_true", help="run movingpandas, too")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    tracks, border, river = boats(), load_border(), load_mekong()
    positions = {of: positions_of(track) for of, track in tracks.items()}
    each = list(tracks.values())

    def bare() -> None:
        for track in each:
            lon, lat = track.lon, track.lat
            WGS84.inv(lon[:-1].copy(), lat[:-1].copy(), lon[1:].copy(), lat[1:].copy())

    work: dict[str, Callable[[], object]] = {
        "bare Geod.inv": bare,
        "effort by unit": lambda: effort(tracks),
        "effort by unit and side": lambda: effort(tracks, border=border),
        "coverage of a sector of 31 x 39 km, 500 m": lambda: area_coverage(
            each, SECTOR, radius_m=500.0
        ),
        "coverage of 80 km of river, 500 m": lambda: river_coverage(
            each, river, km_from=2330.0, km_to=2410.0, radius_m=500.0
        ),
        "stops": lambda: [stops(track) for track in each],
        "simplified to 5 m": lambda: [simplify(track, tolerance_m=5.0) for track in each],
        "cleaning": lambda: [clean(given) for given in positions.values()],
    }
    seconds = {name: [_cpu_s(job) for _ in range(options.reps)] for name, job in work.items()}
    limit = median(seconds["bare Geod.inv"])
    rows = [["what", "seconds", "positions /s", "times the limit"]]
    for name, taken in seconds.items():
        mine = median(taken)
        count = sum(len(track) for track in each)
        rows.append([name, f"{mine:.3f}", f"{count / mine:,.0f}", f"{mine / limit:.1f}"])
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(rows)}")
    peer = _peer(tracks) if options.peer else None
    if options.json is not None:
        figures = {"machine": machine, "seconds": seconds, "peer": peer}
        options.json.write_text(json.dumps(figures, indent=1))


def _cpu_s(job: Callable[[], object]) -> float:
    begin = time.process_time()
    job()
    return time.process_time() - begin


def _peer(tracks: dict[str, Track]) -> dict[str, float]:
    """Return seconds of movingpandas for some boats, and print them beside ours."""
    folder = cache_folder(os.environ.get("JOINT_PATROL_BENCH_CACHE"))
    python = environment(folder / "movingpandas", PEER)
    some = dict(list(tracks.items())[:PEER_BOATS])
    file = folder / "tracks.gpkg"
    rows = {
        "of": np.repeat(list(some), [len(each) for each in some.values()]),
        "time": np.concatenate([each.time_us for each in some.values()]).astype("datetime64[us]"),
    }
    lons = np.concatenate([each.lon for each in some.values()])
    lats = np.concatenate([each.lat for each in some.values()])
    points = gpd.points_from_xy(lons, lats)
    gpd.GeoDataFrame(rows, geometry=points, crs="EPSG:4326").to_file(file)
    result = subprocess.run(
        [python, "-c", PEER_SCRIPT, str(file)], capture_output=True, text=True, check=True
    )
    theirs: dict[str, float] = json.loads(result.stdout)
    ours = {
        "length": _cpu_s(lambda: effort(some)),
        "stops": _cpu_s(lambda: [stops(track) for track in some.values()]),
        "simplify": _cpu_s(lambda: [simplify(t, tolerance_m=5.0) for t in some.values()]),
    }
    table = [[f"{PEER_BOATS} boats", f"{PEER}, s", "ours, s"]]
    table += [[name, f"{s:.2f}", f"{ours.get(name, 0.0):.2f}"] for name, s in theirs.items()]
    print(f"\n{as_text(table)}")
    return theirs


if __name__ == "__main__":
    main()
