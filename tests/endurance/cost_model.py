"""What a report and a viewer cost, fitted to measured loads, and what follows for more of both.

CPU seconds a second of a process = idle + report * rate + viewer * viewers + sighting * rate *
viewers: a share for each report, one for each viewer who is connected, and one for each report that
one viewer is shown. Fitted by least squares, none below zero. A Watch shows nothing to anybody and
has only the first two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One load and what it cost.

    Attributes:
        rate: Reports a second that were sent.
        viewers: Viewers connected.
        watch_cpu: CPU seconds of the Watch and its standby a second.
        web_cpu: CPU seconds of the web process a second.
        p95_ms: 95th percentile from sending to seeing.
        pss_mib: Memory of the node's processes.
    """

    rate: float
    viewers: int
    watch_cpu: float
    web_cpu: float
    p95_ms: float
    pss_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The fit for one process.

    Attributes:
        idle: CPU seconds a second without load.
        report: CPU seconds of a report.
        viewer: CPU seconds a second of a connected viewer.
        sighting: CPU seconds of one report shown to one viewer.
        residual: Root mean square of what the fit leaves, CPU seconds a second.
        worst: Greatest of it, as a share of what was measured there.
    """

    idle: float
    report: float
    viewer: float = 0.0
    sighting: float = 0.0
    residual: float = 0.0
    worst: float = 0.0

    def cpu(self, rate: float, viewers: float = 0.0) -> float:
        """Return CPU seconds a second under a load."""
        return (
            self.idle + self.report * rate + self.viewer * viewers + self.sighting * rate * viewers
        )


def fitted(loads: Sequence[tuple[float, float, float]], *, shows: bool) -> Costs:
    """Fit the costs of a process.

    Args:
        loads: Rate, viewers and CPU seconds a second; at least four.
        shows: Whether it shows anything to viewers.

    >>> loads = [(r, v, 0.01 + 2e-4 * r + 3e-5 * v + 4e-7 * r * v)
    ...          for r in (100, 400, 800) for v in (0, 50, 200)]
    >>> costs = fitted(loads, shows=True)
    >>> round(costs.report * 1e6), round(costs.viewer * 1e6), round(costs.sighting * 1e9)
    (200, 30, 400)
    """
    if len(loads) < 4:
        raise ValueError("four costs need at least four loads")
    rates, viewers, cpu = np.array(loads, float).T
    columns = np.column_stack([np.ones_like(rates), rates, viewers, rates * viewers])
    unknowns = range(4 if shows else 2)
    best, best_left = np.zeros(4), math.inf
    # so few unknowns: all choices of which are zero are soon tried
    for count in range(1, len(unknowns) + 1):
        for chosen in combinations(unknowns, count):
            found, *_ = np.linalg.lstsq(columns[:, list(chosen)], cpu, rcond=None)
            if (found < 0).any():
                continue
            whole = np.zeros(4)
            whole[list(chosen)] = found
            left = float(((columns @ whole - cpu) ** 2).sum())
            if left < best_left:
                best, best_left = whole, left
    rest = columns @ best - cpu
    return Costs(
        idle=float(best[0]),
        report=float(best[1]),
        viewer=float(best[2]),
        sighting=float(best[3]),
        residual=float(np.sqrt((rest**2).mean())),
        worst=float((np.abs(rest) / np.maximum(cpu, 1e-9)).max()),
    )


HEADROOM: Final = 0.5
"""Share of a core that a process may use in the long run: bursts, recovery and backlog need the
rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many of what, for a load.

    Attributes:
        rate: Reports a second in all.
        viewers: Viewers in all.
        nodes: Watches, each with a store of its own and a standby.
        units_each: Units of a node.
        rate_each: Reports a second of a node.
        watch_cpu: Share of a core that each Watch uses.
        webs: Web processes of a node.
        viewers_each: Viewers of a web process.
        web_cpu: Share of a core that each web process uses.
        gateway_links: Broker connections of gateways.
        broker_links: Broker connections in all.
        cores: Cores used in all, brokers and stores left out.
        feasible: Whether no process has to do more than it may.
    """

    rate: float
    viewers: int
    nodes: int
    units_each: int
    rate_each: float
    watch_cpu: float
    webs: int
    viewers_each: int
    web_cpu: float
    gateway_links: int
    broker_links: int
    cores: float
    feasible: bool


def plan(
    watch: Costs,
    web: Costs,
    *,
    units: int,
    every_s: float,
    viewers: int,
    units_a_gateway: int = 250,
) -> Plan:
    """Return the fewest processes of which none uses more than `HEADROOM` of a core.

    A viewer looks at one node and sees all of it; units and viewers are spread evenly.

    Args:
        watch: Costs of a Watch.
        web: Costs of a web process.
        units: Units in all.
        every_s: How often each reports.
        viewers: Viewers in all.
        units_a_gateway: Units that one gateway hears.

    >>> found = plan(Costs(idle=0.02, report=2e-4), Costs(idle=0.02, report=4e-5, sighting=4e-7),
    ...              units=100_000, every_s=5.0, viewers=10_000)
    >>> found.nodes, found.webs, found.viewers_each, found.feasible
    (10, 2, 500, True)
    """
    best: Plan | None = None
    # more nodes make each viewer cheaper, since each sees less
    for nodes in range(1, 400):
        found = _with_nodes(watch, web, nodes, units, every_s, viewers, units_a_gateway)
        if best is None or _worth(found) > _worth(best):
            best = found
    assert best is not None
    return best


def _worth(found: Plan) -> tuple[bool, int]:
    return found.feasible, -found.nodes * (2 + found.webs)


def _with_nodes(
    watch: Costs,
    web: Costs,
    nodes: int,
    units: int,
    every_s: float,
    viewers: int,
    units_a_gateway: int,
) -> Plan:
    rate_each = units / every_s / nodes
    each = web.viewer + web.sighting * rate_each
    room = HEADROOM - web.cpu(rate_each)  # beside what it does whoever looks on
    of_node = math.ceil(viewers / nodes)
    most = min(int(room / each) if each else of_node, of_node) if room > 0 else 0
    webs = math.ceil(of_node / max(most, 1))
    viewers_each = math.ceil(of_node / webs)
    watch_cpu, web_cpu = watch.cpu(rate_each), web.cpu(rate_each, viewers_each)
    links = math.ceil(units / units_a_gateway)
    return Plan(
        rate=units / every_s,
        viewers=viewers,
        nodes=nodes,
        units_each=math.ceil(units / nodes),
        rate_each=rate_each,
        watch_cpu=watch_cpu,
        webs=webs,
        viewers_each=viewers_each,
        web_cpu=web_cpu,
        gateway_links=links,
        # of a node: its Watch to its gateways and to its parts, its standby, its web processes
        broker_links=links + nodes * (3 + webs),
        cores=nodes * (watch_cpu + webs * web_cpu),
        feasible=most > 0 and watch_cpu <= HEADROOM,
    )
