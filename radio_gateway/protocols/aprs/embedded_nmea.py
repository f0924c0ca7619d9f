"""NMEA sentences inside packet radio: old trackers and D-STAR radios send their receiver's own.

Layouts and envelope as for `nmea_fields` and `sentence`; the sender is named by the packet.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from gis.position.position import Position
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import corrected, nearest_day
from radio_gateway.formats.nmea.fields import Facts, SentencePart, read_part
from radio_gateway.formats.nmea.sentence import read_sentence

PLACES = frozenset({"RMC", "GGA", "GLL", "GNS"})


class EmbeddedNmea(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What sentences of one moment say, in the words of a Transmission.

    Attributes:
        position: None without a fix.
        fix: Whether the receiver has a fix.
        device_time: The receiver's clock, aware UTC.
        flags: Quality flags, sorted.
        facts: Further fields.
    """

    position: Position | None
    fix: bool | None
    device_time: datetime | None
    flags: tuple[str, ...]
    facts: Facts


def sentence_part(text: bytes, payload: bytes) -> tuple[SentencePart, bool] | None:
    """Read a sentence about a place.

    Args:
        text: From `$` on.
        payload: The frame, for errors.

    Returns:
        What it says, and whether a checksum vouches for it; None for another kind of sentence.

    Raises:
        FrameError: If envelope, checksum or a field is wrong.
    """
    try:
        sentence = read_sentence(text.strip())
        name = sentence.text[2:5]
        if sentence.start != "$" or name not in PLACES or sentence.text[5:6] != ",":
            return None
        part = read_part(name, sentence.text, payload, checked=sentence.checked)
    except FrameError as error:
        raise FrameError(error.reason, payload, error.detail) from None
    return part, sentence.checked


def decode_part(
    part: SentencePart, heard_at: datetime, *, checked: bool, live: bool
) -> EmbeddedNmea:
    """Return what a part, or the parts of one moment merged, says.

    Args:
        part: What the sentences say.
        heard_at: When they were heard, aware UTC.
        checked: Checksums vouch for them.
        live: They were heard when `heard_at` says.
    """
    flags = set() if part.flag is None else {part.flag}
    facts: Facts = dict(part.facts or {})
    time: datetime | None = None
    if part.time_of_day is not None:
        if part.date is not None:
            time, doubt = corrected(part.date + part.time_of_day, heard_at, live=live)
            flags |= set() if doubt is None else {doubt}
        else:
            seconds = part.time_of_day.seconds
            facts["time_of_day"] = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
            if part.clock_is_wrong:
                flags.add("bad_date")
            elif live:
                time = nearest_day(part.time_of_day, heard_at)
    if not checked:
        flags.add("no_checksum")
    position: Position | None = None
    if part.lat is not None and part.lon is not None:
        position = Position(
            lon=part.lon,
            lat=part.lat,
            altitude_m=part.altitude_m,
            speed_mps=part.speed_mps,
            course_deg=part.course_deg,
        )
    return EmbeddedNmea(
        position=position,
        fix=part.fix,
        device_time=time,
        flags=tuple(sorted(flags)),
        facts=facts,
    )
