"""What is measured beside: memory of each process, the store's log, what waits where."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import psutil

from tests.endurance.node import WEB
from tests.endurance.stage import Stage

EVERY_S = 1.0
METRICS_EVERY_S = 5.0
_MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The gauges at one moment.

    Attributes:
        at_s: Monotonic seconds.
        rss: Resident memory of the node, MiB; 0 while it does not run.
        pss: The same with its share of what is shared; 0 where it was not read.
        gateway_rss: Of the gateway, MiB.
        wal: Size of the store's write-ahead log, MiB; 0 where there is none.
        spool: Reports that wait in the gateway, as the node knows.
        shed: Reports that channels of the node dropped for want of room, since its start.
        cpu_s: CPU seconds of the node, or of its Watches, since their start.
        web_cpu_s: CPU seconds of the web process, where it is one of its own.
    """

    at_s: float
    rss: float
    pss: float
    gateway_rss: float
    wal: float
    spool: int
    shed: int
    cpu_s: float
    web_cpu_s: float = 0.0


class Gauges:
    """Reads the gauges once a second, on a thread.

    Args:
        stage: What runs.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.readings: list[Reading] = []
        self._end = threading.Event()
        self._told = (0, 0)
        self._thread = threading.Thread(target=self._read, name="gauges", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read no more."""
        self._end.set()
        self._thread.join(10)

    def between(self, from_s: float, until_s: float) -> list[Reading]:
        """Return the readings between two moments, monotonic seconds."""
        return [each for each in self.readings if from_s <= each.at_s < until_s]

    def _read(self) -> None:
        asked_s = 0.0
        with self._stage.client() as client:
            while not self._end.wait(EVERY_S):
                now_s = time.monotonic()
                if now_s - asked_s >= METRICS_EVERY_S:
                    asked_s = now_s
                    self._told = self._metrics(client) or self._told
                self.readings.append(self._look(now_s))

    def _look(self, now_s: float) -> Reading:
        node = self._stage.node
        wal = Path(f"{node.database}-wal")
        rss = pss = gateway_rss = 0.0
        cpu_s = {True: 0.0, False: 0.0}
        for pid in node.pids():
            try:
                process = psutil.Process(pid)
                memory, times = process.memory_full_info(), process.cpu_times()
            except psutil.Error:
                continue  # it was killed just now
            rss += memory.rss / _MIB
            pss += memory.pss / _MIB
            cpu_s[pid in node.pids(WEB)] += times.user + times.system
        try:
            gateway_rss = psutil.Process(self._stage.gateway.pid).memory_info().rss / _MIB
        except (AssertionError, psutil.Error):
            pass
        return Reading(
            at_s=now_s,
            rss=rss,
            pss=pss,
            gateway_rss=gateway_rss,
            wal=wal.stat().st_size / _MIB if wal.exists() else 0.0,
            spool=self._told[0],
            shed=self._told[1],
            cpu_s=cpu_s[False],
            web_cpu_s=cpu_s[True],
        )

    def _metrics(self, client: httpx.Client) -> tuple[int, int] | None:
        try:
            lines = client.get("/metrics").raise_for_status().text.splitlines()
        except httpx.HTTPError:
            return None
        spool = shed = 0.0
        for line in lines:
            if line.startswith("radio_gateway_spool_waiting{"):
                spool += float(line.rsplit(" ", 1)[1])
            elif line.startswith("radio_gateway_channel_shed_total{"):
                shed += float(line.rsplit(" ", 1)[1])
        return int(spool), int(shed)


def slope_per_hour(readings: list[Reading]) -> float:
    """Return by how many MiB an hour the node's memory (PSS) grows: the line of least squares.

    >>> def at(minute: int, pss: float) -> Reading:
    ...     return Reading(at_s=minute * 60.0, rss=pss, pss=pss, gateway_rss=0, wal=0, spool=0,
    ...                    shed=0, cpu_s=0)
    >>> round(slope_per_hour([at(minute, 100 + minute / 10) for minute in range(60)]), 3)
    6.0
    """
    some = [each for each in readings if each.pss]
    if len(some) < 3:
        return 0.0
    hours = np.array([each.at_s / 3600 for each in some])
    slope: float = np.polyfit(hours - hours[0], np.array([each.pss for each in some]), 1)[0]
    return float(slope)
