"""Families: which radios each protocol tells of. A radio has one address, `family:device`, whatever
carries what it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FAMILIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "nmea0183": ("nmea0183", "ais", "dsc"),  # their sentences may stand in between
        "kenwood": ("kenwood", "nmea0183"),  # the set at our end has a receiver of its own
        "aprs_kiss": ("aprs",),
        "dprs": ("aprs",),
        "tak": ("cot",),
        "tms": ("lrrp",),  # the same radios
        "signalk": ("signalk", "ais"),  # who has an MMSI goes by it
        "rockblock": ("iridium_sbd",),  # the same modems
        "meshtastic_mqtt": ("meshtastic",),
        "meshtastic_json": ("meshtastic",),
        "meshtastic_serial": ("meshtastic",),
    }
)
"""Protocols that tell of other radios than those named like themselves."""


def families_of(protocol: str) -> tuple[str, ...]:
    """Return what the addresses begin with of the radios that `protocol` tells of.

    >>> families_of("meshtastic_mqtt"), families_of("owntracks")
    (('meshtastic',), ('owntracks',))
    """
    return FAMILIES.get(protocol, (protocol,))
