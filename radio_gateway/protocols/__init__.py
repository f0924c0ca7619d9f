"""The protocols the gateway speaks, by name. A new one is one module and one line here.

Each module offers `FRAMING` (a framer factory), `decoder(settings)` and `speaks(frame)`; see
`radio_gateway.decoder`. One that can also be written stands in `OUTBOUND` too; see
`radio_gateway.order`. Bytes that a device must hear before it speaks stand in `GREETINGS`. No
module imports these tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from radio_gateway.decoder import Decoder, DecoderSettings
from radio_gateway.framing import Frame, Framer
from radio_gateway.order import OutboundModule
from radio_gateway.protocols import (
    ais,
    aprs,
    aprs_kiss,
    cot,
    dprs,
    dsc,
    garmin_ipc,
    gps103,
    gpsgate,
    gt06,
    h02,
    hytera,
    iridium_sbd,
    kenwood,
    lrrp,
    meshtastic_json,
    meshtastic_mqtt,
    meshtastic_serial,
    nmea0183,
    osmand,
    owntracks,
    position_json,
    raveon,
    spot,
    taip,
    tak,
    tetra,
    tk103,
)


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
    "dsc": dsc,
    "owntracks": owntracks,
    "meshtastic_mqtt": meshtastic_mqtt,
    "meshtastic_json": meshtastic_json,
    "meshtastic_serial": meshtastic_serial,
    "position_json": position_json,
    "gps103": gps103,
    "cot": cot,
    "tak": tak,
    "tk103": tk103,
    "aprs": aprs,
    "raveon": raveon,
    "gpsgate": gpsgate,
    "aprs_kiss": aprs_kiss,
    "dprs": dprs,
    "h02": h02,
    "tetra": tetra,
    "lrrp": lrrp,
    "kenwood": kenwood,
    "gt06": gt06,
    "hytera": hytera,
    "taip": taip,
    "osmand": osmand,
    "iridium_sbd": iridium_sbd,
    "garmin_ipc": garmin_ipc,
    "spot": spot,
}

OUTBOUND: dict[str, OutboundModule] = {
    "owntracks": owntracks,
    "meshtastic_mqtt": meshtastic_mqtt,
    "meshtastic_serial": meshtastic_serial,
    "gps103": gps103,
    "cot": cot,
    "tk103": tk103,
    "aprs": aprs,
    "aprs_kiss": aprs_kiss,
    "tetra": tetra,
    "lrrp": lrrp,
    "kenwood": kenwood,
    "gt06": gt06,
    "osmand": osmand,
}

GREETINGS: dict[str, Callable[[DecoderSettings], bytes]] = {
    "meshtastic_serial": meshtastic_serial.greeting,
    "aprs": aprs.greeting,
    "tetra": tetra.greeting,
    "hytera": hytera.greeting,
}
"""What to send when a link has been opened: wakes a device up, and never reaches the air."""
