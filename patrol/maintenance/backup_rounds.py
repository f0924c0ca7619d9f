"""Backup rounds: a back-up when it is due, the oldest deleted, one restored to test it each week.

Beside the back-ups lies `NODE-backups.json`, which says how the last of each went: from it the
node, `joint-patrol doctor` and whoever finds the disk know. Nodes may share a folder. A round is a
process of its own, so that a copy of a large store takes nothing from radios and viewers.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec

from patrol.errors.errors import StoreError
from patrol.store.backup.backup import back_up, restore_to_test
from radio_gateway.parsing.msgspec_decoders import json_decoder

if sys.platform != "win32":
    import fcntl


LATE: Final = 1.5
"""Told as overdue after so many times of what is between two of them."""

LEAST_ROOM: Final = 300_000_000
"""Bytes that a round leaves free: below, nothing would be stored any more."""

_BLOCK: Final = 1 << 20


class BackupPlan(msgspec.Struct, frozen=True, kw_only=True):
    """When and where.

    Attributes:
        folder: Where back-ups lie.
        node: Id of the node, with which their names begin.
        every: Between two back-ups.
        keep: How many stay.
        test_every: Between two restores that test them.
        test_url: An empty database for these; None of a store in a file, which needs none.
    """

    folder: Path
    node: str
    every: timedelta
    keep: int
    test_every: timedelta
    test_url: str | None = None


class BackupRound(msgspec.Struct, frozen=True, kw_only=True):
    """How the last of its kind went.

    Attributes:
        at: When it was tried, aware UTC.
        good_at: When one last went well; None: never.
        file: Name of the back-up.
        fault: Why it did not go well; None: it did.
        bytes: Size of the back-up.
        rows: Its rows by table, where they were counted.
    """

    at: datetime
    good_at: datetime | None = None
    file: str = ""
    fault: str | None = None
    bytes: int = 0
    rows: Mapping[str, int] = {}


class BackupState(msgspec.Struct, frozen=True, kw_only=True):
    """Content of `NODE-backups.json`.

    Attributes:
        began_at: When the first round was, aware UTC.
        backup: The last back-up; None: none was tried.
        restore_test: The last restore that tested one; None: none was tried.
    """

    began_at: datetime
    backup: BackupRound | None = None
    restore_test: BackupRound | None = None


def read_state(folder: Path, node: str) -> BackupState | None:
    """Return how a node's last rounds went; None where there was none, or nobody can read of it."""
    with suppress(OSError, msgspec.MsgspecError):
        return json_decoder(BackupState).decode(_state_file(folder, node).read_bytes())
    return None


def backups_in(folder: Path, node: str) -> list[Path]:
    """Return the back-ups of a node in a folder, oldest first."""
    return sorted(each for each in _files(folder, node, "") if each.stat().st_size)


def _files(folder: Path, node: str, more: str) -> list[Path]:
    """Return the files of a node's back-ups, and none of a node whose id begins as this one's."""
    name = re.compile(rf"{re.escape(node)}-\d{{8}}T\d{{6}}Z\.backup{more}")
    return [each for each in folder.glob(f"{node}-*.backup*") if name.fullmatch(each.name)]


def is_due(plan: BackupPlan, state: BackupState | None, now: datetime) -> bool:
    """Return whether a round has something to do; after a failure again in an hour."""
    return is_backup_due(plan, state, now) or _test_due(plan, state, now)


def is_backup_due(plan: BackupPlan, state: BackupState | None, now: datetime) -> bool:
    """Return whether a round makes a back-up."""
    return _due(None if state is None else state.backup, plan.every, now)


def overdue(plan: BackupPlan, state: BackupState | None, now: datetime) -> dict[str, str]:
    """Return what is wrong: by `backup` and `restore_test`, in words; nothing while all is well."""
    if state is None:
        return {"backup": f"there was none yet in {plan.folder}"}
    found: dict[str, str] = {}
    for name, last, every in (
        ("backup", state.backup, plan.every),
        ("restore_test", state.restore_test, plan.test_every),
    ):
        good_at = None if last is None else last.good_at
        since = good_at or state.began_at
        if last is not None and last.fault is not None:
            found[name] = f"failed at {last.at:%Y-%m-%d %H:%M} UTC: {last.fault}"
        elif now - since > every * LATE:
            found[name] = f"the last good one was at {since:%Y-%m-%d %H:%M} UTC"
    last = state.backup
    if last is not None and last.fault is None and not (plan.folder / last.file).exists():
        found["backup"] = f"{plan.folder / last.file} is not there any more"
    return found


def run_round(url: str, plan: BackupPlan, now: datetime, *, at_once: bool = False) -> BackupState:
    """Make a back-up and restore the newest to test it, each if it is due; say how it went.

    Args:
        url: The store.
        plan: When and where.
        now: The present, aware UTC.
        at_once: Do both, due or not.

    Raises:
        StoreError: If another round is at work in that folder.
        OSError: If the folder cannot be written: then nothing can be noted in it either.
    """
    plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _exclusive(plan.folder):
        _tidy(plan)
        state = read_state(plan.folder, plan.node) or BackupState(began_at=now)
        if at_once or is_backup_due(plan, state, now):
            state = msgspec.structs.replace(state, backup=_back_up(url, plan, state.backup, now))
            _write(plan, state)
        if at_once or _test_due(plan, state, now):
            state = msgspec.structs.replace(state, restore_test=_try(plan, state, now))
            _write(plan, state)
        return state


def carry(plan: BackupPlan, to: Path, *, every: bool = False) -> list[Path]:
    """Copy the newest back-up, or every one that is not there yet, into another folder.

    Each is read again from there and compared; its SHA-256 lies beside it, as `sha256sum -c` reads
    it.

    Returns:
        What was written.

    Raises:
        StoreError: If there is no back-up, or what was written is not what was read.
        OSError: If it cannot be written.
    """
    there = backups_in(plan.folder, plan.node)
    if not there:
        raise StoreError(f"there is no back-up in {plan.folder}")
    to_carry = there if every else there[-1:]
    return [_carried(each, to) for each in to_carry if not (to / each.name).exists()]


def _test_due(plan: BackupPlan, state: BackupState | None, now: datetime) -> bool:
    if state is None or state.backup is None or state.backup.good_at is None:
        return False
    return _due(state.restore_test, plan.test_every, now)


def _due(last: BackupRound | None, every: timedelta, now: datetime) -> bool:
    if last is None or now < last.at:  # a clock that was ahead must not keep it from being made
        return True
    return now - last.at >= (every if last.fault is None else min(every, timedelta(hours=1)))


def _back_up(url: str, plan: BackupPlan, last: BackupRound | None, now: datetime) -> BackupRound:
    file = plan.folder / f"{plan.node}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.backup"
    before = None if last is None else last.good_at
    try:
        _require_room(plan.folder, _size_of(url) or (0 if last is None else last.bytes))
        found = back_up(url, file)
        for old in backups_in(plan.folder, plan.node)[: -plan.keep]:
            old.unlink()
    except (StoreError, OSError) as error:
        return BackupRound(at=now, good_at=before, file=file.name, fault=str(error))
    rows = {} if found is None else dict(found.rows)
    return BackupRound(at=now, good_at=now, file=file.name, bytes=file.stat().st_size, rows=rows)


def _try(plan: BackupPlan, state: BackupState, now: datetime) -> BackupRound:
    before = None if state.restore_test is None else state.restore_test.good_at
    name = ""
    try:
        there = backups_in(plan.folder, plan.node)
        if not there:
            raise StoreError(f"there is no back-up in {plan.folder}")
        file = there[-1]
        name = file.name
        if plan.test_url is None:
            _require_room(plan.folder, file.stat().st_size)
        own = f"sqlite:///{plan.folder / 'restore-test.db'}"
        found = restore_to_test(file, plan.test_url or own)
        noted = state.backup.rows if state.backup is not None and state.backup.file == name else {}
        for table, count in noted.items():
            if table not in _END and found.rows.get(table) != count:
                has = found.rows.get(table)
                raise StoreError(f"{file}: {table} has {has} rows, {count} when it was made")
    except (StoreError, OSError) as error:
        return BackupRound(at=now, good_at=before, file=name, fault=str(error))
    return BackupRound(at=now, good_at=now, file=name, rows=dict(found.rows))


_END: Final = frozenset({"sessions", "links", "enrolments"})
"""A restore empties these."""


def _size_of(url: str) -> int:
    path = Path(url.removeprefix("sqlite:///"))
    return path.stat().st_size if url.startswith("sqlite:///") and path.exists() else 0


def _require_room(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + LEAST_ROOM:
        raise StoreError(
            f"{folder} has {free >> 20} MiB left, {(size + LEAST_ROOM) >> 20} MiB are needed: keep"
            " fewer, or name a folder on another disk"
        )


def _tidy(plan: BackupPlan) -> None:
    """Remove files that an interrupted round left behind."""
    parts = _files(plan.folder, plan.node, r"\.part.*")
    empty = [each for each in _files(plan.folder, plan.node, "") if not each.stat().st_size]
    for each in (*parts, *empty, *plan.folder.glob("restore-test.db*")):
        each.unlink(missing_ok=True)


def _state_file(folder: Path, node: str) -> Path:
    return folder / f"{node}-backups.json"


def _write(plan: BackupPlan, state: BackupState) -> None:
    file = _state_file(plan.folder, plan.node)
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(state), indent=1))
    part.replace(file)


@contextmanager
def _exclusive(folder: Path) -> Iterator[None]:
    if sys.platform == "win32":  # it has no advisory locks of this kind
        yield
        return
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StoreError(f"another back-up is being made in {folder}") from None
        yield
    finally:
        os.close(handle)


def _carried(file: Path, to: Path) -> Path:
    made, part = to / file.name, to / f"{file.name}.part"
    part.unlink(missing_ok=True)  # of a copy that was cut off
    own = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # it holds the whole store
    try:
        with os.fdopen(own, "wb") as target, file.open("rb") as source:
            digest = sha256()
            while block := source.read(_BLOCK):
                digest.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        if _digest_on_disk(part) != digest.hexdigest():
            raise StoreError(f"{part} is not what was read of {file}: that disk cannot be trusted")
        # First: a back-up that is there counts as carried whole.
        made.with_name(f"{made.name}.sha256").write_text(
            f"{digest.hexdigest()}  {made.name}\n", encoding="ascii"
        )
        part.replace(made)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return made


def _digest_on_disk(file: Path) -> str:
    digest = sha256()
    with file.open("rb", buffering=0) as opened:
        if hasattr(os, "posix_fadvise"):  # read from the disk, not from what was just written
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := opened.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
