"""Changes of users, sessions and devices, safe when two processes make them at once.

Each function writes only the columns it changes, in one transaction: a change that another process
made meanwhile (while a password was being hashed, for example) is not overwritten. A change that
may end somebody's access also raises the account epoch in the same transaction, so that live
streams check again who is watching.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, func, or_, select, update

from patrol.errors.errors import Conflict
from patrol.store.accounts import accounts
from patrol.store.schema.tables import (
    account_epochs,
    devices,
    enrolments,
    links,
    sessions,
    to_us,
    users,
)
from patrol.units.accounts import Calendar, Device, Language, User
from patrol.units.units import Role


def new_user(connection: Connection, user: User, password_hash: str | None, now: datetime) -> bool:
    """Add a user; return False, and change nothing, if somebody has that name."""
    if accounts.user_named(connection, user.name) is not None:
        return False
    accounts.put_user(connection, user, password_hash, now)
    return True


def prefer(connection: Connection, name: str, *, language: Language, calendar: Calendar) -> None:
    """Store a user's language and calendar."""
    connection.execute(
        update(users).where(users.c.name == name).values(language=language, calendar=calendar)
    )


def begin_session(
    connection: Connection,
    user: User,
    key_hash: bytes,
    *,
    now: datetime,
    expires_at: datetime,
    factor: bool,
    password_hash: str | None = None,
) -> str | None:
    """Store a session and return its id; None, and nothing is stored, if the user may no longer
    sign in with these credentials: they were changed while they were being checked.

    Args:
        connection: To the store.
        user: Who signs in.
        key_hash: Digest of the session's key.
        now: The present, aware UTC.
        expires_at: When the session ends, aware UTC.
        factor: A second factor was shown.
        password_hash: The hash that the password was found good by; None for another way in.
    """
    found = _stored_user(connection, user.name)
    if found is None or found[0].disabled_at is not None:
        return None
    if password_hash not in (None, found[1]):
        return None
    if not factor and accounts.has_second_factor(connection, user.name):
        return None
    return accounts.open_session(
        connection, user, key_hash, now=now, expires_at=expires_at, factor=factor
    )


def prolong(connection: Connection, session: str, until: datetime) -> None:
    """Set when a session ends, if it still exists."""
    connection.execute(
        update(sessions).where(sessions.c.id == session).values(expires_us=to_us(until))
    )


def begin_token(
    connection: Connection,
    user: User,
    key_hash: bytes,
    *,
    session: str | None,
    now: datetime,
    expires_at: datetime,
    label: str,
    scopes: tuple[str, ...],
) -> str | None:
    """Store a token and return its id; None, and nothing is stored, if the session that asked for
    it has ended.

    Args:
        connection: To the store.
        user: As whom it acts.
        key_hash: Its digest.
        session: Id of the session that asks; None for the command line.
        now: The present, aware UTC.
        expires_at: When it ends, aware UTC.
        label: What it is for.
        scopes: What it is good for.
    """
    _stored_user(connection, user.name)
    if session is not None and accounts.session_with_id(connection, session, now) is None:
        return None
    return accounts.open_session(
        connection,
        user,
        key_hash,
        now=now,
        expires_at=expires_at,
        kind="token",
        label=label,
        scopes=scopes,
    )


def change_user(
    connection: Connection,
    name: str,
    now: datetime,
    *,
    role: Role | None = None,
    agency: str | None = None,
    password_hash: str | None = None,
    disabled: bool | None = None,
) -> User | None:
    """Change what is not None of a user and end its sessions.

    A new password and disabling the user also end the user's sign-in links, so that an old link
    cannot be used afterwards.

    Returns:
        The user as it is now; None if nobody has that name.

    Raises:
        Conflict: If it is the last administrator of its agency who may sign in, and would be none
            any more.
    """
    found = accounts.user_named(connection, name)
    if found is None:
        return None
    goes = bool(disabled) or role not in (None, "admin") or agency not in (None, found[0].agency)
    if goes and is_last_admin(connection, found[0]):
        raise Conflict(
            f"{name} is the last administrator of {found[0].agency}: add another first",
            code="last_admin",
            name=name,
            agency=found[0].agency,
        )
    values: dict[str, Any] = {}
    if role is not None:
        values["role"] = role
    if agency is not None:
        values["agency"] = agency
    if password_hash is not None:
        values["password_hash"] = password_hash
    if disabled is not None:
        values["disabled_us"] = to_us(now) if disabled else None
    if values:
        connection.execute(update(users).where(users.c.name == name).values(**values))
    end_sessions(connection, name)
    if password_hash is not None or disabled:
        connection.execute(delete(links).where(links.c.user == name))
    changed = accounts.user_named(connection, name)
    return None if changed is None else changed[0]


def is_last_admin(connection: Connection, user: User) -> bool:
    """Return whether `user` is the only administrator of its agency who may sign in."""
    if user.role != "admin" or user.disabled_at is not None:
        return False
    others = connection.execute(
        select(func.count())
        .select_from(users)
        .where(
            users.c.agency == user.agency,
            users.c.role == "admin",
            users.c.disabled_us.is_(None),
            users.c.name != user.name,
        )
    ).scalar_one()
    return not others


def end_sessions(connection: Connection, name: str, *, but: str | None = None) -> int:
    """End the sessions and tokens of a user, but for the one with id `but`; return how many."""
    _stored_user(connection, name)
    query = delete(sessions).where(sessions.c.user == name)
    if but is not None:
        query = query.where(sessions.c.id != but)
    ended = connection.execute(query).rowcount
    move_epoch(connection)
    return ended


def end_session(connection: Connection, *, key_hash: bytes = b"", id: str = "") -> bool:
    """End one session, by its key's digest or its id; return whether there was one."""
    ended = connection.execute(
        delete(sessions).where(or_(sessions.c.key_hash == key_hash, sessions.c.id == id))
    )
    move_epoch(connection)
    return ended.rowcount > 0


def end_all(connection: Connection) -> None:
    """End all sessions, tokens, sign-in links and codes for phones, of a store that nobody uses."""
    for ways_in in (sessions, links, enrolments):
        connection.execute(delete(ways_in))


def add_link(
    connection: Connection, user: User, key_hash: bytes, expires_at: datetime, now: datetime
) -> None:
    """Store a one-time sign-in link; delete expired ones."""
    connection.execute(
        delete(links).where(or_(links.c.used_us.is_not(None), links.c.expires_us < to_us(now)))
    )
    accounts.add_link(connection, user, key_hash, expires_at)


def put_device(
    connection: Connection,
    device: Device,
    key_hash: bytes,
    now: datetime,
    *,
    reporting_hash: bytes | None = None,
) -> None:
    """Add a device, or give it new keys and lift its revocation.

    Args:
        connection: To the store.
        device: What it is.
        key_hash: Digest of its key.
        now: The present, aware UTC.
        reporting_hash: Digest of a second key, which only reports; None for none.

    Raises:
        Conflict: If another agency has a device of that name, or of that of its user (`jane` of
            `jane/phone`), whose key may speak for all of them.
    """
    known = accounts.device_named(connection, device.name)
    user = accounts.device_named(connection, device.name.partition("/")[0])
    if any(each is not None and each.agency != device.agency for each in (known, user)):
        raise Conflict(f"there is a device {device.name!r} already")
    values: dict[str, Any] = {
        "key_hash": key_hash,
        "created_us": to_us(now),
        "revoked_us": None,
        "kind": device.kind,
        "unit": device.unit,
        "by": device.by,
        "reporting_hash": reporting_hash,
    }
    if known is None:
        connection.execute(
            devices.insert().values(
                id=uuid4().hex,
                name=device.name,
                agency=device.agency,
                origin=device.origin,
                **values,
            )
        )
        return
    connection.execute(update(devices).where(devices.c.name == device.name).values(**values))
    move_epoch(connection)


def revoke_device(connection: Connection, name: str, agency: str, now: datetime) -> bool:
    """Revoke a device of an agency; return whether there was one that was not revoked."""
    changed = connection.execute(
        update(devices)
        .where(devices.c.name == name, devices.c.agency == agency, devices.c.revoked_us.is_(None))
        .values(revoked_us=to_us(now))
    )
    move_epoch(connection)
    return changed.rowcount == 1


def move_epoch(connection: Connection) -> None:
    """Raise the account epoch: somebody's access may have ended, so open streams check again."""
    moved = connection.execute(update(account_epochs).values(number=account_epochs.c.number + 1))
    if moved.rowcount == 0:
        connection.execute(
            account_epochs.insert().values(id=uuid4().hex, number=1, agency="", origin="")
        )


def _stored_user(connection: Connection, name: str) -> tuple[User, str | None] | None:
    """Lock a user's row, then return the user and the hash of its password.

    So a session that begins while the user's sessions are being ended is ended too, or is refused.
    """
    connection.execute(select(users.c.id).where(users.c.name == name).with_for_update())
    return accounts.user_named(connection, name)
