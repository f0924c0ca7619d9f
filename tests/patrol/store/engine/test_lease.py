"""The lease: one Watch at a time, and who lost it commits nothing."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, cast

import psutil
import pytest
from msgspec.structs import replace
from sqlalchemy import select

from maps.node.lease_holder import LeaseHolder
from patrol.errors.errors import LeaseLost, StoreError
from patrol.store.engine import lease
from patrol.store.records import registry
from patrol.store.schema.tables import agencies
from patrol.store.store import Store, open_store
from patrol.units.units import Agency
from tests.fixtures.databases import empty_store
from tests.fixtures.patience import until

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


async def put(store: Store, name: str) -> None:
    """Write something, in both ways in which a Watch writes."""
    agency = Agency(id="joint", name=name, country=None, blos=())
    await store.write(registry.put_agency, agency, "test")
    await store.commit([], [], [lambda connection: registry.put_agency(connection, agency, "test")])


async def renewals(store: Store) -> int:
    held = await store.read(lease.read, "hx")
    return 0 if held is None else held.renewals


async def renewed(store: Store, times: int) -> None:
    """Wait until the lease was renewed so many times, each a third of it after the last."""

    async def is_renewed() -> bool:
        return await renewals(store) >= times

    await until(is_renewed, within_s=20)


async def test_who_waits_takes_the_lease_when_it_falls_still_and_the_other_commits_nothing(
    tmp_path: Path,
) -> None:
    url = empty_store(tmp_path / "patrol.db")
    first, second = open_store(url), open_store(url)
    lost: list[LeaseLost] = []
    one, two = (
        LeaseHolder("hx", agency="joint", life_s=1.5, on_lost=lost.append) for _ in range(2)
    )
    try:
        holding = one.hold(first)
        await holding.__aenter__()
        waiting = two.hold(second)
        taken = asyncio.create_task(waiting.__aenter__())
        await renewed(first, 4)
        assert not taken.done()  # it is renewed, for longer than it lasts
        assert (one.epoch, two.epoch) == (1, 0)
        await put(first, "by one")

        for task in asyncio.all_tasks():  # as if it were stopped: nothing renews it
            if task.get_name() == "lease":
                task.cancel()
        async with asyncio.timeout(20):
            await taken
        assert two.epoch == 2
        assert lost == []
        with pytest.raises(LeaseLost) as refused:
            await put(first, "by one again")
        assert (refused.value.epoch, refused.value.now) == (1, 2)
        assert refused.value.transient  # nothing of what was to be written is at fault
        with pytest.raises(LeaseLost):
            await first.commit(
                [], [], [lambda connection: registry.end_claims(connection, [], NOW)]
            )
        assert [each.epoch for each in lost] == [1, 1]
        await put(second, "by two")
        await holding.__aexit__(None, None, None)  # it gives nothing back that is another's
        names = await second.read(
            lambda connection: connection.execute(select(agencies.c.name)).scalars().all()
        )
        assert names == ["by two"]
        await waiting.__aexit__(None, None, None)
    finally:
        await first.close()
        await second.close()


async def test_the_lease_does_not_run_out_while_the_store_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = empty_store(tmp_path / "patrol.db")
    first, second = open_store(url), open_store(url)
    one, two = (LeaseHolder("hx", agency="joint", life_s=1.2) for _ in range(2))
    away, looks = asyncio.Event(), 0
    read = second.read

    async def read_unless_away(*wanted: Any) -> Any:
        nonlocal looks
        if away.is_set():
            raise StoreError("connection refused")
        found = await read(*wanted)
        looks += 1
        return found

    monkeypatch.setattr(second, "read", read_unless_away)

    async def look(times: int) -> None:
        last = looks + times
        await until(lambda: looks >= last or taken.done())

    try:
        holding = one.hold(first)
        await holding.__aenter__()
        for task in asyncio.all_tasks():  # the test renews it
            if task.get_name() == "lease":
                task.cancel()
        waiting = two.hold(second)
        taken = asyncio.create_task(waiting.__aenter__())
        async with asyncio.timeout(20):
            await look(1)
            away.set()
            await asyncio.sleep(1.5)  # longer than the lease lasts
            away.clear()
            await look(3)
            assert not taken.done()  # who holds it has not had the time to renew it
            await first.write(partial(lease.renew, epoch=1, at=NOW), "hx")
            await look(4)
            assert not taken.done()
            await taken  # it is dead, and the store is not
        assert (one.epoch, two.epoch) == (1, 2)
        await waiting.__aexit__(None, None, None)
    finally:
        await first.close()
        await second.close()


class Alone:
    """A lease on a clock of its own, that somebody holds; `LeaseHolder` sleeps and looks by it.

    Attributes:
        now_s: The steady clock.
        renewed_s: When it was renewed last.
        renewals: When it will be, by who holds it; those that are over are taken out.
        stops: When all processes are stopped together, and for how long.
        locked: From when until when nobody can write.
    """

    def __init__(
        self,
        *renewals: float,
        stops: tuple[float, float] | None = None,
        locked: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        self.now_s = self.renewed_s = 0.0
        self.renewals, self.stops, self.locked = list(renewals), stops, locked
        self.held = lease.Lease(epoch=1, holder="one", renewals=0, is_held=True, renewed_at=NOW)

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if self.stops is not None and self.now_s >= self.stops[0]:
            stopped_s, self.stops = self.stops[1], None
            self.now_s += stopped_s
            self.renewals = [each + stopped_s for each in self.renewals]

    async def read(self, *_: Any) -> lease.Lease:
        while self.renewals and self.renewals[0] <= self.now_s:
            self.renewed_s = self.renewals.pop(0)
            self.held = replace(self.held, renewals=self.held.renewals + 1)
        return self.held

    async def write(self, query: Any, *_: Any) -> lease.Lease | int:
        if self.locked[0] <= self.now_s < self.locked[1]:
            raise StoreError("canceling statement due to lock timeout")
        return await self.read() if query is lease.read_and_write else 2


@pytest.mark.parametrize("last_s", [3.34, 3.9, 4.3, 4.999, 5.001])
async def test_who_waits_takes_it_in_the_moment_in_which_it_ends(
    monkeypatch: pytest.MonkeyPatch, last_s: float
) -> None:
    one = Alone(last_s)
    monkeypatch.setattr("maps.node.lease_holder.monotonic", one.monotonic)
    monkeypatch.setattr("maps.node.lease_holder.asyncio.sleep", one.sleep)
    two = LeaseHolder("hx", agency="joint", life_s=10.0)
    await two.take(cast(Store, one))
    assert 10.0 <= one.now_s - one.renewed_s <= 10.6


async def test_that_both_were_stopped_together_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Alone(3.3, 6.6, 9.9, stops=(4.0, 3600.0))
    monkeypatch.setattr("maps.node.lease_holder.monotonic", one.monotonic)
    monkeypatch.setattr("maps.node.lease_holder.asyncio.sleep", one.sleep)
    two = LeaseHolder("hx", agency="joint", life_s=10.0)
    await two.take(cast(Store, one))
    assert (one.renewed_s, one.renewals) == (3609.9, [])


@pytest.mark.parametrize("until_s", [20.0, 20.1, 20.2, 20.3, 20.4, 29.9])
async def test_that_nobody_could_write_does_not_count(
    monkeypatch: pytest.MonkeyPatch, until_s: float
) -> None:
    """The database is locked for longer than a lease; who holds it renews it soon after that."""
    renewed_s = until_s + 0.5
    one = Alone(3.3, 6.6, renewed_s, renewed_s + 3.3, locked=(7.0, until_s))
    monkeypatch.setattr("maps.node.lease_holder.monotonic", one.monotonic)
    monkeypatch.setattr("maps.node.lease_holder.asyncio.sleep", one.sleep)
    two = LeaseHolder("hx", agency="joint", life_s=10.0)
    await two.take(cast(Store, one))
    assert (one.renewed_s, one.renewals) == (renewed_s + 3.3, [])
    assert 10.0 <= one.now_s - one.renewed_s <= 10.6


async def test_who_is_dead_is_replaced_soon_after_somebody_can_write_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = Alone(3.3, 6.6, locked=(7.0, 30.0))
    monkeypatch.setattr("maps.node.lease_holder.monotonic", one.monotonic)
    monkeypatch.setattr("maps.node.lease_holder.asyncio.sleep", one.sleep)
    two = LeaseHolder("hx", agency="joint", life_s=10.0)
    await two.take(cast(Store, one))
    assert 33.3 <= one.now_s <= 34.5


async def test_who_looks_by_writing_changes_nothing(tmp_path: Path) -> None:
    url = empty_store(tmp_path / "patrol.db")
    first, second = open_store(url), open_store(url)
    try:
        assert await second.write(lease.read_and_write, "hx") is None
        async with LeaseHolder("hx", agency="joint", life_s=60).hold(first):
            seen = await first.read(lease.read, "hx")
            assert seen is not None
            assert await second.write(lease.read_and_write, "hx") == seen
            assert await first.read(lease.read, "hx") == seen
    finally:
        await first.close()
        await second.close()


async def test_who_could_not_renew_it_tries_again_before_a_third_of_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that was away for longer than most of a lease is back for the standby as well."""
    store = open_store(empty_store(tmp_path / "patrol.db"))
    holding = LeaseHolder("hx", agency="joint", life_s=6.0)
    write, tried = store.write, asyncio.Event()
    sleep, pauses_s = asyncio.sleep, list[float]()

    async def noted(seconds: float) -> None:
        task = asyncio.current_task()
        if task is not None and task.get_name() == "lease":
            pauses_s.append(seconds)
        await sleep(seconds)

    async def refused_once(query: Any, *wanted: Any) -> Any:
        if not tried.is_set():
            tried.set()
            raise StoreError("connection refused")
        return await write(query, *wanted)

    try:
        monkeypatch.setattr("maps.node.lease_holder.asyncio.sleep", noted)
        async with holding.hold(store):
            monkeypatch.setattr(store, "write", refused_once)
            async with asyncio.timeout(20):
                await tried.wait()
            await renewed(store, 1)
        assert pauses_s[0] == 2.0
        assert pauses_s[1] < 1.5
    finally:
        await store.close()


async def test_a_lease_counts_from_when_it_was_asked_for_however_late_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits may have seen it move long before: by its count it runs out sooner."""
    store = open_store(empty_store(tmp_path / "patrol.db"))
    holding, now_s = LeaseHolder("hx", agency="joint", life_s=3.0), monotonic()
    write, answered = store.write, asyncio.Event()

    async def slow(query: Any, *wanted: Any) -> Any:
        nonlocal now_s
        try:
            return await write(query, *wanted)
        finally:
            now_s += 2.0
            answered.set()

    try:
        async with holding.hold(store), asyncio.timeout(20):
            monkeypatch.setattr("maps.node.lease_holder.monotonic", lambda: now_s)
            asked_s = now_s
            monkeypatch.setattr(store, "write", slow)
            await answered.wait()
            monkeypatch.setattr(store, "write", write)
            for task in asyncio.all_tasks():  # from now on nothing renews it but who commits
                if task.get_name() == "lease":
                    task.cancel()
            before = await renewals(store)
            now_s = asked_s + 2.9
            await put(store, "in time")
            assert await renewals(store) == before
            now_s = asked_s + 3.1
            await put(store, "too late, so each of the two writes renews it")
            assert await renewals(store) == before + 2
    finally:
        await store.close()


async def test_what_was_given_back_is_taken_at_once(tmp_path: Path) -> None:
    store = open_store(empty_store(tmp_path / "patrol.db"))
    try:
        for epoch in (1, 2):
            holding = LeaseHolder("hx", agency="joint", life_s=60)
            async with asyncio.timeout(5), holding.hold(store):
                assert holding.epoch == epoch
            store.fence = None
    finally:
        await store.close()


async def test_of_two_that_saw_the_same_only_one_takes_it(tmp_path: Path) -> None:
    store = open_store(empty_store(tmp_path / "patrol.db"))
    try:
        take = partial(lease.take, previous=None, at=NOW, agency="joint")
        assert await store.write(take, "hx", "a") == 1
        assert await store.write(take, "hx", "b") is None
        seen = await store.read(lease.read, "hx")
        assert seen is not None
        take = partial(lease.take, previous=seen, at=NOW, agency="joint")
        assert await store.write(take, "hx", "b") == 2
        assert await store.write(take, "hx", "c") is None
        with pytest.raises(LeaseLost, match="2 is held by b"):
            await store.write(lease.check, "hx", 1)
    finally:
        await store.close()


async def test_who_was_still_past_the_lease_renews_it_in_the_first_transaction_and_goes_on(
    tmp_path: Path,
) -> None:
    url = empty_store(tmp_path / "patrol.db")
    first, second = open_store(url), open_store(url)
    lost: list[LeaseLost] = []
    one = LeaseHolder("hx", agency="joint", life_s=0.3, on_lost=lost.append)
    try:
        holding = one.hold(first)
        await holding.__aenter__()
        for task in asyncio.all_tasks():  # nothing renews it, and nobody stands by
            if task.get_name() == "lease":
                task.cancel()
        await asyncio.sleep(0.5)
        seen = await second.read(lease.read, "hx")
        assert seen is not None
        assert seen.renewals == 0
        await put(first, "goes on")
        assert lost == []
        now = await second.read(lease.read, "hx")
        assert now is not None
        assert (now.epoch, now.renewals) == (1, 2)  # each of the two, until the next is in time
        # who had waited for long enough by what it saw before comes too late
        late = partial(lease.take, holder="two", previous=seen, at=NOW, agency="joint")
        assert await second.write(late, "hx") is None
        await holding.__aexit__(None, None, None)
    finally:
        await first.close()
        await second.close()


async def test_a_process_that_was_stopped_and_not_replaced_goes_on_under_its_lease(
    tmp_path: Path,
) -> None:
    """Stopped by SIGSTOP for three leases; then it commits again, under a lease that it renewed."""
    url = empty_store(tmp_path / "patrol.db")
    store = open_store(url)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _HOLDS, url)
    try:

        async def seen() -> tuple[int, int]:
            held = await store.read(lease.read, "hx")
            rows = await store.read(
                lambda connection: connection.execute(select(agencies.c.name)).scalars().all()
            )
            return (0 if held is None else held.renewals), max(map(int, rows), default=0)

        async def has_written(count: int) -> bool:
            return (await seen())[1] >= count

        async with asyncio.timeout(60):
            await until(partial(has_written, 3))
            process.send_signal(signal.SIGSTOP)
            stopped = psutil.Process(process.pid)
            await until(lambda: stopped.status() == psutil.STATUS_STOPPED)
            renewals, written = await seen()
            await asyncio.sleep(1.5)  # longer than the lease lasts
            assert await seen() == (renewals, written)
            process.send_signal(signal.SIGCONT)
            await until(partial(has_written, written + 3))
        assert (await seen())[0] > renewals
        held = await store.read(lease.read, "hx")
        assert held is not None
        assert held.epoch == 1
        assert process.returncode is None
    finally:
        process.kill()
        await process.wait()
        await store.close()


_HOLDS = """
import asyncio, sys
from maps.node.lease_holder import LeaseHolder
from patrol.store.records import registry
from patrol.store.store import open_store
from patrol.units.units import Agency

async def main():
    store = open_store(sys.argv[1], migrates="with the lease")
    async with LeaseHolder("hx", agency="joint", life_s=1.0).hold(store):
        for number in range(1, 100_000):
            agency = Agency(id="joint", name=str(number), country=None, blos=())
            await store.write(registry.put_agency, agency, "test")
            await asyncio.sleep(0.05)

asyncio.run(main())
"""
