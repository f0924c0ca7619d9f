"""Account digests: every change to who may come in and whom a radio stands for, in the chain.

Who is made an administrator with SQL leaves no line in the journal. So each line about an act tells
of every row that its transaction changed in the tables below the SHA-256 before and after, by
`digests` in its detail: `{"users": {ID: [before, after]}}`, null for a row that was not there.
`Replay` goes through the journal: a row that was another one before an act than after the last act
on it, or is another one now, was changed by somebody else.

A digest is of the JSON object of the row's columns, names in order, bytes as a list of their
hexadecimal digits. What is empty (null, 0, no text) is left out, so that a column that a later
version adds changes no digest. `docs/audit.md` has the rule for others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Delete, Engine, Insert, Select, Table, Update, event, select

from patrol.audit import DIGESTS, canonical
from patrol.filing import Note
from patrol.store.tables import journal, metadata

_NAMED: Final = frozenset({"agencies", "users", "devices", "enrolments", "units", "assignments"})

COVERED: Final[Mapping[str, Table]] = {
    table.name: table
    for table in metadata.sorted_tables
    if table.name in _NAMED or "user" in table.c  # whatever lets a user in, also of later versions
}

COVER: Final = "cover accounts"
SUBJECT: Final = "journal:accounts"

_TOUCHED: Final = "joint patrol rows of accounts before they were changed"

What = Literal["altered", "missing", "unwritten"]

Digests = dict[str, dict[str, list[str | None]]]
"""By table and id: the digest before and after."""


def digest(row: Mapping[str, Any]) -> str:
    """Return the digest of a row, by its columns' names."""
    said = {
        name: [value.hex()] if isinstance(value, bytes) else value
        for name, value in row.items()
        if value
    }
    return hashlib.sha256(canonical(said)).hexdigest()


def watch_over(engine: Engine) -> None:
    """Note what the rows of `COVERED` were before a statement changes them."""

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

    @event.listens_for(engine, "rollback")
    def _rollback(connection: Connection) -> None:
        if not connection.invalidated:
            connection.info.pop(_TOUCHED, None)


def taken(connection: Connection) -> Digests:
    """Return what was changed since this was asked last, in this transaction."""
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
    """Return the line that covers all rows there are, once in the life of a store; else none."""
    asked = select(journal.c.seq).where(journal.c.subject == SUBJECT, journal.c.act == COVER)
    if connection.execute(asked.limit(1)).first() is not None:
        return []
    rows: Digests = {}
    for name, table in COVERED.items():
        found = _digests(connection, select(table))
        if found:
            rows[name] = {id: [None, now] for id, now in sorted(found.items())}
    return [Note(act=COVER, actor="", agency="", subject=SUBJECT, detail={DIGESTS: rows})]


class Replay(msgspec.Struct):
    """What the journal tells of accounts, gone through line by line.

    Attributes:
        known: The digest after the last act, by table and id.
        covered: Whether a line covered all rows there were.
    """

    known: dict[str, dict[str, str]] = {}
    covered: bool = False

    def take(self, act: str, subject: str, digests: Digests) -> tuple[str, str] | None:
        """Take a line's digests; return table and id of a row that was changed before it by
        somebody else, if one was.
        """
        covers = act == COVER and subject == SUBJECT and not self.covered
        found: tuple[str, str] | None = None
        for name, rows in digests.items():
            known = self.known.setdefault(name, {})
            for id, (before, after) in rows.items():
                expected = known.get(id)
                if covers:
                    differs = expected is not None and expected != after
                else:
                    differs = before != expected and (expected is not None or self.covered)
                if differs and found is None:
                    found = (name, id)
                if after is None:
                    known.pop(id, None)
                else:
                    known[id] = after
        self.covered = self.covered or covers
        return found

    def differs(self, connection: Connection) -> tuple[str, str, What] | None:
        """Return table, id and what is wrong of the first row that is not as the journal tells."""
        for name in COVERED:
            known = self.known.get(name, {})
            rows = {
                str(row["id"]): digest({**row})
                for row in connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()  # noqa: S608 - our own names
            }
            for id in sorted(rows.keys() | known.keys()):
                if id not in rows:
                    return name, id, "missing"
                if id not in known:
                    return name, id, "unwritten"
                if rows[id] != known[id]:
                    return name, id, "altered"
        return None

    @property
    def count(self) -> int:
        """How many rows there must be."""
        return sum(len(rows) for rows in self.known.values())


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
    asked = select(table)
    if statement.whereclause is not None:
        asked = asked.where(statement.whereclause)
    for each in values:
        for id, before in _digests(connection, asked, each).items():
            touched.setdefault((table.name, id), before)


def _digests(
    connection: Connection, asked: Select[Any], values: Mapping[str, Any] | None = None
) -> dict[str, str]:
    rows = connection.execute(asked, values or {}).mappings()
    return {str(row["id"]): digest({**row}) for row in rows}
