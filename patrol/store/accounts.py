"""Users, sign-in sessions, one-time links, device keys. Of every secret only a digest is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, delete, func, select, update

from patrol.accounts import Device, User
from patrol.store.tables import devices, from_us, links, sessions, to_us, users


def put_user(connection: Connection, user: User, password_hash: str | None, now: datetime) -> None:
    """Add a user, or change role, agency and whether it is disabled; keep the hash if None."""
    values: dict[str, Any] = {
        "role": user.role,
        "agency": user.agency,
        "disabled_us": None if user.disabled_at is None else to_us(user.disabled_at),
    }
    if password_hash is not None:
        values["password_hash"] = password_hash
    changed = connection.execute(update(users).where(users.c.name == user.name).values(**values))
    if changed.rowcount == 0:
        connection.execute(
            users.insert().values(
                id=uuid4().hex,
                name=user.name,
                created_us=to_us(now),
                origin=user.origin,
                **values,
            )
        )
    if user.disabled_at is not None:
        connection.execute(delete(sessions).where(sessions.c.user == user.name))


def user_named(connection: Connection, name: str) -> tuple[User, str | None] | None:
    """Return a user and the hash of its password; None if nobody has that name."""
    row = connection.execute(select(users).where(users.c.name == name)).first()
    return None if row is None else (_user(row), row.password_hash)


def all_users(connection: Connection, agency: str | None = None) -> list[User]:
    """Return every user, of one agency or of all, by name."""
    query = select(users).order_by(users.c.name)
    if agency is not None:
        query = query.where(users.c.agency == agency)
    return [_user(row) for row in connection.execute(query)]


def count_users(connection: Connection) -> int:
    """Return how many users there are."""
    return int(connection.execute(select(func.count()).select_from(users)).scalar_one())


def open_session(
    connection: Connection, user: User, key_hash: bytes, *, now: datetime, expires_at: datetime
) -> str:
    """Note a sign-in and return the session's id; forget sessions that have run out."""
    connection.execute(delete(sessions).where(sessions.c.expires_us < to_us(now)))
    session = uuid4().hex
    connection.execute(
        sessions.insert().values(
            id=session,
            key_hash=key_hash,
            user=user.name,
            created_us=to_us(now),
            expires_us=to_us(expires_at),
            agency=user.agency,
            origin=user.origin,
        )
    )
    return session


def session_user(
    connection: Connection, key_hash: bytes, now: datetime
) -> tuple[str, User, datetime] | None:
    """Return session id, user and end of the session with this key digest, while both hold."""
    row = connection.execute(
        select(
            sessions.c.id.label("session"),
            sessions.c.expires_us,
            users,
        )
        .join(users, users.c.name == sessions.c.user)
        .where(
            sessions.c.key_hash == key_hash,
            sessions.c.expires_us > to_us(now),
            users.c.disabled_us.is_(None),
        )
    ).first()
    return None if row is None else (row.session, _user(row), from_us(row.expires_us))


def close_session(connection: Connection, key_hash: bytes) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.key_hash == key_hash))


def close_sessions_of(connection: Connection, name: str) -> None:
    """End every session of a user."""
    connection.execute(delete(sessions).where(sessions.c.user == name))


def add_link(connection: Connection, user: User, key_hash: bytes, expires_at: datetime) -> None:
    """Note a sign-in link that is good once."""
    connection.execute(
        links.insert().values(
            id=uuid4().hex,
            key_hash=key_hash,
            user=user.name,
            expires_us=to_us(expires_at),
            agency=user.agency,
            origin=user.origin,
        )
    )


def use_link(connection: Connection, key_hash: bytes, now: datetime) -> User | None:
    """Return whom a link signs in and spend it; None if it is unknown, spent or too old."""
    spent = connection.execute(
        update(links)
        .where(
            links.c.key_hash == key_hash,
            links.c.used_us.is_(None),
            links.c.expires_us > to_us(now),
        )
        .values(used_us=to_us(now))
    )
    if spent.rowcount != 1:
        return None
    row = connection.execute(
        select(users)
        .join(links, links.c.user == users.c.name)
        .where(links.c.key_hash == key_hash, users.c.disabled_us.is_(None))
    ).first()
    return None if row is None else _user(row)


def put_device(connection: Connection, device: Device, key_hash: bytes, now: datetime) -> None:
    """Add a device, or give it a new key and let it speak again."""
    values: dict[str, Any] = {
        "key_hash": key_hash,
        "agency": device.agency,
        "created_us": to_us(now),
        "revoked_us": None,
    }
    changed = connection.execute(
        update(devices).where(devices.c.name == device.name).values(**values)
    )
    if changed.rowcount == 0:
        connection.execute(
            devices.insert().values(
                id=uuid4().hex, name=device.name, origin=device.origin, **values
            )
        )


def revoke_device(connection: Connection, name: str, now: datetime) -> bool:
    """Let a device speak no longer; return whether there was one."""
    changed = connection.execute(
        update(devices)
        .where(devices.c.name == name, devices.c.revoked_us.is_(None))
        .values(revoked_us=to_us(now))
    )
    return changed.rowcount == 1


def device_with_key(connection: Connection, key_hash: bytes) -> Device | None:
    """Return the device that has this key digest and may speak."""
    row = connection.execute(
        select(devices).where(devices.c.key_hash == key_hash, devices.c.revoked_us.is_(None))
    ).first()
    return None if row is None else _device(row)


def all_devices(connection: Connection, agency: str | None = None) -> list[Device]:
    """Return every device, of one agency or of all, by name."""
    query = select(devices).order_by(devices.c.name)
    if agency is not None:
        query = query.where(devices.c.agency == agency)
    return [_device(row) for row in connection.execute(query)]


def _user(row: Any) -> User:
    return User(
        name=row.name,
        role=row.role,
        agency=row.agency,
        origin=row.origin,
        disabled_at=None if row.disabled_us is None else from_us(row.disabled_us),
    )


def _device(row: Any) -> Device:
    return Device(
        name=row.name,
        agency=row.agency,
        origin=row.origin,
        revoked_at=None if row.revoked_us is None else from_us(row.revoked_us),
    )
