"""Apart: coroutines run beside whatever loop runs in a test's own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class _LoopWithoutSignals(asyncio.SelectorEventLoop):
    """A loop beside the main thread, to which alone signals come; a server asks for some."""

    def add_signal_handler(self, sig: int, callback: Callable[[*Ts], object], *args: *Ts) -> None:
        """Wait for none."""

    def remove_signal_handler(self, sig: int) -> bool:
        """Say that there was none."""
        return False


def run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns, run by a loop in a thread of its own.

    For fixtures and tests that are no coroutines, where a browser may be open: Playwright keeps a
    loop running in the thread of the tests, and there `asyncio.run` refuses.
    """

    def run() -> T:
        with asyncio.Runner(loop_factory=_LoopWithoutSignals) as runner:
            return runner.run(coroutine)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
