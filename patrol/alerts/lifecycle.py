"""What becomes of an alert: pure changes, each from one version to the next, and the timetable.

No change but through the table of states (`patrol.alerts.alert.LIFECYCLE`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from patrol.alerts.alert import LIFECYCLE, Alert, Severity
from patrol.documents.document import new_id, revise
from patrol.errors.errors import Conflict
from patrol.units.effective_time import AHEAD
from patrol.units.units import Role

LONGEST_SHELF: Final = timedelta(hours=24)
"""What is put aside for longer is forgotten rather than put aside."""

CLOSED_AFTER: Final = timedelta(hours=1)
"""An alert that is acknowledged and whose condition was gone for so long closes by itself."""


class Stage(NamedTuple):
    """One stage of escalation: the roles notified when nobody acknowledges.

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

ALSO_TOLD: Final[Mapping[str, tuple[Role, ...]]] = MappingProxyType(
    {
        "silent_channel": ("technician",),
        "impossible_movement": ("technician",),
        "doubtful_clock": ("technician",),
        "disk_nearly_full": ("technician",),
        "no_backup": ("admin", "technician"),
        "no_restore_test": ("admin", "technician"),
        "gateway_overreach": ("technician", "admin"),
        "taken_radio": ("liaison", "technician"),
        "machine_act": ("admin", "liaison"),
        "counterpart_fork": ("admin", "liaison"),
        "counterpart_head": ("admin", "liaison"),
    }
)
"""Whose business a rule is from the first moment, besides those of its severity."""


def first_version(
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


def acknowledge(alert: Alert, *, at: datetime, by: str, where: str = "") -> Alert:
    """Return the version in which a person has acknowledged it.

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


def shelve(alert: Alert, *, at: datetime, by: str, until: datetime) -> Alert:
    """Return it put aside until a time, at which it comes back by itself.

    Raises:
        IllegalStep: If its state does not allow it.
        Conflict: If it is a call for help, or `until` is not within `LONGEST_SHELF` from now.
    """
    if alert.severity == "sos":
        raise Conflict("a call for help cannot be put aside", code="sos_not_shelved")
    if not at < until <= at + LONGEST_SHELF:
        hours = LONGEST_SHELF.total_seconds() / 3600
        raise Conflict(f"an alert is put aside until a time within the next {hours:.0f} hours")
    return _after(alert, "shelve", at, by, shelved_until=until, shelved_by=by, escalates_at=None)


def unshelve(alert: Alert, *, at: datetime, by: str = "") -> Alert:
    """Return it taken up again; it rings if its condition is still there.

    Raises:
        IllegalStep: If it is not shelved.
    """
    after = _after(alert, "unshelve", at, by, shelved_until=None, shelved_by="")
    return replace(after, **_bell(after, at))


def resolve(alert: Alert, *, at: datetime, by: str, note: str) -> Alert:
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


def clear(alert: Alert, *, at: datetime, by: str, note: str) -> Alert:
    """Return the resolved version of a call for help that a person ended.

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


def return_to_normal(alert: Alert, *, at: datetime, since: datetime) -> Alert:
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


def recur(alert: Alert, *, at: datetime, **about: Any) -> Alert:
    """Return it with its condition back.

    Raises:
        IllegalStep: If its condition is there already.
    """
    after = _after(alert, "recur", at, "", returned_at=None, count=alert.count + 1, **about)
    return replace(after, **_bell(after, at))


def resume(alert: Alert, *, at: datetime, **about: Any) -> Alert:
    """Return the version whose condition came back so soon that it does not ring again.

    Raises:
        IllegalStep: If nobody has acknowledged it, or its condition is there already.
    """
    return _after(alert, "resume", at, "", returned_at=None, count=alert.count + 1, **about)


def come_live(alert: Alert, *, at: datetime, **about: Any) -> Alert:
    """Return the version of an alert that was historical and is current now: it rings.

    Raises:
        IllegalStep: If its state does not allow it.
    """
    after = _after(alert, "come live", at, "", returned_at=None, historical=False, **about)
    return replace(after, **_bell(after, at))


def worsen(alert: Alert, *, at: datetime, severity: Severity, **about: Any) -> Alert:
    """Return the version with a more severe condition: it rings again, by that severity.

    Who acknowledged, shelved or settled it did so to the lesser.

    Raises:
        IllegalStep: If its condition is gone.
    """
    forgotten: dict[str, Any] = {"shelved_until": None, "resolved_at": None}
    forgotten |= {"shelved_by": "", "resolved_by": "", "note": ""}
    after = _after(alert, "worsen", at, "", severity=severity, **forgotten, **about)
    return replace(after, **_bell(after, at))


def escalate(alert: Alert, *, at: datetime, by: str = "") -> Alert:
    """Return it at the next stage of its timetable: before its time where a person asks for that.

    Args:
        alert: Which.
        at: The present, aware UTC.
        by: Who asks; nobody where its time has come.

    Raises:
        IllegalStep: If it does not ring.
        Conflict: If a person asks though everybody in its timetable was told.
    """
    stages = TIMETABLE[alert.severity]
    LIFECYCLE.next_state(
        alert.state, "escalate"
    )  # whether it can be comes before whether there is more
    if by and alert.level + 1 >= len(stages):
        raise Conflict("everybody whom its timetable names was told", code="all_told")
    level = min(alert.level + 1, len(stages) - 1)
    roles = tuple(dict.fromkeys((*alert.notified_roles, *stages[level].roles)))
    return _after(
        alert,
        "escalate",
        at,
        by,
        level=level,
        notified_roles=roles,
        escalates_at=_next_stage(alert.severity, level, alert.rings_since or at),
    )


def close(alert: Alert, *, at: datetime) -> Alert:
    """Return it closed by itself: acknowledged and long over.

    Raises:
        IllegalStep: If it is not.
    """
    return _after(alert, "close", at, "", resolved_at=at)


def retime(alert: Alert, now: datetime) -> Alert | None:
    """Return one that rings since a time to come with its stages from now on; None for any other.

    The clock by which it rang was ahead and was set back: the next stage must not wait for the
    time between.
    """
    if not alert.rings or alert.rings_since is None or alert.rings_since - now <= AHEAD:
        return None
    stages = TIMETABLE[alert.severity]
    since = now - timedelta(seconds=stages[alert.level].after_s)
    next_at = _next_stage(alert.severity, alert.level, since)
    return revise(alert, at=now, by="", rings_since=since, escalates_at=next_at)


def due(alert: Alert, now: datetime) -> Alert | None:
    """Return the version that the time of day makes due; None for none."""
    if alert.escalates_at is not None and alert.escalates_at <= now and alert.rings:
        return escalate(alert, at=now)
    if alert.shelved_until is not None and not now < alert.shelved_until <= now + LONGEST_SHELF:
        return unshelve(alert, at=now)  # further off than anybody may put it: a clock was set back
    if (
        alert.state == "returned_acknowledged"
        and now - max(alert.at, alert.returned_at or alert.at) >= CLOSED_AFTER
    ):
        return close(alert, at=now)
    return None


def _after(alert: Alert, act: str, at: datetime, by: str, **changes: Any) -> Alert:
    state = LIFECYCLE.next_state(alert.state, act)
    return revise(alert, at=at, by=by, state=state, **changes)


def _bell(alert: Alert, now: datetime) -> dict[str, Any]:
    """Return the fields that begin its timetable, if it rings."""
    if not alert.rings:
        return {}
    return {
        "rings_since": now,
        "level": 0,
        "notified_roles": (*TIMETABLE[alert.severity][0].roles, *ALSO_TOLD.get(alert.rule, ())),
        "escalates_at": _next_stage(alert.severity, 0, now),
    }


def _next_stage(severity: Severity, level: int, rings_since: datetime) -> datetime | None:
    stages = TIMETABLE[severity]
    if level + 1 >= len(stages):
        return None
    return rings_since + timedelta(seconds=stages[level + 1].after_s)
