"""Worker: a thread that runs the work it is given, in order, and does not delay the exit.

For what may wait on a disk. Unlike the threads of an executor, one that hangs in the system (a
dying card, a network folder that is gone) does not keep the process alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

import structlog

_log = structlog.get_logger(__name__)


class Worker:
    """One thread; it begins with the first work.

    Args:
        name: Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._works: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Have `work` done after everything given before; never waits. What it raises is logged."""
        self._works.put(work)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()

    def finish(self, *, within_s: float) -> bool:
        """Wait until what was given so far is done; return whether it is."""
        if self._thread is None:
            return True
        done = threading.Event()
        self.do(done.set)
        return done.wait(within_s)

    def end(self, *, within_s: float) -> bool:
        """Have the thread end after what was given so far; return whether it has.

        What is given later begins another thread.
        """
        if self._thread is None:
            return True
        thread, self._thread = self._thread, None
        self._works.put(None)
        thread.join(within_s)
        return not thread.is_alive()

    def _run(self) -> None:
        while (work := self._works.get()) is not None:
            try:
                work()
            except Exception:  # noqa: BLE001 - logged; what comes after is to be done too
                _log.exception("work_failed", worker=self._name)
            del work  # may hold much
