"""Received bodies: reads what a counterpart's statement says, and refuses what no node writes.

A type says that a field is a number or a moment. That a moment without an offset, or a number that
no database takes, comes all the same ends whoever compares or stores it later, far from here; so
such a value is found where it comes in, and named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Any, Final, TypeVar

import msgspec

from patrol.counterparts.statement import Statement
from patrol.errors.errors import Conflict
from radio_gateway.messages.printable_text import hidden_in
from radio_gateway.parsing.msgspec_decoders import json_decoder

T = TypeVar("T", bound=msgspec.Struct)

_LARGEST: Final = (1 << 62) - 1
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000  # an offset or a day more is still in the calendar


def read_body(statement: Statement, kind: type[T]) -> T:
    """Return the body of a counterpart's statement.

    Raises:
        msgspec.MsgspecError: If it is none of that kind; it names the field.
        Conflict: If a value is one that no node writes; it names the field, too.
    """
    body = json_decoder(kind).decode(statement.body)
    for field, fault in value_faults(body):
        raise Conflict(f"`{field}` {fault}")
    return body


def value_faults(value: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """Yield the fields of a struct, however deep, that hold what no node writes, and why.

    >>> class Seen(msgspec.Struct):
    ...     at: datetime
    ...     by: tuple[str, ...]
    >>> list(value_faults(Seen(datetime(2026, 1, 1), ("a\\0",))))
    [('at', 'has no offset'), ('by[0]', 'holds a character that cannot be shown, U+0000')]
    """
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from value_faults(getattr(value, name), f"{field}.{name}" if field else name)
    elif isinstance(value, tuple):
        for n, each in enumerate(value):
            yield from value_faults(each, f"{field}[{n}]")
    else:
        fault = _fault(value)
        if fault is not None:
            yield field, fault


def _fault(value: object) -> str | None:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return "has no offset"
        if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
            return f"is in the year {value.year}"
    elif isinstance(value, str):
        hidden = hidden_in(value)
        return None if hidden is None else f"holds a character that cannot be shown, {hidden}"
    elif isinstance(value, float):
        return None if isfinite(value) else "is no number"
    elif isinstance(value, int) and abs(value) > _LARGEST:
        return "is too large"
    return None
