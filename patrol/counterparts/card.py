"""Card of a node: who it is, its keys and where it is reached, signed by itself.

What is signed is the card as JSON with sorted keys, behind a line that says what for; the signature
is Ed25519. A card that brings a new key is signed by the key of the card before, too.

As text, one line for a QR code, a file or a paste: `JOINT-PATROL-CARD-1.`, then base64url without
`=` of the signed card as JSON, deflated (RFC 1951). A card of this format has these fields and no
others: what a later version adds stands under another beginning.
"""

from __future__ import annotations

import re
import zlib
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from patrol.counterparts.certificate import certificate_fault
from patrol.errors.errors import BadCard
from patrol.signatures.signing_key import SigningKey, is_signed
from patrol.units.data_classes import NEVER
from radio_gateway.messages.printable_text import hidden_in
from radio_gateway.parsing.msgspec_decoders import json_decoder

BEGINNING: Final = "JOINT-PATROL-CARD-1."
LONGEST_TEXT: Final = 8 * 1024
LONGEST_JSON: Final = 64 * 1024
MOST_AGENCIES: Final = 64
MOST_ADDRESSES: Final = 8
LONGEST_NAME: Final = 100
LONGEST_ADDRESS: Final = 255
HIGHEST_NUMBER: Final = 2**31 - 1

_PURPOSE: Final = b"joint-patrol card 1\n"
_SHORT_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_COUNTRY: Final = re.compile(r"([A-Z]{2})?")
_AT: Final = re.compile(r" - at `\$\.?(.*)`$")
_encode: Final = msgspec.json.Encoder(order="sorted").encode


class CardAgency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agency of a node, on its card.

    Attributes:
        id: Short name, for example `th-ck`.
        name: Name for people.
        country: ISO 3166-1 alpha-2; empty for a body of several countries.
    """

    id: Annotated[str, NEVER]
    name: Annotated[str, NEVER]
    country: Annotated[str, NEVER] = ""


class NodeCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a node says of itself.

    Attributes:
        node: The node's id.
        name: Its name for people.
        agencies: Its agencies.
        signing_key: Public key of what it signs: Ed25519, base64.
        tls_certificate: The certificate that it shows in TLS, which signs itself: DER, base64.
        addresses: Where it is reached, `https://host:port`; none: it can only reach others.
        number: 1, 2, … of this node's cards.
        at: When the card was made, aware UTC.
    """

    node: Annotated[str, NEVER]
    name: Annotated[str, NEVER]
    agencies: Annotated[tuple[CardAgency, ...], NEVER]
    signing_key: Annotated[str, NEVER]
    tls_certificate: Annotated[str, NEVER]
    addresses: Annotated[tuple[str, ...], NEVER]
    number: Annotated[int, NEVER]
    at: Annotated[datetime, NEVER]


class SignedCard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card with its signatures, base64.

    Attributes:
        card: The card.
        signature: By the card's own key.
        previous_signature: By the key of the card before, where this one brings another; else
            empty.
    """

    card: Annotated[NodeCard, NEVER]
    signature: Annotated[str, NEVER]
    previous_signature: Annotated[str, NEVER] = ""


def sign_card(card: NodeCard, key: SigningKey, *, previous: SigningKey | None = None) -> SignedCard:
    """Return a card with its signatures.

    Args:
        card: The card; its `signing_key` is the public one of `key`.
        key: The node's.
        previous: The key of the card before, where that was another.
    """
    body = _covered(card)
    return SignedCard(
        card=card,
        signature=key.sign(body),
        previous_signature="" if previous is None else previous.sign(body),
    )


def fingerprint(key: str) -> str:
    """Return a public key, base64, as people compare it: hexadecimal digits in groups of four.

    >>> fingerprint("3q2+7w==")
    'dead beef'
    """
    return b64decode(key).hex(" ", -2)


def is_vouched_for(signed: SignedCard, *, previous_key: str) -> bool:
    """Return whether the key of a card before, base64, has signed this one."""
    return is_signed(_covered(signed.card), signed.previous_signature, public=previous_key)


def card_bytes(signed: SignedCard) -> bytes:
    """Return a signed card as JSON with sorted keys, the same bytes everywhere."""
    return _encode(signed)


def card_text(signed: SignedCard) -> str:
    """Return a signed card as one line of text."""
    deflate = zlib.compressobj(9, wbits=-15)
    body = deflate.compress(card_bytes(signed)) + deflate.flush()
    return BEGINNING + urlsafe_b64encode(body).decode().rstrip("=")


def read_card(text: str) -> SignedCard:
    """Return the card that a text holds; blanks and line breaks in it are passed over.

    Raises:
        BadCard: If it holds none, a field is wrong, or it is not signed by its own key.
    """
    if len(text) > 2 * LONGEST_TEXT:
        raise BadCard("", f"is longer than {LONGEST_TEXT} characters")
    text = "".join(text.split())
    if len(text) > LONGEST_TEXT:
        raise BadCard("", f"is longer than {LONGEST_TEXT} characters")
    if not text.startswith(BEGINNING):
        raise BadCard("", f"does not begin with {BEGINNING}")
    packed = text.removeprefix(BEGINNING)
    inflate = zlib.decompressobj(wbits=-15)
    try:
        if re.fullmatch(r"[A-Za-z0-9_-]*", packed, re.ASCII) is None:
            raise BadBase64("another character")
        body = inflate.decompress(
            urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), LONGEST_JSON + 1
        )
    except (BadBase64, zlib.error):
        raise BadCard("", "is damaged: copy it again, whole") from None
    if len(body) > LONGEST_JSON:
        raise BadCard("", f"unpacks to more than {LONGEST_JSON} bytes")
    if not inflate.eof:
        raise BadCard("", "is cut off: copy it again, whole")
    try:
        signed = json_decoder(SignedCard).decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        found = _AT.search(str(error))
        raise BadCard(found[1] if found else "", _AT.sub("", str(error))) from None
    check_card(signed)
    return signed


def check_card(signed: SignedCard) -> None:
    """Refuse a card that no node may show.

    Raises:
        BadCard: If a field is wrong, which it names, or it is not signed by its own key.
    """
    for field, fault in _faults(signed.card):
        raise BadCard(f"card.{field}", fault)
    if not is_signed(_covered(signed.card), signed.signature, public=signed.card.signing_key):
        raise BadCard("signature", "is not the card's own: it was changed after it was signed")


def _covered(card: NodeCard) -> bytes:
    return _PURPOSE + _encode(card)


def _faults(card: NodeCard) -> Iterator[tuple[str, str]]:
    """Yield fields that are wrong, each with what is."""
    if not _SHORT_NAME.fullmatch(card.node):
        yield "node", "is no short name (a-z, 0-9 and -, at most 32)"
    yield from _name_faults("name", card.name)
    if not 1 <= len(card.agencies) <= MOST_AGENCIES:
        yield "agencies", f"are not 1 to {MOST_AGENCIES}"
    for n, agency in enumerate(card.agencies):
        if not _SHORT_NAME.fullmatch(agency.id):
            yield f"agencies[{n}].id", "is no short name (a-z, 0-9 and -, at most 32)"
        yield from _name_faults(f"agencies[{n}].name", agency.name)
        if not _COUNTRY.fullmatch(agency.country):
            yield f"agencies[{n}].country", "is no code of two capital letters"
        if any(each.id == agency.id for each in card.agencies[:n]):
            yield f"agencies[{n}].id", f"{agency.id} is named twice"
    key = _base64(card.signing_key)
    if key is None or len(key) != 32:
        yield "signing_key", "is no Ed25519 key (32 bytes as base64)"
    der = _base64(card.tls_certificate)
    fault = "is not base64" if der is None else certificate_fault(der)
    if fault is not None:
        yield "tls_certificate", fault
    if len(card.addresses) > MOST_ADDRESSES:
        yield "addresses", f"are more than {MOST_ADDRESSES}"
    for n, address in enumerate(card.addresses):
        if not _is_address(address):
            yield f"addresses[{n}]", "is no https://host:port"
    if not 1 <= card.number <= HIGHEST_NUMBER:
        yield "number", f"is not 1 to {HIGHEST_NUMBER}"
    if card.at.tzinfo is None:
        yield "at", "has no time zone"


def _name_faults(field: str, name: str) -> Iterator[tuple[str, str]]:
    hidden = hidden_in(name, lines=False)
    if hidden is not None:
        yield field, f"holds a character that cannot be shown, {hidden}"
    elif not 1 <= len(name.strip()) <= LONGEST_NAME:
        yield field, f"has not 1 to {LONGEST_NAME} characters"


def _base64(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


def _is_address(text: str) -> bool:
    if len(text) > LONGEST_ADDRESS or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and bool(parts.hostname)
        and bool(port)
        and "@" not in parts.netloc
        and parts[2:] in (("", "", ""), ("/", "", ""))
    )
