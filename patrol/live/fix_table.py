"""Fix tables: several positions of one change, with the names of their fields once.

What many viewers are sent is mostly names of fields, and what is the same for all positions. In a
table a position takes a third of the bytes: so much less is copied to each viewer, carried over
the air and read there. Degrees are told with seven decimals (a centimetre), speeds with two (a
centimetre a second).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, TypeAlias

import msgspec
from msgspec.structs import astuple

from gis.address.address import Address
from patrol.units.wire import Change, Fix, FixTable, WireTable
from radio_gateway.parsing.msgspec_decoders import converted

AT_LEAST: Final = 2
"""Positions that make a table; one alone is shorter as it is."""

_PARTS: Final = {"lon": 1e7, "lat": 1e7, "speed_mps": 1e2}
_DEFAULTS: Final = {
    field.name: None if field.default is msgspec.NODEFAULT else field.default
    for kind in (Fix, Address)
    for field in msgspec.structs.fields(kind)
}

_Columns: TypeAlias = dict[str, Sequence[Any]]


def fix_table(fixes: Sequence[Fix], since: datetime) -> FixTable:
    """Return positions as a table.

    Args:
        fixes: In the order applied, at least one.
        since: Time of the change that tells them, aware UTC.
    """
    columns = _columns(fixes)
    places = columns.pop("place")
    second = since.replace(microsecond=0)
    columns["time"] = [(each - second).total_seconds() for each in columns["time"]]
    same, differ = _split(columns)
    for name, parts in _PARTS.items():
        if name in differ:
            differ[name] = _rounded(differ[name], parts)
        elif name in same:
            (same[name],) = _rounded([same[name]], parts)
    return FixTable(rows=_rows(differ), same=same, places=_places(places))


def all_fixes(change: Change) -> list[Fix]:
    """Return all positions of a change, those of its tables too."""
    fixes = list(change.fixes)
    second = change.time.replace(microsecond=0)
    for table in change.tables:
        addresses: dict[int, Address] = {}
        if table.places is not None:
            for fields in _read(table.places):
                addresses[fields.pop("nth")] = converted(fields, Address)
        for nth, fields in enumerate(_read(table)):
            time = second + timedelta(seconds=fields["time"])
            fields |= {"time": time, "place": addresses.get(nth)}
            fixes.append(converted(fields, Fix))
    return fixes


@lru_cache(maxsize=8)  # a few views; each has its turn for all its viewers
def without_tables(frame: bytes) -> bytes:
    """Return a frame of the stream without tables: their positions stand among the others."""
    if b'"tables":[' not in frame:
        return frame
    content = msgspec.json.decode(frame)
    names = ("seq", "time", "fixes", "tables")
    change = converted({name: content[name] for name in names if name in content}, Change)
    content["fixes"] = all_fixes(change)
    del content["tables"]
    return msgspec.json.encode(content)


def _places(places: Sequence[Address | None]) -> WireTable | None:
    nth = [number for number, each in enumerate(places) if each is not None]
    if not nth:
        return None
    columns = _columns([each for each in places if each is not None])
    same, differ = _split({"nth": nth, **columns})
    return WireTable(rows=_rows(differ), same=same)


def _columns(things: Sequence[Fix] | Sequence[Address]) -> _Columns:
    names = things[0].__struct_fields__
    return dict(zip(names, zip(*map(astuple, things), strict=True), strict=True))


def _split(columns: _Columns) -> tuple[dict[str, Any], _Columns]:
    """Part the fields that are the same for all from those that are not, and from the first."""
    same: dict[str, Any] = {}
    differ: _Columns = {}
    for name, column in columns.items():
        first = column[0]
        if not differ or first != column[-1] or column.count(first) != len(column):
            differ[name] = column
        elif first != _DEFAULTS.get(name):
            same[name] = first
    return same, differ


def _rounded(column: Sequence[float | None], parts: float) -> list[float | None]:
    """Return numbers in whole parts of one; `round` would refuse what is not finite."""
    return [each and (each * parts + 0.5) // 1.0 / parts for each in column]


def _rows(columns: _Columns) -> list[Sequence[Any]]:
    return [tuple(columns), *zip(*columns.values(), strict=True)]


def _read(table: WireTable) -> Iterator[dict[str, Any]]:
    names, *rows = table.rows
    for row in rows:
        values = {name: each for name, each in zip(names, row, strict=True) if each is not None}
        yield {**table.same, **values}
