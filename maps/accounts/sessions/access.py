"""Access: who is calling: a person by session cookie, a device or program by its key; nobody else.

A session is a random token in a cookie that scripts cannot read and other sites cannot send; the
store keeps its digest. A device shows its key as Bearer token, or as the password of HTTP Basic
where its software knows nothing else (OwnTracks). A phone that was enrolled shows its key in the
cookie too, since a page cannot put a header on a WebSocket.

A program shows a person's token in the same two ways as a device. It is a session under a name of
its own, good for the routes of its scopes (`maps.accounts.credentials.scopes`) and for nothing
else, never in a cookie and never in an address, and gone with the person's other sessions.

How people sign in is `maps.accounts.sessions.sign_in`. Routes ask for a Desk with the dependency
`desk`; a route without it is public, and a test lists those.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated, Final, Protocol

from fastapi import Depends, Request
from starlette.requests import HTTPConnection

from maps.accounts.credentials.passwords import API, PHONE_KEY, READING, digest
from maps.accounts.credentials.scopes import PHONE, READER, TRACKER, scope_of
from maps.accounts.sessions.cookies import cookie_of
from maps.accounts.sessions.recent_proof import RecentProof, is_sensitive
from maps.accounts.sessions.sign_in_backoff import SignInBackoff
from maps.errors.errors import NotSignedIn, ProofNeeded, SecondFactorNeeded
from maps.http.policy_epoch_guard import DESK
from maps.http.session_cookie import COOKIE
from maps.http.write_limit import WriteLimit
from patrol.desks.desk import Desk
from patrol.errors.errors import Forbidden, StoreError
from patrol.units.accounts import Device, Session, User

VERIFIED: Final = "joint-patrol.caller"
"""Where in its scope stands who is calling, of a request that another process of this node took."""

EPOCH_FOR_S: Final = 1.0  # how long what was read of the account epoch is believed
_KEPT: Final = 4096  # devices that are known without asking the store

FIRST_STEPS: Final = frozenset(
    {
        "/account",
        "/api/session",
        "/api/session/preferences",
        "/api/session/passkeys",
        "/api/session/passkeys/confirm",
        "/api/session/proof",
        "/api/session/proof/challenge",
        "/api/session/proof/passkey",
        "/api/session/second-factor",
        "/api/session/second-factor/confirm",
    }
)
"""What a session may do whose role asks for a second factor that is not set up yet."""


class AccessStore(Protocol):
    """What access asks of the store."""

    async def session(self, key: bytes) -> Session | None:
        """Return the session with this key, while it and its user hold."""

    async def prolong(self, session: str, until: datetime) -> None:
        """Have a session hold until then: it is in use."""

    async def device(self, key: bytes) -> Device | None:
        """Return the device with this key."""

    async def epoch(self) -> int:
        """Return a number that moves whenever somebody's way in may be gone."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who is calling.

    Attributes:
        user: The person; for a device, a user of its name who may do what a crew may.
        device: The device's name; None for a person.
        unit: Id of the unit an enrolled phone stands for.
        session: The session's id; None for a device.
        expires_at: When the session ends; None for a device.
        scopes: What it is good for; None for a person who signed in: for everything.
        factor: The session began with a second factor.
        began_at: When it was signed in, aware UTC; None for a device.
    """

    user: User
    device: str | None = None
    unit: str | None = None
    session: str | None = None
    expires_at: datetime | None = None
    scopes: frozenset[str] | None = None
    factor: bool = False
    began_at: datetime | None = None

    @property
    def source(self) -> str:
        """What stands for a channel in what it reports: bind an address to this."""
        return f"user:{self.user.name}" if self.device is None else f"key:{self.device}"


class Access:
    """Recognises who is calling, and whether with the right to call this route at all.

    Args:
        accounts: Sessions and device keys.
        second_factor: Roles that may do nothing without a second factor.
        keys: Counts wrong keys by address. Those cannot be guessed, so a good one is never
            refused: only the bad ones of an address that shows many are told to wait.
        writes: How many changes one caller may ask for.
        proof: Says who has shown password or code of late; None: nobody is asked.
        idle: Returns until when a session that is used now holds; None: as long as it did.
        now: Clock, aware UTC.

    Attributes:
        write_limit: How many changes one caller may ask for.
    """

    def __init__(
        self,
        accounts: AccessStore,
        *,
        second_factor: Collection[str] = (),
        keys: SignInBackoff | None = None,
        writes: WriteLimit | None = None,
        proof: RecentProof | None = None,
        idle: Callable[[Session], datetime | None] = lambda _session: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._accounts, self._now = accounts, now
        self._second_factor = frozenset(second_factor)
        self._keys = keys or SignInBackoff(free=30)
        self.write_limit = writes or WriteLimit()
        self._proof, self._idle = proof, idle
        self._used: dict[str, asyncio.Task[None]] = {}  # what is being noted, by session
        self._epoch, self._epoch_at = 0, float("-inf")
        self._read_at = float("-inf")  # when the store was last asked for it and answered
        self._reading: asyncio.Task[None] | None = None
        self._devices: dict[bytes, Device] = {}  # by digest of the key, as of this epoch

    async def caller(self, connection: HTTPConnection) -> Caller:
        """Return who is calling.

        Raises:
            NotSignedIn: If there is no session, key or password, or it is not good.
            Forbidden: If it is a token or device, and no scope of it is good for this route.
            SecondFactorNeeded: If the role asks for a second factor that is not set up.
            ProofNeeded: If the act asks for password or code again.
            TooManyTries: If it is not good, and the address has shown too many such of late.
            TooManyWrites: If it asks for more changes than anybody needs.
        """
        found = await self._caller_of(connection)
        method = connection.scope.get("method", "GET")
        route: str = getattr(connection.scope.get("route"), "path", connection.url.path)
        if found.scopes is not None and scope_of(method, route) not in found.scopes:
            raise _out_of_scope(found)
        if (
            found.scopes is None
            and not found.factor
            and found.user.role in self._second_factor
            and route not in FIRST_STEPS
        ):
            raise SecondFactorNeeded(found.user.role)
        if (
            self._proof is not None
            and VERIFIED not in connection.scope  # the other process has asked: it has the cookies
            and found.scopes is None
            and is_sensitive(method, route)
            and not self._proof.is_recent(connection, found.session or "", found.began_at)
        ):
            raise ProofNeeded
        if method in ("POST", "PUT", "PATCH", "DELETE"):
            # A token has a bucket of its own: a program gone wild must not stop its owner.
            program = found.session if found.scopes is not None else None
            self.write_limit.take(program or found.source)
        return found

    async def epoch(self) -> int:
        """Return a number that moves whenever somebody's way in may be gone; a second old at most.

        Raises:
            StoreError: If the store cannot be read.
        """
        if monotonic() - self._epoch_at > EPOCH_FOR_S:
            self._epoch_at = began = monotonic()  # first: who asks meanwhile need not ask again
            self._note(await self._accounts.epoch(), began)
        return self._epoch

    def epoch_now(self) -> int | None:
        """Return the same without waiting; None when what was read is older.

        As long as somebody asks every half second it is read anew in time: who has something to
        send does not wait for the store.
        """
        age_s = monotonic() - self._epoch_at
        if age_s > EPOCH_FOR_S / 2 and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read_epoch(), name="account-epoch")
        return self._epoch if age_s <= EPOCH_FOR_S else None

    async def _read_epoch(self) -> None:
        began = monotonic()
        try:
            epoch = await self._accounts.epoch()
        except StoreError:  # told to who waits for it
            return
        if began > self._epoch_at:
            self._epoch_at = began
            self._note(epoch, began)

    async def _note_used(self, session: str, until: datetime) -> None:
        try:
            with suppress(StoreError):
                await self._accounts.prolong(session, until)
        finally:
            del self._used[session]

    def _note(self, epoch: int, began: float) -> None:
        """Note what was read of the epoch by who began to read then.

        A database that took over from a failed one may count from further back, and come to the
        same number again: what was known goes with another number, and where none was read.
        """
        if began < self._read_at:
            return  # it comes late
        if epoch != self._epoch or began - self._read_at > 2 * EPOCH_FOR_S:
            self._devices = {}
        self._epoch, self._read_at = epoch, began

    def look_again(self) -> None:
        """Believe nothing that was read before: in this process somebody's way in has changed."""
        self._epoch_at = self._read_at = float("-inf")
        self._devices = {}  # a new one: what is being read now goes into the old

    async def device(self, name: str, key: str) -> Device | None:
        """Return device `name`, if it has this key and may speak."""
        device = await self._accounts.device(digest(key))
        return device if device is not None and device.name == name else None

    def bad_key(self, peer: str) -> None:
        """Count a wrong key or link of an address.

        Raises:
            TooManyTries: If it has shown too many of late.
        """
        self._keys.check(peer)
        self._keys.note_failure(peer)

    async def _caller_of(self, connection: HTTPConnection) -> Caller:
        verified = connection.scope.get(VERIFIED)
        if isinstance(verified, Caller):
            return verified
        scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() in ("bearer", "basic"):
            name, key = (
                (None, credentials.strip()) if scheme.lower() == "bearer" else _basic(credentials)
            )
            if key.startswith((READING, API)):
                return await self._program(key, name, peer_of(connection))
            return await self._device(key, name, peer_of(connection))
        token = cookie_of(connection, COOKIE)
        if token.startswith(PHONE_KEY):
            return await self._device(token, None, peer_of(connection))
        good = bool(token) and not token.startswith((READING, API))
        found = await self._accounts.session(digest(token)) if good else None
        if found is None:
            raise NotSignedIn
        until = self._idle(found)
        if until is not None and found.id not in self._used:
            # Who asks does not wait for it, nor fails with it: it is tried again with the next.
            noting = self._note_used(found.id, until)
            self._used[found.id] = asyncio.create_task(noting, name="session-used")
        return Caller(
            user=found.user,
            session=found.id,
            expires_at=found.expires_at,
            factor=found.factor,
            began_at=found.created_at,
        )

    async def _program(self, token: str, name: str | None, peer: str) -> Caller:
        found = await self._accounts.session(digest(token))
        if found is None or name not in (None, "", found.user.name):
            self.bad_key(peer)
            raise NotSignedIn("the token is not good")
        scopes = found.scopes if token.startswith(API) else READER
        return Caller(
            user=found.user,
            session=found.id,
            expires_at=found.expires_at,
            scopes=frozenset(scopes),
        )

    async def _device(self, key: str, name: str | None, peer: str) -> Caller:
        device = await self._device_with(digest(key))
        if device is None or name not in (None, device.name):
            self.bad_key(peer)
            raise NotSignedIn("the device key is not good")
        user = User(name=f"key:{device.name}", role="crew", agency=device.agency)
        phone = device.kind == "phone"
        return Caller(
            user=user,
            device=device.name,
            unit=device.unit,
            scopes=PHONE if phone else TRACKER,
        )

    async def _device_with(self, key: bytes) -> Device | None:
        """Return the device with this key, whose way in was open a second ago.

        A tracker shows its key with each report, hundreds a second: those of one account epoch are
        asked of the store once. What is read while the epoch moves counts as of the one before.
        """
        self.epoch_now()  # has it read in time
        if monotonic() - self._read_at > EPOCH_FOR_S:
            # The store was not asked, or does not answer: nothing says that a key is still good.
            return await self._accounts.device(key)
        devices = self._devices  # of this epoch: another has another
        entry = devices.get(key)
        if entry is not None:
            return entry
        found = await self._accounts.device(key)
        if found is not None:
            if len(devices) >= _KEPT:
                devices.clear()
            devices[key] = found
        return found


def peer_of(connection: HTTPConnection) -> str:
    """Return the address a request came from."""
    return connection.client.host if connection.client else "?"


async def reporter(connection: HTTPConnection) -> Caller:
    """Dependency: who is calling, a person, program or device.

    Raises:
        NotSignedIn: If nobody we know.
        Forbidden: If it is out of its scopes.
    """
    access: Access = connection.app.state.access
    return await access.caller(connection)


ReporterHere = Annotated[Caller, Depends(reporter)]


async def body_of(request: Request) -> bytes:
    """Return the body of a request whose caller was looked at before it was read.

    Who sends it slowly is looked at again: whoever lost the way in meanwhile does nothing with a
    request that was begun before.

    Raises:
        NotSignedIn: If it is nobody we know any more.
    """
    began = monotonic()
    body = await request.body()
    if monotonic() - began > EPOCH_FOR_S:
        await reporter(request)
    return body


async def caller(reporter: ReporterHere) -> Caller:
    """Dependency: the person who is calling, or a program or phone on somebody's behalf.

    Raises:
        NotSignedIn: If nobody we know.
        Forbidden: If it is out of its scopes; a tracker is always: a key that is lost with a radio
            must not show the picture.
    """
    return reporter


CallerHere = Annotated[Caller, Depends(caller)]


async def desk(connection: HTTPConnection, caller: CallerHere) -> Desk:
    """Dependency: the caller's window on the picture and the records.

    Raises:
        NotSignedIn: If nobody we know is calling.
        Forbidden: If a device is calling.
    """
    opened: Desk = connection.app.state.desk_of(caller.user)
    connection.scope[DESK] = opened
    return opened


DeskHere = Annotated[Desk, Depends(desk)]


def _out_of_scope(caller: Caller) -> Forbidden:
    if caller.device is not None and caller.scopes == TRACKER:
        return Forbidden("do anything but report", "device")
    if caller.device is not None:
        return Forbidden("do this", "phone")
    if caller.scopes == frozenset(READER):
        return Forbidden("do anything but read maps and exports", "reading token")
    return Forbidden("do this: no scope of it is for that", "token")


def _basic(credentials: str) -> tuple[str, str]:
    try:
        name, colon, key = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise NotSignedIn from None
    if not colon:
        raise NotSignedIn
    return name, key
