"""What it means that a report does not tell how wrong its place may be, in one place.

An accuracy is the radius that holds the true place in 68 % of cases. Satellite receivers without
corrections are within 5 m in the open (GPS Standard Positioning Service Performance Standard, 5th
edition, 2020: 7.8 m in 95 % of the signal's errors) and two to three times as far off under trees,
beside steep banks and with a small antenna on a body, as crews carry them.
"""

from __future__ import annotations

from typing import Final

ASSUMED_ACCURACY_M: Final = 15.0
"""Of a radio's satellite receiver that tells none."""

SIGHTING_ACCURACY_M: Final = 50.0
"""Of what was seen from a moving boat and put on the map by eye."""

VOICE_ACCURACY_M: Final = 250.0
"""Of a place said by voice."""
