"""Supervision: work that is started again when it fails, as long as the node runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

AGAIN_S: Final = 1.0
"""How long after it failed it is run again."""

_log = structlog.get_logger(__name__)


async def run_supervised(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it ends or is cancelled; when it fails, say so and run it again.

    Args:
        name: What it is, for the log.
        work: Begins it.
    """
    while True:
        try:
            await work()
            return
        except Exception:  # noqa: BLE001 - logged and run again
            _log.exception("task_failed", task=name)
            await asyncio.sleep(AGAIN_S)
