"""Tokens: with which programs act for a person, within scopes, for a while; shown once.

A token is a session of a kind of its own: it ends with the person's password and role, and when all
the person's sessions are ended. A reading token is the token whose one scope is `read:features`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from maps.accounts.credentials.passwords import API, READING, digest, new_token
from maps.accounts.credentials.scopes import READER, SCOPES
from maps.errors.errors import BadRequest, NotSignedIn
from patrol.documents.transaction import COMMAND_LINE, Note
from patrol.errors.errors import Conflict, Forbidden, NotFound
from patrol.filing.journal_writer import JournalWriter, if_done
from patrol.store.accounts import account_changes as changes
from patrol.store.accounts import accounts as queries
from patrol.store.store import Store
from patrol.units.accounts import Session, User
from patrol.units.permissions import may

MOST = 50
"""Tokens that one user may have at a time."""


class Tokens:
    """The tokens of this node's users.

    Args:
        store: Where they are kept.
        journal_writer: Writes changes with their lines in the journal.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        *,
        journal_writer: JournalWriter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._journal_writer, self._now = store, journal_writer, now

    async def make(
        self,
        user: User,
        *,
        label: str,
        scopes: tuple[str, ...],
        days: float,
        session: str | None = None,
    ) -> tuple[str, Session]:
        """Make a token and return it, this once, with what is known of it.

        Args:
            user: Whose it is; it can do no more than that user may.
            label: What it is for.
            scopes: What it is good for.
            days: How long.
            session: Id of the session that asks for it; None for the command line.

        Raises:
            NotSignedIn: If that session has ended by now.
            BadRequest: If a scope is none of ours.
            Forbidden: If it would manage users, and the user may not.
            Conflict: If the user has too many.
        """
        unknown = sorted(set(scopes) - set(SCOPES))
        if unknown or not scopes:
            raise BadRequest(f"no scope {unknown[0]!r}" if unknown else "no scope", field="scopes")
        if "admin:users" in scopes and not may(user.role, "manage users"):
            raise Forbidden("manage users", user.role)
        now = self._now()
        known = await self._store.read(
            queries.all_sessions, now, agency=user.agency, user=user.name, kind="token"
        )
        if len(known) >= MOST:
            raise Conflict(f"{user.name} has {MOST} tokens already: end some first")
        reads = scopes == READER
        token = (READING if reads else API) + new_token()
        expires_at = now + timedelta(days=days)

        def notes_of(id: str | None) -> Sequence[Note]:
            if id is None:
                return ()
            note = _note(user, "make token", id, scopes=list(scopes), label=label)
            if session is None:  # nobody signed in: it was done on the machine
                note = replace(note, actor=COMMAND_LINE, detail=note.detail | {"of": user.name})
            return (note,)

        id = await self._journal_writer.write(
            notes_of,
            changes.begin_token,
            user,
            digest(token),
            session=session,
            now=now,
            expires_at=expires_at,
            label=label,
            scopes=scopes,
        )
        if id is None:
            raise NotSignedIn
        return token, Session(
            id=id,
            user=user,
            expires_at=expires_at,
            kind="token",
            label=label,
            scopes=scopes,
            created_at=now,
        )

    async def all(self, user: User) -> list[Session]:
        """Return the user's tokens; all of the agency for who manages users; oldest first."""
        return await self._store.read(
            queries.all_sessions,
            self._now(),
            agency=user.agency,
            user=None if may(user.role, "manage users") else user.name,
            kind="token",
        )

    async def end(self, user: User, id: str) -> None:
        """End a token of one's own, or of one's agency for who manages users.

        Raises:
            NotFound: If there is none of that id, or not for this user to end.
        """
        found = await self._store.read(queries.session_with_id, id, self._now())
        own = found is not None and found.user.name == user.name
        managed = (
            found is not None
            and found.user.agency == user.agency
            and may(user.role, "manage users")
        )
        if found is None or found.kind != "token" or not (own or managed):
            raise NotFound("token", id)
        note = _note(user, "end token", id, of=found.user.name)
        await self._journal_writer.write(if_done(note), changes.end_session, id=id)


def _note(user: User, act: str, id: str, **detail: object) -> Note:
    return Note(act=act, actor=user.name, agency=user.agency, subject=f"token:{id}", detail=detail)
