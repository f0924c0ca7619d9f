"""All benchmarks, one table: how our server stands to each goal, beside its peers and limits.

    python -m tests.benchmarks [--quick] [--only 5 --only end_to_end] [--json FILE]

Runs one benchmark after the other, each as a program of its own, and prints one table: goal, what
was compared, what came out, what was to be reached, and whether it was met or by how much it falls
short. `--only` takes goals (1 to 11) and names of benchmarks. Without a quiet machine only ratios
that come of CPU time mean much; the last column has the share that others used meanwhile.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, read, table
from tests.benchmarks.machine import describe


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One benchmark.

    Attributes:
        name: Of its module.
        goals: Goals it speaks of.
        words: What it is told.
        quick: What it is told for a quick look.
    """

    name: str
    goals: tuple[int, ...]
    words: tuple[str, ...] = ()
    quick: tuple[str, ...] = ("--reps", "1")


PARTS = (
    Part(name="end_to_end", goals=(1, 2, 3, 4, 10, 11), quick=("--quick", "--wait", "0")),
    Part(name="mqtt_in", goals=(5,), quick=("--quick",)),
    Part(name="commit_rate", goals=(6,)),
    Part(name="fence_rate", goals=(7,)),
    Part(name="river_rate", goals=(8,)),
    Part(
        name="decode_rate", goals=(9,), quick=("--reps", "1", "--only", "nmea0183", "--only", "ais")
    ),
    Part(name="memory", goals=(11,), quick=("--quick",)),
    Part(name="http_in", goals=(), quick=("--quick",)),
    Part(name="watch_rate", goals=()),
    Part(name="start_up", goals=(), quick=("--quick",)),
    Part(name="page_load", goals=(), words=("--minutes", "2"), quick=("--minutes", "0.25")),
)
_LOADS = {1: ("flood",), 2: ("flood, 200 viewers",), 3: ("50/s", "500/s"), 4: ("500/s",)}
_LOADS |= {10: ("flood, 100 viewers",), 11: ("500/s",)}


def main() -> int:
    """Run what was asked for; return 0 when every part ran, however it stands to its goals."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--quick", action="store_true", help="one short run each")
    parser.add_argument("--only", action="append", help="a goal or a benchmark; may be given again")
    parser.add_argument("--json", type=Path, help="write everything to this file")
    options = parser.parse_args()
    only: list[str] = options.only or []
    unknown = set(only) - {part.name for part in PARTS} - {str(goal) for goal in range(1, 12)}
    if unknown:
        parser.error(f"no such goal or benchmark: {', '.join(sorted(unknown))}")
    judged: list[Verdict] = []
    documents: dict[str, Any] = {}
    failed: list[str] = []
    for part in PARTS:
        if only and part.name not in only and not {str(goal) for goal in part.goals} & set(only):
            continue
        words = [*(part.quick if options.quick else part.words), *_loads(part, only)]
        began = time.monotonic()
        print(f"== {part.name} {' '.join(words)}", flush=True)
        status, document, others = run(part.name, words)
        print(f"== {part.name}: {time.monotonic() - began:.0f} s", flush=True)
        if status:
            failed.append(part.name)
        if document is not None:
            documents[part.name] = document
            for verdict in read(document["goals"]):
                told = verdict.others is not None
                judged.append(verdict if told else replace(verdict, others=others))
    judged.sort(key=lambda verdict: verdict.goal or 99)
    machine = describe()
    print()
    for key, value in machine.items():
        print(f"{key}: {value}")
    for name, document in documents.items():
        for key, value in document.get("versions", {}).items():
            print(f"{name}, {key}: {value}")
    print(f"\n{as_text(table(judged))}")
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": machine, "parts": documents}, indent=1))
    return 1 if failed else 0


def run(name: str, words: Sequence[str]) -> tuple[int, dict[str, Any] | None, float]:
    """Run a benchmark as a program of its own.

    Returns:
        Its exit status, what it wrote, and the share of the machine that others used.
    """
    with tempfile.TemporaryDirectory(prefix="joint-patrol-benchmark-") as folder:
        file = Path(folder, "figures.json")
        before, used = _machine(), _ours()
        command = [sys.executable, "-m", f"tests.benchmarks.{name}", *words, "--json", str(file)]
        status = subprocess.run(command, check=False).returncode
        after, used = _machine(), _ours() - used
        others = max(0.0, after[0] - before[0] - used) / max(after[1] - before[1], 0.01)
        document: dict[str, Any] | None = None
        if file.is_file():
            document = json.loads(file.read_text())
        return status, document, others


def _loads(part: Part, only: Sequence[str]) -> list[str]:
    """Return which loads of `end_to_end` matter for the goals that were asked for."""
    if part.name != "end_to_end" or not only or part.name in only:
        return []
    expected = {load for goal in part.goals if str(goal) in only for load in _LOADS[goal]}
    return [word for load in sorted(expected) for word in ("--load", load)]


def _machine() -> tuple[float, float]:
    """Return CPU seconds used and offered by the whole machine."""
    times = psutil.cpu_times()
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total - times.idle - getattr(times, "iowait", 0.0), total


def _ours() -> float:
    """Return CPU seconds used by what we have run and waited for, and by us."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    raise SystemExit(main())
