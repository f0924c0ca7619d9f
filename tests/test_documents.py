"""What the documentation and docstrings name in backticks is there, under that name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from radio_gateway.protocols import PROTOCOLS

ROOT = Path(__file__).parents[1]
PACKAGES = ("gis", "radio_gateway", "patrol", "maps")
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
NAME = re.compile(r"(?<![\w./-])(?:gis|radio_gateway|patrol(?!\.toml)|maps|tests)(?:\.\w+)+")
PATH = re.compile(r"(?<![\w-])(?:gis|radio_gateway|patrol|maps|tests|docs|deploy|\.ci)/[\w./@-]*\w")
FILE = re.compile(r"(?<![\w./-])(?!x\.py)\w+\.py\b")
STANDS_FOR = re.compile(r"x(_\w+)?\.\w+|noun\.py|room|[A-Z]+(\.json)?")  # in a path, for any name


def quoted(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and content of what stands in backticks."""
    for number, line in enumerate(text.splitlines(), 1):
        for found in re.findall(r"`([^`]+)`", line):
            yield number, found


@cache
def files() -> set[str]:
    """Return the names of all files and, with a slash behind, folders of Python."""
    paths = [path for each in (*PACKAGES, "tests") for path in (ROOT / each).rglob("*")]
    return {path.name + "/" * path.is_dir() for path in paths}


@cache
def names_in(path: Path) -> dict[str, ast.AST]:
    """Return what a module or class defines or imports, by name."""
    return _names(ast.parse(path.read_text("utf-8")))


def _names(body: ast.AST) -> dict[str, ast.AST]:
    found: dict[str, ast.AST] = {}
    for node in ast.walk(body):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef() if node is not body:
                found.setdefault(node.name, node)
            case ast.Name(ctx=ast.Store()):
                found.setdefault(node.id, node)
            case ast.Attribute(ctx=ast.Store()):
                found.setdefault(node.attr, node)
            case ast.Import() | ast.ImportFrom():
                for each in node.names:
                    found.setdefault(each.asname or each.name, node)
    return found


def is_there(name: str) -> bool:
    """Return whether a dotted name is a module, or something in one.

    >>> is_there("maps.__main__.main"), is_there("patrol.no_such"), is_there("tests.test_decoders")
    (True, False, True)
    """
    at, *rest = name.split(".")
    path = ROOT / at
    while rest and (path / rest[0]).is_dir():
        path /= rest.pop(0)
    if rest and (path / f"{rest[0]}.py").is_file():
        path = path / f"{rest.pop(0)}.py"
    else:
        path = path / "__init__.py"
    if not rest:
        return path.exists() or path.parent.is_dir()
    return path.exists() and all(each in names_in(path) for each in rest)


def real(path: str) -> str:
    """Return the part of a path that names something, without what stands for any name.

    >>> real("maps/words/LANGUAGE/phrases.po"), real("patrol/rules/x.py"), real("docs/index.md")
    ('maps/words', 'patrol/rules', 'docs/index.md')
    """
    parts = path.split("/")
    any_ = [n for n, part in enumerate(parts) if STANDS_FOR.fullmatch(part)]
    return "/".join(parts[: any_[0]] if any_ else parts)


def missing(file: Path) -> list[str]:
    """Return what a file names in backticks and is not there, with the line."""
    found = []
    for number, content in quoted(file.read_text("utf-8")):
        wrong = [each for each in NAME.findall(content) if not is_there(each)]
        wrong += [each for each in PATH.findall(content) if not (ROOT / real(each)).exists()]
        wrong += [each for each in FILE.findall(content) if each not in files()]
        found += [f"{file.relative_to(ROOT)}:{number}: {each}" for each in wrong]
    return found


def test_what_the_pages_name_is_there() -> None:
    assert [each for page in PAGES for each in missing(page)] == []


def test_what_docstrings_and_comments_name_is_there() -> None:
    files = [path for each in PACKAGES for path in sorted((ROOT / each).rglob("*.py"))]
    assert [each for path in files if "web" not in path.parts for each in missing(path)] == []


def test_the_table_of_protocols_names_every_one() -> None:
    page = (ROOT / "docs/reference/protocols.md").read_text("utf-8")
    table = page.partition("## What is read")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    answers = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert sorted(set(PROTOCOLS) - answers) == []


def test_no_two_public_classes_have_one_name() -> None:
    of: dict[str, list[str]] = {}
    for path in (path for each in PACKAGES for path in sorted((ROOT / each).rglob("*.py"))):
        for node in ast.parse(path.read_text("utf-8")).body if "web" not in path.parts else ():
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                of.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in of.items() if len(paths) > 1} == {}


def test_the_map_of_the_files_names_files_that_are_there() -> None:
    page = (ROOT / "docs/explanation/house.md").read_text("utf-8")
    tree = page[page.index("\nmaps  ") : page.index("\nWhere next")]
    assert [each for each in re.findall(r"\b\w+(?:\.py\b|/)", tree) if each not in files()] == []
