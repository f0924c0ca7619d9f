"""Cards and counterparts for tests, with real keys and certificates."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from maps.carriers.node_certificate import read_or_make_certificate
from patrol.counterparts.card import CardAgency, NodeCard, SignedCard, sign_card
from patrol.counterparts.counterpart import Counterpart
from patrol.documents.document import new_id
from patrol.signatures.signing_key import SigningKey

MADE_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)


@cache
def key_of(name: str) -> SigningKey:
    """Return a key that is the same for the same name."""
    return SigningKey(sha256(name.encode()).digest())


@cache
def certificate(node: str = "ck") -> str:
    """Return a certificate of a node, base64."""
    with TemporaryDirectory() as folder:
        der = read_or_make_certificate(Path(folder) / "tls", node=node)
    return b64encode(der).decode()


def node_card(node: str = "ck", *, key: str = "", **changes: Any) -> NodeCard:
    """Return a card of a node with one agency, `th-` and its id."""
    card = NodeCard(
        node=node,
        name=f"BLO {node}",
        agencies=(CardAgency(id=f"th-{node}", name="Chiang Khong police", country="TH"),),
        signing_key=key_of(key or node).public,
        tls_certificate=certificate(node),
        addresses=(f"https://{node}.example:8490",),
        number=1,
        at=MADE_AT,
    )
    return msgspec.structs.replace(card, **changes)


def signed_card(
    node: str = "ck", *, key: str = "", previous: str = "", **changes: Any
) -> SignedCard:
    """Return a card with its signatures by keys of those names."""
    card = node_card(node, key=key, **changes)
    return sign_card(card, key_of(key or node), previous=key_of(previous) if previous else None)


def counterpart(node: str, agencies: Iterable[str], *, of: str) -> Counterpart:
    """Return a confirmed counterpart of a node."""
    signed = signed_card(node, agencies=tuple(CardAgency(id=id, name=id) for id in agencies))
    return Counterpart(
        id=new_id(),
        agency="",
        origin=of,
        at=MADE_AT,
        card=signed.card,
        signature=signed.signature,
        state="confirmed",
    )
