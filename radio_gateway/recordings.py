"""Recordings: everything that one channel reads, kept in its journal and in a capture."""

from __future__ import annotations

from pathlib import Path

import structlog

from radio_gateway.capture import CaptureWriter, Mark
from radio_gateway.chunk import Chunk
from radio_gateway.journal import Journal

_log = structlog.get_logger(__name__)


class Recordings:
    """What keeps what one channel reads.

    Args:
        channel: The channel's name.
        protocols: What it speaks.
        journal: Where everything is kept, always; None: nowhere.
    """

    def __init__(self, channel: str, protocols: tuple[str, ...], journal: Journal | None) -> None:
        self._channel, self._protocols = channel, protocols
        self._journal = None if journal is None else journal.of(channel, protocols)
        self._capture: CaptureWriter | None = None

    @property
    def keep_something(self) -> bool:
        """Whether there is a journal or a capture that takes what is read."""
        return self._journal is not None or self._capture is not None

    @property
    def fault(self) -> str | None:
        """Why the journal does not keep what is read; None while it does, or without one."""
        return None if self._journal is None else self._journal.fault

    @property
    def missed(self) -> int:
        """How many chunks the journal could not keep."""
        return 0 if self._journal is None else self._journal.missed

    def start_capture(self, path: Path, *, max_bytes: int) -> None:
        """Write everything from now on to a new file, too.

        Raises:
            OSError: If the file exists or cannot be made.
        """
        self.stop_capture()
        self._capture = CaptureWriter(
            path, channel=self._channel, max_bytes=max_bytes, protocols=self._protocols
        )

    def stop_capture(self) -> None:
        """Write no more to that file and close it."""
        if self._capture is not None:
            capture, self._capture = self._capture, None
            try:
                capture.close()
            except OSError as error:
                self._failed(error)

    def write(self, event: Chunk | Mark) -> None:
        """Keep what was read, or what happened in between."""
        for keeper in (self._journal, self._capture):
            if keeper is None:
                continue
            try:
                if isinstance(event, Chunk):
                    keeper.write(event)
                else:
                    keeper.mark(event)
            except OSError as error:  # the capture's: a full disk must not stop the hearing
                self._failed(error)
                self.stop_capture()

    def flush(self) -> None:
        """Hand what was kept to the system."""
        for keeper in (self._journal, self._capture):
            if keeper is None:
                continue
            try:
                keeper.flush()
            except OSError as error:
                self._failed(error)
                self.stop_capture()

    def close(self) -> None:
        """Keep nothing more."""
        self.stop_capture()
        if self._journal is not None:
            self._journal.close()

    def _failed(self, error: OSError) -> None:
        _log.warning("capture_failed", channel=self._channel, fault=str(error))
