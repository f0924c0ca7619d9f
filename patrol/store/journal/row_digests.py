"""Row digests: journal digests of rows about accounts, radios, protected fields and quarantine.

Somebody who becomes administrator by an SQL statement leaves no entry in the journal. So each entry
holds the SHA-256, before and after, of every row of the tables below that its transaction changed,
as `digests` in its detail: `{"users": {ID: [before, after]}}`, null for a row that did not exist.
`RowReplay` goes through the journal: if a row before an act differs from the row after the last act
on it, or differs now, it was changed outside the product. A protected field that was redacted, or
removed with its document, is recorded the same way.

A digest is of the JSON object of the row's columns, names in order, bytes as a list of their
hexadecimal digits. What is empty (null, 0, no text) is left out, so that a column that a later
version adds changes no digest. `docs/reference/audit.md` has the rule for others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec
from sqlalchemy import Connection, Delete, Engine, Insert, Select, Table, Update, event, select

from patrol.audit.chain import DIGESTS, Entry, canonical
from patrol.documents.transaction import Note
from patrol.store.schema.tables import journal, metadata
from radio_gateway.parsing.msgspec_decoders import json_decoder

_NAMED: Final = frozenset({"agencies", "users", "devices", "enrolments", "units", "assignments"})

PROTECTED: Final = ("protected_fields", "protected_readers")
SET_ASIDE: Final = ("set_aside",)

_LATER: Final = frozenset({*PROTECTED, *SET_ASIDE})
"""What a line `cover accounts` that names no tables did not cover yet."""

COVERED: Final[Mapping[str, Table]] = {
    str(table.name): table  # it may be a `quoted_name`
    for table in metadata.sorted_tables
    # whatever lets a user in, also of later versions
    if table.name in _NAMED | _LATER or "user" in table.c
}

ACCOUNTS: Final = tuple(name for name in COVERED if name not in _LATER)

COVER: Final = "cover accounts"
SUBJECT: Final = "journal:accounts"

_TABLES: Final = "tables"
_TOUCHED: Final = "joint patrol rows of accounts before they were changed"

_AT_ONCE: Final = 2_000
"""Rows that one line covers: a line of an export has an end."""

What = Literal["altered", "missing", "unwritten"]

Digests = dict[str, dict[str, list[str | None]]]
"""By table and id: the digest before and after."""


def digest(row: Mapping[str, Any]) -> str:
    """Return the digest of a row, by its columns' names."""
    values = {
        name: [value.hex()] if isinstance(value, bytes) else value
        for name, value in row.items()
        if value
    }
    return hashlib.sha256(canonical(values)).hexdigest()


def record_changes(engine: Engine) -> None:
    """Record the digests of rows of `COVERED` before a statement changes them."""

    @event.listens_for(engine, "before_execute")
    def _before(
        connection: Connection,
        statement: Any,
        many: Iterable[Mapping[str, Any]],
        one: Mapping[str, Any],
        _options: Any,
    ) -> None:
        if isinstance(statement, Insert | Update | Delete):
            table = COVERED.get(str(getattr(statement.table, "name", "")))
            if table is not None:
                _touch(connection, table, statement, list(many) or [one])


def changed_digests(connection: Connection) -> Digests:
    """Return the digests of rows changed in this transaction since the last call."""
    touched: dict[tuple[str, str], str | None] | None = connection.info.pop(_TOUCHED, None)
    if not touched:
        return {}
    found: Digests = {}
    for name in dict.fromkeys(name for name, _ in touched):
        ids = [id for table, id in touched if table == name]
        now = _digests(connection, select(COVERED[name]).where(COVERED[name].c.id.in_(ids)))
        changed = {
            id: [touched[name, id], now.get(id)] for id in ids if touched[name, id] != now.get(id)
        }
        if changed:
            found[name] = changed
    return found


def cover(connection: Connection) -> list[Note]:
    """Return notes with digests of all rows of tables that have none yet; the last note names these
    tables. Each table is covered once in the life of a store.
    """
    query = select(journal.c.detail).where(journal.c.subject == SUBJECT, journal.c.act == COVER)
    covered: set[str] = set()
    for detail in connection.execute(query).scalars():
        covered |= covers(detail)
    left = [name for name in COVERED if name not in covered]
    if not left:
        return []
    rows = [
        (name, id, now)
        for name in left
        for id, now in sorted(_digests(connection, select(COVERED[name])).items())
    ]
    lines = [rows[begin : begin + _AT_ONCE] for begin in range(0, len(rows), _AT_ONCE)] or [[]]
    return [
        Note(
            act=COVER,
            actor="",
            agency="",
            subject=SUBJECT,
            detail={_TABLES: left if some is lines[-1] else [], DIGESTS: _by_table(some)},
        )
        for some in lines
    ]


def covers(detail: str) -> frozenset[str]:
    """Return the tables that an entry `cover accounts` covers."""
    try:
        entry = json_decoder(_Covers).decode(detail)
    except msgspec.MsgspecError:
        return frozenset()
    return frozenset(ACCOUNTS if entry.tables is None else entry.tables)


class _Covers(msgspec.Struct):
    tables: list[str] | None = None


def _by_table(rows: Iterable[tuple[str, str, str]]) -> Digests:
    found: Digests = {}
    for name, id, now in rows:
        found.setdefault(name, {})[id] = [None, now]
    return found


class DifferingRow(NamedTuple):
    """A row that differs from the journal: its table and id, the fault, the entry's number."""

    table: str
    id: str
    fault: What
    seq: int


class RowReplay(msgspec.Struct, rename={"last_digests": "known"}):
    """Replays the journal entry by entry, to know the current digest of each row.

    Attributes:
        last_digests: The digest after the last act and the number of its line, by table and id.
        covered: Tables of which a line covered all rows there were.
    """

    last_digests: dict[str, dict[str, tuple[str, int]]] = {}
    covered: set[str] = set()

    def take(self, entry: Entry, digests: Digests) -> tuple[str, str] | None:
        """Apply an entry's digests; return table and id of a row that was changed outside the
        product before it, if there is one.
        """
        is_cover = entry.act == COVER and entry.subject == SUBJECT
        found: tuple[str, str] | None = None
        for name, rows in digests.items():
            known = self.last_digests.setdefault(name, {})
            begins = is_cover and name not in self.covered
            for id, (before, after) in rows.items():
                expected, _ = known.get(id, (None, 0))
                if begins:
                    differs = expected is not None and expected != after
                else:
                    differs = before != expected and (expected is not None or name in self.covered)
                if differs and found is None:
                    found = (name, id)
                if after is None:
                    known.pop(id, None)
                else:
                    known[id] = (after, entry.seq)
        if is_cover:
            self.covered |= covers(entry.detail)
        return found

    def differs(self, connection: Connection) -> DifferingRow | None:
        """Return the row that differs from the journal; of several the one of the first entry."""
        return min(
            self._differing(connection), key=lambda each: (not each.seq, each.seq), default=None
        )

    def _differing(self, connection: Connection) -> Iterator[DifferingRow]:
        for name in COVERED:
            if name not in self.covered:
                continue
            known = self.last_digests.get(name, {})
            rows = {
                str(row["id"]): digest({**row})
                for row in connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()  # noqa: S608 - our own names
            }
            for id in sorted(rows.keys() | known.keys()):
                expected, seq = known.get(id, (None, 0))
                if id not in rows:
                    yield DifferingRow(name, id, "missing", seq)
                elif expected is None:
                    yield DifferingRow(name, id, "unwritten", 0)
                elif rows[id] != expected:
                    yield DifferingRow(name, id, "altered", seq)

    def count(self, *tables: str) -> int | None:
        """How many rows of some tables there must be; None where one is not covered."""
        if not self.covered >= set(tables):
            return None
        return sum(len(self.last_digests.get(name, ())) for name in tables)


def _touch(
    connection: Connection,
    table: Table,
    statement: Insert | Update | Delete,
    values: list[Mapping[str, Any]],
) -> None:
    touched = connection.info.setdefault(_TOUCHED, {})
    if isinstance(statement, Insert):
        given = statement.compile().params
        for each in values:
            touched.setdefault((table.name, str(each.get("id") or given["id"])), None)
        return
    query = select(table)
    if statement.whereclause is not None:
        query = query.where(statement.whereclause)
    for each in values:
        for id, before in _digests(connection, query, each).items():
            touched.setdefault((table.name, id), before)


def _digests(
    connection: Connection, query: Select[Any], values: Mapping[str, Any] | None = None
) -> dict[str, str]:
    rows = connection.execute(query, values or {}).mappings()
    return {str(row["id"]): digest({**row}) for row in rows}
