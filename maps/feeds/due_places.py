"""Due places: targets, sectors and marks that a feed may send, and which are due. Pure.

It is fed the same frames as the roll, so it never holds more than the feed's agency and role may
see. A new version is told at once, everything again every six minutes, and what is over or may be
seen no more is taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, Literal

import msgspec
import structlog

from maps.feeds.due_units import AGAIN_EVERY_S
from maps.feeds.places import KINDS, FeedPlace, Outline, PlaceKind, place_of
from patrol.documents_registry.document_kinds import decode
from radio_gateway.parsing.msgspec_decoders import json_decoder

PlaceAct = Literal["place", "taken back"]

MOST_PLACES: Final = 2000

_log = structlog.get_logger(__name__)


class _Frame(msgspec.Struct, rename={"documents": "papers"}):
    type: str
    documents: tuple[msgspec.Raw, ...] = ()
    forget: tuple[str, ...] = ()


class _Kind(msgspec.Struct):
    kind: str
    id: str


class DuePlaces:
    """What one feed may tell of places.

    Args:
        kinds: Which it tells of; none: nothing.
        outline: Returns the area of a sector as GeoJSON.
    """

    def __init__(self, *, kinds: Collection[PlaceKind], outline: Outline) -> None:
        self._kinds, self._outline = frozenset(kinds), outline
        self._places: dict[str, FeedPlace] = {}
        self._sent_s: dict[str, float] = {}
        self._dirty: set[str] = set()
        self._withdrawn: list[FeedPlace] = []

    def take(self, frame: bytes) -> None:
        """Take one frame of a live stream."""
        if not self._kinds:
            return
        content = _frame(frame)
        if content.type == "beat":
            return
        held: set[str] = set()
        for raw in content.documents:
            kind = _kind(raw)
            if KINDS.get(kind.kind) in self._kinds:
                held.add(kind.id)
                self._put(kind, bytes(raw))
        if content.type == "snapshot":
            content.forget = tuple(self._places.keys() - held)
        for id in content.forget:
            self._drop(id)

    def start_over(self) -> None:
        """Have everything told again: whoever listens has heard nothing yet."""
        self._sent_s.clear()
        self._dirty.update(self._places)

    def due(self, at_s: float) -> list[tuple[PlaceAct, FeedPlace]]:
        """Return what is due to be told, and take it as told.

        Args:
            at_s: A clock that only goes forward, seconds.
        """
        acts: list[tuple[PlaceAct, FeedPlace]] = [
            ("taken back", place) for place in self._withdrawn
        ]
        self._withdrawn.clear()
        if self._sent_s:
            self._dirty |= {id for id, s in self._sent_s.items() if at_s - s >= AGAIN_EVERY_S}
        for id in self._dirty:
            self._sent_s[id] = at_s
            acts.append(("place", self._places[id]))
        self._dirty.clear()
        return acts

    def all(self) -> list[FeedPlace]:
        """Return what a newcomer must be told of."""
        return [self._places[id] for id in self._sent_s]

    # -- inside

    def _put(self, kind: _Kind, body: bytes) -> None:
        try:
            document = decode(kind.kind, body)
            place = None if document.is_closed else place_of(document, self._outline)
        except (msgspec.MsgspecError, ValueError) as error:
            _log.warning("a place cannot be told", id=kind.id, fault=str(error))
            place = None
        if place is None:
            self._drop(kind.id)
        elif self._places.get(kind.id) != place and (
            kind.id in self._places or len(self._places) < MOST_PLACES
        ):
            self._places[kind.id] = place
            self._dirty.add(kind.id)

    def _drop(self, id: str) -> None:
        place = self._places.pop(id, None)
        self._dirty.discard(id)
        if place is not None and self._sent_s.pop(id, None) is not None:
            self._withdrawn.append(place)


_decode_frame: Any = json_decoder(_Frame)
_decode_kind: Any = json_decoder(_Kind)


def _frame(frame: bytes) -> _Frame:
    content: _Frame = _decode_frame.decode(frame)
    return content


def _kind(raw: msgspec.Raw) -> _Kind:
    kind: _Kind = _decode_kind.decode(raw)
    return kind
