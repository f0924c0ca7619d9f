"""The lease: one Watch at a time, and who lost it commits nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from maps.holding import Holding
from patrol.errors import LeaseLost
from patrol.store import lease, registry
from patrol.store.store import Store, open_store
from patrol.store.tables import agencies
from patrol.units import Agency
from tests.databases import store_url

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


async def put(store: Store, name: str) -> None:
    """Write something, in both ways in which a Watch writes."""
    agency = Agency(id="joint", name=name, country=None, blos=())
    await store.write(registry.put_agency, agency, "test")
    await store.commit([], [], [lambda connection: registry.put_agency(connection, agency, "test")])


async def test_who_waits_takes_the_lease_when_it_falls_still_and_the_other_commits_nothing(
    tmp_path: Path,
) -> None:
    url = store_url(tmp_path / "patrol.db")
    first, second = open_store(url), open_store(url)
    lost: list[LeaseLost] = []
    one, two = (Holding("hx", agency="joint", life_s=0.4, lost=lost.append) for _ in range(2))
    try:
        holding = one.over(first)
        await holding.__aenter__()
        waiting = two.over(second)
        taken = asyncio.create_task(waiting.__aenter__())
        await asyncio.sleep(1.0)
        assert not taken.done()  # it is renewed, for longer than it lasts
        assert (one.epoch, two.epoch) == (1, 0)
        await put(first, "by one")

        for task in asyncio.all_tasks():  # as if it were stopped: nothing renews it
            if task.get_name() == "lease":
                task.cancel()
        async with asyncio.timeout(5):
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


async def test_what_was_given_back_is_taken_at_once(tmp_path: Path) -> None:
    store = open_store(store_url(tmp_path / "patrol.db"))
    try:
        for epoch in (1, 2):
            holding = Holding("hx", agency="joint", life_s=60)
            async with asyncio.timeout(5), holding.over(store):
                assert holding.epoch == epoch
            store.fence = None
    finally:
        await store.close()


async def test_of_two_that_saw_the_same_only_one_takes_it(tmp_path: Path) -> None:
    store = open_store(store_url(tmp_path / "patrol.db"))
    try:
        take = partial(lease.take, seen=None, at=NOW, agency="joint")
        assert await store.write(take, "hx", "a") == 1
        assert await store.write(take, "hx", "b") is None
        seen = await store.read(lease.read, "hx")
        assert seen is not None
        take = partial(lease.take, seen=seen, at=NOW, agency="joint")
        assert await store.write(take, "hx", "b") == 2
        assert await store.write(take, "hx", "c") is None
        with pytest.raises(LeaseLost, match="2 is held by b"):
            await store.write(lease.check, "hx", 1)
    finally:
        await store.close()
