"""Goals: what came out beside what was to be reached, the same for all benchmarks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One goal, and how our server stands to it.

    Attributes:
        goal: Number of the goal; 0 for what is told without one.
        what: What is compared.
        value: What came out; None when a target was not run.
        bound: The goal's bound; None where there is none.
        at_least: True when the value must not be below the bound; False when not above.
        unit: Unit of both: `x` for a ratio, or `ms`, `/s`, `MiB`, `s`.
        others: Share of the machine that others used meanwhile, 0 to 1; None unknown.
    """

    goal: int
    what: str
    value: float | None
    bound: float | None = None
    at_least: bool = True
    unit: str = "x"
    others: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None when it could not be judged."""
        if self.value is None or self.bound is None:
            return None
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def mark(self) -> str:
        """How it stands, in words.

        >>> Verdict(goal=1, what="", value=8.0, bound=10.0).mark
        'falls short by 20 %'
        """
        if self.bound is None:
            return ""
        if self.value is None:
            return "not run"
        if self.reached:
            return "met"
        away = 1.0 - self.value / self.bound if self.at_least else self.value / self.bound - 1.0
        return f"falls short by {away:.0%}".replace("%", " %")


def told(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return verdicts as JSON has them; `read` is the way back."""
    return [asdict(verdict) | {"reached": verdict.reached} for verdict in verdicts]


def read(goals: Iterable[dict[str, Any]]) -> list[Verdict]:
    """Return the verdicts that `told` wrote."""
    return [
        Verdict(**{name: value for name, value in each.items() if name != "reached"})
        for each in goals
    ]


def table(verdicts: Iterable[Verdict]) -> list[list[str]]:
    """Return the table of goals, its head first."""
    rows = [["goal", "what", "measured", "to reach", "", "used by others"]]
    for verdict in verdicts:
        sign = ">=" if verdict.at_least else "<="
        rows.append(
            [
                str(verdict.goal or ""),
                verdict.what,
                _number(verdict.value, verdict.unit),
                "" if verdict.bound is None else f"{sign} {verdict.bound:,g} {verdict.unit}",
                verdict.mark,
                "" if verdict.others is None else f"{verdict.others:.0%}",
            ]
        )
    return rows


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "not run"
    return f"{value:,.0f} {unit}" if value >= 1000.0 else f"{value:.3g} {unit}"
