"""Desk command: what a command that works at a desk begins and ends with."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from maps.commands.command import run_or_exit
from maps.node.node import open_office
from maps.runtime.event_loop import run
from maps.settings.settings import Settings
from patrol.desks.desk import Desk
from patrol.documents.transaction import COMMAND_LINE
from patrol.units.accounts import User


def at_desk(
    settings: Settings, agency: str, work: Callable[[Desk], Coroutine[Any, Any, None]]
) -> None:
    """Do `work` at an administrator's desk; the server must not be running."""

    async def open_and_work() -> None:
        async with open_office(settings) as office:
            await work(office.desk_of(User(name=COMMAND_LINE, role="admin", agency=agency)))

    run_or_exit(lambda: run(open_and_work()))
