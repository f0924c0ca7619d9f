"""Sessions, one-time links and device keys, in a real file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from patrol.accounts import Device, User
from patrol.store import accounts
from patrol.store.store import Store, open_store
from tests.patrol.running import at

KHAM = User(name="kham", role="commander", agency="la-hx", origin="node-hx")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'p.db'}")
    await opened.write(accounts.put_user, KHAM, "hash", at(0))
    yield opened
    await opened.close()


async def signed_in(store: Store, key: bytes, second: float = 1) -> bool:
    return await store.read(accounts.session_user, key, at(second)) is not None


async def open_session(store: Store, key: bytes, expires: float = 100, now: float = 0) -> str:
    return await store.write(accounts.open_session, KHAM, key, now=at(now), expires_at=at(expires))


async def test_a_session_holds_until_it_expires_or_is_closed(store: Store) -> None:
    session = await open_session(store, b"k" * 32)
    assert await store.read(accounts.session_user, b"k" * 32, at(99)) == (session, KHAM, at(100))
    assert not await signed_in(store, b"k" * 32, 100)
    assert not await signed_in(store, b"j" * 32)
    await store.write(accounts.close_session, b"k" * 32)
    assert not await signed_in(store, b"k" * 32)


async def test_sessions_end_when_the_user_is_disabled_and_stay_ended(store: Store) -> None:
    await open_session(store, b"k" * 32)
    await store.write(accounts.put_user, replace(KHAM, disabled_at=at(1)), None, at(1))
    assert not await signed_in(store, b"k" * 32)
    await store.write(accounts.put_user, KHAM, None, at(2))
    assert not await signed_in(store, b"k" * 32)
    found = await store.read(accounts.user_named, "kham")
    assert found == (KHAM, "hash")


async def test_a_session_shows_the_role_of_now(store: Store) -> None:
    await open_session(store, b"k" * 32)
    await store.write(accounts.put_user, replace(KHAM, role="crew"), None, at(1))
    found = await store.read(accounts.session_user, b"k" * 32, at(2))
    assert found is not None
    assert found[1].role == "crew"


async def test_sessions_that_ran_out_are_forgotten(store: Store) -> None:
    await open_session(store, b"k" * 32, expires=10)
    await open_session(store, b"j" * 32, expires=100, now=50)
    assert (
        await store.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM sessions").scalar()) == 1
    )


async def test_a_link_is_good_once_however_many_try_at_the_same_time(
    store: Store, tmp_path: Path
) -> None:
    await store.write(accounts.add_link, KHAM, b"l" * 32, at(100))
    second = open_store(f"sqlite:///{tmp_path / 'p.db'}")  # as another process would
    tries = await asyncio.gather(
        *(each.write(accounts.use_link, b"l" * 32, at(1)) for each in (store, second) * 20)
    )
    assert [found for found in tries if found is not None] == [KHAM]
    assert await store.write(accounts.use_link, b"l" * 32, at(2)) is None
    await second.close()


@pytest.mark.parametrize("second", [100, 101])
async def test_a_link_that_is_too_old_is_no_good(store: Store, second: float) -> None:
    await store.write(accounts.add_link, KHAM, b"l" * 32, at(100))
    assert await store.write(accounts.use_link, b"l" * 32, at(second)) is None


async def test_a_link_of_a_disabled_user_is_no_good(store: Store) -> None:
    await store.write(accounts.add_link, KHAM, b"l" * 32, at(100))
    await store.write(accounts.put_user, replace(KHAM, disabled_at=at(1)), None, at(1))
    assert await store.write(accounts.use_link, b"l" * 32, at(2)) is None


async def test_a_device_speaks_with_its_newest_key_until_it_is_revoked(store: Store) -> None:
    phone = Device(name="jane/phone", agency="la-hx", origin="node-hx")
    await store.write(accounts.put_device, phone, b"1" * 32, at(0))
    await store.write(accounts.put_device, phone, b"2" * 32, at(1))
    assert await store.read(accounts.device_with_key, b"1" * 32) is None
    assert await store.read(accounts.device_with_key, b"2" * 32) == phone
    assert await store.write(accounts.revoke_device, "jane/phone", at(2))
    assert not await store.write(accounts.revoke_device, "jane/phone", at(3))
    assert await store.read(accounts.device_with_key, b"2" * 32) is None
    (known,) = await store.read(accounts.all_devices, "la-hx")
    assert known.revoked_at == at(2) + timedelta(0)
    assert await store.read(accounts.all_devices, "th-ck") == []


async def test_users_are_listed_for_their_agency(store: Store) -> None:
    other = User(name="anong", role="liaison", agency="th-ck", origin="node-hx")
    await store.write(accounts.put_user, other, None, at(0))
    assert await store.read(accounts.all_users, "la-hx") == [KHAM]
    assert await store.read(accounts.all_users) == [other, KHAM]
    assert await store.read(accounts.count_users) == 2
