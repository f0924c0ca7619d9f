"""CounterpartPositions: the positions that go between a node and its counterparts, at work."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Final

import structlog

from patrol.alerts.alert import Alert
from patrol.documents.document import Document
from patrol.errors.errors import StoreError
from patrol.exchange.body_kinds import BodyKinds
from patrol.exchange.positions.distress_intake import DistressIntake
from patrol.exchange.positions.distress_sender import DistressSender
from patrol.exchange.positions.position_bodies import add_distress, add_positions
from patrol.exchange.positions.position_intake import PositionIntake
from patrol.exchange.positions.position_sender import PositionSender
from patrol.exchange.positions.shared_positions import SharedPositions
from patrol.watch.watch import Watch
from radio_gateway.messages.transmission import Transmission

_LOOK_EVERY_S: Final = 2.0

log = structlog.get_logger(__name__)


class CounterpartPositions:
    """Tells and takes positions.

    Args:
        watch: Knows and stores them.
        kinds: Of the carrier by which they go.
    """

    def __init__(self, watch: Watch, kinds: BodyKinds) -> None:
        self._watch, self._kinds = watch, kinds
        own = watch.agencies
        shared = SharedPositions(watch.picture, watch.live, watch.sharing, own)
        self.sender: Final = PositionSender(
            shared,
            watch.picture,
            watch.store,
            viewers_of=self._agencies_of,
            agencies=own,
            node=watch.node,
            agency=watch.agency,
            now=watch.now,
        )
        self.intake: Final = PositionIntake(
            watch.picture,
            watch.sharing,
            agencies=own,
            agencies_of=self._agencies_of,
            register=watch.registrar.put_remote_units,
            receive=self._receive,
            now=watch.now,
        )
        self.distress_sender: Final = DistressSender(
            watch.picture,
            watch.live,
            watch.sharing,
            shared,
            calls=watch.alarms.calls,
            agencies=own,
            viewers_of=self._agencies_of,
            now=watch.now,
        )
        self.distress_intake: Final = DistressIntake(
            self.intake,
            watch.picture,
            watch.sharing,
            agencies=own,
            receive=self._receive,
            end_call=watch.registrar.clear_distress,
            now=watch.now,
        )
        watch.document_service.listeners.append(self._see_alerts)
        add_distress(kinds, self.distress_sender, self.distress_intake)
        add_positions(kinds, self.sender, self.intake)
        watch.when_positions_shown = self._leave

    async def run(self) -> None:
        """Store cursors now and then; ends by being cancelled."""
        while True:
            self.distress_sender.look()
            await asyncio.sleep(_LOOK_EVERY_S)
            try:
                await self.sender.store_cursors()
            except StoreError as error:  # what is told again is taken once
                log.warning("how far counterparts know positions is not stored", fault=str(error))
            self._leave()

    def _leave(self) -> None:
        """Have leave what was stored."""
        self.sender.note_stored()
        self.distress_sender.follow()
        self._kinds.wake(None)

    def _see_alerts(self, filed: Sequence[Document]) -> None:
        """Have calls for help leave as they ring, and end."""
        if any(isinstance(each, Alert) and each.severity == "sos" for each in filed):
            self.distress_sender.look()
            self._kinds.wake(None)

    def _agencies_of(self, node: str) -> Collection[str]:
        return frozenset(
            agency.id
            for each in self._watch.counterparts
            if each.card.node == node
            for agency in each.card.agencies
        )

    async def _receive(self, transmissions: Sequence[Transmission]) -> None:
        await self._watch.receive(transmissions)
