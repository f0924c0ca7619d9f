"""Removal: deletes records whose retention time is over and that no legal hold covers.

Each step handles a few records, in one transaction with the journal entries about them; by these
`audit verify` tells a record removed by policy from one that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, delete, or_, select

from patrol.documents.transaction import Note
from patrol.store.engine.sql_functions import bytes_contain
from patrol.store.protection import protected_fields
from patrol.store.protection.legal_holds import holds, is_agency_held, is_held
from patrol.store.schema.tables import (
    documents,
    from_us,
    messages,
    originals,
    photos,
    retention_marks,
)
from radio_gateway.parsing.msgspec_decoders import json_decoder

AT_ONCE: Final = 50
"""Records that one step looks at."""

REMOVED: Final = "remove by retention"
"""The act by which a removal stands in the journal."""

_P, _F, _O, _M = documents.c, photos.c, originals.c, messages.c

RemovalPlace = tuple[int, str]
"""How far a look through has come: time, microseconds, and id."""

START: Final[RemovalPlace] = (-(1 << 62), "")


class RemovalStep(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one step.

    Attributes:
        notes: What the journal is told: one line for each thing that went.
        after: How far it has come; None at the end.
    """

    notes: tuple[Note, ...]
    after: RemovalPlace | None


class _Photos(msgspec.Struct):
    """The photos that a document names."""

    photos: tuple[str, ...] = ()


def begin_again(connection: Connection) -> None:
    """Restart every stage of retention at the first message, after a hold was released."""
    connection.execute(
        delete(retention_marks).where(retention_marks.c.id.in_(("minute", "quarter", "gone")))
    )


def remove_documents(
    connection: Connection, kind: str, before_us: int, after: RemovalPlace
) -> RemovalStep:
    """Remove closed documents of a kind with an older last change, and photos of these alone."""
    rows = connection.execute(
        _page(documents, _P.at_us, _P.id, before_us, after).where(
            _P.kind == kind, _P.newest == 1, _P.closed == 1
        )
    ).all()
    held = holds(connection)
    notes: list[Note] = []
    for row in rows:
        if is_held(connection, held, row.agency, row.id) or _is_named(connection, row.id):
            continue
        bodies = connection.execute(select(_P.body).where(_P.id == row.id)).scalars().all()
        connection.execute(delete(documents).where(_P.id == row.id))
        protected_fields.remove(connection, row.id)
        last = from_us(row.at_us)
        notes.append(_note(row.agency, f"{kind}:{row.id}", versions=len(bodies), last=last))
        for photo in dict.fromkeys(each for body in bodies for each in _photos_of(body)):
            if not _is_photo_named(connection, photo):
                notes += _remove_photo(connection, row.agency, bytes.fromhex(photo))
    return RemovalStep(notes=tuple(notes), after=_next(rows))


def remove_photos(connection: Connection, before_us: int, after: RemovalPlace) -> RemovalStep:
    """Remove photos that came earlier and that no document names."""
    rows = connection.execute(_page(photos, _F.at_us, _F.id, before_us, after)).all()
    held = holds(connection)
    notes: list[Note] = []
    for row in rows:
        photo = bytes(row.sha256).hex()
        if not (is_agency_held(held, row.agency) or _is_photo_named(connection, photo)):
            notes += _remove_photo(connection, row.agency, bytes(row.sha256))
    return RemovalStep(notes=tuple(notes), after=_next(rows))


def remove_originals(connection: Connection, before_us: int, after: RemovalPlace) -> RemovalStep:
    """Remove originals that came earlier, unless their photo is named by a document that is open,
    or that a hold covers.
    """
    rows = connection.execute(_page(originals, _O.at_us, _O.id, before_us, after)).all()
    held = holds(connection)
    notes: list[Note] = []
    for row in rows:
        naming = connection.execute(
            select(_P.agency, _P.id, _P.closed)
            .where(_P.newest == 1, bytes_contain(_P.body, bytes(row.photo).hex().encode()))
            .distinct()
        ).all()
        if is_agency_held(held, row.agency) or any(
            not each.closed or is_held(connection, held, each.agency, each.id) for each in naming
        ):
            continue
        connection.execute(delete(originals).where(_O.id == row.id))
        notes.append(_original_note(row))
    return RemovalStep(notes=tuple(notes), after=_next(rows))


def remove_texts(connection: Connection, before_us: int, after: RemovalPlace) -> RemovalStep:
    """Remove texts to radios that were given earlier and of which nothing more is awaited."""
    rows = connection.execute(
        _page(messages, _M.created_us, _M.id, before_us, after).where(_M.final == 1)
    ).all()
    held = holds(connection)
    kept_units = {each.id_held for each in held if each.kind_held == "unit"}
    going = [
        row for row in rows if not is_agency_held(held, row.agency) and row.unit not in kept_units
    ]
    counts: dict[str, int] = {}
    for row in going:
        counts[row.agency] = counts.get(row.agency, 0) + 1
    if going:
        connection.execute(delete(messages).where(_M.id.in_([row.id for row in going])))
    until = from_us(before_us)
    notes = [_note(agency, "messages:", count=n, before=until) for agency, n in counts.items()]
    return RemovalStep(notes=tuple(notes), after=_next(rows))


# -- inside


def _page(
    table: Table,
    at: ColumnElement[Any],
    id: ColumnElement[Any],
    before_us: int,
    after: RemovalPlace,
) -> Any:
    time, last = after
    columns = [each for each in table.columns if each.name != "body"]
    return (
        select(*columns, at.label("place_us"))
        .where(at < before_us, or_(at > time, and_(at == time, id > last)))
        .order_by(at, id)
        .limit(AT_ONCE)
    )


def _next(rows: Sequence[Any]) -> RemovalPlace | None:
    return (rows[-1].place_us, rows[-1].id) if len(rows) == AT_ONCE else None


def _is_named(connection: Connection, id: str) -> bool:
    """Return whether an open document names another one."""
    mentions = select(_P.id).where(
        _P.newest == 1, _P.closed == 0, _P.id != id, bytes_contain(_P.body, id.encode())
    )
    return connection.execute(mentions.limit(1)).first() is not None


def _is_photo_named(connection: Connection, photo: str) -> bool:
    mentions = select(_P.id).where(bytes_contain(_P.body, photo.encode()))
    return connection.execute(mentions.limit(1)).first() is not None


def _photos_of(body: bytes) -> tuple[str, ...]:
    try:
        return json_decoder(_Photos).decode(body).photos
    except msgspec.MsgspecError:
        return ()


def _remove_photo(connection: Connection, agency: str, photo: bytes) -> list[Note]:
    """Remove a photo with its originals; return what the journal is told."""
    about = [each for each in originals.columns if each.name != "body"]
    sealed = select(*about).where(_O.agency == agency, _O.photo == photo)
    notes = [_original_note(row) for row in connection.execute(sealed)]
    connection.execute(delete(originals).where(_O.agency == agency, _O.photo == photo))
    removed = connection.execute(delete(photos).where(_F.agency == agency, _F.sha256 == photo))
    if removed.rowcount:
        notes.append(_note(agency, f"photo:{photo.hex()}"))
    return notes


def _original_note(row: Any) -> Note:
    return _note(row.agency, f"original:{bytes(row.sha256).hex()}", photo=bytes(row.photo).hex())


def _note(agency: str, subject: str, **detail: int | str | datetime) -> Note:
    return Note(act=REMOVED, actor="", agency=agency, subject=subject, detail=dict(detail))
