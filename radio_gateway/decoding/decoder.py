"""What a protocol module offers: `FRAMING`, a framer factory, and `decoder()`, a Decoder factory.

A decoder is pure: no clock, socket or file. It may keep session state (half an AIS message, the
sentences of one GNSS epoch), so each connection has its own. One that keeps none is a
`PlainDecoder`; one that owes answers or rejects parts of a frame is a `SessionDecoder`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission

Waypoints = Literal["stations", "marks"]
"""See `DecoderSettings.waypoints`."""


class DecoderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a decoder may be told; a protocol ignores what it does not know.

    Attributes:
        secret: Shared secret of an encrypting protocol (OwnTracks; Meshtastic: base64 of the
            channel's key).
        secrets: The same by device (OwnTracks) or by channel name (Meshtastic).
        station: What we are called on the air, where the protocol wants a sender (APRS call
            sign, Meshtastic node `!a1b2c3d4` or our topic `msh/TH/2/e/PATROL/!a1b2c3d4`, CoT uid,
            FleetSync `100:1001`).
        distress_statuses: Status codes that mean a call for help in this fleet (Kenwood, TETRA),
            written as the decoder gives them in `Transmission.status`.
        checksum_required: Reject sentences that carry no checksum from the start; otherwise
            that rule switches itself on once the source has sent one.
        damageable: The link is a serial line, where bytes are damaged and nobody notices; TCP, UDP
            and brokers have checks of their own.
        waypoints: What a sentence about a named place says on an `nmea0183` channel: `stations`,
            where the station of that name is; `marks`, a place that somebody marked; None: nothing
            but that the bus carries it.
        payload: How trackers lay out what they put into an Iridium message, a name in
            `radio_gateway.protocols.iridium.payloads.PAYLOADS`; None: NMEA 0183 if it is text.
        tak_dictionaries: What Meshtastic's TAK packets of version 2 are compressed with, by number.
        live: Frames were heard when `heard_at` says. False for a recording of unknown age: no
            missing date is then taken from `heard_at`.
    """

    secret: str | None = None
    secrets: dict[str, str] = {}
    station: str | None = None
    distress_statuses: frozenset[str] = frozenset()
    checksum_required: bool = False
    damageable: bool = False
    waypoints: Waypoints | None = None
    payload: str | None = None
    tak_dictionaries: tuple[bytes, ...] = ()
    live: bool = True

    def __repr__(self) -> str:
        """Return it without the secrets: a repr may end in a log."""
        return f"DecoderSettings(checksum_required={self.checksum_required}, live={self.live}, …)"


class Decoder(Protocol):
    """Turns the frames of one connection into transmissions."""

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one frame.

        Returns:
            What is complete with this frame, oldest first; empty while more must come.

        Raises:
            FrameError: If the frame cannot be understood; the decoder stays usable.
        """

    def flush(self, now: datetime | None) -> list[Transmission]:
        """Give up waiting for what will not come.

        Args:
            now: The present; only what has waited long enough is given up or returned.
                None: the stream has ended, everything is.

        Returns:
            What was complete enough to be one transmission.
        """

    def waiting(self) -> bool:
        """Return whether `flush` may have something to do, so that a channel sets a timer."""

    def rejected(self) -> list[FrameError]:
        """Return, once, what was rejected inside frames that held good parts too."""

    def answers(self) -> list[bytes]:
        """Return, once, what the protocol owes the sender for the frames decoded so far.

        A tracker's log-in answer, an acknowledgement. The channel sends it on the connection that
        brought the frames, and only once everything that they said is stored.
        """


class PlainDecoder:
    """A decoder that keeps nothing between frames; subclasses write `decode`.

    One that does keep something may take from it what it has no use for.
    """

    def flush(self, now: datetime | None) -> list[Transmission]:  # noqa: ARG002
        """Return nothing: no frame waits for another."""
        return []

    def waiting(self) -> bool:
        """Return False: no frame waits for another."""
        return False

    def rejected(self) -> list[FrameError]:
        """Return nothing: a frame is good or bad as a whole."""
        return []

    def answers(self) -> list[bytes]:
        """Return nothing: the sender expects no answer."""
        return []


class SessionDecoder(PlainDecoder):
    """A decoder that owes the sender answers, or rejects parts of frames that are good otherwise.

    Subclasses append to `_answers` and `_rejected`.
    """

    def __init__(self) -> None:
        self._answers: list[bytes] = []
        self._rejected: list[FrameError] = []

    def rejected(self) -> list[FrameError]:
        """Return, once, what was rejected inside frames that held good parts too."""
        rejected, self._rejected = self._rejected, []
        return rejected

    def answers(self) -> list[bytes]:
        """Return, once, what is owed for the frames that were understood."""
        owed, self._answers = self._answers, []
        return owed

    def _unless_all_bad(self, transmissions: list[Transmission]) -> list[Transmission]:
        """Return the good parts of a frame.

        Raises:
            FrameError: The first rejected part, if there is no good one.
        """
        if self._rejected and not transmissions:
            raise self.rejected()[0]
        return transmissions


def is_plain(decoder: Decoder, method: str) -> bool:
    """Return whether a method is that of `PlainDecoder`, as for most decoders: it has nothing."""
    return getattr(type(decoder), method, None) is getattr(PlainDecoder, method)
