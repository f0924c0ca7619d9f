"""Common passwords: those that who guesses tries first, and what people make of them to be long.

A password of twelve characters is no better than one of six if it is `password2026!` or
`qwertyqwerty`. So what is refused is a common password, one with digits and signs about it, a short
piece said over and over, and a run of the keyboard, the digits or the alphabet.

Source: NIST SP 800-63B, 5.1.1.2, asks for a list of such; where ours is from stands in its head.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

_LONGEST_PIECE: Final = 8
_FEWEST_CHARACTERS: Final = 5
_RUNS: Final = (
    "01234567890123456789",
    "12345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)


def is_common(password: str) -> bool:
    """Return whether who guesses would come to a password soon.

    >>> is_common("Password2026!"), is_common("qwertyqwerty"), is_common("123456789012")
    (True, True, True)
    >>> is_common("three boats at the pier"), is_common("dragonfly-harbour-7")
    (False, False)
    """
    folded = password.casefold()
    words = folded.strip(" 0123456789!?.,;:-_+*#@$%&/()='\"")
    return (
        len(set(folded)) < _FEWEST_CHARACTERS
        or folded in _word_list()
        or words in _word_list()
        or _is_repeated(folded)
        or any(folded in run or folded in run[::-1] for run in _RUNS)
    )


def _is_repeated(text: str) -> bool:
    """Return whether a text is one short piece over and over; the last time may be cut."""
    for length in range(1, min(_LONGEST_PIECE, len(text) // 2) + 1):
        piece = text[:length]
        if (piece * (len(text) // length + 1))[: len(text)] == text:
            return True
    return False


@cache
def _word_list() -> frozenset[str]:
    text = files(__package__).joinpath("common_passwords.txt").read_text(encoding="ascii")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
