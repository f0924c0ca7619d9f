"""Rows: converts records to database rows and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec
import structlog

from gis.position.accuracy import typical_accuracy_m
from gis.position.position import Position
from patrol.reception.record import Record
from patrol.store.schema.tables import from_us, to_us
from patrol.units.wire import Fix
from radio_gateway.messages.transmission import Signal, Transmission
from radio_gateway.parsing.msgspec_decoders import json_decoder

Row = tuple[Any, ...]

T = TypeVar("T")

log = structlog.get_logger(__name__)

TRANSMISSION_COLUMNS: Final = (
    "gid",
    "address",
    "time_us",
    "time_source",
    "usable",
    "lon",
    "lat",
    "altitude_m",
    "accuracy_m",
    "speed_mps",
    "course_deg",
    "heading_deg",
    "river_km",
    "bank",
    "kind",
    "fix",
    "distress",
    "text",
    "status",
    "flags",
    "facts",
    "device_us",
    "passed_on_us",
    "heard_us",
    "channel",
    "reception_id",
    "duplicate_key",
    "signal",
    "raw",
    "agency",
    "origin",
)

ALSO_HEARD_COLUMNS: Final = (
    "reception_id",
    "gid",
    "channel",
    "heard_us",
    "rssi_dbm",
    "snr_db",
    "agency",
    "origin",
)

_encode = msgspec.json.Encoder().encode


def transmission_row(record: Record, origin: str) -> Row:
    """Return the row of a record, in the order of `TRANSMISSION_COLUMNS`."""
    transmission = record.transmission
    at = transmission.position
    lon = lat = high_m = near_m = speed_mps = course_deg = heading_deg = None
    if at is not None:
        lon, lat, high_m, near_m = at.lon, at.lat, at.altitude_m, at.accuracy_m
        speed_mps, course_deg, heading_deg = at.speed_mps, at.course_deg, at.heading_deg
    km = record.river_km
    time, device, heard_at = record.time, transmission.device_time, transmission.heard_at
    time_us, passed_on = to_us(time), transmission.passed_on_at
    device_us = None
    if device is not None:
        device_us = time_us if device is time else to_us(device)
    return (
        record.gid,
        record.address,
        time_us,
        record.time_source,
        1 if record.usable else 0,
        # As SQLite gives them back, so that a digest of rows is one of what is stored: with a
        # point, no minus before nothing, and none for no number. Written out, since each message
        # pays for it.
        None if lon is None or lon != lon else lon + 0.0,
        None if lat is None or lat != lat else lat + 0.0,
        None if high_m is None or high_m != high_m else high_m + 0.0,
        None if near_m is None or near_m != near_m else near_m + 0.0,
        None if speed_mps is None or speed_mps != speed_mps else speed_mps + 0.0,
        None if course_deg is None or course_deg != course_deg else course_deg + 0.0,
        None if heading_deg is None or heading_deg != heading_deg else heading_deg + 0.0,
        None if km is None or km != km else km + 0.0,
        record.bank,
        transmission.kind,
        None if transmission.fix is None else 1 if transmission.fix else 0,
        1 if transmission.distress else 0,
        transmission.text,
        transmission.status,
        " ".join(record.flags),
        record.facts,
        device_us,
        None if passed_on is None else to_us(passed_on),
        time_us if heard_at is time else to_us(heard_at),
        transmission.channel,
        transmission.reception_id,
        transmission.duplicate_key,
        None if transmission.signal is None else _encode(transmission.signal),
        transmission.raw,
        record.agency,
        origin,
    )


def also_heard_row(transmission: Transmission, gid: bytes, *, agency: str, origin: str) -> Row:
    """Return the row of a further reception of a message, in the order of `ALSO_HEARD_COLUMNS`."""
    signal = transmission.signal
    return (
        transmission.reception_id,
        gid,
        transmission.channel,
        to_us(transmission.heard_at),
        None if signal is None else signal.rssi_dbm,
        None if signal is None else signal.snr_db,
        agency,
        origin,
    )


def transmission_of(row: Any) -> Transmission:
    """Return the transmission of a row with all columns of `transmissions`."""
    protocol, _, device = row.address.partition(":")
    if "unbound_source" in row.flags:
        device = device.removesuffix(f"@{row.channel}")
    if device == f"@{row.channel}":
        device = ""  # the link stands for the sender
    return Transmission(
        protocol=protocol,
        kind=row.kind,
        heard_at=from_us(row.heard_us),
        device=device or None,
        position=None  # what was not a number is nothing in the store
        if row.lon is None or row.lat is None
        else Position(
            lon=row.lon,
            lat=row.lat,
            time=from_us(row.time_us),
            altitude_m=row.altitude_m,
            accuracy_m=row.accuracy_m,
            speed_mps=row.speed_mps,
            course_deg=row.course_deg,
            heading_deg=row.heading_deg,
        ),
        fix=None if row.fix is None else bool(row.fix),
        device_time=None if row.device_us is None else from_us(row.device_us),
        passed_on_at=None if row.passed_on_us is None else from_us(row.passed_on_us),
        distress=bool(row.distress),
        text=row.text,
        status=row.status,
        flags=tuple(row.flags.split()),
        facts={} if row.facts is None else msgspec.json.decode(row.facts),
        signal=None if row.signal is None else json_decoder(Signal).decode(row.signal),
        raw=row.raw,
        channel=row.channel,
        reception_id=row.reception_id,
        duplicate_key=row.duplicate_key,
    )


def record_from(row: Any) -> Record:
    """Return the record of a row, with the quality flags it got on arrival."""
    record = Record(
        transmission_of(row),
        gid=row.gid,
        time=from_us(row.time_us),
        time_source=row.time_source,
        address=row.address,
        flags=tuple(row.flags.split()),
        usable=bool(row.usable),
    )
    record.agency, record.river_km, record.bank = row.agency, row.river_km, row.bank
    return record


def protocol_of(address: str) -> str:
    """Return the protocol of a radio address."""
    return address.partition(":")[0]


def readable(rows: Iterable[Any], decode: Callable[[Any], T]) -> Iterator[T]:
    """Yield each row decoded; one that cannot be read is logged and left out.

    One bad row must not make all others unreadable.
    """
    for row in rows:
        try:
            yield decode(row)
        except (ValueError, TypeError, ArithmeticError, msgspec.MsgspecError) as error:
            log.error("a stored record cannot be read", fault=str(error), record=repr(row)[:4000])


def fix_from(row: Any, of: str) -> Fix:
    """Return one position of a track."""
    flags = tuple(row.flags.split())
    return Fix(
        of=of,
        lon=row.lon,
        lat=row.lat,
        time=from_us(row.time_us),
        live=False,
        speed_mps=row.speed_mps,
        course_deg=row.course_deg,
        heading_deg=row.heading_deg,
        accuracy_m=row.accuracy_m,
        altitude_m=row.altitude_m,
        river_km=row.river_km,
        bank=row.bank,
        flags=flags,
        typical_accuracy_m=typical_accuracy_m(protocol_of(row.address), flags),
    )
