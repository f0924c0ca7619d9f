"""OpenID Connect: sign in with an account of another provider, if the settings name one.

Authorization code flow with PKCE (S256), state and nonce. Who comes in is an explicit table in the
settings, from the value of one claim to agency and role; nobody else does. A user that it makes
stands for issuer and subject, never for a name: a local user is never taken over.

Outgoing requests go to the issuer's host and to hosts that the settings list, to nothing else, by
no proxy, follow no redirect, and are bounded in time and size.

Source: OpenID Connect Core 1.0 sections 3.1.2, 3.1.3; Discovery 1.0; RFC 7636; RFC 9207; RFC 8725.
"""

from __future__ import annotations

import hmac
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from maps.accounts.credentials.passwords import digest, new_token
from maps.errors.errors import ProviderError, SignInRefused
from maps.settings.access_settings import BACK, WAIT_S, ClaimSettings, OpenIdSettings
from patrol.documents.transaction import Note
from patrol.filing.journal_writer import JournalWriter
from patrol.store.accounts import identities
from patrol.store.store import Store
from patrol.units.accounts import User

LEEWAY_S: Final = 60
_TIMEOUT_S: Final = 10.0
_MOST_BYTES: Final = 1_000_000
_MOST_PENDING: Final = 1000
_DISCOVERED_FOR_S: Final = 3600.0
_FRESH_KEYS_AFTER_S: Final = 60.0  # how often an unknown key may make us fetch the keys again

# Signatures only: neither `none` nor one made with a secret that both sides know.
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Pending:
    peer: str
    browser: bytes
    nonce: str
    verifier: str
    until: float


@dataclass(frozen=True, kw_only=True)
class _Provider:
    authorization: str
    token: str
    keys: str
    names_itself: bool
    until: float


class OpenId:
    """Signs people in with one provider.

    Args:
        settings: The provider and who of it comes in.
        store: Where users are kept.
        node: Origin of what is made here.
        transport: Carries the requests; the network when None.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        settings: OpenIdSettings,
        store: Store,
        *,
        node: str,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._node, self._now = settings, node, now
        self._journal_writer = JournalWriter(store=store, node=node, now=now)
        self._transport = transport
        self._pending: dict[str, _Pending] = {}  # by state, the oldest first
        self._provider: _Provider | None = None
        self._keys: KeySet | None = None
        self._keys_at = float("-inf")
        self.title = settings.title

    @property
    def _back(self) -> str:
        return self._settings.address + BACK

    async def begin(self, peer: str = "") -> tuple[str, str]:
        """Return the provider's page to go to, and what the browser must bring back as a cookie.

        Too many that were begun give way, the oldest of the address that began most: who begins
        without end keeps nobody else out.

        Args:
            peer: Address that asks.

        Raises:
            ProviderError: If the provider cannot be reached or says what it must not.
        """
        provider = await self._discovered()
        state, browser, nonce, verifier = (new_token() for _ in range(4))
        self._pending[state] = _Pending(
            peer=peer,
            browser=digest(browser),
            nonce=nonce,
            verifier=verifier,
            until=monotonic() + WAIT_S,
        )
        while len(self._pending) > _MOST_PENDING:
            self._give_way()
        address: str = prepare_grant_uri(
            provider.authorization,
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=self._back,
            scope=" ".join(("openid", *self._settings.scopes)),
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        return address, browser

    def _give_way(self) -> None:
        ((most, _),) = Counter(each.peer for each in self._pending.values()).most_common(1)
        del self._pending[next(key for key, each in self._pending.items() if each.peer == most)]

    async def finish(self, parameters: Mapping[str, str], browser: str) -> User:
        """Return the user that the provider's answer stands for.

        Args:
            parameters: Query of the address that the provider sent the browser back to.
            browser: Value of the cookie of `begin`.

        Raises:
            SignInRefused: If nobody asked for it in this browser, or it was answered before, or the
                provider refused, or nobody of that kind comes in here.
            ProviderError: If the provider cannot be reached or says what it must not.
            Conflict: If the name of a new user is somebody else's.
        """
        pending = self._pending.pop(parameters.get("state", ""), None)
        if (
            pending is None
            or pending.until < monotonic()
            or not hmac.compare_digest(pending.browser, digest(browser))
        ):
            raise SignInRefused("this sign-in was not begun here, or too long ago: begin again")
        provider = await self._discovered()
        issuer = parameters.get("iss")
        if issuer != self._settings.issuer if issuer is not None else provider.names_itself:
            raise SignInRefused("the answer comes from another provider")  # RFC 9207
        code = parameters.get("code", "")
        if "error" in parameters or not code:
            raise SignInRefused("the provider did not let you in")
        claims = await self._claims(await self._exchanged(provider, code, pending), pending.nonce)
        return await self._user(claims)

    async def _user(self, claims: Mapping[str, Any]) -> User:
        given = claims.get(self._settings.claim)
        values = given if isinstance(given, list) else [given]
        found = _first(self._settings.users, values)
        if found is None:
            raise SignInRefused("your account at the provider is not let in here")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ProviderError("the provider names no subject")
        done: list[str] = []

        def notes_of(user: User | None) -> list[Note]:
            if user is None:
                return []
            subject, detail = f"user:{user.name}", {"role": user.role, "by": "provider"}
            return [
                Note(act=act, actor="", agency=user.agency, subject=subject, detail=detail)
                for act in done
            ]

        user = await self._journal_writer.write(
            notes_of,
            identities.user_of,
            self._settings.issuer,
            subject,
            self._now(),
            name=_name(claims.get(self._settings.name), subject),
            agency=found.agency,
            role=found.role,
            origin=self._node,
            done=done,
        )
        if user is None:
            raise SignInRefused("the account is disabled here")
        return user

    async def _exchanged(self, provider: _Provider, code: str, pending: _Pending) -> str:
        """Exchange a code for the ID token."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "client_id": self._settings.client_id,
            "code_verifier": pending.verifier,
        }
        file = self._settings.client_secret_file
        auth = None
        if file is not None:
            try:
                secret = file.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ProviderError(f"open_id.client_secret_file: {error.strerror}") from None
            auth = httpx.BasicAuth(self._settings.client_id, secret)
        answer = await self._fetch_json("POST", provider.token, data=form, auth=auth)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise SignInRefused("the provider did not let you in")
        return token

    async def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        """Return the claims of an ID token, proved."""
        settings = self._settings
        try:
            claims = await self._proved(token)
            jwt.JWTClaimsRegistry(
                now=lambda: int(self._now().timestamp()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": settings.issuer},
                aud={"essential": True, "value": settings.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError) as error:
            _log.warning("open_id_token_refused", fault=type(error).__name__)
            raise SignInRefused("the provider's word cannot be believed") from None
        audience = claims["aud"]
        others = isinstance(audience, list) and len(audience) > 1
        if others or claims.get("azp", settings.client_id) != settings.client_id:
            raise SignInRefused("the provider's word is not for this office alone")
        if not hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode()):
            raise SignInRefused("the provider's word belongs to another sign-in")
        return claims

    async def _proved(self, token: str) -> dict[str, Any]:
        """Return the claims of a token whose signature is the provider's."""
        try:
            return jwt.decode(token, await self._key_set(), algorithms=ALGORITHMS).claims
        except (JoseError, ValueError):
            # The provider may have changed its keys; look again, but not for every forged token.
            if monotonic() - self._keys_at < _FRESH_KEYS_AFTER_S:
                raise
            self._keys = None
            return jwt.decode(token, await self._key_set(), algorithms=ALGORITHMS).claims

    async def _key_set(self) -> KeySet:
        if self._keys is None:
            provider = await self._discovered()
            answer = await self._fetch_json("GET", provider.keys)
            self._keys_at = monotonic()
            try:
                self._keys = KeySet.import_key_set(answer)  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError):
                raise ProviderError("the provider's keys cannot be read") from None
        return self._keys

    async def _discovered(self) -> _Provider:
        known = self._provider
        if known is not None and known.until > monotonic():
            return known
        issuer = self._settings.issuer
        answer = await self._fetch_json("GET", get_well_known_url(issuer, external=True))
        if answer.get("issuer") != issuer:
            raise ProviderError("the provider says that it is another")
        found = {}
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            address = answer.get(name)
            if not isinstance(address, str):
                raise ProviderError(f"the provider names no {name}")
            self._check_host(address)
            found[name] = address
        self._provider = _Provider(
            authorization=found["authorization_endpoint"],
            token=found["token_endpoint"],
            keys=found["jwks_uri"],
            names_itself=bool(answer.get("authorization_response_iss_parameter_supported")),
            until=monotonic() + _DISCOVERED_FOR_S,
        )
        return self._provider

    def _check_host(self, address: str) -> None:
        """Raise unless an address is one that the settings let us ask.

        Raises:
            ProviderError: If not.
        """
        target, own = urlsplit(address), urlsplit(self._settings.issuer)
        if target.scheme != own.scheme or target.username is not None:
            raise ProviderError(f"the provider names {target.scheme}, not {own.scheme}")
        if target.netloc not in (own.netloc, *self._settings.hosts):
            raise ProviderError(f"the settings do not list {target.netloc}: open_id.hosts")

    async def _fetch_json(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        """Ask the provider and return its JSON object.

        Raises:
            ProviderError: If it cannot be reached, refuses, or says what it must not.
        """
        self._check_host(address)
        body = bytearray()
        try:
            async with (
                httpx.AsyncClient(
                    timeout=_TIMEOUT_S,
                    trust_env=False,
                    follow_redirects=False,
                    transport=self._transport,
                ) as client,
                client.stream(
                    method, address, headers={"accept": "application/json"}, **more
                ) as answer,
            ):
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _MOST_BYTES:
                        raise ProviderError("the provider says too much")
                status = answer.status_code
        except httpx.HTTPError as error:
            raise ProviderError(f"the provider cannot be reached: {type(error).__name__}") from None
        if status == 400 and method == "POST":
            return {}  # it refuses the code; no fault of its own
        if status != 200:
            raise ProviderError(f"the provider answers {status}")
        try:
            content = json.loads(body)
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise ProviderError("the provider does not speak JSON")
        return content


def _first(users: tuple[ClaimSettings, ...], values: list[Any]) -> ClaimSettings | None:
    """Return the first line of the table that fits what a claim says; None for nobody."""
    strings = {value for value in values if isinstance(value, str)}
    return next((each for each in users if each.value in strings), None)


def _name(preferred: object, subject: str) -> str:
    """Return a name for a new user: what the provider calls it, or something of its subject.

    >>> _name("somchai@police.example", "1")
    'somchai@police.example'
    >>> _name("../etc", "1")[:8]
    'open-id-'
    """
    if isinstance(preferred, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.@\-]{0,63}", preferred):
        return preferred
    return f"open-id-{digest(subject).hex()[:16]}"
