"""Distress words: which words of radios and trackers mean that somebody needs help."""

from __future__ import annotations

from typing import Final

MAN_DOWN: Final = frozenset(
    {"man_down", "mandown", "fall_down", "falldown", "fall_detected", "no_movement", "lone_worker"}
)
"""Words for it that somebody lies still, in small letters, with `_` between."""


def is_man_down(words: str) -> bool:
    """Return whether a status says it; it may name several things, with spaces between.

    >>> is_man_down("impact man_down"), is_man_down("Man Down"), is_man_down("man overboard")
    (True, True, False)
    """
    plain = words.lower().replace("-", "_")
    return plain.replace(" ", "_") in MAN_DOWN or not MAN_DOWN.isdisjoint(plain.split())


def calls_for_help(alarm: str) -> bool:
    """Return whether the name of an alarm says that somebody called, or lies still and could not.

    >>> calls_for_help("SOS"), calls_for_help("fallDown"), calls_for_help("lowBattery")
    (True, True, False)
    """
    return alarm.lower() == "sos" or is_man_down(alarm)
