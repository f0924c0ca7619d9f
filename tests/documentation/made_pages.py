"""Pages, and parts of pages, that are made from code: as they must stand in `docs`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.documentation.api_page import api_page
from tests.documentation.commands_page import commands_page
from tests.documentation.protocols_table import protocols_table
from tests.documentation.settings_page import settings_page

DOCS: Final = Path(__file__).parents[2] / "docs"

PAGES: Final[dict[str, Callable[[], str]]] = {
    "reference/api.md": api_page,
    "reference/commands.md": commands_page,
    "reference/settings.md": settings_page,
}
PARTS: Final[dict[str, Callable[[], str]]] = {"reference/protocols.md": protocols_table}

_BEGIN: Final = "<!-- made by `python -m tests.documentation` -->"
_END: Final = "<!-- end -->"


def as_made(name: str) -> str:
    """Return a page as it must stand: made, or the one there with what is made in it."""
    if name in PAGES:
        return PAGES[name]()
    before, begin, rest = (DOCS / name).read_text("utf-8").partition(_BEGIN)
    _, end, after = rest.partition(_END)
    assert begin, f"{name} has no {_BEGIN}"
    assert end, f"{name} has no {_END}"
    return f"{before}{begin}\n\n{PARTS[name]()}\n\n{end}{after}"
