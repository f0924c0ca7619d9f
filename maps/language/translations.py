"""Translations: what of a language waits for a native reader, and what English has changed since.

```
python -m maps.language.translations list th      # what waits in Thai, as CSV
python -m maps.language.translations update       # after a change to maps/words/en
```

The state of a text is what gettext says of it: without a translation it is *new*; marked `fuzzy`,
no native reader has confirmed it, and where the English that the reader confirmed stands with it
(`#| msgid`), the English is another now. Poedit shows the mark as "Needs work" and Weblate as
"Needs editing"; a native reader who confirms the text there takes it off.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import polib

from maps.language.word_files import ENGLISH, FOLDER, languages, parts, read_part

State = Literal["new", "changed", "unread", "read"]
"""No translation; other English than a native reader confirmed; never confirmed; confirmed."""

TRANSLATED: Final = tuple(each for each in languages() if each != ENGLISH)


class Translation(NamedTuple):
    """One text in one language.

    Attributes:
        part: File that it stands in.
        key: What programs know it by.
        state: What a native reader has done about it.
        english: What is to be translated; of a text that counts, the form for many.
        previous: The English that a native reader confirmed last; empty unless it changed.
        translation: What people read now; empty where that is English.
    """

    part: str
    key: str
    state: State
    english: str
    previous: str
    translation: str


def translations(language: str) -> Iterator[Translation]:
    """Yield all texts of a language, in the order of its files.

    Raises:
        OSError, ValueError: If a file cannot be used.
    """
    for part in parts():
        for entry in read_part(language, part):
            forms = sorted(entry.msgstr_plural.items())
            yield Translation(
                part=part,
                key=entry.msgctxt or "",
                state=state_of(entry),
                english=entry.msgid_plural or entry.msgid,
                previous=entry.previous_msgid_plural or entry.previous_msgid or "",
                translation=forms[-1][1] if forms else entry.msgstr,
            )


def state_of(entry: polib.POEntry) -> State:
    """Return what a native reader has done about one text."""
    if not (all(entry.msgstr_plural.values()) if entry.msgid_plural else entry.msgstr):
        return "new"
    if not entry.fuzzy:
        return "read"
    return "changed" if entry.previous_msgid else "unread"


def update(file: polib.POFile, english: polib.POFile) -> None:
    """Take the English of today into a translation, in the order of the English file.

    What is no longer used goes. A text that a native reader has confirmed and that is another in
    English now is marked `fuzzy`, with the English that was confirmed.

    Args:
        file: The translation; changed in place.
        english: The same part in English.
    """
    known = {entry.msgctxt: entry for entry in file if not entry.obsolete}
    forms = range(int(file.metadata["Plural-Forms"].partition("nplurals=")[2].partition(";")[0]))
    file.clear()
    for source in english:
        old = known.get(source.msgctxt) or polib.POEntry(flags=["fuzzy"])
        entry = polib.POEntry(
            msgctxt=source.msgctxt,
            msgid=source.msgid,
            msgid_plural=source.msgid_plural,
            tcomment=old.tcomment,
            comment=source.comment,
            previous_msgid=old.previous_msgid,
            previous_msgid_plural=old.previous_msgid_plural,
        )
        texts = [text for _, text in sorted(old.msgstr_plural.items())] or [old.msgstr]
        if source.msgid_plural:
            entry.msgstr_plural = {form: texts[min(form, len(texts) - 1)] for form in forms}
        else:
            entry.msgstr = texts[-1]
        fuzzy = old.fuzzy
        changed = (old.msgid, old.msgid_plural) != (source.msgid, source.msgid_plural)
        if changed and not fuzzy:
            fuzzy = True
            entry.previous_msgid, entry.previous_msgid_plural = old.msgid, old.msgid_plural or None
        others = [flag for flag in source.flags if flag != "fuzzy"]
        entry.flags = ["fuzzy", *others] if fuzzy else others
        file.append(entry)


def main() -> None:
    """List what waits in a language, or take the English of today into all."""
    parser = argparse.ArgumentParser(
        prog="python -m maps.language.translations",
        description="List what waits for a native reader, or take up changed English.",
    )
    acts = parser.add_subparsers(dest="act", required=True)
    acts.add_parser("list").add_argument("language", choices=TRANSLATED)
    acts.add_parser("update")
    options = parser.parse_args()
    if options.act == "list":
        table = csv.writer(sys.stdout)
        table.writerow(Translation._fields)
        table.writerows(each for each in translations(options.language) if each.state != "read")
        return
    for part in parts():
        english = read_part(ENGLISH, part)
        for language in TRANSLATED:
            file = read_part(language, part)
            update(file, english)
            (FOLDER / language / f"{part}.po").write_text(text_of(file), encoding="utf-8")


def text_of(file: polib.POFile) -> str:
    """Return a file as gettext, Poedit and Weblate write it with their lines left whole."""
    return str(file).rstrip("\n") + "\n"


if __name__ == "__main__":
    main()
