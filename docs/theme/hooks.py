"""Hooks of MkDocs: pages that lie beside the code join the site, and links keep leading to them.

A page names others by where they lie in the repository, as whoever reads it there needs it. What
is no page of the site (source text) is named without a link: the site is read without a network.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File

from maps.language.translations import TRANSLATED, Translation, translations

ROOT: Final = Path(__file__).resolve().parents[2]

BESIDE_CODE: Final = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "deploy/mosquitto/README.md",
    "deploy/systemd/README.md",
    "gis/reference/NOTICES.md",
    "tests/README.md",
    "tests/benchmarks/README.md",
    "tests/captures/README.md",
    "tests/endurance/README.md",
    "tests/fuzz/README.md",
)
"""Pages of the repository that are part of the site, below `repository/`."""

LOOKED_UP: Final = re.compile(
    r"reference/(api|commands|settings)\.md|explanation/(decisions|details)\.md|repository/(CHANGELOG|tests/.*)\.md"
)
"""Pages that a search finds after the others: they name everything once."""

LANGUAGES: Final = {
    "th": "Thai",
    "lo": "Lao",
    "my": "Burmese",
    "km": "Khmer",
    "vi": "Vietnamese",
    "zh": "Chinese",
}

STATES: Final = {
    "changed": "English that has changed",
    "new": "New, not translated yet",
    "unread": "Translated by machine, never confirmed",
}
"""Of texts that wait, in the order of the page."""

_LINK: Final = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def on_files(files: Any, *, config: Any) -> Any:
    """Add the pages that lie beside the code, and what waits in each language."""
    for name in BESIDE_CODE:
        files.append(File.generated(config, f"repository/{name}", abs_src_path=str(ROOT / name)))
    for language in TRANSLATED:
        content = "\n".join(_waiting(language))
        files.append(File.generated(config, f"translations/{language}.md", content=content))
    return files


def _waiting(language: str) -> Iterator[str]:
    texts = list(translations(language))
    states = [each.state for each in texts]
    yield "---\nsearch: { exclude: true }\n---"
    yield f"# What waits in {LANGUAGES[language]}\n"
    yield (
        f"Of {len(texts)} texts a native reader has confirmed **{states.count('read')}**. Since"
        f" then the English of **{states.count('changed')}** has changed, and"
        f" **{states.count('new')}** have come that are not translated;"
        f" **{states.count('unread')}** were translated by machine and never confirmed."
        " How to confirm or correct them: [Translate](../guides/translate.md).\n"
    )
    for state, title in STATES.items():
        waiting = [each for each in texts if each.state == state]
        if waiting:
            yield f"## {title}: {len(waiting)}\n"
        for part in dict.fromkeys(each.part for each in waiting):
            yield f"### {part}.po, {state}\n"
            yield from _table(language, (each for each in waiting if each.part == part))


def _table(language: str, texts: Iterable[Translation]) -> Iterator[str]:
    yield "<table><tr><th>Text<th>English<th>Translation</tr>"
    for each in texts:
        before = f"<del>{_cell(each.previous)}</del> " if each.previous else ""
        yield (
            f"<tr><td><code>{escape(each.key)}</code><td>{before}{_cell(each.english)}"
            f'<td lang="{language}">{_cell(each.translation)}</tr>'
        )
    yield "</table>\n"


def _cell(text: str) -> str:
    """Return a text in HTML, in one line: a blank one would end the table for Markdown."""
    return escape(text).replace("\n", "<br>")


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Let links lead to where the pages lie in the site, and searches to what explains first."""
    here = page.file.src_uri
    if LOOKED_UP.fullmatch(here):
        page.meta["search"] = {"boost": 0.3}
    at = here.removeprefix("repository/") if here.startswith("repository/") else f"docs/{here}"

    def led(found: re.Match[str]) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(at), target))
        if path in BESIDE_CODE:
            path = f"repository/{path}"
        elif path.startswith("docs/"):
            path = path.removeprefix("docs/")
        elif (ROOT / path).exists():
            return text
        return f"[{text}]({posixpath.relpath(path, posixpath.dirname(here) or '.')}{anchor})"

    return _LINK.sub(led, markdown)
