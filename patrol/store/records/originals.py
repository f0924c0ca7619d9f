"""Originals in the store: the camera's own files, by agency and by the photo made from each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, func, select

from patrol.incidents.photo import Original
from patrol.store.schema.tables import from_us, originals, to_us

_O = originals.c
_ABOUT = [each for each in originals.columns if each.name != "body"]


def put(
    connection: Connection, original: Original, file: bytes, *, agency: str, origin: str
) -> bool:
    """Store a camera's file for an agency, unless it has it already; return whether it is new."""
    known = select(_O.id).where(
        _O.agency == agency,
        _O.photo == bytes.fromhex(original.photo),
        _O.sha256 == bytes.fromhex(original.sha256),
    )
    if connection.execute(known).first() is not None:
        return False
    connection.execute(
        originals.insert().values(
            id=uuid4().hex,
            photo=bytes.fromhex(original.photo),
            sha256=bytes.fromhex(original.sha256),
            size=original.size,
            body=file,
            lon=original.lon,
            lat=original.lat,
            taken_us=None if original.taken_at is None else to_us(original.taken_at),
            taken_local=original.taken_local,
            at_us=to_us(original.stored_at),
            by=original.by,
            agency=agency,
            origin=origin,
        )
    )
    return True


def of_photo(connection: Connection, agency: str, photo: str) -> list[Original]:
    """Return the records of the originals of an agency's photo, oldest first."""
    return of_photos(connection, agency, (photo,))


def of_photos(connection: Connection, agency: str, photos: Iterable[str]) -> list[Original]:
    """Return the records of the originals of an agency's photos, oldest first."""
    hashes = [bytes.fromhex(each) for each in photos]
    rows = connection.execute(
        select(*_ABOUT)
        .where(_O.agency == agency, _O.photo.in_(hashes))
        .order_by(_O.at_us, _O.sha256)
    )
    return [_original(row) for row in rows]


def body(connection: Connection, agency: str, photo: str, sha256: str) -> bytes | None:
    """Return a camera's file as it came; None where the agency has none such."""
    found = connection.execute(
        select(_O.body).where(
            _O.agency == agency,
            _O.photo == bytes.fromhex(photo),
            _O.sha256 == bytes.fromhex(sha256),
        )
    ).scalar()
    return None if found is None else bytes(found)


def bytes_since(connection: Connection, agency: str, since: datetime) -> int:
    """Return how many bytes of originals an agency has stored since then."""
    found = connection.execute(
        select(func.sum(_O.size)).where(_O.agency == agency, _O.at_us >= to_us(since))
    ).scalar()
    return int(found or 0)


def _original(row: Any) -> Original:
    return Original(
        photo=bytes(row.photo).hex(),
        sha256=bytes(row.sha256).hex(),
        size=row.size,
        lon=row.lon,
        lat=row.lat,
        taken_at=None if row.taken_us is None else from_us(row.taken_us),
        taken_local=row.taken_local,
        stored_at=from_us(row.at_us),
        by=row.by,
    )
