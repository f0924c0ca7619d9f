"""People: users, devices and sign-in links, as an administrator changes them.

A password is kept as its argon2 hash, a key or link as its digest; neither can be shown again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from maps.errors import BadRequest
from maps.passwords import READING, PasswordWork, digest, new_token
from maps.settings import Settings
from patrol.accounts import Device, User
from patrol.errors import Conflict, NotFound
from patrol.permissions import require
from patrol.store import account_changes as changes
from patrol.store import accounts as queries
from patrol.store.store import Store, open_store
from patrol.units import Role


def utc_now() -> datetime:
    """Return the present, aware UTC."""
    return datetime.now(UTC)


class People:
    """Users, sessions, links and devices of this node; what `maps.access.Accounts` asks for too.

    Args:
        store: Where they are kept.
        node: Origin of what is made here.
        passwords: Does the argon2 work.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        *,
        node: str,
        passwords: PasswordWork,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store, self._node, self._passwords, self._now = store, node, passwords, now

    # -- for access

    async def user(self, name: str) -> tuple[User, str | None] | None:
        """Return a user and its password's hash."""
        return await self._store.read(queries.user_named, name)

    async def open_session(self, user: User, key: bytes, expires_at: datetime) -> None:
        """Keep a new session."""
        await self._store.write(
            queries.open_session, user, key, now=self._now(), expires_at=expires_at
        )

    async def session(self, key: bytes) -> tuple[str, User, datetime] | None:
        """Return id, user and end of a session that is good now."""
        return await self._store.read(queries.session_user, key, self._now())

    async def close_session(self, key: bytes) -> None:
        """End a session."""
        await self._store.write(queries.close_session, key)

    async def use_link(self, key: bytes) -> User | None:
        """Spend a sign-in link and return whom it signs in."""
        return await self._store.write(queries.use_link, key, self._now())

    async def device(self, key: bytes) -> Device | None:
        """Return the device with this key."""
        return await self._store.read(queries.device_with_key, key)

    async def has_device(self, name: str) -> bool:
        """Return whether there is, or was, a device of that name."""
        return any(known.name == name for known in await self._store.read(queries.all_devices))

    # -- for the command line and the start

    async def count(self) -> int:
        """Return how many users there are."""
        return await self._store.read(queries.count_users)

    async def all(self) -> list[User]:
        """Return every user, by name."""
        return await self._store.read(queries.all_users)

    async def add_user(self, name: str, role: Role, agency: str, password: str | None) -> User:
        """Add a user; without a password only a link signs it in.

        Raises:
            Conflict: If somebody has that name.
            BadRequest: If the password is too short or too long.
        """
        if await self.user(name) is not None:
            raise Conflict(f"there is a user {name!r} already")
        user = User(name=name, role=role, agency=agency, origin=self._node)
        hashed = None if password is None else await self._passwords.hash(password)
        if not await self._store.write(changes.new_user, user, hashed, self._now()):
            raise Conflict(f"there is a user {name!r} already")
        return user

    async def set_password(self, name: str, password: str) -> None:
        """Give a user a new password and end all its sessions and links.

        Raises:
            NotFound: If there is none of that name.
            BadRequest: If the password is too short or too long.
        """
        if await self.user(name) is None:
            raise NotFound("user", name)
        hashed = await self._passwords.hash(password)
        await self._store.write(changes.change_user, name, self._now(), password_hash=hashed)

    async def link_for(self, user: User, *, minutes: float) -> str:
        """Return the token of a fresh sign-in link that is good once."""
        token = new_token()
        now = self._now()
        until = now + timedelta(minutes=minutes)
        await self._store.write(changes.add_link, user, digest(token), until, now)
        return token

    async def reading_token(self, name: str, *, days: float) -> tuple[str, datetime]:
        """Return a fresh token with which a program reads as user `name`, and when it ends.

        Raises:
            NotFound: If there is none of that name, or it is disabled.
        """
        found = await self.user(name)
        if found is None or found[0].disabled_at is not None:
            raise NotFound("user", name)
        token, expires_at = READING + new_token(), self._now() + timedelta(days=days)
        await self.open_session(found[0], digest(token), expires_at)
        return token, expires_at

    async def add_device(self, name: str, agency: str) -> str:
        """Add a device, or give it a new key in place of the old one, and return the key.

        Raises:
            Conflict: If another agency has a device of that name.
        """
        for known in await self._store.read(queries.all_devices):
            if known.name == name and known.agency != agency:
                raise Conflict(f"there is a device {name!r} already")
        key = new_token()
        device = Device(name=name, agency=agency, origin=self._node)
        await self._store.write(queries.put_device, device, digest(key), self._now())
        return key

    # -- for an administrator, who sees only the own agency

    async def users_for(self, caller: User) -> list[User]:
        """Return the users of the caller's agency, by name.

        Raises:
            Forbidden: If the role may not.
        """
        require(caller.role, "manage users")
        return await self._store.read(queries.all_users, caller.agency)

    async def add_user_for(
        self, caller: User, *, name: str, role: Role, password: str | None
    ) -> User:
        """Add a user to the caller's agency.

        Raises:
            Forbidden: If the role may not.
            Conflict: If somebody has that name.
            BadRequest: If the password is too short or too long.
        """
        require(caller.role, "manage users")
        return await self.add_user(name, role, caller.agency, password)

    async def change_user_for(
        self,
        caller: User,
        name: str,
        *,
        role: Role | None = None,
        password: str | None = None,
        disabled: bool | None = None,
    ) -> User:
        """Change a user of the caller's agency; its sessions end, so that it counts at once.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that name.
            BadRequest: If the caller would shut itself out, or the password is no good.
        """
        require(caller.role, "manage users")
        found = await self.user(name)
        if found is None or found[0].agency != caller.agency:
            raise NotFound("user", name)
        demoted = role is not None and role != found[0].role
        if name == caller.name and (disabled or demoted):
            raise BadRequest("nobody can disable or demote themselves", field="role")
        hashed = None if password is None else await self._passwords.hash(password)
        changed = await self._store.write(
            changes.change_user,
            name,
            self._now(),
            role=role,
            password_hash=hashed,
            disabled=disabled,
        )
        if changed is None:
            raise NotFound("user", name)
        return changed

    async def devices_for(self, caller: User) -> list[Device]:
        """Return the devices of the caller's agency, by name.

        Raises:
            Forbidden: If the role may not.
        """
        require(caller.role, "manage devices")
        return await self._store.read(queries.all_devices, caller.agency)

    async def add_device_for(self, caller: User, name: str) -> str:
        """Add a device to the caller's agency, or give it a new key, and return the key.

        Raises:
            Forbidden: If the role may not.
            Conflict: If another agency has a device of that name.
        """
        require(caller.role, "manage devices")
        return await self.add_device(name, caller.agency)

    async def revoke_device_for(self, caller: User, name: str) -> None:
        """Take a device's key away.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that name.
        """
        require(caller.role, "manage devices")
        names = [device.name for device in await self.devices_for(caller)]
        if name not in names or not await self._store.write(
            queries.revoke_device, name, self._now()
        ):
            raise NotFound("device", name)


@asynccontextmanager
async def open_people(settings: Settings) -> AsyncIterator[People]:
    """Open only users and devices; a running server may have the store open too.

    Raises:
        StoreError: If the store cannot be opened.
    """
    store = await asyncio.to_thread(open_store, settings.store.url)
    try:
        yield People(store, node=settings.node.id, passwords=PasswordWork())
    finally:
        await store.close()
