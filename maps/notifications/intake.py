"""Intake: news of alerts becomes deliveries, each stored before anything is sent.

The document service calls it. After a start it looks at the alerts that changed of late, so that
what was filed just before a crash is delivered, and what was delivered before is not delivered
again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from maps.notifications.receivers import Receivers
from maps.notifications.rule_matching import wants
from maps.notifications.settings.settings_tables import DeliveryRule
from patrol.alerts.alert import Alert, AlertState
from patrol.alerts.delivery import AlertDelivery, PriorAlert, delivery_id, occasion_of, prior_alert
from patrol.desks.desk import Desk
from patrol.documents.document import Document
from patrol.errors.errors import StoreError
from patrol.maintenance.outbox import Outbox
from patrol.units.accounts import User

RETRY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Intake:
    """Makes deliveries of alerts.

    Args:
        outbox: Keeps them.
        rules: What is to be delivered.
        receivers: Who is behind a rule.
        desk_of: Returns the desk of a user.
        node: This node's id.
        zone: Local time of the node.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        outbox: Outbox,
        rules: Sequence[DeliveryRule],
        receivers: Receivers,
        *,
        desk_of: Callable[[User], Desk],
        node: str,
        zone: ZoneInfo,
        now: Callable[[], datetime],
    ) -> None:
        self._outbox, self._rules, self._receivers = outbox, rules, receivers
        self._desk_of, self._node, self._zone, self._now = desk_of, node, zone, now
        self._prior_alerts: dict[str, PriorAlert] = {}
        self._made_ids: set[str] = set()
        self._news: list[Alert] = []
        self._arrived = asyncio.Event()

    def on_documents(self, documents: Sequence[Document]) -> None:
        """Take in new versions of documents; to be called by the document service."""
        alerts = [each for each in documents if isinstance(each, Alert)]
        if alerts and self._rules:
            self._news += alerts
            self._arrived.set()

    async def run(self) -> None:
        """Make deliveries until cancelled."""
        if not self._rules:
            return
        await self._until_stored(self._catch_up)
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            news, self._news = self._news, []
            new = self._what_is_new(news)

            async def keep(new: list[tuple[Alert, AlertState]] = new) -> None:
                await self._outbox.put(await self._deliveries(new))

            await self._until_stored(keep)
            self._made_ids.clear()  # from now on the versions alone tell

    # -- inside

    async def _until_stored(self, act: Callable[[], Awaitable[None]]) -> None:
        is_logged = False
        while True:
            try:
                await act()
            except StoreError as error:
                if not is_logged:
                    log.warning("deliveries_not_stored", fault=str(error))
                is_logged = True
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _catch_up(self) -> None:
        """Deliver what was filed before a crash and was not kept for delivery yet."""
        longest = timedelta(seconds=max(each.expires_in_s for each in self._rules))
        since = self._now() - longest
        self._prior_alerts.clear()  # tried again: nothing of the first try counts
        self._made_ids = await self._outbox.recent_ids(since)
        opened = self._outbox.open_alerts()  # before the read: what changes from now on is heard
        recent: list[tuple[Alert, AlertState]] = []
        for versions in await self._outbox.recent_alerts(since):
            recent += [each for each in self._what_is_new(versions) if each[0].at >= since]
        for alert in opened:
            self._prior_alerts.setdefault(alert.id, prior_alert(alert))
        await self._outbox.put(await self._deliveries(recent))

    def _what_is_new(self, versions: Sequence[Alert]) -> list[tuple[Alert, AlertState]]:
        new = []
        for alert in versions:
            before = self._prior_alerts.get(alert.id)
            if before is not None and alert.version <= before.version:
                continue
            occasion = occasion_of(alert, before)
            if alert.is_closed:
                self._prior_alerts.pop(alert.id, None)
            else:
                self._prior_alerts[alert.id] = prior_alert(alert)
            if occasion is not None:
                new.append((alert, occasion))
        return new

    async def _deliveries(self, news: Sequence[tuple[Alert, AlertState]]) -> list[AlertDelivery]:
        """Return what is to be kept, each once however many rules want it."""
        made: dict[str, AlertDelivery] = {}
        now = self._now()
        for rule in self._rules:
            desk = self._desk_of(self._receivers.of_rule(rule))
            receivers = [
                (alert, occasion)
                for alert, occasion in news
                if (alert.agency == rule.agency or rule.way != "radio")
                and (passing := desk.policy.document(alert)) is not None
                and wants(rule, passing, occasion, now=now, zone=self._zone)
                and now - alert.at < timedelta(seconds=rule.expires_in_s)
            ]
            if not receivers:
                continue
            for to, user in await self._receivers.receivers_of(rule):
                for alert, occasion in receivers:
                    id = delivery_id(way=rule.way, to=to, alert=alert.id, version=alert.version)
                    if id in self._made_ids or id in made:
                        continue
                    made[id] = AlertDelivery(
                        id=id,
                        agency=rule.agency,
                        at=now,
                        origin=self._node,
                        rule=rule.name,
                        way=rule.way,
                        to=to,
                        user=user,
                        alert=alert.id,
                        alert_version=alert.version,
                        severity=alert.severity,
                        occasion=occasion,
                        expires_at=alert.at + timedelta(seconds=rule.expires_in_s),
                    )
        return list(made.values())
