"""Journal: everything that the channels read, kept as long as there is room for it.

A folder of captures (`radio_gateway.recording.capture`), `NUMBER-CHANNEL-TIME.jsonl`, one open
file a channel. A file that has grown to its largest size is closed, compressed with gzip on a
thread of its own and followed by the next; the files with the smallest numbers are deleted first,
so that a clock that jumps changes nothing. Names, not contents, say what belongs together:
`radio-gateway decode --capture FOLDER` and `replay` read it.

Hearing goes before keeping. Everything that waits on the disk runs on a thread; a disk that is full
or broken stops the journal, with one warning and a fault in the channels' health, until there is
room again, and of what a slow disk has not taken at most 4 MB wait. What is read in between is not
in it, but counted, and the file ends there: nothing in it seems to follow what it does not follow.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

import structlog

from radio_gateway.errors.errors import SettingsError, fault_of
from radio_gateway.links.transport import Chunk
from radio_gateway.recording.capture import CaptureMark, CaptureWriter
from radio_gateway.recording.capture_rotation import ClosedCaptures
from radio_gateway.runtime.worker import Worker

TRY_AGAIN_S = 30.0
TAKEN_AGAIN_S = 2.0  # who keeps its journal there ends, and nothing is to be missed after that
SPARE_BYTES = 200_000_000  # of the disk, left to others: the spool, the store
WAITING_BYTES = 4_000_000
CLOSE_S = 5.0  # a disk that takes longer is not waited for
ZIP_S = 2.0  # of closing, for compressing; the next start goes on with it
_CHUNK_BYTES = 400  # a read takes so much memory besides its data
_LOOK_EVERY_BYTES = 262_144
_log = structlog.get_logger(__name__)


class Journal:
    """The folder and what is in it; all channels of a process share one.

    Args:
        folder: Where the files go; made where it is not there, for its owner only.
        max_bytes: Largest size of one file before it is compressed.
        keep_bytes: Largest size of all files together.
        waits: Whether another process that writes a journal there is waited for, as it is of a
            Watch that was stopped and replaced: hearing goes on, `fault` says why nothing is kept.
        room: Returns the free room at a path, bytes.

    Attributes:
        fault: Why nothing is written at the moment; None when it is.

    Raises:
        ValueError: If `max_bytes` is less than 1 MB or `keep_bytes` less than twice `max_bytes`.
        SettingsError: If another process writes a journal there, and is not waited for. A folder
            that cannot be used for another reason is a `fault`, and tried again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int = 20_000_000,
        keep_bytes: int = 1_000_000_000,
        waits: bool = False,
        room: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        if max_bytes < 1_000_000:
            raise ValueError("max_bytes must be at least 1,000,000")
        if keep_bytes < 2 * max_bytes:
            raise ValueError("keep_bytes must be at least twice max_bytes")
        self.folder = folder
        self.fault: str | None = None
        self._max_bytes, self._keep_bytes = max_bytes, keep_bytes
        self._room = room
        self._again_s = 0.0
        self._open: dict[str, ChannelJournal] = {}
        self._closed = ClosedCaptures()
        self._keeper = Worker("journal")
        self._given_bytes = self._taken_bytes = 0  # each counted by one thread
        self._lock = -1
        self._number = 0
        self._is_closed = False
        try:
            self._prepare()
        except BlockingIOError as error:
            if not waits:
                raise SettingsError("journal.folder", f"{folder}: {error.strerror}") from error
            self.stop(error)
        except OSError as error:  # must not keep a gateway from hearing
            self.stop(error)

    def of(self, channel: str, protocols: tuple[str, ...]) -> ChannelJournal:
        """Return where `channel`, which speaks `protocols`, writes what it reads."""
        if channel not in self._open:
            self._open[channel] = ChannelJournal(self, channel, protocols)
        return self._open[channel]

    def close(self) -> None:
        """Close every file, within 5 s: a disk that hangs must not keep a gateway from ending.

        What is not compressed by then is compressed at the next start.
        """
        for channel in self._open.values():
            channel.close()
        self._is_closed = True
        if not self._keeper.end(within_s=CLOSE_S - ZIP_S):
            _log.error("journal_not_closed", folder=str(self.folder), waiting=self.waiting_bytes)
        self._closed.end(within_s=ZIP_S)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def settle(self) -> None:
        """Wait until everything that was read is in the files; for tests and tools."""
        self._keeper.finish(within_s=60.0)

    @property
    def is_closed(self) -> bool:
        """Whether nothing is taken any more."""
        return self._is_closed

    @property
    def waiting_bytes(self) -> int:
        """Size of what was read and the disk has not taken."""
        return self._given_bytes - self._taken_bytes

    def has_room(self, chunk: Chunk) -> bool:
        """Return whether `chunk` may wait; it is counted if so."""
        size = len(chunk.data) + _CHUNK_BYTES
        if self.waiting_bytes + size > WAITING_BYTES:
            return False
        self._given_bytes += size
        return True

    def keep(self, work: Callable[[], None]) -> None:
        """Have `work` done on the thread that writes."""
        self._keeper.do(work)

    def release(self, chunk: Chunk) -> None:
        """Note that `chunk` waits no more."""
        self._taken_bytes += len(chunk.data) + _CHUNK_BYTES

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return self._closed.size + sum(each.size for each in self._open.values())

    @property
    def look_every(self) -> int:
        """After how many bytes a channel lets the journal look at its size and its room."""
        return min(_LOOK_EVERY_BYTES, self._keep_bytes // (4 * max(1, len(self._open))))

    @property
    def may_write(self) -> bool:
        """Whether there is room, or it is time to try again."""
        return self.fault is None or time.monotonic() >= self._again_s

    def begin(self, channel: str, protocols: tuple[str, ...], *, continues: bool) -> CaptureWriter:
        """Begin a file.

        Raises:
            OSError: If the disk is full or broken.
        """
        if self._lock < 0:
            self._prepare()
        self.look()
        self._number += 1
        path = (
            self.folder / f"{self._number:010d}-{channel}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.jsonl"
        )
        share = self._keep_bytes // (4 * max(1, len(self._open)))
        writer = CaptureWriter(
            path,
            channel=channel,
            max_bytes=max(65_536, min(self._max_bytes, share)),
            protocols=protocols,
            continues=continues,
        )
        if self.fault is not None:
            _log.info("journal_goes_on", folder=str(self.folder))
            self.fault = None
        return writer

    def ended(self, writer: CaptureWriter) -> None:
        """Take over a file that is closed."""
        self._closed.add(writer.path, writer.size)
        self._drop_oldest()

    def look(self) -> None:
        """Delete what is too old; raise OSError when the disk has no room left to use."""
        self._drop_oldest()
        if self._room(self.folder) < SPARE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def stop(self, error: OSError) -> None:
        """Note that nothing can be written; tell once."""
        taken = isinstance(error, BlockingIOError)
        if self.fault is None:
            fault = str(error.strerror) if taken else fault_of(error)
            self.fault = f"the journal is not written: {fault}"
            _log.warning("journal_stopped", folder=str(self.folder), fault=fault)
        self._again_s = time.monotonic() + (TAKEN_AGAIN_S if taken else TRY_AGAIN_S)

    def _prepare(self) -> None:
        """Make the folder ours; raises OSError, BlockingIOError when another process uses it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._number = self._closed.take_over(self.folder)
            self._drop_oldest()
        except BlockingIOError:
            os.close(lock)
            fault = "another process keeps its journal here; each needs a folder of its own"
            raise BlockingIOError(errno.EAGAIN, fault, str(self.folder)) from None
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _drop_oldest(self) -> None:
        open_ = sum(each.size for each in self._open.values())
        open_ += len(self._open) * self.look_every  # before each looks again
        self._closed.drop_beyond(self._keep_bytes - open_)


class ChannelJournal:
    """What one channel writes; nothing here raises or waits.

    Args:
        journal: The journal.
        channel: The channel's name.
        protocols: What it speaks.
    """

    def __init__(self, journal: Journal, channel: str, protocols: tuple[str, ...]) -> None:
        self._journal, self._channel, self._protocols = journal, channel, protocols
        # of the thread that hears
        self._batch: list[Chunk | CaptureMark | Literal["close"]] = []
        self._too_slow = False
        self._too_late = 0
        # of the thread that writes
        self._writer: CaptureWriter | None = None
        self._look_at = 0
        self._unwritten = self._unflushed = 0

    @property
    def missed_reads(self) -> int:
        """Reads that are in no file because there was no room, or the disk was too slow."""
        return self._too_late + self._unwritten

    @property
    def size(self) -> int:
        """Bytes of the open file."""
        writer = self._writer
        return 0 if writer is None else writer.size

    @property
    def fault(self) -> str | None:
        """Why nothing is written at the moment; None when it is."""
        if self._too_slow and self._journal.waiting_bytes:
            return "the journal is not written: the disk is too slow"
        return self._journal.fault

    def write(self, chunk: Chunk) -> None:
        """Add one read."""
        if self._journal.is_closed or not self._journal.has_room(chunk):
            if not self._too_slow:
                self._too_slow = True
                self._batch.append("close")  # what comes later does not go on from here
            self._too_late += 1
            return
        self._too_slow = False
        self._batch.append(chunk)

    def mark(self, mark: CaptureMark) -> None:
        """Add what the channel did by itself; a mark begins no file."""
        if not self._too_slow:
            self._batch.append(mark)

    def flush(self) -> None:
        """Have what was added written."""
        if self._batch and not self._journal.is_closed:
            self._journal.keep(partial(self._keep, self._batch))
            self._batch = []

    def close(self) -> None:
        """Close the file; the next read begins another."""
        self._batch.append("close")
        self.flush()

    def _keep(self, batch: list[Chunk | CaptureMark | Literal["close"]]) -> None:
        for each in batch:
            if isinstance(each, Chunk):
                if self._put(partial(CaptureWriter.write, chunk=each)):
                    self._unflushed += 1
                else:
                    self._unwritten += 1
                self._journal.release(each)
            elif each == "close":
                self._close()
            elif self._writer is not None:
                self._put(partial(CaptureWriter.mark, mark=each))
        self._flush()

    def _flush(self) -> None:
        """Hand what was written to the system."""
        if self._writer is not None:
            try:
                self._writer.flush()
                self._unflushed = 0
                if self._writer.size >= self._look_at:
                    self._look_at = self._writer.size + self._journal.look_every
                    self._journal.look()
            except OSError as error:
                self._stop(error)

    def _close(self) -> None:
        if self._writer is not None:
            writer, self._writer = self._writer, None
            try:
                writer.close()
            except OSError as error:
                self._unwritten += self._unflushed
                self._journal.stop(error)
            self._unflushed = 0
            self._journal.ended(writer)

    def _put(self, put: Callable[[CaptureWriter], None]) -> bool:
        """Write to the open file, or where that is full to the next; return whether it was."""
        if not self._journal.may_write:
            if self._writer is not None:  # another channel found the disk full
                self._close()
            return False
        try:
            if self._writer is None:
                self._begin(continues=False)
            assert self._writer is not None
            put(self._writer)
            if self._writer.full:
                self._close()
                self._begin(continues=True)
                put(self._writer)
        except OSError as error:
            self._stop(error)
            return False
        return True

    def _begin(self, *, continues: bool) -> None:
        self._writer = self._journal.begin(self._channel, self._protocols, continues=continues)
        self._look_at = self._journal.look_every

    def _stop(self, error: OSError) -> None:
        self._journal.stop(error)
        self._close()
