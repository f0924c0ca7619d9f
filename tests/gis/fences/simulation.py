"""Fences against a labelled set: what is found, what is raised falsely, whether order matters.

    python -m tests.gis.fences.simulation [--boats 520] [--hours 6] [--shuffles 10] [--seed N]

Boats as in `boats.py` on the Mekong between the Golden Triangle and 26 km below Houay Xai, areas of
all kinds on their way, labels from their noise-free ways as in `truth.py`. Printed are:

recall: the share of *clear* transitions for which there is an event of that unit, edge and
    direction that is told to lie (between its `earliest` and `latest`, or within one interval of
    `time`) where the truth has it: between its last moment clearly on the one side and its first on
    the other. Not counted is what nobody could see: a visit that begins and ends in one silence, a
    line crossed in one, and what happened before the second fix or after the last but one.
false alarms: events that no *real* crossing bears out, a thousand boat-hours. A real crossing bears
    out one event, which must lie in the same doubt. Events that say themselves that they are only
    possible, or that the boat was there when first heard, are counted apart.

Printed too: all real crossings, clear or not, seen or not, and how many of them events told.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from typing import NamedTuple

import numpy as np
import shapely

from gis.fences.area import Area, around, corridor, line, polygon
from gis.fences.events import FenceEvent
from gis.fences.index import FenceSet
from gis.fences.rules import Cross, Enter, Leave, Rule
from gis.fences.settings import FenceSettings
from gis.fences.watch import FenceWatch
from gis.geodesy import Floats, destination
from gis.position import Position
from gis.river import load_mekong
from gis.shipped import read_shipped
from tests.gis.fences.boats import HIGH_KM, LOW_KM, Boat, Water, boat
from tests.gis.fences.truth import (
    Edge,
    Transition,
    clear_m,
    depth_m,
    doubt,
    real_crossings,
    transitions,
)

SEED = 20030610  # the day the joint patrols began
BATCH = 500


class Figures(NamedTuple):
    """What came out.

    Attributes:
        boats, boat_hours, fixes: How much there was.
        clear, found: Transitions that must be found, and those that were.
        unseen: Clear ones that nobody could see, in neither.
        real, borne_out: Real crossings of all kinds, and those that an event told.
        events, false: All events, and those that no real crossing bears out.
        kinds: Events by kind and how they are known.
        possible_true: Of those told as possible, how many were so.
        appeared_wrong: Of those told as there when first heard, how many were not.
        error_median_s, error_p95_s: How far off the times of found ones were, silences left out.
        missed, wrong: Which they were.
    """

    boats: int
    boat_hours: float
    fixes: int
    clear: int
    found: int
    unseen: int
    real: int
    borne_out: int
    events: int
    false: int
    kinds: dict[str, int]
    possible_true: int
    appeared_wrong: int
    error_median_s: float
    error_p95_s: float
    missed: list[Transition]
    wrong: list[FenceEvent]

    @property
    def recall(self) -> float:
        """Share of clear transitions that were found."""
        return self.found / self.clear

    @property
    def false_per_1000_h(self) -> float:
        """False alarms in a thousand boat-hours."""
        return self.false / self.boat_hours * 1000.0


def areas() -> tuple[list[Area], np.ndarray]:
    """Return the areas on the boats' way, and kilometres of their edges."""
    river, water = load_mekong(), Water()
    made: list[Area] = []
    edges: list[float] = []
    for km in range(2335, 2420, 12):
        made.append(corridor(f"reach {km}", river, km_from=km, km_to=km + 5.0, width_m=1600.0))
        edges += [km, km + 5.0]
    for km in range(2342, 2422, 12):
        lon, lat = river.at_km(km)
        ahead = river.at_km(km - 0.5)
        course = float(np.degrees(np.arctan2((ahead[0] - lon) * 0.94, ahead[1] - lat)))
        ends = [
            destination(lon=lon, lat=lat, bearing_deg=course + side, distance_m=900.0)
            for side in (-90.0, 90.0)
        ]
        made.append(line(f"gate {km}", ends))
        edges.append(km)
    for name in ("crossings", "blos"):
        for place in read_shipped(name).itertuples():
            lon, lat = place.geometry.x, place.geometry.y
            found = river.locate(lon=lon, lat=lat)
            if found is not None and LOW_KM < found.km < HIGH_KM and abs(found.offset_m) < 1500.0:
                made.append(
                    around(f"{name} {len(made)}", lon=lon, lat=lat,
                           radius_m=abs(found.offset_m) + 150.0)
                )  # fmt: skip
                edges.append(found.km)
    # Sectors of one bank, whose edge runs along the middle of the river for kilometres.
    for km in range(2338, 2420, 20):
        middle = water.place(np.arange(km, km + 4.0, 0.25), np.zeros(16))
        far = water.place(np.arange(km + 4.0, km, -0.25), np.full(16, 1200.0))
        ring = [*zip(*middle, strict=True), *zip(*far, strict=True)]
        shape = shapely.make_valid(shapely.Polygon(ring))
        made.append(polygon(f"bank {km}", max(shapely.get_parts(shape), key=lambda p: p.area)))
        edges += [km, km + 2.0]
    # Narrow ones, which a fast boat may pass between two fixes.
    for km in range(2345, 2420, 18):
        made.append(corridor(f"strip {km}", river, km_from=km, km_to=km + 0.4, width_m=1600.0))
        edges.append(km)
    return made, np.array(edges)


def rules_of(made: list[Area]) -> list[Rule]:
    """Return the rules: all comings, goings and crossings."""
    rules: list[Rule] = []
    for area in made:
        if area.kind == "line":
            rules.append(Cross(id=f"cross {area.id}", area=area.id))
        else:
            rules += [
                Enter(id=f"enter {area.id}", area=area.id),
                Leave(id=f"leave {area.id}", area=area.id),
            ]
    return rules


def run(
    fences: FenceSet,
    rules: list[Rule],
    heard: list[tuple[str, Position]],
    settings: FenceSettings | None = None,
) -> Counter[FenceEvent]:
    """Return the final events after fixes in the order given."""
    watch = FenceWatch(fences, rules, settings=settings)
    final: Counter[FenceEvent] = Counter()
    for at in range(0, len(heard), BATCH):
        outcome = watch.see(heard[at : at + BATCH])
        final.update(outcome.added)
        final.subtract(outcome.withdrawn)
    assert min(final.values(), default=0) >= 0, "withdrawn what was never added"
    assert watch.refused["late"] == 0
    return +final


def measure(boats: list[Boat], made: list[Area], final: Counter[FenceEvent]) -> Figures:
    """Compare the events with the truth."""
    edges = [Edge(area.id, area.geometry, area.kind == "line") for area in made]
    told: dict[tuple[str, str, bool], list[FenceEvent]] = {}
    kinds: Counter[str] = Counter()
    events = list(final.elements())
    for event in events:
        into = event.kind == "enter" or event.side == "left_to_right"
        assert event.area is not None
        told.setdefault((event.units[0], event.area, into), []).append(event)
        kinds[f"{event.kind} {event.how}"] += 1
    clear = found = unseen = crossings = borne_out = possible_true = appeared_wrong = 0
    errors: list[float] = []
    missed: list[Transition] = []
    wrong: list[FenceEvent] = []
    for each in boats:
        times = [fix.time.timestamp() for _, fix in each.fixes if fix.time is not None]
        begin, end = times[0], times[-1]
        for edge in edges:
            depth = depth_m(each, edge)
            mine = [event for into in (True, False)
                    for event in told.get((each.unit, edge.id, into), [])]  # fmt: skip
            if depth is None:
                wrong += [event for event in mine if event.how in ("between", "gap")]
                continue
            real = real_crossings(each, depth)
            crossings += len(real)
            for event in sorted(mine, key=lambda event: event.time):
                into = event.kind == "enter" or event.side == "left_to_right"
                if event.how == "appeared":
                    there = float(np.interp(event.time.timestamp(), each.t, depth))
                    appeared_wrong += (there > 0.0) != into
                    continue
                matches = _really(each, depth, real, event, into)
                if event.how == "possible":
                    possible_true += matches
                elif matches:
                    borne_out += 1
                else:
                    wrong.append(event)
            labels = transitions(each, edge, depth, margin_m=clear_m(each))
            for n, label in enumerate(labels):
                if _unseen(each, labels, n, begin, end, edge.is_line):
                    unseen += 1
                    continue
                clear += 1
                same = told.get((each.unit, edge.id, label.into), [])
                hits = [
                    event for event in same
                    if event.how != "possible" and _matches(event, label, each.interval_s)
                ]  # fmt: skip
                if hits:
                    found += 1
                    if hits[0].how == "between":
                        at = hits[0].time.timestamp()
                        errors.append(float(np.abs(label.crossings - at).min()))
                else:
                    missed.append(label)
    hours = sum(float(each.t[-1] - each.t[0]) for each in boats) / 3600.0
    return Figures(
        boats=len(boats),
        boat_hours=hours,
        fixes=sum(len(each.fixes) for each in boats),
        clear=clear,
        found=found,
        unseen=unseen,
        real=crossings,
        borne_out=borne_out,
        events=len(events),
        false=len(wrong),
        kinds=dict(sorted(kinds.items())),
        possible_true=possible_true,
        appeared_wrong=appeared_wrong,
        error_median_s=float(np.median(errors)) if errors else 0.0,
        error_p95_s=float(np.percentile(errors, 95)) if errors else 0.0,
        missed=missed,
        wrong=wrong,
    )


def _really(
    boat: Boat, depth: Floats, real: list[tuple[float, bool]], event: FenceEvent, into: bool
) -> bool:
    """Whether a real crossing bears an event out; each bears out one."""
    since, until = doubt(boat, depth, *_when(event, boat.interval_s))
    at = event.time.timestamp()
    fits = [one for one in real if one[1] == into and since <= one[0] <= until]
    if not fits:
        return False
    if event.how != "possible":
        real.remove(min(fits, key=lambda one: abs(one[0] - at)))
    return True


def _matches(event: FenceEvent, label: Transition, slack_s: float) -> bool:
    since, until = _when(event, slack_s)
    return since <= label.last and until >= label.first


def _when(event: FenceEvent, slack_s: float) -> tuple[float, float]:
    """Return from when to when an event is told to have been, give or take one interval."""
    at = event.time.timestamp()
    return (
        min(event.earliest.timestamp(), at - slack_s),
        max(event.latest.timestamp(), at + slack_s),
    )


def _unseen(
    boat: Boat, labels: list[Transition], n: int, begin: float, end: float, is_line: bool
) -> bool:
    """Whether nobody could see it: before or after all fixes, or there and back in one silence."""
    label = labels[n]
    # A fix must show each side, and a second one confirm the first.
    if label.first < begin + 2.0 * boat.interval_s or label.last > end - 2.0 * boat.interval_s:
        return True
    for silent, heard in boat.silences:
        if is_line and silent <= label.last and label.first <= heard:
            return True
        if n + 1 < len(labels) and silent <= label.last and labels[n + 1].first <= heard:
            return True
        if n > 0 and silent <= labels[n - 1].last and label.first <= heard:
            return True
    return False


def simulate(
    *,
    count: int,
    hours: float,
    shuffles: int,
    seed: int = SEED,
    settings: FenceSettings | None = None,
) -> tuple[Figures, list[bool]]:
    """Run all of it; return the figures, and of each shuffle whether the events are the same."""
    made, edges = areas()
    water = Water()
    boats = [
        boat(number, hours=hours, seed=seed, water=water, edges_km=edges) for number in range(count)
    ]
    fences, rules = FenceSet(made), rules_of(made)
    heard = sorted(
        ((arrived, each.unit, fix) for each in boats for arrived, fix in each.fixes),
        key=lambda one: (one[0], one[1]),
    )
    stream = [(unit, fix) for _, unit, fix in heard]
    final = run(fences, rules, stream, settings)
    figures = measure(boats, made, final)
    order = random.Random(seed)
    same = []
    for _ in range(shuffles):
        shuffled = stream[:]
        order.shuffle(shuffled)
        same.append(run(fences, rules, shuffled, settings) == final)
    return figures, same


def main() -> int:
    """Run at full size and print the figures; 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.gis.fences.simulation")
    parser.add_argument("--boats", type=int, default=520)
    parser.add_argument("--hours", type=float, default=6.0)
    parser.add_argument("--shuffles", type=int, default=10)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--show", action="store_true", help="list what was missed or wrong")
    options = parser.parse_args()
    began = time.perf_counter()
    figures, same = simulate(
        count=options.boats, hours=options.hours, shuffles=options.shuffles, seed=options.seed
    )
    for name, value in figures._asdict().items():
        if name not in ("missed", "wrong"):
            print(f"{name}: {value}")
    print(f"recall: {figures.recall:.4f}")
    print(f"false alarms in 1,000 boat-hours: {figures.false_per_1000_h:.2f}")
    print(f"shuffles with the same events: {sum(same)} of {len(same)}")
    print(f"seed {options.seed}, {time.perf_counter() - began:.0f} s")
    if options.show:
        for each in [*figures.missed[:30], *figures.wrong[:30]]:
            print(each)
    kept = figures.recall >= 0.99 and figures.false_per_1000_h <= 1.0 and all(same)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
