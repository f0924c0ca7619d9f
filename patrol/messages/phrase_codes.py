"""Canned phrases with a code, which each reader sees in their own language.

A phrase travels as its code. Where only a short text goes it is `#12`, its number here, alone or
before its words (`#12 Stop the boat`); `#stop_the_boat` is the same. The words of every code in
every language are the client's (`maps/words/LANGUAGE/phrases.po`). A number is never given anew:
radios have them on paper (`docs/reference/phrases.md`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "all_well": 1,
        "at_rendezvous": 2,
        "on_our_way": 3,
        "on_station": 4,
        "returning_to_base": 5,
        "boat_in_sight": 6,
        "boat_without_lights": 7,
        "following_boat": 8,
        "boat_crossing": 9,
        "boat_landed": 10,
        "lost_sight": 11,
        "stop_the_boat": 12,
        "boarding": 13,
        "search_finished": 14,
        "goods_found": 15,
        "person_arrested": 16,
        "need_help": 17,
        "send_boat": 18,
        "medical": 19,
        "person_in_water": 20,
        "engine_trouble": 21,
        "low_fuel": 22,
        "aground": 23,
        "bad_weather": 24,
        "stop": 25,
        "wait": 26,
        "understood": 27,
        "say_again": 28,
        "call_by_radio": 29,
    }
)
"""Number of each code."""

_CODES: Final = {str(number): code for code, number in NUMBERS.items()}
_SAID: Final = re.compile(r"\s*#([A-Za-z0-9_]{1,40})(?:\s|$)", re.ASCII)


def code_of(text: str) -> str | None:
    """Return the code that a text is or begins with; None for words of one's own.

    >>> code_of("#12"), code_of(" #012 Stop the boat"), code_of("#Stop_the_boat")
    ('stop_the_boat', 'stop_the_boat', 'stop_the_boat')
    >>> code_of("#99"), code_of("pier #12"), code_of("#12th boat"), code_of("# 12")
    (None, None, None, None)
    """
    match_ = _SAID.match(text)
    if match_ is None:
        return None
    word = match_[1].lower()
    code = _CODES.get(word.lstrip("0"), word)
    return code if code in NUMBERS else None


def in_short(code: str) -> str:
    """Return a phrase as every radio can say it.

    >>> in_short("stop_the_boat")
    '#12'

    Raises:
        KeyError: If there is no such phrase.
    """
    return f"#{NUMBERS[code]}"
