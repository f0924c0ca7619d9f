"""User accounts: users, devices and sign-in links, as an administrator changes them.

A password is kept as its argon2 hash, a key or link as its digest; neither can be shown again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from maps.accounts.credentials.passwords import PasswordWork, digest, new_token
from maps.errors.errors import BadRequest, SignInRefused
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict, Forbidden, NotFound
from patrol.filing.journal_writer import JournalWriter, if_done
from patrol.store.accounts import account_changes as changes
from patrol.store.accounts import accounts as queries
from patrol.store.accounts import enrolments
from patrol.store.accounts import second_factors as factors
from patrol.store.store import Store
from patrol.units.accounts import Calendar, Device, Language, Session, User
from patrol.units.permissions import require
from patrol.units.units import Role
from radio_gateway.messages.printable_text import check_printable

LINK_MINUTES: Final = 60.0
"""How long a sign-in link is good that an administrator makes."""


utc_now: Final[Callable[[], datetime]] = partial(datetime.now, UTC)
"""Returns the present, aware UTC."""


class UserAccounts:
    """Users, sessions, links and devices of this node; what `AccessStore` and `SignInStore` of
    `maps.accounts.sessions` ask for too.

    Args:
        store: Where they are kept.
        node: Origin of what is made here.
        passwords: Does the argon2 work.
        journal_writer: Writes changes with their lines in the journal; one of its own if None.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        *,
        node: str,
        passwords: PasswordWork,
        journal_writer: JournalWriter | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._store, self._node, self._passwords, self._now = store, node, passwords, now
        self._journal_writer = journal_writer or JournalWriter(
            store=store, node=node, now=self._now
        )

    # -- for access

    async def user(self, name: str) -> tuple[User, str | None] | None:
        """Return a user and its password's hash."""
        return await self._store.read(queries.user_named, name)

    async def open_session(
        self,
        user: User,
        key: bytes,
        expires_at: datetime,
        *,
        factor: bool = False,
        password_hash: str | None = None,
        notes_of: Callable[[str | None], Note | Sequence[Note]] = lambda _id: (),
    ) -> str | None:
        """Keep a new session and return its id; None if the user may not come in any more with
        what was shown. `notes_of` makes of it what the journal is told.
        """
        return await self._journal_writer.write(
            notes_of,
            changes.begin_session,
            user,
            key,
            now=self._now(),
            expires_at=expires_at,
            factor=factor,
            password_hash=password_hash,
        )

    async def session(self, key: bytes) -> Session | None:
        """Return the session with this key, while it and its user hold."""
        return await self._store.read(queries.session_with_key, key, self._now())

    async def prolong(self, session: str, until: datetime) -> None:
        """Have a session hold until then: it is in use."""
        await self._store.write(changes.prolong, session, until)

    async def close_session(self, key: bytes, *, note: Note | None = None) -> None:
        """End a session; that it was is noted, unless it had ended."""
        await self._journal_writer.write(if_done(note), changes.end_session, key_hash=key)

    async def link_user(self, key: bytes) -> User | None:
        """Return whom a sign-in link would sign in."""
        return await self._store.read(queries.link_user, key, self._now())

    async def use_link(self, key: bytes) -> User | None:
        """Spend a sign-in link and return whom it signs in."""
        return await self._store.write(queries.use_link, key, self._now())

    async def device(self, key: bytes) -> Device | None:
        """Return the device with this key."""
        return await self._store.read(queries.device_with_key, key)

    async def has_device(self, name: str) -> bool:
        """Return whether there is, or was, a device of that name."""
        return await self._store.read(queries.device_named, name) is not None

    async def epoch(self) -> int:
        """Return a number that moves whenever somebody's way in may be gone."""
        return await self._store.read(queries.epoch)

    # -- for the command line and the start

    async def all(self) -> list[User]:
        """Return every user, by name."""
        return await self._store.read(queries.all_users)

    async def add_user(
        self, name: str, role: Role, agency: str, password: str | None, *, by: str = ""
    ) -> User:
        """Add a user, as `by` orders; without a password only a link signs it in.

        Raises:
            Conflict: If somebody has that name.
            BadRequest: If the password is too short or too long.
        """
        check_printable(name=name)
        if await self.user(name) is not None:
            raise Conflict(f"there is a user {name!r} already", code="user_taken", name=name)
        user = User(name=name, role=role, agency=agency, origin=self._node)
        hashed = None if password is None else await self._passwords.hash(password)
        note = _note("add user", f"user:{name}", by=by, agency=agency, role=role)
        if not await self._journal_writer.write(
            if_done(note), changes.new_user, user, hashed, self._now()
        ):
            raise Conflict(f"there is a user {name!r} already", code="user_taken", name=name)
        return user

    async def set_password(self, name: str, password: str, *, by: str = "") -> None:
        """Give a user a new password, as `by` orders, and end all its sessions and links.

        Raises:
            NotFound: If there is none of that name.
            BadRequest: If the password is too short or too long.
        """
        known = await self._user_named(name)
        hashed = await self._passwords.hash(password)
        detail = {"password": "changed"}
        note = _note("change user", f"user:{name}", by=by, agency=known.agency, **detail)
        await self._journal_writer.write(
            if_done(note), changes.change_user, name, self._now(), password_hash=hashed
        )

    async def change_user(
        self, name: str, *, role: Role | None = None, disabled: bool | None = None, by: str = ""
    ) -> User:
        """Change a user of any agency, as `by` orders; its sessions end.

        Raises:
            NotFound: If there is none of that name.
            Conflict: If it is the last administrator of its agency and would be none any more.
        """
        known = await self._user_named(name)
        detail = _without_empty(role=role, disabled=disabled)
        note = _note("change user", f"user:{name}", by=by, agency=known.agency, **detail)
        changed = await self._journal_writer.write(
            if_done(note), changes.change_user, name, self._now(), role=role, disabled=disabled
        )
        if changed is None:
            raise NotFound("user", name)
        return changed

    async def end_sessions(self, name: str, *, by: str = "") -> int:
        """End all sessions and tokens of a user, as `by` orders; return how many there were.

        Raises:
            NotFound: If there is none of that name.
        """
        known = await self._user_named(name)

        def note_of(ended: int) -> Note:
            return _note("end sessions", f"user:{name}", by=by, agency=known.agency, ended=ended)

        return await self._journal_writer.write(note_of, changes.end_sessions, name)

    async def link_for(self, user: User, *, minutes: float, by: str = "") -> str:
        """Return the token of a fresh sign-in link that is good once, made as `by` orders."""
        token = new_token()
        now = self._now()
        until = now + timedelta(minutes=minutes)
        note = _note("make sign-in link", f"user:{user.name}", by=by, agency=user.agency)
        await self._journal_writer.write(note, changes.add_link, user, digest(token), until, now)
        return token

    async def link_for_user(self, caller: User, name: str) -> tuple[str, datetime]:
        """Return the token of a fresh sign-in link of a user of one's agency, and when it ends.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that name.
            Conflict: If the user may not sign in.
        """
        require(caller.role, "manage users")
        known = await self._of_agency(caller, name)
        if known.disabled_at is not None:
            raise Conflict(f"{name} may not sign in")
        until = self._now() + timedelta(minutes=LINK_MINUTES)
        return await self.link_for(known, minutes=LINK_MINUTES, by=caller.name), until

    async def add_device(self, name: str, agency: str, *, by: str = "") -> str:
        """Add a device, or give it a new key in place of the old one, and return the key.

        Raises:
            Conflict: If another agency has a device of that name.
        """
        check_printable(name=name)
        key = new_token()
        device = Device(name=name, agency=agency, origin=self._node, by=by)
        note = _note("add device", f"device:{name}", by=by, agency=agency)
        await self._journal_writer.write(note, changes.put_device, device, digest(key), self._now())
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
        return await self.add_user(name, role, caller.agency, password, by=caller.name)

    async def change_user_for(
        self,
        caller: User,
        name: str,
        *,
        role: Role | None = None,
        password: str | None = None,
        disabled: bool | None = None,
        of_admins: bool = True,
    ) -> User:
        """Change a user of the caller's agency; its sessions end, so that it counts at once.

        Args:
            caller: Who orders it.
            name: The user's name.
            role: Its new role.
            password: Its new password.
            disabled: Whether it may sign in no more.
            of_admins: Whether it may be an administrator.

        Raises:
            Forbidden: If the role may not, or it is an administrator and may not be.
            NotFound: If there is none of that name.
            BadRequest: If the caller would shut itself out, or the password is no good.
            Conflict: If it is the last administrator of the agency and would be none any more.
        """
        require(caller.role, "manage users")
        known = await self._of_agency(caller, name)
        if known.role == "admin" and not of_admins:
            raise Forbidden("change administrators with a token", caller.role)
        demoted = role is not None and role != known.role
        if name == caller.name and (disabled or demoted):
            raise BadRequest("nobody can disable or demote themselves", field="role")
        hashed = None if password is None else await self._passwords.hash(password)
        detail = _without_empty(
            role=role, disabled=disabled, password=None if password is None else "changed"
        )
        note = _note("change user", f"user:{name}", by=caller.name, agency=known.agency, **detail)
        changed = await self._journal_writer.write(
            if_done(note),
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

    async def prefer(self, caller: User, *, language: Language, calendar: Calendar) -> None:
        """Keep how a user reads: it ends no session, and the journal need not know."""
        await self._store.write(changes.prefer, caller.name, language=language, calendar=calendar)

    async def change_own_password(self, caller: User, *, present: str, new: str) -> None:
        """Give the caller a new password; all its sessions, tokens and links end.

        Raises:
            SignInRefused: If the present password is wrong.
            Conflict: If the caller has none.
            BadRequest: If the new one is too short or too long.
        """
        found = await self.user(caller.name)
        if found is None or found[1] is None:
            raise Conflict("there is no password to change: an administrator gives one")
        if not await self._passwords.verify(present, found[1]):
            raise SignInRefused("the present password is wrong")
        await self.set_password(caller.name, new, by=caller.name)

    async def end_sessions_for(self, caller: User, name: str) -> int:
        """End all sessions and tokens of a user, oneself or of one's agency; return how many.

        Raises:
            Forbidden: If it is another and the role may not.
            NotFound: If there is none of that name.
        """
        if name != caller.name:
            require(caller.role, "manage users")
        await self._of_agency(caller, name)
        return await self.end_sessions(name, by=caller.name)

    async def remove_factor_for(self, caller: User, name: str) -> None:
        """Turn off the second factor of a user of one's agency who lost it; its sessions end.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none of that name, or it has none.
        """
        require(caller.role, "manage users")
        await self._of_agency(caller, name)
        note = _note("remove second factor", f"user:{name}", by=caller.name, agency=caller.agency)
        if not await self._journal_writer.write(
            if_done(note), factors.remove, name, passkeys_too=True
        ):
            raise NotFound("second factor", name)

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
        return await self.add_device(name, caller.agency, by=caller.name)

    async def revoke_device_for(self, caller: User, name: str) -> None:
        """Take a device's key away, and the code that is out for it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If neither is there.
        """
        require(caller.role, "manage devices")
        note = _note("revoke device", f"device:{name}", by=caller.name, agency=caller.agency)
        if not await self._journal_writer.write(
            if_done(note), enrolments.shut_out, name, caller.agency, self._now()
        ):
            raise NotFound("device", name)

    async def _of_agency(self, caller: User, name: str) -> User:
        found = await self.user(name)
        if found is None or found[0].agency != caller.agency:
            raise NotFound("user", name)
        return found[0]

    async def _user_named(self, name: str) -> User:
        found = await self.user(name)
        if found is None:
            raise NotFound("user", name)
        return found[0]


def _note(act: str, subject: str, *, by: str, agency: str, **detail: Any) -> Note:
    return Note(act=act, actor=by, agency=agency, subject=subject, detail=detail)


def _without_empty(**values: object) -> dict[str, object]:
    """Return those that are something."""
    return {name: value for name, value in values.items() if value is not None}
