"""A device's key that is known is asked of the store again whenever it may be good no more."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from starlette.requests import HTTPConnection

from maps.accounts.sessions.access import EPOCH_FOR_S, Access
from maps.errors.errors import NotSignedIn
from patrol.units.accounts import Device, Session

KEY = "boat-3's"


class Accounts:
    """A store that knows one device."""

    def __init__(self) -> None:
        self.number = 7
        self.known: Device | None = Device(name="boat-3", agency="joint")
        self.asked = 0

    async def session(self, _key: bytes) -> Session | None:
        return None

    async def prolong(self, session: str, until: datetime) -> None:
        raise AssertionError("a device has no session")

    async def device(self, _key: bytes) -> Device | None:
        self.asked += 1
        return self.known

    async def epoch(self) -> int:
        return self.number


class Clock:
    """A clock that stands until it is moved: how fast this runs decides nothing."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("maps.accounts.sessions.access.monotonic", found)
    return found


async def knows(access: Access) -> bool:
    report = {
        "type": "http",
        "method": "POST",
        "path": "/api/positions",
        "headers": [(b"authorization", f"Bearer {KEY}".encode())],
        "client": ("192.0.2.1", 1),
        "server": ("test", 80),
        "scheme": "http",
        "query_string": b"",
    }
    try:
        await access.caller(HTTPConnection(report))
    except NotSignedIn:
        return False
    return True


async def test_an_epoch_that_comes_again_is_another(clock: Clock) -> None:
    """A database that took over from a failed one may count from further back."""
    accounts = Accounts()
    access = Access(accounts)
    await access.epoch()
    assert [await knows(access) for _ in range(3)] == [True] * 3
    assert accounts.asked == 1
    for accounts.number in (6, 7):
        clock.now_s += 1.1 * EPOCH_FOR_S
        await access.epoch()
    accounts.known = None
    assert not await knows(access)


async def test_an_epoch_that_was_not_read_for_a_while_may_be_another(clock: Clock) -> None:
    accounts = Accounts()
    access = Access(accounts)
    await access.epoch()
    assert await knows(access)
    clock.now_s += 5.0 * EPOCH_FOR_S  # restored, counted from further back, and moved
    accounts.known = None
    await access.epoch()
    assert not await knows(access)


async def test_an_answer_that_comes_late_does_not_take_a_newer_one_back(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts()
    access, answered, number = Access(accounts), asyncio.Event(), accounts.epoch

    async def late() -> int:
        found = await number()
        await answered.wait()
        return found

    monkeypatch.setattr(accounts, "epoch", late)
    first = asyncio.create_task(access.epoch())
    await asyncio.sleep(0)
    clock.now_s += 2.0 * EPOCH_FOR_S
    monkeypatch.setattr(accounts, "epoch", number)
    accounts.number = 8
    assert await access.epoch() == 8
    answered.set()
    await first
    assert access.epoch_now() == 8
