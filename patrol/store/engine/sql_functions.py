"""SQL functions: conditions that SQLite and PostgreSQL write differently."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Float, LargeBinary, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean

from patrol.units.effective_time import AHEAD, BEHIND, FEEDER_BEHIND

AHEAD_US: Final = int(AHEAD.total_seconds() * 1e6)
BEHIND_US: Final = int(max(BEHIND, FEEDER_BEHIND).total_seconds() * 1e6)


class bytes_contain(FunctionElement[bool]):  # noqa: N801 - it is called as a function
    """Whether the bytes of a column contain some bytes."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], part: bytes) -> None:
        super().__init__(column, literal(part, LargeBinary))


class text_contains(FunctionElement[bool]):  # noqa: N801
    """Whether a column of text holds some words, whatever the case of their letters.

    SQLite knows the case of ASCII letters only.
    """

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], words: str) -> None:
        super().__init__(column, literal(words))


class json_contains(text_contains):  # noqa: N801
    """The same of a column of JSON in UTF-8."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], words: str) -> None:
        # As JSON writes them: a quotation mark with a backslash before it.
        super().__init__(column, json.dumps(words, ensure_ascii=False)[1:-1])


class effective_between(FunctionElement[bool]):  # noqa: N801
    """A condition on effective time by which PostgreSQL skips the partitions of other months.

    It is true of every message whose effective time is at `start_us` or later and before `end_us`,
    since `patrol.units.effective_time` accepts no time that is further from the heard time. It is
    used beside the condition on those times, never alone; on SQLite, which has one table, it is
    always true.
    """

    type = Boolean()
    inherit_cache = True

    def __init__(self, start_us: Any, end_us: Any) -> None:
        super().__init__(*(_number(each) for each in (start_us, end_us)))


class about_box(FunctionElement[bool]):  # noqa: N801
    """A condition by which PostGIS uses its index for a box; used beside the exact comparison."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, west: float, south: float, east: float, north: float) -> None:
        super().__init__(*(literal(each, Float) for each in (west, south, east, north)))


def _number(value: Any) -> ColumnElement[int]:
    return literal(value, BigInteger) if isinstance(value, int) else value


@compiles(bytes_contain)
def _instr(element: bytes_contain, compiler: Any, **more: Any) -> str:
    column, part = _words(element, compiler, **more)
    return f"(instr({column}, {part}) > 0)"


@compiles(bytes_contain, "postgresql")
def _position(element: bytes_contain, compiler: Any, **more: Any) -> str:
    column, part = _words(element, compiler, **more)
    return f"(position({part} IN {column}) > 0)"


@compiles(text_contains)
def _instr_text(element: text_contains, compiler: Any, **more: Any) -> str:
    column, words = _words(element, compiler, **more)
    return f"(instr(lower({column}), lower({words})) > 0)"


@compiles(json_contains)
def _instr_json(element: json_contains, compiler: Any, **more: Any) -> str:
    column, words = _words(element, compiler, **more)
    return f"(instr(lower(CAST({column} AS TEXT)), lower({words})) > 0)"


@compiles(text_contains, "postgresql")
def _position_text(element: text_contains, compiler: Any, **more: Any) -> str:
    column, words = _words(element, compiler, **more)
    return f"(position(lower({words}) IN lower({column})) > 0)"


@compiles(json_contains, "postgresql")
def _position_json(element: json_contains, compiler: Any, **more: Any) -> str:
    column, words = _words(element, compiler, **more)
    return f"(position(lower({words}) IN lower(convert_from({column}, 'UTF8'))) > 0)"


@compiles(effective_between)
@compiles(about_box)
def _nothing(_element: Any, _compiler: Any, **_more: Any) -> str:
    return "(1 = 1)"


@compiles(effective_between, "postgresql")
def _partition_bounds(element: effective_between, compiler: Any, **more: Any) -> str:
    start, end = _words(element, compiler, **more)
    return (
        f"(transmissions.heard_us >= {start} - {AHEAD_US}"
        f" AND transmissions.heard_us < {end} + {BEHIND_US})"
    )


@compiles(about_box, "postgresql")
def _overlaps(element: about_box, compiler: Any, **more: Any) -> str:
    corners = ", ".join(_words(element, compiler, **more))
    return f"(transmissions.place && ST_MakeEnvelope({corners}, 4326))"


def _words(element: FunctionElement[bool], compiler: Any, **more: Any) -> list[str]:
    return [compiler.process(each, **more) for each in element.clauses]
