"""A call for help of another agency's unit, as far as an agreement lets just that cross.

It rings for the agency that sees it, as an alert of its own with a life of its own: that the other
side knows of the call says nothing of whether anybody here does. It says where, since when and, if
the call did, how many people there are; not who.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from patrol.alarms.scene import Condition, Scene, about
from patrol.alerts.alert import Alert, Value
from patrol.picture.contact import Contact

RULE: Final = "distress_across"


def distress_across(scene: Scene) -> Iterator[Condition]:
    """Yield a condition for each agency that a call for help of another's unit crosses to.

    Judged by what may cross now: a call that still lasts when sharing is resumed rings at once.
    """
    for contact in _calling(scene):
        for viewer in scene.agencies:
            if viewer == contact.agency or not _crosses(scene, contact, viewer):
                continue
            call = scene.calls.get(contact.id)
            made = () if call is None else (call.by_hand_at, call.man_down_at)
            facts: dict[str, Value] = {"other": contact.agency}
            if call is not None and call.people is not None:
                facts["people"] = call.people
            # Terms that do not name distress let the unit cross, as exactly as they say: where it
            # is then stands on the map, and not here.
            may_name = scene.may_see(contact.agency, viewer, "distress", contact)
            place = about(contact) if may_name else {}
            yield Condition(
                rule=RULE,
                subject=_subject(contact),
                agency=viewer,
                severity="sos",
                since=min((at for at in made if at is not None), default=scene.now),
                lon=place.get("lon"),
                lat=place.get("lat"),
                place=place.get("place", ""),
                facts=facts,
            )


def unsure(scene: Scene, alert: Alert) -> bool:
    """Return whether the call lasts and only may not be seen any more: that is not its end."""
    return any(_subject(contact) == alert.subject for contact in _calling(scene))


def _crosses(scene: Scene, contact: Contact, viewer: str) -> bool:
    """Return whether a call crosses as one, or as the flag of a unit that is seen."""
    owner = contact.agency
    if scene.may_see(owner, viewer, "distress", contact):
        return True
    return (
        scene.may_see(owner, viewer, "alerts", contact)
        and scene.may_see(owner, viewer, "positions", contact)
        and scene.is_withheld(contact.id, viewer)
    )


def _calling(scene: Scene) -> Iterator[Contact]:
    for contact in scene.contacts.values():
        if contact.distress and contact.unit is not None:
            yield contact


def _subject(contact: Contact) -> str:
    """Return the subject of the alert: constant for one call, and without a unit's name."""
    return hashlib.sha256(f"distress {contact.id}".encode()).hexdigest()[:32]
