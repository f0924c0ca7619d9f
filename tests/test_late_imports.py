"""Files that may import inside functions (`pyproject.toml`, PLC0415) are there and do."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]["lint"]
FILES = [
    name
    for name, rules in LINT["per-file-ignores"].items()
    if "PLC0415" in rules and "*" not in name
]


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_may_import_late_does(name: str) -> None:
    functions = (
        each
        for each in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8")))
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    assert any(
        isinstance(each, ast.Import | ast.ImportFrom)
        for function in functions
        for each in ast.walk(function)
    )
