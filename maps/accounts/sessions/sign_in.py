"""Sign-in: name and password, a link that is good once, or a provider; then a second factor.

Wrong tries are counted by name and address together, by address, and, with many more free, by name,
and after the free ones each doubles a wait with an end: nobody is locked out for good, and who
guesses at a name from one address keeps it out nowhere else. A browser that signed in as somebody
before carries a mark and is counted apart, so that a stranger who keeps guessing at a name cannot
keep its owner out (device cookies, OWASP Authentication Cheat Sheet). So is a link: nobody guesses
one, and it is the way out for who must wait. The command line asks for no password at all.

Sign-ins, refusals and sign-outs are told to whoever keeps the journal; never a password, code,
token, or a name that nobody has, which may be a password typed into the wrong field.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from fastapi import Response
from starlette.requests import HTTPConnection

from maps.accounts.credentials.passwords import PasswordWork, digest, new_token
from maps.accounts.credentials.sealer import Sealer
from maps.accounts.credentials.second_factor import SecondFactors
from maps.accounts.sessions.access import Access, peer_of
from maps.accounts.sessions.cookies import cookie_of, set_cookie, take_cookie_away
from maps.accounts.sessions.session_lifetime import SessionLifetime
from maps.accounts.sessions.sign_in_backoff import SignInBackoff
from maps.errors.errors import CodeNeeded, SignInRefused, TooBusy
from maps.http.session_cookie import COOKIE
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict, StoreError
from patrol.units.accounts import Session, User

KNOWN: Final = "jp_known"
"""The cookie that marks a browser in which somebody signed in before; it opens nothing."""

_LONGEST_CODE: Final = 24  # with blanks
_KNOWN_FOR_S: Final = 400 * 86_400  # browsers keep none longer

NoteSink = Callable[[Note], Awaitable[None]]
"""Told of what belongs into the journal."""


class SignInStore(Protocol):
    """What signing in asks of the store."""

    async def user(self, name: str) -> tuple[User, str | None] | None:
        """Return a user and its password's hash."""

    async def open_session(
        self,
        user: User,
        key: bytes,
        expires_at: datetime,
        *,
        factor: bool,
        password_hash: str | None,
        notes_of: Callable[[str | None], Note | Sequence[Note]],
    ) -> str | None:
        """Keep a new session and return its id; None if the user may not come in any more with
        what was shown. `notes_of` makes of it what the journal is told.
        """

    async def session(self, key: bytes) -> Session | None:
        """Return the session with this key, while it and its user hold."""

    async def close_session(self, key: bytes, *, note: Note) -> None:
        """End a session; that it was is noted."""

    async def link_user(self, key: bytes) -> User | None:
        """Return whom a sign-in link would sign in."""

    async def use_link(self, key: bytes) -> User | None:
        """Spend a sign-in link and return whom it signs in."""


async def _to_nobody(_: Note) -> None:
    pass


class SignInService:
    """Signs people in and out.

    Args:
        accounts: Users, sessions and links.
        access: Counts wrong links together with wrong keys.
        passwords: Does the argon2 work.
        factors: Second factors.
        seal: Marks browsers that signed in before.
        lifetime: How long a sign-in lasts.
        notify: Told of refusals.
        names: Counts wrong tries by name and address.
        links: Counts wrong codes by the link they came with.
        now: Clock, aware UTC.

    Attributes:
        name_backoff: Makes who guesses at a name from one address wait.
        everywhere_backoff: Makes all who guess at one name, wherever from, wait.
        address_backoff: Makes an address wait, which all of an office may share.
    """

    def __init__(
        self,
        accounts: SignInStore,
        access: Access,
        passwords: PasswordWork,
        factors: SecondFactors,
        seal: Sealer,
        *,
        lifetime: SessionLifetime,
        notify: NoteSink = _to_nobody,
        names: SignInBackoff | None = None,
        links: SignInBackoff | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts, self._access, self._passwords = accounts, access, passwords
        self._factors, self._seal, self._now, self._notify = factors, seal, now, notify
        self._lifetime = lifetime
        self.name_backoff = names or SignInBackoff(free=5, longest_s=120)
        self.everywhere_backoff = SignInBackoff(free=100, longest_s=120)
        self._codes = SignInBackoff(free=10, longest_s=120)  # only who has the password gets so far
        self._links = links or SignInBackoff(free=5, longest_s=120)
        self.address_backoff = SignInBackoff(free=30)

    async def by_password(
        self,
        response: Response,
        connection: HTTPConnection,
        *,
        name: str,
        password: str,
        code: str | None = None,
    ) -> User:
        """Check name and password and start a session in `response`'s cookie.

        Args:
            response: Where the cookie goes.
            connection: What asks.
            name: As typed.
            password: As typed.
            code: Of the second factor, as typed; None where none was asked for yet.

        Raises:
            SignInRefused: If they do not belong together or the user is disabled.
            CodeNeeded: If they do, and the user has a second factor.
            TooManyTries: If name or address failed too often of late.
            TooBusy: If too many sign-ins are being checked.
        """
        counted = self._count(connection, name)
        try:
            found = await self._accounts.user(name)
            known = None if found is None or found[0].disabled_at is not None else found[1]
            good = await self._passwords.verify(password, known)
            user = found[0] if good and found is not None else None
            if user is not None:
                if code is not None:
                    counted += _counted([(self._codes, user.name)])
                factor = await self._second(user, code)
        except (TooBusy, StoreError, CodeNeeded):
            self._take_back(counted)
            raise
        except SignInRefused:
            await self._note("sign-in refused", user, connection, why="wrong code")
            raise
        if user is None:
            await self._note(
                "sign-in refused", None if found is None else found[0], connection, why="password"
            )
            raise SignInRefused
        for backoff, key in counted:
            backoff.forget_failures(key)
        self._mark(response, connection, name)
        return await self.start(
            response, connection, user, way="password", factor=factor, password_hash=known
        )

    async def by_link(
        self,
        response: Response,
        connection: HTTPConnection,
        *,
        token: str,
        code: str | None = None,
    ) -> User:
        """Spend a sign-in link and start a session in `response`'s cookie.

        Raises:
            SignInRefused: If the link is unknown, spent or too old, or the code is wrong.
            CodeNeeded: If the user has a second factor; the link stays good.
            TooManyTries: If it is no good, and its address showed too many such of late, or if too
                many wrong codes came with it.
        """
        refused = "this link is not good any more: each is good once, for a while"
        user = await self._accounts.link_user(digest(token))
        if user is None:
            self._access.bad_key(peer_of(connection))
            await self._note("sign-in refused", None, connection, why="link")
            raise SignInRefused(refused)
        counted = _counted([(self._links, digest(token).hex())])
        try:
            factor = await self._second(user, code)
        except (StoreError, CodeNeeded):
            self._take_back(counted)
            raise
        except SignInRefused:
            await self._note("sign-in refused", user, connection, why="wrong code")
            raise
        self._take_back(counted)
        if await self._accounts.use_link(digest(token)) is None:
            raise SignInRefused(refused)
        return await self.start(response, connection, user, way="link", factor=factor)

    async def by_passkey(
        self,
        response: Response,
        connection: HTTPConnection,
        whose: Callable[[], Awaitable[User]],
    ) -> User:
        """Start a session of whose passkey was shown: it is both factors.

        Args:
            response: Where the cookie goes.
            connection: What asks.
            whose: Checks the passkey and returns its user.

        Raises:
            SignInRefused: If it is not good.
            TooManyTries: If the address has shown too many such of late.
        """
        try:
            user = await whose()
        except SignInRefused:
            self._access.bad_key(peer_of(connection))
            await self._note("sign-in refused", None, connection, why="passkey")
            raise
        self._mark(response, connection, user.name)
        return await self.start(response, connection, user, way="passkey", factor=True)

    async def proves(self, user: User, secret: str) -> bool:
        """Return whether a user's password or a code of the second factor was shown.

        Args:
            user: Who is signed in.
            secret: As typed: either.

        Raises:
            Conflict: If the user has neither.
            TooBusy: If too many sign-ins are being checked.
        """
        found, has_factor = (
            await self._accounts.user(user.name),
            await self._factors.has_factor(user),
        )
        known = None if found is None else found[1]
        if known is None and not has_factor:
            raise Conflict("sign out and in again: you have no password", code="no_proof")
        may_be_code = has_factor and len(secret) <= _LONGEST_CODE
        if may_be_code and await self._factors.is_good(user, secret):
            return True
        return await self._passwords.verify(secret, known)

    async def start(
        self,
        response: Response,
        connection: HTTPConnection,
        user: User,
        *,
        way: str,
        factor: bool,
        password_hash: str | None = None,
    ) -> User:
        """Start a session of somebody who proved who they are, in `response`'s cookie.

        Args:
            response: Where the cookie goes.
            connection: What asks.
            user: Who.
            way: How they came in, for the journal.
            factor: A second factor was shown.
            password_hash: The hash that the password was found good by; None for another way.

        Raises:
            SignInRefused: If that lets nobody in any more: somebody was faster.
        """
        token = new_token()
        expires_at = self._lifetime.at_first(user, self._now())

        def notes_of(session: str | None) -> Sequence[Note]:
            if session is None:
                return ()
            return (_note("sign in", user, connection, way=way, factor=factor, session=session),)

        opened = await self._accounts.open_session(
            user,
            digest(token),
            expires_at,
            factor=factor,
            password_hash=password_hash,
            notes_of=notes_of,
        )
        if opened is None:
            raise SignInRefused
        set_cookie(response, connection, COOKIE, token, max_age_s=self._lifetime.longest_s)
        return user

    async def note_refusal(self, connection: HTTPConnection, *, why: str) -> None:
        """Note that somebody was not let in; nobody knows who it was."""
        await self._note("sign-in refused", None, connection, why=why)

    async def sign_out(self, connection: HTTPConnection, response: Response) -> None:
        """End the caller's session, if there is one, and take the cookie away."""
        token = cookie_of(connection, COOKIE)
        if token:
            found = await self._accounts.session(digest(token))
            if found is not None:
                note = _note("sign out", found.user, connection, session=found.id)
                await self._accounts.close_session(digest(token), note=note)
        take_cookie_away(response, connection, COOKIE)

    async def _second(self, user: User, code: str | None) -> bool:
        """Return whether a second factor was shown.

        Raises:
            CodeNeeded: If there is one and no code.
            SignInRefused: If the code is wrong.
        """
        if not await self._factors.has_factor(user):
            return False
        if code is None:
            raise CodeNeeded
        if not await self._factors.is_good(user, code):
            raise SignInRefused("the code is wrong, or has been used")
        return True

    def _count(self, connection: HTTPConnection, name: str) -> list[tuple[SignInBackoff, str]]:
        """Count a try as failed, before anything is waited for: tries at once must not slip past.

        Raises:
            TooManyTries: If name or address failed too often of late.
        """
        nonce, peer = self._browser_key(connection, name), peer_of(connection)
        if nonce is not None:
            return _counted([(self.name_backoff, f"known browser {nonce}")])
        return _counted(
            [
                (self.name_backoff, f"{name}\n{peer}"),
                (self.address_backoff, peer),
                (self.everywhere_backoff, name),
            ]
        )

    def _take_back(self, counted: list[tuple[SignInBackoff, str]]) -> None:
        for backoff, key in counted:
            backoff.take_back(key)

    def _browser_key(self, connection: HTTPConnection, name: str) -> str | None:
        """Return what a browser is counted by in which `name` signed in before."""
        nonce, _, mark = cookie_of(connection, KNOWN).partition(".")
        if not nonce or not mark.isascii():
            return None
        good = secrets.compare_digest(mark, self._seal.mark("known browser", name, nonce))
        return nonce if good else None

    def _mark(self, response: Response, connection: HTTPConnection, name: str) -> None:
        if self._browser_key(connection, name) is not None:
            return
        nonce = secrets.token_urlsafe(12)
        mark = self._seal.mark("known browser", name, nonce)
        set_cookie(
            response,
            connection,
            KNOWN,
            f"{nonce}.{mark}",
            max_age_s=_KNOWN_FOR_S,
            path="/api/session",
        )

    async def _note(
        self, act: str, user: User | None, connection: HTTPConnection, **detail: object
    ) -> None:
        await self._notify(_note(act, user, connection, **detail))


def _counted(keys: list[tuple[SignInBackoff, str]]) -> list[tuple[SignInBackoff, str]]:
    for backoff, key in keys:
        backoff.check(key)
    for backoff, key in keys:
        backoff.note_failure(key)
    return keys


def _note(act: str, user: User | None, connection: HTTPConnection, **detail: object) -> Note:
    return Note(
        act=act,
        actor="" if user is None else user.name,
        agency="" if user is None else user.agency,
        subject="" if user is None else f"user:{user.name}",
        detail={"address": peer_of(connection), **detail},
    )
