"""Passkeys in the store. A challenge is marked used in the transaction that accepts its answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, select, update

from patrol.store.accounts import accounts
from patrol.store.accounts import second_factors as factors
from patrol.store.accounts.account_changes import end_sessions
from patrol.store.schema.tables import from_us, passkeys, recovery_codes, sessions, to_us
from patrol.units.accounts import Passkey, User

_P = passkeys.c


def of_user(connection: Connection, name: str) -> list[Passkey]:
    """Return a user's passkeys, oldest first."""
    rows = connection.execute(
        select(passkeys).where(_P.user == name).order_by(_P.created_us, _P.id)
    )
    return [_passkey(row) for row in rows]


def by_credential(connection: Connection, credential: bytes) -> tuple[Passkey, User] | None:
    """Return a passkey and its user, who may sign in; None without."""
    row = connection.execute(select(passkeys).where(_P.credential == credential)).first()
    found = None if row is None else accounts.user_named(connection, row.user)
    if row is None or found is None or found[0].disabled_at is not None:
        return None
    return _passkey(row), found[0]


def add(
    connection: Connection,
    passkey: Passkey,
    user: User,
    codes: Sequence[bytes],
    *,
    issued_at: datetime,
    session: str,
    most: int,
) -> Literal["first", "further"] | None:
    """Store a passkey; end the user's other sessions, which began without it.

    Args:
        connection: The transaction.
        passkey: What is kept.
        user: Whose.
        codes: Digests of recovery codes, taken where the user had no second factor.
        issued_at: When the challenge was made that it answered, aware UTC.
        session: Id of the session in which it was made, which goes on.
        most: How many a user may have.

    Returns:
        Whether it is the user's first second factor; None, and nothing is kept, if it is known, the
        user has too many, or the session has ended by now.
    """
    if accounts.session_with_id(connection, session, passkey.created_at) is None:
        return None
    if len(of_user(connection, user.name)) >= most:
        return None
    if connection.execute(select(_P.id).where(_P.credential == passkey.credential)).first():
        return None
    first = not accounts.has_second_factor(connection, user.name)
    connection.execute(
        passkeys.insert().values(
            id=passkey.id,
            user=user.name,
            credential=passkey.credential,
            public_key=passkey.public_key,
            uses=passkey.uses,
            rp_id=passkey.rp_id,
            label=passkey.label,
            created_us=to_us(passkey.created_at),
            challenged_us=to_us(issued_at),
            agency=user.agency,
            origin=user.origin,
        )
    )
    if first:
        factors.put_codes(connection, user, codes)
    connection.execute(update(sessions).where(sessions.c.id == session).values(factor=1))
    end_sessions(connection, user.name, but=session)
    return "first" if first else "further"


def spend(
    connection: Connection, passkey: Passkey, *, uses: int, issued_at: datetime, now: datetime
) -> bool:
    """Record that a passkey answered a challenge; False if it has answered this or a later one
    already.
    """
    spent = connection.execute(
        update(passkeys)
        .where(_P.id == passkey.id, _P.challenged_us < to_us(issued_at))
        .values(challenged_us=to_us(issued_at), uses=uses, used_us=to_us(now))
    )
    return spent.rowcount == 1


def remove(connection: Connection, name: str, id: str) -> bool:
    """Delete one of a user's passkeys; return whether there was one."""
    removed = connection.execute(delete(passkeys).where(_P.user == name, _P.id == id))
    if removed.rowcount and not accounts.has_second_factor(connection, name):
        connection.execute(delete(recovery_codes).where(recovery_codes.c.user == name))
    return removed.rowcount > 0


def _passkey(row: Any) -> Passkey:
    return Passkey(
        id=row.id,
        user=row.user,
        credential=row.credential,
        public_key=row.public_key,
        uses=row.uses,
        rp_id=row.rp_id,
        label=row.label,
        created_at=from_us(row.created_us),
        used_at=None if row.used_us is None else from_us(row.used_us),
    )
