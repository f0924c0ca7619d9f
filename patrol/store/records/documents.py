"""Documents in the store: every version of each, with a fast way to the newest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from patrol.documents.document import Document, kind_of
from patrol.documents_registry.document_kinds import decode, encode
from patrol.errors.errors import Conflict
from patrol.store.schema.rows import readable
from patrol.store.schema.tables import documents, to_us

_P = documents.c


def put(
    connection: Connection, document: Document, *, reason: str = ""
) -> tuple[str, dict[str, Any]]:
    """Store a new version.

    Returns:
        What the journal says of it: its subject, and enough to find it altered, with the reason.

    Raises:
        Conflict: If that version, or not the one before it, is kept already.
    """
    kind, body = kind_of(document), encode(document)
    if document.version > 1:
        old = connection.execute(
            update(documents)
            .where(_P.id == document.id, _P.newest == 1, _P.version == document.version - 1)
            .values(newest=0)
        )
        if old.rowcount != 1:
            raise Conflict(f"{kind} {document.id} has been changed: look at it again")
    elif connection.execute(select(_P.id).where(_P.id == document.id).limit(1)).first() is not None:
        raise Conflict(f"there is a {kind} {document.id} already")
    connection.execute(
        documents.insert().values(
            id=document.id,
            version=document.version,
            newest=1,
            closed=int(document.is_closed),
            kind=kind,
            at_us=to_us(document.at),
            body=body,
            agency=document.agency,
            origin=document.origin,
        )
    )
    values: dict[str, Any] = {
        "version": document.version,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    if reason:
        values["reason"] = reason
    return f"{kind}:{document.id}", values


def open_documents(connection: Connection) -> list[Document]:
    """Return the newest version of everything that is not closed, oldest first."""
    rows = connection.execute(
        select(documents).where(_P.newest == 1, _P.closed == 0).order_by(_P.at_us, _P.id)
    )
    return list(readable(rows, _document))


def newest(connection: Connection, kind: str, id: str) -> Document | None:
    """Return the newest version of a document, closed or not; None if there is none."""
    row = connection.execute(
        select(documents).where(_P.id == id, _P.newest == 1, _P.kind == kind)
    ).first()
    return None if row is None else _document(row)


def at_version(connection: Connection, kind: str, id: str, version: int) -> Document | None:
    """Return one version of a document; None if there is none, or it cannot be read."""
    rows = connection.execute(
        select(documents).where(_P.id == id, _P.version == version, _P.kind == kind)
    )
    return next(readable(rows, _document), None)


def versions(connection: Connection, kind: str, id: str) -> list[Document]:
    """Return every version of a document, oldest first."""
    rows = connection.execute(
        select(documents).where(_P.id == id, _P.kind == kind).order_by(_P.version)
    )
    return list(readable(rows, _document))


def all_versions(connection: Connection, kind: str) -> Iterator[Document]:
    """Yield every version of every document of a kind, one by one, oldest version first."""
    rows = connection.execute(select(documents).where(_P.kind == kind).order_by(_P.id, _P.version))
    yield from readable(rows, _document)


def of_kind(
    connection: Connection,
    kind: str,
    *,
    since_us: int | None = None,
    until_us: int | None = None,
    agencies: Sequence[str] | None = None,
    limit: int = 1000,
) -> list[Document]:
    """Return the newest versions of a kind, closed or not, last changed first.

    Args:
        connection: To the store.
        kind: Tag of the kind.
        since_us: Changed at this time or later.
        until_us: Changed before this time.
        agencies: Only of these owners.
        limit: Most documents.
    """
    query = select(documents).where(_P.kind == kind, _P.newest == 1)
    if since_us is not None:
        query = query.where(_P.at_us >= since_us)
    if until_us is not None:
        query = query.where(_P.at_us < until_us)
    if agencies is not None:
        query = query.where(_P.agency.in_(agencies))
    rows = connection.execute(query.order_by(_P.at_us.desc(), _P.id).limit(limit))
    return list(readable(rows, _document))


def _document(row: Any) -> Document:
    return decode(row.kind, row.body)
