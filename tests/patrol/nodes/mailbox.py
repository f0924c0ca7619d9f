"""NodeMailbox: carries hand-offs between two nodes of a test, over a link that loses all it can.

Whatever carries the messages hands in what arrives, and asks what is due. What it says is rules of
`patrol.exchange.messages`; here are the store, the turn and the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from patrol.documents.document import kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.exchange.messages import (
    HandOffMessage,
    HandOffReceipt,
    owed_by,
    receive,
    take_receipt,
)
from patrol.filing.file_documents import DocumentService
from patrol.store.records import documents
from patrol.store.store import Store
from patrol.targets.hand_off import HandOff
from patrol.watch.offer_timeouts import HandOffRefusal

AGAIN_S: Final = 5.0
"""How long a message waits for its receipt before it is told again."""


def outbox(
    open_documents: OpenDocuments, *, node: str, may_cross: Callable[[HandOff], bool]
) -> Iterator[HandOffMessage]:
    """Yield every message that a node owes another, oldest hand-off first.

    Args:
        open_documents: The open documents.
        node: The node.
        may_cross: Whether an agreement lets a hand-off cross now.
    """
    for made in open_documents.all(HandOff):
        yield from owed_by(made, node=node, may_cross=may_cross(made))


class NodeMailbox:
    """The post of one node.

    Args:
        document_service: Files what comes.
        store: Where it is filed.
        node: This node.
        here: Agencies of this node.
        refusal_of: Returns why nothing of a hand-off may cross.
    """

    def __init__(
        self,
        document_service: DocumentService,
        store: Store,
        *,
        node: str,
        here: AbstractSet[str],
        refusal_of: HandOffRefusal,
    ) -> None:
        self._document_service, self._store = document_service, store
        self._node, self._own_agencies, self._refusal = node, here, refusal_of
        self._sent_at: dict[str, datetime] = {}
        self._one_at_a_time = asyncio.Lock()

    async def take(self, message: HandOffMessage) -> HandOffReceipt:
        """File what a message brings; its receipt is stored when this returns.

        Raises:
            Conflict: If it is not to be believed; it gets no receipt.
            StoreError: If the store refuses; it will be told again.
        """
        async with self._one_at_a_time:
            stored = await self._store.read(documents.newest, kind_of(HandOff), message.hand_off)
            await self._document_service.file(
                lambda open_documents, now: receive(
                    open_documents,
                    message,
                    node=self._node,
                    here=self._own_agencies,
                    known=stored is not None,
                    refusal_of=self._refusal,
                    now=now,
                )
            )
        return HandOffReceipt(of=message.id, node=self._node, to_node=message.node)

    async def take_receipt(self, receipt: HandOffReceipt) -> None:
        """Note that a message was dealt with.

        Raises:
            StoreError: If the store refuses; the message will be told again.
        """
        await self._document_service.file(
            lambda open_documents, now: take_receipt(
                open_documents, receipt, node=self._node, now=now
            )
        )

    def due(self, now: datetime) -> list[HandOffMessage]:
        """Return the messages to send now: new ones, and those without a receipt for `AGAIN_S`.

        Args:
            now: Aware UTC.
        """
        owed = {
            message.id: message
            for message in outbox(
                self._document_service.open_documents,
                node=self._node,
                may_cross=lambda made: self._refusal(made, now) is None,
            )
        }
        self._sent_at = {id: at for id, at in self._sent_at.items() if id in owed}
        again = now - timedelta(seconds=AGAIN_S)
        found = [each for id, each in owed.items() if self._sent_at.get(id, again) <= again]
        self._sent_at |= {each.id: now for each in found}
        return found
