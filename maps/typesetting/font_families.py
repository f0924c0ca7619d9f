"""Font families: the families that a report is set in, and the scripts each covers.

Sans-serif Noto, one cut a script (OFL-1.1); for what none of them draws, families of the machine.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec


class FontFile(msgspec.Struct, frozen=True):
    """A file of the family.

    Attributes:
        family: Its name in a report's style.
        file: Beginning of the file's name, before its weight.
        ranges: What it draws, first and last code point.
    """

    family: str
    file: str
    ranges: tuple[tuple[int, int], ...]


CUTS: Final = (
    FontFile("Report Latin", "noto-sans-latin", ((0x20, 0x7E), (0xA0, 0xFF), (0x2000, 0x206F))),
    FontFile(
        "Report Vietnamese",
        "noto-sans-vietnamese",
        ((0x102, 0x103), (0x110, 0x111), (0x128, 0x129), (0x168, 0x169), (0x1A0, 0x1A1),
         (0x1AF, 0x1B0), (0x1EA0, 0x1EF9)),
    ),
    FontFile("Report Thai", "noto-sans-thai-thai", ((0xE01, 0xE5B),)),
    FontFile("Report Lao", "noto-sans-lao-lao", ((0xE81, 0xEDF),)),
    FontFile("Report Khmer", "noto-sans-khmer-khmer", ((0x1780, 0x17FF), (0x19E0, 0x19FF))),
    FontFile("Report Myanmar", "noto-sans-myanmar-myanmar", ((0x1000, 0x109F), (0xAA60, 0xAA7F))),
)  # fmt: skip

LOCAL: Final = ("Noto Sans CJK SC", "Noto Sans SC", "Noto Sans", "sans-serif")
"""Families of the machine, for what no cut draws."""

FAMILY: Final = ", ".join(f"'{name}'" for name in (*(cut.family for cut in CUTS), *LOCAL[:-1]))
"""Value of `font-family` in page and drawing."""


def beyond_the_cuts(letters: Iterable[str]) -> set[str]:
    """Return the letters that no cut draws, which a font of the machine must.

    >>> sorted(beyond_the_cuts("Mekong ก 湄公"))
    ['公', '湄']
    """
    ranges = [each for cut in CUTS for each in cut.ranges]
    return {
        letter
        for letter in letters
        if letter.isprintable() and not any(low <= ord(letter) <= high for low, high in ranges)
    }
