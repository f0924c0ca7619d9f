"""Notification: what goes to one receiver at once: one alert, or many as a digest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from gis.address.address import Address
from maps.notifications.errors.errors import TemporaryFailure
from patrol.alerts.alert import SEVERITIES, Alert
from patrol.desks.desk import Desk

MOST_TOLD: Final = 200
"""Alerts that one message tells of one by one; of further ones only how many."""


class VisibleAlert(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as its receiver may see it.

    Attributes:
        alert: What passes of it.
        occasion: Why it is told: `raised`, `escalated`, or the state that it came to.
        call_sign: Name of the unit that it is about; empty if there is none to be told.
        address: Its place in fields, from which it is told in any language; None: only the words
            that were kept are known.
    """

    alert: Alert
    occasion: str
    call_sign: str = ""
    address: Address | None = None


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """What goes to one receiver at once.

    Attributes:
        id: Globally unique; the same again when it is tried again.
        agency: The receiver's agency.
        at: When it was made, aware UTC.
        expires_at: When it is worth nothing any more, aware UTC.
        alerts: The alerts, worst first; none for a test.
        more: How many further alerts there are.
        account: It says that the receiver's own ways to sign in were changed.
        ended: It only says that there is an alert, and that this browser is told of none any more.
    """

    id: str
    agency: str
    at: datetime
    expires_at: datetime
    alerts: tuple[VisibleAlert, ...] = ()
    more: int = 0
    ended: bool = False
    account: bool = False

    @property
    def is_test(self) -> bool:
        """Whether it only shows that the way works."""
        return not (self.alerts or self.ended or self.account)

    @property
    def count(self) -> int:
        """How many alerts it tells of."""
        return len(self.alerts) + self.more

    @property
    def is_own(self) -> bool:
        """Whether all it tells of is the receiver's agency's own; if not, it must not lie about."""
        return all(each.alert.agency == self.agency for each in self.alerts)

    @property
    def lifetime_s(self) -> float:
        """For how long it is worth something from when it was made, seconds."""
        return max(0.0, (self.expires_at - self.at).total_seconds())


class MessageSender(Protocol):
    """How messages leave."""

    async def send(self, to: str, message: Notification, desk: Desk) -> str:
        """Bring a message to a receiver.

        Args:
            to: The receiver, as `patrol.alerts.delivery.AlertDelivery.to` names it.
            message: What.
            desk: The receiver's, through which it was made; `check_fresh` is asked at the last
                moment before the words leave.

        Returns:
            The id that it went with, by which it can be found there.

        Raises:
            TemporaryFailure: If it may go through later.
            Undeliverable: If it never will.
        """


class NotificationSource(Protocol):
    """What words were made through: a desk, or a report that was read through several."""

    @property
    def is_stale(self) -> bool:
        """Whether something of it may not pass any more."""


def check_fresh(source: NotificationSource) -> None:
    """Raise if what was made through a desk may not pass any more: an agreement was suspended.

    Raises:
        TemporaryFailure: If so; the next try makes it anew, of what may pass then.
    """
    if source.is_stale:
        raise TemporaryFailure("what the receiver may see has changed")


def worst_first(alerts: Sequence[VisibleAlert]) -> list[VisibleAlert]:
    """Return alerts in the order in which a person should read them: worst, then newest first."""
    return sorted(
        alerts,
        key=lambda each: (
            SEVERITIES.index(each.alert.severity),
            -each.alert.raised_at.timestamp(),
            each.alert.id,
        ),
    )
