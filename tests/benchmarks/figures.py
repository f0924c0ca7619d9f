"""From runs to tables: medians and spread, and how our server stands to its goals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.goals import Verdict
from tests.benchmarks.machine import BUSY_SHARE
from tests.benchmarks.run import Run

OURS, TAKY, LOOP = "joint-patrol", "taky", "minimal loop"
OURS_COT, OURS_AIS, SIGNAL_K, GPSD = "joint-patrol, CoT", "joint-patrol, AIS", "Signal K", "gpsd"
EACH, COALESCED = "uvicorn, per message", "uvicorn, coalesced"
TARGETS = (OURS, OURS_COT, OURS_AIS, TAKY, SIGNAL_K, GPSD, LOOP, EACH, COALESCED)
FLOOD, QUIET, BUSY = "flood", "50/s", "500/s"
CROWD, FAN = "flood, 200 viewers", "flood, 100 viewers"
LOADS = (FLOOD, QUIET, BUSY, CROWD, FAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Runs of one target under one load, taken together.

    Attributes:
        target: Name of the target.
        load: Name of the load.
        runs: The runs behind the medians: those in which others used less than 12 % of the
            machine when there are two or more, else all.
        left_out: Runs left out for that reason.
    """

    target: str
    load: str
    runs: tuple[Run, ...]
    left_out: int

    @property
    def others(self) -> float:
        """Return the greatest share of the machine that others used in one of the runs."""
        return max(run.others for run in self.runs)

    def of(self, value: Callable[[Run], float]) -> float:
        """Return the median of a value of the runs."""
        return median(map(value, self.runs))

    def spread(self, value: Callable[[Run], float]) -> float:
        """Return (greatest - least) / median of a value of the runs; 0 for a median of 0."""
        values = [value(run) for run in self.runs]
        middle = median(values)
        return (max(values) - min(values)) / middle if middle else 0.0


def figures(runs: Iterable[Run]) -> dict[tuple[str, str], Figure]:
    """Group runs by target and load."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.target, run.load), []).append(run)
    found = {}
    for (target, load), group in groups.items():
        clean = [run for run in group if run.others < BUSY_SHARE]
        used = clean if len(clean) >= 2 else group
        found[target, load] = Figure(
            target=target, load=load, runs=tuple(used), left_out=len(group) - len(used)
        )
    return found


def table_of_figures(found: dict[tuple[str, str], Figure]) -> list[list[str]]:
    """Return the table of medians, its head first."""
    rows = [
        [
            "load",
            "server",
            "msg/s",
            "spread",
            "p50 ms",
            "p99 ms",
            "spread",
            "CPU s/10k",
            "spread",
            "PSS MiB",
            "peak MiB",
            "lost %",
            "views",
            "n",
            "used by others",
        ]
    ]
    for load in LOADS:
        for target in TARGETS:
            figure = found.get((target, load))
            if figure is None:
                continue
            queued = load.startswith(
                FLOOD
            )  # all is offered at once: latency there is only queueing
            missing = max(run.missing for run in figure.runs)
            due = figure.runs[0].sent * figure.runs[0].viewers
            rows.append(
                [
                    load,
                    target,
                    f"{figure.of(lambda run: run.rate):,.0f}",
                    f"{figure.spread(lambda run: run.rate):.0%}",
                    "" if queued else f"{figure.of(lambda run: run.p50_ms):.2f}",
                    "" if queued else f"{figure.of(lambda run: run.p99_ms):.2f}",
                    "" if queued else f"{figure.spread(lambda run: run.p99_ms):.0%}",
                    f"{figure.of(lambda run: run.cpu_s_per_10k):.3f}",
                    f"{figure.spread(lambda run: run.cpu_s_per_10k):.0%}",
                    f"{figure.of(lambda run: run.memory_mb):.0f}",
                    f"{figure.of(lambda run: run.peak_memory_mb):.0f}",
                    f"{100 * missing / due:.2f}",
                    f"{figure.runs[0].views}",
                    f"{len(figure.runs)}" + (f" (-{figure.left_out})" if figure.left_out else ""),
                    " ".join(f"{run.others:.0%}" for run in figure.runs),
                ]
            )
    return rows


def verdicts(found: dict[tuple[str, str], Figure]) -> list[Verdict]:
    """Return how our server stands to goals 1 to 4, 10 and 11."""

    def ratio(
        what: str, ours: str, load: str, other: str, value: Callable[[Run], float]
    ) -> tuple[str, float | None, float | None]:
        mine, theirs = found.get((ours, load)), found.get((other, load))
        if mine is None or theirs is None:
            return what, None, None
        quotient = mine.of(value) / max(theirs.of(value), 1e-9)
        return what, quotient, max(mine.others, theirs.others)

    def alone(
        what: str, ours: str, load: str, value: Callable[[Run], float]
    ) -> tuple[str, float | None, float | None]:
        mine = found.get((ours, load))
        return what, None if mine is None else mine.of(value), None if mine is None else mine.others

    def rate(run: Run) -> float:
        return run.rate

    def per_cpu(run: Run) -> float:
        return 1.0 / max(run.cpu_s_per_10k, 1e-9)

    def cpu(run: Run) -> float:
        return run.cpu_s_per_10k

    def p50(run: Run) -> float:
        return run.p50_ms

    def p99(run: Run) -> float:
        return run.p99_ms

    def memory(run: Run) -> float:
        return run.memory_mb

    def peak(run: Run) -> float:
        return run.peak_memory_mb

    rows: list[tuple[int, tuple[str, float | None, float | None], float | None, bool, str]] = []
    for what, ours, other, bound in (
        ("CoT against taky", OURS_COT, TAKY, 8.0),
        ("AIS against Signal K", OURS_AIS, SIGNAL_K, 8.0),
        ("RMC against the loop", OURS, LOOP, None),
    ):
        rows.append((1, ratio(f"flood, msg/s: {what}", ours, FLOOD, other, rate), bound, True, "x"))
        rows.append(
            (1, ratio(f"flood, msg/CPU s: {what}", ours, FLOOD, other, per_cpu), None, True, "x")
        )
    for what, ours, other, goal in (
        ("CoT against taky", OURS_COT, TAKY, 40.0),
        ("AIS against Signal K", OURS_AIS, SIGNAL_K, 40.0),
        ("RMC against the loop", OURS, LOOP, None),
    ):
        rows.append(
            (2, ratio(f"{CROWD}, msg/s: {what}", ours, CROWD, other, rate), goal, True, "x")
        )
        rows.append(
            (2, ratio(f"{CROWD}, msg/CPU s: {what}", ours, CROWD, other, per_cpu), None, True, "x")
        )
    rows += [
        (3, alone("50/s: median latency, CoT", OURS_COT, QUIET, p50), 3.0, False, "ms"),
        (3, ratio("50/s: p99, CoT against taky", OURS_COT, QUIET, TAKY, p99), 3.0, False, "x"),
        (3, alone("500/s: median latency, RMC", OURS, BUSY, p50), 5.0, False, "ms"),
        (3, alone("500/s: median latency, CoT", OURS_COT, BUSY, p50), 5.0, False, "ms"),
        (3, alone("500/s: median latency, AIS", OURS_AIS, BUSY, p50), 5.0, False, "ms"),
        (3, alone("500/s: p99, RMC", OURS, BUSY, p99), 15.0, False, "ms"),
        (3, alone("500/s: p99, CoT", OURS_COT, BUSY, p99), 15.0, False, "ms"),
        (3, alone("500/s: p99, AIS", OURS_AIS, BUSY, p99), 15.0, False, "ms"),
        (3, alone("500/s: p99 of gpsd", GPSD, BUSY, p99), None, False, "ms"),
        (3, alone("500/s: p99 of Signal K", SIGNAL_K, BUSY, p99), None, False, "ms"),
        (4, ratio("500/s, CPU: CoT against taky", OURS_COT, BUSY, TAKY, cpu), 0.4, False, "x"),
        (4, ratio("500/s, CPU: AIS against gpsd", OURS_AIS, BUSY, GPSD, cpu), None, False, "x"),
        (4, ratio("500/s, CPU: AIS against Signal K", OURS_AIS, BUSY, SIGNAL_K, cpu), None, False,
         "x"),
        (10, ratio(f"{FAN}: against one message each", OURS, FAN, EACH, rate), None, True, "x"),
        (10, ratio(f"{FAN}, per CPU s: the same", OURS, FAN, EACH, per_cpu), None, True, "x"),
        (10, ratio(f"{FAN}: against all of a tick as one", OURS, FAN, COALESCED, rate), None, True,
         "x"),
        (11, alone("500/s: memory (PSS)", OURS, BUSY, memory), 250.0, False, "MiB"),
        (11, alone("500/s: peak of resident memory", OURS, BUSY, peak), None, False, "MiB"),
    ]  # fmt: skip
    return [
        Verdict(
            goal=goal,
            what=what,
            value=value,
            bound=bound,
            at_least=at_least,
            unit=unit,
            others=others,
        )
        for goal, (what, value, others), bound, at_least, unit in rows
    ]


def as_text(rows: list[list[str]]) -> str:
    """Return a table as a Markdown table with straight columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
