"""Delivery sender: sends waiting deliveries, at the pace of each receiver, until settled.

One receiver is written to by one task at a time; receivers that fail hold up no others. What a
message says is made at each try from the alert as it is now and as the receiver may see it now: a
receiver that may see it no more gets nothing, however long it waited. What went out and could not
be noted, since the store refused, is noted later and not sent again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple

import structlog
from msgspec.structs import replace

from maps.notifications.errors.errors import ReceiverGone, TemporaryFailure, Undeliverable
from maps.notifications.receivers import Receivers
from maps.notifications.text.address_text import address_of
from maps.notifications.text.messages import (
    MOST_TOLD,
    MessageSender,
    Notification,
    VisibleAlert,
    worst_first,
)
from maps.notifications.throttle import ReceiverThrottle, batches
from patrol.alerts.alert import SEVERITIES, Alert
from patrol.alerts.delivery import AlertDelivery, DeliveryTarget, DeliveryWay
from patrol.desks.desk import Desk
from patrol.documents.document import Document
from patrol.errors.errors import Conflict, Forbidden, NotFound, StoreError
from patrol.maintenance.outbox import Outbox
from patrol.sectors.site_geography import Ground
from patrol.units.accounts import User
from patrol.units.details import UnitDetails

TICK_S: Final = 1.0
AT_ONCE: Final = 4
"""Messages on their way at one time by one way."""

URGENT_AT_ONCE: Final = 2
"""Further ones that tell of an SOS: it waits for nothing that is less."""

LONGEST_TRY_S: Final = 120.0
STOP_WITHIN_S: Final = 5.0
_ENDED: Final = "the sessions of its user were ended since it subscribed"

log = structlog.get_logger(__name__)


class _Outcome(NamedTuple):
    """What is to be noted of deliveries."""

    ids: tuple[str, ...]
    act: str
    details: dict[str, Any]


class DeliverySender:
    """Brings out deliveries.

    Args:
        outbox: Where they are kept.
        ways: How they go.
        receivers: Who they go to.
        desk_of: Returns the desk of a user.
        limits: Messages to one receiver within a minute, by the name of a rule.
        ground: Rivers and borders of this site.
        now: Clock, aware UTC.

    Attributes:
        waiting: What waits, by receiver.
        paces: How each receiver fares, while anything is to be told of it.
        counts: How many were settled since the start, by rule and state.
    """

    def __init__(
        self,
        outbox: Outbox,
        ways: Mapping[DeliveryWay, MessageSender],
        receivers: Receivers,
        *,
        desk_of: Callable[[User], Desk],
        limits: Mapping[str, int],
        ground: Ground,
        now: Callable[[], datetime],
    ) -> None:
        self._outbox, self._ways, self._receivers = outbox, ways, receivers
        self._desk_of, self._limits, self._ground, self._now = desk_of, limits, ground, now
        self.waiting: dict[DeliveryTarget, dict[str, AlertDelivery]] = {}
        self.paces: dict[DeliveryTarget, ReceiverThrottle] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self._unsettled: dict[str, _Outcome] = {}
        self._note_fault = ""
        self._busy: dict[DeliveryTarget, asyncio.Task[None]] = {}
        self._arrived = asyncio.Event()

    def on_documents(self, documents: Sequence[Document]) -> None:
        """Take in new versions of documents; to be called by the document service."""
        for document in documents:
            if not isinstance(document, AlertDelivery):
                continue
            if not document.is_closed:
                self.waiting.setdefault(document.target, {})[document.id] = document
                self._arrived.set()
                continue
            group = self.waiting.get(document.target, {})
            group.pop(document.id, None)
            if not group:
                self.waiting.pop(document.target, None)
            key = (document.rule, document.state)
            self.counts[key] = self.counts.get(key, 0) + 1

    async def run(self) -> None:
        """Bring out what waits, until cancelled."""
        try:
            while True:
                try:
                    async with asyncio.timeout(TICK_S):
                        await self._arrived.wait()
                except TimeoutError:
                    pass
                self._arrived.clear()
                await self._settle_again()
                await self._expire()
                self._start_due()
        finally:
            tasks = list(self._busy.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # What went out must not go out again at the next start.
            try:
                async with asyncio.timeout(STOP_WITHIN_S):
                    await self._settle_again()
            except TimeoutError:
                log.error("deliveries_not_noted", count=len(self._unsettled))

    # -- inside

    def _start_due(self) -> None:
        now_s = asyncio.get_running_loop().time()
        for target in sorted(self.waiting, key=self._worst):
            pace = self.paces.setdefault(target, ReceiverThrottle())
            if target in self._busy or now_s < pace.not_before_s:
                continue
            room = AT_ONCE + (URGENT_AT_ONCE if self._worst(target) == 0 else 0)
            if sum(each.way == target.way for each in self._busy) >= room:
                continue
            if not self._due(target, pace, now_s):
                continue
            task = asyncio.create_task(self._serve(target, pace), name=f"deliver {target.way}")
            self._busy[target] = task
            task.add_done_callback(partial(self._served, target))
        for target in [each for each in self.paces if each not in self.waiting]:
            if target not in self._busy and self.paces[target].is_forgettable(now_s):
                del self.paces[target]

    def _served(self, target: DeliveryTarget, _task: asyncio.Task[None]) -> None:
        self._busy.pop(target, None)
        if any(each.way == target.way for each in self.waiting):
            self._arrived.set()

    def _worst(self, target: DeliveryTarget) -> int:
        """Return the rank of the worst that waits for a receiver."""
        group = self.waiting.get(target, {})
        return min((_rank(each.severity) for each in group.values()), default=len(SEVERITIES))

    def _due(
        self, target: DeliveryTarget, pace: ReceiverThrottle, now_s: float
    ) -> list[list[AlertDelivery]]:
        group = [
            each for each in self.waiting.get(target, {}).values() if each.id not in self._unsettled
        ]
        group.sort(key=lambda each: (_rank(each.severity), each.at, each.id))
        limit = self._limits.get(target.rule, 1)
        return batches(group, room=pace.room(now_s, limit), urgent_room=pace.room(now_s, 2 * limit))

    async def _serve(self, target: DeliveryTarget, pace: ReceiverThrottle) -> None:
        loop = asyncio.get_running_loop()
        try:
            for batch in self._due(target, pace, loop.time()):
                await self._send(target, pace, batch)
                if pace.failures:
                    return
        except StoreError as error:
            pace.note_failure(loop.time(), "the store cannot be used")
            log.warning("delivery_waits", way=target.way, fault=str(error))
        except Exception:
            pace.note_failure(loop.time(), "it failed; the log says why")
            log.exception("delivery_failed", way=target.way)

    async def _send(
        self, target: DeliveryTarget, pace: ReceiverThrottle, batch: Sequence[AlertDelivery]
    ) -> None:
        """Bring one message out, and note what became of what it told of."""
        loop = asyncio.get_running_loop()
        try:
            receiver = await self._receivers.of_delivery(batch[0])
        except ReceiverGone as error:
            await self._settle(batch, "withhold", fault=error.fault)
            return
        desk = self._desk_of(receiver)
        alerts, deliveries = await self._visible_alerts(batch, desk)
        if not deliveries:
            return
        message = self._message(deliveries, alerts)
        if target.way == "push" and await self._receivers.is_from_before(target.to):
            message = replace(message, alerts=(), more=0, ended=True)
        attempts = pace.failures + 1
        try:
            async with asyncio.timeout(LONGEST_TRY_S):
                with_id = await self._ways[target.way].send(target.to, message, desk)
        except (TemporaryFailure, TimeoutError) as error:
            fault = error.fault if isinstance(error, TemporaryFailure) else "it takes too long"
            if not pace.failures:
                log.warning("delivery_waits", way=target.way, rule=batch[0].rule, fault=fault)
            wait_s = error.wait_s if isinstance(error, TemporaryFailure) else None
            pace.note_failure(loop.time(), fault, wait_s=wait_s)
        except Undeliverable as error:
            log.warning("delivery_refused", way=target.way, rule=batch[0].rule, fault=error.fault)
            if not isinstance(error, ReceiverGone):  # a browser that is gone is no fault
                pace.note_refusal(loop.time(), error.fault)
            await self._settle(deliveries, "fail", fault=error.fault, attempts=attempts)
        else:
            pace.went(loop.time())
            if message.ended:
                await self._outbox.end_subscription(target.to, _ENDED)
                await self._settle(deliveries, "withhold", fault=_ENDED, attempts=attempts)
                return
            await self._settle(
                deliveries, "send", attempts=attempts, message=with_id, together=message.count
            )

    async def _visible_alerts(
        self, batch: Sequence[AlertDelivery], desk: Desk
    ) -> tuple[list[VisibleAlert], list[AlertDelivery]]:
        """Return what the receiver may see of the alerts now, and of which deliveries.

        What it may not see (any more) is withheld.
        """
        alerts: list[VisibleAlert] = []
        deliveries: list[AlertDelivery] = []
        withheld: list[AlertDelivery] = []
        for number, delivery in enumerate(batch):
            if number % 50 == 49:
                await asyncio.sleep(0)  # the picture goes on
            alert = await self._outbox.alert(delivery.alert)
            passing = None if alert is None else desk.policy.document(alert)
            if passing is None:
                withheld.append(delivery)
                continue
            deliveries.append(delivery)
            unit = _unit(desk, passing)
            alerts.append(
                VisibleAlert(
                    alert=passing,
                    occasion=delivery.occasion,
                    call_sign="" if unit is None else unit.call_sign,
                    address=address_of(
                        passing,
                        ground=self._ground,
                        last=None if unit is None else unit.last,
                        own=passing.agency == desk.user.agency,
                    ),
                )
            )
        if withheld:
            await self._settle(withheld, "withhold", fault="the receiver may not see it now")
        return worst_first(alerts), deliveries

    def _message(
        self, deliveries: Sequence[AlertDelivery], alerts: Sequence[VisibleAlert]
    ) -> Notification:
        first = deliveries[0]
        ids = sorted(each.id for each in deliveries)
        together = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:32]
        return Notification(
            id=first.id if len(ids) == 1 else together,
            agency=first.agency,
            at=self._now(),
            expires_at=max(each.expires_at for each in deliveries),
            alerts=tuple(alerts[:MOST_TOLD]),
            more=max(0, len(alerts) - MOST_TOLD),
        )

    async def _expire(self) -> None:
        now = self._now()
        over: dict[tuple[str, int], list[AlertDelivery]] = {}
        for target, group in self.waiting.items():
            if target in self._busy:
                continue
            pace = self.paces.get(target, ReceiverThrottle())
            for each in group.values():
                if each.expires_at <= now and each.id not in self._unsettled:
                    over.setdefault((pace.fault, pace.failures), []).append(each)
        for (fault, failures), expired in over.items():
            await self._settle(expired, "expire", fault=fault, attempts=failures)

    async def _settle(self, deliveries: Sequence[AlertDelivery], act: str, **changes: Any) -> None:
        outcome = _Outcome(tuple(each.id for each in deliveries), act, changes)
        for id in outcome.ids:
            self._unsettled[id] = outcome
        await self._note(outcome)

    async def _note(self, outcome: _Outcome) -> None:
        try:
            await self._outbox.settle(outcome.ids, outcome.act, **outcome.details)
        except (StoreError, Conflict) as error:
            if not self._note_fault:
                log.warning("deliveries_not_noted", count=len(outcome.ids), fault=str(error))
            self._note_fault = str(error)
            return
        self._note_fault = ""
        for id in outcome.ids:
            self._unsettled.pop(id, None)

    async def _settle_again(self) -> None:
        # Noting what is noted already changes nothing.
        for outcome in {id(each): each for each in self._unsettled.values()}.values():
            await self._note(outcome)


def _rank(severity: str) -> int:
    known = tuple(SEVERITIES)
    return known.index(severity) if severity in known else len(known)


def _unit(desk: Desk, alert: Alert) -> UnitDetails | None:
    if alert.unit is None:
        return None
    try:
        return desk.visible.unit(alert.unit)
    except (NotFound, Forbidden):
        return None
