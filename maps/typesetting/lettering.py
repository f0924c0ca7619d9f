"""Lettering: approximate widths of text, so that labels of drawings do not overlap.

Exact widths need the font; a drawing needs only to know what surely fits.
"""

from __future__ import annotations

import unicodedata

_NARROW = frozenset("ilIjtf.,:;'|!()[] \u202f·")


def width_of(text: str, size: float) -> float:
    """Return about how wide `text` is in a sans-serif face of `size`, in the same unit.

    >>> width_of("", 10.0), width_of("Mekong", 10.0) > width_of("lilili", 10.0)
    (0.0, True)
    """
    return size * sum(_width(letter) for letter in text)


def cut_to(text: str, width: float, size: float) -> str:
    """Return as much of `text` as fits, with an ellipsis where some is left out.

    >>> cut_to("Chiang Khong police", 40.0, 10.0)
    'Chiang…'
    """
    if width_of(text, size) <= width:
        return text
    text_so_far = ""
    for letter in text:
        if width_of(text_so_far + letter, size) + size * 0.6 > width and _width(letter) > 0:
            break
        text_so_far += letter
    return text_so_far.rstrip() + "…"


def _width(letter: str) -> float:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0.0
    if unicodedata.east_asian_width(letter) in ("W", "F"):
        return 1.0
    if "\u1000" <= letter <= "\u109f" or "\u1780" <= letter <= "\u17ff":
        return 0.85
    if letter in _NARROW:
        return 0.32
    return 0.68 if letter.isupper() else 0.57
