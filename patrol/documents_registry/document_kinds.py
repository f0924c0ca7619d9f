"""All kinds of documents. A new one is one subclass of `Document` and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from patrol.agreements.agreement import Agreement
from patrol.alerts.alert import Alert
from patrol.alerts.delivery import AlertDelivery, PushSubscription
from patrol.counterparts.counterpart import Counterpart
from patrol.counterparts.own_card import OwnCard
from patrol.documents.document import Document, kind_of
from patrol.duty.handover import HandOver
from patrol.duty.roster import DutyContact, Shift
from patrol.duty.watch_log import LogEntry
from patrol.incidents.incident import Incident
from patrol.legal_holds.legal_hold import LegalHold
from patrol.marks.mark import Mark
from patrol.messages.phrases import Phrase
from patrol.patrols.patrol import Patrol
from patrol.sectors.sector import Sector
from patrol.targets.hand_off import HandOff
from patrol.targets.target import Target
from radio_gateway.parsing.msgspec_decoders import json_decoder

ALL: Final[tuple[type[Document], ...]] = (
    Sector,
    Patrol,
    Agreement,
    Incident,
    Alert,
    AlertDelivery,
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
    Counterpart,
    OwnCard,
)

KINDS: Final[Mapping[str, type[Document]]] = MappingProxyType({kind_of(kind): kind for kind in ALL})
"""By tag."""


encode: Final[Callable[[Document], bytes]] = msgspec.json.Encoder().encode
"""Returns a document as JSON, as it is stored and sent."""


def decode(kind: str, body: bytes) -> Document:
    """Return the document that `encode` made this from.

    Raises:
        msgspec.ValidationError: If it is none, or of a kind that this version does not know.
    """
    known = KINDS.get(kind)
    if known is None:
        raise msgspec.ValidationError(f"no kind of paper {kind!r}")
    return json_decoder(known).decode(body)
