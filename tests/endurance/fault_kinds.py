"""The faults: of processes, clocks, links and inputs; and the list of all of them."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.endurance.clocks import Clock, library
from tests.endurance.database_faults import (
    DatabaseGone,
    DatabaseKilled,
    DatabaseLocked,
    DatabaseOnlyReads,
    LogDiskFull,
    NoConnectionLeft,
    TableLocked,
)
from tests.endurance.disk_faults import DiskFull
from tests.endurance.fault import Fault, Plain
from tests.endurance.junk import JunkPlan, talk
from tests.endurance.node import WATCHES, WEB
from tests.endurance.rig import Rig, heard
from tests.endurance.store_faults import PageDamaged, StoreDeleted, StoreUnmounted

JUNK_TIMES: Final = 10.0
REPLACED_WITHIN_S: Final = 60.0
"""On a machine that is busy with other things, where a standby looks less often."""
_IN_COPY: Final = (
    "SELECT pid FROM pg_stat_progress_copy JOIN pg_stat_activity USING (pid)"
    " WHERE command = 'COPY FROM' AND state = 'active' AND wait_event = 'ClientRead'"
)
_BETWEEN: Final = (
    "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND granted AND objid = %(key)s"
    " AND state = 'idle in transaction'"
)


class Killed(Plain):
    """A process is killed with -9, and started again at the end of the fault.

    Args:
        what: `node`, `watch` (the one that leads), `web`, `gateway` or `broker`.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"kill -9 {what}", loses_by_broker=what == "broker")
        self._what = what

    def why_not(self, rig: Rig) -> str | None:
        """Return what the node is not."""
        if self._what in ("watch", "web") and not rig.stage.node.is_apart:
            return "the node is one process: give --apart"
        if self._what == "node" and rig.stage.node.is_apart:
            return "the node is several processes"
        return None

    def begin(self, rig: Rig) -> None:
        """Kill it."""
        if self._what == "web":
            rig.stage.node.kill(WEB)
        else:
            self._process(rig).kill()

    def end(self, rig: Rig) -> None:
        """Start it; for the node until it answers, as its supervisor would see it."""
        self._process(rig).start()

    def _process(self, rig: Rig) -> Any:
        stage = rig.stage
        return {"gateway": stage.gateway, "broker": stage.broker}.get(self._what, stage.node)


class WatchStopped(Plain):
    """The Watch that leads is stopped for longer than its lease, and goes on where it was."""

    def __init__(self, name: str = "watch stopped past its lease") -> None:
        super().__init__(name)
        self._leader = ""

    def why_not(self, rig: Rig) -> str | None:
        """It needs a standby."""
        return None if rig.stage.node.is_apart else "the node is one process: give --apart"

    def begin(self, rig: Rig) -> None:
        """Stop it where a standby waits; that is to lead, and to go on running.

        Raises:
            TimeoutError: If nobody stands by, or nobody replaced it.
        """
        node = rig.stage.node
        self._leader = node.leader()
        (standby,) = set(WATCHES) - {self._leader}
        began = time.monotonic()
        _wait(lambda: node.stands_by(standby), f"{standby} does not stand by")
        self._stop(rig)
        at = f"{time.monotonic() - began:+.0f} s"  # what operators are shown counts from the first
        took_s = _wait(
            lambda: node.leader() != self._leader,
            f"{self._leader} is stopped, and nobody took its place",
        )
        text = f"{self.name}: stopped at {at}, {standby} leads {took_s:.1f} s later"
        print(text, file=sys.stderr, flush=True)

    def end(self, rig: Rig) -> None:
        """Let it go on: it is to end by itself; then start it again, as its supervisor would.

        Raises:
            TimeoutError: If it does not end.
        """
        node = rig.stage.node
        node.signal(self._leader, signal.SIGCONT)
        took_s = _wait(
            lambda: not node.runs(self._leader), f"{self._leader} lost its lease and goes on"
        )
        print(f"{self.name}: it ended {took_s:.1f} s after it went on", file=sys.stderr, flush=True)
        node.start()

    def _stop(self, rig: Rig) -> None:
        rig.stage.node.signal(self._leader, signal.SIGSTOP)


def _wait(is_so: Callable[[], bool], or_else: str) -> float:
    """Wait until something is so, and return for how long."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() > began + REPLACED_WITHIN_S:
            raise TimeoutError(or_else)
        time.sleep(0.05)
    return time.monotonic() - began


class WatchStoppedInTransaction(WatchStopped):
    """The same inside a transaction: it holds the lock of whoever writes.

    Between two statements PostgreSQL ends its session; in the middle of a COPY, where the server
    waits and no timeout applies, whoever waits to write does.

    Args:
        where: In words, for its name.
        caught: Query that finds a session that stands there.
    """

    def __init__(self, where: str, caught: str) -> None:
        super().__init__(f"watch stopped {where}")
        self._where, self._caught = where, caught

    def why_not(self, rig: Rig) -> str | None:
        """It needs a standby and PostgreSQL."""
        if rig.database is None:
            return "nobody ends what is stopped in SQLite: give --postgres"
        return super().why_not(rig)

    def _stop(self, rig: Rig) -> None:
        """Stop it again and again until it is caught there."""
        assert rig.database is not None
        from tests.fixtures.databases import WRITING  # only who has a server has its driver

        node = rig.stage.node
        end = time.monotonic() + 60
        with rig.database.connect(node.database_name) as asking:
            while True:
                node.signal(self._leader, signal.SIGSTOP)
                time.sleep(0.01)  # until the server has read what it had sent
                if asking.execute(self._caught, {"key": WRITING}).fetchone() is not None:
                    return
                node.signal(self._leader, signal.SIGCONT)
                if time.monotonic() > end:
                    raise TimeoutError(f"{self._leader} was never caught {self._where}")
                time.sleep(random.uniform(0.005, 0.03))


class WatchStoppedWithJournal(WatchStopped):
    """The same with a journal, whose folder the stopped one has open: it is to be replaced."""

    def __init__(self) -> None:
        super().__init__("frozen Watch with journal")

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Start all parts again with a journal."""
        node = rig.stage.node
        node.stop()
        node.keep_journal(True)
        node.start()
        try:
            yield
        finally:
            node.stop()
            node.keep_journal(False)
            node.start()


class BrokerRestart(Plain):
    """The broker is stopped in order and started again."""

    def __init__(self) -> None:
        super().__init__("broker restart")

    def begin(self, rig: Rig) -> None:
        """Stop it."""
        rig.stage.broker.stop()

    def end(self, rig: Rig) -> None:
        """Start it."""
        rig.stage.broker.start()


class ClockJump(Plain):
    """A machine's clock jumps by an hour and, at the end of the fault, back."""

    def __init__(self, whose: str, hours: int) -> None:
        super().__init__(f"clock {hours:+d} h: {whose}")
        self._whose, self._hours = whose, hours
        self._clock: Clock | None = None

    def why_not(self, rig: Rig) -> str | None:
        """It needs libfaketime."""
        return None if library() else "needs libfaketime (apt-get install faketime)"

    @contextmanager
    def prepared(self, rig: Rig) -> Iterator[None]:
        """Start the process again with a clock that can be set."""
        self._clock = Clock(rig.stage.folder / f"clock-{self._whose}")
        environment = self._clock.environment
        stage = rig.stage
        if self._whose == "node":
            stage.node.stop()
            stage.node.start(wrapper=("env", *(f"{k}={v}" for k, v in environment.items())))
        else:
            stage.gateway.stop()
            stage.gateway.start(environment=environment)
        try:
            yield
        finally:
            process: Any = getattr(stage, self._whose)
            process.stop()
            process.start()

    def begin(self, rig: Rig) -> None:
        """Let it jump."""
        assert self._clock is not None
        self._clock.set(self._hours * 3600)

    def end(self, rig: Rig) -> None:
        """Set it right."""
        assert self._clock is not None
        self._clock.set(0)


class BadLink(Plain):
    """The way between gateway and broker is cut, or loses packets."""

    def __init__(self, name: str, percent: int) -> None:
        super().__init__(name)
        self._percent = percent

    def why_not(self, rig: Rig) -> str | None:
        """It needs network namespaces and nftables."""
        if rig.stage.network is None:
            return "needs root, for network namespaces"
        found = shutil.which("nft", path=f"{os.environ['PATH']}:/usr/sbin")
        return None if found else "needs nft (apt-get install nftables)"

    def begin(self, rig: Rig) -> None:
        """Cut it, or make it bad."""
        assert rig.stage.network is not None
        if self._percent == 100:
            rig.stage.network.cut()
        else:
            rig.stage.network.lose(self._percent)

    def end(self, rig: Rig) -> None:
        """Mend it."""
        assert rig.stage.network is not None
        rig.stage.network.mend()


class Flood(Plain):
    """Nonsense on every input, ten times as much as there are reports."""

    def __init__(self) -> None:
        super().__init__("malformed flood")
        self.said: dict[str, int] = {}
        self._orders: Any = None
        self._process: Any = None

    def begin(self, rig: Rig) -> None:
        """Begin to talk."""
        stage, context = rig.stage, multiprocessing.get_context("spawn")
        self._orders, theirs = context.Pipe()
        plan = JunkPlan(
            ends=rig.ends,
            key=stage.junk_key,
            gateway_password=stage.broker.passwords["gw-1"],
            source="127.0.0.9",
            rate=rig.rate * JUNK_TIMES,
            boats=rig.fleet.boats,
        )
        self._process = context.Process(target=talk, args=(plan, theirs), daemon=True)
        self._process.start()
        rig.junk(rig.rate * JUNK_TIMES / 20)

    def end(self, rig: Rig) -> None:
        """Be silent; the last of it may still be on its way."""
        rig.junk(0.0)
        self._orders.send(("stop", None))
        self.said = heard(self._orders, "said", 20.0)
        self._process.join(10)


def every() -> list[Fault]:
    """Return all faults, in the order in which they are shown."""
    return [
        Killed("node"),
        Killed("watch"),
        WatchStopped(),
        WatchStoppedInTransaction("between two statements", _BETWEEN),
        WatchStoppedInTransaction("in the middle of a COPY", _IN_COPY),
        WatchStoppedWithJournal(),
        Killed("web"),
        Killed("gateway"),
        Killed("broker"),
        BrokerRestart(),
        DatabaseLocked(),
        TableLocked(),
        DatabaseOnlyReads(),
        NoConnectionLeft(),
        DatabaseGone(),
        DatabaseKilled(),
        StoreDeleted(),
        StoreUnmounted(),
        PageDamaged(),
        DiskFull("store"),
        LogDiskFull(),
        DiskFull("spool"),
        ClockJump("node", +1),
        ClockJump("node", -1),
        ClockJump("gateway", +1),
        ClockJump("gateway", -1),
        BadLink("network cut", 100),
        BadLink("30 % loss", 30),
        Flood(),
    ]
