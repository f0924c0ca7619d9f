"""Connection: what a channel remembers of one sender: framer, decoders, who waits for an answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from radio_gateway.decoding.decoder import Decoder, DecoderSettings, is_plain
from radio_gateway.decoding.framing import Frame, Framer
from radio_gateway.errors.errors import FrameError
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import ProtocolModule

Reject = Callable[[Frame, str, str], None]
HOLD_S = 6.0  # longer than any decoder waits for the rest of a message
HOLD_AT_MOST = 100
LOG_EVERY_S = 60.0  # a trace takes milliseconds, and every frame may bring one
_MICROSECOND = timedelta(microseconds=1)
_ONE_AFTER_ANOTHER = timedelta(seconds=1)  # beyond, the clock was set back
_log = structlog.get_logger(__name__)
_log_again_s = 0.0


class Connection:
    """One sender of a channel.

    Args:
        protocols: What the channel speaks, by name; the first that recognises a frame gets it.
        settings: What the decoders are told.

    Attributes:
        answering: Decoders that ever owe the sender an answer.
        frames: Frames cut so far.
        held: Who waits for an answer until a decoder has the rest of a message, and since when.
        known: Whether the channel counts it among those that it understood once.
    """

    __slots__ = (
        "_decoders",
        "_framers",
        "_heard_at",
        "_last_at",
        "_last_read_s",
        "_only",
        "_resent",
        "_source",
        "_speaks",
        "_telling",
        "_topic",
        "answering",
        "delayed_calls",
        "frames",
        "known",
    )

    def __init__(self, protocols: Mapping[str, ProtocolModule], settings: DecoderSettings) -> None:
        modules = list(protocols.values())
        self._decoders: list[Decoder] = [module.decoder(settings) for module in modules]
        self._speaks = [module.speaks for module in modules]
        self._only = self._decoders[0] if len(modules) == 1 else None
        # few decoders ever have something to tell, and they would be asked after each message
        self._telling = [each for each in self._decoders if not is_plain(each, "rejected")]
        self.answering = [each for each in self._decoders if not is_plain(each, "answers")]
        # protocols that cut the same way share a framer
        framers: dict[Callable[[], Framer], Framer] = {}
        self._framers: list[Framer] = []
        for module in modules:
            factory = module.FRAMING
            if factory not in framers:
                framers[factory] = factory()
            self._framers.append(framers[factory])
        self.frames = 0
        self.delayed_calls: list[tuple[float, Callable[[], None]]] = []
        self.known = False
        # of the last chunk: not its data, of which a connection would keep up to 64 KiB
        self._heard_at: datetime | None = None
        self._topic: str | None = None
        self._source: str | None = None
        self._resent = False
        self._last_read_s = 0.0
        self._last_at = datetime.min.replace(tzinfo=UTC)

    @property
    def junk_bytes(self) -> int:
        """Bytes so far that belonged to no frame."""
        return sum(framer.junk_bytes for framer in {id(f): f for f in self._framers}.values())

    @property
    def waiting(self) -> bool:
        """Whether a decoder waits for the rest of something."""
        if self._only is not None:
            return self._only.waiting()
        return any(decoder.waiting() for decoder in self._decoders)

    def now(self) -> datetime:
        """Return the present on the clock of the last chunk, whatever that clock does meanwhile."""
        if self._heard_at is None:
            return self._last_at
        return self._heard_at + timedelta(seconds=time.monotonic() - self._last_read_s)

    def receive(self, chunk: Chunk, reject: Reject) -> list[Transmission]:
        """Cut and decode what was read.

        Args:
            chunk: What was read.
            reject: Called with frame, reason and detail for each frame that is not understood.
        """
        self._heard_at, self._last_read_s = chunk.heard_at, time.monotonic()
        self._topic, self._source, self._resent = chunk.topic, chunk.source, chunk.resent
        framer = self._framers[0]
        if chunk.whole:
            if self._only is None:
                framer = self._framers[self._choose(self._frame(chunk.data)) or 0]
            payloads = framer.feed(chunk.data)
            rest = framer.close()
            if rest:
                payloads = payloads + rest
        else:
            payloads = framer.feed(chunk.data)
        transmissions: list[Transmission] = []
        self._decode(payloads, transmissions, reject)
        if self._telling:
            self._report_rejected(reject)
        return transmissions

    def end(self, key: str) -> Chunk:
        """Return what stands in a capture where the channel ended the connection `key` itself."""
        heard_at = self._last_at if self._heard_at is None else self._heard_at
        return Chunk(
            b"", heard_at, connection=key, topic=self._topic, source=self._source, ended=True
        )

    def flush(self, now: datetime | None, reject: Reject) -> list[Transmission]:
        """Give up waiting for what will not come.

        Args:
            now: The present; None when the connection has ended.
            reject: As for `receive`.
        """
        transmissions: list[Transmission] = []
        if now is None:
            for framer in {id(f): f for f in self._framers}.values():
                self._decode(framer.close(), transmissions, reject)
        for decoder in self._decoders:
            try:
                transmissions += decoder.flush(now)
            except Exception:  # noqa: BLE001 - logged there; as in _decode
                log_failure(b"")
        self._report_rejected(reject)
        return transmissions

    def answers(self) -> list[bytes]:
        """Return, once, what the protocols owe the sender for what was heard so far."""
        return [answer for decoder in self.answering for answer in decoder.answers()]

    def release(self, now_s: float, *, all_: bool) -> list[Callable[[], None]]:
        """Return who has waited long enough for an answer, and forget them.

        A message whose rest the decoder still waits for is answered only with that rest; since it
        is not known which message that is, with the first transmission after the longest wait.

        Args:
            now_s: The present, loop time.
            all_: The decoder waits for nothing, so everyone can be answered.
        """
        held = self.delayed_calls
        if all_:
            released, self.delayed_calls = held, []
        else:
            count = max(0, len(held) - HOLD_AT_MOST)
            while count < len(held) and held[count][0] + HOLD_S <= now_s:
                count += 1
            released, self.delayed_calls = held[:count], held[count:]
        return [stored for _, stored in released]

    def _decode(
        self,
        payloads: Sequence[bytes],
        transmissions: list[Transmission],
        reject: Reject,
    ) -> None:
        heard_at = self._heard_at
        if heard_at is None:
            return
        self.frames += len(payloads)
        # What came in one read was said in an order, and keeps it: a microsecond apart.
        last_at = self._last_at
        if heard_at <= last_at and last_at - heard_at < _ONE_AFTER_ANOTHER:
            heard_at = last_at + _MICROSECOND
        topic, source, resent = self._topic, self._source, self._resent
        decoder = only = self._only
        for payload in payloads:
            frame = Frame(payload, heard_at, topic, source, resent)
            self._last_at = heard_at
            heard_at += _MICROSECOND
            if only is None:
                index = self._choose(frame)
                if index is None:
                    reject(frame, "unknown_protocol", "no protocol of this channel recognises it")
                    continue
                decoder = self._decoders[index]
            assert decoder is not None
            try:
                transmissions += decoder.decode(frame)
            except Exception as error:  # noqa: BLE001 - logged there
                _refuse(frame, error, reject)

    def _report_rejected(self, reject: Reject) -> None:
        """Tell of what was wrong inside frames that held good parts too."""
        for decoder in self._telling:
            for error in decoder.rejected():
                reject(self._frame(error.payload), error.reason, error.detail)

    def _choose(self, frame: Frame) -> int | None:
        for index, speaks in enumerate(self._speaks):
            if speaks(frame):
                return index
        return None

    def _frame(self, payload: bytes) -> Frame:
        heard_at = self._last_at if self._heard_at is None else self._heard_at
        return Frame(payload, heard_at, self._topic, self._source, self._resent)


def _refuse(frame: Frame, error: Exception, reject: Reject) -> None:
    """Reject a frame for what is being handled."""
    if isinstance(error, FrameError):
        reject(frame, error.reason, error.detail)
        return
    # A second place for it beside the supervisor: were a decoder's own fault to end the session, a
    # broker would send the same message again for ever.
    log_failure(frame.payload)
    reject(frame, "decoder_failed", repr(error))


def log_failure(payload: bytes) -> None:
    """Log the exception being handled, unless one was logged lately; all are counted anyway."""
    global _log_again_s  # one for the process, as the log is
    now_s = time.monotonic()
    if now_s >= _log_again_s:
        _log_again_s = now_s + LOG_EVERY_S
        _log.exception("decoder_failed", payload=payload[:200].hex())
