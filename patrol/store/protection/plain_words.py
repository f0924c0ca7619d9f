"""Plain words: values of protected fields from versions that did not encrypt them yet.

`seal_store` removes them from every version of every incident and target, stores them encrypted
with the agency's key, and journals the old and new hash of each version: verification accepts the
new content in place of the old, and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Engine, Row, select, update
from sqlalchemy.exc import SQLAlchemyError

from patrol.documents.transaction import Note
from patrol.errors.errors import StoreError
from patrol.protected_fields.field import FIELDS, sealed_fields
from patrol.protected_fields.field_key import FieldKey
from patrol.store.engine import faults
from patrol.store.engine.engine import commit_proved, connect_to_read, is_postgres, open_engine
from patrol.store.engine.migrate import expect
from patrol.store.engine.postgres import url_without_password
from patrol.store.journal import journal
from patrol.store.protection import protected_fields
from patrol.store.schema.tables import documents, from_us

ACT: Final = "seal plain words"
"""In the journal, of one version: `was` and `is` are SHA-256 of its content."""


def plain_documents(url: str) -> int:
    """Return how many incidents and targets hold plain words that would be encrypted today.

    Raises:
        StoreError: If the store cannot be read.
    """
    engine = open_engine(url)
    try:
        expect(engine)
        with connect_to_read(engine) as connection:
            return len({row.id for row in _rows(connection) if without_plain_words(row)[1]})
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(engine)}: {faults.error_text(error)}") from error
    finally:
        engine.dispose()


def seal_store(
    url: str, key_of: Callable[[str], FieldKey], *, now: datetime, actor: str, origin: str
) -> int:
    """Encrypt all plain words of a store that no server uses; return of how many documents.

    Args:
        url: The store.
        key_of: Returns an agency's key.
        now: The present, aware UTC.
        actor: Who does it, for the journal.
        origin: This node.

    Raises:
        NoFieldKey, FieldKeyError: If an agency with such words has no key that can be used; then
            nothing was changed.
        StoreError: If the store refuses.
    """
    engine = open_engine(url)
    try:
        expect(engine)
        with engine.connect() as connection, commit_proved(connection):
            count = _seal(connection, key_of, now, actor, origin)
        if count:
            _write_over(engine)
        return count
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(engine)}: {faults.error_text(error)}") from error
    finally:
        engine.dispose()


def _write_over(engine: Engine) -> None:
    """Overwrite free pages, so that no removed words stay in the file."""
    raw = engine.raw_connection()
    try:
        driver: Any = raw.driver_connection  # neither works inside a transaction
        if is_postgres(engine):
            driver.autocommit = True
            driver.execute("VACUUM (FULL) papers")
        else:
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        raw.invalidate()  # as it was opened no more


def _seal(
    connection: Connection,
    key_of: Callable[[str], FieldKey],
    now: datetime,
    actor: str,
    origin: str,
) -> int:
    notes: list[Note] = []
    known: dict[str, set[tuple[str, str]]] = {}  # of each document, the words sealed already
    for row in _rows(connection):
        body, words = without_plain_words(row)
        if not words:
            continue
        seen = known.setdefault(row.id, set())
        for name, value in words:
            if (name, value) in seen:
                continue
            seen.add((name, value))
            made = sealed_fields(
                key_of(row.agency),
                {name: value},
                agency=row.agency,
                kind=row.kind,
                document=row.id,
                at=from_us(row.at_us),
                by=body.get("by", ""),
            )
            protected_fields.put(connection, made, origin=row.origin)
            notes += [protected_fields.writing_note(each, actor=actor) for each in made]
        new = msgspec.json.encode(body)
        connection.execute(
            update(documents)
            .where(documents.c.id == row.id, documents.c.version == row.version)
            .values(body=new)
        )
        notes.append(
            Note(
                act=ACT,
                actor=actor,
                agency=row.agency,
                subject=f"{row.kind}:{row.id}",
                detail={
                    "version": row.version,
                    "was": _sha256(row.body),
                    "is": _sha256(new),
                },
            )
        )
    journal.append(connection, notes, now, origin=origin)
    return len(known)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _rows(connection: Connection) -> list[Row[Any]]:
    found = connection.execute(
        select(documents)
        .where(documents.c.kind.in_(FIELDS))
        .order_by(documents.c.id, documents.c.version)
    )
    return list(found)


def without_plain_words(row: Row[Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the content of a version of an incident or target without plain words, and those by
    field.
    """
    try:
        body = msgspec.json.decode(row.body)
    except msgspec.MsgspecError:  # a damaged row: proving names it
        return {}, []
    found: list[tuple[str, str]] = []
    for name in FIELDS[row.kind]:
        _take(body, name, found)
    for each in body.get("sightings", ()):
        _take(each, "private_note", found)
    return body, found


def _take(holder: dict[str, Any], name: str, found: list[tuple[str, str]]) -> None:
    value = holder.pop(name, "")
    words = value if isinstance(value, str) else "\n".join(value)
    if words.strip():
        found.append((name, words))
