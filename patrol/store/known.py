"""Known: which of what was heard is stored already; asked once for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, case, column, func, select, text

from patrol.duplicates import Asked, Stored
from patrol.lately import Known
from patrol.store.tables import also_heard, from_us, to_us, transmissions

_T = transmissions.c
_AT_ONCE: Final = 500  # values of one statement, or spans

T = TypeVar("T")

Found = tuple[list[Stored], list[tuple[str, datetime]]]
"""Messages, and id and heard time of further receptions."""

_COLUMNS: Final = (
    _T.address,
    _T.duplicate_key,
    _T.channel,
    # What has a key is told by that; its bytes stay where they are.
    case((_T.duplicate_key.is_(None), _T.raw)).label("raw"),
    _T.heard_us,
    _T.gid,
    _T.reception_id,
)


def known(connection: Connection, asked: Asked) -> Found:
    """Return what is stored of what `asked` names, each message once.

    Args:
        connection: To the store.
        asked: Global ids, reception ids, and where else to look: a range of the index of address
            and heard time for each time asked for, one for all that lie close.
    """
    rows: dict[bytes, Any] = {}
    for gids in _parts(asked.gids):
        for row in connection.execute(select(*_COLUMNS).where(_T.gid.in_(gids))):
            rows[row.gid] = row
    for spans in _parts(_spans(asked.near)):
        for row in connection.execute(_within(len(spans)), _values(spans)):
            rows[row.gid] = row
    also = also_heard.c
    receptions: list[tuple[str, datetime]] = []
    for ids in _parts(asked.receptions):
        found = select(also.reception_id, also.heard_us).where(also.reception_id.in_(ids))
        receptions += ((row[0], from_us(row[1])) for row in connection.execute(found))
    return [_stored(row) for row in rows.values()], receptions


def newest(connection: Connection, limit: int) -> tuple[Found, bool]:
    """Return the `limit` newest rows of messages and of further receptions, oldest first.

    Returns:
        What was found, and whether that is all there is.
    """
    rows = connection.execute(select(*_COLUMNS).order_by(_T.id.desc()).limit(limit + 1)).all()
    also = also_heard.c
    heard = connection.execute(
        select(also.reception_id, also.heard_us).order_by(also.id.desc()).limit(limit + 1)
    ).all()
    stored = [_stored(row) for row in reversed(rows[:limit])]
    receptions = [(row[0], from_us(row[1])) for row in reversed(heard[:limit])]
    return (stored, receptions), len(rows) <= limit and len(heard) <= limit


def last_heard(connection: Connection) -> datetime | None:
    """Return when the last of all messages was heard, by whatever clock; None without any.

    Hops from one address to the next in the index, whatever the number of messages.
    """
    hop = select(func.min(_T.address).label("address")).cte("hop", recursive=True)
    following = select(func.min(_T.address)).where(_T.address > hop.c.address).scalar_subquery()
    hop = hop.union_all(select(following).where(hop.c.address.is_not(None)))
    last = select(func.max(_T.heard_us)).where(_T.address == hop.c.address).scalar_subquery()
    last_us = connection.execute(select(func.max(last)).select_from(hop)).scalar_one()
    return None if last_us is None else from_us(last_us)


def _stored(row: Any) -> Stored:
    address, content, channel, raw, heard_us, gid, reception_id = row
    return Stored(address, content, channel, raw, Known(from_us(heard_us), gid, reception_id))


def _spans(near: Iterable[tuple[str, datetime, float]]) -> list[tuple[str, int, int]]:
    """Return address, first and last microsecond of each span; what overlaps is one span."""
    ends: list[tuple[str, int, int]] = []
    for address, heard_at, reach_s in near:
        at_us, reach_us = to_us(heard_at), int(reach_s * 1e6)
        ends.append((address, at_us - reach_us, at_us + reach_us))
    ends.sort()
    spans: list[tuple[str, int, int]] = []
    for address, first_us, last_us in ends:
        if spans and spans[-1][0] == address and first_us <= spans[-1][2]:
            spans[-1] = (address, spans[-1][1], max(last_us, spans[-1][2]))
        else:
            spans.append((address, first_us, last_us))
    return spans


def _within(spans: int) -> Any:
    """Return the query for what was heard in so many spans.

    In words of SQL that both databases know: the spans are a table that stands first, so that
    each costs one step into the index.
    """
    rows = ", ".join(f"(:address{n}, :first{n}, :last{n})" for n in range(spans))
    names = ", ".join(
        f"t.{name}" for name in ("address", "duplicate_key", "channel", "raw", "heard_us", "gid")
    ).replace("t.raw", "CASE WHEN t.duplicate_key IS NULL THEN t.raw END AS raw")
    return text(
        f"WITH asked(address, first_us, last_us) AS (VALUES {rows})"  # noqa: S608 - names only
        f" SELECT {names}, t.reception_id FROM asked CROSS JOIN transmissions AS t"
        " WHERE t.address = asked.address"
        " AND t.heard_us BETWEEN asked.first_us AND asked.last_us"
    ).columns(*(column(each.name) for each in _COLUMNS))


def _values(spans: Sequence[tuple[str, int, int]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for number, (address, first_us, last_us) in enumerate(spans):
        values |= {
            f"address{number}": address,
            f"first{number}": first_us,
            f"last{number}": last_us,
        }
    return values


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
