"""Record: one transmission on its way into the picture and the store, with what was made of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from gis.address.address import Address
from patrol.reception.position_quality import NOT_CURRENT, place_flag
from patrol.units.effective_time import AHEAD, TimeSource, effective_time
from radio_gateway.messages.printable_text import cleaned, escaped, hidden_in
from radio_gateway.messages.transmission import Transmission

_48_BITS: Final = 0xFFFF_FFFF_FFFF
# Copied for each message: to make one anew takes longer than all that is done with it.
_NAME: Final = blake2b(digest_size=16)
_RECEPTION: Final = blake2b(digest_size=10)
_encode = msgspec.json.Encoder().encode
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{3})?", re.ASCII)
_TIME_AT_MOST: Final = 23
"""Characters of a time."""


class Record(msgspec.Struct, eq=False, gc=False):
    """One transmission and what this node made of it.

    Attributes:
        transmission: What was heard.
        gid: Global id, 16 bytes: the hash of its identity, so that the same reception or the
            same self-named message has one record however often it comes.
        address: Radio address it is kept under; `address@channel` when it claims an address that
            is bound to another channel.
        time: Effective time, aware UTC.
        time_source: Which clock that is.
        usable: Its position belongs on a map: real, current and from a believed source.
        unit: Unit it counted for when it came; the track asks the assignments anew.
        agency: Owner: the unit's agency, or the node's for a radio nobody has registered.
        latched: It was this message that turned a call for help on.
        facts: The facts as JSON, encoded once; None without any.
        flags: Quality flags, sorted: the decoder's and ours.
        river_km: Chainage, kilometres from the sea; None away from the river.
        bank: `left`, `right` or `mid`; None away from the river or unsure.
        place: Its whole address, given to the newest of a sender; not stored.
    """

    transmission: Transmission
    gid: bytes
    address: str
    time: datetime
    time_source: TimeSource
    flags: tuple[str, ...]
    usable: bool
    facts: bytes | None = None
    unit: str | None = None
    agency: str = ""
    latched: bool = False
    river_km: float | None = None
    bank: str | None = None
    place: Address | None = None


def record_of(
    transmission: Transmission,
    believed_address: Callable[[Transmission, datetime], str],
    now: datetime | None = None,
) -> Record:
    """Judge one transmission by itself: its source, its identity, its clock, its place.

    Args:
        transmission: What was heard.
        believed_address: Given it and its effective time, returns the address to keep it under:
            its own, or `address@channel` when it claims one that is bound elsewhere.
        now: The present, aware UTC: nothing was heard later, whatever a gateway's clock says. None
            for what is told from the store.

    Returns:
        The record, its flags and `usable` set as far as one message can tell.
    """
    facts = None
    try:
        if transmission.facts:
            facts = _encode(transmission.facts)
        hides = _hides(transmission, facts)
    except UnicodeEncodeError:
        hides = True
    if hides:
        transmission = _plain(transmission)
        facts = _encode(transmission.facts) if transmission.facts else None
    heard_at = transmission.heard_at
    if now is not None and heard_at > now and heard_at - now > AHEAD:
        heard_at = now
    time, source, clock_flag = effective_time(
        device_time=transmission.device_time,
        passed_on_at=transmission.passed_on_at,
        heard_at=heard_at,
    )
    address = believed_address(transmission, time)
    position = transmission.position
    bad_place = None if position is None else place_flag(position)
    flags = transmission.flags
    if clock_flag is not None and clock_flag not in flags:
        flags = (*flags, clock_flag)
    if address != transmission.address:
        flags = (*flags, "unbound_source")
    if bad_place is not None and bad_place not in flags:
        flags = (*flags, bad_place)
    if flags is not transmission.flags:
        flags = tuple(sorted(flags))
    usable = (
        position is not None
        and bad_place is None
        and transmission.fix is not False
        and (not flags or NOT_CURRENT.isdisjoint(flags))
    )
    gid = gid_of(transmission, address)
    return Record(transmission, gid, address, time, source, flags, usable, facts)


def gid_of(transmission: Transmission, address: str) -> bytes:
    """Return the 16-byte global id: what makes this message this message.

    A message that names its own time or identifier for ever is that content, from that source
    (`named_gid`). Any other is its reception: 6 bytes of heard time in milliseconds, so that new
    rows land side by side in the index, and 10 bytes of BLAKE2b.
    """
    if transmission.duplicate_key is not None and transmission.duplicate_window_s is None:
        return named_gid(address, transmission.duplicate_key)
    heard_ms = int(transmission.heard_at.timestamp() * 1000) & _48_BITS
    reception = _RECEPTION.copy()
    reception.update(transmission.reception_id.encode())
    return heard_ms.to_bytes(6, "big") + reception.digest()


def named_gid(address: str, content: str) -> bytes:
    """Return the global id of a message from `address` whose content names it for ever.

    It begins with 6 bytes of the time that stands in the content, where one does, so that new rows
    land side by side in the index. Nothing else goes into it: two gateways may read, correct or
    doubt one time differently, and what they heard must get one id.

    >>> named_gid("cot:a", "a|2026-11-28T09:59:00Z") < named_gid("cot:b", "b|2026-11-28T10:00:00Z")
    True
    """
    name = _NAME.copy()
    name.update(f"{address}\n{content}".encode())
    digest = name.digest()
    # What begins with a date begins like many others: that is looked up, which takes a third.
    beginning = _beginning(content[:_TIME_AT_MOST]) if content[4:5] == "-" else None
    if beginning is None:
        written = _TIME.search(content)
        if written is None:
            return digest
        beginning = sorts_as(written[0])
    return beginning + digest[:10]


def unsorted_gid(address: str, content: str) -> bytes:
    """Return the global id that `named_gid` gave until November 2026; older stores hold such."""
    name = _NAME.copy()
    name.update(f"{address}\n{content}".encode())
    return name.digest()


@lru_cache(maxsize=1000)  # many messages tell of one moment
def sorts_as(time: str) -> bytes:
    """Return the 6 bytes with which the name of a message begins in whose content `time` stands.

    They are its digits, down to milliseconds, as one number of 48 bits.

    What stands above them changes once in years; the order starts anew then.
    """
    time = f"{time:0<23}"
    day = time[:4] + time[5:7] + time[8:10]
    number = int(day + time[11:13] + time[14:16] + time[17:19] + time[20:])
    return (number & _48_BITS).to_bytes(6, "big")


@lru_cache(maxsize=1000)
def _beginning(content: str) -> bytes | None:
    """Return what `sorts_as` says of the time that `content` begins with; None if with none."""
    written = _TIME.match(content)
    return None if written is None else sorts_as(written[0])


def _hides(transmission: Transmission, facts: bytes | None) -> bool:
    """Return whether a text holds what cannot be shown to people, or kept.

    Raises:
        UnicodeEncodeError: If it holds half a character.
    """
    device, key, mark = transmission.device, transmission.duplicate_key, transmission.mark
    text, status = transmission.text, transmission.status
    if device is not None and not device.isprintable() and hidden_in(device, lines=False):
        return True
    if text is not None and not text.isprintable() and hidden_in(text):
        return True
    if status is not None and not status.isprintable() and hidden_in(status):
        return True
    if key is not None and not key.isprintable():
        key.encode()
        if "\0" in key:  # PostgreSQL keeps none in a text
            return True
    if facts is not None and (b"\\" in facts or b"\x7f" in facts or not facts.isascii()):
        for value in transmission.facts.values():
            if isinstance(value, str) and hidden_in(value):
                return True
    return mark is not None and any(map(hidden_in, (mark.id, mark.name, mark.remarks)))


def _plain(transmission: Transmission) -> Transmission:
    """Return it with its words cleaned: it may be a call for help. Its bytes stay as they came.

    Who says it is told apart by what is written out there; of what people read half characters and
    null bytes are written out, and what else cannot be shown is left out.
    """
    mark = transmission.mark
    if mark is not None:
        mark = msgspec.structs.replace(
            mark,
            id=escaped(mark.id),
            name=cleaned(mark.name),
            remarks=cleaned(mark.remarks),
        )
    return msgspec.structs.replace(
        transmission,
        device=None if transmission.device is None else escaped(transmission.device),
        text=_readable(transmission.text),
        status=_readable(transmission.status),
        duplicate_key=None
        if transmission.duplicate_key is None
        else _keepable(transmission.duplicate_key),
        facts={
            _keepable(name): _readable(value) if isinstance(value, str) else value
            for name, value in transmission.facts.items()
        },
        mark=mark,
        flags=tuple(sorted({*transmission.flags, "bad_text"})),
    )


def _readable(text: str | None) -> str | None:
    return None if text is None else cleaned(_keepable(text))


def _keepable(text: str) -> str:
    """Return it with half characters and null bytes written out."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\0")
