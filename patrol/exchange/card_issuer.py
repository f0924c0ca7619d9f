"""CardIssuer: makes this node's card for other nodes, and a next one when what it says changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from patrol.counterparts.card import SignedCard
from patrol.counterparts.own_card import CardContent, OwnCard, next_card, own_card_id
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import NOTHING, Filing
from patrol.filing.file_documents import DocumentService
from patrol.signatures.signing_key import SigningKey


class CardIssuer:
    """Issues the card of one node; every version is filed, so that its numbers have no gaps.

    Args:
        document_service: Files it.
        content: Returns what the node says of itself at present; may make the certificate.
        key: Returns the node's key; may make it.
        previous_key: Returns the key of before, while a card has not been signed with it; None:
            there is none.
    """

    def __init__(
        self,
        document_service: DocumentService,
        *,
        content: Callable[[], CardContent],
        key: Callable[[], SigningKey],
        previous_key: Callable[[], SigningKey | None],
    ) -> None:
        self._document_service = document_service
        self._content, self._key, self._previous_key = content, key, previous_key

    async def own_card(self) -> SignedCard:
        """Return the card as it is now; a first or next one is stored when this returns.

        Raises:
            SigningKeyError: If a key cannot be used.
            StoreError: If the store refuses.
            OSError: If a key cannot be read or made.
        """
        content, key, previous = await asyncio.to_thread(
            lambda: (self._content(), self._key(), self._previous_key())
        )
        id = own_card_id(content.node)

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            last = open_documents.find(OwnCard, id)
            card = next_card(last, content, key, at=now, previous=previous)
            return NOTHING if card is None else Filing(documents=(card,), act="make own card")

        await self._document_service.file(act)
        return self._document_service.open_documents.get(OwnCard, id).signed
