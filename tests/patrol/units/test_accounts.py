"""Sessions, one-time links and device keys, in a real file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from patrol.errors.errors import Conflict
from patrol.store.accounts import account_changes, accounts
from patrol.store.store import Store, open_store
from patrol.units.accounts import Device, User
from tests.fixtures.databases import empty_store
from tests.patrol.nodes.running import at

KHAM = User(name="kham", role="commander", agency="la-hx", origin="node-hx")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = open_store(empty_store(tmp_path / "p.db"))
    await opened.write(accounts.put_user, KHAM, "hash", at(0))
    yield opened
    await opened.close()


async def signed_in(store: Store, key: bytes, second: float = 1) -> bool:
    return await store.read(accounts.session_with_key, key, at(second)) is not None


async def open_session(store: Store, key: bytes, expires: float = 100, now: float = 0) -> str:
    return await store.write(accounts.open_session, KHAM, key, now=at(now), expires_at=at(expires))


async def test_a_session_holds_until_it_expires_or_is_closed(store: Store) -> None:
    session = await open_session(store, b"k" * 32)
    found = await store.read(accounts.session_with_key, b"k" * 32, at(99))
    assert found is not None
    assert (found.id, found.user, found.expires_at) == (session, KHAM, at(100))
    assert (found.kind, found.scopes, found.factor) == ("page", (), False)
    assert not await signed_in(store, b"k" * 32, 100)
    assert not await signed_in(store, b"j" * 32)
    assert await store.write(account_changes.end_session, key_hash=b"k" * 32)
    assert not await store.write(account_changes.end_session, key_hash=b"k" * 32)
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
    found = await store.read(accounts.session_with_key, b"k" * 32, at(2))
    assert found is not None
    assert found.user.role == "crew"


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
    second = open_store(empty_store(tmp_path / "p.db"))  # as another process would
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
    await store.write(account_changes.put_device, phone, b"1" * 32, at(0))
    await store.write(account_changes.put_device, phone, b"2" * 32, at(1))
    assert await store.read(accounts.device_with_key, b"1" * 32) is None
    assert await store.read(accounts.device_with_key, b"2" * 32) == phone
    assert await store.write(account_changes.revoke_device, "jane/phone", "la-hx", at(2))
    assert not await store.write(account_changes.revoke_device, "jane/phone", "la-hx", at(3))
    assert await store.read(accounts.device_with_key, b"2" * 32) is None
    (known,) = await store.read(accounts.all_devices, "la-hx")
    assert known.revoked_at == at(2) + timedelta(0)
    assert await store.read(accounts.all_devices, "th-ck") == []


async def test_a_device_is_its_agencys_to_revoke_and_to_give_a_key(store: Store) -> None:
    phone = Device(name="boat-3", agency="la-hx", origin="node-hx")
    await store.write(account_changes.put_device, phone, b"1" * 32, at(0))
    assert not await store.write(account_changes.revoke_device, "boat-3", "th-ck", at(1))
    with pytest.raises(Conflict, match="boat-3"):
        await store.write(
            account_changes.put_device, replace(phone, agency="th-ck"), b"2" * 32, at(1)
        )
    assert await store.read(accounts.device_with_key, b"1" * 32) == phone


async def test_whatever_may_take_a_way_in_away_moves_the_epoch(store: Store) -> None:
    phone = Device(name="boat-3", agency="la-hx", origin="node-hx")
    await open_session(store, b"k" * 32)
    seen = [await store.read(accounts.epoch)]

    async def moved() -> bool:
        seen.append(await store.read(accounts.epoch))
        return seen[-1] > seen[-2]

    assert not await moved()
    await store.write(account_changes.change_user, "kham", at(1), role="crew")
    assert await moved()
    await store.write(account_changes.end_sessions, "kham")
    assert await moved()
    await store.write(account_changes.end_session, id="none")
    assert await moved()
    await store.write(account_changes.put_device, phone, b"1" * 32, at(0))
    assert not await moved()
    await store.write(account_changes.put_device, phone, b"2" * 32, at(0))
    assert await moved()
    await store.write(account_changes.revoke_device, "boat-3", "la-hx", at(0))
    assert await moved()


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "planner"}, {"agency": "th-ck"}])
async def test_the_last_admin_of_an_agency_stays_one(store: Store, change: dict[str, Any]) -> None:
    for name, agency in (("boss", "la-hx"), ("chief", "th-ck")):
        boss = User(name=name, role="admin", agency=agency, origin="node-hx")
        await store.write(accounts.put_user, boss, None, at(0))
    with pytest.raises(Conflict, match="last administrator of la-hx") as told:
        await store.write(account_changes.change_user, "boss", at(1), **change)
    assert told.value.code == "last_admin"
    second = User(name="second", role="admin", agency="la-hx", origin="node-hx")
    await store.write(accounts.put_user, second, None, at(0))
    changed = await store.write(account_changes.change_user, "boss", at(2), **change)
    assert changed is not None
    with pytest.raises(Conflict, match="second is the last administrator"):
        await store.write(account_changes.change_user, "second", at(3), disabled=True)


async def test_two_admins_who_demote_each_other_at_once_leave_one(
    store: Store, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        boss = User(name=name, role="admin", agency="la-hx", origin="node-hx")
        await store.write(accounts.put_user, boss, None, at(0))
    other = open_store(empty_store(tmp_path / "p.db"))  # as another process would
    done = await asyncio.gather(
        store.write(account_changes.change_user, "one", at(1), role="crew"),
        other.write(account_changes.change_user, "two", at(1), disabled=True),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Conflict) for each in done) == 1
    await other.close()


async def test_users_are_listed_for_their_agency(store: Store) -> None:
    other = User(name="anong", role="liaison", agency="th-ck", origin="node-hx")
    await store.write(accounts.put_user, other, None, at(0))
    assert await store.read(accounts.all_users, "la-hx") == [KHAM]
    assert await store.read(accounts.all_users) == [other, KHAM]
