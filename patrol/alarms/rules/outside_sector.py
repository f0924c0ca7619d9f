"""A unit of a patrol under way is outside all the sectors that it is to cover."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from patrol.alarms.scene import Condition, Scene, about, is_historical
from patrol.alerts.alert import Alert, Value
from patrol.patrols.patrol import Patrol
from patrol.picture.contact import Contact
from patrol.reception.position_quality import apart_m

RULE: Final = "outside_sector"

ARRIVES_WITHIN: Final = timedelta(hours=1)
"""How long a unit may take from the start of a patrol to its first sector."""


def outside_sector(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each unit that is surely outside every sector of its patrol.

    Quiet on the way there: until it has been in one of them, or `ARRIVES_WITHIN` after the start,
    or that of the leg that goes elsewhere; and while it lies at its base. Its fixes' errors are on
    its side: on an edge it is not outside.
    """
    for unit, patrol in scene.on_patrol.items():
        contact = scene.contacts.get(unit)
        if contact is None or contact.unit is None:
            continue
        areas = [area for area in sectors_of(patrol, scene.now) if area in scene.sectors]
        if not areas or _is_at_base(contact, patrol):
            continue
        stands = [scene.standing.stand(unit, area) for area in areas]
        if any(stand.inside is not False for stand in stands):
            continue
        due_at = min(due_since(patrol, area, scene.now) for area in areas)
        left = [each.since for each in stands if each.since is not None and each.since > due_at]
        since = max(left, default=due_at)
        if not left and scene.now - due_at < ARRIVES_WITHIN:
            continue
        seen_at = stands[0].last_fix_at
        facts: dict[str, Value] = {
            "patrol": patrol.id,
            "patrol_name": patrol.name,
            "call_sign": contact.call_sign,
        }
        known = [scene.sectors[area] for area in areas]
        if all(each.agency == contact.agency for each in known):
            # what is the counterpart's must not stay here when it is shown no longer
            facts["sectors"] = ", ".join(each.name for each in known)
        yield Condition(
            rule=RULE,
            subject=unit,
            severity="medium",
            since=since,
            facts=facts,
            historical=is_historical(seen_at, scene.now, contact),
            **about(contact),
        )


def unsure(scene: Scene, alert: Alert) -> bool:
    """Return whether the unit is on the edge of a sector since it was first heard, or not known."""
    unit = alert.unit or ""
    patrol = scene.on_patrol.get(unit)
    if patrol is None or unit not in scene.contacts:
        return False
    areas = [area for area in sectors_of(patrol, scene.now) if area in scene.sectors]
    stands = [scene.standing.stand(unit, area).inside for area in areas]
    return True not in stands and None in stands


def ended(scene: Scene, alert: Alert) -> datetime | None:
    """Return when the unit came back."""
    patrol = scene.on_patrol.get(alert.unit or "")
    if patrol is None:
        return None
    stands = [scene.standing.stand(alert.unit or "", area) for area in patrol.sectors]
    return max((each.since for each in stands if each.inside and each.since), default=None)


def interruption(scene: Scene, alert: Alert, condition: Condition) -> datetime | None:
    """Return when the unit had come back before it left again."""
    patrol = scene.on_patrol.get(alert.unit or "")
    if patrol is None:
        return None
    came = [
        visit.since
        for area in patrol.sectors
        for visit in scene.standing.visits(alert.unit or "", area)
    ]
    return max((at for at in came if alert.raised_at < at <= condition.since), default=None)


def sectors_of(patrol: Patrol, now: datetime) -> tuple[str, ...]:
    """Return the sectors in which a unit of a patrol may be: the patrol's and those of its leg."""
    legs = (leg.sectors for leg in patrol.legs if leg.starts_at <= now < leg.ends_at)
    return tuple(dict.fromkeys([*patrol.sectors, *(area for leg in legs for area in leg)]))


def due_since(patrol: Patrol, area: str, now: datetime) -> datetime:
    """Return since when units of a patrol are to be in one of its sectors, or on the way there.

    Args:
        patrol: Which; under way.
        area: One of its sectors, or of those of its leg.
        now: The present, aware UTC.
    """
    since = until = patrol.started_at or patrol.starts_at
    if area in patrol.sectors:
        return since
    for leg in sorted(patrol.legs, key=lambda each: each.starts_at):
        if area in leg.sectors and leg.starts_at <= now:
            if leg.starts_at > until:  # not right after another one there
                since = leg.starts_at
            until = max(until, leg.ends_at)
    return since


def _is_at_base(contact: Contact, patrol: Patrol) -> bool:
    last = contact.last
    for member in patrol.members:
        if member.unit == contact.id and member.base is not None and last is not None:
            base = member.base
            away_m = apart_m(lon=last.lon, lat=last.lat, from_lon=base.lon, from_lat=base.lat)
            return away_m <= base.radius_m
    return False
