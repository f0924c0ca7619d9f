"""Word files: texts in gettext PO, `maps/words`, for the server and the build of the pages.

`en/PART.pot` holds the English of a part, `LANGUAGE/PART.po` its translation; the context of an
entry (`msgctxt`) is the key that programs know it by. A text of which `{n}` counts something has
plural forms, chosen by the expression in the head of its file. An entry marked `fuzzy` is used all
the same: a machine has translated it, and no native reader has confirmed it
(`maps.language.translations`). Source: GNU gettext manual, "The Format of PO Files".

Imports only polib and the standard library: the build of the pages uses it before anything is
installed.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import polib

FOLDER: Final = Path(__file__).parent.parent / "words"
"""One folder a language, one file a part."""

ENGLISH: Final = "en"
_FORMS_HEAD: Final = """\
/** Number of the plural form that goes with a count; made from the heads of `maps/words`. */
export const pluralForms: Readonly<Record<KNOWN, (n: number) => number>> = {"""
_PLURAL: Final = re.compile(r"nplurals=\d+; plural=([^;]+);")


class Catalog(NamedTuple):
    """Texts of one language.

    Attributes:
        texts: By key; of a text that counts, one for each plural form.
        plural_form: Number of the form that goes with a count.
    """

    texts: Mapping[str, str | tuple[str, ...]]
    plural_form: Callable[[int], int]


def parts() -> list[str]:
    """Return the names of all parts, sorted."""
    return sorted(path.stem for path in (FOLDER / ENGLISH).glob("*.pot"))


def languages() -> list[str]:
    """Return all languages that have a folder, sorted."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


def read_part(language: str, part: str) -> polib.POFile:
    """Return the file of one part.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no PO file.
    """
    path = FOLDER / language / f"{part}.{'pot' if language == ENGLISH else 'po'}"
    # polib takes a name that is no file for the text itself.
    return polib.pofile(path.read_text(encoding="utf-8"), wrapwidth=0)


def texts_of(file: polib.POFile, *, english: bool) -> dict[str, str | tuple[str, ...]]:
    """Return the texts of a file by their keys; what is not translated is left out.

    Args:
        file: As it was read.
        english: Whether the texts wanted are those that others translate.
    """
    found: dict[str, str | tuple[str, ...]] = {}
    for entry in file:
        if entry.obsolete or not entry.msgctxt:
            continue
        text: str | tuple[str, ...] = entry.msgid if english else entry.msgstr
        if entry.msgid_plural:
            forms = sorted(entry.msgstr_plural.items())
            text = (
                (entry.msgid, entry.msgid_plural) if english else tuple(each for _, each in forms)
            )
        if text and all(text):
            found[entry.msgctxt] = text
    return found


def plural_rule(file: polib.POFile) -> str:
    """Return the expression that chooses a plural form, in C, of a count `n`.

    Raises:
        ValueError: If the head of the file has none, or one that is no such expression.
    """
    found = _PLURAL.fullmatch(file.metadata.get("Plural-Forms", ""))
    if found is None:
        raise ValueError(f"no Plural-Forms in the words in {file.metadata.get('Language')!r}")
    gettext.c2py(found[1])
    return found[1]


def read_catalog(language: str) -> Catalog:
    """Return all texts of a language.

    Raises:
        OSError, ValueError: If a file cannot be used.
    """
    texts: dict[str, str | tuple[str, ...]] = {}
    rule = "0"
    for part in parts():
        file = read_part(language, part)
        texts |= texts_of(file, english=language == ENGLISH)
        rule = plural_rule(file)
    return Catalog(texts, gettext.c2py(rule))


def compile_for_pages(folder: Path) -> None:
    """Write what the pages load: a JSON file for each language and part, and the plural rules.

    A text with several plural forms is a list of them. A translation that is missing stands in
    English, in the form for many.

    Args:
        folder: Made if need be; files of ours in it are replaced.

    Raises:
        OSError, ValueError: If a file of the words cannot be used.
    """
    rules = {}
    for language in languages():
        (folder / language).mkdir(parents=True, exist_ok=True)
        for part in parts():
            english = texts_of(read_part(ENGLISH, part), english=True)
            file = read_part(language, part)
            own = texts_of(file, english=language == ENGLISH)
            rules[language] = plural_rule(file)
            texts = {key: _for_pages(own.get(key), text) for key, text in english.items()}
            path = folder / language / f"{part}.json"
            path.write_text(json.dumps(texts, ensure_ascii=False, indent=1) + "\n", "utf-8")
    forms = [
        f"  {each}: {'(n)' if 'n' in rule else '()'} => Number({rule}),"
        for each, rule in rules.items()
    ]
    known = " | ".join(f'"{each}"' for each in rules)
    text = "\n".join([_FORMS_HEAD.replace("KNOWN", known), *forms, "};", ""])
    (folder / "plural-forms.ts").write_text(text, "utf-8")


def _for_pages(
    own: str | tuple[str, ...] | None, english: str | tuple[str, ...]
) -> str | tuple[str, ...]:
    if own is None:
        return english if isinstance(english, str) else english[-1]
    return own[0] if len(own) == 1 else own
