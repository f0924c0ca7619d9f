"""Accounts: users and devices, with their sessions and second factors."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

import msgspec

from patrol.units.units import Role

DeviceKind = Literal["tracker", "phone"]
SessionKind = Literal["page", "token"]
Language = Literal["en", "th", "lo", "my", "km", "vi", "zh"]
"""The languages of the six countries and of the borders between them, ISO 639-1."""
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
Calendar = Literal["gregorian", "buddhist"]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person who signs in.

    Attributes:
        name: Name to sign in with, unique in the node.
        role: What the person may do (`patrol.units.permissions`).
        agency: Whose records the person sees.
        origin: Node where the record was made.
        disabled_at: When it was shut out, aware UTC; None while it may sign in.
        language: What the person reads, of `LANGUAGES`; None until it was chosen.
        calendar: How the person counts years.
    """

    name: str
    role: Role
    agency: str
    origin: str = ""
    disabled_at: datetime | None = None
    language: Language | None = None
    calendar: Calendar = "gregorian"


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A phone, tracker or radio gateway that reports with a key of its own.

    A tracker only reports: a key that is lost with a radio must not show the picture. A phone was
    enrolled by a crew and shows what a crew may see.

    Attributes:
        name: The device id its messages carry (`boat-3`, `jane/phone`).
        agency: Whose unit it is.
        origin: Node where the record was made.
        revoked_at: When its key was taken away, aware UTC; None while it may report.
        kind: What it is.
        unit: Id of the unit it was enrolled for; None for none.
        by: Who added or enrolled it; empty for the command line.
    """

    name: str
    agency: str
    origin: str = ""
    revoked_at: datetime | None = None
    kind: DeviceKind = "tracker"
    unit: str | None = None
    by: str = ""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A person's way in that is good now: a sign-in on a page, or a token of a program.

    Attributes:
        id: Its id; no secret.
        user: Whose it is.
        expires_at: When it ends by itself, aware UTC.
        kind: What it is.
        label: What a token is for, in its owner's words.
        scopes: What a token is good for (`maps.accounts.credentials.scopes`); of no meaning for a
            page.
        factor: A second factor was shown when it began.
        created_at: When it began, aware UTC.
    """

    id: str
    user: User
    expires_at: datetime
    kind: SessionKind = "page"
    label: str = ""
    scopes: tuple[str, ...] = ()
    factor: bool = False
    created_at: datetime | None = None


class SecondFactor(msgspec.Struct, frozen=True, kw_only=True):
    """A user's authenticator (RFC 6238).

    Attributes:
        secret: What it shares with the node, sealed.
        confirmed_at: When a first code proved that it works, aware UTC; None: it is not asked for.
        last_step: Time step of the last code that was taken; it and those before it are spent.
    """

    secret: bytes
    confirmed_at: datetime | None = None
    last_step: int | None = None


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that a person's own device holds (WebAuthn); the node knows its public half.

    Attributes:
        id: Its id; no secret.
        user: Whose.
        credential: What the device knows it by.
        public_key: COSE key (RFC 9052, 7).
        uses: How often it was used, as the device counts; 0 where it does not.
        rp_id: Name of the office to which it is bound.
        label: What its owner calls it.
        created_at: When it was made, aware UTC.
        used_at: When it was last used, aware UTC; None for never.
    """

    id: str
    user: str
    credential: bytes
    public_key: bytes
    uses: int
    rp_id: str
    label: str
    created_at: datetime
    used_at: datetime | None = None


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    """A code with which one phone gets a key of its own, once.

    Attributes:
        device: Name that the phone will have.
        unit: Id of the unit it will report for; None for none.
        agency: Whose.
        by: Who made the code.
        expires_at: When it ends, aware UTC.
        origin: Node where the record was made.
    """

    device: str
    unit: str | None
    agency: str
    by: str
    expires_at: datetime
    origin: str = ""
