"""All kinds of papers. A new one is one subclass of `Paper` and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from patrol.agreements import Agreement
from patrol.alerts import Alert
from patrol.deliveries import Delivery, PushSubscription
from patrol.hand_offs import HandOff
from patrol.incidents import Incident
from patrol.legal_holds.legal_hold import LegalHold
from patrol.marks.mark import Mark
from patrol.papers import Paper, kind_of
from patrol.patrols import Patrol
from patrol.phrases import Phrase
from patrol.roster import DutyContact, Shift
from patrol.sectors import Sector
from patrol.shifts import HandOver
from patrol.targets import Target
from patrol.watch_log import LogEntry
from radio_gateway.decoders import json_decoder

ALL: Final[tuple[type[Paper], ...]] = (
    Sector,
    Patrol,
    Agreement,
    Incident,
    Alert,
    Delivery,
    PushSubscription,
    Shift,
    HandOver,
    DutyContact,
    LogEntry,
    Phrase,
    Target,
    HandOff,
    Mark,
    LegalHold,
)

KINDS: Final[Mapping[str, type[Paper]]] = MappingProxyType({kind_of(kind): kind for kind in ALL})
"""By tag."""


def encode(paper: Paper) -> bytes:
    """Return a paper as JSON, as it is stored and sent."""
    return _encode(paper)


def decode(kind: str, body: bytes) -> Paper:
    """Return the paper that `encode` made this from.

    Raises:
        msgspec.ValidationError: If it is none, or of a kind that this version does not know.
    """
    known = KINDS.get(kind)
    if known is None:
        raise msgspec.ValidationError(f"no kind of paper {kind!r}")
    return json_decoder(known).decode(body)


_encode = msgspec.json.Encoder().encode
