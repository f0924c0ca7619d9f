"""Account command: what a command on users, devices and tokens works with."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from maps.accounts.account_stores import AccountStores, open_account_stores
from maps.accounts.users_and_devices import UserAccounts
from maps.commands.command import run_or_exit
from maps.runtime.event_loop import run
from maps.settings.settings import Settings


def with_people(
    settings: Settings, work: Callable[[UserAccounts], Coroutine[Any, Any, None]]
) -> None:
    """Do `work` with the users and devices of a node."""
    with_accounts(settings, lambda accounts: work(accounts.people))


def with_accounts(
    settings: Settings, work: Callable[[AccountStores], Coroutine[Any, Any, None]]
) -> None:
    """Do `work` with all that says who may come in to a node."""

    async def open_and_work() -> None:
        async with open_account_stores(settings) as accounts:
            await work(accounts)

    run_or_exit(lambda: run(open_and_work()))
