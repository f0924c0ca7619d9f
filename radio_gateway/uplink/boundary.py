"""Boundary: what a gateway on another computer may send; the node sets aside the rest.

A gateway hears radios, so it says what a decoder makes of what radios send, and nothing else. What
people plot by voice and whatever else a node says to itself has no decoder, and is not a gateway's
to say: it would move units, end their silence and raise their calls for help.
"""

from __future__ import annotations

import re
from typing import Final

from radio_gateway.messages.address_family import families_of
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")  # as settings want it of channels
_FLAG: Final = re.compile(r"[a-z0-9_]{1,64}")

DECODED: Final = frozenset(family for name in PROTOCOLS for family in families_of(name))
"""What `Transmission.protocol` is of all that a decoder makes; plug-ins say their own name."""


def overreach(transmission: Transmission, gateway: str) -> str | None:
    """Return why a transmission is not a gateway's to say; None where it is.

    Args:
        transmission: What it says.
        gateway: Its id.
    """
    if transmission.protocol not in DECODED and transmission.protocol not in PROTOCOLS:
        return f"no decoder of a gateway makes {transmission.protocol[:40]!r}"
    if not _NAME.fullmatch(transmission.channel):
        return f"no channel is called {transmission.channel[:100]!r}"
    if not transmission.reception_id.isprintable() or not all(
        map(_FLAG.fullmatch, transmission.flags)
    ):
        return "its reception or a flag holds what no gateway writes"
    if not transmission.reception_id.startswith(f"{gateway}/"):
        return f"reception {transmission.reception_id[:100]!r} is not its own"
    return None
