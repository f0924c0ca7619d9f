"""Phrasebook: set phrases of radio traffic in two languages, side by side."""

from __future__ import annotations

from typing import Final

from maps.language.wording import Wording, words_of
from maps.reports.document.document import Block, Column, Table
from maps.reports.document.request import ReportRequest
from patrol.errors.errors import Forbidden
from patrol.units.accounts import LANGUAGES

CODES: Final = "phrase."
"""How the keys of the canned phrases begin in `maps/words`."""


def phrase_tables(request: ReportRequest) -> tuple[Block, ...]:
    """Return the canned phrases in the reader's and the second language, then the agency's own."""
    words = request.words
    second = request.second
    found: list[Block] = []
    canned = _canned(words, second)
    if canned.rows:
        found.append(canned)
    own = _own(request)
    if own.rows or not found:
        found.append(own)
    return tuple(found)


def _canned(words: Wording, second: Wording | None) -> Table:
    heads = [Column(words.text(f"report.language.{words.language}"))]
    if second is not None:
        heads.append(Column(words.text(f"report.language.{second.language}")))
    rows = []
    for key in sorted(words_of("en")):
        if not key.startswith(CODES) or "{" in words_of("en")[key]:
            continue
        row = [words.text_if_any(key) or ""]
        if second is not None:
            row.append(second.text_if_any(key) or "")
        rows.append(tuple(row))
    return Table(title=words.text("report.canned_phrases"), columns=tuple(heads), rows=tuple(rows))


def _own(request: ReportRequest) -> Table:
    """Return the agency's phrases, those of one topic beside each other."""
    words = request.words
    try:
        phrases = request.desk.log.phrases()
    except Forbidden:
        phrases = []
    languages: list[str] = [
        each for each in LANGUAGES if any(p.language[:2] == each for p in phrases)
    ]
    languages += sorted({p.language for p in phrases if p.language[:2] not in LANGUAGES})
    rows: dict[str, dict[str, list[str]]] = {}
    for phrase in phrases:
        language = phrase.language[:2] if phrase.language[:2] in LANGUAGES else phrase.language
        topic = rows.setdefault(phrase.topic or phrase.text, {})
        topic.setdefault(language, []).append(phrase.text)
    return Table(
        title=words.text("report.own_phrases"),
        columns=(
            Column(words.text("report.topic")),
            *(Column(words.text_if_any(f"report.language.{each}") or each) for each in languages),
        ),
        rows=tuple(
            (topic, *("\n".join(texts.get(each, [])) for each in languages))
            for topic, texts in sorted(rows.items())
        ),
        empty=words.text("report.no_phrases"),
    )
