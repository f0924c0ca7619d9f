"""Received offers: what is wrong with what another node tells of a hand-off. Pure.

What the pages bound of an own target is bounded here again: the other node may be of another
version, or lie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from patrol.exchange.messages import HandOffMessage
from patrol.targets.hand_off import HandOff
from patrol.targets.lifecycle import MOST_FIXES
from patrol.targets.target import MOST_PHOTOS

MOST_LINE: Final = 200
MOST_TEXT: Final = 4000
MOST_ID: Final = 64
MOST_REASON: Final = 1000
HIGHEST_TERM: Final = 10**9

LONGEST_OFFER: Final = timedelta(days=4)
"""An offer lapses after three times the agreed wait, which is a day at most."""

_MOST_STEPS: Final = 16  # of escalation, and points of the way to come
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def message_faults(message: HandOffMessage, now: datetime) -> Iterator[tuple[str, str]]:
    """Yield each field that no node writes so, and why.

    Args:
        message: As it came; its moments have offsets and its numbers are some.
        now: Aware UTC.
    """
    for name, text, most in (
        ("id", message.id, MOST_LINE),
        ("hand_off", message.hand_off, MOST_ID),
        ("case", message.case, MOST_ID),
        ("reason", message.reason, MOST_REASON),
    ):
        if len(text) > most:
            yield name, f"is longer than {most} characters"
    if not 1 <= message.term <= HIGHEST_TERM:
        yield "term", f"is none of 1 to {HIGHEST_TERM}"
    if message.offer is not None:
        for field, fault in _offer_faults(message.offer, now):
            yield f"offer.{field}", fault


def _offer_faults(offer: HandOff, now: datetime) -> Iterator[tuple[str, str]]:
    texts = [
        ("target", offer.target, MOST_ID),
        ("office", offer.office, MOST_ID),
        ("name", offer.name, MOST_LINE),
        ("description", offer.description, MOST_TEXT),
        ("note", offer.note, MOST_TEXT),
    ]
    for n, each in enumerate(offer.fixes):
        texts += [
            (f"fixes[{n}].note", each.note, MOST_TEXT),
            (f"fixes[{n}].place", each.place, MOST_TEXT),
        ]
    for name, text, most in texts:
        if len(text) > most:
            yield name, f"is longer than {most} characters"
    if not 1 <= offer.term <= HIGHEST_TERM:
        yield "term", f"is none of 1 to {HIGHEST_TERM}"
    track = () if offer.prediction is None else offer.prediction.track
    for name, count, most in (
        ("fixes", len(offer.fixes), MOST_FIXES),
        ("photos", len(offer.photos), MOST_PHOTOS),
        ("escalates_at", len(offer.escalates_at), _MOST_STEPS),
        ("prediction.track", len(track), _MOST_STEPS),
    ):
        if count > most:
            yield name, f"are more than {most}"
    if not all(_SHA256.fullmatch(each) for each in offer.photos):
        yield "photos", "names what is no SHA-256"
    if offer.lapses_at > now + LONGEST_OFFER:
        yield "lapses_at", f"is more than {LONGEST_OFFER.days} days from now"
    landing = None if offer.prediction is None else offer.prediction.landing
    places = [(each.lon, each.lat) for each in offer.fixes]
    places += [(each.lon, each.lat) for each in track]
    places += [] if landing is None else [(landing.lon, landing.lat)]
    if not all(abs(lon) <= 180 and abs(lat) <= 90 for lon, lat in places):
        yield "fixes", "or `offer.prediction` is nowhere on Earth"
