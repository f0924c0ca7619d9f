"""Hand-off statements: an offer to an agency of another node, its answer, and how custody moves.

What one node owes the other about a hand-off (`patrol.exchange.messages`) is stated in the
transaction of the step it tells of, and so is that it was taken. So custody moves at the grant,
whatever is late, repeated or cut off between (`patrol.targets.custody`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from patrol.counterparts.statement import Statement
from patrol.documents.document import kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import NOTHING, Filing, StatementDraft
from patrol.errors.errors import Conflict
from patrol.exchange.messages import (
    HandOffMessage,
    HandOffReceipt,
    owed_by,
    receive,
    take_receipt,
)
from patrol.exchange.received_bodies import read_body
from patrol.exchange.received_offers import message_faults
from patrol.exchange.statement_log import StatementLog
from patrol.filing.file_documents import Act, DocumentService
from patrol.store.records import documents, statement_logs, statements
from patrol.store.store import Store
from patrol.targets.hand_off import HandOff
from patrol.watch.offer_timeouts import HandOffRefusal

HAND_OFF: Final = "hand_off"
HAND_OFF_RECEIPT: Final = "hand_off_receipt"


class HandOffStatements:
    """Tells counterparts of hand-offs with their agencies, and takes what they tell.

    Args:
        statement_log: What comes and goes by.
        document_service: Files.
        store: Where hand-offs that are over are found.
        node: This node.
        agencies: Those of this node.
        agencies_of: Returns those on the card of each confirmed counterpart, by its node.
        refusal_of: Returns why nothing of a hand-off may cross.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        statement_log: StatementLog,
        document_service: DocumentService,
        store: Store,
        *,
        node: str,
        agencies: Collection[str],
        agencies_of: Callable[[], Mapping[str, Collection[str]]],
        refusal_of: HandOffRefusal,
        now: Callable[[], datetime],
    ) -> None:
        self._store, self._node, self._agencies = store, node, frozenset(agencies)
        self._agencies_of, self._refusal, self._now = agencies_of, refusal_of, now
        statement_log.intake.effects[HAND_OFF] = self._take
        statement_log.intake.effects[HAND_OFF_RECEIPT] = self._take_receipt
        document_service.statement_sources.append(self._of_hand_offs)
        self._document_service = document_service
        self._epochs: dict[str, int] = {}

    async def state_missing(self, nodes: Collection[str]) -> None:
        """Tell those counterparts what is owed to them and was told in an earlier epoch only: their
        logs began anew before they had it.

        Raises:
            StoreError: If the store refuses.
        """
        for node in nodes:
            epoch = (await self._store.read(statement_logs.log_state, node)).epoch
            if self._epochs.get(node) == epoch:
                continue
            for made in tuple(self._document_service.open_documents.all(HandOff)):
                if made.owed_messages and not await self._store.read(
                    statements.is_stated, node, HAND_OFF, made.id
                ):
                    await self._document_service.file(self._stating(made.id, node))
            self._epochs[node] = epoch

    def _stating(self, id: str, node: str) -> Act:
        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            made = open_documents.find(HandOff, id)
            if made is None:
                return NOTHING
            owed = [each for each in self._owed(made, now) if each.to_node == node]
            return Filing(statements=tuple(_draft(made, each) for each in owed))

        return act

    def _of_hand_offs(
        self, filing: Filing, open_documents: OpenDocuments
    ) -> Sequence[StatementDraft]:
        """Return what a filing makes this node owe others about hand-offs."""
        found: list[StatementDraft] = []
        nodes, now = self._agencies_of(), self._now()
        for made in filing.documents:
            if not isinstance(made, HandOff) or not made.owed_messages:
                continue
            before = open_documents.find(HandOff, made.id)
            stated = set[str]()
            if before is not None:
                stated = {each.id for each in self._owed(before, now)}
            found += (
                _draft(made, each)
                for each in self._owed(made, now)
                if each.id not in stated and each.to_node in nodes
            )
        return found

    def _owed(self, made: HandOff, now: datetime) -> Sequence[HandOffMessage]:
        may_cross = self._refusal(made, now) is None
        return tuple(owed_by(made, node=self._node, may_cross=may_cross))

    async def _take(self, statement: Statement) -> Act:
        message, node = read_body(statement, HandOffMessage), statement.from_node
        if message.node != node or message.agency not in self._agencies_of().get(node, ()):
            raise Conflict(f"`agency`: {message.agency[:64]!r} is no agency of {node}")
        for field, fault in message_faults(message, self._now()):
            raise Conflict(f"`{field}` {fault}")
        stored = await self._store.read(documents.newest, kind_of(HandOff), message.hand_off)

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            filing = receive(
                open_documents,
                message,
                node=self._node,
                here=self._agencies,
                known=stored is not None,
                refusal_of=self._refusal,
                now=now,
            )
            receipt = StatementDraft(
                to_node=node,
                kind=HAND_OFF_RECEIPT,
                id=message.hand_off,
                version=statement.version,
                body=HandOffReceipt(of=message.id, node=self._node, to_node=node),
                agency=message.to_agency,
            )
            return replace(filing, statements=(*filing.statements, receipt))

        return act

    async def _take_receipt(self, statement: Statement) -> Act:
        receipt = read_body(statement, HandOffReceipt)
        if receipt.node != statement.from_node:
            raise Conflict(f"`node`: {receipt.node[:64]!r} is not {statement.from_node}")

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            return take_receipt(open_documents, receipt, node=self._node, now=now)

        return act


def _draft(made: HandOff, message: HandOffMessage) -> StatementDraft:
    return StatementDraft(
        to_node=message.to_node,
        kind=HAND_OFF,
        id=made.id,
        version=made.version,
        body=message,
        agency=message.agency,
        data_class="" if message.offer is None else "targets",
    )
