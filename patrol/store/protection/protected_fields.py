"""Protected fields in the store: encrypted words, and users who may read those of a document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, and_, delete, func, select, update

from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict, NotFound
from patrol.protected_fields.field import ProtectedField
from patrol.protected_fields.reader import ProtectedReader
from patrol.store.engine.engine import is_postgres
from patrol.store.protection.legal_holds import holds, is_held
from patrol.store.schema.tables import (
    documents,
    from_us,
    protected_fields,
    protected_readers,
    to_us,
)

_F, _R = protected_fields.c, protected_readers.c


def put(connection: Connection, fields: Sequence[ProtectedField], *, origin: str) -> None:
    """Store new protected fields."""
    for each in fields:
        row = msgspec.structs.asdict(each) | {"origin": origin, "at_us": to_us(each.at)}
        row["paper"] = row.pop("document")
        del row["at"], row["redacted_at"]
        connection.execute(protected_fields.insert().values(row))


def writing_note(field: ProtectedField, *, actor: str) -> Note:
    """Return the journal note of a new protected field."""
    return Note(
        act="write protected field",
        actor=actor,
        agency=field.agency,
        subject=f"{field.kind}:{field.document}",
        detail={"id": field.id, "field": field.field, "commitment": field.commitment.hex()},
    )


def of_document(
    connection: Connection, agency: str, kind: str, document: str
) -> list[ProtectedField]:
    """Return all protected fields of an agency on a document, oldest first."""
    rows = connection.execute(
        select(protected_fields)
        .where(_F.paper == document, _F.kind == kind, _F.agency == agency)
        .order_by(_F.at_us, _F.id)
    )
    return [_field(row) for row in rows]


def count(connection: Connection, agency: str, kind: str, document: str) -> int:
    """Return how many protected fields an agency has on a document."""
    query = select(func.count()).where(_F.paper == document, _F.kind == kind, _F.agency == agency)
    return int(connection.execute(query).scalar_one())


def redact(
    connection: Connection,
    id: str,
    *,
    agency: str,
    kind: str,
    document: str,
    at: datetime,
    by: str,
    reason: str,
) -> ProtectedField:
    """Redact a field: delete its words, and with them the random bytes of its commitment.

    Returns:
        What is left.

    Raises:
        NotFound: If the agency has written none such.
        Conflict: If a legal hold of the agency covers the document, or they were taken away before.
    """
    # What another agency ordered is not told here: it never sees these words, nor claims them.
    own = [each for each in holds(connection) if each.agency == agency]
    if is_held(connection, own, agency, document):
        raise Conflict("a legal hold covers it: it has to be released first", code="legal_hold")
    row = connection.execute(
        select(protected_fields).where(
            _F.id == id, _F.agency == agency, _F.kind == kind, _F.paper == document
        )
    ).first()
    if row is None:
        raise NotFound("protected field", id)
    if row.sealed is None:
        raise Conflict("it was redacted before", code="changed_meanwhile")
    if not is_postgres(connection):  # what is taken away is overwritten in the file
        connection.exec_driver_sql("PRAGMA secure_delete = ON").all()
    connection.execute(
        update(protected_fields)
        .where(_F.id == id)
        .values(sealed=None, redacted_at_us=to_us(at), redacted_by=by, reason=reason)
    )
    if not is_postgres(connection):
        connection.exec_driver_sql("PRAGMA secure_delete = OFF").all()
    return msgspec.structs.replace(
        _field(row), sealed=None, redacted_at=at, redacted_by=by, reason=reason
    )


def remove(connection: Connection, document: str) -> None:
    """Delete the protected fields and readers of a document that is deleted."""
    connection.execute(delete(protected_fields).where(_F.paper == document))
    connection.execute(delete(protected_readers).where(_R.paper == document))


def readers(connection: Connection, agency: str, kind: str, document: str) -> list[str]:
    """Return the users who were given leave to read a document's protected fields."""
    found = connection.execute(
        select(_R.reader)
        .where(_R.paper == document, _R.kind == kind, _R.agency == agency)
        .order_by(_R.reader)
    )
    return list(found.scalars())


def all_readers(connection: Connection, agency: str, *, most: int) -> list[ProtectedReader]:
    """Return which users of an agency may read which document, newest first."""
    of_document = documents.c.newest == 1, documents.c.id == _R.paper
    rows = connection.execute(
        select(protected_readers, documents.c.body)
        .outerjoin(documents, and_(*of_document))
        .where(_R.agency == agency)
        .order_by(_R.at_us.desc(), _R.id)
        .limit(most)
    )
    return [
        ProtectedReader(
            reader=row.reader,
            kind=row.kind,
            document=row.paper,
            name=_name(row.body),
            at=from_us(row.at_us),
            by=row.by,
        )
        for row in rows
    ]


def grant(
    connection: Connection,
    reader: str,
    *,
    agency: str,
    kind: str,
    document: str,
    at: datetime,
    by: str,
    origin: str,
) -> bool:
    """Let a user read the protected fields of a document; return whether that is new."""
    if reader in readers(connection, agency, kind, document):
        return False
    row: dict[str, Any] = {"id": uuid4().hex, "agency": agency, "kind": kind, "paper": document}
    row |= {"reader": reader, "at_us": to_us(at), "by": by, "origin": origin}
    connection.execute(protected_readers.insert().values(row))
    return True


def revoke(connection: Connection, reader: str, *, agency: str, kind: str, document: str) -> bool:
    """Let a user read them no more; return whether it was given."""
    deletion = connection.execute(
        delete(protected_readers).where(
            _R.reader == reader, _R.agency == agency, _R.kind == kind, _R.paper == document
        )
    )
    return deletion.rowcount > 0


class _Named(msgspec.Struct):
    name: str = ""
    category: str = ""


_named = msgspec.json.Decoder(_Named).decode


def _name(body: bytes | None) -> str:
    try:
        found = _named(body or b"{}")
    except msgspec.MsgspecError:  # a damaged row: what was given is told all the same
        return ""
    return found.name or found.category


def _field(row: Any) -> ProtectedField:
    return ProtectedField(
        id=row.id,
        agency=row.agency,
        kind=row.kind,
        document=row.paper,
        field=row.field,
        at=from_us(row.at_us),
        by=row.by,
        commitment=row.commitment,
        key=row.key,
        sealed=row.sealed,
        redacted_at=None if row.redacted_at_us is None else from_us(row.redacted_at_us),
        redacted_by=row.redacted_by,
        reason=row.reason,
    )
