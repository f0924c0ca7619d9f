"""Scripts: which protocols carry every script to a radio."""

from __future__ import annotations

from typing import Final

ALL_SCRIPTS: Final = frozenset({"meshtastic", "cot", "tetra", "position_json"})
"""Protocols, as addresses name them, that carry text of any script to what can show it: UTF-8, and
over TETRA 16 bits a letter where 8 do not do; `position_json` are enrolled phones. APRS carries
UTF-8 too, but most of its radios show ASCII alone."""
