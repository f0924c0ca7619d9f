"""Rejected distress: a report that is set aside as unusable still counts as a call for help.

What keeps it from being taken may be anything in it; so nothing of it is used but who calls, and
how. The call is latched and rings; all else that was said lies with the reports set aside.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import structlog

from patrol.picture.distress import is_later
from patrol.picture.man_down import says_man_down
from patrol.picture.picture import Picture
from patrol.reception.record import Record, record_of
from patrol.reception.rejected import ReportRefusal
from radio_gateway.clock.clock import DOUBTFUL
from radio_gateway.messages.transmission import Transmission

log = structlog.get_logger(__name__)


def take_calls(reports: Iterable[ReportRefusal], picture: Picture, now: datetime) -> list[Record]:
    """Put the calls for help among reports that cannot be taken into the picture.

    Args:
        reports: Such as are set aside.
        picture: What is known.
        now: The present, aware UTC.

    Returns:
        One for each call that holds: to be latched and told, not to be stored as a message.
    """
    taken: list[Record] = []
    for each in reports:
        try:
            call = _bare(each.transmission, now)
            if call is None:
                continue
            record = record_of(call, picture.believed_address, now)
            picture.take(record, hear_claims=False)
            contact = picture.contacts.get(record.unit or record.address)
            if contact is not None and contact.distress and is_later(call, contact.cleared_at):
                record.latched = True  # it may have been taken before its fault was met
        except Exception:
            log.exception("a call for help cannot be taken", raw=repr(each.transmission.raw))
        else:
            if record.latched:
                taken.append(record)
    return taken


def _bare(transmission: Transmission, now: datetime) -> Transmission | None:
    """Return the call in a report and nothing else of it; None if it is none."""
    try:
        man_down = says_man_down(transmission)
    except (AttributeError, TypeError):  # its facts are no facts
        man_down = False
    if transmission.distress is not True and not man_down:
        return None
    heard_at = transmission.heard_at
    if not isinstance(heard_at, datetime) or heard_at.tzinfo is None:
        heard_at = now
    return Transmission(
        protocol=str(transmission.protocol),
        kind="distress",
        heard_at=heard_at,
        device=None if transmission.device is None else str(transmission.device),
        distress=True,
        status="man_down" if man_down else None,
        flags=(DOUBTFUL,)
        if isinstance(transmission.flags, tuple) and DOUBTFUL in transmission.flags
        else (),
        channel=str(transmission.channel),
        reception_id=str(transmission.reception_id),
    )
