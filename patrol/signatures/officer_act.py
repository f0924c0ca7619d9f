"""OfficerAct: an officer's act on an agreement, as the text that the officer's key signs."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from patrol.units.data_classes import NEVER, DataClass
from radio_gateway.parsing.msgspec_decoders import json_decoder

ActName: TypeAlias = Literal["sign", "change", "suspend", "resume", "backfill", "end"]
"""What an officer's key signs."""

_PURPOSE: Final = "joint-patrol: an officer's act about an agreement, 1"


class OfficerAct(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"withheld_lifelines": "also"},
):
    """One act of a party to an agreement, whole: nothing of it can be read in another way.

    The officer's name is none of it, since that does not leave the agency: the key stands for it.

    Attributes:
        act: What is done; `propose` puts a draft before the others, which nobody signs.
        agreement: Id of the agreement.
        agencies: Its parties.
        agency: The party that acts.
        terms_sha256: Of the terms that are signed, or under which it is done; of a change, of the
            new ones. In hex, of their JSON with sorted keys.
        terms_version: Version in which the terms before the act were last changed.
        office: In which office.
        reason: Why, as the others read it.
        withheld_lifelines: Lifelines that a suspension withholds too.
        start: First moment of a stretch of the past that is opened, aware UTC.
        end: Moment after its last, aware UTC.
        classes: Of which data classes.
        text_sha256: Of the text that it is about (`AgreementText`), of a change the new one; empty
            of acts from before words were kept.
        counter: 1, 2, … of the party's acts about that text; 0 before it was proposed.
    """

    act: Annotated[ActName | Literal["propose"], NEVER]
    agreement: Annotated[str, NEVER]
    agencies: Annotated[tuple[str, ...], NEVER]
    agency: Annotated[str, NEVER]
    terms_sha256: Annotated[str, NEVER]
    terms_version: Annotated[int, NEVER]
    office: Annotated[str, NEVER] = ""
    reason: Annotated[str, NEVER] = ""
    withheld_lifelines: Annotated[tuple[DataClass, ...], NEVER] = ()
    start: Annotated[datetime | None, NEVER] = None
    end: Annotated[datetime | None, NEVER] = None
    classes: Annotated[tuple[DataClass, ...], NEVER] = ()
    text_sha256: Annotated[str, NEVER] = ""
    counter: Annotated[int, NEVER] = 0

    @property
    def text(self) -> str:
        """What is signed: JSON with sorted keys, without spaces, fields that say nothing left out.

        >>> OfficerAct(
        ...     act="end", agreement="a1", agencies=("hx", "ck"), agency="hx",
        ...     terms_sha256="0f", terms_version=2,
        ... ).text[:61]
        '{"act":"end","agencies":["hx","ck"],"agency":"hx","agreement"'
        """
        return msgspec.json.encode(self, order="sorted").decode()


def challenge_of(text: str, nonce: str) -> bytes:
    """Return what a key is asked to sign for a text: SHA-256 of purpose, text and nonce, a line
    each.
    """
    return sha256(f"{_PURPOSE}\n{text}\n{nonce}".encode()).digest()


def terms_digest(terms: msgspec.Struct) -> str:
    """Return SHA-256 of terms, or of a text that holds them, in hex, over their JSON with sorted
    keys, as it is read from a store: a moment that somebody wrote with `+00:00` is `Z` there.
    """
    stored = json_decoder(type(terms)).decode(msgspec.json.encode(terms))
    return sha256(msgspec.json.encode(stored, order="sorted")).hexdigest()
