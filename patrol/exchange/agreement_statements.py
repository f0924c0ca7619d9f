"""Agreement statements: a node tells its counterparts what its parties said, and hears theirs.

What is filed under an agreement here is told in the transaction that files it: each word of an
agency of this node to each node with another of its parties, with the text where the word puts one
before them. Words of others are not passed on: each node tells its own.

A word is taken only from the node on whose card its party stands: whoever owns a node can sign for
his own agencies and for no other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import msgspec

from patrol.agreements.agreement import Agreement
from patrol.agreements.agreement_text import AgreementText, text_of
from patrol.agreements.agreement_word import AgreementWord
from patrol.agreements.received_words import INTRODUCING, receive
from patrol.counterparts.statement import Statement
from patrol.documents.document import Document, kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, StatementDraft
from patrol.errors.errors import Conflict
from patrol.exchange.received_bodies import read_body
from patrol.exchange.statement_log import StatementLog
from patrol.filing.file_documents import Act, DocumentService
from patrol.store.records import documents
from patrol.store.store import Store

AGREEMENT_WORD: Final = "agreement_word"

_APART: Final = timedelta(minutes=2)
"""How far the time of a word may be from that of its statement, which is of one transaction."""

KeyFault: TypeAlias = Callable[[AgreementWord], str | None]
"""Returns what is wrong with the signature of a word's key; None if nothing."""


class SpokenWord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a statement about an agreement says.

    Attributes:
        word: What a party said.
        text: The text that it puts before the parties; None of a word about one that was before.
    """

    word: AgreementWord
    text: AgreementText | None = None


class AgreementStatements:
    """Tells counterparts of the words of this node's agencies, and takes theirs.

    Args:
        statement_log: What comes and goes by.
        document_service: Files.
        store: Where agreements that are over are found.
        agencies: Those of this node.
        agencies_of: Returns those on the card of each confirmed counterpart, by its node.
        key_fault: Proves the signature of an officer's key.
    """

    def __init__(
        self,
        statement_log: StatementLog,
        document_service: DocumentService,
        store: Store,
        *,
        agencies: Collection[str],
        agencies_of: Callable[[], Mapping[str, Collection[str]]],
        key_fault: KeyFault,
    ) -> None:
        self._store, self._agencies = store, frozenset(agencies)
        self._agencies_of, self._key_fault = agencies_of, key_fault
        statement_log.intake.effects[AGREEMENT_WORD] = self._take
        document_service.statement_sources.append(self._of_words)

    def _of_words(self, filing: Filing, _open_documents: OpenDocuments) -> Sequence[StatementDraft]:
        """Return the words of this node's agencies that a filing brings, for each counterpart."""
        found: list[StatementDraft] = []
        for each in filing.documents:
            if not isinstance(each, Agreement) or each.proposed_at is None:
                continue
            if each.by_agency not in self._agencies:
                continue  # it was made by another's word, or by time
            word = each.words[-1]
            is_new = word.content.act in INTRODUCING
            said = SpokenWord(word=word.part_for(""), text=text_of(each) if is_new else None)
            found += (
                StatementDraft(
                    to_node=node,
                    kind=AGREEMENT_WORD,
                    id=each.id,
                    version=each.version,
                    body=said,
                    agency=word.party,
                    agreement_hash=word.content.text_sha256,
                )
                for node, agencies in self._agencies_of().items()
                if not set(agencies).isdisjoint(each.agencies)
            )
        return found

    async def _take(self, statement: Statement) -> Act:
        said = read_body(statement, SpokenWord)
        word, content = said.word, said.word.content
        theirs = set(self._agencies_of().get(statement.from_node, ()))
        if word.party not in theirs:
            raise Conflict(
                f"`word.content.agency`: {word.party[:64]!r} is no agency of {statement.from_node}"
            )
        strangers = sorted(set(content.agencies) - theirs - self._agencies)
        if strangers or self._agencies.isdisjoint(content.agencies):
            who = repr(strangers[0][:64]) if strangers else "none of this node"
            raise Conflict(f"`word.content.agencies`: {who} is a party")
        if word.at.tzinfo is None or abs(word.at - statement.made_at) > _APART:
            raise Conflict("`word.at` is not when its statement was made")
        fault = None if word.key is None else self._key_fault(word)
        if fault is not None:
            raise Conflict(f"`word.key`: {fault}")
        closed = await self._store.read(documents.newest, kind_of(Agreement), content.agreement)

        def act(open_documents: OpenDocuments, now: datetime) -> Filing:
            known: Document | None = open_documents.find(Agreement, content.agreement) or closed
            new = receive(
                known if isinstance(known, Agreement) else None,
                word,
                said.text,
                at=now,
                origin=statement.from_node,
            )
            if new is None:
                return Filing()
            return Filing(
                documents=(new,),
                act=f"{content.act} agreement",
                agency=word.party,
                reason=content.reason,
            )

        return act
