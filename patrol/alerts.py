"""Alert: something that needs a person, and its life after ISA-18.2 / IEC 62682.

One condition is one alert: there is never more than one open for the same rule, subject and
agency. It rings while it is raised or escalated. That its condition is gone does not close it: who
should know of it has to say so. A call for help is latched: nothing but a person ends it.

The changes here are pure: each takes a version and returns the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, TypeAlias, get_args

from msgspec.structs import replace

from patrol.crossing import ALERTS, NEVER, POSITIONS, DataClass
from patrol.errors import Conflict
from patrol.life import Life
from patrol.papers import Paper, new_id, revised
from patrol.units import Role

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

LONGEST_SHELF: Final = timedelta(hours=24)
"""What is put aside for longer is forgotten rather than put aside."""

CLOSED_AFTER: Final = timedelta(hours=1)
"""An alert that is acknowledged and whose condition was gone for so long closes by itself."""

RINGING: Final = frozenset({"raised", "escalated"})
HOLDING: Final = frozenset({"raised", "escalated", "acknowledged", "shelved", "settled"})
"""States in which the condition is there."""

LIFE: Final = Life(
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
        ("escalated", "acknowledge"): "acknowledged",
        ("escalated", "escalate"): "escalated",
        ("escalated", "shelve"): "shelved",
        ("escalated", "return"): "returned_unacknowledged",
        ("escalated", "withdraw"): "withdrawn",
        ("escalated", "resolve"): "settled",
        ("escalated", "clear"): "resolved",
        ("acknowledged", "shelve"): "shelved",
        ("acknowledged", "return"): "returned_acknowledged",
        ("acknowledged", "withdraw"): "returned_acknowledged",
        ("acknowledged", "resolve"): "settled",
        ("acknowledged", "clear"): "resolved",
        ("acknowledged", "come live"): "raised",
        ("shelved", "unshelve"): "raised",
        ("shelved", "return"): "shelved_returned",
        ("shelved", "withdraw"): "shelved_returned",
        ("shelved", "resolve"): "settled",
        ("shelved_returned", "recur"): "shelved",
        ("shelved_returned", "unshelve"): "returned_acknowledged",
        ("shelved_returned", "resolve"): "resolved",
        ("returned_unacknowledged", "acknowledge"): "returned_acknowledged",
        ("returned_unacknowledged", "recur"): "raised",
        ("returned_unacknowledged", "withdraw"): "withdrawn",
        ("returned_unacknowledged", "resolve"): "resolved",
        ("returned_unacknowledged", "come live"): "raised",
        ("returned_acknowledged", "recur"): "raised",
        ("returned_acknowledged", "resolve"): "resolved",
        ("returned_acknowledged", "close"): "resolved",
        ("returned_acknowledged", "come live"): "raised",
        ("settled", "return"): "resolved",
        ("settled", "withdraw"): "resolved",
    },
)
"""The life of an alert.

Of people: acknowledge, shelve (with an end), unshelve, resolve (with a note). Of the watch: return
(the condition is gone), recur (it is back), withdraw (a late fix shows that it never was), escalate
(nobody acknowledged in time), unshelve (the end has come), close (long over), `come live` (what
only late fixes told is so now). Of the latch: clear, when a person says that a call for help is
over. What is resolved while its condition is there is *settled*: it does not ring again before the
condition has gone.
"""


class Stage(NamedTuple):
    """Who is told when nobody acknowledges.

    Attributes:
        after_s: So long after the alert rang first, seconds.
        roles: Who are told then, besides those before.
    """

    after_s: float
    roles: tuple[Role, ...]


TIMETABLE: Final[Mapping[Severity, tuple[Stage, ...]]] = MappingProxyType(
    {
        "sos": (
            Stage(0.0, ("commander", "liaison")),
            Stage(60.0, ("planner", "technician")),
            Stage(180.0, ("admin",)),
        ),
        "high": (
            Stage(0.0, ("commander",)),
            Stage(300.0, ("liaison",)),
            Stage(900.0, ("planner", "admin")),
        ),
        "medium": (Stage(0.0, ("commander",)), Stage(1800.0, ("liaison",))),
        "low": (Stage(0.0, ("commander", "technician")),),
    }
)
"""Who is told of an alert that rings, and who next while nobody acknowledges it."""


class Alert(Paper, frozen=True, kw_only=True, tag="alert"):
    """One version of an alert.

    Attributes:
        rule: Which rule's condition it is, for example `no_go`.
        subject: What it is about: a unit, a channel, a patrol; more of them joined by `|`.
        severity: `sos`, `high`, `medium` or `low`.
        raised_at: Since when its condition is there, in event time, aware UTC.
        state: Where it is in its life (`LIFE`).
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
        told: Roles that have been told by then.
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
    SEEN_BY: ClassVar[str] = "see alerts"

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
    told: Annotated[tuple[Role, ...], NEVER] = ()
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
        return LIFE.is_end(self.state)

    @property
    def key(self) -> Key:
        """What there is one open alert of."""
        return self.rule, self.subject, self.agency

    @property
    def rings(self) -> bool:
        """Whether it calls for somebody."""
        return self.state in RINGING and not self.historical


def begun(
    *,
    rule: str,
    subject: str,
    agency: str,
    severity: Severity,
    since: datetime,
    now: datetime,
    origin: str,
    historical: bool = False,
    **about: Any,
) -> Alert:
    """Return the first version of an alert.

    Args:
        rule: Which rule's condition it is.
        subject: What it is about.
        agency: Whose it is.
        severity: How bad.
        since: Since when its condition is there, aware UTC.
        now: The present, aware UTC.
        origin: This node's id.
        historical: Whether only late fixes told of it.
        **about: Further fields of `Alert`.
    """
    alert = Alert(
        id=new_id(),
        agency=agency,
        at=now,
        origin=origin,
        rule=rule,
        subject=subject,
        severity=severity,
        raised_at=since,
        historical=historical,
        **about,
    )
    return replace(alert, **_bell(alert, now))


def acknowledged(alert: Alert, *, at: datetime, by: str, where: str = "") -> Alert:
    """Return it acknowledged: somebody knows.

    Raises:
        IllegalStep: If it does not wait for that.
    """
    return _after(
        alert,
        "acknowledge",
        at,
        by,
        acknowledged_at=at,
        acknowledged_by=by,
        acknowledged_where=where,
        escalates_at=None,
    )


def shelved(alert: Alert, *, at: datetime, by: str, until: datetime) -> Alert:
    """Return it put aside until a time, at which it comes back by itself.

    Raises:
        IllegalStep: If its state does not allow it.
        Conflict: If it is a call for help, or `until` is not within `LONGEST_SHELF` from now.
    """
    if alert.severity == "sos":
        raise Conflict("a call for help cannot be put aside")
    if not at < until <= at + LONGEST_SHELF:
        hours = LONGEST_SHELF.total_seconds() / 3600
        raise Conflict(f"an alert is put aside until a time within the next {hours:.0f} hours")
    return _after(alert, "shelve", at, by, shelved_until=until, shelved_by=by, escalates_at=None)


def unshelved(alert: Alert, *, at: datetime, by: str = "") -> Alert:
    """Return it taken up again; it rings if its condition is still there.

    Raises:
        IllegalStep: If it is not shelved.
    """
    after = _after(alert, "unshelve", at, by, shelved_until=None, shelved_by="")
    return replace(after, **_bell(after, at))


def resolved(alert: Alert, *, at: datetime, by: str, note: str) -> Alert:
    """Return it resolved with a note; settled while its condition is still there.

    Raises:
        IllegalStep: If its state does not allow it.
    """
    return _after(
        alert,
        "resolve",
        at,
        by,
        note=note,
        resolved_at=at,
        resolved_by=by,
        shelved_until=None,
        escalates_at=None,
    )


def cleared(alert: Alert, *, at: datetime, by: str, note: str) -> Alert:
    """Return a call for help resolved: a person said that it is over.

    Raises:
        IllegalStep: If its state does not allow it.
    """
    return _after(
        alert,
        "clear",
        at,
        by,
        note=note,
        resolved_at=at,
        resolved_by=by,
        returned_at=at,
        escalates_at=None,
    )


def returned(alert: Alert, *, at: datetime, since: datetime) -> Alert:
    """Return it with its condition gone since `since`, in event time.

    Raises:
        IllegalStep: If its condition was gone already.
    """
    return _after(alert, "return", at, "", returned_at=since, escalates_at=None)


def withdrawn(alert: Alert, *, at: datetime) -> Alert:
    """Return it after a late fix showed that its condition never was.

    Withdrawn if nobody has acknowledged it; else its condition is gone.

    Raises:
        IllegalStep: If its state does not allow it.
    """
    return _after(alert, "withdraw", at, "", returned_at=at, escalates_at=None)


def recurred(alert: Alert, *, at: datetime, **about: Any) -> Alert:
    """Return it with its condition back.

    Raises:
        IllegalStep: If its condition is there already.
    """
    after = _after(alert, "recur", at, "", returned_at=None, count=alert.count + 1, **about)
    return replace(after, **_bell(after, at))


def come_live(alert: Alert, *, at: datetime, **about: Any) -> Alert:
    """Return what only late fixes told as something that is so now: it rings.

    Raises:
        IllegalStep: If its state does not allow it.
    """
    after = _after(alert, "come live", at, "", returned_at=None, historical=False, **about)
    return replace(after, **_bell(after, at))


def escalated(alert: Alert, *, at: datetime) -> Alert:
    """Return it at the next stage of its timetable.

    Raises:
        IllegalStep: If it does not ring.
    """
    stages = TIMETABLE[alert.severity]
    level = min(alert.level + 1, len(stages) - 1)
    roles = tuple(dict.fromkeys((*alert.told, *stages[level].roles)))
    return _after(
        alert,
        "escalate",
        at,
        "",
        level=level,
        told=roles,
        escalates_at=_next_stage(alert.severity, level, alert.rings_since or at),
    )


def closed(alert: Alert, *, at: datetime) -> Alert:
    """Return it closed by itself: acknowledged and long over.

    Raises:
        IllegalStep: If it is not.
    """
    return _after(alert, "close", at, "", resolved_at=at)


def due(alert: Alert, now: datetime) -> Alert | None:
    """Return what time alone makes of it; None for nothing."""
    if alert.escalates_at is not None and alert.escalates_at <= now and alert.rings:
        return escalated(alert, at=now)
    if alert.shelved_until is not None and alert.shelved_until <= now:
        return unshelved(alert, at=now)
    if (
        alert.state == "returned_acknowledged"
        and now - max(alert.at, alert.returned_at or alert.at) >= CLOSED_AFTER
    ):
        return closed(alert, at=now)
    return None


def _after(alert: Alert, act: str, at: datetime, by: str, **changes: Any) -> Alert:
    state = LIFE.after(alert.state, act)
    return revised(alert, at=at, by=by, state=state, **changes)


def _bell(alert: Alert, now: datetime) -> dict[str, Any]:
    """Return the fields that begin its timetable, if it rings."""
    if not alert.rings:
        return {}
    return {
        "rings_since": now,
        "level": 0,
        "told": TIMETABLE[alert.severity][0].roles,
        "escalates_at": _next_stage(alert.severity, 0, now),
    }


def _next_stage(severity: Severity, level: int, rings_since: datetime) -> datetime | None:
    stages = TIMETABLE[severity]
    if level + 1 >= len(stages):
        return None
    return rings_since + timedelta(seconds=stages[level + 1].after_s)
