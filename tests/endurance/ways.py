"""Ways: how many kilometres are told of boats whose true way is known.

`python -m tests.endurance.ways --seeds 500 520`: one line a scene, with the kilometres told against
the true ones, over all seeds and of the worst. Thresholds were chosen by seeds below 500; the
figures that the documents tell are of those above. Noise is a receiver's: half of it white, half a
bias that wanders (`tau_s`). An outlier is one report, or some in a row, thrown a way off in any
direction.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import product
from typing import Literal

import msgspec
import numpy as np
from msgspec.structs import replace

from gis.geometry.geodesy import Floats, destinations, distances_m
from gis.position.position import Position
from gis.river.river import load_mekong
from gis.river.rivers import load_rivers
from gis.tracks.cleaning import clean
from gis.tracks.effort import effort
from gis.tracks.track import EPOCH

BERTH = (100.4096, 20.2655)
"""Longitude and latitude of a berth on the Mekong at Houay Xai."""

Motion = Literal["moored", "river", "drawn", "ferry", "search"]


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A boat and how its radio reports it.

    Attributes:
        motion: What the boat does.
        hours: How long.
        every_s: Seconds between reports.
        off_m: How far off the receiver truly is, radius that holds 68 %.
        tau_s: How slowly its error wanders, seconds; 0: anew with each report.
        accuracy_m: What it says of its accuracy; None: nothing.
        says_speed: Whether it tells its speed.
        outlier_m: How far an outlier is thrown; 0: there are none.
        share: Share of reports that begin an outlier.
        run: How many reports in a row one outlier lasts.
        spike_every_s: Instead of a share: seconds between outliers.
    """

    motion: Motion
    hours: float = 8.0
    every_s: float = 10.0
    off_m: float = 5.0
    tau_s: float = 0.0
    accuracy_m: float | None = None
    says_speed: bool = False
    outlier_m: float = 0.0
    share: float = 0.0
    run: int = 1
    spike_every_s: float | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of one boat.

    Attributes:
        true_km: Its true way.
        told_km: What effort tells.
        along_river_km: How much of that is told as a way along the river.
    """

    true_km: float
    told_km: float
    along_river_km: float


def reports(scene: Scene, seed: int) -> tuple[list[Position], float]:
    """Return what the radio reports, and the kilometres truly gone while it did."""
    rng = np.random.default_rng(seed)
    seconds = np.arange(0.0, scene.hours * 3600.0 + 0.5)
    lon, lat = _way(scene.motion, seconds, rng)
    step_m = distances_m(lon1=lon[:-1], lat1=lat[:-1], lon2=lon[1:], lat2=lat[1:])
    speed_mps = np.append(step_m, step_m[-1:])
    at = np.arange(0, len(seconds), int(scene.every_s))
    off = _noise(len(at), scene, rng)
    where = _outliers(len(at), scene, rng)
    off[where[0]] += where[1]
    out_lon, out_lat = destinations(
        lon=lon[at],
        lat=lat[at],
        bearing_deg=np.degrees(np.arctan2(off[:, 0], off[:, 1])),
        distance_m=np.hypot(off[:, 0], off[:, 1]),
    )
    said_mps = np.abs(speed_mps[at] + rng.normal(0.0, 0.05, len(at)))
    positions = [
        Position(
            lon=float(out_lon[n]),
            lat=float(out_lat[n]),
            time=EPOCH + timedelta(days=20_000, seconds=float(at[n])),
            accuracy_m=scene.accuracy_m,
            speed_mps=round(float(said_mps[n]), 2) if scene.says_speed else None,
        )
        for n in range(len(at))
    ]
    return positions, float(step_m[: at[-1]].sum()) / 1000.0


def answer(scene: Scene, seed: int) -> Answer:
    """Return what is told of a boat."""
    positions, true_km = reports(scene, seed)
    done = effort({"boat": clean(positions).track}, rivers=load_rivers())["boat"]
    return Answer(true_km=true_km, told_km=done.km, along_river_km=done.along_river_km)


def scenes() -> Iterator[tuple[str, Scene]]:
    """Yield the scenes with their names."""
    for every_s, speed, accuracy_m in product((10.0, 60.0, 300.0), (True, False), (None, 5.0)):
        radio = Scene(
            motion="river", every_s=every_s, says_speed=speed, accuracy_m=accuracy_m, tau_s=60.0
        )
        how = f"{every_s:g} s, speed {_yes(speed)}, accuracy {_yes(accuracy_m is not None)}"
        berth = replace(radio, motion="moored", outlier_m=400.0, spike_every_s=1200.0)
        for off_m, tau_s in ((5.0, 60.0), (5.0, 600.0), (15.0, 60.0), (15.0, 600.0)):
            if accuracy_m in (None, off_m):
                name = f"moored, {how}, off {off_m:g} m tau {tau_s:g} s, 400 m each 20 min"
                yield name, replace(berth, off_m=off_m, tau_s=tau_s)
        for motion in ("river", "drawn", "ferry", "search"):
            yield f"{motion}, {how}, no outliers", replace(radio, motion=motion)
        for run, metres in product((1, 2, 4), (50.0, 100.0, 400.0, 3000.0)):
            name = f"river, {how}, 1 % × {run} of {metres:g} m"
            yield name, replace(radio, outlier_m=metres, share=0.01, run=run)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print what is told of each scene."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs=2, default=(500, 510), metavar=("FROM", "TO"))
    parser.add_argument("--only", default="", help="scenes with this in their name")
    options = parser.parse_args(arguments)
    for name, scene in scenes():
        if options.only not in name:
            continue
        found = [answer(scene, seed) for seed in range(*options.seeds)]
        true_km = np.array([each.true_km for each in found])
        km = np.array([each.told_km for each in found])
        along = sum(each.along_river_km for each in found) / max(km.sum(), 1e-9)
        if scene.motion == "moored":
            figure = f"{km.mean():7.3f} km told, worst {km.max():7.3f}"
        else:
            share = 100.0 * (km / true_km - 1.0)
            worst = float(share[np.abs(share).argmax()])
            whole = 100.0 * (km.sum() / true_km.sum() - 1.0)
            figure = f"{whole:+7.2f} %, worst {worst:+7.2f} %, along the river {along:4.0%}"
        print(f"{name:85} {figure}", flush=True)


def _way(motion: Motion, seconds: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return where the boat is at each second."""
    if motion == "moored":
        return np.full(len(seconds), BERTH[0]), np.full(len(seconds), BERTH[1])
    speed = _speed(len(seconds), rng)
    gone = np.append(0.0, speed[:-1].cumsum())
    if motion in ("river", "drawn"):
        return _on_river(gone, rng, on_line=motion == "drawn")
    if motion == "ferry":  # to and fro across 600 m
        turns = np.abs((gone / 600.0) % 2.0 - 1.0)
        return destinations(
            lon=BERTH[0], lat=BERTH[1], bearing_deg=60.0, distance_m=600.0 * (1.0 - turns)
        )
    # Legs of 800 m up and down, 150 m apart.
    lane, along = np.divmod(gone, 950.0)
    up = np.minimum(along, 800.0)
    north = np.where(lane % 2 == 0, up, 800.0 - up)
    east = 150.0 * (lane % 20) + np.maximum(along - 800.0, 0.0)
    east = np.where(lane % 40 >= 20, 150.0 * 20 - east, east)
    return destinations(
        lon=BERTH[0],
        lat=BERTH[1],
        bearing_deg=np.degrees(np.arctan2(east, north)),
        distance_m=np.hypot(east, north),
    )


def _on_river(gone_m: Floats, rng: np.random.Generator, *, on_line: bool) -> tuple[Floats, Floats]:
    """Return places along the Mekong: on its line as drawn, or up to 100 m beside it in arcs."""
    river = load_mekong()
    start = rng.uniform(1500.0, 2400.0)
    # Along the line as geodesics measure it, whatever its kilometres say.
    kms = start - np.arange(0.0, gone_m[-1] / 1000.0 * 1.1 + 1.0, 0.01)
    lon, lat = river.at_kms(kms)
    if not on_line:
        x, y = river.course.to_plane(lon, lat)
        tangent = np.column_stack([np.gradient(_soft(x, 30)), np.gradient(_soft(y, 30))])
        tangent /= np.hypot(*tangent.T)[:, None]
        aside = 100.0 * np.sin(2.0 * math.pi * (kms - start) / 7.0 + rng.uniform(0, 6))
        # A boat turns in an arc, not in a corner of the drawn line.
        x, y = _soft(x - aside * tangent[:, 1], 5), _soft(y + aside * tangent[:, 0], 5)
        lon, lat = river.course.from_plane(x, y)
    steps = distances_m(lon1=lon[:-1], lat1=lat[:-1], lon2=lon[1:], lat2=lat[1:])
    along = np.append(0.0, steps.cumsum())
    return np.interp(gone_m, along, lon), np.interp(gone_m, along, lat)


def _soft(values: Floats, steps: int) -> Floats:
    kernel = np.hanning(2 * steps + 1)
    wide = np.pad(values, steps, mode="reflect", reflect_type="odd")
    return np.convolve(wide, kernel / kernel.sum(), "valid")


def _speed(count: int, rng: np.random.Generator) -> Floats:
    """Return speeds between 2 and 12 m/s that change every some minutes, at most by 0.5 m/s2."""
    expected = np.repeat(rng.uniform(2.0, 12.0, count // 300 + 1), 300)[:count]
    return _soft(expected, 15)


def _noise(count: int, scene: Scene, rng: np.random.Generator) -> Floats:
    """Return how far east and north each report is off: half of the variance white with a tau."""
    sigma = scene.off_m / 1.515  # 68 % lie within this many of one axis' standard deviation
    white = rng.normal(0.0, sigma, (count, 2))
    if scene.tau_s == 0.0:
        return white
    keeps = math.exp(-scene.every_s / scene.tau_s)
    drift = np.empty((count, 2))
    drift[0] = rng.normal(0.0, sigma, 2)
    fresh = rng.normal(0.0, sigma * math.sqrt(1.0 - keeps**2), (count, 2))
    for n in range(1, count):
        drift[n] = keeps * drift[n - 1] + fresh[n]
    return (white + drift) / math.sqrt(2.0)


def _outliers(count: int, scene: Scene, rng: np.random.Generator) -> tuple[list[int], Floats]:
    """Return which reports are thrown off, and how far east and north."""
    if scene.spike_every_s is not None:
        step = max(round(scene.spike_every_s / scene.every_s), 1)
        starts = list(range(step // 2, count, step))
    else:
        starts = np.flatnonzero(rng.random(count) < scene.share).tolist()
    found: dict[int, tuple[float, float]] = {}
    for start in starts:
        bearing = rng.uniform(0.0, 2.0 * math.pi)
        for n in range(start, min(start + scene.run, count)):
            found[n] = (
                scene.outlier_m * math.sin(bearing),
                scene.outlier_m * math.cos(bearing),
            )
    return list(found), np.array(list(found.values())).reshape(-1, 2)


def _yes(said: bool) -> str:
    return "told" if said else "not told"


if __name__ == "__main__":
    main()
