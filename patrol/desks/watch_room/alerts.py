"""AlertDesk: how one user sees and handles alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from patrol.alarms.rules import RULES
from patrol.alerts import lifecycle as alert_acts
from patrol.alerts.alert import SEVERITIES, Alert, AlertState, Severity
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.document import kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.errors.errors import Conflict, NotFound, PatrolError
from patrol.store.records import documents
from patrol.store.schema.tables import to_us
from patrol.units.permissions import may

MOST_ALERTS: Final = 1000
"""Most alerts of one answer, and of one act on many."""


LOOKED_AT: Final = 5000
"""Most alerts that are looked at for one answer: some may be others'."""


class ClearDistress(Protocol):
    """`Registrar.clear_distress`."""

    async def __call__(self, of: str, *, by: str, note: str = "") -> None:
        """End a call for help."""


class UnchangedAlert(msgspec.Struct, frozen=True, kw_only=True, rename={"reason": "why"}):
    """An alert that an act on many left as it is.

    Attributes:
        id: Which.
        reason: Why, for people.
    """

    id: str
    reason: str


class AlertsAcknowledged(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"unchanged": "left"}
):
    """What became of many alerts that were to be acknowledged.

    Attributes:
        acknowledged: Those that are now.
        unchanged: Those that are not.
    """

    acknowledged: tuple[Alert, ...] = ()
    unchanged: tuple[UnchangedAlert, ...] = ()


class AlertDesk:
    """What one user may do with alerts.

    Args:
        access: What the user may read, see and file.
        clear_distress: Ends a call for help by a person's word.
    """

    def __init__(self, access: DocumentAccess, *, clear_distress: ClearDistress) -> None:
        self._access = access
        self._clear_distress = clear_distress

    def open(
        self,
        *,
        state: AlertState | None = None,
        severity: Severity | None = None,
        unit: str | None = None,
        historical: bool | None = None,
    ) -> list[Alert]:
        """Return the open alerts, those that ring first, then the worst, then the newest.

        Args:
            state: Only those in this state.
            severity: Only those of this severity.
            unit: Only those about this unit.
            historical: Only those that are historical, or only those that are not.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see alerts")
        found = [
            alert
            for alert in self._access.open(Alert)
            if (state is None or alert.state == state)
            and (severity is None or alert.severity == severity)
            and (unit is None or alert.unit == unit)
            and (historical is None or alert.historical == historical)
        ]
        return sorted(
            found,
            key=lambda alert: (
                not alert.rings,
                SEVERITIES.index(alert.severity),
                -alert.raised_at.timestamp(),
                alert.id,
            ),
        )

    async def history(
        self, *, start: datetime | None = None, end: datetime | None = None, limit: int = 100
    ) -> list[Alert]:
        """Return alerts, open and closed, as they are now, last changed first.

        Args:
            start: Changed at this moment or later, aware UTC.
            end: Changed before this moment, aware UTC.
            limit: Most alerts.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("see alerts")
        found = await self._access.read(
            lambda connection: documents.of_kind(
                connection,
                kind_of(Alert),
                since_us=None if start is None else to_us(start),
                until_us=None if end is None else to_us(end),
                limit=LOOKED_AT,
            )
        )
        visible = (self._access.policy.document(each) for each in found)
        return [each for each in visible if isinstance(each, Alert)][
            : max(1, min(limit, MOST_ALERTS))
        ]

    async def alert(self, id: str) -> Alert:
        """Return one alert, open or closed.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._access.may("see alerts")
        return await self._access.any_document(Alert, id)

    async def versions(self, id: str) -> list[Alert]:
        """Return every version of an alert, oldest first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        await self.alert(id)
        found = await self._access.read(documents.versions, kind_of(Alert), id)
        visible = (self._access.policy.document(each) for each in found)
        return [each for each in visible if isinstance(each, Alert)]

    async def acknowledge(self, id: str, *, where: str = "") -> Alert:
        """Acknowledge an alert.

        Args:
            id: Which.
            where: From where: a desk, a boat.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none open, or the user's agency does not hold it.
            IllegalStep: If it does not wait for that.
            StoreError: If the store refuses.
        """
        self._access.may("acknowledge alerts")
        return await self._change(
            "acknowledge alert",
            id,
            lambda alert, now: alert_acts.acknowledge(
                alert, at=now, by=self._access.user.name, where=where
            ),
        )

    async def escalate(self, id: str) -> Alert:
        """Notify the next stage of an alert now, for a person who cannot handle it alone.

        Args:
            id: Which.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none open, or the user's agency does not hold it.
            IllegalStep: If it does not ring.
            Conflict: If everybody was told.
            StoreError: If the store refuses.
        """
        self._access.may("acknowledge alerts")
        return await self._change(
            "escalate alert",
            id,
            lambda alert, now: alert_acts.escalate(alert, at=now, by=self._access.user.name),
        )

    async def acknowledge_all(self, ids: Sequence[str], *, where: str = "") -> AlertsAcknowledged:
        """Acknowledge many alerts; those that do not wait for it are left.

        Args:
            ids: Which; each counts once.
            where: From where.

        Raises:
            Forbidden: If the role may not.
            Conflict: If they are too many.
            StoreError: If the store refuses.
        """
        self._access.may("acknowledge alerts")
        if len(ids) > MOST_ALERTS:
            raise Conflict(f"at most {MOST_ALERTS} alerts at once")
        left: list[UnchangedAlert] = []

        def decide(open_documents: OpenDocuments, now: datetime) -> tuple[Alert, ...]:
            done: list[Alert] = []
            for id in dict.fromkeys(ids):
                try:
                    alert = self._own_alert(open_documents, id)
                    by = self._access.user.name
                    done.append(alert_acts.acknowledge(alert, at=now, by=by, where=where))
                except PatrolError as error:
                    left.append(UnchangedAlert(id=id, reason=str(error)))
            return tuple(done)

        filed = await self._access.file("acknowledge alert", decide)
        done = tuple(each for each in filed if isinstance(each, Alert))
        return AlertsAcknowledged(acknowledged=done, unchanged=tuple(left))

    async def shelve(
        self,
        id: str,
        *,
        until: datetime | None = None,
        for_s: float | None = None,
        reason: str = "",
    ) -> Alert:
        """Put an alert aside until a time, at which it comes back by itself.

        Args:
            id: Which.
            until: When, aware UTC.
            for_s: For how long from now, seconds, in place of `until`.
            reason: Why, for the journal.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none open, or the user's agency does not hold it.
            Conflict: If it is a call for help, the time is past or too far off or none or two are
                given, or its state does not allow it.
            StoreError: If the store refuses.
        """
        self._access.may("shelve alerts")
        if (until is None) == (for_s is None):
            raise Conflict("say until when, or for how long")

        def shelved(alert: Alert, now: datetime) -> Alert:
            end = until if for_s is None else now + timedelta(seconds=for_s)
            assert end is not None
            return alert_acts.shelve(alert, at=now, by=self._access.user.name, until=end)

        return await self._change("shelve alert", id, shelved, reason=reason)

    async def unshelve(self, id: str) -> Alert:
        """Take up an alert before its time.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none open, or the user's agency does not hold it.
            IllegalStep: If it is not shelved.
            StoreError: If the store refuses.
        """
        self._access.may("shelve alerts")
        return await self._change(
            "unshelve alert",
            id,
            lambda alert, now: alert_acts.unshelve(alert, at=now, by=self._access.user.name),
        )

    async def resolve(self, id: str, *, note: str) -> Alert:
        """Say that an alert is dealt with, and how.

        While its condition is still there it is settled: it rings no more, and is closed once that
        is gone. To resolve a call for help is to say that it is over: its latch is cleared with it.

        Args:
            id: Which.
            note: What was done.

        Raises:
            Forbidden: If the role may not; a call for help needs a role that may clear distress.
            NotFound: If there is none open, or the user's agency does not hold it.
            IllegalStep: If its state does not allow it.
            Conflict: If the note is empty.
            StoreError: If the store refuses.
        """
        self._access.may("resolve alerts")
        if not note.strip():
            raise Conflict("an alert is resolved with a note")
        alert = self._own_alert(self._access.open_documents, id)
        rule = RULES.get(alert.rule)
        if rule is not None and rule.latched:
            self._access.may("clear distress")
            with suppress(NotFound):  # of a radio that is not known any more the alert is all
                await self._clear_distress(alert.subject, by=self._access.user.name, note=note)
            after = await self._access.any_document(Alert, id)
            if after.is_closed:
                return after
            return await self._change(
                "resolve alert",
                id,
                lambda alert, now: alert_acts.clear(
                    alert, at=now, by=self._access.user.name, note=note
                ),
                reason=note,
            )
        return await self._change(
            "resolve alert",
            id,
            lambda alert, now: alert_acts.resolve(
                alert, at=now, by=self._access.user.name, note=note
            ),
            reason=note,
        )

    # -- inside

    def _own_alert(self, open_documents: OpenDocuments, id: str) -> Alert:
        alert = self._access.own(open_documents, Alert, id)
        if not may(self._access.user.role, alert.viewing_act):
            raise NotFound(kind_of(Alert), id)
        return alert

    async def _change(
        self,
        act: str,
        id: str,
        change: Callable[[Alert, datetime], Alert],
        *,
        reason: str = "",
    ) -> Alert:
        def filing(open_documents: OpenDocuments, now: datetime) -> tuple[Alert, ...]:
            return (change(self._own_alert(open_documents, id), now),)

        (after,) = await self._access.file(act, filing, reason=reason)
        assert isinstance(after, Alert)
        return after
