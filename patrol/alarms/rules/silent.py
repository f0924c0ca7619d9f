"""Units that fall silent: on patrol or while they move; AIS that was under way goes dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from patrol.alarms.scene import Condition, Scene, about
from patrol.alerts.alert import Alert, Severity
from patrol.picture.contact import Contact
from patrol.picture.liveness import LOST_AFTER, newest_at

UNDER_WAY_MPS: Final = 1.0
"""Slower than this a boat lies, or drifts, and may well switch its set off."""


def silent_unit(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each unit that is lost, by its own expected interval.

    Only while it is on a patrol under way, or if it was moving when last heard: a boat that lies in
    the harbour may be switched off. Not if its links are dead: then that is the condition, once.
    """
    for contact, since in _silent_contacts(scene):
        if _is_ais(contact) and _was_moving(contact):
            continue  # that is `ais_gap`
        patrol = scene.on_patrol.get(contact.id)
        if patrol is None and not _was_moving(contact):
            continue
        severity: Severity = "low" if patrol is None else "high"
        yield _condition("silent_unit", severity, contact, since)


def ais_gap(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each unit known by AIS alone that was under way and has gone dark."""
    for contact, since in _silent_contacts(scene):
        if _is_ais(contact) and _was_moving(contact):
            yield _condition("ais_gap", "medium", contact, since)


def unsure(scene: Scene, alert: Alert) -> bool:
    """Return whether it is still silent, but perhaps because this node or its links were."""
    contact = scene.contacts.get(alert.unit or "")
    if contact is None or contact.unit is None or contact.liveness not in ("late", "lost", "cut"):
        return False
    return contact.liveness == "cut" or not _had_time(scene, contact)


def _silent_contacts(scene: Scene) -> Iterator[tuple[Contact, datetime]]:
    for contact in scene.contacts.values():
        if contact.liveness != "lost" or contact.unit is None or contact.unit.kind == "fixed":
            continue
        newest = newest_at(contact)
        if newest is not None and _had_time(scene, contact):
            yield contact, newest + timedelta(seconds=LOST_AFTER * contact.expected_interval_s)


def _had_time(scene: Scene, contact: Contact) -> bool:
    """Return whether it has been listened for long enough to say that it is silent.

    Since this node started, and since one of the links that hear it works: a link that comes and
    goes says nothing about who is behind it. And since it said anything new of where it was: by a
    clock that is slow, perhaps, of now.
    """
    since = scene.started_at
    if contact.slow is not None and contact.slow.came_at is not None:
        since = max(since, contact.slow.came_at)
    if contact.heard_on:
        found = (_works_since(scene, name) for name in contact.heard_on)
        working = [at for at in found if at is not None]
        if not working:
            return False
        since = max(since, min(working))
    listened_s = (scene.now - since).total_seconds()
    return listened_s > LOST_AFTER * contact.expected_interval_s


def _works_since(scene: Scene, channel: str) -> datetime | None:
    """Return since when a channel works, and the way from its gateway; None while one does not.

    Of a gateway that was not heard since this node's start the channels are not known.
    """
    gateway = channel.partition("/")[0]
    if channel in scene.bad_since or gateway in scene.bad_since:
        return None
    good = scene.good_since
    return max(good.get(each, scene.started_at) for each in (channel, gateway))


def _was_moving(contact: Contact) -> bool:
    return contact.last is not None and (contact.last.speed_mps or 0.0) >= UNDER_WAY_MPS


def _is_ais(contact: Contact) -> bool:
    return bool(contact.addresses) and all(each.startswith("ais:") for each in contact.addresses)


def _condition(rule: str, severity: Severity, contact: Contact, since: datetime) -> Condition:
    return Condition(
        rule=rule,
        subject=contact.id,
        severity=severity,
        since=since,
        facts={
            "call_sign": contact.call_sign,
            "expected_interval_s": contact.expected_interval_s,
        },
        **about(contact),
    )
