"""Examples in docstrings hold."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent
_PACKAGES: Final = ("gis", "radio_gateway", "patrol", "maps", "tests")


def _files(package: Path) -> Iterator[Path]:
    yield from package.glob("*.py")
    for folder in package.iterdir():
        if (folder / "__init__.py").is_file():
            yield from _files(folder)


def _modules() -> list[str]:
    return sorted(
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for package in _PACKAGES
        for file in _files(ROOT / package)
        if ">>> " in file.read_text() and not file.name.startswith("test_")
    )


@pytest.mark.parametrize("name", _modules())
def test_examples_of_a_module_hold(name: str) -> None:
    found = doctest.testmod(import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0, "what was expected and what came is printed above"
