"""Nobody of a patrol under way has been in one of its sectors for too long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from patrol.alarms.rules.outside_sector import due_since, sectors_of
from patrol.alarms.scene import Condition, Scene, clock_lag
from patrol.alerts.alert import Alert, Value
from patrol.patrols.patrol import Patrol

VOID_AFTER: Final = timedelta(hours=1)
"""How long a sector may be empty while a patrol of it is under way."""


def void_sector(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each sector that is empty for longer than `VOID_AFTER`.

    A unit that is silent counts as there for as long, and one that may be there as there. With
    fewer units than sectors each has its turn: the time is longer by so much.
    """
    for patrol in scene.patrols:
        if patrol.state != "under way" or (patrol.suspended and patrol.is_joint):
            continue
        areas = [
            area
            for area in sectors_of(patrol, scene.now)
            if area in scene.sectors and scene.sectors[area].use == "patrol"
        ]
        turns = max(1.0, len(areas) / max(1, len(patrol.units)))
        for area in areas:
            since = _empty_since(scene, patrol, area)
            if since is None or scene.now - since <= VOID_AFTER * turns:
                continue
            sector = scene.sectors[area]
            for agency in sorted({patrol.agency, *patrol.agencies}):
                facts: dict[str, Value] = {"patrol": patrol.id, "patrol_name": patrol.name}
                facts["sector"] = area
                if agency == sector.agency:  # the name of another's is shown, or not, by itself
                    facts["sector_name"] = sector.name
                yield Condition(
                    rule="void_sector",
                    subject=f"{patrol.id}|{area}",
                    agency=agency,
                    severity="medium",
                    since=since,
                    facts=facts,
                )


def unsure(scene: Scene, alert: Alert) -> bool:
    """Return whether it is still empty, as far as a node knows that has not listened for long."""
    patrol_id, _, area = alert.subject.partition("|")
    patrol = next((each for each in scene.patrols if each.id == patrol_id), None)
    if patrol is None or patrol.state != "under way" or area not in scene.sectors:
        return False
    turns = max(1, len(patrol.sectors))
    if scene.now - scene.started_at > VOID_AFTER * turns:
        return False
    return not any(scene.standing.stand(unit, area).inside for unit in patrol.units)


def _empty_since(scene: Scene, patrol: Patrol, area: str) -> datetime | None:
    """Return since when no unit is known to have been there; None while one is."""
    empty = max(due_since(patrol, area, scene.now), scene.started_at)
    for unit in patrol.units:
        stand, slow = scene.standing.stand(unit, area), clock_lag(scene, unit)
        if stand.inside is not False and stand.last_fix_at is not None:
            empty = max(empty, stand.last_fix_at + slow)
        for visit in scene.standing.visits(unit, area):
            if visit.until is not None:
                empty = max(empty, visit.until + slow)
    return None if empty >= scene.now else empty
