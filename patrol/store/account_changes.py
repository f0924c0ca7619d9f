"""Changes to users that hold when two are made at once, by this process or another.

Each writes only what it is told to, in one transaction: what somebody else changed meanwhile, while
a password was being hashed say, stays changed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, or_, update

from patrol.accounts import User
from patrol.store import accounts
from patrol.store.tables import links, sessions, to_us, users
from patrol.units import Role


def new_user(connection: Connection, user: User, password_hash: str | None, now: datetime) -> bool:
    """Add a user; return False, and change nothing, if somebody has that name."""
    if accounts.user_named(connection, user.name) is not None:
        return False
    accounts.put_user(connection, user, password_hash, now)
    return True


def change_user(
    connection: Connection,
    name: str,
    now: datetime,
    *,
    role: Role | None = None,
    password_hash: str | None = None,
    disabled: bool | None = None,
) -> User | None:
    """Change what is not None of a user and end its sessions.

    A new password, and being disabled, ends its sign-in links too: whoever held one must not come
    in after all.

    Returns:
        The user as it is now; None if nobody has that name.
    """
    values: dict[str, Any] = {}
    if role is not None:
        values["role"] = role
    if password_hash is not None:
        values["password_hash"] = password_hash
    if disabled is not None:
        values["disabled_us"] = to_us(now) if disabled else None
    if values:
        connection.execute(update(users).where(users.c.name == name).values(**values))
    connection.execute(delete(sessions).where(sessions.c.user == name))
    if password_hash is not None or disabled:
        connection.execute(delete(links).where(links.c.user == name))
    found = accounts.user_named(connection, name)
    return None if found is None else found[0]


def add_link(
    connection: Connection, user: User, key_hash: bytes, expires_at: datetime, now: datetime
) -> None:
    """Note a sign-in link that is good once; forget those that are good no more."""
    connection.execute(
        delete(links).where(or_(links.c.used_us.is_not(None), links.c.expires_us < to_us(now)))
    )
    accounts.add_link(connection, user, key_hash, expires_at)
