"""Load for a long time: 2,000 units, 200 viewers, bursts; what it costs, and whether all is kept.

    python -m tests.endurance.load --minutes 20 [--stall] [--json FILE]

Each unit reports every 5 s (400 reports a second, in ten ways and six protocols, by the node's own
channels and through a gateway and a broker); every few minutes everybody reports four times as
often for 20 s. It prints a line a minute and, at the end, how memory grows and what is lost or
twice; it returns 1 when anything acknowledged is. With `--stall` one viewer then stops reading half
of the time, in turns of 10 s, and the others' p95 with and without are compared
(`tests.endurance.stalls`); it returns 1, too, unless that is shown to rise by no more than it may.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import as_text
from tests.benchmarks.machine import describe
from tests.endurance.checking import Account
from tests.endurance.gauges import slope_per_hour
from tests.endurance.rig import Rig, rigged
from tests.endurance.stalls import TURN_S, measured, told

BURST_S: Final = 20.0
BURST_TIMES: Final = 4.0
WARM_UP_S: Final = 60.0  # of which memory does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """One line of the table.

    Attributes:
        minute: Which, from 1.
        sent: Reports begun in it.
        p50_ms: Median from sending to seeing, of what viewers saw in it.
        p95_ms: 95th percentile of it.
        p99_ms: 99th percentile of it.
        rss_mib: Resident memory of the node at its end.
        pss_mib: The same with its share of what is shared.
        gateway_mib: Resident memory of the gateway.
        wal_mib: Greatest size of the store's write-ahead log.
        spool: Most reports that waited in the gateway.
        shed: Reports that the node dropped for want of room, since its start.
        cpu: CPU seconds of the node for each second.
        viewers: Fewest viewers connected.
    """

    minute: int
    sent: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    rss_mib: float
    pss_mib: float
    gateway_mib: float
    wal_mib: float
    spool: int
    shed: int
    cpu: float
    viewers: int


def main() -> int:
    """Run it; return 0 when nothing acknowledged was lost or twice, and what was asked is shown."""
    options = _options()
    for name, value in describe().items():
        print(f"{name}: {value}")
    seconds = options.minutes * 60
    stalls_s = 2 * options.stall_turns * TURN_S if options.stall else 0.0
    with rigged(
        units=options.units,
        viewers=options.viewers,
        seconds=seconds * 2 + stalls_s,
        folder=options.folder,
        postgres=options.postgres,
        apart=options.apart,
    ) as rig:
        rig.wait_until_all_report()
        minutes = _minutes(rig, seconds, burst_every_s=options.burst_every)
        stalls = measured(rig, options.stall_turns) if options.stall else None
        untold = rig.stop_reporting()
        account = rig.settled()
        began_s = rig.gauges.readings[0].at_s
        warm_up_s = min(WARM_UP_S, seconds / 3)
        steady = rig.gauges.between(began_s + warm_up_s, float("inf"))
        slope = slope_per_hour(steady)
        seats, late = rig.sightings.seats, rig.sightings.late
    print()
    print(_summary(account, slope, untold, late))
    print(f"viewers: {seats.connections} connections, ends {seats.ends or 'none'}; each of those")
    print(f"never cut off saw {seats.least:,} to {seats.most:,} positions")
    if stalls is not None:
        print(told(stalls))
    if options.json is not None:
        document = {
            "machine": describe(),
            "minutes": [asdict(each) for each in minutes],
            "slope_mib_per_hour": slope,
            "account": asdict(account),
            "stalls": None
            if stalls is None
            else asdict(stalls) | {"between": stalls.between, "verdict": stalls.verdict},
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if account.is_good and (stalls is None or stalls.is_good) else 1


def _minutes(rig: Rig, seconds: float, *, burst_every_s: float) -> list[Minute]:
    """Report for so long, with bursts; print and return a line a minute."""
    began_s = time.monotonic()
    rows: list[Minute] = []
    bursts_s = began_s + burst_every_s / 2
    print(
        f"\n{'min':>3} {'sent':>7} {'p50':>7} {'p95':>7} {'p99':>7} ms  {'RSS':>6} {'PSS':>6} "
        f"{'gateway':>7} {'WAL':>5} MiB {'spool':>6} {'shed':>5} {'CPU':>5} {'viewers':>7}"
    )
    is_burst = False
    while (from_s := time.monotonic()) < began_s + seconds:
        until_s = min(from_s + 60.0, began_s + seconds)
        sent = rig.ledger.begun
        viewers = rig.sightings.seats.connected
        while (now_s := time.monotonic()) < until_s:
            time.sleep(0.2)
            viewers = min(viewers, rig.sightings.seats.connected)
            expected = bursts_s <= now_s < bursts_s + BURST_S
            if expected != is_burst:
                is_burst = expected
                rig.report(BURST_TIMES if is_burst else 1.0)
                if not is_burst:
                    bursts_s += burst_every_s
        row = _minute(rig, len(rows) + 1, from_s, until_s, rig.ledger.begun - sent, viewers)
        rows.append(row)
        print(f"{row.minute:3} {row.sent:7,} {row.p50_ms:7.1f} {row.p95_ms:7.1f} "
              f"{row.p99_ms:7.1f}     {row.rss_mib:6.1f} {row.pss_mib:6.1f} {row.gateway_mib:7.1f} "
              f"{row.wal_mib:5.1f}     {row.spool:6,} {row.shed:5,} {row.cpu:5.2f} "
              f"{row.viewers:7}", flush=True)  # fmt: skip
    rig.report()
    return rows


def _minute(
    rig: Rig, number: int, from_s: float, until_s: float, sent: int, viewers: int
) -> Minute:
    p50, p95, p99 = rig.percentiles_ms(int(from_s * 1e9), int(until_s * 1e9))
    some = rig.gauges.between(from_s, until_s) or rig.gauges.readings[-1:]
    first, last = some[0], some[-1]
    return Minute(
        minute=number,
        sent=sent,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        rss_mib=last.rss,
        pss_mib=last.pss,
        gateway_mib=last.gateway_rss,
        wal_mib=max(each.wal for each in some),
        spool=max(each.spool for each in some),
        shed=last.shed,
        cpu=(last.cpu_s - first.cpu_s) / max(last.at_s - first.at_s, 0.1),
        viewers=viewers,
    )


def _summary(account: Account, slope: float, untold: int, late: int) -> str:
    rows = [
        ["what", "figure"],
        ["reports", f"{account.begun:,}"],
        ["acknowledged by the product", f"{account.acknowledged:,}"],
        ["of these lost", f"{account.lost:,}"],
        ["acknowledged by the broker (QoS 1)", f"{account.by_broker:,}"],
        ["of these lost", f"{account.lost_by_broker:,}"],
        ["with no way to answer", f"{account.unanswered:,}"],
        ["of these not stored", f"{account.lost_unanswered:,}"],
        ["refused", f"{account.refused:,}"],
        ["not answered at the end", f"{untold:,}"],
        ["stored twice", f"{account.twice:,}"],
        ["shown late", f"{late:,}"],
        ["memory of the node (PSS) grows by", f"{slope:+.1f} MiB/h"],
    ]
    return "\n".join([as_text(rows), *account.examples])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance.load", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument(
        "--burst-every", type=float, default=180.0, metavar="SECONDS", help="between two bursts"
    )
    parser.add_argument("--stall", action="store_true", help="one viewer stops reading, in turns")
    parser.add_argument(
        "--stall-turns", type=int, default=40, help="turns with, and as many without"
    )
    parser.add_argument(
        "--postgres", action="store_true", help="the store is in PostgreSQL, and not in a file"
    )
    parser.add_argument(
        "--apart", action="store_true", help="Watch, standby and web are processes of their own"
    )
    parser.add_argument("--folder", type=Path, help="empty folder to keep logs and store in")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
