"""The ledger: what became of each report, shared by all processes of a run.

It lives in shared memory: the sender writes, the others read. For each report: when it was first
handed over (monotonic nanoseconds; 0: not yet), and what its sender was told.
"""

from __future__ import annotations

from multiprocessing.shared_memory import SharedMemory
from types import TracebackType
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

PENDING: Final = 0
"""Handed over, or about to be; whoever reports so still tries, or its radio hears nothing back."""

SENT: Final = 1
"""Gone out by a way on which nothing comes back."""

LOST_HERE: Final = 2
"""Never went out: nobody took it at the other end of a cable or connection."""

REFUSED: Final = 3
"""Answered with a refusal that trying again would not change."""

BY_BROKER: Final = 4
"""A broker says that it has it."""

ACKNOWLEDGED: Final = 5
"""The product says that it is on its disk."""

_HEAD: Final = 8  # bytes: how many reports were begun


class Ledger:
    """One run's ledger.

    Args:
        capacity: Most reports.
        name: Shared memory of another process to join; None makes a new one.
    """

    def __init__(self, capacity: int, name: str | None = None) -> None:
        size = _HEAD + capacity * 9
        self._owns = name is None
        self._memory = SharedMemory(name, create=self._owns, size=size)
        self.capacity, self.name = capacity, self._memory.name
        buffer = self._memory.buf
        assert buffer is not None
        self._begun: NDArray[np.int64] = np.frombuffer(buffer, np.int64, 1)
        self.sent_at: NDArray[np.int64] = np.frombuffer(buffer, np.int64, capacity, _HEAD)
        self.state: NDArray[np.uint8] = np.frombuffer(
            buffer, np.uint8, capacity, _HEAD + capacity * 8
        )

    @property
    def begun(self) -> int:
        """How many reports were begun; report numbers are 0 to `begun` - 1."""
        return int(self._begun[0])

    @begun.setter
    def begun(self, count: int) -> None:
        self._begun[0] = count

    def numbers(self, *states: int, first: int = 0) -> NDArray[np.int64]:
        """Return the numbers, from `first` on, of reports in one of some states, in order."""
        some = self.state[first : self.begun]
        return np.flatnonzero(np.isin(some, states)).astype(np.int64) + first

    def __enter__(self) -> Self:
        """Return the ledger."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of it; whoever made it ends it for all."""
        del self._begun, self.sent_at, self.state
        try:
            self._memory.close()
        except BufferError:
            pass  # a thread looks at it still; it goes with the process
        if self._owns:
            self._memory.unlink()
