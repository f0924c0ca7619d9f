"""Passwords: argon2 bounded in number, a name nobody has costs the same."""

from __future__ import annotations

import asyncio
import time

import pytest

from maps.accounts.credentials import passwords
from maps.accounts.credentials.passwords import PasswordWork, digest, new_token
from maps.errors.errors import BadRequest, TooBusy


async def test_a_password_verifies_against_its_own_hash_only() -> None:
    work = PasswordWork()
    known = await work.hash("a long enough one")
    assert known.startswith("$argon2id$")
    assert await work.verify("a long enough one", known)
    assert not await work.verify("another one", known)
    assert not await work.verify("a long enough one", None)
    assert not await work.verify("x" * 100_000, known)


async def test_no_more_than_two_hashes_are_worked_on_and_few_wait() -> None:
    work = PasswordWork(at_once=2, waiting=2)
    known = await work.hash("a long enough one")
    tries = [asyncio.create_task(work.verify("no such one", known)) for _ in range(10)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, TooBusy) for one in done) == 6
    assert sum(one is False for one in done) == 4
    assert await work.verify("a long enough one", known)


async def test_a_name_nobody_has_takes_as_long_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "_NICENESS", 0)  # or it waits for all others, seconds in all
    work = PasswordWork()
    known = await work.hash("a long enough one")
    await work.verify("warm up", None)

    async def cpu_seconds(against: str | None) -> float:
        """What the hashing costs, not how long it waits for its turn beside other programs."""
        start = time.process_time()
        await work.verify("some password", against)
        return time.process_time() - start

    turns = [(await cpu_seconds(None), await cpu_seconds(known)) for _ in range(5)]
    nobody, somebody = (min(kind) for kind in zip(*turns, strict=True))
    assert 0.4 < nobody / somebody < 2.5


@pytest.mark.parametrize("password", ["short", "x" * 257])
async def test_a_password_has_a_sane_length(password: str) -> None:
    with pytest.raises(BadRequest):
        await PasswordWork().hash(password)


def test_tokens_are_long_and_stored_as_digests() -> None:
    token = new_token()
    assert len(token) >= 43
    assert token != new_token()
    assert len(digest(token)) == 32
