"""Receptions: one message with every channel and gateway that received it, and how well."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from radio_gateway.messages.transmission import Transmission


class Reception(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One reception of a message.

    Attributes:
        reception_id: `gateway/boot/number`.
        channel: Channel that heard it.
        heard_at: When, by that gateway's clock, aware UTC.
        rssi_dbm: Received signal strength, dBm.
        snr_db: Signal to noise ratio, dB.
    """

    reception_id: str
    channel: str
    heard_at: datetime
    rssi_dbm: float | None = None
    snr_db: float | None = None

    @property
    def gateway(self) -> str:
        """The gateway that heard it.

        >>> from datetime import UTC
        >>> at = datetime(2026, 11, 24, tzinfo=UTC)
        >>> Reception(reception_id="pier/3f2a/17", channel="ais", heard_at=at).gateway
        'pier'
        """
        return self.reception_id.partition("/")[0]


class ReceivedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message, joined from all its receptions.

    Attributes:
        transmission: What was said, as the gateway that heard it first passed it on.
        heard_by: All receptions, the first one first.
        best: The one that heard it best; None where no signal was measured.
    """

    transmission: Transmission
    heard_by: tuple[Reception, ...]
    best: Reception | None = None


def received_message(transmission: Transmission, also: Iterable[Reception]) -> ReceivedMessage:
    """Join a message with its further receptions; one that came twice counts once."""
    signal = transmission.signal
    by_id = {each.reception_id: each for each in also}
    by_id[transmission.reception_id] = Reception(
        reception_id=transmission.reception_id,
        channel=transmission.channel,
        heard_at=transmission.heard_at,
        rssi_dbm=None if signal is None else signal.rssi_dbm,
        snr_db=None if signal is None else signal.snr_db,
    )
    every = tuple(sorted(by_id.values(), key=lambda each: (each.heard_at, each.reception_id)))
    return ReceivedMessage(transmission=transmission, heard_by=every, best=best(every))


def best(receptions: Iterable[Reception]) -> Reception | None:
    """Return who heard it best: by signal to noise, where nobody measured that by strength.

    Noise differs from place to place, so a strong signal may be a poor one. Of equals the first.
    """
    measured = [each for each in receptions if each.snr_db is not None]
    if measured:
        return max(measured, key=lambda each: each.snr_db or 0.0)
    measured = [each for each in receptions if each.rssi_dbm is not None]
    return max(measured, key=lambda each: each.rssi_dbm or 0.0) if measured else None
