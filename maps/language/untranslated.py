"""Untranslated: which translations no native reader has gone through.

`python -m maps.language.untranslated th` prints what waits.

The list is `maps/words/awaiting_native_readers.toml`: one table a language, one entry a part, with
the keys that wait or `*` for all of them.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

from maps.language.wording import FOLDER
from patrol.units.accounts import LANGUAGES

LIST: Final = FOLDER / "awaiting_native_readers.toml"


def waiting(language: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield part, key, English and translation of each text of a language that waits."""
    parts: Mapping[str, list[str]] = tomllib.loads(LIST.read_text(encoding="utf-8"))[language]
    for part, keys in parts.items():
        english, translated = _words("en", part), _words(language, part)
        for key, text in translated.items():
            if "*" in keys or key in keys:
                yield part, key, english.get(key, ""), text


def _words(language: str, part: str) -> dict[str, str]:
    path = FOLDER / language / f"{part}.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return found


def main() -> None:
    """Print what waits in one language as CSV, for a reader to correct."""
    parser = argparse.ArgumentParser(
        prog="python -m maps.language.untranslated", description=__doc__
    )
    parser.add_argument("language", choices=[each for each in LANGUAGES if each != "en"])
    table = csv.writer(sys.stdout)
    table.writerow(("part", "key", "English", "translation"))
    table.writerows(waiting(parser.parse_args().language))


if __name__ == "__main__":
    main()
