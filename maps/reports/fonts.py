"""Fonts of a report, inside the file: Noto Sans and its cuts that the built web client brings.

Only the files whose script a document uses go into it, whole: taking single glyphs out of a font
of Khmer or Burmese, whose shapes depend on each other, would save little and risk much. Chinese is
left to the fonts of the machine: one file of it is larger than a report.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import structlog

from maps.pages import FOLDER

_log = structlog.get_logger(__name__)


class Cut(msgspec.Struct, frozen=True):
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
    Cut("Report Latin", "noto-sans-latin", ((0x20, 0x7E), (0xA0, 0xFF), (0x2000, 0x206F))),
    Cut(
        "Report Vietnamese",
        "noto-sans-vietnamese",
        ((0x102, 0x103), (0x110, 0x111), (0x128, 0x129), (0x168, 0x169), (0x1A0, 0x1A1),
         (0x1AF, 0x1B0), (0x1EA0, 0x1EF9)),
    ),
    Cut("Report Thai", "noto-sans-thai-thai", ((0xE01, 0xE5B),)),
    Cut("Report Lao", "noto-sans-lao-lao", ((0xE81, 0xEDF),)),
    Cut("Report Khmer", "noto-sans-khmer-khmer", ((0x1780, 0x17FF), (0x19E0, 0x19FF))),
    Cut("Report Myanmar", "noto-sans-myanmar-myanmar", ((0x1000, 0x109F), (0xAA60, 0xAA7F))),
)  # fmt: skip

WEIGHTS: Final = (400, 600)
LOCAL: Final = ("Noto Sans CJK SC", "Noto Sans SC", "Noto Sans", "sans-serif")
"""Families of the machine, for what no cut draws."""

FAMILY: Final = ", ".join(f"'{name}'" for name in (*(cut.family for cut in CUTS), *LOCAL[:-1]))
"""Value of `font-family` in page and drawing."""


def faces(text: str, *, folder: Path = FOLDER) -> str:
    """Return the `@font-face` rules for what `text` is written in, the fonts inside as data.

    A web client that is not built brings none: then the machine's own are used, and the log says
    so.
    """
    codes = {ord(letter) for letter in text}
    rules: list[str] = []
    missing: list[str] = []
    for cut in CUTS:
        if not any(low <= code <= high for low, high in cut.ranges for code in codes):
            continue
        for weight in WEIGHTS:
            data = _data(cut.file, weight, folder)
            if data is None:
                missing.append(f"{cut.file}-{weight}")
                continue
            rules.append(
                f"@font-face{{font-family:'{cut.family}';font-weight:{weight};"
                f"src:url(data:font/woff2;base64,{data}) format('woff2')}}"
            )
    if missing:
        _log.warning("report_fonts_missing", files=missing)
    return "\n".join(rules)


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


@cache
def _data(file: str, weight: int, folder: Path) -> str | None:
    # Names of built files end in a hash; `latin` must not find `latin-ext`.
    wanted = re.compile(rf"{re.escape(file)}-{weight}-normal-[\w-]+\.woff2")
    for path in sorted((folder / "assets").glob(f"{file}-{weight}-normal-*.woff2")):
        if wanted.fullmatch(path.name):
            return base64.b64encode(path.read_bytes()).decode("ascii")
    return None
