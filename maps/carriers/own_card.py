"""Own card: what this node says of itself to other nodes, by its settings and key files."""

from __future__ import annotations

from base64 import b64encode

from maps.carriers.node_certificate import read_or_make_certificate
from maps.carriers.node_key_files import node_key_file, node_tls_file, previous_key_file
from maps.settings.settings import Settings
from patrol.counterparts.card import CardAgency
from patrol.counterparts.own_card import CardContent
from patrol.exchange.card_issuer import CardIssuer
from patrol.filing.file_documents import DocumentService
from patrol.signatures.signing_key import SigningKey, read_or_make_key


def card_issuer(settings: Settings, document_service: DocumentService) -> CardIssuer:
    """Return what issues the card of the node that `settings` describe.

    Keys are read, and made if there are none, when the card is first asked for.
    """

    def content() -> CardContent:
        der = read_or_make_certificate(node_tls_file(settings), node=settings.node.id)
        return CardContent(
            node=settings.node.id,
            name=settings.node.name,
            agencies=tuple(
                CardAgency(id=each.id, name=each.name, country=each.country or "")
                for each in settings.agencies
            ),
            tls_certificate=b64encode(der).decode(),
            addresses=settings.counterparts.addresses,
        )

    def previous_key() -> SigningKey | None:
        file = previous_key_file(settings)
        return read_or_make_key(file) if file.exists() else None

    return CardIssuer(
        document_service,
        content=content,
        key=lambda: read_or_make_key(node_key_file(settings)),
        previous_key=previous_key,
    )
