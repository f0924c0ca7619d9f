"""Units that were to meet have not all come in time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from patrol.alarms.scene import Condition, Scene, clock_lag
from patrol.patrols.patrol import Patrol, Rendezvous


def meeting_area(patrol: Patrol, number: int) -> str:
    """Return the id of the area of a patrol's meeting place."""
    return f"{patrol.id}|{number}"


def is_meeting(area: str) -> bool:
    """Return whether an area is the place of a meeting: ids of sectors have no `|`."""
    return "|" in area


def rendezvous_missed(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each meeting of a patrol under way that a unit missed.

    Whoever was within its radius at any time from as long before as it may be late counts; who
    comes too late ends it. It is told to all who signed the patrol, without positions and with the
    names of their own units alone; nothing while it is suspended.
    """
    for patrol in scene.patrols:
        if patrol.state != "under way" or (patrol.suspended and patrol.is_joint):
            continue
        for number, meeting in enumerate(patrol.rendezvous):
            late_at = meeting.at + timedelta(seconds=meeting.grace_s)
            if scene.now <= late_at:
                continue
            units = meeting.units or patrol.units
            missing = [
                unit for unit in units if not _attended(scene, unit, patrol, number, meeting)
            ]
            if not missing:
                continue
            for agency in sorted({patrol.agency, *patrol.agencies}):
                yield Condition(
                    rule="rendezvous_missed",
                    subject=meeting_area(patrol, number),
                    agency=agency,
                    severity="medium",
                    since=late_at,
                    lon=meeting.lon,
                    lat=meeting.lat,
                    facts={
                        "patrol": patrol.id,
                        "patrol_name": patrol.name,
                        "rendezvous": meeting.name,
                        "missing": ", ".join(_names(scene, patrol, missing, agency)),
                    },
                )


def _names(scene: Scene, patrol: Patrol, units: list[str], agency: str) -> list[str]:
    """Return who is missing, in words for an agency: others' units by their agency's id."""
    owners = {member.unit: member.agency for member in patrol.members}
    names: list[str] = []
    for unit in units:
        owner, contact = owners.get(unit, agency), scene.contacts.get(unit)
        own = unit if contact is None else contact.call_sign
        names.append(own if owner == agency else f"a unit of {owner}")
    return names


def _attended(scene: Scene, unit: str, patrol: Patrol, number: int, meeting: Rendezvous) -> bool:
    first: datetime = meeting.at - timedelta(seconds=meeting.grace_s) - clock_lag(scene, unit)
    return any(
        visit.until is None or visit.until >= first
        for visit in scene.standing.visits(unit, meeting_area(patrol, number))
    )
