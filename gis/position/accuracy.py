"""Accuracy that is assumed where a report does not state one.

An accuracy is the radius that holds the true place in 68 % of cases. Satellite receivers without
corrections are within 5 m in the open (GPS Standard Positioning Service Performance Standard, 5th
edition, 2020: 7.8 m in 95 % of the signal's errors) and two to three times as far off under trees,
beside steep banks and with a small antenna on a body, as crews carry them. That holds for every
radio that passes on what its receiver says; what is coarser stands in the tables below.

Many need no line there, since their decoders read it from the message: APRS and Mic-E with hidden
digits, the mile of a DSC call and of AIS type 27, the precision of Meshtastic, the position error
of TETRA, the radius round an Iridium modem and round what a LoRaWAN network worked out, `ce` of
Cursor on Target (9999999 there: not known). An AIS report whose accuracy bit is 0 says no more than
one without: the bit's default, for a receiver that is worse than 10 m (ITU-R M.1371-5, annex 8).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

ASSUMED_ACCURACY_M: Final = 15.0
"""Of a radio's satellite receiver that tells none."""

SIGHTING_ACCURACY_M: Final = 50.0
"""Of what was seen from a moving boat and put on the map by eye."""

VOICE_ACCURACY_M: Final = 250.0
"""Of a place said by voice."""

NETWORK_ACCURACY_M: Final = 10_000.0
"""Of a place that a network worked out from how it heard a radio: within 10 km in some 80 % of
cases (Iridium, Short Burst Data Service Developers Guide, location of the modem)."""

HUNDREDTHS_ACCURACY_M: Final = 20.0
"""Of a receiver's place in hundredths of a minute: steps of 18.5 m of latitude, cut off by many
trackers and rounded by others, so up to 18.5 m and in the mean 9 m off along each axis, on top of
what the receiver is off."""

BY_FLAG: Final[Mapping[str, float]] = MappingProxyType(
    {
        "network_estimate": NETWORK_ACCURACY_M,
        "by_voice": VOICE_ACCURACY_M,
        "placed_by_hand": SIGHTING_ACCURACY_M,  # Cursor on Target, `how` is h-…
    }
)
"""Of places that no receiver gave, by the quality flag that says so; the first that holds counts.
"""

BY_PROTOCOL: Final[Mapping[str, float]] = MappingProxyType(
    {
        # APRS Protocol Reference 1.0.1, chapters 6 and 10. Compressed places and those with !DAO!
        # are finer, which a receiver at 15 m hardly shows.
        "aprs": HUNDREDTHS_ACCURACY_M,
        # $PKWDWPL has them from APRS; what comes by FleetSync is finer.
        "kenwood": HUNDREDTHS_ACCURACY_M,
    }
)
"""Of radios whose messages are coarser than their receivers, by what their addresses begin with.
"""


def typical_accuracy_m(protocol: str, flags: Collection[str] = ()) -> float:
    """Return what the accuracy of a place is taken to be that tells none, metres.

    Args:
        protocol: What the radio's address begins with (`ais`, `aprs`).
        flags: Quality flags of the report.

    >>> typical_accuracy_m("ais"), typical_accuracy_m("aprs")
    (15.0, 20.0)
    >>> typical_accuracy_m("iridium_sbd", ("network_estimate", "no_fix"))
    10000.0
    """
    if flags:
        for flag, accuracy_m in BY_FLAG.items():
            if flag in flags:
                return accuracy_m
    return BY_PROTOCOL.get(protocol, ASSUMED_ACCURACY_M)
