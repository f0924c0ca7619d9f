"""Second factors and recovery codes. A code is marked used in the transaction that accepts it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, delete, func, or_, select, update

from patrol.store.accounts.account_changes import end_sessions, move_epoch
from patrol.store.accounts.accounts import has_second_factor
from patrol.store.schema.tables import (
    from_us,
    passkeys,
    recovery_codes,
    second_factors,
    sessions,
    to_us,
)
from patrol.units.accounts import SecondFactor, User


def second_factor(connection: Connection, name: str) -> SecondFactor | None:
    """Return a user's second factor, confirmed or not; None without."""
    row = connection.execute(select(second_factors).where(second_factors.c.user == name)).first()
    if row is None:
        return None
    return SecondFactor(
        secret=row.secret,
        confirmed_at=None if row.confirmed_us is None else from_us(row.confirmed_us),
        last_step=row.last_step,
    )


def recovery_left(connection: Connection, name: str) -> int:
    """Return how many recovery codes of a user have not been used."""
    left = select(func.count()).where(
        recovery_codes.c.user == name, recovery_codes.c.used_us.is_(None)
    )
    return int(connection.execute(left).scalar_one())


def begin(connection: Connection, user: User, secret: bytes, now: datetime) -> bool:
    """Store a new encrypted secret that is not confirmed yet; False if there is a confirmed one."""
    known = second_factor(connection, user.name)
    if known is not None and known.confirmed_at is not None:
        return False
    connection.execute(delete(second_factors).where(second_factors.c.user == user.name))
    connection.execute(
        second_factors.insert().values(
            id=uuid4().hex,
            user=user.name,
            secret=secret,
            created_us=to_us(now),
            agency=user.agency,
            origin=user.origin,
        )
    )
    return True


def confirm(
    connection: Connection,
    user: User,
    secret: bytes,
    step: int,
    codes: Iterable[bytes],
    now: datetime,
    *,
    session: str | None = None,
) -> bool:
    """Confirm the factor after its first correct code; end the user's other sessions.

    Args:
        connection: The transaction.
        user: Whose.
        secret: The sealed secret that the code was checked against.
        step: Time step of that code.
        codes: Digests of the recovery codes.
        now: Aware UTC.
        session: Id of the session in which it was shown, which goes on.

    Returns:
        False if the secret has been replaced, or was confirmed, since.
    """
    turned = connection.execute(
        update(second_factors)
        .where(
            second_factors.c.user == user.name,
            second_factors.c.secret == secret,
            second_factors.c.confirmed_us.is_(None),
        )
        .values(confirmed_us=to_us(now), last_step=step)
    )
    if turned.rowcount != 1:
        return False
    put_codes(connection, user, codes)
    connection.execute(update(sessions).where(sessions.c.id == session).values(factor=1))
    end_sessions(connection, user.name, but=session)
    return True


def put_codes(connection: Connection, user: User, codes: Iterable[bytes]) -> None:
    """Replace a user's recovery codes by those with the given digests."""
    connection.execute(delete(recovery_codes).where(recovery_codes.c.user == user.name))
    for code in codes:
        connection.execute(
            recovery_codes.insert().values(
                id=uuid4().hex,
                user=user.name,
                key_hash=code,
                agency=user.agency,
                origin=user.origin,
            )
        )


def spend_step(connection: Connection, name: str, step: int) -> bool:
    """Mark the code of a time step as used; False if it or a later one was used before."""
    spent = connection.execute(
        update(second_factors)
        .where(
            second_factors.c.user == name,
            second_factors.c.confirmed_us.is_not(None),
            or_(second_factors.c.last_step.is_(None), second_factors.c.last_step < step),
        )
        .values(last_step=step)
    )
    return spent.rowcount == 1


def spend_recovery_code(connection: Connection, name: str, code: bytes, now: datetime) -> bool:
    """Mark a recovery code as used; False if there is none, or it was used before."""
    spent = connection.execute(
        update(recovery_codes)
        .where(
            recovery_codes.c.user == name,
            recovery_codes.c.key_hash == code,
            recovery_codes.c.used_us.is_(None),
        )
        .values(used_us=to_us(now))
    )
    return spent.rowcount == 1


def remove(connection: Connection, name: str, *, passkeys_too: bool) -> bool:
    """Remove a user's authenticator and end its sessions; return whether there was one.

    Args:
        connection: The transaction.
        name: Whose.
        passkeys_too: Its passkeys go, too: all of it is lost, or in other hands.
    """
    removed = connection.execute(
        delete(second_factors).where(second_factors.c.user == name)
    ).rowcount
    if passkeys_too:
        removed += connection.execute(delete(passkeys).where(passkeys.c.user == name)).rowcount
    if not has_second_factor(connection, name):
        connection.execute(delete(recovery_codes).where(recovery_codes.c.user == name))
    if removed:
        end_sessions(connection, name)
    move_epoch(connection)
    return removed > 0
