"""The commands that the documentation gives in its blocks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_WHERE: Final = ("*.md", "docs/**/*.md", "deploy/**/*.md", "radio_gateway/*.md", "tests/**/*.md")
PAGES: Final = tuple(sorted(path for pattern in _WHERE for path in ROOT.glob(pattern)))

_BLOCK: Final = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_OPERATOR: Final = re.compile(r"[&|;()]+")
_INTO: Final = re.compile(r"\d?[<>]+")
_ASSIGNMENT: Final = re.compile(r"\w+=")


@dataclass(frozen=True)
class Command:
    """One command of a block.

    Attributes:
        page: Where it stands, from the root of the repository.
        words: Program, without its folder, and arguments.
    """

    page: str
    words: tuple[str, ...]

    @property
    def program(self) -> str:
        """The program's name."""
        return self.words[0]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def commands() -> Iterator[Command]:
    """Yield every command in a block without a language, one after the other."""
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        for text in blocks(page):
            for words in in_block(text):
                yield Command(name, words)


def blocks(page: Path, language: str = "") -> Iterator[str]:
    """Yield the text of a page's blocks of a language."""
    for _, said, text in _BLOCK.findall(page.read_text("utf-8")):
        if said == language:
            yield text


def in_block(text: str) -> Iterator[tuple[str, ...]]:
    r"""Yield the words of each command of a block.

    >>> list(in_block("cd x && sudo -u me /opt/bin/check --all  # why\nA=1 echo '$A|' >f \\\n  b"))
    [('cd', 'x'), ('check', '--all'), ('echo', '$A|', 'b')]
    """
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] = []
        into = False
        for word in [*lexer, ";"]:
            if _OPERATOR.fullmatch(word):
                if found := _plain(words):
                    yield found
                words = []
            elif _INTO.fullmatch(word):
                into = True
            elif into:
                into = False
            else:
                words.append(word)


def _plain(words: list[str]) -> tuple[str, ...]:
    """Return a command without variables before it, `sudo`, and the program's folder."""
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    if words[:2] == ["sudo", "-u"]:
        words = words[3:]
    elif words[:1] == ["sudo"]:
        words = words[1:]
    return (words[0].rpartition("/")[2] or words[0], *words[1:]) if words else ()
