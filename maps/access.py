"""Access: who is calling: a person by session cookie, a device by its key; nobody else.

A session is a random token in a cookie that scripts cannot read and other sites cannot send; the
store keeps its digest. A sign-in link carries a token that is good once. A device shows its key as
Bearer token, or as the password of HTTP Basic where its software knows nothing else (OwnTracks).

A program that only reads (QGIS, GDAL, a script) shows a person's reading token in the same two
ways. It is a session under a name of its own: good for the paths in `READABLE` and for nothing
else, never in a cookie and never in an address, and gone with the person's other sessions.

Routes ask for a Desk with the dependency `desk`; a route without it is public, and a test lists
those.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Protocol

from fastapi import Depends, Response
from starlette.requests import HTTPConnection

from maps.backoff import BackOff
from maps.errors import NotSignedIn, SignInRefused, TooBusy
from maps.passwords import READING, PasswordWork, digest, new_token
from patrol.accounts import Device, User
from patrol.desk import Desk
from patrol.errors import Forbidden, StoreError

COOKIE = "jp_session"

READABLE = ("/api/ogc", "/api/exports/", "/api/layers", "/tiles/", "/api/openapi.json")
"""Where a reading token is good, for GET and HEAD."""


class Accounts(Protocol):
    """What access asks of the store."""

    async def user(self, name: str) -> tuple[User, str | None] | None:
        """Return a user and its password's hash."""

    async def open_session(self, user: User, key: bytes, expires_at: datetime) -> None:
        """Keep a new session."""

    async def session(self, key: bytes) -> tuple[str, User, datetime] | None:
        """Return id, user and end of a session that is good now."""

    async def close_session(self, key: bytes) -> None:
        """End a session."""

    async def use_link(self, key: bytes) -> User | None:
        """Spend a sign-in link and return whom it signs in."""

    async def device(self, key: bytes) -> Device | None:
        """Return the device with this key."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who is calling.

    Attributes:
        user: The person; for a device, a user of its name who may do what a crew may.
        device: The device's name; None for a person.
        session: The session's id; None for a device.
        expires_at: When the session ends; None for a device.
    """

    user: User
    device: str | None = None
    session: str | None = None
    expires_at: datetime | None = None

    @property
    def source(self) -> str:
        """What stands for a channel in what it reports: bind an address to this."""
        return f"user:{self.user.name}" if self.device is None else f"key:{self.device}"


class Access:
    """Signs people in and out and recognises who is calling.

    Args:
        accounts: Users, sessions, links and device keys.
        passwords: Does the argon2 work.
        session_hours: How long a sign-in lasts.
        secure: Send the cookie over TLS only, even when a request came without.
        names: Counts wrong passwords by name.
        peers: Counts wrong passwords by address; generous, since an office may share one.
        keys: Counts wrong keys and links by address. Those cannot be guessed, so a good one is
            never refused: only the bad ones of an address that shows many are told to wait.
    """

    def __init__(
        self,
        accounts: Accounts,
        passwords: PasswordWork,
        *,
        session_hours: float,
        secure: bool,
        names: BackOff | None = None,
        peers: BackOff | None = None,
        keys: BackOff | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts, self._passwords, self._now = accounts, passwords, now
        self._hours, self._secure = session_hours, secure
        self._names = names or BackOff(free=5, longest_s=120)
        self._peers = peers or BackOff(free=30)
        self._keys = keys or BackOff(free=30)

    async def sign_in(
        self, response: Response, connection: HTTPConnection, *, name: str, password: str
    ) -> User:
        """Check name and password and start a session in `response`'s cookie.

        Args:
            response: Where the cookie goes.
            connection: What asks.
            name: As typed.
            password: As typed.

        Raises:
            SignInRefused: If they do not belong together or the user is disabled.
            TooManyTries: If name or address failed too often of late.
            TooBusy: If too many sign-ins are being checked.
        """
        peer = peer_of(connection)
        self._names.check(name)
        self._peers.check(peer)
        # Counted before anything is waited for, so that tries sent at once do not slip past.
        self._names.failed(name)
        self._peers.failed(peer)
        try:
            found = await self._accounts.user(name)
            known = None if found is None or found[0].disabled_at is not None else found[1]
            good = await self._passwords.verify(password, known)
        except (TooBusy, StoreError):
            self._names.take_back(name)
            self._peers.take_back(peer)
            raise
        if not good or found is None:
            raise SignInRefused
        self._names.succeeded(name)
        self._peers.succeeded(peer)
        return await self._start(response, connection, found[0])

    async def sign_in_by_link(
        self, response: Response, connection: HTTPConnection, *, token: str
    ) -> User:
        """Spend a sign-in link and start a session in `response`'s cookie.

        Raises:
            SignInRefused: If the link is unknown, spent or too old.
            TooManyTries: If so, and the address has shown too many of late.
        """
        user = await self._accounts.use_link(digest(token))
        if user is None:
            self._bad_key(peer_of(connection))
            raise SignInRefused("this link is not good any more: each is good once, for a while")
        return await self._start(response, connection, user)

    async def sign_out(self, connection: HTTPConnection, response: Response) -> None:
        """End the caller's session, if there is one, and take the cookie away."""
        token = connection.cookies.get(COOKIE)
        if token:
            await self._accounts.close_session(digest(token))
        response.delete_cookie(
            COOKIE, httponly=True, secure=self._over_tls(connection), samesite="strict"
        )

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Return who is calling.

        Raises:
            NotSignedIn: If there is no session, key or password, or it is not good.
            Forbidden: If it is a reading token, and this is nothing to read.
            TooManyTries: If it is not good, and the address has shown too many such of late.
        """
        scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() in ("bearer", "basic"):
            name, key = (
                (None, credentials.strip()) if scheme.lower() == "bearer" else _basic(credentials)
            )
            if key.startswith(READING):
                return await self._reader(key, name, connection)
            return await self._device(key, name, peer_of(connection))
        token = connection.cookies.get(COOKIE, "")
        good = bool(token) and not token.startswith(READING)
        found = await self._accounts.session(digest(token)) if good else None
        if found is None:
            raise NotSignedIn
        session, user, expires_at = found
        return Caller(user=user, session=session, expires_at=expires_at)

    async def knows_device(self, name: str, key: str) -> bool:
        """Return whether device `name` has this key and may speak."""
        device = await self._accounts.device(digest(key))
        return device is not None and device.name == name

    async def _reader(self, token: str, name: str | None, connection: HTTPConnection) -> Caller:
        found = await self._accounts.session(digest(token))
        if found is None or name not in (None, "", found[1].name):
            self._bad_key(peer_of(connection))
            raise NotSignedIn("the reading token is not good")
        session, user, expires_at = found
        path, method = connection.url.path, connection.scope.get("method", "")
        if method not in ("GET", "HEAD") or not path.startswith(READABLE):
            raise Forbidden("do anything but read maps and exports", "reading token")
        return Caller(user=user, session=session, expires_at=expires_at)

    async def _device(self, key: str, name: str | None, peer: str) -> Caller:
        device = await self._accounts.device(digest(key))
        if device is None or name not in (None, device.name):
            self._bad_key(peer)
            raise NotSignedIn("the device key is not good")
        user = User(name=f"key:{device.name}", role="crew", agency=device.agency)
        return Caller(user=user, device=device.name)

    def _bad_key(self, peer: str) -> None:
        self._keys.check(peer)
        self._keys.failed(peer)

    def _over_tls(self, connection: HTTPConnection) -> bool:
        """Return whether a cookie may insist on TLS; a proxy we trust may have ended it."""
        return self._secure or connection.url.scheme in ("https", "wss")

    async def _start(self, response: Response, connection: HTTPConnection, user: User) -> User:
        token = new_token()
        expires_at = self._now() + timedelta(hours=self._hours)
        await self._accounts.open_session(user, digest(token), expires_at)
        response.set_cookie(
            COOKIE,
            token,
            max_age=round(self._hours * 3600),
            httponly=True,
            secure=self._over_tls(connection),
            samesite="strict",
        )
        return user


def peer_of(connection: HTTPConnection) -> str:
    """Return the address a request came from."""
    return connection.client.host if connection.client else "?"


async def reporter(connection: HTTPConnection) -> Caller:
    """Dependency: who is calling, a person or a device.

    Raises:
        NotSignedIn: If nobody we know.
    """
    access: Access = connection.app.state.access
    return await access.caller(connection)


ReporterHere = Annotated[Caller, Depends(reporter)]


async def caller(reporter: ReporterHere) -> Caller:
    """Dependency: the person who is calling.

    Raises:
        NotSignedIn: If nobody we know.
        Forbidden: If it is a device: a key that is lost with a radio must not show the picture.
    """
    if reporter.device is not None:
        raise Forbidden("do anything but report", "device")
    return reporter


CallerHere = Annotated[Caller, Depends(caller)]


async def desk(connection: HTTPConnection, caller: CallerHere) -> Desk:
    """Dependency: the caller's window on the picture and the records.

    Raises:
        NotSignedIn: If nobody we know is calling.
        Forbidden: If a device is calling.
    """
    opened: Desk = connection.app.state.desk_of(caller.user)
    return opened


DeskHere = Annotated[Desk, Depends(desk)]


def _basic(credentials: str) -> tuple[str, str]:
    try:
        name, colon, key = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise NotSignedIn from None
    if not colon:
        raise NotSignedIn
    return name, key
