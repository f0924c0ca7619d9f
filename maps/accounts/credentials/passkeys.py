"""Passkeys: a person signs in, proves it again, and signs an act by a key that the own device holds
(WebAuthn).

The browser asks its device to sign a challenge of ours; the device asks for finger, face or PIN
first, so one passkey is two factors: what one has, and what one is or knows. It is bound to the
name of this office (RP id) and to the address in the browser (origin): another site cannot use it.
So there are none where people type an IP address, or come without TLS (but on `localhost`).

A challenge is of this node, for one purpose, five minutes old at most, and good once: a passkey
answers none that was made before the last one it answered. Of an act it is the digest of the act's
text and of such a word beside it, so that the answer proves by itself what was signed.

Source: W3C Web Authentication Level 2, 7.1 and 7.2, by the library `webauthn`.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import msgspec
from starlette.requests import HTTPConnection

from maps.accounts.credentials.assertion import answered, check_assertion
from maps.accounts.credentials.sealer import Sealer
from maps.errors.errors import BadRequest, SignInRefused
from maps.settings.settings_tables import WebSettings
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict, NotFound
from patrol.filing.journal_writer import JournalWriter, if_done
from patrol.signatures.key_signature import KeySignature
from patrol.signatures.officer_act import OfficerAct, challenge_of
from patrol.store.accounts import passkeys as queries
from patrol.store.store import Store
from patrol.units.accounts import Passkey, User

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

    The address was found to be one of ours before (`maps.http.security_headers`).
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


def passkeys_possible(web: WebSettings) -> bool:
    """Return whether browsers make passkeys at any address by which people come here."""
    hosts = web.allowed_hosts or ("localhost",)
    return any(can_have_passkeys(each.lower(), tls=web.tls) for each in hosts)


class Passkeys:
    """The passkeys of this node's users.

    Args:
        store: Where they are kept.
        seal: Marks challenges.
        node: This node's id.
        title: This node's name, as a device shows it.
        journal_writer: Writes changes with their lines in the journal.
        recovery: Makes recovery codes of a user, each with what is kept of it.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        seal: Sealer,
        *,
        node: str,
        title: str,
        journal_writer: JournalWriter,
        recovery: Callable[[User], Mapping[str, bytes]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._seal, self._node, self._title = store, seal, node, title
        self._journal_writer, self._recovery, self._now = journal_writer, recovery, now

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
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        known = await self.of(user)
        if len(known) >= MOST:
            raise Conflict(f"{user.name} has {MOST} passkeys already: remove one first")
        return _as_json(
            generate_registration_options(
                rp_id=name.rp_id,
                rp_name=self._title,
                user_name=user.name,
                user_id=self._handle(user),
                challenge=self._nonce("passkey of", user.name, session).encode(),
                timeout=_ms(GOOD_FOR),
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=_descriptors(
                    each for each in known if each.rp_id == name.rp_id
                ),
            )
        )

    async def add(
        self,
        user: User,
        name: Name,
        response: dict[str, Any],
        *,
        label: str,
        session: str,
        note: Note | None = None,
    ) -> tuple[Passkey, tuple[str, ...]]:
        """Keep a passkey that a browser made; the user's other sessions end.

        Args:
            user: Whose.
            name: What it is bound to.
            response: What the browser answered, as `RegistrationResponseJSON`.
            label: What the user calls it.
            session: Id of the session in which it is made, which goes on.
            note: What the journal is told, beside SHA-256 of the public key.

        Returns:
            It, and recovery codes where the user had no second factor before; else none.

        Raises:
            SignInRefused: If it is not what was asked for.
            Conflict: If it is known already.
        """
        from webauthn import verify_registration_response

        challenge = _challenge_in(response)
        issued_at = self._issued_at(challenge.decode("latin-1"), "passkey of", user.name, session)
        made = answered(
            lambda: verify_registration_response(
                credential=response,
                expected_challenge=challenge,
                expected_rp_id=name.rp_id,
                expected_origin=name.origin,
                require_user_verification=True,
            )
        )
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
        if note is not None:
            key = sha256(passkey.public_key).hexdigest()
            note = msgspec.structs.replace(note, detail=note.detail | {"key_sha256": key})
        codes = self._recovery(user)
        first = await self._journal_writer.write(
            if_done(note),
            queries.add,
            passkey,
            user,
            list(codes.values()),
            issued_at=issued_at,
            session=session,
            most=MOST,
        )
        if first is None:
            raise Conflict("this passkey is known already, or the session has ended")
        return passkey, tuple(codes) if first == "first" else ()

    def request_options(
        self, name: Name, purpose: str, *about: str, only: Sequence[Passkey] = ()
    ) -> dict[str, Any]:
        """Return what a browser needs to use a passkey, as `PublicKeyCredentialRequestOptionsJSON`.

        Args:
            name: What it is bound to.
            purpose: What for; the answer is good for nothing else.
            *about: Whom or which session it is about.
            only: Those that may be used; none: any that the device has for this name.
        """
        return _request_options(name, self._nonce(purpose, *about).encode(), only)

    async def user_of(
        self, name: Name, response: dict[str, Any], purpose: str, *about: str
    ) -> User:
        """Return whose passkey answered a challenge, which is spent by that.

        Args:
            name: What it is bound to.
            response: What the browser answered, as `AuthenticationResponseJSON`.
            purpose: What the challenge was made for.
            *about: As when it was made.

        Raises:
            SignInRefused: If none of ours did, or not to this challenge, at this address, with
                finger, face or PIN.
        """
        challenge = _challenge_in(response)
        issued_at = self._issued_at(challenge.decode("latin-1"), purpose, *about)
        _passkey, user = await self._spent(name, response, challenge, issued_at)
        return user

    async def signing_options(
        self, user: User, name: Name, act: OfficerAct, *, session: str
    ) -> tuple[dict[str, Any], str]:
        """Return what a browser needs to have a passkey of the user's sign an act, and the word
        beside it, which is to come back with the answer.

        Raises:
            Conflict: If the user has none at this address.
        """
        own = [each for each in await self.of(user) if each.rp_id == name.rp_id]
        if not own:
            raise Conflict("you have no passkey at this address", code="no_passkey")
        nonce = self._nonce("act of", user.name, session, act.text)
        return _request_options(name, challenge_of(act.text, nonce), own), nonce

    async def signature(
        self,
        user: User,
        name: Name,
        assertion: dict[str, Any],
        act: OfficerAct,
        *,
        nonce: str,
        session: str,
    ) -> KeySignature:
        """Return the signature that a passkey of the user's made under an act.

        Args:
            user: Who acts.
            name: What the passkey is bound to.
            assertion: What the browser answered, as `AuthenticationResponseJSON`.
            act: What is done now.
            nonce: The word beside the challenge.
            session: Id of the session in which it was asked for.

        Raises:
            SignInRefused: If another act was signed, or with another's key, or as in `user_of`.
        """
        issued_at = self._issued_at(nonce, "act of", user.name, session, act.text)
        passkey, owner = await self._spent(
            name, assertion, challenge_of(act.text, nonce), issued_at
        )
        if owner.name != user.name:
            raise SignInRefused("this is another's passkey")
        response = assertion["response"]
        return KeySignature(
            text=act.text,
            nonce=nonce,
            label=passkey.label,
            credential=passkey.credential,
            public_key=passkey.public_key,
            rp_id=name.rp_id,
            origin=name.origin,
            authenticator_data=_bytes(response["authenticatorData"]),
            client_data=_bytes(response["clientDataJSON"]),
            signature=_bytes(response["signature"]),
        )

    async def remove(self, user: User, id: str, *, note: Note | None = None) -> None:
        """Forget one of a user's passkeys; its sessions go on.

        Raises:
            NotFound: If the user has none of that id.
        """
        if not await self._journal_writer.write(if_done(note), queries.remove, user.name, id):
            raise NotFound("passkey", id)

    def _handle(self, user: User) -> bytes:
        """Return what stands for a user on a device; it tells nothing of the user."""
        return sha256(f"{self._node}\n{user.name}".encode()).digest()

    async def _spent(
        self, name: Name, response: dict[str, Any], challenge: bytes, issued_at: datetime
    ) -> tuple[Passkey, User]:
        """Return the passkey that answered a challenge, and whose it is; it answers none of before.

        Raises:
            SignInRefused: If none of ours did, or it answered this or a later one before.
        """
        found = await self._store.read(queries.by_credential, _bytes(response.get("rawId")))
        if found is None or found[0].rp_id != name.rp_id:
            raise SignInRefused("this passkey does not let in")
        passkey = found[0]
        uses = check_assertion(
            response,
            challenge=challenge,
            rp_id=name.rp_id,
            origin=name.origin,
            public_key=passkey.public_key,
            uses=passkey.uses,
        )
        if not await self._store.write(
            queries.spend, passkey, uses=uses, issued_at=issued_at, now=self._now()
        ):
            raise SignInRefused("this passkey's answer was given before")
        return found

    def _nonce(self, *purpose: str) -> str:
        """Return a word that says when it was made, by this node, for a purpose."""
        issued_us = str((self._now() - _EPOCH) // _ONE_US)
        nonce = secrets.token_urlsafe(16)
        mark = self._seal.mark("passkey challenge", issued_us, nonce, *purpose)
        return f"{issued_us}.{nonce}.{mark}"

    def _issued_at(self, word: str, *purpose: str) -> datetime:
        """Return when a word (`_nonce`) was made by this node for a purpose.

        Raises:
            SignInRefused: If it was not, or too long ago.
        """
        issued_us, _, rest = word.partition(".")
        nonce, _, mark = rest.partition(".")
        expected = self._seal.mark("passkey challenge", issued_us, nonce, *purpose)
        if mark.isascii() and secrets.compare_digest(mark, expected):
            at = issued_at(word)
            if timedelta() <= self._now() - at <= GOOD_FOR:
                return at
        raise SignInRefused("this took too long: try again")


def issued_at(nonce: str) -> datetime:
    """Return when the word beside a challenge says that it was made, aware UTC.

    Raises:
        ValueError: If it says nothing of that kind.
    """
    issued_us = nonce.partition(".")[0]
    if not (issued_us.isascii() and issued_us.isdecimal() and len(issued_us) < 18):
        raise ValueError("the word beside the challenge names no time")
    return _EPOCH + int(issued_us) * _ONE_US


def _request_options(name: Name, challenge: bytes, only: Iterable[Passkey]) -> dict[str, Any]:
    from webauthn import generate_authentication_options
    from webauthn.helpers.structs import UserVerificationRequirement

    return _as_json(
        generate_authentication_options(
            rp_id=name.rp_id,
            challenge=challenge,
            timeout=_ms(GOOD_FOR),
            allow_credentials=_descriptors(only),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def _descriptors(passkeys: Iterable[Passkey]) -> list[Any]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=each.credential) for each in passkeys]


def _as_json(options: Any) -> dict[str, Any]:
    from webauthn.helpers import options_to_json_dict

    as_json: dict[str, Any] = options_to_json_dict(options)
    return as_json


def _challenge_in(response: dict[str, Any]) -> bytes:
    """Return the challenge that a browser answers.

    Raises:
        BadRequest: If there is none.
    """
    try:
        client_data = json.loads(_bytes(response["response"]["clientDataJSON"]))
        return _bytes(client_data["challenge"])
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
