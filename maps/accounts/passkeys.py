"""Passkeys: a person signs in, and proves it again, by a key that the own device holds (WebAuthn).

The browser asks its device to sign a challenge of ours; the device asks for finger, face or PIN
first, so one passkey is two factors: what one has, and what one is or knows. It is bound to the
name of this office (RP id) and to the address in the browser (origin): another site cannot use it.
So there are none where people type an IP address, or come without TLS (but on `localhost`).

A challenge is of this node, for one purpose, five minutes old at most, and good once: a passkey
answers none that was made before the last one it answered.

Source: W3C Web Authentication Level 2, 7.1 and 7.2, by the library `webauthn`.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import msgspec
from starlette.requests import HTTPConnection

from maps.errors import BadRequest, SignInRefused
from maps.sealing import Seal
from patrol.accounts import Passkey, User
from patrol.errors import Conflict, NotFound
from patrol.filing import Note
from patrol.scribe import Scribe, if_done
from patrol.store import passkeys as queries
from patrol.store.store import Store

GOOD_FOR: Final = timedelta(minutes=5)
MOST: Final = 20  # of one user
_ONE_US: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """What this office is called in a browser.

    Attributes:
        rp_id: Its name, to which passkeys are bound.
        origin: Its address, with scheme and port.
    """

    rp_id: str
    origin: str


def name_in(connection: HTTPConnection) -> Name | None:
    """Return what a passkey is bound to at the address in a browser; None where there can be none:
    at an IP address, and without TLS but on this machine.

    The address was found to be one of ours before (`maps.guard`).
    """
    url = connection.url
    host, scheme = (url.hostname or "").rstrip("."), "https" if url.scheme == "wss" else url.scheme
    if not can_have_passkeys(host, tls=scheme == "https"):
        return None
    return Name(rp_id=host, origin=f"{scheme}://{url.netloc}")


def can_have_passkeys(host: str, *, tls: bool) -> bool:
    """Return whether browsers make passkeys for a host.

    >>> can_have_passkeys("patrol.hx.example", tls=True), can_have_passkeys("10.0.0.7", tls=True)
    (True, False)
    >>> can_have_passkeys("hx.localhost", tls=False), can_have_passkeys("hx.lan", tls=False)
    (True, False)
    """
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        is_here = host == "localhost" or host.endswith(".localhost")
        return bool(host) and (tls or is_here)
    return False


class Passkeys:
    """The passkeys of this node's users.

    Args:
        store: Where they are kept.
        seal: Marks challenges.
        node: This node's id.
        title: This node's name, as a device shows it.
        scribe: Writes changes with their lines in the journal.
        recovery: Makes recovery codes of a user, each with what is kept of it.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        seal: Seal,
        *,
        node: str,
        title: str,
        scribe: Scribe,
        recovery: Callable[[User], Mapping[str, bytes]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._seal, self._node, self._title = store, seal, node, title
        self._scribe, self._recovery, self._now = scribe, recovery, now

    async def of(self, user: User) -> list[Passkey]:
        """Return a user's passkeys, oldest first."""
        return await self._store.read(queries.of_user, user.name)

    async def begin(self, user: User, name: Name, *, session: str) -> dict[str, Any]:
        """Return what a browser needs to make a passkey for a user, as
        `PublicKeyCredentialCreationOptionsJSON`.

        Raises:
            Conflict: If the user has too many.
        """
        from webauthn import generate_registration_options
        from webauthn.helpers import options_to_json_dict
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            PublicKeyCredentialDescriptor,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        known = await self.of(user)
        if len(known) >= MOST:
            raise Conflict(f"{user.name} has {MOST} passkeys already: remove one first")
        options = generate_registration_options(
            rp_id=name.rp_id,
            rp_name=self._title,
            user_name=user.name,
            user_id=self._handle(user),
            challenge=self._challenge("passkey of", user.name, session),
            timeout=_ms(GOOD_FOR),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=each.credential)
                for each in known
                if each.rp_id == name.rp_id
            ],
        )
        told: dict[str, Any] = options_to_json_dict(options)
        return told

    async def add(
        self,
        user: User,
        name: Name,
        said: dict[str, Any],
        *,
        label: str,
        session: str,
        note: Note | None = None,
    ) -> tuple[Passkey, tuple[str, ...]]:
        """Keep a passkey that a browser made; the user's other sessions end.

        Args:
            user: Whose.
            name: What it is bound to.
            said: What the browser answered, as `RegistrationResponseJSON`.
            label: What the user calls it.
            session: Id of the session in which it is made, which goes on.
            note: What the journal is told.

        Returns:
            It, and recovery codes where the user had no second factor before; else none.

        Raises:
            SignInRefused: If it is not what was asked for.
            Conflict: If it is known already.
        """
        from webauthn import verify_registration_response
        from webauthn.helpers.exceptions import WebAuthnException

        challenge = _challenge_in(said)
        issued_at = self._issued_at(challenge, "passkey of", user.name, session)
        try:
            made = verify_registration_response(
                credential=said,
                expected_challenge=challenge,
                expected_rp_id=name.rp_id,
                expected_origin=name.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise SignInRefused(f"this passkey cannot be taken: {error}") from None
        passkey = Passkey(
            id=uuid4().hex,
            user=user.name,
            credential=made.credential_id,
            public_key=made.credential_public_key,
            uses=made.sign_count,
            rp_id=name.rp_id,
            label=label,
            created_at=self._now(),
        )
        codes = self._recovery(user)
        first = await self._scribe.write(
            if_done(note),
            queries.add,
            passkey,
            user,
            list(codes.values()),
            issued_at=issued_at,
            session=session,
        )
        if first is None:
            raise Conflict("this passkey is known already")
        return passkey, tuple(codes) if first == "first" else ()

    def ask(
        self, name: Name, purpose: str, *about: str, only: Sequence[Passkey] = ()
    ) -> dict[str, Any]:
        """Return what a browser needs to use a passkey, as `PublicKeyCredentialRequestOptionsJSON`.

        Args:
            name: What it is bound to.
            purpose: What for; the answer is good for nothing else.
            *about: Whom or which session it is about.
            only: Those that may be used; none: any that the device has for this name.
        """
        from webauthn import generate_authentication_options
        from webauthn.helpers import options_to_json_dict
        from webauthn.helpers.structs import (
            PublicKeyCredentialDescriptor,
            UserVerificationRequirement,
        )

        options = generate_authentication_options(
            rp_id=name.rp_id,
            challenge=self._challenge(purpose, *about),
            timeout=_ms(GOOD_FOR),
            allow_credentials=[PublicKeyCredentialDescriptor(id=each.credential) for each in only],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        told: dict[str, Any] = options_to_json_dict(options)
        return told

    async def user_of(self, name: Name, said: dict[str, Any], purpose: str, *about: str) -> User:
        """Return whose passkey answered a challenge, which is spent by that.

        Args:
            name: What it is bound to.
            said: What the browser answered, as `AuthenticationResponseJSON`.
            purpose: What the challenge was made for.
            *about: As when it was made.

        Raises:
            SignInRefused: If none of ours did, or not to this challenge, at this address, with
                finger, face or PIN.
        """
        from webauthn import verify_authentication_response
        from webauthn.helpers.exceptions import WebAuthnException

        refused = "this passkey does not let in"
        challenge = _challenge_in(said)
        issued_at = self._issued_at(challenge, purpose, *about)
        known = await self._store.read(queries.by_credential, _bytes(said.get("rawId")))
        if known is None or known[0].rp_id != name.rp_id:
            raise SignInRefused(refused)
        passkey, user = known
        try:
            used = verify_authentication_response(
                credential=said,
                expected_challenge=challenge,
                expected_rp_id=name.rp_id,
                expected_origin=name.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.uses,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError) as error:
            raise SignInRefused(f"{refused}: {error}") from None
        if not await self._store.write(
            queries.spend, passkey, uses=used.new_sign_count, issued_at=issued_at, now=self._now()
        ):
            raise SignInRefused(f"{refused}: the answer was given before")
        return user

    async def remove(self, user: User, id: str, *, note: Note | None = None) -> None:
        """Forget one of a user's passkeys; its sessions go on.

        Raises:
            NotFound: If the user has none of that id.
        """
        if not await self._scribe.write(if_done(note), queries.remove, user.name, id):
            raise NotFound("passkey", id)

    def _handle(self, user: User) -> bytes:
        """Return what stands for a user on a device; it tells nothing of the user."""
        return sha256(f"{self._node}\n{user.name}".encode()).digest()

    def _challenge(self, *purpose: str) -> bytes:
        issued_us = str((self._now() - _EPOCH) // _ONE_US)
        nonce = secrets.token_urlsafe(16)
        mark = self._seal.mark("passkey challenge", issued_us, nonce, *purpose)
        return f"{issued_us}.{nonce}.{mark}".encode()

    def _issued_at(self, challenge: bytes, *purpose: str) -> datetime:
        """Return when a challenge was made by this node for a purpose.

        Raises:
            SignInRefused: If it was not, or too long ago.
        """
        issued_us, _, rest = challenge.decode("latin-1").partition(".")
        nonce, _, mark = rest.partition(".")
        good = issued_us.isdecimal() and len(issued_us) < 18 and mark.isascii()
        if good and secrets.compare_digest(
            mark, self._seal.mark("passkey challenge", issued_us, nonce, *purpose)
        ):
            issued_at = _EPOCH + int(issued_us) * _ONE_US
            if timedelta() <= self._now() - issued_at <= GOOD_FOR:
                return issued_at
        raise SignInRefused("this took too long: try again")


def _challenge_in(said: dict[str, Any]) -> bytes:
    """Return the challenge that a browser answers.

    Raises:
        BadRequest: If there is none.
    """
    try:
        told = json.loads(_bytes(said["response"]["clientDataJSON"]))
        return _bytes(told["challenge"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise BadRequest("no answer of a passkey", field="response") from None


def _bytes(text: object) -> bytes:
    """Return what base64url without padding stands for.

    Raises:
        BadRequest: If it stands for nothing.
    """
    try:
        if isinstance(text, str):
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        pass
    raise BadRequest("no answer of a passkey", field="response")


def _ms(time: timedelta) -> int:
    return round(time.total_seconds() * 1000)
