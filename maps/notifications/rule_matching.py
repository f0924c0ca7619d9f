"""Rule matching: which alerts and messages a delivery rule of the settings selects."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from maps.notifications.settings.settings_tables import DeliveryRule, read_hours
from patrol.alerts.alert import Alert, AlertState


def wants(
    rule: DeliveryRule, alert: Alert, occasion: AlertState, *, now: datetime, zone: ZoneInfo
) -> bool:
    """Return whether a rule wants an alert to be delivered; whether it may be is the desk's word.

    Args:
        rule: The rule.
        alert: The alert as the rule's receiver may see it.
        occasion: What is new about it.
        now: The present, aware UTC.
        zone: Local time of the node.
    """
    return (
        not alert.historical
        and occasion in rule.on
        and (not rule.severities or alert.severity in rule.severities)
        and (not rule.rules or alert.rule in rule.rules)
        and alert.level >= rule.escalation
        and (rule.hours is None or is_within(now.astimezone(zone).time(), *read_hours(rule.hours)))
    )


def is_within(moment: time, start: time, end: time) -> bool:
    """Return whether a time of day is from `start` (in) to `end` (out), over midnight or not.

    >>> is_within(time(23), time(18), time(6)), is_within(time(12), time(18), time(6))
    (True, False)
    >>> is_within(time(8), time(8), time(17)), is_within(time(17), time(8), time(17))
    (True, False)
    >>> is_within(time(3), time(8), time(8))
    True
    """
    if start == end:
        return True
    return start <= moment < end if start < end else moment >= start or moment < end
