"""The list of what the second step runs (tests/README.md) is what is marked."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

from tests.conftest import ANOTHER_PROGRAM

ROOT: Final = Path(__file__).parent.parent
MARK: Final = re.compile(rf"pytest\.mark\.({'|'.join(('system', *ANOTHER_PROGRAM))})\b")
TOOLS: Final = ("tests/benchmarks/", "tests/endurance/", "tests/fuzz/")


def _marks(file: Path) -> tuple[bool, int]:
    """Return whether the whole file is marked, and else how many tests of it are."""
    tests = 0
    for node in ast.parse(file.read_text()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="pytestmark")]) if MARK.search(ast.unparse(node)):
                return True, 0
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                tests += any(MARK.match(ast.unparse(each)) for each in node.decorator_list)
    return False, tests


def test_the_list_of_the_second_step_is_what_is_marked() -> None:
    listed = dict(
        re.findall(
            r"^\| `(tests/\S+)` \| (.+) \|$", (ROOT / "tests/README.md").read_text(), re.MULTILINE
        )
    )
    marked: dict[str, tuple[bool, int]] = {}
    for file in (ROOT / "tests").rglob("test_*.py"):
        name = str(file.relative_to(ROOT))
        if name.startswith(TOOLS):
            continue
        marks = _marks(file)
        folders = [each for each in listed if each.endswith("/") and name.startswith(each)]
        if folders:
            assert marks[0], f"{name} is not marked, and {folders[0]} is of the second step"
        elif marks == (False, 0):
            continue
        marked.setdefault(folders[0] if folders else name, marks)
    assert set(marked) == set(listed)
    for name, (is_whole, tests) in marked.items():
        match = re.search(r": (\d+) tests?$", listed[name])
        assert (0 if is_whole else tests) == (int(match[1]) if match else 0), name
