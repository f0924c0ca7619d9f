"""The tables of `patrol.toml` that say who may come in: `[access]` and `[open_id]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from maps.toml_tables.table import SettingsTable, ShortName
from patrol.units.units import Role

BACK: Final = "/api/session/open-id/back"
"""Where a provider of OpenID Connect sends people back to."""

PENDING: Final = "jp_open_id"
"""The cookie that ties an answer of the provider to the browser that asked."""

WAIT_S: Final = 600.0
"""How long a provider may take with somebody."""

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_Text = Annotated[str, Field(min_length=1, max_length=200)]


class AccessSettings(SettingsTable):
    """What is asked of people who sign in.

    Attributes:
        second_factor: Roles that may do nothing before they set up a second factor or a passkey;
            an empty list asks nobody.
        key_file: File with the key that seals the secrets of second factors; made when missing.
            Keep it apart from back-ups of the store.
        idle_minutes: A session ends when nobody used it, and no page of it was open, for so long; 0
            for never. Not of crews: a phone may be out of reach for a whole shift.
        passkey_signatures: Agreements are signed, changed and resumed with an officer's passkey
            alone, where the office's address can have any; a session suffices to suspend and end.
        writes_per_s: Changes that one caller may ask for, a second, for ever.
        writes_burst: How many at once.
    """

    second_factor: tuple[Role, ...] = ("admin", "liaison")
    key_file: Path = Path("joint-patrol.key")
    passkey_signatures: bool = False
    idle_minutes: float = Field(default=120.0, ge=0, le=31 * 1440)
    writes_per_s: float = Field(default=50.0, ge=1, le=10_000)
    writes_burst: float = Field(default=500.0, ge=10, le=100_000)


class ClaimSettings(SettingsTable):
    """Who of the provider comes in here, and as what.

    Attributes:
        value: What the claim says, or one of what it says.
        agency: Agency of this node.
        role: Role.
    """

    value: _Text
    agency: ShortName
    role: Role


class OpenIdSettings(SettingsTable):
    """A provider of OpenID Connect, with which people may sign in.

    Attributes:
        issuer: Its address, as it stands in its tokens.
        client_id: What it knows this node as.
        client_secret_file: File with the secret it gave; None for a public client (PKCE is always
            used).
        address: This office's address as people type it, without a slash at the end; the provider
            sends people back there.
        hosts: Further hosts, with port, that its discovery document may name; nothing else is
            ever asked.
        scopes: What is asked for beside `openid`.
        name: Claim that a new user's name is made of.
        claim: Claim by which agency and role are given.
        users: Which values of it come in, and as what; the first that fits. Nobody else does.
        title: Name for people.
    """

    issuer: str = Field(pattern=r"^https?://[^\s?#]+$", max_length=500)
    client_id: _Text
    client_secret_file: Path | None = None
    address: str = Field(pattern=r"^https?://[^\s/?#]+$", max_length=300)
    hosts: tuple[_Text, ...] = ()
    scopes: tuple[_Text, ...] = ("profile",)
    name: _Text = "preferred_username"
    claim: _Text = "groups"
    users: tuple[ClaimSettings, ...] = Field(min_length=1, max_length=1000)
    title: _Text = "OpenID Connect"

    @model_validator(mode="after")
    def _encrypted(self) -> OpenIdSettings:
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise ValueError("issuer must be https, but on this machine")
        return self
