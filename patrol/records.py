"""Record: one transmission on its way into the picture and the store, with what was made of it."""

from __future__ import annotations

from collections.abc import Callable
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
        address: str,
        time: datetime,
        time_source: TimeSource,
        flags: tuple[str, ...],
        usable: bool,
    ) -> None:
        self.transmission = transmission
        self.gid = gid
        self.address = address
        self.time = time
        self.time_source = time_source
        self.flags = flags
        self.usable = usable
        self.unit: str | None = None
        self.river_km: float | None = None
        self.bank: str | None = None


def record_of(
    transmission: Transmission, believed_address: Callable[[Transmission, datetime], str]
) -> Record:
    """Judge one transmission by itself: its source, its identity, its clock, its place.

    Args:
        transmission: What was heard.
        believed_address: Given it and its effective time, returns the address to keep it under:
            its own, or `address@channel` when it claims one that is bound elsewhere.

    Returns:
        The record, its flags and `usable` set as far as one message can tell.
    """
    time, source, clock_flag = effective_time(
        device_time=transmission.device_time,
        passed_on_at=transmission.passed_on_at,
        heard_at=transmission.heard_at,
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
    return Record(
        transmission,
        gid=gid_of(transmission, address),
        address=address,
        time=time,
        time_source=source,
        flags=flags,
        usable=usable,
    )


def gid_of(transmission: Transmission, address: str) -> bytes:
    """Return the 16-byte global id: what makes this message this message.

    A message that names its own time or identifier for ever is that content, from that source: 16
    bytes of BLAKE2b. Any other is its reception: 6 bytes of heard time in milliseconds, so that
    new rows land side by side in the index, and 10 bytes of BLAKE2b.
    """
    if transmission.duplicate_key is not None and transmission.duplicate_window_s is None:
        identity = f"{address}\n{transmission.duplicate_key}"
        return blake2b(identity.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    heard_ms = int(transmission.heard_at.timestamp() * 1000)
    reception = transmission.reception_id.encode("utf-8", "surrogatepass")
    return heard_ms.to_bytes(6, "big") + blake2b(reception, digest_size=10).digest()
