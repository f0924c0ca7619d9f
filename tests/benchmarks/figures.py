"""From runs to tables: medians and spread, and how our server stands to its goals."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median

from tests.benchmarks.machine import BUSY_SHARE
from tests.benchmarks.run import Run

OURS, TAKY, LOOP = "joint-patrol", "taky", "minimal loop"
FLOOD, QUIET, BUSY = "flood", "50/s", "500/s"
_TICK_MS = 20.0  # longest batch of the watch


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
            "peak MiB",
            "lost %",
            "views",
            "n",
            "used by others",
        ]
    ]
    for load in (FLOOD, QUIET, BUSY):
        for target in (OURS, TAKY, LOOP):
            figure = found.get((target, load))
            if figure is None:
                continue
            queued = load == FLOOD  # all is offered at once: latency there is only queueing
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
                    f"{figure.of(lambda run: run.peak_memory_mb):.0f}",
                    f"{100 * missing / due:.2f}",
                    f"{figure.runs[0].views}",
                    f"{len(figure.runs)}" + (f" (-{figure.left_out})" if figure.left_out else ""),
                    " ".join(f"{run.others:.0%}" for run in figure.runs),
                ]
            )
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One goal, and how our server stands to it.

    Attributes:
        goal: Number of the goal.
        what: What is compared.
        value: What came out; None when a target was not run.
        bound: The goal's bound.
        at_least: True when the value must not be below the bound; False when not above.
        unit: Unit of both: `x` for a ratio, or `ms`.
    """

    goal: int
    what: str
    value: float | None
    bound: float
    at_least: bool
    unit: str

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None when it could not be judged."""
        if self.value is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def verdicts(found: dict[tuple[str, str], Figure]) -> list[Verdict]:
    """Return how our server stands to goals 1, 3 and 4."""

    def ours(load: str, value: Callable[[Run], float]) -> float | None:
        figure = found.get((OURS, load))
        return None if figure is None else figure.of(value)

    def ratio(load: str, other: str, value: Callable[[Run], float]) -> float | None:
        mine, theirs = found.get((OURS, load)), found.get((other, load))
        if mine is None or theirs is None:
            return None
        return mine.of(value) / max(theirs.of(value), 1e-9)

    def rate(run: Run) -> float:
        return run.rate

    def p99(run: Run) -> float:
        return run.p99_ms

    def cpu(run: Run) -> float:
        return run.cpu_s_per_10k

    rows: list[tuple[int, str, float | None, float, bool, str]] = [
        (1, "flood: messages/s against taky", ratio(FLOOD, TAKY, rate), 10.0, True, "x"),
        (1, "flood: messages/s against the loop", ratio(FLOOD, LOOP, rate), 0.35, True, "x"),
        (3, "50/s: median latency", ours(QUIET, lambda run: run.p50_ms), 2.0, False, "ms"),
        (3, "50/s: p99 latency against taky", ratio(QUIET, TAKY, p99), 3.0, False, "x"),
        (3, "500/s: p99 latency", ours(BUSY, p99), _TICK_MS + 10.0, False, "ms"),
        (4, "500/s: CPU a message against taky", ratio(BUSY, TAKY, cpu), 0.35, False, "x"),
    ]
    return [
        Verdict(goal=goal, what=what, value=value, bound=bound, at_least=at_least, unit=unit)
        for goal, what, value, bound, at_least, unit in rows
    ]


def table_of_verdicts(judged: list[Verdict]) -> list[list[str]]:
    """Return the table of goals, its head first."""
    rows = [["goal", "what", "measured", "goal", "reached"]]
    for verdict in judged:
        sign = ">=" if verdict.at_least else "<="
        rows.append(
            [
                str(verdict.goal),
                verdict.what,
                "not run" if verdict.value is None else f"{verdict.value:.2f} {verdict.unit}",
                f"{sign} {verdict.bound:g} {verdict.unit}",
                {None: "-", True: "yes", False: "no"}[verdict.reached],
            ]
        )
    return rows


def as_text(rows: list[list[str]]) -> str:
    """Return a table as a Markdown table with straight columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
