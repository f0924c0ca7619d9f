"""Photos in the store: the bytes of each, once for each agency that sent it."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, func, select

from patrol.documents.document import Document
from patrol.documents_registry.document_kinds import decode
from patrol.incidents.photo import Photo
from patrol.store.engine.sql_functions import bytes_contain
from patrol.store.schema.rows import readable
from patrol.store.schema.tables import documents, photos, to_us

_F, _P = photos.c, documents.c


def put(
    connection: Connection, photo: Photo, *, agency: str, by: str, at: datetime, origin: str
) -> bool:
    """Store a photo for an agency, unless it has it already.

    Returns:
        Whether it is new.
    """
    if owned(connection, agency, (photo.sha256,)):
        return False
    connection.execute(
        photos.insert().values(
            id=uuid4().hex,
            sha256=bytes.fromhex(photo.sha256),
            body=photo.body,
            width_px=photo.width_px,
            height_px=photo.height_px,
            at_us=to_us(at),
            by=by,
            agency=agency,
            origin=origin,
        )
    )
    return True


def body(connection: Connection, sha256: str, agency: str) -> bytes | None:
    """Return the bytes of an agency's photo; None where it has none of that hash."""
    found = connection.execute(
        select(_F.body).where(_F.agency == agency, _F.sha256 == bytes.fromhex(sha256))
    ).scalar()
    return None if found is None else bytes(found)


def owned(connection: Connection, agency: str, hashes: tuple[str, ...]) -> frozenset[str]:
    """Return which of these photos an agency has."""
    digests = [bytes.fromhex(each) for each in hashes]
    found = connection.execute(
        select(_F.sha256).where(_F.agency == agency, _F.sha256.in_(digests))
    ).scalars()
    return frozenset(bytes(each).hex() for each in found)


def count_since(connection: Connection, agency: str, since: datetime) -> int:
    """Return how many photos an agency has kept since then."""
    found = connection.execute(
        select(func.count()).where(_F.agency == agency, _F.at_us >= to_us(since))
    ).scalar()
    return int(found or 0)


def closed_documents_naming(connection: Connection, sha256: str) -> list[Document]:
    """Return the newest versions of closed documents in which a photo is named.

    It scans the documents one by one: it is needed only for another agency's document that is
    closed.
    """
    # By bytes: the JSON of a document has a hash as it stands.
    mentions = bytes_contain(_P.body, sha256.encode())
    rows = connection.execute(select(documents).where(_P.newest == 1, _P.closed == 1, mentions))
    return list(readable(rows, lambda row: decode(row.kind, row.body)))
