"""The protocols the gateway speaks, by name. A new one is one module and one line here.

Each module offers `FRAMING` (a framer factory), `decoder(settings)` and `speaks(frame)`; see
`radio_gateway.decoder`. No module imports this table.
"""

from __future__ import annotations

from typing import Protocol

from radio_gateway.decoder import Decoder, DecoderSettings
from radio_gateway.framing import Frame, Framer
from radio_gateway.protocols import ais, nmea0183, owntracks, position_json


class ProtocolModule(Protocol):
    """What a protocol module offers."""

    @property
    def FRAMING(self) -> type[Framer]:  # noqa: N802  (a module constant)
        """Makes the framer of one connection."""

    def speaks(self, frame: Frame) -> bool:
        """Return, cheaply, whether a frame may be of this protocol."""

    def decoder(self, settings: DecoderSettings) -> Decoder:
        """Return a decoder for one connection."""


PROTOCOLS: dict[str, ProtocolModule] = {
    "nmea0183": nmea0183,
    "ais": ais,
    "owntracks": owntracks,
    "position_json": position_json,
}
