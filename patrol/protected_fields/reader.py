"""Protected reader: a user who was let read the protected fields of one incident or target."""

from __future__ import annotations

from datetime import datetime

import msgspec

from patrol.units.units import Role


class ProtectedReader(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"document": "paper"}
):
    """That a user was let read the protected fields of one document.

    Attributes:
        reader: The user's name.
        kind: Kind of the document.
        document: Its id.
        name: What people call it: a target's name, an incident's category.
        at: When it was given, aware UTC.
        by: Who gave it.
    """

    reader: str
    kind: str
    document: str
    name: str = ""
    at: datetime
    by: str


class ReaderCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A user who may be let read them.

    Attributes:
        name: The user's name.
        role: The user's role.
    """

    name: str
    role: Role
