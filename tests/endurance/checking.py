"""Checking: whether what was acknowledged is in the store, and nothing twice.

The store is read beside the node, by address and latitude, which together name the report.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from radio_gateway.uplink.wire.envelope import read_item
from tests.endurance.fleet import WAYS, Fleet
from tests.endurance.ledger import ACKNOWLEDGED, BY_BROKER, LOST_HERE, REFUSED, SENT, Ledger
from tests.endurance.stage import GatewayProcess

GRACE_S = 15.0
"""What was acknowledged in the last moment before the look may be on its way to the store."""

UNDERWAY_S = 3.0
"""The same of what nobody promised anything of."""

_NEW = text("SELECT id, address, lat FROM transmissions WHERE lat IS NOT NULL AND id > :after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What came of a run's reports.

    Attributes:
        begun: Reports begun.
        acknowledged: Of these, that the product said are on its disk.
        by_broker: That a broker said it has.
        unanswered: That went out by a way on which nothing comes back.
        untold: Whose senders were still trying at the end.
        refused: That were refused for good.
        lost: Acknowledged, and not in the store.
        lost_by_broker: The broker had them, and they are not in the store.
        lost_unanswered: Went out, nobody promised anything, and they are not in the store.
        twice: Reports that are in the store more than once.
        strangers: Positions in the store that nobody of the fleet sent.
        examples: Numbers and ways of the first lost or twice, and a stranger.
    """

    begun: int
    acknowledged: int
    by_broker: int
    unanswered: int
    untold: int
    refused: int
    lost: int
    lost_by_broker: int
    lost_unanswered: int
    twice: int
    strangers: int
    examples: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether nothing acknowledged is lost, by the node, the gateway or a broker, nor twice."""
        return not (self.lost or self.lost_by_broker or self.twice)


class StoreReader:
    """Counts, for each report, how often it is in the store; reads on from where it stopped.

    Args:
        url: SQLAlchemy URL.
        fleet: Who reports.
        capacity: Most reports.

    Attributes:
        url: As given, or since it began again.
        counts: How often each report is in the store.
        strangers: Positions of nobody of the fleet.
        stranger: Address and latitude of the last of them.
    """

    def __init__(self, url: str, fleet: Fleet, capacity: int) -> None:
        self._fleet, self._capacity = fleet, capacity
        self.url = url
        self._engine: Engine | None = None
        self.counts: NDArray[np.uint8] = np.zeros(capacity, np.uint8)
        self.strangers = 0
        self.stranger = ""
        self._after = -1

    def close(self) -> None:
        """Close the database."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def begin_again(self, url: str) -> None:
        """Forget what was read; the store is at `url` now."""
        self.close()
        self.url, self._after, self.strangers = url, -1, 0
        self.counts[:] = 0

    def read(self) -> None:
        """Read what came since the last time.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: If the database cannot be read.
        """
        if self._engine is None:
            self._engine = create_engine(self.url, pool_pre_ping=True)
        number_at = self._fleet.number_at
        with self._engine.connect() as connection:
            for id, address, lat in connection.execute(_NEW, {"after": self._after}):
                self._after = max(self._after, id)
                number = number_at(address, lat)
                if number is None or number >= self._capacity:
                    self.strangers += 1
                    self.stranger = f"stranger: {address} at {lat}"
                else:
                    self.counts[number] = min(self.counts[number] + 1, 255)

    def missing(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which of some reports are not in the store, as far as it was read."""
        found: NDArray[np.int64] = numbers[self.counts[numbers] == 0]
        return found


def in_spool(gateway: GatewayProcess, fleet: Fleet) -> NDArray[np.int64]:
    """Return which reports wait in a running gateway's spool.

    It lets nobody else read its file, so that is copied while it stands still for a moment.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.kill(gateway.pid, signal.SIGSTOP)
        try:
            for file in gateway.spool.parent.glob(f"{gateway.spool.name}*"):
                shutil.copy(file, folder)
        finally:
            os.kill(gateway.pid, signal.SIGCONT)
        with closing(sqlite3.connect(Path(folder, gateway.spool.name))) as spool:
            waiting = [read_item(answer) for (answer,) in spool.execute("SELECT said FROM waiting")]
    numbers = [
        fleet.number_at(each.address, each.position.lat)
        for each in waiting
        if each.position is not None
    ]
    return np.array(sorted({each for each in numbers if each is not None}), np.int64)


def wait_until_stored(
    reader: StoreReader, ledger: Ledger, *, first: int = 0, seconds: float = 120.0
) -> float | None:
    """Wait until everything acknowledged so far, brokers' word included, is stored.

    Returns:
        How many seconds it took; None when it is not after `seconds`.
    """
    began = time.monotonic()
    expected = ledger.numbers(ACKNOWLEDGED, BY_BROKER, first=first)
    while True:
        try:
            reader.read()
        except SQLAlchemyError:  # what was the matter with it may not be over
            reader.close()
        if not len(reader.missing(expected)):
            return time.monotonic() - began
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.5)


def account(
    reader: StoreReader,
    ledger: Ledger,
    fleet: Fleet,
    *,
    first: int = 0,
    until: int | None = None,
) -> Account:
    """Compare ledger and store for the reports from `first` on, up to `until` or the newest."""
    last = ledger.begun if until is None else until

    def those(state: int) -> NDArray[np.int64]:
        found = ledger.numbers(state, first=first)
        return found[found < last]

    # the ledger first: what is acknowledged from now on may be stored only after the look
    promised, by_broker, unanswered = those(ACKNOWLEDGED), those(BY_BROKER), those(SENT)
    reader.begin_again(reader.url)  # rows may have been changed, not only added
    end = time.monotonic() + GRACE_S
    while True:
        reader.read()
        lost, lost_by_broker = reader.missing(promised), reader.missing(by_broker)
        if not len(lost) + len(lost_by_broker) or time.monotonic() > end:
            break
        time.sleep(0.5)
    if len(reader.missing(unanswered)):
        time.sleep(UNDERWAY_S)
        reader.read()
    twice = np.flatnonzero(reader.counts > 1)
    refused, gone = those(REFUSED), len(those(LOST_HERE))
    begun = last - first

    def told(what: str, numbers: NDArray[np.int64]) -> list[str]:
        return [
            f"{what}: {number} by {WAYS[fleet.way(int(number) % fleet.boats)].name}"
            for number in numbers[:3]
        ]

    return Account(
        begun=begun,
        acknowledged=len(promised),
        by_broker=len(by_broker),
        unanswered=len(unanswered),
        untold=begun - len(promised) - len(by_broker) - len(unanswered) - len(refused) - gone,
        refused=len(refused),
        lost=len(lost),
        lost_by_broker=len(lost_by_broker),
        lost_unanswered=len(reader.missing(unanswered)),
        twice=len(twice),
        strangers=reader.strangers,
        examples=(
            *told("lost", lost),
            *told("lost by broker", lost_by_broker),
            *told("twice", twice.astype(np.int64)),
            *([reader.stranger] if reader.strangers else ()),
        ),
    )
