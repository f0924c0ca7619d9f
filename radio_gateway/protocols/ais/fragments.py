"""AIS messages that came in several sentences, put together again.

Sentences of one message share source, tag block group (else station and sequence number), VHF
channel and number of sentences. They may come in any order, mixed with others.

Source: IEC 61162-1, VDM; ITU-R M.1371-5; NMEA 0183 v4.10, 7 (group parameter).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from radio_gateway.formats.nmea.sentence import Tag

TIMEOUT = timedelta(seconds=5)
MAX_MESSAGES = 64  # incomplete at a time, for one connection

Key = tuple[str | None, str | None, str, str, int]


class Fragments:
    """The sentences of one message that is not complete yet.

    Attributes:
        heard_at: When the first of them was heard, aware UTC.
        parts: Armoured payloads by fragment number, from 1.
        frames: The frames by fragment number.
        fill_bits: Of the last fragment.
        tag: Tag block of the first heard that had one.
    """

    def __init__(self, heard_at: datetime) -> None:
        self.heard_at = heard_at
        self.parts: dict[int, bytes] = {}
        self.frames: dict[int, bytes] = {}
        self.fill_bits = 0
        self.tag: Tag | None = None

    def armoured(self) -> bytes:
        """Return the payloads joined, in order."""
        return b"".join(self.parts[number] for number in sorted(self.parts))

    def raw(self) -> bytes:
        """Return the frames, one a line, in order."""
        return b"\r\n".join(self.frames[number] for number in sorted(self.frames))


class Reassembly:
    """The incomplete messages of one connection, at most `MAX_MESSAGES`."""

    def __init__(self) -> None:
        self._waiting: dict[Key, Fragments] = {}  # oldest first

    def add(
        self,
        key: Key,
        number: int,
        armoured: bytes,
        *,
        fill_bits: int,
        frame: bytes,
        heard_at: datetime,
        tag: Tag | None,
    ) -> Fragments | None:
        """Take one sentence and return the message when that completes it.

        Args:
            key: What its sentences share; ends with their number.
            number: Place of this one in the message, from 1.
            armoured: Its payload.
            fill_bits: Its fill bits.
            frame: The frame.
            heard_at: When it was heard, aware UTC.
            tag: Its tag block.
        """
        total = key[-1]
        if self._waiting:
            self.drop_old(heard_at)
        message = self._waiting.get(key)
        if message is not None and message.parts.get(number, armoured) != armoured:
            # The sequence number came round: what is there belongs to an older message.
            del self._waiting[key]
            message = None
        if message is None:
            if len(self._waiting) >= MAX_MESSAGES:
                del self._waiting[next(iter(self._waiting))]
            message = self._waiting[key] = Fragments(heard_at)
        message.parts[number] = armoured
        message.frames[number] = frame
        if message.tag is None:
            message.tag = tag
        if number == total:
            message.fill_bits = fill_bits
        if len(message.parts) < total:
            return None
        return self._waiting.pop(key)

    def drop_old(self, now: datetime | None) -> None:
        """Drop what waited longer than `TIMEOUT`; everything when `now` is None."""
        for key, message in list(self._waiting.items()):
            if now is None or now - message.heard_at > TIMEOUT:
                del self._waiting[key]

    def waiting(self) -> bool:
        """Return whether a message is incomplete."""
        return bool(self._waiting)
