"""A plan on paper for 100,000 units and 10,000 viewers, from what a report and a viewer cost here.

    python -m tests.endurance.scaling [--seconds 15] [--postgres] [--json FILE]

A node whose Watch and web process are apart runs under several rates and numbers of viewers, in
turns; the CPU that each uses is fitted to a cost for each report, each viewer, and each report
shown to a viewer, and the residual is said. The plan lets every process use half a core. Then what
one Watch and one web process get in the plan really runs here, and what was measured stands beside
what the plan says.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import as_text
from tests.benchmarks.machine import describe
from tests.endurance.cost_model import HEADROOM, Costs, Measured, Plan, fitted, plan
from tests.endurance.fleet import MOST_BOATS
from tests.endurance.rig import EVERY_S, Rig, rigged

SETTLES_S: Final = 4.0
VIEWERS: Final = (4, 50, 100, 200)
TIMES: Final = (0.25, 1.0, 2.0, 4.0)
"""Rates, as parts of the fleet's usual one."""

WITHIN: Final = 0.25
"""How far a check may be from the plan and still bear it out."""


def main() -> int:
    """Measure, fit, plan and check; return 0 when the check bears the plan out."""
    options = _options()
    machine = describe()
    for name, value in machine.items():
        print(f"{name}: {value}")
    loads: list[Measured] = []
    for viewers in options.viewers:
        with _running(options, options.units, viewers) as rig:
            rig.wait_until_all_report()
            for times in options.times:
                loads.append(_measured(rig, times, viewers, options.seconds))
                print(_line(loads[-1]), flush=True)
    watch = fitted([(each.rate, each.viewers, each.watch_cpu) for each in loads], shows=False)
    web = fitted([(each.rate, each.viewers, each.web_cpu) for each in loads], shows=True)
    found = plan(
        watch, web, units=options.plan_units, every_s=EVERY_S, viewers=options.plan_viewers
    )
    print(f"\n{_told_costs(watch, web)}\n\n{_told_plan(found)}\n")
    units = min(found.units_each, MOST_BOATS)
    with _running(options, units, found.viewers_each) as rig:
        rig.wait_until_all_report()
        check = _measured(rig, found.rate_each / rig.rate, found.viewers_each, options.seconds)
    good = _told_check(found, check, watch, web)
    print(
        f"\nThe costs were measured up to {max(each.rate for each in loads):,.0f} reports/s and "
        f"{max(options.viewers)} viewers; beyond, the plan is a straight line. The check "
        f"{'bears it out' if good else 'DOES NOT bear it out'}."
    )
    if options.json is not None:
        document = {
            "machine": machine,
            "loads": [asdict(each) for each in loads],
            "watch": asdict(watch),
            "web": asdict(web),
            "plan": asdict(found),
            "check": asdict(check),
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if good else 1


def _running(options: argparse.Namespace, units: int, viewers: int) -> AbstractContextManager[Rig]:
    return rigged(units=units, viewers=viewers, seconds=1800, postgres=options.postgres, apart=True)


def _measured(rig: Rig, times: float, viewers: int, seconds: float) -> Measured:
    """Report so many times as often as usual for a while; return what that cost."""
    rig.report(times)
    time.sleep(SETTLES_S)
    begun, from_s = rig.ledger.begun, time.monotonic()
    time.sleep(seconds)
    until_s = time.monotonic()
    sent = rig.ledger.begun - begun
    time.sleep(1.5)  # the last reading, and what viewers tell
    some = rig.gauges.between(from_s, until_s)
    first, last = some[0], some[-1]
    took_s = last.at_s - first.at_s
    return Measured(
        rate=sent / (until_s - from_s),
        viewers=viewers,
        watch_cpu=(last.cpu_s - first.cpu_s) / took_s,
        web_cpu=(last.web_cpu_s - first.web_cpu_s) / took_s,
        p95_ms=rig.percentiles_ms(int(from_s * 1e9), int(until_s * 1e9))[1],
        pss_mib=last.pss,
    )


def _line(load: Measured) -> str:
    return (
        f"{load.rate:7,.0f} reports/s  {load.viewers:4} viewers  CPU: Watch {load.watch_cpu:.3f}, "
        f"web {load.web_cpu:.3f}  p95 {load.p95_ms:7.1f} ms  PSS {load.pss_mib:6.1f} MiB"
    )


def _told_check(found: Plan, check: Measured, watch: Costs, web: Costs) -> bool:
    """Print the check beside the plan; return whether it bears the plan out."""
    rows = [["process", "reports/s", "viewers", "CPU measured", "CPU planned", "differs"]]
    good = check.rate >= 0.9 * found.rate_each
    for what, used, planned in (
        ("Watch", check.watch_cpu, watch.cpu(check.rate)),
        ("web", check.web_cpu, web.cpu(check.rate, check.viewers)),
    ):
        differs = used / planned - 1
        good = good and abs(differs) <= WITHIN
        rows.append([
            what, f"{check.rate:,.0f} of {found.rate_each:,.0f}", f"{check.viewers}",
            f"{used:.2f}", f"{planned:.2f}", f"{differs:+.0%}",
        ])  # fmt: skip
    print(as_text(rows))
    print(f"p95 {check.p95_ms:.0f} ms, PSS {check.pss_mib:.0f} MiB")
    return good


def _told_costs(watch: Costs, web: Costs) -> str:
    def residual(costs: Costs) -> str:
        return f"{costs.residual * 1e3:.1f} ms/s, at worst {costs.worst:.0%}"

    return as_text([
        ["CPU", "Watch", "web"],
        ["without load", f"{watch.idle * 1e3:.1f} ms/s", f"{web.idle * 1e3:.1f} ms/s"],
        ["a report", f"{watch.report * 1e6:.0f} us", f"{web.report * 1e6:.0f} us"],
        ["a viewer connected", "-", f"{web.viewer * 1e6:.0f} us/s"],
        ["a report shown to a viewer", "-", f"{web.sighting * 1e6:.2f} us"],
        ["residual of the fit", residual(watch), residual(web)],
    ])  # fmt: skip


def _told_plan(found: Plan) -> str:
    return as_text([
        ["plan", "figure"],
        ["reports", f"{found.rate:,.0f}/s"],
        ["viewers", f"{found.viewers:,}"],
        ["nodes (a Watch, its standby, a store)", f"{found.nodes}"],
        ["units of a node", f"{found.units_each:,}, {found.rate_each:,.0f} reports/s"],
        ["a Watch uses", f"{found.watch_cpu:.2f} of a core; may use {HEADROOM:.2f}"],
        ["web processes of a node", f"{found.webs}, {found.viewers_each} viewers each"],
        ["a web process uses", f"{found.web_cpu:.2f} of a core; may use {HEADROOM:.2f}"],
        ["broker connections", f"{found.broker_links:,}, {found.gateway_links:,} of gateways"],
        ["cores in all", f"{found.cores:.0f} used, {found.cores / HEADROOM:.0f} with headroom"],
        ["feasible", "yes" if found.feasible else "NO: one process would have to do too much"],
    ])  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance.scaling", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--units", type=int, default=2000, help="of the fleet that is measured")
    parser.add_argument("--seconds", type=float, default=15.0, help="for each load")
    parser.add_argument("--viewers", type=int, nargs="+", default=list(VIEWERS))
    parser.add_argument("--times", type=float, nargs="+", default=list(TIMES))
    parser.add_argument("--plan-units", type=int, default=100_000)
    parser.add_argument("--plan-viewers", type=int, default=10_000)
    parser.add_argument(
        "--postgres", action="store_true", help="the store is in PostgreSQL, and not in a file"
    )
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
