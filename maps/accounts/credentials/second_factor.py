"""Second factor: codes of an authenticator that change every 30 seconds, and recovery codes.

A user scans a QR code, proves with a first code that it works, and gets ten recovery codes, shown
once and good once each. From then on every sign-in asks for a code. A code is good in its own 30
seconds and those before and after, and once: it, and all before it, are spent when it is taken.

The shared secret must be read again to check a code, so it is kept sealed
(`maps.accounts.credentials.sealer`), shown only while it is not confirmed, and never logged.
Recovery codes have 80 random bits and are kept as digests.

Source: RFC 6238 (TOTP: SHA-1, 30 s, 6 digits, as every authenticator knows), sections 5.2 and 6.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import msgspec
import pyotp

from maps.accounts.credentials.passwords import digest
from maps.accounts.credentials.qr import QrCode, qr_code
from maps.accounts.credentials.sealer import Sealer
from maps.errors.errors import SignInRefused
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict, NotFound
from patrol.filing.journal_writer import JournalWriter, if_done
from patrol.store.accounts import accounts, passkeys
from patrol.store.accounts import second_factors as factors
from patrol.store.store import Store
from patrol.units.accounts import SecondFactor, User

STEP_S: Final = 30
WINDOW: Final = 1  # steps before and after; clocks of phones differ
CODES: Final = 10


class FactorState(msgspec.Struct, frozen=True, kw_only=True):
    """How a user's second factor stands.

    Attributes:
        confirmed_at: Since when it is asked for, aware UTC; None: it is not.
        recovery_left: How many recovery codes have not been used.
        required: The role may do nothing without, or without a passkey.
        passkeys: How many passkeys there are; one is a second factor, too.
    """

    confirmed_at: datetime | None
    recovery_left: int
    required: bool
    passkeys: int = 0


class FactorSetUp(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator needs, shown this once.

    Attributes:
        secret: To type in where no camera is, base32.
        address: The same as `otpauth:` address.
        qr: The address as QR code.
    """

    secret: str
    address: str
    qr: QrCode


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Codes that stand in for a lost authenticator, once each; shown this once.

    Attributes:
        codes: The codes.
    """

    codes: tuple[str, ...]


class SecondFactors:
    """The second factors of this node's users.

    Args:
        store: Where they are kept.
        seal: Seals the secrets.
        issuer: Name of this node, as an authenticator shows it.
        journal_writer: Writes changes with their lines in the journal; one of its own if None.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        seal: Sealer,
        *,
        issuer: str,
        journal_writer: JournalWriter | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._seal, self._issuer, self._now = store, seal, issuer, now
        self._journal_writer = journal_writer or JournalWriter(store=store, node=issuer, now=now)

    async def of(self, user: User) -> SecondFactor | None:
        """Return a user's second factor, confirmed or not; None without."""
        return await self._store.read(factors.second_factor, user.name)

    async def has_factor(self, user: User) -> bool:
        """Return whether a user has a second factor: an authenticator that works, or a passkey."""
        return await self._store.read(accounts.has_second_factor, user.name)

    async def state_of(self, user: User, *, required: bool) -> FactorState:
        """Return how a user's second factor stands."""
        known = await self.of(user)
        return FactorState(
            confirmed_at=None if known is None else known.confirmed_at,
            recovery_left=await self._store.read(factors.recovery_left, user.name),
            required=required,
            passkeys=len(await self._store.read(passkeys.of_user, user.name)),
        )

    async def begin(self, user: User) -> FactorSetUp:
        """Make a fresh secret, which a first code must confirm.

        Raises:
            Conflict: If a confirmed one is there.
            SealError: If the key that seals cannot be used.
        """
        secret = pyotp.random_base32()
        sealed = self._seal.seal(secret, about=_about(user))
        if not await self._store.write(factors.begin, user, sealed, self._now()):
            raise Conflict(f"{user.name} has a second factor already: turn it off first")
        address = pyotp.TOTP(secret).provisioning_uri(name=user.name, issuer_name=self._issuer)
        return FactorSetUp(secret=secret, address=address, qr=qr_code(address))

    async def confirm(
        self, user: User, code: str, *, session: str | None = None, note: Note | None = None
    ) -> RecoveryCodes:
        """Turn the factor on with a first code; all the user's other sessions end.

        Args:
            user: Whose.
            code: As typed.
            session: Id of the session in which it is shown, which goes on.
            note: What the journal is told once it is on.

        Raises:
            NotFound: If none was begun.
            Conflict: If it is confirmed already.
            SignInRefused: If the code is wrong.
            SealError: If the key that seals cannot be used.
        """
        known = await self.of(user)
        if known is None:
            raise NotFound("second factor", user.name)
        if known.confirmed_at is not None:
            raise Conflict("the second factor is confirmed already")
        step = self._step_of(user, known, code)
        if step is None:
            raise SignInRefused("the code is wrong: look at the clock of the phone")
        codes = fresh_recovery_codes(user)
        turned = await self._journal_writer.write(
            if_done(note),
            factors.confirm,
            user,
            known.secret,
            step,
            codes.values(),
            self._now(),
            session=session,
        )
        if not turned:
            raise Conflict("the second factor was begun anew: scan the newest code")
        return RecoveryCodes(codes=tuple(codes))

    async def is_good(self, user: User, code: str) -> bool:
        """Spend a code or recovery code; False if it is wrong or was spent before.

        Raises:
            SealError: If the key that seals cannot be used.
        """
        known = await self.of(user)
        works = known is not None and known.confirmed_at is not None
        step = self._step_of(user, known, code) if works and known is not None else None
        if step is not None:
            return await self._store.write(factors.spend_step, user.name, step)
        if len(_plain(code)) != 16:
            return False
        return await self._store.write(
            factors.spend_recovery_code, user.name, _digest(user, code), self._now()
        )

    async def fresh_codes(self, user: User, *, note: Note | None = None) -> RecoveryCodes:
        """Return fresh recovery codes in place of the old ones, and note that.

        Raises:
            NotFound: If the user has no second factor.
        """
        if not await self.has_factor(user):
            raise NotFound("second factor", user.name)
        codes = fresh_recovery_codes(user)
        await self._journal_writer.write(
            () if note is None else note, factors.put_codes, user, codes.values()
        )
        return RecoveryCodes(codes=tuple(codes))

    async def remove(
        self, name: str, *, passkeys_too: bool = False, note: Note | None = None
    ) -> bool:
        """Turn a user's authenticator off and note that; its sessions end. Return whether there
        was something.

        Args:
            name: Whose.
            passkeys_too: Its passkeys go, too.
            note: What the journal is told.
        """
        return await self._journal_writer.write(
            if_done(note), factors.remove, name, passkeys_too=passkeys_too
        )

    def _step_of(self, user: User, known: SecondFactor, code: str) -> int | None:
        """Return the time step that a code belongs to, around now; None for none."""
        typed = "".join(code.split())
        if len(typed) != 6 or not (typed.isascii() and typed.isdigit()):
            return None
        totp = pyotp.TOTP(self._seal.open(known.secret, about=_about(user)))
        now = int(self._now().timestamp()) // STEP_S
        for step in range(now - WINDOW, now + WINDOW + 1):
            if hmac.compare_digest(totp.generate_otp(step), typed):
                return step
        return None


def _about(user: User) -> str:
    return f"second factor of {user.name}"


def fresh_recovery_codes(user: User) -> dict[str, bytes]:
    """Return ten recovery codes that nobody has, each with what is kept of it."""
    codes = [_recovery_code() for _ in range(CODES)]
    return {each: _digest(user, each) for each in codes}


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(10)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def _digest(user: User, code: str) -> bytes:
    return digest(f"recovery:{user.name}:{_plain(code)}")


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").lower()
