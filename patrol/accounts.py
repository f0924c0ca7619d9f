"""Who may come in: users and devices."""

from __future__ import annotations

from datetime import datetime

import msgspec

from patrol.units import Role


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person who signs in.

    Attributes:
        name: Name to sign in with, unique in the node.
        role: What the person may do (`patrol.permissions`).
        agency: Whose records the person sees.
        origin: Node where the record was made.
        disabled_at: When it was shut out, aware UTC; None while it may sign in.
    """

    name: str
    role: Role
    agency: str
    origin: str = ""
    disabled_at: datetime | None = None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A phone, tracker or radio gateway that reports with a key of its own.

    Attributes:
        name: The device id its messages carry (`boat-3`, `jane/phone`).
        agency: Whose unit it is.
        origin: Node where the record was made.
        revoked_at: When its key was taken away, aware UTC; None while it may report.
    """

    name: str
    agency: str
    origin: str = ""
    revoked_at: datetime | None = None
