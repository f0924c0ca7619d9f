"""Who may migrate a store: who works on it alone, or holds the lease; nobody else."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from maps.node.lease_holder import LeaseHolder
from patrol.errors.errors import LeaseLost, StoreError
from patrol.store.engine import lease
from patrol.store.engine.engine import connect_to_read, open_engine
from patrol.store.engine.migrate import alembic_config, schema_versions
from patrol.store.store import create_store, open_store
from tests.fixtures.databases import POSTGRES, empty_store, server, sqlite_only
from tests.patrol.store.engine.test_lease import renewed


def version(url: str) -> str | None:
    engine = open_engine(url)
    with connect_to_read(engine) as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    engine.dispose()
    return found


def newest(url: str) -> str:
    engine = open_engine(url)
    with connect_to_read(engine) as connection:
        found = schema_versions(connection)[1][0]
    engine.dispose()
    return found


def make_older(url: str, to: str = "-1") -> str:
    """Take the store back to an older schema, really; return which."""
    engine = open_engine(url)
    with engine.begin() as connection:
        command.downgrade(alembic_config(connection), to)
    engine.dispose()
    found = version(url)
    assert found is not None
    return found


def name(url: str, made_by: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{made_by}'")
    engine.dispose()


def test_the_versions_known_without_alembic_are_those_it_knows(url: str) -> None:
    engine = open_engine(url)
    with connect_to_read(engine) as connection:
        script = ScriptDirectory.from_config(alembic_config(connection))
        now = MigrationContext.configure(connection).get_current_revision()
        known = [revision.revision for revision in script.walk_revisions()]
        assert schema_versions(connection) == (now, known)
    engine.dispose()


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return empty_store(tmp_path / "patrol.db")


async def test_beside_a_watch_an_older_store_is_refused_in_clear_words_and_left_alone(
    url: str,
) -> None:
    older = make_older(url)
    with pytest.raises(
        StoreError,
        match=re.escape(f"is at version {older}, this program needs {newest(url)}; the Watch"),
    ):
        open_store(url, migrates="never")
    assert version(url) == older
    await open_store(url).close()  # who is alone does it
    assert version(url) == newest(url)
    await open_store(url, migrates="never").close()


@pytest.mark.parametrize("migrates", ["now", "with the lease", "never"])
async def test_a_newer_store_is_refused_to_everybody_and_left_alone(
    url: str, migrates: str
) -> None:
    name(url, "9999")
    with pytest.raises(StoreError, match=r"newer version \(schema 9999\): update this one"):
        open_store(url, migrates=migrates)  # type: ignore[arg-type]
    assert version(url) == "9999"


async def test_a_newer_watch_migrates_only_once_the_other_has_let_go_of_the_lease(
    url: str,
) -> None:
    older = make_older(url)
    running, coming = (open_store(url, migrates="with the lease") for _ in range(2))
    assert version(url) == older
    one, two = (LeaseHolder("hx", agency="joint", life_s=1.5) for _ in range(2))
    try:
        first = one.hold(running)
        await first.__aenter__()
        second = two.hold(coming)
        waiting = asyncio.create_task(second.__aenter__())
        await renewed(running, 4)  # for longer than it lasts
        assert not waiting.done()
        assert version(url) == older, "it waits, and what the other works with stands"
        await first.__aexit__(None, None, None)
        async with asyncio.timeout(20):
            await waiting
        await coming.migrate()
        assert version(url) == newest(url)
        held = await coming.read(lease.read, "hx")
        assert held is not None
        assert held.epoch == two.epoch == 2
        await second.__aexit__(None, None, None)
    finally:
        await running.close()
        await coming.close()


async def test_who_lost_the_lease_migrates_nothing(url: str) -> None:
    older = make_older(url)
    store, other = (open_store(url, migrates="with the lease") for _ in range(2))
    lost: list[LeaseLost] = []
    try:
        one = LeaseHolder("hx", agency="joint", life_s=60, on_lost=lost.append)
        holding = one.hold(store)
        await holding.__aenter__()
        await other.write(_take_over)
        with pytest.raises(LeaseLost):
            await store.migrate()
        assert len(lost) == 1
        assert version(url) == older
        await holding.__aexit__(None, None, None)
    finally:
        await store.close()
        await other.close()


@sqlite_only  # on PostgreSQL no way leads back to one table for all months
async def test_a_store_older_than_leases_is_migrated_at_once_as_no_watch_can_hold_it(
    url: str,
) -> None:
    assert make_older(url, "0010") == "0010"
    await open_store(url, migrates="with the lease").close()
    assert version(url) == newest(url)


@pytest.mark.parametrize("migrates", ["now", "with the lease", "never"])
def test_where_there_is_no_store_nobody_makes_one_but_who_says_so(
    tmp_path: Path, migrates: str
) -> None:
    file = tmp_path / "new.db"
    url = server().url(server().create()) if POSTGRES else f"sqlite:///{file}"
    with pytest.raises(StoreError, match=r"no store.*mount its disk.*joint-patrol store create"):
        open_store(url, migrates=migrates)  # type: ignore[arg-type]
    assert not file.exists()
    if not POSTGRES:
        file.touch()  # as a disk does that was not written to its end
        with pytest.raises(StoreError, match=r"new\.db holds no store"):
            open_store(url, migrates=migrates)  # type: ignore[arg-type]
    create_store(url)
    assert version(url) == newest(url)
    with pytest.raises(StoreError, match="holds a store already: nothing was changed"):
        create_store(url)


def _take_over(connection: Connection) -> None:
    seen = lease.read(connection, "hx")
    assert seen is not None
    taken = lease.take(
        connection, "hx", "another", previous=seen, at=seen.renewed_at, agency="joint"
    )
    assert taken == 2


async def test_a_standby_that_is_older_than_what_the_other_made_of_the_store_does_not_lead(
    url: str,
) -> None:
    store = open_store(url, migrates="with the lease")
    try:
        name(url, "9999")  # a newer Watch led meanwhile
        async with LeaseHolder("hx", agency="joint", life_s=60).hold(store):
            with pytest.raises(StoreError, match="newer version"):
                await store.migrate()
    finally:
        await store.close()
