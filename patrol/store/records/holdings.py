"""Holdings search: finds words in an agency's records of every kind.

It scans the tables, without an index, and returns a bounded number of each kind. Encrypted words
are not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, func, literal_column, or_, select

from patrol.documents_registry.document_kinds import KINDS
from patrol.holdings.mention import SEARCH, Mention, Mentions
from patrol.protected_fields.field import FIELDS
from patrol.store.engine.sql_functions import json_contains, text_contains
from patrol.store.protection.plain_words import without_plain_words
from patrol.store.receptions import thinning
from patrol.store.schema.tables import (
    assignments,
    crew_reports,
    devices,
    documents,
    from_us,
    journal,
    messages,
    originals,
    photos,
    set_aside,
    statements_in,
    statements_out,
    transmissions,
    units,
    users,
)

MOST: Final = 100
"""Findings of one kind."""

_LONGEST: Final = 120
_P, _T, _J = documents.c, transmissions.c, journal.c
_NAMES: Final = ("name", "call_sign", "category", "rule", "title", "text")


def search(connection: Connection, agency: str, words: str) -> Mentions:
    """Return the records of an agency that contain some words: a name, call sign, number, device
    id.

    Args:
        connection: To the store.
        agency: Whose records.
        words: What to look for, whatever the case of its letters, as a part of a field.
    """
    found: list[Mention] = []
    more: list[str] = []
    for kind, look in _LOOKS.items():
        some = list(islice(look(connection, agency, words), MOST + 1))
        found += some[:MOST]
        if len(some) > MOST:
            more.append(kind)
    return Mentions(mentions=tuple(found), more=tuple(more))


def _in_columns(
    table: Table, kind: str, names: tuple[str, ...], *, id: str, name: str = "", at: str = ""
) -> Callable[[Connection, str, str], Iterator[Mention]]:
    """Return a function that searches some text columns of a table."""

    def look(connection: Connection, agency: str, words: str) -> Iterator[Mention]:
        columns = [table.c[each] for each in names]
        query = select(table).where(
            table.c.agency == agency, or_(*(text_contains(each, words) for each in columns))
        )
        order = table.c[at].desc() if at else table.c[id]
        for row in connection.execute(query.order_by(order).limit(MOST + 1)).mappings():
            yield Mention(
                kind=kind,
                id=_text(row[id]),
                fields=tuple(each for each in names if _says(row[each], words)),
                name=_text(row[name])[:_LONGEST] if name else "",
                at=from_us(row[at]) if at else None,
            )

    return look


def _documents(connection: Connection, agency: str, words: str) -> Iterator[Mention]:
    """Search every version of every document; yield the last matching version of each."""
    last = (
        select(_P.id, func.max(_P.version).label("version"))
        .where(_P.agency == agency, or_(json_contains(_P.body, words), text_contains(_P.id, words)))
        .group_by(_P.id)
        .subquery()
    )
    rows = connection.execute(
        select(documents)
        .join(last, (last.c.id == _P.id) & (last.c.version == _P.version))
        .order_by(_P.at_us.desc(), _P.id)
        .limit(MOST + 1)
    )
    for row in rows:
        body = without_plain_words(row)[0] if row.kind in FIELDS else _decoded(row.body)
        fields = tuple(each for each in body if _says(body[each], words))
        if not fields and row.kind in FIELDS and not _says(row.id, words):
            continue  # in words that are not sealed yet: who informed is not to be guessed here
        name = next((str(body[each]) for each in _NAMES if isinstance(body.get(each), str)), "")
        yield Mention(
            kind=row.kind,
            id=row.id,
            fields=fields,
            name=name[:_LONGEST],
            at=from_us(row.at_us),
        )


def _message_mentions(connection: Connection, agency: str, words: str) -> Iterator[Mention]:
    """Search radio addresses, and the texts, statuses and names that radios sent."""
    for address in thinning.all_addresses(connection):
        if _says(address, words):
            newest = connection.execute(
                select(func.max(_T.time_us)).where(_T.address == address, _T.agency == agency)
            ).scalar()
            if newest is not None:
                yield Mention(kind="heard", id=address, fields=("address",), at=from_us(newest))
    for field, some, says in (
        ("text", _T.text.is_not(None), text_contains(_T.text, words)),
        ("status", _T.status.is_not(None), text_contains(_T.status, words)),
        ("facts", _T.kind == literal_column("'static'"), json_contains(_T.facts, words)),
    ):
        query = (
            select(_T.address, func.count().label("count"), func.max(_T.time_us).label("last"))
            .where(some, says, _T.agency == agency)
            .group_by(_T.address)
            .order_by(_T.address)
            .limit(MOST + 1)
        )
        for row in connection.execute(query):
            yield Mention(
                kind="heard",
                id=row.address,
                fields=(field,),
                name=f"{row.count} ×",
                at=from_us(row.last),
            )


def _statement_mentions(connection: Connection, agency: str, words: str) -> Iterator[Mention]:
    """Look into what counterparts were told, and told; what is no JSON says nothing."""
    for table in (statements_in, statements_out):
        rows = connection.execution_options(yield_per=1000).execute(
            select(table).where(table.c.agency == agency).order_by(table.c.at_us.desc())
        )
        for row in rows:
            body = _decoded(row.body)
            fields = tuple(each for each in body if _says(body[each], words))
            if fields:
                yield Mention(
                    kind="statement",
                    id=row.id,
                    fields=fields,
                    name=row.kind[:_LONGEST],
                    at=from_us(row.at_us),
                )


def _journal(connection: Connection, agency: str, words: str) -> Iterator[Mention]:
    """Search journal entries by actor, subject and detail, except those about searches."""
    names = ("actor", "subject", "detail")
    rows = connection.execute(
        select(journal)
        .where(
            _J.agency == agency,
            _J.act != SEARCH,
            or_(*(text_contains(_J[each], words) for each in names)),
        )
        .order_by(_J.seq.desc())
        .limit(MOST + 1)
    )
    for row in rows:
        fields = tuple(each for each in names if _says(getattr(row, each), words))
        yield Mention(
            kind="journal", id=str(row.seq), fields=fields, name=row.act, at=from_us(row.at_us)
        )


_LOOKS: Final[dict[str, Callable[[Connection, str, str], Iterator[Mention]]]] = {
    "unit": _in_columns(units, "unit", ("call_sign", "note", "id"), id="id", name="call_sign"),
    "radio": _in_columns(
        assignments, "radio", ("address", "unit"), id="address", name="unit", at="start_us"
    ),
    "user": _in_columns(users, "user", ("name",), id="name", at="created_us"),
    "device": _in_columns(
        devices, "device", ("name", "unit", "by"), id="name", name="unit", at="created_us"
    ),
    "paper": _documents,
    "message": _in_columns(
        messages,
        "message",
        ("text", "operator", "unit", "address", "reason"),
        id="id",
        name="text",
        at="created_us",
    ),
    "heard": _message_mentions,
    "photo": _in_columns(photos, "photo", ("by",), id="sha256", at="at_us"),
    "original": _in_columns(originals, "original", ("by",), id="sha256", at="at_us"),
    "crew_report": _in_columns(
        crew_reports, "crew_report", ("by", "id", "made"), id="id", name="kind", at="at_us"
    ),
    "set_aside": _in_columns(
        set_aside, "set_aside", ("address", "reception_id"), id="id", name="address", at="at_us"
    ),
    "statement": _statement_mentions,
    "journal": _journal,
}


def _says(value: Any, words: str) -> bool:
    """Return whether a value, or a value inside it, contains some words."""
    if isinstance(value, str):
        return words.casefold() in value.casefold()
    if isinstance(value, dict):
        return any(_says(each, words) for each in value.values())
    if isinstance(value, (list, tuple)):
        return any(_says(each, words) for each in value)
    return False


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value or "")


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


assert not _LOOKS.keys() & KINDS.keys(), "a kind of paper is named as another kind of record is"
