"""Data classes: under which of them each field of a record may cross to another agency.

Every field of whatever may cross carries one mark. A field without one never crosses, and a test
fails until it has one. `crossed` is the one function that takes a record apart for another agency;
it fails closed: what no agreement names is replaced by the field's default.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, Final, Literal, TypeAlias, TypeVar, get_args

import msgspec
from msgspec import Meta

DataClass: TypeAlias = Literal[
    "positions",
    "tracks",
    "sectors",
    "patrols",
    "alerts",
    "targets",
    "incidents",
    "texts",
    "marks",
    "distress",
    "duty_contact",
]
"""What an agreement names. `distress` is that somebody calls for help, where, since when and how
many people there are, and nothing else; `duty_contact` whom to call about it."""

DATA_CLASSES: Final[tuple[DataClass, ...]] = get_args(DataClass)

LIFELINES: Final[frozenset[DataClass]] = frozenset({"distress", "duty_contact"})
"""What a suspension leaves standing unless it names them: a life depends on it. Neither hours nor
joint patrols nor a delay are a condition of it; the corridor is."""

_KEY: Final = "crosses"

ENVELOPE: Final = Meta(extra={_KEY: "envelope"})
"""Says only that there is such a record, and whose: goes along with whatever else may pass."""

NEVER: Final = Meta(extra={_KEY: "never"})
"""May not cross under any agreement: informants, victims, personal data of officers, annexes."""

POSITIONS: Final = Meta(extra={_KEY: "positions"})
SECTORS: Final = Meta(extra={_KEY: "sectors"})
PATROLS: Final = Meta(extra={_KEY: "patrols"})
ALERTS: Final = Meta(extra={_KEY: "alerts"})
TARGETS: Final = Meta(extra={_KEY: "targets"})
INCIDENTS: Final = Meta(extra={_KEY: "incidents"})
TEXTS: Final = Meta(extra={_KEY: "texts"})
MARKS: Final = Meta(extra={_KEY: "marks"})

S = TypeVar("S", bound=msgspec.Struct)


@cache
def marks(kind: type[msgspec.Struct]) -> dict[str, str | None]:
    """Return the mark of every field of a struct, by name; None where it has none.

    >>> from typing import Annotated
    >>> Note = msgspec.defstruct("Note", [("words", Annotated[str, TEXTS]), ("count", int)])
    >>> marks(Note)
    {'words': 'texts', 'count': None}
    """
    described = msgspec.inspect.type_info(kind)
    assert isinstance(described, msgspec.inspect.StructType)
    found: dict[str, str | None] = {}
    for field in described.fields:
        extra = field.type.extra if isinstance(field.type, msgspec.inspect.Metadata) else None
        found[field.name] = None if extra is None else extra.get(_KEY)
    return found


def crossed(record: S, allowed: AbstractSet[DataClass]) -> S | None:
    """Return the part of a record that may cross; None when no part may.

    Structs inside it, and tuples of them, are taken apart the same way.

    Args:
        record: What is to cross; its type marks every field.
        allowed: Data classes that an agreement in force names for it.

    >>> from typing import Annotated
    >>> Note = msgspec.defstruct("Note", [
    ...     ("id", Annotated[str, ENVELOPE]),
    ...     ("words", Annotated[str, TEXTS], ""),
    ...     ("informant", Annotated[str, NEVER], ""),
    ... ])
    >>> crossed(Note("n1", "two boats", "Somsak"), {"texts"})
    Note(id='n1', words='two boats', informant='')
    >>> crossed(Note("n1", "two boats", "Somsak"), {"positions"}) is None
    True
    """
    values: dict[str, Any] = {}
    any_passes = False
    kind = type(record)
    for field, mark in zip(fields_of(kind), marks(kind).values(), strict=True):
        value = getattr(record, field.name)
        if mark == "envelope":
            values[field.name] = value
        elif mark is not None and mark in allowed:
            any_passes = True
            values[field.name] = _split(value, allowed) if isinstance(value, _OF_PARTS) else value
        elif field.required:
            return None  # it cannot be without: then nothing of it passes
    return kind(**values) if any_passes else None


_OF_PARTS: Final = (msgspec.Struct, tuple, list, set, frozenset, dict)


def _split(value: Any, allowed: AbstractSet[DataClass]) -> Any:
    if isinstance(value, msgspec.Struct):
        return crossed(value, allowed)
    if isinstance(value, (tuple, list, set, frozenset)):
        parts = (_split(each, allowed) for each in value)
        return type(value)(part for part in parts if part is not None)
    if isinstance(value, dict):
        return {name: _split(each, allowed) for name, each in value.items()}
    return value


@cache
def fields_of(kind: type[msgspec.Struct]) -> tuple[Any, ...]:
    """Return `msgspec.structs.fields`, cached: it reads annotations each time, a millisecond for a
    document.
    """
    return msgspec.structs.fields(kind)
