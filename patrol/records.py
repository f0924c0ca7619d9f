"""Record: one transmission on its way into the picture and the store, with what was made of it."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b

from patrol.clocks import TimeSource, effective_time
from patrol.quality import NOT_CURRENT, place_flag
from radio_gateway.transmission import Transmission


class Record:
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
        flags: Quality flags, sorted: the decoder's and ours.
        river_km: Chainage, kilometres from the sea; None away from the river.
        bank: `left`, `right` or `mid`; None away from the river or unsure.
    """

    __slots__ = (
        "address",
        "bank",
        "flags",
        "gid",
        "river_km",
        "time",
        "time_source",
        "transmission",
        "unit",
        "usable",
    )

    def __init__(
        self,
        transmission: Transmission,
        *,
        gid: bytes,
        time: datetime,
        time_source: TimeSource,
        flags: tuple[str, ...],
        usable: bool,
    ) -> None:
        self.transmission = transmission
        self.gid = gid
        self.address = transmission.address
        self.time = time
        self.time_source = time_source
        self.flags = flags
        self.usable = usable
        self.unit: str | None = None
        self.river_km: float | None = None
        self.bank: str | None = None


def record_of(transmission: Transmission) -> Record:
    """Judge one transmission by itself: its identity, its clock, its place.

    Returns:
        The record, its flags and `usable` set as far as one message can tell.
    """
    time, source, clock_flag = effective_time(
        device_time=transmission.device_time,
        passed_on_at=transmission.passed_on_at,
        heard_at=transmission.heard_at,
    )
    position = transmission.position
    bad_place = None if position is None else place_flag(position)
    flags = transmission.flags
    if clock_flag is not None and clock_flag not in flags:
        flags = (*flags, clock_flag)
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
    return Record(
        transmission,
        gid=gid_of(transmission),
        time=time,
        time_source=source,
        flags=flags,
        usable=usable,
    )


def gid_of(transmission: Transmission) -> bytes:
    """Return the 16-byte global id: BLAKE2b of what makes this message this message.

    A message that names its own time or identifier for ever is that content; any other is its
    reception.
    """
    if transmission.duplicate_key is not None and transmission.duplicate_window_s is None:
        identity = f"{transmission.address}\n{transmission.duplicate_key}"
    else:
        identity = transmission.reception_id
    return blake2b(identity.encode(), digest_size=16).digest()
