"""A unit is surely in another country than its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from patrol.alarms.rules.outside_sector import sectors_of
from patrol.alarms.scene import Condition, Scene, about, is_historical
from patrol.alerts.alert import Alert

RULE: Final = "border_crossed"


def border_crossed(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each unit in service that is across, beyond all errors.

    Those of the drawn border (300 m on the Mekong) and of the fix together; so on the river itself
    it says nothing. Quiet where a patrol under way leads the unit: in one of its sectors. What late
    fixes alone tell is historical: once an hour, and nothing while the unit is across now.
    """
    across: set[str] = set()
    for contact in scene.contacts.values():
        unit, last = contact.unit, contact.last
        if unit is None or unit.country is None or last is None or last.place is None:
            continue
        place = last.place
        if not place.side_sure or place.country is None or place.country == unit.country:
            continue
        if _is_led_there(scene, contact.id):
            continue
        across.add(contact.id)
        yield Condition(
            rule=RULE,
            subject=contact.id,
            severity="high",
            since=last.time,
            facts={
                "call_sign": contact.call_sign,
                "country": place.country,
                "border_m": round(place.border_m or 0.0),
            },
            historical=is_historical(last.time, scene.now, contact),
            **about(contact),
        )
    for stray in scene.strays:
        boat = scene.contacts.get(stray.unit)
        if boat is None or stray.unit in across or _is_led_there(scene, stray.unit):
            continue
        yield Condition(
            rule=RULE,
            subject=f"{stray.unit}|{stray.time:%Y-%m-%dT%HZ}",
            agency=boat.agency,
            severity="high",
            since=stray.time,
            unit=stray.unit,
            lon=stray.lon,
            lat=stray.lat,
            facts={"call_sign": boat.call_sign, "country": stray.country},
            historical=True,
            over=stray.time,
        )


def unsure(scene: Scene, alert: Alert) -> bool:
    """Return whether the unit is within the errors of the border: it may still be across."""
    contact = scene.contacts.get(alert.unit or "")
    if contact is None or contact.unit is None or _is_led_there(scene, contact.id):
        return False
    last = contact.last
    return last is not None and (last.place is None or not last.place.side_sure)


def _is_led_there(scene: Scene, unit: str) -> bool:
    patrol = scene.on_patrol.get(unit)
    if patrol is None:
        return False
    return any(scene.standing.stand(unit, area).inside for area in sectors_of(patrol, scene.now))
