"""DeliveryDesk: deliveries of alerts that a user sees, and the user's subscribed browsers."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from patrol.alerts.delivery import AlertDelivery, PushSubscription
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import Document, kind_of, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import NotFound
from patrol.maintenance.outbox import is_from_before, subscribed
from patrol.store.records import documents

MOST_BROWSERS: Final = 10
"""Browsers that one user may have alerts sent to; the oldest gives way."""

MOST_DELIVERIES: Final = 1000


class Browser(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that takes alerts for the caller; its endpoint and keys are secrets.

    Attributes:
        id: The subscription's id.
        label: What the user calls it.
        since: Since when, aware UTC.
    """

    id: str
    label: str
    since: datetime


class DeliveryDesk:
    """What one user may do about deliveries.

    Args:
        access: What the user may read, see and file.
    """

    def __init__(self, access: DocumentAccess) -> None:
        self._access = access

    async def newest(self, *, alert: str | None = None, limit: int = 100) -> list[AlertDelivery]:
        """Return the deliveries to the user's agency, last changed first.

        Args:
            alert: Only those of this alert, among the last 1,000.
            limit: Most deliveries.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see deliveries")
        found = await self._access.read(
            documents.of_kind,
            kind_of(AlertDelivery),
            agencies=[self._access.policy.agency],
            limit=MOST_DELIVERIES if alert is not None else min(limit, MOST_DELIVERIES),
        )
        visible = (self._access.policy.document(each) for each in found)
        newest = [
            each
            for each in visible
            if isinstance(each, AlertDelivery) and (alert is None or each.alert == alert)
        ]
        return newest[:limit]

    def may_see(self) -> None:
        """Raise unless the user may see how deliveries fare.

        Raises:
            Forbidden: If it may not.
        """
        self._access.may("see deliveries")

    def may_test(self) -> None:
        """Raise unless the user may send a test by a rule of its agency.

        Raises:
            Forbidden: If it may not.
        """
        self._access.may("test deliveries")

    def browsers(self) -> list[Browser]:
        """Return the browsers that take alerts for the user, oldest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("subscribe to alerts")
        return [_browser(each) for each in self._own_browsers(self._access.open_documents)]

    async def active_browsers(self) -> list[Browser]:
        """Return those that are told of alerts: not who subscribed before all sessions of the user
        were ended, until it subscribes again.

        Raises:
            Forbidden: If the role may not.
            StoreError: If the store cannot be read.
        """
        self._access.may("subscribe to alerts")
        own = self._own_browsers(self._access.open_documents)
        return [_browser(each) for each in own if not await is_from_before(self._access.read, each)]

    def browser(self, id: str) -> Browser:
        """Return one of them.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user has none of that id.
        """
        self._access.may("subscribe to alerts")
        return _browser(self._own_browser(self._access.open_documents, id))

    async def subscribe(self, *, endpoint: str, p256dh: str, auth: str, label: str = "") -> Browser:
        """Have alerts sent to a browser; another subscription of the same browser ends.

        Args:
            endpoint: Where its push service takes messages.
            p256dh: Its public key, base64url.
            auth: Its authentication secret, base64url.
            label: What the user calls it.

        Raises:
            Forbidden: If the role may not.
            StoreError: If the store refuses.
        """
        self._access.may("subscribe to alerts")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            return subscribed(
                open_documents,
                now,
                agency=self._access.user.agency,
                user=self._access.user.name,
                origin=self._access.node,
                most=MOST_BROWSERS,
                endpoint=endpoint,
                p256dh=p256dh,
                auth=auth,
                label=label,
            )

        *_, new = await self._access.file("subscribe browser", decide)
        assert isinstance(new, PushSubscription)
        return _browser(new)

    async def unsubscribe(self, id: str) -> None:
        """Have no more alerts sent to a browser of the user's.

        Raises:
            Forbidden: If the role may not.
            NotFound: If the user has none of that id.
            StoreError: If the store refuses.
        """
        self._access.may("subscribe to alerts")

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Document, ...]:
            own = self._own_browser(open_documents, id)
            ended = revise(
                own, at=now, by=self._access.user.name, ended_at=now, end_reason="by its user"
            )
            return (ended,)

        await self._access.file("unsubscribe browser", decide)

    def _own_browsers(self, open_documents: OpenDocuments) -> list[PushSubscription]:
        return [
            each
            for each in open_documents.all(PushSubscription)
            if each.user == self._access.user.name
        ]

    def _own_browser(self, open_documents: OpenDocuments, id: str) -> PushSubscription:
        for each in self._own_browsers(open_documents):
            if each.id == id:
                return each
        raise NotFound("browser", id)


def _browser(subscription: PushSubscription) -> Browser:
    return Browser(id=subscription.id, label=subscription.label, since=subscription.at)
