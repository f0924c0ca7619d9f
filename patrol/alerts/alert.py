"""Alert: something that needs a person, and its life after ISA-18.2 / IEC 62682.

One condition is one alert: there is never more than one open for the same rule, subject and
agency. It rings while it is raised or escalated. That its condition is gone does not close it: who
should know of it has to say so. A call for help is latched: nothing but a person ends it.

What people and the watch do with it is in `patrol.alerts.lifecycle`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, TypeAlias, get_args

from patrol.documents.document import Document
from patrol.documents.state_machine import Lifecycle
from patrol.units.data_classes import ALERTS, NEVER, POSITIONS, DataClass
from patrol.units.units import Role

Severity: TypeAlias = Literal["sos", "high", "medium", "low"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

AlertState: TypeAlias = Literal[
    "raised",
    "escalated",
    "acknowledged",
    "shelved",
    "shelved_returned",
    "returned_unacknowledged",
    "returned_acknowledged",
    "settled",
    "resolved",
    "withdrawn",
]

Key: TypeAlias = tuple[str, str, str]
"""Rule, subject and agency: what there is one open alert of."""

Value: TypeAlias = str | int | float | bool

RINGING: Final = frozenset({"raised", "escalated"})
HOLDING: Final = frozenset({"raised", "escalated", "acknowledged", "shelved", "settled"})
"""States in which the condition is there."""

LIFECYCLE: Final = Lifecycle(
    "alert",
    "raised",
    {
        ("raised", "acknowledge"): "acknowledged",
        ("raised", "escalate"): "escalated",
        ("raised", "shelve"): "shelved",
        ("raised", "return"): "returned_unacknowledged",
        ("raised", "withdraw"): "withdrawn",
        ("raised", "resolve"): "settled",
        ("raised", "clear"): "resolved",
        ("raised", "come live"): "raised",
        ("raised", "worsen"): "raised",
        ("escalated", "acknowledge"): "acknowledged",
        ("escalated", "escalate"): "escalated",
        ("escalated", "shelve"): "shelved",
        ("escalated", "return"): "returned_unacknowledged",
        ("escalated", "withdraw"): "withdrawn",
        ("escalated", "resolve"): "settled",
        ("escalated", "clear"): "resolved",
        ("escalated", "come live"): "raised",
        ("escalated", "worsen"): "raised",
        ("acknowledged", "shelve"): "shelved",
        ("acknowledged", "return"): "returned_acknowledged",
        ("acknowledged", "withdraw"): "returned_acknowledged",
        ("acknowledged", "resolve"): "settled",
        ("acknowledged", "clear"): "resolved",
        ("acknowledged", "come live"): "raised",
        ("acknowledged", "worsen"): "raised",
        ("shelved", "unshelve"): "raised",
        ("shelved", "return"): "shelved_returned",
        ("shelved", "withdraw"): "shelved_returned",
        ("shelved", "resolve"): "settled",
        ("shelved", "worsen"): "raised",
        ("shelved_returned", "recur"): "shelved",
        ("shelved_returned", "unshelve"): "returned_acknowledged",
        ("shelved_returned", "resolve"): "resolved",
        ("returned_unacknowledged", "acknowledge"): "returned_acknowledged",
        ("returned_unacknowledged", "recur"): "raised",
        ("returned_unacknowledged", "withdraw"): "withdrawn",
        ("returned_unacknowledged", "resolve"): "resolved",
        ("returned_unacknowledged", "come live"): "raised",
        ("returned_acknowledged", "recur"): "raised",
        ("returned_acknowledged", "resume"): "acknowledged",
        ("returned_acknowledged", "resolve"): "resolved",
        ("returned_acknowledged", "close"): "resolved",
        ("returned_acknowledged", "come live"): "raised",
        ("settled", "return"): "resolved",
        ("settled", "withdraw"): "resolved",
        ("settled", "worsen"): "raised",
    },
)
"""The life of an alert.

Of people: acknowledge, shelve (with an end), unshelve, resolve (with a note). Of the watch: return
(the condition is gone), recur (it is back), resume (it is back so soon that whoever acknowledged it
need not be called again), withdraw (a late fix shows that it never was), escalate (nobody
acknowledged in time), unshelve (the end has come), close (long over), `come live` (what only late
fixes told is so now), worsen (the same condition is more severe now, whatever was said of the
lesser). Of the latch: clear, when a person says that a call for help is over. What is resolved
while its condition is there is *settled*: it does not ring again before the condition has gone.
"""


def is_worse(severity: Severity, than: Severity) -> bool:
    """Return whether a severity is worse than another.

    >>> is_worse("high", than="low"), is_worse("high", than="high")
    (True, False)
    """
    return SEVERITIES.index(severity) < SEVERITIES.index(than)


class Alert(Document, frozen=True, kw_only=True, tag="alert", rename={"notified_roles": "told"}):
    """One version of an alert.

    Attributes:
        rule: Which rule's condition it is, for example `no_go`.
        subject: What it is about: a unit, a channel, a patrol; more of them joined by `|`.
        severity: `sos`, `high`, `medium` or `low`.
        raised_at: Since when its condition is there, in event time, aware UTC.
        state: Where it is in its life (`LIFECYCLE`).
        historical: Only late fixes told of it: it does not ring and is not escalated.
        unit: Unit it is about, or the address of a radio that nobody has registered.
        lon: Where, degrees east.
        lat: Where, degrees north.
        place: The same as a river address.
        facts: What else the rule says: names, ids, figures.
        rings_since: When it began to ring this time, by the node's clock; None for one that never
            rang.
        returned_at: When its condition was gone, in event time; None while it is there.
        count: How often its condition has come.
        level: Stage of the timetable that it has come to, from 0.
        notified_roles: Roles that have been told by then.
        escalates_at: When the next stage comes unless somebody acknowledges; None: none comes.
        acknowledged_at: When somebody last acknowledged it.
        acknowledged_by: Who.
        acknowledged_where: From where: a desk, a boat.
        shelved_until: When it comes back by itself; None unless shelved.
        shelved_by: Who put it aside.
        resolved_at: When it was resolved.
        resolved_by: Who did; empty where it closed by itself.
        note: What that person said of it.
    """

    CLASS: ClassVar[DataClass | None] = "alerts"
    VIEWING_ACT: ClassVar[str] = "see alerts"

    rule: Annotated[str, ALERTS]
    subject: Annotated[str, ALERTS]
    severity: Annotated[Severity, ALERTS]
    raised_at: Annotated[datetime, ALERTS]
    state: Annotated[AlertState, ALERTS] = "raised"
    historical: Annotated[bool, ALERTS] = False
    unit: Annotated[str | None, ALERTS] = None
    lon: Annotated[float | None, POSITIONS] = None
    lat: Annotated[float | None, POSITIONS] = None
    place: Annotated[str, POSITIONS] = ""
    facts: Annotated[dict[str, Value], NEVER] = {}
    rings_since: Annotated[datetime | None, ALERTS] = None
    returned_at: Annotated[datetime | None, ALERTS] = None
    count: Annotated[int, ALERTS] = 1
    level: Annotated[int, NEVER] = 0
    notified_roles: Annotated[tuple[Role, ...], NEVER] = ()
    escalates_at: Annotated[datetime | None, NEVER] = None
    acknowledged_at: Annotated[datetime | None, ALERTS] = None
    acknowledged_by: Annotated[str, NEVER] = ""
    acknowledged_where: Annotated[str, NEVER] = ""
    shelved_until: Annotated[datetime | None, NEVER] = None
    shelved_by: Annotated[str, NEVER] = ""
    resolved_at: Annotated[datetime | None, ALERTS] = None
    resolved_by: Annotated[str, NEVER] = ""
    note: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Whether it is resolved or withdrawn."""
        return LIFECYCLE.is_end(self.state)

    @property
    def viewing_act(self) -> str:
        """What a role must be allowed to do to see it: unknown radios, if it is about one."""
        if self.unit is not None and ":" in self.unit:  # an address; ids of units have none
            return "see unknown radios"
        return self.VIEWING_ACT

    @property
    def key(self) -> Key:
        """What there is one open alert of."""
        return self.rule, self.subject, self.agency

    @property
    def rings(self) -> bool:
        """Whether it needs a person's attention now."""
        return self.state in RINGING and not self.historical
