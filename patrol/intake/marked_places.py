"""MarkedPlaces: what radios say of marked places becomes marks; their time ends them.

It is a part of the watch and works in its turns. A mark is its sender's: it may be changed or taken
back by that sender, by a unit of the same agency, and, where no sender is named, by the link that
it came by. What is only said again makes a new version when its end moves by much.

Floods must not fill the store: a sender, and all of them together, have so many marks, and so many
new versions in a time. What goes beyond is kept as a message, as all that is heard, and marks
nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog

from patrol.documents.document import new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import NOTHING, Filing
from patrol.errors.errors import PatrolError, StoreError
from patrol.filing.file_documents import DocumentService
from patrol.filing.writer_lock import WriterTurn
from patrol.intake.batch import Batch
from patrol.marks.mark import (
    CONTENT,
    LIFECYCLE,
    OWN_NAME,
    Mark,
    end,
    end_of,
    is_renewed,
    sent_fields,
)
from patrol.picture.picture import Picture
from patrol.reception.bounded_dict import drop_oldest
from patrol.reception.record import Record
from patrol.sectors.site_geography import Ground

MOST_OF_SENDER: Final = 200
"""Marks of one sender that stand at a time."""

MOST: Final = 2000
"""Marks of all radios that stand at a time."""

BURST: Final = 200
"""New versions of one sender at once."""

REFILL_S: Final = 120.0
"""In so many seconds it may make one more: 720 a day."""

BURST_OF_ALL: Final = 2000
REFILL_OF_ALL_S: Final = 5.0

EDITED: Final = frozenset({"name", "use", "remarks"})
"""What a sender no longer changes once the office did."""

_WAITING_AT_MOST: Final = 2000
_ENDED_KEPT: Final = 500
_SENDERS_KEPT: Final = 2000
_ALL: Final = ""

log = structlog.get_logger(__name__)

_Key = tuple[str, str, str]  # agency, protocol, the sender's own identifier


class MarkedPlaces:
    """Makes marks of one node.

    Args:
        document_service: Files them.
        picture: What is known of senders; read, never changed.
        ground: Finds river addresses; None without geography.
    """

    def __init__(
        self, *, document_service: DocumentService, picture: Picture, ground: Ground | None
    ) -> None:
        self._document_service, self._picture, self._ground = document_service, picture, ground
        self._waiting: list[Record] = []
        self._ended: dict[str, dict[str, object]] = {}
        self._allowance: dict[str, tuple[float, datetime]] = {}
        self._warned: dict[str, datetime] = {}

    def take(self, batch: Batch) -> Awaitable[None] | None:
        """File what a batch says of marked places, before the senders are answered.

        Should the store refuse, `tick` tries again.
        """
        records = [each for each in batch.records if each.transmission.mark is not None]
        if not records and not self._waiting:
            return None
        self._waiting = (self._waiting + records)[-_WAITING_AT_MOST:]
        return self.tick(batch.turn, batch.now)

    async def tick(self, turn: WriterTurn, now: datetime) -> None:
        """File what could not be filed before, in a turn of the caller's."""
        waiting = self._waiting
        if not waiting:
            return
        made = self._filing_of(waiting, now)
        try:
            await self._document_service.file_in_turn(turn, made, now)
        except StoreError as error:
            log.warning("marks are not stored yet", fault=str(error))
            if error.transient:
                return
        except PatrolError as error:
            log.error("marks cannot be filed", fault=str(error))
        self._waiting = []

    def expire(self, open_documents: OpenDocuments, now: datetime) -> Filing:
        """Return what ends the marks whose time is over: a duty of the document service's."""
        over = tuple(
            end(each, "expired", at=now) for each in open_documents.all(Mark) if each.ends_at <= now
        )
        return Filing(documents=over, act="end mark") if over else NOTHING

    def note_ended(self, marks: Sequence[object]) -> None:
        """Remember marks that people at the office ended: the same, said again, stays ended."""
        for mark in marks:
            if isinstance(mark, Mark) and mark.end == "ended" and mark.key:
                names = [each for each in CONTENT if not (mark.edited and each in EDITED)]
                values = {each: getattr(mark, each) for each in names}
                self._ended[f"{mark.address}|{mark.key}"] = values
                drop_oldest(self._ended, _ENDED_KEPT)

    # -- inside

    def _filing_of(self, records: Sequence[Record], now: datetime) -> Filing:
        standing: dict[_Key, dict[str, Mark]] = {}
        counts: dict[str, int] = {}
        for mark in self._document_service.open_documents.all(Mark):
            if mark.key:
                standing.setdefault(_key(mark), {})[mark.id] = mark
                counts[mark.address] = counts.get(mark.address, 0) + 1
        counts[_ALL] = sum(counts.values())
        before = {id: mark for each in standing.values() for id, mark in each.items()}
        made: dict[str, Mark] = {}
        for record in sorted(records, key=lambda each: each.time):
            values = self._mark(record, standing, counts, now)
            if values is None:
                continue
            old = before.get(values.id)
            version = 1 if old is None else old.version + 1
            mark = msgspec.structs.replace(values, version=version)
            if mark.is_closed and old is None:
                made.pop(mark.id, None)  # made and taken back at once
            else:
                made[mark.id] = mark
            here = standing.setdefault(_key(mark), {})
            here[mark.id] = mark
            if mark.is_closed:
                del here[mark.id]
        return Filing(documents=tuple(made.values()), act="mark place") if made else NOTHING

    def _mark(
        self,
        record: Record,
        standing: dict[_Key, dict[str, Mark]],
        counts: dict[str, int],
        now: datetime,
    ) -> Mark | None:
        """Return what becomes of a mark by one message; None where nothing does."""
        sent = record.transmission.mark
        assert sent is not None
        if sent.id.startswith(f"{OWN_NAME}{self._document_service.node}."):
            return None  # what we told outward came back
        protocol = record.address.partition(":")[0]
        here = standing.get((record.agency, protocol, sent.id), {})
        known = self._of_sender(record, here)
        time = record.time
        if known is not None and time < known.marked_at:
            return None  # older than what is known
        if sent.deleted:
            return None if known is None or known.edited else end(known, "taken back", at=now)
        ends_at = end_of(sent, min(time, now))
        if sent.lon is None or sent.lat is None or ends_at <= now:
            return None
        values = sent_fields(sent, name=sent.id[:100])
        values |= {"unit": record.unit, "sender": self._name(record)}
        values |= {"address": record.address, "channel": record.transmission.channel}
        if known is None:
            was = self._ended.get(f"{record.address}|{sent.id}")
            if was is not None and all(values[name] == value for name, value in was.items()):
                return None
            full = counts.get(record.address, 0) >= MOST_OF_SENDER or counts[_ALL] >= MOST
            if full or not self._may(record.address, now):
                self._warn(record.address, now)
                return None
            counts[record.address] = counts.get(record.address, 0) + 1
            counts[_ALL] += 1
            return Mark(
                id=new_id(),
                agency=record.agency,
                origin=self._document_service.node,
                at=now,
                key=sent.id,
                marked_at=time,
                ends_at=ends_at,
                place=self._place(sent.lon, sent.lat),
                **values,  # type: ignore[arg-type]
            )
        if known.edited:
            values = {name: each for name, each in values.items() if name not in EDITED}
        same = all(
            getattr(known, name) == values.get(name, getattr(known, name)) for name in CONTENT
        )
        if same and not is_renewed(known, ends_at, now):
            return None
        if not self._may(record.address, now):
            self._warn(record.address, now)
            return None
        if (known.lon, known.lat) != (sent.lon, sent.lat):
            values["place"] = self._place(sent.lon, sent.lat)
        if not same:
            values["marked_at"] = time
        state = LIFECYCLE.next_state(known.state, "hear")
        return revise(known, at=now, by="", state=state, ends_at=ends_at, **values)

    def _of_sender(self, record: Record, standing: dict[str, Mark]) -> Mark | None:
        """Return which of the standing marks under one identifier a message may speak of."""
        transmission = record.transmission
        unit, address = record.unit, record.address
        for mark in standing.values():
            if mark.address == address or (unit is not None and mark.unit == unit):
                return mark
        for mark in standing.values():
            if unit is not None or (
                transmission.device is None and mark.channel == transmission.channel
            ):
                return mark
        return None

    def _name(self, record: Record) -> str:
        contact = self._picture.contacts.get(record.unit or record.address)
        if contact is not None:
            return contact.call_sign
        transmission = record.transmission
        return transmission.device or transmission.channel

    def _place(self, lon: float, lat: float) -> str:
        return "" if self._ground is None else self._ground.words(lon=lon, lat=lat)

    def _may(self, address: str, now: datetime) -> bool:
        """Return whether a sender may make one more version now, and count it."""
        left: list[tuple[str, float]] = []
        of_all, of_one = (_ALL, BURST_OF_ALL, REFILL_OF_ALL_S), (address, BURST, REFILL_S)
        for who, burst, refill_s in (of_all, of_one):
            had, since = self._allowance.get(who, (float(burst), now))
            passed_s = max(0.0, (now - since).total_seconds())
            left.append((who, min(float(burst), had + passed_s / refill_s)))
        if any(have < 1.0 for _, have in left):
            return False
        for who, have in left:
            self._allowance.pop(who, None)
            self._allowance[who] = have - 1.0, now
        drop_oldest(self._allowance, _SENDERS_KEPT)
        return True

    def _warn(self, address: str, now: datetime) -> None:
        last = self._warned.get(address)
        if last is None or (now - last).total_seconds() >= 3600.0:
            self._warned[address] = now
            drop_oldest(self._warned, _SENDERS_KEPT)
            log.warning("a sender marks too many places: kept as messages only", sender=address)


def _key(mark: Mark) -> _Key:
    return mark.agency, mark.address.partition(":")[0], mark.key
