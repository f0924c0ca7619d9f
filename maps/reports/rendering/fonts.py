"""Fonts of a report, inside the file: Noto Sans and its cuts that the built web client brings.

Only the files whose script a document uses go into it, whole: taking single glyphs out of a font
of Khmer or Burmese, whose shapes depend on each other, would save little and risk much. Chinese is
left to the fonts of the machine: one file of it is larger than a report.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Final

import structlog

from maps.typesetting.font_families import CUTS
from maps.web_client.build_id import FOLDER

WEIGHTS: Final = (400, 600)

_log = structlog.get_logger(__name__)


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


@cache
def _data(file: str, weight: int, folder: Path) -> str | None:
    # Names of built files end in a hash; `latin` must not find `latin-ext`.
    pattern = re.compile(rf"{re.escape(file)}-{weight}-normal-[\w-]+\.woff2")
    for path in sorted((folder / "assets").glob(f"{file}-{weight}-normal-*.woff2")):
        if pattern.fullmatch(path.name):
            return base64.b64encode(path.read_bytes()).decode("ascii")
    return None
