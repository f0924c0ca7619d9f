"""Hand-over of a shift: the matters open at that moment, and the relief's acknowledgement.

The old shift is on duty until the relief acknowledges; that one act ends the one and begins the
other, in one filing. What came up between the offer and the acknowledgement is added to it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Final

import msgspec

from patrol.documents.document import Document, kind_of
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.state_machine import Lifecycle
from patrol.duty.roster import Shift, contact_taken_back, on_duty, step
from patrol.errors.errors import Conflict
from patrol.units.data_classes import NEVER, DataClass
from radio_gateway.health.health import ChannelHealth

HAND_OVER_LIFECYCLE: Final = Lifecycle(
    "shift hand-over",
    "offered",
    {
        ("offered", "acknowledge"): "acknowledged",
        ("offered", "withdraw"): "withdrawn",
    },
)

OPEN_KINDS: Final = frozenset({"alert", "target", "hand_off", "patrol"})
"""Kinds of documents that whoever comes on watch must know of."""

_NOT_YET: Final = frozenset({"draft", "proposed", "signed", "ready"})
"""States of a patrol that is not under way."""

MOST_ITEMS: Final = 500


class OpenItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is open.

    Attributes:
        kind: `alert`, `target`, `hand_off`, `patrol` or `channel`.
        id: Its id; a channel's name.
        state: Where it is in its life.
        title: What it is, for people.
        since: When it came to this state, aware UTC.
        version: Its version then; 0 for a channel.
    """

    kind: Annotated[str, NEVER]
    id: Annotated[str, NEVER]
    state: Annotated[str, NEVER]
    title: Annotated[str, NEVER]
    since: Annotated[datetime, NEVER]
    version: Annotated[int, NEVER] = 0


class HandOver(
    Document,
    frozen=True,
    kw_only=True,
    tag="shift_hand_over",
    rename={"outgoing_shift": "given_by", "incoming_shift": "taken_by"},
):
    """One version of the hand-over of a shift.

    Attributes:
        office: The border liaison office.
        outgoing_shift: The shift that is on duty.
        incoming_shift: The shift that relieves it.
        state: Where it is in its life (`HAND_OVER_LIFECYCLE`).
        items: What was open when it was offered.
        more: How many more there were than are listed.
        note: What the officer on duty says of it.
        later: What has come up since, when it was acknowledged.
        remark: What the relief says of it.
        acknowledged_at: When.
        acknowledged_by: The relief's user name.
    """

    CLASS: ClassVar[DataClass | None] = None
    VIEWING_ACT: ClassVar[str] = "see the roster"

    office: Annotated[str, NEVER]
    outgoing_shift: Annotated[str, NEVER]
    incoming_shift: Annotated[str, NEVER]
    state: Annotated[str, NEVER]
    items: Annotated[tuple[OpenItem, ...], NEVER] = ()
    more: Annotated[int, NEVER] = 0
    note: Annotated[str, NEVER] = ""
    later: Annotated[tuple[OpenItem, ...], NEVER] = ()
    remark: Annotated[str, NEVER] = ""
    acknowledged_at: Annotated[datetime | None, NEVER] = None
    acknowledged_by: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Whether it is over."""
        return HAND_OVER_LIFECYCLE.is_end(self.state)


def open_items(
    documents: Iterable[Document], channels: Iterable[ChannelHealth]
) -> tuple[OpenItem, ...]:
    """Return the open matters: documents by kind, then silent channels.

    Args:
        documents: The open documents, as whoever keeps watch may see them.
        channels: All channels.
    """
    items: list[OpenItem] = []
    for document in documents:
        kind = kind_of(document)
        if kind not in OPEN_KINDS:
            continue
        state = str(getattr(document, "state", "open"))
        if kind == "patrol" and state in _NOT_YET:
            continue
        items.append(
            OpenItem(
                kind=kind,
                id=document.id,
                state=state,
                title=_title(document),
                since=document.at,
                version=document.version,
            )
        )
    items += [
        OpenItem(
            kind="channel",
            id=each.name,
            state=each.state,
            title=each.fault or f"{each.name} is {each.state}",
            since=each.since,
        )
        for each in channels
        if each.state in ("silent", "down")
    ]
    return tuple(items)


def _title(document: Document) -> str:
    """Return the title of a document, by the field that its kind has for it."""
    parts = [
        str(value)
        for name in ("name", "title", "rule", "description", "subject", "place")
        if isinstance(value := getattr(document, name, None), str) and value
    ]
    return " · ".join(parts)[:300] or document.id


def acknowledge(
    open_documents: OpenDocuments, hand_over: HandOver, *, at: datetime, by: str
) -> tuple[Document, ...]:
    """Return the new versions of both shifts after the relief acknowledged the hand-over.

    Raises:
        Conflict: If the shift that gave it is not on duty any more.
        IllegalStep: If one of them is not where it can be taken over.
    """
    given, relief = (
        open_documents.get(Shift, hand_over.outgoing_shift),
        open_documents.get(Shift, hand_over.incoming_shift),
    )
    current = on_duty(open_documents, given.agency, given.office)
    if current is None or current.id != given.id:
        raise Conflict(f"{given.officer} is not on duty in {given.office}")
    return (
        step(given, "be relieved", at=at, by=by, relieved_at=at, relief_overdue=False),
        *contact_taken_back(open_documents, given.id, at=at, by=by),
        step(relief, "take over", at=at, by=by, taken_at=at),
    )
