"""CounterpartStatements: the log of statements of a node with all that goes by it, at work.

What is told: the own card when it changed, each day where the journal ends, and what the own
agencies say about agreements and hand-offs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from patrol.audit.signed_head import SignedHead
from patrol.errors.errors import PatrolError
from patrol.exchange.agreement_statements import AgreementStatements, KeyFault
from patrol.exchange.body_kinds import BodyKinds
from patrol.exchange.card_statements import CardStatements, confirmed
from patrol.exchange.consent_notices import ConsentNotices
from patrol.exchange.file_carrier import FileCarrier
from patrol.exchange.hand_off_statements import HandOffStatements
from patrol.exchange.hello import ClockDifference
from patrol.exchange.journal_heads import JournalHeads
from patrol.exchange.statement_bodies import add_statements
from patrol.exchange.statement_log import LOOK_EVERY_S, StatementLog
from patrol.filing.file_documents import DocumentService
from patrol.sharing.consent_leases import ConsentLeases
from patrol.signatures.signing_key import SigningKey
from patrol.store.store import Store
from patrol.watch.offer_timeouts import HandOffRefusal

_DAILY_EVERY_S: Final = 300.0

log = structlog.get_logger(__name__)


class CounterpartStatements:
    """Keeps the logs of one node going.

    Args:
        document_service: Files what comes and what is told.
        store: Where the logs are.
        node: This node.
        agency: On whose behalf it speaks.
        agencies: Those of this node.
        zone: In which days are days.
        sign_head: Returns the journal's end, signed.
        own_key: Returns this node's key.
        key_fault: Proves the signature of an officer's key.
        refusal_of: Returns why nothing of a hand-off may cross.
        kinds: Carries what is told.
        leases: Until when what others let be seen may be shown.
        clock_of: Returns how far another node's clock is from ours; None: not measured.
        publish: Tells viewers that what they may see may have changed.
        now: Clock, aware UTC.

    Attributes:
        statement_log: What comes and goes by.
        files: The same in files, where there is no link.
    """

    def __init__(
        self,
        document_service: DocumentService,
        store: Store,
        *,
        node: str,
        agency: str,
        agencies: Collection[str],
        zone: ZoneInfo,
        sign_head: Callable[[], Awaitable[SignedHead]],
        own_key: Callable[[], SigningKey],
        key_fault: KeyFault,
        refusal_of: HandOffRefusal,
        kinds: BodyKinds,
        leases: ConsentLeases,
        clock_of: Callable[[str], ClockDifference | None],
        publish: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._document_service, self._zone, self._now = document_service, zone, now
        self.statement_log: Final = StatementLog(
            document_service, store, node=node, agency=agency, now=now
        )
        self.files: Final = FileCarrier(
            self.statement_log,
            store,
            node=node,
            own_key=own_key,
            cards=lambda: [each.card for each in confirmed(document_service.open_documents)],
            now=now,
        )
        self._cards = CardStatements(self.statement_log, document_service, store, agency=agency)
        self._heads = JournalHeads(
            self.statement_log,
            document_service,
            store,
            node=node,
            agency=agency,
            sign=sign_head,
            own_key=own_key,
            key_of=self._key_of,
        )
        AgreementStatements(
            self.statement_log,
            document_service,
            store,
            agencies=agencies,
            agencies_of=self._agencies_of,
            key_fault=key_fault,
        )
        self._hand_offs = HandOffStatements(
            self.statement_log,
            document_service,
            store,
            node=node,
            agencies=agencies,
            agencies_of=self._agencies_of,
            refusal_of=refusal_of,
            now=now,
        )
        add_statements(kinds, self.statement_log)
        self._consent_notices = ConsentNotices(
            kinds,
            document_service,
            store,
            leases,
            node=node,
            agencies=agencies,
            agencies_of=self._agencies_of,
            clock_of=clock_of,
            publish=publish,
            now=now,
        )
        self._agencies = frozenset(agencies)
        self._daily_at: datetime | None = None

    async def run(self) -> None:
        """Keep at it; ends by being cancelled.

        Raises:
            StoreError: If the store refuses at the start.
        """
        await self.statement_log.start()
        await self._consent_notices.load()
        while True:
            try:
                await self.look()
            except (PatrolError, OSError) as error:  # the next look tries again
                log.warning("counterparts are not told all yet", fault=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Find what is new, and tell counterparts what they are to be told by now.

        Raises:
            PatrolError: If something cannot be signed, read or stored.
            OSError: If a key cannot be read.
        """
        nodes = [each.card.node for each in confirmed(self._document_service.open_documents)]
        self._consent_notices.look(nodes)
        await self.statement_log.look(nodes)
        if not nodes:
            return
        await self._cards.state_missing(nodes)
        await self._hand_offs.state_missing(nodes)
        now = self._now()
        if self._daily_at is None or abs((now - self._daily_at).total_seconds()) >= _DAILY_EVERY_S:
            local = now.astimezone(self._zone)
            began = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
            await self._heads.state_daily(nodes, began)
            self._daily_at = now

    async def tell_head(self, node: str) -> None:
        """Tell a counterpart now where the journal ends.

        Raises:
            PatrolError: If it cannot be signed or stored.
            OSError: If a key cannot be read.
        """
        await self._heads.tell(node)

    def _agencies_of(self) -> dict[str, frozenset[str]]:
        return {
            # Without ours: an agency may have been added here since the card was looked at.
            each.card.node: frozenset(agency.id for agency in each.card.agencies) - self._agencies
            for each in confirmed(self._document_service.open_documents)
        }

    def _key_of(self, node: str) -> str | None:
        known = confirmed(self._document_service.open_documents)
        return next((each.card.signing_key for each in known if each.card.node == node), None)
