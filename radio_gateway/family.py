"""Families: the protocols that speak of the same radios, whatever carries them.

A radio has one address, `family:device`, however it is heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aprs_kiss": "aprs",
        "dprs": "aprs",
        "tak": "cot",
        "meshtastic_mqtt": "meshtastic",
        "meshtastic_json": "meshtastic",
        "meshtastic_serial": "meshtastic",
    }
)
"""Protocols whose radios are of another protocol's family."""


def family_of(protocol: str) -> str:
    """Return the family that begins the addresses of the radios that speak `protocol`.

    >>> family_of("meshtastic_mqtt"), family_of("ais")
    ('meshtastic', 'ais')
    """
    return FAMILIES.get(protocol, protocol)
