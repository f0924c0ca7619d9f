"""Whatever comes in: what must hold for every framer and decoder, checked on one input."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from radio_gateway.decoding.decoder import Decoder, DecoderSettings
from radio_gateway.decoding.framing import Frame, Framer, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_name import is_device_name
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.technician.decode import as_json, as_rejection
from radio_gateway.uplink.wire.envelope import item_bytes, read_item
from tests.fuzz.checksums import is_wrong, put_right
from tests.fuzz.footprint import footprint
from tests.fuzz.samples import SECRETS, TOPICS

PATIENCE_S = 1.0  # of CPU time, for one input of some kilobytes
MAX_FRAMER_BYTES = 600 * 1024  # the longest body (OsmAnd, 256 KiB), twice while it is cut
MAX_DECODER_BYTES = 4 * 1024 * 1024
HEAD = 6  # bytes of an input that say how the rest is handed over
SOURCE = "12.0.4.210:4001"
_NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
_LOOK_EVERY = 256
_STRICT = frozenset(("nmea0183", "ais", "dsc", "raveon", "gt06", "taip"))

_UNCHECKED = frozenset(("no_checksum", "bad_crc"))


class Broken(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input and how it is handed over.

    Attributes:
        data: The stream.
        cuts: Where it is cut into reads, sorted.
        checksum_required: As in `DecoderSettings`.
        live: As in `DecoderSettings`.
        pauses: Between reads there is silence, so that nothing waits any longer.
        with_topic: It comes with the topic or path of its protocol.
    """

    data: bytes
    cuts: tuple[int, ...] = ()
    checksum_required: bool = False
    live: bool = True
    pauses: bool = False
    with_topic: bool = True

    def reads(self) -> list[bytes]:
        """Return the stream in pieces."""
        edges = (0, *self.cuts, len(self.data))
        return [self.data[a:b] for a, b in pairwise(edges)]


def read_input(protocol: str, raw: bytes) -> Input:
    """Return what raw bytes of a fuzzer stand for: `HEAD` bytes of how, then the stream."""
    head, data = raw[:HEAD].ljust(HEAD, b"\0"), raw[HEAD:]
    how = head[0]
    if how & 2:
        data = put_right(protocol, data)
    return Input(
        data=data,
        cuts=tuple(sorted(each * len(data) // 256 for each in head[1:] if each)),
        checksum_required=bool(how & 1),
        live=not how & 4,
        pauses=bool(how & 8),
        with_topic=not how & 16,
    )


def exercise(protocol: str, input_: Input) -> list[Transmission]:
    """Hand one input to a new framer and decoder and check all that comes of it.

    Returns:
        What was said.

    Raises:
        Broken: If something that must hold does not. Any error but `FrameError` passes through.
    """
    started = time.perf_counter()
    transmissions = _Exercise(protocol, input_).said
    if time.perf_counter() - started > PATIENCE_S:
        # maybe a busy machine: again, by the process's own clock, which is slow to ask
        started = time.process_time()
        _Exercise(protocol, input_)
        used = time.process_time() - started
        if used > PATIENCE_S:
            raise Broken(f"{used:.1f} s for {len(input_.data)} bytes")
    return transmissions


class LongConnection:
    """A connection that never ends and hears every input: what it keeps must stay bounded."""

    def __init__(self, protocol: str) -> None:
        module = PROTOCOLS[protocol]
        self._protocol = protocol
        self._framer: Framer = module.FRAMING()
        self._decoder = module.decoder(DecoderSettings(secret=SECRETS.get(protocol)))
        self._heard_at = _NOW
        self._inputs = 0
        self.last: deque[bytes] = deque(maxlen=64)
        self.most_bytes = 0

    def hear(self, data: bytes) -> None:
        """Take one input as a read.

        Raises:
            Broken: If framer or decoder holds too much.
        """
        self.last.append(data)
        self._inputs += 1
        for payload in self._framer.feed(data):
            self._heard_at += timedelta(milliseconds=20)
            try:
                self._decoder.decode(
                    Frame(payload, self._heard_at, TOPICS.get(self._protocol), SOURCE)
                )
            except FrameError:
                pass
            self._decoder.rejected()
            self._decoder.answers()
        if self._inputs % _LOOK_EVERY == 0:
            framer, decoder = footprint(self._framer), footprint(self._decoder)
            self.most_bytes = max(self.most_bytes, framer + decoder)
            if framer > MAX_FRAMER_BYTES or decoder > MAX_DECODER_BYTES:
                raise Broken(f"a framer of {framer} bytes, a decoder of {decoder}")


class _Exercise:
    def __init__(self, protocol: str, input_: Input) -> None:
        self._protocol, self._input = protocol, input_
        self.said: list[Transmission] = []
        module = PROTOCOLS[protocol]
        self._speaks = module.speaks
        self._heard_at = _NOW
        framer = module.FRAMING()
        settings = DecoderSettings(
            secret=SECRETS.get(protocol),
            checksum_required=input_.checksum_required,
            live=input_.live,
        )
        decoder = module.decoder(settings)
        payloads: list[bytes] = []
        for read in input_.reads():
            found = framer.feed(read)
            payloads += found
            self._decode(decoder, found)
            if input_.pauses:
                self._heard_at += timedelta(seconds=10)
                self._check(decoder.flush(self._heard_at))
                self._check_rejections(decoder.rejected())
        found = framer.close()
        payloads += found
        self._decode(decoder, found)
        self._check(decoder.flush(None))
        self._check_rejections(decoder.rejected())
        if decoder.waiting():
            raise Broken("it still waits after the end")
        if decoder.flush(None):
            raise Broken("it said something after the end")
        if module.FRAMING is not MessageFramer and input_.cuts:
            self._check_framing(framer, payloads)

    def _check_framing(self, framer: Framer, payloads: list[bytes]) -> None:
        whole = PROTOCOLS[self._protocol].FRAMING()
        data = self._input.data
        if whole.feed(data) + whole.close() != payloads:
            raise Broken(f"the split made a difference: {payloads}")
        if not whole.junk_bytes == framer.junk_bytes <= len(data):
            raise Broken(f"{framer.junk_bytes} bytes of junk in pieces, {whole.junk_bytes} whole")
        if sum(map(len, payloads)) > 2 * len(data) + 64:
            raise Broken("the payloads are longer than the stream")

    def _decode(self, decoder: Decoder, payloads: list[bytes]) -> None:
        topic = TOPICS.get(self._protocol) if self._input.with_topic else None
        for payload in payloads:
            self._heard_at += timedelta(microseconds=1)
            frame = Frame(payload, self._heard_at, topic, SOURCE)
            if self._speaks(frame) not in (True, False):
                raise Broken("speaks() says neither yes nor no")
            try:
                self._check(decoder.decode(frame))
            except FrameError as error:
                self._check_rejections([error])
            self._check_rejections(decoder.rejected())
            for answer in decoder.answers():
                if not isinstance(answer, bytes) or not 0 < len(answer) <= 4096:
                    raise Broken(f"no answer that could be sent: {answer!r}")
        if decoder.rejected() or decoder.answers():
            raise Broken("told twice")

    @staticmethod
    def _check_rejections(errors: list[FrameError]) -> None:
        for error in errors:
            if not (error.reason.isidentifier() and error.reason.islower()):
                raise Broken(f"{error.reason!r} is no word to count by")
            if not isinstance(error.payload, bytes) or len(error.detail) > 2000:
                raise Broken(f"an error without its frame, or too long: {error.detail[:100]}")
            msgspec.json.encode(as_rejection(error))

    def _check(self, transmissions: list[Transmission]) -> None:
        for each in transmissions:
            try:
                self._check_one(each)
            except Broken as error:
                raise Broken(f"{error}, in {each}") from error
        self.said += transmissions

    def _check_one(self, transmission: Transmission) -> None:
        _check_position(transmission)
        for moment in (transmission.heard_at, transmission.device_time, transmission.passed_on_at):
            if moment is not None and moment.utcoffset() != timedelta():
                raise Broken("a time that is not aware UTC")
        if transmission.device is not None and not is_device_name(transmission.device):
            raise Broken("a device without a name")
        if not transmission.address or len(transmission.address) > 512:
            raise Broken("no address that could be kept")
        if list(transmission.flags) != sorted(set(transmission.flags)):
            raise Broken("flags are not sorted")
        if any(
            isinstance(each, float) and not math.isfinite(each)
            for each in transmission.facts.values()
        ):
            raise Broken("a fact that is no number")
        msgspec.json.encode(as_json(transmission))
        if (
            msgspec.json.decode(msgspec.json.encode(transmission), type=Transmission)
            != transmission
        ):
            raise Broken("another one after JSON")
        if read_item(item_bytes(transmission)) != transmission:
            raise Broken("another one after MessagePack")
        if transmission.position is None:
            return
        if is_wrong(self._protocol, transmission):
            raise Broken("a position from a frame with a wrong checksum")
        unchecked = self._protocol in _STRICT and not _UNCHECKED.isdisjoint(transmission.flags)
        unchecked &= not (transmission.distress and "damaged" in transmission.flags)
        if unchecked and self._input.checksum_required:
            raise Broken("a position without the checksum that is required")


def _check_position(transmission: Transmission) -> None:
    place = transmission.position
    if place is None:
        return
    if not (-90.0 <= place.lat <= 90.0 and -180.0 <= place.lon <= 180.0):
        raise Broken("a position outside the world")
    if place.lat == 0.0 and place.lon == 0.0:
        raise Broken("null island")
    if place.time is not None:
        raise Broken("a decoder chose the effective time")
    for degrees in (place.course_deg, place.heading_deg):
        if degrees is not None and not 0.0 <= degrees < 360.0:
            raise Broken("a direction outside 0 to 360")
    for number in (place.speed_mps, place.accuracy_m):
        if number is not None and not (math.isfinite(number) and number >= 0.0):
            raise Broken("a speed or an accuracy below zero or endless")
    if place.altitude_m is not None and not math.isfinite(place.altitude_m):
        raise Broken("an endless altitude")
