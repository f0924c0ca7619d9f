"""Private file: a secret in a file that its owner alone can read, made once."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

from patrol.errors.errors import SigningKeyError

LONGEST: Final = 64 * 1024
"""Bytes of such a file at most."""


def make_private_file(file: Path, body: bytes) -> None:
    """Create a file, atomically, also if another process creates or reads it at the same time.

    What another process made first stays.

    Raises:
        OSError: If it cannot be made.
    """
    draft = file.with_name(f".{file.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(body)
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):  # another was quicker: its file is the one
            os.link(draft, file)
    finally:
        draft.unlink()


def read_private_file(file: Path) -> bytes:
    """Return what a file holds.

    Raises:
        SigningKeyError: If others may read it.
        OSError: If it cannot be read.
    """
    with file.open("rb") as opened:
        if os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077:
            raise SigningKeyError(
                f"{file}: others may read this key: chmod 600, and make a new one"
            )
        return opened.read(LONGEST)
