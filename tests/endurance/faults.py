"""Faults under load, one after another: what is lost, what comes twice, how long until all is well.

    python -m tests.endurance.faults [--only NAME] [--hold 15] [--json FILE]

As root it starts itself again in network and mount namespaces of its own, and leaves nothing
behind; as anybody else the faults that need these are skipped, and it says so. It prints a Markdown
table and returns 1 when anything acknowledged was lost, anything is stored twice, or something did
not recover. What only a broker acknowledged may be lost by `kill -9 broker` alone (see
`deploy/mosquitto`); it is counted all the same.

Recovered: of what was sent in each of four half seconds one after the other, 95 % was seen by the
viewers within twice the p95 before the fault, or 100 ms more than it. The time is from the end of
the fault (for a killed process: from its start) to the first of these.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy.exc import SQLAlchemyError

from tests.benchmarks.figures import as_text
from tests.benchmarks.machine import describe
from tests.endurance.checking import Account, account, in_spool, wait_until_stored
from tests.endurance.fault import Fault
from tests.endurance.fault_kinds import every
from tests.endurance.ledger import ACKNOWLEDGED
from tests.endurance.networks import GatewayNetwork, enter_private, is_private
from tests.endurance.rig import Rig, rigged

BEFORE_S: Final = 10.0
CALM_MS: Final = 1000.0
WINDOW_NS: Final = 500_000_000
WINDOWS: Final = 4
AFTER_S: Final = 6.0
MOST_SHOWN: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one fault did.

    Attributes:
        fault: Its name.
        skipped: Why it was not shown; None when it was.
        held_s: How long it lasted.
        before_p95_ms: p95 before it.
        in_time: Share of what was sent during it that was seen within the limit.
        recovered_s: From its end until p95 was back; None when it was not in time.
        stored_s: From its end until everything acknowledged was stored; None when it was not.
        late: Share of what was sent and seen in the first seconds after that which moved no mark.
        spooled: How much of what was acknowledged waited in the gateway's spool at its end.
        nowhere: And how much lay neither there nor in the store; None when that is not known.
        account: What came of the reports since shortly before it.
        shown: What operators were shown, each with the seconds since it began.
        good: Whether nothing was lost or twice, and it recovered; None when skipped.
    """

    fault: str
    skipped: str | None = None
    held_s: float = 0.0
    before_p95_ms: float = 0.0
    in_time: float = 0.0
    recovered_s: float | None = None
    stored_s: float | None = None
    late: float = 0.0
    spooled: int = 0
    nowhere: int | None = None
    account: Account | None = None
    shown: tuple[str, ...] = ()
    good: bool | None = None


def main() -> int:
    """Run them; return 0 when all that were shown are good."""
    options = _options()
    chosen = [
        fault
        for fault in every()
        if not options.only or any(word in fault.name for word in options.only)
    ]
    if options.list or not chosen:
        print("\n".join(fault.name for fault in every()))
        return 0 if options.list else 2
    why_shared = enter_private("tests.endurance.faults")
    for name, value in describe().items():
        print(f"{name}: {value}", file=sys.stderr)
    if why_shared is not None:
        print(f"no namespaces of its own: {why_shared}", file=sys.stderr)
    outcomes: list[Outcome] = []
    broken = False
    with rigged(
        units=options.units,
        viewers=options.viewers,
        seconds=len(chosen) * (options.hold + 2 * options.patience + 60),
        folder=options.folder,
        network=GatewayNetwork() if is_private() else None,
        postgres=options.postgres,
        apart=options.apart,
    ) as rig:
        rig.wait_until_all_report()
        for fault in chosen:
            try:
                outcome = show(
                    rig,
                    fault,
                    hold_s=options.hold,
                    patience_s=options.patience,
                    calm_ms=options.calm,
                )
            except Exception as error:  # noqa: BLE001 - what was seen until here is worth telling
                print(f"FAILED {fault.name}: {type(error).__name__}: {error}", file=sys.stderr)
                traceback.print_exception(error)
                broken = True
                break
            outcomes.append(outcome)
            print(_line(outcome), file=sys.stderr, flush=True)
    print(table(outcomes))
    if options.json is not None:
        document = {"machine": describe(), "faults": [asdict(each) for each in outcomes]}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 1 if broken or any(each.good is False for each in outcomes) else 0


def show(
    rig: Rig, fault: Fault, *, hold_s: float, patience_s: float, calm_ms: float = CALM_MS
) -> Outcome:
    """Show one fault, and wait until it is over or `patience_s` pass, twice.

    Args:
        rig: What runs, under load.
        fault: The fault.
        hold_s: How long it lasts.
        patience_s: How long to wait for the viewers, and for the store.
        calm_ms: All is well while viewers see everything within this.

    Raises:
        TimeoutError: If all is not well before it.
    """
    reason = fault.why_not(rig)
    if reason is not None:
        return Outcome(fault=fault.name, skipped=reason)
    with fault.prepared(rig):
        before_p95 = _steady_p95_ms(rig, patience_s, calm_ms)
        limit_ms = max(2 * before_p95, before_p95 + 100)
        rig.eyes.take()
        first = rig.ledger.begun
        began_s = time.monotonic()
        fault.begin(rig)
        time.sleep(hold_s / 2)
        since = rig.ledger.begun
        time.sleep(hold_s / 2)
        spooled, nowhere = _where(rig, first, since)
        ended_s = time.monotonic()
        fault.end(rig)
        recovered = _recovered_s(rig, int(ended_s * 1e9), limit_ms, patience_s)
        stored = wait_until_stored(rig.reader, rig.ledger, first=first, seconds=patience_s)
        stored_s = None if stored is None else time.monotonic() - ended_s
        after_ns = int((ended_s + (recovered or 0.0)) * 1e9)
        time.sleep(max(0.0, after_ns / 1e9 + AFTER_S - time.monotonic()))
        fresh = rig.sightings.all(after_ns)
        fresh_live = fresh.live[rig.ledger.sent_at[fresh.numbers] >= after_ns]
        # what is lost is known only of what had time to be stored
        until = int(rig.ledger.begun)
        wait_until_stored(rig.reader, rig.ledger, first=first, seconds=30.0)
        told = account(rig.reader, rig.ledger, rig.fleet, first=first, until=until)
        shown = sorted(rig.eyes.take().items(), key=lambda each: each[1])
    lost_by_broker = 0 if fault.loses_by_broker else told.lost_by_broker
    return Outcome(
        fault=fault.name,
        held_s=ended_s - began_s,
        before_p95_ms=before_p95,
        in_time=rig.sightings.within(int(began_s * 1e9), int(ended_s * 1e9), limit_ms),
        recovered_s=recovered,
        stored_s=stored_s,
        late=float((~fresh_live).mean()) if len(fresh_live) else 0.0,
        spooled=spooled,
        nowhere=nowhere,
        account=told,
        shown=tuple(f"{at - began_s:+.0f} s {what}" for what, at in shown),
        good=recovered is not None
        and stored_s is not None
        and not (nowhere or told.lost or lost_by_broker or told.twice),
    )


def _where(rig: Rig, first: int, since: int) -> tuple[int, int | None]:
    """Return how much of what was acknowledged waits in the gateway's spool, and how much is
    neither there nor in the store; where that cannot be read, of what was sent from `since` on."""
    told = rig.ledger.numbers(ACKNOWLEDGED, first=first)
    try:
        waiting = in_spool(rig.stage.gateway, rig.fleet)
    except (OSError, sqlite3.Error, AssertionError):  # it was killed, or its disk is full
        return 0, None
    spooled = np.isin(told, waiting)
    elsewhere = told[~spooled]
    try:
        rig.reader.read()  # after the spool: what goes from there to here meanwhile is in either
    except SQLAlchemyError:
        rig.reader.close()
        elsewhere = elsewhere[elsewhere >= since]
    return int(spooled.sum()), len(rig.reader.missing(elsewhere))


def table(outcomes: list[Outcome]) -> str:
    """Return outcomes as a Markdown table."""
    rows = [
        [
            "fault",
            "held s",
            "seen in time meanwhile",
            "p95 before ms",
            "recovered after s",
            "all stored after s",
            "acknowledged",
            "lost",
            "twice",
            "broker's word lost",
            "unanswered lost",
            "shown to operators",
            "good",
        ]
    ]
    for each in outcomes:
        if each.skipped is not None or each.account is None:
            rows.append([each.fault, *[""] * 10, f"skipped: {each.skipped}", "-"])
            continue
        account = each.account
        rows.append(
            [
                each.fault,
                f"{each.held_s:.0f}",
                f"{each.in_time:.0%}",
                f"{each.before_p95_ms:.0f}",
                _seconds(each.recovered_s),
                _seconds(each.stored_s),
                f"{account.acknowledged:,} + {account.by_broker:,}",
                f"{account.lost}",
                f"{account.twice}",
                f"{account.lost_by_broker}",
                f"{account.lost_unanswered}",
                "; ".join(each.shown[:MOST_SHOWN]).replace("|", "/") or "nothing",
                "yes" if each.good else "NO",
            ]
        )
    return as_text(rows)


def _steady_p95_ms(rig: Rig, patience_s: float, calm_ms: float) -> float:
    """Wait until viewers see everything again, and return p95 over some seconds.

    Raises:
        TimeoutError: If they do not within `patience_s`.
    """
    end_s = time.monotonic() + patience_s
    while True:
        from_ns = time.monotonic_ns()
        time.sleep(BEFORE_S)
        until_ns = time.monotonic_ns()
        seen = rig.sightings.all(from_ns)
        sent_at = rig.ledger.sent_at[seen.numbers]
        fresh = sent_at >= from_ns  # a backlog that comes in tells nothing of the present
        late_ms = (seen.at_ns - sent_at)[fresh] / 1e6
        p95 = float(np.percentile(late_ms, 95)) if len(late_ms) else float("inf")
        told_after_ns = int((calm_ms / 1000 + 1.0) * 1e9)
        if rig.sightings.within(from_ns, until_ns - told_after_ns, calm_ms) > 0.97:
            return p95
        if time.monotonic() > end_s:
            raise TimeoutError(f"viewers do not see everything before the fault; p95 {p95:.0f} ms")


def _recovered_s(rig: Rig, ended_ns: int, limit_ms: float, patience_s: float) -> float | None:
    """Return how long after `ended_ns` the first of `WINDOWS` good windows begins."""
    good = window = 0
    end_s = time.monotonic() + patience_s
    told_after_s = limit_ms / 1000 + 1.5  # until viewers have told what they saw
    while time.monotonic() < end_s:
        from_ns = ended_ns + window * WINDOW_NS
        ready_s = (from_ns + WINDOW_NS) / 1e9 + told_after_s
        time.sleep(max(0.0, ready_s - time.monotonic()))
        is_good = rig.sightings.within(from_ns, from_ns + WINDOW_NS, limit_ms) >= 0.95
        good = good + 1 if is_good else 0
        window += 1
        if good == WINDOWS:
            return (window - WINDOWS) * WINDOW_NS / 1e9
    return None


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}"


def _line(outcome: Outcome) -> str:
    if outcome.skipped is not None or outcome.account is None:
        return f"{outcome.fault}: skipped: {outcome.skipped}"
    account = outcome.account
    words = (
        f"{outcome.fault}: {'good' if outcome.good else 'NOT GOOD'}; recovered after "
        f"{_seconds(outcome.recovered_s)} s, stored after {_seconds(outcome.stored_s)} s, "
        f"acknowledged {account.acknowledged:,}, lost {account.lost}, twice {account.twice}, "
        f"broker's word lost {account.lost_by_broker} of {account.by_broker:,}, unanswered lost "
        f"{account.lost_unanswered} of {account.unanswered:,}, refused {account.refused}, "
        f"moved no mark {outcome.late:.0%}; when it ended, acknowledged in the gateway's spool "
        f"{outcome.spooled:,}, nowhere {'?' if outcome.nowhere is None else outcome.nowhere}"
    )
    return "\n    ".join([words, *account.examples, *outcome.shown])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance.faults", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument(
        "--only", action="append", help="faults whose name has this in it; may be given again"
    )
    parser.add_argument("--list", action="store_true", help="print the names and do nothing")
    parser.add_argument("--units", type=int, default=2000)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--hold", type=float, default=15.0, metavar="SECONDS")
    parser.add_argument(
        "--patience", type=float, default=120.0, metavar="SECONDS", help="to recover"
    )
    parser.add_argument(
        "--calm",
        type=float,
        default=CALM_MS,
        metavar="MS",
        help="all is well while viewers see everything within this; more on a busy machine",
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
