"""Finds texts for people that stand in Python or in a template in place of the word files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_WORDS = re.compile(
    r"[A-Za-z]{2,}[,.:;!?’'%]?\s+[A-Za-z]{2,}"
    "|[\u0e00-\u109f\u1780-\u17ff\u4e00-\u9fff]{2}"  # any word in a script of the river
)
_MARKUP = re.compile(r"[<>{}\\=]|;\s*$|^[a-z-]+:\s|https?:|/")
_LOG = {"debug", "info", "warning", "error", "exception"}
_DESCRIBES = {"description", "help", "title", "examples"}


ALLOWED: Mapping[str, frozenset[str]] = {
    # Families of fonts, as style sheets name them.
    "reports/rendering/fonts.py": frozenset(
        {"Noto Sans", "Noto Sans SC", "Noto Sans CJK SC"}
        | {f"Report {each}" for each in ("Latin", "Vietnamese", "Thai", "Lao", "Khmer", "Myanmar")}
    ),
    # Faults, for technicians.
    "reports/pdf.py": frozenset(
        {
            "PDF needs the Debian packages libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
            "the PDF would be too large: ask for less time at once",
            "the PDF could not be made; the log says why",
        }
    ),
    "replay/replay_totals.py": frozenset(
        {"more than % positions: ask for less time or fewer units"}
    ),
    "reports/report_plugins.py": frozenset(
        {
            "can be had as %, which there is not",
            "is about % for %, which there is not",
            "is no Report",
            "is no Report but %",
            "its `make` cannot be called",
            "makes %, no ReportDocument",
        }
    ),
    # Acts, as the journal names them.
    "reports/jobs/scheduler.py": frozenset({"send report", "report not taken"}),
}
"""What may stand in a module, by its path below `maps`."""


def spoken(source: str) -> list[tuple[int, str]]:
    """Return line and text of string constants of a module that look as if people read them.

    Two words or more, and neither docstring, error, log event, pattern, nor markup.
    """
    tree = ast.parse(source)
    passed = {id(each) for each in _passed(tree)}
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                str(part.value) if isinstance(part, ast.Constant) else "%" for part in node.values
            )
            passed |= {id(part) for part in node.values}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if _WORDS.search(text) and not _MARKUP.search(text):
            found.append((node.lineno, text))
    return found


def spoken_in_template(source: str) -> list[str]:
    """Return the texts of a Jinja template that stand in it as they are."""
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", source, flags=re.DOTALL)
    bare = re.sub(r"<!--.*?-->|<(style|script)\b.*?</\1>", " ", bare, flags=re.DOTALL)
    answers = re.findall(r'\b(?:title|alt|aria-label|placeholder)="([^"]*)"', bare)
    answers += re.sub(r"<[^>]*>", "\n", bare).split("\n")
    return [each.strip() for each in answers if re.search(r"[A-Za-z]{2,}", each)]


def _passed(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes whose texts are for programmers and technicians."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise | ast.Assert | ast.Compare):
            yield from ast.walk(node)  # what is compared is not said
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value  # a docstring, of a module, a class, a function or a constant
        elif isinstance(node, ast.Subscript | ast.AnnAssign):
            kind = node.slice if isinstance(node, ast.Subscript) else node.annotation
            yield from ast.walk(kind)
        elif isinstance(node, ast.Call):
            name = node.func
            if isinstance(name, ast.Attribute) and (
                (name.attr in _LOG and ast.unparse(name.value).endswith("log"))
                or ast.unparse(name) == "re.compile"
            ):
                yield from ast.walk(node)
            if ast.unparse(name).endswith(("Error", "Fault", "TemporaryFailure", "Undeliverable")):
                yield from ast.walk(node)
            for each in node.keywords:
                described = each.arg in _DESCRIBES and ast.unparse(name).endswith(
                    ("Field", "Query")
                )
                if described or (each.arg == "name" and "task" in ast.unparse(name)):
                    yield from ast.walk(each)


def modules_that_speak(root: Path) -> list[Path]:
    """Return the modules of the server that make texts for people."""
    return [
        root / "notifications" / "text" / "text.py",
        root / "notifications" / "text" / "messages.py",
        root / "language" / "place_words.py",
        root / "language" / "phrase_words.py",
        *sorted((root / "reports").rglob("*.py")),
        *sorted((root / "replay").glob("*.py")),
    ]
