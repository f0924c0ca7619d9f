"""Deliveries: which alert goes to whom by which channel, and with what outcome.

A delivery is kept before it is tried, so that a crash loses none; its id follows from whom, what
and which version of the alert, so that none is made twice. What it says is not kept: that is made
anew at each try, through the desk of whoever receives it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, ClassVar, Final, NamedTuple, Self

from msgspec import Meta

from patrol.alerts.alert import Alert, AlertState, Severity, is_worse
from patrol.documents.document import Document
from patrol.documents.state_machine import Lifecycle
from patrol.units.data_classes import NEVER

DeliveryWay = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,31}$")]
"""How an alert leaves: one of `BUILT_IN_WAYS`, or the name of a notification plug-in."""

BUILT_IN_WAYS: Final = ("push", "mail", "webhook", "radio")
"""To a browser, a mailbox, a program, or as words to a radio."""

LIFECYCLE: Final = Lifecycle(
    "delivery",
    "waiting",
    {
        ("waiting", "send"): "sent",
        ("waiting", "fail"): "failed",
        ("waiting", "withhold"): "withheld",
        ("waiting", "expire"): "expired",
        ("waiting", "supersede"): "superseded",
    },
)
"""`withheld`: the receiver may not see the alert (any more), or is none any more. `superseded`: a
newer version of the same alert goes to the same receiver in its place."""


class DeliveryTarget(NamedTuple):
    """Where deliveries go.

    Attributes:
        way: How.
        to: To whom, as in `AlertDelivery.to`.
        rule: By which rule, which says as whom the receiver sees them.
    """

    way: DeliveryWay
    to: str
    rule: str


class AlertDelivery(Document, frozen=True, kw_only=True, tag="delivery"):
    """One alert to one receiver by one way. Its agency is the receiver's, not the alert's.

    Attributes:
        rule: Name of the rule of the settings that wants it.
        way: How it goes.
        to: To whom: a mail address, a webhook's name, a unit, or a browser's subscription id.
        user: Whose browser it is; empty otherwise.
        alert: The alert's id.
        alert_version: Which version of it.
        severity: Its severity then.
        occasion: Why: `raised`, `escalated`, or the state that the alert came to.
        expires_at: When it is worth nothing any more, aware UTC.
        state: What became of it (`LIFECYCLE`).
        settled_at: When that was known, aware UTC; None while it waits.
        attempts: How often it was tried by then.
        fault: What was in the way at last; empty for nothing.
        message: What it went with: the id of a mail, post, push or order.
        together: How many alerts that message told of.
    """

    VIEWING_ACT: ClassVar[str] = "see deliveries"

    rule: Annotated[str, NEVER]
    way: Annotated[DeliveryWay, NEVER]
    to: Annotated[str, NEVER]
    alert: Annotated[str, NEVER]
    alert_version: Annotated[int, NEVER]
    severity: Annotated[str, NEVER]
    occasion: Annotated[str, NEVER]
    expires_at: Annotated[datetime, NEVER]
    user: Annotated[str, NEVER] = ""
    state: Annotated[str, NEVER] = LIFECYCLE.start
    settled_at: Annotated[datetime | None, NEVER] = None
    attempts: Annotated[int, NEVER] = 0
    fault: Annotated[str, NEVER] = ""
    message: Annotated[str, NEVER] = ""
    together: Annotated[int, NEVER] = 0

    @property
    def is_closed(self) -> bool:
        """Whether it waits no more."""
        return LIFECYCLE.is_end(self.state)

    @property
    def target(self) -> DeliveryTarget:
        """The receiver by whom back-off, rate limit and visibility are decided."""
        return DeliveryTarget(self.way, self.to, self.rule)


class PushSubscription(
    Document, frozen=True, kw_only=True, tag="push_subscription", rename={"end_reason": "ended_why"}
):
    """A browser that takes alerts for one user.

    Endpoint and keys are secrets: whoever has them can write to that browser. No desk shows the
    document, not even to its own agency; `DeliveryDesk` tells its user that there is one.

    Attributes:
        user: Whose browser it is.
        endpoint: Where its push service takes messages, a URL (RFC 8030).
        p256dh: The browser's public key, base64url (RFC 8291).
        auth: The browser's authentication secret, base64url (RFC 8291).
        label: What the user calls the browser.
        ended_at: When it was taken away, aware UTC; None while it is good.
        end_reason: Why.
    """

    VIEWING_ACT: ClassVar[str] = "see push subscriptions"  # in no table: nobody may

    user: Annotated[str, NEVER]
    endpoint: Annotated[str, NEVER]
    p256dh: Annotated[str, NEVER]
    auth: Annotated[str, NEVER]
    label: Annotated[str, NEVER] = ""
    ended_at: Annotated[datetime | None, NEVER] = None
    end_reason: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Whether it was taken away."""
        return self.ended_at is not None

    def part_for(self, agency: str) -> Self | None:  # noqa: ARG002 - whoever it is
        """Return None: it is shown to nobody."""
        return None


def delivery_id(*, way: DeliveryWay, to: str, alert: str, version: int) -> str:
    """Return the id of the one delivery of that version of an alert to that receiver.

    >>> delivery_id(way="mail", to="a@b.example", alert="x", version=1)[:8]
    'b0a7e6aa'
    """
    whole = "\n".join((way, to, alert, str(version)))
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


class PriorAlert(NamedTuple):
    """What was known of an alert before.

    Attributes:
        version: Which version.
        state: Its state.
        level: How far it was escalated.
        historical: Whether only late fixes told of it.
        severity: How bad it was.
    """

    version: int
    state: str
    level: int
    historical: bool
    severity: Severity


def prior_alert(alert: Alert) -> PriorAlert:
    """Return the facts of a version that decide what is new about the next version."""
    return PriorAlert(alert.version, alert.state, alert.level, alert.historical, alert.severity)


def occasion_of(alert: Alert, before: PriorAlert | None) -> AlertState | None:
    """Return why a new version of an alert is delivered; None if it is not.

    What only late fixes tell of is history, and nothing to tell anybody of at once.

    Args:
        alert: The version.
        before: The version before it; None for the first.
    """
    if alert.historical:
        return None
    if before is None or before.historical:
        return alert.state
    if alert.state == "escalated" and alert.level > before.level:
        return "escalated"
    if alert.rings and is_worse(alert.severity, than=before.severity):
        return alert.state
    return alert.state if alert.state != before.state else None
