"""Distress calls: which units and radios call for help, by hand or by a sensor.

That somebody calls the latch of the picture says, which is on disk. In which way is known here: who
is known to lie still and then presses SOS, or the other way round, has something new to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from patrol.alarms.scene import DistressCall
from patrol.picture.contact import Contact
from patrol.picture.distress import is_later
from patrol.picture.man_down import says_man_down
from patrol.reception.record import Record
from radio_gateway.messages.distress_words import is_man_down


class DistressCalls:
    """Calls for help that nobody has cleared.

    Args:
        contacts: What is known of units and radios, by id; read, never changed.

    Attributes:
        by_contact: How each of them calls, by unit or address.
    """

    def __init__(self, contacts: Mapping[str, Contact]) -> None:
        self.by_contact: dict[str, DistressCall] = {}
        self._contacts = contacts

    def are_news(self, records: Sequence[Record]) -> bool:
        """Return whether any of these messages calls for help in a way that is not known."""
        if any(each.latched for each in records):
            return True
        return bool(self.by_contact) and any(self._is_news(each) for each in records)

    def note(self, records: Sequence[Record]) -> set[str]:
        """Note messages; return whose call for help in a way that was not known."""
        calling: set[str] = set()
        for record in records:
            if record.latched or (self.by_contact and self._is_news(record)):
                of = record.unit or record.address
                self.put(of, record.time, man_down=says_man_down(record.transmission))
                people = record.transmission.facts.get("persons_on_board")
                if isinstance(people, int):
                    self.by_contact[of] = self.by_contact[of]._replace(people=people)
                calling.add(of)
        return calling

    def put(self, of: str, at: datetime, *, man_down: bool) -> None:
        """Note one way in which a unit calls for help, beside those known.

        Args:
            of: Unit or address.
            at: When the call was made, aware UTC.
            man_down: Whether a sensor made it, because somebody lies still.
        """
        call = self.by_contact.get(of, DistressCall())
        self.by_contact[of] = (
            call._replace(man_down_at=at) if man_down else call._replace(by_hand_at=at)
        )

    def take_up(self, now: datetime) -> None:
        """Take up calls that have no alert yet, as after a crash."""
        self.follow()
        for contact in self._contacts.values():
            if contact.distress and contact.id not in self.by_contact:
                at, status = contact.heard_at or now, contact.status
                self.put(contact.id, at, man_down=status is not None and is_man_down(status))

    def follow(self) -> None:
        """Forget calls that are over; one of a radio that became a unit's is the unit's."""
        for id in [id for id in self.by_contact if not self.is_made(id)]:
            call = self.by_contact.pop(id)
            for contact in self._contacts.values():
                if contact.distress and id in contact.addresses:
                    own = self.by_contact.get(contact.id, DistressCall())
                    self.by_contact[contact.id] = DistressCall(
                        own.by_hand_at or call.by_hand_at,
                        own.man_down_at or call.man_down_at,
                        own.people if call.people is None else call.people,
                    )

    def is_made(self, id: str) -> bool:
        """Return whether a unit or radio calls for help."""
        contact = self._contacts.get(id)
        return contact is not None and contact.distress

    def has_moved(self, id: str) -> bool:
        """Return whether a radio is a unit's by now, whose call its own is."""
        return any(
            contact.distress and id in contact.addresses for contact in self._contacts.values()
        )

    # -- inside

    def _is_news(self, record: Record) -> bool:
        of, transmission = record.unit or record.address, record.transmission
        # of a radio that just became a unit's the call is not the unit's yet
        call, contact = self.by_contact.get(of, DistressCall()), self._contacts.get(of)
        if contact is None or not contact.distress:
            return False
        man_down = says_man_down(transmission)
        if call.is_known(man_down=man_down) or not (man_down or transmission.distress):
            return False
        return is_later(transmission, contact.cleared_at)
