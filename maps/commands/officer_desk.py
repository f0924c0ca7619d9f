"""Officer desk: what a command does at an officer's desk, once the officer has shown password and
code.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

import typer

from maps.accounts.credentials.passwords import PasswordWork
from maps.errors.errors import CodeNeeded, SignInRefused
from maps.node.node import RunningNode, open_office
from maps.settings.settings import Settings
from patrol.counterparts.counterpart import Counterpart
from patrol.desks.desk import Desk
from patrol.errors.errors import NotFound
from patrol.units.accounts import User


async def at_officers_desk(
    settings: Settings, name: str, work: Callable[[Desk], Awaitable[None]]
) -> None:
    """Do `work` at an officer's desk; the server must not be running.

    Raises:
        SignInRefused: If password or code are not the officer's.
        CodeNeeded: If the only second factor is a passkey, which a command line cannot ask.
        ServerRunning: If the server runs.
    """
    async with open_office(settings) as office:
        await work(office.desk_of(await _officer(office, name)))


async def counterpart_named(desk: Desk, node: str) -> Counterpart:
    """Return the counterpart of a node's id.

    Raises:
        NotFound: If there is none.
    """
    for each in await desk.counterparts.all():
        if each.card.node == node:
            return each
    raise NotFound("counterpart", node)


def ask_password(name: str) -> str:
    """Ask for an officer's password; without a terminal read one line of standard input."""
    return _secret(f"Password of {name}")


def ask_code() -> str:
    """Ask for the code of an authenticator; without a terminal read one line."""
    return _secret("Code that the authenticator shows, or a recovery code")


async def _officer(office: RunningNode, name: str) -> User:
    found = await office.people.user(name)
    password = ask_password(name)
    user, known = (None, None) if found is None else found
    good = await PasswordWork().verify(password, known)
    if user is None or not good or user.disabled_at is not None:
        raise SignInRefused
    if await office.accounts.factors.has_factor(user) and not await office.accounts.factors.is_good(
        user, ask_code()
    ):
        raise CodeNeeded
    return user


def _secret(prompt: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True))
    return sys.stdin.readline().rstrip("\n")
