"""Own card: the card that this node shows others, in all its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec

from patrol.counterparts.card import CardAgency, NodeCard, SignedCard, sign_card
from patrol.documents.document import Document, id_of_request
from patrol.signatures.signing_key import SigningKey
from patrol.units.data_classes import NEVER, DataClass


class OwnCard(Document, frozen=True, kw_only=True, tag="own_card"):
    """One version of this node's card; its number on the card is that of the version.

    Attributes:
        signed: The card with its signatures.
        own_agencies: Agencies of this node when it was made: each holds it.
    """

    CLASS: ClassVar[DataClass | None] = None
    VIEWING_ACT: ClassVar[str] = "see counterparts"

    signed: Annotated[SignedCard, NEVER]
    own_agencies: Annotated[tuple[str, ...], NEVER] = ()

    @property
    def parties(self) -> frozenset[str]:
        """All agencies of this node."""
        return frozenset((self.agency, *self.own_agencies))


class CardContent(msgspec.Struct, frozen=True, kw_only=True):
    """What this node says of itself at present, before it is numbered and signed.

    Attributes:
        node: The node's id.
        name: Its name for people.
        agencies: Its agencies, the first of which owns the card.
        tls_certificate: The certificate that it shows in TLS: DER, base64.
        addresses: Where it is reached.
    """

    node: str
    name: str
    agencies: tuple[CardAgency, ...]
    tls_certificate: str
    addresses: tuple[str, ...] = ()


def own_card_id(node: str) -> str:
    """Return the id of a node's own card."""
    return id_of_request("own card", agency=node)


def next_card(
    last: OwnCard | None,
    content: CardContent,
    key: SigningKey,
    *,
    at: datetime,
    previous: SigningKey | None = None,
) -> OwnCard | None:
    """Return the next version of the own card; None while the last says what is so.

    Args:
        last: The newest there is; None: there is none.
        content: What is so.
        key: The node's key.
        at: The present, aware UTC.
        previous: The key before, if there was another; it signs, too, where the last card was its.
    """
    version = 1 if last is None else last.version + 1
    card = NodeCard(
        node=content.node,
        name=content.name,
        agencies=content.agencies,
        signing_key=key.public,
        tls_certificate=content.tls_certificate,
        addresses=content.addresses,
        number=version,
        at=at,
    )
    if last is not None:
        known = last.signed.card
        if msgspec.structs.replace(card, number=known.number, at=known.at) == known:
            return None
    vouches = (
        previous is not None
        and last is not None
        and previous.public == last.signed.card.signing_key != key.public
    )
    return OwnCard(
        id=own_card_id(content.node),
        agency=content.agencies[0].id,
        origin=content.node,
        version=version,
        at=at,
        signed=sign_card(card, key, previous=previous if vouches else None),
        own_agencies=tuple(each.id for each in content.agencies),
    )
