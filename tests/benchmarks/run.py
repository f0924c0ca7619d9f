"""One run: a fresh target, its viewers, the traffic, and what came of it."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

from tests.benchmarks.feeder import FeedPlan, feed
from tests.benchmarks.machine import others_share, peak_memory_mb, read_ticks
from tests.benchmarks.targets.target import Started, Target, TargetError, tail_of
from tests.benchmarks.traffic import BOATS, Traffic
from tests.benchmarks.viewers import Viewer

_SAMPLED = 5  # viewers that are read message by message, the first ones
_PATIENCE_S = 6.0  # without progress, a run is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is offered to a target in one run.

    Attributes:
        name: `flood`, or messages a second.
        count: Messages measured.
        rate: Messages a second; None as fast as the target takes them.
    """

    name: str
    count: int
    rate: float | None


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
        try:
            started = await asyncio.to_thread(target.start, Path(folder))
            return await _watched(target, load, started)
        finally:
            await asyncio.to_thread(target.stop)


async def _watched(target: Target, load: Load, started: Started) -> Run:
    viewers = await _seated(target, started)
    stamps = SharedMemory(create=True, size=(BOATS + load.count) * 8)
    plan = FeedPlan(
        host="127.0.0.1",
        port=started.feed_port,
        form=target.form,
        ground=target.ground,
        warm=BOATS,
        count=load.count,
        rate=load.rate,
        hello=target.hello,
        stamps=stamps.name,
    )
    # A fresh interpreter: a fork would copy this one's event loop and sockets.
    context = multiprocessing.get_context("spawn")
    orders, theirs = context.Pipe()
    feeder = context.Process(target=feed, args=(plan, theirs), daemon=True)
    assert stamps.buf is not None
    sent_at = stamps.buf.cast("q")
    try:
        feeder.start()
        theirs.close()
        assert feeder.pid is not None
        await _said(orders, "connected", 30.0)
        await asyncio.sleep(1.0)
        await _warm_up(viewers, orders, started)
        return await _offered(
            target, load, started, viewers, orders, sent_at, [feeder.pid, os.getpid()]
        )
    finally:
        for viewer in viewers:
            viewer.close()
        orders.close()
        await asyncio.to_thread(feeder.join, 5.0)
        if feeder.is_alive():
            feeder.kill()
            feeder.join()
        feeder.close()
        sent_at.release()
        stamps.close()
        stamps.unlink()


async def _seated(target: Target, started: Started) -> list[Viewer]:
    """Connect all viewers; the sampled ones look through different views as far as there are."""
    loop = asyncio.get_running_loop()
    viewers: list[Viewer] = []
    for number, seat in enumerate(started.seats):
        _, viewer = await loop.create_connection(
            lambda seat=seat, number=number: Viewer(  # type: ignore[misc]
                seat, target.gaze, sampled=number < _SAMPLED
            ),
            seat.host,
            seat.port,
        )
        viewers.append(viewer)
    try:
        async with asyncio.timeout(20.0):
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
                said = orders.recv()
                if said == word:
                    return
                raise TargetError(said)
        except (EOFError, OSError) as error:
            raise TargetError(f"the feeder ended before it said {word!r}") from error
        await asyncio.sleep(0.01)
    raise TargetError(f"the feeder did not say {word!r} within {seconds:.0f} s")


async def _warm_up(viewers: list[Viewer], orders: Connection, started: Started) -> None:
    """Let every boat report once, so that nothing happens for the first time in the run."""
    for viewer in viewers:
        viewer.count = 0
    orders.send("go")
    await _said(orders, "warmed", 30.0)
    end = time.monotonic() + 10.0
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
    orders: Connection,
    sent_at: memoryview[int],
    ours: list[int],
) -> Run:
    """Offer the load, wait until it has come through or nothing comes any more, and read."""
    for viewer in viewers:
        viewer.start()
    gc.collect()
    gc.disable()
    before = read_ticks(started.pids, ours)
    orders.send("go")
    await _until_seen(viewers, load)
    after = read_ticks(started.pids, ours)
    gc.enable()
    memory = peak_memory_mb(started.pids)
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
        peak_memory_mb=memory,
        others=others_share(before, after),
        viewers=len(viewers),
        views=len({seat.view for seat in started.seats}),
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
