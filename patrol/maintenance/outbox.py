"""Outbox: stores deliveries until they are sent; a part of the node, no user's desk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, cast

from msgspec.structs import replace

from patrol.alerts.alert import Alert
from patrol.alerts.delivery import LIFECYCLE, AlertDelivery, PushSubscription
from patrol.documents.document import kind_of, new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict
from patrol.filing.file_documents import DocumentService
from patrol.store.journal import journal
from patrol.store.records import documents
from patrol.store.schema.tables import to_us
from patrol.store.store import StoreReader

AT_ONCE: Final = 100
"""Documents filed in one turn: in a storm of alerts the picture must go on between two of them."""

MOST_READ: Final = 100_000

ALERT: Final = kind_of(Alert)

ENDING: Final = frozenset({"change user", "end sessions", "remove second factor"})
"""Acts on a user, in the journal, with which all of its sessions ended."""


class Outbox:
    """Deliveries and subscriptions of one node.

    Args:
        document_service: Files them.
        read: `Store.read`.
    """

    def __init__(self, document_service: DocumentService, read: StoreReader) -> None:
        self._service, self._read = document_service, read

    def waiting(self) -> list[AlertDelivery]:
        """Return the deliveries that wait, oldest first."""
        return list(self._service.open_documents.all(AlertDelivery))

    def subscriptions(self, agency: str) -> list[PushSubscription]:
        """Return the browsers that take alerts for users of an agency, oldest first."""
        return [
            each
            for each in self._service.open_documents.all(PushSubscription)
            if each.agency == agency
        ]

    def all_subscriptions(self) -> list[PushSubscription]:
        """Return the browsers that take alerts, of every agency, oldest first."""
        return list(self._service.open_documents.all(PushSubscription))

    def subscription(self, id: str) -> PushSubscription | None:
        """Return a browser's subscription; None if there is none (any more)."""
        return self._service.open_documents.find(PushSubscription, id)

    async def is_from_before(self, subscription: PushSubscription) -> bool:
        """Return whether all sessions of its user were ended since a browser subscribed: whoever
        had one of them, and was to lose it, may be who did.
        """
        return await is_from_before(self._read, subscription)

    async def recent_ids(self, since: datetime) -> set[str]:
        """Return the ids of deliveries that were changed since, settled or not."""
        found = await self._read(
            documents.of_kind, kind_of(AlertDelivery), since_us=to_us(since), limit=MOST_READ
        )
        return {each.id for each in found}

    async def recent_alerts(self, since: datetime) -> list[list[Alert]]:
        """Return all versions, oldest first, of each alert that was changed since."""
        newest = await self._read(documents.of_kind, ALERT, since_us=to_us(since), limit=MOST_READ)
        found = []
        for each in reversed(newest):
            versions = await self._read(documents.versions, ALERT, each.id)
            found.append([cast(Alert, version) for version in versions])
        return found

    def open_alerts(self) -> list[Alert]:
        """Return the alerts that are open."""
        return list(self._service.open_documents.all(Alert))

    async def alert(self, id: str) -> Alert | None:
        """Return the newest version of an alert, open or closed; None if there is none."""
        found = self._service.open_documents.find(Alert, id)
        if found is not None:
            return found
        return cast(Alert | None, await self._read(documents.newest, ALERT, id))

    async def put(self, deliveries: Sequence[AlertDelivery]) -> None:
        """Store new deliveries; those of older versions for the same receiver are superseded.

        Raises:
            StoreError: If the store refuses; some may be kept.
        """
        for start in range(0, len(deliveries), AT_ONCE):
            part = deliveries[start : start + AT_ONCE]
            try:
                await self._put(part)
            except Conflict:  # one of them was settled long ago: the others must be kept
                for each in part:
                    try:
                        await self._put([each])
                    except Conflict:
                        continue

    async def _put(self, deliveries: Sequence[AlertDelivery]) -> None:
        def filing(open_documents: OpenDocuments, now: datetime) -> Filing:
            new = {
                each.id: each
                for each in deliveries
                if open_documents.find(AlertDelivery, each.id) is None
            }
            newest: dict[tuple[str, str, str, str], int] = {}
            for each in new.values():
                newest[_about(each)] = max(each.alert_version, newest.get(_about(each), 0))
            old = [
                _settled(each, "supersede", now)
                for each in open_documents.all(AlertDelivery)
                if newest.get(_about(each), 0) > each.alert_version
            ]
            to_file = [
                replace(each, state=LIFECYCLE.next_state(each.state, "supersede"), settled_at=now)
                if each.alert_version < newest[_about(each)]
                else each
                for each in new.values()
            ]
            return Filing(documents=(*old, *to_file), act="deliver alert")

        await self._service.file(filing)

    async def settle(self, ids: Iterable[str], act: str, **changes: Any) -> None:
        """Note the outcome of waiting deliveries; others are left alone.

        Args:
            ids: Which.
            act: What became of them, of the acts of `LIFECYCLE`.
            **changes: What else to note: `fault`, `attempts`, `message`, `together`.

        Raises:
            StoreError: If the store refuses; some may be noted.
        """
        all_ids = list(ids)
        for start in range(0, len(all_ids), AT_ONCE):
            part = all_ids[start : start + AT_ONCE]

            def filing(
                open_documents: OpenDocuments, now: datetime, part: Sequence[str] = part
            ) -> Filing:
                found = (open_documents.find(AlertDelivery, id) for id in part)
                settled = tuple(_settled(each, act, now, **changes) for each in found if each)
                return Filing(documents=settled, act=f"{act} delivery")

            await self._service.file(filing)

    async def end_subscription(self, id: str, why: str) -> None:
        """Take a subscription away that is good no more.

        Raises:
            StoreError: If the store refuses.
        """

        def filing(open_documents: OpenDocuments, now: datetime) -> Filing:
            known = open_documents.find(PushSubscription, id)
            if known is None:
                return Filing()
            ended = revise(known, at=now, by="", ended_at=now, end_reason=why)
            return Filing(documents=(ended,), act="end push subscription", reason=why)

        await self._service.file(filing)


async def is_from_before(read: StoreReader, subscription: PushSubscription) -> bool:
    """Return whether all sessions of its user were ended since a browser subscribed."""
    return await read(
        journal.has_entry,
        subscription.agency,
        subject=f"user:{subscription.user}",
        acts=ENDING,
        after=f"{kind_of(subscription)}:{subscription.id}",
    )


def subscribed(
    open_documents: OpenDocuments,
    now: datetime,
    *,
    agency: str,
    user: str,
    origin: str,
    most: int,
    endpoint: str,
    p256dh: str,
    auth: str,
    label: str,
) -> tuple[PushSubscription, ...]:
    """Return the documents to file when a browser subscribes; its own new document is the last.

    A browser has one user, the one who subscribed last: another's subscription of the same
    browser ends, so that nobody reads another's alerts on a shared computer. Of more than `most`
    of one user the oldest end.
    """
    filed = [
        revise(each, at=now, by=user, ended_at=now, end_reason="the browser subscribed again")
        for each in open_documents.all(PushSubscription)
        if each.endpoint == endpoint
    ]
    own = [
        each
        for each in open_documents.all(PushSubscription)
        if each.user == user and each.endpoint != endpoint
    ]
    filed += [
        revise(each, at=now, by=user, ended_at=now, end_reason="too many browsers")
        for each in own[: max(0, len(own) - most + 1)]
    ]
    new = PushSubscription(
        id=new_id(),
        agency=agency,
        at=now,
        by=user,
        origin=origin,
        user=user,
        endpoint=endpoint,
        p256dh=p256dh,
        auth=auth,
        label=label,
    )
    return (*filed, new)


def _about(delivery: AlertDelivery) -> tuple[str, str, str, str]:
    return delivery.agency, delivery.way, delivery.to, delivery.alert


def _settled(delivery: AlertDelivery, act: str, now: datetime, **changes: Any) -> AlertDelivery:
    return revise(
        delivery,
        at=now,
        by="",
        state=LIFECYCLE.next_state(delivery.state, act),
        settled_at=now,
        **changes,
    )
