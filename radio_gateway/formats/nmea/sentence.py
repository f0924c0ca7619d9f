r"""The envelope of NMEA 0183 and AIS sentences: start, checksum, tag block, device prefix.

    PREFIX,\s:STATION,c:TIME,g:1-2-77*hh\$TTFFF,field,field*hh,suffix\tag block\
    ^ some trackers                      ^ always            ^ US Coast Guard feeds
           ^ NMEA 4 tag block, before the sentence or (MarineTraffic feeders) after it

`hh` is the exclusive or of all bytes between the start character and `*`, in hexadecimal; some
kit writes lower case.

Source: NMEA 0183 v4.10, 5.3 (sentences), 7 (tag blocks); E. S. Raymond, "AIVDM/AIVDO protocol
decoding", sections "NMEA tag blocks" and "USCG extended AIVDM".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Signal


class Tag(msgspec.Struct, frozen=True, gc=False):
    """What a tag block says about a sentence.

    Attributes:
        station: Receiving station (`s:`).
        signal: The same as a Signal.
        time: When the station passed the sentence on (`c:`), aware UTC.
        group: Identifier (`g:`) that ties the sentences of one message.
        intact: False when the block's own checksum is wrong; it then says nothing else.
    """

    station: str | None = None
    signal: Signal | None = None
    time: datetime | None = None
    group: str | None = None
    intact: bool = True


class Sentence(msgspec.Struct, frozen=True, gc=False):
    """One sentence out of its envelope.

    Attributes:
        start: `$`, or `!` for an encapsulated (AIS) sentence.
        text: All from there to the checksum: talker and type, then the fields.
        checked: It carried a checksum, and the checksum was right.
        device: Name some trackers write before the sentence.
        tag: Its tag block.
    """

    start: str
    text: str
    checked: bool
    device: str | None = None
    tag: Tag | None = None

    def fields(self) -> list[str]:
        """Return the comma-separated fields; the first is talker and type (`GPRMC`)."""
        return self.text.split(",")


def read_sentence(payload: bytes) -> Sentence:
    r"""Take one sentence out of its envelope.

    Args:
        payload: One line, line ending removed.

    Raises:
        FrameError: `empty`, `no_start`, `control_byte` (a byte that is no printable ASCII
            character), `bad_checksum` or `bad_tag_block`.

    >>> read_sentence(b"$GPGLL,5958.613,N,02325.928,E,121022,A,D*40").fields()[:3]
    ['GPGLL', '5958.613', 'N']
    """
    try:
        text = payload.decode("ascii")
    except UnicodeDecodeError as fault:
        raise FrameError("control_byte", payload, f"byte {fault.start} is not ASCII") from None
    if not text.isprintable():
        raise FrameError("control_byte", payload, "a control byte inside the sentence")
    if text[:1] in _START:
        device, tag, sentence = None, None, payload
    else:
        device, text, tag = _before(text, payload)
        sentence = payload[-len(text) :]
    star = text.find("*")
    if star < 0:
        return Sentence(text[0], text[1:], False, device, tag)
    checksum_sent = CHECKSUMS.get(text[star + 1 : star + 3])
    right = checksum(sentence[1:star])
    if checksum_sent != right:
        detail = f"computed {right:02X}, received {text[star + 1 : star + 3] or 'none'}"
        raise FrameError("bad_checksum", payload, detail)
    if len(text) > star + 3:
        _, backslash, block = text[star + 3 :].partition("\\")
        if backslash:
            tag = _read_tag(block.removesuffix("\\"))
    return Sentence(text[0], text[1:star], True, device, tag)


def checksum(body: bytes) -> int:
    """Return the exclusive or of all bytes, 0 to 255; 0 for none.

    >>> f"{checksum(b'GPGLL,5958.613,N,02325.928,E,121022,A,D'):02X}"
    '40'
    """
    if len(body) > 128:
        return reduce(xor, body)
    # Folding one big integer is four times as fast as a loop over its bytes.
    folded = _from_bytes(body, "big")
    if len(body) > 64:
        folded ^= folded >> 512
    folded ^= folded >> 256
    folded ^= folded >> 128
    folded ^= folded >> 64
    folded ^= folded >> 32
    folded ^= folded >> 16
    return (folded ^ folded >> 8) & 0xFF


_from_bytes = int.from_bytes  # looked up once: a tenth of the time of a checksum
_START = ("$", "!")
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
_DIGITS = "0123456789ABCDEFabcdef"
# What the two characters of a checksum may be, and its value.
CHECKSUMS = {high + low: int(high + low, 16) for high in _DIGITS for low in _DIGITS}
_MAX_TAG_TIME_S = 253_370_764_800  # the year 9999 begins; a day more or less is still a date
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _before(text: str, payload: bytes) -> tuple[str | None, str, Tag | None]:
    """Return the device name, the rest from `$` or `!` on, and the tag block."""
    if not text:
        raise FrameError("empty", payload)
    tag: Tag | None = None
    prefix, backslash, rest = text.partition("\\")
    if backslash and not any(start in prefix for start in _START):
        while backslash:  # several blocks may follow each other
            block, backslash, text = rest.partition("\\")
            if not backslash:
                raise FrameError("bad_tag_block", payload, "the tag block does not end")
            tags = _read_tag(block)
            tag = tags if tag is None else _joined(tag, tags)
            backslash, rest = ("\\", text[1:]) if text[:1] == "\\" else ("", "")
    else:
        first = min((at for start in _START if (at := text.find(start)) >= 0), default=-1)
        if first < 0:
            raise FrameError("no_start", payload, "no $ or ! before the sentence")
        prefix, text = text[:first], text[first:]
    if text[:1] not in _START:
        raise FrameError("no_start", payload, "no $ or ! after the tag block")
    prefix = prefix.rstrip(",/").rpartition("/")[2]
    if not prefix:
        return None, text, tag
    if not _NAME.fullmatch(prefix):
        raise FrameError("no_start", payload, "what stands before the sentence is no device's name")
    return prefix, text, tag


def _read_tag(block: str) -> Tag:
    """Read a tag block without its backslashes; unknown parameters are skipped."""
    body, star, sum_ = block.partition("*")
    if star:
        # Some senders count one backslash in (Signal K's published example does).
        right = checksum(body.encode())
        if CHECKSUMS.get(sum_[:2]) not in (right, right ^ 0x5C):
            return Tag(intact=False)
    station: str | None = None
    group: str | None = None
    time: datetime | None = None
    for parameter in body.split(","):
        name, _, value = parameter.partition(":")
        if name == "s":
            station = value or None
        elif name == "c":
            time = _tag_time(value)
        elif name == "g":
            group = value.rpartition("-")[2] or None
    return Tag(station, Signal(station=station) if station else None, time, group)


def _joined(first: Tag, second: Tag) -> Tag:
    return Tag(
        first.station or second.station,
        first.signal or second.signal,
        first.time or second.time,
        first.group or second.group,
        first.intact and second.intact,
    )


def _tag_time(value: str) -> datetime | None:
    """Return a tag block's UNIX time, which is in seconds or in milliseconds."""
    if not value.isdigit() or len(value) > 15:
        return None
    number = int(value)
    milliseconds = number if number > 100_000_000_000 else number * 1000
    if milliseconds > _MAX_TAG_TIME_S * 1000:
        return None
    return _UNIX_EPOCH + timedelta(milliseconds=milliseconds)
