"""What stands under `detail` of an event, and what it tells beside the place."""

from __future__ import annotations

import math
from collections.abc import Mapping

from radio_gateway.formats.cot_node_mark import CONTENT_FACT, NODE_FACT, NODE_MARK

Facts = dict[str, str | int | float | bool]

MAX_FIELD = 200  # characters

KNOWN = frozenset(
    {
        *("contact", "track", "__chat", "chatgrp", "remarks", "emergency", "status", "__group"),
        *("takv", "precisionlocation", "link", "archive", NODE_MARK),
    }
)
"""Elements that are read."""

# Of each element of the detail: its facts, and the attributes that say them.
_FACTS = (
    ("contact", (("callsign", "callsign"),)),
    ("__chat", (("callsign", "senderCallsign"), ("chatroom", "chatroom"))),
    ("remarks", (("to", "to"),)),
    ("emergency", (("emergency_type", "type"),)),
    ("__group", (("team", "name"), ("role", "role"))),
    ("takv", (("device_model", "device"), ("platform", "platform"), ("version", "version"))),
    ("precisionlocation", (("position_source", "geopointsrc"),)),
    (NODE_MARK, ((NODE_FACT, "by"), (CONTENT_FACT, "of"))),
)


def facts_of(detail: Mapping[str, dict[str, str]]) -> Facts:
    """Return what the elements say of the sender in words."""
    facts: Facts = {}
    for element, names in _FACTS:
        attributes = detail.get(element)
        if attributes:
            for name, attribute in names:
                value = attributes.get(attribute)
                if value and name not in facts:
                    facts[name] = value[:MAX_FIELD]
    return facts


def battery_of(detail: Mapping[str, dict[str, str]]) -> float | None:
    """Return the charge of the battery, per cent; None where none or nonsense is said."""
    battery = detail.get("status", {}).get("battery")
    try:
        percent = math.nan if not battery else float(battery)
    except ValueError:
        return None
    return percent if 0.0 <= percent <= 100.0 else None
