"""Head folder: signed heads of the journal as files, out of reach of who can change the store.

A file a day, `head-NODE-2026-12-01.json`, and one for each that somebody asked for; beside each its
time stamp, `.tsr`, where the site has a service that gives them. The folder is
never made: where its disk or share is not mounted, a head beneath the mount point would be lost.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Final

import msgspec

from maps.evidence.time_stamp import TimeStamp, TimeStampService
from maps.runtime.atomic_folder import new_file
from patrol.audit.signed_head import SignedHead, head_from
from patrol.errors.errors import AuditError

STAMP: Final = ".tsr"


class HeadFolder:
    """Signed heads of one node's journal.

    Args:
        folder: Where they are.
        node: The node's id.
    """

    def __init__(self, folder: Path, *, node: str) -> None:
        self.folder, self._node = folder, node
        # Not of a node whose id begins as this one's does: several may share the folder.
        day, moment = r"\d{4}-\d\d-\d\d", r"T\d{6}Z-\d+"
        self._name = re.compile(rf"head-{re.escape(node)}-{day}({moment})?\.json")

    def has(self, day: date) -> bool:
        """Return whether there is the head of a day."""
        return self._file(f"{day:%F}").exists()

    def put(self, head: SignedHead, day: date) -> None:
        """Put the head of a day there.

        Raises:
            OSError: If the folder is not there or takes no file.
        """
        self._put(head, f"{day:%F}")

    def put_more(self, head: SignedHead, now: datetime) -> Path:
        """Put a head there that somebody asked for, beside that of the day, and return its file;
        raises as `put`.
        """
        return self._put(head, f"{now:%Y-%m-%dT%H%M%SZ}-{head.seq}")

    def newest(self) -> datetime | None:
        """Return when the last one was written; None: there is none."""
        times = [file.stat().st_mtime for file in self._files()]
        return datetime.fromtimestamp(max(times)).astimezone() if times else None

    def read(self) -> list[SignedHead]:
        """Return all of them, oldest first.

        Raises:
            AuditError: If a file holds none; it is named.
            OSError: If one cannot be read.
        """
        return [head for head, _, _ in self.stamps()]

    def unstamped(self) -> list[Path]:
        """Return the heads beside which no time stamp lies, oldest first."""
        return [file for file in self._files() if not file.with_suffix(STAMP).exists()]

    def stamp(self, file: Path, service: TimeStampService) -> TimeStamp:
        """Have a service stamp a head, and put that beside it.

        Raises:
            AuditError: If the service gave no stamp that holds.
            OSError: If the folder is not there or takes no file.
        """
        answer, stamp = service.stamp(file.read_bytes())
        with new_file(file.with_suffix(STAMP), answer):
            pass
        return stamp

    def stamps(self) -> list[tuple[SignedHead, bytes, bytes | None]]:
        """Return each head, its file's content, and its time stamp where it has one; as `read`."""
        found: list[tuple[SignedHead, bytes, bytes | None]] = []
        for file in self._files():
            content, stamp = file.read_bytes(), file.with_suffix(STAMP)
            try:
                head = head_from(content)
            except AuditError as error:
                raise AuditError(f"{file}: {error}") from None
            found.append((head, content, stamp.read_bytes() if stamp.exists() else None))
        return sorted(found, key=lambda each: each[0].seq)

    def _put(self, head: SignedHead, when: str) -> Path:
        if not self.folder.is_dir():
            raise FileNotFoundError(2, f"there is no folder {self.folder}")
        file = self._file(when)
        with new_file(file, msgspec.json.encode(head) + b"\n"):
            pass
        return file

    def _files(self) -> list[Path]:
        found = self.folder.glob(f"head-{self._node}-*.json")
        return sorted(each for each in found if self._name.fullmatch(each.name))

    def _file(self, when: str) -> Path:
        return self.folder / f"head-{self._node}-{when}.json"
