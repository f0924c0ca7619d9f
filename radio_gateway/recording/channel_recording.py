"""Recordings: everything that one channel reads, kept in its journal."""

from __future__ import annotations

from radio_gateway.links.transport import Chunk
from radio_gateway.recording.capture import CaptureMark
from radio_gateway.recording.journal import Journal


class Recordings:
    """What keeps what one channel reads.

    Args:
        channel: The channel's name.
        protocols: What it speaks.
        journal: Where everything is kept, always; None: nowhere.

    Attributes:
        keeps: Whether there is a journal that takes what is read.
    """

    def __init__(self, channel: str, protocols: tuple[str, ...], journal: Journal | None) -> None:
        self._journal = None if journal is None else journal.of(channel, protocols)
        self.keeps = journal is not None

    @property
    def fault(self) -> str | None:
        """Why the journal does not keep what is read; None while it does, or without one."""
        return None if self._journal is None else self._journal.fault

    @property
    def missed_chunks(self) -> int:
        """How many chunks the journal could not keep."""
        return 0 if self._journal is None else self._journal.missed_reads

    def write(self, event: Chunk | CaptureMark) -> None:
        """Keep what was read, or what happened in between."""
        if self._journal is None:
            return
        if isinstance(event, Chunk):
            self._journal.write(event)
        else:
            self._journal.mark(event)

    def flush(self) -> None:
        """Hand what was kept to the system."""
        if self._journal is not None:
            self._journal.flush()

    def close(self) -> None:
        """Keep nothing more."""
        if self._journal is not None:
            self._journal.close()
