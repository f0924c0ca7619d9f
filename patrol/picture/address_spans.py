"""Address spans: which radio addresses gave a unit's or radio's positions, from when to when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from patrol.picture.picture import VOICE, Picture
from patrol.store.tracks.tracks import AddressSpan

ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
NEVER: Final = datetime.max.replace(tzinfo=UTC)


def spans_of_unit(
    picture: Picture, unit: str, *, start: datetime = ALWAYS, end: datetime = NEVER
) -> list[AddressSpan]:
    """Return the spans of a unit: plots by voice, and each radio while it stood for the unit.

    Args:
        picture: Knows the assignments.
        unit: The unit's id.
        start: First moment wanted, aware UTC.
        end: Moment after the last one wanted, aware UTC.
    """
    spans = [AddressSpan(address=f"{VOICE}:{unit}", start=start, end=end)]
    for each in picture.assignments_of_unit(unit):
        since, until = max(start, each.start), min(end, each.end or NEVER)
        if since < until:
            spans.append(
                AddressSpan(address=each.address, start=since, end=until, channel=each.channel)
            )
    return spans


def spans_of_radio(
    picture: Picture, address: str, *, start: datetime = ALWAYS, end: datetime = NEVER
) -> list[AddressSpan]:
    """Return the spans of a radio address while it stood for nobody; arguments as above."""
    spans: list[AddressSpan] = []
    for each in picture.assignments_of(address):
        if start < min(each.start, end):
            spans.append(AddressSpan(address=address, start=start, end=min(each.start, end)))
        start = max(start, each.end or NEVER)
    if start < end:
        spans.append(AddressSpan(address=address, start=start, end=end))
    return spans
