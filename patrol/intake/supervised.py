"""Supervised work: a task of the watch that ends by itself is an error, `WorkEnded`."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class WorkEnded(Exception):
    """Work that goes on until it is cancelled came to an end by itself."""


async def unending(name: str, work: Coroutine[None, None, None]) -> None:
    """Do work that only who runs it may end.

    A task group goes on without a child that was cancelled by something it waited for; here that
    is a fault like any other, and ends the group.

    Args:
        name: What it is, for the message.
        work: Ends by being cancelled, or by a fault of its own.

    Raises:
        WorkEnded: If it came to an end and nobody had cancelled this task.
    """
    try:
        await work
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise WorkEnded(f"{name} was broken off by what it waited for") from None
    raise WorkEnded(f"{name} came to an end")
