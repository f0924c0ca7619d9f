"""Users, sign-in sessions, one-time links, device keys. Of every secret only a digest is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from msgspec.structs import replace
from sqlalchemy import Connection, Select, delete, or_, select, update

from patrol.store.engine.engine import raw_cursor
from patrol.store.schema.tables import (
    devices,
    from_us,
    links,
    passkeys,
    second_factors,
    sessions,
    to_us,
    users,
)
from patrol.units.accounts import LANGUAGES, Device, Session, SessionKind, User


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


def open_session(
    connection: Connection,
    user: User,
    key_hash: bytes,
    *,
    now: datetime,
    expires_at: datetime,
    kind: SessionKind = "page",
    label: str = "",
    scopes: tuple[str, ...] = (),
    factor: bool = False,
) -> str:
    """Store a session or token and return its id; delete expired sessions."""
    connection.execute(delete(sessions).where(sessions.c.expires_us < to_us(now)))
    session = uuid4().hex
    connection.execute(
        sessions.insert().values(
            id=session,
            key_hash=key_hash,
            user=user.name,
            created_us=to_us(now),
            expires_us=to_us(expires_at),
            kind=kind,
            label=label,
            scopes=" ".join(scopes),
            factor=int(factor),
            agency=user.agency,
            origin=user.origin,
        )
    )
    return session


def session_with_key(connection: Connection, key_hash: bytes, now: datetime) -> Session | None:
    """Return the session with this key digest; None if it has ended or its user is disabled."""
    row = connection.execute(_sessions(now).where(sessions.c.key_hash == key_hash)).first()
    return None if row is None else _session(row)


def session_with_id(connection: Connection, id: str, now: datetime) -> Session | None:
    """Return a session; None if it has ended or its user is disabled."""
    row = connection.execute(_sessions(now).where(sessions.c.id == id)).first()
    return None if row is None else _session(row)


def all_sessions(
    connection: Connection,
    now: datetime,
    *,
    agency: str,
    user: str | None = None,
    kind: SessionKind | None = None,
) -> list[Session]:
    """Return the sessions that are good now of an agency's users, or of one, oldest first."""
    query = _sessions(now).where(users.c.agency == agency)
    if user is not None:
        query = query.where(sessions.c.user == user)
    if kind is not None:
        query = query.where(sessions.c.kind == kind)
    found = connection.execute(query.order_by(sessions.c.created_us, sessions.c.id))
    return [_session(row) for row in found]


def add_link(connection: Connection, user: User, key_hash: bytes, expires_at: datetime) -> None:
    """Store a one-time sign-in link."""
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
    """Return the user of a sign-in link and mark it used; None if it is not valid."""
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


def device_named(connection: Connection, name: str) -> Device | None:
    """Return a device, revoked or not; None if none has that name."""
    row = connection.execute(select(devices).where(devices.c.name == name)).first()
    return None if row is None else _device(row)


def device_with_key(connection: Connection, key_hash: bytes) -> Device | None:
    """Return the device with this key digest; None if it is revoked.

    With a phone's second key it is returned as a tracker: that key may report, and read nothing.
    """
    row = connection.execute(
        select(devices).where(
            or_(devices.c.key_hash == key_hash, devices.c.reporting_hash == key_hash),
            devices.c.revoked_us.is_(None),
        )
    ).first()
    if row is None:
        return None
    found = _device(row)
    return found if row.key_hash == key_hash else replace(found, kind="tracker")


def phones_of(
    connection: Connection, agency: str, names: Sequence[str]
) -> list[tuple[str, datetime]]:
    """Return which of these devices of an agency are phones that may speak, and since when."""
    rows = connection.execute(
        select(devices.c.name, devices.c.created_us).where(
            devices.c.agency == agency,
            devices.c.kind == "phone",
            devices.c.revoked_us.is_(None),
            devices.c.name.in_(names),
        )
    )
    return [(row.name, from_us(row.created_us)) for row in rows]


def all_devices(connection: Connection, agency: str | None = None) -> list[Device]:
    """Return every device, of one agency or of all, by name."""
    query = select(devices).order_by(devices.c.name)
    if agency is not None:
        query = query.where(devices.c.agency == agency)
    return [_device(row) for row in connection.execute(query)]


def link_user(connection: Connection, key_hash: bytes, now: datetime) -> User | None:
    """Return the user of a sign-in link and leave it unused; None if it is no longer valid."""
    row = connection.execute(
        select(users)
        .join(links, links.c.user == users.c.name)
        .where(
            links.c.key_hash == key_hash,
            links.c.used_us.is_(None),
            links.c.expires_us > to_us(now),
            users.c.disabled_us.is_(None),
        )
    ).first()
    return None if row is None else _user(row)


def has_second_factor(connection: Connection, name: str) -> bool:
    """Return whether a user has a confirmed authenticator or a passkey."""
    confirmed = select(second_factors.c.id).where(
        second_factors.c.user == name, second_factors.c.confirmed_us.is_not(None)
    )
    own = select(passkeys.c.id).where(passkeys.c.user == name)
    return any(connection.execute(each).first() is not None for each in (confirmed, own))


def epoch(connection: Connection) -> int:
    """Return the account epoch: a number that grows whenever somebody's access may have ended."""
    # Twice a second as long as anybody looks on: past SQLAlchemy it takes little over half.
    with raw_cursor(connection) as cursor:
        row = cursor.execute("SELECT number FROM account_epochs").fetchone()
    return 0 if row is None else int(row[0])


def _user(row: Any) -> User:
    return User(
        name=row.name,
        role=row.role,
        agency=row.agency,
        origin=row.origin,
        disabled_at=None if row.disabled_us is None else from_us(row.disabled_us),
        language=row.language if row.language in LANGUAGES else None,
        calendar="buddhist" if row.calendar == "buddhist" else "gregorian",
    )


def _sessions(now: datetime) -> Select[Any]:
    return (
        select(
            sessions.c.id.label("session"),
            sessions.c.expires_us,
            sessions.c.created_us.label("began_us"),
            sessions.c.kind,
            sessions.c.label,
            sessions.c.scopes,
            sessions.c.factor,
            users,
        )
        .join(users, users.c.name == sessions.c.user)
        .where(sessions.c.expires_us > to_us(now), users.c.disabled_us.is_(None))
    )


def _session(row: Any) -> Session:
    return Session(
        id=row.session,
        user=_user(row),
        expires_at=from_us(row.expires_us),
        kind=row.kind,
        label=row.label,
        scopes=tuple(row.scopes.split()),
        factor=bool(row.factor),
        created_at=from_us(row.began_us),
    )


def _device(row: Any) -> Device:
    return Device(
        name=row.name,
        agency=row.agency,
        origin=row.origin,
        revoked_at=None if row.revoked_us is None else from_us(row.revoked_us),
        kind=row.kind,
        unit=row.unit,
        by=row.by,
    )
