"""What the machine is, and what a run cost it.

Other work on the machine spoils rates and latencies; the CPU a server used it hardly moves. So each
run states which share of the machine others used, and may first wait a little for quiet.
"""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

BUSY_SHARE = 0.12  #: Above this share used by others, a run's rates and latencies are not clean.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """CPU seconds at one moment.

    Attributes:
        busy: Used by the whole machine.
        total: Offered by the whole machine.
        server: Used by the target's process tree.
        ours: Used by the generator and the viewers.
    """

    busy: float
    total: float
    server: float
    ours: float


def read_ticks(server: list[int], ours: list[int]) -> Ticks:
    """Return the CPU seconds used so far.

    Args:
        server: Process ids of the target; their children count too.
        ours: Process ids of the generator and the viewers, without children.
    """
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Linux counts guest time in user time as well.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return Ticks(
        busy=total - idle,
        total=total,
        server=sum(_cpu_seconds(process) for pid in server for process in _tree(pid)),
        ours=sum(_cpu_seconds(psutil.Process(pid)) for pid in ours),
    )


def others_share(before: Ticks, after: Ticks) -> float:
    """Return the share of the machine, 0 to 1, that others used between two moments."""
    busy = after.busy - before.busy
    mine = after.server - before.server + after.ours - before.ours
    return max(0.0, busy - mine) / max(after.total - before.total, 0.01)


def peak_memory_mb(pids: list[int]) -> float:
    """Return the greatest resident memory the process trees had so far, in MiB.

    Peaks of several processes are added; where the system keeps no peak, what is resident now.
    """
    return sum(_peak_bytes(process) for pid in pids for process in _tree(pid)) / 2**20


def memory_mb(pids: list[int]) -> float:
    """Return the memory that process trees have now, in MiB: pages that several have in use are
    counted once (`Pss` of /proc/PID/smaps_rollup), as the figures of other servers that goal 11
    stands beside were taken.
    """
    return sum(_pss_bytes(process) for pid in pids for process in _tree(pid)) / 2**20


def wait_for_quiet(seconds: float) -> None:
    """Wait until others use less than a tenth of the machine, at most `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if psutil.cpu_percent(interval=0.5) < 10.0:
            return


def describe() -> dict[str, str]:
    """Return what the machine and the software are, in words."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "commit": _commit(),
    }


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _pss_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _peak_bytes(process: psutil.Process) -> int:
    try:
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown processor"


def _commit() -> str:
    answer = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout.strip() or "unknown"
