"""Signing journal: proves a store that a server may have open, signs its end, writes it out."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from maps.settings.settings import Settings
from patrol.audit import export as audit_file
from patrol.audit.chain import FIRST, Chain
from patrol.audit.signed_head import SignedHead, signed_head
from patrol.documents.transaction import Note
from patrol.errors.errors import AuditError, StoreError
from patrol.signatures.signing_key import SigningKey, read_or_make_key
from patrol.store.engine.engine import commit_proved, connect_to_read, open_engine
from patrol.store.engine.migrate import no_store
from patrol.store.journal import journal
from patrol.store.proof import verify_journal

P = ParamSpec("P")
T = TypeVar("T")


def require_store(settings: Settings) -> None:
    """Check that the node has a store.

    Raises:
        StoreError: If there is none: to prove an empty one would prove nothing.
    """
    file = settings.store.file
    if file is not None and not file.is_file():
        raise no_store(file)


def key_file(settings: Settings) -> Path:
    """Return where the node keeps the key that signs its journal.

    Where the settings say; else beside the store's file, or of a database on a server, which is no
    place for it, beside the settings.
    """
    if settings.audit.key_file is not None:
        return settings.audit.key_file
    file = settings.store.file or settings.folder / "joint-patrol"
    return file.with_name(f"{file.name}.audit-key")


def mark_file(settings: Settings) -> Path:
    """Return where it is kept how far an interrupted verification came, beside the store."""
    file = settings.store.file or settings.folder / "joint-patrol"
    return file.with_name(f"{file.name}.verified")


def read_store(
    settings: Settings,
    query: Callable[Concatenate[Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run `query` on one state of the store; a running server may write meanwhile.

    Raises:
        StoreError: If it cannot be read.
    """
    return _run(settings, query, *args, reads=True, **kwargs)


def write_store(
    settings: Settings,
    query: Callable[Concatenate[Connection, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run `query`, which tells the journal itself, in one transaction, beside a running server.

    Raises:
        StoreError: If there is no store, or it refuses.
    """
    return _run(settings, query, *args, reads=False, **kwargs)


def note(settings: Settings, entry: Note) -> None:
    """Add a line to the journal.

    Raises:
        StoreError: If there is no store, or it refuses.
    """
    _run(settings, journal.append, [entry], datetime.now(UTC), origin=settings.node.id, reads=False)


def current_head(settings: Settings) -> SignedHead:
    """Return the journal's end, signed; the key is made on first use.

    Raises:
        AuditError: If the last row is not as it was written.
        SigningKeyError: If the key cannot be used.
        StoreError: If the store cannot be read.
        OSError: If the key cannot be read or made.
    """
    last = read_store(settings, journal.head)
    if last is not None:
        fault = Chain(last.seq - 1, last.previous).take(last)
        if fault is not None:
            raise AuditError(f"nothing was signed: {fault}")
    return _signed(settings, 0 if last is None else last.seq, FIRST if last is None else last.hash)


def write_export(settings: Settings, file: Path, *, after: int) -> SignedHead:
    """Write the journal out, and note in it that it was.

    Args:
        settings: Of the node.
        file: Where to; it must not be there yet.
        after: Number of the row before the first that is written.

    Raises:
        AuditError: If a row is not as it was written; then there is no file.
        SigningKeyError: If the key cannot be used.
        StoreError: If the store cannot be read.
        OSError: If the file cannot be written.
    """
    require_store(settings)
    # Before anything is written: it may be one that others can read.
    read_or_make_key(key_file(settings))
    note = Note(
        act="export journal",
        actor="command line",
        agency=settings.agencies[0].id,
        subject=f"journal:{settings.node.id}",
        detail={"after": after},
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _run(
            settings,
            journal.append,
            [note],
            datetime.now(UTC),
            origin=settings.node.id,
            reads=False,
        )
        with os.fdopen(descriptor, "wb") as opened:
            head = read_store(settings, _exported, opened.write, settings, after)
            opened.write(msgspec.json.encode(head) + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return head


def _exported(
    connection: Connection, write: Callable[[bytes], object], settings: Settings, after: int
) -> SignedHead:
    chain = Chain()
    if after:
        before = journal.page(connection, after=after - 1, limit=1)
        if not before or before[0].seq != after:
            raise AuditError(f"there is no row {after} to begin after")
        chain = Chain(after, before[0].hash)
    node = settings.node.id
    write(audit_file.opening(node=node, at=datetime.now(UTC), after=after, previous=chain.hash))
    try:
        for entries in verify_journal.pages(connection, after=after):
            for entry in entries:
                fault = chain.take(entry)
                if fault is not None:
                    raise AuditError(f"nothing was signed: {fault}")
            write(audit_file.lines(entries))
    except ValueError as error:
        raise AuditError(f"nothing was signed: {error}") from None
    return _signed(settings, chain.seq, chain.hash)


def _signed(settings: Settings, seq: int, last: bytes) -> SignedHead:
    key: SigningKey = read_or_make_key(key_file(settings))
    return signed_head(key, node=settings.node.id, seq=seq, last=last, at=datetime.now(UTC))


def _run(
    settings: Settings,
    query: Callable[..., T],
    *args: object,
    reads: bool,
    **kwargs: object,
) -> T:
    require_store(settings)
    engine = open_engine(settings.store.url)
    try:
        with (
            connect_to_read(engine) if reads else engine.connect() as connection,
            contextlib.nullcontext() if reads else commit_proved(connection),
        ):
            return query(connection, *args, **kwargs)
    except SQLAlchemyError as error:
        raise StoreError(str(error.__cause__ or error)) from error
    finally:
        engine.dispose()
