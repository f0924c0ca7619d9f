"""Position cursors: up to which row of the store each counterpart has been told positions."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, update

from patrol.store.schema.tables import position_cursors

_C: Final = position_cursors.c


def position_cursor(connection: Connection, node: str) -> int | None:
    """Return the last row that a counterpart has receipted; None where none was noted."""
    row = connection.execute(select(_C.last_row).where(_C.id == node)).scalar()
    return None if row is None else int(row)


def put_position_cursor(
    connection: Connection, node: str, row: int, *, agency: str, origin: str
) -> None:
    """Note the last row that a counterpart has receipted.

    Args:
        connection: To the store.
        node: The counterpart.
        row: The number of the row.
        agency: On whose behalf.
        origin: This node.
    """
    changed = connection.execute(update(position_cursors).where(_C.id == node).values(last_row=row))
    if changed.rowcount == 0:
        connection.execute(
            position_cursors.insert().values(id=node, last_row=row, agency=agency, origin=origin)
        )
