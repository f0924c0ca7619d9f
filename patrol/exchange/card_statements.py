"""Card statements: a node tells its counterparts its card when it changed, and takes theirs.

The own card is a document: what counterparts are told of it is written with its new version. A card
of a higher number that the old key vouches for renews the counterpart; its people need not meet
again. One of another key without that is refused: it needs a new meeting.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from patrol.counterparts.card import SignedCard
from patrol.counterparts.counterpart import Counterpart
from patrol.counterparts.lifecycle import renew
from patrol.counterparts.own_card import OwnCard
from patrol.counterparts.statement import Statement
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, StatementDraft
from patrol.errors.errors import Conflict
from patrol.exchange.received_bodies import read_body
from patrol.exchange.statement_log import StatementLog
from patrol.filing.file_documents import Act, DocumentService
from patrol.store.records import statements
from patrol.store.store import Store

CARD: Final = "card"


class CardStatements:
    """Tells counterparts of this node's card, and takes theirs.

    Args:
        statement_log: What comes and goes by.
        document_service: Files.
        store: Where it is seen what was told.
        agency: On whose behalf.
    """

    def __init__(
        self,
        statement_log: StatementLog,
        document_service: DocumentService,
        store: Store,
        *,
        agency: str,
    ) -> None:
        self._document_service, self._store, self._agency = document_service, store, agency
        statement_log.intake.effects[CARD] = self._take
        document_service.statement_sources.append(self._of_filing)

    async def state_missing(self, nodes: Collection[str]) -> None:
        """Tell those counterparts of the own card who were not told it: their logs began anew.

        Raises:
            StoreError: If the store refuses.
        """
        own = next(self._document_service.open_documents.all(OwnCard), None)
        if own is None:
            return
        for node in nodes:
            # One that was refused is not told again: it would be refused again.
            told = await self._store.read(statements.newest_sent, node, CARD, with_refused=True)
            if told is None or told.version < own.signed.card.number:
                await self._document_service.file(_stating(self._draft(node, own)))

    def _of_filing(self, filing: Filing, open_documents: OpenDocuments) -> Sequence[StatementDraft]:
        """Return the own card for a counterpart that becomes confirmed, and for all when it
        changes.
        """
        own = next(open_documents.all(OwnCard), None)
        changed = next((each for each in filing.documents if isinstance(each, OwnCard)), None)
        if changed is not None:
            return [self._draft(each.card.node, changed) for each in confirmed(open_documents)]
        if own is None:
            return ()
        known = {each.id for each in confirmed(open_documents)}
        return [
            self._draft(each.card.node, own)
            for each in filing.documents
            if isinstance(each, Counterpart) and each.state == "confirmed" and each.id not in known
        ]

    def _draft(self, node: str, own: OwnCard) -> StatementDraft:
        return StatementDraft(
            to_node=node,
            kind=CARD,
            id=own.signed.card.node,
            version=own.signed.card.number,
            body=own.signed,
            agency=self._agency,
        )

    async def _take(self, statement: Statement) -> Act:
        signed = read_body(statement, SignedCard)

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            for known in confirmed(open_documents):
                if known.card.node == statement.from_node:
                    if signed == known.signed_card or signed.card.number < known.card.number:
                        return Filing()  # it is known
                    others = open_documents.all(Counterpart)
                    new = renew(known, signed, others=others, at=now, by="")
                    return Filing(documents=(new,), act="renew counterpart")
            raise Conflict(f"{statement.from_node} is not confirmed here")

        return act


def confirmed(open_documents: OpenDocuments) -> list[Counterpart]:
    """Return the counterparts that are spoken to."""
    return [each for each in open_documents.all(Counterpart) if each.state == "confirmed"]


def _stating(draft: StatementDraft) -> Act:
    return lambda _open_documents, _now: Filing(statements=(draft,))
