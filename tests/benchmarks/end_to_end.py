"""Positions in, viewers out: our server, taky, Signal K, gpsd and the minimal loop, side by side.

    python -m tests.benchmarks.end_to_end [--reps 3] [--quick] [--load NAME] [--json FILE]

Each server is started afresh for each run, gets the same traffic from the same feeder over TCP and
is watched by the same viewers; the servers take turns, so that what else happens on the machine
hits all of them alike. Everything stays on loopback. See README.md in this folder.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

import uvloop

from tests.benchmarks.environments import cache_folder
from tests.benchmarks.figures import (
    BUSY,
    COALESCED,
    CROWD,
    EACH,
    FAN,
    FLOOD,
    GPSD,
    LOADS,
    LOOP,
    OURS,
    OURS_AIS,
    OURS_COT,
    QUIET,
    SIGNAL_K,
    TAKY,
    as_text,
    figures,
    table_of_figures,
    verdicts,
)
from tests.benchmarks.goals import table, told
from tests.benchmarks.machine import describe, wait_for_quiet
from tests.benchmarks.run import Load, Run, measure
from tests.benchmarks.targets.bare_uvicorn import BareUvicorn
from tests.benchmarks.targets.gpsd import Gpsd
from tests.benchmarks.targets.joint_patrol import JointPatrol, Office
from tests.benchmarks.targets.minimal_loop import MinimalLoop
from tests.benchmarks.targets.signal_k import SignalK
from tests.benchmarks.targets.taky import Taky
from tests.benchmarks.targets.target import Target, TargetError, Unavailable

_VIEWERS = {FLOOD: 20, QUIET: 20, BUSY: 20, CROWD: 200, FAN: 100}
_TAKES_PART = {
    FLOOD: (OURS, OURS_COT, OURS_AIS, TAKY, SIGNAL_K, LOOP),
    QUIET: (OURS, OURS_COT, OURS_AIS, TAKY, SIGNAL_K, GPSD, LOOP),
    BUSY: (OURS, OURS_COT, OURS_AIS, TAKY, SIGNAL_K, GPSD, LOOP),
    CROWD: (OURS, OURS_COT, OURS_AIS, TAKY, SIGNAL_K, LOOP),
    FAN: (OURS, EACH, COALESCED),
}


def main() -> int:
    """Run the benchmark; return 0 when every run lost nothing."""
    options = _options()
    cache = cache_folder(os.environ.get("JOINT_PATROL_BENCH_CACHE"))
    office = Office()
    every: list[Target] = [
        JointPatrol(office),
        JointPatrol(office, "cot"),
        JointPatrol(office, "ais"),
        Taky(),
        SignalK(),
        Gpsd(),
        MinimalLoop(),
        BareUvicorn("per message"),
        BareUvicorn("coalesced"),
    ]
    expected = {name for load in options.loads for name in _TAKES_PART[load]}
    expected &= set(options.only or expected)
    most = max(_viewers(load, options.viewers) for load in options.loads)
    targets: list[Target] = []
    versions: dict[str, str] = {}
    failed: list[str] = []
    for target in every:
        if target.name not in expected:
            continue
        try:
            versions[target.name] = target.prepare(cache, viewers=most)
        except Unavailable as reason:
            print(f"skipped {target.name}: {reason}", flush=True)
        except TargetError as error:
            failed.append(f"{target.name} could not be prepared: {error}")
            print(f"FAILED {failed[-1]}", file=sys.stderr, flush=True)
        else:
            targets.append(target)

    runs: list[Run] = []
    for turn in range(1 if options.quick else options.reps):
        for name in options.loads:
            for target in targets:
                if target.name not in _TAKES_PART[name]:
                    continue
                wait_for_quiet(options.wait)
                load = _load(name, target, quick=options.quick)
                load = replace(load, viewers=_viewers(name, options.viewers))
                try:
                    run = uvloop.run(measure(target, load))
                except TargetError as error:
                    failed.append(f"{target.name}, {name}, run {turn + 1}: {error}")
                    print(f"FAILED {failed[-1]}", file=sys.stderr, flush=True)
                else:
                    runs.append(run)
                    print(_line(turn, run), flush=True)
                gc.collect()

    machine = describe()
    found = figures(runs)
    judged = verdicts(found)
    if options.only or options.loads != list(LOADS):  # of what was not asked for nothing is told
        judged = [verdict for verdict in judged if verdict.value is not None]
    print()
    for key, value in {**machine, **versions}.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(table_of_figures(found))}\n\n{as_text(table(judged))}")
    if options.json is not None:
        document = {
            "machine": machine,
            "versions": versions,
            "runs": [asdict(run) for run in runs],
            "goals": told(judged),
            "failed": failed,
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    ours = [run for run in runs if run.target in (OURS, OURS_COT, OURS_AIS)]
    return 1 if failed or any(run.missing or run.repeated for run in ours) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.end_to_end", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--viewers", type=int, help="viewers of each server, whatever the load")
    parser.add_argument("--reps", type=int, default=3, help="runs behind each median")
    parser.add_argument("--quick", action="store_true", help="one short run each, about a minute")
    parser.add_argument("--json", type=Path, help="write every run and the goals to this file")
    parser.add_argument("--only", action="append", help="a server to run; may be given again")
    parser.add_argument(
        "--load",
        action="append",
        dest="loads",
        choices=LOADS,
        help="a load to run; may be given again",
    )
    parser.add_argument(
        "--wait",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="before each run, wait at most so long for a quiet machine",
    )
    options = parser.parse_args()
    options.loads = options.loads or list(LOADS)
    return options


def _viewers(load: str, asked: int | None) -> int:
    return asked or _VIEWERS[load]


def _load(name: str, target: Target, *, quick: bool) -> Load:
    if name.startswith(FLOOD):
        # Of many viewers, peers that send one message each take a tenth of the rate.
        share = (3 if quick else 1) * (4 if name == CROWD and target.flood < 10_000 else 1)
        return Load(name=name, count=target.flood // share, rate=None)
    rate = float(name.removesuffix("/s"))
    return Load(name=name, count=int(rate * (4 if quick else 10)), rate=rate)


def _line(turn: int, run: Run) -> str:
    return (
        f"run {turn + 1}  {run.load:18} {run.target:20} {run.rate:9,.0f} msg/s  "
        f"p50 {run.p50_ms:8.2f} ms  p99 {run.p99_ms:8.2f} ms  "
        f"CPU {run.cpu_s_per_10k:6.3f} s/10k  "
        f"memory {run.memory_mb:4.0f}, peak {run.peak_memory_mb:4.0f} MiB  "
        f"missing {run.missing}  repeated {run.repeated}  others {run.others:.0%}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
