"""Mention: one record about a person, found by a search of an agency's holdings."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

SEARCH: Final = "search what is held"
"""The act by which a search stands in the table of acts and in the journal."""


class Mention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of an agency that holds the words looked for.

    Attributes:
        kind: What it is: `unit`, `radio`, `user`, `device`, a kind of document, `message` (to a
            radio), `heard` (what a radio said), `photo`, `original`, `crew_report`, `set_aside`,
            `journal`.
        id: Its id, radio address, name or number.
        fields: In which of its fields the words stand.
        name: What people call it, where it has a name.
        at: When it was made, last changed or heard, aware UTC.
    """

    kind: str
    id: str
    fields: tuple[str, ...] = ()
    name: str = ""
    at: datetime | None = None


class Mentions(msgspec.Struct, frozen=True, kw_only=True, rename={"mentions": "found"}):
    """What a search of an agency's records found.

    Attributes:
        mentions: Each thing, by kind.
        more: Kinds of which there is more than is told.
    """

    mentions: tuple[Mention, ...]
    more: tuple[str, ...] = ()
