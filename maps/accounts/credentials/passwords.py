"""Passwords and secrets: argon2 with bounded work, and tokens that are stored only as digests.

argon2id with 19 MiB, two passes, one lane: the first choice of the OWASP Password Storage Cheat
Sheet, and fit for machines as small as ours. A flood of sign-ins must not take the machine from
the watch: at most one hash for two processors is worked on at a time, in threads that give way to
all others, and only a few may wait.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from maps.accounts.credentials.common_passwords import is_common
from maps.errors.errors import BadRequest, TooBusy

_HASHER = PasswordHash((Argon2Hasher(memory_cost=19_456, time_cost=2, parallelism=1),))

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256  # argon2 would read megabytes if let

_NICENESS = 10

_Result = TypeVar("_Result")


class PasswordWork:
    """Hashes and verifies passwords in threads, a few at a time.

    Args:
        at_once: Hashes worked on at one time; one for two processors when None.
        waiting: How many more may wait; beyond, `TooBusy` is raised at once.
    """

    def __init__(self, *, at_once: int | None = None, waiting: int = 16) -> None:
        at_once = max(1, (os.cpu_count() or 1) // 2) if at_once is None else at_once
        self._room = at_once + waiting
        self._threads = ThreadPoolExecutor(
            at_once, thread_name_prefix="passwords", initializer=_give_way
        )

    async def hash(self, password: str) -> str:
        """Return the argon2 hash of `password`, in PHC string form.

        Raises:
            BadRequest: If the password is too short or too long.
            TooBusy: If too many wait already.
        """
        check_password(password)
        return await self._work(lambda: _HASHER.hash(password))

    async def verify(self, password: str, known: str | None) -> bool:
        """Return whether `password` belongs to the hash `known`; always False for None.

        Takes as long for None, a name nobody has, as for a hash.

        Raises:
            TooBusy: If too many wait already.
        """
        if len(password) > LONGEST_PASSWORD:
            password, known = "", None
        good = await self._work(lambda: _HASHER.verify(password, known or _nobody()))
        return good and known is not None

    async def _work(self, work: Callable[[], _Result]) -> _Result:
        if self._room <= 0:
            raise TooBusy
        self._room -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._room += 1


def check_password(password: str) -> None:
    """Raise unless `password` has a length we take, and is none that people try first.

    Raises:
        BadRequest: If it is too short, too long, or too common.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadRequest(
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters",
            field="password",
        )
    if is_common(password):
        raise BadRequest(
            "this password is among those that are tried first: take some words of your own",
            field="password",
            code="password_common",
        )


def new_token() -> str:
    """Return a fresh secret of 256 random bits, safe in URLs."""
    return secrets.token_urlsafe(32)


READING = "read_"
"""How a reading token begins; part of what its digest is made of, so it cannot be taken off."""

API = "api_"
"""How an API token begins."""

PHONE_KEY = "phone_"
"""How the key of an enrolled phone begins."""


def digest(token: str) -> bytes:
    """Return what is stored of a token: its SHA-256.

    A token has 256 random bits, so it needs no slow hash; looking up a digest tells a thief who
    times it nothing about the token.
    """
    return hashlib.sha256(token.encode()).digest()


def _give_way() -> None:
    """Let this thread run when no other wants to; Linux gives each thread a niceness of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))
