"""Event loop: runs work on an event loop of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

if sys.platform != "win32":
    import uvloop


T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on an event loop of its own: uvloop's, where there is one."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    return uvloop.new_event_loop
