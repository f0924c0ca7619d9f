"""Identities: users as an OpenID Connect provider knows them."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, select

from patrol.errors.errors import Conflict
from patrol.store.accounts import account_changes, accounts
from patrol.store.schema.tables import identities, users
from patrol.units.accounts import User
from patrol.units.units import Role


def user_of(
    connection: Connection,
    issuer: str,
    subject: str,
    now: datetime,
    *,
    name: str,
    agency: str,
    role: Role,
    origin: str,
    done: list[str],
) -> User | None:
    """Return the user that an identity stands for, made or changed as the provider says.

    Args:
        connection: The transaction.
        issuer: The provider.
        subject: Who it is there; never given to anybody else by a provider.
        now: Aware UTC.
        name: Name for a new user.
        agency: Agency as the claims say.
        role: Role as the claims say.
        origin: This node.
        done: Is told what was done: `add user` or `change user`, if anything.

    Returns:
        The user; None if it is disabled here.

    Raises:
        Conflict: If a new one's name is somebody else's, or it is the last administrator of its
            agency and would be none any more.
    """
    row = connection.execute(
        select(users.c.name)
        .join(identities, identities.c.user == users.c.name)
        .where(identities.c.issuer == issuer, identities.c.subject == subject)
    ).first()
    if row is None:
        user = User(name=name, role=role, agency=agency, origin=origin)
        if not account_changes.new_user(connection, user, None, now):
            # Never joined by name: whoever chooses names at the provider would choose users here.
            raise Conflict(f"there is a user {name!r} already who is not of that provider")
        connection.execute(
            identities.insert().values(
                id=uuid4().hex,
                issuer=issuer,
                subject=subject,
                user=name,
                agency=agency,
                origin=origin,
            )
        )
        done.append("add user")
        return user
    found = accounts.user_named(connection, row.name)
    if found is None or found[0].disabled_at is not None:
        return None
    if (found[0].role, found[0].agency) != (role, agency):
        done.append("change user")
        return account_changes.change_user(connection, row.name, now, role=role, agency=agency)
    return found[0]
