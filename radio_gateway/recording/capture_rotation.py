"""Capture rotation: closed files of a journal are compressed, then deleted.

Compressing runs on a thread of its own and never holds up whoever writes.
"""

from __future__ import annotations

import gzip
import os
import re
import threading
from functools import partial
from pathlib import Path
from typing import BinaryIO

import structlog

from radio_gateway.errors.errors import fault_of
from radio_gateway.runtime.worker import Worker

_LEVEL = 6  # of compression; more costs time and brings little
_FILE = re.compile(r"(\d{10})-([a-z0-9_-]+)-\d{8}T\d{6}Z\.jsonl(\.gz)?")
_log = structlog.get_logger(__name__)


class ClosedCaptures:
    """Files whose names begin with their numbers; the smallest is the oldest."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._sizes: dict[Path, int] = {}
        self._zipper = Worker("journal-zip")
        self._hurry = threading.Event()

    @property
    def size(self) -> int:
        """Bytes of all of them."""
        with self._guard:
            return sum(self._sizes.values())

    def take_over(self, folder: Path) -> int:
        """Take over the files of former runs in `folder`; return the largest number.

        Raises:
            OSError: If the folder cannot be read.
        """
        number = 0
        for path in sorted(folder.iterdir()):
            if path.name.endswith(".part"):
                path.unlink(missing_ok=True)
            elif found := _FILE.fullmatch(path.name):
                number = int(found.group(1))
                with self._guard:
                    self._sizes[path] = path.stat().st_size
                if found.group(3) is None:
                    self._zipper.do(partial(self._compress, path))
        return number

    def add(self, path: Path, size: int) -> None:
        """Take over a file that was just closed.

        Args:
            path: The file.
            size: Its size, bytes.
        """
        with self._guard:
            self._sizes[path] = size
        if not self._hurry.is_set():  # else the next start compresses it
            self._zipper.do(partial(self._compress, path))

    def drop_beyond(self, most_bytes: int) -> None:
        """Delete the oldest until the rest is no larger than `most_bytes` together."""
        with self._guard:
            total = sum(self._sizes.values())
            while self._sizes and total > most_bytes:
                oldest = min(self._sizes)  # names begin with their numbers
                total -= self._sizes.pop(oldest)
                try:
                    oldest.unlink(missing_ok=True)
                except OSError as error:
                    _log.warning("journal_file_stays", file=str(oldest), fault=fault_of(error))

    def end(self, *, within_s: float) -> None:
        """Compress what waits for so long, then stop in the middle; no half file is left."""
        self._zipper.finish(within_s=within_s)
        self._hurry.set()
        self._zipper.end(within_s=0.5)

    def _compress(self, path: Path) -> None:
        """Put a compressed file in the place of `path`, unless it was deleted meanwhile.

        Never under its own name before it is whole and on the disk, so that neither a power cut nor
        a hurried end leaves half of one.
        """
        if self._hurry.is_set():
            return
        done, part = path.with_name(f"{path.name}.gz"), path.with_name(f"{path.name}.gz.part")
        try:
            with (
                path.open("rb") as source,
                open(part, "wb", opener=_for_owner) as target,
                gzip.GzipFile("", "wb", _LEVEL, target, mtime=0) as zipped,
            ):
                if not self._copied(source, zipped):
                    part.unlink()
                    return
                zipped.close()
                target.flush()
                os.fsync(target.fileno())
            size = part.stat().st_size
            with self._guard:
                if self._sizes.pop(path, None) is None:
                    part.unlink()
                    return
                part.rename(done)
                path.unlink()
                self._sizes[done] = size
        except OSError as error:  # it stays as it is, and is compressed at the next start
            part.unlink(missing_ok=True)
            if path.exists():
                _log.warning("journal_not_compressed", file=str(path), fault=fault_of(error))

    def _copied(self, source: BinaryIO, target: gzip.GzipFile) -> bool:
        """Copy all of `source`; return whether that was done before the journal closed."""
        while data := source.read(1 << 16):
            if self._hurry.is_set():
                return False
            target.write(data)
        return True


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
