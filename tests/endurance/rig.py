"""The rig: a stage, its senders, its viewers, and what is measured; opened and closed as one."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from patrol.store.store import create_store
from tests.endurance.checking import Account, StoreReader, account, wait_until_stored
from tests.endurance.eyes import Eyes
from tests.endurance.fleet import Fleet
from tests.endurance.gauges import Gauges
from tests.endurance.ledger import ACKNOWLEDGED, Ledger
from tests.endurance.networks import GatewayNetwork
from tests.endurance.senders import Endpoints, SendPlan, send
from tests.endurance.stage import Stage
from tests.endurance.watchers import Sightings, WatchPlan, wait_until_seen, watch

if TYPE_CHECKING:
    from tests.fixtures.databases import Server as Postgres

EVERY_S: Final = 5.0
"""How often each unit reports."""


class Rig:
    """Everything that runs; use `rigged`.

    Attributes:
        fleet: Who reports.
        ledger: What was sent and answered.
        stage: The processes under test.
        ends: Where reports go.
        sightings: What viewers see.
        gauges: Memory and queues.
        eyes: What operators are shown.
        reader: Reads the store.
        database: The server of the store; None where it is a file.
        rate: Reports a second when nothing is the matter.
    """

    def __init__(
        self,
        *,
        fleet: Fleet,
        ledger: Ledger,
        stage: Stage,
        ends: Endpoints,
        sending: Connection,
        sightings: Sightings,
        database: Postgres | None,
    ) -> None:
        self.fleet, self.ledger, self.stage, self.ends = fleet, ledger, stage, ends
        self.sightings, self._sending, self.database = sightings, sending, database
        self.gauges, self.eyes = Gauges(stage), Eyes(stage.node)
        self.reader = StoreReader(stage.node.store_url, fleet, ledger.capacity)
        self.rate = fleet.boats / EVERY_S

    def report(self, times: float = 1.0) -> None:
        """From now on report so many times as often as usual."""
        self._sending.send(("rate", self.rate * times))

    def junk(self, rate: float) -> None:
        """Have the radios of the serial lines print so much nonsense a second among the rest."""
        self._sending.send(("junk", rate))

    def percentiles_ms(self, from_ns: int, until_ns: int) -> tuple[float, float, float]:
        """Return p50, p95 and p99 from sending to seeing of what was seen between two moments."""
        late = self.sightings.latencies_ms(from_ns, until_ns)
        if not len(late):
            return float("nan"), float("nan"), float("nan")
        p50, p95, p99 = np.percentile(late, (50, 95, 99))
        return float(p50), float(p95), float(p99)

    def wait_until_all_report(self, seconds: float = 120.0) -> None:
        """Report as usual until each boat was seen, so that nothing happens for the first time.

        Raises:
            TimeoutError: If that takes too long; says which ways are silent.
        """
        self.report()
        end, began = time.monotonic() + seconds, time.monotonic_ns()
        while True:
            seen = np.unique(self.sightings.all(began).numbers % self.fleet.boats)
            if len(seen) == self.fleet.boats:
                return
            if time.monotonic() > end:
                silent = sorted(set(range(self.fleet.boats)) - set(seen.tolist()))
                raise TimeoutError(
                    f"{len(silent)} boats were not seen, such as {self.fleet.address(silent[0])}"
                )
            time.sleep(0.2)

    def stop_reporting(self, seconds: float = 90.0) -> int:
        """Report nothing new; give those who still try so many seconds; return who still tries."""
        self._sending.send(("stop", seconds))
        untold: int = heard(self._sending, "stopped", seconds + 10.0)
        return untold

    def settled(self, *, first: int = 0, seconds: float = 120.0) -> Account:
        """Wait until what was acknowledged is stored, or `seconds` pass; return the account."""
        wait_until_stored(self.reader, self.ledger, first=first, seconds=seconds)
        return account(self.reader, self.ledger, self.fleet, first=first)

    def acknowledged(self) -> int:
        """Return how many reports the product said it has."""
        return len(self.ledger.numbers(ACKNOWLEDGED))


@contextmanager
def rigged(
    *,
    units: int,
    viewers: int,
    seconds: float,
    folder: Path | None = None,
    network: GatewayNetwork | None = None,
    postgres: bool = False,
    apart: bool = False,
    stallers: int = 1,
) -> Iterator[Rig]:
    """Yield everything running: viewers look on, nobody reports yet.

    Args:
        units: Units of the fleet.
        viewers: Viewers.
        seconds: How long it may last at the usual rate; the ledger is as long.
        folder: Where everything goes; None: a temporary folder that is deleted at the end.
        network: Where the gateway is.
        postgres: The store is in a PostgreSQL server of the run's own, and not in a file.
        apart: The node's parts are processes of their own, with a standby.
        stallers: How many of the viewers stop reading when told to.
    """
    if threading.current_thread() is threading.main_thread():
        # whoever ends us ends all that we started
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    fleet = Fleet(units)
    capacity = int(units / EVERY_S * (seconds + 300)) + 10_000
    context = multiprocessing.get_context("spawn")  # a fork would copy this one's threads
    sending, sender_end = context.Pipe()
    watching, watcher_end = context.Pipe()
    with (
        tempfile.TemporaryDirectory(prefix="joint-patrol-endurance-") as temporary,
        _database(postgres) as database,
    ):
        where = folder or Path(temporary)
        store = None if database is None else database.url(database.create())
        if store is not None:
            create_store(store)
        with Ledger(capacity) as ledger:
            plan = SendPlan(boats=units, ledger=ledger.name, capacity=capacity)
            sender = context.Process(target=send, args=(plan, sender_end), daemon=True)
            sender.start()
            sender_end.close()
            lines: dict[str, str] = heard(sending, "serial", 180.0)
            stage = Stage(where, fleet, lines, network=network, store=store, apart=apart)
            rig: Rig | None = None
            watcher = None
            try:
                ends = stage.open()
                watch_plan = WatchPlan(
                    host="127.0.0.1",
                    port=stage.node.port,
                    sessions=stage.sessions(),
                    viewers=viewers,
                    boats=units,
                    stallers=stallers,
                )
                watcher = context.Process(target=watch, args=(watch_plan, watcher_end), daemon=True)
                watcher.start()
                watcher_end.close()
                sightings = Sightings(watching, ledger)
                wait_until_seen(sightings, viewers)
                sending.send(("go", ends))
                rig = Rig(
                    fleet=fleet,
                    ledger=ledger,
                    stage=stage,
                    ends=ends,
                    sending=sending,
                    sightings=sightings,
                    database=database,
                )
                yield rig
            finally:
                if rig is not None:
                    rig.eyes.close()
                    rig.gauges.close()
                    rig.reader.close()
                for process in (sender, watcher):
                    if process is not None:
                        process.terminate()
                        process.join(10)
                stage.close()


@contextmanager
def _database(expected: bool) -> Iterator[Postgres | None]:
    if not expected:
        yield None
        return
    from tests.fixtures.databases import Server as Postgres  # only who wants one has its driver

    server = Postgres()
    try:
        yield server
    finally:
        server.stop()


def heard(connection: Connection, word: str, seconds: float) -> Any:
    """Wait for a process to say `word`; return what it says with it.

    Raises:
        TimeoutError: If it does not within `seconds`.
    """
    end = time.monotonic() + seconds
    while connection.poll(max(0.0, end - time.monotonic())):
        answer, value = connection.recv()
        if answer == word:
            return value
    raise TimeoutError(f"no {word!r} within {seconds:.0f} s")
