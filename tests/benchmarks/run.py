"""One run: a fresh target, its viewers, the traffic, and what came of it."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import tempfile
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

from tests.benchmarks.feeder import FeedPlan, feed
from tests.benchmarks.machine import memory_mb, others_share, peak_memory_mb, read_ticks
from tests.benchmarks.targets.target import Started, Target, TargetError, tail_of
from tests.benchmarks.traffic import BOATS, Traffic
from tests.benchmarks.viewers import Seat, Viewer

_SAMPLED = 5  # viewers that are read message by message, the first ones
_PATIENCE_S = 6.0  # without progress, a run is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is offered to a target in one run.

    Attributes:
        name: `flood`, or messages a second.
        count: Messages measured.
        rate: Messages a second; None as fast as the target takes them.
        viewers: How many look on; None all that the target was prepared for.
    """

    name: str
    count: int
    rate: float | None
    viewers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run showed.

    Attributes:
        target: Name of the target.
        load: Name of the load.
        sent: Messages offered.
        missing: Positions that did not reach a viewer, over all viewers.
        repeated: Positions that a viewer saw once more, over all viewers.
        rate: Messages a second that reached the viewers, from the first sent to the last seen.
        p50_ms: Median latency from sending to a viewer, of sampled viewers.
        p99_ms: 99th percentile of it.
        cpu_s_per_10k: CPU seconds the target used, for 10,000 messages.
        memory_mb: Memory of the target at the end, shared pages counted once, MiB.
        peak_memory_mb: Greatest resident memory of the target, MiB.
        others: Share of the machine, 0 to 1, used by others.
        viewers: Number of viewers.
        views: Distinct views among them.
    """

    target: str
    load: str
    sent: int
    missing: int
    repeated: int
    rate: float
    p50_ms: float
    p99_ms: float
    cpu_s_per_10k: float
    memory_mb: float
    peak_memory_mb: float
    others: float
    viewers: int
    views: int


async def measure(target: Target, load: Load) -> Run:
    """Start `target` afresh, offer it `load`, stop it.

    Raises:
        TargetError: If it does not start, refuses a viewer, or shows no position at all.
    """
    with tempfile.TemporaryDirectory(prefix="joint-patrol-run-") as folder:
        feeding = _Feeding(target, load)
        try:
            if target.dials is not None:
                feeding.start(target.dials, listens=True)
                await _said(feeding.orders, "listening", 30.0)
            started = await asyncio.to_thread(target.start, Path(folder))
            if target.dials is None:
                feeding.start(started.feed_port, listens=False)
            return await _watched(target, load, started, feeding)
        finally:
            await asyncio.to_thread(feeding.end)
            await asyncio.to_thread(target.stop)


class _Feeding:
    """The feeder's process and the stamps it shares with us."""

    def __init__(self, target: Target, load: Load) -> None:
        self._target, self._load = target, load
        # A fresh interpreter: a fork would copy this one's event loop and sockets.
        self._context = multiprocessing.get_context("spawn")
        self.orders, self._theirs = self._context.Pipe()
        self._stamps = SharedMemory(create=True, size=(BOATS + load.count) * 8)
        assert self._stamps.buf is not None
        self.sent_at: memoryview[int] = self._stamps.buf.cast("q")
        self._process: SpawnProcess | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None
        assert self._process.pid is not None
        return self._process.pid

    def start(self, port: int, *, listens: bool) -> None:
        """Start the process."""
        plan = FeedPlan(
            host="127.0.0.1",
            port=port,
            listens=listens,
            form=self._target.form,
            ground=self._target.ground,
            warm=BOATS,
            count=self._load.count,
            rate=self._load.rate,
            hello=self._target.hello,
            stamps=self._stamps.name,
        )
        self._process = self._context.Process(target=feed, args=(plan, self._theirs), daemon=True)
        self._process.start()
        self._theirs.close()

    def end(self) -> None:
        """End the process and free what is shared."""
        self.orders.close()
        if self._process is not None:
            self._process.join(5.0)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process.close()
        self.sent_at.release()
        self._stamps.close()
        self._stamps.unlink()


async def _watched(target: Target, load: Load, started: Started, feeding: _Feeding) -> Run:
    seats = started.seats[: load.viewers]
    viewers = await _seated(target, started, seats)
    try:
        await _said(feeding.orders, "connected", 90.0)
        await asyncio.sleep(1.0)
        await _warm_up(viewers, feeding.orders, started)
        run = await _offered(target, load, started, viewers, feeding)
        return replace(run, views=len({seat.view for seat in seats}))
    finally:
        for viewer in viewers:
            viewer.close()


async def _seated(target: Target, started: Started, seats: list[Seat]) -> list[Viewer]:
    """Connect all viewers; the sampled ones look through different views as far as there are."""
    loop = asyncio.get_running_loop()
    viewers: list[Viewer] = []
    for number, seat in enumerate(seats):
        _, viewer = await loop.create_connection(
            lambda seat=seat, number=number: Viewer(  # type: ignore[misc]
                seat, target.gaze, sampled=number < _SAMPLED
            ),
            seat.host,
            seat.port,
        )
        viewers.append(viewer)
    try:
        async with asyncio.timeout(120.0):
            for viewer in viewers:
                await viewer.ready
    except (TimeoutError, ConnectionError) as error:
        for viewer in viewers:
            viewer.close()
        raise TargetError(f"a viewer could not look on: {error}; {tail_of(started.log)}") from error
    return viewers


async def _said(orders: Connection, word: str, seconds: float) -> None:
    """Wait for the feeder to say `word`.

    Raises:
        TargetError: If it does not within `seconds`, or has ended.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if orders.poll():
                answer = orders.recv()
                if answer == word:
                    return
                raise TargetError(answer)
        except (EOFError, OSError) as error:
            raise TargetError(f"the feeder ended before it said {word!r}") from error
        await asyncio.sleep(0.01)
    raise TargetError(f"the feeder did not say {word!r} within {seconds:.0f} s")


async def _warm_up(viewers: list[Viewer], orders: Connection, started: Started) -> None:
    """Let every boat report once, so that nothing happens for the first time in the run."""
    for viewer in viewers:
        viewer.count = 0
    orders.send("go")
    await _said(orders, "warmed", 60.0)
    end = time.monotonic() + 60.0
    while min(viewer.count for viewer in viewers) < BOATS:
        if time.monotonic() > end:
            raise TargetError(
                f"in the warm-up a viewer saw {min(viewer.count for viewer in viewers)} positions "
                f"of {BOATS}; {tail_of(started.log)}"
            )
        await asyncio.sleep(0.05)
    await _said(orders, "made", 60.0)
    await asyncio.sleep(0.5)


async def _offered(
    target: Target,
    load: Load,
    started: Started,
    viewers: list[Viewer],
    feeding: _Feeding,
) -> Run:
    """Offer the load, wait until it has come through or nothing comes any more, and read."""
    sent_at, ours = feeding.sent_at, [feeding.pid, os.getpid()]
    for viewer in viewers:
        viewer.start()
    gc.collect()
    gc.disable()
    before = read_ticks(started.pids, ours)
    feeding.orders.send("go")
    await _until_seen(viewers, load)
    after = read_ticks(started.pids, ours)
    gc.enable()
    memory, peak = memory_mb(started.pids), peak_memory_mb(started.pids)
    for viewer in viewers:
        if viewer.fault:
            raise TargetError(f"a viewer lost sight: {viewer.fault}; {tail_of(started.log)}")

    traffic = Traffic(target.ground, BOATS + load.count)
    missing = repeated = 0
    latencies: list[float] = []
    for viewer in viewers:
        if viewer.sample is None:
            missing += max(0, load.count - viewer.count)
            repeated += max(0, viewer.count - load.count)
        else:
            seen, late = viewer.sample.read(target.gaze, traffic, first=BOATS, sent_at=sent_at)
            latencies += late
            missing += load.count - len(seen)
            repeated += len(late) - len(seen)
    if not latencies:
        raise TargetError(f"no position reached a sampled viewer; {tail_of(started.log)}")
    latencies.sort()
    seconds = (max(viewer.last_at for viewer in viewers) - sent_at[BOATS]) / 1e9
    return Run(
        target=target.name,
        load=load.name,
        sent=load.count,
        missing=missing,
        repeated=repeated,
        rate=sum(viewer.count for viewer in viewers) / len(viewers) / seconds,
        p50_ms=latencies[len(latencies) // 2],
        p99_ms=latencies[int(len(latencies) * 0.99)],
        cpu_s_per_10k=(after.server - before.server) / load.count * 1e4,
        memory_mb=memory,
        peak_memory_mb=peak,
        others=others_share(before, after),
        viewers=len(viewers),
        views=1,
    )


async def _until_seen(viewers: list[Viewer], load: Load) -> None:
    due = load.count * len(viewers)
    seen, progress = 0, time.monotonic()
    end = progress + 60.0 + (load.count / load.rate if load.rate else 0.0)
    while seen < due and time.monotonic() < end:
        await asyncio.sleep(0.02)
        now_seen = sum(viewer.count for viewer in viewers)
        if now_seen != seen:
            seen, progress = now_seen, time.monotonic()
        elif time.monotonic() - progress > _PATIENCE_S:
            return
